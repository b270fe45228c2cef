/* otlp_http.c - sends traces, metrics and logs to an OTLP next hop over HTTP, as protobuf or JSON.
 *
 * Reads whole batches and changes nothing. State: a client for the signal's URL, and connections for each worker.
 * Source: opentelemetry-collector exporter/otlphttpexporter. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/memory.h"
#include "exporters/otlp_answer.h"
#include "net/http_client.h"
#include "net/http_url.h"
#include "pipeline/export.h"
#include "pipeline/worker.h"
#include "telemetry/otlp.h"
#include "wire/compression.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum encoding { ENCODING_PROTO, ENCODING_JSON };

struct options {
    struct sm_export_options export;
    struct sm_http_client_options client;
    const char *traces_endpoint, *metrics_endpoint, *logs_endpoint, *profiles_endpoint;
    int encoding; /* enum encoding */
};

static const struct sm_option_word encoding_words[] = {{"proto", ENCODING_PROTO}, {"json", ENCODING_JSON}, {NULL, 0}};

static const struct sm_option option_table[] = {
    SM_OPTION_TABLE(struct options, client, sm_http_client_option_table_gzip, .squash = true),
    SM_OPTION_STRING(struct options, traces_endpoint, .help = "URL for traces, instead of endpoint with /v1/traces."),
    SM_OPTION_STRING(struct options, metrics_endpoint, .help = "URL for metrics, instead of endpoint with /v1/metrics."),
    SM_OPTION_STRING(struct options, logs_endpoint, .help = "URL for logs, instead of endpoint with /v1/logs."),
    SM_OPTION_STRING(struct options, profiles_endpoint, .help = "Taken for compatibility: profiles are not collected."),
    SM_OPTION_ENUM(struct options, encoding, encoding_words, .preset.integer = ENCODING_PROTO, .help = "Form of the requests: proto or json."),
    SM_OPTION_TABLE(struct options, export, sm_export_option_table_30s, .squash = true),
    SM_OPTION_END,
};

struct state {
    char *url;                     /* owned */
    struct sm_http_client *client; /* owned */
};

/* One send under way. Owned by the client's answer. */
struct call {
    struct sm_component *exporter;
    struct sm_export *request;
    struct sm_bytes body; /* owned: packed or JSON; empty: the batch's own pieces are sent */
};

/* ---- options */

/* The member that says where a signal goes: its own endpoint if it has one. */
static const char *const *endpoint_option(const struct options *options, enum sm_signal signal)
{
    const char *const *own = signal == SM_TRACES    ? &options->traces_endpoint
                             : signal == SM_METRICS ? &options->metrics_endpoint
                                                    : &options->logs_endpoint;
    return **own ? own : &options->client.endpoint;
}

static void validate(const void *raw_options, struct sm_validation *validation)
{
    const struct options *options = raw_options;
    if (!*options->client.endpoint && !*options->traces_endpoint && !*options->metrics_endpoint && !*options->logs_endpoint &&
        !*options->profiles_endpoint)
        sm_validation_error(validation, "", "at least one endpoint must be specified");
    sm_http_client_options_validate(&options->client, validation);
    sm_export_options_validate(&options->export, validation);
}

/* NULL: the signal has none. The caller frees it. */
static char *compose_url(const struct options *options, enum sm_signal signal)
{
    const char *const *option = endpoint_option(options, signal);
    const char *endpoint = *option;
    if (option != &options->client.endpoint)
        return sm_strdup(endpoint);
    if (!*endpoint)
        return NULL;
    size_t size = strlen(endpoint);
    char *url = sm_alloc(size + 16, 1);
    snprintf(url, size + 16, "%s%sv1/%s", endpoint, endpoint[size - 1] == '/' ? "" : "/", sm_signal_name(signal));
    return url;
}

/* server_address, url_path and server_port. */
static void add_attributes(struct sm_component *exporter, const char *url)
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    size_t size = strcspn(host, "/?#");
    char authority[512], path[512];
    snprintf(authority, sizeof(authority), "%.*s", (int)size, host);
    snprintf(path, sizeof(path), "%.*s", (int)strcspn(host + size, "?#"), host + size);
    char *name = strrchr(authority, '@');
    name = name ? name + 1 : authority;
    char *port = strrchr(name, ':');
    if (port && strchr(port, ']'))
        port = NULL;
    if (port)
        *port++ = '\0';
    if (*name == '[') {
        name++;
        name[strcspn(name, "]")] = '\0';
    }
    sm_export_add_attribute(exporter, "server.address", name);
    if (*path)
        sm_export_add_attribute(exporter, "url.path", path);
    if (port && *port)
        sm_export_add_attribute(exporter, "server.port", port);
}

