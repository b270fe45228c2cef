/* paths_metric.c - the paths of metrics and data points.
 *
 * Which fields a data point has depends on the type of its metric; reading one that it has not gives nil, setting one is an error.
 * Source: opentelemetry-collector-contrib pkg/ottl/contexts/internal/{ctxmetric,ctxdatapoint}. */
#include <stddef.h>

#include "ottl/compile.h"
#include "telemetry/metric.h"

enum { NUMBERS = 1u << SM_METRIC_GAUGE | 1u << SM_METRIC_SUM, HISTOGRAMS = 1u << SM_METRIC_HISTOGRAM | 1u << SM_METRIC_EXPONENTIAL_HISTOGRAM };

static bool is_of(const struct sm_ottl_run *run, unsigned types)
{
    return (types >> run->metric->type & 1) != 0;
}

static bool refuse_type(struct sm_ottl_run *run)
{
    return sm_ottl_fail(run, "the data point has another type");
}

void sm_ottl_mark_metric(struct sm_ottl_run *run)
{
    run->metric->changed = true;
    sm_batch_mark_changed(run->batch, run->group, run->scope);
}

void sm_ottl_mark_point(struct sm_ottl_run *run)
{
    run->point->changed = true;
    sm_ottl_mark_metric(run);
}

/* ---- metrics */

static void *metric_owner(struct sm_ottl_run *run)
{
    return run->metric;
}

static struct sm_attributes *metric_metadata(struct sm_ottl_run *run)
{
    return &run->metric->metadata;
}

static bool get_type(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    *out = sm_ottl_int(run->metric->type);
    return true;
}

/* Silently does nothing in the reference: a metric is turned into another with convert_… */
static bool set_type(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    (void)run;
    (void)value;
    return true;
}

static bool get_temporality(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    *out = is_of(run, 1u << SM_METRIC_SUM | HISTOGRAMS) ? sm_ottl_int(run->metric->temporality) : sm_ottl_nil();
    return true;
}

static bool set_temporality(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    if (!sm_ottl_want(run, value, SM_OTTL_INT))
        return false;
    if (is_of(run, 1u << SM_METRIC_SUM | HISTOGRAMS)) {
        run->metric->temporality = (int32_t)value->integer;
        sm_ottl_mark_metric(run);
    }
    return true;
}

static bool get_monotonic(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    *out = is_of(run, 1u << SM_METRIC_SUM) ? sm_ottl_bool(run->metric->is_monotonic) : sm_ottl_nil();
    return true;
}

static bool set_monotonic(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    if (!sm_ottl_want(run, value, SM_OTTL_BOOL))
        return false;
    if (is_of(run, 1u << SM_METRIC_SUM)) {
        run->metric->is_monotonic = value->boolean;
        sm_ottl_mark_metric(run);
    }
    return true;
}

static bool get_points(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    size_t kept = 0;
    for (size_t i = 0; i < run->metric->point_count; i++)
        kept += !run->metric->points[i].dropped;
    *out = run->metric->type == SM_METRIC_NONE ? sm_ottl_nil() : sm_ottl_object(SM_OTTL_DATA_POINTS, run->metric->points, kept);
    return true;
}

static bool want_object(struct sm_ottl_run *run, const struct sm_ottl_value *value, enum sm_ottl_object kind)
{
    return (value->kind == SM_OTTL_OBJECT && value->object_kind == kind) ||
           sm_ottl_fail(run, "expects another type but got %s", sm_ottl_kind_name(value));
}

static bool set_points(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    return want_object(run, value, SM_OTTL_DATA_POINTS); /* only its own can come here */
}

#define METRIC_FIELD(field_name, member, text)                                                                                                       \
    {                                                                                                                                                \
        .name = (field_name), .type = "string", .help = (text), .field = SM_OTTL_FIELD_TEXT, .offset = offsetof(struct sm_metric, member),           \
        .owner = metric_owner, .mark = sm_ottl_mark_metric                                                                                           \
    }

