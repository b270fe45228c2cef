/* timestamps.c - see timestamps.h. A table with a list through its entries, newest first. Unlike the reference's, its keys tell resources apart:
 * there, of two resources with equal series the second starts where it ends. */
#include "connectors/span_metrics/timestamps.h"

#include <stdlib.h>

#include "base/memory.h"

struct entry {
    struct sm_hash128 hash;
    uint32_t newer, older;
    uint64_t ns;
};

struct sm_timestamps {
    struct sm_entries entries;
    struct sm_index index;
    uint32_t newest, oldest;
    uint64_t count_max;
};

struct sm_timestamps *sm_timestamps_create(uint64_t count_max)
{
    struct sm_timestamps *timestamps = sm_alloc(1, sizeof(*timestamps));
    sm_entries_init(&timestamps->entries, sizeof(struct entry));
    timestamps->newest = timestamps->oldest = SM_INDEX_NONE;
    timestamps->count_max = count_max;
    return timestamps;
}

void sm_timestamps_free(struct sm_timestamps *timestamps)
{
    if (!timestamps)
        return;
    sm_entries_deinit(&timestamps->entries);
    sm_index_deinit(&timestamps->index);
    free(timestamps);
}

static struct entry *entry_at(const struct sm_timestamps *timestamps, uint32_t number)
{
    return sm_entries_at(&timestamps->entries, number);
}

static void unlink_entry(struct sm_timestamps *timestamps, uint32_t number)
{
    const struct entry *entry = entry_at(timestamps, number);
    *(entry->newer == SM_INDEX_NONE ? &timestamps->newest : &entry_at(timestamps, entry->newer)->older) = entry->older;
    *(entry->older == SM_INDEX_NONE ? &timestamps->oldest : &entry_at(timestamps, entry->older)->newer) = entry->newer;
}

static void link_newest(struct sm_timestamps *timestamps, uint32_t number)
{
    struct entry *entry = entry_at(timestamps, number);
    entry->newer = SM_INDEX_NONE;
    entry->older = timestamps->newest;
    *(timestamps->newest == SM_INDEX_NONE ? &timestamps->oldest : &entry_at(timestamps, timestamps->newest)->newer) = number;
    timestamps->newest = number;
}

static void forget_oldest(struct sm_timestamps *timestamps)
{
    uint32_t number = timestamps->oldest;
    unlink_entry(timestamps, number);
    sm_index_remove(&timestamps->index, entry_at(timestamps, number)->hash, number);
    sm_entries_remove(&timestamps->entries, number);
}

uint64_t sm_timestamps_exchange(struct sm_timestamps *timestamps, struct sm_hash128 hash, uint64_t otherwise, uint64_t now_ns)
{
    uint32_t number = sm_index_find(&timestamps->index, &timestamps->entries, hash);
    uint64_t before = otherwise;
    if (number != SM_INDEX_NONE) {
        before = entry_at(timestamps, number)->ns;
        unlink_entry(timestamps, number);
    } else {
        if (timestamps->entries.count >= timestamps->count_max)
            forget_oldest(timestamps);
        number = sm_entries_add(&timestamps->entries, hash);
        sm_index_add(&timestamps->index, hash, number);
    }
    link_newest(timestamps, number);
    entry_at(timestamps, number)->ns = now_ns;
    return before;
}
