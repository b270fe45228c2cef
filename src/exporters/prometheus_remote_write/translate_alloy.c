/* translate_alloy.c - walks a batch as otelcol.exporter.prometheus of Alloy does: other labels, times and exemplars than the Collector's exporter.
 *
 * A label may be set by any attribute, the last one counts; points that are older than the last one of their series are left out; target_info has
 * the present time. The series of a point share their labels unless an attribute sets one that tells them apart, or one that is hidden. Reads metrics
 * and changes nothing. State: the walk, on the stack; recent.h.
 * Source: Alloy's internal/component/otelcol/exporter/prometheus/internal/convert/convert.go. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/ascii.h"
#include "base/hex.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "exporters/prometheus_remote_write/collisions.h"
#include "exporters/prometheus_remote_write/parts.h"
#include "exporters/prometheus_remote_write/recent.h"
#include "exporters/prometheus_remote_write/repeats.h"
#include "exporters/prometheus_remote_write/translate.h"
#include "prometheus/name.h"
#include "telemetry/metric.h"

struct walk {
    const struct sm_write_settings *settings;
    struct sm_write *write;
    struct sm_arena *arena;
    const struct sm_attributes *resource;
    const struct sm_metric *metric;
    struct sm_slice job, instance;
    struct sm_write_part_maker parts;
    struct sm_write_repeats presents; /* owned: series of resources and scopes */
    bool is_unshared;                 /* an attribute that became a label was one of those that series do not share */
    bool labels_completely;           /* labels that are made here are those that are sent */
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

/* Labels in which the series of a point differ, and those that are looked at and not sent. */
static bool is_own_label(struct sm_slice name)
{
    return sm_write_is_hidden(name) || sm_slice_is(name, "le") || sm_slice_is(name, "quantile");
}

