/* index.c - see index.h. Linear probing at most 7/8 full, removal by shifting back, so that no marks of the removed are left behind. */
#include "base/index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { SLOTS_MIN = 16, PAGE_ALIGNMENT = 64, NUMBER_MAX = 1 << 27 };

/* What every entry begins with; of a removed one the low half is the next removed number. */
struct head {
    struct sm_hash128 hash;
    uint32_t next_free;
};

void sm_entries_init(struct sm_entries *entries, size_t entry_size)
{
    assert(entry_size >= sizeof(struct head) && entry_size % 8 == 0);
    *entries = (struct sm_entries){.size = (uint32_t)entry_size, ._free = SM_INDEX_NONE};
}

void sm_entries_deinit(struct sm_entries *entries)
{
    for (uint32_t i = 0; i < entries->_page_count; i++)
        free(entries->_pages[i]);
    free(entries->_pages);
    sm_entries_init(entries, entries->size);
}

static void add_page(struct sm_entries *entries)
{
    if (entries->_page_count == entries->_page_capacity) {
        entries->_page_capacity = entries->_page_capacity ? entries->_page_capacity * 2 : 8;
        entries->_pages = sm_realloc(entries->_pages, entries->_page_capacity, sizeof(*entries->_pages));
    }
    size_t bytes = ((size_t)entries->size * SM_ENTRIES_PAGE + PAGE_ALIGNMENT - 1) / PAGE_ALIGNMENT * PAGE_ALIGNMENT;
    char *page = aligned_alloc(PAGE_ALIGNMENT, bytes);
    if (!page)
        sm_out_of_memory(bytes);
    entries->_pages[entries->_page_count++] = page;
}

uint32_t sm_entries_add(struct sm_entries *entries, struct sm_hash128 hash)
{
    uint32_t number = entries->_free;
    if (number != SM_INDEX_NONE) {
        entries->_free = ((struct head *)sm_entries_at(entries, number))->next_free;
    } else {
        number = entries->_used++;
        if (number >> SM_ENTRIES_PAGE_BITS == entries->_page_count)
            add_page(entries);
    }
    struct head *head = sm_entries_at(entries, number);
    memset(head, 0, entries->size);
    head->hash = hash;
    entries->count++;
    return number;
}

bool sm_entries_add_at(struct sm_entries *entries, struct sm_hash128 hash, uint32_t number)
{
    if (number < entries->_used || number > NUMBER_MAX)
        return false;
    while (entries->_used < number) { /* numbers left out are free */
        uint32_t hole = entries->_used++;
        if (hole >> SM_ENTRIES_PAGE_BITS == entries->_page_count)
            add_page(entries);
        struct head *head = sm_entries_at(entries, hole);
        memset(head, 0, entries->size);
        head->next_free = entries->_free;
        entries->_free = hole;
    }
    uint32_t was_free = entries->_free;
    entries->_free = SM_INDEX_NONE;
    uint32_t added = sm_entries_add(entries, hash);
    entries->_free = was_free;
    return added == number;
}

void sm_entries_remove(struct sm_entries *entries, uint32_t number)
{
    struct head *head = sm_entries_at(entries, number);
    head->hash = (struct sm_hash128){0};
    head->next_free = entries->_free;
    entries->_free = number;
    if (--entries->count == 0) /* gives everything back after a wave of series */
        sm_entries_deinit(entries);
}

void sm_index_deinit(struct sm_index *index)
{
    free(index->_slots);
    *index = (struct sm_index){0};
}

static uint32_t tag_of(struct sm_hash128 hash)
{
    return (uint32_t)(hash.high >> 32);
}

uint32_t sm_index_find(const struct sm_index *index, const struct sm_entries *entries, struct sm_hash128 hash)
{
    if (!index->_slots)
        return SM_INDEX_NONE;
    uint32_t tag = tag_of(hash);
    for (uint32_t at = tag & index->_mask;; at = (at + 1) & index->_mask) {
        struct sm_index_slot slot = index->_slots[at];
        if (slot.number == SM_INDEX_NONE)
            return SM_INDEX_NONE;
        if (slot.tag == tag) {
            const struct head *head = sm_entries_at(entries, slot.number);
            if (head->hash.low == hash.low && head->hash.high == hash.high)
                return slot.number;
        }
    }
}

static void insert(struct sm_index *index, uint32_t tag, uint32_t number)
{
    uint32_t at = tag & index->_mask;
    while (index->_slots[at].number != SM_INDEX_NONE)
        at = (at + 1) & index->_mask;
    index->_slots[at] = (struct sm_index_slot){.tag = tag, .number = number};
}

static void resize(struct sm_index *index, uint32_t slot_count)
{
    struct sm_index_slot *old = index->_slots;
    uint32_t old_count = old ? index->_mask + 1 : 0;
    index->_slots = sm_alloc(slot_count, sizeof(*index->_slots));
    memset(index->_slots, 0xff, slot_count * sizeof(*index->_slots));
    index->_mask = slot_count - 1;
    for (uint32_t i = 0; i < old_count; i++)
        if (old[i].number != SM_INDEX_NONE)
            insert(index, old[i].tag, old[i].number);
    free(old);
}

void sm_index_add(struct sm_index *index, struct sm_hash128 hash, uint32_t number)
{
    uint32_t slot_count = index->_slots ? index->_mask + 1 : 0;
    if (index->count >= slot_count - slot_count / 8)
        resize(index, slot_count ? slot_count * 2 : SLOTS_MIN);
    insert(index, tag_of(hash), number);
    index->count++;
}

void sm_index_remove(struct sm_index *index, struct sm_hash128 hash, uint32_t number)
{
    uint32_t hole = tag_of(hash) & index->_mask;
    while (index->_slots[hole].number != number)
        hole = (hole + 1) & index->_mask;
    for (uint32_t at = (hole + 1) & index->_mask; index->_slots[at].number != SM_INDEX_NONE; at = (at + 1) & index->_mask) {
        uint32_t home = index->_slots[at].tag & index->_mask;
        if (((at - home) & index->_mask) >= ((at - hole) & index->_mask)) {
            index->_slots[hole] = index->_slots[at];
            hole = at;
        }
    }
    index->_slots[hole].number = SM_INDEX_NONE;
    if (--index->count == 0)
        sm_index_deinit(index);
}
