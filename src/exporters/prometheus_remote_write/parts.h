/* parts.h - the labels in which the series of one metric's points differ: its name with the suffixes of histograms and summaries, and the bounds of
 * buckets. Made once a metric, as long as the arena is not emptied. One thread at a time. */
#pragma once

#include "exporters/prometheus_remote_write/series.h"
#include "telemetry/metric.h"

/* The series of histograms and summaries beside the name itself. */
enum sm_write_part { SM_WRITE_PART_PLAIN, SM_WRITE_PART_SUM, SM_WRITE_PART_COUNT, SM_WRITE_PART_BUCKET, SM_WRITE_PARTS };

struct sm_write_part_maker {
    struct sm_arena *arena;                              /* borrowed */
    struct sm_slice name;                                /* of the metric, as Prometheus has it; borrowed: arena */
    const struct sm_write_label *_names[SM_WRITE_PARTS]; /* NULL: not made yet */
    struct sm_write_label *_bound_labels;                /* of the bounds that were last written, and of +Inf */
    const double *_bounds;
    size_t _bound_count;
};

/* Begins a metric, or goes on with one when the arena was emptied. */
void sm_write_parts_begin(struct sm_write_part_maker *parts, struct sm_slice name, bool is_emptied);
const struct sm_write_label *sm_write_part_name(struct sm_write_part_maker *parts, enum sm_write_part part);
/* `le` of each of the point's bounds, and of +Inf behind them. */
const struct sm_write_label *sm_write_bound_labels(struct sm_write_part_maker *parts, const struct sm_data_point *point);
/* A label whose value is a number: a quantile. */
const struct sm_write_label *sm_write_number_label(struct sm_write_part_maker *parts, struct sm_slice name, double number);
/* Labels that series share, in the arena. */
const struct sm_write_base *sm_write_keep_base(struct sm_arena *arena, const struct sm_write_base *labels);
