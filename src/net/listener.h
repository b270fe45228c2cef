/* listener.h - listening sockets, and which worker gets a new connection.
 *
 * Sockets are kept by address for the whole process, so that a reloaded configuration takes over the socket of the one before without a gap: the
 * newest owner gets new connections. The main worker accepts and hands each connection to the least loaded worker.
 * Addresses: "host:port", "[::1]:port", ":port" (all interfaces), and with transport "unix" a path. */
#pragma once

#include "base/error.h"

#include <stdint.h>
#include <sys/socket.h>

struct sm_listener;
struct sm_worker;
struct sm_workers;

/* Runs on the worker that got the connection; takes `fd` (non-blocking, close-on-exec, TCP_NODELAY). `peer` is "127.0.0.1:4711" or "unix". */
typedef void sm_listener_accepted(struct sm_worker *worker, int fd, const char *peer, void *context);

struct sm_listener_options {
    const char *endpoint;
    const char *transport; /* "tcp" (also "tcp4", "tcp6") or "unix" */
    uint32_t connection_limit; /* open connections; 0: SM_CONNECTION_LIMIT_DEFAULT. Over it new ones are closed at once, counted and logged */
};
enum { SM_CONNECTION_LIMIT_DEFAULT = 10000 };

/* Listens; false with "listen 127.0.0.1:4317: address already in use". Main worker only. */
struct sm_listener *sm_listener_open(struct sm_workers *workers, const struct sm_listener_options *options, sm_listener_accepted *accepted, void *context,
                                     struct sm_error *error) __attribute__((warn_unused_result));
/* The address bound to, with the real port: "127.0.0.1:43017". */
const char *sm_listener_address(const struct sm_listener *listener);
/* No further call of `accepted` after it returns, on any worker's account except tasks already posted: see sm_listener_close's callback. NULL is allowed. */
void sm_listener_close(struct sm_listener *listener);
