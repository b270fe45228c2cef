/* translate.c - walks a batch and makes samples, native histograms, target_info and metadata of it.
 *
 * Reads metrics and changes nothing. Everything made lives until the window ends (series.h); what the walk needs of it is then made again.
 * State: the walk, on the stack. Source: pkg/translator/prometheusremotewrite (metrics_to_prw.go, helper.go,
 * number_data_points.go, otlp_to_openmetrics_metadata.go). */
#include "exporters/prometheus_remote_write/translate.h"

#include <math.h>
#include <stdlib.h>

#include "exporters/prometheus_remote_write/collisions.h"
#include "exporters/prometheus_remote_write/parts.h"
#include "telemetry/metric.h"

struct walk {
    const struct sm_write_settings *settings;
    struct sm_write *write;
    struct sm_write_label_maker maker;
    const struct sm_scope *scope;
    const struct sm_metric *metric;
    struct sm_write_part_maker parts;
    uint64_t newest_ns; /* of the resource's points */
    size_t failures;
};

/* The number, or the mark that the series has ended. */
static double value_of(const struct sm_data_point *point, double value)
{
    const uint64_t stale = SM_WRITE_STALE_BITS;
    if (point->flags & SM_DATA_POINT_NO_RECORDED_VALUE)
        memcpy(&value, &stale, sizeof(value));
    return value;
}

/* ---- points */

static void add_exemplars(struct walk *walk, const struct sm_data_point *point, struct sm_write_series *series)
{
    size_t count;
    const struct sm_write_exemplar *exemplars = sm_write_make_exemplars(point, walk->settings->is_version_2, walk->write->arena, &count);
    for (size_t i = 0; i < count; i++)
        sm_write_add_exemplar(walk->write, series, &exemplars[i]);
}

static void take_number(struct walk *walk, const struct sm_data_point *point, const struct sm_write_base *labels)
{
    double number = point->number_type == SM_NUMBER_INT ? (double)point->integer : point->number_type == SM_NUMBER_DOUBLE ? point->number : 0;
    struct sm_write_series *series = sm_write_series_get_hashed(walk->write, labels);
    sm_write_add_sample(walk->write, series, value_of(point, number), sm_write_time_ms(point->time_ns));
    if (walk->settings->is_version_2 || (walk->metric->type == SM_METRIC_SUM && walk->metric->is_monotonic))
        add_exemplars(walk, point, series);
}

/* In version 1 even one that cannot be converted leaves its series, without samples. */
static void take_exponential(struct walk *walk, const struct sm_data_point *point, const struct sm_write_base *labels)
{
    struct sm_write_histogram histogram;
    bool is_made = sm_write_make_native(point, walk->write->arena, &histogram);
    struct sm_write_series *series = is_made || !walk->settings->is_version_2 ? sm_write_series_get_hashed(walk->write, labels) : NULL;
    if (!is_made) {
        walk->failures++;
        return;
    }
    histogram.point = point;
    sm_write_add_histogram(walk->write, series, &histogram);
    add_exemplars(walk, point, series);
}

/* A sample of a part's series, with one label more (NULL: none). */
static struct sm_write_series *add_part(struct walk *walk, const struct sm_data_point *point, const struct sm_write_base *base,
                                        enum sm_write_part part, const struct sm_write_label *extra, double value)
{
    struct sm_write_key key = {.base = base, .name = sm_write_part_name(&walk->parts, part), .extra = extra};
    struct sm_write_series *series = sm_write_series_get_shared(walk->write, &key);
    sm_write_add_sample(walk->write, series, value_of(point, value), sm_write_time_ms(point->time_ns));
    return series;
}

struct bucket {
    struct sm_write_series *series;
    double bound;
    size_t index;
};

