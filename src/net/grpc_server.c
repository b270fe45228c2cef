/* grpc_server.c - see grpc_server.h. Connections of the gRPC server: sessions, keepalive, age, stopping. A call's own business is in grpc_call.c.
 *
 * A call lives until it is both answered and closed; a connection that goes away cuts its open calls loose, whose answers then go nowhere.
 * Worker-local but for the server, which is immutable after start. Limits: SM_SERVER_CONNECTION_LIMIT, max_concurrent_streams, PING_STRIKES_MAX.
 * Source: grpc/proposal A8, A9 (keepalive); grpc-go internal/transport/http2_server.go (defaults, ping strikes). */
#include "net/grpc_server.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/grpc_call_internal.h"
#include "net/http2_session.h"
#include "net/server_life.h"
#include "net/stream.h"
#include "pipeline/worker.h"
#include "telemetry/metadata.h"

enum { PING_STRIKES_MAX = 2, ENDING_CHECK_MS = 1000 };
static const uint64_t KEEPALIVE_TIME_NS = 7200 * SM_NS_PER_S, KEEPALIVE_TIMEOUT_NS = 20 * SM_NS_PER_S, PING_INTERVAL_MIN_NS = 300 * SM_NS_PER_S;
static const uint64_t HANDSHAKE_LIMIT_NS = 120 * SM_NS_PER_S; /* from the connection to the client's SETTINGS, TLS included */

struct sm_grpc_server {
    struct sm_server_life life; /* first */
    struct sm_grpc_call_setup setup;
    struct sm_auth auth;            /* with the option `auth` */
    struct sm_grpc_method *methods; /* owned */
    struct sm_grpc_keepalive_server_parameters keepalive;
    struct sm_grpc_keepalive_enforcement_policy policy;
    uint32_t stream_limit;
};

/* Worker-local. */
struct connection {
    struct sm_server_link link; /* first */
    struct sm_grpc_server *server;
    struct sm_http2_session *session;                          /* owned */
    struct sm_timer *keepalive_timer, *age_timer, *idle_timer; /* owned; the last two NULL without a limit */
    size_t call_count;                                         /* open streams */
    uint64_t idle_since_ns;                                    /* when call_count became 0 */
    uint64_t last_ping_ns;
    unsigned ping_strikes;
    bool was_active;   /* something came since the last look */
    bool has_answered; /* since the last ping of the client */
    bool is_ready;     /* the client has said that it speaks HTTP/2 */
    bool awaits_pong, is_ending, is_too_old;
    char peer[64];
};

static struct sm_grpc_server *server_of(struct sm_server_life *life)
{
    return (struct sm_grpc_server *)life;
}

/* ---- calls */

static void *on_begin(struct sm_http2_session *session, int32_t id, void *context)
{
    struct connection *connection = context;
    struct sm_grpc_call *call = sm_alloc(1, sizeof(*call));
    call->connection = connection;
    call->peer = connection->peer;
    call->session = session;
    call->worker = connection->link.worker;
    call->setup = &connection->server->setup;
    call->id = id;
    connection->call_count++;
    connection->was_active = true;
    return call;
}

static void on_header(void *message, struct sm_slice name, struct sm_slice value, void *context)
{
    (void)context;
    sm_grpc_call_header(message, name, value);
}

static void on_headed(void *message, bool is_trailer, void *context)
{
    (void)context;
    if (!is_trailer)
        sm_grpc_call_headed(message);
}

static void on_data(void *message, struct sm_slice bytes, void *context)
{
    struct connection *connection = context;
    connection->was_active = true;
    sm_grpc_call_data(message, bytes);
}

static void on_ended(void *message, void *context)
{
    (void)context;
    sm_grpc_call_ended(message);
}

static void on_closed(void *message, uint32_t error_code, void *context)
{
    (void)error_code;
    struct connection *connection = context;
    struct sm_grpc_call *call = message;
    if (--connection->call_count == 0)
        connection->idle_since_ns = sm_clock_mono_ns();
    if (call->is_answered || !call->is_handled) {
        sm_grpc_call_free(call);
        return;
    }
    /* The handler still has it: its answer goes nowhere. */
    atomic_store_explicit(&call->is_abandoned, true, memory_order_relaxed);
    call->connection = NULL;
    call->peer = NULL;
    call->session = NULL;
}

static void on_answered(void *context)
{
    struct connection *connection = context;
    connection->has_answered = true;
    sm_http2_flush(connection->session); /* inside of a callback this waits until all that was read is handled */
}

/* ---- keepalive, idleness, age */

static void end_gracefully(struct connection *connection)
{
    if (connection->is_ending)
        return;
    connection->is_ending = true;
    sm_http2_session_shutdown(connection->session);
}

