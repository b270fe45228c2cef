/* v2_protobuf.c - Zipkin's v2 spans in protobuf.
 *
 *     ListOfSpans   1 spans
 *     Span          1 trace_id (16 bytes)  2 parent_id  3 id (8 bytes)  4 kind  5 name  6 timestamp (fixed64)  7 duration  8 local_endpoint
 *                   9 remote_endpoint  10 annotations  11 tags (map)  12 debug  13 shared
 *     Endpoint      1 service_name  2 ipv4  3 ipv6  4 port
 *     Annotation    1 timestamp (fixed64)  2 value
 *
 * A field of another wire type is one that is not known; text must be UTF-8. Times are microseconds, and one of zero is the epoch, not an absent one.
 * Source: openzipkin/zipkin-api zipkin.proto; openzipkin/zipkin-go proto/zipkin_proto3/decode_proto.go; google.golang.org/protobuf. */
#include "receivers/zipkin/zipkin.h"

#include "base/utf8.h"
#include "wire/protobuf.h"

enum { NS_PER_US = 1000 };

struct reading {
    struct sm_zipkin_spans *spans;
    struct sm_arena *arena;
    struct sm_slice body; /* for offsets */
    struct sm_decode_error *error;
};

static bool fail(struct reading *reading, const char *at, const char *reason)
{
    *reading->error = (struct sm_decode_error){.offset = at ? (size_t)(at - reading->body.ptr) : 0, .reason = reason};
    return false;
}

static bool ended_well(struct reading *reading, const struct sm_proto_cursor *cursor)
{
    return !cursor->error || fail(reading, cursor->at, cursor->error);
}

static bool is_field(const struct sm_proto_field *field, uint32_t number, enum sm_wire_type type)
{
    return field->number == number && field->type == type;
}

static bool read_text(struct reading *reading, struct sm_slice bytes, struct sm_slice *text)
{
    size_t size;
    bool is_sound;
    for (struct sm_slice rest = bytes; rest.size; rest = sm_slice_make(rest.ptr + size, rest.size - size)) {
        if (sm_utf8_read(rest, &size, &is_sound), !is_sound)
            return fail(reading, rest.ptr, "proto: field contains invalid UTF-8");
    }
    *text = bytes;
    return true;
}

static bool read_endpoint(struct reading *reading, struct sm_slice message, struct sm_zipkin_endpoint *endpoint)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    while (sm_proto_next(&cursor, &field)) {
        if (is_field(&field, 1, SM_WIRE_BYTES) && !read_text(reading, field.bytes, &endpoint->service_name))
            return false;
        if (is_field(&field, 2, SM_WIRE_BYTES))
            endpoint->ipv4 = field.bytes.size ? field.bytes : (struct sm_slice){0};
        if (is_field(&field, 3, SM_WIRE_BYTES))
            endpoint->ipv6 = field.bytes.size ? field.bytes : (struct sm_slice){0};
        if (is_field(&field, 4, SM_WIRE_VARINT))
            endpoint->port = (uint16_t)field.integer;
    }
    return ended_well(reading, &cursor);
}

static bool read_annotation(struct reading *reading, struct sm_slice message, struct sm_zipkin_span *span)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    struct sm_zipkin_annotation *annotation = sm_zipkin_span_annotate(span, reading->arena);
    while (sm_proto_next(&cursor, &field)) {
        if (is_field(&field, 1, SM_WIRE_FIXED64))
            annotation->time_ns = field.integer * NS_PER_US;
        if (is_field(&field, 2, SM_WIRE_BYTES) && !read_text(reading, field.bytes, &annotation->value))
            return false;
    }
    return ended_well(reading, &cursor);
}

static bool read_tag(struct reading *reading, struct sm_slice message, struct sm_zipkin_span *span)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    struct sm_slice key = {0}, value = {0};
    while (sm_proto_next(&cursor, &field)) {
        if (is_field(&field, 1, SM_WIRE_BYTES) && !read_text(reading, field.bytes, &key))
            return false;
        if (is_field(&field, 2, SM_WIRE_BYTES) && !read_text(reading, field.bytes, &value))
            return false;
    }
    sm_attribute_builder_put(&span->tags, reading->arena, key, sm_value_string(value));
    return ended_well(reading, &cursor);
}

