/* otlp_part.c - see otlp_part.h. Sizes follow the tables of otlp_schema.c, which say what is written when empty.
 * Source: opentelemetry-collector pdata/internal/generated_proto_*.go (SizeProto). */
#include "telemetry/otlp_part.h"

#include <assert.h>

#include "telemetry/otlp_encode.h"
#include "telemetry/otlp_schema.h"
#include "telemetry/otlp_wire.h"
#include "telemetry/span.h"

/* ---- as bytes */

/* The content of the one message field that was written. */
static struct sm_slice take_content(struct sm_proto_writer *writer)
{
    sm_proto_writer_finish(writer);
    char *joined = sm_arena_alloc(writer->arena, writer->size), *end = joined;
    for (size_t i = 0; i < writer->piece_count; i++) {
        memcpy(end, writer->pieces[i].iov_base, writer->pieces[i].iov_len);
        end += writer->pieces[i].iov_len;
    }
    struct sm_proto_cursor cursor = sm_proto_begin(sm_slice_make(joined, writer->size));
    struct sm_proto_field field;
    bool is_sound = sm_proto_next(&cursor, &field);
    assert(is_sound);
    return is_sound ? field.bytes : (struct sm_slice){0};
}

struct sm_slice sm_otlp_resource_bytes(const struct sm_resource *resource, struct sm_arena *arena)
{
    if (resource->raw.ptr && !resource->changed && !resource->attributes.changed)
        return resource->raw;
    struct sm_proto_writer writer;
    sm_proto_writer_init(&writer, arena);
    sm_otlp_write_resource(&writer, resource);
    return take_content(&writer);
}

struct sm_slice sm_otlp_scope_bytes(const struct sm_scope *scope, struct sm_arena *arena)
{
    if (scope->raw.ptr && !scope->changed && !scope->attributes.changed)
        return scope->raw;
    struct sm_proto_writer writer;
    sm_proto_writer_init(&writer, arena);
    sm_otlp_write_scope(&writer, scope);
    return take_content(&writer);
}

struct sm_slice sm_otlp_span_bytes(const struct sm_span *span, struct sm_arena *arena)
{
    if (span->raw.ptr && !span->changed && !span->attributes.changed)
        return span->raw;
    struct sm_proto_writer writer;
    sm_proto_writer_init(&writer, arena);
    sm_otlp_write_span(&writer, span);
    return take_content(&writer);
}

/* ---- sizes */

size_t sm_otlp_field_size(size_t size)
{
    return 1 + sm_proto_varint_size(size) + size;
}

static size_t tag_size(const struct sm_schema_field *field)
{
    return sm_proto_varint_size((uint64_t)field->number << 3);
}

static size_t message_size(const struct sm_schema_message *message, struct sm_slice bytes);

static size_t delimited_size(const struct sm_schema_field *field, size_t size)
{
    return tag_size(field) + sm_proto_varint_size(size) + size;
}

static bool is_zero(struct sm_slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.ptr[i])
            return false;
    return true;
}

/* Bytes for one occurrence of `field`. */
static size_t occurrence_size(const struct sm_schema_field *field, const struct sm_proto_field *found)
{
    bool is_written_empty = (field->flags & (SM_SCHEMA_ONEOF | SM_SCHEMA_OPTIONAL | SM_SCHEMA_REPEATED)) != 0;
    switch (field->kind) {
    case SM_KIND_MESSAGE:
        return delimited_size(field, message_size(field->message, found->bytes));
    case SM_KIND_TRACE_ID:
    case SM_KIND_SPAN_ID:
        return delimited_size(field, is_zero(found->bytes) ? 0 : found->bytes.size);
    case SM_KIND_STRING:
    case SM_KIND_BYTES:
        return found->bytes.size || is_written_empty ? delimited_size(field, found->bytes.size) : 0;
    case SM_KIND_FIXED64:
    case SM_KIND_SFIXED64:
    case SM_KIND_DOUBLE:
        return found->integer || is_written_empty ? tag_size(field) + 8 : 0;
    case SM_KIND_FIXED32:
        return found->integer || is_written_empty ? tag_size(field) + 4 : 0;
    case SM_KIND_BOOL:
        return found->integer || is_written_empty ? tag_size(field) + 1 : 0;
    case SM_KIND_UINT32:
        return (uint32_t)found->integer || is_written_empty ? tag_size(field) + sm_proto_varint_size((uint32_t)found->integer) : 0;
    case SM_KIND_INT32:
    case SM_KIND_ENUM:
        return (uint32_t)found->integer || is_written_empty ? tag_size(field) + sm_proto_varint_size((uint64_t)(int32_t)found->integer) : 0;
    default:
        return found->integer || is_written_empty ? tag_size(field) + sm_proto_varint_size(found->integer) : 0;
    }
}

static size_t absent_size(const struct sm_schema_field *field)
{
    bool is_id = field->kind == SM_KIND_TRACE_ID || field->kind == SM_KIND_SPAN_ID;
    if (is_id)
        return delimited_size(field, 0);
    return field->flags & SM_SCHEMA_ALWAYS ? delimited_size(field, message_size(field->message, (struct sm_slice){0})) : 0;
}

static size_t find_field(const struct sm_schema_message *message, uint32_t number)
{
    size_t index = 0;
    while (index < message->field_count && message->fields[index].number != number)
        index++;
    return index;
}

static size_t message_size(const struct sm_schema_message *message, struct sm_slice bytes)
{
    size_t sizes[SM_SCHEMA_FIELDS_MAX] = {0}, total = 0;
    bool is_there[SM_SCHEMA_FIELDS_MAX] = {0};
    struct sm_proto_cursor cursor = sm_proto_begin(bytes);
    struct sm_proto_field found;
    while (sm_proto_next(&cursor, &found)) {
        size_t index = find_field(message, found.number);
        if (index == message->field_count)
            continue;
        const struct sm_schema_field *field = &message->fields[index];
        /* Of a oneof the last member counts. */
        for (size_t i = 0; field->flags & SM_SCHEMA_ONEOF && i < message->field_count; i++)
            if (message->fields[i].flags & SM_SCHEMA_ONEOF)
                sizes[i] = 0;
        size_t size = occurrence_size(field, &found);
        sizes[index] = field->flags & SM_SCHEMA_REPEATED ? sizes[index] + size : size;
        is_there[index] = true;
    }
    for (size_t i = 0; i < message->field_count; i++)
        total += is_there[i] ? sizes[i] : absent_size(&message->fields[i]);
    return total;
}

static const struct sm_schema_message *child(const struct sm_schema_message *message, uint32_t number)
{
    size_t index = find_field(message, number);
    assert(index < message->field_count);
    return message->fields[index].message;
}

static const struct sm_schema_message *resource_spans(void)
{
    return child(sm_schema_request(SM_TRACES), 1);
}

size_t sm_otlp_resource_standard_size(struct sm_slice bytes)
{
    return message_size(child(resource_spans(), 1), bytes);
}

size_t sm_otlp_scope_standard_size(struct sm_slice bytes)
{
    return message_size(child(child(resource_spans(), 2), 1), bytes);
}

size_t sm_otlp_span_standard_size(struct sm_slice bytes)
{
    return message_size(child(child(resource_spans(), 2), 2), bytes);
}
