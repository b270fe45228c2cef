/* metrics_endpoint.h - an address on which the own metrics are read by Prometheus (service::telemetry::metrics::readers). Main worker only. */
#pragma once

#include "base/error.h"
#include "config/option.h"

struct sm_metrics_endpoint;
struct sm_metrics_reader;
struct sm_workers;

/* `reader` and `identity` are borrowed and must outlive it. */
struct sm_metrics_endpoint *sm_metrics_endpoint_create(struct sm_workers *workers, const struct sm_metrics_reader *reader,
                                                       const struct sm_string_map *identity, struct sm_error *error)
    __attribute__((warn_unused_result));
bool sm_metrics_endpoint_start(struct sm_metrics_endpoint *endpoint, struct sm_error *error) __attribute__((warn_unused_result));
/* `stopped(context)` on the main worker when the last answer is given. */
void sm_metrics_endpoint_stop(struct sm_metrics_endpoint *endpoint, void (*stopped)(void *context), void *context);
/* After `stopped`, or never started. NULL is allowed. */
void sm_metrics_endpoint_free(struct sm_metrics_endpoint *endpoint);