static void put_attribute(struct walk *walk, struct sm_relabel_set *set, const struct sm_attribute *attribute)
{
    struct sm_slice name = label_name(walk, attribute->key);
    walk->is_unshared |= is_own_label(name);
    sm_relabel_put(set, name, sm_value_to_string(&attribute->value, walk->arena));
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
static void put_attributes(struct walk *walk, struct sm_relabel_set *set, const struct sm_attributes *attributes)
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

/* Of a series that shares none with the others of its point. */
static struct sm_write_labels make_own_labels(struct walk *walk, const struct sm_data_point *point, enum sm_write_part part,
                                              const struct sm_write_label *extra)
{
    struct sm_relabel_set set;
    begin_labels(walk, &set, sm_write_part_name(&walk->parts, part)->pair.value);
    if (extra)
        sm_relabel_put(&set, extra->pair.name, extra->pair.value);
    put_attributes(walk, &set, &point->attributes);
    return labels_of(&set);
}

/* Those that the series of the point share. NULL: none. */
static const struct sm_write_base *make_shared_labels(struct walk *walk, const struct sm_data_point *point)
{
    struct sm_relabel_set set;
    const struct sm_write_labels *external = &walk->settings->external_labels;
    walk->is_unshared = false;
    begin_labels(walk, &set, (struct sm_slice){0});
    put_attributes(walk, &set, &point->attributes);
    if (walk->is_unshared || walk->parts.name.size == 0)
        return NULL;
    for (size_t i = 0; walk->labels_completely && i < external->count; i++)
        if (sm_relabel_get(&set, external->items[i].name).size == 0)
            sm_relabel_put(&set, external->items[i].name, external->items[i].value);
    struct sm_write_base base = sm_write_make_base(labels_of(&set));
    return sm_write_keep_base(walk->arena, &base);
}

/* Without rules of relabelling, external labels are all that is missing. */
static bool labels_completely(const struct sm_write_settings *settings)
{
    for (size_t i = 0; i < settings->external_labels.count; i++)
        if (is_own_label(settings->external_labels.items[i].name))
            return false;
    return !settings->relabel && !settings->write_relabel;
}

/* ---- series */

struct target {
    struct sm_write_series *series;
    struct sm_write_seen *seen;
};

/* The series of a part of the point; `shared` NULL: with labels of its own. */
static struct target find_target(struct walk *walk, const struct sm_data_point *point, const struct sm_write_base *shared, enum sm_write_part part,
                                 const struct sm_write_label *extra)
{
    struct target target;
    if (shared) {
        struct sm_write_key key = {.base = shared, .name = sm_write_part_name(&walk->parts, part), .extra = extra};
        target.series = sm_write_series_get_shared(walk->write, &key);
        target.series->is_labelled = walk->labels_completely;
    } else {
        target.series = sm_write_series_get(walk->write, make_own_labels(walk, point, part, extra));
    }
    target.seen = sm_write_recent_find(walk->settings->recent, &target.series->key);
    return target;
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

static struct target add_part(struct walk *walk, const struct sm_data_point *point, const struct sm_write_base *shared, enum sm_write_part part,
                              const struct sm_write_label *extra, double value)
{
    struct target target = find_target(walk, point, shared, part, extra);
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

static void take_number(struct walk *walk, const struct sm_data_point *point, const struct sm_write_base *shared)
{
    double number = point->number_type == SM_NUMBER_INT ? (double)point->integer : point->number_type == SM_NUMBER_DOUBLE ? point->number : 0;
    struct target target = add_part(walk, point, shared, SM_WRITE_PART_PLAIN, NULL, number);
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

static void take_buckets(struct walk *walk, const struct sm_data_point *point, const struct sm_write_base *shared)
{
    size_t count = point->bound_count < point->bucket_count ? point->bound_count : point->bucket_count, exemplar_count, next = 0;
    struct sm_exemplar *exemplars = sorted_exemplars(walk, point, &exemplar_count);
    const struct sm_write_label *bounds = sm_write_bound_labels(&walk->parts, point);
    const uint64_t *sums = are_sorted(point, count) ? NULL : sum_up_unsorted(walk, point, count);
    uint64_t running = 0;
    for (size_t i = 0; i < count; i++) {
        running += point->bucket_counts[i];
        struct target bucket = add_part(walk, point, shared, SM_WRITE_PART_BUCKET, &bounds[i], (double)(sums ? sums[i] : running));
        for (; next < exemplar_count && double_value(&exemplars[next]) < point->explicit_bounds[i]; next++)
            put_exemplar(walk, &bucket, &exemplars[next]);
    }
    struct target last = add_part(walk, point, shared, SM_WRITE_PART_BUCKET, &bounds[point->bound_count], (double)point->count);
    for (; next < exemplar_count; next++)
        put_exemplar(walk, &last, &exemplars[next]);
}

static void take_histogram(struct walk *walk, const struct sm_data_point *point, const struct sm_write_base *shared)
{
    if (point->has_sum)
        add_part(walk, point, shared, SM_WRITE_PART_SUM, NULL, point->sum);
    add_part(walk, point, shared, SM_WRITE_PART_COUNT, NULL, (double)point->count);
    take_buckets(walk, point, shared);
}

static void take_summary(struct walk *walk, const struct sm_data_point *point, const struct sm_write_base *shared)
{
    walk->write->kind = SM_WRITE_COUNTER;
    add_part(walk, point, shared, SM_WRITE_PART_SUM, NULL, point->sum);
    add_part(walk, point, shared, SM_WRITE_PART_COUNT, NULL, (double)point->count);
    walk->write->kind = SM_WRITE_QUANTILE;
    for (size_t i = 0; i < point->quantile_count; i++) {
        const struct sm_write_label *quantile = sm_write_number_label(&walk->parts, SM_SLICE("quantile"), point->quantiles[i].quantile);
        add_part(walk, point, shared, SM_WRITE_PART_PLAIN, quantile, point->quantiles[i].value);
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

static void take_exponential(struct walk *walk, const struct sm_data_point *point, const struct sm_write_base *shared)
{
    struct sm_write_histogram histogram;
    struct sm_data_point own = *point;
    struct target target = find_target(walk, point, shared, SM_WRITE_PART_PLAIN, NULL);
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

static void (*const takers[])(struct walk *walk, const struct sm_data_point *point, const struct sm_write_base *shared) = {
    [SM_METRIC_GAUGE] = take_number,        [SM_METRIC_SUM] = take_number,
    [SM_METRIC_HISTOGRAM] = take_histogram, [SM_METRIC_EXPONENTIAL_HISTOGRAM] = take_exponential,
    [SM_METRIC_SUMMARY] = take_summary,
};

static bool is_translatable(const struct sm_metric *metric)
{
    return metric->type == SM_METRIC_GAUGE || metric->type == SM_METRIC_SUMMARY ||
           (metric->type != SM_METRIC_NONE && metric->temporality == SM_TEMPORALITY_CUMULATIVE);
}

/* `is_emptied`: the arena was, while the walk is at this metric. */
static bool make_name(struct walk *walk, const struct sm_metric *metric, bool is_emptied)
{
    struct sm_prometheus_namer namer = {.with_suffixes = walk->settings->with_suffixes};
    enum sm_prometheus_kind kind = metric->type == SM_METRIC_GAUGE                         ? SM_PROMETHEUS_KIND_GAUGE
                                   : metric->type == SM_METRIC_SUM && metric->is_monotonic ? SM_PROMETHEUS_KIND_COUNTER
                                                                                           : SM_PROMETHEUS_KIND_OTHER;
    struct sm_bytes name;
    sm_bytes_init(&name, walk->arena);
    bool is_named = sm_prometheus_metric_name(&namer, metric->name, metric->unit, kind, &name);
    sm_write_parts_begin(&walk->parts, sm_bytes_slice(&name), is_emptied);
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

/* What the arena held of the resource and the metric is gone when a window has ended. */
static void end_point(struct walk *walk)
{
    if (!sm_write_end_window(walk->write))
        return;
    set_resource(walk, walk->resource);
    (void)make_name(walk, walk->metric, true);
    describe(walk, walk->metric);
}

static void take_metric(struct walk *walk, const struct sm_metric *metric)
{
    if (!is_translatable(metric) || !make_name(walk, metric, false)) {
        walk->failures++;
        return;
    }
    walk->metric = metric;
    walk->write->kind = sm_write_kind_of(metric);
    describe(walk, metric);
    struct sm_point_cursor cursor = sm_metric_points(metric, walk->arena);
    for (const struct sm_data_point *point; !walk->write->is_over && (point = sm_metric_next_point(&cursor)) != NULL;) {
        walk->write->start_ms = sm_write_time_ms(point->start_ns);
        takers[metric->type](walk, point, make_shared_labels(walk, point));
        end_point(walk);
    }
}

/* ---- resources and scopes */

/* One sample for each series, however often the batch names it. */
static void add_present(struct walk *walk, const struct sm_relabel_set *set, const char *help)
{
    if (walk->settings->with_metadata)
        sm_write_describe(walk->write, (struct sm_write_metadata){.type = SM_WRITE_TYPE_GAUGE, .help = sm_slice_of(help)});
    struct sm_write_series *series = sm_write_series_get(walk->write, labels_of(set));
    if (!sm_write_repeats_add_series(&walk->presents, series))
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
    struct walk walk = {.settings = settings,
                        .write = write,
                        .arena = write->arena,
                        .parts.arena = write->arena,
                        .labels_completely = labels_completely(settings),
                        .now_ms = sm_write_time_ms(sm_clock_wall_ns())};
    sm_write_recent_lock(settings->recent, sm_clock_mono_ns());
    for (size_t i = 0; i < batch->count && !write->is_over; i++)
        if (!batch->groups[i].dropped)
            take_resource(&walk, &batch->groups[i]);
    sm_write_recent_unlock(settings->recent);
    sm_write_repeats_deinit(&walk.presents);
    return walk.failures;
}
