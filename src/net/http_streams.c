/* http_streams.c - see http_streams.h. The connection's HTTP/2 session, its requests, idleness and end.
 *
 *     begin -> headers -> [data …] -> handled -> answered -> closed
 *
 * A request lives until it is both answered and closed, or closed before it was handled. Worker-local. Limits: STREAM_LIMIT, the session's own,
 * max_request_body_size, read_timeout from a request's first byte to its last, write_timeout from then until its answer has been taken, idle_timeout
 * between requests. Source: RFC 9113; Go net/http h2_bundle.go (which limit means what there). */
#include "net/http_streams.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/memory.h"
#include "net/http2_session.h"
#include "net/http_request.h"
#include "net/stream.h"
#include "pipeline/worker.h"

enum {
    STREAM_LIMIT = 250,              /* as Go's server */
    IGNORED_BYTES_MAX = 1024 * 1024, /* that may still come of a request that was answered before its end */
    HEADERS_MAX = 1000,
    ANSWER_HEADERS_MAX = 64,
};
static const uint64_t ENDING_CHECK_NS = SM_NS_PER_S;

struct sm_http_streams {
    struct sm_http_streams_setup setup;
    struct sm_http2_session *session; /* owned */
    struct sm_timer *timer;           /* owned: idleness; while it ends, whether it may */
    size_t open_count;
    bool is_ending;
    char peer[64];
};

struct header_place {
    size_t at, name_size, value_size;
};

struct exchange {
    struct sm_http_request request;  /* first */
    struct sm_http_streams *streams; /* NULL: the client is gone */
    struct sm_http1_head head;
    struct sm_http1_header *headers; /* owned; from `headed` on */
    struct sm_bytes text;            /* heap: names and values as they came */
    struct header_place *places;     /* owned */
    size_t place_count, place_capacity;
    struct header_place method, target;
    struct sm_timer *timer; /* owned; NULL: no limit */
    size_t ignored_bytes;
    int32_t id;
    bool has_authority, is_headed, is_handled, is_answered;
};

static void exchange_free(struct exchange *exchange)
{
    sm_http_request_reset(&exchange->request);
    sm_timer_free(exchange->timer);
    sm_bytes_deinit(&exchange->text);
    free(exchange->places);
    free(exchange->headers);
    free(exchange);
}

/* ---- time limits */

static void on_exchange_timer(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct exchange *exchange = context;
    struct sm_http2_session *session = exchange->streams->session;
    sm_http2_reset(session, exchange->id, SM_HTTP2_INTERNAL_ERROR);
    sm_http2_flush(session); /* the exchange may be gone */
}

static void limit_exchange(struct exchange *exchange, uint64_t limit_ns)
{
    if (limit_ns && !exchange->timer)
        exchange->timer = sm_timer_create(exchange->request.worker, on_exchange_timer, exchange);
    if (limit_ns)
        sm_timer_arm(exchange->timer, limit_ns, false);
    else if (exchange->timer)
        sm_timer_disarm(exchange->timer);
}

static void limit_idle(struct sm_http_streams *streams)
{
    const struct sm_http_server_options *options = streams->setup.options;
    uint64_t limit_ns = options->idle_timeout_ns ? options->idle_timeout_ns : options->read_timeout_ns;
    if (streams->is_ending)
        return;
    if (streams->open_count == 0 && limit_ns)
        sm_timer_arm(streams->timer, limit_ns, false);
    else
        sm_timer_disarm(streams->timer);
}

static void on_timer(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_http_streams *streams = context;
    if (!streams->is_ending) {
        sm_http_streams_end(streams);
        return;
    }
    /* A client that does not answer the farewell keeps nobody waiting. */
    if (streams->open_count == 0)
        streams->setup.over(streams->setup.owner);
    else
        sm_timer_arm(streams->timer, ENDING_CHECK_NS, false);
}

/* ---- answering */

/* The lines of an HTTP/1.1 head as headers; names become lower case in place. */
static size_t take_lines(struct sm_slice lines, struct sm_http2_header *headers, size_t count, size_t limit)
{
    while (lines.size > 0 && count < limit) {
        struct sm_slice line = sm_slice_cut(&lines, '\n');
        struct sm_slice name = sm_slice_cut(&line, ':');
        sm_ascii_lower_in_place((char *)(uintptr_t)name.ptr, name.size);
        if (name.size > 0)
            headers[count++] = (struct sm_http2_header){.name = name, .value = sm_slice_trim(line)};
    }
    return count;
}

