/* stream.c - see stream.h.
 *
 *     CONNECTING --writable--> HANDSHAKING (TLS only) --> OPEN --> FAILED
 *                                                          |         ^
 *                                                          +- LINGERING (sm_stream_close_when_sent)
 *
 * Reads into the worker's scratch, a bounded number of times per wake-up so that one fast peer does not starve the others. Errors found inside a call
 * of the user's are reported from the loop. State: worker-local. Limits: READS_PER_WAKE_UP; unsent output is bounded by the users (see header). */
#include "net/stream.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "net/tls_session.h"
#include "pipeline/worker.h"

enum {
    READS_PER_WAKE_UP = 16,        /* of SM_WORKER_SCRATCH_BYTES */
    UNSENT_KEPT_BYTES = 64 * 1024, /* a bigger buffer is given back once it is empty */
    TLS_RECORD_BYTES = 16 * 1024,  /* small pieces are joined up to one record */
};
/* A peer that takes nothing of the last output for so long is given up. */
static const uint64_t SEND_STALL_LIMIT_NS = 5 * SM_NS_PER_S;

enum state { STATE_CONNECTING, STATE_HANDSHAKING, STATE_OPEN, STATE_FAILED };

/* Worker-local. */
struct sm_stream {
    struct sm_worker *worker;               /* borrowed */
    const struct sm_stream_events *events;  /* borrowed: constant */
    void *context;                          /* borrowed: the user's */
    struct event *read_event, *write_event; /* owned */
    struct sm_tls_session *tls;             /* owned; NULL: plain */
    struct sm_timer *linger_timer;          /* owned; NULL: not lingering */
    uint64_t linger_ns;                     /* for the peer to end too, once all is sent */
    struct sm_bytes unsent;                 /* heap; what the socket did not take yet, from `unsent_at` on */
    size_t unsent_at;
    int fd;
    enum state state;
    unsigned depth; /* callbacks of the user that are running */
    bool is_closed; /* to be released once depth is 0 */
    bool is_paused;
    bool is_lingering; /* only `failed` is called any more */
    bool is_finishing; /* the end is to be said once all is sent */
    bool has_finished; /* and was said */
    bool has_ended;    /* the other side has said its end */
    bool wants_drained;
    bool tls_read_wants_write;
    bool has_failed_handshake;
    struct sm_tls_context *pending_tls; /* borrowed: handshake to do once connected; NULL: none */
    char *pending_server_name;          /* owned */
    char label[128];
    char failure[256];
};

static void on_event(evutil_socket_t fd, short what, void *context);

/* ---- making and releasing */

static struct sm_stream *stream_create(struct sm_worker *worker, int fd, const char *label, const struct sm_stream_events *events, void *context)
{
    sm_worker_assert(worker);
    struct sm_stream *stream = sm_alloc(1, sizeof(*stream));
    *stream = (struct sm_stream){.worker = worker, .fd = fd, .events = events, .context = context, .state = STATE_OPEN};
    snprintf(stream->label, sizeof(stream->label), "%s", label);
    stream->read_event = event_new(sm_worker_event_base(worker), fd, EV_READ | EV_PERSIST, on_event, stream);
    stream->write_event = event_new(sm_worker_event_base(worker), fd, EV_WRITE | EV_PERSIST, on_event, stream);
    if (!stream->read_event || !stream->write_event)
        sm_out_of_memory(sizeof(*stream));
    return stream;
}

static void release(struct sm_stream *stream)
{
    sm_timer_free(stream->linger_timer);
    event_free(stream->read_event);
    event_free(stream->write_event);
    sm_tls_session_free(stream->tls);
    if (stream->fd >= 0)
        close(stream->fd);
    sm_bytes_deinit(&stream->unsent);
    free(stream->pending_server_name);
    free(stream);
}

void sm_stream_close(struct sm_stream *stream)
{
    if (!stream)
        return;
    sm_worker_assert(stream->worker);
    if (stream->is_closed)
        return;
    stream->is_closed = true;
    if (stream->tls && stream->state == STATE_OPEN && !stream->has_finished)
        sm_tls_send_close(stream->tls);
    event_del(stream->read_event);
    event_del(stream->write_event);
    if (stream->depth == 0)
        release(stream);
}

int sm_stream_try_take_fd(struct sm_stream *stream)
{
    bool is_plain = !stream->tls && !stream->pending_tls && stream->state == STATE_OPEN;
    bool is_used = stream->is_closed || stream->depth > 0 || stream->has_ended || stream->is_finishing || stream->is_lingering;
    if (!is_plain || is_used || sm_stream_unsent_bytes(stream) > 0)
        return -1;
    int fd = stream->fd;
    event_del(stream->read_event);
    event_del(stream->write_event);
    stream->fd = -1;
    sm_stream_close(stream);
    return fd;
}

