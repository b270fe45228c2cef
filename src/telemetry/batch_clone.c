/* batch_clone.c - copies of a batch that may be changed while others read the original.
 *
 * The bytes are shared (the clone keeps the original), the index is copied. What was only decoded is forgotten in the copy and decoded again when it
 * is needed; what was changed is copied as deep as a change can reach. */
#include "telemetry/batch.h"

#include "telemetry/batch_internal.h"
#include "telemetry/log_record.h"
#include "telemetry/metric.h"
#include "telemetry/span.h"

static void *copy_array(struct sm_arena *arena, const void *array, size_t count, size_t size)
{
    return count ? memcpy(sm_arena_alloc(arena, count * size), array, count * size) : NULL;
}

/* Strings and encoded parts are never changed in place: only what is decoded needs a copy. */
static void own_value(struct sm_arena *arena, struct sm_value *value);

static void own_map(struct sm_arena *arena, struct sm_map *map)
{
    map->entries = copy_array(arena, map->entries, map->count, sizeof(*map->entries));
    map->capacity = map->count;
    for (size_t i = 0; i < map->count; i++)
        own_value(arena, &map->entries[i].value);
}

static void own_value(struct sm_arena *arena, struct sm_value *value)
{
    if (value->encoded)
        return;
    if (value->type == SM_VALUE_MAP && value->map) {
        value->map = copy_array(arena, value->map, 1, sizeof(*value->map));
        own_map(arena, value->map);
    } else if (value->type == SM_VALUE_LIST && value->list) {
        struct sm_list *list = copy_array(arena, value->list, 1, sizeof(*list));
        list->items = copy_array(arena, list->items, list->count, sizeof(*list->items));
        list->capacity = list->count;
        for (size_t i = 0; i < list->count; i++)
            own_value(arena, &list->items[i]);
        value->list = list;
    }
}

static void own_attributes(struct sm_arena *arena, struct sm_attributes *attributes)
{
    if (!attributes->changed) {
        attributes->_map = NULL;
        return;
    }
    attributes->_map = copy_array(arena, attributes->_map, 1, sizeof(*attributes->_map));
    own_map(arena, attributes->_map);
}

static void own_span_lists(struct sm_arena *arena, struct sm_span *span)
{
    struct sm_span_lists *lists = copy_array(arena, span->_lists, 1, sizeof(*lists));
    span->_lists = lists;
    lists->has_decoded_events &= (span->changed & SM_SPAN_CHANGED_EVENTS) != 0;
    lists->has_decoded_links &= (span->changed & SM_SPAN_CHANGED_LINKS) != 0;
    if (lists->has_decoded_events) {
        lists->events = copy_array(arena, lists->events, lists->event_count, sizeof(*lists->events));
        for (uint32_t i = 0; i < lists->event_count; i++)
            own_attributes(arena, &lists->events[i].attributes);
    }
    if (lists->has_decoded_links) {
        lists->links = copy_array(arena, lists->links, lists->link_count, sizeof(*lists->links));
        for (uint32_t i = 0; i < lists->link_count; i++)
            own_attributes(arena, &lists->links[i].attributes);
    }
}

static void own_spans(struct sm_arena *arena, struct sm_scope_group *scope)
{
    scope->spans = copy_array(arena, scope->spans, scope->count, sizeof(*scope->spans));
    for (size_t i = 0; i < scope->count; i++) {
        struct sm_span *span = &scope->spans[i];
        own_attributes(arena, &span->attributes);
        if (span->_lists)
            own_span_lists(arena, span);
    }
}

static void own_point(struct sm_arena *arena, struct sm_data_point *point)
{
    own_attributes(arena, &point->attributes);
    point->bucket_counts = copy_array(arena, point->bucket_counts, point->bucket_count, sizeof(*point->bucket_counts));
    point->explicit_bounds = copy_array(arena, point->explicit_bounds, point->bound_count, sizeof(*point->explicit_bounds));
    point->positive.counts = copy_array(arena, point->positive.counts, point->positive.count, sizeof(*point->positive.counts));
    point->negative.counts = copy_array(arena, point->negative.counts, point->negative.count, sizeof(*point->negative.counts));
    point->quantiles = copy_array(arena, point->quantiles, point->quantile_count, sizeof(*point->quantiles));
    if (!point->has_decoded_exemplars)
        return;
    point->exemplars = copy_array(arena, point->exemplars, point->exemplar_count, sizeof(*point->exemplars));
    for (size_t i = 0; i < point->exemplar_count; i++)
        own_attributes(arena, &point->exemplars[i].filtered_attributes);
}

static void own_metrics(struct sm_arena *arena, struct sm_scope_group *scope)
{
    scope->metrics = copy_array(arena, scope->metrics, scope->count, sizeof(*scope->metrics));
    for (size_t i = 0; i < scope->count; i++) {
        struct sm_metric *metric = &scope->metrics[i];
        own_attributes(arena, &metric->metadata);
        metric->points = copy_array(arena, metric->points, metric->point_count, sizeof(*metric->points));
        for (size_t k = 0; k < metric->point_count; k++)
            own_point(arena, &metric->points[k]);
    }
}

static void own_log_records(struct sm_arena *arena, struct sm_scope_group *scope)
{
    scope->log_records = copy_array(arena, scope->log_records, scope->count, sizeof(*scope->log_records));
    for (size_t i = 0; i < scope->count; i++) {
        own_attributes(arena, &scope->log_records[i].attributes);
        own_value(arena, &scope->log_records[i].body);
    }
}

struct sm_batch *sm_batch_clone(struct sm_batch *batch)
{
    static void (*const own_items[SM_SIGNAL_COUNT])(struct sm_arena * arena, struct sm_scope_group * scope) = {
        [SM_TRACES] = own_spans, [SM_METRICS] = own_metrics, [SM_LOGS] = own_log_records};
    struct sm_batch *clone = sm_batch_create(batch->signal);
    struct sm_arena *arena = &clone->arena;
    if (batch->is_packed) {
        sm_batch_add_parts(clone, batch->_parts, batch->_part_count);
        return clone;
    }
    sm_batch_keep_batch(clone, batch);
    clone->item_count = batch->item_count;
    clone->changed = batch->changed;
    clone->raw = batch->raw;
    clone->count = clone->capacity = batch->count;
    clone->groups = copy_array(arena, batch->groups, batch->count, sizeof(*batch->groups));
    for (size_t g = 0; g < clone->count; g++) {
        struct sm_resource_group *group = &clone->groups[g];
        own_attributes(arena, &group->resource.attributes);
        group->scopes = copy_array(arena, group->scopes, group->count, sizeof(*group->scopes));
        group->_scope_capacity = 0;
        for (size_t s = 0; s < group->count; s++) {
            own_attributes(arena, &group->scopes[s].scope.attributes);
            own_items[batch->signal](arena, &group->scopes[s]);
        }
    }
    return clone;
}
