/* metric_map.c - see metric_map.h. Reads metrics, changes none: copies under other names are made of the same points once the scope's metrics are
 * done, in the reference's order. A series is told by a sum of hashes, one for each of its tags, so that their order does not matter. */
#include "exporters/datadog/metric_map.h"

#include <math.h>

#include "base/clock.h"
#include "config/gates.h"
#include "datadog/distribution.h"
#include "datadog/stats_payload.h"
#include "exporters/datadog/metric_names.h"
#include "telemetry/batch.h"
#include "telemetry/metric.h"
#include "wire/json_text.h"
#include "wire/number.h"

/* What becomes of a metric: itself, or a copy by one of the two kinds of rows. */
struct rendering {
    const struct sm_metric *metric;
    struct sm_slice name;
    const struct sm_metric_copy *copy;
    const struct sm_metric_runtime *runtime;
    struct rendering *next;
};

struct scope_map {
    struct sm_metric_map *map;
    struct sm_slice host;
    struct sm_attributes *resource; /* NULL unless its attributes become the points' */
    struct sm_datadog_texts tags;   /* of resource and scope */
    struct sm_slice tags_json;
    struct sm_hash128 key; /* of tags, host and container */
    uint64_t now_ns;
    struct rendering *first_copy, **next_copy;
    struct sm_attribute *attributes; /* of the point at hand */
    size_t attribute_count, attribute_capacity;
};

/* A point with its tags. */
struct point {
    const struct sm_data_point *data;
    struct sm_slice name;
    struct sm_datadog_texts tags;
    struct sm_slice tags_json;
    struct sm_hash128 key; /* without the name */
};

const char *sm_runtime_language_name(enum sm_runtime_language language)
{
    static const char *const names[SM_RUNTIME_LANGUAGE_COUNT] = {[SM_RUNTIME_GO] = "go", [SM_RUNTIME_DOTNET] = "dotnet", [SM_RUNTIME_JVM] = "jvm"};
    return names[language];
}

bool sm_metric_is_stats(const struct sm_metric *metric)
{
    return metric->type == SM_METRIC_SUM && sm_slice_equal(metric->name, SM_SLICE(SM_STATS_METRIC));
}

/* ---- keys of series */

static struct sm_hash128 add_key(struct sm_hash128 key, struct sm_slice text)
{
    struct sm_hash128 more = sm_hash128(sm_hash_secret(), text);
    return (struct sm_hash128){.low = key.low + more.low, .high = key.high + more.high};
}

static struct sm_hash128 add_named_key(struct sm_hash128 key, struct sm_arena *arena, const char *what, struct sm_slice text, const char *suffix)
{
    return add_key(key, sm_slice_of(sm_arena_printf(arena, "%s:%.*s%s", what, SM_SLICE_ARGS(text), suffix)));
}

/* Container or pod, which tell series apart but are no tags by this way. */
static struct sm_hash128 add_origin(struct sm_hash128 key, const struct sm_attributes *attributes, struct sm_arena *arena)
{
    struct sm_value value;
    const char *what = NULL;
    if (sm_attributes_find(attributes, SM_SLICE("container.id"), &value))
        what = "originID:container_id://";
    else if (sm_attributes_find(attributes, SM_SLICE("k8s.pod.uid"), &value))
        what = "originID:kubernetes_pod_uid://";
    return what ? add_named_key(key, arena, what, sm_value_to_string(&value, arena), "") : key;
}

/* ---- tags */

static struct sm_slice tags_to_json(const struct sm_datadog_texts *tags, struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    for (size_t i = 0; i < tags->count; i++) {
        if (i)
            sm_bytes_append_char(&out, ',');
        sm_json_put_string_strict(&out, tags->items[i]);
    }
    return sm_bytes_slice(&out);
}

static struct sm_attribute *find_attribute(const struct scope_map *scope, struct sm_slice key)
{
    for (size_t i = 0; i < scope->attribute_count; i++)
        if (sm_slice_equal(scope->attributes[i].key, key))
            return &scope->attributes[i];
    return NULL;
}

