/* health_check.c - the extension `health_check`: an HTTP answer that says whether the pipelines run.
 *
 * 200 while everything has started and nothing is being stopped, 503 otherwise. A `path` that ends with "/" stands for all below it, any other for
 * itself only, whatever the method. State: immutable after start. Source: opentelemetry-collector-contrib extension/healthcheckextension. */
#include "pipeline/component.h"

#include <stdlib.h>
#include <time.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/memory.h"
#include "config/duration.h"
#include "net/http_route.h"
#include "net/http_server.h"
#include "pipeline/graph.h"

struct response_body {
    const char *healthy, *unhealthy;
};

struct options {
    struct sm_http_server_options server;
    const char *path;
    struct response_body *response_body;
    struct check_pipeline {
        bool enabled;
        const char *interval;
        int64_t exporter_failure_threshold;
    } check_collector_pipeline;
};

static const struct sm_option response_body_table[] = {
    SM_OPTION_STRING(struct response_body, healthy, .help = "Body of the answer while the pipelines run."),
    SM_OPTION_STRING(struct response_body, unhealthy, .help = "Body of the answer while they do not."),
    SM_OPTION_END,
};

static const struct sm_option check_pipeline_table[] = {
    SM_OPTION_BOOL(struct check_pipeline, enabled, .help = "Without effect, as in the reference."),
    SM_OPTION_STRING(struct check_pipeline, interval, .preset.string = "5m", .help = "Without effect, as in the reference."),
    SM_OPTION_INT(struct check_pipeline, exporter_failure_threshold, .preset.integer = 5, .help = "Without effect, as in the reference."),
    SM_OPTION_END,
};

/* The row of `endpoint` stands behind the server's table, whose default it replaces. */
static const struct sm_option option_table[] = {
    SM_OPTION_TABLE(struct options, server, sm_http_server_option_table, .squash = true, .help = "The HTTP server."),
    {.kind = SM_OPTION_KIND_STRING,
     .member = "endpoint",
     .offset = offsetof(struct options, server.endpoint),
     .preset.string = "localhost:13133",
     .help = "Address to listen on."},
    SM_OPTION_STRING(struct options, path, .preset.string = "/", .help = "Path that is answered; with a slash at its end also all below it."),
    SM_OPTION_OPTIONAL(struct options, response_body, response_body_table, .null_is_absent = true, .has_no_switch = true,
                       .help = "Bodies of the answers instead of JSON."),
    SM_OPTION_TABLE(struct options, check_collector_pipeline, check_pipeline_table, .help = "Deprecated and without effect."),
    SM_OPTION_REFUSED("http", .help = "Second version of the health check (behind a feature gate of the reference)."),
    SM_OPTION_REFUSED("grpc", .help = "Second version of the health check (behind a feature gate of the reference)."),
    SM_OPTION_REFUSED("component_health", .help = "Second version of the health check (behind a feature gate of the reference)."),
    SM_OPTION_END,
};

static void validate(const void *option_struct, struct sm_validation *validation)
{
    const struct options *options = option_struct;
    if (!*options->server.endpoint)
        sm_validation_error(validation, "config", "endpoint required");
    else if (*options->path != '/')
        sm_validation_error(validation, "config", "path must start with /");
}

struct health_check {
    struct sm_component *component; /* borrowed */
    struct sm_http_server *server;  /* owned */
};

static void append_json(struct sm_bytes *body, uint64_t ready_since_ns)
{
    if (ready_since_ns == 0) {
        sm_bytes_append_text(body, "{\"status\":\"Server not available\",\"upSince\":\"0001-01-01T00:00:00Z\",\"uptime\":\"\"}");
        return;
    }
    uint64_t now = sm_clock_wall_ns();
    time_t seconds = (time_t)(ready_since_ns / SM_NS_PER_S);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    char time_text[32];
    strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%S", &utc);
    sm_bytes_printf(body, "{\"status\":\"Server available\",\"upSince\":\"%s.%09dZ\",\"uptime\":\"", time_text, (int)(ready_since_ns % SM_NS_PER_S));
    char uptime[SM_DURATION_TEXT_SIZE];
    sm_bytes_append_text(body, sm_duration_format(now > ready_since_ns ? (int64_t)(now - ready_since_ns) : 0, uptime));
    sm_bytes_append_text(body, "\"}");
}

static void answer(struct sm_http_request *request, void *context)
{
    struct health_check *check = context;
    const struct options *options = check->component->options;
    const struct sm_slice path = sm_slice_of(options->path);
    if (sm_http_route(request, &path, 1) < 0)
        return;
    uint64_t ready_since_ns = sm_graph_ready_since_ns(check->component->graph);
    int status = ready_since_ns ? 200 : 503;
    if (options->response_body) {
        struct sm_slice body = sm_slice_of(ready_since_ns ? options->response_body->healthy : options->response_body->unhealthy);
        sm_http_respond_text(request, status, body.size ? "text/plain; charset=utf-8" : "", body);
        return;
    }
    struct sm_bytes body = {0};
    append_json(&body, ready_since_ns);
    sm_http_respond_text(request, status, "application/json", sm_bytes_slice(&body));
    sm_bytes_deinit(&body);
}

static bool health_check_create(struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    struct health_check *check = sm_alloc(1, sizeof(*check));
    check->component = component;
    component->state = check;
    check->server = sm_http_server_create(component->workers, &options->server, answer, check, component, error);
    return check->server != NULL;
}

static bool health_check_start(struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    struct health_check *check = component->state;
    sm_log(SM_LOG_INFO, &component->logger, "Starting health_check extension", SM_LOG_STR("endpoint", options->server.endpoint));
    return sm_http_server_start(check->server, error);
}

static void on_stopped(void *context)
{
    sm_component_stopped(context);
}

static void health_check_stop(struct sm_component *component)
{
    sm_http_server_stop(((struct health_check *)component->state)->server, on_stopped, component);
}

static void health_check_free(struct sm_component *component)
{
    struct health_check *check = component->state;
    if (!check)
        return;
    sm_http_server_free(check->server);
    free(check);
}

const struct sm_component_type sm_extension_health_check = {
    .kind = SM_EXTENSION,
    .name = "health_check",
    .help = "Answers over HTTP whether the pipelines run.",
    .stability = {SM_STABILITY_ALPHA},
    .options = option_table,
    .options_size = sizeof(struct options),
    .validate = validate,
    .create = health_check_create,
    .start = health_check_start,
    .stop = health_check_stop,
    .free = health_check_free,
};
