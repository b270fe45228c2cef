/* protobuf.c - Jaeger's PostSpansRequest in protobuf.
 *
 *     PostSpansRequest   1 batch
 *     Batch              1 spans  2 process
 *     Process            1 service_name  2 tags
 *     Span               1 trace_id  2 span_id  3 operation_name  4 references  5 flags  6 start_time  7 duration  8 tags  9 logs  10 process
 *                        11 process_id  12 warnings
 *     SpanRef            1 trace_id  2 span_id  3 ref_type
 *     Log                1 timestamp  2 fields
 *     KeyValue           1 key  2 v_type  3 v_str  4 v_bool  5 v_int64  6 v_float64 (fixed64)  7 v_binary
 *
 * A known field of another wire type is an error. Spans are grouped by process: their own, or the batch's. A time that is not there is the year 1.
 * Source: jaeger-idl proto/api_v2/model.proto and model/v1 (what is refused); gogo/protobuf types (times); pkg/translator/jaeger. */
#include "receivers/jaeger/jaeger.h"

#include "base/clock.h"
#include "wire/protobuf.h"

enum { TYPE_STRING, TYPE_BOOL, TYPE_INT, TYPE_DOUBLE, TYPE_BINARY };

/* A process and the spans that have it. */
struct process_group {
    struct sm_slice name;
    struct sm_attribute_builder tags;
    struct sm_bytes identity; /* what processes are told apart by */
    bool is_there, has_unknown_tag;
    struct sm_built_resource *resource; /* NULL: not yet made */
    struct sm_attribute_builder scopes; /* name NUL version to index in scope_list */
    struct sm_built_scope **scope_list; /* borrowed: arena */
    size_t scope_count, scope_capacity;
};

/* One that was read, on its way to its group. */
struct pending {
    struct sm_built_span *span;
    struct sm_slice scope_name, scope_version;
    struct process_group *process; /* NULL: the batch's */
};

struct reading {
    struct sm_span_builder *builder;
    struct sm_arena *arena;
    struct sm_slice message; /* for offsets */
    struct sm_decode_error *error;
    struct process_group *batch_process;
    struct pending *pending; /* borrowed: arena */
    size_t pending_count, pending_capacity;
};

/* The first tags of these names say what the scope is. */
struct scope_tags {
    struct sm_slice name, version;
    bool has_name, has_version;
    struct sm_value version_value;
};

static bool fail(struct reading *reading, const char *at, const char *reason)
{
    *reading->error = (struct sm_decode_error){.offset = at ? (size_t)(at - reading->message.ptr) : 0, .reason = reason};
    return false;
}

/* ---- messages as tables */

struct member {
    uint32_t number;
    enum sm_wire_type type;
    bool (*read)(struct reading *reading, const struct sm_proto_field *field, void *target); /* NULL: nothing to keep */
};

static bool read_message(struct reading *reading, struct sm_slice message, const struct member *members, size_t count, void *target)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    while (sm_proto_next(&cursor, &field)) {
        if (field.number == 0 || field.number > count)
            continue;
        const struct member *member = &members[field.number - 1];
        if (member->type != field.type)
            return fail(reading, field.whole.ptr, "proto: wrong wireType");
        if (member->read && !member->read(reading, &field, target))
            return false;
    }
    return !cursor.error || fail(reading, cursor.at, cursor.error);
}
#define READ_MESSAGE(reading, message, members, target) read_message(reading, message, members, sizeof(members) / sizeof((members)[0]), target)

/* ---- tags */

struct tag {
    struct sm_slice key, text, bytes;
    int32_t type;
    bool flag;
    int64_t integer;
    double number;
};

static bool read_key(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)reading;
    ((struct tag *)target)->key = field->bytes;
    return true;
}

static bool read_type(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)reading;
    ((struct tag *)target)->type = (int32_t)(uint32_t)field->integer;
    return true;
}

static bool read_text(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)reading;
    ((struct tag *)target)->text = field->bytes;
    return true;
}

static bool read_flag(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)reading;
    ((struct tag *)target)->flag = field->integer != 0;
    return true;
}

static bool read_integer(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)reading;
    ((struct tag *)target)->integer = (int64_t)field->integer;
    return true;
}

static bool read_number(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)reading;
    memcpy(&((struct tag *)target)->number, &field->integer, sizeof(double));
    return true;
}

static bool read_bytes(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)reading;
    ((struct tag *)target)->bytes = field->bytes;
    return true;
}

