/* grpc_server.h - unary gRPC calls over HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md).
 *
 * Connections live on the worker they were given to; a call is handled and answered there. Messages come whole and unpacked. Unknown methods are
 * answered UNIMPLEMENTED by the server with the reference's texts; so are unknown encodings; over max_recv_msg_size_mib is RESOURCE_EXHAUSTED.
 * Options are those of the reference's configgrpc server. */
#pragma once

#include "base/error.h"
#include "config/option.h"
#include "net/grpc_call.h"
#include "net/tls.h"
#include "pipeline/auth.h"

struct sm_component;
struct sm_grpc_server;
struct sm_workers;

struct sm_grpc_keepalive_options {
    struct sm_grpc_keepalive_server_parameters {
        uint64_t max_connection_idle_ns, max_connection_age_ns, max_connection_age_grace_ns, time_ns, timeout_ns;
    } * server_parameters;
    struct sm_grpc_keepalive_enforcement_policy {
        uint64_t min_time_ns;
        bool permit_without_stream;
    } * enforcement_policy;
};

struct sm_grpc_server_options {
    const char *endpoint, *transport;
    const struct sm_node *dialer;
    struct sm_tls_server_options *tls;
    int64_t max_recv_msg_size_mib, read_buffer_size, write_buffer_size;
    uint64_t max_concurrent_streams;
    struct sm_grpc_keepalive_options *keepalive;
    bool include_metadata;
    struct sm_auth_options *auth;
};
/* The rows of struct sm_grpc_server_options with presets that differ by user; end the table with SM_OPTION_END and embed it with .squash = true. */
#define SM_GRPC_SERVER_OPTION_ROWS(endpoint_preset, read_buffer_preset)                                                                              \
    SM_OPTION_STRING(struct sm_grpc_server_options, endpoint, .preset.string = (endpoint_preset), .help = "Address to listen on, host:port."),       \
        SM_OPTION_STRING(struct sm_grpc_server_options, transport, .preset.string = "tcp", .help = "tcp, tcp4, tcp6 or unix."),                      \
        SM_OPTION_NODE(struct sm_grpc_server_options, dialer, .help = "Accepted for compatibility: a server dials nobody."),                         \
        SM_OPTION_OPTIONAL(struct sm_grpc_server_options, tls, sm_tls_server_option_table, .null_is_absent = true,                                   \
                           .help = "TLS; without it connections are plain."),                                                                        \
        SM_OPTION_INT(struct sm_grpc_server_options, max_recv_msg_size_mib, .unit = "MiB", .help = "Largest message taken, unpacked; 0: 4."),        \
        SM_OPTION_UINT(struct sm_grpc_server_options, max_concurrent_streams, .max = UINT32_MAX,                                                     \
                       .help = "Calls under way on a connection; 0: 1000."),                                                                         \
        SM_OPTION_INT(struct sm_grpc_server_options, read_buffer_size, .preset.integer = (read_buffer_preset), .unit = "bytes",                      \
                      .help = "Accepted for compatibility: connections share one read buffer per worker."),                                          \
        SM_OPTION_INT(struct sm_grpc_server_options, write_buffer_size, .unit = "bytes", .help = "Accepted for compatibility: answers are small."),  \
        SM_OPTION_OPTIONAL(struct sm_grpc_server_options, keepalive, sm_grpc_keepalive_option_table, .help = "Age and silence of connections."),     \
        SM_OPTION_BOOL(struct sm_grpc_server_options, include_metadata, .help = "Pass the client's headers on with its telemetry."),                 \
        SM_OPTION_OPTIONAL(struct sm_grpc_server_options, auth, sm_auth_option_table, .null_is_absent = true,                                        \
                           .help = "Clients are authenticated by an extension."),                                                                    \
        SM_OPTION_REFUSED("middlewares", .help = "Extensions that see every call.")
extern const struct sm_option sm_grpc_keepalive_option_table[];
/* `key_path` is where the table stands in the component ("protocols::grpc"). */
void sm_grpc_server_validate(const struct sm_grpc_server_options *options, struct sm_validation *validation, const char *key_path);

/* Checks the address and TLS files, and finds the authenticator of the option `auth` for `user` (NULL: a server that no component has, and no
 * authenticator); opens nothing. */
struct sm_grpc_server *sm_grpc_server_create(struct sm_workers *workers, const struct sm_grpc_server_options *options,
                                             const struct sm_grpc_method *methods, size_t method_count, const struct sm_component *user,
                                             struct sm_error *error) __attribute__((warn_unused_result));
bool sm_grpc_server_start(struct sm_grpc_server *server, struct sm_error *error) __attribute__((warn_unused_result));
const char *sm_grpc_server_address(const struct sm_grpc_server *server);
/* GOAWAY, no new calls; `stopped(context)` on the main worker when the last open call is answered and connections are closed. */
void sm_grpc_server_stop(struct sm_grpc_server *server, void (*stopped)(void *context), void *context);
void sm_grpc_server_free(struct sm_grpc_server *server);
