/* clients_fuzz.c - what a next hop may answer to the HTTP client and to the gRPC client: heads, bodies, frames, whole or in pieces. The first byte
 * chooses the client and how the rest is cut. A listener on the loopback plays the next hop. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/arena.h"
#include "base/clock.h"
#include "net/grpc_client.h"
#include "net/http_client.h"
#include "pipeline/worker.h"

enum { INPUT_MAX = 60000, CONNECTIONS_MAX = 4 };

static struct sm_workers *workers;
static int listener;
static struct sm_arena arena;
static struct sm_http_client_options http_options;
static struct sm_grpc_client_options grpc_options;
static struct sm_http_client *http;
static struct sm_grpc_client *grpc;
static unsigned answer_count;

static void set_up(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        abort();
    workers = sm_workers_create(0, NULL);
    sm_options_fill_defaults(sm_http_client_option_table, &http_options, sizeof(http_options), &arena);
    sm_options_fill_defaults(sm_grpc_client_option_table, &grpc_options, sizeof(grpc_options), &arena);
    grpc_options.tls.insecure = true;
    grpc_options.endpoint = sm_arena_printf(&arena, "127.0.0.1:%u", ntohs(address.sin_port));
    http = sm_http_client_create(&http_options, sm_arena_printf(&arena, "http://%s/v1/traces", grpc_options.endpoint), "fuzz", NULL);
    grpc = sm_grpc_client_create(workers, &grpc_options, "fuzz", NULL);
    if (!http || !grpc)
        abort();
}

static void on_http(struct sm_worker *worker, const struct sm_http_answer *answer, void *context)
{
    (void)worker, (void)context;
    answer_count += answer->failure || answer->body.size <= SM_HTTP_ANSWER_LIMIT_BYTES ? 1 : 1000;
}

static void on_grpc(struct sm_worker *worker, const struct sm_grpc_answer *answer, void *context)
{
    (void)worker, (void)context;
    answer_count += answer->body.size <= SM_GRPC_ANSWER_LIMIT_BYTES ? 1 : 1000;
}

/* One connection of the client gets the bytes, `step` at a time (0: all at once), and then the end. */
static void answer_connection(int fd, const uint8_t *data, size_t size, size_t step)
{
    struct event_base *base = sm_worker_event_base(sm_workers_main(workers));
    char received[4096];
    event_base_loop(base, EVLOOP_NONBLOCK);
    for (size_t at = 0; at < size;) {
        size_t want = step && step < size - at ? step : size - at;
        ssize_t sent = send(fd, data + at, want, MSG_DONTWAIT | MSG_NOSIGNAL);
        event_base_loop(base, EVLOOP_NONBLOCK);
        while (recv(fd, received, sizeof(received), MSG_DONTWAIT) > 0)
            continue;
        if (sent <= 0)
            break;
        at += (size_t)sent;
    }
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!workers)
        set_up();
    if (size < 1 || size > INPUT_MAX)
        return 0;
    struct sm_worker *worker = sm_workers_main(workers);
    struct event_base *base = sm_worker_event_base(worker);
    bool is_grpc = data[0] & 1;
    struct sm_http_channel *http_channel = is_grpc ? NULL : sm_http_channel_create(http, worker);
    struct sm_grpc_channel *grpc_channel = is_grpc ? sm_grpc_channel_create(grpc, worker) : NULL;
    const struct iovec body = {.iov_base = (void *)(uintptr_t) "telemetry", .iov_len = 9};
    uint64_t deadline_ns = sm_clock_mono_ns() + SM_NS_PER_S;
    answer_count = 0;
    if (is_grpc) {
        const struct sm_grpc_call_options call = {.path = SM_SLICE("/a.B/C"), .message = &body, .message_count = 1, .deadline_ns = deadline_ns};
        sm_grpc_channel_call(grpc_channel, &call, on_grpc, NULL);
    } else {
        const struct sm_http_call_options call = {.method = SM_SLICE("POST"), .body = &body, .body_count = 1, .deadline_ns = deadline_ns};
        sm_http_channel_send(http_channel, &call, on_http, NULL);
    }
    /* A request may be sent again on a new connection, which is answered in the same way, then with nothing. */
    for (int connections = 0; answer_count == 0;) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        int fd = answer_count == 0 ? accept(listener, NULL, NULL) : -1;
        if (fd >= 0)
            answer_connection(fd, data + 1, ++connections > CONNECTIONS_MAX ? 0 : size - 1, data[0] >> 1);
        if (fd < 0 && answer_count == 0)
            event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    }
    if (answer_count != 1)
        abort();
    if (http_channel)
        sm_http_channel_free(http_channel);
    if (grpc_channel)
        sm_grpc_channel_free(grpc_channel);
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;)
        close(fd);
    event_base_loop(base, EVLOOP_NONBLOCK);
    return 0;
}
