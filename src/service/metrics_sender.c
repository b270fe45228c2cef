/* metrics_sender.c - see metrics_sender.h. One sending at a time: while one is under way the next is left out. What could not be sent is told and not
 * tried again: sums count from the start of the process, so that the next sending says it all.
 *
 * State: main worker's. Source: opentelemetry-go sdk/metric/periodic_reader.go (when), contrib/otelconf v0.3.0 metric.go (where to). */
#include "service/metrics_sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/grpc_client.h"
#include "net/http_client.h"
#include "pipeline/config.h"
#include "pipeline/own_metrics.h"
#include "pipeline/worker.h"
#include "service/identity.h"
#include "telemetry/batch.h"
#include "telemetry/otlp.h"
#include "wire/compression.h"

static const char USER_AGENT[] = "spanmill/" SPANMILL_VERSION;
static const uint64_t LAST_TIMEOUT_NS = 5 * SM_NS_PER_S; /* the end of the program does not wait longer */

struct sm_metrics_sender {
    const struct sm_metrics_sender_config *config; /* borrowed */
    const struct sm_string_map *identity;          /* borrowed */
    struct sm_worker *worker;                      /* borrowed: main */
    struct sm_arena arena;                         /* owned: options of the client */
    struct sm_http_client_options http_options;
    struct sm_grpc_client_options grpc_options;
    struct sm_http_client *http;          /* owned; one of the two, or none for the console */
    struct sm_grpc_client *grpc;          /* owned */
    struct sm_http_channel *http_channel; /* owned; from start on */
    struct sm_grpc_channel *grpc_channel; /* owned; from start on */
    struct sm_timer *timer;               /* owned; from start on */
    struct sm_bytes body;                 /* heap: what is being sent */
    struct iovec piece;
    bool is_sending, is_stopping, is_last;
    void (*stopped)(void *context);
    void *stopped_context;
};

/* ---- making the client */

static struct sm_tls_client_options tls_options(const struct sm_metrics_sender_config *config, struct sm_tls_client_options preset)
{
    preset.files.ca_file = config->certificate;
    preset.files.cert_file = config->client_certificate;
    preset.files.key_file = config->client_key;
    return preset;
}

/* "http://host:port" becomes "http://host:port/v1/metrics". */
static const char *http_url(struct sm_metrics_sender *sender)
{
    const char *endpoint = sender->config->endpoint, *host = strstr(endpoint, "://");
    bool has_path = host && strchr(host + 3, '/');
    return has_path ? endpoint : sm_arena_printf(&sender->arena, "%s/v1/metrics", endpoint);
}

static bool create_http(struct sm_metrics_sender *sender, struct sm_error *error)
{
    struct sm_http_client_options *options = &sender->http_options;
    sm_options_fill_defaults(sm_http_client_option_table, options, sizeof(*options), &sender->arena);
    options->tls = tls_options(sender->config, options->tls);
    options->headers = sender->config->headers;
    sender->http = sm_http_client_create(options, http_url(sender), USER_AGENT, error);
    return sender->http != NULL;
}

/* Scheme, host and port without a path. */
static const char *grpc_target(struct sm_metrics_sender *sender)
{
    const char *endpoint = sender->config->endpoint, *scheme_end = strstr(endpoint, "://");
    const char *host = scheme_end ? scheme_end + 3 : endpoint;
    return sm_arena_printf(&sender->arena, "%.*s", (int)((size_t)(host - endpoint) + strcspn(host, "/")), endpoint);
}