const struct sm_ottl_path sm_ottl_metric_paths[] = {
    METRIC_FIELD("name", name, "Name of the metric."),
    METRIC_FIELD("description", description, "Description of the metric."),
    METRIC_FIELD("unit", unit, "Unit of the metric."),
    {.name = "type", .type = "int", .help = "Type as a number: METRIC_DATA_TYPE_SUM, …; setting it does nothing.", .get = get_type, .set = set_type},
    {.name = "aggregation_temporality",
     .type = "int",
     .help = "AGGREGATION_TEMPORALITY_DELTA, …; nil for gauges and summaries.",
     .get = get_temporality,
     .set = set_temporality},
    {.name = "is_monotonic", .type = "bool", .help = "Whether a sum only grows; nil for others.", .get = get_monotonic, .set = set_monotonic},
    {.name = "data_points", .type = "data points", .help = "The data points as a whole.", .get = get_points, .set = set_points},
    {.name = "metadata", .type = "map", .help = "Metadata of the metric.", .attributes = metric_metadata, .mark = sm_ottl_mark_metric},
    {0},
};

/* ---- data points */

static void *point_owner(struct sm_ottl_run *run)
{
    return run->point;
}

static void *counted_owner(struct sm_ottl_run *run)
{
    return is_of(run, HISTOGRAMS | 1u << SM_METRIC_SUMMARY) ? run->point : NULL;
}

static void *exponential_owner(struct sm_ottl_run *run)
{
    return is_of(run, 1u << SM_METRIC_EXPONENTIAL_HISTOGRAM) ? run->point : NULL;
}

static struct sm_attributes *point_attributes(struct sm_ottl_run *run)
{
    return is_of(run, 1u << SM_METRIC_NONE) ? NULL : &run->point->attributes;
}

static bool get_value_double(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    double number = run->point->number_type == SM_NUMBER_DOUBLE ? run->point->number : 0;
    *out = is_of(run, NUMBERS) ? sm_ottl_double(number) : sm_ottl_nil();
    return true;
}

static bool set_value_double(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    if (!sm_ottl_want(run, value, SM_OTTL_DOUBLE))
        return false;
    if (!is_of(run, NUMBERS))
        return refuse_type(run);
    run->point->number_type = SM_NUMBER_DOUBLE;
    run->point->number = value->number;
    sm_ottl_mark_point(run);
    return true;
}

static bool get_value_int(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    int64_t integer = run->point->number_type == SM_NUMBER_INT ? run->point->integer : 0;
    *out = is_of(run, NUMBERS) ? sm_ottl_int(integer) : sm_ottl_nil();
    return true;
}

static bool set_value_int(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    if (!sm_ottl_want(run, value, SM_OTTL_INT))
        return false;
    if (!is_of(run, NUMBERS))
        return refuse_type(run);
    run->point->number_type = SM_NUMBER_INT;
    run->point->integer = value->integer;
    sm_ottl_mark_point(run);
    return true;
}

static bool get_exemplars(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    size_t count = 0;
    *out = sm_ottl_nil();
    if (is_of(run, NUMBERS | HISTOGRAMS)) {
        (void)sm_data_point_exemplars(run->point, run->arena, &count);
        *out = sm_ottl_object(SM_OTTL_EXEMPLARS, run->point, count);
    }
    return true;
}

static bool set_exemplars(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    return want_object(run, value, SM_OTTL_EXEMPLARS) && (is_of(run, NUMBERS | HISTOGRAMS) || refuse_type(run));
}

static bool get_sum(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    *out = counted_owner(run) ? sm_ottl_double(run->point->sum) : sm_ottl_nil();
    return true;
}

static bool set_sum(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    if (!sm_ottl_want(run, value, SM_OTTL_DOUBLE))
        return false;
    if (!counted_owner(run))
        return refuse_type(run);
    run->point->sum = value->number;
    run->point->has_sum = true;
    sm_ottl_mark_point(run);
    return true;
}

/* ---- arrays: bucket counts and bounds */

static bool copy_counts(struct sm_ottl_run *run, const struct sm_ottl_value *value, uint64_t **counts, size_t *count)
{
    bool is_object = value->kind == SM_OTTL_OBJECT && value->object_kind == SM_OTTL_UINTS;
    if (!is_object && value->kind != SM_OTTL_LIST)
        return sm_ottl_fail(run, "cannot set a slice of uint64 from a value type: %s", sm_ottl_kind_name(value));
    size_t size = is_object ? value->count : value->list->count;
    uint64_t *copy = sm_arena_zalloc(run->arena, size, sizeof(*copy));
    for (size_t i = 0; i < size; i++) {
        if (!is_object && value->list->items[i].type != SM_VALUE_INT)
            return sm_ottl_fail(run, "invalid value type provided for a slice of uint64, expected int64");
        copy[i] = is_object ? ((const uint64_t *)value->object)[i] : (uint64_t)value->list->items[i].integer;
    }
    *counts = copy;
    *count = size;
    return true;
}

