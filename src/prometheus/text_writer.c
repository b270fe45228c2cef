/* text_writer.c - pages as text: the classic format 0.0.4 and OpenMetrics.
 *
 * Reads a page, appends to the output. Names that are not classic are escaped as the client asked, or quoted inside the braces.
 * Source: prometheus/common expfmt (text_create.go, openmetrics_create.go). */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "prometheus/name.h"
#include "base/hex.h"
#include "prometheus/page.h"
#include "wire/number.h"

struct writer {
    struct sm_bytes *out;
    struct sm_prometheus_format format;
    bool is_open_metrics;
    bool with_timestamps;
    struct sm_slice name;   /* of the family, as it is shown on sample lines */
    bool is_classic;        /* so is that name */
    struct sm_bytes labels; /* of the sample, rendered: a="1",b="2" */
    struct sm_bytes timestamp;
    struct sm_prometheus_bounds bounds;
};

/* ---- parts */

static void put_escaped(struct sm_bytes *out, struct sm_slice text, bool escapes_quotes)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (c == '\n') {
            sm_bytes_append(out, "\\n", 2);
            continue;
        }
        if (c == '\\' || (c == '"' && escapes_quotes))
            sm_bytes_append_char(out, '\\');
        sm_bytes_append_char(out, c);
    }
}

static void put_name(struct sm_bytes *out, struct sm_slice name)
{
    if (sm_prometheus_is_classic_name(name)) {
        sm_bytes_append_slice(out, name);
        return;
    }
    sm_bytes_append_char(out, '"');
    put_escaped(out, name, true);
    sm_bytes_append_char(out, '"');
}

static void put_number(const struct writer *writer, struct sm_bytes *out, double number)
{
    if (number == 0)
        number = 0; /* no sign */
    char text[SM_NUMBER_SIZE_MAX];
    size_t size = sm_number_format(number, SM_NUMBER_GENERAL, text);
    sm_bytes_append(out, text, size);
    if (writer->is_open_metrics && isfinite(number) && !memchr(text, '.', size) && !memchr(text, 'e', size))
        sm_bytes_append(out, ".0", 2);
}

static void put_integer(struct sm_bytes *out, uint64_t integer)
{
    sm_bytes_printf(out, "%" PRIu64, integer);
}

/* Counts are integers in OpenMetrics and doubles in the classic format. */
static void put_count(const struct writer *writer, uint64_t count)
{
    if (writer->is_open_metrics)
        put_integer(writer->out, count);
    else
        put_number(writer, writer->out, (double)count);
}

/* ---- lines */

/* Name and labels, with one label more when `extra_name` is not NULL. */
static void begin_line(struct writer *writer, const char *suffix, const char *extra_name, double extra_value)
{
    struct sm_bytes *out = writer->out;
    bool has_labels = writer->labels.size || extra_name;
    if (writer->is_classic) {
        sm_bytes_append_slice(out, writer->name);
        sm_bytes_append_text(out, suffix);
    } else {
        sm_bytes_append_text(out, "{\"");
        put_escaped(out, writer->name, true);
        sm_bytes_append_text(out, suffix);
        sm_bytes_append_char(out, '"');
    }
    if (has_labels)
        sm_bytes_append_char(out, writer->is_classic ? '{' : ',');
    sm_bytes_append_slice(out, sm_bytes_slice(&writer->labels));
    if (extra_name) {
        if (writer->labels.size)
            sm_bytes_append_char(out, ',');
        sm_bytes_append_text(out, extra_name);
        sm_bytes_append_text(out, "=\"");
        put_number(writer, out, extra_value);
        sm_bytes_append_char(out, '"');
    }
    if (has_labels || !writer->is_classic)
        sm_bytes_append_char(out, '}');
    sm_bytes_append_char(out, ' ');
}

static void put_hex_label(struct sm_bytes *out, const char *name, const unsigned char *bytes, size_t size, bool is_first)
{
    if (!is_first)
        sm_bytes_append_char(out, ',');
    sm_bytes_append_text(out, name);
    sm_bytes_append_text(out, "=\"");
    sm_hex_append(out, sm_slice_make(bytes, size));
    sm_bytes_append_char(out, '"');
}