static const struct member tag_members[] = {
    {1, SM_WIRE_BYTES, read_key},      {2, SM_WIRE_VARINT, read_type},    {3, SM_WIRE_BYTES, read_text},  {4, SM_WIRE_VARINT, read_flag},
    {5, SM_WIRE_VARINT, read_integer}, {6, SM_WIRE_FIXED64, read_number}, {7, SM_WIRE_BYTES, read_bytes},
};

static struct sm_value tag_value(const struct tag *tag, struct sm_arena *arena)
{
    switch (tag->type) {
    case TYPE_STRING:
        return sm_value_string(tag->text);
    case TYPE_BOOL:
        return sm_value_bool(tag->flag);
    case TYPE_INT:
        return sm_value_int(tag->integer);
    case TYPE_DOUBLE:
        return sm_value_double(tag->number);
    case TYPE_BINARY:
        return (struct sm_value){.type = SM_VALUE_BYTES, .bytes = tag->bytes};
    default:
        return sm_value_string(sm_slice_of(sm_arena_printf(arena, "<Unknown Jaeger TagType \"%d\">", tag->type)));
    }
}

/* ---- times and ids */

struct seconds {
    int64_t seconds;
    int32_t nanos;
};

static bool read_whole_seconds(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)reading;
    ((struct seconds *)target)->seconds = (int64_t)field->integer;
    return true;
}

static bool read_nanos(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)reading;
    ((struct seconds *)target)->nanos = (int32_t)(uint32_t)field->integer;
    return true;
}

static const struct member seconds_members[] = {{1, SM_WIRE_VARINT, read_whole_seconds}, {2, SM_WIRE_VARINT, read_nanos}};

static const int64_t YEAR_1 = -62135596800, YEAR_10000 = 253402300800, TEN_THOUSAND_YEARS = 315576000000;
static const int32_t NANOS_END = 1000000000;

static uint64_t wrapped_ns(const struct seconds *time)
{
    return (uint64_t)time->seconds * SM_NS_PER_S + (uint64_t)(int64_t)time->nanos;
}

static bool read_time(struct reading *reading, struct sm_slice message, uint64_t *ns)
{
    struct seconds time = {0};
    if (!READ_MESSAGE(reading, message, seconds_members, &time))
        return false;
    if (time.seconds < YEAR_1 || time.seconds >= YEAR_10000 || time.nanos < 0 || time.nanos >= NANOS_END)
        return fail(reading, message.ptr, "timestamp out of range");
    *ns = wrapped_ns(&time);
    return true;
}

static bool read_duration(struct reading *reading, struct sm_slice message, int64_t *ns)
{
    struct seconds time = {0};
    if (!READ_MESSAGE(reading, message, seconds_members, &time))
        return false;
    bool is_mixed = (time.seconds < 0 && time.nanos > 0) || (time.seconds > 0 && time.nanos < 0);
    if (time.seconds < -TEN_THOUSAND_YEARS || time.seconds > TEN_THOUSAND_YEARS || time.nanos <= -NANOS_END || time.nanos >= NANOS_END || is_mixed ||
        __builtin_mul_overflow(time.seconds, (int64_t)SM_NS_PER_S, ns) || __builtin_add_overflow(*ns, time.nanos, ns))
        return fail(reading, message.ptr, "duration out of range");
    return true;
}

static uint64_t big_endian(const char *bytes)
{
    uint64_t number;
    memcpy(&number, bytes, sizeof(number));
    return __builtin_bswap64(number);
}

static bool read_trace_id(struct reading *reading, struct sm_slice bytes, uint64_t *high, uint64_t *low)
{
    if (bytes.size != SM_TRACE_ID_SIZE && bytes.size != SM_SPAN_ID_SIZE)
        return fail(reading, bytes.ptr, "invalid length for TraceID");
    *high = bytes.size == SM_TRACE_ID_SIZE ? big_endian(bytes.ptr) : 0;
    *low = big_endian(bytes.ptr + bytes.size - SM_SPAN_ID_SIZE);
    return true;
}

static bool read_span_id(struct reading *reading, struct sm_slice bytes, uint64_t *id)
{
    if (bytes.size != SM_SPAN_ID_SIZE)
        return fail(reading, bytes.ptr, "invalid length for SpanID");
    *id = big_endian(bytes.ptr);
    return true;
}

/* ---- references and logs */

static bool read_reference_trace(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    struct sm_jaeger_reference *reference = target;
    return read_trace_id(reading, field->bytes, &reference->trace_id_high, &reference->trace_id_low);
}

