/* native.c - Datadog's spans as OTLP; see native.h. native_read.c is the way back. Stateless. */
#include "datadog/native.h"

#include <stdio.h>

#include "base/hex.h"
#include "datadog/native_keys.h"
#include "telemetry/batch.h"
#include "telemetry/span_builder.h"

/* ---- attributes: those of a span may repeat keys (one is meta, one a metric), so they are appended as they come */

static void reserve(struct sm_attribute_builder *attributes, struct sm_arena *arena, size_t count)
{
    attributes->items = sm_arena_alloc(arena, count * sizeof(*attributes->items));
    attributes->capacity = count;
}

static void append(struct sm_attribute_builder *attributes, struct sm_slice key, struct sm_value value)
{
    attributes->items[attributes->count++] = (struct sm_attribute){.key = key, .value = value};
}

static void append_some(struct sm_attribute_builder *attributes, struct sm_slice key, struct sm_slice text)
{
    if (text.size)
        append(attributes, key, sm_value_string(text));
}

static void append_tags(struct sm_attribute_builder *attributes, struct sm_slice prefix, const struct sm_datadog_map *tags, struct sm_arena *arena)
{
    struct sm_slice stem = sm_slice_make(prefix.ptr, prefix.size - 1); /* without the dot */
    for (uint32_t i = 0; i < tags->count; i++)
        append(attributes, sm_arena_join(arena, stem, '.', tags->entries[i].key), sm_value_string(tags->entries[i].text));
}

/* ---- resources */

static struct sm_slice env_of_spans(const struct sm_datadog_chunk *chunk)
{
    for (size_t i = 0; i < chunk->count; i++) {
        struct sm_slice env = sm_datadog_map_text(&chunk->spans[i].meta, SM_SLICE("env"));
        if (env.size)
            return env;
    }
    return (struct sm_slice){0};
}

static void put_payload(struct sm_attribute_builder *attributes, const struct sm_datadog_payload *payload, const struct sm_datadog_chunk *chunk)
{
    append(attributes, SM_NATIVE_SDK_NAME, sm_value_string(SM_SLICE("datadog")));
    append_some(attributes, SM_NATIVE_LANGUAGE, payload->language);
    append_some(attributes, SM_NATIVE_TRACER_VERSION, payload->tracer_version);
    append_some(attributes, SM_NATIVE_LANGUAGE_VERSION, payload->language_version);
    append_some(attributes, SM_NATIVE_RUNTIME_ID, payload->runtime_id);
    append_some(attributes, SM_NATIVE_HOSTNAME, payload->hostname);
    append_some(attributes, SM_NATIVE_CONTAINER_ID, payload->container_id);
    append_some(attributes, SM_NATIVE_APP_VERSION, payload->app_version);
    append_some(attributes, SM_NATIVE_ENV, payload->env);
    struct sm_slice env = payload->env.size ? (struct sm_slice){0} : env_of_spans(chunk);
    if (env.size) {
        append(attributes, SM_NATIVE_ENV, sm_value_string(env));
        append(attributes, SM_NATIVE_ENV_OF_SPANS, sm_value_bool(true));
    }
}

static void put_marks(struct sm_attribute_builder *attributes, const struct sm_datadog_request_marks *marks)
{
    if (marks->has_top_level)
        append(attributes, SM_NATIVE_HAS_TOP_LEVEL, sm_value_bool(true));
    if (marks->has_stats)
        append(attributes, SM_NATIVE_HAS_STATS, sm_value_bool(true));
    if (marks->dropped > 0)
        append(attributes, SM_NATIVE_DROPPED, sm_value_double(marks->dropped));
}

/* A chunk's place in its request: its number among those that are left, and how many dropped ones are in front of it. */
struct place {
    const struct sm_datadog_chunk *chunk;
    int64_t number, missing;
};

static struct sm_built_scope *add_group(struct sm_span_builder *builder, const struct sm_datadog_traces *traces, const struct place *place,
                                        struct sm_slice service, const struct sm_datadog_request_marks *marks)
{
    const struct sm_datadog_chunk *chunk = place->chunk;
    struct sm_built_resource *resource = sm_span_builder_add_resource(builder);
    struct sm_attribute_builder *attributes = &resource->attributes;
    enum { OTHERS_MAX = 25 };
    reserve(attributes, &builder->arena, OTHERS_MAX + (size_t)chunk->tags.count + traces->payload.tags.count);
    append_some(attributes, SM_NATIVE_SERVICE, service);
    put_payload(attributes, &traces->payload, chunk);
    append(attributes, SM_NATIVE_CHUNK, sm_value_int(place->number));
    if (place->missing)
        append(attributes, SM_NATIVE_MISSING, sm_value_int(place->missing));
    append(attributes, SM_NATIVE_PRIORITY, sm_value_int(chunk->priority));
    append_some(attributes, SM_NATIVE_ORIGIN, chunk->origin);
    if (chunk->is_dropped)
        append(attributes, SM_NATIVE_IS_DROPPED, sm_value_bool(true));
    put_marks(attributes, marks);
    append_tags(attributes, SM_NATIVE_CHUNK_TAG, &chunk->tags, &builder->arena);
    append_tags(attributes, SM_NATIVE_PAYLOAD_TAG, &traces->payload.tags, &builder->arena);
    return sm_span_builder_add_scope(builder, resource);
}

/* ---- spans */

int32_t sm_native_kind(struct sm_slice kind)
{
    for (int32_t i = SM_SPAN_KIND_INTERNAL; i <= SM_SPAN_KIND_CONSUMER; i++)
        if (sm_slice_equal_nocase(kind, sm_native_kind_name(i)))
            return i;
    return SM_SPAN_KIND_UNSPECIFIED;
}