static void on_pinged(struct sm_http2_session *session, void *context)
{
    struct connection *connection = context;
    const struct sm_grpc_keepalive_enforcement_policy *policy = &connection->server->policy;
    uint64_t now_ns = sm_clock_mono_ns(), before_ns = connection->last_ping_ns;
    connection->was_active = true;
    connection->last_ping_ns = now_ns;
    if (connection->has_answered) {
        connection->has_answered = false;
        connection->ping_strikes = 0;
        return;
    }
    bool needs_stream = connection->call_count == 0 && !policy->permit_without_stream;
    uint64_t interval_ns = needs_stream ? KEEPALIVE_TIME_NS : policy->min_time_ns;
    if (before_ns && now_ns - before_ns < interval_ns)
        connection->ping_strikes++;
    if (connection->ping_strikes > PING_STRIKES_MAX)
        sm_http2_session_abort(session, SM_HTTP2_ENHANCE_YOUR_CALM, SM_SLICE("too_many_pings"));
}

static void on_ponged(struct sm_http2_session *session, void *context)
{
    (void)session;
    struct connection *connection = context;
    connection->was_active = true;
}

static void connection_free(struct connection *connection);

static void on_ready(struct sm_http2_session *session, void *context)
{
    (void)session;
    struct connection *connection = context;
    connection->is_ready = true;
    if (!connection->is_ending)
        sm_timer_arm(connection->keepalive_timer, connection->server->keepalive.time_ns, false);
}

/* Every `time` of silence a ping, which has `timeout` to be answered. On a connection that is ending: whether it may go. */
static void on_keepalive_timer(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct connection *connection = context;
    const struct sm_grpc_keepalive_server_parameters *keepalive = &connection->server->keepalive;
    uint64_t next_ns = keepalive->time_ns;
    if (!connection->is_ready) {
        connection_free(connection);
        return;
    }
    if (connection->is_ending) {
        /* A client that does not answer the farewell keeps nobody waiting. */
        if (connection->call_count == 0) {
            connection_free(connection);
            return;
        }
        sm_timer_arm(connection->keepalive_timer, ENDING_CHECK_MS * SM_NS_PER_MS, false);
        return;
    }
    if (connection->awaits_pong && !connection->was_active) {
        connection_free(connection);
        return;
    }
    connection->awaits_pong = !connection->was_active;
    connection->was_active = false;
    if (connection->awaits_pong) {
        sm_http2_ping(connection->session);
        sm_http2_flush(connection->session);
        next_ns = keepalive->timeout_ns;
    }
    sm_timer_arm(connection->keepalive_timer, next_ns, false);
}

/* Looks again when the limit could be reached, instead of arming a timer with every call. */
static void on_idle_timer(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct connection *connection = context;
    uint64_t limit_ns = connection->server->keepalive.max_connection_idle_ns;
    uint64_t idle_ns = connection->call_count == 0 ? sm_clock_mono_ns() - connection->idle_since_ns : 0;
    if (idle_ns < limit_ns) {
        sm_timer_arm(connection->idle_timer, limit_ns - idle_ns, false);
        return;
    }
    end_gracefully(connection);
    sm_timer_arm(connection->keepalive_timer, ENDING_CHECK_MS * SM_NS_PER_MS, false);
}

static void on_age_timer(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct connection *connection = context;
    if (connection->is_too_old) {
        connection_free(connection);
        return;
    }
    connection->is_too_old = true;
    uint64_t grace_ns = connection->server->keepalive.max_connection_age_grace_ns;
    if (grace_ns)
        sm_timer_arm(connection->age_timer, grace_ns, false);
    end_gracefully(connection);
    sm_timer_arm(connection->keepalive_timer, ENDING_CHECK_MS * SM_NS_PER_MS, false);
}

/* ---- connections */

static void connection_free(struct connection *connection)
{
    sm_http2_session_close(connection->session); /* closes the open calls */
    sm_timer_free(connection->keepalive_timer);
    sm_timer_free(connection->age_timer);
    sm_timer_free(connection->idle_timer);
    sm_server_link_remove(&connection->link);
    free(connection);
}

static void on_failed(struct sm_http2_session *session, const char *reason, void *context)
{
    struct connection *connection = context;
    sm_server_life_note_failure(&connection->server->life, sm_http2_session_stream(session), connection->peer, reason);
    connection_free(connection);
}

static const struct sm_http2_events session_events = {
    .ready = on_ready,
    .begin = on_begin,
    .header = on_header,
    .headed = on_headed,
    .data = on_data,
    .ended = on_ended,
    .closed = on_closed,
    .pinged = on_pinged,
    .ponged = on_ponged,
    .failed = on_failed,
};

/* Give or take a tenth, so that connections made together do not end together. */
static uint64_t jittered(uint64_t age_ns, const void *seed)
{
    uint64_t spread_ns = age_ns / 5;
    uint64_t mixed = (sm_clock_mono_ns() ^ (uintptr_t)seed) * UINT64_C(0x9E3779B97F4A7C15);
    return spread_ns ? age_ns - spread_ns / 2 + mixed % spread_ns : age_ns;
}

