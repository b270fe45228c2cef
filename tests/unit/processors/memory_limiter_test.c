/* The processor memory_limiter, as a configuration has it: it refuses above its limit, with an outcome that says to try again, and takes its rules
 * from the reference. */
#include "service/run_pipeline.h"

#define PIPELINES                                                                                                                                    \
    "\nservice: {telemetry: {metrics: {level: none}}, pipelines: {traces: {receivers: [source], processors: [memory_limiter], exporters: [sink]}}}"
#define TRACES "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"a\"}]}]}]}"

static void lets_pass_below_the_limit(void **state)
{
    (void)state;
    struct pipeline_run run = begin_pipeline("processors: {memory_limiter: {check_interval: 1ms, limit_mib: 1000000}}" PIPELINES);
    for (int i = 0; i < 100; i++) {
        feed_pipeline(&run, SM_TRACES, TRACES);
        assert_int_equal(run.outcome.kind, SM_ACCEPTED);
    }
    stop_pipeline(&run);
    assert_non_null(strstr(sm_bytes_cstr(&sunk), "\"name\":\"a\""));
}

static void asks_to_try_again_above_the_limit(void **state)
{
    (void)state;
    /* Every program has more than a mebibyte; when the first check comes is up to the clock. */
    struct pipeline_run run = begin_pipeline("processors: {memory_limiter: {check_interval: 1ms, limit_mib: 1}}" PIPELINES);
    do
        feed_pipeline(&run, SM_TRACES, TRACES);
    while (run.outcome.kind == SM_ACCEPTED);
    assert_int_equal(run.outcome.kind, SM_RETRY);
    assert_string_equal(run.outcome.reason, "data refused due to high memory usage");
    sunk.size = 0;
    feed_pipeline(&run, SM_TRACES, TRACES);
    assert_int_equal(run.outcome.kind, SM_RETRY);
    stop_pipeline(&run);
    assert_int_equal(sunk.size, 0);
}

static void refuses_limits_that_make_no_sense(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "'check_interval' must be greater than zero"},
        {"{check_interval: 0s, limit_mib: 5}", "'check_interval' must be greater than zero"},
        {"{check_interval: 1s}", "'limit_mib' or 'limit_percentage' must be greater than zero"},
        {"{check_interval: 1s, limit_percentage: 101}", "must be greater than zero and less than or equal to hundred"},
        {"{check_interval: 1s, limit_mib: 5, spike_limit_mib: 5}", "'spike_limit_mib' must be smaller than 'limit_mib'"},
        {"{check_interval: 1s, limit_percentage: 5, spike_limit_percentage: 6}", "'spike_limit_percentage' must be smaller than 'limit_percentage'"},
        {"{check_interval: 1s, limit_mib: 5, min_gc_interval_when_soft_limited: 1s, min_gc_interval_when_hard_limited: 2s}",
         "'min_gc_interval_when_soft_limited' should be larger"},
        {"{check_interval: 1s, limit_mib: -5}", "limit_mib"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char yaml[1024];
        snprintf(yaml, sizeof(yaml), "processors: {memory_limiter: %s}%s", cases[i][0], PIPELINES);
        expect_configuration_refused(yaml, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_pass_below_the_limit),
        cmocka_unit_test(asks_to_try_again_above_the_limit),
        cmocka_unit_test(refuses_limits_that_make_no_sense),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sm_bytes_deinit(&sunk);
    return failed;
}
