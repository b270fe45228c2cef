/* The small parts of span_metrics: globs, trace states, exponential histograms, the index, distinct values, timestamps. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "connectors/span_metrics/distinct.h"
#include "telemetry/exponential.h"
#include "connectors/span_metrics/glob.h"
#include "base/index.h"
#include "connectors/span_metrics/sampling.h"
#include "connectors/span_metrics/timestamps.h"

static void matches_names_as_the_reference_does(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"http.*", "http.method", true},
        {"http.*", "http.request.method", false},
        {"db**", "db.a.b", true},
        {"db.**.name", "db.name", true},
        {"db.**.name", "db.a.b.name", true},
        {"db.**.name", "db.names", false},
        {"user-?", "user-1", true},
        {"user-?", "user-.", false},
        {"user-[0-9][0-9]", "user-42", true},
        {"user[!-]1", "user-1", false},
        {"user[!-]1", "user_1", true},
        {"{color,colour}", "colour", true},
        {"net.{peer.*,host}", "net.host", true},
        {"net.{peer.*,host}", "net.peer.name", false},
        {"a\\[1\\]", "a[1]", true},
        {"*", "", true},
        {"*", "a.b", false},
        {"?", "\xc3\xa9", true},
        {"a{b,c{d,e}}f", "acef", true},
        {"a{b,c{d,e}}f", "acf", false},
        {"***", "x.y", true},
        {"[abc]x", "bx", true},
        {"[abc]x", "dx", false},
        {"{a", "a", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_arena arena = SM_ARENA_INIT;
        const struct sm_glob *glob = sm_glob_compile(sm_slice_of(cases[i].pattern), &arena);
        if (sm_glob_match(glob, sm_slice_of(cases[i].text)) != cases[i].matches)
            fail_msg("%s on %s", cases[i].pattern, cases[i].text);
        sm_arena_deinit(&arena);
    }
}

static void refuses_patterns_that_cannot_be_compiled(void **state)
{
    (void)state;
    static const char *const patterns[] = {"[z-a]", "[a", "[]", "[a-z0-9]", "["};
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        const char *error = NULL;
        assert_false(sm_glob_check(sm_slice_of(patterns[i]), &error));
        assert_non_null(error);
    }
}

static void gives_up_on_patterns_that_would_take_forever(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    char text[4096];
    memset(text, 'a', sizeof(text));
    const struct sm_glob *glob = sm_glob_compile(SM_SLICE("**a**a**a**a**a**a**b"), &arena);
    assert_false(sm_glob_match(glob, sm_slice_make(text, sizeof(text))));
    sm_arena_deinit(&arena);
}

static void weighs_spans_by_their_sampling_threshold(void **state)
{
    (void)state;
    static const struct {
        const char *trace_state;
        uint64_t count;
        bool is_adjusted;
    } cases[] = {
        {"", 1, false},
        {"ot=th:8", 2, true},
        {"ot=th:0", 1, true},
        {"ot=th:ff8", 512, true},
        {"vendor=a, ot=th:c;rv:d29d6a7215ced0", 4, true},
        {"ot=th:8;th:c", 4, true},
        {"ot=th:8,ot=th:c", 4, true},
        {"ot=rv:abcdefabcdefab", 1, false},
        {"ot=th:zz", 1, false},
        {"ot=th:8;", 1, false},
        {"ot=th:100000000000000", 1, false},
        {"OT=th:8", 1, false},
        {"foot=th:8", 1, false},
        {"ot=th:8,=x", 1, false},
        {"ot=th:8;rv:1", 1, false},
        {"ot=p:2;th:ffc", 1024, true},
        {",,ot=th:8,", 2, true},
    };
    struct sm_span_metrics_weights weights = {.random = 1};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_span_metrics_weight weight = sm_span_metrics_weigh(&weights, sm_slice_of(cases[i].trace_state));
        if (weight.count != cases[i].count || weight.is_adjusted != cases[i].is_adjusted)
            fail_msg("%s: %d", cases[i].trace_state, (int)weight.count);
    }
}

static void rounds_uneven_weights_by_chance_to_the_right_mean(void **state)
{
    (void)state;
    struct sm_span_metrics_weights weights = {.random = 7};
    uint64_t sum = 0;
    for (int i = 0; i < 100000; i++) {
        sm_span_metrics_weights_reset(&weights);
        sum += sm_span_metrics_weigh(&weights, SM_SLICE("ot=th:6")).count; /* 1.6 */
    }
    assert_in_range(sum, 158000, 162000);
}

static void puts_powers_of_two_into_the_bucket_below(void **state)
{
    (void)state;
    for (int scale = -10; scale <= 20; scale++) {
        assert_int_equal(sm_exponential_bucket(1, scale), -1);
        assert_int_equal(sm_exponential_bucket(4, scale), scale > 0 ? 2 * (1 << scale) - 1 : 1 >> -scale);
        assert_true(sm_exponential_bucket(1.0000001, scale) >= 0);
    }
}

