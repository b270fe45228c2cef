/* distribution.h - the sketch of a distribution metric, as Datadog's Agent makes it: bins of logarithmic width and an exact summary.
 *
 * A bin holds at most 65535 values; a key with more has several bins, the one that is not full first. Everything is in the arena given to init.
 * Worker-local. Source: opentelemetry-mapping-go pkg/quantile v0.21.0 (config.go, agent.go, store.go, ddsketch.go). */
#pragma once

#include "base/arena.h"

struct sm_data_point;

struct sm_distribution_bin {
    int16_t key; /* of negative values negative; 32767: too large for any other */
    uint16_t count;
};

struct sm_distribution {
    struct sm_distribution_bin *bins; /* borrowed: arena; keys ascend */
    size_t bin_count, _capacity;
    int64_t count;
    double min, max, sum, average;
    struct sm_arena *_arena; /* borrowed */
};

void sm_distribution_init(struct sm_distribution *distribution, struct sm_arena *arena);
/* The bin of a value. */
int16_t sm_distribution_key(double value);
/* The lowest value of a bin. */
double sm_distribution_bin_start(int16_t key);
/* Spreads `count` values evenly from `lower` to `upper`. */
void sm_distribution_insert_range(struct sm_distribution *distribution, double lower, double upper, int64_t count);
/* Fills an empty distribution from a point of an exponential histogram, its buckets shared out by overlap. False: the scale is too fine or too
 * coarse, values are too large, or there are none. */
bool sm_distribution_from_exponential(struct sm_distribution *distribution, const struct sm_data_point *point) __attribute__((warn_unused_result));

/* What Go (amd64) makes of a double that becomes an integer: INT64_MIN when it does not fit. */
int64_t sm_distribution_to_int(double number);
uint64_t sm_distribution_to_uint(double number);
