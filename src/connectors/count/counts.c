/* counts.c - a hash table from attribute values to counts; values of different types are different. */
#include "connectors/count/counts.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "ottl/value.h"

static struct sm_slice make_key(struct sm_arena *arena, const struct sm_map *attributes)
{
    struct sm_bytes key;
    sm_bytes_init(&key, arena);
    for (size_t i = 0; i < attributes->count; i++) {
        struct sm_slice text = sm_value_to_string(&attributes->entries[i].value, arena);
        uint64_t size = text.size;
        sm_bytes_append_char(&key, (char)attributes->entries[i].value.type);
        sm_bytes_append(&key, &size, sizeof(size));
        sm_bytes_append_slice(&key, text);
    }
    return sm_bytes_slice(&key);
}

static void place(struct sm_counts *counts, size_t row)
{
    size_t slot = counts->rows[row].hash & (counts->slot_count - 1);
    while (counts->slots[slot] != 0)
        slot = (slot + 1) & (counts->slot_count - 1);
    counts->slots[slot] = (uint32_t)row + 1;
}

static void grow_slots(struct sm_counts *counts, struct sm_arena *arena)
{
    if (2 * (counts->count + 1) <= counts->slot_count)
        return;
    counts->slot_count = counts->slot_count ? 2 * counts->slot_count : 16;
    counts->slots = sm_arena_zalloc(arena, counts->slot_count, sizeof(*counts->slots));
    for (size_t i = 0; i < counts->count; i++)
        place(counts, i);
}

static struct sm_count_row *find(const struct sm_counts *counts, struct sm_slice key, uint64_t hash)
{
    if (counts->slot_count == 0)
        return NULL;
    for (size_t slot = hash & (counts->slot_count - 1); counts->slots[slot] != 0; slot = (slot + 1) & (counts->slot_count - 1)) {
        struct sm_count_row *row = &counts->rows[counts->slots[slot] - 1];
        if (row->hash == hash && sm_slice_equal(row->key, key))
            return row;
    }
    return NULL;
}

void sm_counts_add(struct sm_counts *counts, struct sm_arena *arena, const struct sm_map *attributes)
{
    struct sm_slice key = make_key(arena, attributes);
    uint64_t hash = sm_hash(key);
    struct sm_count_row *row = find(counts, key, hash);
    if (!row) {
        grow_slots(counts, arena);
        if (counts->count == counts->capacity)
            counts->rows = sm_arena_grow(arena, counts->rows, counts->count, &counts->capacity, counts->count + 1, sizeof(*counts->rows));
        row = &counts->rows[counts->count++];
        *row = (struct sm_count_row){.key = key, .hash = hash, .attributes = sm_ottl_copy_map(attributes, arena, true)};
        place(counts, counts->count - 1);
    }
    row->count++;
}
