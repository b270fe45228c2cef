/* otlp_answer.c - see otlp_answer.h. Source: opentelemetry-proto collector services, google/rpc/status.proto, google/rpc/error_details.proto. */
#include "exporters/otlp_answer.h"

#include "base/clock.h"
#include "wire/protobuf.h"

#include <jansson.h>
#include <stdlib.h>

#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define ARCHITECTURE "arm64"
#else
#define ARCHITECTURE "unknown"
#endif

const char SM_OTLP_USER_AGENT[] = "spanmill/" SPANMILL_VERSION " (linux/" ARCHITECTURE ")";

static const char *const dropped_names[SM_SIGNAL_COUNT] = {
    [SM_TRACES] = "dropped_spans", [SM_METRICS] = "dropped_data_points", [SM_LOGS] = "dropped_log_records"};

static void log_partial(const struct sm_component *exporter, enum sm_signal signal, struct sm_slice message, int64_t rejected)
{
    if (message.size == 0 && rejected == 0)
        return;
    sm_log(SM_LOG_WARN, &exporter->logger, "Partial success response", SM_LOG_SLICE("message", message), SM_LOG_INT(dropped_names[signal], rejected));
}

/* ---- protobuf */

enum { RESPONSE_PARTIAL_SUCCESS = 1, PARTIAL_REJECTED = 1, PARTIAL_MESSAGE = 2 };

static const char *read_partial(struct sm_slice bytes, int64_t *rejected, struct sm_slice *message)
{
    struct sm_proto_cursor cursor = sm_proto_begin(bytes);
    struct sm_proto_field field;
    while (sm_proto_next(&cursor, &field)) {
        if (field.number == PARTIAL_REJECTED && field.type == SM_WIRE_VARINT)
            *rejected = (int64_t)field.integer;
        else if (field.number == PARTIAL_MESSAGE && field.type == SM_WIRE_BYTES)
            *message = field.bytes;
    }
    return cursor.error;
}

bool sm_otlp_log_partial_success(const struct sm_component *exporter, enum sm_signal signal, struct sm_slice response, const char **reason)
{
    struct sm_proto_cursor cursor = sm_proto_begin(response);
    struct sm_proto_field field;
    int64_t rejected = 0;
    struct sm_slice message = {0};
    const char *error = NULL;
    while (!error && sm_proto_next(&cursor, &field)) {
        if (field.number != RESPONSE_PARTIAL_SUCCESS)
            continue;
        error = field.type == SM_WIRE_BYTES ? read_partial(field.bytes, &rejected, &message) : "wrong wire type for partial_success";
    }
    if (!error)
        error = cursor.error;
    if (error) {
        *reason = error;
        return false;
    }
    log_partial(exporter, signal, message, rejected);
    return true;
}

/* ---- JSON */

static json_t *member(json_t *object, const char *name, const char *other_name)
{
    json_t *value = json_object_get(object, name);
    return value ? value : json_object_get(object, other_name);
}

static int64_t read_count(json_t *value)
{
    if (json_is_string(value))
        return strtoll(json_string_value(value), NULL, 10);
    return json_is_integer(value) ? json_integer_value(value) : 0;
}

bool sm_otlp_log_partial_success_json(const struct sm_component *exporter, enum sm_signal signal, struct sm_slice response)
{
    static const char *const names[SM_SIGNAL_COUNT][2] = {[SM_TRACES] = {"rejectedSpans", "rejected_spans"},
                                                          [SM_METRICS] = {"rejectedDataPoints", "rejected_data_points"},
                                                          [SM_LOGS] = {"rejectedLogRecords", "rejected_log_records"}};
    json_t *root = json_loadb(response.ptr, response.size, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, NULL);
    if (!json_is_object(root) && !json_is_null(root)) {
        json_decref(root);
        return false;
    }
    json_t *partial = member(root, "partialSuccess", "partial_success");
    json_t *message = member(partial, "errorMessage", "error_message");
    log_partial(exporter, signal, sm_slice_of(json_is_string(message) ? json_string_value(message) : ""),
                read_count(member(partial, names[signal][0], names[signal][1])));
    json_decref(root);
    return true;
}

/* ---- google.rpc.Status */

enum {
    STATUS_CODE = 1,
    STATUS_MESSAGE = 2,
    STATUS_DETAILS = 3,
    ANY_TYPE = 1,
    ANY_VALUE = 2,
    RETRY_INFO_DELAY = 1,
    DURATION_SECONDS = 1,
    DURATION_NANOS = 2
};

static uint64_t read_duration(struct sm_slice bytes)
{
    struct sm_proto_cursor cursor = sm_proto_begin(bytes);
    struct sm_proto_field field;
    uint64_t seconds = 0, nanos = 0, result;
    while (sm_proto_next(&cursor, &field)) {
        if (field.number == DURATION_SECONDS)
            seconds = field.integer;
        else if (field.number == DURATION_NANOS)
            nanos = field.integer;
    }
    /* Negative ones come as huge numbers. */
    if (seconds > INT32_MAX || nanos >= SM_NS_PER_S || __builtin_mul_overflow(seconds, SM_NS_PER_S, &result))
        return 0;
    return result + nanos;
}

static void read_retry_info(struct sm_slice bytes, struct sm_otlp_status *status)
{
    struct sm_proto_cursor cursor = sm_proto_begin(bytes);
    struct sm_proto_field field;
    status->has_retry_info = true;
    while (sm_proto_next(&cursor, &field))
        if (field.number == RETRY_INFO_DELAY && field.type == SM_WIRE_BYTES)
            status->retry_delay_ns = read_duration(field.bytes);
}

static void read_detail(struct sm_slice bytes, struct sm_otlp_status *status)
{
    struct sm_proto_cursor cursor = sm_proto_begin(bytes);
    struct sm_proto_field field;
    struct sm_slice type = {0}, value = {0};
    while (sm_proto_next(&cursor, &field)) {
        if (field.number == ANY_TYPE && field.type == SM_WIRE_BYTES)
            type = field.bytes;
        else if (field.number == ANY_VALUE && field.type == SM_WIRE_BYTES)
            value = field.bytes;
    }
    if (sm_slice_ends_with(type, SM_SLICE("/google.rpc.RetryInfo")) && !status->has_retry_info)
        read_retry_info(value, status);
}

bool sm_otlp_parse_status(struct sm_slice bytes, struct sm_otlp_status *status)
{
    struct sm_proto_cursor cursor = sm_proto_begin(bytes);
    struct sm_proto_field field;
    *status = (struct sm_otlp_status){0};
    while (sm_proto_next(&cursor, &field)) { /* a field of another type is an unknown one */
        if (field.number == STATUS_MESSAGE && field.type == SM_WIRE_BYTES)
            status->message = field.bytes;
        else if (field.number == STATUS_DETAILS && field.type == SM_WIRE_BYTES)
            read_detail(field.bytes, status);
    }
    return !cursor.error;
}

const char *sm_otlp_code_name(enum sm_rpc_code code)
{
    static const char *const names[] = {"OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
                                        "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
                                        "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
                                        "DataLoss", "Unauthenticated"};
    return (size_t)code < sizeof(names) / sizeof(names[0]) ? names[code] : "Unknown";
}
