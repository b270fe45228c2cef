/* OTLP's log records as Datadog's: attributes by their names, IDs, severities, times, hosts, services and tags. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "exporters/datadog/log_map.h"
#include "telemetry/log_record.h"
#include "telemetry/otlp.h"

/* By the rules of opentelemetry-mapping-go pkg/otlp/logs v0.21.0; IDs in decimal are the last eight bytes of those in hexadecimal. `resource` and
 * `attributes` are lists of OTLP/JSON, `record` further fields of the record. */
struct row {
    const char *about, *resource, *attributes, *record, *expected;
};

#define TEXT(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define NUMBER(key, value) "{\"key\":\"" key "\",\"value\":{\"intValue\":\"" value "\"}}"
#define MAP(key, entries) "{\"key\":\"" key "\",\"value\":{\"kvlistValue\":{\"values\":[" entries "]}}}"
#define TRACE_ID "437ab4d83468c540bb0f3398a39faa59"
#define SPAN_ID "2e26da881214cd7c"
#define IDS                                                                                                                                          \
    "\"dd.trace_id\":\"13479048940416379481\",\"otel.trace_id\":\"" TRACE_ID "\",\"dd.span_id\":\"3325585652813450620\",\"otel.span_id\":\"" SPAN_ID \
    "\""
#define OWN_TAG "\"ddtags\":\"otel_source:datadog_exporter\""

static const struct row rows[] = {
    {"an attribute and a severity", "", TEXT("app", "a"), "\"severityNumber\":5",
     "{\"message\":\"\"," OWN_TAG ",\"app\":\"a\",\"status\":\"debug\",\"otel.severity_number\":\"5\"}"},
    {"numbers become texts", "", NUMBER("n", "7"), "\"severityNumber\":9",
     "{\"message\":\"\"," OWN_TAG ",\"n\":\"7\",\"status\":\"info\",\"otel.severity_number\":\"9\"}"},
    {"the resource's service and attributes", TEXT("service.name", "shop") "," TEXT("k", "v"), "", "\"body\":{\"stringValue\":\"hello\"}",
     "{\"message\":\"hello\",\"ddtags\":\"service:shop,otel_source:datadog_exporter\",\"service\":\"shop\",\"service.name\":\"shop\",\"k\":\"v\","
     "\"status\":\"\"}"},
    {"further tags", TEXT("service.name", "shop"), TEXT("ddtags", "foo:bar"), "\"severityNumber\":1",
     "{\"message\":\"\",\"ddtags\":\"service:shop,foo:bar,otel_source:datadog_exporter\",\"service\":\"shop\",\"service.name\":\"shop\","
     "\"status\":\"trace\",\"otel.severity_number\":\"1\"}"},
    {"the record's service", "", TEXT("service.name", "shop"), "\"severityNumber\":13",
     "{\"message\":\"\"," OWN_TAG ",\"service\":\"shop\",\"service.name\":\"shop\",\"status\":\"warn\",\"otel.severity_number\":\"13\"}"},
    {"its own IDs", "", "", "\"traceId\":\"" TRACE_ID "\",\"spanId\":\"" SPAN_ID "\"", "{\"message\":\"\"," OWN_TAG "," IDS ",\"status\":\"\"}"},
    {"IDs in attributes", "", TEXT("traceid", TRACE_ID) "," TEXT("SPANID", SPAN_ID), "", "{\"message\":\"\"," OWN_TAG "," IDS ",\"status\":\"\"}"},
    {"IDs in attributes with underscores", "", TEXT("trace_id", TRACE_ID) "," TEXT("span_id", SPAN_ID), "",
     "{\"message\":\"\"," OWN_TAG "," IDS ",\"status\":\"\"}"},
    {"what is no ID is left out", "", TEXT("traceid", "invalid") "," TEXT("spanid", "2e26"), "", "{\"message\":\"\"," OWN_TAG ",\"status\":\"\"}"},
    {"the severity's text outranks its number", "", "", "\"severityNumber\":5,\"severityText\":\"alert\"",
     "{\"message\":\"\"," OWN_TAG ",\"status\":\"alert\",\"otel.severity_text\":\"alert\",\"otel.severity_number\":\"5\"}"},
    {"an attribute outranks both", "", TEXT("level", "error"), "\"severityNumber\":5,\"severityText\":\"alert\"",
     "{\"message\":\"\"," OWN_TAG ",\"status\":\"error\",\"otel.severity_text\":\"alert\",\"otel.severity_number\":\"5\"}"},
    {"a severity that is none", "", "", "\"severityNumber\":25",
     "{\"message\":\"\"," OWN_TAG ",\"status\":\"error\",\"otel.severity_number\":\"25\"}"},
    {"a message among the attributes outranks the body", "", TEXT("msg", "from attribute"), "\"body\":{\"stringValue\":\"from body\"}",
     "{\"message\":\"from attribute\"," OWN_TAG ",\"status\":\"\"}"},
    {"hosts and services by their plain names are not the record's", TEXT("hostname", "h") "," TEXT("service", "s"), "", "\"severityNumber\":21",
     "{\"message\":\"\","
     "\"ddtags\":\"service:s,otel_source:datadog_exporter\",\"otel.hostname\":\"h\",\"otel.service\":\"s\",\"status\":\"fatal\",\"otel.severity_"
     "number\":\"21\"}"},
    {"maps become attributes of their own", "", MAP("root", MAP("a", TEXT("b", "1")) "," TEXT("c", "2")), "",
     "{\"message\":\"\"," OWN_TAG ",\"root.a.b\":\"1\",\"root.c\":\"2\",\"status\":\"\"}"},
    {"an empty map becomes nothing", "", MAP("root", ""), "", "{\"message\":\"\"," OWN_TAG ",\"status\":\"\"}"},
    {"a deep one stays a text", "",
     MAP("1", MAP("2", MAP("3", MAP("4", MAP("5", MAP("6", MAP("7", MAP("8", MAP("9", MAP("10", MAP("11", TEXT("12", "x")))))))))))), "",
     "{\"message\":\"\"," OWN_TAG ",\"1.2.3.4.5.6.7.8.9.10\":\"{\\\"11\\\":{\\\"12\\\":\\\"x\\\"}}\",\"status\":\"\"}"},
    {"times in milliseconds and nanoseconds", "", "", "\"timeUnixNano\":\"1700499303397000000\"",
     "{\"message\":\"\"," OWN_TAG ",\"status\":\"\",\"@timestamp\":\"2023-11-20T16:55:03.397Z\",\"otel.timestamp\":\"1700499303397000000\"}"},
};

