/* A bounded number of keys, and one entry for all others. */
#include "pipeline/label_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/memory.h"

struct entry {
    unsigned number;
    bool is_overflow;
};

static void *make(const void *context, bool is_overflow)
{
    struct entry *entry = sm_alloc(1, sizeof(*entry));
    *entry = (struct entry){.number = *(const unsigned *)context, .is_overflow = is_overflow};
    return entry;
}

static const struct entry *get(struct sm_label_table *table, unsigned number)
{
    return sm_label_table_get(table, sm_hash128(1, sm_slice_make((const char *)&number, sizeof(number))), make, &number);
}

static void count_entry(void *entry, void *context)
{
    size_t *counts = context;
    counts[((const struct entry *)entry)->is_overflow]++;
}

static void keys_beyond_the_limit_share_one_entry(void **state)
{
    (void)state;
    enum { LIMIT = 100 };
    struct sm_label_table *table = sm_label_table_create(LIMIT);
    for (unsigned i = 0; i < 10 * LIMIT; i++) {
        const struct entry *entry = get(table, i);
        assert_int_equal(entry->is_overflow, i >= LIMIT);
        assert_int_equal(entry->number, i < LIMIT ? i : LIMIT);
    }
    for (unsigned i = 0; i < LIMIT; i++)
        assert_int_equal(get(table, i)->number, i);
    size_t counts[2] = {0};
    sm_label_table_visit(table, count_entry, counts);
    assert_int_equal(counts[false], LIMIT);
    assert_int_equal(counts[true], 1);
    sm_label_table_free(table);
}

static void a_table_of_nothing_has_the_overflow_only(void **state)
{
    (void)state;
    struct sm_label_table *table = sm_label_table_create(0);
    assert_true(get(table, 1)->is_overflow);
    assert_ptr_equal(get(table, 1), get(table, 2));
    sm_label_table_free(table);
    sm_label_table_free(NULL);
}

enum { THREADS = 2, KEYS = 5000, APART = 4 };

struct racer {
    struct sm_label_table *table;
    atomic_uint *turns; /* of each thread, so that both look for a place at the same time */
    unsigned number;
    size_t wrong;
};

/* In every turn both threads bring a key of their own to the same place. */
static void *race(void *context)
{
    struct racer *racer = context;
    for (unsigned turn = 0; turn < KEYS; turn++) {
        const struct sm_hash128 key = {.low = APART * turn, .high = racer->number};
        atomic_store(&racer->turns[racer->number], turn);
        while (atomic_load(&racer->turns[!racer->number]) < turn)
            ;
        const struct entry *entry = sm_label_table_get(racer->table, key, make, &racer->number);
        racer->wrong += entry->number != racer->number;
    }
    atomic_store(&racer->turns[racer->number], KEYS);
    return NULL;
}

static void keys_that_come_at_once_have_entries_of_their_own(void **state)
{
    (void)state;
    atomic_uint turns[THREADS] = {0};
    struct sm_label_table *table = sm_label_table_create(THREADS * APART * KEYS);
    struct racer racers[THREADS];
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.table = table, .turns = turns, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(racers[0].wrong + racers[1].wrong, 0);
    sm_label_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_beyond_the_limit_share_one_entry),
        cmocka_unit_test(a_table_of_nothing_has_the_overflow_only),
        cmocka_unit_test(keys_that_come_at_once_have_entries_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
