/* otlp_encode_metric.c - writes Metric messages, backwards; the fields are drawn in otlp_decode_metric.c. Fields of Gauge, Sum… that are not known
 * here are lost when the metric was changed; those of the metric and of its points are kept. */
#include "telemetry/metric.h"
#include "telemetry/otlp_encode.h"
#include "telemetry/otlp_wire.h"

static bool is_number(uint32_t number, uint32_t wanted)
{
    return number == wanted;
}

static void write_number(struct sm_proto_writer *writer, enum sm_number_type type, int64_t integer, double number, uint32_t integer_field,
                         uint32_t double_field)
{
    if (type == SM_NUMBER_INT)
        sm_proto_write_fixed64(writer, integer_field, (uint64_t)integer);
    else if (type == SM_NUMBER_DOUBLE)
        sm_proto_write_double(writer, double_field, number);
}

static void write_exemplars(struct sm_proto_writer *writer, const struct sm_data_point *point, uint32_t field)
{
    if (!point->has_decoded_exemplars) {
        sm_proto_write_fields(writer, point->exemplars_raw, is_number, point->exemplars_field);
        return;
    }
    for (size_t i = point->exemplar_count; i-- > 0;) {
        const struct sm_exemplar *exemplar = &point->exemplars[i];
        size_t mark = sm_proto_writer_mark(writer);
        sm_otlp_write_attributes(writer, &exemplar->filtered_attributes, 7);
        write_number(writer, exemplar->number_type, exemplar->integer, exemplar->number, 6, 3);
        sm_otlp_write_text(writer, 5, exemplar->trace_id);
        sm_otlp_write_text(writer, 4, exemplar->span_id);
        sm_otlp_write_fixed64(writer, 2, exemplar->time_ns);
        sm_proto_write_message(writer, field, mark);
    }
}

/* Doubles that are left out when zero: as bits, because -0 is not zero. */
static void write_double(struct sm_proto_writer *writer, uint32_t field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    sm_otlp_write_fixed64(writer, field, bits);
}

static void write_optional(struct sm_proto_writer *writer, uint32_t field, bool is_there, double value)
{
    if (is_there)
        sm_proto_write_double(writer, field, value);
}

static void write_packed(struct sm_proto_writer *writer, uint32_t field, const void *numbers, size_t count)
{
    if (count)
        sm_proto_write_bytes(writer, field, sm_slice_make(numbers, count * sizeof(uint64_t)));
}

static uint64_t zigzag(int32_t number)
{
    return ((uint32_t)number << 1) ^ (number < 0 ? UINT32_MAX : 0);
}

static void write_number_point(struct sm_proto_writer *writer, const struct sm_data_point *point)
{
    sm_otlp_write_unknown(writer, point->raw, 0x1fc);
    sm_otlp_write_uint(writer, 8, point->flags);
    sm_otlp_write_attributes(writer, &point->attributes, 7);
    write_exemplars(writer, point, 5);
    write_number(writer, point->number_type, point->integer, point->number, 6, 4);
    sm_otlp_write_fixed64(writer, 3, point->time_ns);
    sm_otlp_write_fixed64(writer, 2, point->start_ns);
}

static void write_histogram_point(struct sm_proto_writer *writer, const struct sm_data_point *point)
{
    sm_otlp_write_unknown(writer, point->raw, 0x1ffc);
    write_optional(writer, 12, point->has_max, point->max);
    write_optional(writer, 11, point->has_min, point->min);
    sm_otlp_write_uint(writer, 10, point->flags);
    sm_otlp_write_attributes(writer, &point->attributes, 9);
    write_exemplars(writer, point, 8);
    write_packed(writer, 7, point->explicit_bounds, point->bound_count);
    write_packed(writer, 6, point->bucket_counts, point->bucket_count);
    write_optional(writer, 5, point->has_sum, point->sum);
    sm_otlp_write_fixed64(writer, 4, point->count);
    sm_otlp_write_fixed64(writer, 3, point->time_ns);
    sm_otlp_write_fixed64(writer, 2, point->start_ns);
}

static void write_buckets(struct sm_proto_writer *writer, uint32_t field, const struct sm_exponential_buckets *buckets)
{
    size_t mark = sm_proto_writer_mark(writer);
    for (size_t i = buckets->count; i-- > 0;)
        sm_proto_write_varint(writer, buckets->counts[i]);
    if (buckets->count)
        sm_proto_write_message(writer, 2, mark);
    sm_otlp_write_uint(writer, 1, zigzag(buckets->offset));
    sm_proto_write_message(writer, field, mark);
}

