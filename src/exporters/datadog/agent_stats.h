/* agent_stats.h - statistics of all traces before they are sampled, as the Agent makes them, and how much of them is sent. For traces.c.
 *
 * One for an instance: the intake wants one count a second and key, so all workers add to the same buckets, under a lock taken once a trace.
 * Source: datadog-agent pkg/trace/stats/concentrator.go, 0.59.0. */
#pragma once

#include "exporters/datadog/exporter.h"

struct sm_datadog_agent_stats;
struct sm_datadog_agent_stats *sm_datadog_agent_stats_create(struct sm_datadog_exporter *exporter, const struct sm_datadog_agent_state *agent,
                                                             struct sm_error *error) __attribute__((warn_unused_result));
void sm_datadog_agent_stats_free(struct sm_datadog_agent_stats *stats); /* after its lanes; NULL is allowed */

struct sm_datadog_lane *sm_datadog_agent_stats_lane(struct sm_datadog_agent_stats *stats, struct sm_worker *worker)
    __attribute__((returns_nonnull, warn_unused_result));
/* Any worker. `scratch` is for what is made on the way. */
void sm_datadog_agent_stats_add(struct sm_datadog_agent_stats *stats, const struct sm_datadog_payload *payload, const struct sm_datadog_chunk *chunk,
                                const struct sm_datadog_span *root, struct sm_arena *scratch);
/* Posts what is due, or all. */
void sm_datadog_agent_stats_post(struct sm_datadog_agent_stats *stats, struct sm_datadog_lane *lane, bool is_all, sm_datadog_posted *posted,
                                 void *context);
/* A worker adds no more; true: it was the last. */
bool sm_datadog_agent_stats_end(struct sm_datadog_agent_stats *stats);

/* ---- usage.c: spans and bytes that are sent, by service and environment; in the own metrics, in `spanmill top`, and posted as
 * the Agent's estimated usage. Any thread. */
struct sm_datadog_usage;
struct sm_datadog_usage *sm_datadog_usage_create(const char *exporter_id, unsigned worker_count) __attribute__((returns_nonnull, warn_unused_result));
void sm_datadog_usage_free(struct sm_datadog_usage *usage); /* NULL is allowed */
void sm_datadog_usage_add(struct sm_datadog_usage *usage, struct sm_slice service, struct sm_slice env, size_t spans, size_t bytes);
/* As a table of volumes. */
void sm_datadog_usage_show(struct sm_datadog_usage *usage, struct sm_snapshot_question *question);
/* What came since the last post. */
void sm_datadog_usage_post(struct sm_datadog_usage *usage, struct sm_datadog_lane *lane, struct sm_slice hostname, sm_datadog_posted *posted,
                           void *context);
/* A worker adds no more; true: it was the last. */
bool sm_datadog_usage_end(struct sm_datadog_usage *usage);