static void append_attribute(struct scope_map *scope, struct sm_attribute attribute)
{
    if (scope->attribute_count == scope->attribute_capacity)
        scope->attributes = sm_arena_grow(scope->map->arena, scope->attributes, scope->attribute_count, &scope->attribute_capacity,
                                          scope->attribute_count + 1, sizeof(*scope->attributes));
    scope->attributes[scope->attribute_count++] = attribute;
}

static void set_attribute(struct scope_map *scope, struct sm_slice key, struct sm_value value)
{
    struct sm_attribute *attribute = find_attribute(scope, key);
    if (attribute)
        attribute->value = value;
    else
        append_attribute(scope, (struct sm_attribute){.key = key, .value = value});
}

static void read_attributes(struct scope_map *scope, const struct sm_data_point *data)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(&data->attributes);
    struct sm_attribute attribute;
    scope->attribute_count = 0;
    while (sm_attributes_next(&cursor, &attribute))
        append_attribute(scope, attribute);
    if (!scope->resource)
        return;
    cursor = sm_attributes_begin(scope->resource);
    while (sm_attributes_next(&cursor, &attribute))
        set_attribute(scope, attribute.key, attribute.value);
}

static bool meets(const struct scope_map *scope, const struct sm_metric_attribute_condition *condition, bool only_strings)
{
    if (!condition->key)
        return true;
    const struct sm_attribute *attribute = find_attribute(scope, sm_slice_of(condition->key));
    if (!attribute || (only_strings && attribute->value.type != SM_VALUE_STRING))
        return false;
    struct sm_slice text = sm_value_to_string(&attribute->value, scope->map->arena);
    for (int i = 0; i < SM_METRIC_WORDS_MAX && condition->values[i]; i++)
        if (sm_slice_is(text, condition->values[i]))
            return true;
    return false;
}

static void remove_attribute(struct scope_map *scope, struct sm_slice key)
{
    size_t kept = 0;
    for (size_t i = 0; i < scope->attribute_count; i++)
        if (!sm_slice_equal(scope->attributes[i].key, key))
            scope->attributes[kept++] = scope->attributes[i];
    scope->attribute_count = kept;
}

/* Changes the attributes as the row says; false: the point is not part of the copy. */
static bool apply_copy(struct scope_map *scope, const struct sm_metric_copy *copy)
{
    if (!meets(scope, &copy->only, true))
        return false;
    for (int i = 0; i < SM_METRIC_FIXED_MAX && copy->fixed[i].key; i++)
        set_attribute(scope, sm_slice_of(copy->fixed[i].key), sm_value_string(sm_slice_of(copy->fixed[i].value)));
    const struct sm_attribute *renamed = copy->renamed.from ? find_attribute(scope, sm_slice_of(copy->renamed.from)) : NULL;
    if (renamed)
        set_attribute(scope, sm_slice_of(copy->renamed.to), renamed->value);
    return true;
}

static bool apply_runtime(struct scope_map *scope, const struct sm_metric_runtime *runtime)
{
    for (int i = 0; i < SM_METRIC_CONDITIONS_MAX; i++)
        if (!meets(scope, &runtime->conditions[i], false))
            return false;
    for (int i = 0; i < SM_METRIC_CONDITIONS_MAX && runtime->conditions[i].key; i++)
        remove_attribute(scope, sm_slice_of(runtime->conditions[i].key));
    return true;
}

