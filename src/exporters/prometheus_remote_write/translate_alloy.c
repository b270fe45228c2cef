/* translate_alloy.c - walks a batch as otelcol.exporter.prometheus of Alloy does: other labels, times and exemplars than the Collector's exporter.
 *
 * A label may be set by any attribute, the last one counts; points that are older than the last one of their series are left out; target_info has
 * the present time. Reads metrics and changes nothing. State: the walk, on the stack; recent.h.
 * Source: Alloy's internal/component/otelcol/exporter/prometheus/internal/convert/convert.go. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/ascii.h"
#include "base/hex.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "exporters/prometheus_remote_write/collisions.h"
#include "exporters/prometheus_remote_write/recent.h"
#include "exporters/prometheus_remote_write/translate.h"
#include "prometheus/name.h"
#include "telemetry/metric.h"
#include "wire/number.h"

struct walk {
    const struct sm_write_settings *settings;
    struct sm_write *write;
    struct sm_arena *arena;
    const struct sm_attributes *resource;
    const struct sm_metric *metric;
    struct sm_slice job, instance;
    struct sm_slice name; /* of the metric, as Prometheus has it */
    int64_t now_ms;
    size_t failures;
};

/* ---- labels */

/* Letters and digits of any alphabet stay. */
static struct sm_slice label_name(const struct walk *walk, struct sm_slice key)
{
    struct sm_bytes name;
    struct sm_slice rest = key;
    sm_bytes_init(&name, walk->arena);
    if (key.size && key.ptr[0] >= '0' && key.ptr[0] <= '9')
        sm_bytes_append_text(&name, "key_");
    while (rest.size) {
        size_t size = 1;
        bool is_sound = true, stays = sm_ascii_is_alnum(*rest.ptr);
        if ((unsigned char)*rest.ptr >= 0x80) {
            uint32_t rune = sm_utf8_read(rest, &size, &is_sound);
            stays = is_sound && (sm_unicode_is(SM_UNICODE_LETTER, rune) || sm_unicode_is(SM_UNICODE_DIGIT, rune));
        }
        if (stays)
            sm_bytes_append(&name, rest.ptr, size);
        else
            sm_bytes_append_char(&name, '_');
        rest = sm_slice_make(rest.ptr + size, rest.size - size);
    }
    struct sm_slice made = sm_bytes_slice(&name);
    bool is_marked = sm_slice_starts_with(made, SM_SLICE("_")) && !sm_slice_starts_with(made, SM_SLICE("__")) && !walk->settings->permissive_labels;
    return is_marked ? sm_slice_of(sm_arena_printf(walk->arena, "key%.*s", SM_SLICE_ARGS(made))) : made;
}

static void put_attribute(const struct walk *walk, struct sm_relabel_set *set, const struct sm_attribute *attribute)
{
    sm_relabel_put(set, label_name(walk, attribute->key), sm_value_to_string(&attribute->value, walk->arena));
}

static bool is_identifying(struct sm_slice key)
{
    return sm_write_is_service_attribute(key);
}

static void begin_labels(const struct walk *walk, struct sm_relabel_set *set, struct sm_slice name)
{
    sm_relabel_set_init(set, walk->arena, NULL, 0);
    sm_relabel_put(set, SM_SLICE("__name__"), name);
    sm_relabel_put(set, SM_SLICE("job"), walk->job);
    sm_relabel_put(set, SM_SLICE("instance"), walk->instance);
}

/* The point's attributes; with resource_to_telemetry those of the resource take the place of equal ones and stand behind the others. */
static void put_attributes(const struct walk *walk, struct sm_relabel_set *set, const struct sm_attributes *attributes)
{
    bool with_resource = walk->settings->resource_to_telemetry;
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute)) {
        struct sm_value value;
        if (with_resource && sm_attributes_find(walk->resource, attribute.key, &value))
            attribute.value = value;
        put_attribute(walk, set, &attribute);
    }
    cursor = sm_attributes_begin(walk->resource);
    while (with_resource && sm_attributes_next(&cursor, &attribute)) {
        struct sm_value value;
        if (!sm_attributes_find(attributes, attribute.key, &value))
            put_attribute(walk, set, &attribute);
    }
}

static struct sm_write_labels labels_of(const struct sm_relabel_set *set)
{
    return (struct sm_write_labels){.items = set->items, .count = set->count};
}

