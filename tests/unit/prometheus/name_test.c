#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdint.h>

#include "prometheus/name.h"

static void names_metrics_as_the_reference(void **state)
{
    (void)state;
    static const struct {
        const char *name_space, *name, *unit;
        enum sm_prometheus_kind kind;
        const char *suffixed, *plain, *utf8; /* NULL: no valid name */
    } rows[] = {
        {"", "http.server.duration", "s", SM_PROMETHEUS_KIND_OTHER, "http_server_duration_seconds", "http_server_duration",
         "http.server.duration_seconds"},
        {"", "requests", "{requests}", SM_PROMETHEUS_KIND_COUNTER, "requests_total", "requests", "requests_total"},
        {"", "x.total.y", "", SM_PROMETHEUS_KIND_COUNTER, "x_y_total", "x_total_y", "x.total.y_total"},
        {"", "disk.bytes", "By", SM_PROMETHEUS_KIND_GAUGE, "disk_bytes", "disk_bytes", "disk.bytes"},
        {"", "cpu", "1", SM_PROMETHEUS_KIND_GAUGE, "cpu_ratio", "cpu", "cpu_ratio"},
        {"", "cpu", "1", SM_PROMETHEUS_KIND_COUNTER, "cpu_total", "cpu", "cpu_total"},
        {"", "io", "By/s", SM_PROMETHEUS_KIND_GAUGE, "io_bytes_per_second", "io", "io_bytes_per_second"},
        {"", "io", "/s", SM_PROMETHEUS_KIND_GAUGE, "io_per_second", "io", "io_per_second"},
        {"", "io", "s/{x}", SM_PROMETHEUS_KIND_OTHER, "io_seconds", "io", "io_seconds"},
        {"", "9lives", "", SM_PROMETHEUS_KIND_OTHER, "_9lives", "_9lives", "9lives"},
        {"", "a__b", "", SM_PROMETHEUS_KIND_OTHER, "a_b", "a__b", "a__b"},
        {"", "a:b", "_foo_", SM_PROMETHEUS_KIND_OTHER, "a:b_foo_", "a:b", "a:b__foo_"},
        {"", "..", "", SM_PROMETHEUS_KIND_OTHER, NULL, NULL, ".."},
        {"", "é", "", SM_PROMETHEUS_KIND_OTHER, NULL, NULL, "é"},
        {"9my.ns", "x", "ms", SM_PROMETHEUS_KIND_OTHER, "_9my.ns_x_milliseconds", "9my_ns_x", "9my.ns_x_milliseconds"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *expected[] = {rows[i].suffixed, rows[i].plain, rows[i].utf8};
        for (int form = 0; form < 3; form++) {
            struct sm_prometheus_namer namer = {.name_space = sm_slice_of(rows[i].name_space), .with_suffixes = form != 1, .keeps_utf8 = form == 2};
            struct sm_bytes out = {0};
            bool is_named = sm_prometheus_metric_name(&namer, sm_slice_of(rows[i].name), sm_slice_of(rows[i].unit), rows[i].kind, &out);
            assert_int_equal(is_named, expected[form] != NULL);
            if (is_named)
                assert_string_equal(sm_bytes_cstr(&out), expected[form]);
            sm_bytes_deinit(&out);
        }
    }
}

static void names_labels_as_the_reference(void **state)
{
    (void)state;
    static const struct {
        const char *label, *kept, *collapsed, *marked; /* NULL: no valid name */
    } rows[] = {
        {"http.method", "http_method", "http_method", "http_method"},
        {"9d", "key_9d", "key_9d", "key_9d"},
        {"_u", "_u", "_u", "key_u"},
        {"__r", "__r", "_r", "key_r"},
        {"__r__", "__r__", "__r__", "__r__"},
        {"a.-b", "a__b", "a_b", "a_b"},
        {"é", NULL, NULL, "key_"},
        {"xé", "x_", "x_", "x_"},
        {"___", NULL, NULL, "key_"},
        {"", NULL, NULL, NULL},
    };
    const struct sm_prometheus_label_namer namers[] = {
        {.collapses_underscores = false}, {.collapses_underscores = true}, {.collapses_underscores = true, .marks_leading_underscore = true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *expected[] = {rows[i].kept, rows[i].collapsed, rows[i].marked};
        for (int form = 0; form < 3; form++) {
            struct sm_bytes out = {0};
            bool is_named = sm_prometheus_label_name(&namers[form], sm_slice_of(rows[i].label), &out);
            assert_int_equal(is_named, expected[form] != NULL);
            if (is_named)
                assert_string_equal(sm_bytes_cstr(&out), expected[form]);
            sm_bytes_deinit(&out);
        }
    }
}

static void escapes_names_for_clients(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *escaped[4]; /* by enum sm_prometheus_escaping */
    } rows[] = {
        {"plain_name", {"plain_name", "plain_name", "plain_name", "plain_name"}},
        {"a.b_c", {"a_b_c", "a_dot_b__c", "U__a_2e_b__c", "a.b_c"}},
        {"9é", {"__", "____", "U___39__e9_", "9é"}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int escaping = SM_PROMETHEUS_UNDERSCORES; escaping <= SM_PROMETHEUS_ALLOW_UTF8; escaping++) {
            struct sm_bytes out = {0};
            sm_prometheus_escape_name(sm_slice_of(rows[i].name), (enum sm_prometheus_escaping)escaping, &out);
            assert_string_equal(sm_bytes_cstr(&out), rows[i].escaped[escaping]);
            sm_bytes_deinit(&out);
        }
    }
}

static void arbitrary_bytes_become_classic_names_or_none(void **state)
{
    (void)state;
    uint64_t bits = 7;
    for (int round = 0; round < 50000; round++) {
        char bytes[16];
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            bytes[i] = (char)(bits >> 56);
        }
        struct sm_slice name = sm_slice_make(bytes, (size_t)(bits >> 32) % 9), unit = sm_slice_make(bytes + 8, (size_t)(bits >> 40) % 9);
        for (int form = 0; form < 3; form++) {
            struct sm_prometheus_namer namer = {.with_suffixes = form != 1, .keeps_utf8 = form == 2};
            struct sm_prometheus_label_namer label = {.keeps_utf8 = form == 2, .collapses_underscores = form == 1};
            struct sm_bytes metric_out = {0}, label_out = {0}, escaped = {0};
            if (sm_prometheus_metric_name(&namer, name, unit, SM_PROMETHEUS_KIND_COUNTER, &metric_out) && form < 2)
                assert_true(sm_prometheus_is_classic_name(sm_bytes_slice(&metric_out)));
            if (sm_prometheus_label_name(&label, name, &label_out) && form < 2)
                assert_true(sm_prometheus_is_classic_name(sm_bytes_slice(&label_out)));
            sm_prometheus_escape_name(name, (enum sm_prometheus_escaping)(round % 3), &escaped);
            assert_true(!name.size || sm_prometheus_is_classic_name(sm_bytes_slice(&escaped)));
            sm_bytes_deinit(&metric_out);
            sm_bytes_deinit(&label_out);
            sm_bytes_deinit(&escaped);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_metrics_as_the_reference),
        cmocka_unit_test(names_labels_as_the_reference),
        cmocka_unit_test(escapes_names_for_clients),
        cmocka_unit_test(arbitrary_bytes_become_classic_names_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