static void does_not_depend_on_the_order_or_the_split_of_values(void **state)
{
    (void)state;
    enum { VALUES = 500, PARTS = 5 };
    for (unsigned size = 2; size <= 160; size += 79) {
        struct sm_exponential all = {0}, parts[PARTS] = {0}, merged = {0};
        for (unsigned i = 0; i < VALUES; i++) {
            double value = i % 50 == 0 ? 0 : exp((double)((i * 7919) % 1000) / 60 - 4);
            sm_exponential_add(&all, size, value, i);
            sm_exponential_add(&parts[(i * 31) % PARTS], size, value, i);
        }
        for (unsigned i = 0; i < PARTS; i++) {
            sm_exponential_merge(&merged, size, &parts[(i * 2) % PARTS]);
        }
        assert_int_equal(all.scale, merged.scale);
        assert_int_equal(all.first, merged.first);
        assert_int_equal(all.last, merged.last);
        assert_int_equal(all.zero_count, merged.zero_count);
        assert_true(all.min == merged.min && all.max == merged.max);
        assert_true(sm_exponential_bucket_count(&all) <= size);
        for (int32_t bucket = all.first; bucket <= all.last; bucket++)
            assert_int_equal(sm_exponential_count_at(&all, bucket), sm_exponential_count_at(&merged, bucket));
        for (unsigned i = 0; i < PARTS; i++)
            sm_exponential_clear(&parts[i]);
        sm_exponential_clear(&all);
        sm_exponential_clear(&merged);
    }
}

struct numbered {
    struct sm_hash128 hash;
    uint64_t number;
};

static struct sm_hash128 hash_of(uint64_t number)
{
    return sm_hash128(1, sm_slice_make(&number, sizeof(number)));
}

static void finds_what_was_added_and_not_what_was_removed(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    struct sm_entries entries;
    struct sm_index index = {0};
    sm_entries_init(&entries, sizeof(struct numbered));
    for (uint64_t i = 0; i < COUNT; i++) {
        uint32_t number = sm_entries_add(&entries, hash_of(i));
        ((struct numbered *)sm_entries_at(&entries, number))->number = i;
        sm_index_add(&index, hash_of(i), number);
    }
    for (uint64_t i = 0; i < COUNT; i += 3) {
        uint32_t number = sm_index_find(&index, &entries, hash_of(i));
        sm_index_remove(&index, hash_of(i), number);
        sm_entries_remove(&entries, number);
    }
    for (uint64_t i = 0; i < COUNT; i++) {
        uint32_t number = sm_index_find(&index, &entries, hash_of(i));
        if (i % 3 == 0)
            assert_int_equal(number, SM_INDEX_NONE);
        else
            assert_int_equal(((struct numbered *)sm_entries_at(&entries, number))->number, i);
    }
    sm_entries_deinit(&entries);
    sm_index_deinit(&index);
}

static void estimates_the_number_of_distinct_values(void **state)
{
    (void)state;
    static const unsigned counts[] = {0, 1, 30, 1000, 100000};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct sm_distinct *distinct = sm_distinct_create(2);
        for (unsigned n = 0; n < counts[i]; n++)
            sm_distinct_add(distinct, 1, sm_slice_make(&n, sizeof(n)));
        assert_true(fabs(sm_distinct_estimate(distinct, 1) - counts[i]) <= counts[i] * 0.25);
        assert_true(sm_distinct_estimate(distinct, 0) == 0);
        free(distinct);
    }
}

static void forgets_the_timestamps_noted_longest_ago(void **state)
{
    (void)state;
    struct sm_timestamps *timestamps = sm_timestamps_create(2);
    assert_int_equal(sm_timestamps_exchange(timestamps, hash_of(1), 5, 10), 5);
    assert_int_equal(sm_timestamps_exchange(timestamps, hash_of(2), 6, 10), 6);
    assert_int_equal(sm_timestamps_exchange(timestamps, hash_of(1), 7, 20), 10);
    assert_int_equal(sm_timestamps_exchange(timestamps, hash_of(3), 8, 20), 8);
    assert_int_equal(sm_timestamps_exchange(timestamps, hash_of(1), 9, 30), 20);
    assert_int_equal(sm_timestamps_exchange(timestamps, hash_of(2), 9, 30), 9); /* forgotten for 3 */
    sm_timestamps_free(timestamps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_names_as_the_reference_does),
        cmocka_unit_test(refuses_patterns_that_cannot_be_compiled),
        cmocka_unit_test(gives_up_on_patterns_that_would_take_forever),
        cmocka_unit_test(weighs_spans_by_their_sampling_threshold),
        cmocka_unit_test(rounds_uneven_weights_by_chance_to_the_right_mean),
        cmocka_unit_test(puts_powers_of_two_into_the_bucket_below),
        cmocka_unit_test(does_not_depend_on_the_order_or_the_split_of_values),
        cmocka_unit_test(finds_what_was_added_and_not_what_was_removed),
        cmocka_unit_test(estimates_the_number_of_distinct_values),
        cmocka_unit_test(forgets_the_timestamps_noted_longest_ago),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
