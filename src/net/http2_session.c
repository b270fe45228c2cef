/* http2_session.c - see http2_session.h.
 *
 * Bytes that were read are fed to nghttp2 at once; what it wants to send afterwards is gathered - frame heads and control frames in a small block,
 * bodies as pieces where they lie - and written with one call. A body piece is never kept beyond that call: what the socket does not take is copied
 * by the stream, so a message's bytes may go as soon as it is closed. State: worker-local. Limits: those of the header; UNSENT_LIMIT_BYTES of output
 * before production stops; EMPTY_DATA_LIMIT. Source: RFC 9113; nghttp2 1.52 (which limits resets, CONTINUATIONs, SETTINGS and PINGs itself). */
#include "net/http2_session.h"

#include <stdio.h>
#include <stdlib.h>

#include <nghttp2/nghttp2.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/stream.h"

enum {
    UNSENT_LIMIT_BYTES = 256 * 1024, /* gathered before a write, and unsent before production pauses */
    GATHER_PIECES = 128,
    GATHER_SMALL_BYTES = 8 * 1024,
    COPIED_PIECE_BYTES = 512, /* pieces up to this size are copied: an answer then waits for its trailers instead of being written before them */
    EMPTY_DATA_LIMIT = 1000,  /* DATA frames without data in a row: nothing needs them */
    FRAME_HEAD_BYTES = 9,
    HEADERS_ON_STACK = 64,
};
static const uint64_t LINGER_NS = SM_NS_PER_S;
static const uint8_t SHUTDOWN_PING[8] = {'s', 'm', 's', 'h', 'u', 't', 'd', 'n'};

/* One message exchange: a stream of HTTP/2. Worker-local; nghttp2's stream user data. */
struct exchange {
    struct exchange *next, **link; /* of session->exchanges */
    struct sm_http2_session *session;
    void *message; /* the user's */
    int32_t id;
    bool is_headed, is_interim;
    size_t header_bytes;
    /* the body being sent */
    struct iovec *pieces; /* owned array, borrowed bytes */
    size_t piece_count, piece_at, piece_skip, body_left;
    char *body_copy;      /* owned; answers */
    nghttp2_nv *trailers; /* owned, in one block with their bytes */
    size_t trailer_count;
};

/* What one flush has gathered; on its stack. */
struct gather {
    struct iovec pieces[GATHER_PIECES];
    size_t count, bytes, small_used;
    bool has_lent; /* bytes of a message are among the pieces */
    char small[GATHER_SMALL_BYTES];
};

struct sm_http2_session {
    nghttp2_session *ng;                  /* owned */
    struct sm_stream *stream;             /* owned */
    const struct sm_http2_events *events; /* borrowed: constant */
    void *context;                        /* borrowed */
    struct exchange *exchanges;
    size_t exchange_count;
    struct gather *gather; /* during a flush */
    uint32_t header_limit_bytes;
    unsigned depth; /* of calls into nghttp2 that make callbacks */
    unsigned empty_data_count;
    bool is_server, is_closed, is_ready, is_over, is_flushing, is_shutting_down, is_aborting;
    char reason[256];
};

static void flush(struct sm_http2_session *session);

/* ---- exchanges */

static struct exchange *exchange_create(struct sm_http2_session *session, int32_t id)
{
    struct exchange *exchange = sm_alloc(1, sizeof(*exchange));
    exchange->session = session;
    exchange->id = id;
    exchange->next = session->exchanges;
    exchange->link = &session->exchanges;
    if (exchange->next)
        exchange->next->link = &exchange->next;
    session->exchanges = exchange;
    session->exchange_count++;
    return exchange;
}

static void exchange_free(struct exchange *exchange)
{
    *exchange->link = exchange->next;
    if (exchange->next)
        exchange->next->link = exchange->link;
    exchange->session->exchange_count--;
    free(exchange->pieces);
    free(exchange->body_copy);
    free(exchange->trailers);
    free(exchange);
}

static void close_exchange(struct exchange *exchange, uint32_t error_code)
{
    struct sm_http2_session *session = exchange->session;
    void *message = exchange->message;
    exchange_free(exchange);
    if (message)
        session->events->closed(message, error_code, session->context);
}

