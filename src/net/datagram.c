/* datagram.c - see datagram.h. State: the list of open sockets (main worker). Limits: PACKETS_PER_WAKE_UP, and PACKETS_AT_CLOSE of what waits.
 * Source: contrib receiver/jaegerreceiver/internal/udpserver (packets are cut at their limit). */
#include "net/datagram.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/memory.h"
#include "net/listener.h"
#include "pipeline/worker.h"

enum { PACKETS_PER_WAKE_UP = 64, PACKETS_AT_CLOSE = 4096 };
static_assert((int)SM_DATAGRAM_BYTES_MAX <= (int)SM_WORKER_SCRATCH_BYTES, "a packet fits what is read into");

/* The list's part is the main worker's, the event the socket's worker's; the rest is immutable. */
struct sm_datagrams {
    struct sm_datagrams *next, **back;
    char *endpoint; /* owned */
    unsigned generation;
    struct sm_worker *worker; /* borrowed */
    struct event *event;      /* owned */
    sm_datagram_received *received;
    void *context;
    void (*closed)(struct sm_worker *worker, void *context);
    void *closed_context;
    size_t packet_bytes_max;
    int fd; /* owned */
};

static struct sm_datagrams *sockets;

static void read_packets(struct sm_datagrams *datagrams, int limit)
{
    char *packet = sm_worker_scratch(datagrams->worker);
    for (int i = 0; i < limit; i++) {
        ssize_t size = recv(datagrams->fd, packet, datagrams->packet_bytes_max, MSG_DONTWAIT);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return;
        datagrams->received(datagrams->worker, sm_slice_make(packet, (size_t)size), datagrams->context);
    }
}

static void on_packets(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    read_packets(context, PACKETS_PER_WAKE_UP);
}

static void begin_reading(struct sm_worker *worker, void *context)
{
    struct sm_datagrams *datagrams = context;
    datagrams->event = event_new(sm_worker_event_base(worker), datagrams->fd, EV_READ | EV_PERSIST, on_packets, datagrams);
    if (!datagrams->event || event_add(datagrams->event, NULL) != 0)
        sm_out_of_memory(sizeof(*datagrams));
}

static struct sm_datagrams *find(const char *endpoint)
{
    for (struct sm_datagrams *socket = sockets; socket; socket = socket->next)
        if (strcmp(socket->endpoint, endpoint) == 0)
            return socket;
    return NULL;
}

static int open_socket(const struct sm_datagram_options *options, struct sm_error *error)
{
    const struct sm_datagrams *other = find(options->endpoint);
    int fd;
    if (!other || other->generation == sm_listener_generation()) /* the second of one configuration fails to bind */
        fd = sm_listener_bind_datagram(options->endpoint, error);
    else if ((fd = dup(other->fd)) < 0)
        sm_error_set_errno(error, errno, "listen udp %s", options->endpoint);
    if (fd < 0 || options->socket_buffer_bytes <= 0)
        return fd;
    int size = options->socket_buffer_bytes > INT32_MAX / 2 ? INT32_MAX / 2 : (int)options->socket_buffer_bytes;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0)
        return fd;
    sm_error_set_errno(error, errno, "listen udp %s: socket_buffer_size", options->endpoint);
    close(fd);
    return -1;
}

struct sm_datagrams *sm_datagrams_open(struct sm_workers *workers, const struct sm_datagram_options *options, sm_datagram_received *received,
                                       void *context, struct sm_error *error)
{
    sm_worker_assert(sm_workers_main(workers));
    int fd = open_socket(options, error);
    if (fd < 0)
        return NULL;
    struct sm_datagrams *datagrams = sm_alloc(1, sizeof(*datagrams));
    *datagrams = (struct sm_datagrams){
        .next = sockets,
        .back = &sockets,
        .endpoint = sm_strdup(options->endpoint),
        .generation = sm_listener_generation(),
        .worker = sm_workers_least_loaded(workers),
        .received = received,
        .context = context,
        .packet_bytes_max = options->packet_bytes_max < SM_DATAGRAM_BYTES_MAX ? options->packet_bytes_max : SM_DATAGRAM_BYTES_MAX,
        .fd = fd,
    };
    if (sockets)
        sockets->back = &datagrams->next;
    sockets = datagrams;
    sm_worker_add_load(datagrams->worker, 1);
    sm_worker_post(datagrams->worker, begin_reading, datagrams);
    return datagrams;
}

static void end_reading(struct sm_worker *worker, void *context)
{
    struct sm_datagrams *datagrams = context;
    event_free(datagrams->event);
    read_packets(datagrams, PACKETS_AT_CLOSE);
    close(datagrams->fd);
    sm_worker_add_load(worker, -1);
    datagrams->closed(worker, datagrams->closed_context);
    free(datagrams->endpoint);
    free(datagrams);
}

void sm_datagrams_close(struct sm_datagrams *datagrams, void (*closed)(struct sm_worker *worker, void *context), void *context)
{
    *datagrams->back = datagrams->next;
    if (datagrams->next)
        datagrams->next->back = datagrams->back;
    datagrams->closed = closed;
    datagrams->closed_context = context;
    sm_worker_post(datagrams->worker, end_reading, datagrams);
}
