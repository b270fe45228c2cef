/* proto_writer.c - pages as protobuf: io.prometheus.client.MetricFamily messages, each with its length before it or as text, with native histograms.
 *
 * Reads a page, appends to the output. Source: prometheus/client_model metrics.proto; client_golang histogram.go (spans and deltas of native
 * histograms). */
#include <stdlib.h>

#include "prometheus/name.h"
#include "base/hex.h"
#include "prometheus/page.h"
#include "wire/protobuf.h"

/* Field numbers of metrics.proto. */
enum { FAMILY_NAME = 1, FAMILY_HELP = 2, FAMILY_TYPE = 3, FAMILY_METRIC = 4 };
enum { METRIC_LABEL = 1, METRIC_GAUGE = 2, METRIC_COUNTER = 3, METRIC_SUMMARY = 4, METRIC_TIMESTAMP_MS = 6, METRIC_HISTOGRAM = 7 };
enum { LABEL_NAME = 1, LABEL_VALUE = 2 };
enum { NUMBER_VALUE = 1, COUNTER_EXEMPLAR = 2, COUNTER_CREATED = 3 };
enum { SUMMARY_COUNT = 1, SUMMARY_SUM = 2, SUMMARY_QUANTILE = 3, SUMMARY_CREATED = 4 };
enum { QUANTILE_QUANTILE = 1, QUANTILE_VALUE = 2 };
enum {
    HISTOGRAM_COUNT = 1,
    HISTOGRAM_SUM = 2,
    HISTOGRAM_BUCKET = 3,
    HISTOGRAM_SCHEMA = 5,
    HISTOGRAM_ZERO_THRESHOLD = 6,
    HISTOGRAM_ZERO_COUNT = 7,
    HISTOGRAM_NEGATIVE_SPAN = 9,
    HISTOGRAM_NEGATIVE_DELTA = 10,
    HISTOGRAM_POSITIVE_SPAN = 12,
    HISTOGRAM_POSITIVE_DELTA = 13,
    HISTOGRAM_CREATED = 15,
    HISTOGRAM_EXEMPLARS = 16
};
enum { BUCKET_COUNT = 1, BUCKET_UPPER = 2, BUCKET_EXEMPLAR = 3 };
enum { SPAN_OFFSET = 1, SPAN_LENGTH = 2 };
enum { EXEMPLAR_LABEL = 1, EXEMPLAR_VALUE = 2, EXEMPLAR_TIMESTAMP = 3 };
enum { TIMESTAMP_SECONDS = 1, TIMESTAMP_NANOS = 2 };

static const double zero_threshold_default = 1e-128;
static const int64_t zero_time_seconds = INT64_C(-62135596800); /* 0001-01-01: how Go writes "no time" */
enum { NS_PER_S = 1000000000, SPAN_GAP_MAX = 2 };

static uint64_t zigzag(int64_t integer)
{
    return ((uint64_t)integer << 1) ^ (integer < 0 ? UINT64_MAX : 0);
}

static void put_seconds(struct sm_bytes *out, uint32_t field, int64_t seconds, int64_t nanos)
{
    size_t mark = sm_proto_message_begin(out, field);
    if (seconds)
        sm_proto_put_uint(out, TIMESTAMP_SECONDS, (uint64_t)seconds);
    if (nanos)
        sm_proto_put_uint(out, TIMESTAMP_NANOS, (uint64_t)nanos);
    sm_proto_message_end(out, mark);
}

static void put_time(struct sm_bytes *out, uint32_t field, uint64_t time_ns)
{
    int64_t ns = (int64_t)time_ns, rest = ns % NS_PER_S;
    put_seconds(out, field, ns / NS_PER_S - (rest < 0), rest < 0 ? rest + NS_PER_S : rest);
}

/* The time a series began, when there is one. */
static void put_created(struct sm_bytes *out, uint32_t field, const struct sm_prometheus_series *series)
{
    if ((int64_t)series->start_ns >= NS_PER_S)
        put_time(out, field, series->start_ns);
}