static void close_all_exchanges(struct sm_http2_session *session, uint32_t error_code)
{
    while (session->exchanges) {
        struct exchange *exchange = session->exchanges;
        nghttp2_session_set_stream_user_data(session->ng, exchange->id, NULL);
        close_exchange(exchange, error_code);
    }
}

/* ---- life */

static void release(struct sm_http2_session *session)
{
    nghttp2_session_del(session->ng);
    sm_stream_close(session->stream);
    free(session);
}

static void enter(struct sm_http2_session *session)
{
    session->depth++;
}

/* Whether the session is still there. */
static bool leave(struct sm_http2_session *session)
{
    if (--session->depth > 0 || !session->is_closed)
        return !session->is_closed;
    release(session);
    return false;
}

void sm_http2_session_close(struct sm_http2_session *session)
{
    if (!session || session->is_closed)
        return;
    enter(session);
    session->is_closed = true;
    close_all_exchanges(session, SM_HTTP2_CANCEL);
    leave(session);
}

/* Nothing more will come of this session: its messages end, what is gathered is sent, and then the user is told. */
static void finish(struct sm_http2_session *session, const char *reason)
{
    if (session->is_over || session->is_closed)
        return;
    session->is_over = true;
    if (reason != session->reason)
        snprintf(session->reason, sizeof(session->reason), "%s", reason);
    close_all_exchanges(session, SM_HTTP2_CANCEL);
    if (!session->is_closed)
        sm_stream_close_when_sent(session->stream, LINGER_NS);
}

/* ---- what nghttp2 calls: receiving */

