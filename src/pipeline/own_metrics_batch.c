/* own_metrics_batch.c - the program's own metrics as a batch of metrics: sm_own_metrics_collect of own_metrics.h. */
#include <math.h>

#include "base/clock.h"
#include "pipeline/own_metrics_internal.h"
#include "telemetry/batch.h"
#include "telemetry/metric.h"

struct collection {
    struct sm_batch *batch;
    struct sm_resource_group *group; /* borrowed: batch */
    struct sm_scope_group *scope;    /* borrowed: batch; NULL: none yet */
    size_t metric_capacity, point_capacity;
    uint64_t now_ns;
};

static struct sm_scope_group *get_scope(struct collection *collection, struct sm_slice name)
{
    if (collection->scope && sm_slice_equal(collection->scope->scope.name, name))
        return collection->scope;
    collection->scope = sm_batch_add_scope(collection->batch, collection->group);
    collection->scope->scope.name = name;

    collection->scope->scope.changed = true;
    collection->metric_capacity = 0;
    return collection->scope;
}

static void describe(struct sm_metric *metric, const struct sm_own_metric *from)
{
    static const enum sm_metric_type types[] = {
        [SM_OWN_COUNTER] = SM_METRIC_SUM,
        [SM_OWN_UP_DOWN_COUNTER] = SM_METRIC_SUM,
        [SM_OWN_GAUGE] = SM_METRIC_GAUGE,
        [SM_OWN_HISTOGRAM] = SM_METRIC_HISTOGRAM,
    };
    metric->name = sm_slice_of(from->name);
    metric->description = sm_slice_of(from->help);
    metric->unit = sm_slice_of(from->unit);
    metric->type = types[from->kind];
    metric->temporality = SM_TEMPORALITY_CUMULATIVE;
    metric->is_monotonic = from->kind == SM_OWN_COUNTER;
    metric->changed = true;
}

static struct sm_metric *get_metric(struct collection *collection, const struct sm_own_metric *from)
{
    struct sm_scope_group *scope = get_scope(collection, sm_slice_of(from->scope));
    if (scope->count > 0 && sm_slice_is(scope->metrics[scope->count - 1].name, from->name))
        return &scope->metrics[scope->count - 1];
    scope->metrics = sm_arena_grow(&collection->batch->arena, scope->metrics, scope->count, &collection->metric_capacity, scope->count + 1,
                                   sizeof(*scope->metrics));
    struct sm_metric *metric = &scope->metrics[scope->count++];
    *metric = (struct sm_metric){0};
    describe(metric, from);
    collection->point_capacity = 0;
    return metric;
}

static void set_attributes(struct sm_data_point *point, const struct sm_instrument *from, struct sm_arena *arena)
{
    struct sm_map *map = sm_attributes_edit(&point->attributes, arena);
    for (size_t i = 0; i < from->attribute_count; i++)
        sm_map_set(map, arena, sm_slice_of(from->attributes[i].key), sm_value_string(sm_slice_of(from->attributes[i].value)));
}

static void set_histogram(struct sm_data_point *point, const struct sm_instrument *from, struct sm_arena *arena)
{
    const double *bounds = sm_own_metric_bounds(from->metric, &point->bound_count);
    point->explicit_bounds = sm_arena_zalloc(arena, point->bound_count, sizeof(double));
    memcpy(point->explicit_bounds, bounds, point->bound_count * sizeof(double));
    point->bucket_count = point->bound_count + 1;
    point->bucket_counts = sm_arena_zalloc(arena, point->bucket_count, sizeof(uint64_t));
    for (size_t i = 0; i < point->bucket_count; i++) {
        point->bucket_counts[i] = atomic_load_explicit(&from->buckets[i], memory_order_relaxed);
        point->count += point->bucket_counts[i];
    }
    point->has_sum = true;
    point->sum = atomic_load_explicit(&from->number, memory_order_relaxed);
}

/* Of what is observed only times are fractions, as in the reference. */
static bool is_whole(const struct sm_instrument *from, double number)
{
    return !sm_slice_is(sm_slice_of(from->metric->unit), "s") && number == trunc(number) && fabs(number) < 0x1p63;
}

static void set_number(struct sm_data_point *point, const struct sm_instrument *from, double observed)
{
    if (from->metric->kind == SM_OWN_GAUGE || from->read) {
        double number = from->read ? observed : atomic_load_explicit(&from->number, memory_order_relaxed);
        point->number_type = is_whole(from, number) ? SM_NUMBER_INT : SM_NUMBER_DOUBLE;
        if (point->number_type == SM_NUMBER_INT)
            point->integer = (int64_t)number;
        else
            point->number = number;
    } else {
        point->number_type = SM_NUMBER_INT;
        point->integer = atomic_load_explicit(&from->integer, memory_order_relaxed);
    }
}

static void add_series(const struct sm_instrument *instrument, double observed, void *context)
{
    struct collection *collection = context;
    struct sm_arena *arena = &collection->batch->arena;
    struct sm_metric *metric = get_metric(collection, instrument->metric);
    metric->points =
        sm_arena_grow(arena, metric->points, metric->point_count, &collection->point_capacity, metric->point_count + 1, sizeof(*metric->points));
    struct sm_data_point *point = &metric->points[metric->point_count++];
    *point = (struct sm_data_point){.start_ns = instrument->start_ns, .time_ns = collection->now_ns, .changed = true};
    point->attributes.field = metric->type == SM_METRIC_HISTOGRAM ? 9 : 7; /* HistogramDataPoint.attributes, NumberDataPoint.attributes */
    set_attributes(point, instrument, arena);
    if (metric->type == SM_METRIC_HISTOGRAM)
        set_histogram(point, instrument, arena);
    else
        set_number(point, instrument, observed);
    collection->batch->item_count++;
}

struct sm_batch *sm_own_metrics_collect(void)
{
    struct collection collection = {.batch = sm_batch_create(SM_METRICS), .now_ns = sm_clock_wall_ns()};
    collection.group = sm_batch_add_resource(collection.batch);
    sm_own_metrics_visit(add_series, &collection);
    return collection.batch;
}
