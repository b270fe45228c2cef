/* otlp_span.c - walks over one OTLP resource: what its payload says of it, and its spans by trace; see otlp_span.h. */
#include "datadog/otlp_span.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "datadog/chunk.h"
#include "datadog/names.h"
#include "datadog/otlp_convert.h"
#include "datadog/otlp_names_v2.h"
#include "datadog/rate_sampler.h"
#include "telemetry/span.h"

enum { NO_REF = UINT32_MAX };

struct otlp_span_ref {
    const struct sm_scope *scope;
    struct sm_span *span;
    uint32_t next; /* of the same trace */
};

struct otlp_trace {
    uint64_t id;
    uint32_t first, last, count;
};

/* ---- what the first span that has it says, when the resource does not */

struct missing {
    bool host, env, container;
};

/* The texts of one span that may be taken for its payload. */
struct span_texts {
    struct sm_slice env, deployment_name, deployment, container, pod, host;
    bool has_env, has_host;
};

static void take_text(struct span_texts *texts, const struct sm_attribute *attribute, struct sm_arena *arena)
{
    struct {
        struct sm_slice key;
        struct sm_slice *text;
        bool *is_there;
    } wanted[] = {
        {SM_SLICE("env"), &texts->env, &texts->has_env},
        {SM_SLICE("deployment.environment.name"), &texts->deployment_name, NULL},
        {SM_SLICE("deployment.environment"), &texts->deployment, NULL},
        {SM_SLICE("container.id"), &texts->container, NULL},
        {SM_SLICE("k8s.pod.uid"), &texts->pod, NULL},
        {SM_SLICE("_dd.hostname"), &texts->host, &texts->has_host},
    };
    if (attribute->value.type == SM_VALUE_INT || attribute->value.type == SM_VALUE_DOUBLE)
        return;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (!sm_slice_equal(attribute->key, wanted[i].key))
            continue;
        *wanted[i].text = sm_value_to_string(&attribute->value, arena);
        if (wanted[i].is_there)
            *wanted[i].is_there = true;
    }
}

/* By their size alone most keys are none of those. */
static bool may_be_wanted(struct sm_slice key)
{
    const uint32_t sizes = 1u << 3 | 1u << 11 | 1u << 12 | 1u << 22 | 1u << 27;
    return key.size < 32 && (sizes >> key.size & 1);
}

static struct span_texts read_texts(const struct sm_span *span, struct sm_arena *arena)
{
    struct span_texts texts = {0};
    struct sm_attribute_cursor cursor = sm_attributes_begin(&span->attributes);
    struct sm_attribute attribute;
    while (sm_datadog_otlp_next_attribute(&cursor, &attribute))
        if (may_be_wanted(attribute.key))
            take_text(&texts, &attribute, arena);
    return texts;
}

/* What meta `env` of the converted span will be. */
static struct sm_slice span_env(const struct sm_datadog_otlp_walk *walk, const struct span_texts *texts, struct sm_arena *arena)
{
    if (texts->has_env)
        return texts->env;
    const struct sm_datadog_entry *entry = sm_datadog_map_find(&walk->_known->template.meta, SM_SLICE("env"));
    if (entry)
        return entry->text;
    return sm_datadog_tag(texts->deployment_name.size ? texts->deployment_name : texts->deployment, arena);
}

/* False: such attributes have nothing of it. */
static bool may_say(const struct sm_attributes *attributes, const struct missing *missing)
{
    return (missing->container &&
            (sm_attributes_may_have(attributes, SM_SLICE("container.id")) || sm_attributes_may_have(attributes, SM_SLICE("k8s.pod.uid")))) ||
           (missing->host && sm_attributes_may_have(attributes, SM_SLICE("_dd.hostname"))) ||
           (missing->env &&
            (sm_attributes_may_have(attributes, SM_SLICE("env")) || sm_attributes_may_have(attributes, SM_SLICE("deployment.environment.name")) ||
             sm_attributes_may_have(attributes, SM_SLICE("deployment.environment"))));
}

