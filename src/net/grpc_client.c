/* grpc_client.c - see grpc_client.h.
 *
 *     IDLE --call--> CONNECTING --settings came--> READY --goaway, lost--> IDLE
 *                        |  failed                          (kept until its calls have ended)
 *                        v
 *                     BACKOFF --wait over--> CONNECTING
 *
 * Calls wait in `waiting` while connecting and while the next hop takes no more streams; in BACKOFF they fail at once unless wait_for_ready. A call
 * that the next hop has certainly not looked at (REFUSED_STREAM, a GOAWAY before it) is sent once more, as grpc-go does. The message goes out from
 * the pieces that the caller lends, behind five bytes of prefix; nothing is joined or copied when it is not packed. Source: grpc-go
 * internal/transport/http2_client.go, clientconn.go, backoff; collector config/configgrpc. */
#include "net/grpc_client.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/memory.h"
#include "net/client_auth.h"
#include "net/dial.h"
#include "net/grpc_message.h"
#include "net/http2_session.h"
#include "net/listener.h"
#include "net/stream.h"
#include "pipeline/worker.h"
#include "wire/compression.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { PREFIX_BYTES = 5, PATH_BYTES = 128, HEADER_MAX = 128, PIECES_ON_STACK = 64 };
#define BACKOFF_FIRST_NS SM_NS_PER_S
#define BACKOFF_LIMIT_NS (120 * SM_NS_PER_S)
#define KEEPALIVE_TIME_MIN_NS (10 * SM_NS_PER_S)

/* Immutable after create. */
struct sm_grpc_client {
    const struct sm_grpc_client_options *options; /* borrowed */
    struct sm_tls_context *tls;                   /* owned; NULL: plain */
    struct sm_dial_target target;
    struct sm_arena arena;                      /* texts of `headers` */
    struct sm_http2_header headers[HEADER_MAX]; /* all but :path and grpc-timeout, pseudo headers first; [2] is :path */
    size_t header_count;
    struct sm_auth auth; /* type NULL: calls are not signed */
};
enum { PATH_HEADER = 2 };

enum state { IDLE, CONNECTING, READY, BACKOFF };

struct connection {
    struct sm_grpc_channel *channel;
    struct connection *next;          /* draining ones */
    struct sm_http2_session *session; /* owned */
    struct sm_timer *keepalive;       /* owned; NULL: no keepalive */
    bool is_draining, is_pinging;
};

/* Worker-local. */
struct sm_grpc_channel {
    struct sm_grpc_client *client;
    struct sm_worker *worker;
    enum state state;
    struct sm_dial *dial;        /* while CONNECTING, before the session */
    struct connection *current;  /* owned; CONNECTING with a session, READY */
    struct connection *draining; /* owned: take no new calls */
    struct call *waiting_first, *waiting_last;
    struct call *calls;       /* all that are not answered */
    struct sm_timer *backoff; /* owned */
    uint64_t backoff_ns;      /* the next wait; 0: connected since */
    char failure[400];        /* why connecting failed last */
    bool is_closing;
};

struct call {
    struct sm_grpc_channel *channel;
    struct call *previous, *next; /* of all */
    struct call *next_waiting;
    struct connection *connection; /* NULL: waiting */
    int32_t stream_id;
    sm_grpc_answered *answered; /* NULL: answered already */
    void *context;
    uint64_t deadline_ns;
    struct sm_timer *timer; /* owned; NULL: no deadline */
    char path[PATH_BYTES];
    size_t path_size;
    struct iovec *pieces; /* owned array; the first is `prefix`, the others are lent or `packed` */
    size_t piece_count;
    char prefix[PREFIX_BYTES];
    struct sm_bytes packed;       /* owned */
    bool has_message;             /* false: it could not be packed */
    struct sm_http2_header *more; /* what an authenticator adds */
    size_t more_count;
    struct sm_arena arena; /* owned: its texts */
    char *sign_failure;    /* in `arena`; NULL: none */
    struct sm_grpc_reply reply;
    bool is_waiting, was_resent;
};

