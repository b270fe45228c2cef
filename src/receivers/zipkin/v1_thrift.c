/* v1_thrift.c - Zipkin's v1 spans in thrift, binary protocol: a list of spans as it stands, without a message around it.
 *
 *     Span               1 trace_id i64  3 name  4 id i64  5 parent_id i64  6 annotations  8 binary_annotations  9 debug  10 timestamp i64
 *                        11 duration i64  12 trace_id_high i64
 *     Annotation         1 timestamp i64  2 value  3 host
 *     BinaryAnnotation   1 key  2 value  3 type i32  4 host
 *     Endpoint           1 ipv4 i32  2 port i16  3 service_name  4 ipv6
 *
 * A field of another type is one that is not known. Nothing is required. Numbers in binary annotations are unsigned, as the reference reads them.
 * Source: jaeger-idl thrift/zipkincore.thrift; pkg/translator/zipkin/zipkinv1/thrift.go, zipkinthriftconverter/deserialize.go. */
#include "receivers/zipkin/zipkin.h"

#include "wire/base64.h"
#include "wire/thrift.h"

enum { TAG_BOOL, TAG_BYTES, TAG_I16, TAG_I32, TAG_I64, TAG_DOUBLE, TAG_STRING };

struct reading {
    struct sm_thrift_reader in;
    struct sm_arena *arena;
    struct sm_zipkin_v1_span span;
};

static bool is_field(const struct sm_thrift_field *field, int16_t id, enum sm_thrift_type type)
{
    return field->id == id && field->type == type;
}

/* ---- endpoints */

static bool read_endpoint(struct reading *reading, struct sm_zipkin_v1_endpoint *endpoint)
{
    struct sm_thrift_field field;
    int32_t ipv4 = 0;
    int16_t port = 0;
    struct sm_slice ipv6 = {0};
    while (sm_thrift_next_field(&reading->in, &field)) {
        if (is_field(&field, 1, SM_THRIFT_I32))
            sm_thrift_read_i32(&reading->in, &ipv4);
        else if (is_field(&field, 2, SM_THRIFT_I16))
            sm_thrift_read_i16(&reading->in, &port);
        else if (is_field(&field, 3, SM_THRIFT_STRING))
            sm_thrift_read_bytes(&reading->in, &endpoint->service_name);
        else if (is_field(&field, 4, SM_THRIFT_STRING))
            sm_thrift_read_bytes(&reading->in, &ipv6);
        else
            sm_thrift_skip(&reading->in, field.type);
    }
    uint32_t bits = __builtin_bswap32((uint32_t)ipv4);
    if (ipv4)
        endpoint->ipv4 = sm_zipkin_ip_text(sm_slice_make(&bits, sizeof(bits)), reading->arena);
    if (ipv6.size)
        endpoint->ipv6 = sm_zipkin_ip_text(ipv6, reading->arena);
    endpoint->port = port;
    return !reading->in.error;
}

/* ---- annotations */

static bool read_annotation(struct reading *reading)
{
    struct sm_zipkin_v1_span *span = &reading->span;
    struct sm_thrift_field field;
    if (span->annotation_count == span->annotation_capacity)
        span->annotations = sm_arena_grow(reading->arena, span->annotations, span->annotation_count, &span->annotation_capacity,
                                          span->annotation_count + 1, sizeof(*span->annotations));
    struct sm_zipkin_v1_annotation *annotation = &span->annotations[span->annotation_count++];
    *annotation = (struct sm_zipkin_v1_annotation){0};
    while (sm_thrift_next_field(&reading->in, &field)) {
        if (is_field(&field, 1, SM_THRIFT_I64))
            sm_thrift_read_i64(&reading->in, &annotation->time_us);
        else if (is_field(&field, 2, SM_THRIFT_STRING))
            sm_thrift_read_bytes(&reading->in, &annotation->value);
        else if (is_field(&field, 3, SM_THRIFT_STRUCT))
            annotation->has_endpoint = read_endpoint(reading, &annotation->endpoint);
        else
            sm_thrift_skip(&reading->in, field.type);
    }
    return !reading->in.error;
}

/* ---- binary annotations */

static struct sm_value number_value(struct sm_slice bytes, size_t size, bool is_double)
{
    uint64_t bits = 0;
    double number;
    if (bytes.size < size)
        return sm_value_string(SM_SLICE("<not enough bytes representing the number>"));
    for (size_t i = 0; i < size; i++)
        bits = bits << 8 | (uint8_t)bytes.ptr[i];
    memcpy(&number, &bits, sizeof(number));
    return is_double ? sm_value_double(number) : sm_value_int((int64_t)bits);
}

static struct sm_value tag_value(struct sm_arena *arena, int32_t type, struct sm_slice bytes)
{
    char *text;
    switch (type) {
    case TAG_BOOL:
        return sm_value_bool(bytes.size == 1 && bytes.ptr[0] == 1);
    case TAG_BYTES:
        text = sm_arena_alloc(arena, sm_base64_encoded_size(bytes.size));
        sm_base64_encode(bytes, text);
        return sm_value_string(sm_slice_make(text, sm_base64_encoded_size(bytes.size)));
    case TAG_I16:
        return number_value(bytes, 2, false);
    case TAG_I32:
        return number_value(bytes, 4, false);
    case TAG_I64:
        return number_value(bytes, 8, false);
    case TAG_DOUBLE:
        return number_value(bytes, 8, true);
    case TAG_STRING:
        return sm_value_string(bytes);
    default:
        return sm_value_string(sm_slice_of(sm_arena_printf(arena, "<unknown zipkin v1 binary annotation type (%d)>", type)));
    }
}

