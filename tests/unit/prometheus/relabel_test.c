/* Relabelling: one rule or two on "name=value …", shown the same way; "-" is a series that is dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "config/diags.h"
#include "config/source.h"
#include "config/yaml.h"
#include "prometheus/relabel.h"

enum { LABELS_MAX = 16 };

static size_t read_labels(char *text, struct sm_prometheus_pair *labels)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *part = strtok_r(text, " ", &rest); part; part = strtok_r(NULL, " ", &rest)) {
        char *equal = strchr(part, '=');
        *equal = 0;
        labels[count++] = (struct sm_prometheus_pair){.name = sm_slice_of(part), .value = sm_slice_of(equal + 1)};
    }
    return count;
}

static void show(const struct sm_relabel_set *set, struct sm_bytes *out)
{
    for (size_t i = 0; i < set->count; i++)
        sm_bytes_printf(out, "%s%.*s=%.*s", i ? " " : "", SM_SLICE_ARGS(set->items[i].name), SM_SLICE_ARGS(set->items[i].value));
}

/* The rules of a YAML list. NULL: refused, and `diags` says why. */
static struct sm_relabel *compile(const char *yaml, struct sm_arena *arena, struct sm_diags *diags)
{
    static const struct sm_option table[] = {
        {.kind = SM_OPTION_KIND_TABLE_LIST,
         .key = "rules",
         .member = "rules",
         .table = sm_relabel_option_table,
         .element_size = sizeof(struct sm_relabel_options)},
        SM_OPTION_END,
    };
    struct sm_source *source = sm_arena_zalloc(arena, 1, sizeof(*source));
    *source = (struct sm_source){.name = "rules", .text = sm_slice_of(sm_arena_printf(arena, "rules: [%s]", yaml))};
    const struct sm_node *node = sm_yaml_parse(source, arena, diags);
    struct sm_table_list rules;
    struct sm_error error;
    struct sm_validation validation = {.diags = diags, .path = "rules", .node = node, .arena = arena};
    if (!node || !sm_options_decode(table, &rules, sizeof(rules), node, "rules", arena, diags))
        return NULL;
    for (size_t i = 0; i < rules.count; i++)
        sm_relabel_validate((const struct sm_relabel_options *)rules.items + i, sm_arena_printf(arena, "rules::%zu", i), &validation);
    return sm_diags_error_count(diags) ? NULL : sm_relabel_create(rules.items, rules.count, &error);
}

static void rules_change_labels_as_prometheus_does(void **state)
{
    (void)state;
    static const struct {
        const char *rules, *labels, *expected;
    } cases[] = {
        {"{source_labels: [a], target_label: d, regex: f(.*), replacement: 'ch${1}-ch${1}'}", "a=foo b=bar", "a=foo b=bar d=choo-choo"},
        {"{source_labels: [a, b], target_label: a, regex: 'f(.*);(.*)r', replacement: 'b${1}${2}m'}", "a=foo b=bar", "a=boobam b=bar"},
        {"{source_labels: [a], target_label: a, regex: x, replacement: y}", "a=xx", "a=xx"},
        {"{source_labels: [a], target_label: a, regex: f.o, replacement: ''}", "a=foo b=1", "b=1"},
        {"{source_labels: [a], target_label: '$1', regex: (.*), replacement: v}", "a=x", "a=x x=v"},
        {"{source_labels: [a], target_label: '${1}_y', regex: (.*), replacement: v}", "a=-", "a=-"},
        {"{target_label: d, replacement: new}", "a=1", "a=1 d=new"},
        {"{source_labels: [a], regex: .*o, action: drop}", "a=foo", "-"},
        {"{source_labels: [a], regex: o, action: drop}", "a=foo", "a=foo"},
        {"{source_labels: [a], regex: foo|bar, action: keep}", "a=foobar", "-"},
        {"{source_labels: [missing], regex: '', action: keep}", "a=1", "a=1"},
        {"{source_labels: [c], target_label: d, action: hashmod, modulus: 1000}", "c=baz", "c=baz d=976"},
        {"{source_labels: [a], target_label: d, action: hashmod, modulus: 1000}", "a=foo", "a=foo d=696"},
        {"{regex: (b.*), action: labelmap, replacement: bar_$1}", "a=1 b1=x b2=y", "a=1 b1=x b2=y bar_b1=x bar_b2=y"},
        {"{regex: (b.*), action: labeldrop}", "a=1 b1=x b2=y", "a=1"},
        {"{regex: (b.*), action: labelkeep}", "a=1 b1=x b2=y", "b1=x b2=y"},
        {"{source_labels: [a], target_label: u, action: uppercase}", "a=fOö", "a=fOö u=FOÖ"},
        {"{source_labels: [a], target_label: l, action: lowercase}", "a=fOÖ", "a=fOÖ l=foö"},
        {"{source_labels: [a], target_label: b, action: keepequal}", "a=1 b=1", "a=1 b=1"},
        {"{source_labels: [a], target_label: b, action: keepequal}", "a=1 b=2", "-"},
        {"{source_labels: [a], target_label: b, action: dropequal}", "a=1 b=1", "-"},
        {"{source_labels: [a], target_label: b, action: dropequal}", "a=1", "a=1"},
        {"{source_labels: [a, b], separator: '-', target_label: c}", "a=1 b=2", "a=1 b=2 c=1-2"},
        {"{source_labels: [a], target_label: b}, {source_labels: [b], regex: x, action: drop}", "a=x", "-"},
        {"{source_labels: [a], target_label: b, regex: '(?P<w>.*)', replacement: '${w}!'}", "a=x", "a=x b=x!"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_diags *diags = sm_diags_create();
        struct sm_bytes shown = {0};
        struct sm_prometheus_pair labels[LABELS_MAX];
        struct sm_relabel_set set;
        struct sm_relabel *relabel = compile(cases[i].rules, &arena, diags);
        sm_diags_print(diags, stderr, false);
        assert_non_null(relabel);
        size_t count = read_labels(sm_arena_printf(&arena, "%s", cases[i].labels), labels);
        sm_relabel_set_init(&set, &arena, labels, count);
        if (sm_relabel_apply(relabel, &set))
            show(&set, &shown);
        else
            sm_bytes_append_char(&shown, '-');
        assert_string_equal(sm_bytes_cstr(&shown), cases[i].expected);
        sm_bytes_deinit(&shown);
        sm_relabel_free(relabel);
        sm_diags_free(diags);
        sm_arena_deinit(&arena);
    }
}

static void rules_that_mean_nothing_are_refused(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "{action: keeep}",
        "{action: keep, regex: '('}",
        "{action: hashmod, target_label: a}",
        "{action: replace}",
        "{action: replace, target_label: a-b}",
        "{action: replace, target_label: '${a'}",
        "{action: lowercase, target_label: '$1'}",
        "{action: uppercase, target_label: a, replacement: x}",
        "{action: labelmap, replacement: a-b}",
        "{action: labeldrop, regex: a, source_labels: [b]}",
        "{action: keepequal, source_labels: [b], target_label: a, regex: x}",
        "{action: dropequal, source_labels: [b]}",
    };
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_diags *diags = sm_diags_create();
        assert_null(compile(rules[i], &arena, diags));
        assert_true(sm_diags_error_count(diags) > 0);
        sm_diags_free(diags);
        sm_arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_change_labels_as_prometheus_does),
        cmocka_unit_test(rules_that_mean_nothing_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
