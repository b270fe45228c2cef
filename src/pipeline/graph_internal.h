/* graph_internal.h - what graph.c (building) and graph_life.c (starting and stopping) share. Nobody else includes it but component.c. */
#pragma once

#include "base/arena.h"
#include "pipeline/component.h"
#include "pipeline/consumer.h"
#include "pipeline/graph.h"

#include <stdatomic.h>

enum sm_instance_state { SM_INSTANCE_NEW, SM_INSTANCE_CREATED, SM_INSTANCE_STARTED, SM_INSTANCE_STOPPING, SM_INSTANCE_STOPPED, SM_INSTANCE_FAILED };

/* One component instance. Main worker only, except `component` and `consumer` as their headers say. */
struct sm_instance {
    struct sm_component component;         /* first: a component pointer is an instance pointer */
    struct sm_consumer consumer;           /* entry of what consumes */
    const struct sm_graph_component *from; /* borrowed: plan */
    enum sm_instance_state state;
    bool has_worker_state;
};

struct sm_graph {
    struct sm_arena arena;            /* owned: all of this graph */
    struct sm_workers *workers;       /* borrowed */
    const struct sm_graph_plan *plan; /* borrowed */
    struct sm_instance **order;       /* borrowed: arena; instances in the order of starting */
    size_t count, capacity;
    _Atomic uint64_t ready_since_ns; /* any thread reads; relaxed: an advice to who watches */

    /* stopping */
    size_t stop_index;    /* order[stop_index …] have been told to stop */
    size_t pending_count; /* of the current stage, not yet stopped */
    bool is_overdue, is_stopping, has_reached_extensions, has_ended;
    struct sm_timer *limit_timer; /* owned */
    sm_graph_stopped *stopped;
    void *stopped_context; /* borrowed */
};

/* On the main worker: `component` says that it has drained. */
void sm_graph_note_stopped(struct sm_component *component);
