/* Counters of span_metrics in a store: a new start goes on where the last one ended, and other settings begin anew. */
#include "service/run_pipeline.h"

#define SPAN                                                                                                                                         \
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"cart\"}}]},\"scopeSpans\":[{"         \
    "\"spans\":["                                                                                                                                    \
    "{\"name\":\"a\",\"startTimeUnixNano\":\"1\",\"endTimeUnixNano\":\"2\",\"attributes\":[{\"key\":\"k\",\"value\":{\"stringValue\":\"v\"}}]}]}]}]" \
    "}"

static char directory[64];

static int make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/persist_test.XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    return system(command) == 0 ? 0 : -1;
}

/* One life of the program: counts `count` spans and, unless `awaited` is NULL, ends when an export has that text. */
static void live(const char *interval, const char *more, int count, const char *awaited)
{
    char yaml[2048];
    snprintf(yaml, sizeof(yaml),
             "extensions: {file_storage: {directory: '%s'}}\n"
             "connectors: {span_metrics: {storage: file_storage, metrics_flush_interval: %s, histogram: {disable: true}%s}}\n"
             "service: {telemetry: {metrics: {level: none}}, extensions: [file_storage], pipelines: {traces: {receivers: [source], exporters: "
             "[span_metrics]}, metrics: {receivers: [span_metrics], exporters: [sink]}}}",
             directory, interval, more);
    struct pipeline_run run = begin_pipeline(yaml);
    for (int i = 0; i < count; i++)
        feed_pipeline(&run, SM_TRACES, SPAN);
    while (awaited && !sunk_has(awaited))
        sched_yield();
    stop_pipeline(&run);
}

static void counts_go_on_after_a_new_start(void **state)
{
    (void)state;
    live("1h", "", 3, NULL);
    live("1h", "", 2, NULL);
    live("5ms", "", 1, "\"asInt\":\"6\"");
    assert_null(strstr(sm_bytes_cstr(&sunk), "\"asInt\":\"7\""));
}

static void series_that_nobody_counts_on_are_still_exported(void **state)
{
    (void)state;
    live("1h", "", 3, NULL);
    live("5ms", "", 0, "\"asInt\":\"3\"");
    assert_non_null(strstr(sm_bytes_cstr(&sunk), "\"stringValue\":\"cart\""));
}

static void the_start_of_a_series_stays(void **state)
{
    (void)state;
    char starts[2][32];
    for (int i = 0; i < 2; i++) {
        live("5ms", "", 1, i == 0 ? "\"asInt\":\"1\"" : "\"asInt\":\"2\"");
        const char *start = strstr(sm_bytes_cstr(&sunk), "\"startTimeUnixNano\":\"");
        assert_non_null(start);
        snprintf(starts[i], sizeof(starts[i]), "%.19s", start + strlen("\"startTimeUnixNano\":\""));
    }
    assert_string_equal(starts[0], starts[1]);
}

static void other_dimensions_begin_anew(void **state)
{
    (void)state;
    live("1h", "", 3, NULL);
    live("5ms", ", dimensions: [{name: k}]", 1, "\"asInt\":\"1\"");
    assert_null(strstr(sm_bytes_cstr(&sunk), "\"asInt\":\"4\""));
    assert_null(strstr(sm_bytes_cstr(&sunk), "\"asInt\":\"3\""));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
    const struct CMUnitTest tests[] = {
        TEST(counts_go_on_after_a_new_start),
        TEST(series_that_nobody_counts_on_are_still_exported),
        TEST(the_start_of_a_series_stays),
        TEST(other_dimensions_begin_anew),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sm_bytes_deinit(&sunk);
    return failed;
}
