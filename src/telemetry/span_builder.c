/* span_builder.c - see span_builder.h. The fields written are drawn in otlp_decode_span.c.
 * A key is searched by comparing until there are MANY attributes, then by hash, so that a span with very many costs no more than its bytes. */
#include "telemetry/span_builder.h"

#include "base/hash.h"
#include "telemetry/otlp_encode.h"

enum { MANY = 16 };

/* ---- attributes */

static void index_item(struct sm_attribute_builder *attributes, size_t index)
{
    size_t slot = sm_hash_with(sm_hash_secret(), attributes->items[index].key) & (attributes->_slot_count - 1);
    while (attributes->_slots[slot])
        slot = (slot + 1) & (attributes->_slot_count - 1);
    attributes->_slots[slot] = (uint32_t)index + 1;
}

/* Half of the slots stay free. */
static void index_items(struct sm_attribute_builder *attributes, struct sm_arena *arena)
{
    attributes->_slot_count = attributes->_slot_count ? attributes->_slot_count * 2 : 4 * MANY;
    attributes->_slots = sm_arena_zalloc(arena, attributes->_slot_count, sizeof(*attributes->_slots));
    for (size_t i = 0; i < attributes->count; i++)
        index_item(attributes, i);
}

static struct sm_attribute *find(const struct sm_attribute_builder *attributes, struct sm_slice key)
{
    if (!attributes->_slots) {
        for (size_t i = 0; i < attributes->count; i++)
            if (sm_slice_equal(attributes->items[i].key, key))
                return &attributes->items[i];
        return NULL;
    }
    size_t slot = sm_hash_with(sm_hash_secret(), key) & (attributes->_slot_count - 1);
    for (; attributes->_slots[slot]; slot = (slot + 1) & (attributes->_slot_count - 1)) {
        struct sm_attribute *item = &attributes->items[attributes->_slots[slot] - 1];
        if (sm_slice_equal(item->key, key))
            return item;
    }
    return NULL;
}

struct sm_value *sm_attribute_builder_put(struct sm_attribute_builder *attributes, struct sm_arena *arena, struct sm_slice key, struct sm_value value)
{
    struct sm_attribute *item = find(attributes, key);
    if (item) {
        item->value = value;
        return &item->value;
    }
    if (attributes->count == attributes->capacity)
        attributes->items =
            sm_arena_grow(arena, attributes->items, attributes->count, &attributes->capacity, attributes->count + 1, sizeof(*attributes->items));
    item = &attributes->items[attributes->count++];
    *item = (struct sm_attribute){.key = key, .value = value};
    if (attributes->count > MANY && attributes->count * 2 > attributes->_slot_count)
        index_items(attributes, arena);
    else if (attributes->_slots)
        index_item(attributes, attributes->count - 1);
    return &item->value;
}

struct sm_value *sm_attribute_builder_find(const struct sm_attribute_builder *attributes, struct sm_slice key)
{
    struct sm_attribute *item = find(attributes, key);
    return item && item->value.type != SM_VALUE_EMPTY ? &item->value : NULL;
}

bool sm_attribute_builder_take(struct sm_attribute_builder *attributes, struct sm_slice key, struct sm_value *value)
{
    struct sm_value *found = sm_attribute_builder_find(attributes, key);
    if (!found)
        return false;
    *value = *found;
    *found = (struct sm_value){0};
    return true;
}

/* ---- building */

void sm_span_builder_deinit(struct sm_span_builder *builder)
{
    sm_arena_deinit(&builder->arena);
    builder->resources = NULL;
}

struct sm_built_resource *sm_span_builder_add_resource(struct sm_span_builder *builder)
{
    struct sm_built_resource *resource = sm_arena_zalloc(&builder->arena, 1, sizeof(*resource));
    resource->next = builder->resources;
    builder->resources = resource;
    return resource;
}

struct sm_built_scope *sm_span_builder_add_scope(struct sm_span_builder *builder, struct sm_built_resource *resource)
{
    struct sm_built_scope *scope = sm_arena_zalloc(&builder->arena, 1, sizeof(*scope));
    scope->next = resource->scopes;
    resource->scopes = scope;
    return scope;
}

void sm_built_scope_append(struct sm_built_scope *scope, struct sm_built_span *span)
{
    span->next = scope->spans;
    scope->spans = span;
}

struct sm_built_span *sm_span_builder_add_span(struct sm_span_builder *builder, struct sm_built_scope *scope)
{
    struct sm_built_span *span = sm_arena_zalloc(&builder->arena, 1, sizeof(*span));
    if (scope)
        sm_built_scope_append(scope, span);
    return span;
}

struct sm_built_event *sm_span_builder_add_event(struct sm_span_builder *builder, struct sm_built_span *span)
{
    struct sm_built_event *event = sm_arena_zalloc(&builder->arena, 1, sizeof(*event));
    event->next = span->events;
    span->events = event;
    return event;
}

struct sm_built_link *sm_span_builder_add_link(struct sm_span_builder *builder, struct sm_built_span *span)
{
    struct sm_built_link *link = sm_arena_zalloc(&builder->arena, 1, sizeof(*link));
    link->next = span->links;
    span->links = link;
    return link;
}

void sm_span_id_from_number(uint8_t id[SM_SPAN_ID_SIZE], uint64_t number)
{
    for (size_t i = 0; i < SM_SPAN_ID_SIZE; i++)
        id[i] = (uint8_t)(number >> (56 - 8 * i));
}