static bool read_reference_span(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    return read_span_id(reading, field->bytes, &((struct sm_jaeger_reference *)target)->span_id);
}

static bool read_reference_type(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)reading;
    ((struct sm_jaeger_reference *)target)->type = (int32_t)(uint32_t)field->integer;
    return true;
}

static const struct member reference_members[] = {
    {1, SM_WIRE_BYTES, read_reference_trace}, {2, SM_WIRE_BYTES, read_reference_span}, {3, SM_WIRE_VARINT, read_reference_type}};

static bool read_log_time(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    return read_time(reading, field->bytes, &((struct sm_built_event *)target)->time_ns);
}

static bool read_log_field(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    struct tag tag = {0};
    if (!READ_MESSAGE(reading, field->bytes, tag_members, &tag))
        return false;
    sm_attribute_builder_put(&((struct sm_built_event *)target)->attributes, reading->arena, tag.key, tag_value(&tag, reading->arena));
    return true;
}

static const struct member log_members[] = {{1, SM_WIRE_BYTES, read_log_time}, {2, SM_WIRE_BYTES, read_log_field}};

static uint64_t absent_time(void)
{
    const struct seconds year_1 = {.seconds = YEAR_1};
    return wrapped_ns(&year_1);
}

/* ---- processes */

static bool read_service(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)reading;
    ((struct process_group *)target)->name = field->bytes;
    return true;
}

/* Adds the tag to what tells processes apart, as the reference hashes it: behind one of a type that is not known nothing counts any more. */
static void identify_tag(struct process_group *process, const struct tag *tag)
{
    struct sm_bytes *identity = &process->identity;
    const char type[2] = {(char)(tag->type >> 8), (char)tag->type};
    if (process->has_unknown_tag)
        return;
    sm_bytes_append_slice(identity, tag->key);
    sm_bytes_append(identity, type, sizeof(type));
    switch (tag->type) {
    case TYPE_STRING:
        sm_bytes_append_slice(identity, tag->text);
        break;
    case TYPE_BOOL:
        sm_bytes_append_char(identity, tag->flag);
        break;
    case TYPE_INT:
        sm_bytes_append(identity, &tag->integer, sizeof(tag->integer));
        break;
    case TYPE_DOUBLE:
        sm_bytes_append(identity, &tag->number, sizeof(tag->number));
        break;
    case TYPE_BINARY:
        sm_bytes_append_slice(identity, tag->bytes);
        break;
    default:
        process->has_unknown_tag = true;
        break;
    }
}

static bool read_process_tag(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    struct process_group *process = target;
    struct tag tag = {0};
    if (!READ_MESSAGE(reading, field->bytes, tag_members, &tag))
        return false;
    identify_tag(process, &tag);
    sm_attribute_builder_put(&process->tags, reading->arena, tag.key, tag_value(&tag, reading->arena));
    return true;
}

static const struct member process_members[] = {{1, SM_WIRE_BYTES, read_service}, {2, SM_WIRE_BYTES, read_process_tag}};

static struct process_group *create_process(struct reading *reading)
{
    struct process_group *process = sm_arena_zalloc(reading->arena, 1, sizeof(*process));
    sm_bytes_init(&process->identity, reading->arena);
    return process;
}

static bool read_process(struct reading *reading, struct sm_slice message, struct process_group **process)
{
    if (!*process)
        *process = create_process(reading);
    (*process)->is_there = true;
    return READ_MESSAGE(reading, message, process_members, *process);
}

/* ---- spans */

/* One being read. */
struct span_reading {
    struct sm_jaeger_span span;
    int64_t duration_ns;
    struct scope_tags scope;
    struct process_group *process;
    bool is_blank; /* nothing in it but zeros: the reference leaves it out */
};

static bool read_span_trace(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    struct span_reading *span = target;
    if (!read_trace_id(reading, field->bytes, &span->span.trace_id_high, &span->span.trace_id_low))
        return false;
    span->is_blank &= !span->span.trace_id_high && !span->span.trace_id_low;
    return true;
}

static bool read_span_span(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    struct span_reading *span = target;
    if (!read_span_id(reading, field->bytes, &span->span.span_id))
        return false;
    span->is_blank &= !span->span.span_id;
    return true;
}

static bool read_span_name(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)reading;
    struct span_reading *span = target;
    span->span.built->name = field->bytes;
    span->is_blank &= !field->bytes.size;
    return true;
}

