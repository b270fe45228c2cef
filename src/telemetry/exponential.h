/* exponential.h - an exponential histogram of positive values and zeros that keeps the highest scale at which its values fit in a number of buckets.
 *
 * Bucket i of scale s holds (2^(i/2^s), 2^((i+1)/2^s)]; scales go from 20 down to -10. The result does not depend on the order of values or on how
 * they were split before merging. Worker-local. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SM_EXPONENTIAL_SCALE_MAX = 20, SM_EXPONENTIAL_SIZE_DEFAULT = 160, SM_EXPONENTIAL_SIZE_LEAST = 2, SM_EXPONENTIAL_SIZE_MOST = 16384 };

/* 48 bytes and the buckets. All zero is an empty histogram. */
struct sm_exponential {
    double min, max;     /* of all values, valid when something was added; sum and count are kept by the owner */
    uint64_t zero_count; /* values that are exactly 0 */
    void *_counts;       /* owned: `_capacity` counts of `_width` bytes, the first for bucket `first` */
    int32_t first, last; /* buckets in use, valid when `has_buckets` */
    uint32_t _capacity;
    int8_t scale; /* valid when `has_buckets` */
    uint8_t _width;
    bool has_buckets, has_values;
};

/* `size` buckets at most; `value` >= 0, finite. `count` 0 changes only min and max, as in the reference. */
void sm_exponential_add(struct sm_exponential *histogram, unsigned size, double value, uint64_t count);
void sm_exponential_merge(struct sm_exponential *into, unsigned size, const struct sm_exponential *from);
/* Of the buckets first … last. */
uint64_t sm_exponential_count_at(const struct sm_exponential *histogram, int32_t bucket);
size_t sm_exponential_bucket_count(const struct sm_exponential *histogram);
/* For restoring. */
void sm_exponential_set(struct sm_exponential *histogram, int8_t scale, int32_t first, const uint64_t *counts, size_t count);
/* Frees the buckets; the histogram is empty and usable afterwards. */
void sm_exponential_clear(struct sm_exponential *histogram);

/* What `max_size` of the options means: 0 and less is the default, others are brought into the range. */
unsigned sm_exponential_size(int64_t max_size);
/* The bucket of `value` > 0 at `scale`. */
int32_t sm_exponential_bucket(double value, int scale);