static void put_label(struct sm_bytes *out, uint32_t field, struct sm_slice name, struct sm_slice value)
{
    size_t mark = sm_proto_message_begin(out, field);
    sm_proto_put_bytes(out, LABEL_NAME, name);
    sm_proto_put_bytes(out, LABEL_VALUE, value);
    sm_proto_message_end(out, mark);
}

static void put_id(struct sm_bytes *out, const char *name, const unsigned char *id, size_t size)
{
    enum { ID_SIZE_MAX = 16 };
    char text[2 * ID_SIZE_MAX];
    sm_hex_write(text, sm_slice_make(id, size));
    put_label(out, EXEMPLAR_LABEL, sm_slice_of(name), sm_slice_make(text, 2 * size));
}

static void put_exemplar(struct sm_bytes *out, uint32_t field, const struct sm_prometheus_exemplar *exemplar)
{
    size_t mark = sm_proto_message_begin(out, field);
    if (exemplar->has_trace_id)
        put_id(out, "trace_id", exemplar->trace_id, sizeof(exemplar->trace_id));
    if (exemplar->has_span_id)
        put_id(out, "span_id", exemplar->span_id, sizeof(exemplar->span_id));
    sm_proto_put_double(out, EXEMPLAR_VALUE, exemplar->value);
    put_time(out, EXEMPLAR_TIMESTAMP, exemplar->time_ns);
    sm_proto_message_end(out, mark);
}

/* ---- native histograms */

/* Buckets of one side in ascending order, at the scale that is shown. */
struct spans {
    struct sm_bytes spans, deltas; /* encoded fields */
    uint32_t span_field, delta_field;
    int32_t span_offset;
    uint32_t span_length;
    bool is_open;
    int64_t next_index; /* behind the last bucket */
    int64_t last_count;
};

static void close_span(struct spans *spans)
{
    if (!spans->is_open)
        return;
    size_t mark = sm_proto_message_begin(&spans->spans, spans->span_field);
    sm_proto_put_uint(&spans->spans, SPAN_OFFSET, zigzag(spans->span_offset));
    sm_proto_put_uint(&spans->spans, SPAN_LENGTH, spans->span_length);
    sm_proto_message_end(&spans->spans, mark);
}

static void add_count(struct spans *spans, int64_t count)
{
    spans->span_length++;
    sm_proto_put_uint(&spans->deltas, spans->delta_field, zigzag((int64_t)((uint64_t)count - (uint64_t)spans->last_count)));
    spans->last_count = count;
}

static void add_bucket(struct spans *spans, int64_t index, uint64_t count)
{
    int64_t gap = index - spans->next_index;
    if (!spans->is_open || gap > SPAN_GAP_MAX) {
        close_span(spans);
        spans->is_open = true;
        spans->span_offset = (int32_t)gap;
        spans->span_length = 0;
    } else {
        for (; gap > 0; gap--)
            add_count(spans, 0);
    }
    add_count(spans, (int64_t)count);
    spans->next_index = index + 1;
}

/* Buckets that fall together at the coarser scale are added up. */
static void put_side(struct sm_bytes *out, const uint64_t *counts, struct sm_prometheus_buckets side, unsigned shift, uint32_t span_field,
                     uint32_t delta_field)
{
    enum { SHIFT_MAX = 62 };
    struct spans spans = {.span_field = span_field, .delta_field = delta_field};
    if (shift > SHIFT_MAX)
        shift = SHIFT_MAX;
    for (uint32_t i = 0; i < side.count;) {
        int64_t index = ((int64_t)side.offset + i) >> shift;
        uint64_t count = 0;
        for (; i < side.count && ((int64_t)side.offset + i) >> shift == index; i++)
            count += counts[i];
        add_bucket(&spans, index + 1, count); /* one more: a Prometheus bucket is named by its upper limit */
    }
    close_span(&spans);
    sm_bytes_append_slice(out, sm_bytes_slice(&spans.spans));
    sm_bytes_append_slice(out, sm_bytes_slice(&spans.deltas));
    sm_bytes_deinit(&spans.spans);
    sm_bytes_deinit(&spans.deltas);
}

