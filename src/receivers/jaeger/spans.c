/* spans.c - Jaeger's spans to OTLP: kinds, statuses, parents and links, resources of processes. Tags are taken out of the attributes as they are used
 * up. Source: pkg/translator/jaeger/jaegerproto_to_traces.go, jaegerthrift_to_traces.go. No state. */
#include "receivers/jaeger/jaeger.h"

#include "wire/json_scanner.h"

struct sm_jaeger_reference *sm_jaeger_add_reference(struct sm_jaeger_span *span, struct sm_arena *arena)
{
    if (span->reference_count == span->reference_capacity)
        span->references = sm_arena_grow(arena, span->references, span->reference_count, &span->reference_capacity, span->reference_count + 1,
                                         sizeof(*span->references));
    struct sm_jaeger_reference *reference = &span->references[span->reference_count++];
    *reference = (struct sm_jaeger_reference){0};
    return reference;
}

/* The text of a value; of another type it is empty. */
static struct sm_slice text_of(const struct sm_value *value)
{
    return value->type == SM_VALUE_STRING ? value->string : SM_SLICE("");
}

static bool take_text(struct sm_attribute_builder *attributes, struct sm_slice key, struct sm_slice *text)
{
    struct sm_value value;
    if (!sm_attribute_builder_take(attributes, key, &value))
        return false;
    *text = text_of(&value);
    return true;
}

/* ---- kind */

static void read_kind(struct sm_built_span *span)
{
    static const char *const words[] = {
        [SM_SPAN_KIND_UNSPECIFIED] = "",  [SM_SPAN_KIND_INTERNAL] = "internal", [SM_SPAN_KIND_SERVER] = "server",
        [SM_SPAN_KIND_CLIENT] = "client", [SM_SPAN_KIND_PRODUCER] = "producer", [SM_SPAN_KIND_CONSUMER] = "consumer",
    };
    struct sm_slice word;
    if (!take_text(&span->attributes, SM_SLICE("span.kind"), &word))
        return;
    for (int32_t kind = SM_SPAN_KIND_INTERNAL; kind <= SM_SPAN_KIND_CONSUMER; kind++)
        if (sm_slice_is(word, words[kind]))
            span->kind = kind;
}

/* ---- status */

static bool take_description(struct sm_built_span *span)
{
    return take_text(&span->attributes, SM_SLICE("otel.status_description"), &span->status_message);
}

static struct sm_slice http_message(const struct sm_built_span *span)
{
    const struct sm_value *message = sm_attribute_builder_find(&span->attributes, SM_SLICE("http.status_message"));
    return message ? text_of(message) : SM_SLICE("");
}

/* Only a boolean that is true counts. */
static bool read_error_tag(struct sm_built_span *span)
{
    struct sm_value *error = sm_attribute_builder_find(&span->attributes, SM_SLICE("error")), taken;
    if (!error || error->type != SM_VALUE_BOOL || !error->boolean)
        return false;
    sm_attribute_builder_take(&span->attributes, SM_SLICE("error"), &taken);
    span->status_code = SM_STATUS_ERROR;
    if (!take_description(span))
        span->status_message = http_message(span);
    return true;
}

static bool http_code(const struct sm_value *value, int64_t *code)
{
    if (value->type == SM_VALUE_INT)
        *code = value->integer;
    return value->type == SM_VALUE_INT || (value->type == SM_VALUE_STRING && sm_parse_int(value->string, INT64_MIN, INT64_MAX, code));
}

/* 4xx is no error of a server; 399 is one, as in the reference. */
static bool is_http_error(int64_t code, int32_t kind)
{
    if (code >= 400 && code < 500 && kind == SM_SPAN_KIND_SERVER)
        return false;
    return code < 100 || code >= 399;
}

static void read_http_status(struct sm_built_span *span)
{
    int64_t code;
    const struct sm_value *value = sm_attribute_builder_find(&span->attributes, SM_SLICE("http.status_code"));
    if (!value || !http_code(value, &code) || !is_http_error(code, span->kind))
        return;
    span->status_code = SM_STATUS_ERROR;
    span->status_message = http_message(span);
}

