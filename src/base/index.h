/* index.h - finds numbered entries by a 128-bit hash: open addressing with 8 bytes a slot. Worker-local.
 *
 * Entries stand elsewhere, each beginning with its hash; the index holds their numbers. Two keys are taken for one when all 128 bits agree: the hash
 * is XXH3 with a secret of the process, so that nobody outside can make that happen (the reference tells resources apart by 128 bits too). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

#define SM_INDEX_NONE UINT32_MAX

/* Entries of one size in pages, so that growing moves nothing and entries keep their address. Numbers of removed entries are used again. */
struct sm_entries {
    char **_pages; /* owned */
    uint32_t _page_count, _page_capacity;
    uint32_t _used; /* numbers given out so far */
    uint32_t _free; /* first of the chain of removed entries; SM_INDEX_NONE: none */
    uint32_t size;  /* bytes of an entry */
    uint32_t count;
};
enum { SM_ENTRIES_PAGE_BITS = 9, SM_ENTRIES_PAGE = 1 << SM_ENTRIES_PAGE_BITS };

/* `entry_size`: at least 20 bytes, a multiple of 8; a multiple of 64 is aligned so. */
void sm_entries_init(struct sm_entries *entries, size_t entry_size);
void sm_entries_deinit(struct sm_entries *entries);
/* A zeroed entry with that hash. */
uint32_t sm_entries_add(struct sm_entries *entries, struct sm_hash128 hash);
/* The same with a certain number, for restoring: numbers must rise. False: it is taken, or too high to be one. */
bool sm_entries_add_at(struct sm_entries *entries, struct sm_hash128 hash, uint32_t number) __attribute__((warn_unused_result));
void sm_entries_remove(struct sm_entries *entries, uint32_t number);
static inline void *sm_entries_at(const struct sm_entries *entries, uint32_t number)
{
    return entries->_pages[number >> SM_ENTRIES_PAGE_BITS] + (size_t)(number & (SM_ENTRIES_PAGE - 1)) * entries->size;
}
static inline bool sm_entries_has(const struct sm_entries *entries, uint32_t number)
{
    if (number >= entries->_used)
        return false;
    const struct sm_hash128 *hash = sm_entries_at(entries, number);
    return hash->low || hash->high;
}
/* Numbers below this may be in use; those that are not have the hash {0, 0}. */
static inline uint32_t sm_entries_limit(const struct sm_entries *entries)
{
    return entries->_used;
}

static inline size_t sm_entries_reserved_bytes(const struct sm_entries *entries)
{
    return (size_t)entries->_page_count * SM_ENTRIES_PAGE * entries->size;
}

struct sm_index {
    struct sm_index_slot {
        uint32_t tag;    /* upper bits of the hash */
        uint32_t number; /* SM_INDEX_NONE: empty */
    } * _slots;          /* owned; NULL: none yet */
    uint32_t _mask;
    uint32_t count;
};

void sm_index_deinit(struct sm_index *index);
/* The number of the entry with `hash`, or SM_INDEX_NONE. */
uint32_t sm_index_find(const struct sm_index *index, const struct sm_entries *entries, struct sm_hash128 hash);
/* The hash must not be there yet. */
void sm_index_add(struct sm_index *index, struct sm_hash128 hash, uint32_t number);
void sm_index_remove(struct sm_index *index, struct sm_hash128 hash, uint32_t number);
static inline size_t sm_index_reserved_bytes(const struct sm_index *index)
{
    return index->_slots ? ((size_t)index->_mask + 1) * sizeof(*index->_slots) : 0;
}
/* Ahead of a find, some finds earlier each: bring the slot, then the entry into the cache. */
static inline void sm_index_prefetch(const struct sm_index *index, struct sm_hash128 hash)
{
    if (index->_slots)
        __builtin_prefetch(&index->_slots[(uint32_t)(hash.high >> 32) & index->_mask]);
}
static inline void sm_index_prefetch_entry(const struct sm_index *index, const struct sm_entries *entries, struct sm_hash128 hash)
{
    enum { LINE = 64 };
    uint32_t tag = (uint32_t)(hash.high >> 32);
    if (!index->_slots)
        return;
    for (uint32_t at = tag & index->_mask; index->_slots[at].number != SM_INDEX_NONE; at = (at + 1) & index->_mask) {
        if (index->_slots[at].tag != tag)
            continue;
        const char *entry = sm_entries_at(entries, index->_slots[at].number);
        for (uint32_t line = 0; line < entries->size; line += LINE)
            __builtin_prefetch(entry + line, 1);
        return;
    }
}
