/* labels_show.c - from a stored series to its labels: reads identities and tails as labels.c writes them (labels.h draws them). They were written by
 * this program, perhaps by an earlier process: what does not fit is cut short, never read beyond its end. */
#include "connectors/span_metrics/labels.h"

#include <stdlib.h>

#include "connectors/span_metrics/labels_format.h"
#include "wire/protobuf.h"

enum { KEY_VALUE_KEY = 1, KEY_VALUE_VALUE = 2, ANY_STRING = 1, ANY_BOOL = 2, ANY_INT = 3, ANY_DOUBLE = 4 };

static const char *const kind_names[] = {
    "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER", "", ""};
static const char *const status_names[] = {"STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR", ""};

/* Reads sized texts and numbers; running out of bytes sets `failed`. */
struct reader {
    const char *at, *end;
    bool failed;
};

static struct reader read_from(struct sm_slice bytes)
{
    return (struct reader){.at = bytes.ptr, .end = bytes.ptr ? bytes.ptr + bytes.size : NULL};
}

static uint64_t read_number(struct reader *reader)
{
    uint64_t number = 0;
    if (!sm_proto_read_varint(&reader->at, reader->end, &number))
        reader->failed = true;
    return number;
}

static struct sm_slice read_bytes(struct reader *reader, uint64_t size)
{
    if (reader->failed || size > (uint64_t)(reader->end - reader->at)) {
        reader->failed = true;
        return (struct sm_slice){0};
    }
    struct sm_slice bytes = sm_slice_make(reader->at, (size_t)size);
    reader->at += size;
    return bytes;
}

static struct sm_slice read_sized(struct reader *reader)
{
    uint64_t size = read_number(reader);
    return read_bytes(reader, size);
}

static unsigned read_byte(struct reader *reader)
{
    struct sm_slice byte = read_bytes(reader, 1);
    return byte.size ? (unsigned char)byte.ptr[0] : 0;
}

/* ---- writing labels */

struct labels_out {
    struct sm_bytes *bytes;
    size_t start;
    uint8_t field;
};

static void put_key_value(const struct labels_out *out, struct sm_slice key, struct sm_slice content)
{
    size_t pair = sm_proto_message_begin(out->bytes, out->field);
    sm_proto_put_bytes(out->bytes, KEY_VALUE_KEY, key);
    sm_proto_put_bytes(out->bytes, KEY_VALUE_VALUE, content);
    sm_proto_message_end(out->bytes, pair);
}

static void put_string(const struct labels_out *out, struct sm_slice key, struct sm_slice text)
{
    size_t pair = sm_proto_message_begin(out->bytes, out->field);
    sm_proto_put_bytes(out->bytes, KEY_VALUE_KEY, key);
    size_t value = sm_proto_message_begin(out->bytes, KEY_VALUE_VALUE);
    sm_proto_put_bytes(out->bytes, ANY_STRING, text);
    sm_proto_message_end(out->bytes, value);
    sm_proto_message_end(out->bytes, pair);
}

/* A dimension may have the name of a label that is there already: it replaces it, as in the reference. */
static void remove_label(const struct labels_out *out, struct sm_slice key)
{
    struct sm_proto_cursor cursor = sm_proto_begin(sm_slice_make(out->bytes->ptr + out->start, out->bytes->size - out->start));
    struct sm_proto_field pair, name;
    while (sm_proto_next(&cursor, &pair)) {
        struct sm_proto_cursor inner = sm_proto_begin(pair.bytes);
        if (!sm_proto_next(&inner, &name) || !sm_slice_equal(name.bytes, key))
            continue;
        char *hole = out->bytes->ptr + (pair.whole.ptr - out->bytes->ptr);
        size_t behind = out->bytes->size - (size_t)(hole - out->bytes->ptr) - pair.whole.size;
        memmove(hole, hole + pair.whole.size, behind);
        out->bytes->size -= pair.whole.size;
        return;
    }
}

/* The AnyValue of a dimension: its text as the type says, or what the tail holds. */
static void put_dimension(const struct labels_out *out, struct sm_slice key, struct sm_slice text, struct reader *tail)
{
    unsigned type = read_byte(tail);
    remove_label(out, key);
    if (type == SM_VALUE_STRING) {
        put_string(out, key, text);
        return;
    }
    if (type == SM_VALUE_LIST || type == SM_VALUE_MAP || type == SM_VALUE_BYTES) {
        put_key_value(out, key, read_sized(tail));
        return;
    }
    char buffer[32];
    struct sm_bytes content = {.ptr = buffer, .capacity = sizeof(buffer)};
    if (type == SM_VALUE_INT) {
        char digits[24] = {0};
        memcpy(digits, text.ptr, text.size < sizeof(digits) ? text.size : sizeof(digits) - 1);
        sm_proto_put_uint(&content, ANY_INT, (uint64_t)strtoll(digits, NULL, 10));
    } else if (type == SM_VALUE_BOOL) {
        sm_proto_put_uint(&content, ANY_BOOL, text.size && text.ptr[0] == 't');
    } else if (type == SM_VALUE_DOUBLE) {
        double number = 0;
        struct sm_slice bits = read_bytes(tail, sizeof(number));
        if (bits.size)
            memcpy(&number, bits.ptr, sizeof(number));
        sm_proto_put_double(&content, ANY_DOUBLE, number);
    }
    put_key_value(out, key, sm_bytes_slice(&content));
}

