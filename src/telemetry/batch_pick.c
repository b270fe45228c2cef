/* batch_pick.c - takes chosen spans out of a batch into another. The bytes and the decoded values stay where they are; the index is copied. */
#include "telemetry/batch.h"

#include "telemetry/batch_internal.h"
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

static struct sm_scope_group pick_spans(struct sm_arena *arena, const struct sm_scope_group *scope, const uint32_t *indexes, size_t count)
{
    struct sm_scope_group picked = *scope;
    picked.scope.attributes = sm_attributes_unshare(&scope->scope.attributes, arena);
    picked.spans = sm_arena_alloc(arena, count * sizeof(*picked.spans));
    picked.count = count;
    picked.changed = true;
    for (size_t i = 0; i < count; i++)
        picked.spans[i] = scope->spans[indexes[i]];
    return picked;
}

void sm_batch_append_spans(struct sm_batch *batch, struct sm_batch *source, const struct sm_resource_group *group, const struct sm_scope_group *scope,
                           const uint32_t *indexes, size_t count)
{
    struct sm_resource_group picked = *group;
    picked.resource.attributes = sm_attributes_unshare(&group->resource.attributes, &batch->arena);
    picked.scopes = sm_arena_alloc(&batch->arena, sizeof(*picked.scopes));
    picked.scopes[0] = pick_spans(&batch->arena, scope, indexes, count);
    picked.count = 1;
    picked._scope_capacity = 0;
    picked.changed = true;
    sm_batch_append_groups(batch, &picked, 1);
    sm_batch_keep_batch(batch, source);
    batch->item_count += count;
    batch->changed = true;
    batch->raw = (struct sm_slice){0};
}