/* Around every callback. `leave` returns whether the stream is still there. */
static void enter(struct sm_stream *stream)
{
    stream->depth++;
}

static bool leave(struct sm_stream *stream)
{
    if (--stream->depth > 0 || !stream->is_closed)
        return !stream->is_closed;
    release(stream);
    return false;
}

/* ---- failures */

/* Remembers the failure; on_event reports it, from the loop. */
static void fail(struct sm_stream *stream, const char *what, const char *why)
{
    if (stream->state == STATE_FAILED)
        return;
    if (*what)
        snprintf(stream->failure, sizeof(stream->failure), "%s%s%s: %s", what, *stream->label ? " " : "", stream->label, why);
    else
        snprintf(stream->failure, sizeof(stream->failure), "%s", why);
    stream->has_failed_handshake = stream->state == STATE_HANDSHAKING;
    stream->state = STATE_FAILED;
    event_del(stream->read_event);
    event_del(stream->write_event);
    event_active(stream->read_event, EV_READ, 0);
}

static void fail_errno(struct sm_stream *stream, const char *what, int error)
{
    char words[SM_ERRNO_WORDS_SIZE];
    fail(stream, what, sm_errno_words(error, words));
}

static void report_failure(struct sm_stream *stream)
{
    const struct sm_stream_events *events = stream->events;
    if (!events || !events->failed)
        return;
    enter(stream);
    events->failed(stream, stream->failure, stream->context);
    leave(stream);
}

/* ---- events that are waited for */

static bool has_unsent(const struct sm_stream *stream)
{
    return stream->unsent.size > stream->unsent_at;
}

static void watch(struct sm_stream *stream)
{
    bool wants_read = stream->state == STATE_OPEN && !stream->is_paused && !stream->has_ended;
    bool wants_write = stream->state == STATE_CONNECTING ||
                       (stream->state == STATE_OPEN && (has_unsent(stream) || stream->wants_drained || stream->tls_read_wants_write));
    if (stream->state == STATE_HANDSHAKING)
        return; /* set by the handshake's own result */
    if (wants_read)
        event_add(stream->read_event, NULL);
    else if (stream->state != STATE_FAILED)
        event_del(stream->read_event);
    if (wants_write)
        event_add(stream->write_event, NULL);
    else
        event_del(stream->write_event);
}

/* ---- writing */

/* Bytes taken (0: would block); -1 after fail(). */
static ssize_t write_plain(struct sm_stream *stream, const struct iovec *pieces, size_t count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count > IOV_MAX ? IOV_MAX : count};
    for (;;) {
        ssize_t taken = sendmsg(stream->fd, &message, MSG_NOSIGNAL);
        if (taken >= 0)
            return taken;
        if (errno == EINTR)
            continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        fail_errno(stream, "write", errno);
        return -1;
    }
}

static ssize_t write_tls(struct sm_stream *stream, const char *from, size_t size)
{
    size_t written = 0;
    switch (sm_tls_write(stream->tls, from, size, &written)) {
    case SM_TLS_DONE:
        return (ssize_t)written;
    case SM_TLS_WANT_READ: /* only in a renegotiation, which is off */
    case SM_TLS_WANT_WRITE:
        return 0;
    case SM_TLS_CLOSED:
    case SM_TLS_FAILED:
        break;
    }
    fail(stream, "write", sm_tls_session_error(stream->tls));
    return -1;
}

/* One record of up to TLS_RECORD_BYTES from the pieces, starting `skip` bytes into the first. */
static ssize_t write_tls_record(struct sm_stream *stream, const struct iovec *pieces, size_t count, size_t skip)
{
    if (count == 1 || pieces[0].iov_len - skip >= TLS_RECORD_BYTES) {
        size_t size = pieces[0].iov_len - skip;
        return write_tls(stream, (const char *)pieces[0].iov_base + skip, size);
    }
    char record[TLS_RECORD_BYTES];
    size_t size = 0;
    for (size_t i = 0; i < count && size < sizeof(record); i++) {
        size_t left = pieces[i].iov_len - skip;
        size_t take = left < sizeof(record) - size ? left : sizeof(record) - size;
        if (take > 0)
            memcpy(record + size, (const char *)pieces[i].iov_base + skip, take);
        size += take;
        skip = 0;
    }
    return size ? write_tls(stream, record, size) : 0;
}

