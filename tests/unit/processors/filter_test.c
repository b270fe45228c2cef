/* The processor filter, as a configuration has it: what is left of a request. */
#include "service/run_pipeline.h"

#define PIPELINES(signal)                                                                                                                            \
    "\nservice: {telemetry: {metrics: {level: none}}, pipelines: {" signal ": {receivers: [source], processors: [filter], exporters: [sink]}}}"

#define RESOURCE(name) "\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"" name "\"}}]}"
#define TRACES                                                                                                                                       \
    "{\"resourceSpans\":[{" RESOURCE("cart") ",\"scopeSpans\":[{\"spans\":[{\"name\":\"a\",\"events\":[{\"name\":\"e\"},{\"name\":\"f\"}]},"         \
                                             "{\"name\":\"b\",\"kind\":2}]}]},{" RESOURCE(                                                           \
                                                 "shop") ",\"scopeSpans\":[{\"spans\":[{\"name\":\"c\"}]}]}]}"
#define LOGS                                                                                                                                         \
    "{\"resourceLogs\":[{" RESOURCE("cart") ",\"scopeLogs\":[{\"logRecords\":[{\"severityNumber\":5,\"body\":{\"stringValue\":\"low\"}},{"           \
                                            "\"severityNumber\":17,\"body\":{\"stringValue\":\"high\"}}]}]}]}"
#define METRICS                                                                                                                                      \
    "{\"resourceMetrics\":[{" RESOURCE(                                                                                                              \
        "cart") ",\"scopeMetrics\":[{\"metrics\":[{\"name\":\"m\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"1\"},{\"asInt\":\"2\"}]}},"                \
                "{\"name\":\"o\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"3\"}]}}]}]}]}"

struct filter_case {
    const char *options;
    const char *left[4], *gone[4]; /* NULL-terminated */
};

static void expect_left(const char *pipelines, enum sm_signal signal, const char *request, const struct filter_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char yaml[4096];
        snprintf(yaml, sizeof(yaml), "processors: {filter: %s}%s", cases[i].options, pipelines);
        struct pipeline_run run = begin_pipeline(yaml);
        feed_pipeline(&run, signal, request);
        assert_int_equal(run.outcome.kind, SM_ACCEPTED);
        stop_pipeline(&run);
        for (const char *const *part = cases[i].left; *part; part++)
            if (!strstr(sm_bytes_cstr(&sunk), *part))
                fail_msg("%s: %s\nlacks %s", cases[i].options, sm_bytes_cstr(&sunk), *part);
        for (const char *const *part = cases[i].gone; *part; part++)
            if (sunk.size && strstr(sm_bytes_cstr(&sunk), *part))
                fail_msg("%s: %s\nstill has %s", cases[i].options, sm_bytes_cstr(&sunk), *part);
    }
}
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void drops_spans_and_events(void **state)
{
    (void)state;
    static const struct filter_case cases[] = {
        {"{traces: {span: ['name == \"a\"']}}", {"\"name\":\"b\"", "\"name\":\"c\""}, {"\"name\":\"a\""}},
        {"{traces: {span: ['name == \"a\"', 'kind == SPAN_KIND_SERVER']}}", {"\"name\":\"c\""}, {"\"name\":\"a\"", "\"name\":\"b\"", "cart"}},
        {"{traces: {spanevent: ['name == \"e\"']}}", {"\"name\":\"a\"", "\"name\":\"f\""}, {"\"name\":\"e\""}},
        {"{traces: {span: ['resource.attributes[\"service.name\"] == \"cart\"']}}", {"shop"}, {"cart"}},
        {"{trace_conditions: ['span.name == \"c\"']}", {"\"name\":\"a\""}, {"\"name\":\"c\"", "shop"}},
        {"{traces: {span: ['true']}}", {0}, {"name"}},
        {"{error_mode: ignore, traces: {span: ['ParseJSON(name) == 1']}}", {"\"name\":\"a\"", "\"name\":\"b\""}, {0}},
    };
    expect_left(PIPELINES("traces"), SM_TRACES, TRACES, cases, COUNT(cases));
}

static void drops_log_records_metrics_and_points(void **state)
{
    (void)state;
    static const struct filter_case logs[] = {
        {"{logs: {log_record: ['severity_number < SEVERITY_NUMBER_ERROR']}}", {"high"}, {"low"}},
        {"{logs: {log_record: ['IsMatch(body, \"^h\")']}}", {"low"}, {"high"}},
    };
    static const struct filter_case metrics[] = {
        {"{metrics: {metric: ['name == \"m\"']}}", {"\"name\":\"o\""}, {"\"name\":\"m\""}},
        {"{metrics: {datapoint: ['value_int == 2']}}", {"\"asInt\":\"1\"", "\"asInt\":\"3\""}, {"\"asInt\":\"2\""}},
        {"{metrics: {datapoint: ['metric.name == \"o\"']}}", {"\"name\":\"m\""}, {"\"name\":\"o\""}},
    };
    expect_left(PIPELINES("logs"), SM_LOGS, LOGS, logs, COUNT(logs));
    expect_left(PIPELINES("metrics"), SM_METRICS, METRICS, metrics, COUNT(metrics));
}

static void a_condition_that_fails_refuses_the_request(void **state)
{
    (void)state;
    struct pipeline_run run =
        begin_pipeline("processors: {filter: {error_mode: propagate, traces: {span: ['ParseJSON(name) == 1']}}}" PIPELINES("traces"));
    feed_pipeline(&run, SM_TRACES, TRACES);
    assert_int_not_equal(run.outcome.kind, SM_ACCEPTED);
    stop_pipeline(&run);
    assert_int_equal(sunk.size, 0);
}

static void refuses_conditions_that_are_none(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{traces: {span: ['name ==']}}", "processors::filter"},
        {"{traces: {span: ['nope == 1']}}", "nope"},
        {"{error_mode: never}", "never"},
        {"{traces: {spans: []}}", "has invalid keys: spans"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char yaml[1024];
        snprintf(yaml, sizeof(yaml), "processors: {filter: %s}%s", cases[i][0], PIPELINES("traces"));
        expect_configuration_refused(yaml, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_spans_and_events),
        cmocka_unit_test(drops_log_records_metrics_and_points),
        cmocka_unit_test(a_condition_that_fails_refuses_the_request),
        cmocka_unit_test(refuses_conditions_that_are_none),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sm_bytes_deinit(&sunk);
    return failed;
}
