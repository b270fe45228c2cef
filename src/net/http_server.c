/* http_server.c - see http_server.h. Connections of the HTTP server: one request at a time, keep-alive, time limits, stopping. Those that choose
 * HTTP/2 go on in http_streams.c.
 *
 *     idle -> head -> body -> handling -> sending -> idle, or lingering until the client has closed too
 *
 * Bytes of a next request that come while one is handled, or while its answer waits for the client to take it, wait in `pending` with reading paused.
 * A connection whose client goes away while a request is handled waits for the answer, which goes nowhere. Worker-local but for the server, which is
 * immutable after start. Limits: SM_HTTP_HEAD_LIMIT_BYTES, max_request_body_size, the times of the options. Source: RFC 9112; Go net/http (limits,
 * what is refused how), opentelemetry-collector config/confighttp. */
#include "net/http_server.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/http_request.h"
#include "net/http_streams.h"
#include "net/server_life.h"
#include "net/stream.h"
#include "pipeline/worker.h"

static const uint64_t LINGER_NS = 500 * SM_NS_PER_MS;  /* for the client to take the last answer */
static const uint64_t STOP_LIMIT_NS = 5 * SM_NS_PER_S; /* for a half-sent request when the server stops */

struct sm_http_server {
    struct sm_server_life life;                   /* first */
    const struct sm_http_server_options *options; /* borrowed: configuration */
    sm_http_handler *handler;
    sm_http_refuse *refuse; /* NULL: plain text */
    struct sm_auth auth;    /* type NULL: everybody may */
    void *context;
    size_t body_limit_bytes;
};

/* Worker-local. */
struct connection {
    struct sm_server_link link; /* first */
    struct sm_http_server *server;
    struct sm_stream *stream;        /* owned; NULL: the client is gone */
    struct sm_http1_parser *parser;  /* owned */
    struct sm_timer *timer;          /* owned */
    struct sm_http_streams *streams; /* owned; HTTP/2: it has the stream and the requests; NULL: HTTP/1.1 */
    struct sm_http_request request;
    struct sm_bytes pending; /* heap */
    uint64_t begun_ns;       /* when the request's first byte came */
    bool is_request_ready;   /* all of it that is wanted has come */
    bool is_handling;        /* given to the handler and not answered */
    bool is_sending;         /* the client has not taken the whole answer yet */
    bool is_feeding;         /* in feed(): answers do not call it again */
    bool is_ending;          /* lingering: nothing is read any more */
    bool has_peer_ended;
};

static struct connection *connection_of(struct sm_http_request *request)
{
    return (struct connection *)((char *)request - offsetof(struct connection, request));
}

static void connection_free(struct connection *connection)
{
    sm_stream_close(connection->stream);
    sm_http_streams_free(connection->streams);
    sm_http1_parser_free(connection->parser);
    sm_timer_free(connection->timer);
    sm_http_request_reset(&connection->request);
    sm_bytes_deinit(&connection->pending);
    sm_server_link_remove(&connection->link);
    free(connection);
}

/* ---- time limits */

static void limit_time(struct connection *connection, uint64_t ns)
{
    if (ns)
        sm_timer_arm(connection->timer, ns, false);
    else
        sm_timer_disarm(connection->timer);
}

static uint64_t or_preset(uint64_t ns, uint64_t preset_ns)
{
    return ns ? ns : preset_ns;
}

static void limit_head(struct connection *connection)
{
    const struct sm_http_server_options *options = connection->server->options;
    limit_time(connection, or_preset(options->read_header_timeout_ns, options->read_timeout_ns));
}

static void limit_body(struct connection *connection)
{
    uint64_t limit_ns = connection->server->options->read_timeout_ns, passed_ns = sm_clock_mono_ns() - connection->begun_ns;
    limit_time(connection, limit_ns && passed_ns >= limit_ns ? 1 : limit_ns ? limit_ns - passed_ns : 0);
}

static void limit_idle(struct connection *connection)
{
    const struct sm_http_server_options *options = connection->server->options;
    limit_time(connection, or_preset(options->idle_timeout_ns, options->read_timeout_ns));
}

/* Relaxed: whoever sees it late only works in vain. */
static void abandon(struct connection *connection)
{
    atomic_store_explicit(&connection->request.is_abandoned, true, memory_order_relaxed);
}

static void drop_client(struct connection *connection)
{
    if (!connection->is_handling) {
        connection_free(connection);
        return;
    }
    abandon(connection);
    sm_stream_close(connection->stream);
    connection->stream = NULL;
    sm_timer_disarm(connection->timer);
}

