/* series.h - counts, failures and durations of calls, by client, server, kind of connection, failure and dimensions; and the metrics made of them.
 * Not thread-safe: the owner holds its lock. Source: servicegraphconnector/connector.go (aggregateMetricsForEdge, buildMetrics, cleanCache). */
#pragma once

#include "connectors/service_graph/edges.h"
#include "connectors/service_graph/options.h"

struct sm_batch;

/* Immutable. */
struct sm_graph_shape {
    const struct sm_service_graph_options *options; /* borrowed */
    const double *bounds;                           /* borrowed; of explicit histograms */
    size_t bound_count;
    bool is_exponential;
    unsigned exponential_size;
    bool has_legacy_names, is_in_milliseconds;
};

struct sm_graph_series;
struct sm_graph_series *sm_graph_series_create(const struct sm_graph_shape *shape, uint64_t start_ns)
    __attribute__((returns_nonnull, warn_unused_result));
void sm_graph_series_free(struct sm_graph_series *series); /* NULL is allowed */
void sm_graph_series_add(struct sm_graph_series *series, const struct sm_edge *edge, uint64_t now_ns);
/* Drops those that have not changed for SM_GRAPH_STALE_NS. */
#define SM_GRAPH_STALE_NS (UINT64_C(15) * 60 * 1000000000)
void sm_graph_series_drop_stale(struct sm_graph_series *series, uint64_t now_ns);
/* All of them as cumulative metrics (one reference); NULL: there are none. `time_ns` is that of the points. */
struct sm_batch *sm_graph_series_export(const struct sm_graph_series *series, uint64_t time_ns) __attribute__((warn_unused_result));