/* ---- the client */

static void add_header(struct sm_grpc_client *client, struct sm_slice name, struct sm_slice value)
{
    if (client->header_count == HEADER_MAX)
        return;
    client->headers[client->header_count++] = (struct sm_http2_header){.name = name, .value = value};
}

static void add_user_header(struct sm_grpc_client *client, const char *key, const char *value)
{
    struct sm_http2_header header = sm_grpc_user_header(sm_slice_of(key), sm_slice_of(value), &client->arena);
    add_header(client, header.name, header.value);
}

static struct sm_slice authority(struct sm_grpc_client *client)
{
    const struct sm_grpc_client_options *options = client->options;
    if (*options->authority)
        return sm_slice_of(options->authority);
    if (client->target.unix_path[0])
        return SM_SLICE("localhost");
    bool is_v6 = strchr(client->target.host, ':') != NULL;
    return sm_slice_of(sm_arena_printf(&client->arena, is_v6 ? "[%s]:%s" : "%s:%s", client->target.host, client->target.port));
}

static void make_headers(struct sm_grpc_client *client, const char *user_agent)
{
    const struct sm_grpc_client_options *options = client->options;
    add_header(client, SM_SLICE(":method"), SM_SLICE("POST"));
    add_header(client, SM_SLICE(":scheme"), client->tls ? SM_SLICE("https") : SM_SLICE("http"));
    add_header(client, SM_SLICE(":path"), SM_SLICE(""));
    static_assert(PATH_HEADER == 2, "the place of :path");
    add_header(client, SM_SLICE(":authority"), authority(client));
    add_header(client, SM_SLICE("content-type"), SM_SLICE("application/grpc"));
    add_header(client, SM_SLICE("user-agent"), sm_slice_of(*options->user_agent ? options->user_agent : user_agent));
    add_header(client, SM_SLICE("te"), SM_SLICE("trailers"));
    if (options->compression != SM_COMPRESSION_NONE)
        add_header(client, SM_SLICE("grpc-encoding"), sm_slice_of(sm_compression_name((enum sm_compression)options->compression)));
    add_header(client, SM_SLICE("grpc-accept-encoding"), SM_SLICE("gzip,snappy,zstd"));
    for (size_t i = 0; i < options->headers.count; i++)
        add_user_header(client, options->headers.entries[i].key, options->headers.entries[i].value);
}

/* "host:port" without scheme; `is_https` tells whether the scheme asks for TLS. */
static const char *strip_scheme(const char *endpoint, bool *is_https)
{
    *is_https = strncmp(endpoint, "https://", 8) == 0;
    if (strncmp(endpoint, "http://", 7) == 0)
        return endpoint + 7;
    if (*is_https)
        return endpoint + 8;
    const char *scheme = strstr(endpoint, "://");
    if (!scheme)
        return endpoint;
    /* dns://authority/host:port */
    const char *path = strchr(scheme + 3, '/');
    return path ? path + 1 : "";
}

/* The socket's path of "unix:path" and "unix://path", NULL for other endpoints. */
static const char *unix_path(const char *endpoint)
{
    if (strncmp(endpoint, "unix://", 7) == 0)
        return endpoint + 7;
    return strncmp(endpoint, "unix:", 5) == 0 ? endpoint + 5 : NULL;
}

static bool set_target(struct sm_grpc_client *client, bool *is_https, struct sm_error *error)
{
    struct sm_dial_target *target = &client->target;
    const char *endpoint = client->options->endpoint;
    const char *path = unix_path(endpoint);
    *is_https = false;
    if (path) {
        if (!*path || strlen(path) >= sizeof(target->unix_path))
            return sm_error_set(error, SM_ERROR_USAGE, "endpoint %s: %s", endpoint, *path ? "path too long" : "unix socket path cannot be empty");
        memcpy(target->unix_path, path, strlen(path) + 1);
        return true;
    }
    return sm_address_split(strip_scheme(endpoint, is_https), target->host, target->port, error);
}