static struct sm_write_labels make_labels(const struct walk *walk, const struct sm_data_point *point, const char *suffix,
                                          const struct sm_prometheus_pair *extra)
{
    struct sm_relabel_set set;
    struct sm_slice name = *suffix ? sm_slice_of(sm_arena_printf(walk->arena, "%.*s%s", SM_SLICE_ARGS(walk->name), suffix)) : walk->name;
    begin_labels(walk, &set, name);
    if (extra)
        sm_relabel_put(&set, extra->name, extra->value);
    put_attributes(walk, &set, &point->attributes);
    return labels_of(&set);
}

/* ---- series */

struct target {
    struct sm_write_series *series;
    struct sm_write_seen *seen;
};

static struct target find_target(struct walk *walk, struct sm_write_labels labels)
{
    return (struct target){.series = sm_write_series_get(walk->write, labels), .seen = sm_write_recent_find(walk->settings->recent, &labels)};
}

static void put_sample(struct walk *walk, const struct target *target, const struct sm_data_point *point, double value)
{
    const uint64_t stale = SM_WRITE_STALE_BITS;
    if (!sm_write_seen_take_point(target->seen, point->time_ns))
        return;
    if (point->flags & SM_DATA_POINT_NO_RECORDED_VALUE)
        memcpy(&value, &stale, sizeof(value));
    sm_write_add_sample(walk->write, target->series, value, sm_write_time_ms(point->time_ns));
}

static struct target add_part(struct walk *walk, const struct sm_data_point *point, const char *suffix, const struct sm_prometheus_pair *extra,
                              double value)
{
    struct target target = find_target(walk, make_labels(walk, point, suffix, extra));
    put_sample(walk, &target, point, value);
    return target;
}

/* ---- exemplars */

static size_t put_id(struct walk *walk, struct sm_prometheus_pair *labels, struct sm_slice name, struct sm_slice id)
{
    if (sm_slice_is_zero(id))
        return 0;
    *labels = (struct sm_prometheus_pair){.name = name, .value = sm_hex_text(id, walk->arena)};
    return 1;
}

static void put_exemplar(struct walk *walk, const struct target *target, const struct sm_exemplar *from)
{
    struct sm_prometheus_pair *labels = sm_arena_alloc(walk->arena, 2 * sizeof(*labels));
    struct sm_write_exemplar exemplar = {.labels = {.items = labels}, .time_ms = sm_write_time_ms(from->time_ns)};
    exemplar.labels.count = put_id(walk, labels, SM_SLICE("span_id"), from->span_id);
    exemplar.labels.count += put_id(walk, labels + exemplar.labels.count, SM_SLICE("trace_id"), from->trace_id);
    if (from->number_type != SM_NUMBER_NONE)
        exemplar.value = from->number_type == SM_NUMBER_INT ? (double)from->integer : from->number;
    if (sm_write_seen_take_exemplar(target->seen, &exemplar, from->time_ns))
        sm_write_add_exemplar(walk->write, target->series, &exemplar);
}

static const struct sm_exemplar *exemplars_of(struct walk *walk, const struct sm_data_point *point, size_t *count)
{
    struct sm_data_point own = *point; /* others may read the batch's, which must not keep what this arena holds */
    return sm_data_point_exemplars(&own, walk->arena, count);
}

static void put_exemplars(struct walk *walk, const struct sm_data_point *point, const struct target *target)
{
    size_t count;
    const struct sm_exemplar *exemplars = exemplars_of(walk, point, &count);
    for (size_t i = 0; i < count; i++)
        put_exemplar(walk, target, &exemplars[i]);
}

/* What the reference looks at, which is 0 for whole numbers. */
static double double_value(const struct sm_exemplar *exemplar)
{
    return exemplar->number_type == SM_NUMBER_DOUBLE ? exemplar->number : 0;
}

static int compare_exemplars(const void *left, const void *right)
{
    double a = double_value(left), b = double_value(right);
    return (a > b) - (a < b);
}

static struct sm_exemplar *sorted_exemplars(struct walk *walk, const struct sm_data_point *point, size_t *count)
{
    const struct sm_exemplar *from = exemplars_of(walk, point, count);
    struct sm_exemplar *sorted = sm_arena_alloc(walk->arena, (*count + 1) * sizeof(*sorted));
    if (*count) {
        memcpy(sorted, from, *count * sizeof(*sorted));
        qsort(sorted, *count, sizeof(*sorted), compare_exemplars);
    }
    return sorted;
}

