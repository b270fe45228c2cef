/* v2_json.c - Zipkin's v2 spans in JSON (zipkin.io/zipkin-api), a table of members for each object.
 * Numbers are microseconds; a product too large for 64 bits wraps. Source: openzipkin/zipkin-go model (what is refused), Go encoding/json. */
#include "receivers/zipkin/zipkin.h"

#include <arpa/inet.h>

#include "base/hex.h"
#include "receivers/zipkin/json.h"

enum { ID_DIGITS = 16, NS_PER_US = 1000 };

struct reading {
    struct sm_zipkin_spans *spans;
    struct sm_arena *arena;
    struct sm_zipkin_span *span; /* being read */
};

/* ---- ids */

static bool parse_hex(struct sm_slice digits, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < digits.size; i++) {
        int digit = sm_hex_value(digits.ptr[i]);
        if (digit < 0 || *number >> 60)
            return false;
        *number = *number << 4 | (unsigned)digit;
    }
    return digits.size > 0;
}

/* What stands between the first and the last byte of whatever value comes next: the reference does not look at the quotes. */
static bool read_inside(struct sm_json_scanner *scanner, struct sm_slice *inside)
{
    enum { SHORTEST = 3 };
    sm_json_peek(scanner);
    const char *start = scanner->at;
    if (!sm_json_skip(scanner))
        return false;
    size_t size = (size_t)(scanner->at - start);
    *inside = size < SHORTEST ? (struct sm_slice){0} : sm_slice_make(start + 1, size - 2);
    return true;
}

static bool read_trace_id(struct sm_json_scanner *scanner, void *object)
{
    struct sm_zipkin_span *span = ((struct reading *)object)->span;
    struct sm_slice digits;
    if (!read_inside(scanner, &digits))
        return false;
    if (!digits.size)
        return sm_json_fail(scanner, "valid traceId required");
    size_t high = digits.size > ID_DIGITS ? digits.size - ID_DIGITS : 0;
    span->trace_id_high = 0;
    if ((high && !parse_hex(sm_slice_make(digits.ptr, high), &span->trace_id_high)) ||
        !parse_hex(sm_slice_make(digits.ptr + high, digits.size - high), &span->trace_id_low))
        return sm_json_fail(scanner, "traceId is no hexadecimal number of up to 128 bits");
    return true;
}

static bool read_id_number(struct sm_json_scanner *scanner, uint64_t *id)
{
    struct sm_slice digits;
    if (!read_inside(scanner, &digits))
        return false;
    return !digits.size || parse_hex(digits, id) || sm_json_fail(scanner, "span id is no hexadecimal number of up to 64 bits");
}

static bool read_id(struct sm_json_scanner *scanner, void *object)
{
    return read_id_number(scanner, &((struct reading *)object)->span->id);
}

static bool read_parent_id(struct sm_json_scanner *scanner, void *object)
{
    uint64_t *parent_id = &((struct reading *)object)->span->parent_id;
    if (sm_zipkin_json_null(scanner)) {
        *parent_id = 0;
        return true;
    }
    return !scanner->error && read_id_number(scanner, parent_id);
}

/* ---- endpoints */

/* The text's bytes; an IPv4 address has four. */
static bool read_address(struct sm_json_scanner *scanner, struct sm_slice *address)
{
    struct sm_slice text = {0};
    unsigned char bytes[16];
    char word[INET6_ADDRSTRLEN] = {0};
    if (!sm_zipkin_json_text(scanner, &text))
        return false;
    *address = (struct sm_slice){0};
    if (text.size == 0)
        return true;
    if (text.size < sizeof(word))
        memcpy(word, text.ptr, text.size);
    bool is_v4 = inet_pton(AF_INET, word, bytes) == 1;
    if (strlen(word) != text.size || (!is_v4 && inet_pton(AF_INET6, word, bytes) != 1))
        return sm_json_fail(scanner, "invalid IP address");
    *address = sm_arena_copy(scanner->scratch, sm_slice_make(bytes, is_v4 ? 4 : 16));
    return true;
}

static bool read_service_name(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_text(scanner, &((struct sm_zipkin_endpoint *)object)->service_name);
}

static bool read_ipv4(struct sm_json_scanner *scanner, void *object)
{
    return read_address(scanner, &((struct sm_zipkin_endpoint *)object)->ipv4);
}

static bool read_ipv6(struct sm_json_scanner *scanner, void *object)
{
    return read_address(scanner, &((struct sm_zipkin_endpoint *)object)->ipv6);
}

static bool read_port(struct sm_json_scanner *scanner, void *object)
{
    struct sm_zipkin_endpoint *endpoint = object;
    uint64_t port = endpoint->port;
    if (!sm_zipkin_json_uint(scanner, UINT16_MAX, &port))
        return false;
    endpoint->port = (uint16_t)port;
    return true;
}

static const struct sm_json_member endpoint_members[] = {
    {"serviceName", read_service_name}, {"ipv4", read_ipv4}, {"ipv6", read_ipv6}, {"port", read_port}, {0},
};

static bool read_endpoint(struct sm_json_scanner *scanner, struct sm_zipkin_endpoint *endpoint)
{
    if (sm_json_peek(scanner) == 'n')
        *endpoint = (struct sm_zipkin_endpoint){0};
    return sm_zipkin_json_object(scanner, endpoint_members, endpoint);
}

static bool read_local_endpoint(struct sm_json_scanner *scanner, void *object)
{
    return read_endpoint(scanner, &((struct reading *)object)->span->local);
}

