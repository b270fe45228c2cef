/* line_diff_test.c - what is shown of two texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "cli/line_diff.h"

static const struct {
    const char *before, *after, *shown; /* NULL: equal */
} rows[] = {
    {"a\nb\n", "a\nb\n", NULL},
    {"", "", NULL},
    {"a\nb\nc\n", "a\nx\nc\n", "  a\n- b\n+ x\n  c\n"},
    {"a\n", "", "- a\n"},
    {"", "a\n", "+ a\n"},
    {"1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\n6\n", "  …\n  5\n+ 6\n"},
    {"1\n2\n3\n4\n5\n", "0\n1\n2\n3\n4\n5\n", "+ 0\n  1\n  …\n"},
    {"a\nb\nc\nd\ne\n", "b\nc\nX\nd\n", "- a\n  b\n  c\n+ X\n  d\n- e\n"},
};

static char *print(const char *before, const char *after, bool colour, bool *differ)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    *differ = sm_line_diff_print(out, sm_slice_of(before), sm_slice_of(after), 1, colour);
    fclose(out);
    return text;
}

static void shows_what_went_and_what_came_with_a_line_around(void **test_state)
{
    (void)test_state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool differ;
        char *text = print(rows[i].before, rows[i].after, false, &differ);
        assert_int_equal(differ, rows[i].shown != NULL);
        assert_string_equal(text, rows[i].shown ? rows[i].shown : "");
        free(text);
    }
}

static void colours_only_when_asked(void **test_state)
{
    (void)test_state;
    bool differ;
    char *text = print("a\n", "b\n", true, &differ);
    assert_string_equal(text, "\x1b[31m- a\x1b[0m\n\x1b[32m+ b\x1b[0m\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shows_what_went_and_what_came_with_a_line_around), cmocka_unit_test(colours_only_when_asked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
