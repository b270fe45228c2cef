/* store.h - one file of keys and values, on LMDB. For file_storage.c. See pipeline/storage.h for the calls. */
#pragma once

#include "base/log.h"
#include "pipeline/storage.h"

/* The `type` of the clients made here. */
extern const struct sm_storage_type *const sm_file_storage_type;

/* Opens or makes the file. One that LMDB cannot read is renamed to "<path>.backup.<time>", which is logged. With `fsync` every batch waits for the
 * disk. */
struct sm_storage_client *sm_file_store_open(const char *path, bool fsync, const struct sm_logger *logger, struct sm_error *error)
    __attribute__((warn_unused_result));
void sm_file_store_close(struct sm_storage_client *client);
bool sm_file_store_get(struct sm_storage_client *client, struct sm_slice key, struct sm_buffer **value, struct sm_error *error);
bool sm_file_store_next(struct sm_storage_client *client, struct sm_slice after, struct sm_bytes *key, struct sm_buffer **value,
                        struct sm_error *error);
bool sm_file_store_batch(struct sm_storage_client *client, const struct sm_storage_operation *operations, size_t count, struct sm_error *error);