/* False: the rendering leaves the point out. */
static bool begin_point(struct scope_map *scope, const struct rendering *rendering, const struct sm_data_point *data, struct point *point)
{
    struct sm_arena *arena = scope->map->arena;
    if (data->dropped)
        return false;
    read_attributes(scope, data);
    if ((rendering->copy && !apply_copy(scope, rendering->copy)) || (rendering->runtime && !apply_runtime(scope, rendering->runtime)))
        return false;
    *point = (struct point){.data = data, .name = rendering->name, .key = scope->key};
    for (size_t i = 0; i < scope->attribute_count; i++) {
        struct sm_slice tag = sm_datadog_tag_text(scope->attributes[i].key, sm_value_to_string(&scope->attributes[i].value, arena), arena);
        sm_datadog_texts_add(&point->tags, arena, tag);
        point->key = add_key(point->key, tag);
    }
    point->tags_json = tags_to_json(&point->tags, arena);
    return true;
}

static bool has_no_value(const struct sm_data_point *data)
{
    return data->flags & SM_DATA_POINT_NO_RECORDED_VALUE;
}

/* ---- what comes out */

static void put_series(const struct scope_map *scope, const struct point *point, const char *suffix, struct sm_slice own_tags,
                       enum sm_datadog_series_kind kind, double value)
{
    if (!isfinite(value))
        return; /* JSON has no such number: the reference then loses the whole request */
    const struct sm_datadog_series_name series = {
        .name = point->name, .suffix = suffix, .host = scope->host, .own_tags = own_tags, .tags = scope->tags_json};
    sm_datadog_series_put(scope->map->series, &series, kind, point->data->time_ns / SM_NS_PER_S, value);
}

static void put_sketch(const struct scope_map *scope, const struct point *point, const struct sm_distribution *distribution)
{
    const struct sm_datadog_tag_lists tags = {{&point->tags, &scope->tags}};
    sm_datadog_sketches_put(scope->map->sketches, point->name, scope->host, &tags, point->data->time_ns / SM_NS_PER_S, distribution);
}

static struct sm_metric_cache_point cache_point(const struct scope_map *scope, const struct point *point, const char *suffix, double value)
{
    return (struct sm_metric_cache_point){
        .key = add_named_key(point->key, scope->map->arena, "name", point->name, suffix),
        .start_ns = point->data->start_ns,
        .time_ns = point->data->time_ns,
        .now_ns = scope->now_ns,
        .value = value,
    };
}

static bool difference(const struct scope_map *scope, const struct point *point, const char *suffix, double value, double *out)
{
    const struct sm_metric_cache_point next = cache_point(scope, point, suffix, value);
    return sm_metric_cache_difference(scope->map->settings->cache, &next, out);
}

/* ---- gauges and sums */

static double number_of(const struct sm_data_point *data, const struct rendering *rendering)
{
    double divisor = rendering->copy ? rendering->copy->divisor : 0;
    if (data->number_type == SM_NUMBER_INT)
        return (double)(divisor >= 1 ? data->integer / (int64_t)divisor : data->integer);
    if (data->number_type == SM_NUMBER_DOUBLE)
        return divisor != 0 ? data->number / divisor : data->number;
    return 0;
}

static void put_initial(const struct scope_map *scope, const struct point *point, double value)
{
    uint64_t start_ns = point->data->start_ns;
    int mode = scope->map->settings->options->sums.initial_cumulative_monotonic_value;
    /* The reference compares the process's seconds with the point's nanoseconds. */
    bool is_auto = mode == SM_DATADOG_INITIAL_AUTO && scope->map->settings->start_s < start_ns && start_ns != point->data->time_ns;
    if (is_auto || mode == SM_DATADOG_INITIAL_KEEP)
        put_series(scope, point, "", point->tags_json, SM_DATADOG_COUNT, value);
}

static void map_rising(const struct scope_map *scope, const struct point *point, double value, bool is_first_of_slice)
{
    const struct sm_metric_cache_point next = cache_point(scope, point, "", value);
    bool is_rate = sm_metric_is_rate(point->name);
    double rise;
    switch (sm_metric_cache_rise(scope->map->settings->cache, &next, is_rate, &rise)) {
    case SM_METRIC_CACHE_DIFFERENCE:
        put_series(scope, point, "", point->tags_json, is_rate ? SM_DATADOG_GAUGE : SM_DATADOG_COUNT, rise);
        break;
    case SM_METRIC_CACHE_FIRST:
        if (is_first_of_slice && !is_rate)
            put_initial(scope, point, value);
        break;
    case SM_METRIC_CACHE_STALE:
        break;
    }
}

