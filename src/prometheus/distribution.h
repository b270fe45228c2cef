/* distribution.h - what histograms and summaries have beyond a number, and how they add up. One thread at a time, as the texts that bounds stand in.
 * Source: opentelemetry-specification, metrics/data-model.md (exponential histogram). */
#pragma once

#include "prometheus/text.h"
#include "telemetry/metric.h"

#include <stdint.h>

/* One side of an exponential histogram: counts of `count` buckets from index `offset` on. */
struct sm_prometheus_buckets {
    int32_t offset;
    uint32_t count;
};

/* What histograms and summaries have beyond a number. */
struct sm_prometheus_distribution {
    uint64_t count;
    double sum;
    bool has_sum;
    int32_t scale;                         /* exponential */
    uint64_t zero_count;                   /* exponential */
    double zero_threshold;                 /* exponential */
    struct sm_prometheus_buckets positive; /* exponential; histogram: positive.count buckets */
    struct sm_prometheus_buckets negative; /* exponential: counts behind those of positive */
    struct sm_prometheus_text *bounds;     /* owned reference: the doubles of a histogram's bounds */
    uint32_t quantile_count;               /* summary */
    uint64_t data[];                       /* counts; summary: bits of quantile and value in turn */
};

/* The point's exponential histogram, owned. */
struct sm_prometheus_distribution *sm_prometheus_exponential_make(const struct sm_data_point *point) __attribute__((returns_nonnull));
void sm_prometheus_distribution_free(struct sm_prometheus_texts *texts, struct sm_prometheus_distribution *distribution); /* NULL is allowed */
struct sm_prometheus_distribution *sm_prometheus_distribution_create(size_t data_count) __attribute__((returns_nonnull));
/* Owned. */
struct sm_prometheus_distribution *sm_prometheus_distribution_copy(const struct sm_prometheus_distribution *from) __attribute__((returns_nonnull));
/* Two values of one type in one, which is owned; the arguments stay as they are. Histograms: the buckets at the bounds that both have. Summaries:
 * without quantiles, which cannot be added up. */
struct sm_prometheus_distribution *sm_prometheus_distribution_join(struct sm_prometheus_texts *texts, enum sm_metric_type type,
                                                                   const struct sm_prometheus_distribution *a,
                                                                   const struct sm_prometheus_distribution *b) __attribute__((returns_nonnull));
/* `newer` with the counts of `older` added, or as it is when their bounds differ; takes and returns it. */
struct sm_prometheus_distribution *sm_prometheus_histogram_add(const struct sm_prometheus_distribution *older,
                                                               struct sm_prometheus_distribution *newer);
/* Both exponential histograms in one, at the finer scale that holds both. The result is owned; the arguments stay as they are. */
struct sm_prometheus_distribution *sm_prometheus_exponential_add(const struct sm_prometheus_distribution *a,
                                                                 const struct sm_prometheus_distribution *b) __attribute__((returns_nonnull));
