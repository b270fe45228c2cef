/* tag_rules.c - see tag_rules.h. */
#include "datadog/tag_rules.h"

#include "base/bytes.h"
#include "base/regex.h"
#include "wire/json_scanner.h"
#include "wire/number.h"

#include <inttypes.h>

void sm_datadog_tag_rules_deinit(struct sm_datadog_tag_rules *rules)
{
    for (size_t i = 0; i < rules->required_count; i++)
        sm_regex_free(rules->required[i].pattern);
    for (size_t i = 0; i < rules->rejected_count; i++)
        sm_regex_free(rules->rejected[i].pattern);
    for (size_t i = 0; i < rules->replacement_count; i++)
        sm_regex_free(rules->replacements[i].pattern);
    *rules = (struct sm_datadog_tag_rules){0};
}

/* ---- tests */

bool sm_datadog_tag_test_parse(struct sm_slice text, bool is_pattern, struct sm_datadog_tag_test *test, struct sm_error *error)
{
    struct sm_slice rest = text;
    *test = (struct sm_datadog_tag_test){.key = sm_slice_trim(sm_slice_cut(&rest, ':'))};
    test->value = sm_slice_trim(rest);
    if (!is_pattern || !test->value.size)
        return true;
    test->pattern = sm_regex_compile(test->value, error);
    return test->pattern != NULL;
}

/* False also when the tag is not there. */
static bool fits(const struct sm_datadog_tag_test *test, const struct sm_datadog_span *root)
{
    const struct sm_datadog_entry *entry = sm_datadog_map_find(&root->meta, test->key);
    if (!entry)
        return false;
    if (test->pattern)
        return sm_regex_matches(test->pattern, entry->text);
    return !test->value.size || sm_slice_equal(entry->text, test->value);
}

bool sm_datadog_tag_rules_allow(const struct sm_datadog_tag_rules *rules, const struct sm_datadog_span *root)
{
    for (size_t i = 0; i < rules->rejected_count; i++)
        if (fits(&rules->rejected[i], root))
            return false;
    for (size_t i = 0; i < rules->required_count; i++)
        if (!fits(&rules->required[i], root))
            return false;
    return true;
}

/* ---- replacements */

static struct sm_slice replace(const struct sm_datadog_replacement *rule, struct sm_slice text, struct sm_arena *arena)
{
    if (!sm_regex_matches(rule->pattern, text))
        return text;
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    sm_regex_replace_all(rule->pattern, text, rule->text, &out);
    return sm_bytes_slice(&out);
}

/* What is no number any more becomes text. True: the entry has gone, and another one may have its place. */
static bool replace_number(const struct sm_datadog_replacement *rule, struct sm_datadog_span *span, struct sm_datadog_entry *entry,
                           struct sm_arena *arena)
{
    char digits[SM_NUMBER_SIZE_MAX];
    struct sm_slice before = sm_slice_make(digits, sm_number_format(entry->number, SM_NUMBER_PLAIN, digits)), key = entry->key;
    struct sm_slice after = replace(rule, before, arena);
    double number;
    if (after.ptr == before.ptr)
        return false;
    if (sm_parse_double(after, arena, &number)) {
        entry->number = number;
        return false;
    }
    sm_datadog_map_remove(&span->metrics, key);
    sm_datadog_map_set_text(&span->meta, arena, key, after);
    return true;
}

static bool is_hidden(struct sm_slice key)
{
    return key.size && key.ptr[0] == '_';
}

static void replace_everywhere(const struct sm_datadog_replacement *rule, struct sm_datadog_span *span, struct sm_arena *arena)
{
    for (uint32_t i = 0; i < span->meta.count; i++)
        if (!is_hidden(span->meta.entries[i].key))
            span->meta.entries[i].text = replace(rule, span->meta.entries[i].text, arena);
    for (uint32_t i = 0; i < span->metrics.count;)
        if (is_hidden(span->metrics.entries[i].key) || !replace_number(rule, span, &span->metrics.entries[i], arena))
            i++;
    span->resource = replace(rule, span->resource, arena);
}

static void replace_in_span(const struct sm_datadog_replacement *rule, struct sm_datadog_span *span, struct sm_arena *arena)
{
    if (sm_slice_is(rule->name, "*")) {
        replace_everywhere(rule, span, arena);
        return;
    }
    if (sm_slice_is(rule->name, "resource.name")) {
        span->resource = replace(rule, span->resource, arena);
        return;
    }
    struct sm_datadog_entry *text = sm_datadog_map_find(&span->meta, rule->name);
    if (text)
        text->text = replace(rule, text->text, arena);
    struct sm_datadog_entry *number = sm_datadog_map_find(&span->metrics, rule->name);
    if (number)
        (void)replace_number(rule, span, number, arena);
}

void sm_datadog_replace_in_chunk(const struct sm_datadog_tag_rules *rules, struct sm_datadog_chunk *chunk, struct sm_arena *arena)
{
    for (size_t r = 0; r < rules->replacement_count; r++)
        for (size_t i = 0; i < chunk->count; i++)
            replace_in_span(&rules->replacements[r], &chunk->spans[i], arena);
}

void sm_datadog_replace_in_row(const struct sm_datadog_tag_rules *rules, struct sm_stats_row *row, struct sm_arena *arena)
{
    for (size_t r = 0; r < rules->replacement_count; r++) {
        const struct sm_datadog_replacement *rule = &rules->replacements[r];
        bool is_all = sm_slice_is(rule->name, "*");
        if (is_all || sm_slice_is(rule->name, "resource.name"))
            row->resource = replace(rule, row->resource, arena);
        if (!is_all && !sm_slice_is(rule->name, "http.status_code"))
            continue;
        const char *code = sm_arena_printf(arena, "%" PRIu32, row->http_status_code);
        uint64_t number;
        if (sm_parse_uint(replace(rule, sm_slice_of(code), arena), UINT32_MAX, &number))
            row->http_status_code = (uint32_t)number;
    }
}