/* ---- life */

static bool create(struct sm_component *exporter, struct sm_error *error)
{
    const struct options *options = exporter->options;
    struct state *state = sm_alloc(1, sizeof(*state));
    exporter->state = state;
    state->url = compose_url(options, exporter->signal);
    struct sm_http_url url;
    if (state->url && !sm_http_url_parse(*endpoint_option(options, exporter->signal), &url, error)) /* as the user has written it */
        return sm_error_blame(error, endpoint_option(options, exporter->signal));
    if (!state->url)
        return sm_error_set(error, SM_ERROR_USAGE, "either endpoint or %s_endpoint must be specified", sm_signal_name(exporter->signal));
    state->client = sm_http_client_create(&options->client, state->url, SM_OTLP_USER_AGENT, error);
    if (!state->client)
        return sm_error_blame(error, endpoint_option(options, exporter->signal));
    add_attributes(exporter, state->url);
    return sm_http_client_open_auth(state->client, exporter, error);
}

static void free_state(struct sm_component *exporter)
{
    struct state *state = exporter->state;
    if (!state)
        return;
    sm_http_client_free(state->client);
    free(state->url);
    free(state);
}

static void *worker_create(struct sm_component *exporter, struct sm_worker *worker)
{
    const struct state *state = exporter->state;
    return sm_http_channel_create(state->client, worker);
}

static void worker_free(struct sm_component *exporter, struct sm_worker *worker, void *local)
{
    (void)exporter, (void)worker;
    sm_http_channel_free(local);
}

/* ---- answers */

static enum sm_rpc_code code_of_http(int status)
{
    switch (status) {
    case 400:
        return SM_RPC_INVALID_ARGUMENT;
    case 401:
        return SM_RPC_UNAUTHENTICATED;
    case 403:
        return SM_RPC_PERMISSION_DENIED;
    case 404:
        return SM_RPC_UNIMPLEMENTED;
    case 429:
        return SM_RPC_RESOURCE_EXHAUSTED;
    case 502:
    case 503:
    case 504:
        return SM_RPC_UNAVAILABLE;
    default:
        return SM_RPC_UNKNOWN;
    }
}

/* Seconds, or a date; 0: neither, or over already. */
static uint64_t parse_retry_after(struct sm_slice text, time_t now)
{
    char copy[64], *end;
    snprintf(copy, sizeof(copy), "%.*s", SM_SLICE_ARGS(text));
    long seconds = strtol(copy, &end, 10);
    if (end == copy || *end) {
        struct tm date = {0};
        const char *rest = strptime(copy, "%a, %d %b %Y %H:%M:%S", &date);
        if (!rest)
            return 0;
        seconds = (long)(timegm(&date) - now);
    }
    return seconds > 0 && seconds <= INT32_MAX ? (uint64_t)seconds * SM_NS_PER_S : 0;
}

/* What the next hop says in the body of an error, whatever its content type: it is parsed as google.rpc.Status. */
static void describe(const struct sm_http_answer *answer, char *out, size_t out_size)
{
    struct sm_otlp_status status;
    out[0] = '\0';
    if (answer->status >= 400 && answer->status <= 599 && sm_otlp_parse_status(answer->body, &status))
        snprintf(out, out_size, ", Message=%.*s, Details=[]", SM_SLICE_ARGS(status.message));
}

static struct sm_outcome classify(const struct call *call, const struct sm_http_answer *answer)
{
    const struct state *state = call->exporter->state;
    int status = answer->status;
    bool is_retry = status == 429 || status == 502 || status == 503 || status == 504;
    char details[128];
    describe(answer, details, sizeof(details));
    enum sm_rpc_code code = code_of_http(status);
    struct sm_outcome outcome =
        sm_outcome_retry("rpc error: code = %s desc = error exporting items, request to %s responded with HTTP Status Code %d%s",
                         sm_otlp_code_name(code), sm_http_client_shown_url(state->client), status, details);
    outcome.kind = is_retry ? SM_RETRY : SM_REJECTED;
    outcome.code = code;
    outcome.has_code = true;
    if ((status == 429 || status == 503) && answer->has_retry_after)
        outcome.wait_ns = parse_retry_after(answer->retry_after, time(NULL));
    return outcome;
}

static struct sm_outcome accept_answer(const struct call *call, const struct sm_http_answer *answer)
{
    const char *reason = "not JSON";
    enum sm_signal signal = call->request->batch->signal;
    if (answer->body.size == 0)
        return SM_OUTCOME_ACCEPTED;
    if (sm_slice_is(answer->content_type, "application/x-protobuf")) {
        if (!sm_otlp_log_partial_success(call->exporter, signal, answer->body, &reason))
            return sm_outcome_retry("error parsing protobuf response: %s", reason);
    } else if (sm_slice_is(answer->content_type, "application/json")) {
        if (!sm_otlp_log_partial_success_json(call->exporter, signal, answer->body))
            return sm_outcome_retry("error parsing json response: %s", reason);
    }
    return SM_OUTCOME_ACCEPTED;
}

