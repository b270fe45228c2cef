/* stats_batch.c - see stats_batch.h. Stateless. */
#include "datadog/stats_batch.h"

#include "telemetry/batch.h"
#include "telemetry/metric.h"

struct sm_batch *sm_stats_batch(const struct sm_stats_payload *payload)
{
    if (payload->clients.count == 0)
        return NULL;
    struct sm_batch *batch = sm_batch_create(SM_METRICS);
    struct sm_scope_group *scope = sm_batch_add_scope(batch, sm_batch_add_resource(batch));
    struct sm_data_point *point = sm_arena_zalloc(&batch->arena, 1, sizeof(*point));
    struct sm_value bytes = {.type = SM_VALUE_BYTES, .bytes = sm_stats_payload_encode(payload, &batch->arena)};
    sm_map_set(sm_attributes_edit(&point->attributes, &batch->arena), &batch->arena, SM_SLICE(SM_STATS_METRIC), bytes);
    point->changed = true;
    scope->metrics = sm_arena_zalloc(&batch->arena, 1, sizeof(*scope->metrics));
    scope->metrics[0] =
        (struct sm_metric){.name = SM_SLICE(SM_STATS_METRIC), .type = SM_METRIC_SUM, .points = point, .point_count = 1, .changed = true};
    scope->count = 1;
    batch->item_count = 1;
    return batch;
}
