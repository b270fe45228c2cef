/* counter.h - counts the spans of requests into a worker's concentrator, straight from their OTLP form. Worker-local.
 *
 * Source: datadog-agent pkg/trace/stats/otel_util.go (OTLPTracesToConcentratorInputs), 0.59.0. */
#pragma once

#include "connectors/datadog/options.h"
#include "datadog/concentrator.h"
#include "telemetry/batch.h"

/* The options prepared; immutable, lives in an arena. */
struct sm_stats_plan;
const struct sm_stats_plan *sm_stats_plan_create(const struct sm_datadog_connector_options *options, struct sm_arena *arena)
    __attribute__((returns_nonnull));

struct sm_stats_counter;
struct sm_stats_counter *sm_stats_counter_create(const struct sm_stats_plan *plan, int64_t now_ns) __attribute__((returns_nonnull));
void sm_stats_counter_free(struct sm_stats_counter *counter);
/* Reads the spans; what is decoded lazily stays in the batch. */
void sm_stats_counter_add(struct sm_stats_counter *counter, const struct sm_batch *batch);
struct sm_concentrator *sm_stats_counter_concentrator(struct sm_stats_counter *counter);
const struct sm_stats_texts *sm_stats_plan_peer_tags(const struct sm_stats_plan *plan); /* none unless they are told apart */
