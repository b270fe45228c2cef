/* table.c - see table.h. At most three of four slots are used; marks of removed entries go when the table is rebuilt. Hashes stand beside the slots
 * too: most slots that are passed hold another entry, and looking into it would be a cache miss each. */
#include "prometheus/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { CAPACITY_MIN = 16 };

static struct sm_prometheus_entry removed; /* its address marks a slot whose entry was removed */

void sm_prometheus_table_deinit(struct sm_prometheus_table *table)
{
    free(table->slots);
    free(table->hashes);
    *table = (struct sm_prometheus_table){0};
}

void sm_prometheus_table_clear(struct sm_prometheus_table *table)
{
    if (table->used)
        memset(table->slots, 0, table->capacity * sizeof(*table->slots));
    table->count = table->used = 0;
}

struct sm_prometheus_entry *sm_prometheus_table_find(const struct sm_prometheus_table *table, uint32_t hash, sm_prometheus_entry_is *is,
                                                     const void *key)
{
    if (!table->capacity)
        return NULL;
    size_t mask = table->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct sm_prometheus_entry *entry = table->slots[i];
        if (!entry)
            return NULL;
        if (table->hashes[i] == hash && entry != &removed && is(entry, key))
            return entry;
    }
}

static void place(struct sm_prometheus_table *table, struct sm_prometheus_entry *entry, uint32_t hash)
{
    size_t mask = table->capacity - 1;
    size_t i = hash & mask;
    while (table->slots[i] && table->slots[i] != &removed)
        i = (i + 1) & mask;
    if (!table->slots[i])
        table->used++;
    table->slots[i] = entry;
    table->hashes[i] = hash;
    table->count++;
}

static void rebuild(struct sm_prometheus_table *table)
{
    struct sm_prometheus_table bigger = {.capacity = CAPACITY_MIN};
    while (bigger.capacity < table->count * 2 + 2)
        bigger.capacity *= 2;
    bigger.slots = sm_alloc(bigger.capacity, sizeof(*bigger.slots));
    bigger.hashes = sm_alloc(bigger.capacity, sizeof(*bigger.hashes));
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i] && table->slots[i] != &removed)
            place(&bigger, table->slots[i], table->hashes[i]);
    free(table->slots);
    free(table->hashes);
    *table = bigger;
}

void sm_prometheus_table_insert(struct sm_prometheus_table *table, struct sm_prometheus_entry *entry)
{
    if ((table->used + 1) * 4 > table->capacity * 3)
        rebuild(table);
    place(table, entry, entry->hash);
}

void sm_prometheus_table_remove(struct sm_prometheus_table *table, const struct sm_prometheus_entry *entry)
{
    assert(table->count > 0);
    size_t mask = table->capacity - 1;
    size_t i = entry->hash & mask;
    while (table->slots[i] != entry)
        i = (i + 1) & mask;
    table->slots[i] = &removed;
    table->count--;
}

struct sm_prometheus_entry *sm_prometheus_table_at(const struct sm_prometheus_table *table, size_t index)
{
    assert(index < table->capacity);
    return table->slots[index] == &removed ? NULL : table->slots[index];
}
