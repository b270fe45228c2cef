#include "config/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/error.h"
#include "config/diags.h"
#include "config/gates.h"
#include "config/write.h"

struct result {
    char json[2048], errors[4096];
    const struct sm_node *root;
    struct sm_arena arena;
};

static void load(struct result *result, const char *const *uris, const char *const *sets)
{
    *result = (struct result){0};
    struct sm_load_options options = {.uris = uris, .sets = sets};
    while (uris && uris[options.uri_count])
        options.uri_count++;
    while (sets && sets[options.set_count])
        options.set_count++;
    struct sm_diags *diags = sm_diags_create();
    result->root = sm_load(&options, &result->arena, diags);
    FILE *out = fmemopen(result->errors, sizeof(result->errors), "w");
    sm_diags_print(diags, out, false);
    fclose(out);
    sm_diags_free(diags);
    if (!result->root)
        return;
    struct sm_bytes text = {0};
    sm_node_write_json(result->root, &text);
    size_t used = 0;
    for (size_t i = 0; i < text.size && used + 1 < sizeof(result->json); i++)
        if (text.ptr[i] != '\n' &&
            !(text.ptr[i] == ' ' && (i + 1 == text.size || text.ptr[i + 1] == ' ' || text.ptr[i - 1] == ' ' || text.ptr[i - 1] == '\n')))
            result->json[used++] = text.ptr[i];
    sm_bytes_deinit(&text);
}

static void expect(const char *uri, const char *json)
{
    struct result result;
    load(&result, (const char *[]){uri, NULL}, NULL);
    if (!result.root)
        fail_msg("%s: %s", uri, result.errors);
    assert_string_equal(result.json, json);
    sm_arena_deinit(&result.arena);
}

static void expect_error(const char *uri, const char *message)
{
    struct result result;
    load(&result, (const char *[]){uri, NULL}, NULL);
    if (result.root || !strstr(result.errors, message))
        fail_msg("%s: %s%s", uri, result.json, result.errors);
    sm_arena_deinit(&result.arena);
}

static void types_a_value_that_is_one_substitution(void **state)
{
    (void)state;
    setenv("T_INT", "42", 1);
    setenv("T_QUOTED", "\"7\"", 1);
    setenv("T_LIST", "[a, \"${env:T_INT}\"]", 1);
    setenv("T_EMPTY", "", 1);
    setenv("T_DOLLAR", "a$$b", 1);
    unsetenv("T_UNSET");
    expect("yaml:a: ${env:T_INT}", "{\"a\": 42}");
    expect("yaml:a: '${T_INT}'", "{\"a\": 42}");
    expect("yaml:a: x${env:T_INT}", "{\"a\": \"x42\"}");
    expect("yaml:a: '${env:T_INT} '", "{\"a\": \"42 \"}");
    expect("yaml:a: ${env:T_QUOTED}", "{\"a\": \"\\\"7\\\"\"}");
    expect("yaml:a: ${env:T_LIST}", "{\"a\": [\"a\",42]}");
    expect("yaml:a: ${env:T_EMPTY}", "{\"a\": null}");
    expect("yaml:a: ${env:T_EMPTY:-d}", "{\"a\": null}");
    expect("yaml:a: ${env:T_UNSET}", "{\"a\": null}");
    expect("yaml:a: <${env:T_UNSET}>", "{\"a\": \"<>\"}");
    expect("yaml:a: ${env:T_UNSET:-${env:T_INT}}", "{\"a\": 42}");
    expect("yaml:a: ${env:T_UNSET:-http://h:80/p}", "{\"a\": \"http://h:80/p\"}");
    expect("yaml:a: ${env:T_DOLLAR}", "{\"a\": \"a$b\"}");
    expect("yaml:a: ${yaml:'12'}", "{\"a\": \"'12'\"}");
}

static void keeps_the_text_beside_the_typed_value(void **state)
{
    (void)state;
    setenv("T_ZEROS", "0012", 1);
    struct result result;
    load(&result, (const char *[]){"yaml:a: ${env:T_ZEROS}", NULL}, NULL);
    const struct sm_node *node = sm_node_find(result.root, "a");
    assert_int_equal(node->kind, SM_NODE_INT);
    assert_int_equal(node->integer, 10);
    assert_true(node->is_substituted);
    assert_string_equal(node->original, "0012");
    sm_arena_deinit(&result.arena);
}

static void leaves_dollars_that_mean_nothing(void **state)
{
    (void)state;
    expect("yaml:a: a$$b", "{\"a\": \"a$b\"}");
    expect("yaml:a: $${env:X}", "{\"a\": \"${env:X}\"}");
    expect("yaml:a: $$$${env:X}", "{\"a\": \"$${env:X}\"}");
    expect("yaml:a: $NAME $1 a$", "{\"a\": \"$NAME $1 a$\"}");
    expect("yaml:a: ^x.*$", "{\"a\": \"^x.*$\"}");
}

