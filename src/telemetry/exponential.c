/* exponential.c - see exponential.h.
 *
 * Gives the scales, offsets and counts of github.com/lightstep/go-expohisto v1.0.0 (package structure), which the reference uses: a value is
 * mapped with floor(log(value) * 2^scale / log 2), powers of two exactly into the bucket below, and the scale sinks by the least number of halvings
 * that brings the lowest and highest bucket within the size. As bucket numbers of a lower scale are those of a higher one shifted right, adding at
 * the present scale and merging histograms of different scales come out the same. */
#include "telemetry/exponential.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { MANTISSA_BITS = 52, EXPONENT_BIAS = 1023, EXPONENT_MIN = -1022, EXPONENT_MAX = 1023 };
#define VALUE_MIN 0x1p-1022 /* the least normal number */

unsigned sm_exponential_size(int64_t max_size)
{
    if (max_size <= 0)
        return SM_EXPONENTIAL_SIZE_DEFAULT;
    if (max_size < SM_EXPONENTIAL_SIZE_LEAST)
        return SM_EXPONENTIAL_SIZE_LEAST;
    return max_size > SM_EXPONENTIAL_SIZE_MOST ? SM_EXPONENTIAL_SIZE_MOST : (unsigned)max_size;
}

int32_t sm_exponential_bucket(double value, int scale)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    uint64_t mantissa = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
    int32_t exponent = (int32_t)(bits >> MANTISSA_BITS & 0x7ff) - EXPONENT_BIAS;
    if (scale <= 0) {
        if (value < VALUE_MIN)
            return (EXPONENT_MIN >> -scale) - (scale > -2);
        return (exponent - (mantissa == 0)) >> -scale;
    }
    if (value <= VALUE_MIN)
        return EXPONENT_MIN * (1 << scale) - 1;
    if (mantissa == 0)
        return exponent * (1 << scale) - 1;
    int32_t most = (int32_t)(((int64_t)(EXPONENT_MAX + 1) << scale) - 1);
    double index = floor(log(value) * ldexp(M_LOG2E, scale));
    return index >= most ? most : (int32_t)index;
}

uint64_t sm_exponential_count_at(const struct sm_exponential *histogram, int32_t bucket)
{
    size_t at = (size_t)(bucket - histogram->first);
    switch (histogram->_width) {
    case 1:
        return ((const uint8_t *)histogram->_counts)[at];
    case 2:
        return ((const uint16_t *)histogram->_counts)[at];
    case 4:
        return ((const uint32_t *)histogram->_counts)[at];
    default:
        return ((const uint64_t *)histogram->_counts)[at];
    }
}

size_t sm_exponential_bucket_count(const struct sm_exponential *histogram)
{
    return histogram->has_buckets ? (size_t)(histogram->last - histogram->first) + 1 : 0;
}

static void put_count(struct sm_exponential *histogram, size_t at, uint64_t count)
{
    switch (histogram->_width) {
    case 1:
        ((uint8_t *)histogram->_counts)[at] = (uint8_t)count;
        break;
    case 2:
        ((uint16_t *)histogram->_counts)[at] = (uint16_t)count;
        break;
    case 4:
        ((uint32_t *)histogram->_counts)[at] = (uint32_t)count;
        break;
    default:
        ((uint64_t *)histogram->_counts)[at] = count;
    }
}

static uint8_t width_of(uint64_t count)
{
    return count <= UINT8_MAX ? 1 : count <= UINT16_MAX ? 2 : count <= UINT32_MAX ? 4 : 8;
}

/* Room for the buckets first … last (which contain the present ones) with counts of `width` bytes; new ones are 0. */
static void reshape(struct sm_exponential *histogram, unsigned size, int32_t first, int32_t last, uint8_t width)
{
    uint32_t needed = (uint32_t)(last - first) + 1, capacity = 1;
    while (capacity < needed)
        capacity *= 2;
    if (capacity > size)
        capacity = size;
    struct sm_exponential grown = *histogram;
    grown._counts = sm_alloc(capacity, width);
    grown._capacity = capacity;
    grown._width = width;
    grown.first = first;
    grown.last = last;
    if (histogram->has_buckets)
        for (int32_t bucket = histogram->first; bucket <= histogram->last; bucket++)
            put_count(&grown, (size_t)(bucket - first), sm_exponential_count_at(histogram, bucket));
    grown.has_buckets = true;
    free(histogram->_counts);
    *histogram = grown;
}

