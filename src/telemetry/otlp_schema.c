/* otlp_schema.c - see otlp_schema.h. Source: opentelemetry-proto 1.x; names, order and what is written when empty: the reference's
 * pdata/internal/generated_proto_*.go. */
#include "telemetry/otlp_schema.h"

#include <assert.h>

#define TOKEN(camel) "\"" camel "\":"
#define NAMES(camel, snake) .token = TOKEN(camel), .snake_name = (snake), .token_size = sizeof(TOKEN(camel)) - 1, .snake_size = sizeof(snake) - 1
#define FIELD(n, camel, snake, k)                                                                                                                    \
    {                                                                                                                                                \
        NAMES(camel, snake), .number = (n), .kind = SM_KIND_##k                                                                                      \
    }
#define FLAGGED(n, camel, snake, k, f)                                                                                                               \
    {                                                                                                                                                \
        NAMES(camel, snake), .number = (n), .kind = SM_KIND_##k, .flags = (f)                                                                        \
    }
#define ENUM(n, camel, snake, table)                                                                                                                 \
    {                                                                                                                                                \
        NAMES(camel, snake), .number = (n), .kind = SM_KIND_ENUM, .enums = (table)                                                                   \
    }
#define MESSAGE(n, camel, snake, m, f)                                                                                                               \
    {                                                                                                                                                \
        NAMES(camel, snake), .number = (n), .kind = SM_KIND_MESSAGE, .flags = (f), .message = &(m)                                                   \
    }
