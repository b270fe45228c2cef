/* http_client.c - see http_client.h.
 *
 *     request -> idle connection, or wait while dialling -> head and body written -> answer read -> connection kept or closed -> next waiting request
 *
 * As in Go's Transport a dial belongs to nobody: a waiting request takes the connection that is free first, so that one slow handshake (a full queue
 * of the listener, say) delays nothing while others answer. Few dials at a time, for the same reason: reuse comes before another connection.
 *
 * Worker-local: a channel with its connections and requests. A body is written from the pieces that the caller lends; what the socket does not take
 * at once is copied by the stream. Limits: head and body of an answer, connections. Source: Go's net/http Transport (behaviour), collector
 * config/confighttp. */
#include "net/http_client.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/memory.h"
#include "net/client_auth.h"
#include "net/cookies.h"
#include "net/dial.h"
#include "net/http1_parser.h"
#include "net/http_client_head.h"
#include "net/http_redirect.h"
#include "net/http_url.h"
#include "net/stream.h"
#include "pipeline/worker.h"

#include <stdio.h>
#include <stdlib.h>

enum { DISCARD_LIMIT_BYTES = 2 * SM_HTTP_ANSWER_LIMIT_BYTES, DIALS_AT_A_TIME = 2 };

/* Immutable after create. */
struct sm_http_client {
    const struct sm_http_client_options *options;     /* borrowed, or of `elsewhere_options` */
    const char *url, *user_agent;                     /* borrowed */
    struct sm_http_client_options *elsewhere_options; /* owned; NULL but for a host that a redirect named */
    struct sm_tls_context *tls;                       /* owned; NULL: plain */
    struct sm_dial_target target;
    struct sm_bytes shown_url, referer;          /* owned: the URL for logs, and for where it redirects to */
    struct sm_bytes head;                        /* owned: from the target on, all headers that are the same for every request */
    bool has_content_type, has_content_encoding; /* given by the user */
    size_t idle_limit, connection_limit;         /* of a worker */
    struct sm_auth auth;                         /* type NULL: requests are not signed */
    struct sm_cookies *cookies;                  /* owned, but by the first client where a redirect led; NULL: none are kept */
};

struct request;

struct connection {
    struct sm_http_channel *channel;
    struct connection *previous, *next; /* of all */
    struct sm_stream *stream;           /* owned */
    struct sm_http1_parser *parser;     /* owned */
    struct sm_timer *idle_timer;        /* owned */
    struct request *request;            /* NULL: idle */
    bool has_served, is_keep_alive, is_interim;
};

/* A connection being made. */
struct dialling {
    struct sm_http_channel *channel;
    struct dialling *previous, *next;
    struct sm_dial *dial;
};

/* Where redirects have led: kept by the channel of the first request. Worker-local. */
struct elsewhere {
    struct elsewhere *next;
    char *url;                       /* owned */
    struct sm_http_client *client;   /* owned */
    struct sm_http_channel *channel; /* owned */
};
enum { ELSEWHERE_MAX = 16 };

/* Worker-local. */
struct sm_http_channel {
    struct sm_http_channel *first; /* itself, or the channel whose answers led here */
    struct elsewhere *elsewheres;
    size_t elsewhere_count;
    struct sm_http_client *client;
    struct sm_worker *worker;
    struct connection *connections;
    size_t connection_count, idle_count; /* dials count as connections */
    struct dialling *dials;
    size_t dial_count;
    struct request *requests; /* all that are not answered */
    struct request *waiting_first, *waiting_last;
    bool is_closing; /* nothing is sent any more: whoever closes it ends what waits */
};

struct request {
    struct sm_http_channel *channel;
    struct request *previous, *next; /* of all */
    struct request *next_waiting;
    struct connection *connection;
    struct sm_http_call_options options; /* the body's array is owned */
    struct iovec *body;
    size_t body_bytes;
    sm_http_answered *answered;
    void *context;
    struct sm_timer *timer;                                           /* owned; NULL: no deadline */
    struct sm_bytes answer_body, content_type, retry_after, location; /* owned */
    struct sm_bytes wanted[SM_HTTP_WANTED_MAX];                       /* owned: parallel to options.wanted_headers */
    struct sm_bytes head;                                             /* owned: signed by an authenticator; empty: none */
    struct sm_error sign_error;
    const char *referer; /* borrowed: a client's URL; NULL: not redirected */
    unsigned redirect_count;
    int status;
    size_t discarded;
    bool has_retry_after, is_waiting, has_answer_begun, was_resent;
};

