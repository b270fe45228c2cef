/* grpc_server.h - unary gRPC calls over HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md).
 *
 * Connections live on the worker they were given to; a call is handled and answered there. Messages come whole and unpacked. Unknown methods are answered
 * UNIMPLEMENTED by the server with the reference's texts; so are unknown encodings; over max_recv_msg_size_mib is RESOURCE_EXHAUSTED.
 * Options are those of the reference's configgrpc server. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "config/option.h"
#include "net/tls.h"
#include "pipeline/outcome.h"

struct sm_grpc_call;
struct sm_grpc_server;
struct sm_worker;
struct sm_workers;

struct sm_grpc_keepalive_options {
    struct sm_grpc_keepalive_server_parameters {
        uint64_t max_connection_idle_ns, max_connection_age_ns, max_connection_age_grace_ns, time_ns, timeout_ns;
    } *server_parameters;
    struct sm_grpc_keepalive_enforcement_policy {
        uint64_t min_time_ns;
        bool permit_without_stream;
    } *enforcement_policy;
};

struct sm_grpc_server_options {
    const char *endpoint, *transport;
    struct sm_tls_server_options *tls;
    int64_t max_recv_msg_size_mib, max_concurrent_streams, read_buffer_size, write_buffer_size;
    struct sm_grpc_keepalive_options *keepalive;
    bool include_metadata;
};
extern const struct sm_option sm_grpc_server_option_table[];

/* Runs on the call's worker. Must lead to exactly one sm_grpc_respond on it, now or later. */
typedef void sm_grpc_handler(struct sm_grpc_call *call, void *context);

struct sm_grpc_method {
    struct sm_slice path; /* "/opentelemetry.proto.collector.trace.v1.TraceService/Export" */
    sm_grpc_handler *handler;
    void *context;
};

struct sm_grpc_server *sm_grpc_server_create(struct sm_workers *workers, const struct sm_grpc_server_options *options, const struct sm_grpc_method *methods,
                                             size_t method_count, struct sm_error *error) __attribute__((warn_unused_result));
bool sm_grpc_server_start(struct sm_grpc_server *server, struct sm_error *error) __attribute__((warn_unused_result));
const char *sm_grpc_server_address(const struct sm_grpc_server *server);
/* GOAWAY, no new calls; `stopped(context)` on the main worker when the last open call is answered and connections are closed. */
void sm_grpc_server_stop(struct sm_grpc_server *server, void (*stopped)(void *context), void *context);
void sm_grpc_server_free(struct sm_grpc_server *server);

struct sm_worker *sm_grpc_call_worker(const struct sm_grpc_call *call);
const char *sm_grpc_call_peer(const struct sm_grpc_call *call);
/* The request message: one reference, taken once. */
struct sm_buffer *sm_grpc_call_take_message(struct sm_grpc_call *call) __attribute__((returns_nonnull, warn_unused_result));
size_t sm_grpc_call_header_count(const struct sm_grpc_call *call);
void sm_grpc_call_header_at(const struct sm_grpc_call *call, size_t index, struct sm_slice *name, struct sm_slice *value);

struct sm_grpc_response {
    enum sm_rpc_code code;
    struct sm_slice message;       /* status text, any UTF-8 (percent-encoded on the wire) */
    struct sm_slice status_details; /* google.rpc.Status in protobuf for grpc-status-details-bin; empty: none */
    struct sm_slice body;          /* reply message when code is OK */
};
void sm_grpc_respond(struct sm_grpc_call *call, const struct sm_grpc_response *response);