static void send_answer(struct exchange *exchange, const struct sm_http_response *response)
{
    struct sm_bytes lines = {0};
    char status[16];
    snprintf(status, sizeof(status), "%d", response->status);
    sm_http_response_write_fields(&exchange->request, response, &lines);
    struct sm_http2_header headers[ANSWER_HEADERS_MAX] = {{.name = SM_SLICE(":status"), .value = sm_slice_of(status)}};
    size_t count = take_lines(sm_bytes_slice(&lines), headers, 1, ANSWER_HEADERS_MAX);
    bool is_head = sm_slice_is(exchange->head.method, "HEAD");
    sm_http2_submit_response(exchange->streams->session, exchange->id, headers, count, is_head ? (struct sm_slice){0} : response->body, NULL, 0);
    sm_bytes_deinit(&lines);
}

static void respond(struct sm_http_request *request, const struct sm_http_response *response)
{
    struct exchange *exchange = (struct exchange *)request;
    struct sm_http_streams *streams = exchange->streams;
    if (!streams) {
        exchange_free(exchange);
        return;
    }
    exchange->is_answered = true;
    send_answer(exchange, response);
    sm_http_request_reset(request);
    if (streams->setup.is_stopping(streams->setup.owner) || !streams->setup.options->keep_alives_enabled)
        sm_http_streams_end(streams);
    else
        sm_http2_flush(streams->session); /* inside of a callback this waits until all that was read is handled */
}

/* ---- receiving */

static void handle(struct exchange *exchange)
{
    const struct sm_http_streams_setup *setup = &exchange->streams->setup;
    exchange->is_handled = true;
    limit_exchange(exchange, setup->options->write_timeout_ns);
    if (sm_http_cors_is_preflight(&exchange->request))
        respond(&exchange->request, &(struct sm_http_response){.status = 204});
    else
        setup->handler(&exchange->request, setup->handler_context);
}

static void *on_begin(struct sm_http2_session *session, int32_t id, void *context)
{
    struct sm_http_streams *streams = context;
    struct exchange *exchange = sm_alloc(1, sizeof(*exchange));
    exchange->streams = streams;
    exchange->id = id;
    exchange->request = (struct sm_http_request){
        .options = streams->setup.options,
        .worker = sm_stream_worker(sm_http2_session_stream(session)),
        .respond = respond,
        .body_limit_bytes = streams->setup.body_limit_bytes,
    };
    snprintf(exchange->request.peer, sizeof(exchange->request.peer), "%s", streams->peer);
    streams->open_count++;
    limit_idle(streams);
    limit_exchange(exchange, streams->setup.options->read_timeout_ns);
    return exchange;
}

static struct header_place keep_text(struct exchange *exchange, struct sm_slice name, struct sm_slice value)
{
    struct header_place place = {.at = exchange->text.size, .name_size = name.size, .value_size = value.size};
    sm_bytes_append_slice(&exchange->text, name);
    sm_bytes_append_slice(&exchange->text, value);
    return place;
}

static void keep_header(struct exchange *exchange, struct sm_slice name, struct sm_slice value)
{
    if (exchange->place_count == HEADERS_MAX)
        return;
    if (exchange->place_count == exchange->place_capacity) {
        exchange->place_capacity = exchange->place_capacity ? exchange->place_capacity * 2 : 16;
        exchange->places = sm_realloc(exchange->places, exchange->place_capacity, sizeof(*exchange->places));
    }
    exchange->places[exchange->place_count++] = keep_text(exchange, name, value);
}

/* Trailers say nothing that anybody here asks for. */
static void on_header(void *message, struct sm_slice name, struct sm_slice value, void *context)
{
    (void)context;
    struct exchange *exchange = message;
    if (exchange->is_headed || name.size == 0)
        return;
    if (sm_slice_is(name, ":method")) {
        exchange->method = keep_text(exchange, (struct sm_slice){0}, value);
    } else if (sm_slice_is(name, ":path")) {
        exchange->target = keep_text(exchange, (struct sm_slice){0}, value);
    } else if (sm_slice_is(name, ":authority")) {
        exchange->has_authority = true;
        keep_header(exchange, SM_SLICE("host"), value);
    } else if (name.ptr[0] != ':' && !(exchange->has_authority && sm_slice_is(name, "host"))) {
        keep_header(exchange, name, value);
    }
}

static struct sm_slice value_at(const struct exchange *exchange, struct header_place place)
{
    return sm_slice_make(exchange->text.ptr + place.at + place.name_size, place.value_size);
}