static bool create_grpc(struct sm_metrics_sender *sender, struct sm_workers *workers, struct sm_error *error)
{
    const struct sm_metrics_sender_config *config = sender->config;
    struct sm_grpc_client_options *options = &sender->grpc_options;
    bool is_https = strncmp(config->endpoint, "https://", 8) == 0;
    sm_options_fill_defaults(sm_grpc_client_option_table, options, sizeof(*options), &sender->arena);
    options->endpoint = grpc_target(sender);
    options->tls = tls_options(config, options->tls);
    options->tls.insecure = strncmp(config->endpoint, "http://", 7) == 0 || (!is_https && config->is_insecure);
    options->headers = config->headers;
    options->compression = config->is_packed ? SM_COMPRESSION_GZIP : SM_COMPRESSION_NONE;
    sender->grpc = sm_grpc_client_create(workers, options, USER_AGENT, error);
    return sender->grpc != NULL;
}

static bool create_client(struct sm_metrics_sender *sender, struct sm_workers *workers, struct sm_error *error)
{
    switch (sender->config->way) {
    case SM_METRICS_SENT_BY_HTTP:
        return create_http(sender, error);
    case SM_METRICS_SENT_BY_GRPC:
        return create_grpc(sender, workers, error);
    case SM_METRICS_SENT_TO_CONSOLE:
    case SM_METRICS_SENT_NOWHERE:
        break;
    }
    return true;
}

struct sm_metrics_sender *sm_metrics_sender_create(struct sm_workers *workers, const struct sm_metrics_sender_config *config,
                                                   const struct sm_string_map *identity, struct sm_error *error)
{
    struct sm_metrics_sender *sender = sm_alloc(1, sizeof(*sender));
    sender->config = config;
    sender->identity = identity;
    sender->worker = sm_workers_main(workers);
    if (create_client(sender, workers, error))
        return sender;
    sm_error_wrap(error, "own metrics");
    error->option = config->option; /* those of the client are not the user's */
    sm_metrics_sender_free(sender);
    return NULL;
}

/* ---- sending */

static void send_metrics(struct sm_metrics_sender *sender);

/* From the loop: whoever is told frees the sender, and with it the connection that the answer came on. */
static void tell_stopped(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_metrics_sender *sender = context;
    sender->stopped(sender->stopped_context);
}

static void end_sending(struct sm_metrics_sender *sender, const char *failure)
{
    sender->is_sending = false;
    sm_bytes_deinit(&sender->body);
    const char *endpoint = sender->http ? sm_http_client_shown_url(sender->http) : sender->config->endpoint;
    if (failure)
        sm_log(SM_LOG_WARN, NULL, "Own metrics could not be sent", SM_LOG_STR("endpoint", endpoint), SM_LOG_STR("error", failure));
    if (sender->is_last)
        sm_worker_post(sender->worker, tell_stopped, sender);
    else if (sender->is_stopping)
        send_metrics(sender);
}

static void on_http_answer(struct sm_worker *worker, const struct sm_http_answer *answer, void *context)
{
    (void)worker;
    char status[32];
    snprintf(status, sizeof(status), "HTTP status %d", answer->status);
    bool is_good = !answer->failure && answer->status >= 200 && answer->status < 300;
    end_sending(context, is_good ? NULL : answer->failure ? answer->failure : status);
}

static void on_grpc_answer(struct sm_worker *worker, const struct sm_grpc_answer *answer, void *context)
{
    (void)worker;
    char text[300];
    snprintf(text, sizeof(text), "gRPC status %d: %.*s", (int)answer->code, (int)(answer->message.size > 200 ? 200 : answer->message.size),
             answer->message.ptr ? answer->message.ptr : "");
    end_sending(context, answer->code == SM_RPC_OK ? NULL : text);
}

