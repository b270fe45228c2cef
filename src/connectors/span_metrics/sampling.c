/* sampling.c - see sampling.h. Rounds by chance once for a run of equal trace states, as the reference does
 * (spanmetricsconnector/internal/metrics/adjusted_count.go). */
#include "connectors/span_metrics/sampling.h"

#include "telemetry/sampling_threshold.h"
#include "telemetry/trace_state.h"

/* xorshift64* */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 12;
    *state ^= *state >> 25;
    *state ^= *state << 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

struct sm_span_metrics_weight sm_span_metrics_weigh(struct sm_span_metrics_weights *weights, struct sm_slice trace_state)
{
    struct sm_span_metrics_weight one = {.count = 1};
    if (trace_state.size == 0)
        return one;
    if (weights->_state.size && sm_slice_equal(trace_state, weights->_state))
        return weights->_weight;
    struct sm_trace_state state;
    struct sm_span_metrics_weight weight = one;
    if (sm_trace_state_parse(&state, trace_state) && state.has_threshold) {
        const uint64_t all = SM_THRESHOLD_NEVER;
        uint64_t divisor = all - state.threshold, rest = all % divisor; /* at most 14 digits: the divisor is not 0 */
        weight.count = all / divisor + (rest && next_random(&weights->random) % divisor < rest);
        weight.is_adjusted = true;
    }
    weights->_state = trace_state;
    weights->_weight = weight;
    return weight;
}

void sm_span_metrics_weights_reset(struct sm_span_metrics_weights *weights)
{
    weights->_state = (struct sm_slice){0};
}