static void put_exemplar(struct writer *writer, const struct sm_prometheus_exemplar *exemplar)
{
    struct sm_bytes *out = writer->out;
    sm_bytes_append_text(out, " # {");
    if (exemplar->has_span_id)
        put_hex_label(out, "span_id", exemplar->span_id, sizeof(exemplar->span_id), true);
    if (exemplar->has_trace_id)
        put_hex_label(out, "trace_id", exemplar->trace_id, sizeof(exemplar->trace_id), !exemplar->has_span_id);
    sm_bytes_append_text(out, "} ");
    put_number(writer, out, exemplar->value);
    sm_bytes_append_char(out, ' ');
    put_number(writer, out, (double)(int64_t)exemplar->time_ns / 1e9);
}

static void end_line(struct writer *writer, const struct sm_prometheus_exemplar *exemplar)
{
    sm_bytes_append_slice(writer->out, sm_bytes_slice(&writer->timestamp));
    if (writer->is_open_metrics && exemplar && (exemplar->has_trace_id || exemplar->has_span_id))
        put_exemplar(writer, exemplar);
    sm_bytes_append_char(writer->out, '\n');
}

static void write_number_line(struct writer *writer, const char *suffix, double number, const struct sm_prometheus_exemplar *exemplar)
{
    begin_line(writer, suffix, NULL, 0);
    put_number(writer, writer->out, number);
    end_line(writer, exemplar);
}

static void write_count_line(struct writer *writer, const char *suffix, uint64_t count)
{
    begin_line(writer, suffix, NULL, 0);
    put_count(writer, count);
    end_line(writer, NULL);
}

static void write_bucket_line(struct writer *writer, const struct sm_prometheus_bucket *bucket)
{
    begin_line(writer, "_bucket", "le", bucket->upper);
    put_count(writer, bucket->cumulative_count);
    end_line(writer, bucket->exemplar);
}

/* ---- samples */

static void write_histogram(struct writer *writer, const struct sm_prometheus_series *series)
{
    const struct sm_prometheus_distribution *histogram = series->distribution;
    size_t count = 0;
    const struct sm_prometheus_bucket *buckets = NULL;
    if (sm_prometheus_series_type(series) == SM_METRIC_HISTOGRAM)
        buckets = sm_prometheus_buckets_of(&writer->bounds, series, &count);
    bool has_infinity = false;
    for (size_t i = 0; i < count; i++) {
        write_bucket_line(writer, &buckets[i]);
        has_infinity |= isinf(buckets[i].upper) && buckets[i].upper > 0;
    }
    if (!has_infinity)
        write_bucket_line(writer, &(struct sm_prometheus_bucket){.upper = INFINITY, .cumulative_count = histogram->count});
    write_number_line(writer, "_sum", histogram->sum, NULL);
    write_count_line(writer, "_count", histogram->count);
}

static void write_summary(struct writer *writer, const struct sm_prometheus_series *series)
{
    const struct sm_prometheus_distribution *summary = series->distribution;
    size_t count;
    struct sm_quantile *quantiles = sm_prometheus_quantiles_of(summary, &count);
    for (size_t i = 0; i < count; i++) {
        begin_line(writer, "", "quantile", quantiles[i].quantile);
        put_number(writer, writer->out, quantiles[i].value);
        end_line(writer, NULL);
    }
    free(quantiles);
    write_number_line(writer, "_sum", summary->sum, NULL);
    write_count_line(writer, "_count", summary->count);
}

static void render_labels(struct writer *writer, const struct sm_prometheus_sample *sample)
{
    writer->labels.size = 0;
    for (uint32_t i = 0; i < sample->label_count; i++) {
        if (i)
            sm_bytes_append_char(&writer->labels, ',');
        struct sm_slice name = *sample->labels[i].name;
        if (sm_prometheus_is_classic_name(name)) {
            sm_bytes_append_slice(&writer->labels, name);
        } else {
            struct sm_bytes escaped = {0};
            sm_prometheus_escape_name(name, writer->format.escaping, &escaped);
            put_name(&writer->labels, sm_bytes_slice(&escaped));
            sm_bytes_deinit(&escaped);
        }
        sm_bytes_append_text(&writer->labels, "=\"");
        put_escaped(&writer->labels, sm_prometheus_text_slice(sample->labels[i].value), true);
        sm_bytes_append_char(&writer->labels, '"');
    }
}