static void refuses_addresses_that_are_wrong(void **state)
{
    (void)state;
    expect_error("yaml:a: ${X:-d}", "invalid uri: \"X:-d\"");
    expect_error("yaml:a: ${FOO:-d}", "a default needs the scheme: ${env:FOO:-d}");
    expect_error("yaml:a: ${env:1X}", "invalid name");
    expect_error("yaml:a: ${env:X:-a$b}", "unsupported characters ('$')");
    expect_error("yaml:a: ${http://h/x}", "over the network");
    expect_error("no/such/file.yaml", "open no/such/file.yaml: no such file or directory");
    expect_error("http://host/x", "over the network");
    expect_error("yaml:[a]", "retrieved value (type=[]interface {}) cannot be used as a Conf: it must be a map");
    setenv("T_LOOP", "x${env:T_LOOP}", 1);
    expect_error("yaml:a: ${env:T_LOOP}", "too many recursive expansions");
}

static void lays_later_sources_over_earlier_ones(void **state)
{
    (void)state;
    struct result result;
    load(&result, (const char *[]){"yaml:{a: {b: 1, c: [1, 2]}, d: {e: 1}}", "yaml:{a: {c: [3]}, d: , f::g: 4}", NULL},
         (const char *[]){"a.b=x: y", "a.h={i: j}", " f.g = 5 ", NULL});
    assert_null(result.root); /* "a::b: x: y" is no YAML */
    sm_arena_deinit(&result.arena);
    load(&result, (const char *[]){"yaml:{a: {b: 1, c: [1, 2]}, d: {e: 1}}", "yaml:{a: {c: [3]}, d: , f::g: 4}", NULL},
         (const char *[]){"a.h={i: j}", " f.g = 5 ", NULL});
    assert_string_equal(result.json, "{\"a\": {\"b\": 1,\"c\": [3],\"h\": {\"i\": \"j\"}},\"d\": null,\"f\": {\"g\": 5}}");
    sm_arena_deinit(&result.arena);
    load(&result, (const char *[]){"yaml:a: 1", NULL}, (const char *[]){"nonsense", NULL});
    assert_non_null(strstr(result.errors, "nonsense"));
    sm_arena_deinit(&result.arena);
}

static void joins_lists_of_a_service_when_the_gate_says_so(void **state)
{
    (void)state;
    struct sm_error error;
    assert_true(sm_gates_apply("confmap.enableMergeAppendOption", &error));
    struct result result;
    load(&result,
         (const char *[]){"yaml:{service: {extensions: [a, b], pipelines: {x: {exporters: [e], processors: [p]}}}}",
                          "yaml:{service: {extensions: [b, c], pipelines: {x: {exporters: [f], processors: [q]}}}}", NULL},
         NULL);
    assert_string_equal(
        result.json,
        "{\"service\": {\"extensions\": [\"a\",\"b\",\"c\"],\"pipelines\": {\"x\": {\"exporters\": [\"e\",\"f\"],\"processors\": [\"q\"]}}}}");
    sm_arena_deinit(&result.arena);
    assert_true(sm_gates_apply("-confmap.enableMergeAppendOption", &error));
}

static void refuses_gates_that_are_unknown_or_fixed(void **state)
{
    (void)state;
    struct sm_error error;
    assert_false(sm_gates_apply("no.such.gate", &error));
    assert_non_null(strstr(error.text, "no.such.gate"));
    assert_false(sm_gates_apply("connector.spanmetrics.legacyMetricName", &error));
    assert_non_null(strstr(error.text, "did you mean connector.spanmetrics.legacyMetricNames?"));
    assert_false(sm_gates_apply("connector.spanmetrics.legacyMetricNames,service.profilesSupport", &error));
    assert_false(sm_gate_is_on(SM_GATE_SPANMETRICS_LEGACY_NAMES));
    assert_true(sm_gates_apply("+connector.spanmetrics.legacyMetricNames, -connector.spanmetrics.includeCollectorInstanceID", &error));
    assert_true(sm_gate_is_on(SM_GATE_SPANMETRICS_LEGACY_NAMES));
    assert_false(sm_gate_is_on(SM_GATE_SPANMETRICS_COLLECTOR_INSTANCE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_a_value_that_is_one_substitution),  cmocka_unit_test(keeps_the_text_beside_the_typed_value),
        cmocka_unit_test(leaves_dollars_that_mean_nothing),        cmocka_unit_test(refuses_addresses_that_are_wrong),
        cmocka_unit_test(lays_later_sources_over_earlier_ones),    cmocka_unit_test(joins_lists_of_a_service_when_the_gate_says_so),
        cmocka_unit_test(refuses_gates_that_are_unknown_or_fixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
