/* What messages a request becomes: how many, where they go, and with which keys. Hashes of resources are those that the reference sent. */
#include "exporters/kafka/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "telemetry/metadata.h"
#include "telemetry/otlp.h"

#define RESOURCE(number, text)                                                                                                                       \
    "\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"s" number "\"}},"                                          \
    "{\"key\":\"n\",\"value\":{\"intValue\":\"" number "\"}}" text "]}"
#define TOPIC ",{\"key\":\"topic\",\"value\":{\"stringValue\":\"own\"}}"
#define SPAN(id) "{\"traceId\":\"" id "\",\"spanId\":\"0102030405060708\",\"name\":\"a\"}"
#define LOG(id) "{\"traceId\":\"" id "\",\"body\":{\"stringValue\":\"x\"}}"
#define TRACE_1 "0102030405060708090a0b0c0d0e0f10"
#define TRACE_2 "ff02030405060708090a0b0c0d0e0f10"

static const char *const inputs[SM_SIGNAL_COUNT] = {
    [SM_TRACES] = "{\"resourceSpans\":[{" RESOURCE("0", "") ",\"scopeSpans\":[{\"spans\":[" SPAN(TRACE_1) "," SPAN(TRACE_2) "," SPAN(
        TRACE_1) "]}]},{" RESOURCE("1", TOPIC) ",\"scopeSpans\":[{\"spans\":[" SPAN(TRACE_1) "]}]}]}",
    [SM_METRICS] = "{\"resourceMetrics\":[{" RESOURCE(
        "0", "") ",\"scopeMetrics\":[{\"metrics\":[{\"name\":\"m\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"1\"},{\"asInt\":\"2\"}]}}]}]},"
                 "{" RESOURCE("1", "") ",\"scopeMetrics\":[{\"metrics\":[{\"name\":\"m\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"1\"}]}}]}]}]}",
    [SM_LOGS] = "{\"resourceLogs\":[{" RESOURCE("0", "") ",\"scopeLogs\":[{\"logRecords\":[" LOG("") "," LOG(TRACE_2) "]}]},{" RESOURCE(
        "1", TOPIC) ",\"scopeLogs\":[{\"logRecords\":[" LOG(TRACE_1) "]}]}]}",
};

struct list {
    struct sm_bytes text; /* "topic key items;" for every message */
    enum sm_signal signal;
    bool is_json;
};

static void add_message(const struct sm_kafka_message *message, void *context)
{
    struct list *list = context;
    struct sm_decode_error error;
    struct sm_bytes value = message->value;
    struct sm_buffer *buffer = sm_buffer_try_copy(sm_bytes_slice(&value));
    struct sm_batch *batch =
        list->is_json ? sm_otlp_decode_json(list->signal, sm_bytes_slice(&value), &error) : sm_otlp_decode_protobuf(list->signal, buffer, &error);
    assert_non_null(batch);
    sm_bytes_printf(&list->text, "%.*s ", SM_SLICE_ARGS(message->topic));
    if (!message->has_key)
        sm_bytes_append_text(&list->text, "none");
    bool is_hash = message->key.size == 16;
    for (size_t i = 0; is_hash && i < message->key.size; i++)
        sm_bytes_printf(&list->text, "%02x", (unsigned char)message->key.ptr[i]);
    if (!is_hash)
        sm_bytes_append_slice(&list->text, message->key);
    sm_bytes_printf(&list->text, " %zu;", batch->item_count);
    sm_batch_release(batch);
    sm_buffer_release(buffer);
    sm_bytes_deinit(&value);
}

static void expect(const struct sm_kafka_options *options, enum sm_signal signal, const char *wanted)
{
    struct sm_decode_error error;
    struct sm_batch *batch = sm_otlp_decode_json(signal, sm_slice_of(inputs[signal]), &error);
    struct list list = {.signal = signal, .is_json = strcmp(sm_kafka_signal(options, signal)->encoding, "otlp_json") == 0};
    assert_non_null(batch);
    batch->metadata = sm_metadata_create();
    sm_metadata_add(batch->metadata, SM_SLICE("X-Tenant"), SM_SLICE("t1"));
    sm_kafka_messages_make(options, batch, add_message, &list);
    assert_string_equal(sm_bytes_cstr(&list.text), wanted);
    sm_bytes_deinit(&list.text);
    sm_batch_release(batch);
}

static struct sm_kafka_options defaults(struct sm_arena *arena)
{
    struct sm_kafka_options options;
    memset(&options, 0, sizeof(options));
    sm_options_fill_defaults(sm_kafka_option_table, &options, sizeof(options), arena);
    return options;
}

static void a_request_is_one_message_by_default(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_kafka_options options = defaults(&arena);
    expect(&options, SM_TRACES, "otlp_spans none 4;");
    expect(&options, SM_METRICS, "otlp_metrics none 3;");
    options.logs.encoding = "otlp_json";
    expect(&options, SM_LOGS, "otlp_logs none 3;");
    sm_arena_deinit(&arena);
}

static void keys_are_traces_or_resources(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_kafka_options options = defaults(&arena);
    options.partition_traces_by_id = options.partition_logs_by_trace_id = options.partition_metrics_by_resource_attributes = true;
    expect(&options, SM_TRACES, "otlp_spans " TRACE_1 " 2;otlp_spans " TRACE_2 " 1;otlp_spans " TRACE_1 " 1;");
    expect(&options, SM_LOGS, "otlp_logs none 1;otlp_logs " TRACE_2 " 1;otlp_logs " TRACE_1 " 1;");
    expect(&options, SM_METRICS, "otlp_metrics f533ba259d3aaef40c8b11df53c26167 2;otlp_metrics 288eddf9ae8029c804282e14c81051ba 1;");
    sm_arena_deinit(&arena);
}

static void topics_and_keys_come_from_headers_and_attributes(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_kafka_options options = defaults(&arena);
    options.topic_from_attribute = "topic";
    options.metrics.topic_from_metadata_key = "x-tenant";
    options.metrics.message_key_from_metadata_key = "x-tenant";
    options.traces.message_key_from_metadata_key = "x-other";
    expect(&options, SM_TRACES, "otlp_spans none 3;own none 1;");
    expect(&options, SM_METRICS, "t1 t1 2;t1 t1 1;");
    options.partition_logs_by_resource_attributes = true;
    options.topic_from_attribute = "";
    options.logs.topic = "l";
    options.logs.encoding = "otlp_json";
    expect(&options, SM_METRICS, "t1 t1 3;");
    sm_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_one_message_by_default),
        cmocka_unit_test(keys_are_traces_or_resources),
        cmocka_unit_test(topics_and_keys_come_from_headers_and_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
