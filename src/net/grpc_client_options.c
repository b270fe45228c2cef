/* grpc_client_options.c - the options of a gRPC client. Source: opentelemetry-collector config/configgrpc/configgrpc.go. */
#include "net/grpc_client.h"

#include "net/listener.h"
#include "wire/compression.h"

#include <stdlib.h>
#include <string.h>

/* The reference's defaults for the otlp_grpc exporter, its only user here: gzip, a write buffer of 512 KiB, no keepalive unless asked for. */
static const struct sm_option_word compression_words[] = {{"", SM_COMPRESSION_NONE},     {"none", SM_COMPRESSION_NONE},
                                                          {"gzip", SM_COMPRESSION_GZIP}, {"snappy", SM_COMPRESSION_SNAPPY},
                                                          {"zstd", SM_COMPRESSION_ZSTD}, {NULL, 0}};

static const struct sm_option keepalive_table[] = {
    SM_OPTION_BOOL(struct sm_grpc_client_keepalive_options, enabled, .preset.boolean = true, .is_switch = true,
                   .help = "Look whether a quiet connection is alive."),
    SM_OPTION_DURATION(struct sm_grpc_client_keepalive_options, time_ns, .key = "time", .preset.integer = 10 * SM_S,
                       .help = "Ping after this time without activity; at least 10s."),
    SM_OPTION_DURATION(struct sm_grpc_client_keepalive_options, timeout_ns, .key = "timeout", .preset.integer = 10 * SM_S,
                       .help = "Close the connection when a ping is not answered within this time."),
    SM_OPTION_BOOL(struct sm_grpc_client_keepalive_options, permit_without_stream, .help = "Ping also while nothing is under way."),
    SM_OPTION_END,
};

const struct sm_option sm_grpc_client_option_table[] = {
    SM_OPTION_STRING(struct sm_grpc_client_options, endpoint,
                     .help = "Where to send to: host:port, unix:path, or with http:// or https:// in front."),
    SM_OPTION_ENUM(struct sm_grpc_client_options, compression, compression_words, .unknown_word = {"unsupported compression type ", ""},
                   .preset.integer = SM_COMPRESSION_GZIP, .help = "How messages are packed."),
    SM_OPTION_TABLE(struct sm_grpc_client_options, tls, sm_tls_client_option_table, .help = "TLS of the connection; on unless insecure."),
    SM_OPTION_OPTIONAL(struct sm_grpc_client_options, keepalive, keepalive_table, .null_is_absent = true, .help = "Pings on quiet connections."),
    SM_OPTION_INT(struct sm_grpc_client_options, read_buffer_size, .unit = "bytes", .help = "Taken for compatibility: reads share one large buffer."),
    SM_OPTION_INT(struct sm_grpc_client_options, write_buffer_size, .preset.integer = 512 * 1024, .unit = "bytes",
                  .help = "Taken for compatibility: messages are written without a buffer."),
    SM_OPTION_BOOL(struct sm_grpc_client_options, wait_for_ready, .help = "Wait for a connection instead of failing while there is none."),
    SM_OPTION_STRING_MAP(struct sm_grpc_client_options, headers, .secret = true, .help = "Metadata sent with every call."),
    SM_OPTION_STRING(struct sm_grpc_client_options, user_agent, .help = "Replaces the user agent."),
    SM_OPTION_STRING(struct sm_grpc_client_options, balancer_name, .preset.string = "round_robin",
                     .help = "round_robin or pick_first. Every worker keeps one connection, to the first address that works."),
    SM_OPTION_STRING(struct sm_grpc_client_options, authority, .help = "Replaces the :authority of calls."),
    SM_OPTION_OPTIONAL(struct sm_grpc_client_options, auth, sm_auth_option_table, .null_is_absent = true,
                       .help = "Calls are signed by an extension."),
    SM_OPTION_REFUSED("middlewares", .help = "Middleware extensions for calls."),
    SM_OPTION_END,
};

/* What net.SplitHostPort is given. */
static const char *host_and_port(const char *endpoint)
{
    const char *scheme = strstr(endpoint, "://");
    if (!scheme)
        return endpoint;
    if (strncmp(endpoint, "http", 4) == 0)
        return scheme + 3;
    const char *path = strchr(scheme + 3, '/');
    return path ? path + 1 : "";
}

static void validate_endpoint(const char *endpoint, struct sm_validation *validation)
{
    char host[256], port[32], *end;
    struct sm_error error = {0};
    if (strncmp(endpoint, "unix:", 5) == 0) {
        if (strcmp(endpoint, "unix:") == 0 || strcmp(endpoint, "unix://") == 0)
            sm_validation_error(validation, "endpoint", "unix socket path cannot be empty");
        return;
    }
    const char *text = host_and_port(endpoint);
    if (!*text)
        return;
    if (!sm_address_split(text, host, port, &error)) {
        sm_validation_error(validation, "endpoint", "%s", error.text);
        return;
    }
    strtol(port, &end, 10);
    if (!*port || *end)
        sm_validation_error(validation, "endpoint", "invalid port \"%s\"", port);
}

void sm_grpc_client_options_validate(const struct sm_grpc_client_options *options, struct sm_validation *validation)
{
    const char *balancer = options->balancer_name;
    validate_endpoint(options->endpoint, validation);
    if (*balancer && strcmp(balancer, "round_robin") != 0 && strcmp(balancer, "pick_first") != 0)
        sm_validation_error(validation, "balancer_name", "invalid balancer_name: %s", balancer);
    if (!options->tls.insecure)
        sm_tls_client_validate(&options->tls, validation, "tls");
}
