/* jaeger.c - the receiver `jaeger`: traces in Jaeger's formats, as its collector (gRPC, thrift over HTTP) and its agent (thrift in datagrams) take
 * them. State: the servers, immutable after start. Source: opentelemetry-collector-contrib receiver/jaegerreceiver (options, presets, checks, life).
 */
#include "receivers/jaeger/jaeger.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/listener.h"

/* ---- options */

enum { QUEUE_SIZE = 1000, PACKET_BYTES = 65000, WORKERS = 10 };

static const struct sm_option grpc_option_table[] = {
    SM_GRPC_SERVER_OPTION_ROWS("localhost:14250", 0),
    SM_OPTION_END,
};

static const struct sm_option http_option_table[] = {
    SM_HTTP_SERVER_OPTION_ROWS("localhost:14268", 0, 0, 0),
    SM_OPTION_END,
};

#define UDP_OPTION_ROWS(endpoint_preset)                                                                                                             \
    SM_OPTION_STRING(struct sm_jaeger_udp_options, endpoint, .preset.string = (endpoint_preset), .help = "Address to listen on, host:port."),        \
        SM_OPTION_INT(struct sm_jaeger_udp_options, queue_size, .preset.integer = QUEUE_SIZE, .unit = "packets",                                     \
                      .help = "Packets that wait while `workers` are under way; further ones are dropped."),                                         \
        SM_OPTION_INT(struct sm_jaeger_udp_options, max_packet_size, .preset.integer = PACKET_BYTES, .unit = "bytes",                                \
                      .help = "Longer packets are cut there."),                                                                                      \
        SM_OPTION_INT(struct sm_jaeger_udp_options, workers, .preset.integer = WORKERS, .help = "Packets that are delivered at the same time."),     \
        SM_OPTION_INT(struct sm_jaeger_udp_options, socket_buffer_size, .unit = "bytes",                                                             \
                      .help = "What the system keeps of packets that were not read; 0: its usual size."),                                            \
        SM_OPTION_END

static const struct sm_option binary_option_table[] = {UDP_OPTION_ROWS("localhost:6832")};
static const struct sm_option compact_option_table[] = {UDP_OPTION_ROWS("localhost:6831")};

static const struct sm_option protocol_option_table[] = {
    SM_OPTION_OPTIONAL(struct sm_jaeger_protocols, grpc, grpc_option_table, .help = "Protobuf over gRPC; without it there is none."),
    SM_OPTION_OPTIONAL(struct sm_jaeger_protocols, thrift_http, http_option_table, .help = "Thrift over HTTP; without it there is none."),
    SM_OPTION_OPTIONAL(struct sm_jaeger_protocols, thrift_binary, binary_option_table,
                       .help = "Thrift's binary protocol in datagrams; without it there is none."),
    SM_OPTION_OPTIONAL(struct sm_jaeger_protocols, thrift_compact, compact_option_table,
                       .help = "Thrift's compact protocol in datagrams; without it there is none."),
    SM_OPTION_END,
};

static const struct sm_option option_table[] = {
    SM_OPTION_TABLE(struct sm_jaeger_options, protocols, protocol_option_table, .help = "How traces come in; at least one."),
    SM_OPTION_REFUSED("remote_sampling", .help = "Sampling strategies for clients; the reference has them in an extension of its own."),
    SM_OPTION_END,
};

static void validate_endpoint(const char *endpoint, const char *what, struct sm_validation *validation)
{
    char host[256], port[32], *end = NULL;
    struct sm_error error = {0};
    if (!sm_address_split(endpoint, host, port, &error)) {
        sm_validation_error(validation, "", "invalid port number for the %s endpoint: endpoint is not formatted correctly: %s", what, error.text);
        return;
    }
    long number = strtol(port, &end, 10);
    if (end == port || *end)
        sm_validation_error(validation, "", "invalid port number for the %s endpoint: endpoint port is not a number: \"%s\"", what, port);
    else if (number < 1 || number > UINT16_MAX)
        sm_validation_error(validation, "", "invalid port number for the %s endpoint: port number must be between 1 and 65535", what);
}

static void validate_udp(const struct sm_jaeger_udp_options *options, const char *what, const char *key_path, struct sm_validation *validation)
{
    if (!options)
        return;
    validate_endpoint(options->endpoint, what, validation);
    if (options->workers <= 0)
        sm_validation_error(validation, key_path, "'workers' number of processors must be greater than 0, called with %lld",
                            (long long)options->workers);
    if (options->queue_size < 0)
        sm_validation_error(validation, key_path, "'queue_size' must not be negative");
    if (options->max_packet_size < 1)
        sm_validation_error(validation, key_path, "'max_packet_size' must be at least 1");
}

