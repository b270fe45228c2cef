/* Requests over HTTP/2, by our own client session on the other end of a socket pair. One thread: the main worker's loop. */
#include "net/http_streams.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "net/http2_session.h"
#include "net/stream.h"
#include "pipeline/worker.h"

enum { EXCHANGES_MAX = 300 };

/* What the client learnt of one request. */
struct exchange {
    int status;
    struct sm_bytes headers, body;
    bool is_closed;
    uint32_t error_code;
};

struct fixture {
    struct sm_workers *workers;
    struct sm_worker *worker;
    struct sm_http_streams *streams;
    struct sm_http2_session *client;
    struct exchange exchanges[EXCHANGES_MAX];
    size_t sent_count, closed_count;
    struct sm_http_request *held;
    bool is_over, is_stopping;
};

static struct fixture fixture;

static void end_when_done(void)
{
    if (fixture.closed_count == fixture.sent_count || fixture.is_over)
        sm_workers_stop_main(fixture.workers);
}

/* ---- the client */

static void on_header(void *message, struct sm_slice name, struct sm_slice value, void *context)
{
    (void)context;
    struct exchange *exchange = message;
    if (sm_slice_is(name, ":status"))
        exchange->status = atoi(value.ptr);
    else
        sm_bytes_printf(&exchange->headers, "%.*s=%.*s;", SM_SLICE_ARGS(name), SM_SLICE_ARGS(value));
}

static void on_headed(void *message, bool is_trailer, void *context)
{
    (void)message, (void)is_trailer, (void)context;
}

static void on_data(void *message, struct sm_slice bytes, void *context)
{
    (void)context;
    sm_bytes_append_slice(&((struct exchange *)message)->body, bytes);
}

static void on_ended(void *message, void *context)
{
    (void)message, (void)context;
}

static void on_closed(void *message, uint32_t error_code, void *context)
{
    (void)context;
    struct exchange *exchange = message;
    exchange->is_closed = true;
    exchange->error_code = error_code;
    fixture.closed_count++;
    end_when_done();
}

static void on_failed(struct sm_http2_session *session, const char *reason, void *context)
{
    (void)session, (void)reason, (void)context;
}

static const struct sm_http2_events client_events = {
    .header = on_header, .headed = on_headed, .data = on_data, .ended = on_ended, .closed = on_closed, .failed = on_failed};

static struct exchange *ask(const char *method, const char *path, const char *header, const char *value, struct sm_slice body)
{
    struct exchange *exchange = &fixture.exchanges[fixture.sent_count++];
    const struct sm_http2_header headers[] = {{SM_SLICE(":method"), sm_slice_of(method)},
                                              {SM_SLICE(":scheme"), SM_SLICE("https")},
                                              {SM_SLICE(":path"), sm_slice_of(path)},
                                              {SM_SLICE(":authority"), SM_SLICE("shop:4318")},
                                              {sm_slice_of(header), sm_slice_of(value)}};
    const struct iovec piece = {.iov_base = (void *)(uintptr_t)body.ptr, .iov_len = body.size};
    assert_true(sm_http2_submit_request(fixture.client, headers, *header ? 5 : 4, &piece, body.size ? 1 : 0, exchange) > 0);
    sm_http2_flush(fixture.client);
    return exchange;
}

/* ---- the server */

static void on_request(struct sm_http_request *request, void *context)
{
    (void)context;
    if (sm_slice_is(sm_http_request_path(request), "/held")) {
        fixture.held = request;
        sm_workers_stop_main(fixture.workers);
        return;
    }
    struct sm_buffer *body = sm_http_request_unpack_body(request);
    if (!body)
        return;
    struct sm_bytes text = {0};
    sm_bytes_printf(&text, "%.*s %.*s?%.*s host=%.*s %zu bytes from %s", SM_SLICE_ARGS(sm_http_request_method(request)),
                    SM_SLICE_ARGS(sm_http_request_path(request)), SM_SLICE_ARGS(sm_http_request_query(request)),
                    SM_SLICE_ARGS(sm_http_request_header(request, SM_SLICE("Host"))), body->size, sm_http_request_peer(request));
    sm_http_respond_text(request, 200, "text/plain", sm_bytes_slice(&text));
    sm_bytes_deinit(&text);
    sm_buffer_release(body);
}

static void on_over(void *owner)
{
    (void)owner;
    sm_http_streams_free(fixture.streams);
    fixture.streams = NULL;
    fixture.is_over = true;
    sm_workers_stop_main(fixture.workers);
}

static bool is_stopping(void *owner)
{
    (void)owner;
    return fixture.is_stopping;
}

static const char *const origins[] = {"*"};
static struct sm_cors_options cors = {.allowed_origins = {.items = (const char **)(uintptr_t)origins, .count = 1}};
static struct sm_string_map_entry fixed_headers[] = {{"X-Fixed", "as is"}};
static const struct sm_http_server_options preset_options = {
    .keep_alives_enabled = true, .cors = &cors, .response_headers = {.entries = fixed_headers, .count = 1}, .max_request_body_size = 100000};

static void begin(const struct sm_http_server_options *options)
{
    fixture = (struct fixture){.workers = sm_workers_create(0, NULL)};
    fixture.worker = sm_workers_main(fixture.workers);
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    const struct sm_http_streams_setup setup = {
        .options = options, .handler = on_request, .body_limit_bytes = 100000, .peer = "10.0.0.1:5", .over = on_over, .is_stopping = is_stopping};
    static const struct sm_stream_events none = {0};
    fixture.streams = sm_http_streams_create(sm_stream_accept(fixture.worker, fds[0], NULL, &none, NULL), &setup);
    static const struct sm_http2_options client_options = {0};
    fixture.client =
        sm_http2_session_create_client(sm_stream_accept(fixture.worker, fds[1], NULL, &none, NULL), &client_options, &client_events, NULL);
}