/* Makes `bucket` one of those in use; it fits. */
static void include(struct sm_exponential *histogram, unsigned size, int32_t bucket)
{
    if (!histogram->has_buckets) {
        reshape(histogram, size, bucket, bucket, histogram->_width ? histogram->_width : 1);
    } else if (bucket < histogram->first) {
        reshape(histogram, size, bucket, histogram->last, histogram->_width);
    } else if (bucket > histogram->last) {
        if ((uint32_t)(bucket - histogram->first) < histogram->_capacity)
            histogram->last = bucket; /* counts beyond `last` are 0 */
        else
            reshape(histogram, size, histogram->first, bucket, histogram->_width);
    }
}

static void increment(struct sm_exponential *histogram, unsigned size, int32_t bucket, uint64_t count)
{
    include(histogram, size, bucket);
    uint64_t sum = sm_exponential_count_at(histogram, bucket) + count;
    if (width_of(sum) > histogram->_width)
        reshape(histogram, size, histogram->first, histogram->last, width_of(sum));
    put_count(histogram, (size_t)(bucket - histogram->first), sum);
}

static void downscale(struct sm_exponential *histogram, unsigned size, int by)
{
    if (by == 0 || !histogram->has_buckets)
        return;
    struct sm_exponential coarse = *histogram;
    coarse._counts = NULL;
    coarse.has_buckets = false;
    coarse.scale = (int8_t)(histogram->scale - by);
    reshape(&coarse, size, histogram->first >> by, histogram->last >> by, histogram->_width);
    for (int32_t bucket = histogram->first; bucket <= histogram->last; bucket++) {
        uint64_t count = sm_exponential_count_at(histogram, bucket);
        if (count)
            increment(&coarse, size, bucket >> by, count);
    }
    free(histogram->_counts);
    *histogram = coarse;
}

/* How many halvings bring low … high within `size` buckets. */
static int halvings(int32_t low, int32_t high, unsigned size)
{
    int by = 0;
    while ((int64_t)high - low >= (int64_t)size) {
        high >>= 1;
        low >>= 1;
        by++;
    }
    return by;
}

/* Lowers the scale until the buckets low … high (of the present scale) and those in use fit. */
static int make_fit(struct sm_exponential *histogram, unsigned size, int32_t low, int32_t high)
{
    int by = halvings(low < histogram->first ? low : histogram->first, high > histogram->last ? high : histogram->last, size);
    downscale(histogram, size, by);
    return by;
}

static void note_range(struct sm_exponential *histogram, double min, double max)
{
    if (!histogram->has_values || min < histogram->min)
        histogram->min = min;
    if (!histogram->has_values || max > histogram->max)
        histogram->max = max;
    histogram->has_values = true;
}

void sm_exponential_add(struct sm_exponential *histogram, unsigned size, double value, uint64_t count)
{
    note_range(histogram, value, value);
    if (value == 0) {
        histogram->zero_count += count;
        return;
    }
    if (count == 0)
        return;
    if (!histogram->has_buckets)
        histogram->scale = SM_EXPONENTIAL_SCALE_MAX;
    int32_t bucket = sm_exponential_bucket(value, histogram->scale);
    if (histogram->has_buckets && make_fit(histogram, size, bucket, bucket))
        bucket = sm_exponential_bucket(value, histogram->scale);
    increment(histogram, size, bucket, count);
}

void sm_exponential_merge(struct sm_exponential *into, unsigned size, const struct sm_exponential *from)
{
    if (from->has_values)
        note_range(into, from->min, from->max);
    into->zero_count += from->zero_count;
    if (!from->has_buckets)
        return;
    if (!into->has_buckets)
        into->scale = from->scale;
    else if (from->scale < into->scale)
        downscale(into, size, into->scale - from->scale);
    int by = from->scale - into->scale;
    if (into->has_buckets)
        by += make_fit(into, size, from->first >> by, from->last >> by);
    for (int32_t bucket = from->first; bucket <= from->last; bucket++) {
        uint64_t count = sm_exponential_count_at(from, bucket);
        if (count)
            increment(into, size, bucket >> by, count);
    }
}

void sm_exponential_set(struct sm_exponential *histogram, int8_t scale, int32_t first, const uint64_t *counts, size_t count)
{
    sm_exponential_clear(histogram);
    histogram->scale = scale;
    for (size_t i = 0; i < count; i++)
        increment(histogram, SM_EXPONENTIAL_SIZE_MOST, first + (int32_t)i, counts[i]);
}

void sm_exponential_clear(struct sm_exponential *histogram)
{
    free(histogram->_counts);
    *histogram = (struct sm_exponential){0};
}
