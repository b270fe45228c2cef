/* grok.h - patterns with names, %{SYNTAX:name:type}, written out as one regular expression.
 *
 * Source: github.com/elastic/go-grok, whose forms and types these are. The definitions are those of common use: numbers, words, addresses, paths,
 * dates, syslog and web servers; others can be given along. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

/* A definition given along with the pattern: it comes before those known here. */
struct sm_ottl_grok_definition {
    struct sm_slice name, pattern;
};

enum sm_ottl_grok_type { SM_OTTL_GROK_TEXT, SM_OTTL_GROK_INT, SM_OTTL_GROK_FLOAT, SM_OTTL_GROK_BOOL, SM_OTTL_GROK_UNKNOWN };
/* Groups have short names in the regular expression (PCRE2 allows 32 bytes): this says what the result calls them. */
struct sm_ottl_grok_group {
    struct sm_slice group, name;
    enum sm_ottl_grok_type type;
};

struct sm_ottl_grok {
    const struct sm_ottl_grok_definition *definitions;
    size_t definition_count;
    bool only_named; /* %{SYNTAX} without a name is no group of the result */
    /* filled by sm_ottl_grok_expand */
    struct sm_slice regex;
    struct sm_ottl_grok_group *groups;
    size_t group_count, _group_capacity;
};

/* In `arena`. False with `*unknown` set: no definition of that name; empty: too long or too deep. */
bool sm_ottl_grok_expand(struct sm_ottl_grok *grok, struct sm_slice pattern, struct sm_arena *arena, struct sm_slice *unknown);
