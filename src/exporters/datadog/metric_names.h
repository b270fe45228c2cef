/* metric_names.h - which metrics get copies under names that Datadog knows, and which get another name themselves.
 *
 * Constant tables. Source: opentelemetry-mapping-go pkg/otlp/metrics v0.21.0 (metrics_remapping.go, kafka_mapping.go, runtime_metric_mappings.go). */
#pragma once

#include "base/arena.h"

enum { SM_METRIC_FIXED_MAX = 3, SM_METRIC_WORDS_MAX = 7, SM_METRIC_CONDITIONS_MAX = 2 };

struct sm_metric_attribute_condition {
    const char *key;                         /* NULL: no condition */
    const char *values[SM_METRIC_WORDS_MAX]; /* one of these; NULL: no more */
};

/* A copy of gauges and sums. */
struct sm_metric_copy {
    const char *from, *to;
    double divisor; /* 0: none */
    struct {
        const char *key, *value;
    } fixed[SM_METRIC_FIXED_MAX]; /* attributes that are set */
    struct {
        const char *from, *to;
    } renamed;                                 /* an attribute that is there under a further name too */
    struct sm_metric_attribute_condition only; /* which points */
};

/* A copy of a runtime's metric, of any type. With conditions: of the points that meet all of them, without those attributes. */
struct sm_metric_runtime {
    const char *from, *to;
    struct sm_metric_attribute_condition conditions[SM_METRIC_CONDITIONS_MAX];
};

/* The first row for a metric, and in `count` how many follow each other; NULL: none. */
const struct sm_metric_copy *sm_metric_copies(struct sm_slice name, size_t *count);
const struct sm_metric_runtime *sm_metric_runtimes(struct sm_slice name, size_t *count);

/* The name under which the metric itself is sent: "otel.system.cpu.time". May be in `arena`. */
struct sm_slice sm_metric_new_name(struct sm_slice name, struct sm_arena *arena);
/* Is it sent as a rate (a gauge) although it is a sum? */
bool sm_metric_is_rate(struct sm_slice name);
