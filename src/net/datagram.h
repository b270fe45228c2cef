/* datagram.h - UDP packets to a handler.
 *
 * A socket is read on one worker, the least loaded when it was opened, a packet at a time. A reloaded configuration that opens the same address
 * shares the socket with the one that runs, so that no packet is lost between them. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>

struct sm_datagrams;
struct sm_worker;
struct sm_workers;

struct sm_datagram_options {
    const char *endpoint;        /* "127.0.0.1:6831" */
    size_t packet_bytes_max;     /* what is longer is cut */
    int64_t socket_buffer_bytes; /* 0: what the system gives */
};

enum { SM_DATAGRAM_BYTES_MAX = 65535 };

/* On the socket's worker; `packet` is valid until it returns. */
typedef void sm_datagram_received(struct sm_worker *worker, struct sm_slice packet, void *context);

/* Opens the socket and begins to read. NULL with `error`: "listen udp 127.0.0.1:6831: bind: address already in use". Main worker only. */
struct sm_datagrams *sm_datagrams_open(struct sm_workers *workers, const struct sm_datagram_options *options, sm_datagram_received *received,
                                       void *context, struct sm_error *error) __attribute__((warn_unused_result));
/* What has already come is still read; then `closed(worker, context)` runs on the socket's worker, and the object is gone. Main worker only. */
void sm_datagrams_close(struct sm_datagrams *datagrams, void (*closed)(struct sm_worker *worker, void *context), void *context);