static void on_timer(struct sm_worker *worker, void *context)
{
    (void)worker;
    drop_client(context);
}

/* ---- answering */

static void write_answer(struct connection *connection, const struct sm_http_response *response)
{
    struct sm_bytes head = {0};
    sm_http_response_write_head(&connection->request, response, &head);
    bool has_body = response->body.size > 0 && !sm_slice_is(connection->request.head->method, "HEAD");
    const struct iovec pieces[2] = {{.iov_base = head.ptr, .iov_len = head.size},
                                    {.iov_base = (void *)response->body.ptr, .iov_len = response->body.size}};
    sm_stream_write(connection->stream, pieces, has_body ? 2 : 1);
    sm_bytes_deinit(&head);
}

/* The time limit of writing, if there is one, goes on. */
static void end_connection_when_sent(struct connection *connection)
{
    connection->is_ending = true;
    connection->is_sending = false;
    sm_stream_close_when_sent(connection->stream, LINGER_NS);
}

static void feed(struct connection *connection, struct sm_slice bytes);

/* Goes on with what the client sent meanwhile. */
static void resume(struct connection *connection)
{
    struct sm_bytes pending = connection->pending;
    connection->pending = (struct sm_bytes){0};
    sm_stream_pause_reading(connection->stream, false);
    feed(connection, sm_bytes_slice(&pending));
    sm_bytes_deinit(&pending);
}

static void respond(struct sm_http_request *request, const struct sm_http_response *response)
{
    struct connection *connection = connection_of(request);
    connection->is_handling = false;
    if (!connection->stream) {
        if (!connection->is_feeding)
            connection_free(connection);
        return;
    }
    bool has_more = connection->pending.size > 0;
    request->closes |= !request->head->is_keep_alive || !connection->server->options->keep_alives_enabled ||
                       sm_server_link_is_stopping(&connection->link) || (connection->has_peer_ended && !has_more);
    if (request->closes)
        sm_server_link_unload(&connection->link); /* before the client can see the answer and come again */
    write_answer(connection, response);
    sm_http_request_reset(request);
    if (request->closes) {
        end_connection_when_sent(connection);
        return;
    }
    connection->is_sending = sm_stream_unsent_bytes(connection->stream) > 0;
    if (connection->is_sending)
        return; /* a client that asks and does not read gets one answer, not all of them into our memory */
    limit_idle(connection);
    if (!connection->is_feeding)
        resume(connection);
}

static void on_drained(struct sm_stream *stream, void *context)
{
    (void)stream;
    struct connection *connection = context;
    if (!connection->is_sending)
        return;
    connection->is_sending = false;
    limit_idle(connection);
    if (sm_server_link_is_stopping(&connection->link))
        end_connection_when_sent(connection);
    else
        resume(connection);
}

/* Answers what could not be parsed: there is no request to go by. */
static void refuse_bytes(struct connection *connection, int status)
{
    char answer[256];
    int size = snprintf(answer, sizeof(answer), "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n%d %s", status,
                        sm_http_status_text(status), status, sm_http_status_text(status));
    const struct iovec piece = {.iov_base = answer, .iov_len = (size_t)size};
    sm_stream_write(connection->stream, &piece, 1);
    end_connection_when_sent(connection);
}

/* ---- receiving */

static bool on_headed(struct sm_http1_parser *parser, const struct sm_http1_head *head, void *context)
{
    (void)parser;
    struct connection *connection = context;
    struct sm_http_request *request = &connection->request;
    request->closes = false;
    sm_http_request_begin(request, head);
    limit_body(connection);
    if (request->is_body_too_large) {
        connection->is_request_ready = true;
        request->closes = true;
        return false;
    }
    bool has_body = head->is_chunked || (head->has_content_length && head->content_length > 0);
    if (has_body && sm_slice_equal_nocase(sm_http1_find_header(head, SM_SLICE("Expect")), SM_SLICE("100-continue"))) {
        const struct iovec piece = {.iov_base = (void *)"HTTP/1.1 100 Continue\r\n\r\n", .iov_len = sizeof("HTTP/1.1 100 Continue\r\n\r\n") - 1};
        sm_stream_write(connection->stream, &piece, 1);
    }
    return true;
}

static bool on_body(struct sm_http1_parser *parser, struct sm_slice bytes, void *context)
{
    (void)parser;
    struct connection *connection = context;
    if (sm_http_request_add_body(&connection->request, bytes))
        return true;
    connection->is_request_ready = true;
    connection->request.closes = true;
    return false;
}

static bool on_ended(struct sm_http1_parser *parser, void *context)
{
    (void)parser;
    struct connection *connection = context;
    connection->is_request_ready = true;
    return false;
}