/* What is no number stands first, where no exemplar goes. */
static int compare_buckets(const void *left, const void *right)
{
    const struct bucket *a = left, *b = right;
    if (isnan(a->bound) || isnan(b->bound))
        return !isnan(a->bound) - !isnan(b->bound);
    if (a->bound != b->bound)
        return a->bound < b->bound ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* Each goes to the first bucket that it fits into. */
static void spread_exemplars(struct walk *walk, const struct sm_data_point *point, struct bucket *buckets, size_t bucket_count)
{
    size_t count;
    const struct sm_write_exemplar *exemplars = sm_write_make_exemplars(point, walk->settings->is_version_2, walk->write->arena, &count);
    if (count)
        qsort(buckets, bucket_count, sizeof(*buckets), compare_buckets);
    for (size_t i = 0; i < count; i++) {
        size_t low = 0, high = bucket_count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (exemplars[i].value <= buckets[middle].bound)
                high = middle;
            else
                low = middle + 1;
        }
        if (low < bucket_count)
            sm_write_add_exemplar(walk->write, buckets[low].series, &exemplars[i]);
    }
}

static void take_histogram(struct walk *walk, const struct sm_data_point *point, const struct sm_write_base *labels)
{
    const struct sm_write_base *base = sm_write_keep_base(walk->write->arena, labels);
    if (point->has_sum)
        add_part(walk, point, base, SM_WRITE_PART_SUM, NULL, point->sum);
    add_part(walk, point, base, SM_WRITE_PART_COUNT, NULL, (double)point->count);
    size_t count = point->bound_count < point->bucket_count ? point->bound_count : point->bucket_count;
    const struct sm_write_label *bounds = sm_write_bound_labels(&walk->parts, point);
    struct bucket *buckets = sm_arena_alloc(walk->write->arena, (count + 1) * sizeof(*buckets));
    uint64_t cumulative = 0;
    for (size_t i = 0; i < count; i++) {
        cumulative += point->bucket_counts[i];
        buckets[i] = (struct bucket){.bound = point->explicit_bounds[i], .index = i};
        buckets[i].series = add_part(walk, point, base, SM_WRITE_PART_BUCKET, &bounds[i], (double)cumulative);
    }
    buckets[count] = (struct bucket){.bound = (double)INFINITY, .index = count};
    buckets[count].series = add_part(walk, point, base, SM_WRITE_PART_BUCKET, &bounds[point->bound_count], (double)point->count);
    if (!walk->settings->is_version_2) /* the reference's version 2 has no exemplars of these */
        spread_exemplars(walk, point, buckets, count + 1);
}

static void take_summary(struct walk *walk, const struct sm_data_point *point, const struct sm_write_base *labels)
{
    const struct sm_write_base *base = sm_write_keep_base(walk->write->arena, labels);
    walk->write->kind = SM_WRITE_COUNTER;
    add_part(walk, point, base, SM_WRITE_PART_SUM, NULL, point->sum);
    add_part(walk, point, base, SM_WRITE_PART_COUNT, NULL, (double)point->count);
    walk->write->kind = SM_WRITE_QUANTILE;
    for (size_t i = 0; i < point->quantile_count; i++) {
        const struct sm_write_label *quantile = sm_write_number_label(&walk->parts, SM_SLICE("quantile"), point->quantiles[i].quantile);
        add_part(walk, point, base, SM_WRITE_PART_PLAIN, quantile, point->quantiles[i].value);
    }
}

/* ---- metrics */

static const struct {
    void (*take)(struct walk *walk, const struct sm_data_point *point, const struct sm_write_base *labels);
    bool is_one_series; /* its labels have the name already */
} takers[] = {
    [SM_METRIC_GAUGE] = {take_number, true},         [SM_METRIC_SUM] = {take_number, true},
    [SM_METRIC_HISTOGRAM] = {take_histogram, false}, [SM_METRIC_EXPONENTIAL_HISTOGRAM] = {take_exponential, true},
    [SM_METRIC_SUMMARY] = {take_summary, false},
};

static bool is_translatable(const struct sm_metric *metric)
{
    switch (metric->type) {
    case SM_METRIC_GAUGE:
    case SM_METRIC_SUMMARY:
        return true;
    case SM_METRIC_SUM:
    case SM_METRIC_HISTOGRAM:
    case SM_METRIC_EXPONENTIAL_HISTOGRAM:
        return metric->temporality == SM_TEMPORALITY_CUMULATIVE;
    case SM_METRIC_NONE:
        break;
    }
    return false;
}

