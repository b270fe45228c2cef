/* routing.h - takes a batch apart by the next hops that its parts belong to.
 *
 * No state; on the worker that holds the batch. The batch is only read; what is given out keeps it alive.
 * Source: opentelemetry-collector-contrib exporter/loadbalancingexporter ({trace,log,metrics}_exporter.go). */
#pragma once

#include "config/option.h"
#include "exporters/load_balancing/ring.h"
#include "telemetry/batch.h"

enum sm_routing_key {
    SM_ROUTE_DEFAULT,
    SM_ROUTE_TRACE_ID,
    SM_ROUTE_SERVICE,
    SM_ROUTE_METRIC,
    SM_ROUTE_RESOURCE,
    SM_ROUTE_STREAM,
    SM_ROUTE_ATTRIBUTES
};

struct sm_routing {
    enum sm_routing_key key; /* of those that the signal knows */
    struct sm_string_list attributes;
    size_t endpoint_count;
    const struct sm_ring *ring; /* not empty */
};

/* `part` is the callee's. */
typedef void sm_routed(size_t endpoint, struct sm_batch *part, void *context);

/* Gives every part to `routed`: one for each endpoint concerned; of logs one for each trace in a scope, as the reference sends them. The number of
 * resources that belong to nobody (metrics without service.name) is returned. */
size_t sm_route(const struct sm_routing *routing, struct sm_batch *batch, sm_routed *routed, void *context);