static const struct sm_http1_events parser_events = {.headed = on_headed, .body = on_body, .ended = on_ended};

/* Every request goes through here: the handler sees those of clients that may send. */
static void handle_permitted(struct sm_http_request *request, void *context)
{
    const struct sm_http_server *server = context;
    struct sm_error why;
    if (!server->auth.type || sm_http_request_authenticate(request, &server->auth, &why)) {
        server->handler(request, server->context);
        return;
    }
    int status = why.class == SM_ERROR_BUSY ? 503 : 401;
    if (server->refuse)
        server->refuse(request, status, why.text);
    else
        sm_http_respond_text(request, status, "text/plain; charset=utf-8", sm_slice_of(why.text));
}

static void handle(struct connection *connection)
{
    struct sm_http_request *request = &connection->request;
    connection->is_request_ready = false;
    connection->is_handling = true;
    limit_time(connection, connection->server->options->write_timeout_ns);
    const struct sm_http1_head *head = request->head;
    if (head->minor_version >= 1 && !sm_http1_find_header(head, SM_SLICE("Host")).ptr) {
        request->closes = true;
        sm_http_respond_text(request, 400, "text/plain; charset=utf-8", SM_SLICE("400 Bad Request: missing required Host header"));
    } else if (sm_http_cors_is_preflight(request)) {
        const struct sm_http_response response = {.status = 204};
        respond(request, &response);
    } else {
        handle_permitted(request, connection->server);
    }
}

/* Nothing more comes from the client, and nothing is handled: what it has not taken yet is still sent. */
static void end_peerless(struct connection *connection)
{
    if (connection->is_sending)
        end_connection_when_sent(connection);
    else
        connection_free(connection);
}

/* Nobody would read the answers on a connection that has failed; `failed` is about to be called. */
static bool can_take_request(const struct connection *connection)
{
    bool is_busy = connection->is_handling || connection->is_sending || connection->is_ending;
    return !is_busy && connection->stream && sm_stream_is_connected(connection->stream);
}

/* What is left of `bytes` waits until the request under way is answered. */
static void feed(struct connection *connection, struct sm_slice bytes)
{
    connection->is_feeding = true;
    while (bytes.size > 0 && can_take_request(connection)) {
        if (!sm_http1_parser_is_busy(connection->parser)) {
            connection->begun_ns = sm_clock_mono_ns();
            limit_head(connection);
        }
        size_t taken = 0;
        enum sm_http1_status status = sm_http1_parse(connection->parser, bytes, &taken);
        bytes = sm_slice_make(bytes.ptr + taken, bytes.size - taken);
        if (connection->is_request_ready)
            handle(connection);
        else if (status == SM_HTTP1_HEAD_TOO_LARGE)
            refuse_bytes(connection, 431);
        else if (status != SM_HTTP1_MORE)
            refuse_bytes(connection, 400);
    }
    connection->is_feeding = false;
    if (!connection->stream && !connection->is_handling) {
        connection_free(connection);
    } else if ((connection->is_handling || connection->is_sending) && bytes.size > 0) {
        sm_bytes_append_slice(&connection->pending, bytes);
        sm_stream_pause_reading(connection->stream, true);
    } else if (connection->has_peer_ended && !connection->is_handling && !connection->is_ending) {
        end_peerless(connection);
    }
}

static void on_received(struct sm_stream *stream, struct sm_slice bytes, void *context)
{
    (void)stream;
    feed(context, bytes);
}

/* The client sends no more; what it sent is still answered. */
static void on_ended_stream(struct sm_stream *stream, void *context)
{
    (void)stream;
    struct connection *connection = context;
    connection->has_peer_ended = true;
    abandon(connection);
    if (!connection->is_handling && !connection->is_ending)
        end_peerless(connection);
}

static void on_failed(struct sm_stream *stream, const char *reason, void *context)
{
    struct connection *connection = context;
    sm_server_life_note_failure(&connection->server->life, stream, connection->request.peer, reason);
    drop_client(connection);
}

static void on_streams_over(void *owner)
{
    connection_free(owner);
}

static bool is_stopping(void *owner)
{
    return sm_server_link_is_stopping(&((struct connection *)owner)->link);
}