/* Drops `taken` bytes from the front of the pieces. */
static void advance(const struct iovec **pieces, size_t *count, size_t *skip, size_t taken)
{
    while (*count > 0 && taken >= (*pieces)->iov_len - *skip) {
        taken -= (*pieces)->iov_len - *skip;
        *skip = 0;
        (*pieces)++;
        (*count)--;
    }
    *skip += taken;
}

/* Writes until all is taken or the socket is full; the rest is left in `*pieces`, `*count` and `*skip`. */
static void write_pieces(struct sm_stream *stream, const struct iovec **pieces, size_t *count, size_t *skip)
{
    while (*count > 0 && stream->state == STATE_OPEN) {
        ssize_t taken;
        if (stream->tls) {
            taken = write_tls_record(stream, *pieces, *count, *skip);
        } else if (*skip > 0) {
            struct iovec first = {.iov_base = (char *)(*pieces)->iov_base + *skip, .iov_len = (*pieces)->iov_len - *skip};
            taken = write_plain(stream, &first, 1);
        } else {
            taken = write_plain(stream, *pieces, *count);
        }
        if (taken <= 0) {
            size_t left = 0;
            for (size_t i = 0; i < *count; i++)
                left += (*pieces)[i].iov_len;
            if (left > *skip)
                return;
            *count = 0; /* only empty pieces were left */
            return;
        }
        advance(pieces, count, skip, (size_t)taken);
    }
}

static void keep_unsent(struct sm_stream *stream, const struct iovec *pieces, size_t count, size_t skip)
{
    for (size_t i = 0; i < count; i++) {
        sm_bytes_append(&stream->unsent, (const char *)pieces[i].iov_base + skip, pieces[i].iov_len - skip);
        skip = 0;
    }
}

void sm_stream_write(struct sm_stream *stream, const struct iovec *pieces, size_t count)
{
    sm_worker_assert(stream->worker);
    if (stream->state == STATE_FAILED || stream->is_closed)
        return;
    size_t skip = 0;
    if (stream->state == STATE_OPEN && !has_unsent(stream))
        write_pieces(stream, &pieces, &count, &skip);
    if (count == 0 || stream->state == STATE_FAILED)
        return;
    keep_unsent(stream, pieces, count, skip);
    stream->wants_drained = true;
    watch(stream);
}

static void say_end_when_sent(struct sm_stream *stream)
{
    if (!stream->is_finishing || stream->has_finished || has_unsent(stream) || stream->state != STATE_OPEN)
        return;
    stream->has_finished = true;
    if (stream->tls)
        sm_tls_send_close(stream->tls);
    shutdown(stream->fd, SHUT_WR);
    if (!stream->is_lingering)
        return;
    if (stream->has_ended)
        fail(stream, "", "closed");
    else
        sm_timer_arm(stream->linger_timer, stream->linger_ns, false);
}

/* Sends what was kept. Returns whether the stream is still there. */
static bool send_unsent(struct sm_stream *stream)
{
    if (has_unsent(stream)) {
        struct iovec rest = {.iov_base = stream->unsent.ptr + stream->unsent_at, .iov_len = stream->unsent.size - stream->unsent_at};
        const struct iovec *pieces = &rest;
        size_t count = 1, skip = 0;
        write_pieces(stream, &pieces, &count, &skip);
        if (stream->is_lingering && (count == 0 || skip > 0))
            sm_timer_arm(stream->linger_timer, SEND_STALL_LIMIT_NS, false);
        stream->unsent_at = count > 0 ? stream->unsent_at + skip : stream->unsent.size;
    }
    if (has_unsent(stream) || stream->state == STATE_FAILED)
        return true;
    stream->unsent_at = stream->unsent.size = 0;
    if (stream->unsent.capacity > UNSENT_KEPT_BYTES)
        sm_bytes_deinit(&stream->unsent);
    say_end_when_sent(stream);
    if (stream->state == STATE_FAILED)
        return true;
    bool wants_drained = stream->wants_drained;
    stream->wants_drained = false;
    watch(stream);
    if (!wants_drained || stream->is_lingering || !stream->events->drained)
        return true;
    enter(stream);
    stream->events->drained(stream, stream->context);
    return leave(stream);
}

size_t sm_stream_unsent_bytes(const struct sm_stream *stream)
{
    return stream->unsent.size - stream->unsent_at;
}

/* ---- reading */

/* 1: bytes; 0: nothing now; -1: the end; -2: failed. */
static int read_plain(struct sm_stream *stream, char *to, size_t *size)
{
    for (;;) {
        ssize_t got = recv(stream->fd, to, SM_WORKER_SCRATCH_BYTES, 0);
        if (got > 0) {
            *size = (size_t)got;
            return 1;
        }
        if (got == 0)
            return -1;
        if (errno == EINTR)
            continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        fail_errno(stream, "read", errno);
        return -2;
    }
}