struct sm_grpc_client *sm_grpc_client_create(struct sm_workers *workers, const struct sm_grpc_client_options *options, const char *user_agent,
                                             struct sm_error *error)
{
    (void)workers;
    static const char *const alpn[] = {"h2", NULL};
    struct sm_grpc_client *client = sm_alloc(1, sizeof(*client));
    client->options = options;
    bool is_https;
    if (!set_target(client, &is_https, error)) {
        sm_error_blame(error, &options->endpoint);
        goto failed;
    }
    bool has_authority = *options->tls.files.ca_file || *options->tls.files.ca_pem;
    if (!options->tls.insecure || has_authority || is_https) {
        client->tls = sm_tls_client_context_create(&options->tls, alpn, error);
        if (!client->tls)
            goto failed;
    }
    client->target.tls = client->tls;
    client->target.server_name = *options->tls.server_name_override ? options->tls.server_name_override : client->target.host;
    if (!sm_dial_target_set_proxy(&client->target, "", true, error))
        goto failed;
    make_headers(client, user_agent);
    return client;

failed:
    sm_grpc_client_free(client);
    return NULL;
}

bool sm_grpc_client_open_auth(struct sm_grpc_client *client, const struct sm_component *user, struct sm_error *error)
{
    if (!client->options->auth)
        return true;
    struct sm_auth *auth = &client->auth;
    if (!sm_auth_open(auth, user, &client->options->auth->authenticator, SM_AUTH_GRPC_CLIENT, error))
        return false;
    if (client->tls || !auth->type->needs_tls || !auth->type->needs_tls(auth->extension))
        return true;
    sm_error_set(error, SM_ERROR_USAGE, "the credentials of %s require transport level security: set tls, or another authenticator",
                 client->options->auth->authenticator);
    return sm_error_blame(error, &client->options->auth->authenticator);
}

void sm_grpc_client_free(struct sm_grpc_client *client)
{
    if (!client)
        return;
    sm_tls_context_free(client->tls);
    sm_arena_deinit(&client->arena);
    free(client);
}

/* ---- answering */

static void remove_waiting(struct call *call)
{
    struct sm_grpc_channel *channel = call->channel;
    struct call *before = NULL;
    for (struct call *at = channel->waiting_first; at && at != call; at = at->next_waiting)
        before = at;
    if (before)
        before->next_waiting = call->next_waiting;
    else
        channel->waiting_first = call->next_waiting;
    if (channel->waiting_last == call)
        channel->waiting_last = before;
    call->is_waiting = false;
}

static void call_free(struct call *call)
{
    struct sm_grpc_channel *channel = call->channel;
    if (call->is_waiting)
        remove_waiting(call);
    if (call->previous)
        call->previous->next = call->next;
    else
        channel->calls = call->next;
    if (call->next)
        call->next->previous = call->previous;
    sm_timer_free(call->timer);
    sm_bytes_deinit(&call->packed);
    sm_grpc_reply_deinit(&call->reply);
    sm_arena_deinit(&call->arena);
    free(call->pieces);
    free(call);
}

static void answer(struct call *call, const struct sm_grpc_answer *result)
{
    if (call->answered)
        call->answered(call->channel->worker, result, call->context);
    call_free(call);
}

static void fail(struct call *call, enum sm_rpc_code code, const char *message)
{
    struct sm_grpc_answer result = {.code = code, .message = sm_slice_of(message)};
    answer(call, &result);
}

/* What the next hop has said. */
static void answer_reply(struct call *call)
{
    struct sm_grpc_answer result;
    sm_grpc_reply_finish(&call->reply, SM_GRPC_ANSWER_LIMIT_BYTES, &result);
    result.is_reply = true;
    answer(call, &result);
}

/* ---- waiting calls */

static void wait_for_stream(struct call *call)
{
    struct sm_grpc_channel *channel = call->channel;
    call->connection = NULL;
    call->is_waiting = true;
    call->next_waiting = NULL;
    if (channel->waiting_last)
        channel->waiting_last->next_waiting = call;
    else
        channel->waiting_first = call;
    channel->waiting_last = call;
}

