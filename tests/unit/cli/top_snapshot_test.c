/* What `spanmill top` makes of the answers of a running process. */
#include "cli/top_snapshot.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct sm_top_snapshot *parse(const char *text)
{
    struct sm_error error = {0};
    struct sm_top_snapshot *snapshot = sm_top_snapshot_parse(sm_slice_of(text), &error);
    assert_non_null(snapshot);
    return snapshot;
}

static void reads_names_counts_and_buckets(void **state)
{
    (void)state;
    struct sm_top_snapshot *snapshot =
        parse("spanmill-top 1 12000000000 s cumulative\na\\tb\tGET /\\\\x\t7\t2\t3.5\t0/5:3 5/inf:4 \nc\td\t1\t0\t0\t\n");
    assert_int_equal(snapshot->row_count, 2);
    assert_int_equal(snapshot->time_ns, 12000000000);
    assert_true(snapshot->ms_per_unit == 1000);
    assert_string_equal(snapshot->rows[0].service, "a\tb");
    assert_string_equal(snapshot->rows[0].operation, "GET /\\x");
    assert_true(snapshot->rows[0].count == 7 && snapshot->rows[0].errors == 2 && snapshot->rows[0].sum == 3.5);
    assert_int_equal(snapshot->rows[0].bucket_count, 2);
    assert_true(snapshot->rows[0].buckets[0].high == 5 && isinf(snapshot->rows[0].buckets[1].high) && snapshot->rows[0].buckets[1].count == 4);
    assert_int_equal(snapshot->rows[1].bucket_count, 0);
    sm_top_snapshot_free(snapshot);
}

static void takes_nothing_else(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "spanmill-top", "spanmill-top 2 1 ms cumulative\n", "HTTP/1.1 404"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sm_error error = {0};
        assert_null(sm_top_snapshot_parse(sm_slice_of(texts[i]), &error));
        assert_true(*error.text);
    }
    sm_top_snapshot_free(parse("spanmill-top 1 0 ms delta\n\t\n\n:::/:\t\t\t\t\t/:/: 1 ::"));
}

static void interpolates_quantiles_within_a_bucket(void **state)
{
    (void)state;
    struct sm_top_snapshot *snapshot = parse("spanmill-top 1 0 ms cumulative\na\tb\t10\t0\t0\t10/20:5 20/40:4 40/inf:1\nc\td\t0\t0\t0\t\n");
    assert_true(sm_top_row_quantile(&snapshot->rows[0], 0.5) == 20);
    assert_true(sm_top_row_quantile(&snapshot->rows[0], 0.7) == 30);
    assert_true(sm_top_row_quantile(&snapshot->rows[0], 0.99) == 40);
    assert_true(isnan(sm_top_row_quantile(&snapshot->rows[1], 0.5)));
    sm_top_snapshot_free(snapshot);
}

static void shows_what_was_added_and_all_of_what_started_anew(void **state)
{
    (void)state;
    struct sm_top_snapshot *before = parse("spanmill-top 1 0 ms cumulative\na\tb\t10\t1\t5\t0/1:10\nc\td\t50\t0\t0\t\n");
    struct sm_top_snapshot *after = parse("spanmill-top 1 0 ms cumulative\na\tb\t14\t2\t9\t0/1:12 1/2:2\nc\td\t3\t0\t0\t\ne\tf\t6\t0\t0\t\n");
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_top_row row = sm_top_row_since(&after->rows[0], before, &arena);
    assert_true(row.count == 4 && row.errors == 1 && row.sum == 4 && row.buckets[0].count == 2 && row.buckets[1].count == 2);
    assert_true(sm_top_row_since(&after->rows[1], before, &arena).count == 3);
    assert_true(sm_top_row_since(&after->rows[2], before, &arena).count == 6);
    sm_arena_deinit(&arena);
    sm_top_snapshot_free(before);
    sm_top_snapshot_free(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_names_counts_and_buckets),
        cmocka_unit_test(takes_nothing_else),
        cmocka_unit_test(interpolates_quantiles_within_a_bucket),
        cmocka_unit_test(shows_what_was_added_and_all_of_what_started_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
