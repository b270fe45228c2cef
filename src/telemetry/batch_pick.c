/* batch_pick.c - takes chosen items out of a batch into another. The bytes and the decoded values stay where they are; the index is copied. */
#include "telemetry/batch.h"

#include <assert.h>

#include "telemetry/batch_internal.h"
#include "telemetry/log_record.h"
#include "telemetry/metric.h"
#include "telemetry/span.h"

struct sm_attributes sm_attributes_unshare(const struct sm_attributes *attributes, struct sm_arena *arena)
{
    struct sm_attributes copy = *attributes;
    if (!copy.changed) {
        copy._map = NULL;
    } else if (copy._map) {
        struct sm_value value = {.type = SM_VALUE_MAP, .map = copy._map};
        copy._map = sm_value_copy(&value, arena).map;
    }
    return copy;
}

static struct sm_scope_group pick_items(struct sm_arena *arena, enum sm_signal signal, const struct sm_scope_group *scope, const uint32_t *indexes,
                                        size_t count)
{
    struct sm_scope_group picked = *scope;
    picked.scope.attributes = sm_attributes_unshare(&scope->scope.attributes, arena);
    picked.count = count;
    picked.changed = true;
    if (signal == SM_TRACES) {
        picked.spans = sm_arena_alloc(arena, count * sizeof(*picked.spans));
        for (size_t i = 0; i < count; i++)
            picked.spans[i] = scope->spans[indexes[i]];
    } else {
        picked.log_records = sm_arena_alloc(arena, count * sizeof(*picked.log_records));
        for (size_t i = 0; i < count; i++)
            picked.log_records[i] = scope->log_records[indexes[i]];
    }
    return picked;
}

void sm_batch_append_items(struct sm_batch *batch, struct sm_batch *source, const struct sm_resource_group *group, const struct sm_scope_group *scope,
                           const uint32_t *indexes, size_t count)
{
    assert(batch->signal != SM_METRICS);
    struct sm_resource_group picked = *group;
    picked.resource.attributes = sm_attributes_unshare(&group->resource.attributes, &batch->arena);
    picked.scopes = sm_arena_alloc(&batch->arena, sizeof(*picked.scopes));
    picked.scopes[0] = pick_items(&batch->arena, batch->signal, scope, indexes, count);
    picked.count = 1;
    picked._scope_capacity = 0;
    picked.changed = true;
    sm_batch_append_groups(batch, &picked, 1);
    sm_batch_keep_batch(batch, source);
    batch->item_count += count;
    batch->changed = true;
    batch->raw = (struct sm_slice){0};
}

static size_t count_items(enum sm_signal signal, const struct sm_scope_group *scope)
{
    size_t count = 0;
    for (size_t i = 0; i < scope->count; i++) {
        if (signal == SM_METRICS) {
            for (size_t p = 0; !scope->metrics[i].dropped && p < scope->metrics[i].point_count; p++)
                count += !scope->metrics[i].points[p].dropped;
        } else {
            count += signal == SM_TRACES ? !scope->spans[i].dropped : !scope->log_records[i].dropped;
        }
    }
    return count;
}

void sm_batch_append_group(struct sm_batch *batch, struct sm_batch *source, const struct sm_resource_group *group)
{
    struct sm_resource_group picked = *group;
    picked.resource.attributes = sm_attributes_unshare(&group->resource.attributes, &batch->arena);
    sm_batch_append_groups(batch, &picked, 1);
    sm_batch_keep_batch(batch, source);
    for (size_t i = 0; i < group->count; i++)
        if (!group->scopes[i].dropped)
            batch->item_count += count_items(batch->signal, &group->scopes[i]);
    batch->changed = true;
    batch->raw = (struct sm_slice){0};
}
