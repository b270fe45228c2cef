/* load_balancing.c - the exporter `load_balancing`: sends what belongs together (a trace, a service, …) to the same one of several OTLP next hops.
 *
 * Takes batches apart and changes nothing in them. A request ends when every part of it has been taken by the exporter of its next hop, which has a
 * queue of its own unless that is switched off. State: the next hops (backends.h); each worker's set of them.
 * Source: opentelemetry-collector-contrib exporter/loadbalancingexporter v0.152.0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/memory.h"
#include "exporters/load_balancing/backends.h"
#include "exporters/load_balancing/resolver.h"
#include "exporters/load_balancing/routing.h"
#include "pipeline/delivery.h"
#include "pipeline/nested.h"
#include "pipeline/own_metrics.h"
#include "pipeline/worker.h"

/* ---- options */

struct static_options {
    struct sm_string_list hostnames;
};

struct dns_options {
    const char *hostname, *port;
    uint64_t interval_ns, timeout_ns;
};

struct protocol_options {
    struct sm_otlp_grpc_options otlp;
};

struct resolver_options {
    struct static_options *fixed;
    struct dns_options *dns;
};

struct options {
    struct sm_export_options export;
    struct protocol_options protocol;
    struct resolver_options resolver;
    const char *routing_key;
    struct sm_string_list routing_attributes;
};

static const struct sm_option protocol_table[] = {
    SM_OPTION_TABLE(struct protocol_options, otlp, sm_otlp_grpc_option_table,
                    .help = "How each next hop is talked to: the options of otlp_grpc; its endpoint is the next hop's."),
    SM_OPTION_END,
};

static const struct sm_option static_table[] = {
    SM_OPTION_STRING_LIST(struct static_options, hostnames, .help = "The next hops; port 4317 unless they say another."),
    SM_OPTION_END,
};

static const struct sm_option dns_table[] = {
    SM_OPTION_STRING(struct dns_options, hostname, .help = "The name whose addresses are the next hops."),
    SM_OPTION_STRING(struct dns_options, port, .help = "Their port; 4317 when empty."),
    SM_OPTION_DURATION(struct dns_options, interval_ns, .key = "interval", .help = "How often the name is asked for; 0: every 5s."),
    SM_OPTION_DURATION(struct dns_options, timeout_ns, .key = "timeout", .help = "How long an answer is waited for; 0: 1s."),
    SM_OPTION_END,
};

static const struct sm_option resolver_table[] = {
    SM_OPTION_OPTIONAL(struct resolver_options, fixed, static_table, .key = "static", .null_is_absent = true, .help = "A fixed list."),
    SM_OPTION_OPTIONAL(struct resolver_options, dns, dns_table, .null_is_absent = true, .help = "The addresses of a name."),
    SM_OPTION_REFUSED("k8s", .help = "The endpoints of a Kubernetes service."),
    SM_OPTION_REFUSED("aws_cloud_map", .help = "The instances of a service in AWS Cloud Map."),
    SM_OPTION_END,
};

static const struct sm_option option_table[] = {
    SM_OPTION_TABLE(struct options, export, sm_export_option_table_off, .squash = true),
    SM_OPTION_TABLE(struct options, protocol, protocol_table, .help = "What is spoken to the next hops."),
    SM_OPTION_TABLE(struct options, resolver, resolver_table, .help = "Where the next hops come from; exactly one way."),
    SM_OPTION_STRING(struct options, routing_key,
                     .help = "What belongs together: traceID (traces; logs always), service, attributes; metrics also metric, resource, streamID. "
                             "Empty: traceID for traces, service for metrics."),
    SM_OPTION_STRING_LIST(struct options, routing_attributes, .help = "With routing_key attributes: the attributes that make the key."),
    SM_OPTION_END,
};

