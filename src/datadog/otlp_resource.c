/* otlp_resource.c - see otlp_resource.h. Two resources are one when 128 bits of a hash with the process's secret agree, as elsewhere. */
#include "datadog/otlp_resource.h"

#include "base/bytes.h"
#include "datadog/agent_payload.h"
#include "datadog/names.h"
#include "datadog/otlp_convert.h"

enum { REMEMBERED_MAX = 4096 }; /* bytes of attributes */

/* ---- making */

static struct sm_slice join_text(struct sm_arena *arena, struct sm_slice left, struct sm_slice right)
{
    struct sm_bytes text;
    sm_bytes_init(&text, arena);
    sm_bytes_append_slice(&text, left);
    sm_bytes_append_slice(&text, right);
    return sm_bytes_slice(&text);
}

/* A service that is fine but for its letters is normalised here, once; what is wrong with others is counted with each span. */
static void normalise_service(struct sm_datadog_span *template, struct sm_arena *arena)
{
    enum sm_datadog_problem problem;
    if (!template->service.size)
        return;
    struct sm_slice normal = sm_datadog_service(template->service, (struct sm_slice){0}, arena, &problem);
    if (problem == SM_DATADOG_FINE)
        template->service = template->_normal_service = normal;
}

static void fill_template(struct sm_datadog_span *template, const struct sm_attributes *attributes, struct sm_arena *arena)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute))
        sm_datadog_otlp_set_meta(template, arena, attribute.key, sm_value_to_string(&attribute.value, arena));
    struct sm_slice version = sm_datadog_map_text(&template->meta, SM_SLICE("service.version"));
    if (version.size && !sm_datadog_map_find(&template->meta, SM_SLICE("version")))
        sm_datadog_map_set_text(&template->meta, arena, SM_SLICE("version"), version);
    normalise_service(template, arena);
}

/* "key:value,…": Fargate's task stands at the end once more. */
static void set_tags(struct sm_datadog_otlp_resource *resource, const struct sm_attributes *attributes, struct sm_arena *arena)
{
    struct sm_datadog_tags tags = sm_datadog_container_tags(attributes, arena);
    struct sm_bytes text;
    sm_bytes_init(&text, arena);
    for (size_t i = 0; i < tags.count; i++) {
        if (i)
            sm_bytes_append_char(&text, ',');
        sm_bytes_append_slice(&text, tags.items[i].key);
        sm_bytes_append_char(&text, ':');
        sm_bytes_append_slice(&text, tags.items[i].value);
    }
    if (resource->source.kind == SM_DATADOG_SOURCE_FARGATE) {
        sm_bytes_append_text(&text, text.size ? ",task_arn:" : "task_arn:");
        sm_bytes_append_slice(&text, resource->source.identifier);
    }
    if (text.size)
        sm_datadog_map_set_text(&resource->payload.tags, arena, SM_SLICE("_dd.tags.container"), sm_bytes_slice(&text));
}

static struct sm_slice first_of(const struct sm_datadog_map *meta, struct sm_slice key, struct sm_slice other)
{
    struct sm_slice text = sm_datadog_map_text(meta, key);
    return text.size ? text : sm_datadog_map_text(meta, other);
}

static void describe(struct sm_datadog_otlp_resource *resource, const struct sm_attributes *attributes, struct sm_arena *arena)
{
    const struct sm_datadog_map *meta = &resource->template.meta;
    struct sm_datadog_payload *payload = &resource->payload;
    resource->source = sm_datadog_source(attributes, arena);
    const struct sm_datadog_entry *host = sm_datadog_map_find(meta, SM_SLICE("_dd.hostname"));
    if (resource->source.kind == SM_DATADOG_SOURCE_NONE && host)
        resource->source = (struct sm_datadog_source){.kind = SM_DATADOG_SOURCE_HOST, .identifier = host->text};
    payload->env = first_of(meta, SM_SLICE("deployment.environment.name"), SM_SLICE("deployment.environment"));
    resource->env_tag = sm_datadog_tag(sm_datadog_tag(payload->env, arena), arena); /* twice, as the reference does */
    payload->container_id = first_of(meta, SM_SLICE("container.id"), SM_SLICE("k8s.pod.uid"));
    payload->language = sm_datadog_map_text(meta, SM_SLICE("telemetry.sdk.language"));
    payload->tracer_version = join_text(arena, SM_SLICE("otlp-"), sm_datadog_map_text(meta, SM_SLICE("telemetry.sdk.version")));
    set_tags(resource, attributes, arena);
}

static const struct sm_datadog_otlp_resource *make(const struct sm_attributes *attributes, struct sm_arena *arena)
{
    struct sm_datadog_otlp_resource *resource = sm_arena_zalloc(arena, 1, sizeof(*resource));
    fill_template(&resource->template, attributes, arena);
    describe(resource, attributes, arena);
    sm_datadog_share_meta(&resource->template.meta, arena, &resource->shared);
    resource->template._shared = &resource->shared;
    return resource;
}

/* ---- the memory */

static struct sm_datadog_known_resource *find(struct sm_datadog_otlp_resources *resources, size_t set, struct sm_hash128 hash)
{
    for (size_t way = 0; way < SM_DATADOG_RESOURCE_WAYS; way++) {
        struct sm_datadog_known_resource *known = &resources->_known[set][way];
        if (known->resource && known->hash.low == hash.low && known->hash.high == hash.high)
            return known;
    }
    return NULL;
}

const struct sm_datadog_otlp_resource *sm_datadog_otlp_resource_of(struct sm_datadog_otlp_resources *resources,
                                                                   const struct sm_attributes *attributes, struct sm_arena *arena)
{
    if (attributes->changed || attributes->raw.size > REMEMBERED_MAX || !attributes->raw.size)
        return make(attributes, arena);
    struct sm_hash128 hash = sm_hash128(sm_hash_secret(), attributes->raw);
    size_t set = hash.low % SM_DATADOG_RESOURCE_SETS;
    struct sm_datadog_known_resource *known = find(resources, set, hash);
    if (known)
        return known->resource;
    known = &resources->_known[set][resources->_next[set]];
    resources->_next[set] = (uint8_t)((resources->_next[set] + 1) % SM_DATADOG_RESOURCE_WAYS);
    sm_arena_deinit(&known->arena);
    const struct sm_attributes copy = {.raw = sm_arena_copy(&known->arena, attributes->raw), .field = attributes->field}; /* the batch will go */
    known->hash = hash;
    known->resource = make(&copy, &known->arena);
    return known->resource;
}

void sm_datadog_otlp_resources_deinit(struct sm_datadog_otlp_resources *resources)
{
    for (size_t set = 0; set < SM_DATADOG_RESOURCE_SETS; set++)
        for (size_t way = 0; way < SM_DATADOG_RESOURCE_WAYS; way++)
            sm_arena_deinit(&resources->_known[set][way].arena);
    *resources = (struct sm_datadog_otlp_resources){0};
}
