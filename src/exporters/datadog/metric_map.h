/* metric_map.h - makes series and sketches of OTLP metrics.
 *
 * Source: opentelemetry-mapping-go pkg/otlp/metrics v0.21.0 (metrics_translator.go, dimensions.go, exponential_histograms_translator.go). */
#pragma once

#include "exporters/datadog/metric_cache.h"
#include "exporters/datadog/options.h"
#include "exporters/datadog/series.h"

struct sm_logger;
struct sm_resource_group;

/* Immutable after start. */
struct sm_metric_map_settings {
    const struct sm_datadog_metric_options *options; /* borrowed */
    struct sm_metric_cache *cache;                   /* borrowed */
    uint64_t start_s;                                /* when this process started, seconds since 1970 */
};

/* Programming languages whose runtime metrics were seen. */
enum sm_runtime_language { SM_RUNTIME_GO, SM_RUNTIME_DOTNET, SM_RUNTIME_JVM, SM_RUNTIME_LANGUAGE_COUNT };
const char *sm_runtime_language_name(enum sm_runtime_language language);

/* One batch. */
struct sm_metric_map {
    const struct sm_metric_map_settings *settings; /* borrowed */
    struct sm_datadog_items *series, *sketches;    /* borrowed: what comes out */
    struct sm_arena *arena;                        /* borrowed */
    unsigned languages;                            /* bit by enum sm_runtime_language */
};
/* The metrics of one resource, but for the statistics of the datadog connector. `host` may be empty. */
void sm_metric_map_resource(struct sm_metric_map *map, const struct sm_resource_group *group, struct sm_slice host);

/* The metric by which the datadog connector hands its statistics over. */
struct sm_metric;
bool sm_metric_is_stats(const struct sm_metric *metric);