void sm_trace_id_from_numbers(uint8_t id[SM_TRACE_ID_SIZE], uint64_t high, uint64_t low)
{
    sm_span_id_from_number(id, high);
    sm_span_id_from_number(id + SM_SPAN_ID_SIZE, low);
}

/* ---- writing */

static void write_id(struct sm_proto_writer *writer, uint32_t number, const uint8_t *id, size_t size)
{
    static const uint8_t zeros[SM_TRACE_ID_SIZE];
    if (memcmp(id, zeros, size) != 0)
        sm_proto_write_bytes(writer, number, sm_slice_make(id, size));
}

static void write_attributes(struct sm_proto_writer *writer, const struct sm_attribute_builder *attributes, uint32_t field)
{
    for (size_t i = attributes->count; i-- > 0;) {
        if (attributes->items[i].value.type != SM_VALUE_EMPTY)
            sm_otlp_write_attribute(writer, &attributes->items[i], field);
    }
}

static void write_event(struct sm_proto_writer *writer, const struct sm_built_event *event)
{
    size_t mark = sm_proto_writer_mark(writer);
    sm_otlp_write_uint(writer, 4, event->dropped_attributes_count);
    write_attributes(writer, &event->attributes, 3);
    sm_otlp_write_text(writer, 2, event->name);
    sm_otlp_write_fixed64(writer, 1, event->time_ns);
    sm_proto_write_message(writer, 11, mark);
}

static void write_link(struct sm_proto_writer *writer, const struct sm_built_link *link)
{
    size_t mark = sm_proto_writer_mark(writer);
    sm_otlp_write_uint(writer, 5, link->dropped_attributes_count);
    write_attributes(writer, &link->attributes, 4);
    sm_otlp_write_text(writer, 3, link->trace_state);
    write_id(writer, 2, link->span_id, SM_SPAN_ID_SIZE);
    write_id(writer, 1, link->trace_id, SM_TRACE_ID_SIZE);
    sm_proto_write_message(writer, 13, mark);
}

static void write_status(struct sm_proto_writer *writer, const struct sm_built_span *span)
{
    if (!span->status_code && !span->status_message.size)
        return;
    size_t mark = sm_proto_writer_mark(writer);
    sm_otlp_write_uint(writer, 3, (uint64_t)(int64_t)span->status_code);
    sm_otlp_write_text(writer, 2, span->status_message);
    sm_proto_write_message(writer, 15, mark);
}

static void write_span(struct sm_proto_writer *writer, const struct sm_built_span *span)
{
    size_t mark = sm_proto_writer_mark(writer);
    write_status(writer, span);
    for (const struct sm_built_link *link = span->links; link; link = link->next)
        write_link(writer, link);
    for (const struct sm_built_event *event = span->events; event; event = event->next)
        write_event(writer, event);
    write_attributes(writer, &span->attributes, 9);
    sm_otlp_write_fixed64(writer, 8, span->end_ns);
    sm_otlp_write_fixed64(writer, 7, span->start_ns);
    sm_otlp_write_uint(writer, 6, (uint64_t)span->kind);
    sm_otlp_write_text(writer, 5, span->name);
    write_id(writer, 4, span->parent_span_id, SM_SPAN_ID_SIZE);
    sm_otlp_write_text(writer, 3, span->trace_state);
    write_id(writer, 2, span->span_id, SM_SPAN_ID_SIZE);
    write_id(writer, 1, span->trace_id, SM_TRACE_ID_SIZE);
    sm_proto_write_message(writer, 2, mark);
}

static void write_scope(struct sm_proto_writer *writer, const struct sm_built_scope *scope)
{
    size_t mark = sm_proto_writer_mark(writer);
    for (const struct sm_built_span *span = scope->spans; span; span = span->next)
        write_span(writer, span);
    size_t inner = sm_proto_writer_mark(writer);
    sm_otlp_write_text(writer, 2, scope->version);
    sm_otlp_write_text(writer, 1, scope->name);
    sm_proto_write_message(writer, 1, inner);
    sm_proto_write_message(writer, 2, mark);
}

static void write_resource(struct sm_proto_writer *writer, const struct sm_built_resource *resource)
{
    size_t mark = sm_proto_writer_mark(writer);
    for (const struct sm_built_scope *scope = resource->scopes; scope; scope = scope->next)
        write_scope(writer, scope);
    size_t inner = sm_proto_writer_mark(writer);
    write_attributes(writer, &resource->attributes, 1);
    sm_proto_write_message(writer, 1, inner);
    sm_proto_write_message(writer, 1, mark);
}

struct sm_batch *sm_span_builder_finish(struct sm_span_builder *builder, struct sm_decode_error *error)
{
    struct sm_proto_writer writer;
    sm_proto_writer_init(&writer, &builder->arena);
    for (const struct sm_built_resource *resource = builder->resources; resource; resource = resource->next)
        write_resource(&writer, resource);
    sm_proto_writer_finish(&writer);
    struct sm_buffer *request = sm_buffer_try_create(writer.size);
    if (!request) {
        *error = (struct sm_decode_error){.reason = "no memory for the request"};
        return NULL;
    }
    for (size_t i = 0; i < writer.piece_count; i++) {
        memcpy(request->data + request->size, writer.pieces[i].iov_base, writer.pieces[i].iov_len);
        request->size += writer.pieces[i].iov_len;
    }
    struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, request, error);
    sm_buffer_release(request);
    return batch;
}
