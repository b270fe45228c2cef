/* label_table.c - see label_table.h: open addressing in a table that is only added to and never grows. A slot's key is written before its entry is
 * linked (release), and read only once the entry was seen (acquire). */
#include "pipeline/label_table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"

struct slot {
    struct sm_hash128 key;
    void *_Atomic entry; /* owned */
};

struct sm_label_table {
    size_t limit, count;    /* `count` guarded by `mutex` */
    size_t mask;            /* slots - 1; at most half of them are used */
    struct slot *slots;     /* owned; added to under `mutex` */
    void *_Atomic overflow; /* owned; the same */
    pthread_mutex_t mutex;
};

struct sm_label_table *sm_label_table_create(size_t limit)
{
    struct sm_label_table *table = sm_alloc(1, sizeof(*table));
    size_t slot_count = 16;
    while (slot_count < 2 * limit)
        slot_count *= 2;
    table->limit = limit;
    table->mask = slot_count - 1;
    table->slots = sm_alloc(slot_count, sizeof(*table->slots));
    pthread_mutex_init(&table->mutex, NULL);
    return table;
}

void sm_label_table_free(struct sm_label_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i <= table->mask; i++)
        free(atomic_load(&table->slots[i].entry));
    free(atomic_load(&table->overflow));
    free(table->slots);
    pthread_mutex_destroy(&table->mutex);
    free(table);
}

/* The slot of `key`, or the free one where it would be. */
static struct slot *find_slot(const struct sm_label_table *table, struct sm_hash128 key)
{
    for (size_t at = key.low & table->mask;; at = (at + 1) & table->mask) {
        struct slot *slot = &table->slots[at];
        if (!atomic_load_explicit(&slot->entry, memory_order_acquire) || (slot->key.low == key.low && slot->key.high == key.high))
            return slot;
    }
}

static void *add(struct sm_label_table *table, struct sm_hash128 key, void *(*make)(const void *context, bool is_overflow), const void *context)
{
    pthread_mutex_lock(&table->mutex);
    bool is_full = table->count >= table->limit;
    struct slot *slot = find_slot(table, key);
    void *entry = atomic_load(&slot->entry);
    if (!entry && is_full)
        entry = atomic_load(&table->overflow);
    if (!entry) {
        entry = make(context, is_full);
        if (!is_full) {
            slot->key = key;
            table->count++;
        }
        atomic_store_explicit(is_full ? &table->overflow : &slot->entry, entry, memory_order_release);
    }
    pthread_mutex_unlock(&table->mutex);
    return entry;
}

void *sm_label_table_get(struct sm_label_table *table, struct sm_hash128 key, void *(*make)(const void *context, bool is_overflow),
                         const void *context)
{
    const struct slot *slot = find_slot(table, key);
    void *entry = atomic_load_explicit(&slot->entry, memory_order_acquire);
    if (entry && (slot->key.low != key.low || slot->key.high != key.high)) /* it was free, and another thread has put another one there meanwhile */
        return add(table, key, make, context);
    if (!entry)
        entry = atomic_load_explicit(&table->overflow, memory_order_acquire);
    return entry ? entry : add(table, key, make, context);
}

void sm_label_table_visit(const struct sm_label_table *table, void (*visit)(void *entry, void *context), void *context)
{
    for (size_t i = 0; i <= table->mask; i++) {
        void *entry = atomic_load_explicit(&table->slots[i].entry, memory_order_acquire);
        if (entry)
            visit(entry, context);
    }
    void *overflow = atomic_load_explicit(&table->overflow, memory_order_acquire);
    if (overflow)
        visit(overflow, context);
}