/* The first `count` of what waits fails: what an answer brings is not part of it. */
static void fail_waiting(struct sm_grpc_channel *channel, const char *message)
{
    size_t count = 0;
    for (struct call *at = channel->waiting_first; at; at = at->next_waiting)
        count++;
    while (count-- > 0 && channel->waiting_first)
        fail(channel->waiting_first, SM_RPC_UNAVAILABLE, message);
}

/* "grpc-timeout": at most eight digits and a unit. */
static size_t timeout_text(uint64_t left_ns, char text[24])
{
    static const struct {
        uint64_t ns;
        char unit;
    } units[] = {{1, 'n'}, {1000, 'u'}, {SM_NS_PER_MS, 'm'}, {SM_NS_PER_S, 'S'}, {60 * SM_NS_PER_S, 'M'}, {3600 * SM_NS_PER_S, 'H'}};
    size_t unit = 0;
    while (unit + 1 < sizeof(units) / sizeof(units[0]) && left_ns / units[unit].ns >= 100000000)
        unit++;
    return (size_t)snprintf(text, 24, "%" PRIu64 "%c", left_ns / units[unit].ns + 1, units[unit].unit);
}

/* False: no more streams now. */
static bool submit(struct call *call)
{
    struct sm_grpc_channel *channel = call->channel;
    struct sm_grpc_client *client = channel->client;
    struct sm_http2_session *session = channel->current->session;
    if (sm_http2_session_open_count(session) >= sm_http2_session_stream_limit(session))
        return false;
    struct sm_http2_header headers[HEADER_MAX + 1 + SM_AUTH_HEADER_LIMIT];
    size_t count = client->header_count;
    memcpy(headers, client->headers, count * sizeof(headers[0]));
    headers[PATH_HEADER].value = sm_slice_make(call->path, call->path_size);
    char timeout[24];
    uint64_t now_ns = sm_clock_mono_ns();
    if (call->deadline_ns != UINT64_MAX) {
        size_t size = timeout_text(call->deadline_ns > now_ns ? call->deadline_ns - now_ns : 1, timeout);
        headers[count++] = (struct sm_http2_header){.name = SM_SLICE("grpc-timeout"), .value = sm_slice_make(timeout, size)};
    }
    for (size_t i = 0; i < call->more_count; i++)
        headers[count++] = call->more[i];
    call->stream_id = sm_http2_submit_request(session, headers, count, call->pieces, call->piece_count, call);
    if (call->stream_id < 0)
        return false;
    call->connection = channel->current;
    return true;
}

static void submit_waiting(struct sm_grpc_channel *channel)
{
    if (channel->state != READY)
        return;
    bool any = false;
    while (channel->waiting_first) {
        struct call *call = channel->waiting_first;
        if (!submit(call))
            break;
        remove_waiting(call);
        any = true;
    }
    if (any)
        sm_http2_flush(channel->current->session);
}

/* ---- connections */

static void begin_connect(struct sm_grpc_channel *channel);

static void connection_free(struct connection *connection)
{
    sm_timer_free(connection->keepalive);
    /* Calls that are open end through `closed`. */
    sm_http2_session_close(connection->session);
    free(connection);
}

/* After a failed attempt: the next one when the wait is over, which grows and varies. */
static void back_off(struct sm_grpc_channel *channel, const char *why)
{
    snprintf(channel->failure, sizeof(channel->failure), "connection error: desc = \"transport: Error while dialing: %s\"", why);
    channel->state = BACKOFF;
    uint64_t wait_ns = channel->backoff_ns ? channel->backoff_ns : BACKOFF_FIRST_NS;
    uint64_t next_ns = wait_ns * 8 / 5;
    channel->backoff_ns = next_ns > BACKOFF_LIMIT_NS ? BACKOFF_LIMIT_NS : next_ns;
    uint64_t spread_ns = wait_ns / 5;
    sm_timer_arm(channel->backoff, wait_ns - spread_ns + sm_clock_mono_ns() % (2 * spread_ns + 1), false);
    if (!channel->client->options->wait_for_ready)
        fail_waiting(channel, channel->failure);
}

