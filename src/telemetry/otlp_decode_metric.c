/* otlp_decode_metric.c - decodes Metric messages with their data points. Attributes and exemplars are checked and stay encoded.
 *
 *     Metric      1 name  2 description  3 unit  12 metadata  and one of: 5 Gauge  7 Sum  9 Histogram  10 ExponentialHistogram  11 Summary
 *     Gauge…      1 points  2 temporality (Sum and histograms)  3 monotonic (Sum)
 *     all points  2 start  3 time (fixed64)
 *     Number      4 double  5 exemplars  6 integer (sfixed64)  7 attributes  8 flags
 *     Histogram   4 count (fixed64)  5 sum  6 bucket counts (fixed64)  7 bounds  8 exemplars  9 attributes  10 flags  11 min  12 max
 *     Exponential 1 attributes  4 count  5 sum  6 scale (zigzag)  7 zero count (fixed64)  8 positive  9 negative  10 flags  11 exemplars
 *                 12 min  13 max  14 zero threshold
 *     Buckets     1 offset (zigzag)  2 counts (varints)
 *     Summary     4 count  5 sum  6 quantiles  7 attributes  8 flags
 *     Exemplar    2 time  3 double  4 span ID  5 trace ID  6 integer (sfixed64)  7 attributes */
#include "telemetry/metric.h"
#include "telemetry/otlp_wire.h"
#include "telemetry/span.h"

