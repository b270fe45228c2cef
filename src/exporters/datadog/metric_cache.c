/* metric_cache.c - see metric_cache.h. */
#include "exporters/datadog/metric_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/index.h"
#include "base/memory.h"

enum { PART_BITS = 4, PART_COUNT = 1 << PART_BITS, PART_SERIES_MAX = SM_METRIC_CACHE_SERIES_MAX / PART_COUNT };

struct series {
    struct sm_hash128 key; /* first, for the index */
    uint64_t start_ns, time_ns, expires_ns;
    double value;
};

struct part {
    pthread_mutex_t lock; /* of what follows */
    struct sm_entries entries;
    struct sm_index index;
    uint64_t sweep_ns; /* when to look for what has expired */
};

struct sm_metric_cache {
    uint64_t ttl_ns, sweep_interval_ns;
    atomic_uint_fast64_t refused;
    struct part parts[PART_COUNT];
};

/* ---- life */

struct sm_metric_cache *sm_metric_cache_create(uint64_t ttl_ns)
{
    struct sm_metric_cache *cache = sm_alloc(1, sizeof(*cache));
    cache->ttl_ns = ttl_ns;
    cache->sweep_interval_ns = ttl_ns / 2 > SM_NS_PER_S ? ttl_ns / 2 : SM_NS_PER_S;
    for (int i = 0; i < PART_COUNT; i++) {
        pthread_mutex_init(&cache->parts[i].lock, NULL);
        sm_entries_init(&cache->parts[i].entries, sizeof(struct series));
    }
    return cache;
}

void sm_metric_cache_free(struct sm_metric_cache *cache)
{
    if (!cache)
        return;
    for (int i = 0; i < PART_COUNT; i++) {
        sm_entries_deinit(&cache->parts[i].entries);
        sm_index_deinit(&cache->parts[i].index);
        pthread_mutex_destroy(&cache->parts[i].lock);
    }
    free(cache);
}

uint64_t sm_metric_cache_take_refused(struct sm_metric_cache *cache)
{
    return atomic_exchange_explicit(&cache->refused, 0, memory_order_relaxed);
}

/* ---- a part, under its lock */

static void remove_series(struct part *part, uint32_t number)
{
    const struct series *series = sm_entries_at(&part->entries, number);
    sm_index_remove(&part->index, series->key, number);
    sm_entries_remove(&part->entries, number);
}

static void sweep(struct sm_metric_cache *cache, struct part *part, uint64_t now_ns)
{
    if (now_ns < part->sweep_ns)
        return;
    for (uint32_t i = 0; i < sm_entries_limit(&part->entries); i++)
        if (sm_entries_has(&part->entries, i) && ((const struct series *)sm_entries_at(&part->entries, i))->expires_ns <= now_ns)
            remove_series(part, i);
    part->sweep_ns = now_ns + cache->sweep_interval_ns;
}

static struct part *lock_part(struct sm_metric_cache *cache, struct sm_hash128 key)
{
    struct part *part = &cache->parts[key.low & (PART_COUNT - 1)];
    pthread_mutex_lock(&part->lock);
    return part;
}

/* NULL: not known, or forgotten. */
static struct series *find_series(struct part *part, const struct sm_metric_cache_point *point)
{
    uint32_t number = sm_index_find(&part->index, &part->entries, point->key);
    if (number == SM_INDEX_NONE)
        return NULL;
    struct series *series = sm_entries_at(&part->entries, number);
    return series->expires_ns > point->now_ns ? series : NULL;
}

static void put_series(struct sm_metric_cache *cache, struct part *part, const struct sm_metric_cache_point *point)
{
    uint32_t number = sm_index_find(&part->index, &part->entries, point->key);
    if (number == SM_INDEX_NONE) {
        sweep(cache, part, point->now_ns);
        if (part->entries.count >= PART_SERIES_MAX) {
            atomic_fetch_add_explicit(&cache->refused, 1, memory_order_relaxed);
            return;
        }
        number = sm_entries_add(&part->entries, point->key);
        sm_index_add(&part->index, point->key, number);
    }
    struct series *series = sm_entries_at(&part->entries, number);
    series->start_ns = point->start_ns;
    series->time_ns = point->time_ns;
    series->value = point->value;
    series->expires_ns = point->now_ns + cache->ttl_ns;
}

/* Does the point go on with the sequence of the one before? */
static bool goes_on(const struct sm_metric_cache_point *point, const struct series *before)
{
    return point->start_ns == 0 || (point->start_ns != point->time_ns && point->start_ns == before->start_ns);
}

/* ---- questions */

bool sm_metric_cache_difference(struct sm_metric_cache *cache, const struct sm_metric_cache_point *point, double *difference)
{
    struct part *part = lock_part(cache, point->key);
    const struct series *before = find_series(part, point);
    bool is_known = false, is_older = before && before->time_ns > point->time_ns;
    if (before && !is_older) {
        *difference = point->value - before->value;
        is_known = goes_on(point, before);
    }
    if (!is_older)
        put_series(cache, part, point);
    pthread_mutex_unlock(&part->lock);
    return is_known;
}

static enum sm_metric_cache_verdict compare(const struct sm_metric_cache_point *point, const struct series *before, bool per_second,
                                            double *difference)
{
    if (!before)
        return SM_METRIC_CACHE_FIRST;
    if (before->time_ns >= point->time_ns)
        return SM_METRIC_CACHE_STALE;
    *difference = point->value - before->value;
    if (per_second)
        *difference /= (double)(point->time_ns - before->time_ns) / (double)SM_NS_PER_S;
    return goes_on(point, before) && !(*difference < 0) ? SM_METRIC_CACHE_DIFFERENCE : SM_METRIC_CACHE_FIRST;
}

enum sm_metric_cache_verdict sm_metric_cache_rise(struct sm_metric_cache *cache, const struct sm_metric_cache_point *point, bool per_second,
                                                  double *difference)
{
    struct part *part = lock_part(cache, point->key);
    enum sm_metric_cache_verdict verdict = compare(point, find_series(part, point), per_second, difference);
    if (verdict != SM_METRIC_CACHE_STALE)
        put_series(cache, part, point);
    pthread_mutex_unlock(&part->lock);
    return verdict;
}

bool sm_metric_cache_extreme(struct sm_metric_cache *cache, const struct sm_metric_cache_point *point, bool is_minimum)
{
    struct part *part = lock_part(cache, point->key);
    const struct series *before = find_series(part, point);
    bool is_recent = false, is_older = before && before->time_ns > point->time_ns;
    if (before && !is_older) {
        /* An extreme that went back means a reset: then it is of the last window too. */
        bool is_further = is_minimum ? point->value < before->value : point->value > before->value;
        bool is_back = is_minimum ? point->value > before->value : point->value < before->value;
        is_recent = (goes_on(point, before) && is_further) || is_back;
    }
    if (!is_older)
        put_series(cache, part, point);
    pthread_mutex_unlock(&part->lock);
    return is_recent;
}
