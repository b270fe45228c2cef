/* graph.h - the running pipelines: component instances and how they are connected.
 *
 * Built from a plan (types, options, who feeds whom), which must outlive it. Main worker only unless said otherwise; the workers must be running.
 *
 *     create -> start -> (requests flow) -> stop … stopped() -> free
 *
 * Order of starting: extensions, exporters, then connectors and processors from the end of each pipeline to its beginning, receivers. Stopping goes
 * the other way round, and a stage begins when every component of the one before says that it has drained. Source of the order:
 * opentelemetry-collector service/internal/graph. */
#pragma once

#include "base/error.h"
#include "config/node.h"
#include "telemetry/signal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sm_component;
struct sm_component_type;
struct sm_diags;
struct sm_graph;
struct sm_string_map;
struct sm_workers;

struct sm_graph_component {
    const struct sm_component_type *type;
    const char *id;             /* borrowed: "otlp_http/eu" */
    const void *options;        /* borrowed: decoded */
    const struct sm_node *node; /* borrowed: what they were decoded from; NULL: nothing */
    struct sm_position position;
};

struct sm_graph_pipeline {
    const char *id; /* borrowed: "traces/2" */
    enum sm_signal signal;
    const struct sm_graph_component *const *receivers; /* borrowed; connectors among them feed it from other pipelines */
    size_t receiver_count;
    const struct sm_graph_component *const *processors; /* borrowed; in order */
    size_t processor_count;
    const struct sm_graph_component *const *exporters; /* borrowed; connectors among them feed other pipelines */
    size_t exporter_count;
};

/* The same component is the same pointer everywhere. */
struct sm_graph_plan {
    const struct sm_graph_pipeline *pipelines; /* borrowed */
    size_t pipeline_count;
    const struct sm_graph_component *const *extensions; /* borrowed; those of service::extensions, in order */
    size_t extension_count;
    const struct sm_string_map *resource; /* borrowed: service::telemetry::resource as given; NULL: none */
};

/* Makes every instance (their `create`), connects them, opens nothing. NULL with `error` filled: "failed to create \"x\" processor for …", or a
 * cycle. Everything that is wrong is told to `diags` (NULL: nobody) with its place, `error` has the first of it. */
struct sm_graph *sm_graph_create(struct sm_workers *workers, const struct sm_graph_plan *plan, struct sm_diags *diags, struct sm_error *error)
    __attribute__((warn_unused_result));

/* False with `error` filled: "failed to start \"x\" receiver: …", and the same told to `diags`. What had started must then be stopped with
 * sm_graph_stop as usual. */
bool sm_graph_start(struct sm_graph *graph, struct sm_diags *diags, struct sm_error *error) __attribute__((warn_unused_result));

/* Begins to stop. `stopped` is called once from the main worker's loop: with `is_drained` when every component has drained; without when `limit_ns`
 * passed before: the rest has then been told to stop, the graph must be kept (something may still use it). Legal without start. */
typedef void sm_graph_stopped(void *context, bool is_drained);
void sm_graph_stop(struct sm_graph *graph, uint64_t limit_ns, sm_graph_stopped *stopped, void *context);

/* After `stopped` with `is_drained`, or when it was never started. NULL is allowed. */
void sm_graph_free(struct sm_graph *graph);

/* Since when (wall clock) everything has started and nothing is told to stop; 0 while that is not so. Any thread. */
uint64_t sm_graph_ready_since_ns(const struct sm_graph *graph);
const struct sm_graph_plan *sm_graph_plan(const struct sm_graph *graph);
/* Instances in the order of starting. */
size_t sm_graph_component_count(const struct sm_graph *graph);
struct sm_component *sm_graph_component_at(const struct sm_graph *graph, size_t index);
