/* datadog.c - the receiver `datadog`: takes the place of the Datadog Agent for Datadog's tracers.
 *
 * Traces (v0.3, v0.4, v0.5, v0.7) become OTLP (datadog/native.h) and statistics (v0.6) metrics for the exporter `datadog`. Tracers are answered with
 * the rates at which they should sample. What else tracers send to the Agent is refused by name. State: the server, the statistics under way.
 * Source: datadog-agent pkg/trace/api (endpoints.go, api.go, info.go), 0.59.0. */
#include "receivers/datadog/receiver.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/http_route.h"
#include "net/media_type.h"
#include "pipeline/component.h"
#include "pipeline/outcome.h"
#include "pipeline/worker.h"

enum { BODY_LIMIT_BYTES = 25 * 1024 * 1024, TRACE_PORT = 8126 };
#define FLUSH_INTERVAL_NS SM_NS_PER_S

static const struct sm_option server_option_table[] = {
    SM_HTTP_SERVER_OPTION_ROWS("localhost:8126", 0, 0, 0),
    SM_OPTION_END,
};

/* The row of max_request_body_size stands behind the server's table, whose default it replaces. */
static const struct sm_option option_table[] = {
    SM_OPTION_TABLE(struct sm_datadog_receiver_options, server, server_option_table, .squash = true),
    {.kind = SM_OPTION_KIND_INT,
     .member = "max_request_body_size",
     .offset = offsetof(struct sm_datadog_receiver_options, server.max_request_body_size),
     .preset.integer = BODY_LIMIT_BYTES,
     .unit = "bytes",
     .help = "Bodies of this size or more are refused."},
    SM_OPTION_STRING(struct sm_datadog_receiver_options, agent, .ours = true,
                     .help = "The extension datadog_agent whose samplers give the rates that tracers are answered."),
    SM_OPTION_REFUSED("trace_id_cache_size", .help = "Higher halves of trace IDs are taken from each request; none are remembered."),
    SM_OPTION_REFUSED("idle_series_timeout", .help = "Datadog's metrics are not received."),
    SM_OPTION_REFUSED("idle_series_cleanup_interval", .help = "Datadog's metrics are not received."),
    SM_OPTION_REFUSED("intake", .help = "Requests to Datadog's intake are not received."),
    SM_OPTION_END,
};

enum { METRIC_LEFT_OUT };
static const struct sm_own_metric metric_table[] = {
    [METRIC_LEFT_OUT] = {.name = "datadog.trace_agent.client_stats_dropped",
                         .help = "Rows of tracers' statistics that were dropped because there were too many",
                         .unit = "{rows}",
                         .kind = SM_OWN_COUNTER,
                         .level = SM_OWN_LEVEL_BASIC},
    {0},
};

/* ---- answers */

void sm_datadog_respond(const struct sm_datadog_receiver *receiver, struct sm_http_request *request, int status, const char *content_type,
                        struct sm_slice body)
{
    const struct sm_http_header headers[] = {
        {SM_SLICE("Datadog-Agent-Version"), SM_SLICE(SPANMILL_VERSION)},
        {SM_SLICE("Datadog-Agent-State"), sm_slice_of(receiver->state)},
    };
    const struct sm_http_response response = {
        .status = status, .content_type = sm_slice_of(content_type), .headers = headers, .header_count = 2, .body = body};
    sm_http_respond(request, &response);
}

void sm_datadog_respond_error(const struct sm_datadog_receiver *receiver, struct sm_http_request *request, int status, const char *text)
{
    struct sm_bytes body = {0};
    sm_bytes_printf(&body, "%s\n", text ? text : "");
    sm_datadog_respond(receiver, request, status, "text/plain; charset=utf-8", sm_bytes_slice(&body));
    sm_bytes_deinit(&body);
}

