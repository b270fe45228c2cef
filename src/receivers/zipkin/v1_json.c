/* v1_json.c - Zipkin's v1 spans in JSON, a table of members for each object. IDs have 16 or 32 (traces) digits and are not zero.
 * Source: pkg/translator/zipkin/zipkinv1/json.go (jsonSpan, hexToTraceID, hexToSpanID), Go encoding/json. */
#include "receivers/zipkin/zipkin.h"

#include "base/hex.h"
#include "receivers/zipkin/json.h"

struct reading {
    struct sm_zipkin_v1_translation translation;
    struct sm_arena *arena;
    bool parse_string_tags;
    struct sm_slice trace_id, id, parent_id; /* of the span being read */
    struct sm_zipkin_v1_span span;
};

/* ---- endpoints */

static bool read_service_name(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_text(scanner, &((struct sm_zipkin_v1_endpoint *)object)->service_name);
}

static bool read_ipv4(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_text(scanner, &((struct sm_zipkin_v1_endpoint *)object)->ipv4);
}

static bool read_ipv6(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_text(scanner, &((struct sm_zipkin_v1_endpoint *)object)->ipv6);
}

static bool read_port(struct sm_json_scanner *scanner, void *object)
{
    struct sm_zipkin_v1_endpoint *endpoint = object;
    int64_t port = endpoint->port;
    if (!sm_zipkin_json_int(scanner, INT32_MIN, INT32_MAX, &port))
        return false;
    endpoint->port = (int32_t)port;
    return true;
}

static const struct sm_json_member endpoint_members[] = {
    {"serviceName", read_service_name}, {"ipv4", read_ipv4}, {"ipv6", read_ipv6}, {"port", read_port}, {0}};

/* ---- annotations */

static bool read_time(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_int(scanner, INT64_MIN, INT64_MAX, &((struct sm_zipkin_v1_annotation *)object)->time_us);
}

static bool read_value(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_text(scanner, &((struct sm_zipkin_v1_annotation *)object)->value);
}

static bool read_endpoint(struct sm_json_scanner *scanner, void *object)
{
    struct sm_zipkin_v1_annotation *annotation = object;
    annotation->has_endpoint = sm_json_peek(scanner) != 'n';
    return sm_zipkin_json_object(scanner, endpoint_members, &annotation->endpoint);
}

static const struct sm_json_member annotation_members[] = {{"timestamp", read_time}, {"value", read_value}, {"endpoint", read_endpoint}, {0}};

static bool read_annotation(struct sm_json_scanner *scanner, void *context)
{
    struct reading *reading = context;
    struct sm_zipkin_v1_span *span = &reading->span;
    if (span->annotation_count == span->annotation_capacity)
        span->annotations = sm_arena_grow(reading->arena, span->annotations, span->annotation_count, &span->annotation_capacity,
                                          span->annotation_count + 1, sizeof(*span->annotations));
    struct sm_zipkin_v1_annotation *annotation = &span->annotations[span->annotation_count++];
    *annotation = (struct sm_zipkin_v1_annotation){0};
    return sm_zipkin_json_object(scanner, annotation_members, annotation);
}

static bool read_annotations(struct sm_json_scanner *scanner, void *object)
{
    ((struct reading *)object)->span.annotation_count = 0;
    return sm_zipkin_json_list(scanner, read_annotation, object);
}

/* ---- binary annotations */

static bool read_tag_key(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_text(scanner, &((struct sm_zipkin_v1_tag *)object)->key);
}

static bool read_tag_value(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_text(scanner, &((struct sm_zipkin_v1_tag *)object)->text);
}

static bool read_tag_endpoint(struct sm_json_scanner *scanner, void *object)
{
    struct sm_zipkin_v1_tag *tag = object;
    struct sm_zipkin_v1_endpoint endpoint = {.service_name = tag->service_name};
    tag->has_endpoint = sm_json_peek(scanner) != 'n';
    if (!sm_zipkin_json_object(scanner, endpoint_members, &endpoint))
        return false;
    tag->service_name = endpoint.service_name;
    return true;
}

static const struct sm_json_member tag_members[] = {{"key", read_tag_key}, {"value", read_tag_value}, {"endpoint", read_tag_endpoint}, {0}};

static bool read_tag(struct sm_json_scanner *scanner, void *context)
{
    struct reading *reading = context;
    struct sm_zipkin_v1_span *span = &reading->span;
    if (sm_json_peek(scanner) == 'n') /* the reference breaks off the connection */
        return sm_json_fail(scanner, "a binary annotation is null");
    if (span->tag_count == span->tag_capacity)
        span->tags = sm_arena_grow(reading->arena, span->tags, span->tag_count, &span->tag_capacity, span->tag_count + 1, sizeof(*span->tags));
    struct sm_zipkin_v1_tag *tag = &span->tags[span->tag_count++];
    *tag = (struct sm_zipkin_v1_tag){0};
    if (!sm_zipkin_json_object(scanner, tag_members, tag))
        return false;
    tag->value = sm_zipkin_tag_value(tag->text, reading->parse_string_tags, reading->arena);
    return true;
}

