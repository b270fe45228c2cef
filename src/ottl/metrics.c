/* metrics.c - see metrics.h. */
#include "ottl/metrics.h"

#include "telemetry/batch.h"

/* A statement sees what it added: one that copies without a condition would go on for ever, as it does in the reference. */
enum { ADDED_PER_METRIC_MAX = 32, ADDED_MIN = 1000 };

/* Scopes do not know the room of their array: the run remembers it for the one it has grown. */
static struct sm_metric *grow(struct sm_ottl_run *run)
{
    struct sm_scope_group *scope = run->scope;
    size_t current = run->metric ? (size_t)(run->metric - scope->metrics) : 0;
    if (run->_grown_scope != scope) {
        run->_grown_scope = scope;
        run->_metric_capacity = scope->count;
        run->_metric_limit = scope->count * (1 + (size_t)ADDED_PER_METRIC_MAX) + ADDED_MIN;
    }
    if (scope->count >= run->_metric_limit) {
        sm_ottl_fail(run, "the statements add too many metrics: more than %d for each that the scope had", ADDED_PER_METRIC_MAX);
        return NULL;
    }
    if (scope->count == run->_metric_capacity)
        scope->metrics = sm_arena_grow(run->arena, scope->metrics, scope->count, &run->_metric_capacity, scope->count + 1, sizeof(*scope->metrics));
    if (run->metric)
        run->metric = &scope->metrics[current];
    return &scope->metrics[scope->count++];
}

struct sm_metric *sm_ottl_metric_add(struct sm_ottl_run *run, enum sm_metric_type type, struct sm_slice suffix)
{
    struct sm_metric *metric = grow(run);
    if (!metric)
        return NULL;
    *metric = (struct sm_metric){.type = type, .changed = true, .description = run->metric->description, .unit = run->metric->unit};
    metric->name = sm_slice_of(sm_arena_printf(run->arena, "%.*s%.*s", SM_SLICE_ARGS(run->metric->name), SM_SLICE_ARGS(suffix)));
    sm_batch_mark_changed(run->batch, run->group, run->scope);
    return metric;
}

struct sm_attributes sm_ottl_attributes_copy(const struct sm_attributes *attributes, struct sm_arena *arena)
{
    struct sm_attributes source = *attributes, copy = {0};
    *sm_attributes_edit(&copy, arena) = sm_ottl_copy_map(sm_attributes_map(&source, arena), arena, false);
    return copy;
}

void sm_ottl_points_reserve(struct sm_ottl_run *run, struct sm_metric *metric, size_t count)
{
    metric->points = sm_arena_zalloc(run->arena, count, sizeof(*metric->points));
    metric->point_count = 0;
}

struct sm_data_point *sm_ottl_point_add(struct sm_ottl_run *run, struct sm_metric *metric, const struct sm_data_point *source)
{
    struct sm_data_point *point = &metric->points[metric->point_count++];
    *point = (struct sm_data_point){.start_ns = source->start_ns, .time_ns = source->time_ns, .changed = true};
    point->attributes = sm_ottl_attributes_copy(&source->attributes, run->arena);
    run->batch->item_count++;
    return point;
}

size_t sm_ottl_point_count(const struct sm_metric *metric)
{
    size_t count = 0;
    for (size_t i = 0; i < metric->point_count; i++)
        count += !metric->points[i].dropped;
    return count;
}

bool sm_ottl_temporality_find(struct sm_slice word, int32_t *temporality)
{
    bool is_delta = sm_slice_is(word, "delta");
    *temporality = is_delta ? SM_TEMPORALITY_DELTA : SM_TEMPORALITY_CUMULATIVE;
    return is_delta || sm_slice_is(word, "cumulative");
}