static void on_backoff_over(struct sm_worker *worker, void *context)
{
    (void)worker;
    begin_connect(context);
}

/* The current connection takes no more calls. */
static void retire(struct connection *connection)
{
    struct sm_grpc_channel *channel = connection->channel;
    if (connection->is_draining)
        return;
    connection->is_draining = true;
    connection->next = channel->draining;
    channel->draining = connection;
    channel->current = NULL;
    bool was_ready = channel->state == READY;
    channel->state = IDLE;
    if (channel->is_closing)
        return;
    /* At once, as round_robin does; calls may be waiting. */
    if (was_ready)
        begin_connect(channel);
}

static void forget(struct connection *connection)
{
    struct connection **place = &connection->channel->draining;
    while (*place && *place != connection)
        place = &(*place)->next;
    if (*place)
        *place = connection->next;
    connection_free(connection);
}

static void on_lost(struct connection *connection, const char *reason)
{
    struct sm_grpc_channel *channel = connection->channel;
    if (!connection->is_draining && channel->state == CONNECTING) {
        channel->current = NULL;
        connection_free(connection);
        back_off(channel, reason);
        return;
    }
    retire(connection);
    forget(connection);
}

static void arm_keepalive(struct connection *connection);

static void on_keepalive(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct connection *connection = context;
    const struct sm_grpc_client_keepalive_options *keepalive = connection->channel->client->options->keepalive;
    if (connection->is_pinging) {
        on_lost(connection, "keepalive ping failed to receive ACK within timeout");
        return;
    }
    if (sm_http2_session_open_count(connection->session) == 0 && !keepalive->permit_without_stream) {
        arm_keepalive(connection);
        return;
    }
    connection->is_pinging = true;
    sm_timer_arm(connection->keepalive, keepalive->timeout_ns ? keepalive->timeout_ns : 20 * SM_NS_PER_S, false);
    sm_http2_ping(connection->session);
    sm_http2_flush(connection->session);
}

static void arm_keepalive(struct connection *connection)
{
    const struct sm_grpc_client_keepalive_options *keepalive = connection->channel->client->options->keepalive;
    if (!keepalive || !keepalive->enabled || keepalive->time_ns == 0)
        return;
    if (!connection->keepalive)
        connection->keepalive = sm_timer_create(connection->channel->worker, on_keepalive, connection);
    sm_timer_arm(connection->keepalive, keepalive->time_ns < KEEPALIVE_TIME_MIN_NS ? KEEPALIVE_TIME_MIN_NS : keepalive->time_ns, false);
}

/* ---- what the session says */

static void on_ready(struct sm_http2_session *session, void *context)
{
    (void)session;
    struct connection *connection = context;
    struct sm_grpc_channel *channel = connection->channel;
    if (connection->is_draining || channel->state != CONNECTING)
        return;
    channel->state = READY;
    channel->backoff_ns = 0;
    arm_keepalive(connection);
    submit_waiting(channel);
}

static void on_header(void *message, struct sm_slice name, struct sm_slice value, void *context)
{
    (void)context;
    sm_grpc_reply_header(&((struct call *)message)->reply, name, value);
}

static void on_headed(void *message, bool is_trailer, void *context)
{
    (void)message, (void)is_trailer, (void)context;
}

static void on_data(void *message, struct sm_slice bytes, void *context)
{
    (void)context;
    sm_grpc_reply_data(&((struct call *)message)->reply, bytes, SM_GRPC_ANSWER_LIMIT_BYTES);
}

static void on_ended(void *message, void *context)
{
    (void)context;
    ((struct call *)message)->reply.is_complete = true;
}