/* ---- points */

static struct sm_slice number_text(struct walk *walk, double number)
{
    char text[SM_NUMBER_SIZE_MAX];
    return sm_arena_copy(walk->arena, sm_slice_make(text, sm_number_format(number, SM_NUMBER_PLAIN, text)));
}

static void take_number(struct walk *walk, const struct sm_data_point *point)
{
    double number = point->number_type == SM_NUMBER_INT ? (double)point->integer : point->number_type == SM_NUMBER_DOUBLE ? point->number : 0;
    struct target target = add_part(walk, point, "", NULL, number);
    if (walk->metric->type == SM_METRIC_SUM && walk->metric->is_monotonic)
        put_exemplars(walk, point, &target);
}

static bool are_sorted(const struct sm_data_point *point, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (!(point->explicit_bounds[i - 1] < point->explicit_bounds[i]))
            return false;
    return true;
}

struct place {
    double bound;
    size_t index;
};

static int compare_places(const void *left, const void *right)
{
    double a = ((const struct place *)left)->bound, b = ((const struct place *)right)->bound;
    return (a > b) - (a < b);
}

/* For each bucket the count of all whose bound is not above its own, wherever they stand. */
static const uint64_t *sum_up_unsorted(struct walk *walk, const struct sm_data_point *point, size_t count)
{
    struct place *places = sm_arena_alloc(walk->arena, count * sizeof(*places));
    uint64_t *sums = sm_arena_zalloc(walk->arena, count, sizeof(*sums)), running = 0;
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(point->explicit_bounds[i]))
            places[used++] = (struct place){.bound = point->explicit_bounds[i], .index = i};
    if (used)
        qsort(places, used, sizeof(*places), compare_places);
    for (size_t i = 0, end = 0; i < used;) {
        for (; end < used && places[end].bound == places[i].bound; end++)
            running += point->bucket_counts[places[end].index];
        for (; i < end; i++)
            sums[places[i].index] = running;
    }
    return sums;
}

static void take_buckets(struct walk *walk, const struct sm_data_point *point)
{
    size_t count = point->bound_count < point->bucket_count ? point->bound_count : point->bucket_count, exemplar_count, next = 0;
    struct sm_exemplar *exemplars = sorted_exemplars(walk, point, &exemplar_count);
    struct sm_prometheus_pair le = {.name = SM_SLICE("le")};
    const uint64_t *sums = are_sorted(point, count) ? NULL : sum_up_unsorted(walk, point, count);
    uint64_t running = 0;
    for (size_t i = 0; i < count; i++) {
        running += point->bucket_counts[i];
        le.value = number_text(walk, point->explicit_bounds[i]);
        struct target bucket = add_part(walk, point, "_bucket", &le, (double)(sums ? sums[i] : running));
        for (; next < exemplar_count && double_value(&exemplars[next]) < point->explicit_bounds[i]; next++)
            put_exemplar(walk, &bucket, &exemplars[next]);
    }
    le.value = SM_SLICE("+Inf");
    struct target last = add_part(walk, point, "_bucket", &le, (double)point->count);
    for (; next < exemplar_count; next++)
        put_exemplar(walk, &last, &exemplars[next]);
}

static void take_histogram(struct walk *walk, const struct sm_data_point *point)
{
    if (point->has_sum)
        add_part(walk, point, "_sum", NULL, point->sum);
    add_part(walk, point, "_count", NULL, (double)point->count);
    take_buckets(walk, point);
}

static void take_summary(struct walk *walk, const struct sm_data_point *point)
{
    walk->write->kind = SM_WRITE_COUNTER;
    add_part(walk, point, "_sum", NULL, point->sum);
    add_part(walk, point, "_count", NULL, (double)point->count);
    walk->write->kind = SM_WRITE_QUANTILE;
    for (size_t i = 0; i < point->quantile_count; i++) {
        struct sm_prometheus_pair quantile = {.name = SM_SLICE("quantile"), .value = number_text(walk, point->quantiles[i].quantile)};
        add_part(walk, point, "", &quantile, point->quantiles[i].value);
    }
}

