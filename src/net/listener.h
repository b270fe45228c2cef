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
struct sm_validation;
struct sm_worker;
struct sm_workers;

/* Runs on the worker that got the connection; takes `fd` (non-blocking, close-on-exec, TCP_NODELAY). `peer` is "127.0.0.1:4711" or "unix", valid
 * during the call. The worker's load was raised by one for it: the user lowers it when the connection is closed. */
typedef void sm_listener_accepted(struct sm_worker *worker, int fd, const char *peer, void *context);

struct sm_listener_options {
    const char *endpoint;
    const char *transport; /* "tcp" (also "tcp4", "tcp6") or "unix" */
};

/* Tells a transport that there is not. */
void sm_listener_validate_transport(const char *transport, struct sm_validation *validation, const char *key_path);

/* Between these the servers of one configuration are made: sm_listener_check refuses what another of them asked for. Main worker only. */
void sm_listener_begin_configuration(void);
void sm_listener_end_configuration(void);
/* Refuses what no start could open, as sm_listener_open does; names are not looked up. */
bool sm_listener_check(const struct sm_listener_options *options, struct sm_error *error) __attribute__((warn_unused_result));
/* Listens; NULL with "listen 127.0.0.1:4317: address already in use". Main worker only. */
struct sm_listener *sm_listener_open(struct sm_workers *workers, const struct sm_listener_options *options, sm_listener_accepted *accepted,
                                     void *context, struct sm_error *error) __attribute__((warn_unused_result));
/* The address bound to, with the real port: "127.0.0.1:43017". */
const char *sm_listener_address(const struct sm_listener *listener);
/* Whom new connections go to once `listener` is closed: another owner of the same address, older or newer. NULL: nobody. */
sm_listener_accepted *sm_listener_successor(const struct sm_listener *listener, void **context);
/* No new connection is taken. Those already on their way were posted before this returns: what the main worker posts to a worker afterwards runs
 * behind their `accepted`. NULL is allowed. */
void sm_listener_close(struct sm_listener *listener);

/* A new configuration is about to start while another still runs: it may open the same addresses, and takes over their connections to come once all
 * of it has started. Within one configuration an address is opened once. Main worker only. */
void sm_listener_next_generation(void);
void sm_listener_generation_started(void);
/* The number of the configuration that is being started or was started last. Main worker only. */
unsigned sm_listener_generation(void);

/* A socket for datagrams at "host:port", chosen as for a listener; -1 with `error`. The caller closes it. */
int sm_listener_bind_datagram(const char *endpoint, struct sm_error *error) __attribute__((warn_unused_result));

/* "host:port" cut in its parts, brackets removed; false with `error` when there is no port. For clients too. */
bool sm_address_split(const char *endpoint, char host[256], char port[32], struct sm_error *error) __attribute__((warn_unused_result));
/* "127.0.0.1:4317", "[::1]:4317", "unix". */
void sm_address_print(const struct sockaddr *address, char *out, size_t out_size);