static struct sm_batch *decode(const struct row *row)
{
    struct sm_bytes text = {0};
    struct sm_decode_error error;
    sm_bytes_printf(&text, "{\"resourceLogs\":[{\"resource\":{\"attributes\":[%s]},\"scopeLogs\":[{\"logRecords\":[{\"attributes\":[%s]%s%s}]}]}]}",
                    row->resource, row->attributes, *row->record ? "," : "", row->record);
    struct sm_batch *batch = sm_otlp_decode_json(SM_LOGS, sm_bytes_slice(&text), &error);
    if (!batch)
        fail_msg("%s: %s", row->about, error.reason);
    sm_bytes_deinit(&text);
    return batch;
}

static void records_become_those_of_datadog(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_batch *batch = decode(&rows[i]);
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_bytes out = {0};
        struct sm_log_map map;
        sm_log_map_begin(&map, &batch->groups[0], &arena);
        struct sm_log_item item = sm_log_map_record(&map, &batch->groups[0].scopes[0].log_records[0], &arena);
        sm_log_item_put_json(&item, true, &out);
        json_t *got = json_loadb(out.ptr, out.size, 0, NULL), *expected = json_loads(rows[i].expected, 0, NULL);
        assert_non_null(got);
        assert_non_null(expected);
        if (!json_equal(got, expected))
            fail_msg("%s: %.*s instead of %s", rows[i].about, (int)out.size, out.ptr, rows[i].expected);
        json_decref(got);
        json_decref(expected);
        sm_bytes_deinit(&out);
        sm_arena_deinit(&arena);
        sm_batch_release(batch);
    }
}

static void what_is_no_id_is_told(void **state)
{
    (void)state;
    const struct row row = {.about = "bad IDs", .resource = "", .attributes = TEXT("traceid", "x") "," TEXT("spanid", SPAN_ID), .record = ""};
    struct sm_batch *batch = decode(&row);
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_log_map map;
    sm_log_map_begin(&map, &batch->groups[0], &arena);
    struct sm_log_item item = sm_log_map_record(&map, &batch->groups[0].scopes[0].log_records[0], &arena);
    assert_true(item.has_bad_trace_id);
    assert_false(item.has_bad_span_id);
    sm_arena_deinit(&arena);
    sm_batch_release(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(records_become_those_of_datadog), cmocka_unit_test(what_is_no_id_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
