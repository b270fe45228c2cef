/* legacy.h - the older way of counting (feature gate connector.datadogconnector.NativeIngest off): every span becomes a Datadog span first, with all
 * that the agent does to one before it makes statistics: normalising, obfuscating, weights, patterns of traces to ignore.
 *
 * Source: opentelemetry-collector-contrib connector/datadogconnector/connector.go v0.115.0; datadog-agent
 * comp/otelcol/otlp/components/statsprocessor/agent.go and pkg/trace/agent/agent.go (Process), 0.59.0. */
#pragma once

#include "connectors/datadog/options.h"
#include "datadog/concentrator.h"
#include "telemetry/batch.h"

/* Immutable after creation; any thread. */
/* The host of spans that name none, and of the payload: the exporter puts in its own. */
#define SM_LEGACY_STATS_HOSTNAME "__unset__"

struct sm_error;
struct sm_legacy_stats;
/* NULL with `error` filled when a pattern is not valid. `options` and `peer_tags` are borrowed. */
struct sm_legacy_stats *sm_legacy_stats_create(const struct sm_datadog_connector_options *options, const struct sm_stats_texts *peer_tags,
                                               struct sm_error *error) __attribute__((warn_unused_result));
void sm_legacy_stats_free(struct sm_legacy_stats *stats); /* NULL is allowed */
void sm_legacy_stats_count(struct sm_legacy_stats *stats, struct sm_concentrator *concentrator, struct sm_batch *batch);
