/* walk.h - going over the items of a batch with an OTTL run set to each. */
#pragma once

#include "ottl/ottl.h"
#include "telemetry/batch.h"

static inline struct sm_ottl_run sm_walk_start(struct sm_batch *batch)
{
    return (struct sm_ottl_run){.arena = &batch->arena, .batch = batch};
}

/* Walks with `run` set to what is not dropped, in order: `item` for every span, metric or log record (batch->signal says which pointer is set);
 * `scope` and `resource` before what they contain. Any may be NULL. `resource` and `scope` return whether to go into what they contain. */
struct sm_walker {
    bool (*resource)(struct sm_ottl_run *run, void *context);
    bool (*scope)(struct sm_ottl_run *run, void *context);
    void (*item)(struct sm_ottl_run *run, void *context);
    void *context;
};
void sm_walk(struct sm_batch *batch, const struct sm_walker *walker);

/* Visits everything of one context in turn: resources, scopes, items, the events of spans or the data points of metrics. */
void sm_walk_context(struct sm_batch *batch, enum sm_ottl_context context, void (*visit)(struct sm_ottl_run *run, void *visit_context),
                     void *visit_context);