static bool is_word(struct sm_slice text, const char *word)
{
    return sm_slice_equal_nocase(text, sm_slice_of(word));
}

static void read_status(struct sm_built_span *span)
{
    struct sm_slice code;
    bool is_told = read_error_tag(span);
    if (!take_text(&span->attributes, SM_SLICE("otel.status_code"), &code)) {
        if (!is_told)
            read_http_status(span);
        return;
    }
    if (is_told)
        return;
    if (is_word(code, "ok"))
        span->status_code = SM_STATUS_OK;
    if (is_word(code, "error"))
        span->status_code = SM_STATUS_ERROR;
    take_description(span);
}

/* ---- parent and links */

static uint64_t find_parent(const struct sm_jaeger_span *span)
{
    const struct sm_jaeger_reference *follows = NULL;
    if (span->parent_id)
        return span->parent_id;
    for (size_t i = 0; i < span->reference_count; i++) {
        const struct sm_jaeger_reference *reference = &span->references[i];
        if (reference->trace_id_high != span->trace_id_high || reference->trace_id_low != span->trace_id_low)
            continue;
        if (reference->type == SM_JAEGER_CHILD_OF)
            return reference->span_id;
        if (!follows && reference->type == SM_JAEGER_FOLLOWS_FROM)
            follows = reference;
    }
    return follows ? follows->span_id : 0;
}

static void add_links(struct sm_span_builder *builder, const struct sm_jaeger_span *span, uint64_t parent)
{
    for (size_t i = 0; i < span->reference_count; i++) {
        const struct sm_jaeger_reference *reference = &span->references[i];
        bool is_child = reference->type == SM_JAEGER_CHILD_OF;
        if (is_child && reference->span_id == parent)
            continue;
        struct sm_built_link *link = sm_span_builder_add_link(builder, span->built);
        sm_trace_id_from_numbers(link->trace_id, reference->trace_id_high, reference->trace_id_low);
        sm_span_id_from_number(link->span_id, reference->span_id);
        sm_attribute_builder_put(&link->attributes, &builder->arena, SM_SLICE("opentracing.ref_type"),
                                 sm_value_string(is_child ? SM_SLICE("child_of") : SM_SLICE("follows_from")));
    }
}

void sm_jaeger_finish_span(struct sm_span_builder *builder, struct sm_jaeger_span *span)
{
    struct sm_built_span *built = span->built;
    uint64_t parent = find_parent(span);
    sm_trace_id_from_numbers(built->trace_id, span->trace_id_high, span->trace_id_low);
    sm_span_id_from_number(built->span_id, span->span_id);
    sm_span_id_from_number(built->parent_span_id, parent);
    read_kind(built);
    read_status(built);
    if (span->has_trace_state)
        take_text(&built->attributes, SM_SLICE("w3c.tracestate"), &built->trace_state);
    add_links(builder, span, parent);
}

void sm_jaeger_finish_event(struct sm_built_event *event)
{
    take_text(&event->attributes, SM_SLICE("event"), &event->name);
}

/* ---- processes */

void sm_jaeger_finish_resource(struct sm_built_resource *resource, struct sm_arena *arena)
{
    struct sm_attribute_builder *attributes = &resource->attributes;
    struct sm_value value;
    if (!sm_attribute_builder_find(attributes, SM_SLICE("host.name")) && sm_attribute_builder_take(attributes, SM_SLICE("hostname"), &value))
        sm_attribute_builder_put(attributes, arena, SM_SLICE("host.name"), value);
    if (!sm_attribute_builder_find(attributes, SM_SLICE("opencensus.exporterversion")) &&
        sm_attribute_builder_take(attributes, SM_SLICE("jaeger.version"), &value)) {
        struct sm_slice version = text_of(&value);
        struct sm_slice text = sm_slice_of(sm_arena_printf(arena, "Jaeger-%.*s", SM_SLICE_ARGS(version)));
        sm_attribute_builder_put(attributes, arena, SM_SLICE("opencensus.exporterversion"), sm_value_string(text));
    }
}
