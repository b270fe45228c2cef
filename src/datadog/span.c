/* span.c - the maps of Datadog's spans. A map of few entries is searched by comparing 32-bit marks one after the
 * other, when a bit says that the key may be there at all; a longer one, which a hostile client may send, by a hash table over them. */
#include "datadog/span.h"

#include "base/hash.h"
#include "base/short.h"

enum { CAPACITY_MIN = 16, SCANNED_MAX = 64 };

/* ---- the table of long maps */

static uint32_t slot_of(const struct sm_datadog_map *map, struct sm_slice key)
{
    uint32_t mask = map->_slot_count - 1, at = (uint32_t)sm_hash(key) & mask;
    while (map->_slots[at] && !sm_slice_equal(map->entries[map->_slots[at] - 1].key, key))
        at = (at + 1) & mask;
    return at;
}

static void fill_slots(struct sm_datadog_map *map)
{
    memset(map->_slots, 0, map->_slot_count * sizeof(*map->_slots));
    for (uint32_t i = 0; i < map->count; i++)
        map->_slots[slot_of(map, map->entries[i].key)] = i + 1;
}

/* Room for one more: at most half of the slots are taken. */
static void grow_slots(struct sm_datadog_map *map, struct sm_arena *arena)
{
    if (map->_slot_count >= 2 * (map->count + 1))
        return;
    map->_slot_count = map->_slot_count ? 2 * map->_slot_count : 4 * SCANNED_MAX;
    map->_slots = sm_arena_alloc(arena, map->_slot_count * sizeof(*map->_slots));
    fill_slots(map);
}

/* ---- maps */

struct sm_datadog_entry *sm_datadog_map_find_marked(const struct sm_datadog_map *map, struct sm_slice key, uint32_t mark)
{
    if (map->_slot_count) {
        uint32_t slot = map->_slots[slot_of(map, key)];
        return slot ? &map->entries[slot - 1] : NULL;
    }
    for (uint32_t i = 0; i < map->count; i++)
        if (map->_marks[i] == mark && sm_short_equal(map->entries[i].key, key))
            return &map->entries[i];
    return NULL;
}

static void reserve(struct sm_datadog_map *map, struct sm_arena *arena, uint32_t capacity)
{
    struct sm_datadog_entry *entries = sm_arena_alloc(arena, capacity * (sizeof(*entries) + sizeof(*map->_marks)));
    uint32_t *marks = (uint32_t *)(void *)(entries + capacity);
    if (map->count) {
        memcpy(entries, map->entries, map->count * sizeof(*entries));
        memcpy(marks, map->_marks, map->count * sizeof(*marks));
    }
    map->entries = entries;
    map->_marks = marks;
    map->_capacity = capacity;
}

struct sm_datadog_entry *sm_datadog_map_put_marked(struct sm_datadog_map *map, struct sm_arena *arena, struct sm_slice key, uint32_t mark)
{
    struct sm_datadog_entry *found = sm_datadog_map_may_have(map, mark) ? sm_datadog_map_find_marked(map, key, mark) : NULL;
    if (found)
        return found;
    if (map->count == map->_capacity)
        reserve(map, arena, map->_capacity ? 2 * map->_capacity : CAPACITY_MIN);
    uint32_t at = map->count;
    map->entries[at] = (struct sm_datadog_entry){.key = key};
    map->_marks[at] = mark;
    map->_seen[mark >> 30] |= UINT64_C(1) << (mark >> 24 & 63);
    if (at >= SCANNED_MAX) {
        grow_slots(map, arena);
        map->_slots[slot_of(map, key)] = at + 1;
    }
    map->count++;
    return &map->entries[at];
}

void sm_datadog_map_remove(struct sm_datadog_map *map, struct sm_slice key)
{
    struct sm_datadog_entry *found = sm_datadog_map_find(map, key);
    if (!found)
        return;
    size_t at = (size_t)(found - map->entries);
    map->count--;
    map->entries[at] = map->entries[map->count];
    map->_marks[at] = map->_marks[map->count];
    if (map->_slot_count)
        fill_slots(map);
}

struct sm_datadog_map sm_datadog_map_copy(const struct sm_datadog_map *map, struct sm_arena *arena, uint32_t more)
{
    struct sm_datadog_map copy = {.entries = map->entries, ._marks = map->_marks, .count = map->count};
    memcpy(copy._seen, map->_seen, sizeof(copy._seen));
    if (map->count + more)
        reserve(&copy, arena, map->count + more);
    if (map->_slot_count) {
        copy._slot_count = map->_slot_count;
        copy._slots = sm_arena_alloc(arena, copy._slot_count * sizeof(*copy._slots));
        memcpy(copy._slots, map->_slots, copy._slot_count * sizeof(*copy._slots));
    }
    return copy;
}
