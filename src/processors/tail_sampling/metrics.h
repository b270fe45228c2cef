/* metrics.h - the own metrics of tail_sampling (otelcol_processor_tail_sampling_*).
 *
 * A tally collects what a worker counts until it is told, once a tick: worker-local. The instruments are for any thread. */
#pragma once

#include "pipeline/own_metrics.h"
#include "processors/tail_sampling/policy.h"

extern const struct sm_own_metric sm_tail_metric_table[];

struct sm_tail_policy_instruments;

/* Immutable after create. */
struct sm_tail_metrics {
    struct sm_instrument *new_traces, *timer_latency, *late_age, *removal_age, *evaluation_errors, *dropped_too_early, *dropped_too_large, *on_memory;
    struct sm_instrument *released[2];                       /* from the cache; by whether sampled */
    struct sm_instrument *decisions[SM_TAIL_DECISION_COUNT]; /* of traces */
    struct sm_tail_policy_instruments *policies;             /* owned: by policy of the plan */
    size_t policy_count;
};

struct sm_tail_policy_tally {
    struct sm_tail_sampled {
        uint64_t traces, spans, bytes;
    } decisions[SM_TAIL_DECISION_COUNT];
    uint64_t execution_count, execution_ns;
};

struct sm_tail_tally {
    uint64_t decisions[SM_TAIL_DECISION_COUNT];
    uint64_t error_count, dropped_too_early;
    struct sm_tail_policy_tally *policies; /* owned */
};

/* `component_id` is as configured: "tail_sampling/eu". */
void sm_tail_metrics_init(struct sm_tail_metrics *metrics, const struct sm_tail_plan *plan, const char *component_id);
void sm_tail_metrics_deinit(struct sm_tail_metrics *metrics);

void sm_tail_tally_init(struct sm_tail_tally *tally, size_t policy_count);
void sm_tail_tally_deinit(struct sm_tail_tally *tally);
/* Tells what was counted, and begins anew. */
void sm_tail_tally_tell(struct sm_tail_tally *tally, const struct sm_tail_metrics *metrics);
