/* What a client remembers of Set-Cookie, and where it gives it back. */
#include "net/cookies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void expect(struct sm_cookies *cookies, const char *url, int64_t now_s, const char *wanted)
{
    struct sm_bytes head = {0};
    sm_cookies_write(cookies, url, now_s, &head);
    assert_string_equal(sm_bytes_cstr(&head), wanted);
    sm_bytes_deinit(&head);
}

static void gives_back_what_belongs_to_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *from, *header, *to, *wanted;
    } rows[] = {
        {"http://a.test/v1/traces", "s=1", "http://a.test/v1/traces", "Cookie: s=1\r\n"},
        {"http://a.test/v1/traces", "s=1", "http://a.test/v1/logs?x=1", "Cookie: s=1\r\n"},
        {"http://a.test/v1/traces", "s=1", "http://a.test/v1", "Cookie: s=1\r\n"},
        {"http://a.test/v1/traces", "s=1", "http://a.test/v10", ""},
        {"http://a.test/v1/traces", "s=1", "http://b.test/v1/traces", ""},
        {"http://a.test/v1/traces", "s=1; Path=/", "http://a.test:4318/", "Cookie: s=1\r\n"},
        {"http://a.test/v1/traces", "s=1; Path=/other", "http://a.test/v1/traces", ""},
        {"http://a.b.test/", "s=\"q\"; Domain=.b.test", "http://c.b.test/", "Cookie: s=q\r\n"},
        {"http://a.b.test/", "s=1", "http://c.a.b.test/", ""},
        {"http://a.b.test/", "s=1; Domain=c.test", "http://a.b.test/", ""},
        {"http://a.b.test/", "s=1; domain=test", "http://a.b.test/", ""},
        {"http://127.0.0.1/", "s=1; Domain=127.0.0.1", "http://127.0.0.1/", "Cookie: s=1\r\n"},
        {"https://a.test/", "s=1; Secure; HttpOnly", "http://a.test/", ""},
        {"https://a.test/", "s=1; Secure; HttpOnly", "https://a.test/", "Cookie: s=1\r\n"},
        {"http://a.test/", "s=1; Max-Age=0", "http://a.test/", ""},
        {"http://a.test/", "s=1; Max-Age=10", "http://a.test/", "Cookie: s=1\r\n"},
        {"http://a.test/", "s=1; Expires=Thu, 01 Jan 1970 00:00:01 GMT", "http://a.test/", ""},
        {"http://a.test/", "s=1; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=5", "http://a.test/", "Cookie: s=1\r\n"},
        {"http://a.test/", "=1", "http://a.test/", ""},
        {"http://a.test/", "a\r\nb=1", "http://a.test/", ""},
        {"http://a.test/", "", "http://a.test/", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_cookies *cookies = sm_cookies_create();
        sm_cookies_take(cookies, rows[i].from, sm_slice_of(rows[i].header), 1000);
        expect(cookies, rows[i].to, 1001, rows[i].wanted);
        sm_cookies_free(cookies);
    }
}

static void replaces_forgets_and_orders(void **state)
{
    (void)state;
    struct sm_cookies *cookies = sm_cookies_create();
    sm_cookies_take(cookies, "http://a.test/v1/x", SM_SLICE("one=1; Path=/"), 1000);
    sm_cookies_take(cookies, "http://a.test/v1/x", SM_SLICE("two=2; Path=/v1"), 1000);
    sm_cookies_take(cookies, "http://a.test/v1/x", SM_SLICE("three=3; Path=/; Max-Age=5"), 1000);
    expect(cookies, "http://a.test/v1/x", 1001, "Cookie: two=2; one=1; three=3\r\n");
    expect(cookies, "http://a.test/v1/x", 1005, "Cookie: two=2; one=1\r\n");
    sm_cookies_take(cookies, "http://a.test/", SM_SLICE("one=new; Path=/"), 1006);
    sm_cookies_take(cookies, "http://a.test/", SM_SLICE("two=; Path=/v1; Max-Age=0"), 1006);
    expect(cookies, "http://a.test/v1/x", 1007, "Cookie: one=new\r\n");
    sm_cookies_free(cookies);
}

static void keeps_no_more_than_its_limit(void **state)
{
    (void)state;
    struct sm_cookies *cookies = sm_cookies_create();
    struct sm_bytes head = {0};
    for (int i = 0; i < 200; i++) {
        char header[32];
        snprintf(header, sizeof(header), "n%d=1", i);
        sm_cookies_take(cookies, "http://a.test/", sm_slice_of(header), 1000);
    }
    sm_cookies_write(cookies, "http://a.test/", 1000, &head);
    assert_null(strstr(sm_bytes_cstr(&head), "n135="));
    assert_non_null(strstr(sm_bytes_cstr(&head), "n136="));
    assert_non_null(strstr(sm_bytes_cstr(&head), "n199="));
    sm_bytes_deinit(&head);
    sm_cookies_free(cookies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_belongs_to_the_place),
        cmocka_unit_test(replaces_forgets_and_orders),
        cmocka_unit_test(keeps_no_more_than_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
