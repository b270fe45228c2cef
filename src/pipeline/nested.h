/* nested.h - exporters that an exporter makes and ends while it runs, one for each of its next hops, with a queue and retries of their own.
 *
 * A nested exporter is an instance of an ordinary exporter type that no graph knows. It keeps no own metrics: its owner counts. All on the main
 * worker but for sm_nested_consume. Its owner frees it before its own chain ends: sm_nested_free_local for each worker from `worker_free`, then
 * sm_nested_free from there or later. */
#pragma once

#include "base/error.h"
#include "telemetry/signal.h"

struct sm_batch;
struct sm_component;
struct sm_component_type;
struct sm_nested;
struct sm_worker;

struct sm_nested_options {
    const struct sm_component_type *type; /* has `send` */
    const char *id;                       /* copied: of log lines and of its queue's storage */
    const void *options;                  /* borrowed for its life: the type's, decoded */
    enum sm_signal signal;
};

/* Made and started. NULL with `error`. */
struct sm_nested *sm_nested_start(struct sm_component *owner, const struct sm_nested_options *options, struct sm_error *error)
    __attribute__((warn_unused_result));
/* As a component's consume: on a worker; the batch's delivery tells the outcome. */
void sm_nested_consume(struct sm_nested *nested, struct sm_worker *worker, struct sm_batch *batch);
/* Nobody consumes any more. `stopped` is called once when it has drained, never before this returns. */
void sm_nested_stop(struct sm_nested *nested, void (*stopped)(struct sm_nested *nested, void *context), void *context);
/* On a worker, for an owner whose workers are told to free what they have: ends what is open. sm_nested_free then asks no worker again. */
void sm_nested_free_local(struct sm_nested *nested, struct sm_worker *worker);
/* NULL is allowed. */
void sm_nested_free(struct sm_nested *nested);

/* For sm_component_stopped. */
void sm_nested_note_stopped(struct sm_nested *nested);