/* Fills the scratch from as many records as there are. */
static int read_tls(struct sm_stream *stream, char *to, size_t *size)
{
    *size = 0;
    stream->tls_read_wants_write = false;
    while (*size < SM_WORKER_SCRATCH_BYTES) {
        size_t got = 0;
        enum sm_tls_result result = sm_tls_read(stream->tls, to + *size, SM_WORKER_SCRATCH_BYTES - *size, &got);
        *size += got;
        if (result == SM_TLS_DONE)
            continue;
        if (result == SM_TLS_WANT_WRITE)
            stream->tls_read_wants_write = true;
        if (*size > 0 || result == SM_TLS_WANT_READ || result == SM_TLS_WANT_WRITE)
            break; /* an end or a failure comes again with the next read */
        if (result == SM_TLS_CLOSED)
            return -1;
        fail(stream, "read", sm_tls_session_error(stream->tls));
        return -2;
    }
    return *size > 0;
}

static void handle_end(struct sm_stream *stream)
{
    if (stream->has_ended)
        return;
    stream->has_ended = true;
    if (stream->is_lingering || !stream->events->ended) {
        fail(stream, "", "connection closed by peer");
        return;
    }
    watch(stream);
    enter(stream);
    stream->events->ended(stream, stream->context);
    leave(stream);
}

static void read_available(struct sm_stream *stream)
{
    char *scratch = sm_worker_scratch(stream->worker);
    for (int i = 0; i < READS_PER_WAKE_UP; i++) {
        size_t size = 0;
        int result = stream->tls ? read_tls(stream, scratch, &size) : read_plain(stream, scratch, &size);
        if (result == -1)
            handle_end(stream);
        if (result <= 0)
            return;
        if (!stream->is_lingering) {
            enter(stream);
            stream->events->received(stream, sm_slice_make(scratch, size), stream->context);
            if (!leave(stream))
                return;
        }
        if (stream->is_paused || stream->state != STATE_OPEN)
            return;
        /* A short read means that the socket is empty: the loop tells when there is more. TLS may hold bytes that the loop cannot see. */
        if (!stream->tls && size < SM_WORKER_SCRATCH_BYTES)
            return;
    }
    if (stream->tls)
        event_active(stream->read_event, EV_READ, 0);
}

void sm_stream_pause_reading(struct sm_stream *stream, bool is_paused)
{
    sm_worker_assert(stream->worker);
    if (stream->is_paused == is_paused || stream->is_closed)
        return;
    stream->is_paused = is_paused;
    watch(stream);
    if (!is_paused && stream->tls && stream->state == STATE_OPEN)
        event_active(stream->read_event, EV_READ, 0);
}

/* ---- connecting */

static void become_open(struct sm_stream *stream)
{
    stream->state = STATE_OPEN;
    watch(stream);
    if (stream->events->connected && !stream->is_lingering) {
        enter(stream);
        stream->events->connected(stream, stream->context);
        if (!leave(stream))
            return;
    }
    if (stream->state != STATE_OPEN || !send_unsent(stream))
        return;
    /* The last flight of a handshake may have come with the first bytes in one piece. */
    if (stream->state == STATE_OPEN && stream->tls && !stream->is_paused)
        event_active(stream->read_event, EV_READ, 0);
}

static void continue_handshake(struct sm_stream *stream)
{
    switch (sm_tls_handshake(stream->tls)) {
    case SM_TLS_DONE:
        become_open(stream);
        return;
    case SM_TLS_WANT_READ:
        event_add(stream->read_event, NULL);
        event_del(stream->write_event);
        return;
    case SM_TLS_WANT_WRITE:
        event_add(stream->write_event, NULL);
        return;
    case SM_TLS_CLOSED:
    case SM_TLS_FAILED:
        fail(stream, "TLS handshake", sm_tls_session_error(stream->tls));
        return;
    }
}

static void begin_handshake(struct sm_stream *stream, struct sm_tls_context *tls, const char *server_name)
{
    stream->state = STATE_HANDSHAKING;
    stream->tls = sm_tls_session_create(tls, stream->fd, server_name);
    if (!stream->tls)
        fail(stream, "TLS handshake", "no memory");
    else
        continue_handshake(stream);
}

static void finish_connect(struct sm_stream *stream)
{
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (error) {
        fail_errno(stream, "connect", error);
        return;
    }
    if (!stream->pending_tls) {
        become_open(stream);
        return;
    }
    struct sm_tls_context *tls = stream->pending_tls;
    stream->pending_tls = NULL;
    begin_handshake(stream, tls, stream->pending_server_name);
}