/* ---- the client */

static bool has_tls_settings(const struct sm_tls_client_options *options)
{
    const struct sm_tls_files *files = &options->files;
    return *files->ca_file || *files->ca_pem || *files->cert_file || *files->cert_pem || files->cipher_suites.count || files->curve_preferences.count;
}

static size_t smaller_limit(int64_t a, int64_t b)
{
    size_t first = a > 0 ? (size_t)a : SIZE_MAX, second = b > 0 ? (size_t)b : SIZE_MAX;
    return first < second ? first : second;
}

struct sm_http_client *sm_http_client_create(const struct sm_http_client_options *options, const char *url_text, const char *user_agent,
                                             struct sm_error *error)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    struct sm_http_url url;
    if (!sm_http_client_head_check(options, error) || !sm_http_url_parse(url_text, &url, error))
        return NULL;
    struct sm_http_client *client = sm_alloc(1, sizeof(*client));
    client->options = options;
    client->url = url_text;
    sm_http_url_write_shown(url_text, &client->shown_url);
    sm_bytes_cstr(&client->shown_url); /* both are read as texts */
    sm_http_url_write_without_user(url_text, &client->referer);
    sm_bytes_cstr(&client->referer);
    client->user_agent = user_agent;
    client->idle_limit = options->disable_keep_alives ? 0 : smaller_limit(options->max_idle_conns, options->max_idle_conns_per_host);
    client->connection_limit = smaller_limit(options->max_conns_per_host, 0);
    memcpy(client->target.host, url.host, sizeof(url.host));
    memcpy(client->target.port, url.port, sizeof(url.port));
    bool ok = sm_dial_target_set_proxy(&client->target, options->proxy_url, url.is_https, error) || sm_error_blame(error, &options->proxy_url);
    if (ok && (url.is_https || has_tls_settings(&options->tls))) {
        /* For http as well: settings that cannot be used are told, whatever they would be used for. */
        client->tls = sm_tls_client_context_create(&options->tls, alpn, error);
        ok = client->tls != NULL;
    }
    if (!ok) {
        sm_http_client_free(client);
        return NULL;
    }
    client->target.tls = url.is_https ? client->tls : NULL;
    client->target.server_name = *options->tls.server_name_override ? options->tls.server_name_override : client->target.host;
    sm_http_client_head_write(options, &url, &client->target, user_agent, &client->head);
    if (options->cookies && options->cookies->enabled)
        client->cookies = sm_cookies_create();
    client->has_content_type = sm_http_client_head_find(options, "content-type") != NULL;
    client->has_content_encoding = sm_http_client_head_find(options, "content-encoding") != NULL;
    return client;
}

const char *sm_http_client_shown_url(const struct sm_http_client *client)
{
    return client->shown_url.ptr;
}

bool sm_http_client_open_auth(struct sm_http_client *client, const struct sm_component *user, struct sm_error *error)
{
    return !client->options->auth || sm_auth_open(&client->auth, user, &client->options->auth->authenticator, SM_AUTH_HTTP_CLIENT, error);
}

void sm_http_client_free(struct sm_http_client *client)
{
    if (!client)
        return;
    sm_tls_context_free(client->tls);
    sm_bytes_deinit(&client->shown_url);
    sm_bytes_deinit(&client->referer);
    sm_bytes_deinit(&client->head);
    if (!client->elsewhere_options)
        sm_cookies_free(client->cookies);
    free(client->elsewhere_options);
    free(client);
}

/* ---- requests */

static void remove_waiting(struct request *request)
{
    struct sm_http_channel *channel = request->channel;
    struct request *before = NULL;
    for (struct request *at = channel->waiting_first; at && at != request; at = at->next_waiting)
        before = at;
    if (before)
        before->next_waiting = request->next_waiting;
    else
        channel->waiting_first = request->next_waiting;
    if (channel->waiting_last == request)
        channel->waiting_last = before;
    request->is_waiting = false;
}

