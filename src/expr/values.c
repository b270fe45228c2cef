/* values.c - lists and maps of the expr language, in the evaluation's arena.
 *
 * Keys of maps are texts or, as in Go's map[any], values of any type that can be compared; two keys are one when type and content are. */
#include <string.h>

#include "base/hash.h"
#include "expr/value.h"

/* ---- lists */

size_t expr_length(struct expr_value value)
{
    if (value.kind == EXPR_STRING || value.kind == EXPR_BYTES)
        return value.text.size;
    if (expr_is_map(value.kind))
        return value.map->count;
    return value.list ? value.list->count : 0;
}

struct expr_value expr_at(struct expr_value value, size_t index)
{
    if (value.kind == EXPR_STRING || value.kind == EXPR_BYTES)
        return expr_whole(EXPR_UINT8, (unsigned char)value.text.ptr[index]);
    return value.list->items ? value.list->items[index] : expr_int(value.list->ints[index]);
}

struct expr_value expr_make_list(struct expr_evaluation *e, enum expr_kind kind, const struct expr_value *items, size_t count)
{
    struct expr_list *list = sm_arena_zalloc(e->arena, 1, sizeof(*list));
    *list = (struct expr_list){.count = count, .items = items};
    return (struct expr_value){.kind = kind, .list = list};
}

struct expr_value expr_nil_list(enum expr_kind kind)
{
    return (struct expr_value){.kind = kind, .is_nil = true};
}

/* The caller has counted the elements. */
struct expr_value expr_make_range(struct expr_evaluation *e, int64_t first, int64_t last)
{
    size_t count = first <= last ? (size_t)((uint64_t)last - (uint64_t)first) + 1 : 0;
    int64_t *ints = sm_arena_alloc(e->arena, count * sizeof(*ints));
    for (size_t i = 0; i < count; i++)
        ints[i] = first + (int64_t)i;
    struct expr_list *list = sm_arena_zalloc(e->arena, 1, sizeof(*list));
    *list = (struct expr_list){.count = count, .ints = ints};
    return (struct expr_value){.kind = EXPR_INTS, .list = list};
}

struct expr_value expr_part(struct expr_evaluation *e, struct expr_value list, size_t from, size_t to)
{
    struct expr_value part = list;
    if (list.kind == EXPR_STRING || list.kind == EXPR_BYTES) {
        part.text = sm_slice_make(list.text.ptr ? list.text.ptr + from : NULL, to - from);
        return part;
    }
    if (!list.list)
        return part;
    struct expr_list *copy = sm_arena_zalloc(e->arena, 1, sizeof(*copy));
    *copy = (struct expr_list){
        .count = to - from, .items = list.list->items ? list.list->items + from : NULL, .ints = list.list->ints ? list.list->ints + from : NULL};
    part.list = copy;
    return part;
}

/* ---- maps */

struct expr_map *expr_new_map(struct expr_evaluation *e)
{
    return sm_arena_zalloc(e->arena, 1, sizeof(struct expr_map));
}

static uint64_t hash_with(uint64_t seed, const void *bytes, size_t size)
{
    return sm_hash_with(seed, sm_slice_make(bytes, size));
}

static bool hash_key(struct expr_evaluation *e, struct expr_value key, uint64_t *hash);

/* Pairs may stand in pairs. */
static bool hash_pair(struct expr_evaluation *e, const struct expr_list *pair, uint64_t *hash)
{
    bool is_hashed = expr_enter(e);
    for (size_t i = 0; i < pair->count && is_hashed; i++)
        is_hashed = hash_key(e, pair->items[i], hash);
    expr_leave(e);
    return is_hashed;
}

/* False: failed, no map can have that key. */
static bool hash_key(struct expr_evaluation *e, struct expr_value key, uint64_t *hash)
{
    double number = key.kind == EXPR_FLOAT ? key.number + 0.0 : 0; /* 0 and -0 are one */
    *hash = hash_with(*hash, &key.kind, sizeof(key.kind));
    switch (key.kind) {
    case EXPR_STRING:
        *hash = sm_hash_with(*hash, key.text);
        return expr_spend(e, key.text.size);
    case EXPR_FLOAT:
        *hash = hash_with(*hash, &number, sizeof(number));
        return true;
    case EXPR_TIME:
        *hash = hash_with(*hash, &key.time->at.seconds, sizeof(key.time->at.seconds));
        return true;
    case EXPR_BOOL:
        key.integer = key.boolean;
        break;
    case EXPR_PAIR:
        return hash_pair(e, key.list, hash);
    case EXPR_NIL:
    case EXPR_LOCATION:
    case EXPR_ENVIRONMENT:
        return true;
    default:
        if (expr_is_list(key.kind) || expr_is_map(key.kind) || key.kind == EXPR_FUNCTION) {
            expr_fail(e, "hash of unhashable type %s", expr_kind_name(key.kind));
            return false;
        }
    }
    *hash = hash_with(*hash, &key.integer, sizeof(key.integer));
    return true;
}

static struct expr_entry *find(struct expr_evaluation *e, const struct expr_map *map, struct expr_value key, uint64_t hash)
{
    for (size_t at = map->slot_count ? hash & (map->slot_count - 1) : 0; map->slot_count && map->slots[at]; at = (at + 1) & (map->slot_count - 1)) {
        struct expr_entry *entry = &map->entries[map->slots[at] - 1];
        if (entry->hash == hash && expr_identical(e, entry->key, key))
            return entry;
    }
    return NULL;
}

struct expr_entry *expr_map_find(struct expr_evaluation *e, const struct expr_map *map, struct expr_value key)
{
    uint64_t hash = 0;
    return hash_key(e, key, &hash) ? find(e, map, key, hash) : NULL;
}

static void place(struct expr_map *map, uint64_t hash, uint32_t number)
{
    size_t at = hash & (map->slot_count - 1);
    while (map->slots[at])
        at = (at + 1) & (map->slot_count - 1);
    map->slots[at] = number;
}

static void grow(struct expr_evaluation *e, struct expr_map *map)
{
    enum { FIRST = 8 };
    if (2 * (map->count + 1) <= map->slot_count)
        return;
    map->slot_count = map->slot_count ? 2 * map->slot_count : FIRST;
    map->slots = sm_arena_zalloc(e->arena, map->slot_count, sizeof(*map->slots));
    for (size_t i = 0; i < map->count; i++)
        place(map, map->entries[i].hash, (uint32_t)i + 1);
}

struct expr_entry *expr_map_put(struct expr_evaluation *e, struct expr_map *map, struct expr_value key)
{
    uint64_t hash = 0;
    if (!hash_key(e, key, &hash) || !expr_step(e))
        return NULL;
    struct expr_entry *found = find(e, map, key, hash);
    if (found)
        return found;
    grow(e, map);
    map->entries = sm_arena_grow(e->arena, map->entries, map->count, &map->capacity, map->count + 1, sizeof(*map->entries));
    map->entries[map->count] = (struct expr_entry){.key = key, .hash = hash};
    place(map, hash, (uint32_t)map->count + 1);
    return &map->entries[map->count++];
}

struct expr_entry *expr_map_get(struct expr_evaluation *e, struct expr_value map, struct expr_value key)
{
    if (map.kind == EXPR_MAP && key.kind == EXPR_NIL)
        key = expr_string((struct sm_slice){0});
    if (map.kind == EXPR_MAP && key.kind != EXPR_STRING) {
        expr_fail(e, "value of type %s is not assignable to type string", expr_kind_name(key.kind));
        return NULL;
    }
    return expr_map_find(e, map.map, key);
}