struct sm_buffer *sm_datadog_take_body(struct sm_datadog_receiver *receiver, struct sm_http_request *request, bool *is_too_large)
{
    const struct sm_datadog_receiver_options *options = receiver->component->options;
    const char *why = NULL;
    struct sm_buffer *body = sm_http_request_try_take_body(request, &why);
    size_t limit = (size_t)(options->server.max_request_body_size > 0 ? options->server.max_request_body_size : SM_HTTP_BODY_LIMIT_BYTES);
    if (body && sm_buffer_slice(body).size < limit)
        return body;
    *is_too_large = body || sm_slice_is(sm_slice_of(why), "http: request body too large");
    if (body)
        sm_buffer_release(body);
    sm_receiver_refused_request(receiver->component, "http", SM_TRACES);
    sm_datadog_respond_error(receiver, request, *is_too_large ? 413 : 400, *is_too_large ? "payload-too-large" : why);
    return NULL;
}

/* ---- endpoints */

enum action { TRACES, SERVICES, STATS, INFO, NOT_SERVED };

struct endpoint {
    struct sm_slice pattern;
    enum action action;
    enum sm_datadog_version version;
};

#define ROW(text, what, since)                                                                                                                       \
    {                                                                                                                                                \
        .pattern = {.ptr = text, .size = sizeof(text) - 1}, .action = (what), .version = (since)                                                     \
    }
static const struct endpoint endpoints[] = {
    ROW("/v0.2/traces", TRACES, SM_DATADOG_V02),
    ROW("/v0.3/traces", TRACES, SM_DATADOG_V03),
    ROW("/v0.4/traces", TRACES, SM_DATADOG_V04),
    ROW("/v0.5/traces", TRACES, SM_DATADOG_V05),
    ROW("/v0.7/traces", TRACES, SM_DATADOG_V07),
    ROW("/v0.2/services", SERVICES, SM_DATADOG_V02),
    ROW("/v0.3/services", SERVICES, SM_DATADOG_V03),
    ROW("/v0.4/services", SERVICES, SM_DATADOG_V04),
    ROW("/v0.6/stats", STATS, SM_DATADOG_V04),
    ROW("/info", INFO, SM_DATADOG_V04),
    ROW("/spans", NOT_SERVED, SM_DATADOG_V02),
    ROW("/services", NOT_SERVED, SM_DATADOG_V02),
    ROW("/v0.1/spans", NOT_SERVED, SM_DATADOG_V02),
    ROW("/v0.1/services", NOT_SERVED, SM_DATADOG_V02),
    ROW("/v0.1/pipeline_stats", NOT_SERVED, SM_DATADOG_V04),
    ROW("/profiling/v1/input", NOT_SERVED, SM_DATADOG_V04),
    ROW("/evp_proxy/v1/", NOT_SERVED, SM_DATADOG_V04),
    ROW("/evp_proxy/v2/", NOT_SERVED, SM_DATADOG_V04),
    ROW("/evp_proxy/v3/", NOT_SERVED, SM_DATADOG_V04),
    ROW("/evp_proxy/v4/", NOT_SERVED, SM_DATADOG_V04),
    ROW("/debugger/v1/input", NOT_SERVED, SM_DATADOG_V04),
    ROW("/debugger/v1/diagnostics", NOT_SERVED, SM_DATADOG_V04),
    ROW("/symdb/v1/input", NOT_SERVED, SM_DATADOG_V04),
    ROW("/dogstatsd/v1/proxy", NOT_SERVED, SM_DATADOG_V04),
    ROW("/dogstatsd/v2/proxy", NOT_SERVED, SM_DATADOG_V04),
    ROW("/tracer_flare/v1", NOT_SERVED, SM_DATADOG_V04),
};
enum { ENDPOINT_COUNT = sizeof(endpoints) / sizeof(endpoints[0]) };

