/* detailed_metric.c - every field of a metric and its data points.
 *
 * Source: opentelemetry-collector exporter/debugexporter/internal/otlptext/databuffer.go. Bucket boundaries are computed as there (the exponential of
 * index times the logarithm of the base), so that they print the same. */
#include "exporters/debug/detailed.h"

#include <math.h>

#include "exporters/debug/text.h"
#include "telemetry/metric.h"

static void write_exemplars(struct sm_bytes *out, struct sm_data_point *point, struct sm_arena *arena)
{
    size_t count;
    struct sm_exemplar *exemplars = sm_data_point_exemplars(point, arena, &count);
    if (count)
        sm_debug_line(out, "Exemplars:");
    for (size_t i = 0; i < count; i++) {
        sm_debug_line(out, "Exemplar #%zu", i);
        sm_debug_id_line(out, "     -> Trace ID", exemplars[i].trace_id);
        sm_debug_id_line(out, "     -> Span ID", exemplars[i].span_id);
        sm_debug_time_line(out, "     -> Timestamp", exemplars[i].time_ns);
        if (exemplars[i].number_type == SM_NUMBER_INT)
            sm_debug_line(out, "     -> Value: %lld", (long long)exemplars[i].integer);
        else if (exemplars[i].number_type == SM_NUMBER_DOUBLE)
            sm_debug_fixed_line(out, "     -> Value", exemplars[i].number);
        sm_debug_attribute_lines(out, "     -> FilteredAttributes", &exemplars[i].filtered_attributes, arena);
    }
}

static void write_number(struct sm_bytes *out, const struct sm_data_point *point)
{
    if (point->number_type == SM_NUMBER_INT)
        sm_debug_line(out, "Value: %lld", (long long)point->integer);
    else if (point->number_type == SM_NUMBER_DOUBLE)
        sm_debug_fixed_line(out, "Value", point->number);
}

static void write_count_and_sum(struct sm_bytes *out, const struct sm_data_point *point)
{
    sm_debug_line(out, "Count: %llu", (unsigned long long)point->count);
    if (point->has_sum)
        sm_debug_fixed_line(out, "Sum", point->sum);
    if (point->has_min)
        sm_debug_fixed_line(out, "Min", point->min);
    if (point->has_max)
        sm_debug_fixed_line(out, "Max", point->max);
}

static void write_histogram(struct sm_bytes *out, const struct sm_data_point *point)
{
    write_count_and_sum(out, point);
    for (size_t i = 0; i < point->bound_count; i++) {
        sm_bytes_printf(out, "ExplicitBounds #%zu: ", i);
        sm_debug_write_fixed(out, point->explicit_bounds[i]);
        sm_bytes_append_char(out, '\n');
    }
    for (size_t i = 0; i < point->bucket_count; i++)
        sm_debug_line(out, "Buckets #%zu, Count: %llu", i, (unsigned long long)point->bucket_counts[i]);
}

static void write_bucket(struct sm_bytes *out, const char *opening, double from, double to, const char *closing, uint64_t count)
{
    sm_bytes_printf(out, "Bucket %s", opening);
    sm_debug_write_fixed(out, from);
    sm_bytes_append_text(out, ", ");
    sm_debug_write_fixed(out, to);
    sm_debug_line(out, "%s, Count: %llu", closing, (unsigned long long)count);
}

static void write_exponential_histogram(struct sm_bytes *out, const struct sm_data_point *point)
{
    double factor = ldexp(M_LN2, -point->scale);
    write_count_and_sum(out, point);
    for (size_t i = point->negative.count; i-- > 0;) {
        double index = (double)point->negative.offset + (double)i;
        write_bucket(out, "[", -exp((index + 1) * factor), -exp(index * factor), ")", point->negative.counts[i]);
    }
    if (point->zero_count)
        sm_debug_line(out, "Bucket [0, 0], Count: %llu", (unsigned long long)point->zero_count);
    for (size_t i = 0; i < point->positive.count; i++) {
        double index = (double)point->positive.offset + (double)i;
        write_bucket(out, "(", exp(index * factor), exp((index + 1) * factor), "]", point->positive.counts[i]);
    }
}

static void write_summary(struct sm_bytes *out, const struct sm_data_point *point)
{
    sm_debug_line(out, "Count: %llu", (unsigned long long)point->count);
    sm_debug_fixed_line(out, "Sum", point->sum);
    for (size_t i = 0; i < point->quantile_count; i++) {
        sm_bytes_printf(out, "QuantileValue #%zu: Quantile ", i);
        sm_debug_write_fixed(out, point->quantiles[i].quantile);
        sm_bytes_append_text(out, ", Value ");
        sm_debug_write_fixed(out, point->quantiles[i].value);
        sm_bytes_append_char(out, '\n');
    }
}

static const struct {
    const char *name, *points;
    bool has_temporality;
    void (*write)(struct sm_bytes *out, const struct sm_data_point *point);
} kinds[] = {
    [SM_METRIC_NONE] = {"Empty", NULL, false, NULL},
    [SM_METRIC_GAUGE] = {"Gauge", "NumberDataPoints", false, write_number},
    [SM_METRIC_SUM] = {"Sum", "NumberDataPoints", true, write_number},
    [SM_METRIC_HISTOGRAM] = {"Histogram", "HistogramDataPoints", true, write_histogram},
    [SM_METRIC_EXPONENTIAL_HISTOGRAM] = {"ExponentialHistogram", "ExponentialHistogramDataPoints", true, write_exponential_histogram},
    [SM_METRIC_SUMMARY] = {"Summary", "SummaryDataPoints", false, write_summary},
};

static const char *temporality_name(int32_t temporality)
{
    switch (temporality) {
    case SM_TEMPORALITY_UNSPECIFIED:
        return "Unspecified";
    case SM_TEMPORALITY_DELTA:
        return "Delta";
    case SM_TEMPORALITY_CUMULATIVE:
        return "Cumulative";
    }
    return "";
}

void sm_debug_metric_lines(struct sm_bytes *out, struct sm_metric *metric, struct sm_arena *arena)
{
    sm_debug_line(out, "Descriptor:\n     -> Name: %.*s\n     -> Description: %.*s\n     -> Unit: %.*s\n     -> DataType: %s",
                  SM_SLICE_ARGS(metric->name), SM_SLICE_ARGS(metric->description), SM_SLICE_ARGS(metric->unit), kinds[metric->type].name);
    sm_debug_attribute_lines(out, "     -> Metadata", &metric->metadata, arena);
    if (metric->type == SM_METRIC_SUM)
        sm_debug_line(out, "     -> IsMonotonic: %s", metric->is_monotonic ? "true" : "false");
    if (kinds[metric->type].has_temporality)
        sm_debug_line(out, "     -> AggregationTemporality: %s", temporality_name(metric->temporality));
    size_t number = 0;
    for (size_t i = 0; i < metric->point_count && metric->type != SM_METRIC_NONE; i++) {
        struct sm_data_point *point = &metric->points[i];
        if (point->dropped)
            continue;
        sm_debug_line(out, "%s #%zu", kinds[metric->type].points, number++);
        sm_debug_attribute_lines(out, "Data point attributes", &point->attributes, arena);
        sm_debug_time_line(out, "StartTimestamp", point->start_ns);
        sm_debug_time_line(out, "Timestamp", point->time_ns);
        kinds[metric->type].write(out, point);
        if (metric->type != SM_METRIC_SUMMARY)
            write_exemplars(out, point, arena);
    }
}
