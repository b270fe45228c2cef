/* probabilistic.h - the Agent's probabilistic sampler: keeps a share of traces by a hash of their IDs, whatever their priority. Any thread.
 *
 * The hash is that of the Collector's probabilistic_sampler with the same seed, over the whole ID, or by default over its lower half, which then
 * stands in front of eight zero bytes. Source: datadog-agent pkg/trace/sampler/probabilistic.go, 0.59.0. */
#pragma once

#include "base/arena.h"
#include "datadog/span.h"

struct sm_datadog_probabilistic {
    bool is_enabled;
    float percentage; /* 0 to 100 */
    uint32_t seed;
    bool takes_full_id;
};

/* Marks the root when the trace is kept. */
bool sm_datadog_probabilistic_keeps(const struct sm_datadog_probabilistic *sampler, struct sm_datadog_span *root, struct sm_arena *arena);
