/* storage.h - keys and values that outlive the process: what a storage extension (file_storage) offers to components.
 *
 * A component opens a client of its own; clients do not see each other's keys. Every batch is one transaction: after a crash it is there as a whole
 * or not at all. Calls are synchronous and short (microseconds while the disk cache takes the writes, see file_storage for `fsync`). A client may be
 * used by any thread, by one at a time; opened and closed on any thread. Source: opentelemetry-collector extension/xextension/storage. */
#pragma once

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"

struct sm_component;
struct sm_storage_client;

enum { SM_STORAGE_KEY_LIMIT_BYTES = 500 };

enum sm_storage_operation_kind { SM_STORAGE_SET, SM_STORAGE_DELETE };

struct sm_storage_operation {
    enum sm_storage_operation_kind kind;
    struct sm_slice key;   /* 1 to SM_STORAGE_KEY_LIMIT_BYTES bytes */
    struct sm_slice value; /* SET: at least 1 byte */
};

/* The `interface` of a storage extension. */
struct sm_storage_type {
    const char *interface; /* SM_STORAGE_INTERFACE; every struct that an extension offers begins with such a name */
    struct sm_storage_client *(*open)(struct sm_component *extension, struct sm_component *user, const char *name, struct sm_error *error);
    void (*close)(struct sm_storage_client *client);
    bool (*get)(struct sm_storage_client *client, struct sm_slice key, struct sm_buffer **value, struct sm_error *error);
    bool (*next)(struct sm_storage_client *client, struct sm_slice after, struct sm_bytes *key, struct sm_buffer **value, struct sm_error *error);
    bool (*batch)(struct sm_storage_client *client, const struct sm_storage_operation *operations, size_t count, struct sm_error *error);
};
extern const char SM_STORAGE_INTERFACE[];

/* Base of the extension's own struct. */
struct sm_storage_client {
    const struct sm_storage_type *type;
};

/* From the user's `create`: is `*storage_id`, a member of its options, a storage extension? False with `error`, which blames it. */
bool sm_storage_check(const struct sm_component *user, const char *const *storage_id, struct sm_error *error) __attribute__((warn_unused_result));
/* The client `name` ("" or a signal's name) of `user` in the storage extension `storage_id`. NULL with `error` filled when there is no such
 * extension, it is of another kind, the place cannot be used, or (SM_ERROR_BUSY) the same client is still open: the configuration that is being
 * replaced. */
struct sm_storage_client *sm_storage_open(struct sm_component *user, const char *storage_id, const char *name, struct sm_error *error)
    __attribute__((warn_unused_result));
/* NULL is allowed. */
void sm_storage_close(struct sm_storage_client *client);

/* `*value` becomes a buffer of its own (one reference), or NULL when `key` is absent. False: the store failed. */
bool sm_storage_get(struct sm_storage_client *client, struct sm_slice key, struct sm_buffer **value, struct sm_error *error)
    __attribute__((warn_unused_result));
/* The first entry whose key stands behind `after` in the order of bytes (empty: the very first): writes `key` (replacing its content) and `*value`;
 * `key` is empty at the end. `value` NULL: only the key is wanted. */
bool sm_storage_next(struct sm_storage_client *client, struct sm_slice after, struct sm_bytes *key, struct sm_buffer **value, struct sm_error *error)
    __attribute__((warn_unused_result));
bool sm_storage_set(struct sm_storage_client *client, struct sm_slice key, struct sm_slice value, struct sm_error *error)
    __attribute__((warn_unused_result));
/* An absent key is no error. */
bool sm_storage_delete(struct sm_storage_client *client, struct sm_slice key, struct sm_error *error) __attribute__((warn_unused_result));
/* All operations in order, in one transaction. False (disk full, …): none of them happened. */
bool sm_storage_batch(struct sm_storage_client *client, const struct sm_storage_operation *operations, size_t count, struct sm_error *error)
    __attribute__((warn_unused_result));
