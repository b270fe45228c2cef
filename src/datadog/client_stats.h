/* client_stats.h - statistics that tracers made themselves: made sound, filtered, and added up on a grid of two seconds, so that there is one count a
 * second and key at most. Not thread-safe; the clock is an argument.
 * Source: datadog-agent pkg/trace/stats/client_stats_aggregator.go, pkg/trace/agent/agent.go (processStats), 0.59.0. */
#pragma once

#include "datadog/agent_state.h"
#include "datadog/stats_payload.h"

struct sm_client_stats;
struct sm_client_stats *sm_client_stats_create(const struct sm_datadog_agent_state *agent, uint64_t now_ns)
    __attribute__((returns_nonnull, warn_unused_result));
void sm_client_stats_free(struct sm_client_stats *stats); /* NULL is allowed */

/* Takes what a tracer has sent; `client` is changed. `arena` is for what becomes of it on the way. Returns how many rows were left out because there
 * are too many already. */
size_t sm_client_stats_add(struct sm_client_stats *stats, uint64_t now_ns, struct sm_stats_client *client, struct sm_slice language,
                           struct sm_arena *arena);
/* What is due, or all, as a payload in `arena` that points into `stats` until sm_client_stats_forget, which must follow. */
void sm_client_stats_take(struct sm_client_stats *stats, uint64_t now_ns, bool is_all, struct sm_arena *arena, struct sm_stats_payload *payload);
void sm_client_stats_forget(struct sm_client_stats *stats);
