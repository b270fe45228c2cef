/* from_collector_prometheus.h - an exporter prometheus_remote_write as the components of Alloy that it stands for. Main thread only. */
#pragma once

#include "alloy/from_collector_rows.h"

/* Writes otelcol.exporter.prometheus, prometheus.relabel if there are rules for it, and prometheus.remote_write, all with the label. `settings` may
 * be NULL. What they cannot say is told. */
void sm_alloy_write_prometheus(struct sm_alloy_back *back, const char *label, const struct sm_node *settings);