static bool check_exemplar(struct sm_otlp_decoder *decoder, struct sm_slice message)
{
    const char *at = message.ptr, *end = at + message.size;
    struct sm_slice bytes;
    uint64_t ignored;
    uint32_t tag;
    while (at < end) {
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(2, SM_WIRE_FIXED64):
        case SM_TAG(3, SM_WIRE_FIXED64):
        case SM_TAG(6, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &ignored);
            break;
        case SM_TAG(4, SM_WIRE_BYTES):
            ok = sm_otlp_read_id(decoder, &at, end, SM_SPAN_ID_SIZE, &bytes);
            break;
        case SM_TAG(5, SM_WIRE_BYTES):
            ok = sm_otlp_read_id(decoder, &at, end, SM_TRACE_ID_SIZE, &bytes);
            break;
        case SM_TAG(7, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes) && sm_otlp_check_key_value(decoder, bytes, 0);
            break;
        default:
            ok = sm_otlp_skip(decoder, &at, end, tag, 0xfc);
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool read_exemplar(struct sm_otlp_decoder *decoder, const char *start, const char **at, const char *end, uint8_t field,
                          struct sm_data_point *point)
{
    struct sm_slice message;
    if (!sm_otlp_read_bytes(decoder, at, end, &message) || !check_exemplar(decoder, message))
        return false;
    if (!point->exemplars_raw.ptr) {
        point->exemplars_raw.ptr = start;
        point->exemplars_field = field;
    }
    point->exemplars_raw.size = (size_t)(*at - point->exemplars_raw.ptr);
    return true;
}

/* Repeated 64-bit numbers: a packed field replaces what came before, as in the reference; a single number is appended. */
static bool read_packed_fixed64(struct sm_otlp_decoder *decoder, const char **at, const char *end, void *array_out, size_t *count)
{
    struct sm_slice bytes;
    uint64_t **array = array_out;
    if (!sm_otlp_read_bytes(decoder, at, end, &bytes))
        return false;
    if (bytes.size % sizeof(**array) != 0)
        return sm_otlp_fail(decoder, bytes.ptr, "packed 64-bit numbers of odd length");
    if (decoder->is_checking)
        return true;
    *array = sm_arena_alloc(decoder->arena, bytes.size);
    memcpy(*array, bytes.ptr, bytes.size);
    *count = bytes.size / sizeof(**array);
    return true;
}

/* Room for one more behind `count`; grows at powers of two, so that the capacity need not be kept. */
static uint64_t *append_uint64(struct sm_otlp_decoder *decoder, uint64_t *array, size_t *count, uint64_t number)
{
    size_t used = *count;
    if (decoder->is_checking)
        return array;
    if ((used & (used - 1)) == 0) {
        uint64_t *grown = sm_arena_alloc(decoder->arena, (used ? used * 2 : 1) * sizeof(*grown));
        if (used)
            memcpy(grown, array, used * sizeof(*grown));
        array = grown;
    }
    array[used] = number;
    *count = used + 1;
    return array;
}

/* A packed array has no spare room: it is copied to one with room before the first single number follows. */
static bool read_single_fixed64(struct sm_otlp_decoder *decoder, const char **at, const char *end, void *array_out, size_t *count, bool *was_packed)
{
    uint64_t **array = array_out, number;
    if (!sm_otlp_read_fixed64(decoder, at, end, &number))
        return false;
    if (*was_packed && *count) {
        size_t room = 1;
        while (room <= *count)
            room *= 2;
        uint64_t *grown = sm_arena_alloc(decoder->arena, room * sizeof(*grown));
        memcpy(grown, *array, *count * sizeof(*grown));
        *array = grown;
    }
    *was_packed = false;
    *array = append_uint64(decoder, *array, count, number);
    return true;
}

static bool decode_number_point(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_data_point *point)
{
    const char *at = message.ptr, *end = at + message.size;
    uint64_t bits;
    uint32_t tag;
    while (at < end) {
        const char *start = at;
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(2, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &point->start_ns);
            break;
        case SM_TAG(3, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &point->time_ns);
            break;
        case SM_TAG(4, SM_WIRE_FIXED64):
            point->number_type = SM_NUMBER_DOUBLE;
            ok = sm_otlp_read_double(decoder, &at, end, &point->number);
            break;
        case SM_TAG(5, SM_WIRE_BYTES):
            ok = read_exemplar(decoder, start, &at, end, 5, point);
            break;
        case SM_TAG(6, SM_WIRE_FIXED64):
            point->number_type = SM_NUMBER_INT;
            ok = sm_otlp_read_fixed64(decoder, &at, end, &bits);
            point->integer = ok ? (int64_t)bits : 0;
            break;
        case SM_TAG(7, SM_WIRE_BYTES):
            ok = sm_otlp_read_attributes(decoder, start, &at, end, 7, &point->attributes);
            break;
        case SM_TAG(8, SM_WIRE_VARINT):
            ok = sm_otlp_read_uint32(decoder, &at, end, &point->flags);
            break;
        default:
            ok = sm_otlp_skip(decoder, &at, end, tag, 0x1fc);
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool read_optional_double(struct sm_otlp_decoder *decoder, const char **at, const char *end, double *number, bool *is_there)
{
    *is_there = true;
    return sm_otlp_read_double(decoder, at, end, number);
}

static bool decode_histogram_point(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_data_point *point)
{
    const char *at = message.ptr, *end = at + message.size;
    uint32_t tag;
    bool counts_packed = false, bounds_packed = false;
    while (at < end) {
        const char *start = at;
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(2, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &point->start_ns);
            break;
        case SM_TAG(3, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &point->time_ns);
            break;
        case SM_TAG(4, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &point->count);
            break;
        case SM_TAG(5, SM_WIRE_FIXED64):
            ok = read_optional_double(decoder, &at, end, &point->sum, &point->has_sum);
            break;
        case SM_TAG(6, SM_WIRE_BYTES):
            counts_packed = true;
            ok = read_packed_fixed64(decoder, &at, end, &point->bucket_counts, &point->bucket_count);
            break;
        case SM_TAG(6, SM_WIRE_FIXED64):
            ok = read_single_fixed64(decoder, &at, end, &point->bucket_counts, &point->bucket_count, &counts_packed);
            break;
        case SM_TAG(7, SM_WIRE_BYTES):
            bounds_packed = true;
            ok = read_packed_fixed64(decoder, &at, end, &point->explicit_bounds, &point->bound_count);
            break;
        case SM_TAG(7, SM_WIRE_FIXED64):
            ok = read_single_fixed64(decoder, &at, end, &point->explicit_bounds, &point->bound_count, &bounds_packed);
            break;
        case SM_TAG(8, SM_WIRE_BYTES):
            ok = read_exemplar(decoder, start, &at, end, 8, point);
            break;
        case SM_TAG(9, SM_WIRE_BYTES):
            ok = sm_otlp_read_attributes(decoder, start, &at, end, 9, &point->attributes);
            break;
        case SM_TAG(10, SM_WIRE_VARINT):
            ok = sm_otlp_read_uint32(decoder, &at, end, &point->flags);
            break;
        case SM_TAG(11, SM_WIRE_FIXED64):
            ok = read_optional_double(decoder, &at, end, &point->min, &point->has_min);
            break;
        case SM_TAG(12, SM_WIRE_FIXED64):
            ok = read_optional_double(decoder, &at, end, &point->max, &point->has_max);
            break;
        default:
            ok = sm_otlp_skip(decoder, &at, end, tag, 0x1ffc);
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool read_zigzag(struct sm_otlp_decoder *decoder, const char **at, const char *end, int32_t *number)
{
    uint64_t bits;
    if (!sm_otlp_read_varint(decoder, at, end, &bits))
        return false;
    *number = (int32_t)((uint32_t)(bits >> 1) ^ (0U - (uint32_t)(bits & 1)));
    return true;
}

static bool read_packed_varints(struct sm_otlp_decoder *decoder, const char **at, const char *end, struct sm_exponential_buckets *buckets)
{
    struct sm_slice bytes;
    uint64_t number;
    if (!sm_otlp_read_bytes(decoder, at, end, &bytes))
        return false;
    for (const char *from = bytes.ptr, *stop = from + bytes.size; from < stop;) {
        if (!sm_otlp_read_varint(decoder, &from, stop, &number))
            return false;
        buckets->counts = append_uint64(decoder, buckets->counts, &buckets->count, number);
    }
    return true;
}

/* Continues `buckets`: a repeated message merges. */
static bool decode_buckets(struct sm_otlp_decoder *decoder, const char **from, const char *from_end, struct sm_exponential_buckets *buckets)
{
    struct sm_slice message;
    uint64_t number;
    uint32_t tag;
    if (!sm_otlp_read_bytes(decoder, from, from_end, &message))
        return false;
    const char *at = message.ptr, *end = at + message.size;
    while (at < end) {
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(1, SM_WIRE_VARINT):
            ok = read_zigzag(decoder, &at, end, &buckets->offset);
            break;
        case SM_TAG(2, SM_WIRE_BYTES):
            ok = read_packed_varints(decoder, &at, end, buckets);
            break;
        case SM_TAG(2, SM_WIRE_VARINT):
            ok = sm_otlp_read_varint(decoder, &at, end, &number);
            if (ok)
                buckets->counts = append_uint64(decoder, buckets->counts, &buckets->count, number);
            break;
        default:
            ok = sm_otlp_skip(decoder, &at, end, tag, SM_KNOWN(1) | SM_KNOWN(2));
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool decode_exponential_point(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_data_point *point)
{
    const char *at = message.ptr, *end = at + message.size;
    uint32_t tag;
    while (at < end) {
        const char *start = at;
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(1, SM_WIRE_BYTES):
            ok = sm_otlp_read_attributes(decoder, start, &at, end, 1, &point->attributes);
            break;
        case SM_TAG(2, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &point->start_ns);
            break;
        case SM_TAG(3, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &point->time_ns);
            break;
        case SM_TAG(4, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &point->count);
            break;
        case SM_TAG(5, SM_WIRE_FIXED64):
            ok = read_optional_double(decoder, &at, end, &point->sum, &point->has_sum);
            break;
        case SM_TAG(6, SM_WIRE_VARINT):
            ok = read_zigzag(decoder, &at, end, &point->scale);
            break;
        case SM_TAG(7, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &point->zero_count);
            break;
        case SM_TAG(8, SM_WIRE_BYTES):
            point->has_positive = true;
            ok = decode_buckets(decoder, &at, end, &point->positive);
            break;
        case SM_TAG(9, SM_WIRE_BYTES):
            point->has_negative = true;
            ok = decode_buckets(decoder, &at, end, &point->negative);
            break;
        case SM_TAG(10, SM_WIRE_VARINT):
            ok = sm_otlp_read_uint32(decoder, &at, end, &point->flags);
            break;
        case SM_TAG(11, SM_WIRE_BYTES):
            ok = read_exemplar(decoder, start, &at, end, 11, point);
            break;
        case SM_TAG(12, SM_WIRE_FIXED64):
            ok = read_optional_double(decoder, &at, end, &point->min, &point->has_min);
            break;
        case SM_TAG(13, SM_WIRE_FIXED64):
            ok = read_optional_double(decoder, &at, end, &point->max, &point->has_max);
            break;
        case SM_TAG(14, SM_WIRE_FIXED64):
            ok = sm_otlp_read_double(decoder, &at, end, &point->zero_threshold);
            break;
        default:
            ok = sm_otlp_skip(decoder, &at, end, tag, 0x7ffe);
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool decode_quantile(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_quantile *quantile)
{
    const char *at = message.ptr, *end = at + message.size;
    uint32_t tag;
    *quantile = (struct sm_quantile){0};
    while (at < end) {
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok = tag == SM_TAG(1, SM_WIRE_FIXED64)   ? sm_otlp_read_double(decoder, &at, end, &quantile->quantile)
                  : tag == SM_TAG(2, SM_WIRE_FIXED64) ? sm_otlp_read_double(decoder, &at, end, &quantile->value)
                                                      : sm_otlp_skip(decoder, &at, end, tag, SM_KNOWN(1) | SM_KNOWN(2));
        if (!ok)
            return false;
    }
    return true;
}

static bool decode_summary_point(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_data_point *point)
{
    const char *at = message.ptr, *end = at + message.size;
    struct sm_slice bytes;
    struct sm_quantile checked;
    uint32_t tag;
    size_t quantile_count = decoder->is_checking ? 0 : sm_otlp_count(message, SM_TAG(6, SM_WIRE_BYTES));
    if (quantile_count)
        point->quantiles = sm_arena_alloc(decoder->arena, quantile_count * sizeof(*point->quantiles));
    point->has_sum = true;
    while (at < end) {
        const char *start = at;
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(2, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &point->start_ns);
            break;
        case SM_TAG(3, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &point->time_ns);
            break;
        case SM_TAG(4, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &point->count);
            break;
        case SM_TAG(5, SM_WIRE_FIXED64):
            ok = sm_otlp_read_double(decoder, &at, end, &point->sum);
            break;
        case SM_TAG(6, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes) &&
                 decode_quantile(decoder, bytes, decoder->is_checking ? &checked : &point->quantiles[point->quantile_count++]);
            break;
        case SM_TAG(7, SM_WIRE_BYTES):
            ok = sm_otlp_read_attributes(decoder, start, &at, end, 7, &point->attributes);
            break;
        case SM_TAG(8, SM_WIRE_VARINT):
            ok = sm_otlp_read_uint32(decoder, &at, end, &point->flags);
            break;
        default:
            ok = sm_otlp_skip(decoder, &at, end, tag, 0x1fc);
        }
        if (!ok)
            return false;
    }
    return true;
}

/* The members of the oneof `data`: their field, what they hold, and which of the fields 2 and 3 they have. */
static const struct data_kind {
    enum sm_metric_type type;
    uint32_t tag;
    uint32_t known;
    bool (*decode_point)(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_data_point *point);
} data_kinds[] = {
    {SM_METRIC_GAUGE, SM_TAG(5, SM_WIRE_BYTES), SM_KNOWN(1), decode_number_point},
    {SM_METRIC_SUM, SM_TAG(7, SM_WIRE_BYTES), SM_KNOWN(1) | SM_KNOWN(2) | SM_KNOWN(3), decode_number_point},
    {SM_METRIC_HISTOGRAM, SM_TAG(9, SM_WIRE_BYTES), SM_KNOWN(1) | SM_KNOWN(2), decode_histogram_point},
    {SM_METRIC_EXPONENTIAL_HISTOGRAM, SM_TAG(10, SM_WIRE_BYTES), SM_KNOWN(1) | SM_KNOWN(2), decode_exponential_point},
    {SM_METRIC_SUMMARY, SM_TAG(11, SM_WIRE_BYTES), SM_KNOWN(1), decode_summary_point},
};

static bool read_monotonic(struct sm_otlp_decoder *decoder, const char **at, const char *end, struct sm_metric *metric)
{
    uint64_t number;
    if (!sm_otlp_read_varint(decoder, at, end, &number))
        return false;
    metric->is_monotonic = number != 0;
    return true;
}

enum { OUTLINE_AHEAD = 16 }; /* points */

/* The next point of a metric: decoded to its place in the index, into one place when it is only checked, or left for later. */
static bool take_point(struct sm_otlp_decoder *decoder, struct sm_slice message, const struct data_kind *kind, struct sm_metric *metric)
{
    struct sm_data_point checked;
    size_t index = metric->point_count++;
    if (decoder->is_outline) {
        /* Nothing is read of the points but where they end, which is a cache miss each: those of the next ones are begun. They are of one size as a
         * rule; where there is nothing behind the request, nothing is fetched. */
        __builtin_prefetch((const void *)((uintptr_t)message.ptr + OUTLINE_AHEAD * message.size));
        return true;
    }
    struct sm_data_point *point = decoder->is_checking ? &checked : &metric->points[index];
    *point = (struct sm_data_point){.raw = message};
    return kind->decode_point(decoder, message, point);
}

/* Room for the points of a metric; NULL: none is needed. */
static struct sm_data_point *alloc_points(struct sm_otlp_decoder *decoder, struct sm_slice message)
{
    if (decoder->is_checking || decoder->is_outline)
        return NULL;
    size_t count = sm_otlp_count(message, SM_TAG(1, SM_WIRE_BYTES));
    return count ? sm_arena_alloc(decoder->arena, count * sizeof(struct sm_data_point)) : NULL;
}

/* Replaces what an earlier member of the oneof has set. */
static bool decode_data(struct sm_otlp_decoder *decoder, struct sm_slice message, const struct data_kind *kind, struct sm_metric *metric)
{
    const char *at = message.ptr, *end = at + message.size;
    struct sm_slice bytes;
    uint32_t tag;
    int32_t temporality = 0;
    metric->type = kind->type;
    metric->is_monotonic = false;
    metric->point_count = 0;
    metric->points = alloc_points(decoder, message);
    metric->points_raw = decoder->is_outline ? message : (struct sm_slice){0};
    while (at < end) {
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        if (tag == SM_TAG(1, SM_WIRE_BYTES)) {
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes) && take_point(decoder, bytes, kind, metric);
        } else if (tag == SM_TAG(2, SM_WIRE_VARINT) && kind->known & SM_KNOWN(2)) {
            ok = sm_otlp_read_int32(decoder, &at, end, &temporality);
        } else if (tag == SM_TAG(3, SM_WIRE_VARINT) && kind->known & SM_KNOWN(3)) {
            ok = read_monotonic(decoder, &at, end, metric);
        } else {
            ok = sm_otlp_skip(decoder, &at, end, tag, kind->known);
        }
        if (!ok)
            return false;
    }
    metric->temporality = temporality;
    return true;
}

static const struct data_kind *find_kind(uint32_t tag)
{
    for (size_t i = 0; i < sizeof(data_kinds) / sizeof(data_kinds[0]); i++)
        if (data_kinds[i].tag == tag)
            return &data_kinds[i];
    return NULL;
}

bool sm_otlp_decode_point(struct sm_otlp_decoder *decoder, enum sm_metric_type type, struct sm_slice message, struct sm_data_point *point)
{
    for (size_t i = 0; i < sizeof(data_kinds) / sizeof(data_kinds[0]); i++)
        if (data_kinds[i].type == type)
            return data_kinds[i].decode_point(decoder, message, point);
    return false;
}

bool sm_otlp_decode_metric(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_metric *metric)
{
    const char *at = message.ptr, *end = at + message.size;
    struct sm_slice bytes;
    const struct data_kind *kind;
    uint32_t tag;
    *metric = (struct sm_metric){.raw = message};
    while (at < end) {
        const char *start = at;
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(1, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &metric->name);
            break;
        case SM_TAG(2, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &metric->description);
            break;
        case SM_TAG(3, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &metric->unit);
            break;
        case SM_TAG(12, SM_WIRE_BYTES):
            ok = sm_otlp_read_attributes(decoder, start, &at, end, 12, &metric->metadata);
            break;
        default:
            kind = find_kind(tag);
            ok = kind ? sm_otlp_read_bytes(decoder, &at, end, &bytes) && decode_data(decoder, bytes, kind, metric)
                      : sm_otlp_skip(decoder, &at, end, tag, 0x1eae);
        }
        if (!ok)
            return false;
    }
    return true;
}
