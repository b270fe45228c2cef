/* grpc_call.h - a unary call of the gRPC server, for the handler of its method. Handled and answered on the worker of its connection. */
#pragma once

#include "base/buffer.h"
#include "pipeline/outcome.h"

#include <stdatomic.h>

struct sm_batch;
struct sm_grpc_call;
struct sm_worker;

/* Runs on the call's worker. Must lead to exactly one sm_grpc_respond on it, now or later. */
typedef void sm_grpc_handler(struct sm_grpc_call *call, void *context);

struct sm_grpc_method {
    struct sm_slice path; /* "/opentelemetry.proto.collector.trace.v1.TraceService/Export" */
    sm_grpc_handler *handler;
    void *context;
};

struct sm_worker *sm_grpc_call_worker(const struct sm_grpc_call *call);
/* Set once the client has given the call up, or has gone; valid until the call is answered. */
const atomic_bool *sm_grpc_call_abandoned(const struct sm_grpc_call *call);
/* The request message: one reference, taken once. */
struct sm_buffer *sm_grpc_call_take_message(struct sm_grpc_call *call) __attribute__((returns_nonnull, warn_unused_result));
/* Writes into a batch decoded from the call what its telemetry is to carry of the client: its address, its headers as far as they are wanted, and who
 * it is with `auth`. Once a call, into a batch that has none of them. */
void sm_grpc_call_tell_client(struct sm_grpc_call *call, struct sm_batch *batch);

struct sm_grpc_response {
    enum sm_rpc_code code;
    struct sm_slice message;        /* status text, any UTF-8 (percent-encoded on the wire) */
    struct sm_slice status_details; /* google.rpc.Status in protobuf for grpc-status-details-bin; empty: none */
    struct sm_slice body;           /* reply message when code is OK */
};
/* Answers and ends the call, which is invalid afterwards. On the call's worker. A client that is gone is not told. */
void sm_grpc_respond(struct sm_grpc_call *call, const struct sm_grpc_response *response);
