/* translate.h - a batch of metrics as the series of a remote write. Source: pkg/translator/prometheusremotewrite. */
#pragma once

#include "exporters/prometheus_remote_write/labels.h"

/* Adds what the batch holds to `write`; the batch is only read. Returns how many metrics, points and
 * resources were left out because they cannot be translated (delta temporality, unusable names, scales below -4). */
size_t sm_write_translate(const struct sm_write_settings *settings, struct sm_batch *batch, struct sm_write *write);

/* The same as otelcol.exporter.prometheus of Alloy does it, up to the labels of its series: sm_write_select does the rest. */
size_t sm_write_translate_alloy(const struct sm_write_settings *settings, struct sm_batch *batch, struct sm_write *write);
/* A label that relabelling may use and that is not sent, but for __name__. */
static inline bool sm_write_is_hidden(struct sm_slice label)
{
    return sm_slice_starts_with(label, SM_SLICE("__"));
}
/* Relabels the series and leaves out what is not to be sent. Called once, behind one of the above. */
void sm_write_select(const struct sm_write_settings *settings, struct sm_write *write);

struct sm_data_point;
struct sm_metric;
/* How values of two streams of such a metric go together. */
enum sm_write_kind sm_write_kind_of(const struct sm_metric *metric);
/* The point of an exponential histogram as a native histogram. False: its scale is below -4. */
bool sm_write_make_native(const struct sm_data_point *point, struct sm_arena *arena, struct sm_write_histogram *out)
    __attribute__((warn_unused_result));

/* Exemplars of a point, in the order they came, in the arena. NULL: none. In version 2 an attribute called trace_id or span_id gives way to the ID;
 * in version 1 both become labels. */
struct sm_write_exemplar *sm_write_make_exemplars(const struct sm_data_point *point, bool is_version_2, struct sm_arena *arena, size_t *count);
