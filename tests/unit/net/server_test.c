/* Both servers over real loopback sockets: a client thread writes bytes and compares what comes back. */
#include "net/grpc_server.h"
#include "net/http_server.h"
#include "pipeline/worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/memory.h"

enum { WORKERS = 2, LARGE_BYTES = 16 << 20, ANSWER_MAX = 2 * LARGE_BYTES };

/* ---- the server under test */

struct fixture {
    struct sm_workers *workers;
    struct sm_http_server *http;
    struct sm_grpc_server *grpc;
    const char *address;
};

static void echo_later(struct sm_worker *worker, void *context)
{
    (void)worker;
    sm_http_respond_text(context, 200, "text/plain", SM_SLICE("later"));
}

static char large[LARGE_BYTES]; /* more than the buffers of two sockets hold */
static atomic_uint large_count;

static void on_http(struct sm_http_request *request, void *context)
{
    (void)context;
    if (sm_slice_is(sm_http_request_path(request), "/large")) {
        atomic_fetch_add(&large_count, 1);
        sm_http_respond_text(request, 200, "text/plain", sm_slice_make(large, sizeof(large)));
        return;
    }
    if (sm_slice_is(sm_http_request_path(request), "/later")) {
        sm_worker_post(sm_http_request_worker(request), echo_later, request);
        return;
    }
    struct sm_buffer *body = sm_http_request_unpack_body(request);
    if (!body)
        return;
    sm_http_respond_text(request, 200, "text/plain", sm_buffer_slice(body));
    sm_buffer_release(body);
}

static void grpc_later(struct sm_worker *worker, void *context)
{
    (void)worker;
    const struct sm_grpc_response response = {.code = SM_RPC_UNAVAILABLE, .message = SM_SLICE("50% \xc3\xa9")};
    sm_grpc_respond(context, &response);
}

static void on_grpc(struct sm_grpc_call *call, void *context)
{
    (void)context;
    struct sm_buffer *message = sm_grpc_call_take_message(call);
    if (message->size == 0) {
        sm_worker_post(sm_grpc_call_worker(call), grpc_later, call);
    } else {
        const struct sm_grpc_response response = {.body = sm_buffer_slice(message)};
        sm_grpc_respond(call, &response);
    }
    sm_buffer_release(message);
}

static const struct sm_http_server_options http_options = {
    .endpoint = "127.0.0.1:0", .transport = "tcp", .max_request_body_size = 1000, .keep_alives_enabled = true};
static const struct sm_grpc_server_options grpc_options = {.endpoint = "127.0.0.1:0", .transport = "tcp", .max_recv_msg_size_mib = 1};

static struct fixture start(const struct sm_http_server_options *http, const struct sm_grpc_server_options *grpc)
{
    struct fixture fixture = {0};
    struct sm_error error = {0};
    fixture.workers = sm_workers_create(WORKERS, &error);
    sm_workers_start(fixture.workers);
    if (http) {
        fixture.http = sm_http_server_create(fixture.workers, http, on_http, NULL, NULL, &error);
        assert_non_null(fixture.http);
        assert_true(sm_http_server_start(fixture.http, &error));
        fixture.address = sm_http_server_address(fixture.http);
    } else {
        const struct sm_grpc_method method = {.path = SM_SLICE("/a.B/C"), .handler = on_grpc};
        fixture.grpc = sm_grpc_server_create(fixture.workers, grpc, &method, 1, NULL, &error);
        assert_non_null(fixture.grpc);
        assert_true(sm_grpc_server_start(fixture.grpc, &error));
        fixture.address = sm_grpc_server_address(fixture.grpc);
    }
    return fixture;
}

static void stop_loop(void *context)
{
    sm_workers_stop_main(context);
}

static void stop(struct fixture *fixture)
{
    if (fixture->http)
        sm_http_server_stop(fixture->http, stop_loop, fixture->workers);
    else
        sm_grpc_server_stop(fixture->grpc, stop_loop, fixture->workers);
    sm_workers_run_main(fixture->workers);
    sm_http_server_free(fixture->http);
    sm_grpc_server_free(fixture->grpc);
    sm_workers_free(fixture->workers);
}

/* ---- a client on a thread of its own, while the main worker accepts */

