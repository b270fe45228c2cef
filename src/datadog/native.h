/* native.h - Datadog's own spans as OTLP and back without loss: what the receiver gives, and the exporter finds again.
 *
 *     payload     attributes of the resource: telemetry.sdk.*, host.name, container.id, deployment.environment, service.version,
 * datadog.payload.tag.* chunk       attributes of the resource: datadog.chunk (its number in the request), datadog.chunk.missing, .priority, .origin,
 * .dropped, .tag.* span        name: the resource; operation.name, resource.name and span.type: name, resource and type; service.name is the
 * resource's; meta, metrics and meta_struct: text, double and bytes attributes; links: links; error: the status
 *
 * A chunk is one resource, or several in a row where its service changes, so that the order of its spans stays. The first operation.name,
 * resource.name and span.type of a span are the fields; further ones are meta. What processors change comes out changed. Any thread. */
#pragma once

#include "datadog/tracer_api.h"
#include "telemetry/otlp.h"

struct sm_batch;
struct sm_resource_group;

/* What the request's headers say of all its traces. */
struct sm_datadog_request_marks {
    bool has_top_level; /* the tracer has marked the spans that are top level */
    bool has_stats;     /* the tracer has made statistics of them */
    double dropped;     /* traces that the tracer has dropped, for each one here */
};

/* NULL with `error` when it cannot be encoded. The batch points to nothing of `traces`. */
struct sm_batch *sm_datadog_to_otlp(const struct sm_datadog_traces *traces, const struct sm_datadog_request_marks *marks,
                                    struct sm_decode_error *error) __attribute__((warn_unused_result));

/* A chunk as it came. */
struct sm_datadog_native {
    struct sm_datadog_payload payload;
    struct sm_datadog_request_marks marks;
    struct sm_datadog_chunk chunk;
    int64_t number; /* of the chunk in its request */
};
bool sm_datadog_is_native(const struct sm_resource_group *group);
/* How many groups the chunk that begins with group `at` takes, with those that were dropped, its number in the request, and how many chunks were
 * dropped in front of it; the numbers are whatever somebody says. */
size_t sm_datadog_native_extent(const struct sm_batch *batch, size_t at, int64_t *number, int64_t *missing);
/* The chunk of those groups, in `arena`; its texts are the batch's. */
void sm_datadog_native_read(struct sm_batch *batch, size_t at, size_t count, struct sm_arena *arena, struct sm_datadog_native *native);
