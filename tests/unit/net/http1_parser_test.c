#include "net/http1_parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct seen {
    struct sm_bytes text; /* what was parsed, written down */
};

static bool on_headed(struct sm_http1_parser *parser, const struct sm_http1_head *head, void *context)
{
    (void)parser;
    struct seen *seen = context;
    sm_bytes_printf(&seen->text, "[%.*s %.*s %d", SM_SLICE_ARGS(head->method), SM_SLICE_ARGS(head->target), head->status);
    for (size_t i = 0; i < head->header_count; i++)
        sm_bytes_printf(&seen->text, " %.*s=%.*s", SM_SLICE_ARGS(head->headers[i].name), SM_SLICE_ARGS(head->headers[i].value));
    sm_bytes_printf(&seen->text, "%s]", head->is_keep_alive ? "" : " close");
    return true;
}

static bool on_body(struct sm_http1_parser *parser, struct sm_slice bytes, void *context)
{
    (void)parser;
    sm_bytes_append_slice(&((struct seen *)context)->text, bytes);
    return true;
}

static bool on_ended(struct sm_http1_parser *parser, void *context)
{
    (void)parser;
    sm_bytes_append_char(&((struct seen *)context)->text, ';');
    return true;
}

static const struct sm_http1_events events = {.headed = on_headed, .body = on_body, .ended = on_ended};

struct message_case {
    enum sm_http1_role role;
    const char *bytes;
    const char *expected;
};

static const struct message_case message_cases[] = {
    {SM_HTTP1_REQUESTS, "POST /a HTTP/1.1\r\nHost:  x \r\nContent-Length: 3\r\n\r\nabc", "[POST /a 0 Host=x Content-Length=3]abc;"},
    {SM_HTTP1_REQUESTS, "GET / HTTP/1.1\r\nA: 1\r\nA: 2\r\n\r\nGET /2 HTTP/1.0\r\n\r\n", "[GET / 0 A=1 A=2];[GET /2 0 close];"},
    {SM_HTTP1_REQUESTS, "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nT: v\r\n\r\n",
     "[PUT /c 0 Transfer-Encoding=chunked]abc;"},
    {SM_HTTP1_REQUESTS, "GET / HTTP/1.1\r\nEmpty:\r\nB: c\r\n\r\n", "[GET / 0 Empty= B=c];"},
    {SM_HTTP1_ANSWERS, "HTTP/1.1 503 No\r\nRetry-After: 4\r\nContent-Length: 2\r\n\r\nno", "[  503 Retry-After=4 Content-Length=2]no;"},
};

static void parses_messages_cut_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(message_cases) / sizeof(message_cases[0]); i++) {
        const struct message_case *c = &message_cases[i];
        size_t size = strlen(c->bytes);
        for (size_t step = 1; step <= size; step++) {
            struct seen seen = {0};
            struct sm_http1_parser *parser = sm_http1_parser_create(c->role, 1000, &events, &seen);
            for (size_t at = 0; at < size; at += step) {
                size_t taken = 0, part = step < size - at ? step : size - at;
                assert_int_equal(sm_http1_parse(parser, sm_slice_make(c->bytes + at, part), &taken), SM_HTTP1_MORE);
                assert_int_equal(taken, part);
            }
            assert_string_equal(sm_bytes_cstr(&seen.text), c->expected);
            assert_false(sm_http1_parser_is_busy(parser));
            sm_http1_parser_free(parser);
            sm_bytes_deinit(&seen.text);
        }
    }
}

static enum sm_http1_status status_of(const char *bytes, size_t head_limit)
{
    struct seen seen = {0};
    size_t taken = 0;
    struct sm_http1_parser *parser = sm_http1_parser_create(SM_HTTP1_REQUESTS, head_limit, &events, &seen);
    enum sm_http1_status status = sm_http1_parse(parser, sm_slice_of(bytes), &taken);
    sm_http1_parser_free(parser);
    sm_bytes_deinit(&seen.text);
    return status;
}

static void refuses_what_is_no_http(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (status_of(wrong[i], 1000) != SM_HTTP1_MALFORMED)
            fail_msg("taken: %s", wrong[i]);
}

static void refuses_heads_over_the_limit(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET / HTTP/1.1\r\nA: 0123456789\r\n\r\n", 100), SM_HTTP1_MORE);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nA: 0123456789\r\n\r\n", 10), SM_HTTP1_HEAD_TOO_LARGE);
    assert_int_equal(status_of("GET /01234567890123456789 HTTP/1.1\r\n\r\n", 10), SM_HTTP1_HEAD_TOO_LARGE);
}

static void ends_an_answer_with_the_connection(void **state)
{
    (void)state;
    struct seen seen = {0};
    size_t taken = 0;
    struct sm_http1_parser *parser = sm_http1_parser_create(SM_HTTP1_ANSWERS, 1000, &events, &seen);
    assert_int_equal(sm_http1_parse(parser, SM_SLICE("HTTP/1.1 200 OK\r\n\r\nall the rest"), &taken), SM_HTTP1_MORE);
    assert_true(sm_http1_parse_end(parser));
    assert_string_equal(sm_bytes_cstr(&seen.text), "[  200 close]all the rest;");
    sm_http1_parser_free(parser);
    sm_bytes_deinit(&seen.text);
}

static bool on_ended_stop(struct sm_http1_parser *parser, void *context)
{
    on_ended(parser, context);
    return false;
}

/* As the client does it: it takes one answer and stops. */
static void ends_an_answer_with_the_connection_for_who_stops_behind_it(void **state)
{
    (void)state;
    static const struct sm_http1_events stopping = {.headed = on_headed, .body = on_body, .ended = on_ended_stop};
    struct seen seen = {0};
    size_t taken = 0;
    struct sm_http1_parser *parser = sm_http1_parser_create(SM_HTTP1_ANSWERS, 1000, &stopping, &seen);
    assert_int_equal(sm_http1_parse(parser, SM_SLICE("HTTP/1.0 200 OK\r\n\r\n{}"), &taken), SM_HTTP1_MORE);
    assert_true(sm_http1_parse_end(parser));
    assert_string_equal(sm_bytes_cstr(&seen.text), "[  200 close]{};");
    sm_http1_parser_free(parser);
    sm_bytes_deinit(&seen.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_messages_cut_at_every_byte),
        cmocka_unit_test(refuses_what_is_no_http),
        cmocka_unit_test(refuses_heads_over_the_limit),
        cmocka_unit_test(ends_an_answer_with_the_connection),
        cmocka_unit_test(ends_an_answer_with_the_connection_for_who_stops_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
