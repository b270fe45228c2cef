/* otlp_grpc.c - sends traces, metrics and logs to an OTLP next hop over gRPC.
 *
 * Reads whole batches and changes nothing; what nobody changed is sent from the bytes as received. State: a client, and a connection for each worker.
 * Source: opentelemetry-collector exporter/otlpexporter. */
#include "exporters/otlp_grpc_options.h"

#include "base/memory.h"
#include "exporters/otlp_answer.h"
#include "net/listener.h"
#include "pipeline/worker.h"
#include "telemetry/otlp.h"

#include <stdlib.h>

const struct sm_option sm_otlp_grpc_option_table[] = {
    SM_OPTION_TABLE(struct sm_otlp_grpc_options, client, sm_grpc_client_option_table, .squash = true),
    SM_OPTION_TABLE(struct sm_otlp_grpc_options, export, sm_export_option_table, .squash = true),
    SM_OPTION_END,
};

/* One send under way. Owned by the client's answer. */
struct call {
    struct sm_component *exporter;
    struct sm_export *request;
};

void sm_otlp_grpc_options_validate(const struct sm_otlp_grpc_options *options, struct sm_validation *validation)
{
    sm_grpc_client_options_validate(&options->client, validation);
    sm_export_options_validate(&options->export, validation);
}

static void validate(const void *raw_options, struct sm_validation *validation)
{
    const struct sm_otlp_grpc_options *options = raw_options;
    const char *endpoint = options->client.endpoint;
    if (!*endpoint || strcmp(endpoint, "http://") == 0 || strcmp(endpoint, "https://") == 0)
        sm_validation_error(validation, "", "requires a non-empty \"endpoint\"");
    sm_otlp_grpc_options_validate(options, validation);
}

/* server_address and server_port as the reference has them: the endpoint as it is when it cannot be split. */
static void add_attributes(struct sm_component *exporter, const char *endpoint)
{
    char host[256], port[32], *end;
    struct sm_error error;
    if (!sm_address_split(endpoint, host, port, &error)) {
        sm_export_add_attribute(exporter, "server.address", endpoint);
        return;
    }
    sm_export_add_attribute(exporter, "server.address", host);
    strtol(port, &end, 10);
    if (*port && !*end)
        sm_export_add_attribute(exporter, "server.port", port);
}

static bool create(struct sm_component *exporter, struct sm_error *error)
{
    const struct sm_otlp_grpc_options *options = exporter->options;
    exporter->state = sm_grpc_client_create(exporter->workers, &options->client, SM_OTLP_USER_AGENT, error);
    if (!exporter->state)
        return false;
    add_attributes(exporter, options->client.endpoint);
    return sm_grpc_client_open_auth(exporter->state, exporter, error);
}

static void *worker_create(struct sm_component *exporter, struct sm_worker *worker)
{
    return sm_grpc_channel_create(exporter->state, worker);
}

static void worker_free(struct sm_component *exporter, struct sm_worker *worker, void *local)
{
    (void)exporter, (void)worker;
    sm_grpc_channel_free(local);
}

static void free_client(struct sm_component *exporter)
{
    sm_grpc_client_free(exporter->state);
}

static bool may_retry(enum sm_rpc_code code, bool has_retry_info)
{
    return sm_rpc_code_is_passing(code) || (code == SM_RPC_RESOURCE_EXHAUSTED && has_retry_info);
}

static struct sm_outcome classify(const struct sm_grpc_answer *answer)
{
    struct sm_otlp_status status;
    if (!sm_otlp_parse_status(answer->status_details, &status))
        status = (struct sm_otlp_status){0};
    bool is_retry = may_retry(answer->code, status.has_retry_info);
    struct sm_outcome outcome =
        is_retry ? sm_outcome_retry("rpc error: code = %s desc = %.*s", sm_otlp_code_name(answer->code), SM_SLICE_ARGS(answer->message))
                 : sm_outcome_reject("rpc error: code = %s desc = %.*s", sm_otlp_code_name(answer->code), SM_SLICE_ARGS(answer->message));
    outcome.code = answer->code;
    outcome.has_code = true;
    outcome.has_retry_after = status.has_retry_info;
    outcome.retry_after_ns = status.retry_delay_ns; /* told to senders even when it is not for us to try again */
    return outcome;
}

static void on_answer(struct sm_worker *worker, const struct sm_grpc_answer *answer, void *context)
{
    struct call *call = context;
    struct sm_component *exporter = call->exporter;
    struct sm_export *request = call->request;
    free(call);
    struct sm_outcome outcome = {.kind = SM_ACCEPTED};
    const char *reason;
    if (answer->code != SM_RPC_OK) {
        outcome = classify(answer);
    } else if (!sm_otlp_log_partial_success(exporter, request->batch->signal, answer->body, &reason)) {
        outcome = sm_outcome_reject("rpc error: code = Internal desc = grpc: failed to unmarshal the received message: %s", reason);
        outcome.code = SM_RPC_INTERNAL;
        outcome.has_code = true;
    }
    sm_export_done(request, worker, &outcome);
}

static void send_batch(struct sm_component *exporter, struct sm_worker *worker, struct sm_export *request)
{
    static const char *const paths[SM_SIGNAL_COUNT] = {
        [SM_TRACES] = "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        [SM_METRICS] = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        [SM_LOGS] = "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    };
    struct sm_grpc_channel *channel = sm_component_local(exporter, worker);
    if (!channel) {
        /* The drain limit has passed, and the worker's connections are gone. */
        struct sm_outcome outcome = sm_outcome_retry("the exporter is stopped");
        sm_export_done(request, worker, &outcome);
        return;
    }
    struct call *call = sm_alloc(1, sizeof(*call));
    *call = (struct call){.exporter = exporter, .request = request};
    struct sm_otlp_pieces pieces;
    sm_otlp_encode_protobuf(request->batch, &pieces);
    struct sm_grpc_call_options options = {
        .path = sm_slice_of(paths[request->batch->signal]),
        .message = pieces.pieces,
        .message_count = pieces.count,
        .deadline_ns = request->deadline_ns,
        .context = request->batch->metadata,
    };
    sm_grpc_channel_call(channel, &options, on_answer, call);
}

static const char *const old_names[] = {"otlp", NULL};

const struct sm_component_type sm_exporter_otlp_grpc = {
    .kind = SM_EXPORTER,
    .name = "otlp_grpc",
    .old_names = old_names,
    .help = "Sends to an OTLP next hop over gRPC.",
    .signals = SM_SIGNAL_ALL,
    .stability = {SM_STABILITY_STABLE, SM_STABILITY_STABLE, SM_STABILITY_STABLE},
    .takes_packed = true,
    .options = sm_otlp_grpc_option_table,
    .options_size = sizeof(struct sm_otlp_grpc_options),
    .export_options_offset = offsetof(struct sm_otlp_grpc_options, export),
    .validate = validate,
    .create = create,
    .worker_create = worker_create,
    .worker_free = worker_free,
    .send = send_batch,
    .free = free_client,
};
