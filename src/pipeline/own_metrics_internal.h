/* own_metrics_internal.h - one series, shared by own_metrics.c (recording) and own_metrics_batch.c (showing). */
#pragma once

#include "pipeline/own_metrics.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Never freed. Immutable but for the atomics (any thread, relaxed) and the observer (guarded by the registry's mutex). */
struct sm_instrument {
    const struct sm_own_metric *metric;
    struct sm_own_attribute *attributes; /* owned; sorted by key */
    size_t attribute_count;
    struct sm_instrument *next; /* of the same bucket of the registry; guarded by its mutex */
    uint64_t hash;              /* of the metric's name and the attributes */
    uint64_t start_ns;
    atomic_bool is_touched; /* shown from now on */
    _Atomic int64_t integer;
    _Atomic double number;     /* gauges: value; histograms: sum */
    _Atomic uint64_t *buckets; /* owned; histograms: one more than there are bounds */
    double (*read)(void *context);
    void *context; /* borrowed: observer */
};

const double *sm_own_metric_bounds(const struct sm_own_metric *metric, size_t *count);

/* Calls `visit` for every series of the level that was touched, by scope, name and attributes. Under the registry's mutex. */
void sm_own_metrics_visit(void (*visit)(const struct sm_instrument *instrument, double observed, void *context), void *context);