/* What the reference checks before it looks at the body of traces and services. True: answered. */
static bool refuse(const struct sm_datadog_receiver *receiver, struct sm_http_request *request, enum sm_datadog_version version)
{
    struct sm_slice type = {0};
    const char *problem = sm_media_type_parse(sm_http_request_header(request, SM_SLICE("Content-Type")), &type);
    if (version == SM_DATADOG_V02 && !problem && sm_slice_equal_nocase(type, SM_SLICE("application/msgpack"))) {
        sm_datadog_respond_error(receiver, request, 415, "unsupported media type: \"application/msgpack\"");
        return true;
    }
    if (!sm_slice_is(sm_http_request_header(request, SM_SLICE("Sec-Fetch-Site")), "cross-site"))
        return false;
    sm_datadog_respond_error(receiver, request, 403, "cross-site request rejected");
    return true;
}

static void on_request(struct sm_http_request *request, void *context)
{
    struct sm_datadog_receiver *receiver = context;
    struct sm_slice patterns[ENDPOINT_COUNT];
    for (size_t i = 0; i < ENDPOINT_COUNT; i++)
        patterns[i] = endpoints[i].pattern;
    int index = sm_http_route(request, patterns, ENDPOINT_COUNT);
    if (index < 0)
        return;
    const struct endpoint *endpoint = &endpoints[index];
    switch (endpoint->action) {
    case TRACES:
        if (!refuse(receiver, request, endpoint->version))
            sm_datadog_receive_traces(receiver, request, endpoint->version);
        break;
    case SERVICES:
        if (!refuse(receiver, request, endpoint->version))
            sm_datadog_respond(receiver, request, 200, "text/plain; charset=utf-8", SM_SLICE("OK\n"));
        break;
    case STATS:
        sm_datadog_receive_stats(receiver, request);
        break;
    case INFO:
        sm_http_respond_text(request, 200, "text/plain; charset=utf-8", sm_bytes_slice(&receiver->info));
        break;
    case NOT_SERVED:
        sm_datadog_respond_error(receiver, request, 501, "spanmill does not serve this endpoint of the Agent's");
        break;
    }
}

/* ---- life */

static void datadog_validate(const void *options, struct sm_validation *validation)
{
    sm_http_server_validate(&((const struct sm_datadog_receiver_options *)options)->server, validation, "");
}

static void make_instruments(struct sm_datadog_receiver *receiver)
{
    sm_datadog_reason_counts_init(&receiver->reasons, "receiver", receiver->component->id);
    const struct sm_own_attribute attribute = {"receiver", receiver->component->id};
    receiver->left_out = sm_instrument_get(&metric_table[METRIC_LEFT_OUT], &attribute, 1);
}

static bool datadog_create(struct sm_component *component, struct sm_error *error)
{
    const struct sm_datadog_receiver_options *options = component->options;
    struct sm_datadog_receiver *receiver = sm_alloc(1, sizeof(*receiver));
    receiver->component = component;
    component->state = receiver;
    pthread_mutex_init(&receiver->stats_lock, NULL);
    make_instruments(receiver);
    if (*options->agent) {
        receiver->agent = sm_datadog_agent_open(component, options->agent, error);
        if (!receiver->agent)
            return sm_error_blame(error, &options->agent);
    } else {
        sm_options_fill_defaults(sm_datadog_agent_option_table, &receiver->own_options, sizeof(receiver->own_options), &receiver->arena);
        receiver->own_agent = sm_datadog_agent_state_create(&receiver->own_options, error);
        receiver->agent = receiver->own_agent;
        if (!receiver->own_agent)
            return false;
    }
    receiver->server = sm_http_server_create(component->workers, &options->server, on_request, receiver, component, error);
    return receiver->server != NULL;
}

static int64_t port_of(const char *address)
{
    const char *colon = strrchr(address, ':');
    return colon ? strtol(colon + 1, NULL, 10) : TRACE_PORT;
}