static bool is_rising(const struct sm_metric_map *map, const struct sm_metric *metric)
{
    return metric->type == SM_METRIC_SUM && metric->temporality == SM_TEMPORALITY_CUMULATIVE && metric->is_monotonic &&
           map->settings->options->sums.cumulative_monotonic_mode == SM_DATADOG_SUMS_TO_DELTA;
}

static void map_numbers(struct scope_map *scope, const struct rendering *rendering)
{
    const struct sm_metric *metric = rendering->metric;
    bool is_count = metric->type == SM_METRIC_SUM && metric->temporality == SM_TEMPORALITY_DELTA, rises = is_rising(scope->map, metric);
    /* Copies by attributes are metrics of one point each. */
    bool are_single = rendering->runtime && rendering->runtime->conditions[0].key;
    struct point point;
    if (metric->type == SM_METRIC_SUM && metric->temporality != SM_TEMPORALITY_DELTA && metric->temporality != SM_TEMPORALITY_CUMULATIVE)
        return;
    size_t index = 0;
    for (size_t i = 0; i < metric->point_count; i++) {
        if (!begin_point(scope, rendering, &metric->points[i], &point))
            continue;
        bool is_first_of_slice = index++ == 0 || are_single;
        double value = number_of(point.data, rendering);
        if (has_no_value(point.data) || !isfinite(value))
            continue;
        if (rises)
            map_rising(scope, &point, value, is_first_of_slice);
        else
            put_series(scope, &point, "", point.tags_json, is_count ? SM_DATADOG_COUNT : SM_DATADOG_GAUGE, value);
    }
}

/* ---- histograms */

struct histogram {
    uint64_t count;
    double sum;
    bool is_known;                       /* count and sum */
    bool has_window_min, has_window_max; /* min and max are of the time since the point before */
};

/* Bounds and quantiles: "inf", "0", whole numbers with ".0". */
static struct sm_slice number_text(double number, struct sm_arena *arena)
{
    if (isinf(number))
        return number > 0 ? SM_SLICE("inf") : SM_SLICE("-inf");
    if (isnan(number))
        return SM_SLICE("nan");
    if (number == 0)
        return SM_SLICE("0");
    char text[SM_NUMBER_SIZE_MAX];
    size_t size = sm_number_format(number, SM_NUMBER_GENERAL, text);
    return sm_slice_of(sm_arena_printf(arena, "%.*s%s", (int)size, text, number == floor(number) ? ".0" : ""));
}

static struct sm_slice number_tag(const char *what, double number, struct sm_arena *arena)
{
    return sm_slice_of(sm_arena_printf(arena, "%s:%.*s", what, SM_SLICE_ARGS(number_text(number, arena))));
}

/* The point with the tags of one bucket. */
static struct point bucket_point(const struct scope_map *scope, const struct point *point, double lower, double upper)
{
    struct sm_arena *arena = scope->map->arena;
    struct sm_slice lower_tag = number_tag("lower_bound", lower, arena), upper_tag = number_tag("upper_bound", upper, arena);
    struct point bucket = *point;
    bucket.key = add_key(add_key(bucket.key, lower_tag), upper_tag);
    bucket.tags_json = sm_slice_of(sm_arena_printf(arena, "\"%s\",\"%s\"%s%.*s", lower_tag.ptr, upper_tag.ptr, point->tags_json.size ? "," : "",
                                                   SM_SLICE_ARGS(point->tags_json)));
    return bucket;
}

static double bound_before(const double *bounds, size_t count, size_t index)
{
    return index == 0 ? -INFINITY : index - 1 < count ? bounds[index - 1] : INFINITY;
}

