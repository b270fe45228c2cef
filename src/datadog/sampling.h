/* sampling.h - which of the traces that arrive are sent: those that are rare, by a hash of their ID or by their priority, and some of those that hold
 * errors.
 *
 * One lock, taken once a trace: the number of traces a second counts over all workers. Any thread.
 * Source: datadog-agent pkg/trace/agent/agent.go (sample, runSamplers), pkg/trace/sampler, pkg/trace/event, 0.59.0. */
#pragma once

#include "datadog/probabilistic.h"
#include "datadog/rare_sampler.h"
#include "datadog/rate_sampler.h"
#include "datadog/service_rates.h"

#include <pthread.h>

struct sm_datadog_sampling {
    pthread_mutex_t _lock;
    struct sm_datadog_rate_sampler priority, no_priority, errors;
    struct sm_datadog_rare_sampler *rare;           /* owned; NULL: none, the default */
    struct sm_datadog_service_rates *service_rates; /* owned; NULL: nobody asks, the default */
    struct sm_datadog_probabilistic probabilistic;  /* off by default; immutable */
    bool takes_refused;                             /* traces of negative priority too may be rare or hold errors, if they were not dropped by hand */
    struct sm_slice env;                            /* of payloads without one; must live as long */
    double events_per_s;                            /* analysed spans that are kept; 200 by default */
    double _events;                                 /* analysed spans lately */
    int64_t _events_at_s;                           /* when their number was brought down last */
};

void sm_datadog_sampling_init(struct sm_datadog_sampling *sampling, double target_per_s, double errors_per_s, struct sm_slice env);
/* Further samplers are set between these two. */
void sm_datadog_sampling_deinit(struct sm_datadog_sampling *sampling);

/* Decides, marks the root with the rate that decided, and leaves of a trace that is not kept the single spans that are. False: nothing is left. */
bool sm_datadog_sample(struct sm_datadog_sampling *sampling, uint64_t now_ns, struct sm_slice env, struct sm_datadog_chunk *chunk,
                       struct sm_datadog_span *root, struct sm_arena *arena) __attribute__((warn_unused_result));