#define DEFINE(m, size, ...)                                                                                                                         \
    static const struct sm_schema_field m##_fields[] = {__VA_ARGS__};                                                                                \
    static_assert(sizeof(m##_fields) / sizeof(m##_fields[0]) <= SM_SCHEMA_FIELDS_MAX, "more fields than readers have room for");                     \
    static const struct sm_schema_message m = {                                                                                                      \
        .fields = m##_fields, .index = __COUNTER__, .field_count = sizeof(m##_fields) / sizeof(m##_fields[0]), .size_bytes = (size)}

enum { REPEATED = SM_SCHEMA_REPEATED, ONEOF = SM_SCHEMA_ONEOF, OPTIONAL = SM_SCHEMA_OPTIONAL, ALWAYS = SM_SCHEMA_ALWAYS };

static const struct sm_schema_enum span_kinds[] = {
    {"SPAN_KIND_UNSPECIFIED", 0},
    {"SPAN_KIND_INTERNAL", 1},
    {"SPAN_KIND_SERVER", 2},
    {"SPAN_KIND_CLIENT", 3},
    {"SPAN_KIND_PRODUCER", 4},
    {"SPAN_KIND_CONSUMER", 5},
    {NULL, 0},
};

static const struct sm_schema_enum status_codes[] = {
    {"STATUS_CODE_UNSET", 0},
    {"STATUS_CODE_OK", 1},
    {"STATUS_CODE_ERROR", 2},
    {NULL, 0},
};

static const struct sm_schema_enum temporalities[] = {
    {"AGGREGATION_TEMPORALITY_UNSPECIFIED", 0},
    {"AGGREGATION_TEMPORALITY_DELTA", 1},
    {"AGGREGATION_TEMPORALITY_CUMULATIVE", 2},
    {NULL, 0},
};

static const struct sm_schema_enum severities[] = {
    {"SEVERITY_NUMBER_UNSPECIFIED", 0}, {"SEVERITY_NUMBER_TRACE", 1},
    {"SEVERITY_NUMBER_TRACE2", 2},      {"SEVERITY_NUMBER_TRACE3", 3},
    {"SEVERITY_NUMBER_TRACE4", 4},      {"SEVERITY_NUMBER_DEBUG", 5},
    {"SEVERITY_NUMBER_DEBUG2", 6},      {"SEVERITY_NUMBER_DEBUG3", 7},
    {"SEVERITY_NUMBER_DEBUG4", 8},      {"SEVERITY_NUMBER_INFO", 9},
    {"SEVERITY_NUMBER_INFO2", 10},      {"SEVERITY_NUMBER_INFO3", 11},
    {"SEVERITY_NUMBER_INFO4", 12},      {"SEVERITY_NUMBER_WARN", 13},
    {"SEVERITY_NUMBER_WARN2", 14},      {"SEVERITY_NUMBER_WARN3", 15},
    {"SEVERITY_NUMBER_WARN4", 16},      {"SEVERITY_NUMBER_ERROR", 17},
    {"SEVERITY_NUMBER_ERROR2", 18},     {"SEVERITY_NUMBER_ERROR3", 19},
    {"SEVERITY_NUMBER_ERROR4", 20},     {"SEVERITY_NUMBER_FATAL", 21},
    {"SEVERITY_NUMBER_FATAL2", 22},     {"SEVERITY_NUMBER_FATAL3", 23},
    {"SEVERITY_NUMBER_FATAL4", 24},     {NULL, 0},
};

/* ---- common. An AnyValue holds itself, so its tables are declared first. */
static const struct sm_schema_message any_value;

DEFINE(array_value, 1, MESSAGE(1, "values", "values", any_value, REPEATED));
DEFINE(key_value, 1, FIELD(1, "key", "key", STRING), MESSAGE(2, "value", "value", any_value, ALWAYS), FIELD(3, "keyStrindex", "key_strindex", INT32));
DEFINE(key_value_list, 1, MESSAGE(1, "values", "values", key_value, REPEATED));
DEFINE(any_value, 1, FLAGGED(1, "stringValue", "string_value", STRING, ONEOF), FLAGGED(2, "boolValue", "bool_value", BOOL, ONEOF),
       FLAGGED(3, "intValue", "int_value", INT64, ONEOF), FLAGGED(4, "doubleValue", "double_value", DOUBLE, ONEOF),
       MESSAGE(5, "arrayValue", "array_value", array_value, ONEOF), MESSAGE(6, "kvlistValue", "kvlist_value", key_value_list, ONEOF),
       FLAGGED(7, "bytesValue", "bytes_value", BYTES, ONEOF), FLAGGED(8, "stringValueStrindex", "string_value_strindex", INT32, ONEOF));

#define ATTRIBUTES(n) MESSAGE(n, "attributes", "attributes", key_value, REPEATED)
#define DROPPED_ATTRIBUTES(n) FIELD(n, "droppedAttributesCount", "dropped_attributes_count", UINT32)
#define SCHEMA_URL(n) FIELD(n, "schemaUrl", "schema_url", STRING)

DEFINE(entity_ref, 1, SCHEMA_URL(1), FIELD(2, "type", "type", STRING), FLAGGED(3, "idKeys", "id_keys", STRING, REPEATED),
       FLAGGED(4, "descriptionKeys", "description_keys", STRING, REPEATED));
DEFINE(resource, 2, ATTRIBUTES(1), DROPPED_ATTRIBUTES(2), MESSAGE(3, "entityRefs", "entity_refs", entity_ref, REPEATED));
DEFINE(scope, 1, FIELD(1, "name", "name", STRING), FIELD(2, "version", "version", STRING), ATTRIBUTES(3), DROPPED_ATTRIBUTES(4));

/* ---- traces */
DEFINE(event, 1, FIELD(1, "timeUnixNano", "time_unix_nano", FIXED64), FIELD(2, "name", "name", STRING), ATTRIBUTES(3), DROPPED_ATTRIBUTES(4));
DEFINE(link, 1, FIELD(1, "traceId", "trace_id", TRACE_ID), FIELD(2, "spanId", "span_id", SPAN_ID), FIELD(3, "traceState", "trace_state", STRING),
       ATTRIBUTES(4), DROPPED_ATTRIBUTES(5), FIELD(6, "flags", "flags", FIXED32));
DEFINE(status, 1, FIELD(2, "message", "message", STRING), ENUM(3, "code", "code", status_codes));
DEFINE(span, 2, FIELD(1, "traceId", "trace_id", TRACE_ID), FIELD(2, "spanId", "span_id", SPAN_ID), FIELD(3, "traceState", "trace_state", STRING),
       FIELD(4, "parentSpanId", "parent_span_id", SPAN_ID), FIELD(16, "flags", "flags", FIXED32), FIELD(5, "name", "name", STRING),
       ENUM(6, "kind", "kind", span_kinds), FIELD(7, "startTimeUnixNano", "start_time_unix_nano", FIXED64),
       FIELD(8, "endTimeUnixNano", "end_time_unix_nano", FIXED64), ATTRIBUTES(9), DROPPED_ATTRIBUTES(10),
       MESSAGE(11, "events", "events", event, REPEATED), FIELD(12, "droppedEventsCount", "dropped_events_count", UINT32),
       MESSAGE(13, "links", "links", link, REPEATED), FIELD(14, "droppedLinksCount", "dropped_links_count", UINT32),
       MESSAGE(15, "status", "status", status, ALWAYS));
DEFINE(scope_spans, 3, MESSAGE(1, "scope", "scope", scope, ALWAYS), MESSAGE(2, "spans", "spans", span, REPEATED), SCHEMA_URL(3));
DEFINE(resource_spans, 3, MESSAGE(1, "resource", "resource", resource, ALWAYS), MESSAGE(2, "scopeSpans", "scope_spans", scope_spans, REPEATED),
       SCHEMA_URL(3), MESSAGE(1000, "deprecatedScopeSpans", "deprecated_scope_spans", scope_spans, REPEATED));
DEFINE(traces_request, 4, MESSAGE(1, "resourceSpans", "resource_spans", resource_spans, REPEATED));

/* ---- metrics */
#define START_TIME FIELD(2, "startTimeUnixNano", "start_time_unix_nano", FIXED64)
#define TIME(n) FIELD(n, "timeUnixNano", "time_unix_nano", FIXED64)
#define TEMPORALITY ENUM(2, "aggregationTemporality", "aggregation_temporality", temporalities)
#define FLAGS(n) FIELD(n, "flags", "flags", UINT32)

DEFINE(exemplar, 1, MESSAGE(7, "filteredAttributes", "filtered_attributes", key_value, REPEATED), TIME(2),
       FLAGGED(3, "asDouble", "as_double", DOUBLE, ONEOF), FLAGGED(6, "asInt", "as_int", SFIXED64, ONEOF), FIELD(5, "traceId", "trace_id", TRACE_ID),
       FIELD(4, "spanId", "span_id", SPAN_ID));
DEFINE(number_point, 1, ATTRIBUTES(7), START_TIME, TIME(3), FLAGGED(4, "asDouble", "as_double", DOUBLE, ONEOF),
       FLAGGED(6, "asInt", "as_int", SFIXED64, ONEOF), MESSAGE(5, "exemplars", "exemplars", exemplar, REPEATED), FLAGS(8));
DEFINE(histogram_point, 2, ATTRIBUTES(9), START_TIME, TIME(3), FIELD(4, "count", "count", FIXED64), FLAGGED(5, "sum", "sum", DOUBLE, OPTIONAL),
       FLAGGED(6, "bucketCounts", "bucket_counts", FIXED64, REPEATED), FLAGGED(7, "explicitBounds", "explicit_bounds", DOUBLE, REPEATED),
       MESSAGE(8, "exemplars", "exemplars", exemplar, REPEATED), FLAGS(10), FLAGGED(11, "min", "min", DOUBLE, OPTIONAL),
       FLAGGED(12, "max", "max", DOUBLE, OPTIONAL));
DEFINE(buckets, 1, FIELD(1, "offset", "offset", SINT32), FLAGGED(2, "bucketCounts", "bucket_counts", UINT64, REPEATED));
DEFINE(exponential_point, 2, ATTRIBUTES(1), START_TIME, TIME(3), FIELD(4, "count", "count", FIXED64), FLAGGED(5, "sum", "sum", DOUBLE, OPTIONAL),
       FIELD(6, "scale", "scale", SINT32), FIELD(7, "zeroCount", "zero_count", FIXED64), MESSAGE(8, "positive", "positive", buckets, ALWAYS),
       MESSAGE(9, "negative", "negative", buckets, ALWAYS), FLAGS(10), MESSAGE(11, "exemplars", "exemplars", exemplar, REPEATED),
       FLAGGED(12, "min", "min", DOUBLE, OPTIONAL), FLAGGED(13, "max", "max", DOUBLE, OPTIONAL),
       FIELD(14, "zeroThreshold", "zero_threshold", DOUBLE));
DEFINE(quantile, 1, FIELD(1, "quantile", "quantile", DOUBLE), FIELD(2, "value", "value", DOUBLE));
DEFINE(summary_point, 1, ATTRIBUTES(7), START_TIME, TIME(3), FIELD(4, "count", "count", FIXED64), FIELD(5, "sum", "sum", DOUBLE),
       MESSAGE(6, "quantileValues", "quantile_values", quantile, REPEATED), FLAGS(8));
DEFINE(gauge, 2, MESSAGE(1, "dataPoints", "data_points", number_point, REPEATED));
DEFINE(sum, 2, MESSAGE(1, "dataPoints", "data_points", number_point, REPEATED), TEMPORALITY, FIELD(3, "isMonotonic", "is_monotonic", BOOL));
DEFINE(histogram, 2, MESSAGE(1, "dataPoints", "data_points", histogram_point, REPEATED), TEMPORALITY);
DEFINE(exponential_histogram, 2, MESSAGE(1, "dataPoints", "data_points", exponential_point, REPEATED), TEMPORALITY);
DEFINE(summary, 2, MESSAGE(1, "dataPoints", "data_points", summary_point, REPEATED));
DEFINE(metric, 2, FIELD(1, "name", "name", STRING), FIELD(2, "description", "description", STRING), FIELD(3, "unit", "unit", STRING),
       MESSAGE(5, "gauge", "gauge", gauge, ONEOF), MESSAGE(7, "sum", "sum", sum, ONEOF), MESSAGE(9, "histogram", "histogram", histogram, ONEOF),
       MESSAGE(10, "exponentialHistogram", "exponential_histogram", exponential_histogram, ONEOF), MESSAGE(11, "summary", "summary", summary, ONEOF),
       MESSAGE(12, "metadata", "metadata", key_value, REPEATED));
DEFINE(scope_metrics, 3, MESSAGE(1, "scope", "scope", scope, ALWAYS), MESSAGE(2, "metrics", "metrics", metric, REPEATED), SCHEMA_URL(3));
DEFINE(resource_metrics, 3, MESSAGE(1, "resource", "resource", resource, ALWAYS),
       MESSAGE(2, "scopeMetrics", "scope_metrics", scope_metrics, REPEATED), SCHEMA_URL(3),
       MESSAGE(1000, "deprecatedScopeMetrics", "deprecated_scope_metrics", scope_metrics, REPEATED));
DEFINE(metrics_request, 4, MESSAGE(1, "resourceMetrics", "resource_metrics", resource_metrics, REPEATED));

/* ---- logs */
DEFINE(log_record, 2, TIME(1), FIELD(11, "observedTimeUnixNano", "observed_time_unix_nano", FIXED64),
       ENUM(2, "severityNumber", "severity_number", severities), FIELD(3, "severityText", "severity_text", STRING),
       MESSAGE(5, "body", "body", any_value, ALWAYS), ATTRIBUTES(6), DROPPED_ATTRIBUTES(7), FIELD(8, "flags", "flags", FIXED32),
       FIELD(9, "traceId", "trace_id", TRACE_ID), FIELD(10, "spanId", "span_id", SPAN_ID), FIELD(12, "eventName", "event_name", STRING));
DEFINE(scope_logs, 3, MESSAGE(1, "scope", "scope", scope, ALWAYS), MESSAGE(2, "logRecords", "log_records", log_record, REPEATED), SCHEMA_URL(3));
DEFINE(resource_logs, 3, MESSAGE(1, "resource", "resource", resource, ALWAYS), MESSAGE(2, "scopeLogs", "scope_logs", scope_logs, REPEATED),
       SCHEMA_URL(3), MESSAGE(1000, "deprecatedScopeLogs", "deprecated_scope_logs", scope_logs, REPEATED));
DEFINE(logs_request, 4, MESSAGE(1, "resourceLogs", "resource_logs", resource_logs, REPEATED));

static_assert(__COUNTER__ <= SM_SCHEMA_MESSAGES_MAX, "more messages than readers have room for");

const struct sm_schema_message *sm_schema_request(enum sm_signal signal)
{
    return signal == SM_TRACES ? &traces_request : signal == SM_METRICS ? &metrics_request : &logs_request;
}

const struct sm_schema_message *sm_schema_attribute(void)
{
    return &key_value;
}