static void put_dimensions(const struct labels_out *out, const struct sm_label_plan *plan, enum sm_label_family family, struct reader *identity,
                           struct reader *tail)
{
    const struct sm_label_part *common = &plan->common, *own = &plan->own[family];
    while (identity->at < identity->end && !identity->failed) {
        uint64_t place = read_number(identity);
        struct sm_slice key = {0};
        if (place == 0)
            key = read_sized(identity);
        else if (place <= common->named_count)
            key = plan->names[common->named[place - 1].name];
        else if (place - common->named_count <= own->named_count)
            key = plan->names[own->named[place - common->named_count - 1].name];
        else
            return;
        struct sm_slice text = read_sized(identity);
        if (!identity->failed)
            put_dimension(out, key, text, tail);
    }
}

static void put_status(const struct labels_out *out, const struct sm_label_plan *plan, unsigned status)
{
    if (!plan->uses_otel_status)
        put_string(out, SM_SLICE("status.code"), sm_slice_of(status_names[status]));
    else if (status == 1 || status == 2)
        put_string(out, SM_SLICE("otel.status_code"), status == 1 ? SM_SLICE("OK") : SM_SLICE("ERROR"));
}

static void put_scope(const struct labels_out *out, struct reader *tail)
{
    struct sm_slice name = read_sized(tail);
    if (name.size == 0)
        return;
    struct sm_slice version = read_sized(tail);
    put_string(out, SM_SLICE("span.instrumentation.scope.name"), name);
    if (version.size)
        put_string(out, SM_SLICE("span.instrumentation.scope.version"), version);
}

void sm_labels_append_attributes(const struct sm_label_plan *plan, enum sm_label_family family, const struct sm_label_record *record, uint8_t field,
                                 struct sm_bytes *bytes)
{
    struct labels_out out = {.bytes = bytes, .start = bytes->size, .field = field};
    if (record->identity.size == 0) {
        static const char is_true[] = {ANY_BOOL << 3, 1};
        put_key_value(&out, SM_SLICE("otel.metric.overflow"), sm_slice_make(is_true, sizeof(is_true)));
        return;
    }
    struct reader identity = read_from(record->identity), tail = read_from(record->tail);
    unsigned flags = read_byte(&identity);
    struct sm_slice service = plan->has_service_in_identity ? read_sized(&identity) : record->service;
    struct sm_slice name = read_sized(&identity);
    if (plan->has_service)
        put_string(&out, SM_SLICE("service.name"), service);
    if (plan->has_span_name)
        put_string(&out, SM_SLICE("span.name"), name);
    if (plan->has_kind)
        put_string(&out, SM_SLICE("span.kind"), sm_slice_of(kind_names[flags & SM_LABELS_KIND_MASK]));
    if (plan->has_status)
        put_status(&out, plan, flags >> SM_LABELS_STATUS_SHIFT & SM_LABELS_STATUS_MASK);
    if (plan->has_instance)
        put_string(&out, SM_SLICE("collector.instance.id"), record->instance);
    put_scope(&out, &tail);
    if (plan->has_method)
        put_string(&out, SM_SLICE("sampling.method"), flags >> SM_LABELS_METHOD_SHIFT & 1 ? SM_SLICE("extrapolated") : SM_SLICE("counted"));
    put_dimensions(&out, plan, family, &identity, &tail);
}

bool sm_labels_summarize(const struct sm_label_plan *plan, const struct sm_label_record *record, struct sm_label_summary *summary)
{
    if (record->identity.size == 0)
        return false;
    struct reader identity = read_from(record->identity);
    unsigned flags = read_byte(&identity);
    summary->service = plan->has_service_in_identity ? read_sized(&identity) : record->service;
    summary->name = read_sized(&identity);
    summary->kind = flags & SM_LABELS_KIND_MASK;
    summary->status = flags >> SM_LABELS_STATUS_SHIFT & SM_LABELS_STATUS_MASK;
    return !identity.failed;
}
