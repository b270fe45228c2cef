/* file_store.h - one file of keys and values, on LMDB: what file_storage offers, and what components keep in a folder of their own. See storage.h for
 * the calls. */
#pragma once

#include "base/log.h"
#include "pipeline/storage.h"

#include <sys/types.h>

/* Opens or makes the file. One that LMDB cannot read is renamed to "<path>.backup.<time>", which is logged. With `fsync` every batch waits for the
 * disk. */
struct sm_storage_client *sm_file_store_open(const char *path, bool fsync, const struct sm_logger *logger, struct sm_error *error)
    __attribute__((warn_unused_result));
/* The same without fsync; folders on the way are made, for the owner only. */
struct sm_storage_client *sm_file_store_open_in_folder(const char *path, const struct sm_logger *logger, struct sm_error *error)
    __attribute__((warn_unused_result));
/* Makes the folder `path` and those above it. */
bool sm_file_store_make_folder(const char *path, mode_t mode, struct sm_error *error) __attribute__((warn_unused_result));
void sm_file_store_close(struct sm_storage_client *client);
bool sm_file_store_get(struct sm_storage_client *client, struct sm_slice key, struct sm_buffer **value, struct sm_error *error);
bool sm_file_store_next(struct sm_storage_client *client, struct sm_slice after, struct sm_bytes *key, struct sm_buffer **value,
                        struct sm_error *error);
bool sm_file_store_batch(struct sm_storage_client *client, const struct sm_storage_operation *operations, size_t count, struct sm_error *error);
