/* URLs in their parts, and without their secrets. */
#include "net/http_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void shows_urls_without_their_secrets(void **state)
{
    (void)state;
    static const struct {
        const char *url, *shown, *without_user;
    } cases[] = {
        {"http://h:1/p?q=1", "http://h:1/p?q=1", "http://h:1/p?q=1"},
        {"http://u:p@h:1/p", "http://u:***@h:1/p", "http://h:1/p"},
        {"https://u@h/p", "https://u@h/p", "https://h/p"},
        {"http://u:p@q@h/", "http://u:***@h/", "http://h/"},
        {"http://h/p@q:r", "http://h/p@q:r", "http://h/p@q:r"},
        {"http://:p@h?a@b", "http://:***@h?a@b", "http://h?a@b"},
        {"u:p@h:1", "u:***@h:1", "h:1"},
        {"http://u:p#q@h:1/p", "http://u:***@h:1/p", "http://h:1/p"},
        {"http://[::1]:80/p@q", "http://[::1]:80/p@q", "http://[::1]:80/p@q"},
        {"", "", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_bytes shown = {0}, without_user = {0};
        sm_http_url_write_shown(cases[i].url, &shown);
        sm_http_url_write_without_user(cases[i].url, &without_user);
        assert_string_equal(sm_bytes_cstr(&shown), cases[i].shown);
        assert_string_equal(sm_bytes_cstr(&without_user), cases[i].without_user);
        sm_bytes_deinit(&shown);
        sm_bytes_deinit(&without_user);
    }
}

static void takes_urls_apart(void **state)
{
    (void)state;
    struct sm_http_url url;
    struct sm_error error;
    assert_true(sm_http_url_parse("https://u:p@[::1]:8443/a/b?c#d", &url, &error));
    assert_true(url.is_https);
    assert_true(sm_slice_is(url.user, "u:p"));
    assert_true(sm_slice_is(url.path, "/a/b?c"));
    assert_string_equal(url.host, "::1");
    assert_string_equal(url.port, "8443");
    assert_true(sm_http_url_parse("http://host", &url, &error));
    assert_string_equal(url.port, "80");
    assert_int_equal(url.path.size, 0);
    assert_false(sm_http_url_parse("ftp://u:p@host?key=k", &url, &error));
    assert_string_equal(error.text, "endpoint ftp://u:***@host: must begin with http:// or https://");
    assert_false(sm_http_url_parse("http://u:p/q@host:1/", &url, &error));
    assert_string_equal(error.text, "endpoint http://u:***@host:1/: invalid port after host");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_urls_without_their_secrets),
        cmocka_unit_test(takes_urls_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
