/* service_graph.c - the connector `service_graph`: metrics of the calls between services, from pairs of spans.
 *
 *     worker         takes what it needs out of a batch's spans (halves of edges), then adds them all under the instance's lock: once a batch
 *     home worker    timers: lets edges and series go, sends the metrics
 *
 * A call's two spans come on any connection, so edges are shared by all workers; giving each worker the edges of some traces, as tail_sampling does,
 * lost: a graph has few series and the lock is held for less than it takes to post messages. As in the reference nothing is sent at the end.
 *
 * State: edges and series, guarded by the lock; the rest immutable after start. Source: opentelemetry-collector-contrib
 * connector/servicegraphconnector. */
#include "pipeline/component.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "config/gates.h"
#include "connectors/service_graph/series.h"
#include "pipeline/delivery.h"
#include "pipeline/own_metrics.h"
#include "pipeline/worker.h"
#include "telemetry/span.h"
#include "telemetry/exponential.h"

enum { METRIC_DROPPED, METRIC_EXPIRED, METRIC_EDGES, METRIC_COUNT };
#define SCOPE .scope = "github.com/open-telemetry/opentelemetry-collector-contrib/connector/servicegraphconnector"
static const struct sm_own_metric metric_table[METRIC_COUNT + 1] = {
    {"otelcol_connector_servicegraph_dropped_spans", "Number of spans dropped when trying to add edges", "1", SM_OWN_COUNTER, SM_OWN_LEVEL_BASIC,
     SCOPE},
    {"otelcol_connector_servicegraph_expired_edges", "Number of edges that expired before finding its matching span", "1", SM_OWN_COUNTER,
     SM_OWN_LEVEL_BASIC, SCOPE},
    {"otelcol_connector_servicegraph_total_edges", "Total number of unique edges", "1", SM_OWN_COUNTER, SM_OWN_LEVEL_BASIC, SCOPE},
    {0},
};

struct state {
    struct sm_component *component; /* borrowed */
    const struct sm_service_graph_options *options;
    struct sm_graph_shape shape;
    double *bounds; /* owned; NULL: the presets */
    struct sm_string_list peers, databases;
    struct sm_instrument *metrics[METRIC_COUNT]; /* borrowed */
    struct sm_timer *flush, *expiry, *cleaning;  /* owned; home worker */
    pthread_mutex_t lock;
    struct sm_edges *edges;         /* owned; guarded by lock */
    struct sm_graph_series *series; /* owned; guarded by lock */
};

/* ---- spans to halves */

/* What one batch gives, in an arena of its own. */
struct taking {
    const struct state *state;
    struct sm_arena arena; /* owned */
    struct sm_half_edge *halves;
    size_t count, capacity;
    const struct sm_attributes *resource;
    struct sm_slice service;
};

static bool find_text(struct taking *taking, const struct sm_attributes *attributes, const char *key, struct sm_slice *text)
{
    struct sm_value value;
    if (!sm_attributes_find(attributes, sm_slice_of(key), &value))
        return false;
    *text = sm_value_to_string(&value, &taking->arena);
    if (!text->ptr)
        *text = SM_SLICE("");
    return true;
}

/* The resource comes first, as in the reference. */
static bool find_either(struct taking *taking, const struct sm_span *span, const char *key, struct sm_slice *text)
{
    return find_text(taking, taking->resource, key, text) || find_text(taking, &span->attributes, key, text);
}

static struct sm_slice first_of(struct taking *taking, const struct sm_span *span, const struct sm_string_list *keys, bool with_resource)
{
    struct sm_slice text;
    for (size_t i = 0; i < keys->count; i++)
        if (with_resource ? find_either(taking, span, keys->items[i], &text) : find_text(taking, &span->attributes, keys->items[i], &text))
            return text;
    return (struct sm_slice){0};
}

/* A span that ends before it begins has a huge duration, as in the reference. */
static double duration_of(const struct state *state, const struct sm_span *span)
{
    return (double)(span->end_ns - span->start_ns) / (double)(state->shape.is_in_milliseconds ? SM_NS_PER_MS : SM_NS_PER_S);
}