static int status_for_nghttp2(const struct sm_http2_session *session)
{
    return session->is_closed || session->is_aborting ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *context)
{
    struct sm_http2_session *session = context;
    struct exchange *exchange = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
    if (exchange)
        exchange->header_bytes = 0;
    if (!session->is_server || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    void *message = session->events->begin(session, frame->hd.stream_id, session->context);
    if (session->is_closed)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (!message) {
        nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
        return 0;
    }
    exchange = exchange_create(session, frame->hd.stream_id);
    exchange->message = message;
    nghttp2_session_set_stream_user_data(ng, frame->hd.stream_id, exchange);
    return 0;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name, size_t name_size, const uint8_t *value, size_t value_size,
                     uint8_t flags, void *context)
{
    (void)flags;
    struct sm_http2_session *session = context;
    struct exchange *exchange = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
    if (!exchange || frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    /* RFC 9113 section 10.5.1: name, value and 32 bytes for each. */
    exchange->header_bytes += name_size + value_size + 32;
    if (exchange->header_bytes > session->header_limit_bytes)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream */
    struct sm_slice name_slice = sm_slice_make(name, name_size), value_slice = sm_slice_make(value, value_size);
    if (!session->is_server && !exchange->is_headed && sm_slice_is(name_slice, ":status"))
        exchange->is_interim = value_size > 0 && value[0] == '1';
    if (session->events->header && !exchange->is_interim)
        session->events->header(exchange->message, name_slice, value_slice, session->context);
    return status_for_nghttp2(session);
}

static void message_headed(struct sm_http2_session *session, struct exchange *exchange)
{
    if (exchange->is_interim) {
        exchange->is_interim = false;
        return;
    }
    bool is_trailer = exchange->is_headed;
    exchange->is_headed = true;
    session->events->headed(exchange->message, is_trailer, session->context);
}

static void check_empty_data(struct sm_http2_session *session, const nghttp2_frame *frame)
{
    if (frame->hd.length > 0 || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        session->empty_data_count = 0;
    else if (++session->empty_data_count > EMPTY_DATA_LIMIT)
        nghttp2_session_terminate_session(session->ng, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void on_ping(struct sm_http2_session *session, const nghttp2_frame *frame)
{
    if (!(frame->hd.flags & NGHTTP2_FLAG_ACK)) {
        if (session->events->pinged)
            session->events->pinged(session, session->context);
        return;
    }
    if (session->is_shutting_down && memcmp(frame->ping.opaque_data, SHUTDOWN_PING, sizeof(SHUTDOWN_PING)) == 0)
        nghttp2_submit_goaway(session->ng, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session->ng), NGHTTP2_NO_ERROR, NULL, 0);
    else if (session->events->ponged)
        session->events->ponged(session, session->context);
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *context)
{
    struct sm_http2_session *session = context;
    int32_t id = frame->hd.stream_id;
    struct exchange *exchange = id > 0 ? nghttp2_session_get_stream_user_data(ng, id) : NULL;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        if (exchange)
            message_headed(session, exchange);
        break;
    case NGHTTP2_DATA:
        check_empty_data(session, frame);
        break;
    case NGHTTP2_SETTINGS:
        if (!(frame->hd.flags & NGHTTP2_FLAG_ACK) && !session->is_ready) {
            session->is_ready = true;
            if (session->events->ready)
                session->events->ready(session, session->context);
        }
        return status_for_nghttp2(session);
    case NGHTTP2_PING:
        on_ping(session, frame);
        return status_for_nghttp2(session);
    case NGHTTP2_GOAWAY:
        if (session->events->goaway)
            session->events->goaway(session, frame->goaway.error_code, sm_slice_make(frame->goaway.opaque_data, frame->goaway.opaque_data_len),
                                    session->context);
        return status_for_nghttp2(session);
    default:
        return 0;
    }
    if (status_for_nghttp2(session) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    exchange = nghttp2_session_get_stream_user_data(ng, id); /* the callback may have ended it */
    if (exchange && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        session->events->ended(exchange->message, session->context);
    return status_for_nghttp2(session);
}

static int on_data_chunk(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t size, void *context)
{
    (void)flags;
    struct sm_http2_session *session = context;
    struct exchange *exchange = nghttp2_session_get_stream_user_data(ng, id);
    if (exchange && size > 0)
        session->events->data(exchange->message, sm_slice_make(data, size), session->context);
    return status_for_nghttp2(session);
}

static void write_lent(struct sm_http2_session *session);

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t error_code, void *context)
{
    struct sm_http2_session *session = context;
    struct exchange *exchange = nghttp2_session_get_stream_user_data(ng, id);
    if (!exchange)
        return 0;
    write_lent(session);
    nghttp2_session_set_stream_user_data(ng, id, NULL);
    close_exchange(exchange, error_code);
    return status_for_nghttp2(session);
}

/* A request that could not be sent any more (GOAWAY came first) has no stream that would be closed. */
static int on_frame_not_sent(nghttp2_session *ng, const nghttp2_frame *frame, int code, void *context)
{
    (void)code;
    struct sm_http2_session *session = context;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    for (struct exchange *exchange = session->exchanges; exchange; exchange = exchange->next)
        if (exchange->id == frame->hd.stream_id) {
            nghttp2_session_set_stream_user_data(ng, exchange->id, NULL);
            close_exchange(exchange, SM_HTTP2_REFUSED_STREAM);
            break;
        }
    return status_for_nghttp2(session);
}

static int on_library_error(nghttp2_session *ng, int code, const char *text, size_t size, void *context)
{
    (void)ng;
    (void)code;
    struct sm_http2_session *session = context;
    snprintf(session->reason, sizeof(session->reason), "%.*s", (int)(size > 200 ? 200 : size), text);
    return 0;
}

/* ---- what nghttp2 calls: sending */

static ssize_t read_body(nghttp2_session *ng, int32_t id, uint8_t *buffer, size_t size, uint32_t *flags, nghttp2_data_source *source, void *context)
{
    (void)buffer;
    (void)context;
    struct exchange *exchange = source->ptr;
    size_t take = size < exchange->body_left ? size : exchange->body_left;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (take < exchange->body_left)
        return (ssize_t)take;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (exchange->trailer_count > 0) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (nghttp2_submit_trailer(ng, id, exchange->trailers, exchange->trailer_count) != 0)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return (ssize_t)take;
}

static void write_gathered(struct sm_http2_session *session)
{
    struct gather *gather = session->gather;
    if (!gather || gather->count == 0)
        return;
    sm_stream_write(session->stream, gather->pieces, gather->count);
    gather->count = gather->bytes = gather->small_used = 0;
    gather->has_lent = false;
}

/* For a message that ends: its bytes may go after this. */
static void write_lent(struct sm_http2_session *session)
{
    if (session->gather && session->gather->has_lent)
        write_gathered(session);
}

static void gather_piece(struct sm_http2_session *session, const void *from, size_t size)
{
    struct gather *gather = session->gather;
    if (gather->count == GATHER_PIECES || gather->bytes >= UNSENT_LIMIT_BYTES)
        write_gathered(session);
    gather->pieces[gather->count++] = (struct iovec){.iov_base = (void *)from, .iov_len = size};
    gather->bytes += size;
    gather->has_lent = true;
}

/* Copies: the bytes are gone before the write. Neighbours become one piece. */
static void gather_small(struct sm_http2_session *session, const void *from, size_t size)
{
    struct gather *gather = session->gather;
    if (size > sizeof(gather->small) - gather->small_used)
        write_gathered(session);
    if (size > sizeof(gather->small)) {
        struct iovec piece = {.iov_base = (void *)from, .iov_len = size};
        sm_stream_write(session->stream, &piece, 1);
        return;
    }
    if (gather->count == GATHER_PIECES)
        write_gathered(session);
    char *to = gather->small + gather->small_used;
    memcpy(to, from, size);
    gather->small_used += size;
    gather->bytes += size;
    struct iovec *last = gather->count ? &gather->pieces[gather->count - 1] : NULL;
    if (last && (char *)last->iov_base + last->iov_len == to)
        last->iov_len += size;
    else
        gather->pieces[gather->count++] = (struct iovec){.iov_base = to, .iov_len = size};
}

static int send_data(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *head, size_t size, nghttp2_data_source *source, void *context)
{
    (void)ng;
    (void)frame;
    struct sm_http2_session *session = context;
    struct exchange *exchange = source->ptr;
    gather_small(session, head, FRAME_HEAD_BYTES);
    exchange->body_left -= size;
    while (size > 0) {
        struct iovec *piece = &exchange->pieces[exchange->piece_at];
        size_t left = piece->iov_len - exchange->piece_skip;
        size_t take = size < left ? size : left;
        const char *from = (const char *)piece->iov_base + exchange->piece_skip;
        if (take > COPIED_PIECE_BYTES)
            gather_piece(session, from, take);
        else if (take > 0)
            gather_small(session, from, take);
        size -= take;
        exchange->piece_skip += take;
        if (exchange->piece_skip == piece->iov_len) {
            exchange->piece_at++;
            exchange->piece_skip = 0;
        }
    }
    return 0;
}

/* Frames as large as the other side takes: fewer heads for large bodies. */
static ssize_t data_frame_size(nghttp2_session *ng, uint8_t frame_type, int32_t id, int32_t session_window, int32_t stream_window,
                               uint32_t max_frame_size, void *context)
{
    (void)ng;
    (void)frame_type;
    (void)id;
    (void)context;
    int32_t size = session_window < stream_window ? session_window : stream_window;
    return size < (int64_t)max_frame_size ? size : (ssize_t)max_frame_size;
}

static void flush(struct sm_http2_session *session)
{
    if (session->is_flushing || session->is_closed || session->is_over)
        return;
    struct gather gather;
    gather.count = gather.bytes = gather.small_used = 0;
    gather.has_lent = false;
    session->gather = &gather;
    session->is_flushing = true;
    enter(session);
    while (!session->is_closed && sm_stream_unsent_bytes(session->stream) < UNSENT_LIMIT_BYTES) {
        const uint8_t *bytes;
        ssize_t size = nghttp2_session_mem_send(session->ng, &bytes);
        if (size <= 0) {
            if (size == 0 && gather.count > 0)
                write_gathered(session);
            break;
        }
        gather_small(session, bytes, (size_t)size);
    }
    if (!session->is_closed)
        write_gathered(session);
    session->gather = NULL;
    session->is_flushing = false;
    leave(session);
}

/* After everything that may have changed nghttp2's mind: sends, and ends the session when nothing more can come of it. */
static void settle(struct sm_http2_session *session)
{
    if (session->depth > 0 || session->is_over)
        return;
    enter(session);
    flush(session);
    /* A peer that sends and does not read fills our memory with answers and resets. Servers only: two sides that both stop to read would wait for
     * ever. */
    if (session->is_server && !session->is_closed)
        sm_stream_pause_reading(session->stream, sm_stream_unsent_bytes(session->stream) >= UNSENT_LIMIT_BYTES);
    if (!session->is_closed && session->is_aborting)
        finish(session, "connection aborted");
    else if (!session->is_closed && !nghttp2_session_want_read(session->ng) && !nghttp2_session_want_write(session->ng))
        finish(session, session->reason[0] ? session->reason : "connection shut down");
    leave(session);
}

/* ---- events of the stream */

static void feed(struct sm_http2_session *session, struct sm_slice bytes)
{
    if (session->is_over)
        return;
    enter(session);
    ssize_t taken = nghttp2_session_mem_recv(session->ng, (const uint8_t *)bytes.ptr, bytes.size);
    if (!leave(session))
        return;
    if (taken < 0 && taken != NGHTTP2_ERR_CALLBACK_FAILURE) {
        enter(session);
        flush(session);
        if (!session->is_closed)
            finish(session, session->reason[0] ? session->reason : nghttp2_strerror((int)taken));
        leave(session);
        return;
    }
    settle(session);
}

static void on_stream_connected(struct sm_stream *stream, void *context)
{
    (void)stream;
    settle(context);
}

static void on_stream_received(struct sm_stream *stream, struct sm_slice bytes, void *context)
{
    (void)stream;
    feed(context, bytes);
}

static void on_stream_drained(struct sm_stream *stream, void *context)
{
    (void)stream;
    settle(context);
}

static void on_stream_failed(struct sm_stream *stream, const char *reason, void *context)
{
    (void)stream;
    struct sm_http2_session *session = context;
    enter(session);
    if (!session->is_over) {
        session->is_over = true;
        snprintf(session->reason, sizeof(session->reason), "%s", reason);
        close_all_exchanges(session, SM_HTTP2_CANCEL);
    }
    if (!session->is_closed)
        session->events->failed(session, session->reason, session->context);
    leave(session);
}

static const struct sm_stream_events stream_events = {
    .connected = on_stream_connected,
    .received = on_stream_received,
    .drained = on_stream_drained,
    .failed = on_stream_failed,
};

/* ---- making sessions */

static nghttp2_session_callbacks *make_callbacks(void)
{
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        sm_out_of_memory(sizeof(void *));
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_sent);
    nghttp2_session_callbacks_set_error_callback2(callbacks, on_library_error);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
    nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, data_frame_size);
    return callbacks;
}

static void make_library_session(struct sm_http2_session *session)
{
    nghttp2_session_callbacks *callbacks = make_callbacks();
    nghttp2_option *library_options;
    if (nghttp2_option_new(&library_options) != 0)
        sm_out_of_memory(sizeof(void *));
    nghttp2_option_set_no_closed_streams(library_options, 1);
    int result = session->is_server ? nghttp2_session_server_new2(&session->ng, callbacks, session, library_options)
                                    : nghttp2_session_client_new2(&session->ng, callbacks, session, library_options);
    if (result != 0)
        sm_out_of_memory(sizeof(*session));
    nghttp2_option_del(library_options);
    nghttp2_session_callbacks_del(callbacks);
}

static uint32_t or_preset(uint32_t value, uint32_t preset)
{
    return value ? value : preset;
}

static struct sm_http2_session *session_create(bool is_server, struct sm_stream *stream, const struct sm_http2_options *options,
                                               const struct sm_http2_events *events, void *context)
{
    struct sm_http2_session *session = sm_alloc(1, sizeof(*session));
    *session = (struct sm_http2_session){.stream = stream, .events = events, .context = context, .is_server = is_server};
    session->header_limit_bytes = or_preset(options->header_list_size_max, SM_HTTP2_HEADER_LIMIT_BYTES);
    make_library_session(session);
    nghttp2_settings_entry settings[5];
    size_t count = 0;
    settings[count++] =
        (nghttp2_settings_entry){NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, or_preset(options->stream_window_bytes, SM_HTTP2_STREAM_WINDOW_BYTES)};
    settings[count++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, session->header_limit_bytes};
    if (is_server)
        settings[count++] =
            (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, or_preset(options->max_concurrent_streams, SM_HTTP2_STREAM_LIMIT)};
    else
        settings[count++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
    if (is_server)
        settings[count++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1};
    nghttp2_submit_settings(session->ng, NGHTTP2_FLAG_NONE, settings, count);
    nghttp2_session_set_local_window_size(session->ng, NGHTTP2_FLAG_NONE, 0,
                                          (int32_t)or_preset(options->connection_window_bytes, SM_HTTP2_CONNECTION_WINDOW_BYTES));
    sm_stream_set_events(stream, &stream_events, session);
    if (sm_stream_is_connected(stream))
        flush(session);
    return session;
}

struct sm_http2_session *sm_http2_session_create_server(struct sm_stream *stream, const struct sm_http2_options *options,
                                                        const struct sm_http2_events *events, void *context)
{
    return session_create(true, stream, options, events, context);
}

struct sm_http2_session *sm_http2_session_create_client(struct sm_stream *stream, const struct sm_http2_options *options,
                                                        const struct sm_http2_events *events, void *context)
{
    return session_create(false, stream, options, events, context);
}

/* ---- sending messages */

static nghttp2_nv nv_of(struct sm_slice name, struct sm_slice value)
{
    return (nghttp2_nv){
        .name = (uint8_t *)name.ptr, .namelen = name.size, .value = (uint8_t *)value.ptr, .valuelen = value.size, .flags = NGHTTP2_NV_FLAG_NONE};
}

/* Headers as nghttp2 takes them; it copies them when a message is submitted. `*owned` is to be freed. */
static const nghttp2_nv *nvs_of(const struct sm_http2_header *headers, size_t count, nghttp2_nv on_stack[HEADERS_ON_STACK], nghttp2_nv **owned)
{
    nghttp2_nv *nvs = on_stack;
    *owned = NULL;
    if (count > HEADERS_ON_STACK)
        nvs = *owned = sm_alloc(count, sizeof(*nvs));
    for (size_t i = 0; i < count; i++)
        nvs[i] = nv_of(headers[i].name, headers[i].value);
    return nvs;
}

static void lend_body(struct exchange *exchange, const struct iovec *body, size_t count)
{
    exchange->pieces = sm_alloc(count, sizeof(*body));
    exchange->piece_count = count;
    for (size_t i = 0; i < count; i++) {
        exchange->pieces[i] = body[i];
        exchange->body_left += body[i].iov_len;
    }
}

int32_t sm_http2_submit_request(struct sm_http2_session *session, const struct sm_http2_header *headers, size_t header_count,
                                const struct iovec *body, size_t body_count, void *message)
{
    if (session->is_over || session->is_closed || !nghttp2_session_check_request_allowed(session->ng))
        return -1;
    nghttp2_nv on_stack[HEADERS_ON_STACK], *owned;
    const nghttp2_nv *nvs = nvs_of(headers, header_count, on_stack, &owned);
    struct exchange *exchange = exchange_create(session, -1);
    exchange->message = message;
    lend_body(exchange, body, body_count);
    nghttp2_data_provider provider = {.source.ptr = exchange, .read_callback = read_body};
    exchange->id = nghttp2_submit_request(session->ng, NULL, nvs, header_count, exchange->body_left > 0 ? &provider : NULL, exchange);
    free(owned);
    int32_t id = exchange->id;
    if (id < 0)
        exchange_free(exchange);
    return id;
}

/* Trailers wait until the body has gone: kept with their bytes in one block. */
static void keep_trailers(struct exchange *exchange, const struct sm_http2_header *trailers, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += trailers[i].name.size + trailers[i].value.size;
    exchange->trailers = sm_alloc(1, count * sizeof(nghttp2_nv) + bytes);
    exchange->trailer_count = count;
    char *at = (char *)(exchange->trailers + count);
    for (size_t i = 0; i < count; i++) {
        struct sm_slice name = sm_slice_make(at, trailers[i].name.size), value = sm_slice_make(at + name.size, trailers[i].value.size);
        if (name.size)
            memcpy(at, trailers[i].name.ptr, name.size);
        if (value.size)
            memcpy(at + name.size, trailers[i].value.ptr, value.size);
        exchange->trailers[i] = nv_of(name, value);
        at += name.size + value.size;
    }
}

bool sm_http2_submit_response(struct sm_http2_session *session, int32_t id, const struct sm_http2_header *headers, size_t header_count,
                              struct sm_slice body, const struct sm_http2_header *trailers, size_t trailer_count)
{
    struct exchange *exchange = session->is_over || session->is_closed ? NULL : nghttp2_session_get_stream_user_data(session->ng, id);
    if (!exchange || exchange->pieces)
        return false;
    nghttp2_nv on_stack[HEADERS_ON_STACK], *owned;
    const nghttp2_nv *nvs = nvs_of(headers, header_count, on_stack, &owned);
    bool has_data = body.size > 0 || trailer_count > 0;
    if (has_data) {
        exchange->body_copy = sm_alloc(body.size, 1);
        if (body.size)
            memcpy(exchange->body_copy, body.ptr, body.size);
        lend_body(exchange, &(struct iovec){.iov_base = exchange->body_copy, .iov_len = body.size}, 1);
        if (trailer_count)
            keep_trailers(exchange, trailers, trailer_count);
    }
    nghttp2_data_provider provider = {.source.ptr = exchange, .read_callback = read_body};
    int result = nghttp2_submit_response(session->ng, id, nvs, header_count, has_data ? &provider : NULL);
    free(owned);
    return result == 0;
}

void sm_http2_reset(struct sm_http2_session *session, int32_t id, uint32_t error_code)
{
    if (session->is_over || session->is_closed)
        return;
    write_lent(session); /* the bytes lent for the message are not touched any more */
    nghttp2_submit_rst_stream(session->ng, NGHTTP2_FLAG_NONE, id, error_code);
}

void sm_http2_ping(struct sm_http2_session *session)
{
    if (!session->is_over && !session->is_closed)
        nghttp2_submit_ping(session->ng, NGHTTP2_FLAG_NONE, NULL);
}

void sm_http2_flush(struct sm_http2_session *session)
{
    settle(session);
}

void sm_http2_session_shutdown(struct sm_http2_session *session)
{
    if (session->is_over || session->is_closed || session->is_shutting_down)
        return;
    session->is_shutting_down = true;
    if (session->is_server) {
        /* Two GOAWAYs with a round trip between them: what the client sent before it saw the first is still taken. */
        nghttp2_submit_shutdown_notice(session->ng);
        nghttp2_submit_ping(session->ng, NGHTTP2_FLAG_NONE, SHUTDOWN_PING);
    } else {
        nghttp2_session_terminate_session(session->ng, NGHTTP2_NO_ERROR);
    }
    sm_http2_flush(session);
}

void sm_http2_session_abort(struct sm_http2_session *session, uint32_t error_code, struct sm_slice debug)
{
    if (session->is_over || session->is_closed)
        return;
    nghttp2_submit_goaway(session->ng, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session->ng), error_code,
                          (const uint8_t *)debug.ptr, debug.size);
    session->is_aborting = true;
    settle(session); /* inside of a callback: as soon as it has returned */
}

size_t sm_http2_session_open_count(const struct sm_http2_session *session)
{
    return session->exchange_count;
}

uint32_t sm_http2_session_stream_limit(const struct sm_http2_session *session)
{
    return nghttp2_session_get_remote_settings(session->ng, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

struct sm_stream *sm_http2_session_stream(struct sm_http2_session *session)
{
    return session->stream;
}
