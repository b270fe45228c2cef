/* file_store.c - see file_store.h. The only file that uses LMDB.
 *
 * An environment is one file (MDB_NOSUBDIR) mapped read-only; written pages go through the page cache. With MDB_NOSYNC a killed process loses
 * nothing, a power loss may lose the last seconds; `fsync` waits for the disk, as the reference's option does. The map begins small and is doubled
 * when it is full, up to SM_STORE_LIMIT_BYTES or the disk: then a write is refused and nothing of it is there. A file may be open once in a process
 * (LMDB's rule): open stores are listed, and a second opening is refused. MDB_NOTLS: a client may move between threads, by one at a time. */
#include "pipeline/file_store.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <lmdb.h>

#define MAP_FIRST_BYTES ((size_t)16 * 1024 * 1024)
#define SM_STORE_LIMIT_BYTES ((size_t)1 << 40)

struct store {
    struct sm_storage_client base;
    char *path; /* owned */
    MDB_env *env;
    MDB_dbi dbi;
    size_t map_bytes;
    struct store *next; /* among the open ones */
};

static const struct sm_storage_type store_type = {
    .interface = SM_STORAGE_INTERFACE,
    .close = sm_file_store_close,
    .get = sm_file_store_get,
    .next = sm_file_store_next,
    .batch = sm_file_store_batch,
};

/* Any thread, under the lock: opening and closing only. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct store *open_stores;

static bool list_if_closed(struct store *store)
{
    pthread_mutex_lock(&open_lock);
    struct store *other = open_stores;
    while (other && strcmp(other->path, store->path) != 0)
        other = other->next;
    if (!other) {
        store->next = open_stores;
        open_stores = store;
    }
    pthread_mutex_unlock(&open_lock);
    return !other;
}

static void unlist(struct store *store)
{
    pthread_mutex_lock(&open_lock);
    struct store **place = &open_stores;
    while (*place && *place != store)
        place = &(*place)->next;
    if (*place)
        *place = store->next;
    pthread_mutex_unlock(&open_lock);
}

/* LMDB calls a write that the disk took only in part an input/output error. */
static bool is_disk_full(const struct store *store, int result)
{
    struct statvfs disk;
    return result == EIO && statvfs(store->path, &disk) == 0 && disk.f_bavail == 0;
}

static bool fail(const struct store *store, int result, const char *what, struct sm_error *error)
{
    return sm_error_set(error, SM_ERROR_IO, "storage %s: %s: %s", store->path, what, mdb_strerror(is_disk_full(store, result) ? ENOSPC : result));
}

/* ---- opening */

