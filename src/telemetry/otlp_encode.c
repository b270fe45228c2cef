/* otlp_encode.c - a batch as an OTLP protobuf request: values, attributes, and the levels that the signals have in common (drawn in otlp_decode.c).
 *
 * What nobody changed is its own bytes. What changed is written from its decoded fields; fields that are not decoded are copied from `raw`. The batch
 * is only read. */
#include "telemetry/otlp_encode.h"

#include "base/memory.h"
#include "telemetry/log_record.h"
#include "telemetry/metric.h"
#include "telemetry/otlp.h"
#include "telemetry/otlp_wire.h"
#include "telemetry/span.h"

void sm_otlp_write_attribute(struct sm_proto_writer *writer, const struct sm_attribute *attribute, uint32_t field)
{
    size_t mark = sm_proto_writer_mark(writer);
    sm_otlp_write_value(writer, &attribute->value);
    sm_proto_write_message(writer, 2, mark);
    sm_otlp_write_text(writer, 1, attribute->key);
    sm_proto_write_message(writer, field, mark);
}

static void write_list(struct sm_proto_writer *writer, const struct sm_list *list)
{
    size_t mark = sm_proto_writer_mark(writer);
    for (size_t i = list ? list->count : 0; i-- > 0;) {
        size_t item = sm_proto_writer_mark(writer);
        sm_otlp_write_value(writer, &list->items[i]);
        sm_proto_write_message(writer, 1, item);
    }
    sm_proto_write_message(writer, 5, mark);
}

static void write_map(struct sm_proto_writer *writer, const struct sm_map *map)
{
    size_t mark = sm_proto_writer_mark(writer);
    for (size_t i = map ? map->count : 0; i-- > 0;)
        sm_otlp_write_attribute(writer, &map->entries[i], 1);
    sm_proto_write_message(writer, 6, mark);
}

void sm_otlp_write_value(struct sm_proto_writer *writer, const struct sm_value *value)
{
    switch (value->type) {
    case SM_VALUE_EMPTY:
        break;
    case SM_VALUE_STRING:
        sm_proto_write_bytes(writer, 1, value->string);
        break;
    case SM_VALUE_BOOL:
        sm_proto_write_uint(writer, 2, value->boolean);
        break;
    case SM_VALUE_INT:
        sm_proto_write_uint(writer, 3, (uint64_t)value->integer);
        break;
    case SM_VALUE_DOUBLE:
        sm_proto_write_double(writer, 4, value->number);
        break;
    case SM_VALUE_LIST:
        if (value->encoded)
            sm_proto_write_bytes(writer, 5, value->bytes);
        else
            write_list(writer, value->list);
        break;
    case SM_VALUE_MAP:
        if (value->encoded)
            sm_proto_write_bytes(writer, 6, value->bytes);
        else
            write_map(writer, value->map);
        break;
    case SM_VALUE_BYTES:
        sm_proto_write_bytes(writer, 7, value->bytes);
        break;
    }
}

static bool is_number(uint32_t number, uint32_t wanted)
{
    return number == wanted;
}

static bool is_unknown(uint32_t number, uint32_t known)
{
    return number > 31 || (known >> number & 1) == 0;
}

void sm_otlp_write_attributes(struct sm_proto_writer *writer, const struct sm_attributes *attributes, uint32_t field)
{
    if (!attributes->changed && !attributes->_has_gaps) {
        sm_proto_write_raw(writer, attributes->raw);
        return;
    }
    if (!attributes->changed) {
        sm_proto_write_fields(writer, attributes->raw, is_number, attributes->field);
        return;
    }
    for (size_t i = attributes->_map ? attributes->_map->count : 0; i-- > 0;)
        sm_otlp_write_attribute(writer, &attributes->_map->entries[i], field);
}

void sm_otlp_write_unknown(struct sm_proto_writer *writer, struct sm_slice raw, uint32_t known)
{
    sm_proto_write_fields(writer, raw, is_unknown, known);
}

void sm_otlp_write_resource(struct sm_proto_writer *writer, const struct sm_resource *resource)
{
    if (resource->raw.ptr && !resource->changed && !resource->attributes.changed) {
        sm_proto_write_bytes(writer, 1, resource->raw);
        return;
    }
    size_t mark = sm_proto_writer_mark(writer);
    sm_otlp_write_unknown(writer, resource->raw, SM_KNOWN(1) | SM_KNOWN(2));
    sm_otlp_write_uint(writer, 2, resource->dropped_attributes_count);
    sm_otlp_write_attributes(writer, &resource->attributes, 1);
    sm_proto_write_message(writer, 1, mark);
}

void sm_otlp_write_scope(struct sm_proto_writer *writer, const struct sm_scope *scope)
{
    if (scope->raw.ptr && !scope->changed && !scope->attributes.changed) {
        sm_proto_write_bytes(writer, 1, scope->raw);
        return;
    }
    size_t mark = sm_proto_writer_mark(writer);
    sm_otlp_write_unknown(writer, scope->raw, SM_KNOWN(1) | SM_KNOWN(2) | SM_KNOWN(3) | SM_KNOWN(4));
    sm_otlp_write_uint(writer, 4, scope->dropped_attributes_count);
    sm_otlp_write_attributes(writer, &scope->attributes, 3);
    sm_otlp_write_text(writer, 2, scope->version);
    sm_otlp_write_text(writer, 1, scope->name);
    sm_proto_write_message(writer, 1, mark);
}

