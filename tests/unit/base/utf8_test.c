/* Repairing UTF-8, by the rows of The Unicode Standard's table 3-8 (every byte of what is cut off counts for itself, as in Go). */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WRONG "\xef\xbf\xbd"

static void repairs_every_wrong_byte(void **state)
{
    (void)state;
    static const struct {
        struct sm_slice text, repaired;
    } rows[] = {
        {SM_SLICE(""), SM_SLICE("")},
        {SM_SLICE("plain"), SM_SLICE("plain")},
        {SM_SLICE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), SM_SLICE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")},
        {SM_SLICE("a\xff"
                  "b"),
         SM_SLICE("a" WRONG "b")},
        {SM_SLICE("\xc3"), SM_SLICE(WRONG)},
        {SM_SLICE("\xe2\x82"), SM_SLICE(WRONG WRONG)},
        {SM_SLICE("\xc0\xaf"), SM_SLICE(WRONG WRONG)},           /* longer than needed */
        {SM_SLICE("\xed\xa0\x80"), SM_SLICE(WRONG WRONG WRONG)}, /* a surrogate */
        {SM_SLICE(WRONG), SM_SLICE(WRONG)},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_arena arena = {0};
        struct sm_slice repaired = sm_utf8_repair(rows[i].text, &arena);
        bool is_sound = sm_slice_equal(rows[i].text, rows[i].repaired);
        assert_true(sm_slice_equal(repaired, rows[i].repaired));
        assert_int_equal(sm_utf8_is_sound(rows[i].text), is_sound);
        assert_int_equal(repaired.ptr == rows[i].text.ptr, is_sound); /* not copied */
        sm_arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(repairs_every_wrong_byte)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
