/* paths_common.c - the paths that all contexts share: resource, scope, cache, otelcol.
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/contexts/internal/{ctxresource,ctxscope,ctxcache,ctxotelcol}. */
#include <stddef.h>

#include "ottl/compile.h"
#include "telemetry/metadata.h"

/* ---- resource */

static struct sm_attributes *resource_attributes(struct sm_ottl_run *run)
{
    return &run->group->resource.attributes;
}

static void *group_owner(struct sm_ottl_run *run)
{
    return run->group;
}

static void mark_group(struct sm_ottl_run *run)
{
    sm_batch_mark_changed(run->batch, run->group, NULL);
}

const struct sm_ottl_path sm_ottl_resource_paths[] = {
    {.name = "attributes", .type = "map", .help = "Attributes of the resource.", .attributes = resource_attributes, .mark = sm_ottl_mark_resource},
    {.name = "dropped_attributes_count",
     .type = "int",
     .help = "How many attributes the client dropped.",
     .field = SM_OTTL_FIELD_UINT32,
     .offset = offsetof(struct sm_resource_group, resource.dropped_attributes_count),
     .owner = group_owner,
     .mark = sm_ottl_mark_resource},
    {.name = "schema_url",
     .type = "string",
     .help = "Schema of the resource.",
     .field = SM_OTTL_FIELD_TEXT,
     .offset = offsetof(struct sm_resource_group, schema_url),
     .owner = group_owner,
     .mark = mark_group},
    {0},
};

/* ---- scope */

static struct sm_attributes *scope_attributes(struct sm_ottl_run *run)
{
    return &run->scope->scope.attributes;
}

static void *scope_owner(struct sm_ottl_run *run)
{
    return run->scope;
}

static void mark_scope_group(struct sm_ottl_run *run)
{
    sm_batch_mark_changed(run->batch, run->group, run->scope);
}

const struct sm_ottl_path sm_ottl_scope_paths[] = {
    {.name = "name",
     .type = "string",
     .help = "Name of the instrumentation scope.",
     .field = SM_OTTL_FIELD_TEXT,
     .offset = offsetof(struct sm_scope_group, scope.name),
     .owner = scope_owner,
     .mark = sm_ottl_mark_scope},
    {.name = "version",
     .type = "string",
     .help = "Version of the instrumentation scope.",
     .field = SM_OTTL_FIELD_TEXT,
     .offset = offsetof(struct sm_scope_group, scope.version),
     .owner = scope_owner,
     .mark = sm_ottl_mark_scope},
    {.name = "attributes", .type = "map", .help = "Attributes of the scope.", .attributes = scope_attributes, .mark = sm_ottl_mark_scope},
    {.name = "dropped_attributes_count",
     .type = "int",
     .help = "How many attributes the client dropped.",
     .field = SM_OTTL_FIELD_UINT32,
     .offset = offsetof(struct sm_scope_group, scope.dropped_attributes_count),
     .owner = scope_owner,
     .mark = sm_ottl_mark_scope},
    {.name = "schema_url",
     .type = "string",
     .help = "Schema of the scope.",
     .field = SM_OTTL_FIELD_TEXT,
     .offset = offsetof(struct sm_scope_group, schema_url),
     .owner = scope_owner,
     .mark = mark_scope_group},
    {0},
};

/* ---- cache: a map that lives as long as the item is worked on */

static bool get_cache(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_value *slot;
    *out = sm_ottl_map(&run->cache);
    if (ref->key_count == 0)
        return true;
    if (!sm_ottl_find_in_map(&run->cache, run, ref->keys, ref->key_count, &slot))
        return false;
    *out = slot ? sm_ottl_from_attribute(slot, run->arena) : sm_ottl_nil();
    return true;
}

static bool set_cache(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    if (ref->key_count > 0)
        return sm_ottl_set_in_map(&run->cache, run, ref->keys, ref->key_count, value);
    if (!sm_ottl_want(run, value, SM_OTTL_MAP))
        return false;
    if (value->map != &run->cache)
        run->cache = sm_ottl_copy_map(value->map, run->arena, value->is_constant);
    return true;
}

static struct sm_value *cache_slot(struct sm_ottl_run *run)
{
    struct sm_value *slot = sm_arena_alloc(run->arena, sizeof(*slot));
    *slot = (struct sm_value){.type = SM_VALUE_MAP, .map = &run->cache};
    return slot;
}

const struct sm_ottl_path sm_ottl_cache_paths[] = {
    {.name = "cache",
     .type = "map",
     .help = "Values kept from statement to statement.",
     .indexing = SM_OTTL_INDEXED,
     .get = get_cache,
     .set = set_cache,
     .slot = cache_slot},
    {0},
};

/* ---- otelcol: the request that the telemetry came with; read only */

static bool refuse_set(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)value;
    return sm_ottl_fail(run, "otelcol.%s is read-only and cannot be modified", ref->path->name);
}

