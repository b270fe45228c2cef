/* component.h - what a receiver, processor, exporter, connector or extension is.
 *
 * A component is a constant `struct sm_component_type`; what a type does not need stays NULL. Three lifetimes:
 *   type       the constant; listed in registry.c
 *   instance   `struct sm_component`, made from configuration by `create`, not written after `start` (except through atomics)
 *   per-worker state, made by `worker_create` on each worker, reached with sm_component_local, touched by that worker only
 *
 * Instances: a receiver is one per id (`next` for each signal it feeds); a processor one per pipeline that names it; an exporter one per id and
 * signal, or one per id with `.shared`; a connector one per id and pair of signals, or one per id with `.shared`; an extension one per id.
 *
 * Life of an instance, all called on the main worker unless said otherwise:
 *   create -> start -> worker_create (on every worker) -> consume … (on workers) -> stop -> worker_free (on every worker) -> free
 * The graph starts exporters first and receivers last, and stops the other way round. `stop` begins the end: receivers stop taking requests,
 * processors and exporters send on what they hold; the component calls sm_component_stopped when nothing is left (or the graph's
 * drain limit has passed). A type without `stop` has nothing to drain. `stop` without `start` is legal.
 *
 * Source of the contract: opentelemetry-collector component/component.go. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"
#include "config/option.h"
#include "telemetry/batch.h"
#include "telemetry/signal.h"

#include <stdatomic.h>

struct sm_component;
struct sm_consumer;
struct sm_delivery;
struct sm_export;
struct sm_graph;
struct sm_nested;
struct sm_outcome;
struct sm_own_metric;
struct sm_worker;
struct sm_workers;

enum sm_component_kind { SM_RECEIVER, SM_PROCESSOR, SM_EXPORTER, SM_CONNECTOR, SM_EXTENSION, SM_COMPONENT_KIND_COUNT };

enum sm_stability {
    SM_STABILITY_UNDEFINED,
    SM_STABILITY_DEVELOPMENT,
    SM_STABILITY_ALPHA,
    SM_STABILITY_BETA,
    SM_STABILITY_STABLE,
    SM_STABILITY_DEPRECATED
};

struct sm_component_type {
    enum sm_component_kind kind;
    const char *name;                             /* "span_metrics" */
    const char *const *old_names;                 /* NULL-terminated; deprecated spellings that still work with a warning: "spanmetrics" */
    const char *help;                             /* one line for `spanmill components` and the reference docs */
    unsigned signals;                             /* SM_SIGNAL_…: what it takes (receivers: gives); connectors: what it takes */
    unsigned gives[SM_SIGNAL_COUNT];              /* connectors: for each signal taken, the SM_SIGNAL_… it can give */
    enum sm_stability stability[SM_SIGNAL_COUNT]; /* extensions: [0] */
    bool mutates;                                 /* changes what it consumes: the graph hands it a batch nobody else holds */
    bool takes_packed;                            /* does not look into batches, but for what batch.h offers for packed ones too: it may be given
                                                     those, when that is true of what it passes them on to as well */
    bool shared;                                  /* exporters, connectors: one instance for all signals */
    bool counts_items;               /* processors: own metrics otelcol_processor_{incoming,outgoing}_items and _internal_duration are kept for it
                                        (those that the reference builds with its processorhelper) */
    const struct sm_option *options; /* table, see config/option.h */
    size_t options_size;
    const struct sm_own_metric *metrics; /* table of own metrics, see pipeline/own_metrics.h */

    /* Rules between options; adds every violation to the validation (its paths are relative to the component). NULL: none. */
    void (*validate)(const void *options, struct sm_validation *validation);

    /* Fills component->state from component->options. Opens nothing, but refuses everything that can be known without: it reads files, and finds the
     * extensions it names (which are created first), so that `spanmill validate`, which creates and does not start, sees what a start would. False
     * with `error` filled, which blames the option (sm_error_blame); `free` is then called if it has set the state. */
    bool (*create)(struct sm_component *component, struct sm_error *error);
    /* Opens ports and files, starts timers. False with `error` filled: the program does not start (or the reload is given up). */
    bool (*start)(struct sm_component *component, struct sm_error *error);
    /* NULL result with no per-worker state. Runs on that worker. */
    void *(*worker_create)(struct sm_component *component, struct sm_worker *worker);
    void (*worker_free)(struct sm_component *component, struct sm_worker *worker, void *local);

    /* Takes one reference of `batch` and its part of the delivery: passes it on (sm_component_forward), finishes it (sm_batch_finish), or keeps it
     * and does so later. Runs on a worker. Exporters with `send` leave it NULL. */
    void (*consume)(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch);
    /* Of one that puts batches together: how many items may come as one batch instead of several, because that does not show in what it gives. NULL:
     * none. */
    size_t (*joins)(const void *options);

    /* Exporters with queue and retries (pipeline/export.h): sends one request and ends it with sm_export_done, now or later, on the same worker. */
    void (*send)(struct sm_component *component, struct sm_worker *worker, struct sm_export *request);
    /* Offset of the exporter's `struct sm_export_options` in its options; used when `send` is set. */
    size_t export_options_offset;
    bool has_plain_errors; /* exporters with `send`: why retrying ended is not put before an error (those that try again by themselves in the
                              reference) */
    /* Exporters with `send`: how many requests of the queue are under way at a time, where that is not what num_consumers says. NULL: it is. */
    int64_t (*consumers)(const void *options);
    /* Exporters with `send`: the file that holds the queue, where that is an option of its own instead of the queue's `storage`. Writes the path to
     * `out`; false: there is none. */
    bool (*queue_file)(const void *options, struct sm_bytes *out);
    const struct sm_own_metric *queue_file_metrics; /* of that file, by enum sm_queue_file_metric; NULL: none */

    void (*stop)(struct sm_component *component);
    void (*free)(struct sm_component *component);

    /* Extensions: the interface they offer to other components (e.g. struct sm_storage_type), NULL: none. */
    const void *interface;
};

