/* Patterns that RE2 takes and refuses, with the words of Go's regexp package (go1.26), and what they match. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cost.h"
#include "base/clock.h"
#include "base/regex.h"

static void says_what_go_says_of_a_pattern_that_is_wrong(void **state)
{
    static const struct {
        const char *pattern, *message;
    } cases[] = {
        {"(a", "missing closing ): `(a`"},
        {"a)b", "unexpected ): `a)b`"},
        {"a[b", "missing closing ]: `[b`"},
        {"[]", "missing closing ]: `[]`"},
        {"[z-a]", "invalid character class range: `z-a`"},
        {"[a-[:alpha:]]", "invalid character class range: `a-[`"},
        {"[[:foo:]]", "invalid character class range: `[:foo:]`"},
        {"\\p{Foo}", "invalid character class range: `\\p{Foo}`"},
        {"\\p{Xan}", "invalid character class range: `\\p{Xan}`"},
        {"\\p{L", "invalid character class range: `\\p{L`"},
        {"[a-\\d]", "invalid escape sequence: `\\d`"},
        {"[\\b]", "invalid escape sequence: `\\b`"},
        {"\\1", "invalid escape sequence: `\\1`"},
        {"\\C", "invalid escape sequence: `\\C`"},
        {"\\x4", "invalid escape sequence: `\\x4`"},
        {"\\x{110000}", "invalid escape sequence: `\\x{110000`"},
        {"\\é", "invalid escape sequence: `\\é`"},
        {"a\\", "trailing backslash at end of expression: ``"},
        {"*a", "missing argument to repetition operator: `*`"},
        {"a|+?", "missing argument to repetition operator: `+?`"},
        {"({2})", "missing argument to repetition operator: `{2}`"},
        {"a**", "invalid nested repetition operator: `**`"},
        {"a{2}?+", "invalid nested repetition operator: `{2}?+`"},
        {"a{2,1}", "invalid repeat count: `{2,1}`"},
        {"a{1001}", "invalid repeat count: `{1001}`"},
        {"((a{10}){10}|b){11}", "invalid repeat count: `{11}`"},
        {"(?=a)", "invalid or unsupported Perl syntax: `(?=`"},
        {"(?-:a)", "invalid or unsupported Perl syntax: `(?-:`"},
        {"(?i", "invalid or unsupported Perl syntax: `(?i`"},
        {"(?P<é>a)", "invalid named capture: `(?P<é>`"},
        {"(?<=a)", "invalid named capture: `(?<=a)`"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_error error = {0};
        char message[200];
        assert_null(sm_regex_compile(sm_slice_of(cases[i].pattern), &error));
        snprintf(message, sizeof(message), "error parsing regexp: %s", cases[i].message);
        assert_string_equal(error.text, message);
    }
}

static void matches_what_go_matches(void **state)
{
    static const struct {
        const char *pattern, *text;
        size_t start, end; /* equal: no match */
    } cases[] = {
        {"[\\w-.]+", " a-b.c ", 1, 6},
        {"[\\d-z]+", "a1-z", 1, 4},
        {"\\D+", "1日本2", 1, 7},
        {"\\W", "aéb", 1, 3},
        {"\\S+", " é ", 1, 3},
        {"[\\S]", "\v", 0, 1},
        {"\\s", "\v", 0, 0},
        {"[^\\S]", " ", 0, 1},
        {"^*a", "ba", 1, 2},
        {"(\\b)+a", "ba a", 3, 4},
        {"(?P<n>a)(?P<n>b)", "cab", 1, 3},
        {"\\Qa.b\\E+", "a.bb", 0, 4},
        {"[[a]+", "b[a]", 1, 3},
        {"[a&&b]+", "x&b", 1, 3},
        {"[:alpha:]+", "x:a", 1, 3},
        {"a{,2}", "a{,2}", 0, 5},
        {"a{01}", "a{01}", 0, 5},
        {"\\101\\x41\\x{41}", "AAA", 0, 3},
        {"[\\x{e9}-ü]", "xú", 1, 3},
        {"\\p{greek}", "aβ", 1, 3},
        {"[\\]\\-]+", "a]-", 1, 3},
        {"(a{1000}){0}b", "b", 0, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_error error = {0};
        struct sm_regex_match match = {0};
        struct sm_regex *regex = sm_regex_compile(sm_slice_of(cases[i].pattern), &error);
        if (!regex)
            fail_msg("%s: %s", cases[i].pattern, error.text);
        bool is_found = sm_regex_find(regex, sm_slice_of(cases[i].text), 0, &match);
        if (is_found != (cases[i].end > cases[i].start) ||
            (is_found && (match.groups[0].start != cases[i].start || match.groups[0].end != cases[i].end)))
            fail_msg("%s on %s: %zu to %zu", cases[i].pattern, cases[i].text, match.groups[0].start, match.groups[0].end);
        sm_regex_free(regex);
    }
}

static void keeps_its_place_in_deeply_nested_groups(void **state)
{
    (void)state;
    char pattern[200];
    struct sm_error error = {0};
    memset(pattern, '(', 90);
    pattern[90] = 'a';
    memset(pattern + 91, ')', 90);
    struct sm_regex *regex = sm_regex_compile(sm_slice_make(pattern, 181), &error);
    assert_non_null(regex);
    assert_true(sm_regex_matches(regex, SM_SLICE("a")));
    sm_regex_free(regex);
    assert_null(sm_regex_compile(sm_slice_make(pattern, 180), &error));
}

/* Patterns may come from senders (OTTL): the end of a named class was looked for from each "[:" on. */
static void read_pattern(size_t size)
{
    char *pattern = malloc(size);
    struct sm_error error;
    for (size_t i = 0; i < size; i++)
        pattern[i] = "[:"[i % 2];
    for (int i = 0; i < 10; i++)
        assert_null(sm_regex_compile(sm_slice_make(pattern, size), &error));
    free(pattern);
}

static void reads_a_pattern_once(void **state)
{
    (void)state;
    assert_true(grows_in_proportion(read_pattern, 60000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_go_says_of_a_pattern_that_is_wrong),
        cmocka_unit_test(matches_what_go_matches),
        cmocka_unit_test(keeps_its_place_in_deeply_nested_groups),
        cmocka_unit_test(reads_a_pattern_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