/* TLS is done and the protocol chosen. */
static void on_connected(struct sm_stream *stream, void *context)
{
    struct connection *connection = context;
    struct sm_http_server *server = connection->server;
    if (!sm_slice_is(sm_stream_alpn(stream), "h2"))
        return;
    sm_timer_disarm(connection->timer);
    const struct sm_http_streams_setup setup = {
        .options = server->options,
        .handler = handle_permitted,
        .handler_context = server,
        .body_limit_bytes = server->body_limit_bytes,
        .peer = connection->request.peer,
        .over = on_streams_over,
        .is_stopping = is_stopping,
        .owner = connection,
    };
    connection->stream = NULL;
    connection->streams = sm_http_streams_create(stream, &setup);
    if (sm_server_link_is_stopping(&connection->link))
        sm_http_streams_end(connection->streams);
}

static const struct sm_stream_events stream_events = {
    .connected = on_connected, .received = on_received, .ended = on_ended_stream, .drained = on_drained, .failed = on_failed};

static void on_accepted(struct sm_server_life *life, struct sm_worker *worker, int fd, const char *peer)
{
    struct sm_http_server *server = (struct sm_http_server *)life;
    struct connection *connection = sm_alloc(1, sizeof(*connection));
    connection->server = server;
    connection->request =
        (struct sm_http_request){.options = server->options, .worker = worker, .respond = respond, .body_limit_bytes = server->body_limit_bytes};
    snprintf(connection->request.peer, sizeof(connection->request.peer), "%s", peer);
    sm_server_link_add(life, worker, &connection->link);
    connection->timer = sm_timer_create(worker, on_timer, connection);
    connection->parser = sm_http1_parser_create(SM_HTTP1_REQUESTS, SM_HTTP_HEAD_LIMIT_BYTES, &parser_events, connection);
    connection->stream = sm_stream_accept(worker, fd, life->tls, &stream_events, connection);
    limit_head(connection);
}

/* An idle connection goes on at the server that has taken over the address: its client may be about to send a request, which would be lost. */
static void end_idle_connection(struct connection *connection)
{
    struct sm_server_life *successor = connection->link.life->successor;
    struct sm_worker *worker = connection->link.worker;
    char peer[sizeof(connection->request.peer)];
    memcpy(peer, connection->request.peer, sizeof(peer));
    int fd = successor && connection->stream ? sm_stream_try_take_fd(connection->stream) : -1;
    if (fd >= 0)
        connection->stream = NULL;
    connection_free(connection);
    if (fd < 0)
        return;
    sm_worker_add_load(worker, 1);
    on_accepted(successor, worker, fd, peer);
}

/* A request that is being sent or handled is still answered. */
static void end_connection(struct sm_server_link *link)
{
    struct connection *connection = (struct connection *)link;
    if (connection->streams) {
        sm_http_streams_end(connection->streams);
        return;
    }
    if (connection->is_handling || connection->is_sending || connection->is_ending)
        return;
    if (!sm_http1_parser_is_busy(connection->parser))
        end_idle_connection(connection);
    else
        limit_time(connection, STOP_LIMIT_NS);
}

/* ---- the server */

static const char *const alpn[] = {"h2", "http/1.1", NULL};
static const struct sm_server_kind server_kind = {.name = "HTTP", .alpn = alpn, .accepted = on_accepted, .end_connection = end_connection};

struct sm_http_server *sm_http_server_create(struct sm_workers *workers, const struct sm_http_server_options *options, sm_http_handler *handler,
                                             void *context, const struct sm_component *user, struct sm_error *error)
{
    struct sm_http_server *server = sm_alloc(1, sizeof(*server));
    server->options = options;
    server->handler = handler;
    server->context = context;
    server->body_limit_bytes = options->max_request_body_size > 0 ? (size_t)options->max_request_body_size : SM_HTTP_BODY_LIMIT_BYTES;
    const struct sm_auth_options *auth = options->auth ? &options->auth->auth : NULL;
    if (sm_server_life_init(&server->life, &server_kind, workers, &options->endpoint, options->transport, options->tls, error) &&
        (!auth || sm_auth_open(&server->auth, user, &auth->authenticator, SM_AUTH_SERVER, error)))
        return server;
    sm_http_server_free(server);
    return NULL;
}

void sm_http_server_set_refuse(struct sm_http_server *server, sm_http_refuse *refuse)
{
    server->refuse = refuse;
}

bool sm_http_server_start(struct sm_http_server *server, struct sm_error *error)
{
    return sm_server_life_start(&server->life, error);
}

const char *sm_http_server_address(const struct sm_http_server *server)
{
    return server->life.address;
}

void sm_http_server_stop(struct sm_http_server *server, void (*stopped)(void *context), void *context)
{
    sm_server_life_stop(&server->life, stopped, context);
}

void sm_http_server_free(struct sm_http_server *server)
{
    if (!server)
        return;
    sm_server_life_deinit(&server->life);
    free(server);
}