static bool read_tag(struct reading *reading)
{
    struct sm_zipkin_v1_span *span = &reading->span;
    struct sm_thrift_field field;
    struct sm_zipkin_v1_endpoint endpoint = {0};
    int32_t type = TAG_BOOL;
    if (span->tag_count == span->tag_capacity)
        span->tags = sm_arena_grow(reading->arena, span->tags, span->tag_count, &span->tag_capacity, span->tag_count + 1, sizeof(*span->tags));
    struct sm_zipkin_v1_tag *tag = &span->tags[span->tag_count++];
    *tag = (struct sm_zipkin_v1_tag){0};
    while (sm_thrift_next_field(&reading->in, &field)) {
        if (is_field(&field, 1, SM_THRIFT_STRING))
            sm_thrift_read_bytes(&reading->in, &tag->key);
        else if (is_field(&field, 2, SM_THRIFT_STRING))
            sm_thrift_read_bytes(&reading->in, &tag->text);
        else if (is_field(&field, 3, SM_THRIFT_I32))
            sm_thrift_read_i32(&reading->in, &type);
        else if (is_field(&field, 4, SM_THRIFT_STRUCT))
            tag->has_endpoint = read_endpoint(reading, &endpoint);
        else
            sm_thrift_skip(&reading->in, field.type);
    }
    tag->service_name = endpoint.service_name;
    tag->value = tag_value(reading->arena, type, tag->text);
    return !reading->in.error;
}

/* ---- spans */

static bool read_list(struct reading *reading, bool (*read)(struct reading *reading))
{
    enum sm_thrift_type element;
    uint32_t count;
    if (!sm_thrift_read_list(&reading->in, &element, &count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!read(reading))
            return false;
    return true;
}

struct numbers {
    int64_t trace_id, trace_id_high, id, parent_id;
};

static bool read_number(struct reading *reading, int16_t id, struct numbers *numbers)
{
    switch (id) {
    case 1:
        return sm_thrift_read_i64(&reading->in, &numbers->trace_id);
    case 4:
        return sm_thrift_read_i64(&reading->in, &numbers->id);
    case 5:
        return sm_thrift_read_i64(&reading->in, &numbers->parent_id);
    case 10:
        return reading->span.has_time = sm_thrift_read_i64(&reading->in, &reading->span.start_us);
    case 11:
        return sm_thrift_read_i64(&reading->in, &reading->span.duration_us);
    case 12:
        return sm_thrift_read_i64(&reading->in, &numbers->trace_id_high);
    default:
        return sm_thrift_skip(&reading->in, SM_THRIFT_I64);
    }
}

static bool read_span(struct reading *reading)
{
    struct sm_zipkin_v1_span *span = &reading->span;
    struct sm_thrift_field field;
    struct numbers numbers = {0};
    *span = (struct sm_zipkin_v1_span){0};
    while (sm_thrift_next_field(&reading->in, &field)) {
        if (field.type == SM_THRIFT_I64) {
            read_number(reading, field.id, &numbers);
        } else if (is_field(&field, 3, SM_THRIFT_STRING)) {
            sm_thrift_read_bytes(&reading->in, &span->name);
        } else if (is_field(&field, 6, SM_THRIFT_LIST)) {
            span->annotation_count = 0;
            read_list(reading, read_annotation);
        } else if (is_field(&field, 8, SM_THRIFT_LIST)) {
            span->tag_count = 0;
            read_list(reading, read_tag);
        } else {
            sm_thrift_skip(&reading->in, field.type);
        }
    }
    sm_trace_id_from_numbers(span->trace_id, (uint64_t)numbers.trace_id_high, (uint64_t)numbers.trace_id);
    sm_span_id_from_number(span->id, (uint64_t)numbers.id);
    sm_span_id_from_number(span->parent_id, (uint64_t)numbers.parent_id);
    return !reading->in.error;
}

struct sm_batch *sm_zipkin_decode_v1_thrift(struct sm_slice body, bool parse_string_tags, struct sm_decode_error *error)
{
    (void)parse_string_tags; /* values have types of their own */
    struct sm_span_builder builder = {0};
    struct sm_zipkin_v1_translation translation = {.builder = &builder};
    struct reading reading = {.in = sm_thrift_begin(SM_THRIFT_BINARY, body), .arena = &builder.arena};
    struct sm_batch *batch = NULL;
    enum sm_thrift_type element;
    uint32_t count = 0;
    if (sm_thrift_read_list(&reading.in, &element, &count))
        for (uint32_t i = 0; i < count && read_span(&reading); i++)
            sm_zipkin_translate_v1(&translation, &reading.span);
    if (reading.in.error)
        *error = (struct sm_decode_error){.offset = body.size - (size_t)(reading.in.end - reading.in.at), .reason = reading.in.error};
    else
        batch = sm_span_builder_finish(&builder, error);
    sm_span_builder_deinit(&builder);
    return batch;
}
