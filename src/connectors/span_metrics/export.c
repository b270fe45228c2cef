/* export.c - see export.h. Source of the form: spanmetricsconnector/connector.go (buildMetrics), internal/metrics/metrics.go (BuildMetrics). */
#include "connectors/span_metrics/export.h"

#include <stdlib.h>

#include "telemetry/batch.h"
#include "telemetry/metric.h"

enum { METRICS_PER_SCOPE = 3, NUMBER_ATTRIBUTES = 7, HISTOGRAM_ATTRIBUTES = 9, EXPONENTIAL_ATTRIBUTES = 1 };

struct export
{
    struct sm_ledger *ledger;
    uint64_t now_ns;
    void (*sink)(void *context, struct sm_batch *batch);
    void *context;
    struct sm_batch *batch; /* owned until given to the sink; NULL: none begun */
    double *bounds;         /* in the batch's arena */
    struct sm_bytes labels; /* scratch */
};

static void finish_batch(struct export *export)
{
    if (export->batch)
        export->sink(export->context, export->batch);
    export->batch = NULL;
}

static void begin_batch(struct export *export)
{
    const struct sm_span_metrics_settings *settings = export->ledger->settings;
    export->batch = sm_batch_create(SM_METRICS);
    export->bounds = sm_arena_alloc(&export->batch->arena, settings->bound_count * sizeof(double));
    if (settings->bound_count)
        memcpy(export->bounds, settings->bounds, settings->bound_count * sizeof(double));
}

/* A resource with an empty scope and room for its metrics. */
static struct sm_scope_group *begin_resource(struct export *export, const struct sm_ledger_resource *resource)
{
    if (!export->batch)
        begin_batch(export);
    struct sm_batch *batch = export->batch;
    struct sm_resource_group *group = sm_batch_add_resource(batch);
    group->resource.attributes.field = 1;
    if (export->ledger->settings->shows_resource)
        group->resource.attributes.raw = sm_arena_copy(&batch->arena, sm_bytes_slice(&resource->attributes));
    group->resource.changed = true;
    struct sm_scope_group *scope = sm_batch_add_scope(batch, group);
    scope->scope.name = SM_SLICE("spanmetricsconnector");
    scope->scope.changed = true;
    scope->metrics = sm_arena_zalloc(&batch->arena, METRICS_PER_SCOPE, sizeof(*scope->metrics));
    return scope;
}

static struct sm_metric *begin_metric(struct export *export, struct sm_scope_group *scope, struct sm_slice name, enum sm_metric_type type,
                                      size_t count)
{
    struct sm_arena *arena = &export->batch->arena;
    struct sm_metric *metric = &scope->metrics[scope->count++];
    metric->name = sm_arena_copy(arena, name);
    metric->type = type;
    metric->temporality = export->ledger->settings->is_delta ? SM_TEMPORALITY_DELTA : SM_TEMPORALITY_CUMULATIVE;
    metric->is_monotonic = type == SM_METRIC_SUM;
    metric->changed = true;
    metric->points = sm_arena_zalloc(arena, count, sizeof(*metric->points));
    export->batch->item_count += count;
    return metric;
}

/* ---- points */

/* The labels are the same for calls and durations but for the field's number, the first byte of each. */
static struct sm_slice copy_labels(struct export *export, uint8_t field)
{
    enum { WIRE_BYTES = 2 };
    struct sm_slice copy = sm_arena_copy(&export->batch->arena, sm_bytes_slice(&export->labels));
    char *at = (char *)copy.ptr, *end = at + copy.size;
    while (at < end) {
        uint64_t size = 0;
        *at++ = (char)(field << 3 | WIRE_BYTES);
        for (unsigned shift = 0;; shift += 7) {
            size |= (uint64_t)(*at & 0x7f) << shift;
            if (*at++ >= 0)
                break;
        }
        at += size;
    }
    return copy;
}

