/* The connector count, as a configuration has it: what it counts, of what, with which attributes. */
#include "service/run_pipeline.h"

#define PIPELINES(signal)                                                                                                                            \
    "\nservice: {telemetry: {metrics: {level: none}}, pipelines: {" signal ": {receivers: [source], exporters: [count]}, "                           \
    "metrics/out: {receivers: [count], exporters: [sink]}}}"

#define TRACES                                                                                                                                       \
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"cart\"}}]},\"scopeSpans\":[{"         \
    "\"spans\":["                                                                                                                                    \
    "{\"name\":\"a\",\"startTimeUnixNano\":\"5\",\"endTimeUnixNano\":\"9\",\"attributes\":[{\"key\":\"env\",\"value\":{\"stringValue\":\"prod\"}},"  \
    "{\"key\":\"n\",\"value\":{\"intValue\":\"7\"}}],\"events\":[{\"name\":\"e\"},{\"name\":\"f\"}]},"                                               \
    "{\"name\":\"b\",\"startTimeUnixNano\":\"3\",\"endTimeUnixNano\":\"4\"}]}]}]}"
#define LOGS "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"severityNumber\":9},{\"severityNumber\":17},{\"severityNumber\":17}]}]}]}"
#define METRICS                                                                                                                                      \
    "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"m\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"1\"},{\"asInt\":\"2\"}]}},"      \
    "{\"name\":\"o\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"3\"}]}}]}]}]}"

static void expect_counts(const char *options, enum sm_signal signal, const char *pipelines, const char *request, const char *const *parts)
{
    char yaml[4096];
    snprintf(yaml, sizeof(yaml), "connectors: {count: %s}%s", options, pipelines);
    struct pipeline_run run = begin_pipeline(yaml);
    feed_pipeline(&run, signal, request);
    assert_int_equal(run.outcome.kind, SM_ACCEPTED);
    stop_pipeline(&run);
    for (; *parts; parts++)
        if (!strstr(sm_bytes_cstr(&sunk), *parts))
            fail_msg("%s\nlacks %s", sm_bytes_cstr(&sunk), *parts);
}

static void counts_everything_when_nothing_is_said(void **state)
{
    (void)state;
    expect_counts("", SM_TRACES, PIPELINES("traces"), TRACES,
                  (const char *const[]){"\"service.name\"", "\"name\":\"trace.span.count\"", "\"asInt\":\"2\"", "\"name\":\"trace.span.event.count\"",
                                        "\"isMonotonic\":true", "\"aggregationTemporality\":1", NULL});
    expect_counts("", SM_LOGS, PIPELINES("logs"), LOGS, (const char *const[]){"\"name\":\"log.record.count\"", "\"asInt\":\"3\"", NULL});
    expect_counts(
        "", SM_METRICS, PIPELINES("metrics"), METRICS,
        (const char *const[]){"\"name\":\"metric.count\"", "\"asInt\":\"2\"", "\"name\":\"metric.datapoint.count\"", "\"asInt\":\"3\"", NULL});
}

static void counts_what_the_conditions_choose(void **state)
{
    (void)state;
    expect_counts("{spans: {named: {description: those called a, conditions: ['name == \"a\"', 'name == \"zz\"']}}}", SM_TRACES, PIPELINES("traces"),
                  TRACES, (const char *const[]){"{\"name\":\"named\",\"description\":\"those called a\"", "\"asInt\":\"1\"", NULL});
    expect_counts("{logs: {bad: {conditions: ['severity_number >= SEVERITY_NUMBER_ERROR']}}}", SM_LOGS, PIPELINES("logs"), LOGS,
                  (const char *const[]){"\"name\":\"bad\"", "\"asInt\":\"2\"", NULL});
}

static void counts_apart_by_attributes(void **state)
{
    (void)state;
    expect_counts("{spans: {by: {attributes: [{key: env, default_value: none}]}}}", SM_TRACES, PIPELINES("traces"), TRACES,
                  (const char *const[]){"{\"key\":\"env\",\"value\":{\"stringValue\":\"prod\"}}",
                                        "{\"key\":\"env\",\"value\":{\"stringValue\":\"none\"}}", NULL});
    /* Without a default an item that lacks one of them is not counted. */
    expect_counts("{spans: {by: {attributes: [{key: env}]}}, spanevents: {none: {conditions: ['false']}}}", SM_TRACES, PIPELINES("traces"), TRACES,
                  (const char *const[]){"{\"key\":\"env\",\"value\":{\"stringValue\":\"prod\"}}", "\"asInt\":\"1\"", NULL});
    assert_null(strstr(sm_bytes_cstr(&sunk), "\"asInt\":\"2\""));
}

static void times_span_what_was_looked_at(void **state)
{
    (void)state;
    expect_counts("{spans: {named: {conditions: ['name == \"a\"']}}}", SM_TRACES, PIPELINES("traces"), TRACES,
                  (const char *const[]){"\"startTimeUnixNano\":\"3\"", "\"timeUnixNano\":\"9\"", NULL});
}

static void a_condition_that_fails_refuses_the_request(void **state)
{
    (void)state;
    struct pipeline_run run = begin_pipeline("connectors: {count: {spans: {x: {conditions: ['ParseJSON(name) == 1']}}}}" PIPELINES("traces"));
    feed_pipeline(&run, SM_TRACES, TRACES);
    assert_int_not_equal(run.outcome.kind, SM_ACCEPTED);
    stop_pipeline(&run);
    assert_int_equal(sunk.size, 0);
}

static void refuses_what_cannot_be_counted(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{spans: {'': {}}}", "metric name missing"},
        {"{spans: {x: {conditions: ['name ==']}}}", "connectors::count"},
        {"{metrics: {x: {attributes: [{key: a}]}}}", "metrics attributes not supported"},
        {"{spans: {x: {attributes: [{key: ''}]}}}", "attribute key missing"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char yaml[1024];
        snprintf(yaml, sizeof(yaml), "connectors: {count: %s}%s", cases[i][0], PIPELINES("traces"));
        expect_configuration_refused(yaml, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_everything_when_nothing_is_said),
        cmocka_unit_test(counts_what_the_conditions_choose),
        cmocka_unit_test(counts_apart_by_attributes),
        cmocka_unit_test(times_span_what_was_looked_at),
        cmocka_unit_test(a_condition_that_fails_refuses_the_request),
        cmocka_unit_test(refuses_what_cannot_be_counted),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sm_bytes_deinit(&sunk);
    return failed;
}