static void start_waiting(struct sm_http_channel *channel);
static void follow(struct request *request);

/* Takes the request, which has no connection any more, out of its channel. */
static void detach(struct request *request)
{
    struct sm_http_channel *channel = request->channel;
    if (request->is_waiting)
        remove_waiting(request);
    if (request->previous)
        request->previous->next = request->next;
    else
        channel->requests = request->next;
    if (request->next)
        request->next->previous = request->previous;
    sm_timer_free(request->timer);
}

static void request_free(struct request *request)
{
    sm_bytes_deinit(&request->answer_body);
    sm_bytes_deinit(&request->content_type);
    sm_bytes_deinit(&request->retry_after);
    sm_bytes_deinit(&request->location);
    for (size_t i = 0; i < SM_HTTP_WANTED_MAX; i++)
        sm_bytes_deinit(&request->wanted[i]);
    sm_bytes_deinit(&request->head);
    free(request->body);
    free(request);
}

/* Ends the request. */
static void answer(struct request *request, const struct sm_http_answer *result)
{
    struct sm_http_channel *channel = request->channel;
    detach(request);
    request->answered(channel->worker, result, request->context);
    request_free(request);
    start_waiting(channel);
}

static void fail(struct request *request, const char *why, bool timed_out)
{
    struct sm_http_answer result = {.failure = why, .timed_out = timed_out};
    answer(request, &result);
}

static void answer_whole(struct request *request)
{
    struct sm_http_answer result = {
        .status = request->status,
        .content_type = sm_bytes_slice(&request->content_type),
        .retry_after = sm_bytes_slice(&request->retry_after),
        .has_retry_after = request->has_retry_after,
        .body = sm_bytes_slice(&request->answer_body),
    };
    for (size_t i = 0; i < SM_HTTP_WANTED_MAX; i++)
        result.wanted[i] = sm_bytes_slice(&request->wanted[i]);
    answer(request, &result);
}

static void write_request_head(const struct request *request, struct sm_bytes *head)
{
    const struct sm_http_client *client = request->channel->client;
    const struct sm_http_call_options *options = &request->options;
    sm_bytes_append_slice(head, options->method);
    sm_bytes_append_slice(head, sm_bytes_slice(&client->head));
    sm_bytes_printf(head, "Content-Length: %zu\r\n", request->body_bytes);
    if (options->content_type.size > 0 && !client->has_content_type)
        sm_bytes_printf(head, "Content-Type: %.*s\r\n", SM_SLICE_ARGS(options->content_type));
    if (options->content_encoding.size > 0 && !client->has_content_encoding)
        sm_bytes_printf(head, "Content-Encoding: %.*s\r\n", SM_SLICE_ARGS(options->content_encoding));
    sm_bytes_append_slice(head, options->more_headers);
    sm_bytes_append_slice(head, options->secret_headers);
    if (client->cookies)
        sm_cookies_write(client->cookies, client->url, (int64_t)(sm_clock_wall_ns() / SM_NS_PER_S), head);
    if (request->referer)
        sm_bytes_printf(head, "Referer: %s\r\n", request->referer);
    sm_bytes_append_text(head, "\r\n");
}

static void write_request(struct request *request)
{
    struct sm_bytes head = {0};
    if (request->head.size == 0)
        write_request_head(request, &head);
    const struct sm_bytes *written = request->head.size > 0 ? &request->head : &head;
    request->body[0] = (struct iovec){.iov_base = written->ptr, .iov_len = written->size};
    sm_stream_write(request->connection->stream, request->body, request->options.body_count + 1);
    sm_bytes_deinit(&head);
}

/* ---- connections */

static void connection_free(struct connection *connection)
{
    struct sm_http_channel *channel = connection->channel;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        channel->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    channel->connection_count--;
    if (!connection->request)
        channel->idle_count--;
    sm_timer_free(connection->idle_timer);
    sm_stream_close(connection->stream);
    sm_http1_parser_free(connection->parser);
    free(connection);
}

static void wait_for_connection(struct request *request, bool is_first);

