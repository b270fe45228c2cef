/* Trace states and thresholds: values from pkg/sampling's formulas and from recorded runs of the reference. */
#include "telemetry/trace_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "telemetry/sampling_threshold.h"

static void reads_and_writes_states_as_the_reference_does(void **context)
{
    (void)context;
    static const struct {
        const char *text;
        bool is_right;
        const char *written;
    } rows[] = {
        {"", true, ""},
        {"ot=th:8", true, "ot=th:8"},
        {"ot=th:80", true, "ot=th:80"},
        {"ot=th:C", true, "ot=th:C"},
        {"ot=th:0", true, "ot=th:0"},
        {"ot=th:00", true, "ot=th:00"},
        {"ot=rv:6E6d1a75832a2f;th:8", true, "ot=rv:6E6d1a75832a2f;th:8"},
        {"ot=th:8;rv:6e6d1a75832a2f", true, "ot=rv:6e6d1a75832a2f;th:8"},
        {"ot=x:y;th:8;z:", true, "ot=th:8;x:y;z:"},
        {"ot=th:8;th:9", true, "ot=th:9"},
        {"ot=th:8,ot=rv:6e6d1a75832a2f", true, "ot=rv:6e6d1a75832a2f"},
        {"congo=1, ot=th:8 ,,rojo=2", true, "ot=th:8,congo=1,rojo=2"},
        {"1a@b=1", true, "1a@b=1"},
        {"congo=a b", true, "congo=a b"},
        /* A wrong value leaves the rest. */
        {"ot=th:zz;x:y,congo=1", false, "ot=x:y,congo=1"},
        {"ot=th:8;th:zz", false, ""},
        {"ot=th:", false, ""},
        {"ot=rv:123;th:8", false, "ot=th:8"},
        {"ot=th:123456789012345,a=1", false, "a=1"},
        {"ot=th:8;,a=1", false, "a=1"},
        {"ot=;th:8,a=1", false, "a=1"},
        {"ot=TH:8,a=1", false, "a=1"},
        {"ot=th:8,ot=bad", false, ""},
        {"tenant@system1234567890=1,ot=th:8", false, "ot=th:8"},
        /* Wrong syntax leaves nothing. */
        {"ot=th:8,=1", false, ""},
        {"ot=th:8,a", false, ""},
        {"ot=th:8,A=1", false, ""},
        {"ot=th:8,1a=1", false, ""},
        {"ot=th:8,a=", false, ""},
        {"ot=th:8,a=b=c", false, ""},
        {"ot=th:8,a@=1", false, ""},
        {"ot=th:8,a@1=1", false, ""},
        {"ot=th:8,a=\x7f", false, ""},
        {"ot=th:8,a=\t1", false, ""},
    };
    struct sm_arena arena;
    sm_arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_trace_state state;
        bool is_right = sm_trace_state_parse(&state, sm_slice_of(rows[i].text));
        struct sm_slice written = sm_trace_state_write(&state, &arena);
        if (is_right != rows[i].is_right || !sm_slice_is(written, rows[i].written))
            fail_msg("'%s' gave %d '%.*s'", rows[i].text, is_right, SM_SLICE_ARGS(written));
    }
    sm_arena_deinit(&arena);
}

static void writes_anew_what_is_set(void **context)
{
    (void)context;
    struct sm_arena arena;
    struct sm_trace_state state;
    sm_arena_init(&arena);
    assert_true(sm_trace_state_parse(&state, SM_SLICE("a=1,ot=x:y;th:C0;rv:6E6d1a75832a2f")));
    sm_trace_state_set_threshold(&state, state.threshold);
    assert_true(sm_slice_is(sm_trace_state_write(&state, &arena), "ot=rv:6E6d1a75832a2f;th:c;x:y,a=1"));
    sm_trace_state_set_randomness(&state, state.randomness);
    sm_trace_state_clear_threshold(&state);
    assert_true(sm_slice_is(sm_trace_state_write(&state, &arena), "ot=rv:6e6d1a75832a2f;x:y,a=1"));
    sm_trace_state_set_threshold(&state, SM_THRESHOLD_NEVER);
    assert_true(sm_slice_is(sm_trace_state_write(&state, &arena), "ot=rv:6e6d1a75832a2f;x:y,a=1"));
    sm_arena_deinit(&arena);
}

