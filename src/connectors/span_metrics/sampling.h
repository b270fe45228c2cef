/* sampling.h - how many spans one sampled span stands for (tracestate, OpenTelemetry probability sampling). */
#pragma once

#include "base/slice.h"

struct sm_span_metrics_weight {
    uint64_t count;
    bool is_adjusted; /* the trace state holds a valid threshold */
};

/* The last answer; spans of one trace follow each other with the same trace state. Worker-local; zero-initialised but for `random`, which is any
 * number but 0. `_state` is borrowed from the batch: forget it (sm_span_metrics_weights_reset) before the batch goes. */
struct sm_span_metrics_weights {
    uint64_t random;
    struct sm_slice _state;
    struct sm_span_metrics_weight _weight;
};

/* 2^56 / (2^56 - threshold) of the `th` in `trace_state`, rounded by chance so that the mean is right; 1 without a valid one. */
struct sm_span_metrics_weight sm_span_metrics_weigh(struct sm_span_metrics_weights *weights, struct sm_slice trace_state);
void sm_span_metrics_weights_reset(struct sm_span_metrics_weights *weights);
