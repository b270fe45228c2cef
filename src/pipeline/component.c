/* component.c - what components call: see component.h. */
#include "pipeline/component.h"

#include <assert.h>

#include "pipeline/consumer.h"
#include "pipeline/delivery.h"
#include "pipeline/graph_internal.h"
#include "pipeline/item_counts.h"
#include "pipeline/nested.h"
#include "pipeline/worker.h"

void *sm_component_local(const struct sm_component *component, const struct sm_worker *worker)
{
    sm_worker_assert(worker);
    int index = sm_worker_index(worker);
    assert(index >= 0);
    return component->_locals[index];
}

void sm_component_forward(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    if (component->_observer)
        sm_item_counts_leave(component, batch);
    struct sm_consumer *next = component->next[batch->signal];
    if (next)
        sm_consumer_consume(next, worker, batch);
    else
        sm_batch_accept(batch, worker);
}

bool sm_component_gives_packed(const struct sm_component *component, enum sm_signal signal)
{
    const struct sm_consumer *next = component->next[signal];
    return next && next->takes_packed;
}

size_t sm_component_join_limit(const struct sm_component *component, enum sm_signal signal)
{
    const struct sm_consumer *next = component->next[signal];
    return next ? next->join_limit : 0;
}

static void note_stopped(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_component *component = context;
    if (component->nested)
        sm_nested_note_stopped(component->nested);
    else
        sm_graph_note_stopped(component);
}

void sm_component_stopped(struct sm_component *component)
{
    sm_worker_post(sm_workers_main(component->workers), note_stopped, component);
}
