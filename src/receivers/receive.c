/* receive.c - see receive.h. */
#include "receivers/receive.h"

#include <stdio.h>

#include "net/grpc_call.h"
#include "net/http_server.h"
#include "pipeline/component.h"
#include "telemetry/batch.h"
#include "telemetry/otlp.h"

static bool is_empty(struct sm_batch *batch)
{
    if (batch->item_count > 0)
        return false;
    sm_batch_release(batch);
    return true;
}

void sm_receive_http(struct sm_component *receiver, const char *transport, struct sm_http_request *request, struct sm_batch *batch,
                     sm_delivery_done *done)
{
    struct sm_worker *worker = sm_http_request_worker(request);
    if (is_empty(batch)) {
        done(worker, &SM_OUTCOME_ACCEPTED, request);
        return;
    }
    sm_http_request_tell_client(request, batch);
    sm_receiver_deliver_watched(receiver, worker, transport, batch, done, request, sm_http_request_abandoned(request));
}

void sm_receive_grpc(struct sm_component *receiver, struct sm_grpc_call *call, struct sm_batch *batch, sm_delivery_done *done)
{
    struct sm_worker *worker = sm_grpc_call_worker(call);
    if (is_empty(batch)) {
        done(worker, &SM_OUTCOME_ACCEPTED, call);
        return;
    }
    sm_grpc_call_tell_client(call, batch);
    sm_receiver_deliver_watched(receiver, worker, "grpc", batch, done, call, sm_grpc_call_abandoned(call));
}

void sm_receive_grpc_malformed(struct sm_component *receiver, struct sm_grpc_call *call, enum sm_signal signal, const struct sm_decode_error *why)
{
    char text[256];
    snprintf(text, sizeof(text), "grpc: error unmarshalling request: %s at byte %zu", why->reason, why->offset);
    sm_receiver_refused_request(receiver, "grpc", signal);
    const struct sm_grpc_response response = {.code = SM_RPC_INTERNAL, .message = sm_slice_of(text)};
    sm_grpc_respond(call, &response);
}
