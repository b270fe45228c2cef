/* functions_metric.c - editors of whole metrics: convert_sum_to_gauge, convert_gauge_to_sum, copy_metric, scale_metric, and what makes metrics of
 * histograms and summaries: extract_count_metric, extract_sum_metric, convert_summary_….
 *
 * New metrics stand behind the others of their scope. Source: opentelemetry-collector-contrib processor/transformprocessor/internal/metrics. */
#include "ottl/metrics.h"

/* ---- the type */

static bool call_sum_to_gauge(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)call;
    (void)out;
    if (run->metric->type != SM_METRIC_SUM)
        return true;
    run->metric->type = SM_METRIC_GAUGE;
    run->metric->temporality = SM_TEMPORALITY_UNSPECIFIED;
    run->metric->is_monotonic = false;
    sm_ottl_mark_metric(run);
    return true;
}

static bool call_gauge_to_sum(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)out;
    if (run->metric->type != SM_METRIC_GAUGE)
        return true;
    run->metric->type = SM_METRIC_SUM;
    (void)sm_ottl_temporality_find(call->args[0].text, &run->metric->temporality);
    run->metric->is_monotonic = call->args[1].boolean;
    sm_ottl_mark_metric(run);
    return true;
}

static bool prepare_temporality(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    int32_t temporality;
    return sm_ottl_temporality_find(call->args[0].text, &temporality) ||
           sm_ottl_compile_error(compiler, call->node, "unknown aggregation temporality: %.*s", SM_SLICE_ARGS(call->args[0].text));
}

/* ---- copy_metric */

static void copy_points(struct sm_ottl_run *run, struct sm_metric *to, const struct sm_metric *from)
{
    sm_ottl_points_reserve(run, to, from->point_count);
    for (size_t i = 0; i < from->point_count; i++) {
        struct sm_data_point source = from->points[i];
        if (source.dropped)
            continue;
        (void)sm_data_point_exemplars(&source, run->arena, &source.exemplar_count);
        struct sm_data_point *point = sm_ottl_point_add(run, to, &source);
        struct sm_attributes attributes = point->attributes;
        *point = source;
        point->raw = (struct sm_slice){0};
        point->attributes = attributes;
        point->changed = true;
        point->bucket_counts = sm_arena_zalloc(run->arena, source.bucket_count, sizeof(*source.bucket_counts));
        point->explicit_bounds = sm_arena_zalloc(run->arena, source.bound_count, sizeof(*source.explicit_bounds));
        point->quantiles = sm_arena_zalloc(run->arena, source.quantile_count, sizeof(*source.quantiles));
        point->exemplars = sm_arena_zalloc(run->arena, source.exemplar_count, sizeof(*source.exemplars));
        for (size_t k = 0; k < source.bucket_count; k++)
            point->bucket_counts[k] = source.bucket_counts[k];
        for (size_t k = 0; k < source.bound_count; k++)
            point->explicit_bounds[k] = source.explicit_bounds[k];
        for (size_t k = 0; k < source.quantile_count; k++)
            point->quantiles[k] = source.quantiles[k];
        for (size_t k = 0; k < source.exemplar_count; k++)
            point->exemplars[k] = source.exemplars[k];
    }
}

static bool override(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_slice *text)
{
    if (!arg->is_set)
        return true;
    if (!sm_ottl_arg_string(arg, run, text))
        return false;
    *text = sm_arena_copy(run->arena, *text);
    return true;
}

static bool call_copy_metric(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)out;
    struct sm_metric *copy = sm_ottl_metric_add(run, run->metric->type, SM_SLICE(""));
    if (!copy)
        return false;
    copy->temporality = run->metric->temporality;
    copy->is_monotonic = run->metric->is_monotonic;
    copy->metadata = sm_ottl_attributes_copy(&run->metric->metadata, run->arena);
    copy_points(run, copy, run->metric);
    return override(&call->args[0], run, &copy->name) && override(&call->args[1], run, &copy->description) &&
           override(&call->args[2], run, &copy->unit);
}

/* ---- scale_metric */

static int64_t scale_integer(int64_t integer, double factor)
{
    double scaled = (double)integer * factor;
    return scaled >= -9223372036854775808.0 && scaled < 9223372036854775808.0 ? (int64_t)scaled : INT64_MIN; /* as amd64 converts */
}

static void scale_number(struct sm_data_point *point, double factor)
{
    if (point->number_type == SM_NUMBER_INT)
        point->integer = scale_integer(point->integer, factor);
    else if (point->number_type == SM_NUMBER_DOUBLE)
        point->number *= factor;
}

