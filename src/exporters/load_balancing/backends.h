/* backends.h - the next hops of load_balancing, each with an exporter of its own, and the ring that keys are looked up in.
 *
 * Sets are immutable. A worker uses the one it was last given; a set is replaced on the main worker, which tells every worker before it ends the
 * exporters that are no longer wanted: what a worker has handed to them is still sent.
 * Source: opentelemetry-collector-contrib exporter/loadbalancingexporter/loadbalancer.go. */
#pragma once

#include "exporters/load_balancing/ring.h"
#include "exporters/otlp_grpc_options.h"

struct sm_backends;
struct sm_instrument;
struct sm_nested;

/* Immutable but for its exporter's own state. */
struct sm_backend {
    struct sm_backend *next;
    struct sm_backends *owner;
    char *endpoint; /* owned; with a port */
    struct sm_otlp_grpc_options options;
    struct sm_nested *exporter;
    struct sm_instrument *latency, *successes, *failures;
    bool is_wanted;
};

struct sm_backend_set {
    struct sm_ring ring;
    char **names; /* owned; as resolved */
    size_t count;
    struct sm_backend **backends; /* owned array, by name; NULL where the exporter could not be made */
};

/* `options` of the nested exporters are borrowed. */
struct sm_backends *sm_backends_create(struct sm_component *exporter, const struct sm_otlp_grpc_options *options);
/* The names as resolved, sorted. `tell` gives the new set to the workers; NULL: there are none yet. False: not all exporters could be made. */
bool sm_backends_update(struct sm_backends *backends, const char *const *names, size_t count, void (*tell)(struct sm_component *exporter));
/* Tries again to make the exporters that could not be made. True: there are none left. */
bool sm_backends_complete(struct sm_backends *backends, void (*tell)(struct sm_component *exporter));
/* Any worker while main waits, else main. Never NULL. */
const struct sm_backend_set *sm_backends_set(const struct sm_backends *backends);
/* Ends all of them; `stopped` is called on the main worker when they have drained, maybe before this returns. */
void sm_backends_stop(struct sm_backends *backends, void (*stopped)(struct sm_component *exporter));
/* On each worker, from worker_free. */
void sm_backends_free_local(struct sm_backends *backends, struct sm_worker *worker);
void sm_backends_free(struct sm_backends *backends); /* NULL is allowed */