/* The connection is gone, and its request with it unless it may be sent again. */
static void lose(struct connection *connection, const char *why)
{
    struct request *request = connection->request;
    bool may_resend = request && connection->has_served && !request->has_answer_begun && !request->was_resent;
    char reason[512];
    snprintf(reason, sizeof(reason), "%s", why);
    connection_free(connection);
    if (!request)
        return;
    request->connection = NULL;
    if (!may_resend) {
        fail(request, reason, false);
        return;
    }
    request->was_resent = true;
    wait_for_connection(request, true);
    start_waiting(request->channel);
}

static void on_idle_limit(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct connection *connection = context;
    if (!connection->request)
        connection_free(connection);
}

/* Nothing is asked on the connection: it is kept for the next request, or closed. */
static void keep(struct connection *connection)
{
    struct sm_http_channel *channel = connection->channel;
    uint64_t limit_ns = channel->client->options->idle_conn_timeout_ns;
    channel->idle_count++;
    if (!connection->is_keep_alive || channel->idle_count > channel->client->idle_limit || sm_stream_unsent_bytes(connection->stream) > 0) {
        connection_free(connection);
    } else if (limit_ns > 0) {
        if (!connection->idle_timer)
            connection->idle_timer = sm_timer_create(channel->worker, on_idle_limit, connection);
        sm_timer_arm(connection->idle_timer, limit_ns, false);
    }
}

/* The answer is complete: the connection is kept or closed, then the request is answered. */
static void finish(struct connection *connection)
{
    struct request *request = connection->request;
    request->connection = NULL;
    connection->request = NULL;
    connection->has_served = true;
    keep(connection);
    if (!request->options.stays && sm_http_redirect_repeats(request->status) && request->location.size > 0)
        follow(request);
    else
        answer_whole(request);
}

/* ---- what the parser says */

static bool on_headed(struct sm_http1_parser *parser, const struct sm_http1_head *head, void *context)
{
    (void)parser;
    struct connection *connection = context;
    struct request *request = connection->request;
    connection->is_interim = head->status >= 100 && head->status < 200;
    if (connection->is_interim)
        return true;
    request->status = head->status;
    struct sm_http_client *client = connection->channel->client;
    for (size_t i = 0; client->cookies && i < head->header_count; i++)
        if (sm_slice_equal_nocase(head->headers[i].name, SM_SLICE("set-cookie")))
            sm_cookies_take(client->cookies, client->url, head->headers[i].value, (int64_t)(sm_clock_wall_ns() / SM_NS_PER_S));
    connection->is_keep_alive = head->is_keep_alive && !client->options->disable_keep_alives;
    sm_bytes_append_slice(&request->content_type, sm_http1_find_header(head, SM_SLICE("content-type")));
    struct sm_slice retry_after = sm_http1_find_header(head, SM_SLICE("retry-after"));
    request->has_retry_after = retry_after.ptr != NULL;
    sm_bytes_append_slice(&request->retry_after, retry_after);
    for (size_t i = 0; i < SM_HTTP_WANTED_MAX && request->options.wanted_headers[i]; i++)
        sm_bytes_append_slice(&request->wanted[i], sm_http1_find_header(head, sm_slice_of(request->options.wanted_headers[i])));
    sm_bytes_append_slice(&request->location, sm_http1_find_header(head, SM_SLICE("location")));
    return true;
}

static bool on_body(struct sm_http1_parser *parser, struct sm_slice bytes, void *context)
{
    (void)parser;
    struct request *request = ((struct connection *)context)->request;
    size_t room = SM_HTTP_ANSWER_LIMIT_BYTES - request->answer_body.size;
    size_t taken = bytes.size < room ? bytes.size : room;
    sm_bytes_append(&request->answer_body, bytes.ptr, taken);
    request->discarded += bytes.size - taken;
    return request->discarded <= DISCARD_LIMIT_BYTES;
}

static bool on_message_end(struct sm_http1_parser *parser, void *context)
{
    (void)parser;
    struct connection *connection = context;
    return connection->is_interim; /* the answer itself: stop, the connection may be freed */
}

static const struct sm_http1_events parser_events = {.headed = on_headed, .body = on_body, .ended = on_message_end};

