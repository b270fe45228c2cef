#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char written[65536];

/* Runs `write` with the log going to a pipe; what it wrote is in `written`. */
static void capture(struct sm_log_options options, void (*write_lines)(void))
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    options.fd = ends[1];
    sm_log_configure(&options);
    write_lines();
    sm_log_configure(&SM_LOG_OPTIONS_DEFAULT);
    close(ends[1]);
    size_t size = 0;
    for (ssize_t more; (more = read(ends[0], written + size, sizeof(written) - 1 - size)) > 0;)
        size += (size_t)more;
    written[size] = '\0';
    close(ends[0]);
}

static void write_example(void)
{
    static const struct sm_logger logger = {.kind = "exporter", .id = "otlp_http/eu", .signal = "traces"};
    sm_log(SM_LOG_WARN, &logger, "export failed", SM_LOG_STR("error", "a \"b\"\n\x01\xff"), SM_LOG_INT("spans", -3), SM_LOG_DOUBLE("share", 0.5),
           SM_LOG_BOOL("permanent", true), SM_LOG_NS("after", 1500000000));
}

static void writes_the_two_forms_of_the_reference(void **state)
{
    (void)state;
    const struct sm_log_field resource[] = {SM_LOG_STR("service.name", "x")};
    struct sm_log_options options = SM_LOG_OPTIONS_DEFAULT;
    options.resource = resource;
    options.resource_count = 1;
    options.disable_caller = true;
    capture(options, write_example);
    assert_string_equal(
        strchr(written, '\t'),
        "\twarn\texport failed\t{\"resource\": {\"service.name\": \"x\"}, \"otelcol.component.id\": \"otlp_http/eu\", "
        "\"otelcol.component.kind\": \"exporter\", \"otelcol.signal\": \"traces\", \"error\": \"a \\\"b\\\"\\n\\u0001\\ufffd\", \"spans\": -3, "
        "\"share\": 0.5, \"permanent\": true, \"after\": 1.5}\n");
    options.encoding = SM_LOG_ENCODING_JSON;
    capture(options, write_example);
    assert_memory_equal(written, "{\"level\":\"warn\",\"ts\":\"", 22);
    assert_non_null(strstr(written, "Z\",\"msg\":\"export failed\",\"resource\":{\"service.name\":\"x\"},\"otelcol.component.id\":\"otlp_http/eu\""));
    assert_non_null(strstr(written, ",\"after\":1.5}\n"));
}

static void write_without_fields(void)
{
    sm_log(SM_LOG_INFO, NULL, "ready");
}

static void a_line_without_fields_ends_with_its_event(void **state)
{
    (void)state;
    capture(SM_LOG_OPTIONS_DEFAULT, write_without_fields);
    assert_non_null(strstr(written, "\tinfo\tbase/log_test.c:"));
    assert_non_null(strstr(written, "\tready\n"));
}

static void write_debug(void)
{
    sm_log(SM_LOG_DEBUG, NULL, "hidden");
}

static void what_is_below_the_level_is_not_written(void **state)
{
    (void)state;
    capture(SM_LOG_OPTIONS_DEFAULT, write_debug);
    assert_string_equal(written, "");
}

static void write_many(void)
{
    for (int i = 0; i < 250; i++)
        sm_log(SM_LOG_INFO, NULL, "again");
}

static void repeats_of_one_call_site_are_limited_and_told(void **state)
{
    (void)state;
    capture(SM_LOG_OPTIONS_DEFAULT, write_many);
    size_t lines = 0;
    for (const char *at = written; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, 12); /* the first 10, then every 100th */
    assert_non_null(strstr(written, "{\"suppressed\": 99}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_two_forms_of_the_reference),
        cmocka_unit_test(a_line_without_fields_ends_with_its_event),
        cmocka_unit_test(what_is_below_the_level_is_not_written),
        cmocka_unit_test(repeats_of_one_call_site_are_limited_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