struct sm_slice sm_native_kind_name(int32_t kind)
{
    static const char *const names[] = {"", "internal", "server", "client", "producer", "consumer"};
    return kind > 0 && (size_t)kind < sizeof(names) / sizeof(names[0]) ? sm_slice_of(names[kind]) : (struct sm_slice){0};
}

/* The higher half stands in hexadecimal on the first span of a trace. */
static uint64_t high_half(const struct sm_datadog_chunk *chunk)
{
    for (size_t i = 0; i < chunk->count; i++) {
        struct sm_slice text = sm_datadog_map_text(&chunk->spans[i].meta, SM_SLICE("_dd.p.tid"));
        uint64_t high = 0;
        bool is_good = text.size > 0 && text.size <= 16;
        for (size_t k = 0; is_good && k < text.size; k++) {
            int digit = sm_hex_value(text.ptr[k]);
            is_good = digit >= 0;
            high = high << 4 | (uint64_t)(digit & 0xf);
        }
        if (is_good)
            return high;
    }
    return 0;
}

static void put_links(struct sm_span_builder *builder, const struct sm_datadog_span *span, struct sm_built_span *out)
{
    for (size_t i = 0; i < span->link_count; i++) {
        const struct sm_datadog_link *link = &span->links[i];
        struct sm_built_link *built = sm_span_builder_add_link(builder, out);
        sm_trace_id_from_numbers(built->trace_id, link->trace_id_high, link->trace_id);
        sm_span_id_from_number(built->span_id, link->span_id);
        built->trace_state = link->trace_state;
        reserve(&built->attributes, &builder->arena, (size_t)link->attributes.count + 1);
        for (uint32_t k = 0; k < link->attributes.count; k++)
            append(&built->attributes, link->attributes.entries[k].key, sm_value_string(link->attributes.entries[k].text));
        if (link->flags)
            append(&built->attributes, SM_NATIVE_LINK_FLAGS, sm_value_int(link->flags));
    }
}

/* A field stands as an attribute also when it is empty but meta has its key. */
static void put_field(struct sm_attribute_builder *attributes, const struct sm_datadog_span *span, struct sm_slice key, struct sm_slice text)
{
    if (text.size || sm_datadog_map_find(&span->meta, key))
        append(attributes, key, sm_value_string(text));
}

static void put_attributes(struct sm_attribute_builder *attributes, struct sm_arena *arena, const struct sm_datadog_span *span)
{
    enum { FIELDS_MAX = 4 };
    reserve(attributes, arena, FIELDS_MAX + (size_t)span->meta.count + span->metrics.count + span->meta_struct.count);
    put_field(attributes, span, SM_NATIVE_NAME, span->name);
    put_field(attributes, span, SM_NATIVE_RESOURCE, span->resource);
    put_field(attributes, span, SM_NATIVE_TYPE, span->type);
    if (span->error != 0 && span->error != 1)
        append(attributes, SM_NATIVE_ERROR, sm_value_int(span->error));
    for (uint32_t i = 0; i < span->meta.count; i++)
        append(attributes, span->meta.entries[i].key, sm_value_string(span->meta.entries[i].text));
    for (uint32_t i = 0; i < span->metrics.count; i++)
        append(attributes, span->metrics.entries[i].key, sm_value_double(span->metrics.entries[i].number));
    for (uint32_t i = 0; i < span->meta_struct.count; i++)
        append(attributes, span->meta_struct.entries[i].key, (struct sm_value){.type = SM_VALUE_BYTES, .bytes = span->meta_struct.entries[i].text});
}

static void put_span(struct sm_span_builder *builder, struct sm_built_scope *scope, uint64_t high, const struct sm_datadog_span *span)
{
    struct sm_built_span *out = sm_span_builder_add_span(builder, scope);
    sm_trace_id_from_numbers(out->trace_id, high, span->trace_id);
    sm_span_id_from_number(out->span_id, span->span_id);
    sm_span_id_from_number(out->parent_span_id, span->parent_id);
    out->name = span->resource.size ? span->resource : span->name;
    out->kind = sm_native_kind(sm_datadog_map_text(&span->meta, SM_NATIVE_KIND));
    out->start_ns = (uint64_t)span->start_ns;
    out->end_ns = (uint64_t)span->start_ns + (uint64_t)span->duration_ns;
    if (span->error) {
        struct sm_slice message = sm_datadog_map_text(&span->meta, SM_SLICE("error.message"));
        out->status_code = SM_STATUS_ERROR;
        out->status_message = message.size ? message : sm_datadog_map_text(&span->meta, SM_SLICE("error.msg"));
    }
    put_attributes(&out->attributes, &builder->arena, span);
    put_links(builder, span, out);
}

struct sm_batch *sm_datadog_to_otlp(const struct sm_datadog_traces *traces, const struct sm_datadog_request_marks *marks,
                                    struct sm_decode_error *error)
{
    struct sm_span_builder builder = {0};
    struct place place = {0};
    for (size_t i = 0; i < traces->count; i++) {
        const struct sm_datadog_chunk *chunk = place.chunk = &traces->chunks[i];
        struct sm_built_scope *scope = NULL;
        if (!chunk->count) {
            place.missing++;
            continue;
        }
        uint64_t high = high_half(chunk);
        for (size_t k = 0; k < chunk->count; k++) {
            const struct sm_datadog_span *span = &chunk->spans[k];
            if (!scope || !sm_slice_equal(span->service, chunk->spans[k - 1].service))
                scope = add_group(&builder, traces, &place, span->service, marks);
            put_span(&builder, scope, high, span);
        }
        place.number++;
        place.missing = 0;
    }
    struct sm_batch *batch = sm_span_builder_finish(&builder, error);
    sm_span_builder_deinit(&builder);
    return batch;
}
