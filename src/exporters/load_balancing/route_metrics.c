/* route_metrics.c - takes batches of metrics apart: see routing.h.
 *
 * A first walk says for every metric and every data point where it belongs; each endpoint concerned then gets a copy of the index in which all else
 * is dropped. Resources and scopes so stay together where the reference joins them again. A key may be known for a whole resource, scope or metric,
 * or for a point only. Source: loadbalancingexporter metrics_exporter.go, internal/exp/metrics/identity. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "exporters/load_balancing/route_key.h"
#include "telemetry/attribute_hash.h"
#include "telemetry/metric.h"

enum { NOBODY = -1 };

/* Where metrics and points belong, in the order of walking: a metric (for what it is without points), then its points. */
struct plan {
    const struct sm_routing *routing;
    int64_t *choices; /* owned */
    size_t count, capacity;
    bool *is_concerned; /* owned; by endpoint */
    size_t lost_resources;
    struct sm_bytes key;   /* owned: scratch */
    struct sm_arena arena; /* owned: scratch */
};

static void choose(struct plan *plan, int64_t endpoint)
{
    if (plan->count == plan->capacity) {
        plan->capacity = plan->capacity ? 2 * plan->capacity : 256;
        plan->choices = sm_realloc(plan->choices, plan->capacity, sizeof(*plan->choices));
    }
    plan->choices[plan->count++] = endpoint;
    if (endpoint != NOBODY)
        plan->is_concerned[endpoint] = true;
}

static int64_t find(const struct plan *plan, struct sm_slice key)
{
    return sm_ring_find(plan->routing->ring, key);
}

static void choose_metric(struct plan *plan, const struct sm_metric *metric, int64_t endpoint)
{
    if (metric->dropped)
        return;
    choose(plan, endpoint);
    for (size_t i = 0; i < metric->point_count; i++)
        if (!metric->points[i].dropped)
            choose(plan, endpoint);
}

static void choose_scope(struct plan *plan, const struct sm_scope_group *scope, int64_t endpoint)
{
    for (size_t i = 0; !scope->dropped && i < scope->count; i++)
        choose_metric(plan, &scope->metrics[i], endpoint);
}

static void choose_group(struct plan *plan, const struct sm_resource_group *group, int64_t endpoint)
{
    for (size_t i = 0; i < group->count; i++)
        choose_scope(plan, &group->scopes[i], endpoint);
}

/* ---- identities: FNV-1a over the parts, as text */