static void fill_missing(struct sm_datadog_otlp_walk *walk, struct missing missing, size_t ref_count, struct sm_arena *arena)
{
    bool has_env = sm_datadog_map_find(&walk->_known->template.meta, SM_SLICE("env")) != NULL; /* it is every span's */
    for (size_t i = 0; i < ref_count && (missing.host || missing.env || missing.container); i++) {
        if (!may_say(&walk->_refs[i].span->attributes, &missing) && !(missing.env && has_env))
            continue;
        struct span_texts texts = read_texts(walk->_refs[i].span, arena);
        if (missing.host && texts.has_host) {
            walk->source = (struct sm_datadog_source){.kind = SM_DATADOG_SOURCE_HOST, .identifier = texts.host};
            missing.host = false;
        }
        if (missing.env) {
            walk->payload.env = span_env(walk, &texts, arena);
            missing.env = walk->payload.env.size == 0;
        }
        if (missing.container) {
            walk->payload.container_id = texts.container.size ? texts.container : texts.pod;
            missing.container = walk->payload.container_id.size == 0;
        }
    }
}

/* What the resource does not say, and the defaults. */
static void describe(struct sm_datadog_otlp_walk *walk, size_t ref_count, struct sm_arena *arena)
{
    const struct sm_datadog_otlp_settings *settings = walk->_settings;
    struct sm_datadog_payload *payload = &walk->payload;
    const struct missing missing = {
        .host = walk->source.kind == SM_DATADOG_SOURCE_NONE, .env = !payload->env.size, .container = !payload->container_id.size};
    fill_missing(walk, missing, ref_count, arena);
    if (!payload->env.size)
        payload->env = settings->env;
    payload->env =
        missing.env ? sm_datadog_tag(sm_datadog_tag(payload->env, arena), arena) : walk->_known->env_tag; /* twice, as the reference does */
    if (walk->source.kind == SM_DATADOG_SOURCE_NONE)
        walk->source = (struct sm_datadog_source){.kind = SM_DATADOG_SOURCE_HOST, .identifier = settings->hostname};
    if (walk->source.kind == SM_DATADOG_SOURCE_HOST)
        payload->hostname = walk->source.identifier;
}

/* ---- spans by trace */

static size_t count_spans(const struct sm_resource_group *group)
{
    size_t count = 0;
    for (size_t i = 0; i < group->count; i++)
        count += group->scopes[i].dropped ? 0 : group->scopes[i].count;
    return count;
}

/* Chains the refs of each trace in their order. */
static void group_by_trace(struct sm_datadog_otlp_walk *walk, size_t ref_count, struct sm_arena *arena)
{
    size_t size = 16;
    while (size < 2 * ref_count)
        size *= 2;
    uint32_t *slots = sm_arena_zalloc(arena, size, sizeof(*slots)); /* numbers of traces + 1 */
    walk->_traces = sm_arena_alloc(arena, ref_count * sizeof(*walk->_traces));
    for (uint32_t i = 0; i < ref_count; i++) {
        struct otlp_span_ref *ref = &walk->_refs[i];
        uint64_t id = sm_datadog_otlp_id(ref->span->trace_id);
        size_t at = sm_hash_number(id) & (size - 1);
        while (slots[at] && walk->_traces[slots[at] - 1].id != id)
            at = (at + 1) & (size - 1);
        if (!slots[at]) {
            walk->_traces[walk->_trace_count++] = (struct otlp_trace){.id = id, .first = i, .last = i, .count = 1};
            slots[at] = (uint32_t)walk->_trace_count;
            continue;
        }
        struct otlp_trace *trace = &walk->_traces[slots[at] - 1];
        walk->_refs[trace->last].next = i;
        trace->last = i;
        trace->count++;
    }
}

void sm_datadog_otlp_memory_deinit(struct sm_datadog_otlp_memory *memory)
{
    sm_datadog_otlp_resources_deinit(&memory->resources);
    sm_arena_deinit(&memory->operations.arena);
    *memory = (struct sm_datadog_otlp_memory){0};
}

