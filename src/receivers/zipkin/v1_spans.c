/* v1_spans.c - Zipkin's v1 spans to OTLP: core annotations give kinds, times and the endpoint, others are events; binary annotations are attributes.
 * Spans with the same endpoint share a resource, in the order in which they came. Reads the clock for spans without a time (JSON only).
 * Source: pkg/translator/zipkin/zipkinv1/json.go and thrift.go. */
#include "receivers/zipkin/zipkin.h"

#include "base/clock.h"

static const char UNKNOWN_SERVICE[] = "unknown-service";

struct core_annotation {
    const char *value;
    int32_t kind;
};

static const struct core_annotation core_annotations[] = {
    {"cs", SM_SPAN_KIND_CLIENT},   {"cr", SM_SPAN_KIND_CLIENT}, {"ms", SM_SPAN_KIND_PRODUCER},
    {"mr", SM_SPAN_KIND_CONSUMER}, {"ss", SM_SPAN_KIND_SERVER}, {"sr", SM_SPAN_KIND_SERVER},
};

/* 0: it is not one. */
static int32_t core_kind(struct sm_slice value)
{
    for (size_t i = 0; i < sizeof(core_annotations) / sizeof(core_annotations[0]); i++)
        if (sm_slice_is(value, core_annotations[i].value))
            return core_annotations[i].kind;
    return 0;
}

static uint64_t to_ns(int64_t us)
{
    return us <= 0 ? 0 : (uint64_t)us * 1000;
}

static bool names_service(const struct sm_zipkin_v1_annotation *annotation)
{
    return annotation->has_endpoint && annotation->endpoint.service_name.size && !sm_slice_is(annotation->endpoint.service_name, UNKNOWN_SERVICE);
}

/* NULL `*endpoint`: no annotation names one. */
static void read_annotations(struct sm_span_builder *builder, struct sm_built_span *to, const struct sm_zipkin_v1_span *span,
                             const struct sm_zipkin_v1_endpoint **endpoint)
{
    int64_t earliest = INT64_MAX, latest = INT64_MIN;
    *endpoint = NULL;
    for (size_t i = 0; i < span->annotation_count; i++) {
        const struct sm_zipkin_v1_annotation *annotation = &span->annotations[i];
        if (!annotation->value.size)
            continue;
        int32_t kind = core_kind(annotation->value);
        if (kind && !*endpoint && names_service(annotation))
            *endpoint = &annotation->endpoint;
        if (kind && !to->kind)
            to->kind = kind;
        if (annotation->time_us < earliest) {
            earliest = annotation->time_us;
            to->start_ns = to_ns(earliest);
        }
        if (annotation->time_us > latest) {
            latest = annotation->time_us;
            to->end_ns = to_ns(latest);
        }
        if (kind)
            continue;
        struct sm_built_event *event = sm_span_builder_add_event(builder, to);
        event->time_ns = to_ns(annotation->time_us);
        event->name = annotation->value;
    }
}

/* Returns the service that the tags name: of an endpoint, or the local component; empty: none. */
static struct sm_slice read_tags(struct sm_arena *arena, struct sm_built_span *to, const struct sm_zipkin_v1_span *span, bool is_json)
{
    struct sm_slice service = {0}, component = {0};
    struct sm_zipkin_status status = {0};
    for (size_t i = 0; i < span->tag_count; i++) {
        const struct sm_zipkin_v1_tag *tag = &span->tags[i];
        struct sm_slice key = tag->key;
        if (tag->has_endpoint && (tag->service_name.size || !is_json))
            service = tag->service_name;
        if (sm_slice_is(key, "lc")) {
            key = SM_SLICE("component");
            component = tag->text;
        }
        if (sm_zipkin_status_learn(&status, key, &tag->value))
            continue;
        if (is_json)
            sm_zipkin_put_tag(&to->attributes, arena, key, tag->value);
        else
            sm_attribute_builder_put(&to->attributes, arena, key, tag->value);
    }
    sm_zipkin_status_apply(&status, to);
    return service.size ? service : component;
}

