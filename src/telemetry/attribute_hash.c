/* attribute_hash.c - see attribute_hash.h. The set is written down with its keys sorted and a mark before every part, and that is hashed twice with
 * XXH64: as it is, and with one more byte. */
#include "telemetry/attribute_hash.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/hash.h"

enum mark {
    MARK_EXTRA = 0xf3,
    MARK_KEY,
    MARK_EMPTY,
    MARK_BYTES,
    MARK_STRING,
    MARK_TRUE,
    MARK_FALSE,
    MARK_INT,
    MARK_DOUBLE,
    MARK_MAP,
    MARK_MAP_END,
    MARK_LIST,
    MARK_LIST_END
};

static void put_mark(struct sm_bytes *out, enum mark mark)
{
    char byte = (char)(unsigned char)mark;
    sm_bytes_append(out, &byte, 1);
}

static void put_u64(struct sm_bytes *out, enum mark mark, uint64_t number)
{
    char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(unsigned char)(number >> (8 * i));
    put_mark(out, mark);
    sm_bytes_append(out, bytes, sizeof(bytes));
}

static int by_key(const void *a, const void *b)
{
    return sm_slice_compare((*(const struct sm_attribute *const *)a)->key, (*(const struct sm_attribute *const *)b)->key);
}

static void put_value(struct sm_bytes *out, struct sm_value *value, struct sm_arena *arena);

static void put_map(struct sm_bytes *out, struct sm_map *map, struct sm_arena *arena)
{
    struct sm_attribute **sorted = sm_arena_alloc(arena, (map->count + 1) * sizeof(*sorted));
    for (size_t i = 0; i < map->count; i++)
        sorted[i] = &map->entries[i];
    qsort(sorted, map->count, sizeof(*sorted), by_key);
    for (size_t i = 0; i < map->count; i++) {
        put_mark(out, MARK_KEY);
        sm_bytes_append_slice(out, sorted[i]->key);
        /* Of repeated keys the first is found, as often as the key is there. */
        put_value(out, sm_map_find(map, sorted[i]->key), arena);
    }
}

static void put_list(struct sm_bytes *out, const struct sm_list *list, struct sm_arena *arena)
{
    for (size_t i = 0; i < list->count; i++)
        put_value(out, &list->items[i], arena);
}

static void put_value(struct sm_bytes *out, struct sm_value *value, struct sm_arena *arena)
{
    uint64_t bits;
    switch (value->type) {
    case SM_VALUE_EMPTY:
        put_mark(out, MARK_EMPTY);
        break;
    case SM_VALUE_STRING:
        put_mark(out, MARK_STRING);
        sm_bytes_append_slice(out, value->string);
        break;
    case SM_VALUE_BYTES:
        put_mark(out, MARK_BYTES);
        sm_bytes_append_slice(out, value->bytes);
        break;
    case SM_VALUE_BOOL:
        put_mark(out, value->boolean ? MARK_TRUE : MARK_FALSE);
        break;
    case SM_VALUE_INT:
        put_u64(out, MARK_INT, (uint64_t)value->integer);
        break;
    case SM_VALUE_DOUBLE:
        memcpy(&bits, &value->number, sizeof(bits));
        put_u64(out, MARK_DOUBLE, bits);
        break;
    case SM_VALUE_LIST:
        put_mark(out, MARK_LIST);
        put_list(out, sm_value_list(value, arena), arena);
        put_mark(out, MARK_LIST_END);
        break;
    case SM_VALUE_MAP:
        put_mark(out, MARK_MAP);
        put_map(out, sm_value_map(value, arena), arena);
        put_mark(out, MARK_MAP_END);
        break;
    }
}

static void write_u64(uint8_t out[8], uint64_t number)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (8 * i));
}

void sm_attributes_hash(struct sm_attributes *attributes, struct sm_arena *arena, uint8_t hash[SM_ATTRIBUTE_HASH_SIZE])
{
    struct sm_map *map = sm_attributes_map(attributes, arena);
    memset(hash, 0, SM_ATTRIBUTE_HASH_SIZE);
    if (map->count == 0)
        return;
    struct sm_bytes text = {0};
    put_map(&text, map, arena);
    write_u64(hash, sm_hash_xxh64(sm_bytes_slice(&text)));
    put_mark(&text, MARK_EXTRA);
    write_u64(hash + 8, sm_hash_xxh64(sm_bytes_slice(&text)));
    sm_bytes_deinit(&text);
}