void sm_stream_start_tls(struct sm_stream *stream, struct sm_tls_context *tls, const char *server_name)
{
    sm_worker_assert(stream->worker);
    if (stream->state != STATE_OPEN || stream->tls)
        return;
    /* From the loop, so that no callback is made inside of this call. */
    stream->pending_tls = tls;
    free(stream->pending_server_name);
    stream->pending_server_name = server_name ? sm_strdup(server_name) : NULL;
    stream->state = STATE_CONNECTING;
    event_del(stream->read_event);
    watch(stream);
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    struct sm_stream *stream = context;
    switch (stream->state) {
    case STATE_FAILED:
        report_failure(stream);
        return;
    case STATE_CONNECTING:
        if (what & EV_WRITE)
            finish_connect(stream);
        return;
    case STATE_HANDSHAKING:
        continue_handshake(stream);
        return;
    case STATE_OPEN:
        break;
    }
    if (what & EV_WRITE) {
        bool read_was_blocked = stream->tls_read_wants_write;
        stream->tls_read_wants_write = false;
        if (!send_unsent(stream) || !read_was_blocked)
            return;
    } else if (stream->is_paused) {
        return;
    }
    if (stream->state == STATE_OPEN && !stream->has_ended)
        read_available(stream);
}

struct sm_stream *sm_stream_accept(struct sm_worker *worker, int fd, struct sm_tls_context *tls, const struct sm_stream_events *events, void *context)
{
    struct sm_stream *stream = stream_create(worker, fd, "", events, context);
    if (!tls) {
        watch(stream);
        return stream;
    }
    stream->pending_tls = tls;
    stream->state = STATE_CONNECTING; /* the handshake begins from the loop: no callback inside of this call */
    watch(stream);
    return stream;
}

struct sm_stream *sm_stream_connect(struct sm_worker *worker, const struct sm_stream_target *target, const struct sm_stream_events *events,
                                    void *context)
{
    int fd = socket(target->address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int socket_error = fd < 0 ? errno : 0;
    struct sm_stream *stream = stream_create(worker, fd, target->label, events, context);
    stream->state = STATE_CONNECTING;
    stream->pending_tls = target->tls;
    stream->pending_server_name = target->server_name ? sm_strdup(target->server_name) : NULL;
    if (fd < 0) {
        fail_errno(stream, "socket for", socket_error);
        return stream;
    }
    if (target->address->sa_family != AF_UNIX) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    if (connect(fd, target->address, target->address_size) != 0 && errno != EINPROGRESS && errno != EINTR)
        fail_errno(stream, "connect", errno);
    else
        watch(stream);
    return stream;
}

/* ---- the end */

static void linger_is_over(struct sm_worker *worker, void *context)
{
    (void)worker;
    fail(context, "", "closed");
}

void sm_stream_close_when_sent(struct sm_stream *stream, uint64_t limit_ns)
{
    sm_worker_assert(stream->worker);
    if (stream->is_closed || stream->is_lingering)
        return;
    stream->is_lingering = true;
    stream->is_paused = false;
    if (stream->state == STATE_FAILED)
        return; /* reported already, or about to be */
    if (stream->state != STATE_OPEN || stream->has_ended) {
        if (!has_unsent(stream) || stream->state != STATE_OPEN) {
            fail(stream, "", "closed");
            return;
        }
    }
    stream->linger_timer = sm_timer_create(stream->worker, linger_is_over, stream);
    stream->linger_ns = limit_ns ? limit_ns : 1;
    sm_timer_arm(stream->linger_timer, has_unsent(stream) ? SEND_STALL_LIMIT_NS : stream->linger_ns, false);
    stream->is_finishing = true;
    say_end_when_sent(stream);
    if (stream->state != STATE_FAILED)
        watch(stream);
}

void sm_stream_set_events(struct sm_stream *stream, const struct sm_stream_events *events, void *context)
{
    sm_worker_assert(stream->worker);
    stream->events = events;
    stream->context = context;
}

bool sm_stream_has_failed_handshake(const struct sm_stream *stream)
{
    return stream->has_failed_handshake;
}

bool sm_stream_is_connected(const struct sm_stream *stream)
{
    return stream->state == STATE_OPEN;
}

struct sm_slice sm_stream_alpn(const struct sm_stream *stream)
{
    return stream->tls ? sm_tls_session_alpn(stream->tls) : (struct sm_slice){0};
}

struct sm_worker *sm_stream_worker(const struct sm_stream *stream)
{
    return stream->worker;
}