/* As Go writes the address: with a port "192.0.2.1:4711" or "[::1]:4711", without one the address alone. */
static bool get_client(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    const struct sm_batch *batch = run->batch;
    struct sm_bytes text;
    *out = sm_ottl_nil();
    if (batch->client[0] == '\0')
        return true;
    bool needs_brackets = batch->client_port != 0 && strchr(batch->client, ':') != NULL;
    sm_bytes_init(&text, run->arena);
    sm_bytes_printf(&text, needs_brackets ? "[%s]" : "%s", batch->client);
    if (batch->client_port != 0)
        sm_bytes_printf(&text, ":%u", batch->client_port);
    *out = sm_ottl_string(sm_bytes_slice(&text));
    return true;
}

/* What the client's authenticator says of it. */
static bool get_authenticated(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct sm_metadata *metadata = run->batch->metadata;
    struct sm_slice name, value;
    if (ref->key_count > 0) {
        if (!sm_ottl_key_text(&ref->keys[0], run, &name))
            return false;
        bool is_known = sm_metadata_find_identity(metadata, name, &value);
        *out = is_known ? sm_ottl_string(sm_arena_copy(run->arena, value)) : sm_ottl_nil();
        return !is_known || ref->key_count == 1 || sm_ottl_index(run, ref->keys + 1, ref->key_count - 1, out);
    }
    struct sm_map *map = sm_arena_zalloc(run->arena, 1, sizeof(*map));
    for (size_t i = 0; i < sm_metadata_identity_count(metadata); i++) {
        sm_metadata_identity_at(metadata, i, &name, &value);
        sm_map_set(map, run->arena, sm_arena_copy(run->arena, name), sm_value_string(sm_arena_copy(run->arena, value)));
    }
    *out = sm_ottl_map(map);
    return true;
}

static struct sm_list *values_of(const struct sm_metadata *metadata, struct sm_ottl_run *run, struct sm_slice name)
{
    size_t count = sm_metadata_count(metadata, name);
    struct sm_list *list = sm_arena_zalloc(run->arena, 1, sizeof(*list));
    *list = (struct sm_list){.items = sm_arena_zalloc(run->arena, count, sizeof(struct sm_value)), .count = count, .capacity = count};
    for (size_t i = 0; i < count; i++)
        list->items[i] = sm_value_string(sm_arena_copy(run->arena, sm_metadata_get(metadata, name, i)));
    return list;
}

static struct sm_map *all_values(const struct sm_metadata *metadata, struct sm_ottl_run *run)
{
    struct sm_map *map = sm_arena_zalloc(run->arena, 1, sizeof(*map));
    for (size_t i = 0; i < sm_metadata_total(metadata); i++) {
        struct sm_slice name, value;
        sm_metadata_at(metadata, i, &name, &value);
        name = sm_arena_copy_lower(run->arena, name);
        if (!sm_map_find(map, name))
            sm_map_set(map, run->arena, name, (struct sm_value){.type = SM_VALUE_LIST, .list = values_of(metadata, run, name)});
    }
    return map;
}

static bool get_values(const struct sm_metadata *metadata, const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice name;
    if (ref->key_count == 0) {
        *out = sm_ottl_map(all_values(metadata, run));
        return true;
    }
    if (!sm_ottl_key_text(&ref->keys[0], run, &name))
        return false;
    struct sm_list *list = values_of(metadata, run, name);
    *out = list->count > 0 ? sm_ottl_list(list) : sm_ottl_nil();
    if (list->count == 0 || ref->key_count == 1)
        return true;
    if (ref->key_count > 2)
        return sm_ottl_fail(run, "cannot index into string slice more than once");
    return sm_ottl_index(run, ref->keys + 1, 1, out);
}

static bool get_metadata(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    return get_values(run->batch->metadata, ref, run, out);
}

static bool get_grpc_headers(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    return get_values(run->batch->grpc_headers, ref, run, out);
}

const struct sm_ottl_path sm_ottl_collector_paths[] = {
    {.name = "client.addr", .type = "string", .help = "Address of the client; of gRPC clients with the port.", .get = get_client, .set = refuse_set},
    {.name = "client.auth.attributes",
     .type = "map",
     .help = "What the authenticator says about the client.",
     .indexing = SM_OTTL_INDEXED,
     .get = get_authenticated,
     .set = refuse_set},
    {.name = "client.metadata",
     .type = "map",
     .help = "Headers of the request (include_metadata), each a list.",
     .indexing = SM_OTTL_INDEXED,
     .get = get_metadata,
     .set = refuse_set},
    {.name = "grpc.metadata",
     .type = "map",
     .help = "Headers of a gRPC request, each a list.",
     .indexing = SM_OTTL_INDEXED,
     .compiled = sm_metadata_want_grpc,
     .get = get_grpc_headers,
     .set = refuse_set},
    {0},
};
