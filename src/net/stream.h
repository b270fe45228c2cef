/* stream.h - one non-blocking connection, plain or TLS, for servers and clients.
 *
 * Bytes are read into the worker's scratch memory and handed to `received`; what is written goes to the socket at once and what does not fit is kept
 * in order until it does. Worker-local: made, used and closed on one worker. A stream has no time limits of its own: its user arms timers
 * (pipeline/worker.h) and closes it. Callbacks may close the stream; it is then released when the outermost callback has returned, and no further
 * callback is made. */
#pragma once

#include "base/slice.h"

#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct sm_stream;
struct sm_tls_context;
struct sm_worker;

struct sm_stream_events {
    /* Connected, with TLS done (client and server). Not called for a plain connection that was taken over connected. NULL is allowed. */
    void (*connected)(struct sm_stream *stream, void *context);
    /* `bytes` (never empty) is valid during the call. */
    void (*received)(struct sm_stream *stream, struct sm_slice bytes, void *context);
    /* The other side sends no more; writing still works. Called once. NULL: the stream fails with "connection closed by peer". */
    void (*ended)(struct sm_stream *stream, void *context);
    /* Everything written has left: call for more. Only after a write that was not taken at once. NULL is allowed. */
    void (*drained)(struct sm_stream *stream, void *context);
    /* The connection is unusable: `reason` in one line ("connect 127.0.0.1:4317: connection refused"). The user calls sm_stream_close here or later.
     * Called at most once and never from inside a call of the user's. */
    void (*failed)(struct sm_stream *stream, const char *reason, void *context);
};

/* Takes over the connected socket `fd` (non-blocking). With `tls` (server context, borrowed for the life of the stream) the handshake is done first.
 */
struct sm_stream *sm_stream_accept(struct sm_worker *worker, int fd, struct sm_tls_context *tls, const struct sm_stream_events *events, void *context)
    __attribute__((returns_nonnull, warn_unused_result));
struct sm_stream_target {
    const struct sockaddr *address;
    socklen_t address_size;
    struct sm_tls_context *tls; /* client context, whose handshake follows; NULL: plain */
    const char *server_name;    /* SNI and the name in the certificate; may be NULL */
    const char *label;          /* stands in failure texts: "127.0.0.1:4317" */
};
/* Begins to connect. All of the target is copied, except `tls`. Failures come through `failed`. */
struct sm_stream *sm_stream_connect(struct sm_worker *worker, const struct sm_stream_target *target, const struct sm_stream_events *events,
                                    void *context) __attribute__((returns_nonnull, warn_unused_result));
/* Begins TLS on a connected plain stream (after a proxy's CONNECT): `connected` is called again when it is done. Nothing may be unsent. */
void sm_stream_start_tls(struct sm_stream *stream, struct sm_tls_context *tls, const char *server_name);
/* Drops what is unsent and closes. NULL is allowed. No callback is made any more. */
void sm_stream_close(struct sm_stream *stream);
/* Hands out the socket of an open plain connection on which nothing is unsent, and closes the stream without it; -1 when it is not of that kind. Not
 * from inside a callback of the stream. */
int sm_stream_try_take_fd(struct sm_stream *stream) __attribute__((warn_unused_result));
/* Sends what was written as long as the peer takes some of it every few seconds, then says the end and drops what still comes until the other side
 * ends too, in `limit_ns` at most: so the last answer is not lost when the peer is still sending. From now on only `failed` is called, when this is
 * done; the user then closes the stream. */
void sm_stream_close_when_sent(struct sm_stream *stream, uint64_t limit_ns);

/* Other events and context from now on (a proxy dialogue becomes a connection, a pool takes one back). */
void sm_stream_set_events(struct sm_stream *stream, const struct sm_stream_events *events, void *context);

/* Writes all pieces: what the socket does not take is copied and sent later. Before the connection stands everything is kept. Users keep the output
 * bounded by asking sm_stream_unsent_bytes and waiting for `drained`. */
void sm_stream_write(struct sm_stream *stream, const struct iovec *pieces, size_t count);
size_t sm_stream_unsent_bytes(const struct sm_stream *stream);

/* While paused nothing is read: the peer is slowed down by TCP. Pausing inside `received` takes effect behind the bytes at hand. */
void sm_stream_pause_reading(struct sm_stream *stream, bool is_paused);

/* Whether what failed was the TLS handshake, so that the peer never got to say anything. */
bool sm_stream_has_failed_handshake(const struct sm_stream *stream);
bool sm_stream_is_connected(const struct sm_stream *stream);
/* The protocol chosen by ALPN, empty: none (plain, or the peer has no ALPN). */
struct sm_slice sm_stream_alpn(const struct sm_stream *stream);
struct sm_worker *sm_stream_worker(const struct sm_stream *stream);