static void put_native(struct sm_bytes *out, const struct sm_prometheus_series *series)
{
    const struct sm_prometheus_distribution *histogram = series->distribution;
    int32_t schema = histogram->scale > SM_PROMETHEUS_SCALE_MAX ? SM_PROMETHEUS_SCALE_MAX : histogram->scale;
    unsigned shift = (unsigned)(histogram->scale - schema);
    sm_proto_put_uint(out, HISTOGRAM_SCHEMA, zigzag(schema));
    sm_proto_put_double(out, HISTOGRAM_ZERO_THRESHOLD, histogram->zero_threshold != 0 ? histogram->zero_threshold : zero_threshold_default);
    sm_proto_put_uint(out, HISTOGRAM_ZERO_COUNT, histogram->zero_count);
    put_side(out, histogram->data + histogram->positive.count, histogram->negative, shift, HISTOGRAM_NEGATIVE_SPAN, HISTOGRAM_NEGATIVE_DELTA);
    put_side(out, histogram->data, histogram->positive, shift, HISTOGRAM_POSITIVE_SPAN, HISTOGRAM_POSITIVE_DELTA);
    if ((int64_t)series->start_ns >= NS_PER_S)
        put_time(out, HISTOGRAM_CREATED, series->start_ns);
    else
        put_seconds(out, HISTOGRAM_CREATED, zero_time_seconds, 0);
    for (size_t i = 0; series->exemplars && i < series->exemplars->count; i++)
        put_exemplar(out, HISTOGRAM_EXEMPLARS, &series->exemplars->items[i]);
}

/* ---- samples */

static void put_bucket(struct sm_bytes *out, const struct sm_prometheus_bucket *bucket)
{
    size_t mark = sm_proto_message_begin(out, HISTOGRAM_BUCKET);
    sm_proto_put_uint(out, BUCKET_COUNT, bucket->cumulative_count);
    sm_proto_put_double(out, BUCKET_UPPER, bucket->upper);
    if (bucket->exemplar)
        put_exemplar(out, BUCKET_EXEMPLAR, bucket->exemplar);
    sm_proto_message_end(out, mark);
}

static void put_histogram(struct sm_bytes *out, struct sm_prometheus_bounds *bounds, const struct sm_prometheus_series *series)
{
    size_t mark = sm_proto_message_begin(out, METRIC_HISTOGRAM);
    sm_proto_put_uint(out, HISTOGRAM_COUNT, series->distribution->count);
    sm_proto_put_double(out, HISTOGRAM_SUM, series->distribution->sum);
    if (sm_prometheus_series_type(series) == SM_METRIC_EXPONENTIAL_HISTOGRAM) {
        put_native(out, series);
    } else {
        size_t count;
        const struct sm_prometheus_bucket *buckets = sm_prometheus_buckets_of(bounds, series, &count);
        for (size_t i = 0; i < count; i++)
            put_bucket(out, &buckets[i]);
        put_created(out, HISTOGRAM_CREATED, series);
    }
    sm_proto_message_end(out, mark);
}

static void put_summary(struct sm_bytes *out, const struct sm_prometheus_series *series)
{
    size_t mark = sm_proto_message_begin(out, METRIC_SUMMARY);
    sm_proto_put_uint(out, SUMMARY_COUNT, series->distribution->count);
    sm_proto_put_double(out, SUMMARY_SUM, series->distribution->sum);
    size_t count;
    struct sm_quantile *quantiles = sm_prometheus_quantiles_of(series->distribution, &count);
    for (size_t i = 0; i < count; i++) {
        size_t quantile = sm_proto_message_begin(out, SUMMARY_QUANTILE);
        sm_proto_put_double(out, QUANTILE_QUANTILE, quantiles[i].quantile);
        sm_proto_put_double(out, QUANTILE_VALUE, quantiles[i].value);
        sm_proto_message_end(out, quantile);
    }
    free(quantiles);
    put_created(out, SUMMARY_CREATED, series);
    sm_proto_message_end(out, mark);
}

