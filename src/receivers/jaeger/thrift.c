/* thrift.c - Jaeger's batches in thrift. Fields marked with * must be there, with that type; others of another type are not known.
 *
 *     Batch     1* process  2* spans  3 seqNo i64  4 stats
 *     Process   1* serviceName  2 tags
 *     Span      1* traceIdLow  2* traceIdHigh  3* spanId  4* parentSpanId i64  5* operationName  6 references  7* flags i32  8* startTime
 *               9* duration i64  10 tags  11 logs
 *     SpanRef   1* refType i32  2* traceIdLow  3* traceIdHigh  4* spanId i64
 *     Log       1* timestamp i64  2* fields
 *     Tag       1* key  2* vType i32  3 vStr  4 vDouble  5 vBool  6 vLong i64  7 vBinary
 *
 * Times are microseconds; a product too large for 64 bits wraps. Source: jaeger-idl thrift/jaeger.thrift and agent.thrift, thrift-gen/jaeger. */
#include "receivers/jaeger/jaeger.h"

enum { TAG_STRING, TAG_DOUBLE, TAG_BOOL, TAG_LONG, TAG_BINARY };
enum { NS_PER_US = 1000 };

struct reading {
    struct sm_thrift_reader in;
    struct sm_span_builder *builder;
    struct sm_built_resource *resource;
    struct sm_built_scope *scope; /* NULL: no span has come */
};

/* Ids of fields as a set. */
#define ID(id) (1u << (id))

static bool is_field(const struct sm_thrift_field *field, int16_t id, enum sm_thrift_type type)
{
    return field->id == id && field->type == type;
}

static bool have_all(struct reading *reading, unsigned seen, unsigned required, const char *reason)
{
    return !reading->in.error && ((seen & required) == required || sm_thrift_fail(&reading->in, reason));
}