static void scale_histogram(struct sm_data_point *point, struct sm_arena *arena, double factor)
{
    size_t count;
    struct sm_exemplar *exemplars = sm_data_point_exemplars(point, arena, &count);
    point->sum *= point->has_sum ? factor : 1;
    point->min *= point->has_min ? factor : 1;
    point->max *= point->has_max ? factor : 1;
    for (size_t i = 0; i < point->bound_count; i++)
        point->explicit_bounds[i] *= factor;
    for (size_t i = 0; i < count; i++)
        if (exemplars[i].number_type == SM_NUMBER_INT)
            exemplars[i].integer = scale_integer(exemplars[i].integer, factor);
        else if (exemplars[i].number_type == SM_NUMBER_DOUBLE)
            exemplars[i].number *= factor;
}

static void scale_summary(struct sm_data_point *point, double factor)
{
    point->sum *= factor;
    for (size_t i = 0; i < point->quantile_count; i++)
        point->quantiles[i].value *= factor;
}

static bool call_scale_metric(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_metric *metric = run->metric;
    struct sm_slice unit = metric->unit;
    (void)out;
    if (!override(&call->args[1], run, &unit))
        return false;
    if (metric->type == SM_METRIC_EXPONENTIAL_HISTOGRAM)
        return sm_ottl_fail(run, "exponential histograms are not supported by the 'scale_metric' function");
    if (metric->type == SM_METRIC_NONE)
        return sm_ottl_fail(run, "unsupported metric type: 'Empty'");
    for (size_t i = 0; i < metric->point_count; i++) {
        struct sm_data_point *point = &metric->points[i];
        point->changed = true;
        if (metric->type == SM_METRIC_HISTOGRAM)
            scale_histogram(point, run->arena, call->args[0].number);
        else if (metric->type == SM_METRIC_SUMMARY)
            scale_summary(point, call->args[0].number);
        else
            scale_number(point, call->args[0].number);
    }
    metric->unit = unit;
    sm_ottl_mark_metric(run);
    return true;
}

/* ---- counts and sums as metrics of their own */

/* `detail`: true for counts, false for sums. */
static const bool of_counts = true, of_sums = false;

static struct sm_metric *add_sum(const struct sm_ottl_call *call, struct sm_ottl_run *run, int32_t temporality, bool is_monotonic,
                                 const struct sm_ottl_arg *suffix, bool needs_sum)
{
    bool counts = *(const bool *)call->function->detail;
    struct sm_slice ending = suffix->is_set ? suffix->text : counts ? SM_SLICE("_count") : SM_SLICE("_sum");
    struct sm_metric *sum = sm_ottl_metric_add(run, SM_METRIC_SUM, ending);
    if (!sum)
        return false;
    sum->temporality = temporality;
    sum->is_monotonic = is_monotonic;
    sm_ottl_points_reserve(run, sum, run->metric->point_count);
    for (size_t i = 0; i < run->metric->point_count; i++) {
        const struct sm_data_point *source = &run->metric->points[i];
        if (source->dropped || (needs_sum && !counts && !source->has_sum))
            continue;
        struct sm_data_point *point = sm_ottl_point_add(run, sum, source);
        point->number_type = counts ? SM_NUMBER_INT : SM_NUMBER_DOUBLE;
        if (counts)
            point->integer = (int64_t)source->count;
        else
            point->number = source->sum;
    }
    return sum;
}

static const char *type_name(enum sm_metric_type type)
{
    static const char *const names[] = {"Empty", "Gauge", "Sum", "Histogram", "ExponentialHistogram", "Summary"};
    return names[type];
}

static bool call_extract(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    enum sm_metric_type type = run->metric->type;
    bool is_summary = type == SM_METRIC_SUMMARY, is_histogram = type == SM_METRIC_HISTOGRAM || type == SM_METRIC_EXPONENTIAL_HISTOGRAM;
    int32_t temporality = is_summary ? SM_TEMPORALITY_CUMULATIVE : run->metric->temporality;
    (void)out;
    if ((!is_summary && !is_histogram) || temporality == SM_TEMPORALITY_UNSPECIFIED)
        return sm_ottl_fail(run, "%s requires an input metric of type Histogram, ExponentialHistogram or Summary, got %s", call->function->name,
                            type_name(type));
    struct sm_metric *sum = add_sum(call, run, temporality, call->args[0].boolean, &call->args[1], is_histogram);
    if (*(const bool *)call->function->detail)
        sum->unit = SM_SLICE("1"); /* the unit of the metric is not that of its counts */
    if (sum->point_count == 0)
        run->scope->count--;
    return true;
}

/* In the context of a data point: every point of the summary adds the metric, with all the points, as in the reference. */
static bool call_summary_to_sum(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    int32_t temporality;
    (void)out;
    if (run->metric->type != SM_METRIC_SUMMARY)
        return true;
    (void)sm_ottl_temporality_find(call->args[0].text, &temporality);
    (void)add_sum(call, run, temporality, call->args[1].boolean, &call->args[2], false);
    return true;
}

