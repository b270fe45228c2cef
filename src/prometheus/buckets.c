/* buckets.c - a histogram's counts as cumulative buckets, a summary's quantiles in order. Source: exporter/prometheusexporter/collector.go
 * (convertDoubleHistogram), client_golang metric.go (withExemplarsMetric). */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "prometheus/page.h"

void sm_prometheus_bounds_deinit(struct sm_prometheus_bounds *bounds)
{
    sm_bytes_deinit(&bounds->uppers);
    sm_bytes_deinit(&bounds->indices);
    sm_bytes_deinit(&bounds->buckets);
}

struct bound {
    double upper;
    uint32_t index;
};

static int compare_bounds(const void *a, const void *b)
{
    const struct bound *left = a, *right = b;
    if (left->upper != right->upper)
        return left->upper < right->upper ? -1 : 1;
    return (left->index > right->index) - (left->index < right->index);
}

/* Of equal bounds the first counts; one that is no number cannot be a bucket. */
static void learn(struct sm_prometheus_bounds *bounds, const struct sm_prometheus_text *text)
{
    size_t count = text->size / sizeof(double);
    struct sm_bytes found = {0};
    for (size_t i = 0; i < count; i++) {
        struct bound bound = {.index = (uint32_t)i};
        memcpy(&bound.upper, text->bytes + i * sizeof(double), sizeof(double));
        if (!isnan(bound.upper))
            sm_bytes_append(&found, &bound, sizeof(bound));
    }
    struct bound *items = (struct bound *)(void *)found.ptr;
    size_t kept = found.size / sizeof(*items);
    if (kept)
        qsort(items, kept, sizeof(*items), compare_bounds);
    bounds->uppers.size = bounds->indices.size = 0;
    for (size_t i = 0; i < kept; i++) {
        if (i > 0 && items[i].upper == items[i - 1].upper)
            continue;
        sm_bytes_append(&bounds->uppers, &items[i].upper, sizeof(items[i].upper));
        sm_bytes_append(&bounds->indices, &items[i].index, sizeof(items[i].index));
    }
    sm_bytes_deinit(&found);
    bounds->of = text;
}

static void place_exemplars(struct sm_prometheus_bounds *bounds, const struct sm_prometheus_series *series)
{
    for (size_t i = 0; series->exemplars && i < series->exemplars->count; i++) {
        const struct sm_prometheus_exemplar *exemplar = &series->exemplars->items[i];
        struct sm_prometheus_bucket *buckets = (struct sm_prometheus_bucket *)(void *)bounds->buckets.ptr;
        size_t count = bounds->buckets.size / sizeof(*buckets), at = 0, end = count;
        while (at < end) {
            size_t middle = at + (end - at) / 2;
            if (buckets[middle].upper >= exemplar->value)
                end = middle;
            else
                at = middle + 1;
        }
        if (at < count) {
            buckets[at].exemplar = exemplar;
            continue;
        }
        struct sm_prometheus_bucket beyond = {.upper = INFINITY, .cumulative_count = series->distribution->count, .exemplar = exemplar};
        sm_bytes_append(&bounds->buckets, &beyond, sizeof(beyond));
    }
}

const struct sm_prometheus_bucket *sm_prometheus_buckets_of(struct sm_prometheus_bounds *bounds, const struct sm_prometheus_series *series,
                                                            size_t *count)
{
    const struct sm_prometheus_distribution *distribution = series->distribution;
    if (bounds->of != distribution->bounds)
        learn(bounds, distribution->bounds);
    const double *uppers = (const double *)(void *)bounds->uppers.ptr;
    const uint32_t *indices = (const uint32_t *)(void *)bounds->indices.ptr;
    uint64_t cumulative = 0;
    bounds->buckets.size = 0;
    for (size_t i = 0; i < bounds->uppers.size / sizeof(double); i++) {
        cumulative += indices[i] < distribution->positive.count ? distribution->data[indices[i]] : 0;
        struct sm_prometheus_bucket bucket = {.upper = uppers[i], .cumulative_count = cumulative};
        sm_bytes_append(&bounds->buckets, &bucket, sizeof(bucket));
    }
    place_exemplars(bounds, series);
    *count = bounds->buckets.size / sizeof(struct sm_prometheus_bucket);
    return (const struct sm_prometheus_bucket *)(void *)bounds->buckets.ptr;
}

/* Equal quantiles by the order they came in, which their place in memory tells. */
static int compare_quantiles(const void *a, const void *b)
{
    const struct sm_quantile *left = *(const struct sm_quantile *const *)a, *right = *(const struct sm_quantile *const *)b;
    if (left->quantile != right->quantile)
        return left->quantile < right->quantile ? -1 : 1;
    return (left > right) - (left < right);
}

struct sm_quantile *sm_prometheus_quantiles_of(const struct sm_prometheus_distribution *summary, size_t *count)
{
    static_assert(sizeof(struct sm_quantile) == 2 * sizeof(uint64_t), "a summary's data is an array of quantiles");
    const struct sm_quantile *from = (const struct sm_quantile *)(const void *)summary->data;
    size_t room = summary->quantile_count;
    const struct sm_quantile **order = sm_alloc(room, sizeof(*order));
    struct sm_quantile *quantiles = sm_alloc(room, sizeof(*quantiles));
    for (size_t i = 0; i < room; i++)
        order[i] = &from[i];
    if (room)
        qsort(order, room, sizeof(*order), compare_quantiles);
    *count = 0;
    for (size_t i = 0; i < room; i++)
        if (i + 1 == room || order[i]->quantile != order[i + 1]->quantile)
            quantiles[(*count)++] = *order[i];
    free(order);
    return quantiles;
}
