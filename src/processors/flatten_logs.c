/* flatten_logs.c - see flatten_logs.h. Everything made is in the batch's arena. A hash that does not depend on order comes before each comparison.
 * Source: opentelemetry-collector-contrib internal/pdatautil/logs.go. */
#include "processors/flatten_logs.h"

#include "base/hash.h"
#include "telemetry/log_record.h"

static struct sm_attributes copy_attributes(struct sm_attributes *attributes, struct sm_arena *arena)
{
    const struct sm_value value = {.type = SM_VALUE_MAP, .map = sm_attributes_map(attributes, arena)};
    struct sm_attributes copy = {.field = attributes->field};
    *sm_attributes_edit(&copy, arena) = *sm_value_copy(&value, arena).map;
    return copy;
}

/* ---- flattening */

static void add_record(struct sm_batch *batch, struct sm_resource_group *source, struct sm_scope_group *source_scope, struct sm_log_record *record)
{
    struct sm_resource_group *group = sm_batch_add_resource(batch);
    group->resource.attributes = copy_attributes(&source->resource.attributes, &batch->arena);
    struct sm_scope_group *scope = sm_batch_add_scope(batch, group);
    scope->schema_url = source_scope->schema_url;
    scope->scope.name = source_scope->scope.name;
    scope->scope.version = source_scope->scope.version;
    scope->scope.attributes = copy_attributes(&source_scope->scope.attributes, &batch->arena);
    scope->log_records = record;
    scope->count = 1;
}

void sm_flatten_logs(struct sm_batch *batch)
{
    struct sm_resource_group *groups = batch->groups;
    size_t count = batch->count;
    batch->groups = NULL;
    batch->count = batch->capacity = 0;
    batch->changed = true;
    for (size_t i = 0; i < count; i++) {
        if (groups[i].dropped)
            continue;
        for (size_t j = 0; j < groups[i].count; j++) {
            struct sm_scope_group *scope = &groups[i].scopes[j];
            for (size_t k = 0; k < scope->count && !scope->dropped; k++)
                if (!scope->log_records[k].dropped)
                    add_record(batch, &groups[i], scope, &scope->log_records[k]);
        }
    }
}

/* ---- grouping */

/* Of the keys and of the texts among the values: equal sets have equal hashes. */
static uint64_t hash_attributes(struct sm_attributes *attributes, struct sm_arena *arena)
{
    const struct sm_map *map = sm_attributes_map(attributes, arena);
    uint64_t sum = map->count;
    for (size_t i = 0; i < map->count; i++) {
        const struct sm_attribute *entry = &map->entries[i];
        uint64_t key = sm_hash(entry->key);
        sum += entry->value.type == SM_VALUE_STRING ? sm_hash_with(key, entry->value.string) : key;
    }
    return sum;
}

static bool are_equal(struct sm_attributes *a, struct sm_attributes *b, struct sm_arena *arena)
{
    const struct sm_value left = {.type = SM_VALUE_MAP, .map = sm_attributes_map(a, arena)};
    const struct sm_value right = {.type = SM_VALUE_MAP, .map = sm_attributes_map(b, arena)};
    return sm_value_equal(&left, &right, arena);
}

static uint64_t hash_scope(struct sm_scope_group *scope, struct sm_arena *arena)
{
    return sm_hash_with(hash_attributes(&scope->scope.attributes, arena), scope->scope.name);
}

static bool is_same_scope(struct sm_scope_group *a, struct sm_scope_group *b, struct sm_arena *arena)
{
    return sm_slice_equal(a->schema_url, b->schema_url) && sm_slice_equal(a->scope.name, b->scope.name) &&
           sm_slice_equal(a->scope.version, b->scope.version) && are_equal(&a->scope.attributes, &b->scope.attributes, arena);
}

static void append_records(struct sm_scope_group *scope, size_t *room, const struct sm_scope_group *source, struct sm_arena *arena)
{
    scope->log_records = sm_arena_grow(arena, scope->log_records, scope->count, room, scope->count + source->count, sizeof(*scope->log_records));
    for (size_t i = 0; i < source->count; i++)
        scope->log_records[scope->count++] = source->log_records[i];
    scope->changed = true;
}

static void group_scopes(struct sm_resource_group *group, struct sm_arena *arena)
{
    uint64_t *hashes = sm_arena_zalloc(arena, group->count, sizeof(*hashes));
    size_t *rooms = sm_arena_zalloc(arena, group->count, sizeof(*rooms)), kept = 0;
    for (size_t i = 0; i < group->count; i++) {
        struct sm_scope_group *scope = &group->scopes[i];
        uint64_t hash = hash_scope(scope, arena);
        size_t same = 0;
        while (same < kept && (hashes[same] != hash || !is_same_scope(&group->scopes[same], scope, arena)))
            same++;
        if (same < kept) {
            append_records(&group->scopes[same], &rooms[same], scope, arena);
            continue;
        }
        group->scopes[kept] = *scope;
        hashes[kept] = hash;
        rooms[kept++] = scope->count;
    }
    group->count = kept;
}

static void append_scopes(struct sm_batch *batch, struct sm_resource_group *group, const struct sm_resource_group *source)
{
    for (size_t i = 0; i < source->count; i++)
        *sm_batch_add_scope(batch, group) = source->scopes[i];
}

void sm_group_logs(struct sm_batch *batch)
{
    struct sm_arena *arena = &batch->arena;
    uint64_t *hashes = sm_arena_zalloc(arena, batch->count, sizeof(*hashes));
    size_t kept = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct sm_resource_group *group = &batch->groups[i];
        uint64_t hash = hash_attributes(&group->resource.attributes, arena);
        size_t same = 0;
        while (same < kept && (hashes[same] != hash || !are_equal(&batch->groups[same].resource.attributes, &group->resource.attributes, arena)))
            same++;
        if (same < kept) {
            append_scopes(batch, &batch->groups[same], group);
            continue;
        }
        batch->groups[kept] = *group;
        hashes[kept++] = hash;
    }
    batch->count = kept;
    batch->changed = true;
    for (size_t i = 0; i < kept; i++)
        group_scopes(&batch->groups[i], arena);
}
