/* metric_cache.h - the last value of every cumulative series, from which differences are made.
 *
 * Shared by the workers of an exporter: parts with a lock each. What was not touched for the time to live is forgotten, and no more than
 * SM_METRIC_CACHE_SERIES_MAX series are kept: a new one beyond that is never known from before. Any thread.
 * Source: opentelemetry-mapping-go pkg/otlp/metrics v0.21.0 (ttlcache.go). */
#pragma once

#include "base/hash.h"

enum { SM_METRIC_CACHE_SERIES_MAX = 1 << 20 };

struct sm_metric_cache;
struct sm_metric_cache *sm_metric_cache_create(uint64_t ttl_ns) __attribute__((returns_nonnull, warn_unused_result));
void sm_metric_cache_free(struct sm_metric_cache *cache); /* NULL is allowed */

/* A point of a series: `key` tells the series, `now_ns` is sm_clock_mono_ns. */
struct sm_metric_cache_point {
    struct sm_hash128 key;
    uint64_t start_ns, time_ns, now_ns;
    double value;
};

/* The difference from the point before. False: there is none that counts, or it is newer. May be negative. */
bool sm_metric_cache_difference(struct sm_metric_cache *cache, const struct sm_metric_cache_point *point, double *difference);

enum sm_metric_cache_verdict {
    SM_METRIC_CACHE_FIRST,      /* of its series, or since a reset */
    SM_METRIC_CACHE_DIFFERENCE, /* `difference` is known and not negative */
    SM_METRIC_CACHE_STALE,      /* not newer than what is known: to be dropped */
};
/* The same for values that only rise; with `per_second` divided by the time between. */
enum sm_metric_cache_verdict sm_metric_cache_rise(struct sm_metric_cache *cache, const struct sm_metric_cache_point *point, bool per_second,
                                                  double *difference);

/* Was a minimum (or maximum) of a cumulative series reached since the point before? */
bool sm_metric_cache_extreme(struct sm_metric_cache *cache, const struct sm_metric_cache_point *point, bool is_minimum);

/* Series that were not remembered for lack of room, since the last call. */
uint64_t sm_metric_cache_take_refused(struct sm_metric_cache *cache);