static void jaeger_validate(const void *decoded, struct sm_validation *validation)
{
    const struct sm_jaeger_protocols *protocols = &((const struct sm_jaeger_options *)decoded)->protocols;
    if (!protocols->grpc && !protocols->thrift_http && !protocols->thrift_binary && !protocols->thrift_compact)
        sm_validation_error(validation, "", "must specify at least one protocol when using the Jaeger receiver");
    if (protocols->grpc) {
        validate_endpoint(protocols->grpc->endpoint, "gRPC", validation);
        sm_grpc_server_validate(protocols->grpc, validation, "protocols::grpc");
    }
    if (protocols->thrift_http) {
        validate_endpoint(protocols->thrift_http->endpoint, "Thrift HTTP", validation);
        sm_http_server_validate(protocols->thrift_http, validation, "protocols::thrift_http");
    }
    validate_udp(protocols->thrift_binary, "Thrift UDP Binary", "protocols::thrift_binary", validation);
    validate_udp(protocols->thrift_compact, "Thrift UDP Compact", "protocols::thrift_compact", validation);
}

/* ---- life */

static bool jaeger_create(struct sm_component *component, struct sm_error *error)
{
    const struct sm_jaeger_protocols *protocols = &((const struct sm_jaeger_options *)component->options)->protocols;
    struct sm_jaeger_receiver *receiver = sm_alloc(1, sizeof(*receiver));
    receiver->component = component;
    component->state = receiver;
    if (protocols->thrift_binary)
        receiver->binary = sm_jaeger_udp_create(component, protocols->thrift_binary, SM_THRIFT_BINARY);
    if (protocols->thrift_compact)
        receiver->compact = sm_jaeger_udp_create(component, protocols->thrift_compact, SM_THRIFT_COMPACT);
    return (!protocols->thrift_http || sm_jaeger_http_create(receiver, error)) && (!protocols->grpc || sm_jaeger_grpc_create(receiver, error));
}

static void log_start(const struct sm_component *component, const char *what, const char *endpoint)
{
    sm_log(SM_LOG_INFO, &component->logger, what, SM_LOG_STR("endpoint", endpoint));
}

static bool start_udp(struct sm_component *component, struct sm_jaeger_udp *udp, const char *what, const struct sm_jaeger_udp_options *options,
                      struct sm_error *error)
{
    if (!udp)
        return true;
    if (!sm_jaeger_udp_start(udp, error))
        return false;
    log_start(component, what, options->endpoint);
    return true;
}

static bool jaeger_start(struct sm_component *component, struct sm_error *error)
{
    const struct sm_jaeger_protocols *protocols = &((const struct sm_jaeger_options *)component->options)->protocols;
    struct sm_jaeger_receiver *receiver = component->state;
    receiver->is_started = true;
    if (!start_udp(component, receiver->binary, "Starting UDP server for Binary Thrift", protocols->thrift_binary, error) ||
        !start_udp(component, receiver->compact, "Starting UDP server for Compact Thrift", protocols->thrift_compact, error))
        return false;
    if (receiver->http) {
        if (!sm_http_server_start(receiver->http, error))
            return false;
        log_start(component, "Starting HTTP server for Jaeger Thrift", sm_http_server_address(receiver->http));
    }
    if (receiver->grpc) {
        if (!sm_grpc_server_start(receiver->grpc, error))
            return false;
        log_start(component, "Starting gRPC server for Jaeger Protobuf", sm_grpc_server_address(receiver->grpc));
    }
    return true;
}

static void server_stopped(void *context)
{
    struct sm_jaeger_receiver *receiver = context;
    if (--receiver->servers_left == 0)
        sm_component_stopped(receiver->component);
}

static void jaeger_stop(struct sm_component *component)
{
    struct sm_jaeger_receiver *receiver = component->state;
    if (receiver->is_stopping)
        return;
    receiver->is_stopping = true;
    receiver->servers_left = 1; /* this function */
    if (receiver->is_started) {
        receiver->servers_left +=
            (receiver->grpc ? 1u : 0u) + (receiver->http ? 1u : 0u) + (receiver->binary ? 1u : 0u) + (receiver->compact ? 1u : 0u);
        if (receiver->binary)
            sm_jaeger_udp_stop(receiver->binary, server_stopped, receiver);
        if (receiver->compact)
            sm_jaeger_udp_stop(receiver->compact, server_stopped, receiver);
        if (receiver->http)
            sm_http_server_stop(receiver->http, server_stopped, receiver);
        if (receiver->grpc)
            sm_grpc_server_stop(receiver->grpc, server_stopped, receiver);
    }
    server_stopped(receiver);
}

static void jaeger_free(struct sm_component *component)
{
    struct sm_jaeger_receiver *receiver = component->state;
    if (!receiver)
        return;
    sm_grpc_server_free(receiver->grpc);
    sm_http_server_free(receiver->http);
    sm_jaeger_udp_free(receiver->binary);
    sm_jaeger_udp_free(receiver->compact);
    free(receiver);
}

const struct sm_component_type sm_receiver_jaeger = {
    .kind = SM_RECEIVER,
    .name = "jaeger",
    .help = "Receives traces in Jaeger's formats: protobuf over gRPC, thrift over HTTP and in datagrams.",
    .signals = SM_SIGNAL_TRACES,
    .stability = {[SM_TRACES] = SM_STABILITY_BETA},
    .options = option_table,
    .options_size = sizeof(struct sm_jaeger_options),
    .validate = jaeger_validate,
    .create = jaeger_create,
    .start = jaeger_start,
    .stop = jaeger_stop,
    .free = jaeger_free,
};