static void on_received(struct sm_stream *stream, struct sm_slice bytes, void *context)
{
    (void)stream;
    struct connection *connection = context;
    if (!connection->request) {
        connection_free(connection); /* nothing was asked */
        return;
    }
    connection->request->has_answer_begun = true;
    size_t taken;
    switch (sm_http1_parse(connection->parser, bytes, &taken)) {
    case SM_HTTP1_MORE:
        return;
    case SM_HTTP1_STOPPED:
        if (connection->request->discarded > DISCARD_LIMIT_BYTES || taken != bytes.size)
            connection->is_keep_alive = false;
        finish(connection);
        return;
    default:
        lose(connection, "malformed HTTP response");
        return;
    }
}

static void on_ended(struct sm_stream *stream, void *context)
{
    (void)stream;
    struct connection *connection = context;
    /* A body may end with the connection; ours stops there like any other. */
    if (connection->request && connection->request->has_answer_begun && sm_http1_parse_end(connection->parser) && connection->request->status > 0) {
        connection->is_keep_alive = false;
        finish(connection);
        return;
    }
    lose(connection, "EOF");
}

static void on_failed(struct sm_stream *stream, const char *reason, void *context)
{
    (void)stream;
    lose(context, reason);
}

static const struct sm_stream_events stream_events = {.received = on_received, .ended = on_ended, .failed = on_failed};

static void use(struct connection *connection, struct request *request)
{
    connection->request = request;
    request->connection = connection;
    write_request(request);
}

static void dialling_free(struct dialling *dialling)
{
    struct sm_http_channel *channel = dialling->channel;
    if (dialling->previous)
        dialling->previous->next = dialling->next;
    else
        channel->dials = dialling->next;
    if (dialling->next)
        dialling->next->previous = dialling->previous;
    channel->dial_count--;
    channel->connection_count--;
    free(dialling);
}

static void on_dialled(struct sm_worker *worker, struct sm_stream *stream, const char *failure, void *context)
{
    (void)worker;
    struct dialling *dialling = context;
    struct sm_http_channel *channel = dialling->channel;
    dialling_free(dialling);
    if (!stream) {
        if (channel->waiting_first)
            fail(channel->waiting_first, failure, false);
        return;
    }
    struct connection *connection = sm_alloc(1, sizeof(*connection));
    *connection = (struct connection){.channel = channel, .next = channel->connections, .stream = stream, .is_keep_alive = true};
    connection->parser = sm_http1_parser_create(SM_HTTP1_ANSWERS, SM_HTTP_ANSWER_HEAD_LIMIT_BYTES, &parser_events, connection);
    if (connection->next)
        connection->next->previous = connection;
    channel->connections = connection;
    channel->connection_count++;
    sm_stream_set_events(stream, &stream_events, connection);
    struct request *request = channel->waiting_first;
    if (!request) {
        keep(connection);
        return;
    }
    remove_waiting(request);
    use(connection, request);
    start_waiting(channel);
}

static void dial(struct sm_http_channel *channel)
{
    struct dialling *dialling = sm_alloc(1, sizeof(*dialling));
    *dialling = (struct dialling){.channel = channel, .next = channel->dials};
    if (dialling->next)
        dialling->next->previous = dialling;
    channel->dials = dialling;
    channel->dial_count++;
    channel->connection_count++;
    dialling->dial = sm_dial_start(channel->worker, &channel->client->target, on_dialled, dialling);
}

static struct connection *find_idle(const struct sm_http_channel *channel)
{
    struct connection *connection = channel->idle_count > 0 ? channel->connections : NULL;
    while (connection && connection->request)
        connection = connection->next;
    return connection;
}

/* Idle connections are given to those that wait longest; for the rest as many are made as may be. */
static void start_waiting(struct sm_http_channel *channel)
{
    struct connection *connection;
    while (!channel->is_closing && channel->waiting_first && (connection = find_idle(channel))) {
        struct request *request = channel->waiting_first;
        channel->idle_count--;
        if (connection->idle_timer)
            sm_timer_disarm(connection->idle_timer);
        remove_waiting(request);
        use(connection, request);
    }
    size_t waiting = 0;
    for (const struct request *at = channel->waiting_first; at && waiting < DIALS_AT_A_TIME; at = at->next_waiting)
        waiting++;
    while (!channel->is_closing && channel->dial_count < waiting && channel->connection_count < channel->client->connection_limit)
        dial(channel);
}

