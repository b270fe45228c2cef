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
    struct sm_top_snapshot *snapshot = parse("spanmill-top 2 12000000000 77\ntable spans s span_metrics/a\n"
                                             "\ta\\tb\tGET /\\\\x\t7\t2\t3.5\t0/5:3 5/inf:4 \n\tc\td\t1\t0\t0\t\n");
    assert_int_equal(snapshot->time_ns, 12000000000);
    assert_int_equal(snapshot->pid, 77);
    assert_int_equal(snapshot->spans_count, 1);
    const struct sm_top_spans *spans = sm_top_spans_find(snapshot, "span_metrics/a");
    assert_ptr_equal(spans, &snapshot->spans[0]);
    assert_int_equal(spans->row_count, 2);
    assert_true(spans->ms_per_unit == 1000);
    assert_string_equal(spans->rows[0].service, "a\tb");
    assert_string_equal(spans->rows[0].operation, "GET /\\x");
    assert_true(spans->rows[0].count == 7 && spans->rows[0].errors == 2 && spans->rows[0].sum == 3.5);
    assert_int_equal(spans->rows[0].bucket_count, 2);
    assert_true(spans->rows[0].buckets[0].high == 5 && isinf(spans->rows[0].buckets[1].high) && spans->rows[0].buckets[1].count == 4);
    assert_int_equal(spans->rows[1].bucket_count, 0);
    sm_top_snapshot_free(snapshot);
}

static void reads_several_tables_and_passes_over_unknown_ones(void **state)
{
    (void)state;
    struct sm_top_snapshot *snapshot = parse("spanmill-top 2 0 1\ntable volume By volume/a\n\tshop\tprod\t3\t300\n\t\t\t1\t9\ntable later x y\n\tz\n"
                                             "table spans ms span_metrics\ntable volume By volume/b\n");
    assert_int_equal(snapshot->volumes_count, 2);
    assert_int_equal(snapshot->spans_count, 1);
    assert_int_equal(snapshot->spans[0].row_count, 0);
    assert_int_equal(snapshot->volumes[0].row_count, 2);
    const struct sm_top_volume *row = sm_top_volume_find(sm_top_volumes_find(snapshot, "volume/a"), "shop", "prod");
    assert_non_null(row);
    assert_true(row->spans == 3 && row->bytes == 300);
    assert_null(sm_top_volumes_find(snapshot, "volume/c"));
    assert_null(sm_top_volume_find(NULL, "shop", "prod"));
    sm_top_snapshot_free(snapshot);
}

static void counts_a_component_once_that_has_two_instances(void **state)
{
    (void)state;
    struct sm_top_snapshot *snapshot = parse("spanmill-top 2 0 1\ntable volume By v\n\ta\t\t3\t30\ntable volume By v\n\ta\t\t4\t40\n\tb\t\t1\t10\n"
                                             "table spans ms m\n\ta\tx\t5\t0\t0\t\ntable spans ms m\n\tb\tx\t1\t0\t0\t\n");
    assert_int_equal(snapshot->volumes_count, 1);
    assert_int_equal(snapshot->volumes[0].row_count, 2);
    assert_int_equal(snapshot->spans_count, 1);
    assert_int_equal(snapshot->spans[0].row_count, 1);
    assert_string_equal(snapshot->spans[0].rows[0].service, "b");
    sm_top_snapshot_free(snapshot);
}

static void takes_nothing_else(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "spanmill-top", "spanmill-top 1 1 ms cumulative\n", "HTTP/1.1 404"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sm_error error = {0};
        assert_null(sm_top_snapshot_parse(sm_slice_of(texts[i]), &error));
        assert_true(*error.text);
    }
    sm_top_snapshot_free(parse("spanmill-top 2 0\n\t\n\ntable\ntable spans\n\t:::/:\t\t\t\t\t/:/: 1 ::\n\t\ntable volume\n\t\n\ta"));
}

static void interpolates_quantiles_within_a_bucket(void **state)
{
    (void)state;
    struct sm_top_snapshot *snapshot = parse("spanmill-top 2 0 1\ntable spans ms m\n\ta\tb\t10\t0\t0\t10/20:5 20/40:4 40/inf:1\n\tc\td\t0\t0\t0\t\n");
    const struct sm_top_row *rows = snapshot->spans[0].rows;
    assert_true(sm_top_row_quantile(&rows[0], 0.5) == 20);
    assert_true(sm_top_row_quantile(&rows[0], 0.7) == 30);
    assert_true(sm_top_row_quantile(&rows[0], 0.99) == 40);
    assert_true(isnan(sm_top_row_quantile(&rows[1], 0.5)));
    sm_top_snapshot_free(snapshot);
}

static void shows_what_was_added_and_all_of_what_started_anew(void **state)
{
    (void)state;
    struct sm_top_snapshot *before = parse("spanmill-top 2 0 1\ntable spans ms m\n\ta\tb\t10\t1\t5\t0/1:10\n\tc\td\t50\t0\t0\t\n"
                                           "table volume By v\n\ta\t\t3\t30\n\tb\t\t9\t90\n");
    struct sm_top_snapshot *after =
        parse("spanmill-top 2 0 1\ntable spans ms m\n\ta\tb\t14\t2\t9\t0/1:12 1/2:2\n\tc\td\t3\t0\t0\t\n\te\tf\t6\t0\t0\t\n"
              "table volume By v\n\ta\t\t4\t50\n\tb\t\t1\t10\n\tc\t\t1\t10\n");
    struct sm_arena arena = SM_ARENA_INIT;
    const struct sm_top_spans *old = sm_top_spans_find(before, "m");
    const struct sm_top_row *rows = after->spans[0].rows;
    struct sm_top_row row = sm_top_row_since(&rows[0], old, &arena);
    assert_true(row.count == 4 && row.errors == 1 && row.sum == 4 && row.buckets[0].count == 2 && row.buckets[1].count == 2);
    assert_true(sm_top_row_since(&rows[1], old, &arena).count == 3);
    assert_true(sm_top_row_since(&rows[2], old, &arena).count == 6);
    assert_true(sm_top_row_since(&rows[0], NULL, &arena).count == 14);
    const struct sm_top_volumes *old_volumes = sm_top_volumes_find(before, "v");
    struct sm_top_volume volume = sm_top_volume_since(&after->volumes[0].rows[0], old_volumes);
    assert_true(volume.spans == 1 && volume.bytes == 20);
    assert_true(sm_top_volume_since(&after->volumes[0].rows[1], old_volumes).spans == 1);
    assert_true(sm_top_volume_since(&after->volumes[0].rows[2], old_volumes).bytes == 10);
    assert_true(sm_top_volume_since(NULL, old_volumes).spans == 0);
    sm_arena_deinit(&arena);
    sm_top_snapshot_free(before);
    sm_top_snapshot_free(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_names_counts_and_buckets),
        cmocka_unit_test(reads_several_tables_and_passes_over_unknown_ones),
        cmocka_unit_test(counts_a_component_once_that_has_two_instances),
        cmocka_unit_test(takes_nothing_else),
        cmocka_unit_test(interpolates_quantiles_within_a_bucket),
        cmocka_unit_test(shows_what_was_added_and_all_of_what_started_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