static int open_database(struct store *store)
{
    MDB_txn *txn;
    int result = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (result != 0)
        return result;
    result = mdb_dbi_open(txn, NULL, 0, &store->dbi);
    if (result == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return result;
}

/* A map that holds what the file holds, and more. */
static size_t first_map_size(const char *path)
{
    struct stat info;
    size_t size = MAP_FIRST_BYTES;
    if (stat(path, &info) == 0 && info.st_size > 0)
        while (size < SM_STORE_LIMIT_BYTES && size / 2 < (size_t)info.st_size)
            size *= 2;
    return size;
}

static int open_environment(struct store *store, bool fsync)
{
    int result = mdb_env_create(&store->env);
    if (result != 0)
        return result;
    store->map_bytes = first_map_size(store->path);
    result = mdb_env_set_mapsize(store->env, store->map_bytes);
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | (fsync ? 0 : MDB_NOSYNC);
    if (result == 0)
        result = mdb_env_open(store->env, store->path, flags, 0600);
    if (result == 0)
        result = open_database(store);
    if (result != 0) {
        mdb_env_close(store->env);
        store->env = NULL;
    }
    return result;
}

static bool is_corruption(int result)
{
    return result == MDB_INVALID || result == MDB_VERSION_MISMATCH || result == MDB_CORRUPTED || result == MDB_PAGE_NOTFOUND || result == MDB_PANIC;
}

/* Cut short in the middle of a page, or shorter than what its meta pages promise: reading would end in SIGBUS. */
static bool is_cut(struct store *store)
{
    struct stat info;
    MDB_envinfo env_info;
    MDB_stat env_stat;
    if (stat(store->path, &info) != 0 || mdb_env_info(store->env, &env_info) != 0 || mdb_env_stat(store->env, &env_stat) != 0)
        return false;
    return (uint64_t)info.st_size < ((uint64_t)env_info.me_last_pgno + 1) * env_stat.ms_psize;
}

static bool set_aside(struct store *store, int why, const struct sm_logger *logger, struct sm_error *error)
{
    struct sm_bytes backup = {0};
    sm_bytes_printf(&backup, "%s.backup.%lld", store->path, (long long)time(NULL));
    bool ok = rename(store->path, sm_bytes_cstr(&backup)) == 0;
    if (ok)
        sm_log(SM_LOG_ERROR, logger, "Storage file is corrupt; it was set aside and an empty one is used", SM_LOG_STR("file", store->path),
               SM_LOG_STR("set_aside", sm_bytes_cstr(&backup)), SM_LOG_STR("error", mdb_strerror(why)));
    else
        sm_error_set_errno(error, errno, "storage %s: corrupt (%s), and it cannot be set aside", store->path, mdb_strerror(why));
    sm_bytes_deinit(&backup);
    return ok;
}

static bool open_or_replace(struct store *store, bool fsync, const struct sm_logger *logger, struct sm_error *error)
{
    int result = open_environment(store, fsync);
    if (result == 0 && is_cut(store)) {
        mdb_env_close(store->env);
        store->env = NULL;
        result = MDB_CORRUPTED;
    }
    if (is_corruption(result)) {
        if (!set_aside(store, result, logger, error))
            return false;
        result = open_environment(store, fsync);
    }
    return result == 0 || fail(store, result, "open", error);
}

struct sm_storage_client *sm_file_store_open(const char *path, bool fsync, const struct sm_logger *logger, struct sm_error *error)
{
    struct store *store = sm_alloc(1, sizeof(*store));
    store->base.type = &store_type;
    store->path = sm_strdup(path);
    if (!list_if_closed(store)) {
        sm_error_set(error, SM_ERROR_BUSY, "storage %s: still in use", path);
        free(store->path);
        free(store);
        return NULL;
    }
    if (!open_or_replace(store, fsync, logger, error)) {
        sm_file_store_close(&store->base);
        return NULL;
    }
    return &store->base;
}

void sm_file_store_close(struct sm_storage_client *client)
{
    struct store *store = (struct store *)client;
    if (store->env)
        mdb_env_close(store->env);
    unlist(store);
    free(store->path);
    free(store);
}

/* ---- reading */

static MDB_val val_of(struct sm_slice slice)
{
    return (MDB_val){.mv_size = slice.size, .mv_data = (void *)(uintptr_t)slice.ptr};
}

static bool copy_value(const struct store *store, const MDB_val *from, struct sm_buffer **value, struct sm_error *error)
{
    *value = sm_buffer_try_copy(sm_slice_make(from->mv_data, from->mv_size));
    return *value || sm_error_set(error, SM_ERROR_IO, "storage %s: no memory for a value of %zu bytes", store->path, from->mv_size);
}

bool sm_file_store_get(struct sm_storage_client *client, struct sm_slice key, struct sm_buffer **value, struct sm_error *error)
{
    struct store *store = (struct store *)client;
    MDB_txn *txn;
    MDB_val wanted = val_of(key), found;
    *value = NULL;
    int result = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (result != 0)
        return fail(store, result, "read", error);
    result = mdb_get(txn, store->dbi, &wanted, &found);
    bool ok = result == MDB_NOTFOUND || (result == 0 ? copy_value(store, &found, value, error) : fail(store, result, "read", error));
    mdb_txn_abort(txn);
    return ok;
}

/* Moves to the first key behind `after`. */
static int seek(MDB_cursor *cursor, struct sm_slice after, MDB_val *key, MDB_val *value)
{
    if (after.size == 0)
        return mdb_cursor_get(cursor, key, value, MDB_FIRST);
    *key = val_of(after);
    int result = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    if (result == 0 && sm_slice_equal(sm_slice_make(key->mv_data, key->mv_size), after))
        result = mdb_cursor_get(cursor, key, value, MDB_NEXT);
    return result;
}

bool sm_file_store_next(struct sm_storage_client *client, struct sm_slice after, struct sm_bytes *key, struct sm_buffer **value,
                        struct sm_error *error)
{
    struct store *store = (struct store *)client;
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val found_key, found;
    key->size = 0;
    if (value)
        *value = NULL;
    int result = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (result != 0)
        return fail(store, result, "read", error);
    result = mdb_cursor_open(txn, store->dbi, &cursor);
    if (result == 0) {
        result = seek(cursor, after, &found_key, &found);
        mdb_cursor_close(cursor);
    }
    bool ok = true;
    if (result == 0) {
        ok = !value || copy_value(store, &found, value, error);
        if (ok)
            sm_bytes_append(key, found_key.mv_data, found_key.mv_size);
    } else if (result != MDB_NOTFOUND) {
        ok = fail(store, result, "read", error);
    }
    mdb_txn_abort(txn);
    return ok;
}

/* ---- writing */

static int apply(struct store *store, MDB_txn *txn, const struct sm_storage_operation *operation)
{
    MDB_val key = val_of(operation->key), value = val_of(operation->value);
    if (operation->kind == SM_STORAGE_SET)
        return mdb_put(txn, store->dbi, &key, &value, 0);
    int result = mdb_del(txn, store->dbi, &key, NULL);
    return result == MDB_NOTFOUND ? 0 : result;
}

static int write_batch(struct store *store, const struct sm_storage_operation *operations, size_t count)
{
    MDB_txn *txn;
    int result = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (result != 0)
        return result;
    for (size_t i = 0; i < count && result == 0; i++)
        result = apply(store, txn, &operations[i]);
    if (result == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return result;
}

static bool grow(struct store *store)
{
    if (store->map_bytes >= SM_STORE_LIMIT_BYTES || mdb_env_set_mapsize(store->env, store->map_bytes * 2) != 0)
        return false;
    store->map_bytes *= 2;
    return true;
}

bool sm_file_store_batch(struct sm_storage_client *client, const struct sm_storage_operation *operations, size_t count, struct sm_error *error)
{
    struct store *store = (struct store *)client;
    int result = write_batch(store, operations, count);
    while (result == MDB_MAP_FULL && grow(store))
        result = write_batch(store, operations, count);
    return result == 0 || fail(store, result, "write", error);
}

bool sm_file_store_make_folder(const char *path, mode_t mode, struct sm_error *error)
{
    char *copy = sm_strdup(path);
    bool ok = true;
    for (char *slash = copy + 1; ok; slash++) {
        slash += strcspn(slash, "/");
        bool is_last = !*slash;
        *slash = '\0';
        ok = mkdir(copy, mode) == 0 || errno == EEXIST;
        if (is_last)
            break;
        *slash = '/';
    }
    if (!ok)
        sm_error_set_errno(error, errno, "create directory %s", path);
    free(copy);
    return ok;
}

struct sm_storage_client *sm_file_store_open_in_folder(const char *path, const struct sm_logger *logger, struct sm_error *error)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path)) : NULL;
    bool is_made = !folder || !*folder || sm_file_store_make_folder(folder, 0750, error);
    free(folder);
    return is_made ? sm_file_store_open(path, false, logger, error) : NULL;
}
