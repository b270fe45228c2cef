/* label_table.h - what is kept for each of a bounded number of keys that senders choose; keys beyond the limit share one entry.
 *
 * For own metrics with labels from telemetry: their series are never freed. Reading takes no lock; adding an entry does, once for each key, and none
 * is added once there is an overflow. Any thread. */
#pragma once

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>

struct sm_label_table;

struct sm_label_table *sm_label_table_create(size_t limit) __attribute__((returns_nonnull, warn_unused_result));
/* Entries are released with free(). NULL is allowed. */
void sm_label_table_free(struct sm_label_table *table);
/* The entry of `key`, or that of the overflow. One that is missing is made by `make` under the table's lock: it is the table's, and not written to
 * any more but through atomics. `key` is a hash with the secret of the process. */
void *sm_label_table_get(struct sm_label_table *table, struct sm_hash128 key, void *(*make)(const void *context, bool is_overflow),
                         const void *context) __attribute__((returns_nonnull));
/* Those of the keys in no order, then the overflow if there is one. */
void sm_label_table_visit(const struct sm_label_table *table, void (*visit)(void *entry, void *context), void *context);