struct sm_component {
    const struct sm_component_type *type;
    const char *id;                            /* borrowed: graph; as configured: "otlp_http/eu" */
    const char *pipeline;                      /* borrowed: graph; processors: "traces/2"; NULL otherwise */
    enum sm_signal signal;                     /* processors, exporters, connectors that are not shared: what it takes */
    enum sm_signal output_signal;              /* connectors that are not shared: what it gives */
    unsigned signals;                          /* SM_SIGNAL_…: those in use; receivers and shared instances */
    const void *options;                       /* borrowed: graph; the decoded option struct */
    void *state;                               /* owned by the type: made by create, released by free */
    struct sm_consumer *next[SM_SIGNAL_COUNT]; /* borrowed: graph; where its output of a signal goes, NULL: nowhere */
    struct sm_logger logger;                   /* fields of every log line of this instance */
    struct sm_nested *nested;                  /* made by another component (pipeline/nested.h), which it belongs to; NULL: by the graph */
    struct sm_graph *graph;                    /* borrowed */
    struct sm_workers *workers;                /* borrowed */
    void *_chain;                              /* owned by pipeline/export.c */
    void *_observer;                           /* owned by pipeline/: own metrics of this instance */
    void **_locals;                            /* owned by pipeline/graph.c: per-worker state by worker index */
};

/* The per-worker state of `component` on `worker`, which must be the calling one and not the main worker (whose components have none). */
void *sm_component_local(const struct sm_component *component, const struct sm_worker *worker);

/* Passes `batch` to what follows `component` for the batch's signal (takes it). With nothing behind it the batch is accepted. */
void sm_component_forward(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch);

/* May what `component` gives be packed (telemetry/batch.h)? Then nobody needs the index. */
bool sm_component_gives_packed(const struct sm_component *component, enum sm_signal signal);

/* How many items of a signal `component` may put together in a batch instead of giving several (see `joins`); 0: it may not. */
size_t sm_component_join_limit(const struct sm_component *component, enum sm_signal signal);

/* Says that `component` has drained after `stop`. Any thread. */
void sm_component_stopped(struct sm_component *component);

/* The extension `id` if it is in service::extensions and created before; NULL otherwise. */
struct sm_component *sm_graph_find_extension(const struct sm_graph *graph, const char *id);

/* ---- receivers: entry into the pipelines, with the own metrics otelcol_receiver_{accepted,refused,failed}_* kept on the way.
 * `transport` is "grpc", "http" or NULL. Takes `batch`; `done` (may be NULL) is called once when its delivery ends, as in delivery.h. */
void sm_receiver_deliver(struct sm_component *receiver, struct sm_worker *worker, const char *transport, struct sm_batch *batch,
                         void (*done)(struct sm_worker *worker, const struct sm_outcome *outcome, void *context), void *context);
/* The same for a client that may go away: `is_abandoned` is as sm_delivery_watch has it. */
void sm_receiver_deliver_watched(struct sm_component *receiver, struct sm_worker *worker, const char *transport, struct sm_batch *batch,
                                 void (*done)(struct sm_worker *worker, const struct sm_outcome *outcome, void *context), void *context,
                                 const atomic_bool *is_abandoned);
/* Counts what could not even be decoded. */
void sm_receiver_refused_request(struct sm_component *receiver, const char *transport, enum sm_signal signal);
