/* Batches as the series that Alloy makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exporters/prometheus_remote_write/recent.h"
#include "exporters/prometheus_remote_write/translate.h"
#include "telemetry/otlp.h"

/* Appends "le value " for each bucket of a histogram with these bounds and counts. */
static void show_buckets(const char *bounds, const char *counts, struct sm_bytes *shown)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_write write;
    struct sm_bytes json = {0};
    struct sm_decode_error error;
    const struct sm_write_settings settings = {.as_alloy = true, .recent = sm_write_recent_create()};
    sm_bytes_printf(&json,
                    "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"h\",\"histogram\":{\"aggregationTemporality\":2,"
                    "\"dataPoints\":[{\"timeUnixNano\":\"1000000\",\"count\":\"15\",\"explicitBounds\":[%s],\"bucketCounts\":[%s]}]}}]}]}]}",
                    bounds, counts);
    struct sm_batch *batch = sm_otlp_decode_json(SM_METRICS, sm_bytes_slice(&json), &error);
    assert_non_null(batch);
    sm_write_init(&write, &arena);
    assert_int_equal(sm_write_translate_alloy(&settings, batch, &write), 0);
    for (size_t i = 0; i < write.series_count; i++) {
        struct sm_write_labels labels = sm_write_labels_of(&write, write.series[i]);
        for (size_t k = 0; k < labels.count; k++)
            if (sm_slice_is(labels.items[k].name, "le"))
                sm_bytes_printf(shown, "%.*s %g ", SM_SLICE_ARGS(labels.items[k].value), write.series[i]->samples[0].value);
    }
    sm_write_deinit(&write);
    sm_arena_deinit(&arena);
    sm_batch_release(batch);
    sm_bytes_deinit(&json);
    sm_write_recent_free(settings.recent);
}

static void counts_what_is_not_above_a_bound_wherever_it_stands(void **state)
{
    (void)state;
    static const struct {
        const char *bounds, *counts, *expected;
    } cases[] = {
        {"1,3,5", "1,2,4,8", "1 1 3 3 5 7 +Inf 15 "},
        {"5,1,3", "1,2,4,8", "5 7 1 2 3 6 +Inf 15 "},
        {"2,1,2.5", "1,2,4,8", "2 3 1 2 2.5 7 +Inf 15 "},
        {"", "15", "+Inf 15 "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_bytes shown = {0};
        show_buckets(cases[i].bounds, cases[i].counts, &shown);
        assert_string_equal(sm_bytes_cstr(&shown), cases[i].expected);
        sm_bytes_deinit(&shown);
    }
}

/* Who sends bounds in any order must not choose how long that takes: adding up for each bucket all the others takes minutes. */
static void takes_no_longer_than_there_are_buckets(void **state)
{
    (void)state;
    enum { COUNT = 300000 };
    struct sm_bytes bounds = {0}, counts = {0}, shown = {0};
    for (int i = 0; i < COUNT; i++) {
        sm_bytes_printf(&bounds, "%s%d", i ? "," : "", COUNT - i);
        sm_bytes_append_text(&counts, "1,");
    }
    sm_bytes_append_text(&counts, "1");
    show_buckets(sm_bytes_cstr(&bounds), sm_bytes_cstr(&counts), &shown);
    assert_true(sm_slice_starts_with(sm_bytes_slice(&shown), SM_SLICE("300000 300000 299999 299999 299998 299998 ")));
    sm_bytes_deinit(&bounds);
    sm_bytes_deinit(&counts);
    sm_bytes_deinit(&shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_is_not_above_a_bound_wherever_it_stands),
        cmocka_unit_test(takes_no_longer_than_there_are_buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