static void put_number(struct sm_bytes *out, enum sm_prometheus_family_type type, const struct sm_prometheus_sample *sample)
{
    bool is_counter = type == SM_PROMETHEUS_COUNTER;
    size_t mark = sm_proto_message_begin(out, is_counter ? METRIC_COUNTER : METRIC_GAUGE);
    sm_proto_put_double(out, NUMBER_VALUE, sm_prometheus_sample_number(sample));
    if (is_counter && sample->series->exemplars)
        put_exemplar(out, COUNTER_EXEMPLAR, &sample->series->exemplars->items[sample->series->exemplars->count - 1]);
    if (is_counter)
        put_created(out, COUNTER_CREATED, sample->series);
    sm_proto_message_end(out, mark);
}

static void put_labels(struct sm_bytes *out, const struct sm_prometheus_sample *sample, enum sm_prometheus_escaping escaping)
{
    struct sm_bytes name = {0};
    for (uint32_t i = 0; i < sample->label_count; i++) {
        name.size = 0;
        sm_prometheus_escape_name(*sample->labels[i].name, escaping, &name);
        put_label(out, METRIC_LABEL, sm_bytes_slice(&name), sm_prometheus_text_slice(sample->labels[i].value));
    }
    sm_bytes_deinit(&name);
}

static void put_family(struct sm_bytes *out, struct sm_slice family, enum sm_prometheus_format_type type)
{
    if (type != SM_PROMETHEUS_PROTO_DELIMITED) {
        sm_prometheus_put_family_text(out, family, type == SM_PROMETHEUS_PROTO_COMPACT);
        return;
    }
    sm_proto_put_varint(out, family.size);
    sm_bytes_append_slice(out, family);
}

void sm_prometheus_write_proto(struct sm_prometheus_page *page, struct sm_prometheus_format format, struct sm_bytes *out)
{
    bool with_timestamps = page->set->options->send_timestamps;
    struct sm_prometheus_bounds bounds = {0};
    struct sm_bytes message = {0};
    for (size_t i = 0; i < page->count; i++) {
        struct sm_prometheus_family *family = page->sorted[i];
        sm_prometheus_page_prepare(page, family, with_timestamps);
        if (!family->count)
            continue;
        message.size = 0;
        struct sm_bytes name = {0};
        sm_prometheus_escape_name(family->name, format.escaping, &name);
        sm_proto_put_bytes(&message, FAMILY_NAME, sm_bytes_slice(&name));
        sm_bytes_deinit(&name);
        sm_proto_put_bytes(&message, FAMILY_HELP, family->help);
        sm_proto_put_uint(&message, FAMILY_TYPE, (uint64_t)family->type);
        for (size_t k = 0; k < family->count; k++) {
            const struct sm_prometheus_sample *sample = &family->samples[k];
            size_t mark = sm_proto_message_begin(&message, FAMILY_METRIC);
            put_labels(&message, sample, format.escaping);
            if (family->type == SM_PROMETHEUS_SUMMARY)
                put_summary(&message, sample->series);
            else if (family->type != SM_PROMETHEUS_HISTOGRAM)
                put_number(&message, family->type, sample);
            if (with_timestamps && sample->series)
                sm_proto_put_uint(&message, METRIC_TIMESTAMP_MS, (uint64_t)sm_prometheus_sample_time_ms(sample));
            if (family->type == SM_PROMETHEUS_HISTOGRAM)
                put_histogram(&message, &bounds, sample->series);
            sm_proto_message_end(&message, mark);
        }
        put_family(out, sm_bytes_slice(&message), format.type);
    }
    sm_bytes_deinit(&message);
    sm_prometheus_bounds_deinit(&bounds);
}