/* `is_emptied`: the arena was, while the walk is at this metric. */
static bool make_name(struct walk *walk, const struct sm_metric *metric, bool is_emptied)
{
    struct sm_prometheus_namer namer = {
        .name_space = walk->settings->name_space, .with_suffixes = walk->settings->with_suffixes, .keeps_utf8 = walk->settings->keeps_utf8};
    enum sm_prometheus_kind kind = metric->type == SM_METRIC_GAUGE                         ? SM_PROMETHEUS_KIND_GAUGE
                                   : metric->type == SM_METRIC_SUM && metric->is_monotonic ? SM_PROMETHEUS_KIND_COUNTER
                                                                                           : SM_PROMETHEUS_KIND_OTHER;
    struct sm_bytes name;
    sm_bytes_init(&name, walk->write->arena);
    bool is_named = sm_prometheus_metric_name(&namer, metric->name, metric->unit, kind, &name);
    sm_write_parts_begin(&walk->parts, sm_bytes_slice(&name), is_emptied);
    return is_named;
}

/* Prometheus' own type, which its receiver keeps beside the metric. */
static bool says_type(const struct sm_metric *metric, const char *type)
{
    struct sm_value value;
    return sm_attributes_find(&metric->metadata, SM_SLICE("prometheus.type"), &value) && value.type == SM_VALUE_STRING &&
           sm_slice_is(value.string, type);
}

static unsigned metadata_type(const struct sm_metric *metric)
{
    switch (metric->type) {
    case SM_METRIC_GAUGE:
        return says_type(metric, "unknown") ? SM_WRITE_TYPE_UNKNOWN : SM_WRITE_TYPE_GAUGE;
    case SM_METRIC_SUM:
        if (metric->is_monotonic)
            return SM_WRITE_TYPE_COUNTER;
        return says_type(metric, "info") ? SM_WRITE_TYPE_INFO : says_type(metric, "stateset") ? SM_WRITE_TYPE_STATESET : SM_WRITE_TYPE_GAUGE;
    case SM_METRIC_HISTOGRAM:
    case SM_METRIC_EXPONENTIAL_HISTOGRAM:
        return SM_WRITE_TYPE_HISTOGRAM;
    case SM_METRIC_SUMMARY:
        return SM_WRITE_TYPE_SUMMARY;
    case SM_METRIC_NONE:
        break;
    }
    return SM_WRITE_TYPE_UNKNOWN;
}

/* Of every metric that has a name, also of those whose points are left out. */
static void describe(struct walk *walk, const struct sm_metric *metric)
{
    struct sm_bytes unit;
    sm_bytes_init(&unit, walk->write->arena);
    sm_prometheus_unit_name(metric->unit, walk->settings->keeps_utf8, &unit);
    struct sm_write_metadata metadata = {.type = metadata_type(metric), .help = metric->description, .unit = sm_bytes_slice(&unit)};
    if (walk->settings->is_version_2) {
        sm_write_describe(walk->write, metadata);
    } else if (walk->settings->with_metadata) {
        metadata.name = walk->parts.name;
        sm_write_add_metadata(walk->write, &metadata);
    }
}

/* What the arena held of the metric is gone when a window has ended. */
static void end_point(struct walk *walk)
{
    if (!sm_write_end_window(walk->write))
        return;
    sm_write_label_maker_renew(&walk->maker);
    (void)make_name(walk, walk->metric, true);
    if (walk->settings->is_version_2)
        describe(walk, walk->metric);
}

static void take_point(struct walk *walk, const struct sm_data_point *point)
{
    struct sm_write_base labels;
    walk->write->start_ms = sm_write_time_ms(point->start_ns);
    struct sm_slice name = takers[walk->metric->type].is_one_series ? walk->parts.name : (struct sm_slice){0};
    if (sm_write_make_labels(&walk->maker, &point->attributes, walk->scope, name, &labels))
        takers[walk->metric->type].take(walk, point, &labels);
    else
        walk->failures++;
    end_point(walk);
}

