/* summary.c - see summary.h.
 *
 *     DDSketch { 1 mapping { 1 gamma, 2 offset, 3 interpolation }, 2 positive, 3 negative: store { 1 bins { 1 key, 2 value }, 2 counts, 3 first },
 *                4 zero count } */
#include "datadog/summary.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "datadog/ddsketch.h"
#include "wire/protobuf.h"

enum { SKETCH_MAPPING = 1, SKETCH_POSITIVE, SKETCH_NEGATIVE, SKETCH_ZERO };
enum { STORE_BINS = 1, STORE_COUNTS, STORE_FIRST };
static const double own_gamma = 1.01 / 0.99;

void sm_summary_clear(struct sm_summary *summary)
{
    free(summary->positive.counts);
    free(summary->negative.counts);
    *summary = (struct sm_summary){0};
}

/* ---- bins */

static void make_room(struct sm_summary_bins *bins, int32_t first, int32_t last)
{
    int32_t old_last = bins->first + (int32_t)bins->count - 1;
    if (bins->count && first >= bins->first && last <= old_last)
        return;
    if (bins->count) {
        first = first < bins->first ? first : bins->first;
        last = last > old_last ? last : old_last;
    }
    double *counts = sm_alloc((size_t)(last - first + 1), sizeof(*counts));
    if (bins->count)
        memcpy(counts + (bins->first - first), bins->counts, bins->count * sizeof(*counts));
    free(bins->counts);
    *bins = (struct sm_summary_bins){.counts = counts, .first = first, .count = (uint32_t)(last - first + 1)};
}

static bool add_bin(struct sm_summary_bins *bins, int64_t bin, double count)
{
    if (count == 0)
        return true;
    if (bin < -SM_SUMMARY_BIN_MAX || bin > SM_SUMMARY_BIN_MAX || !(count > 0) || isinf(count))
        return false;
    make_room(bins, (int32_t)bin, (int32_t)bin);
    bins->counts[bin - bins->first] += count;
    return true;
}

/* ---- reading */

static double double_of(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

static int64_t zigzag(uint64_t number)
{
    return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
}

static bool read_bin(struct sm_slice message, struct sm_summary_bins *bins)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    int64_t key = 0;
    double count = 0;
    while (sm_proto_next(&cursor, &field)) {
        if (field.number == 1 && field.type == SM_WIRE_VARINT)
            key = zigzag(field.integer);
        else if (field.number == 2 && field.type == SM_WIRE_FIXED64)
            count = double_of(field.integer);
    }
    return !cursor.error && add_bin(bins, key, count);
}

static bool read_counts(struct sm_slice packed, int64_t first, struct sm_summary_bins *bins)
{
    if (packed.size % sizeof(double))
        return false;
    for (size_t i = 0; i < packed.size / sizeof(double); i++) {
        double count;
        memcpy(&count, packed.ptr + i * sizeof(count), sizeof(count));
        if (!add_bin(bins, first + (int64_t)i, count))
            return false;
    }
    return true;
}

static bool read_store(struct sm_slice message, struct sm_summary_bins *bins)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    struct sm_slice counts = {0};
    int64_t first = 0;
    while (sm_proto_next(&cursor, &field)) {
        if (field.number == STORE_BINS && field.type == SM_WIRE_BYTES && !read_bin(field.bytes, bins))
            return false;
        if (field.number == STORE_COUNTS && field.type == SM_WIRE_BYTES)
            counts = field.bytes;
        if (field.number == STORE_FIRST && field.type == SM_WIRE_VARINT)
            first = zigzag(field.integer);
    }
    bool is_near = first >= -SM_SUMMARY_BIN_MAX && first <= SM_SUMMARY_BIN_MAX;
    return !cursor.error && is_near && read_counts(counts, first, bins);
}

struct mapping {
    double gamma, offset;
    uint64_t interpolation;
};

static bool read_mapping(struct sm_slice message, struct mapping *mapping)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    while (sm_proto_next(&cursor, &field)) {
        if (field.number == 1 && field.type == SM_WIRE_FIXED64)
            mapping->gamma = double_of(field.integer);
        else if (field.number == 2 && field.type == SM_WIRE_FIXED64)
            mapping->offset = double_of(field.integer);
        else if (field.number == 3 && field.type == SM_WIRE_VARINT)
            mapping->interpolation = field.integer;
    }
    /* Only logarithms: no tracer sends another interpolation. */
    return !cursor.error && mapping->gamma > 1.0001 && mapping->gamma < 10 && isfinite(mapping->offset) && mapping->interpolation == 0;
}

