/* rare_sampler.h - keeps a trace of every kind that was not seen lately: of each environment and service the kinds of spans (name, resource, error,
 * status) that are top level or measured. Not thread-safe; the clock is an argument. Source: datadog-agent pkg/trace/sampler/rare_sampler.go, 0.59.0.
 */
#pragma once

#include "datadog/span.h"

struct sm_datadog_rare_options {
    double per_s;         /* traces at most, with bursts of fifty */
    uint64_t cooldown_ns; /* how long a kind that was seen is none */
    uint64_t cardinality; /* kinds of a service that are told apart */
};

struct sm_datadog_rare_sampler;
struct sm_datadog_rare_sampler *sm_datadog_rare_sampler_create(const struct sm_datadog_rare_options *options)
    __attribute__((returns_nonnull, warn_unused_result));
void sm_datadog_rare_sampler_free(struct sm_datadog_rare_sampler *sampler); /* NULL is allowed */

/* Marks the span that is rare. */
bool sm_datadog_rare_sampler_keeps(struct sm_datadog_rare_sampler *sampler, uint64_t now_ns, struct sm_slice env, struct sm_datadog_chunk *chunk,
                                   struct sm_arena *arena);