static void on_accepted(struct sm_server_life *life, struct sm_worker *worker, int fd, const char *peer)
{
    static const struct sm_stream_events no_events = {0}; /* the session sets its own at once */
    struct connection *connection = sm_alloc(1, sizeof(*connection));
    connection->server = server_of(life);
    snprintf(connection->peer, sizeof(connection->peer), "%s", peer);
    sm_server_link_add(life, worker, &connection->link);
    connection->idle_since_ns = sm_clock_mono_ns();
    connection->keepalive_timer = sm_timer_create(worker, on_keepalive_timer, connection);
    sm_timer_arm(connection->keepalive_timer, HANDSHAKE_LIMIT_NS, false);
    uint64_t idle_ns = connection->server->keepalive.max_connection_idle_ns, age_ns = connection->server->keepalive.max_connection_age_ns;
    if (idle_ns) {
        connection->idle_timer = sm_timer_create(worker, on_idle_timer, connection);
        sm_timer_arm(connection->idle_timer, idle_ns, false);
    }
    if (age_ns) {
        connection->age_timer = sm_timer_create(worker, on_age_timer, connection);
        sm_timer_arm(connection->age_timer, jittered(age_ns, connection), false);
    }
    const struct sm_http2_options options = {.max_concurrent_streams = connection->server->stream_limit};
    connection->session =
        sm_http2_session_create_server(sm_stream_accept(worker, fd, life->tls, &no_events, NULL), &options, &session_events, connection);
}

static void end_connection(struct sm_server_link *link)
{
    struct connection *connection = (struct connection *)link;
    end_gracefully(connection);
    sm_timer_arm(connection->keepalive_timer, ENDING_CHECK_MS * SM_NS_PER_MS, false);
}

/* ---- the server */

static const char *const alpn[] = {"h2", NULL};
static const struct sm_server_kind server_kind = {.name = "gRPC", .alpn = alpn, .accepted = on_accepted, .end_connection = end_connection};

static uint64_t or_preset(uint64_t value, uint64_t preset)
{
    return value ? value : preset;
}

static void apply_keepalive(struct sm_grpc_server *server, const struct sm_grpc_keepalive_options *options)
{
    if (options && options->server_parameters)
        server->keepalive = *options->server_parameters;
    if (options && options->enforcement_policy)
        server->policy = *options->enforcement_policy;
    server->keepalive.time_ns = or_preset(server->keepalive.time_ns, KEEPALIVE_TIME_NS);
    if (server->keepalive.time_ns < SM_NS_PER_S)
        server->keepalive.time_ns = SM_NS_PER_S; /* as grpc-go does */
    server->keepalive.timeout_ns = or_preset(server->keepalive.timeout_ns, KEEPALIVE_TIMEOUT_NS);
    server->policy.min_time_ns = or_preset(server->policy.min_time_ns, PING_INTERVAL_MIN_NS);
}

struct sm_grpc_server *sm_grpc_server_create(struct sm_workers *workers, const struct sm_grpc_server_options *options,
                                             const struct sm_grpc_method *methods, size_t method_count, const struct sm_component *user,
                                             struct sm_error *error)
{
    struct sm_grpc_server *server = sm_alloc(1, sizeof(*server));
    server->methods = sm_alloc(method_count, sizeof(*methods));
    if (method_count)
        memcpy(server->methods, methods, method_count * sizeof(*methods));
    server->setup = (struct sm_grpc_call_setup){.methods = server->methods,
                                                .method_count = method_count,
                                                .answered = on_answered,
                                                .includes_metadata = options->include_metadata,
                                                .keeps_headers = options->include_metadata || sm_metadata_is_grpc_wanted() || options->auth};
    size_t limit = (size_t)options->max_recv_msg_size_mib * 1024 * 1024;
    server->setup.message_limit_bytes = options->max_recv_msg_size_mib > 0 ? limit : SM_GRPC_MESSAGE_LIMIT_BYTES;
    server->stream_limit = (uint32_t)options->max_concurrent_streams;
    apply_keepalive(server, options->keepalive);
    if (options->auth)
        server->setup.auth = &server->auth;
    if (sm_server_life_init(&server->life, &server_kind, workers, &options->endpoint, options->transport, options->tls, error) &&
        (!options->auth || sm_auth_open(&server->auth, user, &options->auth->authenticator, SM_AUTH_SERVER, error)))
        return server;
    sm_grpc_server_free(server);
    return NULL;
}

bool sm_grpc_server_start(struct sm_grpc_server *server, struct sm_error *error)
{
    return sm_server_life_start(&server->life, error);
}

const char *sm_grpc_server_address(const struct sm_grpc_server *server)
{
    return server->life.address;
}

void sm_grpc_server_stop(struct sm_grpc_server *server, void (*stopped)(void *context), void *context)
{
    sm_server_life_stop(&server->life, stopped, context);
}

void sm_grpc_server_free(struct sm_grpc_server *server)
{
    if (!server)
        return;
    sm_server_life_deinit(&server->life);
    free(server->methods);
    free(server);
}
