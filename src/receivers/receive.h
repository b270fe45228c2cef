/* receive.h - the last steps of receivers whose clients wait for an answer: a decoded batch goes on, with what is known of the client.
 *
 * `done` runs once on the request's (call's) worker, with it as context, and answers. A batch without items is accepted at once. */
#pragma once

#include "pipeline/delivery.h"
#include "telemetry/signal.h"

struct sm_component;
struct sm_decode_error;
struct sm_grpc_call;
struct sm_http_request;

void sm_receive_http(struct sm_component *receiver, const char *transport, struct sm_http_request *request, struct sm_batch *batch,
                     sm_delivery_done *done);
void sm_receive_grpc(struct sm_component *receiver, struct sm_grpc_call *call, struct sm_batch *batch, sm_delivery_done *done);
/* Counts and answers a call whose message could not be decoded. */
void sm_receive_grpc_malformed(struct sm_component *receiver, struct sm_grpc_call *call, enum sm_signal signal, const struct sm_decode_error *why);