static void wait_for_connection(struct request *request, bool is_first)
{
    struct sm_http_channel *channel = request->channel;
    request->is_waiting = true;
    request->next_waiting = is_first ? channel->waiting_first : NULL;
    if (!channel->waiting_first || is_first)
        channel->waiting_first = request;
    else
        channel->waiting_last->next_waiting = request;
    if (!request->next_waiting)
        channel->waiting_last = request;
}

static void cancel_dial(struct dialling *dialling)
{
    sm_dial_cancel(dialling->dial);
    dialling_free(dialling);
}

/* What did not answer in a request's whole time is tried anew for the next. */
static void cancel_oldest_dial(struct sm_http_channel *channel)
{
    struct dialling *oldest = channel->dials;
    while (oldest && oldest->next)
        oldest = oldest->next;
    if (oldest)
        cancel_dial(oldest);
}

static void on_deadline(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct request *request = context;
    if (request->connection) {
        request->connection->request = NULL;
        request->channel->idle_count++;
        connection_free(request->connection);
        request->connection = NULL;
    } else {
        cancel_oldest_dial(request->channel);
    }
    fail(request, "context deadline exceeded (Client.Timeout exceeded while awaiting headers)", true);
}

static void on_unsigned(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct request *request = context;
    fail(request, request->sign_error.text, false);
}

/* False: it fails soon. */
static bool sign(struct request *request)
{
    const struct sm_http_client *client = request->channel->client;
    if (!client->options->auth)
        return true;
    struct sm_bytes head = {0};
    write_request_head(request, &head);
    bool is_signed = sm_client_auth_sign_head(&client->auth, request->options.context, sm_bytes_slice(&head), &request->head, &request->sign_error);
    sm_bytes_deinit(&head);
    if (is_signed)
        return true;
    request->timer = sm_timer_create(request->channel->worker, on_unsigned, request);
    sm_timer_arm(request->timer, 1, false);
    return false;
}

static bool is_same_host(const struct sm_http_client *client, const char *url)
{
    return sm_slice_equal_nocase(sm_http_redirect_host(sm_slice_of(client->url)), sm_http_redirect_host(sm_slice_of(url)));
}

/* NULL: another host, or one that is asked in the clear, is not told what was asked for: the query may have a key. */
static const char *find_referer(const struct sm_http_client *from, const struct sm_http_client *to)
{
    return is_same_host(from, to->url) && (to->target.tls || !from->target.tls) ? from->referer.ptr : NULL;
}

/* `from`: the request that was redirected here; NULL: none. */
static void send_request(struct sm_http_channel *channel, const struct sm_http_call_options *options, sm_http_answered *answered, void *context,
                         const struct request *from)
{
    struct request *request = sm_alloc(1, sizeof(*request));
    *request = (struct request){.channel = channel, .next = channel->requests, .options = *options, .answered = answered, .context = context};
    if (from) {
        request->referer = find_referer(from->channel->client, channel->client);
        request->redirect_count = from->redirect_count + 1;
    }
    if (request->next)
        request->next->previous = request;
    channel->requests = request;
    request->body = sm_alloc(options->body_count + 1, sizeof(*request->body));
    for (size_t i = 0; i < options->body_count; i++) {
        request->body[i + 1] = options->body[i];
        request->body_bytes += options->body[i].iov_len;
    }
    if (!sign(request))
        return;
    if (options->deadline_ns != UINT64_MAX) {
        uint64_t now_ns = sm_clock_mono_ns();
        request->timer = sm_timer_create(channel->worker, on_deadline, request);
        sm_timer_arm(request->timer, options->deadline_ns > now_ns ? options->deadline_ns - now_ns : 1, false);
    }
    wait_for_connection(request, false);
    start_waiting(channel);
}

void sm_http_channel_send(struct sm_http_channel *channel, const struct sm_http_call_options *options, sm_http_answered *answered, void *context)
{
    sm_worker_assert(channel->worker);
    send_request(channel, options, answered, context, NULL);
}