struct exchange {
    const char *address;
    struct sm_workers *workers;
    struct sm_slice bytes; /* to send */
    size_t step;           /* bytes at a time; 0: all */
    bool half_closes;      /* says its end behind them */
    const char *until;     /* reads until this has come; NULL: until the server closes */
    struct sm_bytes answer;
};

static int connect_to(const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 ? fd : -1;
}

static void *run_client(void *context)
{
    struct exchange *exchange = context;
    int fd = connect_to(exchange->address);
    for (size_t at = 0; at < exchange->bytes.size;) {
        size_t left = exchange->bytes.size - at;
        ssize_t sent = send(fd, exchange->bytes.ptr + at, exchange->step && exchange->step < left ? exchange->step : left, MSG_NOSIGNAL);
        if (sent <= 0)
            break;
        at += (size_t)sent;
    }
    if (exchange->half_closes)
        shutdown(fd, SHUT_WR);
    while (exchange->answer.size < ANSWER_MAX) {
        ssize_t got = recv(fd, sm_bytes_reserve(&exchange->answer, 4096), 4096, 0);
        if (got <= 0)
            break;
        exchange->answer.size += (size_t)got;
        if (exchange->until && memmem(exchange->answer.ptr, exchange->answer.size, exchange->until, strlen(exchange->until)))
            break;
    }
    close(fd);
    sm_workers_stop_main(exchange->workers);
    return NULL;
}

static void talk(struct fixture *fixture, struct exchange *exchange)
{
    pthread_t thread;
    exchange->address = fixture->address;
    exchange->workers = fixture->workers;
    assert_int_equal(pthread_create(&thread, NULL, run_client, exchange), 0);
    sm_workers_run_main(fixture->workers);
    pthread_join(thread, NULL);
}

static size_t count_of(const struct sm_bytes *bytes, const char *what)
{
    size_t count = 0;
    const char *at = bytes->ptr, *end = bytes->ptr + bytes->size;
    while (at && (at = memmem(at, (size_t)(end - at), what, strlen(what)))) {
        count++;
        at++;
    }
    return count;
}

/* ---- HTTP */

struct http_case {
    const char *name, *bytes;
    const char *expected[4]; /* parts of the answer, in any order */
    size_t answer_count;
};

#define LONG_BODY "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
static const struct http_case http_cases[] = {
    {"length",
     "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
     {"200 OK", "Content-Length: 3\r\n", "\r\n\r\nabc"},
     1},
    {"chunks",
     "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
     {"\r\n\r\nabc"},
     1},
    {"pipelined",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nxPOST /later HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: "
     "close\r\n\r\n",
     {"\r\n\r\nx", "\r\n\r\nlater", "Connection: close"},
     3},
    {"expect",
     "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
     {"HTTP/1.1 100 Continue\r\n\r\n", "200 OK"},
     2},
    {"no host", "GET / HTTP/1.1\r\n\r\n", {"400 Bad Request", "missing required Host header"}, 1},
    {"old", "GET / HTTP/1.0\r\n\r\n", {"200 OK", "Connection: close"}, 1},
    {"too large by its length",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n",
     {"400 Bad Request", "http: request body too large\n", "Connection: close"},
     1},
    {"unknown encoding",
     "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Encoding: GZIP\r\nContent-Length: 1\r\n\r\nx",
     {"400 ", "unsupported Content-Encoding: GZIP"},
     1},
    {"nonsense", "\x16\x03\x01\x02", {"400 Bad Request", "Connection: close"}, 1},
};

static void answers_http_requests_however_they_are_cut(void **state)
{
    (void)state;
    struct fixture fixture = start(&http_options, NULL);
    for (size_t i = 0; i < sizeof(http_cases) / sizeof(http_cases[0]); i++) {
        const struct http_case *c = &http_cases[i];
        for (size_t step = 0; step < 3; step++) {
            struct exchange exchange = {.bytes = sm_slice_of(c->bytes), .step = step};
            talk(&fixture, &exchange);
            if (count_of(&exchange.answer, "HTTP/1.1 ") != c->answer_count)
                fail_msg("%s: %s", c->name, sm_bytes_cstr(&exchange.answer));
            for (size_t k = 0; k < 4 && c->expected[k]; k++)
                if (count_of(&exchange.answer, c->expected[k]) == 0)
                    fail_msg("%s: no %s in %s", c->name, c->expected[k], sm_bytes_cstr(&exchange.answer));
            sm_bytes_deinit(&exchange.answer);
        }
    }
    stop(&fixture);
}

