/* Who sends how much: series by service and environment, of a bounded number. */
#include "pipeline/volume_counts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pipeline/own_metrics.h"
#include "telemetry/batch.h"
#include "telemetry/otlp.h"

static const struct sm_own_metric
    spans_metric = {.name = "test_spans", .help = "h", .unit = "1", .kind = SM_OWN_COUNTER, .level = SM_OWN_LEVEL_BASIC},
    bytes_metric = {.name = "test_bytes", .help = "h", .unit = "By", .kind = SM_OWN_COUNTER, .level = SM_OWN_LEVEL_BASIC};

/* One resource with the attribute `environment_key` and two spans of 18 and 20 bytes. */
static void add(struct sm_volume_counts *counts, const char *service, const char *environment_key, const char *environment)
{
    char text[512];
    snprintf(text, sizeof(text),
             "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"%s\"}},"
             "{\"key\":\"%s\",\"value\":{\"stringValue\":\"%s\"}}]},"
             "\"scopeSpans\":[{\"spans\":[{\"traceId\":\"00000000000000000000000000000001\"},"
             "{\"traceId\":\"00000000000000000000000000000001\",\"kind\":1}]}]}]}",
             service, environment_key, environment);
    struct sm_decode_error error;
    struct sm_batch *batch = sm_otlp_decode_json(SM_TRACES, sm_slice_of(text), &error);
    assert_non_null(batch);
    sm_volume_counts_add(counts, batch);
    sm_batch_release(batch);
}

static int64_t read_series(const struct sm_own_metric *metric, const char *component, const char *service, const char *environment)
{
    struct sm_bytes json = {0};
    char wanted[256];
    struct sm_batch *batch = sm_own_metrics_collect();
    sm_otlp_encode_json(batch, &json);
    sm_batch_release(batch);
    snprintf(wanted, sizeof(wanted),
             "{\"key\":\"environment\",\"value\":{\"stringValue\":\"%s\"}},{\"key\":\"processor\",\"value\":{\"stringValue\":\"%s\"}},"
             "{\"key\":\"service\",\"value\":{\"stringValue\":\"%s\"}}",
             environment, component, service);
    const char *of_metric = strstr(sm_bytes_cstr(&json), metric->name), *end = of_metric ? strstr(of_metric + 1, "\"name\":") : NULL;
    const char *series = of_metric ? strstr(of_metric, wanted) : NULL;
    int64_t value = -1;
    if (series && (!end || series < end)) {
        const char *number = strstr(series, "\"asInt\":\"");
        const char *as_double = strstr(series, "\"asDouble\":");
        if (number && (!as_double || number < as_double))
            value = strtoll(number + 9, NULL, 10);
        else if (as_double)
            value = (int64_t)strtod(as_double + 11, NULL);
    }
    sm_bytes_deinit(&json);
    return value;
}

static void counts_spans_and_bytes_by_service_and_environment(void **state)
{
    (void)state;
    struct sm_volume_counts *counts = sm_volume_counts_create(&spans_metric, &bytes_metric, "processor", "volume/a", 10);
    add(counts, "shop", "deployment.environment.name", "prod");
    add(counts, "shop", "deployment.environment", "prod");
    add(counts, "shop", "env", "test");
    add(counts, "cart", "env", "prod");
    add(counts, "cart", "unrelated", "x");
    assert_int_equal(read_series(&spans_metric, "volume/a", "shop", "prod"), 4);
    assert_int_equal(read_series(&spans_metric, "volume/a", "shop", "test"), 2);
    assert_int_equal(read_series(&spans_metric, "volume/a", "cart", "prod"), 2);
    assert_int_equal(read_series(&spans_metric, "volume/a", "cart", ""), 2);
    /* Resource: 2 + 22 (service.name) and 2 + 13 (env) bytes; spans: 18 and 20. */
    assert_int_equal(read_series(&bytes_metric, "volume/a", "shop", "test"), 24 + 15 + 38);
    sm_volume_counts_free(counts);
}

static void counts_services_above_the_limit_together(void **state)
{
    (void)state;
    struct sm_volume_counts *counts = sm_volume_counts_create(&spans_metric, &bytes_metric, "processor", "volume/b", 2);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 50; i++) {
            char service[16];
            snprintf(service, sizeof(service), "s%d", i);
            add(counts, service, "env", "e");
        }
    assert_int_equal(read_series(&spans_metric, "volume/b", "s0", "e"), 4);
    assert_int_equal(read_series(&spans_metric, "volume/b", "s1", "e"), 4);
    assert_int_equal(read_series(&spans_metric, "volume/b", "s2", "e"), -1);
    assert_int_equal(read_series(&spans_metric, "volume/b", "_other", "_other"), 48 * 4);
    sm_volume_counts_free(counts);
}

static void note_volume(const struct sm_volume *volume, void *context)
{
    struct sm_bytes *noted = context;
    if (noted->size)
        sm_bytes_append_char(noted, ' ');
    sm_bytes_printf(noted, "%s/%s:%d/%d", volume->service, volume->environment, (int)volume->spans, (int)volume->bytes);
}

static void shows_every_combination_and_what_overflowed(void **state)
{
    (void)state;
    struct sm_bytes noted = {0};
    struct sm_volume_counts *counts = sm_volume_counts_create(&spans_metric, &bytes_metric, "processor", "volume/c", 1);
    sm_volume_counts_visit(counts, note_volume, &noted);
    assert_int_equal(noted.size, 0);
    add(counts, "shop", "env", "test");
    add(counts, "cart", "env", "test");
    add(counts, "mail", "env", "test");
    sm_volume_counts_visit(counts, note_volume, &noted);
    assert_string_equal(sm_bytes_cstr(&noted), "shop/test:2/77 _other/_other:4/154");
    sm_bytes_deinit(&noted);
    sm_volume_counts_free(counts);
}

/* A cut character, or a wrong byte, would spoil all that is read with it. */
static void names_series_with_whole_characters(void **state)
{
    (void)state;
    struct sm_volume_counts *counts = sm_volume_counts_create(&spans_metric, &bytes_metric, "processor", "volume/d", 10);
    char service[256] = "", expected[256] = "";
    memset(service, 'a', 199);
    memset(expected, 'a', 199);
    strcat(service, "\xc3\xa9"); /* its second byte is the 201st */
    add(counts, service, "env", "x\xffy");
    assert_int_equal(read_series(&spans_metric, "volume/d", expected, "x\xef\xbf\xbdy"), 2);
    sm_volume_counts_free(counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_spans_and_bytes_by_service_and_environment),
        cmocka_unit_test(counts_services_above_the_limit_together),
        cmocka_unit_test(shows_every_combination_and_what_overflowed),
        cmocka_unit_test(names_series_with_whole_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