/* ---- redirects */

/* A client for `url`; `referring` was sent there. Another host gets none of the headers that were meant for this one. */
static struct sm_http_client *create_elsewhere_client(const struct sm_http_client *referring, const char *url, struct sm_error *error)
{
    struct sm_http_client_options *options = sm_alloc(1, sizeof(*options));
    *options = *referring->options;
    options->cookies = NULL;
    if (!is_same_host(referring, url)) {
        options->headers.count = 0;
        options->auth = NULL;
        options->tls.server_name_override = "";
    }
    struct sm_http_client *client = sm_http_client_create(options, url, referring->user_agent, error);
    if (!client) {
        free(options);
        return NULL;
    }
    client->elsewhere_options = options;
    client->auth = referring->auth;
    client->cookies = referring->cookies;
    return client;
}

/* The channel to `url`, made when it is needed for the first time. Takes `url`. */
static struct sm_http_channel *channel_to(struct sm_http_channel *from, char *url, struct sm_error *error)
{
    struct sm_http_channel *first = from->first;
    struct elsewhere *elsewhere = first->elsewheres;
    while (elsewhere && strcmp(elsewhere->url, url) != 0)
        elsewhere = elsewhere->next;
    if (elsewhere || strcmp(first->client->url, url) == 0) {
        free(url);
        return elsewhere ? elsewhere->channel : first;
    }
    struct sm_http_client *client = NULL;
    if (first->elsewhere_count == ELSEWHERE_MAX)
        sm_error_set(error, SM_ERROR_USAGE, "redirected to more than %d places", ELSEWHERE_MAX);
    else
        client = create_elsewhere_client(from->client, url, error);
    if (!client) {
        free(url);
        return NULL;
    }
    elsewhere = sm_alloc(1, sizeof(*elsewhere));
    *elsewhere =
        (struct elsewhere){.next = first->elsewheres, .url = url, .client = client, .channel = sm_http_channel_create(client, first->worker)};
    elsewhere->channel->first = first;
    first->elsewheres = elsewhere;
    first->elsewhere_count++;
    return elsewhere->channel;
}

/* Sends the request to where its answer says. */
static void follow(struct request *request)
{
    struct sm_http_channel *from = request->channel;
    if (request->redirect_count == SM_HTTP_REDIRECT_LIMIT) {
        fail(request, "stopped after 10 redirects", false);
        return;
    }
    struct sm_bytes url = {0};
    struct sm_error error;
    sm_http_redirect_resolve(sm_slice_of(from->client->url), sm_bytes_slice(&request->location), &url);
    struct sm_http_channel *to = channel_to(from, sm_strdup(sm_bytes_cstr(&url)), &error);
    sm_bytes_deinit(&url);
    if (!to) {
        fail(request, error.text, false);
        return;
    }
    struct sm_http_call_options options = request->options;
    options.body = request->body + 1;
    if (!is_same_host(from->client, to->client->url))
        options.secret_headers = (struct sm_slice){0};
    send_request(to, &options, request->answered, request->context, request);
    detach(request);
    request_free(request);
    start_waiting(from);
}

struct sm_http_channel *sm_http_channel_create(struct sm_http_client *client, struct sm_worker *worker)
{
    struct sm_http_channel *channel = sm_alloc(1, sizeof(*channel));
    channel->client = client;
    channel->worker = worker;
    channel->first = channel;
    return channel;
}

void sm_http_channel_free(struct sm_http_channel *channel)
{
    if (!channel)
        return;
    sm_worker_assert(channel->worker);
    channel->is_closing = true;
    while (channel->elsewheres) {
        struct elsewhere *elsewhere = channel->elsewheres;
        channel->elsewheres = elsewhere->next;
        sm_http_channel_free(elsewhere->channel);
        sm_http_client_free(elsewhere->client);
        free(elsewhere->url);
        free(elsewhere);
    }
    while (channel->connections) {
        struct request *request = channel->connections->request;
        if (request)
            request->was_resent = true;
        lose(channel->connections, "the client is closing");
    }
    while (channel->requests)
        fail(channel->requests, "the client is closing", false);
    while (channel->dials)
        cancel_dial(channel->dials);
    free(channel);
}