static void answers_a_client_that_has_said_its_end(void **state)
{
    (void)state;
    struct fixture fixture = start(&http_options, NULL);
    struct exchange exchange = {.bytes = SM_SLICE("POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"), .half_closes = true};
    talk(&fixture, &exchange);
    assert_int_equal(count_of(&exchange.answer, "\r\n\r\nlater"), 1);
    sm_bytes_deinit(&exchange.answer);
    stop(&fixture);
}

static void sends_large_answers_whole_to_clients_that_end_behind_their_request(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
    };
    struct fixture fixture = start(&http_options, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct exchange exchange = {.bytes = sm_slice_of(requests[i]), .half_closes = i == 1};
        talk(&fixture, &exchange);
        assert_true(exchange.answer.size > LARGE_BYTES);
        sm_bytes_deinit(&exchange.answer);
    }
    stop(&fixture);
}

static void handles_no_next_request_before_the_client_has_taken_the_answer(void **state)
{
    (void)state;
    struct fixture fixture = start(&http_options, NULL);
    struct sm_bytes requests = {0};
    for (int i = 0; i < 100; i++)
        sm_bytes_append_text(&requests, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    atomic_store(&large_count, 0);
    struct exchange exchange = {.bytes = sm_bytes_slice(&requests), .until = "200 OK"};
    talk(&fixture, &exchange);
    assert_int_equal(atomic_load(&large_count), 1);
    sm_bytes_deinit(&exchange.answer);
    sm_bytes_deinit(&requests);
    stop(&fixture);
}

static void refuses_bodies_and_heads_over_the_limits(void **state)
{
    (void)state;
    struct fixture fixture = start(&http_options, NULL);
    struct sm_bytes chunked = {0}, head = {0};
    sm_bytes_append_text(&chunked, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 11; i++)
        sm_bytes_append_text(&chunked, "64\r\n" LONG_BODY "\r\n");
    struct exchange too_long = {.bytes = sm_bytes_slice(&chunked)};
    talk(&fixture, &too_long);
    assert_int_equal(count_of(&too_long.answer, "http: request body too large"), 1);
    sm_bytes_append_text(&head, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 11000; i++)
        sm_bytes_printf(&head, "X-%d: " LONG_BODY "\r\n", i % 10);
    struct exchange too_many = {.bytes = sm_bytes_slice(&head)};
    talk(&fixture, &too_many);
    assert_int_equal(count_of(&too_many.answer, "HTTP/1.1 431 Request Header Fields Too Large"), 1);
    sm_bytes_deinit(&chunked);
    sm_bytes_deinit(&head);
    sm_bytes_deinit(&too_long.answer);
    sm_bytes_deinit(&too_many.answer);
    stop(&fixture);
}

static void closes_clients_that_take_too_long(void **state)
{
    (void)state;
    struct sm_http_server_options options = http_options;
    options.read_header_timeout_ns = 20 * 1000 * 1000;
    struct fixture fixture = start(&options, NULL);
    struct exchange exchange = {.bytes = SM_SLICE("POST / HTT")};
    talk(&fixture, &exchange); /* ends only because the server closes */
    assert_int_equal(exchange.answer.size, 0);
    sm_bytes_deinit(&exchange.answer);
    stop(&fixture);
}

static void tells_that_an_address_is_taken(void **state)
{
    (void)state;
    struct fixture fixture = start(&http_options, NULL);
    struct sm_http_server_options options = http_options;
    options.endpoint = fixture.address;
    struct sm_error error = {0};
    struct sm_http_server *second = sm_http_server_create(fixture.workers, &options, on_http, NULL, NULL, &error);
    assert_non_null(second);
    assert_false(sm_http_server_start(second, &error));
    assert_non_null(strstr(error.text, "address already in use"));
    assert_non_null(strstr(error.text, fixture.address));
    sm_http_server_free(second);
    stop(&fixture);
}

/* ---- gRPC */

static void append_frame(struct sm_bytes *out, unsigned type, unsigned flags, unsigned id, struct sm_slice payload)
{
    const unsigned char head[9] = {(unsigned char)(payload.size >> 16),
                                   (unsigned char)(payload.size >> 8),
                                   (unsigned char)payload.size,
                                   (unsigned char)type,
                                   (unsigned char)flags,
                                   0,
                                   0,
                                   (unsigned char)(id >> 8),
                                   (unsigned char)id};
    sm_bytes_append(out, head, sizeof(head));
    sm_bytes_append_slice(out, payload);
}

static void append_literal(struct sm_bytes *out, const char *name, const char *value)
{
    sm_bytes_append_char(out, 0);
    sm_bytes_append_char(out, (char)strlen(name));
    sm_bytes_append_text(out, name);
    sm_bytes_append_char(out, (char)strlen(value));
    sm_bytes_append_text(out, value);
}

enum { FRAME_DATA = 0, FRAME_HEADERS = 1, FRAME_RST = 3, FRAME_PING = 6, END_STREAM = 1, END_HEADERS = 4 };

static void append_preface(struct sm_bytes *out)
{
    sm_bytes_append_text(out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    append_frame(out, 4, 0, 0, (struct sm_slice){0});
}

static void append_headers(struct sm_bytes *out, unsigned id, const char *path, const char *type, unsigned flags)
{
    struct sm_bytes block = {0};
    sm_bytes_append(&block, "\x83\x86", 2); /* :method POST, :scheme http */
    append_literal(&block, ":path", path);
    append_literal(&block, ":authority", "a");
    append_literal(&block, "content-type", type);
    append_frame(out, FRAME_HEADERS, END_HEADERS | flags, id, sm_bytes_slice(&block));
    sm_bytes_deinit(&block);
}

static void append_message(struct sm_bytes *out, unsigned id, unsigned flag, uint32_t size, const char *text, unsigned flags)
{
    struct sm_bytes payload = {0};
    const unsigned char prefix[5] = {(unsigned char)flag, (unsigned char)(size >> 24), (unsigned char)(size >> 16), (unsigned char)(size >> 8),
                                     (unsigned char)size};
    sm_bytes_append(&payload, prefix, sizeof(prefix));
    sm_bytes_append_text(&payload, text);
    append_frame(out, FRAME_DATA, flags, id, sm_bytes_slice(&payload));
    sm_bytes_deinit(&payload);
}

struct grpc_case {
    const char *name, *path, *type;
    unsigned flag;
    uint32_t size;
    const char *text;
    const char *expected; /* in the answer; our header blocks are Huffman-coded, so only bodies can be looked for as they are */
    bool is_ok;
};

/* Answers are compared by their length and what stands in DATA: texts of statuses are compared end to end by the conformance cases. */
static void answers_calls_however_they_are_cut(void **state)
{
    (void)state;
    struct fixture fixture = start(NULL, &grpc_options);
    for (size_t step = 0; step < 4; step++) {
        struct sm_bytes bytes = {0};
        append_preface(&bytes);
        for (unsigned id = 1; id <= 9; id += 2) {
            append_headers(&bytes, id, "/a.B/C", "application/grpc", 0);
            append_message(&bytes, id, 0, 6, "hel", 0);
            append_frame(&bytes, FRAME_DATA, END_STREAM, id, SM_SLICE("lo!"));
        }
        append_headers(&bytes, 11, "/a.B/C", "application/grpc", 0);
        append_message(&bytes, 11, 0, 0, "", END_STREAM);
        struct exchange exchange = {.bytes = sm_bytes_slice(&bytes), .step = step, .half_closes = true};
        talk(&fixture, &exchange);
        assert_int_equal(count_of(&exchange.answer, "hello!"), 5);
        sm_bytes_deinit(&exchange.answer);
        sm_bytes_deinit(&bytes);
    }
    stop(&fixture);
}

static void survives_calls_that_are_wrong(void **state)
{
    (void)state;
    static const struct grpc_case cases[] = {
        {.name = "unknown service", .path = "/x.Y/Z", .type = "application/grpc", .text = ""},
        {.name = "not gRPC", .path = "/a.B/C", .type = "text/html", .text = ""},
        {.name = "over the limit", .path = "/a.B/C", .type = "application/grpc", .size = 1 << 30, .text = "x"},
        {.name = "packed without an encoding", .path = "/a.B/C", .type = "application/grpc", .flag = 1, .size = 1, .text = "x"},
        {.name = "unknown payload format", .path = "/a.B/C", .type = "application/grpc", .flag = 9, .size = 1, .text = "x"},
        {.name = "cut short", .path = "/a.B/C", .type = "application/grpc", .size = 10, .text = "x"},
        {.name = "two messages", .path = "/a.B/C", .type = "application/grpc", .size = 1, .text = "xy"},
    };
    struct fixture fixture = start(NULL, &grpc_options);
    struct sm_bytes bytes = {0};
    append_preface(&bytes);
    unsigned id = 1;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++, id += 2) {
        append_headers(&bytes, id, cases[i].path, cases[i].type, 0);
        append_message(&bytes, id, cases[i].flag, cases[i].size, cases[i].text, END_STREAM);
    }
    append_headers(&bytes, id, "/a.B/C", "application/grpc+proto", 0);
    append_message(&bytes, id, 0, 5, "after", END_STREAM);
    struct exchange exchange = {.bytes = sm_bytes_slice(&bytes), .half_closes = true};
    talk(&fixture, &exchange);
    assert_int_equal(count_of(&exchange.answer, "after"), 1);
    sm_bytes_deinit(&exchange.answer);
    sm_bytes_deinit(&bytes);
    stop(&fixture);
}

static void sends_away_clients_that_ping_too_often(void **state)
{
    (void)state;
    struct fixture fixture = start(NULL, &grpc_options);
    struct sm_bytes bytes = {0};
    append_preface(&bytes);
    for (int i = 0; i < 8; i++)
        append_frame(&bytes, FRAME_PING, 0, 0, SM_SLICE("12345678"));
    struct exchange exchange = {.bytes = sm_bytes_slice(&bytes)};
    talk(&fixture, &exchange); /* ends because the server closes */
    assert_int_equal(count_of(&exchange.answer, "too_many_pings"), 1);
    sm_bytes_deinit(&exchange.answer);
    sm_bytes_deinit(&bytes);
    stop(&fixture);
}

static void sends_away_clients_that_open_and_reset_without_end(void **state)
{
    (void)state;
    struct fixture fixture = start(NULL, &grpc_options);
    struct sm_bytes bytes = {0};
    append_preface(&bytes);
    for (unsigned id = 1; id < 5000; id += 2) {
        append_headers(&bytes, id, "/a.B/C", "application/grpc", 0);
        append_frame(&bytes, FRAME_RST, 0, id, sm_slice_make("\0\0\0\x08", 4));
    }
    struct exchange exchange = {.bytes = sm_bytes_slice(&bytes)};
    talk(&fixture, &exchange); /* ends because the server closes */
    assert_true(exchange.answer.size > 0);
    sm_bytes_deinit(&exchange.answer);
    sm_bytes_deinit(&bytes);
    stop(&fixture);
}

static void closes_connections_that_speak_no_http2(void **state)
{
    (void)state;
    struct fixture fixture = start(NULL, &grpc_options);
    struct exchange exchange = {.bytes = SM_SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n")};
    talk(&fixture, &exchange);
    sm_bytes_deinit(&exchange.answer);
    stop(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_http_requests_however_they_are_cut),
        cmocka_unit_test(answers_a_client_that_has_said_its_end),
        cmocka_unit_test(sends_large_answers_whole_to_clients_that_end_behind_their_request),
        cmocka_unit_test(handles_no_next_request_before_the_client_has_taken_the_answer),
        cmocka_unit_test(refuses_bodies_and_heads_over_the_limits),
        cmocka_unit_test(closes_clients_that_take_too_long),
        cmocka_unit_test(tells_that_an_address_is_taken),
        cmocka_unit_test(answers_calls_however_they_are_cut),
        cmocka_unit_test(survives_calls_that_are_wrong),
        cmocka_unit_test(sends_away_clients_that_ping_too_often),
        cmocka_unit_test(sends_away_clients_that_open_and_reset_without_end),
        cmocka_unit_test(closes_connections_that_speak_no_http2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