static uint64_t sum_counts(const struct sm_exponential_buckets *buckets)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < buckets->count; i++)
        sum += buckets->counts[i];
    return sum;
}

/* Prometheus refuses a histogram whose buckets and count disagree. */
static bool is_consistent(const struct sm_data_point *point)
{
    uint64_t sum = sum_counts(&point->positive) + sum_counts(&point->negative) + point->zero_count;
    bool is_stale = point->flags & SM_DATA_POINT_NO_RECORDED_VALUE;
    return is_stale || (point->has_sum && isnan(point->sum) ? sum <= point->count : sum == point->count);
}

static void take_exponential(struct walk *walk, const struct sm_data_point *point)
{
    struct sm_write_histogram histogram;
    struct sm_data_point own = *point;
    struct target target = find_target(walk, make_labels(walk, point, "", NULL));
    own.zero_threshold = 0; /* that of the point is not looked at */
    if (!sm_write_seen_take_point(target.seen, point->time_ns))
        return;
    if (!is_consistent(point) || !sm_write_make_native(&own, walk->arena, &histogram)) {
        walk->failures++;
        return;
    }
    histogram.point = point;
    sm_write_add_histogram(walk->write, target.series, &histogram);
    put_exemplars(walk, point, &target);
}

/* ---- metrics */

static void (*const takers[])(struct walk *walk, const struct sm_data_point *point) = {
    [SM_METRIC_GAUGE] = take_number,        [SM_METRIC_SUM] = take_number,
    [SM_METRIC_HISTOGRAM] = take_histogram, [SM_METRIC_EXPONENTIAL_HISTOGRAM] = take_exponential,
    [SM_METRIC_SUMMARY] = take_summary,
};

static bool is_translatable(const struct sm_metric *metric)
{
    return metric->type == SM_METRIC_GAUGE || metric->type == SM_METRIC_SUMMARY ||
           (metric->type != SM_METRIC_NONE && metric->temporality == SM_TEMPORALITY_CUMULATIVE);
}

static bool make_name(struct walk *walk, const struct sm_metric *metric)
{
    struct sm_prometheus_namer namer = {.with_suffixes = walk->settings->with_suffixes};
    enum sm_prometheus_kind kind = metric->type == SM_METRIC_GAUGE                         ? SM_PROMETHEUS_KIND_GAUGE
                                   : metric->type == SM_METRIC_SUM && metric->is_monotonic ? SM_PROMETHEUS_KIND_COUNTER
                                                                                           : SM_PROMETHEUS_KIND_OTHER;
    struct sm_bytes name;
    sm_bytes_init(&name, walk->arena);
    bool is_named = sm_prometheus_metric_name(&namer, metric->name, metric->unit, kind, &name);
    walk->name = sm_bytes_slice(&name);
    return is_named;
}

/* What version 2 sends with each series. */
static void describe(struct walk *walk, const struct sm_metric *metric)
{
    static const unsigned types[] = {[SM_METRIC_NONE] = SM_WRITE_TYPE_UNKNOWN,    [SM_METRIC_GAUGE] = SM_WRITE_TYPE_GAUGE,
                                     [SM_METRIC_SUM] = SM_WRITE_TYPE_GAUGE,       [SM_METRIC_HISTOGRAM] = SM_WRITE_TYPE_HISTOGRAM,
                                     [SM_METRIC_SUMMARY] = SM_WRITE_TYPE_SUMMARY, [SM_METRIC_EXPONENTIAL_HISTOGRAM] = SM_WRITE_TYPE_HISTOGRAM};
    bool is_counter = metric->type == SM_METRIC_SUM && metric->is_monotonic;
    if (walk->settings->with_metadata)
        sm_write_describe(walk->write, (struct sm_write_metadata){.type = is_counter ? SM_WRITE_TYPE_COUNTER : types[metric->type],
                                                                  .help = metric->description,
                                                                  .unit = metric->unit});
}

static void take_metric(struct walk *walk, const struct sm_metric *metric)
{
    if (!is_translatable(metric) || !make_name(walk, metric)) {
        walk->failures++;
        return;
    }
    walk->metric = metric;
    walk->write->kind = sm_write_kind_of(metric);
    describe(walk, metric);
    struct sm_point_cursor cursor = sm_metric_points(metric, walk->arena);
    for (const struct sm_data_point *point; (point = sm_metric_next_point(&cursor)) != NULL;) {
        walk->write->start_ms = sm_write_time_ms(point->start_ns);
        takers[metric->type](walk, point);
    }
}