/* One bucket for each value in reach of a bucket is a count of its own. */
static void map_buckets(const struct scope_map *scope, const struct point *point, bool is_delta)
{
    const struct sm_data_point *data = point->data;
    for (size_t i = 0; i < data->bucket_count; i++) {
        double lower = bound_before(data->explicit_bounds, data->bound_count, i), upper = INFINITY;
        if (i < data->bound_count)
            upper = data->explicit_bounds[i];
        struct point bucket = bucket_point(scope, point, lower, upper);
        double count = (double)data->bucket_counts[i];
        if (is_delta || difference(scope, &bucket, ".bucket", count, &count))
            put_series(scope, &bucket, ".bucket", bucket.tags_json, SM_DATADOG_COUNT, count);
    }
}

struct buckets {
    const uint64_t *counts;
    const double *bounds;
    size_t count, bound_count;
};

/* Without buckets, everything is one from the minimum to the maximum. */
static struct buckets single_bucket(const struct sm_data_point *data, const struct histogram *histogram, uint64_t *counts, double *bounds)
{
    struct buckets buckets = {.counts = counts, .bounds = bounds};
    if (histogram->has_window_min) {
        counts[buckets.count++] = 0;
        bounds[buckets.bound_count++] = data->min;
    }
    counts[buckets.count++] = histogram->count;
    if (histogram->has_window_max) {
        counts[buckets.count++] = 0;
        bounds[buckets.bound_count++] = data->max;
    }
    return buckets;
}

struct extent {
    bool is_set;
    double lower, upper; /* of the buckets with values */
};

static void insert_buckets(const struct scope_map *scope, const struct point *point, const struct buckets *buckets, bool is_delta,
                           struct sm_distribution *distribution, struct extent *extent)
{
    for (size_t i = 0; i < buckets->count; i++) {
        double lower = bound_before(buckets->bounds, buckets->bound_count, i), upper = INFINITY, increase = 0;
        if (i < buckets->bound_count)
            upper = buckets->bounds[i];
        uint64_t count = buckets->counts[i];
        if (!is_delta) {
            struct point bucket = bucket_point(scope, point, lower, upper);
            if (!difference(scope, &bucket, "", (double)count, &increase))
                continue;
            count = sm_distribution_to_uint(increase);
        }
        /* A range needs two ends: that of infinity is where the other is. */
        bool is_last = isinf(upper) && upper > 0, is_first = !is_last && isinf(lower) && lower < 0;
        double start = is_first ? upper : lower, end = is_last ? lower : upper;
        sm_distribution_insert_range(distribution, start, end, (int64_t)count);
        if (is_delta ? count == 0 : !(increase > 0))
            continue;
        if (!extent->is_set)
            extent->lower = lower;
        extent->is_set = true;
        extent->upper = upper;
    }
}

/* What is known exactly replaces what the bins say. */
static void make_exact(struct sm_distribution *distribution, const struct sm_data_point *data, const struct histogram *histogram,
                       const struct extent *extent)
{
    if (histogram->is_known) {
        distribution->count = (int64_t)histogram->count;
        distribution->sum = histogram->sum;
        distribution->average = distribution->sum / (double)distribution->count;
    }
    if (extent->is_set && !isinf(extent->lower))
        distribution->min = extent->lower;
    if (extent->is_set && !isinf(extent->upper))
        distribution->max = extent->upper;
    if (histogram->has_window_min)
        distribution->min = data->min;
    else if (data->has_min)
        distribution->min = fmax(data->min, distribution->min);
    if (histogram->has_window_max)
        distribution->max = data->max;
    else if (data->has_max)
        distribution->max = fmin(data->max, distribution->max);
}