static void validate_resolver(const struct resolver_options *resolver, struct sm_validation *validation)
{
    if (resolver->fixed && resolver->dns)
        sm_validation_error(validation, "resolver", "only one resolver should be specified");
    else if (!resolver->fixed && !resolver->dns)
        sm_validation_error(validation, "resolver", "no resolvers specified for the exporter");
    else if (resolver->fixed && resolver->fixed->hostnames.count == 0)
        sm_validation_error(validation, "resolver::static", "no endpoints specified for the static resolver");
    else if (resolver->dns && !*resolver->dns->hostname)
        sm_validation_error(validation, "resolver::dns", "no hostname specified to resolve the backends");
}

static void validate(const void *raw_options, struct sm_validation *validation)
{
    const struct options *options = raw_options;
    bool is_by_attributes = strcmp(options->routing_key, "attributes") == 0;
    struct sm_otlp_grpc_options otlp = options->protocol.otlp;
    if (!*otlp.client.endpoint)
        otlp.client.endpoint = "placeholder:4317";
    sm_otlp_grpc_options_validate(&otlp, validation);
    sm_export_options_validate(&options->export, validation);
    validate_resolver(&options->resolver, validation);
    if (is_by_attributes && options->routing_attributes.count == 0)
        sm_validation_error(validation, "", "routing_attributes must be specified when routing_key is \"attributes\"");
    if (!is_by_attributes && options->routing_attributes.count > 0)
        sm_validation_error(validation, "routing_attributes",
                            "routing_attributes can only be used when routing_key is \"attributes\"; got \"%s\". Remove routing_attributes or set "
                            "routing_key to \"attributes\"",
                            options->routing_key);
}

/* ---- own metrics */

#define SCOPE "github.com/open-telemetry/opentelemetry-collector-contrib/exporter/loadbalancingexporter"
#define METRIC(name_, help_, unit_, kind_)                                                                                                           \
    {                                                                                                                                                \
        .name = "otelcol_loadbalancer_" name_, .help = help_, .unit = unit_, .kind = kind_, .level = SM_OWN_LEVEL_BASIC, .scope = SCOPE              \
    }
static const struct sm_own_metric num_backends =
    METRIC("num_backends", "Current number of backends in use. [Development]", "{backends}", SM_OWN_GAUGE);
static const struct sm_own_metric num_updates =
    METRIC("num_backend_updates", "Number of times the list of backends was updated. [Development]", "{updates}", SM_OWN_COUNTER);
static const struct sm_own_metric num_resolutions =
    METRIC("num_resolutions", "Number of times the resolver has triggered new resolutions. [Development]", "{resolutions}", SM_OWN_COUNTER);

static void count_update(const char *resolver, size_t backend_count)
{
    const struct sm_own_attribute attribute = {"resolver", resolver};
    sm_instrument_set(sm_instrument_get(&num_backends, &attribute, 1), (double)backend_count);
    sm_instrument_add(sm_instrument_get(&num_updates, &attribute, 1), 1);
}

static void count_resolution(const char *resolver, bool is_success)
{
    const struct sm_own_attribute attributes[] = {{"resolver", resolver}, {"success", is_success ? "true" : "false"}};
    sm_instrument_add(sm_instrument_get(&num_resolutions, attributes, 2), 1);
}

/* ---- life */

/* Immutable after start but for what the main worker keeps: `backends`, `resolver`, `completion`, `is_first_open`. */
struct state {
    struct sm_backends *backends; /* owned */
    struct sm_resolver *resolver; /* owned; NULL: a fixed list */
    struct sm_timer *completion;  /* owned; of a fixed list whose exporters could not all be made; NULL: they could */
    enum sm_routing_key key;
    bool has_workers, is_first_open; /* nobody knows yet what the name stands for */
};

/* Worker-local. */
struct local {
    const struct sm_backend_set *set; /* borrowed: state, which replaces it before it frees it */
    struct sm_export **waiting;       /* owned; in order: for the end of the first attempt to resolve the name */
    size_t waiting_count, waiting_capacity;
    bool waits;
};

#define RETRY_NS (5 * SM_NS_PER_S) /* as often as a name is resolved */