static void describe(struct sm_datadog_receiver *receiver)
{
    const struct sm_datadog_receiver_options *options = receiver->component->options;
    sm_datadog_agent_describe(receiver->agent, port_of(options->server.endpoint), options->server.max_request_body_size, &receiver->info);
    struct sm_slice digest = sm_digest_hex(SM_DIGEST_SHA256, sm_bytes_slice(&receiver->info), &receiver->arena);
    snprintf(receiver->state, sizeof(receiver->state), "%.*s", SM_SLICE_ARGS(digest));
}

static bool datadog_start(struct sm_component *component, struct sm_error *error)
{
    struct sm_datadog_receiver *receiver = component->state;
    if (receiver->own_agent)
        sm_datadog_agent_state_name_host(receiver->own_agent);
    receiver->rates = receiver->agent->sampling.service_rates;
    receiver->stats = sm_client_stats_create(receiver->agent, sm_clock_wall_ns());
    describe(receiver);
    receiver->is_started = sm_http_server_start(receiver->server, error);
    if (receiver->is_started)
        sm_log(SM_LOG_INFO, &component->logger, "Listening for Datadog's tracers", SM_LOG_STR("endpoint", sm_http_server_address(receiver->server)));
    return receiver->is_started;
}

static void on_timer(struct sm_worker *worker, void *context)
{
    sm_datadog_flush_stats(context, worker, false, NULL, NULL);
}

static void *datadog_worker_create(struct sm_component *component, struct sm_worker *worker)
{
    struct sm_datadog_receiver *receiver = component->state;
    if (sm_worker_index(worker) == 0) {
        receiver->timer = sm_timer_create(worker, on_timer, receiver);
        sm_timer_arm(receiver->timer, FLUSH_INTERVAL_NS, true);
    }
    return NULL;
}

static void datadog_worker_free(struct sm_component *component, struct sm_worker *worker, void *local)
{
    struct sm_datadog_receiver *receiver = component->state;
    (void)local;
    if (sm_worker_index(worker) == 0) {
        sm_timer_free(receiver->timer);
        receiver->timer = NULL;
    }
}

static void on_flushed(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    (void)worker, (void)outcome;
    sm_component_stopped(context);
}

static void flush_last(struct sm_worker *worker, void *context)
{
    struct sm_component *component = context;
    sm_datadog_flush_stats(component->state, worker, true, on_flushed, component);
}

static void server_stopped(void *context)
{
    struct sm_component *component = context;
    sm_worker_post(sm_workers_get(component->workers, 0), flush_last, component);
}

static void datadog_stop(struct sm_component *component)
{
    struct sm_datadog_receiver *receiver = component->state;
    if (receiver->is_stopping)
        return;
    receiver->is_stopping = true;
    if (receiver->is_started)
        sm_http_server_stop(receiver->server, server_stopped, component);
    else
        sm_component_stopped(component);
}

static void datadog_free(struct sm_component *component)
{
    struct sm_datadog_receiver *receiver = component->state;
    if (!receiver)
        return;
    sm_http_server_free(receiver->server);
    sm_client_stats_free(receiver->stats);
    sm_datadog_agent_state_free(receiver->own_agent);
    sm_bytes_deinit(&receiver->info);
    sm_arena_deinit(&receiver->arena);
    pthread_mutex_destroy(&receiver->stats_lock);
    free(receiver);
}

const struct sm_component_type sm_receiver_datadog = {
    .kind = SM_RECEIVER,
    .name = "datadog",
    .help = "Receives traces and statistics from Datadog's tracers, in the Datadog Agent's place.",
    .signals = SM_SIGNAL_TRACES | SM_SIGNAL_METRICS,
    .stability = {[SM_TRACES] = SM_STABILITY_ALPHA, [SM_METRICS] = SM_STABILITY_ALPHA},
    .options = option_table,
    .options_size = sizeof(struct sm_datadog_receiver_options),
    .metrics = metric_table,
    .validate = datadog_validate,
    .create = datadog_create,
    .start = datadog_start,
    .worker_create = datadog_worker_create,
    .worker_free = datadog_worker_free,
    .stop = datadog_stop,
    .free = datadog_free,
};