enum sm_write_kind sm_write_kind_of(const struct sm_metric *metric)
{
    if (metric->type == SM_METRIC_SUM)
        return metric->is_monotonic ? SM_WRITE_COUNTER : SM_WRITE_UP_DOWN;
    return metric->type == SM_METRIC_HISTOGRAM ? SM_WRITE_COUNTER : SM_WRITE_OTHER;
}

static void take_metric(struct walk *walk, const struct sm_metric *metric)
{
    bool is_named = make_name(walk, metric, false), is_taken = is_named && is_translatable(metric);
    struct sm_point_cursor cursor = sm_metric_points(metric, walk->write->arena);
    if (is_named)
        describe(walk, metric);
    walk->failures += !is_taken;
    walk->metric = metric;
    walk->write->kind = sm_write_kind_of(metric);
    for (const struct sm_data_point *point; !walk->write->is_over && (point = sm_metric_next_point(&cursor)) != NULL;) {
        if (point->time_ns > walk->newest_ns)
            walk->newest_ns = point->time_ns;
        if (is_taken)
            take_point(walk, point);
    }
}

/* ---- resources */

/* Attributes beside the three that become job and instance. */
static bool has_more_than_service(const struct sm_attributes *attributes)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute))
        if (!sm_write_is_service_attribute(attribute.key))
            return true;
    return false;
}

static bool has_target(const struct sm_write_labels *labels)
{
    for (size_t i = 0; i < labels->count; i++)
        if (sm_slice_is(labels->items[i].name, "job") || sm_slice_is(labels->items[i].name, "instance"))
            return true;
    return false;
}

static void add_target_info(struct walk *walk)
{
    struct sm_slice name = SM_SLICE("target_info");
    struct sm_write_base labels;
    if (!walk->settings->with_target_info || walk->newest_ns == 0 || !has_more_than_service(walk->maker.resource))
        return;
    if (walk->settings->is_version_2)
        sm_write_describe(walk->write, (struct sm_write_metadata){.type = SM_WRITE_TYPE_GAUGE, .help = SM_SLICE("Target metadata")});
    if (walk->settings->name_space.size)
        name = sm_slice_of(sm_arena_printf(walk->write->arena, "%.*s_target_info", SM_SLICE_ARGS(walk->settings->name_space)));
    if (!sm_write_make_target_labels(&walk->maker, name, &labels))
        walk->failures++;
    else if (has_target(&labels.labels))
        sm_write_add_sample(walk->write, sm_write_series_get_hashed(walk->write, &labels), 1, sm_write_time_ms(walk->newest_ns));
}

static void take_resource(struct walk *walk, const struct sm_resource_group *group)
{
    walk->newest_ns = 0;
    sm_write_label_maker_set_resource(&walk->maker, &group->resource.attributes);
    for (size_t i = 0; i < group->count; i++) {
        const struct sm_scope_group *scope = &group->scopes[i];
        walk->scope = &scope->scope;
        sm_write_begin_stream(walk->write, &group->resource.attributes, &scope->scope);
        for (size_t k = 0; !scope->dropped && k < scope->count && !walk->write->is_over; k++)
            if (!scope->metrics[k].dropped)
                take_metric(walk, &scope->metrics[k]);
    }
    walk->write->stream = UINT32_MAX;
    walk->write->kind = SM_WRITE_OTHER;
    add_target_info(walk);
}

size_t sm_write_translate(const struct sm_write_settings *settings, struct sm_batch *batch, struct sm_write *write)
{
    struct walk walk = {.settings = settings, .write = write, .maker = {.settings = settings, .arena = write->arena}, .parts.arena = write->arena};
    for (size_t i = 0; i < batch->count && !write->is_over; i++)
        if (!batch->groups[i].dropped)
            take_resource(&walk, &batch->groups[i]);
    return walk.failures;
}
