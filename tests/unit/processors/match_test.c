/* Blocks include and exclude, as a configuration has them, on one span and one log record. */
#include "processors/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/diags.h"
#include "config/load.h"
#include "telemetry/batch.h"
#include "telemetry/log_record.h"
#include "telemetry/otlp.h"
#include "telemetry/span.h"

#define HEAD                                                                                                                                         \
    "\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"cart\"}},"                                                 \
    "{\"key\":\"host\",\"value\":{\"intValue\":\"4\"}}]}"
#define ATTRIBUTES                                                                                                                                   \
    "\"attributes\":[{\"key\":\"n\",\"value\":{\"intValue\":\"7\"}},{\"key\":\"d\",\"value\":{\"doubleValue\":1e21}},"                               \
    "{\"key\":\"l\",\"value\":{\"arrayValue\":{\"values\":[{\"intValue\":\"1\"}]}}}]"
#define SCOPE "\"scope\":{\"name\":\"lib\",\"version\":\"1.2\"}"
#define TRACES "{\"resourceSpans\":[{" HEAD ",\"scopeSpans\":[{" SCOPE ",\"spans\":[{\"name\":\"GET /\",\"kind\":2," ATTRIBUTES "}]}]}]}"
#define LOGS                                                                                                                                         \
    "{\"resourceLogs\":[{" HEAD ",\"scopeLogs\":[{" SCOPE                                                                                            \
    ",\"logRecords\":[{\"severityNumber\":9,\"severityText\":\"INFO\",\"body\":{\"boolValue\":true}," ATTRIBUTES "}]}]}]}"

static bool decode(const char *yaml, struct sm_match_properties *properties, struct sm_arena *arena)
{
    char uri[1024];
    snprintf(uri, sizeof(uri), "yaml:%s", yaml);
    const char *uris[] = {uri};
    struct sm_load_options load = {.uris = uris, .uri_count = 1};
    struct sm_diags *diags = sm_diags_create();
    const struct sm_node *root = sm_load(&load, arena, diags);
    assert_non_null(root);
    bool is_good = sm_options_decode(sm_match_properties_table, properties, sizeof(*properties), root, "include", arena, diags);
    sm_diags_free(diags);
    return is_good;
}

struct match_case {
    const char *properties;
    bool matches;
};

static void expect(enum sm_signal signal, const char *request, const struct match_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sm_arena arena = {0};
        struct sm_match_properties properties;
        struct sm_error error = {0};
        struct sm_decode_error why;
        struct sm_batch *batch = sm_otlp_decode_json(signal, sm_slice_of(request), &why);
        assert_non_null(batch);
        struct sm_ottl_run run = {.arena = &batch->arena, .batch = batch, .group = batch->groups, .scope = batch->groups[0].scopes};
        if (signal == SM_TRACES)
            run.span = run.scope->spans;
        else
            run.log = run.scope->log_records;
        assert_true(decode(cases[i].properties, &properties, &arena));
        assert_null(sm_match_check(&properties, signal));
        struct sm_match *match = sm_match_create(&properties, &error);
        assert_non_null(match);
        bool matches = signal == SM_TRACES ? sm_match_span(match, &run) : sm_match_log(match, &run);
        if (matches != cases[i].matches)
            print_error("%s\n", cases[i].properties);
        assert_int_equal(matches, cases[i].matches);
        sm_match_free(match);
        sm_batch_release(batch);
        sm_arena_deinit(&arena);
    }
}