/* ---- resources */

static struct sm_built_scope *add_endpoint(struct sm_span_builder *builder, const struct sm_zipkin_v1_endpoint *endpoint)
{
    struct sm_built_resource *resource = sm_span_builder_add_resource(builder);
    struct sm_arena *arena = &builder->arena;
    sm_attribute_builder_put(&resource->attributes, arena, SM_SLICE("service.name"), sm_value_string(endpoint->service_name));
    if (endpoint->ipv4.size)
        sm_attribute_builder_put(&resource->attributes, arena, SM_SLICE("ipv4"), sm_value_string(endpoint->ipv4));
    if (endpoint->ipv6.size)
        sm_attribute_builder_put(&resource->attributes, arena, SM_SLICE("ipv6"), sm_value_string(endpoint->ipv6));
    if (endpoint->port)
        sm_attribute_builder_put(&resource->attributes, arena, SM_SLICE("port"),
                                 sm_value_string(sm_slice_of(sm_arena_printf(arena, "%d", endpoint->port))));
    return sm_span_builder_add_scope(builder, resource);
}

/* The scope of the resource that stands for this endpoint. */
static struct sm_built_scope *get_scope(struct sm_zipkin_v1_translation *translation, const struct sm_zipkin_v1_endpoint *endpoint)
{
    struct sm_arena *arena = &translation->builder->arena;
    struct sm_bytes key;
    sm_bytes_init(&key, arena);
    const struct sm_slice parts[] = {endpoint->service_name, endpoint->ipv4, endpoint->ipv6};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        sm_bytes_append_slice(&key, parts[i]);
        sm_bytes_append_char(&key, '-');
    }
    sm_bytes_printf(&key, "%d", endpoint->port);
    const struct sm_value *known = sm_attribute_builder_find(&translation->endpoints, sm_bytes_slice(&key));
    if (known)
        return translation->scopes[known->integer];
    if (translation->scope_count == translation->scope_capacity)
        translation->scopes = sm_arena_grow(arena, translation->scopes, translation->scope_count, &translation->scope_capacity,
                                            translation->scope_count + 1, sizeof(struct sm_built_scope *));
    sm_attribute_builder_put(&translation->endpoints, arena, sm_bytes_slice(&key), sm_value_int((int64_t)translation->scope_count));
    return translation->scopes[translation->scope_count++] = add_endpoint(translation->builder, endpoint);
}

static void take_now(struct sm_built_span *to, struct sm_arena *arena)
{
    to->start_ns = to->end_ns = sm_clock_wall_ns();
    sm_attribute_builder_put(&to->attributes, arena, SM_ZIPKIN_START_TIME_ABSENT, sm_value_bool(true));
}

void sm_zipkin_translate_v1(struct sm_zipkin_v1_translation *translation, const struct sm_zipkin_v1_span *span)
{
    struct sm_span_builder *builder = translation->builder;
    struct sm_built_span *to = sm_span_builder_add_span(builder, NULL);
    const struct sm_zipkin_v1_endpoint *named;
    read_annotations(builder, to, span, &named);
    struct sm_zipkin_v1_endpoint endpoint = {.service_name = sm_slice_of(UNKNOWN_SERVICE)};
    struct sm_slice fallback = read_tags(&builder->arena, to, span, translation->is_json);
    if (named)
        endpoint = *named;
    else if (fallback.size)
        endpoint.service_name = fallback;
    if (span->has_time) {
        to->start_ns = to_ns(span->start_us);
        to->end_ns = to_ns((int64_t)((uint64_t)span->start_us + (uint64_t)span->duration_us));
    }
    to->name = span->name;
    memcpy(to->trace_id, span->trace_id, sizeof(to->trace_id));
    memcpy(to->span_id, span->id, sizeof(to->span_id));
    memcpy(to->parent_span_id, span->parent_id, sizeof(to->parent_span_id));
    if (to->start_ns == 0 && translation->is_json)
        take_now(to, &builder->arena);
    sm_built_scope_append(get_scope(translation, &endpoint), to);
}