static bool call_quantiles_to_gauge(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice key = call->args[0].is_set ? call->args[0].text : SM_SLICE("quantile");
    struct sm_slice suffix = call->args[1].is_set ? call->args[1].text : SM_SLICE(".quantiles");
    size_t count = 0;
    (void)out;
    if (run->metric->type != SM_METRIC_SUMMARY)
        return true;
    struct sm_metric *gauge = sm_ottl_metric_add(run, SM_METRIC_GAUGE, suffix);
    if (!gauge)
        return false;
    for (size_t i = 0; i < run->metric->point_count; i++)
        count += run->metric->points[i].quantile_count;
    sm_ottl_points_reserve(run, gauge, count);
    key = sm_arena_copy(run->arena, key);
    for (size_t i = 0; i < run->metric->point_count; i++) {
        const struct sm_data_point *source = &run->metric->points[i];
        for (size_t k = 0; k < source->quantile_count && !source->dropped; k++) {
            struct sm_data_point *point = sm_ottl_point_add(run, gauge, source);
            point->number_type = SM_NUMBER_DOUBLE;
            point->number = source->quantiles[k].value;
            sm_map_set(sm_attributes_edit(&point->attributes, run->arena), run->arena, key, sm_value_double(source->quantiles[k].quantile));
        }
    }
    return true;
}

#define TEMPORALITY                                                                                                                                  \
    {                                                                                                                                                \
        .name = "StringAggTemp", .type = SM_OTTL_ARG_LITERAL_STRING                                                                                  \
    }
#define MONOTONIC                                                                                                                                    \
    {                                                                                                                                                \
        .name = "Monotonic", .type = SM_OTTL_ARG_LITERAL_BOOL                                                                                        \
    }
#define TEXT_OPTION(option)                                                                                                                          \
    {                                                                                                                                                \
        .name = (option), .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true                                                                    \
    }
#define STRING_OPTION(option)                                                                                                                        \
    {                                                                                                                                                \
        .name = (option), .type = SM_OTTL_ARG_STRING, .is_optional = true                                                                            \
    }
#define OF_METRICS .set = SM_OTTL_FOR_TRANSFORM, .contexts = 1u << SM_OTTL_METRIC
#define OF_POINTS .set = SM_OTTL_FOR_TRANSFORM, .contexts = 1u << SM_OTTL_DATAPOINT

const struct sm_ottl_function sm_ottl_metric_functions[] = {
    {.name = "convert_sum_to_gauge", .help = "Makes a sum a gauge.", OF_METRICS, .call = call_sum_to_gauge},
    {.name = "convert_gauge_to_sum",
     .help = "Makes a gauge a sum.",
     OF_METRICS,
     .parameters = {TEMPORALITY, MONOTONIC},
     .call = call_gauge_to_sum,
     .prepare = prepare_temporality},
    {.name = "copy_metric",
     .help = "Adds a copy of the metric, with another name, description or unit.",
     OF_METRICS,
     .parameters = {STRING_OPTION("Name"), STRING_OPTION("Description"), STRING_OPTION("Unit")},
     .call = call_copy_metric},
    {.name = "scale_metric",
     .help = "Multiplies the values of the metric.",
     OF_METRICS,
     .parameters = {{.name = "Multiplier", .type = SM_OTTL_ARG_LITERAL_FLOAT}, STRING_OPTION("Unit")},
     .call = call_scale_metric},
    {.name = "extract_count_metric",
     .help = "Adds a sum of the counts of a histogram or summary.",
     OF_METRICS,
     .parameters = {MONOTONIC, TEXT_OPTION("Suffix")},
     .call = call_extract,
     .detail = &of_counts},
    {.name = "extract_sum_metric",
     .help = "Adds a sum of the sums of a histogram or summary.",
     OF_METRICS,
     .parameters = {MONOTONIC, TEXT_OPTION("Suffix")},
     .call = call_extract,
     .detail = &of_sums},
    {.name = "convert_summary_count_val_to_sum",
     .help = "Adds a sum of the counts of a summary.",
     OF_POINTS,
     .parameters = {TEMPORALITY, MONOTONIC, TEXT_OPTION("Suffix")},
     .call = call_summary_to_sum,
     .prepare = prepare_temporality,
     .detail = &of_counts},
    {.name = "convert_summary_sum_val_to_sum",
     .help = "Adds a sum of the sums of a summary.",
     OF_POINTS,
     .parameters = {TEMPORALITY, MONOTONIC, TEXT_OPTION("Suffix")},
     .call = call_summary_to_sum,
     .prepare = prepare_temporality,
     .detail = &of_sums},
    {.name = "convert_summary_quantile_val_to_gauge",
     .help = "Adds a gauge of the quantiles of a summary, told apart by an attribute.",
     OF_METRICS,
     .parameters = {TEXT_OPTION("AttributeKey"), TEXT_OPTION("Suffix")},
     .call = call_quantiles_to_gauge},
    {0},
};