static bool copy_doubles(struct sm_ottl_run *run, const struct sm_ottl_value *value, double **numbers, size_t *count)
{
    bool is_object = value->kind == SM_OTTL_OBJECT && value->object_kind == SM_OTTL_DOUBLES;
    if (!is_object && value->kind != SM_OTTL_LIST)
        return sm_ottl_fail(run, "invalid type provided for setting a slice of float64: %s", sm_ottl_kind_name(value));
    size_t size = is_object ? value->count : value->list->count;
    double *copy = sm_arena_zalloc(run->arena, size, sizeof(*copy));
    for (size_t i = 0; i < size; i++) {
        if (!is_object && value->list->items[i].type != SM_VALUE_DOUBLE)
            return sm_ottl_fail(run, "invalid value type provided for a slice of float64");
        copy[i] = is_object ? ((const double *)value->object)[i] : value->list->items[i].number;
    }
    *numbers = copy;
    *count = size;
    return true;
}

static bool get_bounds(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    bool has_bounds = is_of(run, 1u << SM_METRIC_HISTOGRAM);
    *out = has_bounds ? sm_ottl_object(SM_OTTL_DOUBLES, run->point->explicit_bounds, run->point->bound_count) : sm_ottl_nil();
    return true;
}

static bool set_bounds(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    if (!is_of(run, 1u << SM_METRIC_HISTOGRAM))
        return refuse_type(run);
    if (!copy_doubles(run, value, &run->point->explicit_bounds, &run->point->bound_count))
        return false;
    sm_ottl_mark_point(run);
    return true;
}

static bool get_counts(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    bool has_counts = is_of(run, 1u << SM_METRIC_HISTOGRAM);
    *out = has_counts ? sm_ottl_object(SM_OTTL_UINTS, run->point->bucket_counts, run->point->bucket_count) : sm_ottl_nil();
    return true;
}

static bool set_counts(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    if (!is_of(run, 1u << SM_METRIC_HISTOGRAM))
        return refuse_type(run);
    if (!copy_counts(run, value, &run->point->bucket_counts, &run->point->bucket_count))
        return false;
    sm_ottl_mark_point(run);
    return true;
}

/* ---- buckets of exponential histograms */

static bool is_negative(const struct sm_ottl_ref *ref)
{
    return ref->path->name[0] == 'n';
}

static struct sm_exponential_buckets *buckets(const struct sm_ottl_ref *ref, struct sm_ottl_run *run)
{
    if (!exponential_owner(run))
        return NULL;
    return is_negative(ref) ? &run->point->negative : &run->point->positive;
}

static void mark_buckets(const struct sm_ottl_ref *ref, struct sm_ottl_run *run)
{
    *(is_negative(ref) ? &run->point->has_negative : &run->point->has_positive) = true;
    sm_ottl_mark_point(run);
}

static bool get_buckets(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_exponential_buckets *found = buckets(ref, run);
    *out = found ? sm_ottl_object(SM_OTTL_BUCKETS, found, found->count) : sm_ottl_nil();
    return true;
}

static bool set_buckets(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    struct sm_exponential_buckets *target = buckets(ref, run);
    if (!want_object(run, value, SM_OTTL_BUCKETS))
        return false;
    if (!target)
        return refuse_type(run);
    const struct sm_exponential_buckets *source = value->object;
    uint64_t *counts = sm_arena_zalloc(run->arena, source->count, sizeof(*counts));
    if (source->count > 0)
        memcpy(counts, source->counts, source->count * sizeof(*counts));
    *target = (struct sm_exponential_buckets){.offset = source->offset, .counts = counts, .count = source->count};
    mark_buckets(ref, run);
    return true;
}

static bool get_buckets_offset(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct sm_exponential_buckets *found = buckets(ref, run);
    *out = found ? sm_ottl_int(found->offset) : sm_ottl_nil();
    return true;
}

static bool set_buckets_offset(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    struct sm_exponential_buckets *target = buckets(ref, run);
    if (!sm_ottl_want(run, value, SM_OTTL_INT))
        return false;
    if (!target)
        return refuse_type(run);
    target->offset = (int32_t)value->integer;
    mark_buckets(ref, run);
    return true;
}

static bool get_buckets_counts(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct sm_exponential_buckets *found = buckets(ref, run);
    *out = found ? sm_ottl_object(SM_OTTL_UINTS, found->counts, found->count) : sm_ottl_nil();
    return true;
}

