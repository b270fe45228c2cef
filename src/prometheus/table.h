/* table.h - a hash set of entries that begin with their hash. Open addressing, linear probing. One thread at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* First member of what a table holds. */
struct sm_prometheus_entry {
    uint32_t hash;
    uint32_t references;
};

struct sm_prometheus_table {
    struct sm_prometheus_entry **slots; /* owned array; NULL: free. All zero is an empty table */
    uint32_t *hashes;                   /* owned array: of the entries in the slots */
    size_t capacity;                    /* power of two, or 0 */
    size_t count;
    size_t used; /* slots that are not free: entries and marks of removed ones */
};

typedef bool sm_prometheus_entry_is(const struct sm_prometheus_entry *entry, const void *key);

void sm_prometheus_table_deinit(struct sm_prometheus_table *table); /* not the entries */
void sm_prometheus_table_clear(struct sm_prometheus_table *table);  /* the same, but the room stays */
/* The entry with that hash for which `is` holds; NULL: absent. */
struct sm_prometheus_entry *sm_prometheus_table_find(const struct sm_prometheus_table *table, uint32_t hash, sm_prometheus_entry_is *is,
                                                     const void *key);
/* `entry` must be absent; it is borrowed. */
void sm_prometheus_table_insert(struct sm_prometheus_table *table, struct sm_prometheus_entry *entry);
/* `entry` must be there. */
void sm_prometheus_table_remove(struct sm_prometheus_table *table, const struct sm_prometheus_entry *entry);
/* What stands in slot `index` (below capacity); NULL: nothing. For walking all entries, in no order. */
struct sm_prometheus_entry *sm_prometheus_table_at(const struct sm_prometheus_table *table, size_t index);