static uint64_t big_endian(const char *bytes)
{
    uint64_t number;
    memcpy(&number, bytes, sizeof(number));
    return __builtin_bswap64(number);
}

struct ids {
    struct sm_slice trace, parent, own;
};

static bool take_ids(struct reading *reading, const struct ids *ids, struct sm_zipkin_span *span)
{
    if (ids->trace.size != SM_TRACE_ID_SIZE)
        return fail(reading, ids->trace.ptr, "invalid TraceID: its length is not 16");
    if (ids->parent.size && ids->parent.size != SM_SPAN_ID_SIZE)
        return fail(reading, ids->parent.ptr, "invalid ParentID: its length is not 8");
    if (ids->own.size == 0)
        return fail(reading, ids->trace.ptr, "expected a non-nil SpanID");
    if (ids->own.size != SM_SPAN_ID_SIZE)
        return fail(reading, ids->own.ptr, "invalid SpanID: its length is not 8");
    span->trace_id_high = big_endian(ids->trace.ptr);
    span->trace_id_low = big_endian(ids->trace.ptr + SM_SPAN_ID_SIZE);
    span->id = big_endian(ids->own.ptr);
    span->parent_id = ids->parent.size ? big_endian(ids->parent.ptr) : 0;
    return true;
}

static struct sm_slice kind_word(uint64_t kind)
{
    static const char *const words[] = {"", "CLIENT", "SERVER", "PRODUCER", "CONSUMER"};
    uint32_t number = (uint32_t)kind;
    return sm_slice_of(number < sizeof(words) / sizeof(words[0]) ? words[number] : "");
}

static bool read_bytes_field(struct reading *reading, const struct sm_proto_field *field, struct sm_zipkin_span *span, struct ids *ids)
{
    switch (field->number) {
    case 1:
        ids->trace = field->bytes;
        return true;
    case 2:
        ids->parent = field->bytes;
        return true;
    case 3:
        ids->own = field->bytes;
        return true;
    case 5:
        return read_text(reading, field->bytes, &span->name);
    case 8:
        return read_endpoint(reading, field->bytes, &span->local);
    case 9:
        return read_endpoint(reading, field->bytes, &span->remote);
    case 10:
        return read_annotation(reading, field->bytes, span);
    case 11:
        return read_tag(reading, field->bytes, span);
    default:
        return true;
    }
}

static bool read_span(struct reading *reading, struct sm_slice message)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    struct ids ids = {0};
    struct sm_zipkin_span *span = sm_zipkin_spans_add(reading->spans);
    span->has_time = true;
    while (sm_proto_next(&cursor, &field)) {
        if (field.type == SM_WIRE_BYTES && !read_bytes_field(reading, &field, span, &ids))
            return false;
        if (is_field(&field, 4, SM_WIRE_VARINT))
            span->kind = kind_word(field.integer);
        if (is_field(&field, 6, SM_WIRE_FIXED64))
            span->start_ns = field.integer * NS_PER_US;
        if (is_field(&field, 7, SM_WIRE_VARINT))
            span->duration_ns = field.integer * NS_PER_US;
    }
    return ended_well(reading, &cursor) && take_ids(reading, &ids, span);
}

static bool read_spans(struct reading *reading)
{
    struct sm_proto_cursor cursor = sm_proto_begin(reading->body);
    struct sm_proto_field field;
    while (sm_proto_next(&cursor, &field))
        if (is_field(&field, 1, SM_WIRE_BYTES) && !read_span(reading, field.bytes))
            return false;
    return ended_well(reading, &cursor);
}

struct sm_batch *sm_zipkin_decode_v2_protobuf(struct sm_slice body, bool parse_string_tags, struct sm_decode_error *error)
{
    struct sm_span_builder builder = {0};
    struct sm_zipkin_spans spans = {.arena = &builder.arena};
    struct reading reading = {.spans = &spans, .arena = &builder.arena, .body = body, .error = error};
    struct sm_batch *batch = read_spans(&reading) ? sm_zipkin_translate_v2(&builder, &spans, parse_string_tags, error) : NULL;
    sm_span_builder_deinit(&builder);
    return batch;
}
