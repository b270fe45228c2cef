/* receiver_counts.h - the own metrics of receivers: otelcol_receiver_{accepted,refused,failed}_{spans,metric_points,log_records}.
 *
 * The graph makes and frees them; sm_receiver_deliver (component.h) uses them on workers. */
#pragma once

struct sm_component;

void sm_receiver_counts_create(struct sm_component *receiver);
void sm_receiver_counts_free(struct sm_component *receiver);