static void on_answer(struct sm_worker *worker, const struct sm_http_answer *answer, void *context)
{
    struct call *call = context;
    const struct state *state = call->exporter->state;
    struct sm_outcome outcome;
    if (answer->failure) {
        outcome = sm_outcome_retry("failed to make an HTTP request: Post \"%s\": %s", sm_http_client_shown_url(state->client), answer->failure);
        outcome.is_overdue = answer->timed_out;
    } else if (answer->status >= 200 && answer->status <= 299) {
        outcome = accept_answer(call, answer);
    } else {
        outcome = classify(call, answer);
    }
    struct sm_export *request = call->request;
    sm_bytes_deinit(&call->body);
    free(call);
    sm_export_done(request, worker, &outcome);
}

/* ---- sending */

/* Replaces the pieces by one run of bytes in call->body. */
static bool pack(struct call *call, enum sm_compression compression, int level, const struct iovec *pieces, size_t count, struct sm_error *error)
{
    struct sm_bytes packed = {0};
    if (!sm_compress_pieces(compression, level, pieces, count, &packed, error)) {
        sm_bytes_deinit(&packed);
        return false;
    }
    sm_bytes_deinit(&call->body);
    call->body = packed;
    return true;
}

static void send_batch(struct sm_component *exporter, struct sm_worker *worker, struct sm_export *request)
{
    const struct options *options = exporter->options;
    enum sm_compression compression = (enum sm_compression)options->client.compression;
    struct sm_http_channel *channel = sm_component_local(exporter, worker);
    if (!channel) {
        /* The drain limit has passed, and the worker's connections are gone. */
        struct sm_outcome outcome = sm_outcome_retry("the exporter is stopped");
        sm_export_done(request, worker, &outcome);
        return;
    }
    struct call *call = sm_alloc(1, sizeof(*call));
    *call = (struct call){.exporter = exporter, .request = request};
    struct sm_otlp_pieces pieces = {0};
    struct iovec whole;
    if (options->encoding == ENCODING_JSON) {
        sm_otlp_encode_json(request->batch, &call->body);
        whole = (struct iovec){.iov_base = call->body.ptr, .iov_len = call->body.size};
        pieces = (struct sm_otlp_pieces){.pieces = &whole, .count = 1, .size = whole.iov_len};
    } else {
        sm_otlp_encode_protobuf(request->batch, &pieces);
    }
    if (compression != SM_COMPRESSION_NONE) {
        struct sm_error error = {0};
        if (!pack(call, compression, (int)options->client.compression_params.level, pieces.pieces, pieces.count, &error)) {
            struct sm_outcome outcome = sm_outcome_reject("%s", error.text);
            sm_bytes_deinit(&call->body);
            free(call);
            sm_export_done(request, worker, &outcome);
            return;
        }
        whole = (struct iovec){.iov_base = call->body.ptr, .iov_len = call->body.size};
        pieces = (struct sm_otlp_pieces){.pieces = &whole, .count = 1, .size = whole.iov_len};
    }
    struct sm_http_call_options call_options = {
        .method = SM_SLICE("POST"),
        .content_type = options->encoding == ENCODING_JSON ? SM_SLICE("application/json") : SM_SLICE("application/x-protobuf"),
        .content_encoding = compression == SM_COMPRESSION_NONE ? (struct sm_slice){0} : sm_slice_of(sm_compression_name(compression)),
        .body = pieces.pieces,
        .body_count = pieces.count,
        .deadline_ns = request->deadline_ns,
        .context = request->batch->metadata,
    };
    sm_http_channel_send(channel, &call_options, on_answer, call);
}

static const char *const old_names[] = {"otlphttp", NULL};

const struct sm_component_type sm_exporter_otlp_http = {
    .kind = SM_EXPORTER,
    .name = "otlp_http",
    .old_names = old_names,
    .help = "Sends to an OTLP next hop over HTTP.",
    .signals = SM_SIGNAL_ALL,
    .stability = {SM_STABILITY_STABLE, SM_STABILITY_STABLE, SM_STABILITY_STABLE},
    .takes_packed = true,
    .options = option_table,
    .options_size = sizeof(struct options),
    .export_options_offset = offsetof(struct options, export),
    .validate = validate,
    .create = create,
    .worker_create = worker_create,
    .worker_free = worker_free,
    .send = send_batch,
    .free = free_state,
};