static void map_distribution(const struct scope_map *scope, const struct point *point, const struct histogram *histogram, bool is_delta)
{
    const struct sm_data_point *data = point->data;
    struct buckets buckets = {data->bucket_counts, data->explicit_bounds, data->bucket_count, data->bound_count};
    uint64_t counts[3];
    double bounds[2];
    struct sm_distribution distribution;
    struct extent extent = {0};
    if (data->bucket_count == 0 && histogram->is_known)
        buckets = single_bucket(data, histogram, counts, bounds);
    sm_distribution_init(&distribution, scope->map->arena);
    insert_buckets(scope, point, &buckets, is_delta, &distribution, &extent);
    if (distribution.count == 0)
        return;
    make_exact(&distribution, data, histogram, &extent);
    put_sketch(scope, point, &distribution);
}

static struct histogram measure(const struct scope_map *scope, const struct point *point, bool is_delta)
{
    const struct sm_data_point *data = point->data;
    double sum = data->has_sum ? data->sum : 0, increase = 0;
    struct histogram histogram = {.count = data->count, .sum = sum, .is_known = true};
    if (!is_delta) {
        histogram.is_known = difference(scope, point, ".count", (double)data->count, &increase);
        histogram.count = histogram.is_known ? sm_distribution_to_uint(increase) : 0;
    }
    if (!isfinite(sum) || (!is_delta && !difference(scope, point, ".sum", sum, &histogram.sum)))
        histogram.is_known = false;
    return histogram;
}

static bool is_window_extreme(const struct scope_map *scope, const struct point *point, const char *suffix, double value, bool is_minimum)
{
    struct sm_metric_cache_point next = cache_point(scope, point, suffix, value);
    next.key = add_key(next.key, SM_SLICE("extreme")); /* a sum of this name is another series */
    return sm_metric_cache_extreme(scope->map->settings->cache, &next, is_minimum);
}

static void put_aggregations(const struct scope_map *scope, const struct point *point, const struct histogram *histogram, bool is_delta)
{
    const struct sm_datadog_histogram_options *options = &scope->map->settings->options->histograms;
    bool is_wanted = options->is_send_count_sum_metrics_set ? options->send_count_sum_metrics : options->send_aggregation_metrics;
    if (!is_wanted || !histogram->is_known)
        return;
    put_series(scope, point, ".count", point->tags_json, SM_DATADOG_COUNT, (double)histogram->count);
    put_series(scope, point, ".sum", point->tags_json, SM_DATADOG_COUNT, histogram->sum);
    if (is_delta && point->data->has_min)
        put_series(scope, point, ".min", point->tags_json, SM_DATADOG_GAUGE, point->data->min);
    if (is_delta && point->data->has_max)
        put_series(scope, point, ".max", point->tags_json, SM_DATADOG_GAUGE, point->data->max);
}

static void map_histogram_point(const struct scope_map *scope, const struct point *point, bool is_delta)
{
    const struct sm_data_point *data = point->data;
    struct histogram histogram = measure(scope, point, is_delta);
    histogram.has_window_min = data->has_min && (is_delta || is_window_extreme(scope, point, ".min", data->min, true));
    histogram.has_window_max = data->has_max && (is_delta || is_window_extreme(scope, point, ".max", data->max, false));
    put_aggregations(scope, point, &histogram, is_delta);
    int mode = scope->map->settings->options->histograms.mode;
    if (mode == SM_DATADOG_HISTOGRAMS_COUNTERS)
        map_buckets(scope, point, is_delta);
    else if (mode == SM_DATADOG_HISTOGRAMS_DISTRIBUTIONS)
        map_distribution(scope, point, &histogram, is_delta);
}

static void map_histograms(struct scope_map *scope, const struct rendering *rendering)
{
    const struct sm_metric *metric = rendering->metric;
    struct point point;
    if (metric->temporality != SM_TEMPORALITY_DELTA && metric->temporality != SM_TEMPORALITY_CUMULATIVE)
        return;
    for (size_t i = 0; i < metric->point_count; i++) {
        if (!begin_point(scope, rendering, &metric->points[i], &point))
            continue;
        if (!has_no_value(point.data))
            map_histogram_point(scope, &point, metric->temporality == SM_TEMPORALITY_DELTA);
        /* The reference takes the first point of a copy by attributes only. */
        if (rendering->runtime && rendering->runtime->conditions[0].key)
            break;
    }
}