static void end(void)
{
    sm_http2_session_close(fixture.client);
    sm_http_streams_free(fixture.streams);
    for (size_t i = 0; i < fixture.sent_count; i++) {
        sm_bytes_deinit(&fixture.exchanges[i].headers);
        sm_bytes_deinit(&fixture.exchanges[i].body);
    }
    sm_workers_free(fixture.workers);
}

static void run(void)
{
    sm_workers_run_main(fixture.workers);
}

/* ---- */

static void answers_many_requests_on_one_connection(void **state)
{
    (void)state;
    begin(&preset_options);
    for (int i = 0; i < 200; i++)
        ask("POST", "/v1/traces?x=1", "content-type", "text/plain", SM_SLICE("0123456789"));
    run();
    for (int i = 0; i < 200; i++) {
        struct exchange *exchange = &fixture.exchanges[i];
        assert_int_equal(exchange->status, 200);
        assert_int_equal(exchange->error_code, 0);
        assert_string_equal(sm_bytes_cstr(&exchange->body), "POST /v1/traces?x=1 host=shop:4318 10 bytes from 10.0.0.1:5");
        assert_non_null(strstr(sm_bytes_cstr(&exchange->headers), "x-fixed=as is;vary=Origin;content-type=text/plain;date="));
        assert_non_null(strstr(sm_bytes_cstr(&exchange->headers), ";content-length=59;"));
        assert_null(strstr(sm_bytes_cstr(&exchange->headers), "connection"));
    }
    end();
}

static void answers_what_needs_no_body(void **state)
{
    (void)state;
    begin(&preset_options);
    struct exchange *get = ask("GET", "/", "", "", SM_SLICE("")), *head = ask("HEAD", "/", "", "", SM_SLICE(""));
    struct exchange *preflight = ask("OPTIONS", "/", "access-control-request-method", "POST", SM_SLICE(""));
    run();
    assert_int_equal(get->status, 200);
    assert_int_equal(head->status, 200);
    assert_int_equal(head->body.size, 0);
    assert_non_null(strstr(sm_bytes_cstr(&head->headers), "content-length="));
    assert_int_equal(preflight->status, 204);
    end();
}

static void refuses_bodies_over_the_limit(void **state)
{
    (void)state;
    static char large[3 * 1024 * 1024];
    begin(&preset_options);
    struct exchange *announced = ask("POST", "/", "content-length", "3145728", sm_slice_make(large, sizeof(large)));
    struct exchange *unannounced = ask("POST", "/", "", "", sm_slice_make(large, sizeof(large)));
    struct exchange *packed = ask("POST", "/", "content-encoding", "br", SM_SLICE("x"));
    run();
    assert_int_equal(announced->status, 400);
    assert_string_equal(sm_bytes_cstr(&announced->body), "http: request body too large\n");
    assert_int_equal(unannounced->status, 400);
    assert_int_equal(packed->status, 400);
    end();
}

static void a_client_that_gives_up_is_noticed_and_answered_to_nobody(void **state)
{
    (void)state;
    begin(&preset_options);
    ask("POST", "/held", "", "", SM_SLICE("x"));
    run();
    assert_non_null(fixture.held);
    assert_false(atomic_load(sm_http_request_abandoned(fixture.held)));
    sm_http2_session_close(fixture.client);
    fixture.client = NULL;
    while (!fixture.is_over)
        run();
    assert_true(atomic_load(sm_http_request_abandoned(fixture.held)));
    sm_http_respond_text(fixture.held, 200, "text/plain", SM_SLICE("late"));
    end();
}

static void ends_when_the_server_stops_and_all_is_answered(void **state)
{
    (void)state;
    begin(&preset_options);
    struct exchange *held = ask("POST", "/held", "", "", SM_SLICE("x"));
    run();
    fixture.is_stopping = true;
    sm_http_streams_end(fixture.streams);
    sm_http_respond_text(fixture.held, 200, "text/plain", SM_SLICE("last"));
    run();
    assert_int_equal(held->status, 200);
    assert_string_equal(sm_bytes_cstr(&held->body), "last");
    while (!fixture.is_over)
        run();
    end();
}

static void resets_what_takes_too_long(void **state)
{
    (void)state;
    struct sm_http_server_options options = preset_options;
    options.write_timeout_ns = 20 * SM_NS_PER_MS;
    begin(&options);
    struct exchange *held = ask("POST", "/held", "", "", SM_SLICE("x"));
    run();
    run();
    assert_true(held->is_closed);
    assert_int_equal(held->error_code, SM_HTTP2_INTERNAL_ERROR);
    sm_http_respond_text(fixture.held, 200, "text/plain", SM_SLICE("late"));
    end();
}

static void ends_connections_that_are_idle(void **state)
{
    (void)state;
    struct sm_http_server_options options = preset_options;
    options.idle_timeout_ns = 20 * SM_NS_PER_MS;
    begin(&options);
    while (!fixture.is_over)
        run();
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_many_requests_on_one_connection),
        cmocka_unit_test(answers_what_needs_no_body),
        cmocka_unit_test(refuses_bodies_over_the_limit),
        cmocka_unit_test(a_client_that_gives_up_is_noticed_and_answered_to_nobody),
        cmocka_unit_test(ends_when_the_server_stops_and_all_is_answered),
        cmocka_unit_test(resets_what_takes_too_long),
        cmocka_unit_test(ends_connections_that_are_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
