/* host_metadata.h - tells Datadog of hosts: of this machine once telemetry comes, and of those whose resources say `datadog.host.use_as_metadata`.
 *
 * The instances of one exporter (one for each signal) share what is known; a lock guards it. Each worker posts what it finds to have changed; every
 * reporter_period all that is known is posted again.
 * Source: datadogexporter internal/hostmetadata (metadata.go); opentelemetry-mapping-go pkg/inframetadata v0.21.0. */
#pragma once

#include "exporters/datadog/exporter.h"

struct sm_batch;

struct sm_host_metadata;
/* On the main worker; reads what is to be told of this machine. The one of the exporter's other instances if there is one. */
struct sm_host_metadata *sm_host_metadata_retain(const struct sm_datadog_exporter *exporter) __attribute__((returns_nonnull));
void sm_host_metadata_release(struct sm_host_metadata *metadata); /* NULL is allowed */

struct sm_datadog_intake *sm_host_metadata_intake(const struct sm_datadog_exporter_options *options, const struct sm_logger *logger,
                                                  struct sm_error *error) __attribute__((warn_unused_result));

/* On each worker. */
struct sm_host_metadata_lane;
struct sm_host_metadata_lane *sm_host_metadata_lane_create(struct sm_host_metadata *metadata, const struct sm_datadog_exporter *exporter,
                                                           struct sm_datadog_intake *intake, struct sm_worker *worker)
    __attribute__((returns_nonnull));
void sm_host_metadata_lane_free(struct sm_host_metadata_lane *lane); /* NULL is allowed */
void sm_host_metadata_take(struct sm_host_metadata_lane *lane, const struct sm_batch *batch);
