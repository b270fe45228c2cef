/* A bounded number of keys, and one entry for all others. */
#include "pipeline/label_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_beyond_the_limit_share_one_entry),
        cmocka_unit_test(a_table_of_nothing_has_the_overflow_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
