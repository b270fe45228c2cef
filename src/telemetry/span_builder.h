/* span_builder.h - spans that came in another format, on their way to a batch: Zipkin's and Jaeger's decoders fill it, and what it holds is written
 * as an OTLP request and decoded as every other, so that there is one model and one validator.
 *
 * Everything lives in the builder's arena or is borrowed until sm_span_builder_finish. Lists are kept newest first, as the writer, which goes from
 * the end to the start, wants them. Worker-local. */
#pragma once

#include "telemetry/otlp.h"
#include "telemetry/span.h"
#include "telemetry/value.h"

/* Attributes in the order in which they came; a key stands once. All zero is empty. */
struct sm_attribute_builder {
    struct sm_attribute *items; /* borrowed: arena; those with an empty value were removed */
    size_t count, capacity;
    uint32_t *_slots; /* borrowed: arena; index + 1 by hash of the key, once there are many */
    size_t _slot_count;
};

/* Sets or appends. Returns the place of the value, valid until the next call. */
struct sm_value *sm_attribute_builder_put(struct sm_attribute_builder *attributes, struct sm_arena *arena, struct sm_slice key, struct sm_value value)
    __attribute__((returns_nonnull));
/* NULL: absent. */
struct sm_value *sm_attribute_builder_find(const struct sm_attribute_builder *attributes, struct sm_slice key);
/* Finds and removes; false: was absent. */
bool sm_attribute_builder_take(struct sm_attribute_builder *attributes, struct sm_slice key, struct sm_value *value);

struct sm_built_event {
    struct sm_built_event *next;
    uint64_t time_ns;
    struct sm_slice name;
    struct sm_attribute_builder attributes;
    uint32_t dropped_attributes_count;
};

struct sm_built_link {
    struct sm_built_link *next;
    uint8_t trace_id[SM_TRACE_ID_SIZE], span_id[SM_SPAN_ID_SIZE];
    struct sm_slice trace_state;
    struct sm_attribute_builder attributes;
    uint32_t dropped_attributes_count;
};

/* IDs of zeros are none. */
struct sm_built_span {
    struct sm_built_span *next;
    uint8_t trace_id[SM_TRACE_ID_SIZE], span_id[SM_SPAN_ID_SIZE], parent_span_id[SM_SPAN_ID_SIZE];
    struct sm_slice name, trace_state;
    int32_t kind, status_code; /* enum sm_span_kind, enum sm_status_code; status codes that nobody knows may occur */
    struct sm_slice status_message;
    uint64_t start_ns, end_ns;
    struct sm_attribute_builder attributes;
    struct sm_built_event *events;
    struct sm_built_link *links;
};

struct sm_built_scope {
    struct sm_built_scope *next;
    struct sm_slice name, version;
    struct sm_built_span *spans;
};

struct sm_built_resource {
    struct sm_built_resource *next;
    struct sm_attribute_builder attributes;
    struct sm_built_scope *scopes;
};

struct sm_span_builder {
    struct sm_arena arena;
    struct sm_built_resource *resources;
};

/* `= {0}` is an empty builder. */
void sm_span_builder_deinit(struct sm_span_builder *builder);
struct sm_built_resource *sm_span_builder_add_resource(struct sm_span_builder *builder) __attribute__((returns_nonnull));
struct sm_built_scope *sm_span_builder_add_scope(struct sm_span_builder *builder, struct sm_built_resource *resource)
    __attribute__((returns_nonnull));
/* NULL `scope`: one that sm_built_scope_append will get. */
struct sm_built_span *sm_span_builder_add_span(struct sm_span_builder *builder, struct sm_built_scope *scope) __attribute__((returns_nonnull));
struct sm_built_event *sm_span_builder_add_event(struct sm_span_builder *builder, struct sm_built_span *span) __attribute__((returns_nonnull));
struct sm_built_link *sm_span_builder_add_link(struct sm_span_builder *builder, struct sm_built_span *span) __attribute__((returns_nonnull));
void sm_built_scope_append(struct sm_built_scope *scope, struct sm_built_span *span);

/* An ID's bytes from its numbers, which formats have it in. */
void sm_trace_id_from_numbers(uint8_t id[SM_TRACE_ID_SIZE], uint64_t high, uint64_t low);
void sm_span_id_from_number(uint8_t id[SM_SPAN_ID_SIZE], uint64_t number);

/* All of it as a batch of traces, which points to nothing of the builder. NULL with `error` when it cannot be. */
struct sm_batch *sm_span_builder_finish(struct sm_span_builder *builder, struct sm_decode_error *error) __attribute__((warn_unused_result));
