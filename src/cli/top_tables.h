/* top_tables.h - the tables that `spanmill top` draws: what was added between two snapshots. */
#pragma once

struct sm_bytes;
struct sm_top_snapshot;
struct sm_top_spans;
struct sm_top_view;

/* Of one span_metrics connector. `before` NULL: it was not there. */
void sm_top_append_spans(struct sm_bytes *out, const struct sm_top_view *view, const struct sm_top_spans *before, const struct sm_top_spans *after);
/* Of all processors `volume` and exporters `datadog` side by side, the one that saw most spans first: what is behind sampling comes after what is
 * before it. */
void sm_top_append_volumes(struct sm_bytes *out, const struct sm_top_view *view, const struct sm_top_snapshot *before,
                           const struct sm_top_snapshot *after);