static void send_http(struct sm_metrics_sender *sender, uint64_t deadline_ns)
{
    struct sm_error error = {0};
    struct sm_bytes packed = {0};
    bool is_packed = sender->config->is_packed;
    if (is_packed && !sm_compress(SM_COMPRESSION_GZIP, 0, sm_bytes_slice(&sender->body), &packed, &error)) {
        sm_bytes_deinit(&packed);
        end_sending(sender, error.text);
        return;
    }
    if (is_packed) {
        sm_bytes_deinit(&sender->body);
        sender->body = packed;
    }
    sender->piece = (struct iovec){.iov_base = sender->body.ptr, .iov_len = sender->body.size};
    const struct sm_http_call_options options = {
        .method = SM_SLICE("POST"),
        .content_type = SM_SLICE("application/x-protobuf"),
        .content_encoding = is_packed ? SM_SLICE("gzip") : (struct sm_slice){0},
        .body = &sender->piece,
        .body_count = 1,
        .deadline_ns = deadline_ns,
    };
    sm_http_channel_send(sender->http_channel, &options, on_http_answer, sender);
}

static void send_grpc(struct sm_metrics_sender *sender, uint64_t deadline_ns)
{
    sender->piece = (struct iovec){.iov_base = sender->body.ptr, .iov_len = sender->body.size};
    const struct sm_grpc_call_options options = {
        .path = SM_SLICE("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"),
        .message = &sender->piece,
        .message_count = 1,
        .deadline_ns = deadline_ns,
    };
    sm_grpc_channel_call(sender->grpc_channel, &options, on_grpc_answer, sender);
}

static void write_console(struct sm_metrics_sender *sender)
{
    sm_bytes_append_char(&sender->body, '\n');
    bool is_whole = write(STDOUT_FILENO, sender->body.ptr, sender->body.size) == (ssize_t)sender->body.size;
    end_sending(sender, is_whole ? NULL : "standard output takes no more");
}

static void send_metrics(struct sm_metrics_sender *sender)
{
    sender->is_sending = true;
    sender->is_last = sender->is_stopping;
    struct sm_batch *batch = sm_own_metrics_collect();
    sm_identity_apply(sender->identity, batch);
    if (sender->config->way == SM_METRICS_SENT_TO_CONSOLE)
        sm_otlp_encode_json(batch, &sender->body);
    else
        sm_otlp_encode_protobuf_bytes(batch, &sender->body);
    sm_batch_release(batch);
    uint64_t limit_ns = sender->config->timeout_ns;
    if (sender->is_last && limit_ns > LAST_TIMEOUT_NS)
        limit_ns = LAST_TIMEOUT_NS;
    uint64_t deadline_ns = sm_clock_mono_ns() + limit_ns;
    if (sender->http_channel)
        send_http(sender, deadline_ns);
    else if (sender->grpc_channel)
        send_grpc(sender, deadline_ns);
    else
        write_console(sender);
}

static void on_timer(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_metrics_sender *sender = context;
    if (!sender->is_sending)
        send_metrics(sender);
}

/* ---- life */

void sm_metrics_sender_start(struct sm_metrics_sender *sender)
{
    if (sender->http)
        sender->http_channel = sm_http_channel_create(sender->http, sender->worker);
    if (sender->grpc)
        sender->grpc_channel = sm_grpc_channel_create(sender->grpc, sender->worker);
    sender->timer = sm_timer_create(sender->worker, on_timer, sender);
    sm_timer_arm(sender->timer, sender->config->interval_ns, true);
}

void sm_metrics_sender_stop(struct sm_metrics_sender *sender, void (*stopped)(void *context), void *context)
{
    sm_timer_disarm(sender->timer);
    sender->is_stopping = true;
    sender->stopped = stopped;
    sender->stopped_context = context;
    if (!sender->is_sending)
        send_metrics(sender);
}

void sm_metrics_sender_free(struct sm_metrics_sender *sender)
{
    if (!sender)
        return;
    sm_timer_free(sender->timer);
    if (sender->http_channel)
        sm_http_channel_free(sender->http_channel);
    if (sender->grpc_channel)
        sm_grpc_channel_free(sender->grpc_channel);
    sm_http_client_free(sender->http);
    sm_grpc_client_free(sender->grpc);
    sm_bytes_deinit(&sender->body);
    sm_arena_deinit(&sender->arena);
    free(sender);
}