static void on_closed(void *message, uint32_t error_code, void *context)
{
    struct connection *connection = context;
    struct sm_grpc_channel *channel = connection->channel;
    struct call *call = message;
    call->connection = NULL;
    if (!call->answered) {
        call_free(call);
    } else if (call->reply.is_complete) {
        answer_reply(call);
    } else if (error_code == SM_HTTP2_REFUSED_STREAM && !call->was_resent && !channel->is_closing) {
        call->was_resent = true;
        sm_grpc_reply_deinit(&call->reply);
        wait_for_stream(call);
        if (channel->state == IDLE)
            begin_connect(channel);
    } else {
        char text[80];
        snprintf(text, sizeof(text),
                 error_code == SM_HTTP2_CANCEL ? "error reading from server: the connection was lost"
                                               : "stream terminated by RST_STREAM with error code: %u",
                 error_code);
        fail(call, channel->is_closing ? SM_RPC_CANCELLED : sm_grpc_code_of_reset(error_code), text);
    }
    if (channel->current == connection)
        submit_waiting(channel);
}

static void on_goaway(struct sm_http2_session *session, uint32_t error_code, struct sm_slice debug, void *context)
{
    (void)session, (void)error_code, (void)debug;
    retire(context);
}

static void on_ponged(struct sm_http2_session *session, void *context)
{
    (void)session;
    struct connection *connection = context;
    connection->is_pinging = false;
    arm_keepalive(connection);
}

static void on_failed(struct sm_http2_session *session, const char *reason, void *context)
{
    (void)session;
    on_lost(context, reason);
}

static const struct sm_http2_events session_events = {
    .ready = on_ready,
    .header = on_header,
    .headed = on_headed,
    .data = on_data,
    .ended = on_ended,
    .closed = on_closed,
    .goaway = on_goaway,
    .ponged = on_ponged,
    .failed = on_failed,
};

static void on_dialled(struct sm_worker *worker, struct sm_stream *stream, const char *failure, void *context)
{
    (void)worker;
    struct sm_grpc_channel *channel = context;
    channel->dial = NULL;
    if (!stream) {
        back_off(channel, failure);
        return;
    }
    struct connection *connection = sm_alloc(1, sizeof(*connection));
    connection->channel = channel;
    channel->current = connection;
    struct sm_http2_options options = {0};
    connection->session = sm_http2_session_create_client(stream, &options, &session_events, connection);
    sm_http2_flush(connection->session);
}

static void begin_connect(struct sm_grpc_channel *channel)
{
    sm_timer_disarm(channel->backoff);
    channel->state = CONNECTING;
    channel->dial = sm_dial_start(channel->worker, &channel->client->target, on_dialled, channel);
}

/* ---- calls */

static void on_deadline(struct sm_worker *worker, void *context)
{
    struct call *call = context;
    const struct sm_grpc_answer result = {.code = SM_RPC_DEADLINE_EXCEEDED, .message = SM_SLICE("context deadline exceeded")};
    struct connection *connection = call->connection;
    if (!connection) {
        answer(call, &result);
        return;
    }
    /* The session still knows the call: it stays, without anybody to answer to, until its stream is closed. */
    sm_grpc_answered *answered = call->answered;
    call->answered = NULL;
    struct sm_http2_session *session = connection->session;
    sm_http2_reset(session, call->stream_id, SM_HTTP2_CANCEL);
    answered(worker, &result, call->context);
    sm_http2_flush(session);
}

static void fail_later(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct call *call = context;
    if (call->sign_failure) {
        fail(call, SM_RPC_UNAUTHENTICATED, call->sign_failure);
        return;
    }
    char text[sizeof(call->channel->failure)];
    snprintf(text, sizeof(text), "%s", call->has_message ? call->channel->failure : "cannot compress the message");
    fail(call, call->has_message ? SM_RPC_UNAVAILABLE : SM_RPC_INTERNAL, text);
}

