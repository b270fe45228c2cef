/* storage.c - see storage.h: finds the extension and passes calls on. */
#include "pipeline/storage.h"

#include "pipeline/component.h"

#include <assert.h>

const char SM_STORAGE_INTERFACE[] = "storage";

static struct sm_component *find(const struct sm_component *user, const char *storage_id, struct sm_error *error)
{
    struct sm_component *extension = sm_graph_find_extension(user->graph, storage_id);
    if (!extension) {
        sm_error_set(error, SM_ERROR_USAGE, "storage %s: no storage client extension found (is it listed in service::extensions?)", storage_id);
        return NULL;
    }
    const struct sm_storage_type *type = extension->type->interface;
    if (type && strcmp(type->interface, SM_STORAGE_INTERFACE) == 0)
        return extension;
    sm_error_set(error, SM_ERROR_USAGE, "storage %s: requested extension is not a storage extension", storage_id);
    return NULL;
}

bool sm_storage_check(const struct sm_component *user, const char *const *storage_id, struct sm_error *error)
{
    if (find(user, *storage_id, error))
        return true;
    sm_error_blame(error, storage_id);
    return sm_error_of_start(error);
}

struct sm_storage_client *sm_storage_open(struct sm_component *user, const char *storage_id, const char *name, struct sm_error *error)
{
    struct sm_component *extension = find(user, storage_id, error);
    const struct sm_storage_type *type = extension ? extension->type->interface : NULL;
    return extension ? type->open(extension, user, name, error) : NULL;
}

void sm_storage_close(struct sm_storage_client *client)
{
    if (client)
        client->type->close(client);
}

bool sm_storage_get(struct sm_storage_client *client, struct sm_slice key, struct sm_buffer **value, struct sm_error *error)
{
    return client->type->get(client, key, value, error);
}

bool sm_storage_next(struct sm_storage_client *client, struct sm_slice after, struct sm_bytes *key, struct sm_buffer **value, struct sm_error *error)
{
    return client->type->next(client, after, key, value, error);
}

bool sm_storage_set(struct sm_storage_client *client, struct sm_slice key, struct sm_slice value, struct sm_error *error)
{
    struct sm_storage_operation operation = {.kind = SM_STORAGE_SET, .key = key, .value = value};
    return sm_storage_batch(client, &operation, 1, error);
}

bool sm_storage_delete(struct sm_storage_client *client, struct sm_slice key, struct sm_error *error)
{
    struct sm_storage_operation operation = {.kind = SM_STORAGE_DELETE, .key = key};
    return sm_storage_batch(client, &operation, 1, error);
}

bool sm_storage_batch(struct sm_storage_client *client, const struct sm_storage_operation *operations, size_t count, struct sm_error *error)
{
    for (size_t i = 0; i < count; i++) {
        assert(operations[i].key.size > 0);
        assert(operations[i].key.size <= SM_STORAGE_KEY_LIMIT_BYTES);
    }
    return client->type->batch(client, operations, count, error);
}