static void copy_exemplars(struct export *export, const struct sm_ledger_series *series, struct sm_data_point *point)
{
    struct sm_arena *arena = &export->batch->arena;
    point->exemplars = sm_arena_zalloc(arena, series->exemplar_count, sizeof(*point->exemplars));
    point->exemplar_count = series->exemplar_count;
    point->has_decoded_exemplars = true;
    size_t at = series->exemplar_count;
    for (int32_t n = series->exemplars; n != SM_NO_EXEMPLAR && at > 0; n = export->ledger->exemplars.items[n].next) {
        static const char no_span[sizeof(((struct sm_series_exemplar *)0)->span_id)];
        const struct sm_series_exemplar *from = &export->ledger->exemplars.items[n].exemplar;
        bool has_span = memcmp(from->span_id, no_span, sizeof(no_span)) != 0;
        point->exemplars[--at] = (struct sm_exemplar){
            .time_ns = export->now_ns,
            .number_type = SM_NUMBER_DOUBLE,
            .number = from->value,
            .trace_id = sm_arena_copy(arena, sm_slice_make(from->trace_id, sizeof(from->trace_id))),
            .span_id = has_span ? sm_arena_copy(arena, sm_slice_make(from->span_id, sizeof(from->span_id))) : (struct sm_slice){0},
        };
    }
}

static void begin_point(struct export *export, const struct sm_ledger_series *series, uint64_t start_ns, uint8_t field, struct sm_data_point *point)
{
    point->attributes = (struct sm_attributes){.raw = copy_labels(export, field), .field = field};
    point->start_ns = start_ns;
    point->time_ns = export->now_ns;
    point->changed = true;
    if (series->exemplar_count)
        copy_exemplars(export, series, point);
}

static void fill_explicit(const struct export *export, const struct sm_ledger_series *series, struct sm_data_point *point)
{
    size_t bound_count = export->ledger->settings->bound_count;
    point->bucket_count = bound_count + 1;
    point->bound_count = bound_count;
    point->explicit_bounds = export->bounds;
    point->bucket_counts = sm_arena_alloc(&export->batch->arena, point->bucket_count * sizeof(uint64_t));
    if (bound_count)
        memcpy(point->bucket_counts, series->buckets.counts, point->bucket_count * sizeof(uint64_t));
    else
        point->bucket_counts[0] = series->count;
}

static void fill_exponential(const struct export *export, const struct sm_ledger_series *series, struct sm_data_point *point)
{
    const struct sm_exponential *histogram = &series->buckets.exponential;
    point->zero_count = histogram->zero_count;
    point->has_positive = point->has_negative = true;
    point->has_min = point->has_max = series->count != 0;
    point->min = histogram->min;
    point->max = histogram->max;
    if (!histogram->has_buckets)
        return;
    point->scale = histogram->scale;
    point->positive.offset = histogram->first;
    point->positive.count = sm_exponential_bucket_count(histogram);
    point->positive.counts = sm_arena_alloc(&export->batch->arena, point->positive.count * sizeof(uint64_t));
    for (size_t i = 0; i < point->positive.count; i++)
        point->positive.counts[i] = sm_exponential_count_at(histogram, histogram->first + (int32_t)i);
}

static void fill_histogram(const struct export *export, enum sm_histogram_kind kind, const struct sm_ledger_series *series,
                           struct sm_data_point *point)
{
    point->count = series->count;
    point->sum = series->sum;
    point->has_sum = true;
    if (kind == SM_HISTOGRAM_EXPLICIT)
        fill_explicit(export, series, point);
    else
        fill_exponential(export, series, point);
}

/* ---- series */

/* The metrics of a run of series; NULL where the family does not feed one. */
struct run {
    const struct sm_family_settings *settings;
    struct sm_metric *sum, *histogram;
};

