/* own_metrics.c - see own_metrics.h: the registry of series and their recording.
 *
 * One registry per process, under one mutex: series are looked up when components are made, not when something is recorded. A series' numbers are
 * atomics that are added to in relaxed order: a reader may see a histogram's count without its newest sum, which the next look puts right. Series are
 * never freed. */
#include "pipeline/own_metrics.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "pipeline/own_metrics_internal.h"

static const double default_bounds[] = {0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000};

static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct sm_instrument **registry; /* owned, guarded by registry_mutex, as the next two */
static size_t registry_count, registry_capacity;
static struct sm_instrument **buckets;                /* owned: registry_capacity (a power of two) chains by hash */
static _Atomic int shown_level = SM_OWN_LEVEL_NORMAL; /* relaxed: written at start and reload */

enum sm_own_metric_level sm_own_metrics_level(void)
{
    return (enum sm_own_metric_level)atomic_load_explicit(&shown_level, memory_order_relaxed);
}

void sm_own_metrics_set_level(enum sm_own_metric_level level)
{
    atomic_store_explicit(&shown_level, level, memory_order_relaxed);
}

const double *sm_own_metric_bounds(const struct sm_own_metric *metric, size_t *count)
{
    *count = metric->bound_count ? metric->bound_count : sizeof(default_bounds) / sizeof(default_bounds[0]);
    return metric->bound_count ? metric->bounds : default_bounds;
}

static int compare_attributes(const void *a, const void *b)
{
    return strcmp(((const struct sm_own_attribute *)a)->key, ((const struct sm_own_attribute *)b)->key);
}

static struct sm_own_attribute *copy_sorted(const struct sm_own_attribute *attributes, size_t count)
{
    struct sm_own_attribute *copy = sm_alloc(count ? count : 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = (struct sm_own_attribute){sm_strdup(attributes[i].key), sm_strdup(attributes[i].value ? attributes[i].value : "")};
    if (count > 1)
        qsort(copy, count, sizeof(*copy), compare_attributes);
    return copy;
}

static void free_attributes(struct sm_own_attribute *attributes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((void *)attributes[i].key);
        free((void *)attributes[i].value);
    }
    free(attributes);
}

static bool has_attributes(const struct sm_instrument *instrument, const struct sm_own_attribute *attributes, size_t count)
{
    if (instrument->attribute_count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(instrument->attributes[i].key, attributes[i].key) != 0 || strcmp(instrument->attributes[i].value, attributes[i].value) != 0)
            return false;
    return true;
}

static uint64_t hash_series(const struct sm_own_metric *metric, const struct sm_own_attribute *sorted, size_t count)
{
    uint64_t hash = sm_hash(sm_slice_of(metric->name));
    for (size_t i = 0; i < count; i++)
        hash = sm_hash_with(sm_hash_with(hash, sm_slice_of(sorted[i].key)), sm_slice_of(sorted[i].value));
    return hash;
}

static struct sm_instrument *find_series(const struct sm_own_metric *metric, const struct sm_own_attribute *sorted, size_t count, uint64_t hash)
{
    struct sm_instrument *found = registry_capacity ? buckets[hash & (registry_capacity - 1)] : NULL;
    while (found && (found->hash != hash || strcmp(found->metric->name, metric->name) != 0 || !has_attributes(found, sorted, count)))
        found = found->next;
    return found;
}

static void put_in_bucket(struct sm_instrument *instrument)
{
    struct sm_instrument **bucket = &buckets[instrument->hash & (registry_capacity - 1)];
    instrument->next = *bucket;
    *bucket = instrument;
}

static void grow(void)
{
    registry_capacity = registry_capacity ? registry_capacity * 2 : 64;
    registry = sm_realloc(registry, registry_capacity, sizeof(struct sm_instrument *));
    free(buckets);
    buckets = sm_alloc(registry_capacity, sizeof(struct sm_instrument *));
    for (size_t i = 0; i < registry_count; i++)
        put_in_bucket(registry[i]);
}

static struct sm_instrument *add_series(const struct sm_own_metric *metric, struct sm_own_attribute *sorted, size_t count, uint64_t hash)
{
    struct sm_instrument *instrument = sm_alloc(1, sizeof(*instrument));
    instrument->metric = metric;
    instrument->attributes = sorted;
    instrument->attribute_count = count;
    instrument->hash = hash;
    instrument->start_ns = sm_clock_wall_ns();
    if (metric->kind == SM_OWN_HISTOGRAM) {
        size_t bound_count;
        sm_own_metric_bounds(metric, &bound_count);
        instrument->buckets = sm_alloc(bound_count + 1, sizeof(*instrument->buckets));
    }
    if (registry_count == registry_capacity)
        grow();
    registry[registry_count++] = instrument;
    put_in_bucket(instrument);
    return instrument;
}

