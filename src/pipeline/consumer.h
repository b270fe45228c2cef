/* consumer.h - the next step of a pipeline: a component, a fan-out, or an observer before a component.
 *
 * Part of the graph, immutable after start; called on workers. Components use sm_component_forward instead. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sm_batch;
struct sm_worker;

struct sm_consumer {
    /* Takes one reference of `batch` and its part of the delivery. */
    void (*consume)(struct sm_consumer *self, struct sm_worker *worker, struct sm_batch *batch);
    bool mutates;      /* this or something behind it without a copy in between changes the batch */
    size_t join_limit; /* so many items may as well come as one batch; 0: what comes apart is to stay apart */
    bool takes_packed; /* neither this nor what it passes batches on to looks into them: it may be given packed ones (telemetry/batch.h) */
};

static inline void sm_consumer_consume(struct sm_consumer *consumer, struct sm_worker *worker, struct sm_batch *batch)
{
    consumer->consume(consumer, worker, batch);
}