static bool find_key(enum sm_signal signal, const char *text, enum sm_routing_key *key)
{
    static const struct {
        const char *text;
        unsigned signals;
    } keys[] = {
        [SM_ROUTE_DEFAULT] = {"", SM_SIGNAL_ALL},
        [SM_ROUTE_TRACE_ID] = {"traceID", 1u << SM_TRACES},
        [SM_ROUTE_SERVICE] = {"service", 1u << SM_TRACES | 1u << SM_METRICS},
        [SM_ROUTE_METRIC] = {"metric", 1u << SM_METRICS},
        [SM_ROUTE_RESOURCE] = {"resource", 1u << SM_METRICS},
        [SM_ROUTE_STREAM] = {"streamID", 1u << SM_METRICS},
        [SM_ROUTE_ATTRIBUTES] = {"attributes", 1u << SM_TRACES | 1u << SM_METRICS},
    };
    *key = SM_ROUTE_DEFAULT;
    if (signal == SM_LOGS) /* looks at nothing but the trace */
        return true;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].signals & 1u << signal && strcmp(keys[i].text, text) == 0) {
            *key = (enum sm_routing_key)i;
            return true;
        }
    return false;
}

static bool create(struct sm_component *exporter, struct sm_error *error)
{
    const struct options *options = exporter->options;
    enum sm_routing_key key = SM_ROUTE_DEFAULT;
    if (!find_key(exporter->signal, options->routing_key, &key)) {
        sm_error_set(error, SM_ERROR_USAGE, "cannot configure loadbalancing %s exporter: unsupported routing_key: %s",
                     sm_signal_name(exporter->signal), options->routing_key);
        return sm_error_blame(error, &options->routing_key);
    }
    struct state *state = sm_alloc(1, sizeof(*state));
    state->backends = sm_backends_create(exporter, &options->protocol.otlp);
    state->key = key;
    exporter->state = state;
    return true;
}

static void send_request(struct sm_component *exporter, struct sm_worker *worker, struct sm_export *request);

static void send_waiting(struct sm_component *exporter, struct sm_worker *worker, struct local *local)
{
    local->waits = false;
    for (size_t i = 0; i < local->waiting_count; i++)
        send_request(exporter, worker, local->waiting[i]);
    free(local->waiting);
    local->waiting = NULL;
    local->waiting_count = local->waiting_capacity = 0;
}

static void take_set(struct sm_worker *worker, void *context)
{
    struct sm_component *exporter = context;
    const struct state *state = exporter->state;
    struct local *local = sm_component_local(exporter, worker);
    local->set = sm_backends_set(state->backends);
    if (local->waits && !state->is_first_open)
        send_waiting(exporter, worker, local);
}