void sm_datadog_otlp_begin(struct sm_datadog_otlp_walk *walk, const struct sm_datadog_otlp_settings *settings, struct sm_datadog_otlp_memory *memory,
                           struct sm_batch *batch, struct sm_resource_group *group, struct sm_arena *arena)
{
    *walk = (struct sm_datadog_otlp_walk){._settings = settings, ._batch = batch, ._operations = &memory->operations};
    size_t ref_count = 0;
    walk->_refs = sm_arena_alloc(arena, count_spans(group) * sizeof(*walk->_refs));
    for (size_t i = 0; i < group->count; i++) {
        struct sm_scope_group *scope = &group->scopes[i];
        for (size_t k = 0; !scope->dropped && k < scope->count; k++)
            if (!scope->spans[k].dropped)
                walk->_refs[ref_count++] = (struct otlp_span_ref){.scope = &scope->scope, .span = &scope->spans[k], .next = NO_REF};
    }
    walk->_resource = &group->resource.attributes;
    walk->_known = sm_datadog_otlp_resource_of(&memory->resources, walk->_resource, arena);
    walk->payload = walk->_known->payload;
    walk->source = walk->_known->source;
    describe(walk, ref_count, arena);
    group_by_trace(walk, ref_count, arena);
    sm_datadog_otlp_operations_begin(walk->_operations, group, arena);
}

/* ---- chunks */

static double sampling_rate(const struct sm_datadog_otlp_settings *settings)
{
    return settings->sampling_rate > 0 && settings->sampling_rate < 1 ? settings->sampling_rate : 1;
}

static void set_names_v2(const struct sm_datadog_otlp_walk *walk, const struct sm_span *in, struct sm_arena *arena, struct sm_datadog_span *span)
{
    span->name = sm_otlp_operation_v2(in, walk->_resource, arena);
    span->resource = sm_otlp_resource_v2(in, walk->_resource, arena);
    span->type = sm_otlp_type_v2(in, walk->_resource, arena);
}

bool sm_datadog_otlp_next(struct sm_datadog_otlp_walk *walk, struct sm_arena *arena, struct sm_datadog_chunk *chunk)
{
    if (walk->_next == walk->_trace_count)
        return false;
    const struct otlp_trace *trace = &walk->_traces[walk->_next++];
    double rate = sampling_rate(walk->_settings);
    *chunk = (struct sm_datadog_chunk){.spans = sm_arena_alloc(arena, trace->count * sizeof(*chunk->spans))};
    bool is_decided = false;
    for (uint32_t at = trace->first; at != NO_REF; at = walk->_refs[at].next) {
        const struct otlp_span_ref *ref = &walk->_refs[at];
        struct sm_datadog_span *span = &chunk->spans[chunk->count++];
        sm_datadog_otlp_convert(walk->_settings, &walk->_known->template, walk->_operations, ref->scope, ref->span, &walk->_batch->arena, arena,
                                span);
        if (walk->_settings->has_names_v2)
            set_names_v2(walk, ref->span, arena, span);
        const struct sm_datadog_entry *priority = sm_datadog_map_find(&span->metrics, SM_SLICE("_sampling_priority_v1"));
        if (priority) {
            chunk->priority = sm_datadog_to_int8(priority->number);
            is_decided = true;
        }
    }
    if (!is_decided)
        chunk->priority = sm_datadog_is_sampled(trace->id, rate) ? SM_DATADOG_PRIORITY_AUTO_KEEP : 0;
    sm_datadog_map_set_text(&chunk->spans[0].meta, arena, SM_SLICE("_dd.p.dm"), is_decided ? SM_SLICE("-4") : SM_SLICE("-9"));
    sm_datadog_map_set_text(&chunk->tags, arena, SM_SLICE("_dd.otlp_sr"),
                            rate >= 1 ? SM_SLICE("1.00") : sm_slice_of(sm_arena_printf(arena, "%.2f", rate)));
    return true;
}
