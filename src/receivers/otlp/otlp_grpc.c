/* otlp_grpc.c - the otlp receiver's gRPC services: decodes, delivers, answers with what became of it.
 * Runs on the call's worker. Source: opentelemetry-proto collector/{trace,metrics,logs}/v1, docs/specification.md "OTLP/gRPC". */
#include "receivers/otlp/otlp.h"

#include "base/bytes.h"
#include "receivers/receive.h"

/* ExportXServiceResponse with an empty partial_success, as the reference answers. */
static const struct sm_slice SUCCESS = {.ptr = "\x0a\x00", .size = 2};

static const char *const paths[SM_SIGNAL_COUNT] = {
    [SM_TRACES] = "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    [SM_METRICS] = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    [SM_LOGS] = "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
};

static void on_delivered(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    (void)worker;
    struct sm_grpc_call *call = context;
    if (outcome->kind == SM_ACCEPTED) {
        const struct sm_grpc_response success = {.code = SM_RPC_OK, .body = SUCCESS};
        sm_grpc_respond(call, &success);
        return;
    }
    struct sm_otlp_status status = sm_otlp_status_of(outcome);
    struct sm_bytes details = {0};
    if (status.has_retry_after)
        sm_otlp_status_append_protobuf(&status, &details);
    const struct sm_grpc_response response = {.code = status.code, .message = status.message, .status_details = sm_bytes_slice(&details)};
    sm_grpc_respond(call, &response);
    sm_bytes_deinit(&details);
}

static void on_call(struct sm_grpc_call *call, void *context)
{
    const struct sm_otlp_route *route = context;
    struct sm_buffer *message = sm_grpc_call_take_message(call);
    struct sm_decode_error why = {0};
    bool packed = sm_component_gives_packed(route->receiver, route->signal);
    struct sm_batch *batch = (packed ? sm_otlp_decode_protobuf_packed : sm_otlp_decode_protobuf)(route->signal, message, &why);
    sm_buffer_release(message);
    if (!batch) {
        sm_receive_grpc_malformed(route->receiver, call, route->signal, &why);
        return;
    }
    sm_receive_grpc(route->receiver, call, batch, on_delivered);
}

bool sm_otlp_grpc_create(struct sm_otlp_receiver *receiver, struct sm_error *error)
{
    const struct sm_otlp_options *options = receiver->component->options;
    struct sm_grpc_method methods[SM_SIGNAL_COUNT];
    for (size_t i = 0; i < receiver->route_count; i++)
        methods[i] =
            (struct sm_grpc_method){.path = sm_slice_of(paths[receiver->routes[i].signal]), .handler = on_call, .context = &receiver->routes[i]};
    receiver->grpc =
        sm_grpc_server_create(receiver->component->workers, options->protocols.grpc, methods, receiver->route_count, receiver->component, error);
    return receiver->grpc != NULL;
}
