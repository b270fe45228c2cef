/* otlp.c - the receiver `otlp`: traces, metrics and logs over gRPC and HTTP, in protobuf and JSON.
 * Gives what was sent, byte for byte; changes nothing. State: the two servers and the routes, immutable after start.
 * Source: opentelemetry-collector receiver/otlpreceiver (options, presets, life). */
#include "receivers/otlp/otlp.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"

/* ---- options */

static const struct sm_option grpc_option_table[] = {
    SM_GRPC_SERVER_OPTION_ROWS("localhost:4317", 512 * 1024),
    SM_OPTION_END,
};

static const struct sm_option http_server_option_table[] = {
    SM_HTTP_SERVER_OPTION_ROWS("localhost:4318", 0, 0, 0),
    SM_OPTION_END,
};

static const struct sm_option http_option_table[] = {
    SM_OPTION_TABLE(struct sm_otlp_http_options, server, http_server_option_table, .squash = true),
    SM_OPTION_STRING(struct sm_otlp_http_options, traces_url_path, .preset.string = "/v1/traces", .help = "Path that traces are posted to."),
    SM_OPTION_STRING(struct sm_otlp_http_options, metrics_url_path, .preset.string = "/v1/metrics", .help = "Path that metrics are posted to."),
    SM_OPTION_STRING(struct sm_otlp_http_options, logs_url_path, .preset.string = "/v1/logs", .help = "Path that logs are posted to."),
    SM_OPTION_END,
};

static const struct sm_option protocol_option_table[] = {
    SM_OPTION_OPTIONAL(struct sm_otlp_protocols, grpc, grpc_option_table, .help = "OTLP over gRPC; without it there is none."),
    SM_OPTION_OPTIONAL(struct sm_otlp_protocols, http, http_option_table, .help = "OTLP over HTTP; without it there is none."),
    SM_OPTION_END,
};

static const struct sm_option option_table[] = {
    SM_OPTION_TABLE(struct sm_otlp_options, protocols, protocol_option_table, .help = "How telemetry comes in: grpc, http or both."),
    SM_OPTION_END,
};

/* The reference parses paths as URLs and hands them to a router that takes no spaces. */
static void validate_path(const char *key, const char *path, struct sm_validation *validation)
{
    for (const char *at = path; *at; at++) {
        if (*at == '%' && !(isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2])))
            sm_validation_error(validation, "protocols::http", "'%s' invalid HTTP URL path set for signal: invalid URL escape \"%.3s\"", key, at);
        if (isspace((unsigned char)*at) || iscntrl((unsigned char)*at)) {
            sm_validation_error(validation, "protocols::http", "'%s' invalid HTTP URL path set for signal: \"%s\" has spaces", key, path);
            return;
        }
    }
}

static void otlp_validate(const void *decoded, struct sm_validation *validation)
{
    const struct sm_otlp_options *options = decoded;
    if (!options->protocols.grpc && !options->protocols.http)
        sm_validation_error(validation, "", "must specify at least one protocol when using the OTLP receiver");
    if (options->protocols.grpc)
        sm_grpc_server_validate(options->protocols.grpc, validation, "protocols::grpc");
    if (!options->protocols.http)
        return;
    sm_http_server_validate(&options->protocols.http->server, validation, "protocols::http");
    validate_path("traces_url_path", options->protocols.http->traces_url_path, validation);
    validate_path("metrics_url_path", options->protocols.http->metrics_url_path, validation);
    validate_path("logs_url_path", options->protocols.http->logs_url_path, validation);
}

/* ---- life */

/* Only the path counts of what may be written as a URL; it begins with a slash. */
static char *url_path(const char *configured)
{
    struct sm_slice path = sm_slice_of(configured);
    path = sm_slice_cut(&path, '?');
    path = sm_slice_cut(&path, '#');
    bool has_slash = path.size > 0 && path.ptr[0] == '/';
    char *text = sm_alloc(path.size + 2, 1);
    if (!has_slash)
        text[0] = '/';
    if (path.size)
        memcpy(text + !has_slash, path.ptr, path.size);
    return text;
}

static void add_routes(struct sm_otlp_receiver *receiver)
{
    const struct sm_otlp_options *options = receiver->component->options;
    const struct sm_otlp_http_options *http = options->protocols.http;
    const char *const paths[SM_SIGNAL_COUNT] = {
        [SM_TRACES] = http ? http->traces_url_path : NULL,
        [SM_METRICS] = http ? http->metrics_url_path : NULL,
        [SM_LOGS] = http ? http->logs_url_path : NULL,
    };
    for (enum sm_signal signal = 0; signal < SM_SIGNAL_COUNT; signal++)
        if (receiver->component->signals & (1u << signal))
            receiver->routes[receiver->route_count++] = (struct sm_otlp_route){
                .receiver = receiver->component, .signal = signal, .http_path = paths[signal] ? url_path(paths[signal]) : NULL};
}

