/* Which proxy a target is reached through, and which proxy URLs are refused. */
#include "net/dial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void takes_host_and_port_of_a_proxy(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host, *port, *authorization;
    } cases[] = {
        {"http://proxy:3128", "proxy", "3128", ""},
        {"http://proxy", "proxy", "80", ""},
        {"http://proxy:/", "proxy", "80", ""},
        {"http://proxy:3128/ignored", "proxy", "3128", ""},
        {"http://[::1]:3128", "::1", "3128", ""},
        {"http://[::1]", "::1", "80", ""},
        {"http://user:pass@proxy:1", "proxy", "1", "Basic dXNlcjpwYXNz"},
        {"http://us%65r:p%40ss@proxy:1", "proxy", "1", "Basic dXNlcjpwQHNz"},
        {"http://user@proxy:1", "proxy", "1", "Basic dXNlcjo="},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_dial_target target = {.host = "backend", .port = "4318"};
        struct sm_error error = {0};
        if (!sm_dial_target_set_proxy(&target, cases[i].url, true, &error))
            fail_msg("%s: %s", cases[i].url, error.text);
        assert_string_equal(target.proxy_host, cases[i].host);
        assert_string_equal(target.proxy_port, cases[i].port);
        assert_string_equal(target.proxy_authorization, cases[i].authorization);
        assert_true(target.tunnels);
    }
}

static void refuses_proxies_that_cannot_be_used(void **state)
{
    (void)state;
    static const struct {
        const char *url, *message;
    } cases[] = {
        {"proxy", "parse \"proxy\": invalid URI for request"},
        {"127.0.0.1:3128", "parse \"127.0.0.1:3128\": invalid URI for request"},
        {"foo bar", "parse \"foo bar\": invalid URI for request"},
        {"://x", "parse \"://x\": missing protocol scheme"},
        {"http://a b/", "parse \"http://a b/\": invalid character \" \" in host name"},
        {"http://[::1", "parse \"http://[::1\": missing ']' in host"},
        {"http://x:y", "parse \"http://x:y\": invalid port \":y\" after host"},
        {"http://u:secret@x:y", "parse \"http://u:***@x:y\": invalid port after host"},
        {"u:secret@x", "parse \"u:***@x\": invalid URI for request"},
        {"http://u:sec/ret@x", "parse \"http://u:***@x\": invalid port after host"},
        {"http://", "no usable host"},
        {"http://:3128", "no usable host"},
        {"socks5://127.0.0.1:1080", "only http:// proxies are supported"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_dial_target target = {.host = "backend", .port = "4318"};
        struct sm_error error = {0};
        assert_false(sm_dial_target_set_proxy(&target, cases[i].url, true, &error));
        if (!strstr(error.text, cases[i].message))
            fail_msg("%s: got %s", cases[i].url, error.text);
    }
}

static void the_environment_may_leave_out_the_scheme(void **state)
{
    (void)state;
    static const struct {
        const char *host, *no_proxy, *expected;
    } cases[] = {
        {"backend", "", "proxy"},           {"localhost", "", ""},         {"127.0.0.9", "", ""},
        {"backend", "backend", ""},         {"a.backend", ".backend", ""}, {"a.backend", "backend", ""},
        {"notbackend", "backend", "proxy"}, {"backend", "other, *", ""},   {"backend", "backend:1", "proxy"},
        {"backend", "backend:4318", ""},
    };
    setenv("HTTP_PROXY", "proxy:3128", 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_dial_target target = {.port = "4318"};
        struct sm_error error = {0};
        strncpy(target.host, cases[i].host, sizeof(target.host) - 1);
        setenv("NO_PROXY", cases[i].no_proxy, 1);
        assert_true(sm_dial_target_set_proxy(&target, "", false, &error));
        assert_string_equal(target.proxy_host, cases[i].expected);
    }
    unsetenv("HTTP_PROXY");
    unsetenv("NO_PROXY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_host_and_port_of_a_proxy),
        cmocka_unit_test(refuses_proxies_that_cannot_be_used),
        cmocka_unit_test(the_environment_may_leave_out_the_scheme),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
