/* Pipelines as Alloy's components: which of them a processor becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloy/from_collector.h"
#include "base/bytes.h"
#include "config/diags.h"
#include "config/load.h"
#include "pipeline/config.h"
#include "service/registry.h"

/* `pipelines`: in YAML; `missing`: differences that are told; the text is without white space. */
static void check(const char *pipelines, size_t missing, const char *const *expected, const char *absent)
{
    struct sm_bytes uri = {0}, text = {0}, dense = {0};
    sm_bytes_printf(&uri,
                    "yaml:receivers: {otlp: {protocols: {grpc: {}}}}\nprocessors: {batch: {}, batch/b: {}}\nconnectors: {span_metrics: {}}\n"
                    "exporters: {debug: {}}\nservice: {telemetry: {metrics: {level: none}}, pipelines: {%s}}",
                    pipelines);
    const char *uris[] = {sm_bytes_cstr(&uri)};
    const struct sm_load_options options = {.uris = uris, .uri_count = 1};
    struct sm_diags *diags = sm_diags_create();
    struct sm_config *config = sm_config_load(&options, sm_component_types, sm_component_type_count, diags);
    assert_non_null(config);
    assert_int_equal(sm_alloy_from_collector(config, diags, &text), missing);
    for (size_t i = 0; i < text.size; i++)
        if (!strchr(" \t\n", text.ptr[i]))
            sm_bytes_append_char(&dense, text.ptr[i]);
    for (; *expected; expected++)
        if (!strstr(sm_bytes_cstr(&dense), *expected))
            fail_msg("%s lacks %s", sm_bytes_cstr(&text), *expected);
    if (absent && strstr(sm_bytes_cstr(&dense), absent))
        fail_msg("%s has %s", sm_bytes_cstr(&text), absent);
    sm_config_free(config);
    sm_diags_free(diags);
    sm_bytes_deinit(&uri);
    sm_bytes_deinit(&text);
    sm_bytes_deinit(&dense);
}
#define CHECK(pipelines, absent, ...) check((pipelines), 0, (const char *const[]){__VA_ARGS__, NULL}, (absent))

static void signals_share_a_component(void **state)
{
    (void)state;
    CHECK("traces: {receivers: [otlp], processors: [batch, batch/b], exporters: [debug]},"
          "logs: {receivers: [otlp], processors: [batch, batch/b], exporters: [debug]}",
          "_2", "traces=[otelcol.processor.batch.b.input]logs=[otelcol.processor.batch.b.input]");
}

/* Alloy refuses components that name each other in a circle, whatever the signal. */
static void a_processor_before_and_behind_a_connector_is_two_components(void **state)
{
    (void)state;
    CHECK("traces: {receivers: [otlp], processors: [batch], exporters: [span_metrics]},"
          "metrics: {receivers: [span_metrics], processors: [batch], exporters: [debug]}",
          NULL, "traces=[otelcol.connector.spanmetrics.default.input]", "metrics=[otelcol.processor.batch.default_2.input]",
          "\"default_2\"{send_batch_size=8192send_batch_max_size=0output{metrics=[otelcol.exporter.debug.default.input]}}");
}

static void processors_in_another_order_are_components_of_their_own(void **state)
{
    (void)state;
    CHECK("traces: {receivers: [otlp], processors: [batch, batch/b], exporters: [debug]},"
          "logs: {receivers: [otlp], processors: [batch/b, batch], exporters: [debug]}",
          NULL, "traces=[otelcol.processor.batch.default.input]logs=[otelcol.processor.batch.b.input]",
          "\"b\"{send_batch_size=8192send_batch_max_size=0output{traces=[otelcol.exporter.debug.default.input]"
          "logs=[otelcol.processor.batch.default_2.input]}}");
}

/* The Collector gives an exporter the data of each pipeline. */
static void two_pipelines_that_are_one_after_the_conversion_are_told(void **state)
{
    (void)state;
    static const char *const expected[] = {"traces=[otelcol.exporter.debug.default.input]", NULL};
    check("traces: {receivers: [otlp], exporters: [debug]}, traces/2: {receivers: [otlp], exporters: [debug]}", 1, expected, NULL);
    check("traces: {receivers: [otlp], exporters: [debug]}, traces/2: {receivers: [otlp], processors: [batch], exporters: [debug]}", 0,
          (const char *const[]){"traces=[otelcol.exporter.debug.default.input,otelcol.processor.batch.default.input]", NULL}, NULL);
    check("traces: {receivers: [otlp], exporters: [debug]}, logs: {receivers: [otlp], exporters: [debug]}", 0, expected, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_share_a_component),
        cmocka_unit_test(a_processor_before_and_behind_a_connector_is_two_components),
        cmocka_unit_test(processors_in_another_order_are_components_of_their_own),
        cmocka_unit_test(two_pipelines_that_are_one_after_the_conversion_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