/* `count` members "a=1" and, behind them, `end`. */
static bool parses(size_t count, const char *end)
{
    struct sm_bytes text = {0};
    struct sm_trace_state state;
    for (size_t i = 0; i < count; i++)
        sm_bytes_append_text(&text, "a=1,");
    sm_bytes_append_text(&text, end);
    bool is_right = sm_trace_state_parse(&state, sm_bytes_slice(&text));
    sm_bytes_deinit(&text);
    return is_right;
}

static void refuses_what_is_too_long(void **context)
{
    (void)context;
    char value[1100];
    assert_true(parses(30, "ot=th:8"));
    assert_false(parses(31, "ot=th:8"));
    assert_true(parses(0, ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,a=1"));
    assert_false(parses(0, ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,a=1"));
    snprintf(value, sizeof(value), "a=%0256d", 0);
    assert_true(parses(0, value));
    snprintf(value, sizeof(value), "a=%0257d", 0);
    assert_false(parses(0, value));
    snprintf(value, sizeof(value), "a=%0250d,b=%0250d,c=%0250d,d=%0250d", 0, 0, 0, 0);
    assert_true(parses(0, value));
    snprintf(value, sizeof(value), "a=%0255d,b=%0255d,c=%0255d,d=%0250d", 0, 0, 0, 0);
    assert_int_equal(strlen(value), 1026);
    assert_false(parses(0, value));
}

static void makes_thresholds_of_probabilities(void **context)
{
    (void)context;
    static const struct {
        double probability;
        int precision;
        const char *threshold; /* NULL: refused */
    } rows[] = {
        {1, 4, "0"},
        {0.5, 4, "8"},
        {0.1, 4, "e666"},
        {0.01, 4, "fd70a"},
        {0.99, 4, "028f6"},
        {0.00001, 4, "ffff583a"},
        {0.333333, 4, "aaab"},
        {0.33333, 1, "b"},
        {0.1, 14, "e6666666666666"},
        {0.1, 0, "e6666666666666"},
        {0x1p-56, 4, "ffffffffffffff"},
        {0x1p-57, 4, NULL},
        {0, 4, NULL},
        {1.0000001, 4, NULL},
        {-0.5, 4, NULL},
        {0.5, -1, "0"},
        {0.5, -28, "0"},
        {0.25, -1000, "0"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t threshold;
        char text[SM_SAMPLING_DIGITS];
        bool is_right = sm_threshold_from_probability(rows[i].probability, rows[i].precision, &threshold);
        assert_int_equal(is_right, rows[i].threshold != NULL);
        if (!is_right)
            continue;
        struct sm_slice written = sm_slice_make(text, sm_threshold_format(threshold, text));
        if (!sm_slice_is(written, rows[i].threshold))
            fail_msg("%g at precision %d gave %.*s", rows[i].probability, rows[i].precision, SM_SLICE_ARGS(written));
    }
}

static void never_has_no_digits(void **context)
{
    (void)context;
    char text[SM_SAMPLING_DIGITS];
    assert_int_equal(sm_threshold_format(SM_THRESHOLD_NEVER, text), 0);
    assert_int_equal(sm_randomness_of_trace_id(SM_SLICE("12345678\xff\x01\x02\x03\x04\x05\x06\x07")), 0x01020304050607);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_states_as_the_reference_does),
        cmocka_unit_test(writes_anew_what_is_set),
        cmocka_unit_test(refuses_what_is_too_long),
        cmocka_unit_test(makes_thresholds_of_probabilities),
        cmocka_unit_test(never_has_no_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