/* `read` gets `target` for every element. */
static bool read_list(struct reading *reading, bool (*read)(struct reading *reading, void *target), void *target)
{
    enum sm_thrift_type element;
    uint32_t count;
    if (!sm_thrift_read_list(&reading->in, &element, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        int16_t outer = sm_thrift_begin_struct(&reading->in);
        if (!read(reading, target))
            return false;
        sm_thrift_end_struct(&reading->in, outer);
    }
    return true;
}

static bool skip(struct reading *reading, const struct sm_thrift_field *field)
{
    return sm_thrift_skip(&reading->in, field->type);
}

/* ---- tags */

/* Every value that the tag has; its type says which counts, and of one that is not there the zero value does. */
struct tag {
    struct sm_slice key, text, bytes;
    int32_t type;
    double number;
    bool flag;
    int64_t integer;
};

static struct sm_value tag_value(const struct tag *tag)
{
    switch (tag->type) {
    case TAG_STRING:
        return sm_value_string(tag->text);
    case TAG_DOUBLE:
        return sm_value_double(tag->number);
    case TAG_BOOL:
        return sm_value_bool(tag->flag);
    case TAG_LONG:
        return sm_value_int(tag->integer);
    case TAG_BINARY:
        return (struct sm_value){.type = SM_VALUE_BYTES, .bytes = tag->bytes};
    default:
        return sm_value_string(SM_SLICE("<Unknown Jaeger TagType \"<UNSET>\">"));
    }
}

static bool read_tag(struct reading *reading, void *target)
{
    struct sm_thrift_reader *in = &reading->in;
    struct sm_thrift_field field;
    struct tag tag = {0};
    unsigned seen = 0;
    while (sm_thrift_next_field(in, &field)) {
        if (is_field(&field, 1, SM_THRIFT_STRING) && sm_thrift_read_bytes(in, &tag.key))
            seen |= ID(1);
        else if (is_field(&field, 2, SM_THRIFT_I32) && sm_thrift_read_i32(in, &tag.type))
            seen |= ID(2);
        else if (is_field(&field, 3, SM_THRIFT_STRING))
            sm_thrift_read_bytes(in, &tag.text);
        else if (is_field(&field, 4, SM_THRIFT_DOUBLE))
            sm_thrift_read_double(in, &tag.number);
        else if (is_field(&field, 5, SM_THRIFT_BOOL))
            sm_thrift_read_bool(in, &tag.flag);
        else if (is_field(&field, 6, SM_THRIFT_I64))
            sm_thrift_read_i64(in, &tag.integer);
        else if (is_field(&field, 7, SM_THRIFT_STRING))
            sm_thrift_read_bytes(in, &tag.bytes);
        else
            skip(reading, &field);
    }
    if (!have_all(reading, seen, ID(1) | ID(2), "a tag without key or vType"))
        return false;
    sm_attribute_builder_put(target, &reading->builder->arena, tag.key, tag_value(&tag));
    return true;
}

/* ---- parts of spans */

static bool read_log(struct reading *reading, void *target)
{
    struct sm_built_event *event = sm_span_builder_add_event(reading->builder, target);
    struct sm_thrift_field field;
    int64_t us = 0;
    unsigned seen = 0;
    while (sm_thrift_next_field(&reading->in, &field)) {
        if (is_field(&field, 1, SM_THRIFT_I64) && sm_thrift_read_i64(&reading->in, &us)) {
            seen |= ID(1);
        } else if (is_field(&field, 2, SM_THRIFT_LIST)) {
            event->attributes = (struct sm_attribute_builder){0};
            read_list(reading, read_tag, &event->attributes);
            seen |= ID(2);
        } else {
            skip(reading, &field);
        }
    }
    event->time_ns = (uint64_t)us * NS_PER_US;
    sm_jaeger_finish_event(event);
    return have_all(reading, seen, ID(1) | ID(2), "a log without timestamp or fields");
}

static bool read_reference(struct reading *reading, void *target)
{
    struct sm_jaeger_reference *reference = sm_jaeger_add_reference(target, &reading->builder->arena);
    struct sm_thrift_field field;
    int64_t low = 0, high = 0, span = 0;
    unsigned seen = 0;
    while (sm_thrift_next_field(&reading->in, &field)) {
        bool is_read = false;
        if (is_field(&field, 1, SM_THRIFT_I32))
            is_read = sm_thrift_read_i32(&reading->in, &reference->type);
        else if (is_field(&field, 2, SM_THRIFT_I64))
            is_read = sm_thrift_read_i64(&reading->in, &low);
        else if (is_field(&field, 3, SM_THRIFT_I64))
            is_read = sm_thrift_read_i64(&reading->in, &high);
        else if (is_field(&field, 4, SM_THRIFT_I64))
            is_read = sm_thrift_read_i64(&reading->in, &span);
        else
            skip(reading, &field);
        if (is_read)
            seen |= ID(field.id);
    }
    reference->trace_id_low = (uint64_t)low;
    reference->trace_id_high = (uint64_t)high;
    reference->span_id = (uint64_t)span;
    return have_all(reading, seen, ID(1) | ID(2) | ID(3) | ID(4), "a reference without refType or ids");
}

/* ---- spans */

enum {
    FIELD_TRACE_LOW = 1,
    FIELD_TRACE_HIGH,
    FIELD_SPAN,
    FIELD_PARENT,
    FIELD_NAME,
    FIELD_REFERENCES,
    FIELD_FLAGS,
    FIELD_START,
    FIELD_DURATION,
    FIELD_TAGS,
    FIELD_LOGS,
    FIELD_END
};
static const unsigned REQUIRED = ID(FIELD_TRACE_LOW) | ID(FIELD_TRACE_HIGH) | ID(FIELD_SPAN) | ID(FIELD_PARENT) | ID(FIELD_NAME) | ID(FIELD_FLAGS) |
                                 ID(FIELD_START) | ID(FIELD_DURATION);
static const unsigned NUMBERS = ID(FIELD_TRACE_LOW) | ID(FIELD_TRACE_HIGH) | ID(FIELD_SPAN) | ID(FIELD_PARENT) | ID(FIELD_START) | ID(FIELD_DURATION);
static const unsigned LISTS = ID(FIELD_REFERENCES) | ID(FIELD_TAGS) | ID(FIELD_LOGS);

static bool read_span_list(struct reading *reading, int16_t id, struct sm_jaeger_span *span)
{
    switch (id) {
    case FIELD_REFERENCES:
        span->reference_count = 0;
        return read_list(reading, read_reference, span);
    case FIELD_TAGS:
        span->built->attributes = (struct sm_attribute_builder){0};
        return read_list(reading, read_tag, &span->built->attributes);
    default:
        span->built->events = NULL;
        return read_list(reading, read_log, span->built);
    }
}

/* Returns the ids of the fields that were there. */
static unsigned read_span_fields(struct reading *reading, struct sm_jaeger_span *span, int64_t numbers[FIELD_END], int32_t *flags)
{
    struct sm_thrift_field field;
    unsigned seen = 0;
    while (sm_thrift_next_field(&reading->in, &field)) {
        unsigned id = field.id > 0 && field.id < FIELD_END ? ID(field.id) : 0;
        bool is_read = false;
        if ((id & NUMBERS) && field.type == SM_THRIFT_I64)
            is_read = sm_thrift_read_i64(&reading->in, &numbers[field.id]);
        else if (id == ID(FIELD_NAME) && field.type == SM_THRIFT_STRING)
            is_read = sm_thrift_read_bytes(&reading->in, &span->built->name);
        else if (id == ID(FIELD_FLAGS) && field.type == SM_THRIFT_I32)
            is_read = sm_thrift_read_i32(&reading->in, flags);
        else if ((id & LISTS) && field.type == SM_THRIFT_LIST)
            is_read = read_span_list(reading, field.id, span);
        else
            skip(reading, &field);
        if (is_read)
            seen |= id;
    }
    return seen;
}

/* The reference leaves out spans in which nothing is set. */
static bool is_blank(unsigned seen, const int64_t numbers[FIELD_END], int32_t flags, const struct sm_built_span *built)
{
    for (int i = 0; i < FIELD_END; i++)
        if (numbers[i])
            return false;
    return !(seen & LISTS) && !flags && !built->name.size;
}

static bool read_span(struct reading *reading, void *target)
{
    (void)target;
    struct sm_jaeger_span span = {.built = sm_span_builder_add_span(reading->builder, NULL)};
    int64_t numbers[FIELD_END] = {0};
    int32_t flags = 0;
    unsigned seen = read_span_fields(reading, &span, numbers, &flags);
    if (!have_all(reading, seen, REQUIRED, "a span without one of its required fields"))
        return false;
    if (is_blank(seen, numbers, flags, span.built))
        return true;
    span.trace_id_low = (uint64_t)numbers[FIELD_TRACE_LOW];
    span.trace_id_high = (uint64_t)numbers[FIELD_TRACE_HIGH];
    span.span_id = (uint64_t)numbers[FIELD_SPAN];
    span.parent_id = (uint64_t)numbers[FIELD_PARENT];
    span.built->start_ns = (uint64_t)numbers[FIELD_START] * NS_PER_US;
    span.built->end_ns = ((uint64_t)numbers[FIELD_START] + (uint64_t)numbers[FIELD_DURATION]) * NS_PER_US;
    sm_jaeger_finish_span(reading->builder, &span);
    if (!reading->scope)
        reading->scope = sm_span_builder_add_scope(reading->builder, reading->resource);
    sm_built_scope_append(reading->scope, span.built);
    return true;
}

/* ---- batches */

static bool read_process(struct reading *reading)
{
    struct sm_arena *arena = &reading->builder->arena;
    struct sm_thrift_field field;
    struct sm_slice name = {0};
    struct sm_attribute_builder tags = {0};
    unsigned seen = 0;
    int16_t outer = sm_thrift_begin_struct(&reading->in);
    while (sm_thrift_next_field(&reading->in, &field)) {
        if (is_field(&field, 1, SM_THRIFT_STRING) && sm_thrift_read_bytes(&reading->in, &name)) {
            seen |= ID(1);
        } else if (is_field(&field, 2, SM_THRIFT_LIST)) {
            tags = (struct sm_attribute_builder){0};
            read_list(reading, read_tag, &tags);
        } else {
            skip(reading, &field);
        }
    }
    sm_thrift_end_struct(&reading->in, outer);
    reading->resource->attributes = (struct sm_attribute_builder){0};
    if (name.size)
        sm_attribute_builder_put(&reading->resource->attributes, arena, SM_SLICE("service.name"), sm_value_string(name));
    for (size_t i = 0; i < tags.count; i++)
        sm_attribute_builder_put(&reading->resource->attributes, arena, tags.items[i].key, tags.items[i].value);
    sm_jaeger_finish_resource(reading->resource, arena);
    return have_all(reading, seen, ID(1), "a process without serviceName");
}

static bool read_stats(struct reading *reading)
{
    struct sm_thrift_field field;
    int64_t number;
    unsigned seen = 0;
    int16_t outer = sm_thrift_begin_struct(&reading->in);
    while (sm_thrift_next_field(&reading->in, &field)) {
        if (field.id >= 1 && field.id <= 3 && field.type == SM_THRIFT_I64 && sm_thrift_read_i64(&reading->in, &number))
            seen |= ID(field.id);
        else
            skip(reading, &field);
    }
    sm_thrift_end_struct(&reading->in, outer);
    return have_all(reading, seen, ID(1) | ID(2) | ID(3), "stats without one of their required fields");
}

static bool read_batch(struct reading *reading)
{
    struct sm_thrift_field field;
    unsigned seen = 0;
    int16_t outer = sm_thrift_begin_struct(&reading->in);
    reading->builder->resources = NULL;
    reading->resource = sm_span_builder_add_resource(reading->builder);
    reading->scope = NULL;
    while (sm_thrift_next_field(&reading->in, &field)) {
        bool is_read = false;
        if (is_field(&field, 1, SM_THRIFT_STRUCT)) {
            is_read = read_process(reading);
        } else if (is_field(&field, 2, SM_THRIFT_LIST)) {
            reading->resource->scopes = NULL;
            reading->scope = NULL;
            is_read = read_list(reading, read_span, NULL);
        } else if (is_field(&field, 4, SM_THRIFT_STRUCT)) {
            is_read = read_stats(reading);
        } else {
            skip(reading, &field);
        }
        if (is_read)
            seen |= ID(field.id);
    }
    sm_thrift_end_struct(&reading->in, outer);
    return have_all(reading, seen, ID(1) | ID(2), "a batch without process or spans");
}

/* The arguments of emitBatch; a call without a batch is an empty one. */
static bool read_call(struct reading *reading)
{
    struct sm_thrift_field field;
    struct sm_slice method;
    if (!sm_thrift_read_message(&reading->in, &method))
        return false;
    if (sm_slice_is(method, "emitZipkinBatch"))
        return sm_thrift_fail(&reading->in, "Zipkin's spans are not taken here: send them to the zipkin receiver");
    if (!sm_slice_is(method, "emitBatch"))
        return sm_thrift_fail(&reading->in, "unknown function");
    int16_t outer = sm_thrift_begin_struct(&reading->in);
    while (sm_thrift_next_field(&reading->in, &field)) {
        if (is_field(&field, 1, SM_THRIFT_STRUCT))
            read_batch(reading);
        else
            skip(reading, &field);
    }
    sm_thrift_end_struct(&reading->in, outer);
    return !reading->in.error;
}

static struct sm_batch *decode(struct sm_slice message, enum sm_thrift_protocol protocol, bool (*read)(struct reading *reading),
                               struct sm_decode_error *error)
{
    struct sm_span_builder builder = {0};
    struct reading reading = {.in = sm_thrift_begin(protocol, message), .builder = &builder};
    struct sm_batch *batch = NULL;
    if (read(&reading))
        batch = sm_span_builder_finish(&builder, error);
    else
        *error = (struct sm_decode_error){.offset = message.size - (size_t)(reading.in.end - reading.in.at), .reason = reading.in.error};
    sm_span_builder_deinit(&builder);
    return batch;
}

struct sm_batch *sm_jaeger_decode_thrift(struct sm_slice message, struct sm_decode_error *error)
{
    return decode(message, SM_THRIFT_BINARY, read_batch, error);
}

struct sm_batch *sm_jaeger_decode_thrift_call(struct sm_slice message, enum sm_thrift_protocol protocol, struct sm_decode_error *error)
{
    return decode(message, protocol, read_call, error);
}
