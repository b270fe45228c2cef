/* metric.h - one metric and its data points (opentelemetry.proto.metrics.v1). See batch.h for ownership and the meaning of `raw` and `changed`.
 *
 * Metrics are few next to spans: their data points are decoded when the batch is, but for an outline's (sm_otlp_decode_outline). Arrays are aligned
 * copies in the arena; attributes and exemplars stay encoded until asked for. */
#pragma once

#include "telemetry/value.h"

enum sm_metric_type { SM_METRIC_NONE, SM_METRIC_GAUGE, SM_METRIC_SUM, SM_METRIC_HISTOGRAM, SM_METRIC_EXPONENTIAL_HISTOGRAM, SM_METRIC_SUMMARY };
enum sm_temporality { SM_TEMPORALITY_UNSPECIFIED, SM_TEMPORALITY_DELTA, SM_TEMPORALITY_CUMULATIVE };
enum { SM_DATA_POINT_NO_RECORDED_VALUE = 1 }; /* DataPointFlags */

enum sm_number_type { SM_NUMBER_NONE, SM_NUMBER_INT, SM_NUMBER_DOUBLE };

struct sm_exemplar {
    struct sm_attributes filtered_attributes;
    uint64_t time_ns;
    enum sm_number_type number_type;
    union {
        int64_t integer;
        double number;
    };
    struct sm_slice trace_id, span_id; /* 0 or 16 / 8 bytes */
};

struct sm_exponential_buckets {
    int32_t offset;
    uint64_t *counts; /* borrowed: arena */
    size_t count;
};

struct sm_quantile {
    double quantile, value;
};

struct sm_data_point {
    struct sm_slice raw; /* the data point's message; empty for one made here */
    struct sm_attributes attributes;
    uint64_t start_ns, time_ns;
    uint32_t flags;
    bool changed, dropped;

    /* gauge, sum */
    enum sm_number_type number_type;
    union {
        int64_t integer;
        double number;
    };

    /* histogram, exponential histogram, summary */
    uint64_t count;
    double sum, min, max;
    bool has_sum, has_min, has_max; /* a summary's sum is always there */

    /* histogram */
    uint64_t *bucket_counts; /* borrowed: arena */
    double *explicit_bounds; /* borrowed: arena */
    size_t bucket_count, bound_count;

    /* exponential histogram */
    int32_t scale;
    uint64_t zero_count;
    double zero_threshold;
    struct sm_exponential_buckets positive, negative;
    bool has_positive, has_negative; /* the sub-message is there */

    /* summary */
    struct sm_quantile *quantiles; /* borrowed: arena */
    size_t quantile_count;

    /* all but summary: decoded on demand by sm_data_point_exemplars, or made here */
    struct sm_slice exemplars_raw; /* from the first Exemplar field to the end of the last; other fields may stand between */
    uint8_t exemplars_field;
    bool has_decoded_exemplars;
    struct sm_exemplar *exemplars; /* borrowed: arena; valid once decoded */
    size_t exemplar_count;
};

struct sm_metric {
    struct sm_slice raw; /* Metric message; empty for one made here */
    struct sm_slice name, description, unit;
    struct sm_attributes metadata; /* field 12 */
    enum sm_metric_type type;
    int32_t temporality;          /* sum, histograms: enum sm_temporality, or any number a client sent */
    bool is_monotonic;            /* sum */
    struct sm_data_point *points; /* borrowed: arena; NULL in an outline */
    struct sm_slice points_raw;   /* of an outline: the message that holds the points */
    size_t point_count;           /* dropped ones included */
    bool changed;                 /* the metric or one of its points */
    bool dropped;
};

/* Walks the points of a metric, also of an outline, whose points are decoded into one place:
 *     struct sm_point_cursor cursor = sm_metric_points(metric, &arena);
 *     for (const struct sm_data_point *point; (point = sm_metric_next_point(&cursor)) != NULL;) … */
struct sm_point_cursor {
    const struct sm_metric *metric;
    struct sm_arena *arena; /* borrowed: for the arrays of an outline's points; may be emptied between two points */
    const char *_at;
    size_t _index;
    struct sm_data_point _point;
};
static inline struct sm_point_cursor sm_metric_points(const struct sm_metric *metric, struct sm_arena *arena)
{
    return (struct sm_point_cursor){.metric = metric, .arena = arena, ._at = metric->points_raw.ptr};
}
/* Without those that are dropped; NULL: there are no more. Valid until the next call. */
const struct sm_data_point *sm_metric_next_point(struct sm_point_cursor *cursor);

struct sm_exemplar *sm_data_point_exemplars(struct sm_data_point *point, struct sm_arena *arena, size_t *count);