static bool refuse_route(const struct sm_otlp_receiver *receiver, const struct sm_otlp_route *route, const struct sm_otlp_route *other,
                         struct sm_error *error)
{
    const struct sm_otlp_http_options *http = ((const struct sm_otlp_options *)receiver->component->options)->protocols.http;
    const void *const members[] = {[SM_TRACES] = &http->traces_url_path, [SM_METRICS] = &http->metrics_url_path, [SM_LOGS] = &http->logs_url_path};
    sm_error_set(error, SM_ERROR_USAGE, "url path \"%s\" of %s conflicts with that of %s", route->http_path, sm_signal_name(route->signal),
                 sm_signal_name(other->signal));
    return sm_error_blame(error, members[route->signal]);
}

static bool check_routes(const struct sm_otlp_receiver *receiver, struct sm_error *error)
{
    for (size_t i = 0; i < receiver->route_count; i++)
        for (size_t j = 0; j < i && receiver->routes[i].http_path; j++)
            if (strcmp(receiver->routes[i].http_path, receiver->routes[j].http_path) == 0)
                return refuse_route(receiver, &receiver->routes[i], &receiver->routes[j], error);
    return true;
}

static bool otlp_create(struct sm_component *component, struct sm_error *error)
{
    const struct sm_otlp_options *options = component->options;
    struct sm_otlp_receiver *receiver = sm_alloc(1, sizeof(*receiver));
    receiver->component = component;
    component->state = receiver;
    add_routes(receiver);
    if (!check_routes(receiver, error))
        return false;
    return (!options->protocols.grpc || sm_otlp_grpc_create(receiver, error)) && (!options->protocols.http || sm_otlp_http_create(receiver, error));
}

static bool otlp_start(struct sm_component *component, struct sm_error *error)
{
    struct sm_otlp_receiver *receiver = component->state;
    receiver->is_started = true;
    if (receiver->grpc) {
        if (!sm_grpc_server_start(receiver->grpc, error))
            return false;
        sm_log(SM_LOG_INFO, &component->logger, "Starting GRPC server", SM_LOG_STR("endpoint", sm_grpc_server_address(receiver->grpc)));
    }
    if (receiver->http) {
        if (!sm_http_server_start(receiver->http, error))
            return false;
        sm_log(SM_LOG_INFO, &component->logger, "Starting HTTP server", SM_LOG_STR("endpoint", sm_http_server_address(receiver->http)));
    }
    return true;
}

static void server_stopped(void *context)
{
    struct sm_otlp_receiver *receiver = context;
    if (--receiver->servers_left == 0)
        sm_component_stopped(receiver->component);
}

static void otlp_stop(struct sm_component *component)
{
    struct sm_otlp_receiver *receiver = component->state;
    if (receiver->is_stopping)
        return;
    receiver->is_stopping = true;
    receiver->servers_left = (receiver->grpc ? 1u : 0u) + (receiver->http ? 1u : 0u);
    if (!receiver->is_started || receiver->servers_left == 0) {
        sm_component_stopped(component);
        return;
    }
    if (receiver->grpc)
        sm_grpc_server_stop(receiver->grpc, server_stopped, receiver);
    if (receiver->http)
        sm_http_server_stop(receiver->http, server_stopped, receiver);
}

static void otlp_free(struct sm_component *component)
{
    struct sm_otlp_receiver *receiver = component->state;
    if (!receiver)
        return;
    sm_grpc_server_free(receiver->grpc);
    sm_http_server_free(receiver->http);
    for (size_t i = 0; i < receiver->route_count; i++)
        free(receiver->routes[i].http_path);
    free(receiver);
}

const struct sm_component_type sm_receiver_otlp = {
    .kind = SM_RECEIVER,
    .name = "otlp",
    .help = "Receives traces, metrics and logs over gRPC and HTTP in OpenTelemetry's own format.",
    .signals = SM_SIGNAL_ALL,
    .stability = {SM_STABILITY_STABLE, SM_STABILITY_STABLE, SM_STABILITY_STABLE},
    .options = option_table,
    .options_size = sizeof(struct sm_otlp_options),
    .validate = otlp_validate,
    .create = otlp_create,
    .start = otlp_start,
    .stop = otlp_stop,
    .free = otlp_free,
};