static bool read_span_reference(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    struct span_reading *span = target;
    span->is_blank = false;
    return READ_MESSAGE(reading, field->bytes, reference_members, sm_jaeger_add_reference(&span->span, reading->arena));
}

static bool read_span_flags(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)reading;
    ((struct span_reading *)target)->is_blank &= !(uint32_t)field->integer;
    return true;
}

static bool read_span_start(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    struct span_reading *span = target;
    span->is_blank = false;
    return read_time(reading, field->bytes, &span->span.built->start_ns);
}

static bool read_span_duration(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    struct span_reading *span = target;
    if (!read_duration(reading, field->bytes, &span->duration_ns))
        return false;
    span->is_blank &= !span->duration_ns;
    return true;
}

/* True: the tag says what the scope is and is no attribute. */
static bool take_scope_tag(struct scope_tags *scope, const struct tag *tag, struct sm_arena *arena)
{
    if (!scope->has_name && sm_slice_is(tag->key, "otel.scope.name")) {
        scope->has_name = true;
        scope->name = tag->text;
        return true;
    }
    if (scope->has_version || !sm_slice_is(tag->key, "otel.scope.version"))
        return false;
    scope->has_version = true;
    scope->version = tag->text;
    scope->version_value = tag_value(tag, arena);
    return true;
}

static bool read_span_tag(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    struct span_reading *span = target;
    struct tag tag = {0};
    span->is_blank = false;
    if (!READ_MESSAGE(reading, field->bytes, tag_members, &tag))
        return false;
    if (!take_scope_tag(&span->scope, &tag, reading->arena))
        sm_attribute_builder_put(&span->span.built->attributes, reading->arena, tag.key, tag_value(&tag, reading->arena));
    return true;
}

static bool read_span_log(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    struct span_reading *span = target;
    struct sm_built_event *event = sm_span_builder_add_event(reading->builder, span->span.built);
    event->time_ns = absent_time();
    span->is_blank = false;
    if (!READ_MESSAGE(reading, field->bytes, log_members, event))
        return false;
    sm_jaeger_finish_event(event);
    return true;
}

static bool read_span_process(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    struct span_reading *span = target;
    span->is_blank = false;
    return read_process(reading, field->bytes, &span->process);
}

static const struct member span_members[] = {
    {1, SM_WIRE_BYTES, read_span_trace},
    {2, SM_WIRE_BYTES, read_span_span},
    {3, SM_WIRE_BYTES, read_span_name},
    {4, SM_WIRE_BYTES, read_span_reference},
    {5, SM_WIRE_VARINT, read_span_flags},
    {6, SM_WIRE_BYTES, read_span_start},
    {7, SM_WIRE_BYTES, read_span_duration},
    {8, SM_WIRE_BYTES, read_span_tag},
    {9, SM_WIRE_BYTES, read_span_log},
    {10, SM_WIRE_BYTES, read_span_process},
    {11, SM_WIRE_BYTES, NULL},
    {12, SM_WIRE_BYTES, NULL},
};

static bool read_span(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)target;
    struct span_reading span = {.span = {.built = sm_span_builder_add_span(reading->builder, NULL), .has_trace_state = true}, .is_blank = true};
    struct sm_built_span *built = span.span.built;
    built->start_ns = absent_time();
    if (!READ_MESSAGE(reading, field->bytes, span_members, &span))
        return false;
    if (span.is_blank)
        return true;
    built->end_ns = built->start_ns + (uint64_t)span.duration_ns;
    /* A version alone is an attribute, unless a later tag of that name is one already. */
    if (!span.scope.has_name && span.scope.has_version && !sm_attribute_builder_find(&built->attributes, SM_SLICE("otel.scope.version")))
        sm_attribute_builder_put(&built->attributes, reading->arena, SM_SLICE("otel.scope.version"), span.scope.version_value);
    sm_jaeger_finish_span(reading->builder, &span.span);
    if (reading->pending_count == reading->pending_capacity)
        reading->pending = sm_arena_grow(reading->arena, reading->pending, reading->pending_count, &reading->pending_capacity,
                                         reading->pending_count + 1, sizeof(*reading->pending));
    reading->pending[reading->pending_count++] = (struct pending){
        .span = built,
        .scope_name = span.scope.name,
        .scope_version = span.scope.has_name ? span.scope.version : SM_SLICE(""),
        .process = span.process,
    };
    return true;
}

/* ---- batches */

static bool read_batch_process(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    (void)target;
    return read_process(reading, field->bytes, &reading->batch_process);
}

