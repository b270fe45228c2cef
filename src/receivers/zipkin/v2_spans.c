/* v2_spans.c - Zipkin's v2 spans to OTLP: groups by service and scope, kinds, statuses, endpoints, absent times.
 * Tags are taken out of the span's set as they are used up; what is left becomes attributes. The first span of a group gives the resource and the
 * scope what its tags say of them; the same tags of others are dropped. Source: pkg/translator/zipkin/zipkinv2/to_translator.go. */
#include "receivers/zipkin/zipkin.h"

#include "config/gates.h"

static const char NO_SERVICE[] = "OTLPResourceNoServiceName";

/* Tags that describe who made the span: attributes of the resource, never of a span. Sorted. */
static const char *const resource_tags[] = {
    "aws.ecs.cluster.arn",
    "aws.ecs.container.arn",
    "aws.ecs.launchtype",
    "aws.ecs.task.arn",
    "aws.ecs.task.family",
    "aws.ecs.task.revision",
    "aws.eks.cluster.arn",
    "aws.log.group.arns",
    "aws.log.group.names",
    "aws.log.stream.arns",
    "aws.log.stream.names",
    "cloud.account.id",
    "cloud.availability_zone",
    "cloud.platform",
    "cloud.provider",
    "cloud.region",
    "cloud.resource_id",
    "container.id",
    "container.image.name",
    "container.image.tag",
    "container.name",
    "container.runtime",
    "deployment.environment",
    "device.id",
    "device.manufacturer",
    "device.model.identifier",
    "device.model.name",
    "faas.id",
    "faas.instance",
    "faas.max_memory",
    "faas.name",
    "faas.version",
    "host.arch",
    "host.id",
    "host.image.id",
    "host.image.name",
    "host.image.version",
    "host.name",
    "host.type",
    "k8s.cluster.name",
    "k8s.container.name",
    "k8s.container.restart_count",
    "k8s.cronjob.name",
    "k8s.cronjob.uid",
    "k8s.daemonset.name",
    "k8s.daemonset.uid",
    "k8s.deployment.name",
    "k8s.deployment.uid",
    "k8s.job.name",
    "k8s.job.uid",
    "k8s.namespace.name",
    "k8s.node.name",
    "k8s.node.uid",
    "k8s.pod.name",
    "k8s.pod.uid",
    "k8s.replicaset.name",
    "k8s.replicaset.uid",
    "k8s.statefulset.name",
    "k8s.statefulset.uid",
    "opencensus.exporterversion",
    "opencensus.resourcetype",
    "opencensus.starttime",
    "os.description",
    "os.name",
    "os.type",
    "os.version",
    "process.command",
    "process.command_args",
    "process.command_line",
    "process.executable.name",
    "process.executable.path",
    "process.owner",
    "process.pid",
    "process.runtime.description",
    "process.runtime.name",
    "process.runtime.version",
    "service.instance.id",
    "service.name",
    "service.namespace",
    "service.version",
    "telemetry.auto.version",
    "telemetry.sdk.language",
    "telemetry.sdk.name",
    "telemetry.sdk.version",
    "webengine.description",
    "webengine.name",
    "webengine.version",
};
enum { RESOURCE_TAG_COUNT = sizeof(resource_tags) / sizeof(resource_tags[0]) };

#define SERVICE_NAME_SOURCE SM_SLICE("otlp.service.name.source")
static const char *const scope_name_tags[] = {"otel.library.name", "otel.scope.name"};
static const char *const scope_version_tags[] = {"otel.library.version", "otel.scope.version"};

/* ---- the model */

struct sm_zipkin_span *sm_zipkin_spans_add(struct sm_zipkin_spans *spans)
{
    if (spans->count == spans->capacity)
        spans->items = sm_arena_grow(spans->arena, spans->items, spans->count, &spans->capacity, spans->count + 1, sizeof(struct sm_zipkin_span *));
    struct sm_zipkin_span *span = sm_arena_zalloc(spans->arena, 1, sizeof(*span));
    return spans->items[spans->count++] = span;
}

struct sm_zipkin_annotation *sm_zipkin_span_annotate(struct sm_zipkin_span *span, struct sm_arena *arena)
{
    if (span->annotation_count == span->annotation_capacity)
        span->annotations = sm_arena_grow(arena, span->annotations, span->annotation_count, &span->annotation_capacity, span->annotation_count + 1,
                                          sizeof(*span->annotations));
    struct sm_zipkin_annotation *annotation = &span->annotations[span->annotation_count++];
    *annotation = (struct sm_zipkin_annotation){0};
    return annotation;
}

struct sm_slice sm_zipkin_service_of(const struct sm_zipkin_span *span)
{
    return span->local.service_name.size ? span->local.service_name : SM_SLICE("OTLPResourceNoServiceName");
}

struct sm_slice sm_zipkin_scope_of(const struct sm_zipkin_span *span)
{
    const struct sm_value *name = sm_attribute_builder_find(&span->tags, SM_SLICE("otel.scope.name"));
    if (!name)
        name = sm_attribute_builder_find(&span->tags, SM_SLICE("otel.library.name"));
    return name ? name->string : SM_SLICE("");
}