static bool read_remote_endpoint(struct sm_json_scanner *scanner, void *object)
{
    return read_endpoint(scanner, &((struct reading *)object)->span->remote);
}

/* ---- annotations and tags */

static bool read_annotation_time(struct sm_json_scanner *scanner, void *object)
{
    struct sm_zipkin_annotation *annotation = object;
    uint64_t us = 0;
    if (!sm_zipkin_json_uint(scanner, UINT64_MAX, &us))
        return false;
    annotation->time_ns = us;
    return true;
}

static bool read_annotation_value(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_text(scanner, &((struct sm_zipkin_annotation *)object)->value);
}

static const struct sm_json_member annotation_members[] = {{"timestamp", read_annotation_time}, {"value", read_annotation_value}, {0}};

static bool read_annotation(struct sm_json_scanner *scanner, void *context)
{
    struct reading *reading = context;
    struct sm_zipkin_annotation *annotation = sm_zipkin_span_annotate(reading->span, reading->arena);
    if (!sm_zipkin_json_object(scanner, annotation_members, annotation))
        return false;
    if (annotation->time_ns == 0)
        return sm_json_fail(scanner, "valid annotation timestamp required");
    annotation->time_ns *= NS_PER_US;
    return true;
}

static bool read_annotations(struct sm_json_scanner *scanner, void *object)
{
    ((struct reading *)object)->span->annotation_count = 0;
    return sm_zipkin_json_list(scanner, read_annotation, object);
}

static bool read_tags(struct sm_json_scanner *scanner, void *object)
{
    struct reading *reading = object;
    struct sm_slice key, value;
    if (sm_zipkin_json_null(scanner))
        return true;
    if (!sm_json_try(scanner, '{'))
        return sm_json_fail(scanner, "expected an object of tags");
    if (sm_json_try(scanner, '}'))
        return true;
    do {
        if (sm_json_peek(scanner) != '"' || !sm_zipkin_json_text(scanner, &key) || !sm_json_try(scanner, ':'))
            return sm_json_fail(scanner, "expected a tag's name and ':'");
        value = SM_SLICE("");
        if (!sm_zipkin_json_text(scanner, &value))
            return false;
        sm_attribute_builder_put(&reading->span->tags, reading->arena, key, sm_value_string(value));
    } while (sm_json_try(scanner, ','));
    return sm_json_try(scanner, '}') || sm_json_fail(scanner, "expected ',' or '}' in an object");
}

/* ---- spans */

static bool read_name(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_text(scanner, &((struct reading *)object)->span->name);
}

static bool read_kind(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_text(scanner, &((struct reading *)object)->span->kind);
}

static bool read_timestamp(struct sm_json_scanner *scanner, void *object)
{
    struct sm_zipkin_span *span = ((struct reading *)object)->span;
    uint64_t us = 0;
    if (sm_json_peek(scanner) == 'n')
        return sm_json_word(scanner, "null");
    if (!sm_zipkin_json_uint(scanner, UINT64_MAX, &us))
        return false;
    span->has_time = us > 0;
    span->start_ns = us * NS_PER_US;
    return true;
}

static bool read_duration(struct sm_json_scanner *scanner, void *object)
{
    struct sm_zipkin_span *span = ((struct reading *)object)->span;
    uint64_t us = 0;
    if (sm_json_peek(scanner) == 'n')
        return sm_json_word(scanner, "null");
    if (!sm_zipkin_json_uint(scanner, UINT64_MAX, &us))
        return false;
    span->duration_ns = us * NS_PER_US;
    return true;
}

/* debug and shared: no word of them in OTLP. */
static bool read_flag(struct sm_json_scanner *scanner, void *object)
{
    (void)object;
    bool flag;
    return sm_zipkin_json_bool(scanner, &flag);
}

static const struct sm_json_member span_members[] = {
    {"traceId", read_trace_id},
    {"id", read_id},
    {"parentId", read_parent_id},
    {"name", read_name},
    {"kind", read_kind},
    {"timestamp", read_timestamp},
    {"duration", read_duration},
    {"debug", read_flag},
    {"shared", read_flag},
    {"localEndpoint", read_local_endpoint},
    {"remoteEndpoint", read_remote_endpoint},
    {"annotations", read_annotations},
    {"tags", read_tags},
    {0},
};

static bool read_span(struct sm_json_scanner *scanner, void *context)
{
    struct reading *reading = context;
    if (sm_zipkin_json_null(scanner))
        return true;
    reading->span = sm_zipkin_spans_add(reading->spans);
    if (!sm_zipkin_json_object(scanner, span_members, reading))
        return false;
    return reading->span->id || sm_json_fail(scanner, "valid span id required");
}

struct sm_batch *sm_zipkin_decode_v2_json(struct sm_slice body, bool parse_string_tags, struct sm_decode_error *error)
{
    struct sm_span_builder builder = {0};
    struct sm_zipkin_spans spans = {.arena = &builder.arena};
    struct reading reading = {.spans = &spans, .arena = &builder.arena};
    struct sm_json_scanner scanner;
    struct sm_batch *batch = NULL;
    sm_json_begin(&scanner, body, &builder.arena);
    if (sm_zipkin_json_list(&scanner, read_span, &reading) && sm_zipkin_json_end(&scanner))
        batch = sm_zipkin_translate_v2(&builder, &spans, parse_string_tags, error);
    else
        *error = (struct sm_decode_error){.offset = body.size - (size_t)(scanner.end - scanner.at), .reason = scanner.error};
    sm_span_builder_deinit(&builder);
    return batch;
}
