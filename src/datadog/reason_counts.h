/* reason_counts.h - the own metrics of what was wrong with traces: how many were dropped, and how many of their spans were put right, by reason.
 *
 * Under the Agent's names. Adding: any thread. Source: datadog-agent pkg/trace/info/stats.go (TracesDropped, SpansMalformed), 0.59.0. */
#pragma once

#include "datadog/chunk.h"

struct sm_instrument;

struct sm_datadog_reason_counts {
    struct sm_instrument *_by_reason[SM_DATADOG_REASON_COUNT]; /* the process's */
};
/* `kind` and `id` tell whose they are ("exporter", "datadog"; `id` is borrowed). */
void sm_datadog_reason_counts_init(struct sm_datadog_reason_counts *reasons, const char *kind, const char *id);
void sm_datadog_reason_counts_add(const struct sm_datadog_reason_counts *reasons, const struct sm_datadog_counts *counts);
