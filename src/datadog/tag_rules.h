/* tag_rules.h - traces that are left out by tags of their root, and texts of spans that are replaced. Immutable after start; any thread.
 * Source: datadog-agent pkg/trace/agent/agent.go (filteredByTags), pkg/trace/filters/replacer.go, 0.59.0. */
#pragma once

#include "base/error.h"
#include "datadog/span.h"
#include "datadog/stats_payload.h"

struct sm_regex;

struct sm_datadog_tag_test {
    struct sm_slice key, value; /* empty value: any */
    struct sm_regex *pattern;   /* owned; instead of `value` */
};
struct sm_datadog_replacement {
    struct sm_slice name;     /* "*", "resource.name" or a tag */
    struct sm_regex *pattern; /* owned */
    struct sm_slice text;     /* with $1 */
};

struct sm_datadog_tag_rules {
    struct sm_datadog_tag_test *required, *rejected; /* borrowed: arena of whoever made them */
    size_t required_count, rejected_count;
    struct sm_datadog_replacement *replacements;
    size_t replacement_count;
};
void sm_datadog_tag_rules_deinit(struct sm_datadog_tag_rules *rules); /* frees the patterns */

/* "key" or "key:value", and with `is_pattern` a regular expression for the value. */
bool sm_datadog_tag_test_parse(struct sm_slice text, bool is_pattern, struct sm_datadog_tag_test *test, struct sm_error *error)
    __attribute__((warn_unused_result));

bool sm_datadog_tag_rules_allow(const struct sm_datadog_tag_rules *rules, const struct sm_datadog_span *root);
void sm_datadog_replace_in_chunk(const struct sm_datadog_tag_rules *rules, struct sm_datadog_chunk *chunk, struct sm_arena *arena);
void sm_datadog_replace_in_row(const struct sm_datadog_tag_rules *rules, struct sm_stats_row *row, struct sm_arena *arena);