/* Digits that nghttp2 has checked. */
static uint64_t read_length(struct sm_slice digits)
{
    uint64_t length = 0;
    for (size_t i = 0; i < digits.size; i++)
        if (__builtin_mul_overflow(length, 10, &length) || __builtin_add_overflow(length, (uint64_t)(digits.ptr[i] - '0'), &length))
            return UINT64_MAX;
    return length;
}

static void make_head(struct exchange *exchange)
{
    struct sm_http1_head *head = &exchange->head;
    exchange->headers = sm_alloc(exchange->place_count, sizeof(*exchange->headers));
    for (size_t i = 0; i < exchange->place_count; i++) {
        struct header_place place = exchange->places[i];
        exchange->headers[i] =
            (struct sm_http1_header){.name = sm_slice_make(exchange->text.ptr + place.at, place.name_size), .value = value_at(exchange, place)};
    }
    *head = (struct sm_http1_head){
        .method = value_at(exchange, exchange->method),
        .target = value_at(exchange, exchange->target),
        .headers = exchange->headers,
        .header_count = exchange->place_count,
        .is_keep_alive = true,
        .minor_version = 1,
    };
    struct sm_slice length = sm_http1_find_header(head, SM_SLICE("content-length"));
    head->has_content_length = length.size > 0;
    head->content_length = read_length(length);
}

static void on_headed(void *message, bool is_trailer, void *context)
{
    (void)context;
    struct exchange *exchange = message;
    if (is_trailer)
        return;
    exchange->is_headed = true;
    make_head(exchange);
    sm_http_request_begin(&exchange->request, &exchange->head);
    if (exchange->request.is_body_too_large)
        handle(exchange);
}

static void on_data(void *message, struct sm_slice bytes, void *context)
{
    struct sm_http_streams *streams = context;
    struct exchange *exchange = message;
    if (!exchange->is_handled) {
        if (!sm_http_request_add_body(&exchange->request, bytes))
            handle(exchange);
        return;
    }
    exchange->ignored_bytes += bytes.size;
    if (exchange->is_answered && exchange->ignored_bytes > IGNORED_BYTES_MAX)
        sm_http2_reset(streams->session, exchange->id, SM_HTTP2_NO_ERROR);
}

static void on_ended(void *message, void *context)
{
    (void)context;
    struct exchange *exchange = message;
    if (!exchange->is_handled)
        handle(exchange);
}

static void on_closed(void *message, uint32_t error_code, void *context)
{
    (void)error_code;
    struct sm_http_streams *streams = context;
    struct exchange *exchange = message;
    streams->open_count--;
    limit_idle(streams);
    if (exchange->is_answered || !exchange->is_handled) {
        exchange_free(exchange);
        return;
    }
    /* The handler still has it: its answer goes nowhere. Relaxed: whoever sees the flag late only works in vain. */
    atomic_store_explicit(&exchange->request.is_abandoned, true, memory_order_relaxed);
    sm_timer_free(exchange->timer);
    exchange->timer = NULL;
    exchange->streams = NULL;
}

static void on_failed(struct sm_http2_session *session, const char *reason, void *context)
{
    (void)session, (void)reason;
    struct sm_http_streams *streams = context;
    streams->setup.over(streams->setup.owner);
}

static const struct sm_http2_events session_events = {
    .begin = on_begin,
    .header = on_header,
    .headed = on_headed,
    .data = on_data,
    .ended = on_ended,
    .closed = on_closed,
    .failed = on_failed,
};

/* ---- life */

struct sm_http_streams *sm_http_streams_create(struct sm_stream *stream, const struct sm_http_streams_setup *setup)
{
    struct sm_http_streams *streams = sm_alloc(1, sizeof(*streams));
    streams->setup = *setup;
    snprintf(streams->peer, sizeof(streams->peer), "%s", setup->peer);
    streams->timer = sm_timer_create(sm_stream_worker(stream), on_timer, streams);
    const struct sm_http2_options options = {.max_concurrent_streams = STREAM_LIMIT};
    streams->session = sm_http2_session_create_server(stream, &options, &session_events, streams);
    limit_idle(streams);
    return streams;
}

void sm_http_streams_end(struct sm_http_streams *streams)
{
    if (streams->is_ending)
        return;
    streams->is_ending = true;
    sm_timer_arm(streams->timer, ENDING_CHECK_NS, false);
    sm_http2_session_shutdown(streams->session);
}

void sm_http_streams_free(struct sm_http_streams *streams)
{
    if (!streams)
        return;
    sm_http2_session_close(streams->session); /* closes what is open */
    sm_timer_free(streams->timer);
    free(streams);
}
