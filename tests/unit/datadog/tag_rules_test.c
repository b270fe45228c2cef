/* Which traces are left out by tags of their root, and what is replaced in spans and statistics. */
#include "datadog/recorded.h"

#include <math.h>

#include "datadog/tag_rules.h"

#include "base/regex.h"

static struct sm_arena arena;

static int reset(void **state)
{
    (void)state;
    sm_arena_deinit(&arena);
    return 0;
}

enum { TESTS_MAX = 2 };

static size_t parse_tests(const char *const *texts, bool is_pattern, struct sm_datadog_tag_test *tests)
{
    size_t count = 0;
    for (; count < TESTS_MAX && texts[count]; count++) {
        struct sm_error error;
        assert_true(sm_datadog_tag_test_parse(sm_slice_of(texts[count]), is_pattern, &tests[count], &error));
    }
    return count;
}

static void traces_are_left_out_by_tags_of_their_root(void **state)
{
    (void)state;
    /* The Agent's filteredByTags (pkg/trace/agent/agent.go, 0.59.0). The root has env=prod and an empty `none`. */
    static const struct {
        const char *required[TESTS_MAX], *rejected[TESTS_MAX];
        bool is_pattern, is_allowed;
    } rows[] = {
        {.is_allowed = true},
        {.required = {"env"}, .is_allowed = true},
        {.required = {"env:prod"}, .is_allowed = true},
        {.required = {" env : prod "}, .is_allowed = true},
        {.required = {"env:test"}},
        {.required = {"absent"}},
        {.required = {"env:prod", "absent"}},
        {.required = {"none"}, .is_allowed = true},
        {.required = {"none:x"}},
        {.rejected = {"env"}},
        {.rejected = {"env:prod"}},
        {.rejected = {"env:test"}, .is_allowed = true},
        {.rejected = {"absent"}, .is_allowed = true},
        {.rejected = {"absent", "env:prod"}},
        {.required = {"env:prod"}, .rejected = {"env:prod"}},
        {.required = {"env:^p.*d$"}, .is_pattern = true, .is_allowed = true},
        {.required = {"env:^q"}, .is_pattern = true},
        {.rejected = {"env:ro"}, .is_pattern = true},
        {.rejected = {"env"}, .is_pattern = true},
        {.required = {"url:a:b"}, .is_allowed = true},
    };
    struct sm_datadog_span root = {0};
    sm_datadog_map_set_text(&root.meta, &arena, SM_SLICE("env"), SM_SLICE("prod"));
    sm_datadog_map_set_text(&root.meta, &arena, SM_SLICE("none"), SM_SLICE(""));
    sm_datadog_map_set_text(&root.meta, &arena, SM_SLICE("url"), SM_SLICE("a:b"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_datadog_tag_test required[TESTS_MAX], rejected[TESTS_MAX];
        struct sm_datadog_tag_rules rules = {.required = required, .rejected = rejected};
        rules.required_count = parse_tests(rows[i].required, rows[i].is_pattern, required);
        rules.rejected_count = parse_tests(rows[i].rejected, rows[i].is_pattern, rejected);
        if (sm_datadog_tag_rules_allow(&rules, &root) != rows[i].is_allowed)
            fail_msg("row %zu", i);
        sm_datadog_tag_rules_deinit(&rules);
    }
}

static struct sm_datadog_tag_rules make_rule(struct sm_datadog_replacement *rule, const char *name, const char *pattern, const char *text)
{
    struct sm_error error;
    *rule = (struct sm_datadog_replacement){
        .name = sm_slice_of(name), .pattern = sm_regex_compile(sm_slice_of(pattern), &error), .text = sm_slice_of(text)};
    assert_non_null(rule->pattern);
    return (struct sm_datadog_tag_rules){.replacements = rule, .replacement_count = 1};
}

static void texts_and_numbers_of_spans_are_replaced(void **state)
{
    (void)state;
    /* The Agent's Replacer (pkg/trace/filters/replacer.go, 0.59.0). The span has the resource "GET /7", meta path "/7" and _hidden "/7", and metrics
     * size 17.5 and _rate 7. */
    static const struct {
        const char *name, *pattern, *text;
        const char *resource, *path, *hidden, *size_text; /* size_text: the metric has become meta */
        double size, rate;
    } rows[] = {
        {"path", "\\d+", "?", "GET /7", "/?", "/7", NULL, 17.5, 7},
        {"path", "/(\\d)", "$1-${1}", "GET /7", "7-7", "/7", NULL, 17.5, 7},
        {"resource.name", "[0-9]", "#", "GET /#", "/7", "/7", NULL, 17.5, 7},
        {"_hidden", "7", "8", "GET /7", "/7", "/8", NULL, 17.5, 7},
        {"size", "7", "0", "GET /7", "/7", "/7", NULL, 10.5, 7},
        {"size", "\\..*", "", "GET /7", "/7", "/7", NULL, 17, 7},
        {"size", "7", "x", "GET /7", "/7", "/7", "1x.5", 0, 7},
        {"absent", "7", "x", "GET /7", "/7", "/7", NULL, 17.5, 7},
        {"*", "7", "8", "GET /8", "/8", "/7", NULL, 18.5, 7},
        {"*", "7", "x", "GET /x", "/x", "/7", "1x.5", 0, 7},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_datadog_span span = {.resource = SM_SLICE("GET /7")};
        struct sm_datadog_chunk chunk = {.spans = &span, .count = 1};
        struct sm_datadog_replacement rule;
        struct sm_datadog_tag_rules rules = make_rule(&rule, rows[i].name, rows[i].pattern, rows[i].text);
        sm_datadog_map_set_text(&span.meta, &arena, SM_SLICE("path"), SM_SLICE("/7"));
        sm_datadog_map_set_text(&span.meta, &arena, SM_SLICE("_hidden"), SM_SLICE("/7"));
        sm_datadog_map_set_number(&span.metrics, &arena, SM_SLICE("size"), 17.5);
        sm_datadog_map_set_number(&span.metrics, &arena, SM_SLICE("_rate"), 7);
        sm_datadog_replace_in_chunk(&rules, &chunk, &arena);
        assert_slice_equal(span.resource, sm_slice_of(rows[i].resource));
        assert_slice_equal(sm_datadog_map_text(&span.meta, SM_SLICE("path")), sm_slice_of(rows[i].path));
        assert_slice_equal(sm_datadog_map_text(&span.meta, SM_SLICE("_hidden")), sm_slice_of(rows[i].hidden));
        assert_slice_equal(sm_datadog_map_text(&span.meta, SM_SLICE("size")), sm_slice_of(rows[i].size_text ? rows[i].size_text : ""));
        assert_true(sm_datadog_map_number(&span.metrics, SM_SLICE("size"), 0) == rows[i].size);
        assert_true(sm_datadog_map_number(&span.metrics, SM_SLICE("_rate"), 0) == rows[i].rate);
        sm_datadog_tag_rules_deinit(&rules);
    }
}

static void resources_and_status_codes_of_statistics_are_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *name, *pattern, *text, *resource;
        uint32_t code;
    } rows[] = {
        {"resource.name", "4", "5", "GET /5", 404},
        {"http.status_code", "4$", "0", "GET /4", 400},
        {"http.status_code", "4", "x", "GET /4", 404}, /* no number any more: as it was */
        {"*", "4", "5", "GET /5", 505},
        {"path", "4", "5", "GET /4", 404},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_stats_row row = {.resource = SM_SLICE("GET /4"), .http_status_code = 404};
        struct sm_datadog_replacement rule;
        struct sm_datadog_tag_rules rules = make_rule(&rule, rows[i].name, rows[i].pattern, rows[i].text);
        sm_datadog_replace_in_row(&rules, &row, &arena);
        assert_slice_equal(row.resource, sm_slice_of(rows[i].resource));
        assert_int_equal(row.http_status_code, rows[i].code);
        sm_datadog_tag_rules_deinit(&rules);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(traces_are_left_out_by_tags_of_their_root, reset),
        cmocka_unit_test_teardown(texts_and_numbers_of_spans_are_replaced, reset),
        cmocka_unit_test_teardown(resources_and_status_codes_of_statistics_are_replaced, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