/* ---- resources and scopes */

/* One sample for each series, however often the batch names it. */
static void add_present(struct walk *walk, const struct sm_relabel_set *set, const char *help)
{
    if (walk->settings->with_metadata)
        sm_write_describe(walk->write, (struct sm_write_metadata){.type = SM_WRITE_TYPE_GAUGE, .help = sm_slice_of(help)});
    struct sm_write_series *series = sm_write_series_get(walk->write, labels_of(set));
    if (series->sample_count == 0)
        sm_write_add_sample(walk->write, series, 1, walk->now_ms);
}

static void add_target_info(struct walk *walk)
{
    struct sm_relabel_set set;
    struct sm_attribute_cursor cursor = sm_attributes_begin(walk->resource);
    struct sm_attribute attribute;
    begin_labels(walk, &set, SM_SLICE("target_info"));
    while (sm_attributes_next(&cursor, &attribute))
        if (walk->settings->keeps_identifying_attributes || !is_identifying(attribute.key))
            put_attribute(walk, &set, &attribute);
    add_present(walk, &set, "Target metadata");
}

static void add_scope_info(struct walk *walk, const struct sm_scope *scope)
{
    struct sm_relabel_set set;
    struct sm_attribute_cursor cursor = sm_attributes_begin(&scope->attributes);
    struct sm_attribute attribute;
    begin_labels(walk, &set, SM_SLICE("otel_scope_info"));
    sm_relabel_put(&set, SM_SLICE("otel_scope_name"), scope->name);
    sm_relabel_put(&set, SM_SLICE("otel_scope_version"), scope->version);
    while (sm_attributes_next(&cursor, &attribute))
        put_attribute(walk, &set, &attribute);
    add_present(walk, &set, "");
}

static struct sm_slice text_of(struct walk *walk, const char *key, bool *is_there)
{
    struct sm_value value;
    *is_there = sm_attributes_find(walk->resource, sm_slice_of(key), &value);
    return *is_there ? sm_value_to_string(&value, walk->arena) : (struct sm_slice){0};
}

static void set_resource(struct walk *walk, const struct sm_attributes *resource)
{
    bool is_named, has_space, is_there;
    walk->resource = resource;
    walk->job = text_of(walk, "service.name", &is_named);
    struct sm_slice space = text_of(walk, "service.namespace", &has_space);
    if (is_named && has_space)
        walk->job = sm_slice_of(sm_arena_printf(walk->arena, "%.*s/%.*s", SM_SLICE_ARGS(space), SM_SLICE_ARGS(walk->job)));
    walk->instance = text_of(walk, "service.instance.id", &is_there);
}

static void take_resource(struct walk *walk, const struct sm_resource_group *group)
{
    set_resource(walk, &group->resource.attributes);
    walk->write->stream = UINT32_MAX;
    walk->write->kind = SM_WRITE_OTHER;
    if (walk->settings->with_target_info)
        add_target_info(walk);
    for (size_t i = 0; i < group->count; i++) {
        const struct sm_scope_group *scope = &group->scopes[i];
        if (scope->dropped)
            continue;
        walk->write->stream = UINT32_MAX;
        walk->write->kind = SM_WRITE_OTHER;
        if (walk->settings->with_scope_series)
            add_scope_info(walk, &scope->scope);
        sm_write_begin_stream(walk->write, &group->resource.attributes, &scope->scope);
        for (size_t k = 0; k < scope->count; k++)
            if (!scope->metrics[k].dropped)
                take_metric(walk, &scope->metrics[k]);
    }
}

size_t sm_write_translate_alloy(const struct sm_write_settings *settings, struct sm_batch *batch, struct sm_write *write)
{
    struct walk walk = {.settings = settings, .write = write, .arena = write->arena, .now_ms = sm_write_time_ms(sm_clock_wall_ns())};
    sm_write_recent_lock(settings->recent, sm_clock_mono_ns());
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->groups[i].dropped)
            take_resource(&walk, &batch->groups[i]);
    sm_write_recent_unlock(settings->recent);
    return walk.failures;
}