static void write_exponential_point(struct sm_proto_writer *writer, const struct sm_data_point *point)
{
    sm_otlp_write_unknown(writer, point->raw, 0x7ffe);
    write_double(writer, 14, point->zero_threshold);
    write_optional(writer, 13, point->has_max, point->max);
    write_optional(writer, 12, point->has_min, point->min);
    write_exemplars(writer, point, 11);
    sm_otlp_write_uint(writer, 10, point->flags);
    if (point->has_negative)
        write_buckets(writer, 9, &point->negative);
    if (point->has_positive)
        write_buckets(writer, 8, &point->positive);
    sm_otlp_write_fixed64(writer, 7, point->zero_count);
    sm_otlp_write_uint(writer, 6, zigzag(point->scale));
    write_optional(writer, 5, point->has_sum, point->sum);
    sm_otlp_write_fixed64(writer, 4, point->count);
    sm_otlp_write_fixed64(writer, 3, point->time_ns);
    sm_otlp_write_fixed64(writer, 2, point->start_ns);
    sm_otlp_write_attributes(writer, &point->attributes, 1);
}

static void write_summary_point(struct sm_proto_writer *writer, const struct sm_data_point *point)
{
    sm_otlp_write_unknown(writer, point->raw, 0x1fc);
    sm_otlp_write_uint(writer, 8, point->flags);
    sm_otlp_write_attributes(writer, &point->attributes, 7);
    for (size_t i = point->quantile_count; i-- > 0;) {
        size_t mark = sm_proto_writer_mark(writer);
        write_double(writer, 2, point->quantiles[i].value);
        write_double(writer, 1, point->quantiles[i].quantile);
        sm_proto_write_message(writer, 6, mark);
    }
    write_double(writer, 5, point->sum);
    sm_otlp_write_fixed64(writer, 4, point->count);
    sm_otlp_write_fixed64(writer, 3, point->time_ns);
    sm_otlp_write_fixed64(writer, 2, point->start_ns);
}

static const struct {
    uint32_t field; /* of the metric's oneof */
    bool has_temporality, has_monotonic;
    void (*write_point)(struct sm_proto_writer *writer, const struct sm_data_point *point);
} data_kinds[] = {
    [SM_METRIC_GAUGE] = {5, false, false, write_number_point},       [SM_METRIC_SUM] = {7, true, true, write_number_point},
    [SM_METRIC_HISTOGRAM] = {9, true, false, write_histogram_point}, [SM_METRIC_EXPONENTIAL_HISTOGRAM] = {10, true, false, write_exponential_point},
    [SM_METRIC_SUMMARY] = {11, false, false, write_summary_point},
};

static void write_data(struct sm_proto_writer *writer, const struct sm_metric *metric)
{
    if (metric->type == SM_METRIC_NONE)
        return;
    size_t mark = sm_proto_writer_mark(writer);
    if (data_kinds[metric->type].has_monotonic)
        sm_otlp_write_uint(writer, 3, metric->is_monotonic);
    if (data_kinds[metric->type].has_temporality)
        sm_otlp_write_uint(writer, 2, (uint64_t)(int64_t)metric->temporality);
    for (size_t i = metric->point_count; i-- > 0;) {
        const struct sm_data_point *point = &metric->points[i];
        if (point->dropped)
            continue;
        if (point->raw.ptr && !point->changed && !point->attributes.changed) {
            sm_proto_write_bytes(writer, 1, point->raw);
            continue;
        }
        size_t start = sm_proto_writer_mark(writer);
        data_kinds[metric->type].write_point(writer, point);
        sm_proto_write_message(writer, 1, start);
    }
    sm_proto_write_message(writer, data_kinds[metric->type].field, mark);
}

void sm_otlp_write_metric(struct sm_proto_writer *writer, const struct sm_metric *metric)
{
    if (metric->dropped)
        return;
    if (metric->raw.ptr && !metric->changed && !metric->metadata.changed) {
        sm_proto_write_bytes(writer, 2, metric->raw);
        return;
    }
    size_t mark = sm_proto_writer_mark(writer);
    sm_otlp_write_unknown(writer, metric->raw, 0x1eae);
    sm_otlp_write_attributes(writer, &metric->metadata, 12);
    write_data(writer, metric);
    sm_otlp_write_text(writer, 3, metric->unit);
    sm_otlp_write_text(writer, 2, metric->description);
    sm_otlp_write_text(writer, 1, metric->name);
    sm_proto_write_message(writer, 2, mark);
}
