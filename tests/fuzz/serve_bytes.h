/* serve_bytes.h - gives one input to a server as what a client sends on a new connection, then hangs up, and waits until the connection is gone. */
#pragma once

#include "net/server_life.h"
#include "pipeline/worker.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

static void drain_client(int fd)
{
    char bytes[4096];
    while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        continue;
}

/* `step`: bytes written before the server runs, 0: all at once. */
static void serve_bytes(struct sm_server_life *life, struct sm_worker *worker, const uint8_t *data, size_t size, size_t step)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        abort();
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    struct event_base *base = sm_worker_event_base(worker);
    life->kind->accepted(life, worker, fds[0], "fuzz");
    for (size_t at = 0; at < size;) {
        size_t want = step && step < size - at ? step : size - at;
        ssize_t sent = send(fds[1], data + at, want, MSG_DONTWAIT | MSG_NOSIGNAL);
        event_base_loop(base, EVLOOP_NONBLOCK);
        drain_client(fds[1]);
        if (sent <= 0)
            break;
        at += (size_t)sent;
    }
    event_base_loop(base, EVLOOP_NONBLOCK);
    close(fds[1]);
    while (atomic_load(&life->connection_count) > 0)
        event_base_loop(base, EVLOOP_ONCE);
}
