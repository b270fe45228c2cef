/* jaeger_grpc.c - jaeger.api_v2.CollectorService: PostSpans. Runs on the call's worker.
 * Source: contrib receiver/jaegerreceiver/trace_receiver.go (PostSpans); a failure without a gRPC code is UNKNOWN, as grpc-go answers it. */
#include "receivers/jaeger/jaeger.h"

#include "receivers/receive.h"

static void on_delivered(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    (void)worker;
    struct sm_grpc_response response = {.code = SM_RPC_OK};
    if (outcome->kind != SM_ACCEPTED)
        response = (struct sm_grpc_response){.code = outcome->has_code ? outcome->code : SM_RPC_UNKNOWN, .message = sm_slice_of(outcome->reason)};
    sm_grpc_respond(context, &response);
}

static void on_call(struct sm_grpc_call *call, void *context)
{
    const struct sm_jaeger_receiver *receiver = context;
    struct sm_buffer *message = sm_grpc_call_take_message(call);
    struct sm_decode_error why = {0};
    struct sm_batch *batch = sm_jaeger_decode_protobuf(sm_buffer_slice(message), &why);
    sm_buffer_release(message);
    if (!batch) {
        sm_receive_grpc_malformed(receiver->component, call, SM_TRACES, &why);
        return;
    }
    sm_receive_grpc(receiver->component, call, batch, on_delivered);
}

bool sm_jaeger_grpc_create(struct sm_jaeger_receiver *receiver, struct sm_error *error)
{
    const struct sm_jaeger_options *options = receiver->component->options;
    const struct sm_grpc_method method = {.path = SM_SLICE("/jaeger.api_v2.CollectorService/PostSpans"), .handler = on_call, .context = receiver};
    receiver->grpc = sm_grpc_server_create(receiver->component->workers, options->protocols.grpc, &method, 1, receiver->component, error);
    return receiver->grpc != NULL;
}