struct sm_instrument *sm_instrument_get(const struct sm_own_metric *metric, const struct sm_own_attribute *attributes, size_t count)
{
    struct sm_own_attribute *sorted = copy_sorted(attributes, count);
    uint64_t hash = hash_series(metric, sorted, count);
    pthread_mutex_lock(&registry_mutex);
    struct sm_instrument *instrument = find_series(metric, sorted, count, hash);
    if (!instrument) {
        instrument = add_series(metric, sorted, count, hash);
        sorted = NULL;
    }
    pthread_mutex_unlock(&registry_mutex);
    if (sorted)
        free_attributes(sorted, count);
    return instrument;
}

/* ---- recording */

static void touch(struct sm_instrument *instrument)
{
    if (!atomic_load_explicit(&instrument->is_touched, memory_order_relaxed))
        atomic_store_explicit(&instrument->is_touched, true, memory_order_relaxed);
}

void sm_instrument_add(struct sm_instrument *instrument, int64_t more)
{
    assert(instrument->metric->kind == SM_OWN_COUNTER || instrument->metric->kind == SM_OWN_UP_DOWN_COUNTER);
    touch(instrument);
    if (more)
        atomic_fetch_add_explicit(&instrument->integer, more, memory_order_relaxed);
}

int64_t sm_instrument_count(const struct sm_instrument *instrument)
{
    return atomic_load_explicit(&instrument->integer, memory_order_relaxed);
}

void sm_instrument_set(struct sm_instrument *instrument, double value)
{
    assert(instrument->metric->kind == SM_OWN_GAUGE);
    touch(instrument);
    atomic_store_explicit(&instrument->number, value, memory_order_relaxed);
}

static void add_to_sum(struct sm_instrument *instrument, double value)
{
    double before = atomic_load_explicit(&instrument->number, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&instrument->number, &before, before + value, memory_order_relaxed, memory_order_relaxed))
        continue;
}

void sm_instrument_record(struct sm_instrument *instrument, double value)
{
    assert(instrument->metric->kind == SM_OWN_HISTOGRAM);
    size_t bound_count, bucket = 0;
    const double *bounds = sm_own_metric_bounds(instrument->metric, &bound_count);
    while (bucket < bound_count && value > bounds[bucket])
        bucket++;
    touch(instrument);
    atomic_fetch_add_explicit(&instrument->buckets[bucket], 1, memory_order_relaxed);
    add_to_sum(instrument, value);
}

void sm_instrument_observe(struct sm_instrument *instrument, double (*read)(void *context), void *context)
{
    pthread_mutex_lock(&registry_mutex);
    instrument->read = read;
    instrument->context = context;
    pthread_mutex_unlock(&registry_mutex);
    atomic_store_explicit(&instrument->is_touched, read != NULL, memory_order_relaxed);
}

/* ---- looking */

static int compare_instruments(const void *a, const void *b)
{
    const struct sm_instrument *left = *(struct sm_instrument *const *)a, *right = *(struct sm_instrument *const *)b;
    int order = strcmp(left->metric->scope ? left->metric->scope : "", right->metric->scope ? right->metric->scope : "");
    if (order == 0)
        order = strcmp(left->metric->name, right->metric->name);
    for (size_t i = 0; order == 0 && i < left->attribute_count && i < right->attribute_count; i++) {
        order = strcmp(left->attributes[i].key, right->attributes[i].key);
        if (order == 0)
            order = strcmp(left->attributes[i].value, right->attributes[i].value);
    }
    return order;
}

void sm_own_metrics_visit(void (*visit)(const struct sm_instrument *instrument, double observed, void *context), void *context)
{
    enum sm_own_metric_level level = sm_own_metrics_level();
    pthread_mutex_lock(&registry_mutex);
    if (registry_count > 1)
        qsort(registry, registry_count, sizeof(struct sm_instrument *), compare_instruments);
    for (size_t i = 0; i < registry_count; i++) {
        const struct sm_instrument *instrument = registry[i];
        if (instrument->metric->level <= level && atomic_load_explicit(&instrument->is_touched, memory_order_relaxed))
            visit(instrument, instrument->read ? instrument->read(instrument->context) : 0, context);
    }
    pthread_mutex_unlock(&registry_mutex);
}