/* ---- tags */

static bool take_tag(struct sm_attribute_builder *tags, const char *key, struct sm_slice *text)
{
    struct sm_value value;
    if (!sm_attribute_builder_take(tags, sm_slice_of(key), &value))
        return false;
    *text = value.string;
    return true;
}

static bool is_resource_tag(struct sm_slice key)
{
    size_t first = 0, end = RESOURCE_TAG_COUNT;
    while (first < end) {
        size_t middle = (first + end) / 2;
        int order = sm_slice_compare(sm_slice_of(resource_tags[middle]), key);
        if (order == 0)
            return true;
        if (order < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return false;
}

static bool is_among(const char *const words[2], struct sm_slice key)
{
    return sm_slice_is(key, words[0]) || sm_slice_is(key, words[1]);
}

static bool is_span_tag(struct sm_slice key)
{
    return !is_resource_tag(key) && !is_among(scope_name_tags, key) && !is_among(scope_version_tags, key) &&
           !sm_slice_equal(key, SERVICE_NAME_SOURCE);
}

/* ---- resource and scope */

static void put_resource_tag(struct sm_built_resource *resource, struct sm_arena *arena, struct sm_slice key, struct sm_slice text)
{
    struct sm_value value = sm_value_string(text);
    if (!sm_slice_is(key, "faas.id")) {
        sm_attribute_builder_put(&resource->attributes, arena, key, value);
        return;
    }
    if (!sm_gate_is_on(SM_GATE_ZIPKIN_NO_V0_CLOUD))
        sm_attribute_builder_put(&resource->attributes, arena, key, value);
    if (sm_gate_is_on(SM_GATE_ZIPKIN_V1_CLOUD))
        sm_attribute_builder_put(&resource->attributes, arena, SM_SLICE("cloud.resource_id"), value);
}

static void describe_resource(struct sm_built_resource *resource, struct sm_arena *arena, struct sm_slice service, struct sm_attribute_builder *tags)
{
    struct sm_slice text, source;
    if (sm_slice_is(service, NO_SERVICE))
        return;
    bool has_source = take_tag(tags, "otlp.service.name.source", &source) && source.size;
    sm_attribute_builder_put(&resource->attributes, arena, has_source ? source : SM_SLICE("service.name"), sm_value_string(service));
    for (size_t i = 0; i < RESOURCE_TAG_COUNT && tags->count; i++)
        if (take_tag(tags, resource_tags[i], &text))
            put_resource_tag(resource, arena, sm_slice_of(resource_tags[i]), text);
}

static void describe_scope(struct sm_built_scope *scope, struct sm_slice name, struct sm_attribute_builder *tags)
{
    if (!name.size)
        return;
    for (int i = 0; i < 2; i++) {
        take_tag(tags, scope_name_tags[i], &scope->name);
        take_tag(tags, scope_version_tags[i], &scope->version);
    }
}

/* ---- spans */

static int32_t span_kind(const struct sm_zipkin_span *span, struct sm_attribute_builder *tags)
{
    static const char *const words[] = {[SM_SPAN_KIND_SERVER] = "SERVER",
                                        [SM_SPAN_KIND_CLIENT] = "CLIENT",
                                        [SM_SPAN_KIND_PRODUCER] = "PRODUCER",
                                        [SM_SPAN_KIND_CONSUMER] = "CONSUMER"};
    struct sm_slice text;
    for (int32_t kind = SM_SPAN_KIND_SERVER; kind <= SM_SPAN_KIND_CONSUMER; kind++)
        if (sm_slice_is(span->kind, words[kind]))
            return kind;
    return take_tag(tags, "span.kind", &text) && sm_slice_is(text, "internal") ? SM_SPAN_KIND_INTERNAL : SM_SPAN_KIND_UNSPECIFIED;
}

struct status_word {
    const char *word;
    int32_t code;
};

static const struct status_word status_words[] = {
    {"STATUS_CODE_OK", SM_STATUS_OK}, {"STATUS_CODE_ERROR", SM_STATUS_ERROR}, {"Ok", SM_STATUS_OK}, {"Error", SM_STATUS_ERROR}};

static void read_status(struct sm_built_span *to, struct sm_attribute_builder *tags)
{
    struct sm_slice text;
    if (take_tag(tags, "otel.status_code", &text)) {
        for (size_t i = 0; i < sizeof(status_words) / sizeof(status_words[0]); i++)
            if (sm_slice_is(text, status_words[i].word))
                to->status_code = status_words[i].code;
        take_tag(tags, "otel.status_description", &to->status_message);
    }
    struct sm_value *error = sm_attribute_builder_find(tags, SM_SLICE("error"));
    if (!error)
        return;
    to->status_code = SM_STATUS_ERROR;
    if (sm_slice_is(error->string, "true"))
        take_tag(tags, "error", &text);
}

struct endpoint_names {
    const char *old_address, *address, *port;
};

static void put_endpoint(struct sm_built_span *to, struct sm_arena *arena, const struct sm_zipkin_endpoint *endpoint,
                         const struct endpoint_names *names)
{
    const struct sm_slice addresses[2] = {endpoint->ipv4, endpoint->ipv6};
    for (int i = 0; i < 2; i++) {
        if (!addresses[i].ptr)
            continue;
        struct sm_value text = sm_value_string(sm_zipkin_ip_text(addresses[i], arena));
        if (!sm_gate_is_on(SM_GATE_ZIPKIN_NO_V0_NETWORK))
            sm_attribute_builder_put(&to->attributes, arena, sm_slice_of(names->old_address), text);
        if (sm_gate_is_on(SM_GATE_ZIPKIN_V1_NETWORK))
            sm_attribute_builder_put(&to->attributes, arena, sm_slice_of(names->address), text);
    }
    if (endpoint->port)
        sm_attribute_builder_put(&to->attributes, arena, sm_slice_of(names->port), sm_value_int(endpoint->port));
}

static void put_peer_name(struct sm_built_span *to, struct sm_arena *arena, struct sm_slice name)
{
    if (!name.size)
        return;
    if (!sm_gate_is_on(SM_GATE_ZIPKIN_NO_V0_NETWORK))
        sm_attribute_builder_put(&to->attributes, arena, SM_SLICE("peer.service"), sm_value_string(name));
    if (sm_gate_is_on(SM_GATE_ZIPKIN_V1_NETWORK))
        sm_attribute_builder_put(&to->attributes, arena, SM_SLICE("service.peer.name"), sm_value_string(name));
}

static void put_attributes(struct sm_built_span *to, struct sm_arena *arena, const struct sm_zipkin_span *span, bool parse_string_tags)
{
    static const struct endpoint_names local = {"net.host.ip", "network.local.address", "net.host.port"};
    static const struct endpoint_names remote = {"net.peer.ip", "network.peer.address", "net.peer.port"};
    for (size_t i = 0; i < span->tags.count; i++) {
        const struct sm_attribute *tag = &span->tags.items[i];
        if (tag->value.type != SM_VALUE_EMPTY && is_span_tag(tag->key))
            sm_zipkin_put_tag(&to->attributes, arena, tag->key, sm_zipkin_tag_value(tag->value.string, parse_string_tags, arena));
    }
    put_endpoint(to, arena, &span->local, &local);
    put_peer_name(to, arena, span->remote.service_name);
    put_endpoint(to, arena, &span->remote, &remote);
    if (!span->has_time)
        sm_attribute_builder_put(&to->attributes, arena, SM_ZIPKIN_START_TIME_ABSENT, sm_value_bool(true));
}

static bool translate_span(struct sm_span_builder *builder, struct sm_built_scope *scope, struct sm_zipkin_span *span, bool parse_string_tags,
                           struct sm_decode_error *error)
{
    struct sm_built_span *to = sm_span_builder_add_span(builder, scope);
    sm_trace_id_from_numbers(to->trace_id, span->trace_id_high, span->trace_id_low);
    sm_span_id_from_number(to->span_id, span->id);
    if (span->parent_id != span->id)
        sm_span_id_from_number(to->parent_span_id, span->parent_id);
    take_tag(&span->tags, "w3c.tracestate", &to->trace_state);
    to->name = span->name;
    to->kind = span_kind(span, &span->tags);
    read_status(to, &span->tags);
    if (!sm_zipkin_read_links(builder, to, &span->tags, error))
        return false;
    put_attributes(to, &builder->arena, span, parse_string_tags);
    to->start_ns = span->has_time ? span->start_ns : 0;
    to->end_ns = to->start_ns + span->duration_ns;
    for (size_t i = 0; i < span->annotation_count; i++) {
        struct sm_built_event *event = sm_span_builder_add_event(builder, to);
        event->time_ns = span->annotations[i].time_ns;
        if (!sm_zipkin_read_event(builder, event, span->annotations[i].value, error))
            return false;
    }
    return true;
}

struct sm_batch *sm_zipkin_translate_v2(struct sm_span_builder *builder, struct sm_zipkin_spans *spans, bool parse_string_tags,
                                        struct sm_decode_error *error)
{
    struct sm_built_resource *resource = NULL;
    struct sm_built_scope *scope = NULL;
    struct sm_slice service = {0}, scope_name = {0};
    sm_zipkin_spans_sort(spans);
    for (size_t i = 0; i < spans->count; i++) {
        struct sm_zipkin_span *span = spans->items[i];
        struct sm_slice own_service = sm_zipkin_service_of(span), own_scope = sm_zipkin_scope_of(span);
        if (!resource || !sm_slice_equal(own_service, service)) {
            service = own_service;
            resource = sm_span_builder_add_resource(builder);
            describe_resource(resource, &builder->arena, service, &span->tags);
            scope = NULL;
        }
        if (!scope || !sm_slice_equal(own_scope, scope_name)) {
            scope_name = own_scope;
            scope = sm_span_builder_add_scope(builder, resource);
            describe_scope(scope, scope_name, &span->tags);
        }
        if (!translate_span(builder, scope, span, parse_string_tags, error))
            return NULL;
    }
    return sm_span_builder_finish(builder, error);
}
