/* http2_session.h - one HTTP/2 connection (RFC 9113) on a stream, as server or client, on nghttp2.
 *
 * The session owns its sm_stream and is fed from it; frames that become due while bytes are handled are written together. Bodies are sent from pieces
 * that the caller lends, without a copy unless the socket is full. Headers of a message come one by one, bodies in chunks that are valid during the
 * call. Worker-local. Callbacks may submit, reset and close the session; it is then released when the outermost callback has returned, without
 * further callbacks. Limits: header list size, concurrent streams, resets, CONTINUATIONs, SETTINGS and PING floods (nghttp2's counters and those in
 * http2_session.c). */
#pragma once

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct sm_http2_session;
struct sm_stream;
struct sm_worker;

struct sm_http2_header {
    struct sm_slice name, value; /* names in lower case */
};

/* `message` is what begin (server) returned or submit_request (client) was given. Everything may be NULL but `headed`, `data`, `ended` and `closed`.
 */
struct sm_http2_events {
    /* The other side's SETTINGS arrived: requests may be sent (client). */
    void (*ready)(struct sm_http2_session *session, void *context);
    /* Server: a request begins on `id`. Its result is `message` of the other calls; NULL refuses the stream (REFUSED_STREAM). */
    void *(*begin)(struct sm_http2_session *session, int32_t id, void *context);
    /* One header or, after `headed`, one trailer (pseudo headers too). */
    void (*header)(void *message, struct sm_slice name, struct sm_slice value, void *context);
    /* The header block is complete. `is_trailer`: the block behind the body. Interim answers (1xx) are left out. */
    void (*headed)(void *message, bool is_trailer, void *context);
    void (*data)(void *message, struct sm_slice bytes, void *context);
    /* The other side has sent all of this message. */
    void (*ended)(void *message, void *context);
    /* The stream is gone, last call for `message`: error_code 0 after a complete exchange, otherwise RFC 9113 section 7. */
    void (*closed)(void *message, uint32_t error_code, void *context);
    /* GOAWAY came (client): no new requests on this session. `debug` is its text. */
    void (*goaway)(struct sm_http2_session *session, uint32_t error_code, struct sm_slice debug, void *context);
    /* A PING (not an answer) came / our PING was answered. */
    void (*pinged)(struct sm_http2_session *session, void *context);
    void (*ponged)(struct sm_http2_session *session, void *context);
    /* The connection is unusable or was ended by the other side; open messages were closed before. The user calls sm_http2_session_close. */
    void (*failed)(struct sm_http2_session *session, const char *reason, void *context);
};

struct sm_http2_options {
    uint32_t max_concurrent_streams;                       /* that we take (server); 0: SM_HTTP2_STREAM_LIMIT */
    uint32_t header_list_size_max;                         /* bytes that we take; 0: SM_HTTP2_HEADER_LIMIT_BYTES */
    uint32_t stream_window_bytes, connection_window_bytes; /* that we offer; 0: the defaults below */
};
enum {
    SM_HTTP2_STREAM_LIMIT = 1000,
    SM_HTTP2_HEADER_LIMIT_BYTES = 1024 * 1024,
    SM_HTTP2_STREAM_WINDOW_BYTES = 1024 * 1024,
    SM_HTTP2_CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024,
};

/* Takes `stream`, which may still be connecting, and sets its events. */
struct sm_http2_session *sm_http2_session_create_server(struct sm_stream *stream, const struct sm_http2_options *options,
                                                        const struct sm_http2_events *events, void *context)
    __attribute__((returns_nonnull, warn_unused_result));
struct sm_http2_session *sm_http2_session_create_client(struct sm_stream *stream, const struct sm_http2_options *options,
                                                        const struct sm_http2_events *events, void *context)
    __attribute__((returns_nonnull, warn_unused_result));
/* Ends at once: open messages get `closed` with CANCEL (8) first. NULL is allowed. */
void sm_http2_session_close(struct sm_http2_session *session);
/* Ends gracefully: GOAWAY, what the other side began before it saw it may finish; then `failed` ("connection shut down"). */
void sm_http2_session_shutdown(struct sm_http2_session *session);
/* GOAWAY with `error_code` and `debug`; open messages get `closed`, then comes `failed` once the GOAWAY has left. */
void sm_http2_session_abort(struct sm_http2_session *session, uint32_t error_code, struct sm_slice debug);

/* Client: sends a request; `headers` (pseudo headers first) are copied, `body` pieces (copied array, borrowed bytes) must stay until `closed` or
 * cancel. Returns the stream's id, or -1 when no more can be sent on this session. */
int32_t sm_http2_submit_request(struct sm_http2_session *session, const struct sm_http2_header *headers, size_t header_count,
                                const struct iovec *body, size_t body_count, void *message) __attribute__((warn_unused_result));
/* Server: answers `id`. Everything is copied. `trailers` may be none (then the body ends the stream; with neither, the headers). */
bool sm_http2_submit_response(struct sm_http2_session *session, int32_t id, const struct sm_http2_header *headers, size_t header_count,
                              struct sm_slice body, const struct sm_http2_header *trailers, size_t trailer_count);
/* RST_STREAM; `closed` follows, not from inside this call. Bytes lent for it are not read any more once this returned. */
void sm_http2_reset(struct sm_http2_session *session, int32_t id, uint32_t error_code);
void sm_http2_ping(struct sm_http2_session *session);
/* Sends what was submitted outside of a callback (`closed` may be called from here). Submitting inside of callbacks needs no flush. */
void sm_http2_flush(struct sm_http2_session *session);

/* Client: streams that the other side lets us open beside those that are open. */
size_t sm_http2_session_open_count(const struct sm_http2_session *session);
uint32_t sm_http2_session_stream_limit(const struct sm_http2_session *session);
struct sm_stream *sm_http2_session_stream(struct sm_http2_session *session);

/* RFC 9113 section 7. */
enum {
    SM_HTTP2_NO_ERROR = 0,
    SM_HTTP2_PROTOCOL_ERROR = 1,
    SM_HTTP2_INTERNAL_ERROR = 2,
    SM_HTTP2_FLOW_CONTROL_ERROR = 3,
    SM_HTTP2_REFUSED_STREAM = 7,
    SM_HTTP2_CANCEL = 8,
    SM_HTTP2_ENHANCE_YOUR_CALM = 11
};
