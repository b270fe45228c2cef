/* grpc_options.c - the options of a gRPC server. Constant tables. Source: opentelemetry-collector config/configgrpc. */
#include "net/grpc_server.h"

#include <limits.h>
#include <stdio.h>

#include "net/listener.h"

static const struct sm_option server_parameter_table[] = {
    SM_OPTION_DURATION(struct sm_grpc_keepalive_server_parameters, max_connection_idle_ns, .key = "max_connection_idle",
                       .help = "A connection without calls for so long is ended; 0: never."),
    SM_OPTION_DURATION(struct sm_grpc_keepalive_server_parameters, max_connection_age_ns, .key = "max_connection_age",
                       .help = "A connection this old is ended, give or take a tenth; 0: never."),
    SM_OPTION_DURATION(struct sm_grpc_keepalive_server_parameters, max_connection_age_grace_ns, .key = "max_connection_age_grace",
                       .help = "Time for open calls once max_connection_age is over; 0: no limit."),
    SM_OPTION_DURATION(struct sm_grpc_keepalive_server_parameters, time_ns, .key = "time",
                       .help = "Silence after which the client is pinged; 0: 2h."),
    SM_OPTION_DURATION(struct sm_grpc_keepalive_server_parameters, timeout_ns, .key = "timeout", .help = "Time it has to answer; 0: 20s."),
    SM_OPTION_END,
};

static const struct sm_option enforcement_policy_table[] = {
    SM_OPTION_DURATION(struct sm_grpc_keepalive_enforcement_policy, min_time_ns, .key = "min_time",
                       .help = "Clients that ping more often are disconnected; 0: 5m."),
    SM_OPTION_BOOL(struct sm_grpc_keepalive_enforcement_policy, permit_without_stream, .help = "Clients may ping without an open call."),
    SM_OPTION_END,
};

const struct sm_option sm_grpc_keepalive_option_table[] = {
    SM_OPTION_OPTIONAL(struct sm_grpc_keepalive_options, server_parameters, server_parameter_table,
                       .help = "How the server treats idle and old connections."),
    SM_OPTION_OPTIONAL(struct sm_grpc_keepalive_options, enforcement_policy, enforcement_policy_table,
                       .help = "Which pings of clients are tolerated."),
    SM_OPTION_END,
};

void sm_grpc_server_validate(const struct sm_grpc_server_options *options, struct sm_validation *validation, const char *key_path)
{
    int64_t bytes;
    sm_listener_validate_transport(options->transport, validation, key_path);
    if (__builtin_mul_overflow(options->max_recv_msg_size_mib, INT64_C(1024) * 1024, &bytes) || bytes < 0)
        sm_validation_error(validation, key_path, "invalid max_recv_msg_size_mib value, must be between 1 and %lld: %lld", LLONG_MAX / 1024 / 1024,
                            (long long)options->max_recv_msg_size_mib);
    if (options->read_buffer_size < 0)
        sm_validation_error(validation, key_path, "invalid read_buffer_size value: %lld", (long long)options->read_buffer_size);
    if (options->write_buffer_size < 0)
        sm_validation_error(validation, key_path, "invalid write_buffer_size value: %lld", (long long)options->write_buffer_size);
    if (options->tls) {
        char path[256];
        snprintf(path, sizeof(path), "%s::tls", key_path);
        sm_tls_server_validate(options->tls, validation, path);
    }
}
