/* batch_split.c - cuts the first items off a batch, inside resources, scopes and metrics where the cut falls there.
 *
 * The index is not copied: both parts point to their ends of the same arrays, which move to a batch of their own that both keep. Only the structs
 * along the cut exist twice. Reference: processor/batchprocessor/split{traces,metrics,logs}.go. */
#include "telemetry/batch.h"

#include "telemetry/batch_internal.h"
#include "telemetry/log_record.h"
#include "telemetry/metric.h"
#include "telemetry/span.h"

#include <assert.h>
#include <stdlib.h>

/* Items of one entry of a scope's array: the points of a metric, else one; none when dropped. */
static size_t entry_items(enum sm_signal signal, const struct sm_scope_group *scope, size_t index)
{
    if (signal == SM_TRACES)
        return !scope->spans[index].dropped;
    if (signal == SM_LOGS)
        return !scope->log_records[index].dropped;
    const struct sm_metric *metric = &scope->metrics[index];
    size_t count = 0;
    for (size_t i = 0; i < metric->point_count && !metric->dropped; i++)
        count += !metric->points[i].dropped;
    return count;
}

static size_t scope_items(enum sm_signal signal, const struct sm_scope_group *scope)
{
    size_t count = 0;
    for (size_t i = 0; i < scope->count && !scope->dropped; i++)
        count += entry_items(signal, scope, i);
    return count;
}

static size_t group_items(enum sm_signal signal, const struct sm_resource_group *group)
{
    size_t count = 0;
    for (size_t i = 0; i < group->count && !group->dropped; i++)
        count += scope_items(signal, &group->scopes[i]);
    return count;
}

static void skip_entries(enum sm_signal signal, struct sm_scope_group *scope, size_t count)
{
    if (signal == SM_TRACES)
        scope->spans += count;
    else if (signal == SM_METRICS)
        scope->metrics += count;
    else
        scope->log_records += count;
    scope->count -= count;
}

/* The first `wanted` points of `metric` as a metric of its own; they leave `metric`. */
static struct sm_metric cut_metric(struct sm_arena *arena, struct sm_metric *metric, size_t wanted)
{
    size_t index = 0;
    for (size_t found = 0; found < wanted; index++)
        found += !metric->points[index].dropped;
    struct sm_metric head = *metric;
    head.metadata = sm_attributes_unshare(&metric->metadata, arena);
    head.point_count = index;
    head.changed = metric->changed = true;
    metric->points += index;
    metric->point_count -= index;
    return head;
}

/* The first `wanted` items of `scope`, fewer than it has; they leave `scope`. */
static struct sm_scope_group cut_scope(enum sm_signal signal, struct sm_arena *arena, struct sm_scope_group *scope, size_t wanted)
{
    struct sm_scope_group head = *scope;
    size_t index = 0, items;
    while ((items = entry_items(signal, scope, index)) <= wanted) {
        wanted -= items;
        index++;
        if (wanted == 0)
            break;
    }
    head.scope.attributes = sm_attributes_unshare(&scope->scope.attributes, arena);
    head.count = index;
    head.changed = scope->changed = true;
    if (wanted) {
        assert(signal == SM_METRICS);
        head.metrics = sm_arena_alloc(arena, (index + 1) * sizeof(*head.metrics));
        if (index)
            memcpy(head.metrics, scope->metrics, index * sizeof(*head.metrics));
        head.metrics[head.count++] = cut_metric(arena, &scope->metrics[index], wanted);
    }
    skip_entries(signal, scope, index);
    return head;
}

/* The first `wanted` items of `group`, fewer than it has; they leave `group`. */
static struct sm_resource_group cut_group(enum sm_signal signal, struct sm_arena *arena, struct sm_resource_group *group, size_t wanted)
{
    struct sm_resource_group head = *group;
    size_t index = 0, items = 0;
    while (wanted && (items = scope_items(signal, &group->scopes[index])) <= wanted) {
        wanted -= items;
        index++;
    }
    head.resource.attributes = sm_attributes_unshare(&group->resource.attributes, arena);
    head.count = index;
    head._scope_capacity = 0;
    head.changed = group->changed = true;
    if (wanted) {
        head.scopes = sm_arena_alloc(arena, (index + 1) * sizeof(*head.scopes));
        if (index)
            memcpy(head.scopes, group->scopes, index * sizeof(*head.scopes));
        head.scopes[head.count++] = cut_scope(signal, arena, &group->scopes[index], wanted);
    }
    group->scopes += index;
    group->count -= index;
    group->_scope_capacity = 0;
    return head;
}

/* Moves arena and keeps into a batch that both parts keep. Without an arena in use the keeps are simply kept by both, so that cutting one batch into
 * many parts does not build a chain. */
static void share_memory(struct sm_batch *batch, struct sm_batch *head)
{
    if (sm_arena_reserved_bytes(&batch->arena) == 0) {
        sm_batch_keep_what(head, batch);
        return;
    }
    struct sm_batch *holder = sm_batch_create(batch->signal);
    holder->arena = batch->arena;
    holder->_keeps = batch->_keeps;
    holder->_keep_count = batch->_keep_count;
    sm_arena_init(&batch->arena);
    batch->_keeps = NULL;
    batch->_keep_count = 0;
    sm_batch_keep_batch(batch, holder);
    sm_batch_keep_batch(head, holder);
    sm_batch_release(holder);
}

struct sm_batch *sm_batch_split(struct sm_batch *batch, size_t item_count)
{
    assert(!sm_batch_is_shared(batch));
    if (batch->is_packed)
        return sm_batch_split_packed(batch, item_count);
    struct sm_batch *head = sm_batch_create(batch->signal);
    share_memory(batch, head);
    size_t index = 0, wanted = item_count, items;
    while (index < batch->count && wanted && (items = group_items(batch->signal, &batch->groups[index])) <= wanted) {
        wanted -= items;
        index++;
    }
    sm_batch_append_groups(head, batch->groups, index);
    if (wanted && index < batch->count) {
        struct sm_resource_group cut = cut_group(batch->signal, &head->arena, &batch->groups[index], wanted);
        sm_batch_append_groups(head, &cut, 1);
        wanted = 0;
    }
    head->item_count = item_count - wanted;
    head->changed = batch->changed = true;
    batch->groups += index;
    batch->count -= index;
    batch->capacity = 0;
    batch->item_count -= head->item_count;
    batch->raw = (struct sm_slice){0};
    return head;
}