static void chooses_spans_by_their_properties(void **state)
{
    (void)state;
    static const struct match_case cases[] = {
        {"{match_type: strict, services: [a, cart]}", true},
        {"{match_type: strict, services: [car]}", false},
        {"{match_type: regexp, services: [car]}", true},
        {"{match_type: strict, span_names: ['GET /'], span_kinds: [SPAN_KIND_SERVER]}", true},
        {"{match_type: strict, span_names: ['GET /'], span_kinds: [SPAN_KIND_CLIENT]}", false},
        {"{match_type: regexp, span_kinds: [SERVER$]}", true},
        {"{match_type: strict, attributes: [{key: n, value: 7}]}", true},
        {"{match_type: strict, attributes: [{key: n, value: '7'}]}", false},
        {"{match_type: strict, attributes: [{key: n, value: 7.0}]}", false},
        {"{match_type: strict, attributes: [{key: n}, {key: absent}]}", false},
        {"{match_type: strict, attributes: [{key: l, value: [1]}]}", true},
        {"{match_type: strict, attributes: [{key: l, value: [2]}]}", false},
        {"{match_type: regexp, attributes: [{key: d, value: '^10+$'}]}", true},
        {"{match_type: regexp, attributes: [{key: l, value: '.*'}]}", false},
        {"{match_type: strict, resources: [{key: host, value: 4}]}", true},
        {"{match_type: strict, libraries: [{name: lib}]}", true},
        {"{match_type: strict, libraries: [{name: lib, version: }]}", true},
        {"{match_type: strict, libraries: [{name: lib, version: ''}]}", false},
        {"{match_type: strict, libraries: [{name: lib, version: '1.2'}, {name: other}]}", false},
        {"{attributes: [{key: n}]}", true},
    };
    expect(SM_TRACES, TRACES, cases, sizeof(cases) / sizeof(cases[0]));
}

static void chooses_logs_by_their_properties(void **state)
{
    (void)state;
    static const struct match_case cases[] = {
        {"{match_type: strict, log_bodies: ['true']}", true},
        {"{match_type: regexp, log_bodies: ['^f']}", false},
        {"{match_type: strict, log_severity_texts: [info]}", false},
        {"{match_type: regexp, log_severity_texts: ['(?i)info']}", true},
        {"{log_severity_number: {min: 9}}", true},
        {"{log_severity_number: {min: 10, match_undefined: true}}", false},
        {"{match_type: strict, attributes: [{key: n, value: 7}], log_severity_number: {min: 13}}", false},
    };
    expect(SM_LOGS, LOGS, cases, sizeof(cases) / sizeof(cases[0]));
}

static void refuses_what_the_signal_does_not_have(void **state)
{
    (void)state;
    static const struct {
        enum sm_signal signal;
        const char *properties;
        bool is_refused_when_made; /* otherwise when checked */
    } cases[] = {
        {SM_TRACES, "{match_type: strict}", false},
        {SM_TRACES, "{match_type: strict, log_bodies: [a]}", false},
        {SM_TRACES, "{match_type: strict, span_kinds: [server]}", false},
        {SM_LOGS, "{match_type: strict, span_names: [a]}", false},
        {SM_LOGS, "{match_type: strict}", false},
        {SM_METRICS, "{match_type: strict, attributes: [{key: a}]}", false},
        {SM_METRICS, "{match_type: strict}", false},
        {SM_TRACES, "{match_type: Strict, span_names: [a]}", true},
        {SM_TRACES, "{attributes: [{key: a, value: 1}]}", true},
        {SM_TRACES, "{match_type: regexp, attributes: [{key: a, value: 1}]}", true},
        {SM_TRACES, "{match_type: regexp, span_names: ['(']}", true},
        {SM_TRACES, "{match_type: strict, attributes: [{value: 1}]}", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_arena arena = {0};
        struct sm_match_properties properties;
        struct sm_error error = {0};
        assert_true(decode(cases[i].properties, &properties, &arena));
        const char *wrong = sm_match_check(&properties, cases[i].signal);
        if (cases[i].is_refused_when_made ? wrong != NULL : !wrong)
            print_error("%s: %s\n", cases[i].properties, wrong ? wrong : "taken");
        assert_int_equal(wrong == NULL, cases[i].is_refused_when_made);
        if (cases[i].is_refused_when_made) {
            assert_null(sm_match_create(&properties, &error));
            assert_true(*error.text != '\0');
        }
        sm_arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_spans_by_their_properties),
        cmocka_unit_test(chooses_logs_by_their_properties),
        cmocka_unit_test(refuses_what_the_signal_does_not_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