static bool set_buckets_counts(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    struct sm_exponential_buckets *target = buckets(ref, run);
    if (!target)
        return refuse_type(run);
    if (!copy_counts(run, value, &target->counts, &target->count))
        return false;
    mark_buckets(ref, run);
    return true;
}

/* ---- quantiles of summaries */

static bool get_quantiles(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    bool has_quantiles = is_of(run, 1u << SM_METRIC_SUMMARY);
    *out = has_quantiles ? sm_ottl_object(SM_OTTL_QUANTILES, run->point->quantiles, run->point->quantile_count) : sm_ottl_nil();
    return true;
}

static bool set_quantiles(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    return want_object(run, value, SM_OTTL_QUANTILES) && (is_of(run, 1u << SM_METRIC_SUMMARY) || refuse_type(run));
}

#define POINT_FIELD(field_name, field_type, field_kind, member, field_owner, text)                                                                   \
    {                                                                                                                                                \
        .name = (field_name), .type = (field_type), .help = (text), .field = (field_kind), .offset = offsetof(struct sm_data_point, member),         \
        .owner = (field_owner), .mark = sm_ottl_mark_point                                                                                           \
    }

const struct sm_ottl_path sm_ottl_data_point_paths[] = {
    {.name = "attributes", .type = "map", .help = "Attributes of the data point.", .attributes = point_attributes, .mark = sm_ottl_mark_point},
    POINT_FIELD("start_time_unix_nano", "int", SM_OTTL_FIELD_NANOS, start_ns, point_owner, "Start, ns since 1970."),
    POINT_FIELD("time_unix_nano", "int", SM_OTTL_FIELD_NANOS, time_ns, point_owner, "Time, ns since 1970."),
    POINT_FIELD("start_time", "time", SM_OTTL_FIELD_TIME, start_ns, point_owner, "Start."),
    POINT_FIELD("time", "time", SM_OTTL_FIELD_TIME, time_ns, point_owner, "Time."),
    {.name = "value_double", .type = "float", .help = "Value of a gauge or sum.", .get = get_value_double, .set = set_value_double},
    {.name = "value_int", .type = "int", .help = "Value of a gauge or sum.", .get = get_value_int, .set = set_value_int},
    {.name = "exemplars", .type = "exemplars", .help = "The exemplars as a whole.", .get = get_exemplars, .set = set_exemplars},
    POINT_FIELD("flags", "int", SM_OTTL_FIELD_UINT32, flags, point_owner, "FLAG_NO_RECORDED_VALUE, …"),
    POINT_FIELD("count", "int", SM_OTTL_FIELD_UINT64, count, counted_owner, "Count of a histogram or summary."),
    {.name = "sum", .type = "float", .help = "Sum of a histogram or summary.", .get = get_sum, .set = set_sum},
    {.name = "bucket_counts", .type = "counts", .help = "Counts of a histogram.", .get = get_counts, .set = set_counts},
    {.name = "explicit_bounds", .type = "bounds", .help = "Bounds of a histogram.", .get = get_bounds, .set = set_bounds},
    POINT_FIELD("scale", "int", SM_OTTL_FIELD_INT32, scale, exponential_owner, "Scale of an exponential histogram."),
    POINT_FIELD("zero_count", "int", SM_OTTL_FIELD_UINT64, zero_count, exponential_owner, "Zeros of an exponential histogram."),
    {.name = "positive", .type = "buckets", .help = "Positive buckets as a whole.", .get = get_buckets, .set = set_buckets},
    {.name = "positive.offset", .type = "int", .help = "Offset of the positive buckets.", .get = get_buckets_offset, .set = set_buckets_offset},
    {.name = "positive.bucket_counts", .type = "counts", .help = "Positive counts.", .get = get_buckets_counts, .set = set_buckets_counts},
    {.name = "negative", .type = "buckets", .help = "Negative buckets as a whole.", .get = get_buckets, .set = set_buckets},
    {.name = "negative.offset", .type = "int", .help = "Offset of the negative buckets.", .get = get_buckets_offset, .set = set_buckets_offset},
    {.name = "negative.bucket_counts", .type = "counts", .help = "Negative counts.", .get = get_buckets_counts, .set = set_buckets_counts},
    {.name = "quantile_values", .type = "quantiles", .help = "Quantiles of a summary.", .get = get_quantiles, .set = set_quantiles},
    {0},
};
