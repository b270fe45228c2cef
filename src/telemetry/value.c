/* value.c - attribute values and maps; see value.h. Encoded lists and maps were checked when their batch was decoded (otlp_decode_value.c). */
#include "telemetry/value.h"

#include "telemetry/otlp_wire.h"

#include <assert.h>

/* ArrayValue: field 1 holds the items. */
static struct sm_list *decode_list(struct sm_slice message, struct sm_arena *arena)
{
    struct sm_list *list = sm_arena_zalloc(arena, 1, sizeof(*list));
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    list->capacity = sm_otlp_count(message, SM_TAG(1, SM_WIRE_BYTES));
    list->items = list->capacity ? sm_arena_alloc(arena, list->capacity * sizeof(*list->items)) : NULL;
    while (sm_proto_next(&cursor, &field))
        if (field.number == 1)
            list->items[list->count++] = sm_otlp_value(field.bytes);
    assert(!cursor.error && list->count <= list->capacity);
    return list;
}

/* KeyValueList: field 1 holds the entries. */
static struct sm_map *decode_map(struct sm_slice message, struct sm_arena *arena)
{
    struct sm_map *map = sm_arena_zalloc(arena, 1, sizeof(*map));
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    map->capacity = sm_otlp_count(message, SM_TAG(1, SM_WIRE_BYTES));
    map->entries = map->capacity ? sm_arena_alloc(arena, map->capacity * sizeof(*map->entries)) : NULL;
    while (sm_proto_next(&cursor, &field))
        if (field.number == 1)
            map->entries[map->count++] = sm_otlp_attribute(field.bytes);
    assert(!cursor.error && map->count <= map->capacity);
    return map;
}

struct sm_list *sm_value_list(struct sm_value *value, struct sm_arena *arena)
{
    assert(value->type == SM_VALUE_LIST);
    if (value->encoded || !value->list) {
        value->list = value->encoded ? decode_list(value->bytes, arena) : sm_arena_zalloc(arena, 1, sizeof(*value->list));
        value->encoded = false;
    }
    return value->list;
}

struct sm_map *sm_value_map(struct sm_value *value, struct sm_arena *arena)
{
    assert(value->type == SM_VALUE_MAP);
    if (value->encoded || !value->map) {
        value->map = value->encoded ? decode_map(value->bytes, arena) : sm_arena_zalloc(arena, 1, sizeof(*value->map));
        value->encoded = false;
    }
    return value->map;
}

static struct sm_list *copy_list(const struct sm_list *list, struct sm_arena *arena)
{
    struct sm_list *copy = sm_arena_zalloc(arena, 1, sizeof(*copy));
    copy->count = copy->capacity = list->count;
    copy->items = list->count ? sm_arena_alloc(arena, list->count * sizeof(*copy->items)) : NULL;
    for (size_t i = 0; i < list->count; i++)
        copy->items[i] = sm_value_copy(&list->items[i], arena);
    return copy;
}

static struct sm_map *copy_map(const struct sm_map *map, struct sm_arena *arena)
{
    struct sm_map *copy = sm_arena_zalloc(arena, 1, sizeof(*copy));
    copy->count = copy->capacity = map->count;
    copy->entries = map->count ? sm_arena_alloc(arena, map->count * sizeof(*copy->entries)) : NULL;
    for (size_t i = 0; i < map->count; i++) {
        copy->entries[i].key = sm_arena_copy(arena, map->entries[i].key);
        copy->entries[i].value = sm_value_copy(&map->entries[i].value, arena);
    }
    return copy;
}

struct sm_value sm_value_copy(const struct sm_value *value, struct sm_arena *arena)
{
    struct sm_value copy = *value;
    if (value->type == SM_VALUE_STRING || value->type == SM_VALUE_BYTES || value->encoded)
        copy.bytes = sm_arena_copy(arena, value->bytes);
    else if (value->type == SM_VALUE_LIST && value->list)
        copy.list = copy_list(value->list, arena);
    else if (value->type == SM_VALUE_MAP && value->map)
        copy.map = copy_map(value->map, arena);
    return copy;
}

static bool lists_equal(const struct sm_list *a, const struct sm_list *b, struct sm_arena *scratch)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!sm_value_equal(&a->items[i], &b->items[i], scratch))
            return false;
    return true;
}

static bool maps_equal(const struct sm_map *a, const struct sm_map *b, struct sm_arena *scratch)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct sm_value *other = sm_map_find(b, a->entries[i].key);
        if (!other || !sm_value_equal(&a->entries[i].value, other, scratch))
            return false;
    }
    return true;
}

bool sm_value_equal(const struct sm_value *a, const struct sm_value *b, struct sm_arena *scratch)
{
    if (a->type != b->type)
        return false;
    /* Decoding goes to copies: the values themselves are only read. */
    struct sm_value left = *a, right = *b;
    switch (a->type) {
    case SM_VALUE_EMPTY:
        return true;
    case SM_VALUE_STRING:
    case SM_VALUE_BYTES:
        return sm_slice_equal(a->string, b->string);
    case SM_VALUE_BOOL:
        return a->boolean == b->boolean;
    case SM_VALUE_INT:
        return a->integer == b->integer;
    case SM_VALUE_DOUBLE:
        return a->number == b->number;
    case SM_VALUE_LIST:
        return lists_equal(sm_value_list(&left, scratch), sm_value_list(&right, scratch), scratch);
    case SM_VALUE_MAP:
        return maps_equal(sm_value_map(&left, scratch), sm_value_map(&right, scratch), scratch);
    }
    return false;
}

struct sm_value *sm_map_find(const struct sm_map *map, struct sm_slice key)
{
    for (size_t i = 0; i < map->count; i++)
        if (sm_slice_equal(map->entries[i].key, key))
            return &map->entries[i].value;
    return NULL;
}

struct sm_value *sm_map_set(struct sm_map *map, struct sm_arena *arena, struct sm_slice key, struct sm_value value)
{
    struct sm_value *place = sm_map_find(map, key);
    if (!place) {
        map->entries = sm_arena_grow(arena, map->entries, map->count, &map->capacity, map->count + 1, sizeof(*map->entries));
        map->entries[map->count].key = key;
        place = &map->entries[map->count++].value;
    }
    *place = value;
    return place;
}

void sm_map_keep(struct sm_map *map, sm_key_test *keeps, void *context)
{
    size_t kept = 0;
    for (size_t i = 0; i < map->count; i++)
        if (keeps(context, map->entries[i].key))
            map->entries[kept++] = map->entries[i];
    map->count = kept;
}

bool sm_map_remove(struct sm_map *map, struct sm_slice key)
{
    for (size_t i = 0; i < map->count; i++) {
        if (!sm_slice_equal(map->entries[i].key, key))
            continue;
        map->count--;
        memmove(&map->entries[i], &map->entries[i + 1], (map->count - i) * sizeof(map->entries[0]));
        return true;
    }
    return false;
}