static void write_items(struct sm_proto_writer *writer, enum sm_signal signal, const struct sm_scope_group *scope)
{
    for (size_t i = scope->count; i-- > 0;) {
        if (signal == SM_TRACES)
            sm_otlp_write_span(writer, &scope->spans[i]);
        else if (signal == SM_METRICS)
            sm_otlp_write_metric(writer, &scope->metrics[i]);
        else
            sm_otlp_write_log_record(writer, &scope->log_records[i]);
    }
}

static void write_scope_group(struct sm_proto_writer *writer, enum sm_signal signal, const struct sm_scope_group *scope)
{
    if (scope->dropped)
        return;
    if (scope->raw.ptr && !scope->changed) {
        sm_proto_write_bytes(writer, 2, scope->raw);
        return;
    }
    size_t mark = sm_proto_writer_mark(writer);
    if (scope->_has_unknown)
        sm_otlp_write_unknown(writer, scope->raw, SM_KNOWN(1) | SM_KNOWN(2) | SM_KNOWN(3));
    sm_otlp_write_text(writer, 3, scope->schema_url);
    write_items(writer, signal, scope);
    sm_otlp_write_scope(writer, &scope->scope);
    sm_proto_write_message(writer, 2, mark);
}

/* Unknown fields of a resource group: groups of the deprecated field were taken over or thrown away when decoding. */
static bool is_unknown_of_group(uint32_t number, uint32_t known)
{
    return number != SM_OTLP_DEPRECATED_SCOPES && is_unknown(number, known);
}

static void write_resource_group(struct sm_proto_writer *writer, enum sm_signal signal, const struct sm_resource_group *group)
{
    if (group->dropped)
        return;
    if (group->raw.ptr && !group->changed) {
        sm_proto_write_bytes(writer, 1, group->raw);
        return;
    }
    size_t mark = sm_proto_writer_mark(writer);
    if (group->_has_unknown)
        sm_proto_write_fields(writer, group->raw, is_unknown_of_group, SM_KNOWN(1) | SM_KNOWN(2) | SM_KNOWN(3));
    sm_otlp_write_text(writer, 3, group->schema_url);
    for (size_t i = group->count; i-- > 0;)
        write_scope_group(writer, signal, &group->scopes[i]);
    sm_otlp_write_resource(writer, &group->resource);
    sm_proto_write_message(writer, 1, mark);
}

static void write_batch(struct sm_proto_writer *writer, const struct sm_batch *batch)
{
    for (size_t i = batch->_part_count; i-- > 0;)
        sm_proto_write_raw(writer, batch->_parts[i].raw);
    if (batch->raw.ptr && !batch->changed) {
        sm_proto_write_raw(writer, batch->raw);
        return;
    }
    for (size_t i = batch->count; i-- > 0;)
        write_resource_group(writer, batch->signal, &batch->groups[i]);
}

void sm_otlp_encode_protobuf(struct sm_batch *batch, struct sm_otlp_pieces *pieces)
{
    struct sm_proto_writer writer;
    sm_proto_writer_init(&writer, &batch->arena);
    write_batch(&writer, batch);
    sm_proto_writer_finish(&writer);
    *pieces = (struct sm_otlp_pieces){.pieces = writer.pieces, .count = writer.piece_count, .size = writer.size};
}

struct sm_buffer *sm_otlp_encode_protobuf_buffer(const struct sm_batch *batch)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_proto_writer writer;
    sm_proto_writer_init(&writer, &arena);
    write_batch(&writer, batch);
    sm_proto_writer_finish(&writer);
    struct sm_buffer *buffer = sm_buffer_try_create(writer.size);
    if (!buffer)
        sm_out_of_memory(writer.size);
    for (size_t i = 0; i < writer.piece_count; i++) {
        memcpy(buffer->data + buffer->size, writer.pieces[i].iov_base, writer.pieces[i].iov_len);
        buffer->size += writer.pieces[i].iov_len;
    }
    sm_arena_deinit(&arena);
    return buffer;
}

void sm_otlp_encode_protobuf_bytes(struct sm_batch *batch, struct sm_bytes *out)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_proto_writer writer;
    sm_proto_writer_init(&writer, &arena);
    write_batch(&writer, batch);
    sm_proto_writer_finish(&writer);
    sm_bytes_reserve(out, writer.size);
    for (size_t i = 0; i < writer.piece_count; i++)
        sm_bytes_append(out, writer.pieces[i].iov_base, writer.pieces[i].iov_len);
    sm_arena_deinit(&arena);
}

size_t sm_batch_encoded_size(const struct sm_batch *batch)
{
    struct sm_proto_writer counter;
    sm_proto_writer_init(&counter, NULL);
    write_batch(&counter, batch);
    return counter.size;
}