static void map_exponential(struct scope_map *scope, const struct rendering *rendering)
{
    const struct sm_metric *metric = rendering->metric;
    struct point point;
    for (size_t i = 0; metric->temporality == SM_TEMPORALITY_DELTA && i < metric->point_count; i++) {
        if (!begin_point(scope, rendering, &metric->points[i], &point))
            continue;
        struct histogram histogram = measure(scope, &point, true);
        struct sm_distribution distribution;
        put_aggregations(scope, &point, &histogram, true);
        sm_distribution_init(&distribution, scope->map->arena);
        if (!sm_distribution_from_exponential(&distribution, point.data))
            continue;
        histogram.has_window_min = point.data->has_min;
        histogram.has_window_max = point.data->has_max;
        make_exact(&distribution, point.data, &histogram, &(struct extent){0});
        put_sketch(scope, &point, &distribution);
    }
}

/* ---- summaries */

static void map_summaries(struct scope_map *scope, const struct rendering *rendering)
{
    const struct sm_metric *metric = rendering->metric;
    struct sm_arena *arena = scope->map->arena;
    struct point point;
    double increase;
    for (size_t i = 0; i < metric->point_count; i++) {
        if (!begin_point(scope, rendering, &metric->points[i], &point) || has_no_value(point.data))
            continue;
        if (difference(scope, &point, ".count", (double)point.data->count, &increase))
            put_series(scope, &point, ".count", point.tags_json, SM_DATADOG_COUNT, increase);
        if (isfinite(point.data->sum) && difference(scope, &point, ".sum", point.data->sum, &increase))
            put_series(scope, &point, ".sum", point.tags_json, SM_DATADOG_COUNT, increase);
        for (size_t k = 0; scope->map->settings->options->summaries.mode == SM_DATADOG_SUMMARIES_GAUGES && k < point.data->quantile_count; k++) {
            const struct sm_quantile *quantile = &point.data->quantiles[k];
            if (!isfinite(quantile->value))
                continue;
            struct sm_slice tag = number_tag("quantile", quantile->quantile, arena);
            struct sm_slice tags =
                sm_slice_of(sm_arena_printf(arena, "\"%s\"%s%.*s", tag.ptr, point.tags_json.size ? "," : "", SM_SLICE_ARGS(point.tags_json)));
            put_series(scope, &point, ".quantile", tags, SM_DATADOG_GAUGE, quantile->value);
        }
    }
}

/* ---- metrics */

static void render(struct scope_map *scope, const struct rendering *rendering)
{
    static void (*const maps[])(struct scope_map * scope, const struct rendering *rendering) = {
        [SM_METRIC_GAUGE] = map_numbers,        [SM_METRIC_SUM] = map_numbers,
        [SM_METRIC_HISTOGRAM] = map_histograms, [SM_METRIC_EXPONENTIAL_HISTOGRAM] = map_exponential,
        [SM_METRIC_SUMMARY] = map_summaries,
    };
    enum sm_metric_type type = rendering->metric->type;
    if ((size_t)type < sizeof(maps) / sizeof(maps[0]) && maps[type])
        maps[type](scope, rendering);
}

static void plan_copy(struct scope_map *scope, struct rendering copy)
{
    struct rendering *kept = sm_arena_zalloc(scope->map->arena, 1, sizeof(*kept));
    *kept = copy;
    *scope->next_copy = kept;
    scope->next_copy = &kept->next;
}

static unsigned language_of(struct sm_slice name)
{
    if (sm_slice_starts_with(name, SM_SLICE("process.runtime.go")))
        return 1u << SM_RUNTIME_GO;
    return sm_slice_starts_with(name, SM_SLICE("process.runtime.dotnet")) ? 1u << SM_RUNTIME_DOTNET : 1u << SM_RUNTIME_JVM;
}