static bool read_tags(struct sm_json_scanner *scanner, void *object)
{
    ((struct reading *)object)->span.tag_count = 0;
    return sm_zipkin_json_list(scanner, read_tag, object);
}

/* ---- spans */

static bool read_trace_id(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_text(scanner, &((struct reading *)object)->trace_id);
}

static bool read_id(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_text(scanner, &((struct reading *)object)->id);
}

static bool read_parent_id(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_text(scanner, &((struct reading *)object)->parent_id);
}

static bool read_name(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_text(scanner, &((struct reading *)object)->span.name);
}

static bool read_timestamp(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_int(scanner, INT64_MIN, INT64_MAX, &((struct reading *)object)->span.start_us);
}

static bool read_duration(struct sm_json_scanner *scanner, void *object)
{
    return sm_zipkin_json_int(scanner, INT64_MIN, INT64_MAX, &((struct reading *)object)->span.duration_us);
}

static bool read_debug(struct sm_json_scanner *scanner, void *object)
{
    (void)object;
    bool flag;
    return sm_zipkin_json_bool(scanner, &flag);
}

static const struct sm_json_member span_members[] = {
    {"traceId", read_trace_id},
    {"name", read_name},
    {"parentId", read_parent_id},
    {"id", read_id},
    {"timestamp", read_timestamp},
    {"duration", read_duration},
    {"debug", read_debug},
    {"annotations", read_annotations},
    {"binaryAnnotations", read_tags},
    {0},
};

static bool decode_id(struct sm_slice digits, uint8_t *id)
{
    static const uint8_t zeros[SM_TRACE_ID_SIZE];
    return sm_hex_read(digits, id) && memcmp(id, zeros, digits.size / 2) != 0;
}

static bool take_ids(struct sm_json_scanner *scanner, struct reading *reading)
{
    enum { SPAN_DIGITS = 2 * SM_SPAN_ID_SIZE, TRACE_DIGITS = 2 * SM_TRACE_ID_SIZE };
    struct sm_zipkin_v1_span *span = &reading->span;
    size_t digits = reading->trace_id.size;
    if (digits != SPAN_DIGITS && digits != TRACE_DIGITS)
        return sm_json_fail(scanner, "zipkinV1 span traceId: hex traceId span has wrong length (expected 16 or 32)");
    if (!decode_id(reading->trace_id, span->trace_id + SM_TRACE_ID_SIZE - digits / 2))
        return sm_json_fail(scanner, "zipkinV1 span traceId: zero or not hexadecimal");
    if (reading->id.size != SPAN_DIGITS)
        return sm_json_fail(scanner, "zipkinV1 span id: hex Id has wrong length (expected 16)");
    if (!decode_id(reading->id, span->id))
        return sm_json_fail(scanner, "zipkinV1 span id: zero or not hexadecimal");
    if (reading->parent_id.size == 0)
        return true;
    if (reading->parent_id.size != SPAN_DIGITS)
        return sm_json_fail(scanner, "zipkinV1 span parentId: hex Id has wrong length (expected 16)");
    return decode_id(reading->parent_id, span->parent_id) || sm_json_fail(scanner, "zipkinV1 span parentId: zero or not hexadecimal");
}

static bool read_span(struct sm_json_scanner *scanner, void *context)
{
    struct reading *reading = context;
    if (sm_json_peek(scanner) == 'n') /* the reference breaks off the connection */
        return sm_json_fail(scanner, "a span is null");
    reading->trace_id = reading->id = reading->parent_id = (struct sm_slice){0};
    reading->span = (struct sm_zipkin_v1_span){0};
    if (!sm_zipkin_json_object(scanner, span_members, reading) || !take_ids(scanner, reading))
        return false;
    reading->span.has_time = reading->span.start_us != 0;
    sm_zipkin_translate_v1(&reading->translation, &reading->span);
    return true;
}

struct sm_batch *sm_zipkin_decode_v1_json(struct sm_slice body, bool parse_string_tags, struct sm_decode_error *error)
{
    struct sm_span_builder builder = {0};
    struct reading reading = {.translation = {.builder = &builder, .is_json = true}, .arena = &builder.arena, .parse_string_tags = parse_string_tags};
    struct sm_json_scanner scanner;
    struct sm_batch *batch = NULL;
    sm_json_begin(&scanner, body, &builder.arena);
    if (sm_zipkin_json_list(&scanner, read_span, &reading) && sm_zipkin_json_end(&scanner))
        batch = sm_span_builder_finish(&builder, error);
    else
        *error = (struct sm_decode_error){.offset = body.size - (size_t)(scanner.end - scanner.at), .reason = scanner.error};
    sm_span_builder_deinit(&builder);
    return batch;
}