/* Absent IDs are all zero. */
static struct sm_hash128 key_of(const struct sm_span *span, struct sm_slice caller)
{
    char key[SM_TRACE_ID_SIZE + SM_SPAN_ID_SIZE] = {0};
    if (span->trace_id.size)
        memcpy(key, span->trace_id.ptr, span->trace_id.size);
    if (caller.size)
        memcpy(key + SM_TRACE_ID_SIZE, caller.ptr, caller.size);
    return sm_hash128(sm_hash_secret(), sm_slice_make(key, sizeof(key)));
}

static struct sm_half_edge *add_half(struct taking *taking, const struct sm_span *span, enum sm_edge_side side, bool is_messaging)
{
    const struct sm_string_list *dimensions = &taking->state->options->dimensions;
    struct sm_slice caller = side == SM_EDGE_CLIENT ? span->span_id : span->parent_span_id;
    if (taking->count == taking->capacity)
        taking->halves = sm_arena_grow(&taking->arena, taking->halves, taking->count, &taking->capacity, taking->count + 1, sizeof(*taking->halves));
    struct sm_half_edge *half = &taking->halves[taking->count++];
    *half = (struct sm_half_edge){.key = key_of(span, caller), .side = side};
    half->edge.connection = is_messaging ? SM_CONNECTION_MESSAGING : SM_CONNECTION_UNKNOWN;
    half->edge.has_failed = span->status_code == SM_STATUS_ERROR;
    half->edge.has_caller = !sm_slice_is_zero(caller);
    half->edge.dimensions = sm_arena_zalloc(&taking->arena, 2 * dimensions->count, sizeof(struct sm_slice));
    for (size_t i = 0; i < dimensions->count; i++)
        find_either(taking, span, dimensions->items[i], &half->edge.dimensions[2 * i + (side == SM_EDGE_SERVER)]);
    return half;
}

static void take_client(struct taking *taking, const struct sm_span *span, bool is_messaging)
{
    struct sm_edge *edge = &add_half(taking, span, SM_EDGE_CLIENT, is_messaging)->edge;
    edge->client = taking->service;
    edge->client_duration = duration_of(taking->state, span);
    if (sm_gate_is_on(SM_GATE_SERVICEGRAPH_VIRTUAL_NODE))
        edge->peer = first_of(taking, span, &taking->state->peers, false);
    /* A database sends no spans: the client's stands for both. */
    struct sm_slice database = first_of(taking, span, &taking->state->databases, true);
    if (!database.ptr)
        return;
    edge->connection = SM_CONNECTION_DATABASE;
    edge->server = database;
    edge->server_duration = edge->client_duration;
}

static void take_server(struct taking *taking, const struct sm_span *span, bool is_messaging)
{
    struct sm_edge *edge = &add_half(taking, span, SM_EDGE_SERVER, is_messaging)->edge;
    edge->server = taking->service;
    edge->server_duration = duration_of(taking->state, span);
}

static void take_span(struct taking *taking, const struct sm_span *span)
{
    switch (span->kind) {
    case SM_SPAN_KIND_PRODUCER:
    case SM_SPAN_KIND_CLIENT:
        take_client(taking, span, span->kind == SM_SPAN_KIND_PRODUCER);
        break;
    case SM_SPAN_KIND_CONSUMER:
    case SM_SPAN_KIND_SERVER:
        take_server(taking, span, span->kind == SM_SPAN_KIND_CONSUMER);
        break;
    default:
        break;
    }
}

static void take_batch(struct taking *taking, const struct sm_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct sm_resource_group *group = &batch->groups[i];
        taking->resource = &group->resource.attributes;
        if (group->dropped || !find_text(taking, taking->resource, "service.name", &taking->service))
            continue;
        for (size_t j = 0; j < group->count; j++) {
            const struct sm_scope_group *scope = &group->scopes[j];
            for (size_t k = 0; k < scope->count && !scope->dropped; k++)
                if (!scope->spans[k].dropped)
                    take_span(taking, &scope->spans[k]);
        }
    }
}

/* ---- under the lock */

static void on_complete(void *context, const struct sm_edge *edge)
{
    struct state *state = context;
    sm_graph_series_add(state->series, edge, sm_clock_mono_ns());
}