static const struct member batch_members[] = {{1, SM_WIRE_BYTES, read_span}, {2, SM_WIRE_BYTES, read_batch_process}};

static bool read_batch(struct reading *reading, const struct sm_proto_field *field, void *target)
{
    return READ_MESSAGE(reading, field->bytes, batch_members, target);
}

static const struct member request_members[] = {{1, SM_WIRE_BYTES, read_batch}};

static struct sm_built_resource *resource_of(struct reading *reading, struct process_group *process)
{
    if (process->resource)
        return process->resource;
    struct sm_built_resource *resource = process->resource = sm_span_builder_add_resource(reading->builder);
    if (sm_slice_is(process->name, "OTLPResourceNoServiceName"))
        return resource;
    if (process->name.size)
        sm_attribute_builder_put(&resource->attributes, reading->arena, SM_SLICE("service.name"), sm_value_string(process->name));
    for (size_t i = 0; i < process->tags.count; i++)
        sm_attribute_builder_put(&resource->attributes, reading->arena, process->tags.items[i].key, process->tags.items[i].value);
    sm_jaeger_finish_resource(resource, reading->arena);
    return resource;
}

static struct sm_built_scope *scope_of(struct reading *reading, struct process_group *process, const struct pending *pending)
{
    struct sm_built_resource *resource = resource_of(reading, process);
    struct sm_bytes key;
    sm_bytes_init(&key, reading->arena);
    sm_bytes_append_slice(&key, pending->scope_name);
    sm_bytes_append_char(&key, '\0');
    sm_bytes_append_slice(&key, pending->scope_version);
    const struct sm_value *known = sm_attribute_builder_find(&process->scopes, sm_bytes_slice(&key));
    if (known)
        return process->scope_list[known->integer];
    struct sm_built_scope *scope = sm_span_builder_add_scope(reading->builder, resource);
    scope->name = pending->scope_name;
    scope->version = pending->scope_version;
    if (process->scope_count == process->scope_capacity)
        process->scope_list = sm_arena_grow(reading->arena, process->scope_list, process->scope_count, &process->scope_capacity,
                                            process->scope_count + 1, sizeof(struct sm_built_scope *));
    sm_attribute_builder_put(&process->scopes, reading->arena, sm_bytes_slice(&key), sm_value_int((int64_t)process->scope_count));
    return process->scope_list[process->scope_count++] = scope;
}

/* Processes with the same content are one. */
struct registry {
    struct sm_attribute_builder indexes; /* identity to index in groups */
    struct process_group **groups;       /* borrowed: arena */
    size_t count, capacity;
};

static struct process_group *find_group(struct reading *reading, struct registry *registry, struct process_group *process)
{
    struct sm_bytes key;
    sm_bytes_init(&key, reading->arena);
    sm_bytes_append_slice(&key, process->name);
    sm_bytes_append_slice(&key, sm_bytes_slice(&process->identity));
    const struct sm_value *known = sm_attribute_builder_find(&registry->indexes, sm_bytes_slice(&key));
    if (known)
        return registry->groups[known->integer];
    if (registry->count == registry->capacity)
        registry->groups = sm_arena_grow(reading->arena, registry->groups, registry->count, &registry->capacity, registry->count + 1,
                                         sizeof(struct process_group *));
    sm_attribute_builder_put(&registry->indexes, reading->arena, sm_bytes_slice(&key), sm_value_int((int64_t)registry->count));
    return registry->groups[registry->count++] = process;
}

static void group_spans(struct reading *reading)
{
    struct registry registry = {0};
    struct process_group *own = find_group(reading, &registry, reading->batch_process ? reading->batch_process : create_process(reading));
    if (own->is_there)
        resource_of(reading, own);
    for (size_t i = 0; i < reading->pending_count; i++) {
        const struct pending *pending = &reading->pending[i];
        struct process_group *group = pending->process ? find_group(reading, &registry, pending->process) : own;
        sm_built_scope_append(scope_of(reading, group, pending), pending->span);
    }
}

struct sm_batch *sm_jaeger_decode_protobuf(struct sm_slice message, struct sm_decode_error *error)
{
    struct sm_span_builder builder = {0};
    struct reading reading = {.builder = &builder, .arena = &builder.arena, .message = message, .error = error};
    struct sm_batch *batch = NULL;
    if (READ_MESSAGE(&reading, message, request_members, NULL)) {
        group_spans(&reading);
        batch = sm_span_builder_finish(&builder, error);
    }
    sm_span_builder_deinit(&builder);
    return batch;
}