static bool read_sketch(struct sm_slice sketch, struct mapping *mapping, struct sm_summary *summary)
{
    struct sm_proto_cursor cursor = sm_proto_begin(sketch);
    struct sm_proto_field field;
    bool is_good = true;
    while (is_good && sm_proto_next(&cursor, &field)) {
        if (field.number == SKETCH_ZERO && field.type == SM_WIRE_FIXED64)
            summary->zero_count += double_of(field.integer);
        if (field.type != SM_WIRE_BYTES)
            continue;
        if (field.number == SKETCH_MAPPING)
            is_good = read_mapping(field.bytes, mapping);
        else if (field.number == SKETCH_POSITIVE)
            is_good = read_store(field.bytes, &summary->positive);
        else if (field.number == SKETCH_NEGATIVE)
            is_good = read_store(field.bytes, &summary->negative);
    }
    return is_good && !cursor.error && mapping->gamma > 1 && summary->zero_count >= 0 && isfinite(summary->zero_count);
}

/* ---- adding */

/* A bin's count goes to the bins of ours that its range covers, in proportion. */
static bool deal_bin(const struct mapping *mapping, int32_t bin, double count, struct sm_summary_bins *into)
{
    double log_gamma = log(mapping->gamma), own_log = log(own_gamma);
    double low = exp((bin - mapping->offset) * log_gamma), high = exp((bin + 1 - mapping->offset) * log_gamma);
    double first = floor(log(low) / own_log);
    if (!isfinite(low) || !isfinite(high) || low <= 0 || fabs(first) > SM_SUMMARY_BIN_MAX)
        return false;
    for (int64_t own = (int64_t)first; exp((double)own * own_log) < high; own++) {
        double from = fmax(low, exp((double)own * own_log)), to = fmin(high, exp((double)(own + 1) * own_log));
        if (to > from && !add_bin(into, own, count * (to - from) / (high - low)))
            return false;
    }
    return true;
}

static bool add_bins(const struct mapping *mapping, const struct sm_summary_bins *bins, struct sm_summary_bins *into)
{
    const double nearly = 1e-12;
    bool is_own = fabs(mapping->gamma - own_gamma) < nearly && fabs(mapping->offset) < nearly;
    for (uint32_t i = 0; i < bins->count; i++) {
        int32_t bin = bins->first + (int32_t)i;
        if (bins->counts[i] > 0 && !(is_own ? add_bin(into, bin, bins->counts[i]) : deal_bin(mapping, bin, bins->counts[i], into)))
            return false;
    }
    return true;
}

bool sm_summary_add(struct sm_summary *summary, struct sm_slice sketch)
{
    struct mapping mapping = {0};
    struct sm_summary read = {0}, own = {0};
    const struct mapping same = {.gamma = own_gamma};
    bool is_good = read_sketch(sketch, &mapping, &read) && add_bins(&mapping, &read.positive, &own.positive) &&
                   add_bins(&mapping, &read.negative, &own.negative);
    if (is_good) {
        is_good = add_bins(&same, &own.positive, &summary->positive) && add_bins(&same, &own.negative, &summary->negative);
        summary->zero_count += read.zero_count;
    }
    sm_summary_clear(&read);
    sm_summary_clear(&own);
    return is_good;
}

/* ---- writing */

/* The lowest bins collapse into the last that there is room for. */
static void put_store(struct sm_bytes *out, uint32_t number, const struct sm_summary_bins *bins)
{
    size_t mark = sm_proto_message_begin(out, number);
    uint32_t from = bins->count > SM_DDSKETCH_BINS_MAX ? bins->count - SM_DDSKETCH_BINS_MAX : 0;
    if (bins->count) {
        double lowest = 0;
        for (uint32_t i = 0; i <= from; i++)
            lowest += bins->counts[i];
        size_t counts = sm_proto_message_begin(out, STORE_COUNTS);
        sm_bytes_append(out, &lowest, sizeof(lowest));
        sm_bytes_append(out, bins->counts + from + 1, (bins->count - from - 1) * sizeof(double));
        sm_proto_message_end(out, counts);
        int64_t first = (int64_t)bins->first + from;
        if (first)
            sm_proto_put_uint(out, STORE_FIRST, ((uint64_t)first << 1) ^ (uint64_t)(first >> 63));
    }
    sm_proto_message_end(out, mark);
}

struct sm_slice sm_summary_encode(const struct sm_summary *summary, struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    size_t mark = sm_proto_message_begin(&out, SKETCH_MAPPING);
    sm_proto_put_double(&out, 1, own_gamma);
    sm_proto_message_end(&out, mark);
    put_store(&out, SKETCH_POSITIVE, &summary->positive);
    put_store(&out, SKETCH_NEGATIVE, &summary->negative);
    if (summary->zero_count > 0)
        sm_proto_put_double(&out, SKETCH_ZERO, summary->zero_count);
    return sm_bytes_slice(&out);
}