/* One end sends no spans: a client is "user" if nobody has called it, a server is what the client's span says of it. */
static void on_expired(void *context, const struct sm_edge *expired)
{
    struct state *state = context;
    struct sm_edge edge = *expired;
    sm_instrument_add(state->metrics[METRIC_EXPIRED], 1);
    if (!sm_gate_is_on(SM_GATE_SERVICEGRAPH_VIRTUAL_NODE) || state->peers.count == 0)
        return;
    edge.connection = SM_CONNECTION_VIRTUAL;
    if (edge.client.size == 0 && !edge.has_caller) {
        edge.client = SM_SLICE("user");
        edge.virtual_label = SM_SLICE("client");
        on_complete(state, &edge);
    }
    if (edge.server.size == 0) {
        edge.server = edge.peer.ptr ? edge.peer : SM_SLICE("unknown");
        edge.virtual_label = SM_SLICE("server");
        on_complete(state, &edge);
    }
}

static void add_halves(struct state *state, const struct taking *taking)
{
    int64_t counts[] = {[SM_EDGES_KNOWN] = 0, [SM_EDGES_NEW] = 0, [SM_EDGES_FULL] = 0};
    uint64_t now_ns = sm_clock_mono_ns();
    pthread_mutex_lock(&state->lock);
    for (size_t i = 0; i < taking->count; i++)
        counts[sm_edges_put(state->edges, &taking->halves[i], now_ns, on_complete, state)]++;
    pthread_mutex_unlock(&state->lock);
    if (counts[SM_EDGES_NEW])
        sm_instrument_add(state->metrics[METRIC_EDGES], counts[SM_EDGES_NEW]);
    if (counts[SM_EDGES_FULL])
        sm_instrument_add(state->metrics[METRIC_DROPPED], counts[SM_EDGES_FULL]);
}

static void send_metrics(struct state *state, struct sm_worker *worker)
{
    uint64_t time_ns = sm_clock_wall_ns() - (uint64_t)state->options->metrics_timestamp_offset_ns;
    pthread_mutex_lock(&state->lock);
    struct sm_batch *batch = sm_graph_series_export(state->series, time_ns);
    pthread_mutex_unlock(&state->lock);
    if (batch)
        sm_component_forward(state->component, worker, batch);
}

static bool sends_at_once(const struct state *state)
{
    return state->options->metrics_flush_interval_ns <= 0;
}

static void service_graph_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    struct state *state = component->state;
    struct taking taking = {.state = state};
    sm_arena_init(&taking.arena);
    take_batch(&taking, batch);
    add_halves(state, &taking);
    sm_arena_deinit(&taking.arena);
    if (sends_at_once(state))
        send_metrics(state, worker);
    sm_batch_accept(batch, worker);
}

/* ---- timers, on the home worker */

static void flush_interval_passed(struct sm_worker *worker, void *context)
{
    send_metrics(context, worker);
}

static void expiry_interval_passed(struct sm_worker *worker, void *context)
{
    struct state *state = context;
    (void)worker;
    pthread_mutex_lock(&state->lock);
    sm_edges_expire(state->edges, sm_clock_mono_ns(), on_expired, state);
    pthread_mutex_unlock(&state->lock);
}

static void cleaning_interval_passed(struct sm_worker *worker, void *context)
{
    struct state *state = context;
    (void)worker;
    pthread_mutex_lock(&state->lock);
    sm_graph_series_drop_stale(state->series, sm_clock_mono_ns());
    pthread_mutex_unlock(&state->lock);
}

/* ---- the component */

static const double preset_seconds[] = {0.002, 0.004, 0.006, 0.008, 0.01, 0.05, 0.1, 0.2, 0.4, 0.8, 1, 1.4, 2, 5, 10, 15};
static const double preset_milliseconds[] = {2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1000, 1400, 2000, 5000, 10000, 15000};
static const char *preset_peers[] = {"peer.service", "db.name", "db.system"};
static const char *preset_databases[] = {"db.name"};

static void make_shape(struct state *state)
{
    const struct sm_service_graph_options *options = state->options;
    struct sm_graph_shape *shape = &state->shape;
    const struct sm_duration_list *buckets = &options->latency_histogram_buckets;
    shape->options = options;
    shape->has_legacy_names = sm_gate_is_on(SM_GATE_SERVICEGRAPH_LEGACY_NAMES);
    shape->is_in_milliseconds = sm_gate_is_on(SM_GATE_SERVICEGRAPH_MILLISECONDS);
    shape->is_exponential = options->exponential_histogram_max_size != 0;
    shape->exponential_size = sm_exponential_size(options->exponential_histogram_max_size);
    shape->bounds = shape->is_in_milliseconds ? preset_milliseconds : preset_seconds;
    shape->bound_count = sizeof(preset_seconds) / sizeof(preset_seconds[0]);
    if (!options->has_buckets)
        return;
    state->bounds = sm_alloc(buckets->count + 1, sizeof(double));
    for (size_t i = 0; i < buckets->count; i++)
        state->bounds[i] = shape->is_in_milliseconds ? (double)(buckets->items[i] / SM_NS_PER_MS) : (double)buckets->items[i] / (double)SM_NS_PER_S;
    shape->bounds = state->bounds;
    shape->bound_count = buckets->count;
}

