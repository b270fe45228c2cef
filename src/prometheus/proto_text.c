/* proto_text.c - a family as protobuf's text format: one line for each field, or all of it on one line.
 *
 * Reads an encoded io.prometheus.client.MetricFamily as proto_writer.c makes it, appends to the output. Fields stand in the order of their
 * declaration, not of their numbers. Where the reference puts one or two spaces, depending on how it was built, here is one.
 * Source: prometheus/client_model metrics.proto; prometheus/common expfmt/encode.go; google.golang.org/protobuf internal/encoding/text. */
#include <inttypes.h>
#include <math.h>

#include "base/utf8.h"
#include "prometheus/page.h"
#include "wire/number.h"
#include "wire/protobuf.h"

enum kind { TEXT, DOUBLE, UNSIGNED, SIGNED, ZIGZAG, FAMILY_KIND, MESSAGE };

struct field {
    const char *name; /* NULL: the last */
    uint32_t number;
    enum kind kind;
    const struct field *message; /* MESSAGE: its fields */
};

/* In the order of metrics.proto; those that pages never have are left out. */
static const struct field time_fields[] = {{"seconds", 1, SIGNED, NULL}, {"nanos", 2, SIGNED, NULL}, {0}};
static const struct field label_fields[] = {{"name", 1, TEXT, NULL}, {"value", 2, TEXT, NULL}, {0}};
static const struct field exemplar_fields[] = {
    {"label", 1, MESSAGE, label_fields}, {"value", 2, DOUBLE, NULL}, {"timestamp", 3, MESSAGE, time_fields}, {0}};
static const struct field gauge_fields[] = {{"value", 1, DOUBLE, NULL}, {0}};
static const struct field counter_fields[] = {
    {"value", 1, DOUBLE, NULL}, {"exemplar", 2, MESSAGE, exemplar_fields}, {"created_timestamp", 3, MESSAGE, time_fields}, {0}};
static const struct field quantile_fields[] = {{"quantile", 1, DOUBLE, NULL}, {"value", 2, DOUBLE, NULL}, {0}};
static const struct field summary_fields[] = {{"sample_count", 1, UNSIGNED, NULL},
                                              {"sample_sum", 2, DOUBLE, NULL},
                                              {"quantile", 3, MESSAGE, quantile_fields},
                                              {"created_timestamp", 4, MESSAGE, time_fields},
                                              {0}};
static const struct field bucket_fields[] = {
    {"cumulative_count", 1, UNSIGNED, NULL}, {"upper_bound", 2, DOUBLE, NULL}, {"exemplar", 3, MESSAGE, exemplar_fields}, {0}};
static const struct field span_fields[] = {{"offset", 1, ZIGZAG, NULL}, {"length", 2, UNSIGNED, NULL}, {0}};
static const struct field histogram_fields[] = {{"sample_count", 1, UNSIGNED, NULL},
                                                {"sample_sum", 2, DOUBLE, NULL},
                                                {"bucket", 3, MESSAGE, bucket_fields},
                                                {"created_timestamp", 15, MESSAGE, time_fields},
                                                {"schema", 5, ZIGZAG, NULL},
                                                {"zero_threshold", 6, DOUBLE, NULL},
                                                {"zero_count", 7, UNSIGNED, NULL},
                                                {"negative_span", 9, MESSAGE, span_fields},
                                                {"negative_delta", 10, ZIGZAG, NULL},
                                                {"positive_span", 12, MESSAGE, span_fields},
                                                {"positive_delta", 13, ZIGZAG, NULL},
                                                {"exemplars", 16, MESSAGE, exemplar_fields},
                                                {0}};
static const struct field metric_fields[] = {{"label", 1, MESSAGE, label_fields},
                                             {"gauge", 2, MESSAGE, gauge_fields},
                                             {"counter", 3, MESSAGE, counter_fields},
                                             {"summary", 4, MESSAGE, summary_fields},
                                             {"histogram", 7, MESSAGE, histogram_fields},
                                             {"timestamp_ms", 6, SIGNED, NULL},
                                             {0}};
static const struct field family_fields[] = {
    {"name", 1, TEXT, NULL}, {"help", 2, TEXT, NULL}, {"type", 3, FAMILY_KIND, NULL}, {"metric", 4, MESSAGE, metric_fields}, {0}};

struct text_writer {
    struct sm_bytes *out;
    bool is_on_one_line;
    int depth;
};

/* ---- values */

/* Control characters, also those of two bytes, and what is no UTF-8. */
static void put_escaped(struct sm_bytes *out, unsigned char first, uint32_t rune)
{
    switch (first) {
    case '\n':
        sm_bytes_append(out, "\\n", 2);
        break;
    case '\r':
        sm_bytes_append(out, "\\r", 2);
        break;
    case '\t':
        sm_bytes_append(out, "\\t", 2);
        break;
    case '"':
    case '\\':
        sm_bytes_append_char(out, '\\');
        sm_bytes_append_char(out, (char)first);
        break;
    default:
        sm_bytes_printf(out, rune >= 0x80 ? "\\u%04x" : "\\x%02x", rune ? rune : first);
    }
}

