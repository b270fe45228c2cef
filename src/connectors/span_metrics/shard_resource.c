/* shard_resource.c - see shard_resource.h. Two steps: the bytes of the attributes as received are looked up among the aliases; only unknown bytes are
 * decoded, sorted by key and hashed with their types, as the reference does (pkg/pdatautil/hash.go), so that the order of attributes does not matter.
 */
#include "connectors/span_metrics/shard_resource.h"

#include <stdlib.h>

enum { ALIASES_MIN = 1024, ALIASES_PER_RESOURCE = 4 };

static int compare_attributes(const void *a, const void *b)
{
    return sm_slice_compare(((const struct sm_attribute *)a)->key, ((const struct sm_attribute *)b)->key);
}

static void append_value(struct sm_bytes *out, struct sm_value *value, struct sm_arena *arena);

static void append_text(struct sm_bytes *out, struct sm_slice text)
{
    sm_bytes_append(out, &text.size, sizeof(text.size));
    sm_bytes_append_slice(out, text);
}

static void append_entries(struct sm_bytes *out, struct sm_attribute *entries, size_t count, struct sm_arena *arena)
{
    sm_bytes_append(out, &count, sizeof(count));
    if (count)
        qsort(entries, count, sizeof(*entries), compare_attributes);
    for (size_t i = 0; i < count; i++) {
        append_text(out, entries[i].key);
        append_value(out, &entries[i].value, arena);
    }
}

/* A form that only equal values share; depth is bounded by the decoder. */
static void append_value(struct sm_bytes *out, struct sm_value *value, struct sm_arena *arena)
{
    sm_bytes_append_char(out, (char)value->type);
    switch (value->type) {
    case SM_VALUE_STRING:
    case SM_VALUE_BYTES:
        append_text(out, value->string);
        break;
    case SM_VALUE_BOOL:
        sm_bytes_append_char(out, value->boolean);
        break;
    case SM_VALUE_INT:
    case SM_VALUE_DOUBLE:
        sm_bytes_append(out, &value->integer, sizeof(value->integer));
        break;
    case SM_VALUE_LIST: {
        const struct sm_list *list = sm_value_list(value, arena);
        sm_bytes_append(out, &list->count, sizeof(list->count));
        for (size_t i = 0; i < list->count; i++)
            append_value(out, &list->items[i], arena);
        break;
    }
    case SM_VALUE_MAP: {
        const struct sm_map *map = sm_value_map(value, arena);
        struct sm_attribute *entries = sm_arena_alloc(arena, map->count * sizeof(*entries));
        if (map->count)
            memcpy(entries, map->entries, map->count * sizeof(*entries));
        append_entries(out, entries, map->count, arena);
        break;
    }
    case SM_VALUE_EMPTY:
        break;
    }
}

struct sm_hash128 sm_resource_hash(const struct sm_span_metrics_settings *settings, const struct sm_attributes *attributes, struct sm_arena *arena)
{
    const struct sm_string_list *wanted = &settings->options->resource_metrics_key_attributes;
    SM_LIST(struct sm_attribute) chosen = {0};
    struct sm_attribute attribute;
    for (struct sm_attribute_cursor cursor = sm_attributes_begin(attributes); sm_attributes_next(&cursor, &attribute);)
        if (wanted->count == 0 || sm_span_metrics_list_has(wanted, attribute.key))
            *SM_LIST_ADD(&chosen) = attribute;
    struct sm_bytes bytes;
    sm_bytes_init(&bytes, arena);
    append_entries(&bytes, chosen.items, chosen.count, arena);
    free(chosen.items);
    return sm_hash128(sm_hash_secret(), sm_bytes_slice(&bytes));
}

static uint32_t add_resource(struct sm_series_shard *shard, struct sm_hash128 hash, const struct sm_attributes *attributes, struct sm_arena *arena)
{
    uint32_t number = sm_entries_add(&shard->resources, hash);
    sm_index_add(&shard->resource_index, hash, number);
    struct sm_series_shard_resource *resource = sm_entries_at(&shard->resources, number);
    resource->ledger = SM_INDEX_NONE;
    sm_bytes_append_slice(&resource->attributes, sm_attributes_encode(attributes, 1, arena));
    return number;
}

static uint32_t find_unknown(struct sm_series_shard *shard, const struct sm_attributes *attributes)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_hash128 hash = sm_resource_hash(shard->settings, attributes, &arena);
    uint32_t number = sm_index_find(&shard->resource_index, &shard->resources, hash);
    if (number == SM_INDEX_NONE)
        number = add_resource(shard, hash, attributes, &arena);
    sm_arena_deinit(&arena);
    return number;
}

static void add_alias(struct sm_series_shard *shard, struct sm_hash128 hash, uint32_t resource)
{
    /* A client that writes the same resource in ever other ways must not fill the memory. */
    if (shard->aliases.count >= ALIASES_MIN + (size_t)shard->resources.count * ALIASES_PER_RESOURCE) {
        sm_entries_deinit(&shard->aliases);
        sm_index_deinit(&shard->alias_index);
    }
    uint32_t number = sm_entries_add(&shard->aliases, hash);
    sm_index_add(&shard->alias_index, hash, number);
    ((struct sm_series_shard_alias *)sm_entries_at(&shard->aliases, number))->resource = resource;
}

static uint32_t find_number(struct sm_series_shard *shard, const struct sm_attributes *attributes)
{
    if (attributes->changed)
        return find_unknown(shard, attributes);
    struct sm_hash128 hash = sm_hash128(sm_hash_secret(), attributes->raw);
    uint32_t alias = sm_index_find(&shard->alias_index, &shard->aliases, hash);
    if (alias != SM_INDEX_NONE)
        return ((const struct sm_series_shard_alias *)sm_entries_at(&shard->aliases, alias))->resource;
    uint32_t number = find_unknown(shard, attributes);
    add_alias(shard, hash, number);
    return number;
}

uint32_t sm_series_shard_find_resource(struct sm_series_shard *shard, const struct sm_attributes *attributes, uint64_t now_ns)
{
    uint32_t number = find_number(shard, attributes);
    struct sm_series_shard_resource *resource = sm_entries_at(&shard->resources, number);
    resource->last_ns = now_ns;
    resource->order = ++shard->order;
    if (!resource->is_dirty) {
        resource->is_dirty = true;
        *SM_LIST_ADD(&shard->dirty_resources) = number;
    }
    return number;
}