static uint64_t fnv1a(uint64_t hash, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t fnv1a_attributes(struct plan *plan, uint64_t hash, const struct sm_attributes *attributes)
{
    /* A copy: others may be reading the set, and what is decoded here is not kept. */
    struct sm_attributes copy = *attributes;
    uint8_t bytes[SM_ATTRIBUTE_HASH_SIZE];
    sm_attributes_hash(&copy, &plan->arena, bytes);
    return fnv1a(hash, bytes, sizeof(bytes));
}

static uint64_t resource_identity(struct plan *plan, const struct sm_resource_group *group)
{
    return fnv1a_attributes(plan, UINT64_C(0xcbf29ce484222325), &group->resource.attributes);
}

static uint64_t scope_identity(struct plan *plan, uint64_t hash, const struct sm_scope_group *scope)
{
    hash = fnv1a(hash, scope->scope.name.ptr, scope->scope.name.size);
    hash = fnv1a(hash, scope->scope.version.ptr, scope->scope.version.size);
    return fnv1a_attributes(plan, hash, &scope->scope.attributes);
}

static uint64_t metric_identity(uint64_t hash, const struct sm_metric *metric)
{
    bool is_histogram = metric->type == SM_METRIC_HISTOGRAM || metric->type == SM_METRIC_EXPONENTIAL_HISTOGRAM;
    bool has_temporality = is_histogram || metric->type == SM_METRIC_SUM;
    uint8_t rest[3] = {(uint8_t)metric->type, is_histogram || (metric->type == SM_METRIC_SUM && metric->is_monotonic),
                       has_temporality ? (uint8_t)metric->temporality : 0};
    hash = fnv1a(hash, metric->name.ptr, metric->name.size);
    hash = fnv1a(hash, metric->unit.ptr, metric->unit.size);
    return fnv1a(hash, rest, sizeof(rest));
}

static struct sm_slice identity_text(struct plan *plan, const char *kind, uint64_t hash)
{
    plan->key.size = 0;
    sm_bytes_printf(&plan->key, "%s/%" PRIx64, kind, hash);
    return sm_bytes_slice(&plan->key);
}

/* ---- by each key */

static void by_service(struct plan *plan, const struct sm_resource_group *group)
{
    struct sm_value value;
    bool has_service = sm_attributes_find(&group->resource.attributes, SM_SLICE("service.name"), &value);
    plan->lost_resources += !has_service;
    choose_group(plan, group, has_service ? find(plan, value.type == SM_VALUE_STRING ? value.string : (struct sm_slice){0}) : NOBODY);
}

static void by_resource(struct plan *plan, const struct sm_resource_group *group)
{
    choose_group(plan, group, find(plan, identity_text(plan, "resource", resource_identity(plan, group))));
}

static void by_metric(struct plan *plan, const struct sm_resource_group *group)
{
    for (size_t s = 0; s < group->count; s++)
        for (size_t i = 0; !group->scopes[s].dropped && i < group->scopes[s].count; i++)
            choose_metric(plan, &group->scopes[s].metrics[i], find(plan, group->scopes[s].metrics[i].name));
}

static void streams_of(struct plan *plan, const struct sm_metric *metric, uint64_t scope_hash)
{
    if (metric->dropped)
        return;
    uint64_t hash = metric_identity(scope_hash, metric);
    choose(plan, NOBODY);
    for (size_t i = 0; i < metric->point_count; i++)
        if (!metric->points[i].dropped)
            choose(plan, find(plan, identity_text(plan, "stream", fnv1a_attributes(plan, hash, &metric->points[i].attributes))));
}

static void by_stream(struct plan *plan, const struct sm_resource_group *group)
{
    uint64_t resource_hash = resource_identity(plan, group);
    for (size_t s = 0; s < group->count; s++) {
        if (group->scopes[s].dropped)
            continue;
        uint64_t scope_hash = scope_identity(plan, resource_hash, &group->scopes[s]);
        for (size_t i = 0; i < group->scopes[s].count; i++)
            streams_of(plan, &group->scopes[s].metrics[i], scope_hash);
    }
}

/* Appends to the key what `attributes` have of the names not marked as found, and marks those. The number that is still missing. */
static size_t add_names(struct plan *plan, bool *is_found, const struct sm_attributes *attributes)
{
    const struct sm_string_list *names = &plan->routing->attributes;
    size_t missing = 0;
    for (size_t i = 0; i < names->count; i++)
        if (!is_found[i]) {
            is_found[i] = sm_route_key_try_add(&plan->key, names->items[i], attributes);
            missing += !is_found[i];
        }
    return missing;
}

static void points_by_attributes(struct plan *plan, const struct sm_metric *metric, const bool *is_found, size_t key_size)
{
    const struct sm_string_list *names = &plan->routing->attributes;
    if (metric->dropped)
        return;
    choose(plan, NOBODY);
    for (size_t p = 0; p < metric->point_count; p++) {
        if (metric->points[p].dropped)
            continue;
        plan->key.size = key_size;
        for (size_t i = 0; i < names->count; i++)
            if (!is_found[i] && !sm_route_key_try_add(&plan->key, names->items[i], &metric->points[p].attributes))
                sm_route_key_add_missing(&plan->key, names->items[i]);
        choose(plan, find(plan, sm_bytes_slice(&plan->key)));
    }
}

/* The names of the resource come first, whatever the order configured; then those of the scope. */
static void by_attributes(struct plan *plan, const struct sm_resource_group *group)
{
    size_t name_count = plan->routing->attributes.count;
    bool *is_found = sm_arena_zalloc(&plan->arena, 2 * name_count, sizeof(*is_found)), *is_found_in_scope = is_found + name_count;
    plan->key.size = 0;
    if (add_names(plan, is_found, &group->resource.attributes) == 0) {
        choose_group(plan, group, find(plan, sm_bytes_slice(&plan->key)));
        return;
    }
    size_t resource_key_size = plan->key.size;
    for (size_t s = 0; s < group->count; s++) {
        const struct sm_scope_group *scope = &group->scopes[s];
        plan->key.size = resource_key_size;
        memcpy(is_found_in_scope, is_found, name_count * sizeof(*is_found));
        if (scope->dropped)
            continue;
        if (add_names(plan, is_found_in_scope, &scope->scope.attributes) == 0) {
            choose_scope(plan, scope, find(plan, sm_bytes_slice(&plan->key)));
            continue;
        }
        size_t key_size = plan->key.size;
        for (size_t i = 0; i < scope->count; i++)
            points_by_attributes(plan, &scope->metrics[i], is_found_in_scope, key_size);
    }
}

/* ---- taking apart */

static void drop_others(struct sm_metric *metric, const struct plan *plan, size_t *at, int64_t endpoint)
{
    bool is_kept = plan->choices[(*at)++] == endpoint;
    size_t kept_points = 0;
    for (size_t i = 0; i < metric->point_count; i++) {
        if (metric->points[i].dropped)
            continue;
        metric->points[i].dropped = plan->choices[(*at)++] != endpoint;
        kept_points += !metric->points[i].dropped;
    }
    metric->dropped = !is_kept && kept_points == 0;
}

static struct sm_batch *part_for(struct sm_batch *batch, const struct plan *plan, int64_t endpoint)
{
    struct sm_batch *part = sm_batch_clone(batch);
    size_t at = 0;
    for (size_t g = 0; g < part->count; g++)
        for (size_t s = 0; !part->groups[g].dropped && s < part->groups[g].count; s++) {
            struct sm_scope_group *scope = &part->groups[g].scopes[s];
            for (size_t i = 0; !scope->dropped && i < scope->count; i++)
                if (!scope->metrics[i].dropped)
                    drop_others(&scope->metrics[i], plan, &at, endpoint);
        }
    sm_batch_recount(part);
    return part;
}

size_t sm_route_metrics(const struct sm_routing *routing, struct sm_batch *batch, sm_routed *routed, void *context)
{
    static void (*const choosers[])(struct plan * plan, const struct sm_resource_group *group) = {
        [SM_ROUTE_DEFAULT] = by_service,   [SM_ROUTE_SERVICE] = by_service, [SM_ROUTE_METRIC] = by_metric,
        [SM_ROUTE_RESOURCE] = by_resource, [SM_ROUTE_STREAM] = by_stream,   [SM_ROUTE_ATTRIBUTES] = by_attributes,
    };
    struct plan plan = {.routing = routing, .arena = SM_ARENA_INIT};
    plan.is_concerned = sm_alloc(routing->endpoint_count, sizeof(*plan.is_concerned));
    for (size_t g = 0; g < batch->count; g++)
        if (!batch->groups[g].dropped)
            choosers[routing->key](&plan, &batch->groups[g]);
    for (size_t i = 0; i < routing->endpoint_count; i++)
        if (plan.is_concerned[i])
            routed(i, part_for(batch, &plan, (int64_t)i), context);
    sm_arena_deinit(&plan.arena);
    sm_bytes_deinit(&plan.key);
    free(plan.choices);
    free(plan.is_concerned);
    return plan.lost_resources;
}