static void tell_workers(struct sm_component *exporter)
{
    sm_workers_run_on_all(exporter->workers, take_set, exporter);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void complete(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct state *state = ((struct sm_component *)context)->state;
    if (sm_backends_complete(state->backends, tell_workers))
        sm_timer_disarm(state->completion);
}

static void start_fixed(struct sm_component *exporter, const struct sm_string_list *hostnames)
{
    struct state *state = exporter->state;
    const char **sorted = sm_alloc(hostnames->count, sizeof(char *));
    memcpy(sorted, hostnames->items, hostnames->count * sizeof(char *));
    qsort(sorted, hostnames->count, sizeof(char *), by_text);
    if (!sm_backends_update(state->backends, sorted, hostnames->count, NULL)) { /* no worker has a set yet */
        state->completion = sm_timer_create(sm_workers_main(exporter->workers), complete, exporter);
        sm_timer_arm(state->completion, RETRY_NS, true);
    }
    count_resolution("static", true);
    count_update("static", hostnames->count);
    free(sorted);
}

static void on_changed(struct sm_component *exporter, const char *const *names, size_t count)
{
    struct state *state = exporter->state;
    sm_backends_update(state->backends, names, count, state->has_workers ? tell_workers : NULL);
    count_update("dns", count);
}

/* What kept an exporter from being made (a file of TLS) may have passed, and the names may stay the same for ever. The first success is followed by
 * on_changed. */
static void on_tried(struct sm_component *exporter, bool is_success)
{
    struct state *state = exporter->state;
    bool was_first = state->is_first_open;
    state->is_first_open = false;
    count_resolution("dns", is_success);
    if (was_first && !is_success && state->has_workers)
        tell_workers(exporter);
    sm_backends_complete(state->backends, state->has_workers ? tell_workers : NULL);
}

static bool start(struct sm_component *exporter, struct sm_error *error)
{
    (void)error;
    struct state *state = exporter->state;
    const struct options *options = exporter->options;
    const struct dns_options *dns = options->resolver.dns;
    if (dns) {
        const struct sm_resolver_options resolver = {
            .hostname = dns->hostname,
            .port = dns->port,
            .interval_ns = dns->interval_ns ? dns->interval_ns : 5 * SM_NS_PER_S,
            .timeout_ns = dns->timeout_ns ? dns->timeout_ns : SM_NS_PER_S,
        };
        state->is_first_open = true;
        state->resolver = sm_resolver_start(exporter, &resolver, on_changed, on_tried);
    } else {
        start_fixed(exporter, &options->resolver.fixed->hostnames);
    }
    state->has_workers = true; /* before this worker's loop runs again */
    return true;
}

static void *worker_create(struct sm_component *exporter, struct sm_worker *worker)
{
    (void)worker;
    const struct state *state = exporter->state;
    struct local *local = sm_alloc(1, sizeof(*local));
    local->set = sm_backends_set(state->backends);
    local->waits = state->is_first_open;
    return local;
}

static void refuse_stopped(struct sm_worker *worker, struct sm_export *request)
{
    struct sm_outcome outcome = sm_outcome_retry("the exporter is stopped");
    sm_export_done(request, worker, &outcome);
}

static void worker_free(struct sm_component *exporter, struct sm_worker *worker, void *context)
{
    struct state *state = exporter->state;
    struct local *local = context;
    for (size_t i = 0; i < local->waiting_count; i++)
        refuse_stopped(worker, local->waiting[i]);
    free(local->waiting);
    sm_backends_free_local(state->backends, worker);
    free(local);
}

static void stop(struct sm_component *exporter)
{
    struct state *state = exporter->state;
    sm_resolver_stop(state->resolver);
    state->resolver = NULL;
    sm_timer_free(state->completion);
    state->completion = NULL;
    sm_backends_stop(state->backends, sm_component_stopped);
}

static void free_state(struct sm_component *exporter)
{
    struct state *state = exporter->state;
    if (!state)
        return;
    sm_resolver_stop(state->resolver);
    sm_timer_free(state->completion);
    sm_backends_free(state->backends);
    free(state);
}

/* ---- sending */

/* A request whose parts are under way. Worker-local. */
struct call {
    struct sm_component *exporter;
    struct sm_worker *worker;
    struct sm_export *request;
    const struct sm_backend_set *set; /* valid while it is handed out */
    size_t open, part_count;
    struct sm_outcome outcome; /* the worst so far, with the reasons of all */
};

/* Worker-local. The instruments outlive the backend. */
struct part {
    struct call *call;
    uint64_t start_ns;
    struct sm_instrument *latency, *successes, *failures;
};

static void note_outcome(struct call *call, const struct sm_outcome *outcome)
{
    char reasons[sizeof(outcome->reason)];
    if (outcome->kind == SM_ACCEPTED)
        return;
    bool is_first = call->outcome.kind == SM_ACCEPTED;
    snprintf(reasons, sizeof(reasons), "%s%s%s", is_first ? "" : call->outcome.reason, is_first ? "" : "; ", outcome->reason);
    call->outcome = *sm_outcome_worse(&call->outcome, outcome);
    memcpy(call->outcome.reason, reasons, sizeof(reasons));
}

static void close_call(struct call *call)
{
    if (--call->open > 0)
        return;
    sm_export_done(call->request, call->worker, &call->outcome);
    free(call);
}

static void on_part_done(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    (void)worker;
    struct part *part = context;
    sm_instrument_record(part->latency, (double)((sm_clock_mono_ns() - part->start_ns) / SM_NS_PER_MS));
    sm_instrument_add(outcome->kind == SM_ACCEPTED ? part->successes : part->failures, 1);
    note_outcome(part->call, outcome);
    close_call(part->call);
    free(part);
}

static void note_unknown(struct call *call, const char *name)
{
    struct sm_outcome outcome = sm_outcome_retry("couldn't find the exporter for the endpoint \"%s\"", name);
    note_outcome(call, &outcome);
}

static void send_part(size_t endpoint, struct sm_batch *batch, void *context)
{
    struct call *call = context;
    const struct sm_backend *backend = call->set->backends[endpoint];
    if (!backend) {
        note_unknown(call, call->set->names[endpoint]);
        sm_batch_release(batch);
        return;
    }
    struct part *part = sm_alloc(1, sizeof(*part));
    *part = (struct part){
        .call = call, .start_ns = sm_clock_mono_ns(), .latency = backend->latency, .successes = backend->successes, .failures = backend->failures};
    call->open++;
    call->part_count++;
    sm_batch_share_client(call->request->batch, batch);
    batch->delivery = sm_delivery_create(call->worker, on_part_done, part);
    sm_nested_consume(backend->exporter, call->worker, batch);
}

static void note_lost(struct call *call, size_t count)
{
    if (count == 0)
        return;
    sm_log(SM_LOG_ERROR, &call->exporter->logger, "failed to export metric", SM_LOG_STR("error", "unable to get service name from resource metric"),
           SM_LOG_INT("resources", count));
    if (call->part_count > 0)
        return;
    struct sm_outcome outcome = sm_outcome_reject("unable to get service name from resource metric");
    note_outcome(call, &outcome);
}

static void send_request(struct sm_component *exporter, struct sm_worker *worker, struct sm_export *request)
{
    const struct options *options = exporter->options;
    const struct state *state = exporter->state;
    const struct local *local = sm_component_local(exporter, worker);
    struct call *call = sm_alloc(1, sizeof(*call));
    *call = (struct call){.exporter = exporter, .worker = worker, .request = request, .set = local->set, .open = 1};
    const struct sm_routing routing = {
        .key = state->key, .attributes = options->routing_attributes, .endpoint_count = local->set->count, .ring = &local->set->ring};
    if (routing.ring->count == 0)
        note_unknown(call, "");
    else
        note_lost(call, sm_route(&routing, request->batch, send_part, call));
    close_call(call);
}

static void add_waiting(struct local *local, struct sm_export *request)
{
    if (local->waiting_count == local->waiting_capacity) {
        local->waiting_capacity = local->waiting_capacity ? 2 * local->waiting_capacity : 16;
        local->waiting = sm_realloc(local->waiting, local->waiting_capacity, sizeof(*local->waiting));
    }
    local->waiting[local->waiting_count++] = request;
}

static void send_batch(struct sm_component *exporter, struct sm_worker *worker, struct sm_export *request)
{
    struct local *local = sm_component_local(exporter, worker);
    if (!local) /* the drain limit has passed */
        refuse_stopped(worker, request);
    else if (local->waits)
        add_waiting(local, request);
    else
        send_request(exporter, worker, request);
}

static const char *const old_names[] = {"loadbalancing", NULL};

const struct sm_component_type sm_exporter_load_balancing = {
    .kind = SM_EXPORTER,
    .name = "load_balancing",
    .old_names = old_names,
    .help = "Sends what belongs together to the same one of several OTLP next hops.",
    .signals = SM_SIGNAL_ALL,
    .stability = {[SM_TRACES] = SM_STABILITY_BETA, [SM_METRICS] = SM_STABILITY_DEVELOPMENT, [SM_LOGS] = SM_STABILITY_BETA},
    .options = option_table,
    .options_size = sizeof(struct options),
    .export_options_offset = offsetof(struct options, export),
    .validate = validate,
    .create = create,
    .start = start,
    .worker_create = worker_create,
    .worker_free = worker_free,
    .send = send_batch,
    .stop = stop,
    .free = free_state,
};