static void render_timestamp(struct writer *writer, const struct sm_prometheus_sample *sample)
{
    writer->timestamp.size = 0;
    if (!writer->with_timestamps || !sample->series)
        return;
    int64_t time_ms = sm_prometheus_sample_time_ms(sample);
    sm_bytes_append_char(&writer->timestamp, ' ');
    if (writer->is_open_metrics)
        put_number(writer, &writer->timestamp, (double)time_ms / 1000);
    else
        sm_bytes_printf(&writer->timestamp, "%" PRId64, time_ms);
}

static const struct sm_prometheus_exemplar *last_exemplar(const struct sm_prometheus_sample *sample)
{
    const struct sm_prometheus_exemplars *exemplars = sample->series ? sample->series->exemplars : NULL;
    return exemplars ? &exemplars->items[exemplars->count - 1] : NULL;
}

static void write_sample(struct writer *writer, enum sm_prometheus_family_type type, const struct sm_prometheus_sample *sample)
{
    render_labels(writer, sample);
    render_timestamp(writer, sample);
    if (type == SM_PROMETHEUS_HISTOGRAM)
        write_histogram(writer, sample->series);
    else if (type == SM_PROMETHEUS_SUMMARY)
        write_summary(writer, sample->series);
    else
        write_number_line(writer, "", sm_prometheus_sample_number(sample), type == SM_PROMETHEUS_COUNTER ? last_exemplar(sample) : NULL);
}

/* ---- families */

static const char *type_word(const struct writer *writer, enum sm_prometheus_family_type type, bool has_total)
{
    switch (type) {
    case SM_PROMETHEUS_COUNTER:
        return writer->is_open_metrics && !has_total ? "unknown" : "counter";
    case SM_PROMETHEUS_SUMMARY:
        return "summary";
    case SM_PROMETHEUS_HISTOGRAM:
        return "histogram";
    case SM_PROMETHEUS_GAUGE:
        break;
    }
    return "gauge";
}

static void write_family(struct writer *writer, const struct sm_prometheus_family *family)
{
    struct sm_bytes escaped = {0};
    sm_prometheus_escape_name(family->name, writer->format.escaping, &escaped);
    writer->name = sm_bytes_slice(&escaped);
    writer->is_classic = sm_prometheus_is_classic_name(writer->name);
    struct sm_slice total = SM_SLICE("_total"), described = writer->name;
    bool has_total = family->type == SM_PROMETHEUS_COUNTER && sm_slice_ends_with(described, total);
    if (writer->is_open_metrics && has_total)
        described.size -= total.size;
    sm_bytes_append_text(writer->out, "# HELP ");
    put_name(writer->out, described);
    sm_bytes_append_char(writer->out, ' ');
    put_escaped(writer->out, family->help, writer->is_open_metrics);
    sm_bytes_append_text(writer->out, "\n# TYPE ");
    put_name(writer->out, described);
    sm_bytes_append_char(writer->out, ' ');
    sm_bytes_append_text(writer->out, type_word(writer, family->type, has_total));
    sm_bytes_append_char(writer->out, '\n');
    for (size_t i = 0; i < family->count; i++)
        write_sample(writer, family->type, &family->samples[i]);
    sm_bytes_deinit(&escaped);
}

void sm_prometheus_write_text(struct sm_prometheus_page *page, struct sm_prometheus_format format, struct sm_bytes *out)
{
    struct writer writer = {
        .out = out, .format = format, .is_open_metrics = format.type != SM_PROMETHEUS_TEXT, .with_timestamps = page->set->options->send_timestamps};
    for (size_t i = 0; i < page->count; i++) {
        sm_prometheus_page_prepare(page, page->sorted[i], writer.with_timestamps);
        if (page->sorted[i]->count)
            write_family(&writer, page->sorted[i]);
    }
    if (writer.is_open_metrics)
        sm_bytes_append_text(out, "# EOF\n");
    sm_bytes_deinit(&writer.labels);
    sm_bytes_deinit(&writer.timestamp);
    sm_prometheus_bounds_deinit(&writer.bounds);
}
