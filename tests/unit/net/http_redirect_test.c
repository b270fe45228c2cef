/* http_redirect_test.c - where redirects lead, and which paths a pattern stands for. */
#include "net/http_redirect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/http_route.h"

static void resolves_locations_against_what_was_asked(void **state)
{
    (void)state;
    static const struct {
        const char *base, *location, *target;
    } cases[] = {
        {"http://h:1/v1/traces", "/x/y?z=1", "http://h:1/x/y?z=1"}, {"http://h:1/v1/traces?q=1", "?p=2", "http://h:1/v1/traces?p=2"},
        {"http://h:1/v1/traces", "other", "http://h:1/v1/other"},   {"http://h:1", "other", "http://h:1/other"},
        {"http://h:1/v1/traces", "#part", "http://h:1/v1/traces"},  {"https://h/v1/traces", "//g:2/w", "https://g:2/w"},
        {"http://h:1/v1/traces", "https://g/w", "https://g/w"},     {"http://h:1/v1/traces", "/a b", "http://h:1/a%20b"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_bytes out = {0};
        sm_http_redirect_resolve(sm_slice_of(cases[i].base), sm_slice_of(cases[i].location), &out);
        assert_string_equal(sm_bytes_cstr(&out), cases[i].target);
        sm_bytes_deinit(&out);
    }
}

static void tells_hosts_apart_without_their_ports(void **state)
{
    (void)state;
    assert_true(sm_slice_is(sm_http_redirect_host(SM_SLICE("http://user:word@h.test:1/x")), "h.test"));
    assert_true(sm_slice_is(sm_http_redirect_host(SM_SLICE("https://h.test?x")), "h.test"));
    assert_true(sm_slice_is(sm_http_redirect_host(SM_SLICE("https://[::1]:2/")), "[::1"));
}

static void repeats_all_but_303(void **state)
{
    (void)state;
    assert_true(sm_http_redirect_repeats(301) && sm_http_redirect_repeats(302) && sm_http_redirect_repeats(307) && sm_http_redirect_repeats(308));
    assert_false(sm_http_redirect_repeats(303) || sm_http_redirect_repeats(304) || sm_http_redirect_repeats(200));
}

static void a_pattern_with_a_slash_at_its_end_stands_for_all_below(void **state)
{
    (void)state;
    assert_true(sm_http_route_fits(SM_SLICE("/a/"), SM_SLICE("/a/b")));
    assert_true(sm_http_route_fits(SM_SLICE("/a"), SM_SLICE("/a")));
    assert_true(sm_http_route_fits(SM_SLICE("/as"), SM_SLICE("/a%73")));
    assert_false(sm_http_route_fits(SM_SLICE("/a"), SM_SLICE("/a/b")));
    assert_false(sm_http_route_fits(SM_SLICE("/a/"), SM_SLICE("/a")));
    assert_false(sm_http_route_fits(SM_SLICE("/a"), SM_SLICE("/a%7")));
}

static void an_escaped_slash_parts_no_segments(void **state)
{
    (void)state;
    assert_false(sm_http_route_fits(SM_SLICE("/a/b"), SM_SLICE("/a%2Fb")));
    assert_false(sm_http_route_fits(SM_SLICE("/a/"), SM_SLICE("/a%2f")));
    assert_true(sm_http_route_fits(SM_SLICE("/a/"), SM_SLICE("/a/%2F")));
    assert_true(sm_http_path_is(SM_SLICE("/a%2Fb"), SM_SLICE("/a/b")));
    assert_false(sm_http_path_is(SM_SLICE("/a/bc"), SM_SLICE("/a/b")));
    assert_true(sm_http_path_contains(SM_SLICE("/x/a%2Fb/y"), SM_SLICE("/a/b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolves_locations_against_what_was_asked),
        cmocka_unit_test(tells_hosts_apart_without_their_ports),
        cmocka_unit_test(repeats_all_but_303),
        cmocka_unit_test(a_pattern_with_a_slash_at_its_end_stands_for_all_below),
        cmocka_unit_test(an_escaped_slash_parts_no_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