static void plan_runtimes(struct scope_map *scope, const struct sm_metric *metric)
{
    size_t count;
    const struct sm_metric_runtime *rows = sm_metric_runtimes(metric->name, &count);
    if (count)
        scope->map->languages |= language_of(metric->name);
    for (size_t i = 0; i < count; i++) {
        bool is_by_attribute = rows[i].conditions[0].key != NULL;
        if (is_by_attribute && metric->type != SM_METRIC_GAUGE && metric->type != SM_METRIC_SUM && metric->type != SM_METRIC_HISTOGRAM)
            continue;
        plan_copy(scope, (struct rendering){.metric = metric, .name = sm_slice_of(rows[i].to), .runtime = &rows[i]});
    }
}

static void plan_copies(struct scope_map *scope, const struct sm_metric *metric)
{
    size_t count;
    const struct sm_metric_copy *rows = sm_metric_copies(metric->name, &count);
    if (metric->type != SM_METRIC_GAUGE && metric->type != SM_METRIC_SUM)
        return;
    for (size_t i = 0; i < count; i++)
        plan_copy(scope, (struct rendering){.metric = metric, .name = sm_slice_of(rows[i].to), .copy = &rows[i]});
}

static void map_metric(struct scope_map *scope, const struct sm_metric *metric)
{
    bool is_renaming = !sm_gate_is_on(SM_GATE_DATADOG_NO_REMAPPING);
    plan_runtimes(scope, metric);
    if (is_renaming)
        plan_copies(scope, metric);
    render(scope, &(struct rendering){.metric = metric, .name = is_renaming ? sm_metric_new_name(metric->name, scope->map->arena) : metric->name});
}

static void map_scope(struct sm_metric_map *map, const struct sm_resource_group *group, const struct sm_scope_group *group_scope,
                      struct sm_slice host, const struct sm_datadog_texts *resource_tags)
{
    struct scope_map scope = {.map = map, .host = host, .now_ns = sm_clock_mono_ns()};
    struct sm_attributes resource = group->resource.attributes;
    scope.next_copy = &scope.first_copy;
    scope.resource = map->settings->options->resource_attributes_as_tags ? &resource : NULL;
    for (size_t i = 0; i < resource_tags->count; i++)
        sm_datadog_texts_add(&scope.tags, map->arena, resource_tags->items[i]);
    if (map->settings->options->instrumentation_scope_metadata_as_tags) {
        sm_datadog_texts_add(&scope.tags, map->arena, sm_datadog_tag_text(SM_SLICE("instrumentation_scope"), group_scope->scope.name, map->arena));
        sm_datadog_texts_add(&scope.tags, map->arena,
                             sm_datadog_tag_text(SM_SLICE("instrumentation_scope_version"), group_scope->scope.version, map->arena));
    }
    scope.tags_json = tags_to_json(&scope.tags, map->arena);
    for (size_t i = 0; i < scope.tags.count; i++)
        scope.key = add_key(scope.key, scope.tags.items[i]);
    scope.key = add_origin(add_named_key(scope.key, map->arena, "host", host, ""), &resource, map->arena);
    for (size_t i = 0; i < group_scope->count; i++)
        if (!group_scope->metrics[i].dropped && !sm_metric_is_stats(&group_scope->metrics[i]))
            map_metric(&scope, &group_scope->metrics[i]);
    for (const struct rendering *copy = scope.first_copy; copy; copy = copy->next)
        render(&scope, copy);
}

void sm_metric_map_resource(struct sm_metric_map *map, const struct sm_resource_group *group, struct sm_slice host)
{
    struct sm_datadog_texts tags = sm_datadog_resource_tags(&group->resource.attributes, map->arena);
    for (size_t i = 0; i < group->count; i++)
        if (!group->scopes[i].dropped)
            map_scope(map, group, &group->scopes[i], host, &tags);
}
