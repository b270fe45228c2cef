/* Looking for one slice in another. */
#include "base/slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void finds_the_first_place(void **state)
{
    (void)state;
    enum { NOWHERE = -1 };
    static const struct {
        struct sm_slice text, part;
        int place;
    } rows[] = {
        {SM_SLICE("a::b::c"), SM_SLICE("::"), 1}, {SM_SLICE("::"), SM_SLICE("::"), 0},     {SM_SLICE("a:b"), SM_SLICE("::"), NOWHERE},
        {SM_SLICE(":"), SM_SLICE("::"), NOWHERE}, {SM_SLICE("a\0b"), SM_SLICE("\0b"), 1},  {SM_SLICE("a"), {.ptr = NULL}, 0},
        {{.ptr = NULL}, SM_SLICE("a"), NOWHERE},  {{.ptr = NULL}, {.ptr = NULL}, NOWHERE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *found = sm_slice_find(rows[i].text, rows[i].part);
        assert_int_equal(found ? found - rows[i].text.ptr : NOWHERE, rows[i].place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_the_first_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
