/* Hashes of tables in memory. */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { NUMBER_COUNT = 4096, SLOT_COUNT = 2 * NUMBER_COUNT, SAME_SLOT_MAX = 16 };

/* Chosen alike, as a sender might: numbers that differ only in some of their bits. */
static void spreads_numbers_that_are_alike(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift <= 52; shift += 4) {
        static uint8_t slots[SLOT_COUNT];
        memset(slots, 0, sizeof(slots));
        for (uint64_t i = 0; i < NUMBER_COUNT; i++) {
            size_t slot = sm_hash_number(i << shift) % SLOT_COUNT;
            assert_true(++slots[slot] <= SAME_SLOT_MAX);
        }
    }
}

static void gives_equal_bytes_one_hash(void **state)
{
    (void)state;
    char one[] = "service.name", other[] = "service.name";
    assert_true(sm_hash(sm_slice_of(one)) == sm_hash(sm_slice_of(other)));
    assert_true(sm_hash_number(42) == sm_hash_number(42));
    assert_true(sm_hash(sm_slice_of(one)) != sm_hash_xxh3(sm_slice_of(one))); /* of this process only */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spreads_numbers_that_are_alike),
        cmocka_unit_test(gives_equal_bytes_one_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
