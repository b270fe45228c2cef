/* instance.h - one component as a file configures it: what becomes a component of the Collector. Main thread only; lives in the configuration's
 * arena. */
#pragma once

#include "alloy/rows.h"

/* One exporter of several that an instance becomes. */
struct sm_alloy_branch {
    const char *id;
    struct sm_node *settings;
};

struct sm_alloy_instance {
    const struct sm_alloy_component *component;
    const struct sm_component_type *type;
    const char *name; /* "otelcol.processor.batch.default", for messages */
    const char *id;   /* "batch/default", unique in its section */
    struct sm_position position;
    struct sm_node *settings;
    struct sm_node *server_settings;                 /* authenticators that are another component on the server's side; NULL: the same */
    struct sm_alloy_value *targets[SM_SIGNAL_COUNT]; /* `output`: arrays of consumers whose `target` is an instance; NULL: none */
    struct sm_alloy_value *receivers;                /* `forward_to`: an array whose `target` are instances; NULL: none */
    struct sm_node *pieces;                          /* the blocks of a PIECES row: a list of maps; NULL: none */
    struct sm_alloy_branch *branches;                /* an exporter for each way through the prometheus family; NULL: the instance itself */
    size_t branch_count, branch_capacity;
    bool is_branching;
    bool is_left_out;                         /* nothing would come of it: it is not part of the tree */
    bool is_used, is_used_by_server;          /* extensions: somebody names it */
    struct sm_alloy_graph_state *graph_state; /* owned by pipelines.c while it works */
    struct sm_alloy_instance *next;           /* in the order of evaluation */
};
