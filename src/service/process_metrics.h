/* process_metrics.h - the own metrics otelcol_process_*: uptime, processor time, memory. */
#pragma once

/* Registers them, once; uptime counts from here. Main thread only. */
void sm_process_metrics_register(void);