static bool service_graph_create(struct sm_component *component, struct sm_error *error)
{
    (void)error;
    const struct sm_service_graph_options *options = component->options;
    struct state *state = sm_alloc(1, sizeof(*state));
    component->state = state;
    state->component = component;
    state->options = options;
    pthread_mutex_init(&state->lock, NULL);
    make_shape(state);
    state->peers = options->has_peer_attributes ? options->virtual_node_peer_attributes : (struct sm_string_list){preset_peers, 3};
    state->databases = options->database_name_attributes.count ? options->database_name_attributes : (struct sm_string_list){preset_databases, 1};
    state->edges = sm_edges_create(options->dimensions.count, options->store.max_items > 0 ? (size_t)options->store.max_items : 0,
                                   options->store.ttl_ns > 0 ? (uint64_t)options->store.ttl_ns : 0);
    state->series = sm_graph_series_create(&state->shape, sm_clock_wall_ns());
    for (int i = 0; i < METRIC_COUNT; i++)
        state->metrics[i] = sm_instrument_get(&metric_table[i], NULL, 0);
    if (sends_at_once(state))
        sm_log(SM_LOG_WARN, &component->logger, "metrics_flush_interval is 0: every batch of spans sends all metrics");
    return true;
}

static struct sm_timer *start_timer(struct sm_worker *worker, sm_worker_task *run, struct state *state, int64_t interval_ns, int64_t preset_ns)
{
    struct sm_timer *timer = sm_timer_create(worker, run, state);
    sm_timer_arm(timer, (uint64_t)(interval_ns > 0 ? interval_ns : preset_ns), true);
    return timer;
}

static void *service_graph_worker_create(struct sm_component *component, struct sm_worker *worker)
{
    struct state *state = component->state;
    if (sm_worker_index(worker) != 0)
        return NULL;
    if (!sends_at_once(state))
        state->flush = start_timer(worker, flush_interval_passed, state, state->options->metrics_flush_interval_ns, SM_MIN);
    state->expiry = start_timer(worker, expiry_interval_passed, state, state->options->store_expiration_loop_ns, 2 * SM_S);
    state->cleaning = start_timer(worker, cleaning_interval_passed, state, state->options->cache_loop_ns, SM_MIN);
    return NULL;
}

static void service_graph_worker_free(struct sm_component *component, struct sm_worker *worker, void *local)
{
    struct state *state = component->state;
    (void)local;
    if (sm_worker_index(worker) != 0)
        return;
    sm_timer_free(state->flush);
    sm_timer_free(state->expiry);
    sm_timer_free(state->cleaning);
}

static void service_graph_free(struct sm_component *component)
{
    struct state *state = component->state;
    if (!state)
        return;
    sm_edges_free(state->edges);
    sm_graph_series_free(state->series);
    pthread_mutex_destroy(&state->lock);
    free(state->bounds);
    free(state);
}

static const char *const old_names[] = {"servicegraph", NULL};

const struct sm_component_type sm_connector_service_graph = {
    .kind = SM_CONNECTOR,
    .name = "service_graph",
    .old_names = old_names,
    .help = "Metrics of the calls between services, from pairs of spans.",
    .signals = SM_SIGNAL_TRACES,
    .gives = {[SM_TRACES] = SM_SIGNAL_METRICS},
    .stability = {[SM_TRACES] = SM_STABILITY_ALPHA},
    .options = sm_service_graph_option_table,
    .options_size = sizeof(struct sm_service_graph_options),
    .metrics = metric_table,
    .validate = sm_service_graph_validate,
    .create = service_graph_create,
    .worker_create = service_graph_worker_create,
    .worker_free = service_graph_worker_free,
    .consume = service_graph_consume,
    .free = service_graph_free,
};