static void write_prefix(struct call *call, bool is_packed, size_t size)
{
    assert(size <= UINT32_MAX);
    call->prefix[0] = is_packed;
    for (int i = 0; i < 4; i++)
        call->prefix[1 + i] = (char)(size >> (24 - 8 * i) & 0xff);
}

static bool set_message(struct call *call, const struct sm_grpc_call_options *options)
{
    enum sm_compression compression = (enum sm_compression)call->channel->client->options->compression;
    bool is_packed = compression != SM_COMPRESSION_NONE;
    size_t count = is_packed ? 1 : options->message_count, size = 0;
    call->pieces = sm_alloc(count + 1, sizeof(*call->pieces));
    call->piece_count = count + 1;
    if (is_packed) {
        if (!sm_compress_pieces(compression, 0, options->message, options->message_count, &call->packed, NULL))
            return false;
        size = call->packed.size;
        call->pieces[1] = (struct iovec){.iov_base = call->packed.ptr, .iov_len = size};
    } else {
        for (size_t i = 0; i < count; i++) {
            call->pieces[i + 1] = options->message[i];
            size += options->message[i].iov_len;
        }
    }
    write_prefix(call, is_packed, size);
    call->pieces[0] = (struct iovec){.iov_base = call->prefix, .iov_len = PREFIX_BYTES};
    return size <= UINT32_MAX;
}

/* False: the call fails. */
static bool sign(struct call *call, const struct sm_metadata *context)
{
    const struct sm_grpc_client *client = call->channel->client;
    struct sm_error error;
    if (!client->options->auth || sm_client_auth_sign_call(&client->auth, context, &call->arena, &call->more, &call->more_count, &error))
        return true;
    call->sign_failure = sm_arena_printf(&call->arena, "transport: per-RPC creds failed due to error: %s", error.text);
    return false;
}

void sm_grpc_channel_call(struct sm_grpc_channel *channel, const struct sm_grpc_call_options *options, sm_grpc_answered *answered, void *context)
{
    sm_worker_assert(channel->worker);
    struct call *call = sm_alloc(1, sizeof(*call));
    *call = (struct call){.channel = channel, .next = channel->calls, .answered = answered, .context = context, .deadline_ns = options->deadline_ns};
    if (call->next)
        call->next->previous = call;
    channel->calls = call;
    call->path_size = options->path.size < PATH_BYTES ? options->path.size : PATH_BYTES;
    memcpy(call->path, options->path.ptr, call->path_size);
    call->has_message = set_message(call, options);
    if (!sign(call, options->context) || !call->has_message || (channel->state == BACKOFF && !channel->client->options->wait_for_ready)) {
        sm_worker_post(channel->worker, fail_later, call);
        return;
    }
    if (options->deadline_ns != UINT64_MAX) {
        uint64_t now_ns = sm_clock_mono_ns();
        call->timer = sm_timer_create(channel->worker, on_deadline, call);
        sm_timer_arm(call->timer, options->deadline_ns > now_ns ? options->deadline_ns - now_ns : 1, false);
    }
    wait_for_stream(call);
    if (channel->is_closing)
        return; /* whoever closes it ends what waits */
    if (channel->state == IDLE)
        begin_connect(channel);
    else
        submit_waiting(channel);
}

struct sm_grpc_channel *sm_grpc_channel_create(struct sm_grpc_client *client, struct sm_worker *worker)
{
    struct sm_grpc_channel *channel = sm_alloc(1, sizeof(*channel));
    channel->client = client;
    channel->worker = worker;
    channel->backoff = sm_timer_create(worker, on_backoff_over, channel);
    return channel;
}

void sm_grpc_channel_free(struct sm_grpc_channel *channel)
{
    if (!channel)
        return;
    sm_worker_assert(channel->worker);
    channel->is_closing = true;
    sm_dial_cancel(channel->dial);
    if (channel->current)
        retire(channel->current);
    while (channel->draining)
        forget(channel->draining);
    while (channel->calls)
        fail(channel->calls, SM_RPC_CANCELLED, "the client is closing");
    sm_timer_free(channel->backoff);
    free(channel);
}