static void export_series(struct export *export, enum sm_label_family family, const struct run *run, struct sm_ledger_series *series)
{
    struct sm_ledger *ledger = export->ledger;
    uint64_t start_ns = series->start_ns;
    if (ledger->settings->is_delta) {
        struct sm_hash128 hash = {.low = series->hash.low ^ (uint64_t)family, .high = series->hash.high};
        start_ns = sm_ledger_exchange_timestamp(ledger, hash, start_ns, export->now_ns);
    }
    struct sm_label_record record = sm_ledger_record(ledger, series);
    export->labels.size = 0;
    sm_labels_append_attributes(ledger->settings->plan, family, &record, NUMBER_ATTRIBUTES, &export->labels);
    if (run->sum) {
        struct sm_data_point *point = &run->sum->points[run->sum->point_count++];
        begin_point(export, series, start_ns, NUMBER_ATTRIBUTES, point);
        point->number_type = SM_NUMBER_INT;
        /* A first point of 0 shows to Prometheus that the series rises from there. */
        point->integer = series->is_first && !ledger->settings->is_delta ? 0 : (int64_t)series->count;
    }
    if (run->histogram) {
        struct sm_data_point *point = &run->histogram->points[run->histogram->point_count++];
        begin_point(export, series, start_ns, run->settings->histogram == SM_HISTOGRAM_EXPLICIT ? HISTOGRAM_ATTRIBUTES : EXPONENTIAL_ATTRIBUTES,
                    point);
        fill_histogram(export, run->settings->histogram, series, point);
    }
    series->is_first = false;
}

static struct run begin_run(struct export *export, enum sm_label_family family, struct sm_scope_group *scope, size_t count)
{
    const struct sm_span_metrics_settings *settings = export->ledger->settings;
    struct run run = {.settings = &settings->families[family]};
    if (run.settings->has_count)
        run.sum = begin_metric(export, scope, family == SM_LABELS_EVENTS ? settings->events_name : settings->calls_name, SM_METRIC_SUM, count);
    if (run.settings->histogram != SM_HISTOGRAM_NONE) {
        bool is_explicit = run.settings->histogram == SM_HISTOGRAM_EXPLICIT;
        run.histogram =
            begin_metric(export, scope, settings->duration_name, is_explicit ? SM_METRIC_HISTOGRAM : SM_METRIC_EXPONENTIAL_HISTOGRAM, count);
        run.histogram->unit = settings->unit; /* constant text */
    }
    return run;
}

/* All series of a resource in one family, in runs that keep the batches small. */
static void export_family(struct export *export, enum sm_label_family family, const struct sm_ledger_resource *resource,
                          struct sm_scope_group **scope)
{
    const struct sm_entries *entries = &export->ledger->families[family].series;
    uint64_t left = resource->series_count[family];
    uint32_t number = resource->first[family];
    while (left && number != SM_INDEX_NONE) {
        if (export->batch && export->batch->item_count >= SM_EXPORT_POINTS_MAX) {
            finish_batch(export);
            *scope = NULL;
        }
        if (!*scope)
            *scope = begin_resource(export, resource);
        size_t count = left < SM_EXPORT_POINTS_MAX / 2 ? (size_t)left : SM_EXPORT_POINTS_MAX / 2;
        struct run run = begin_run(export, family, *scope, count);
        for (size_t i = 0; i < count && number != SM_INDEX_NONE;) {
            struct sm_ledger_series *series = sm_entries_at(entries, number);
            number = series->next;
            if (series->is_gone)
                continue;
            export_series(export, family, &run, series);
            i++;
        }
        left -= count;
        if (left) { /* the next run needs metrics of its own */
            finish_batch(export);
            *scope = NULL;
        }
    }
}

static void export_resource(struct export *export, const struct sm_ledger_resource *resource)
{
    struct sm_scope_group *scope = NULL;
    for (enum sm_label_family i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        export_family(export, i, resource, &scope);
    if (export->batch && export->batch->item_count >= SM_EXPORT_POINTS_MAX)
        finish_batch(export);
}

void sm_ledger_export(struct sm_ledger *ledger, uint64_t now_ns, void (*sink)(void *context, struct sm_batch *batch), void *context)
{
    struct export export = {.ledger = ledger, .now_ns = now_ns, .sink = sink, .context = context};
    size_t count;
    struct sm_ledger_resource **resources = sm_ledger_list_resources(ledger, &count);
    /* As the reference's cache is walked through: where resources come out alike, the last one counts behind it. */
    for (int is_leaving = 0; is_leaving <= 1; is_leaving++)
        for (size_t i = 0; i < count; i++)
            if (resources[i]->is_leaving == is_leaving)
                export_resource(&export, resources[i]);
    free(resources);
    finish_batch(&export);
    sm_bytes_deinit(&export.labels);
}