static void put_text(struct sm_bytes *out, struct sm_slice text)
{
    enum { LAST_CONTROL = 0x9f };
    sm_bytes_append_char(out, '"');
    while (text.size) {
        size_t size;
        bool is_sound;
        unsigned char first = (unsigned char)*text.ptr;
        uint32_t rune = sm_utf8_read(text, &size, &is_sound);
        if (!is_sound)
            put_escaped(out, first, 0);
        else if (rune < ' ' || rune == '"' || rune == '\\' || (rune >= 0x7f && rune <= LAST_CONTROL))
            put_escaped(out, first, rune);
        else
            sm_bytes_append(out, text.ptr, size);
        text = sm_slice_make(text.ptr + size, text.size - size);
    }
    sm_bytes_append_char(out, '"');
}

static void put_double(struct sm_bytes *out, double number)
{
    char text[SM_NUMBER_SIZE_MAX];
    if (isnan(number))
        sm_bytes_append_text(out, "nan");
    else if (isinf(number))
        sm_bytes_append_text(out, number > 0 ? "inf" : "-inf");
    else
        sm_bytes_append(out, text, sm_number_format(number, SM_NUMBER_GENERAL, text));
}

static const char *kind_word(uint64_t kind)
{
    static const char *const words[] = {[SM_PROMETHEUS_COUNTER] = "COUNTER",
                                        [SM_PROMETHEUS_GAUGE] = "GAUGE",
                                        [SM_PROMETHEUS_SUMMARY] = "SUMMARY",
                                        [SM_PROMETHEUS_HISTOGRAM] = "HISTOGRAM"};
    return words[kind];
}

static void put_value(struct sm_bytes *out, enum kind kind, const struct sm_proto_field *field)
{
    double number;
    switch (kind) {
    case TEXT:
        put_text(out, field->bytes);
        break;
    case DOUBLE:
        memcpy(&number, &field->integer, sizeof(number));
        put_double(out, number);
        break;
    case UNSIGNED:
        sm_bytes_printf(out, "%" PRIu64, field->integer);
        break;
    case SIGNED:
        sm_bytes_printf(out, "%" PRId64, (int64_t)field->integer);
        break;
    case ZIGZAG:
        sm_bytes_printf(out, "%" PRId64, (int64_t)(field->integer >> 1 ^ -(field->integer & 1)));
        break;
    case FAMILY_KIND:
        sm_bytes_append_text(out, kind_word(field->integer));
        break;
    case MESSAGE:
        break;
    }
}

/* ---- messages */

static void put_indent(const struct text_writer *writer)
{
    for (int i = 0; i < writer->depth; i++)
        sm_bytes_append(writer->out, "  ", 2);
}

static void put_fields(struct text_writer *writer, const struct field *fields, struct sm_slice message);

static void put_field(struct text_writer *writer, const struct field *row, const struct sm_proto_field *field)
{
    bool is_open = row->kind == MESSAGE && field->bytes.size && !writer->is_on_one_line;
    if (!writer->is_on_one_line)
        put_indent(writer);
    sm_bytes_printf(writer->out, writer->is_on_one_line ? "%s:" : "%s: ", row->name);
    if (row->kind == MESSAGE) {
        sm_bytes_append_text(writer->out, is_open ? "{\n" : "{");
        writer->depth++;
        put_fields(writer, row->message, field->bytes);
        writer->depth--;
        if (is_open)
            put_indent(writer);
        sm_bytes_append_char(writer->out, '}');
    } else {
        put_value(writer->out, row->kind, field);
    }
    if (!writer->is_on_one_line)
        sm_bytes_append_char(writer->out, '\n');
}

static void put_fields(struct text_writer *writer, const struct field *fields, struct sm_slice message)
{
    bool is_first = true;
    for (const struct field *row = fields; row->name; row++) {
        struct sm_proto_cursor cursor = sm_proto_begin(message);
        struct sm_proto_field field;
        while (sm_proto_next(&cursor, &field)) {
            if (field.number != row->number)
                continue;
            if (!is_first && writer->is_on_one_line)
                sm_bytes_append_char(writer->out, ' ');
            is_first = false;
            put_field(writer, row, &field);
        }
    }
}

void sm_prometheus_put_family_text(struct sm_bytes *out, struct sm_slice family, bool is_on_one_line)
{
    struct text_writer writer = {.out = out, .is_on_one_line = is_on_one_line};
    put_fields(&writer, family_fields, family);
    sm_bytes_append_char(out, '\n'); /* with a line for each field: an empty one */
}
