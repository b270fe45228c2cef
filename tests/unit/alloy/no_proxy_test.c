/* no_proxy_test.c - hosts that a list takes from the proxy. Expected values: the documentation of golang.org/x/net/http/httpproxy. */
#include "alloy/no_proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdint.h>

static void a_list_takes_hosts_domains_addresses_and_ranges_from_the_proxy(void **state)
{
    (void)state;
    static const struct {
        const char *url, *list;
        bool is_reached_without;
    } cases[] = {
        {"http://mimir.example.com/x", "", false},
        {"http://localhost/x", "", false},
        {"http://localhost/x", "other", true},
        {"http://127.0.0.9:9009/x", "other", true},
        {"http://[::1]:9009/x", "other", true},
        {"http://mimir.example.com/x", "*", true},
        {"http://mimir.example.com/x", "example.com", true},
        {"http://Mimir.Example.com/x", "EXAMPLE.com", true},
        {"http://example.com/x", "example.com", true},
        {"http://example.com/x", ".example.com", false},
        {"http://mimir.example.com/x", ".example.com", true},
        {"http://mimir.example.com/x", "*.example.com", true},
        {"http://notexample.com/x", "example.com", false},
        {"http://mimir.example.com/x", "a, b ,example.com", true},
        {"http://mimir.example.com:9009/x", "example.com:9009", true},
        {"http://mimir.example.com:9009/x", "example.com:80", false},
        {"http://mimir.example.com/x", "example.com:80", true},
        {"http://10.1.2.3/x", "10.1.2.3", true},
        {"http://10.1.2.3/x", "10.1.2.4", false},
        {"http://10.1.2.3/x", "10.0.0.0/8", true},
        {"http://11.1.2.3/x", "10.0.0.0/8", false},
        {"http://10.1.2.3/x", "10.1.2.2/31", true},
        {"http://10.1.2.3/x", "10.1.2.3/33", false},
        {"http://[fd00::1]/x", "fd00::/8", true},
        {"http://[fd00::1]:9009/x", "[fd00::1]:9009", true},
        {"http://10.1.2.3/x", "0.3", false},
        {"http://mimir/x", "10.0.0.0/8,,", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (sm_alloy_is_reached_without_proxy(cases[i].url, cases[i].list) != cases[i].is_reached_without) {
            print_message("%s with %s\n", cases[i].url, cases[i].list);
            fail();
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_list_takes_hosts_domains_addresses_and_ranges_from_the_proxy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
