/* metrics.h - what the functions on whole metrics share. Inside ottl/ only. */
#pragma once

#include "ottl/compile.h"
#include "telemetry/metric.h"

/* Appends an empty metric with the name of run->metric plus `suffix`, its description and unit, behind the metrics of the scope, where later
 * statements will see it. NULL with the run failed: there are too many. run->metric stays the current one but may have moved. */
struct sm_metric *sm_ottl_metric_add(struct sm_ottl_run *run, enum sm_metric_type type, struct sm_slice suffix);
/* Adds a point with the attributes and times of `source`, into the room made by sm_ottl_points_reserve. */
struct sm_data_point *sm_ottl_point_add(struct sm_ottl_run *run, struct sm_metric *metric, const struct sm_data_point *source);
/* An array for so many points, of a metric without any. */
void sm_ottl_points_reserve(struct sm_ottl_run *run, struct sm_metric *metric, size_t count);
/* A copy that can be changed on its own. */
struct sm_attributes sm_ottl_attributes_copy(const struct sm_attributes *attributes, struct sm_arena *arena);
/* Points that are not dropped. */
size_t sm_ottl_point_count(const struct sm_metric *metric);
/* What the word means; false: neither "delta" nor "cumulative". */
bool sm_ottl_temporality_find(struct sm_slice word, int32_t *temporality);
