/* regex.h - regular expressions in RE2's syntax, matched by PCRE2 with JIT.
 *
 * What RE2 does not know (backreferences, lookaround, possessive and atomic groups, …) is refused when compiling, so that a pattern means the same
 * here as in the reference. A match gives up after a fixed number of steps: it then counts as "no match" and in sm_regex_limit_hits.
 * A compiled expression is immutable: any thread. Working memory is kept per thread. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/slice.h"

struct sm_regex;

enum { SM_REGEX_GROUPS_MAX = 100 }; /* capture groups, the whole match included */

/* NULL with `error` filled when the pattern is not valid. */
struct sm_regex *sm_regex_compile(struct sm_slice pattern, struct sm_error *error) __attribute__((warn_unused_result));
void sm_regex_free(struct sm_regex *regex); /* NULL is allowed */

bool sm_regex_matches(const struct sm_regex *regex, struct sm_slice text);

/* Where the groups of a match stand in the text; a group that took no part has start SM_REGEX_NONE. */
#define SM_REGEX_NONE SIZE_MAX
struct sm_regex_match {
    size_t count; /* groups, the whole match (0) included */
    struct sm_regex_span {
        size_t start, end;
    } groups[SM_REGEX_GROUPS_MAX];
};
/* The first match at or behind `from`. */
bool sm_regex_find(const struct sm_regex *regex, struct sm_slice text, size_t from, struct sm_regex_match *match);

size_t sm_regex_group_count(const struct sm_regex *regex);                       /* the whole match included */
struct sm_slice sm_regex_group_name(const struct sm_regex *regex, size_t group); /* empty: unnamed */

/* Walks over all matches as Go's FindAll does: behind an empty match it goes on one rune later, and an empty match right behind another one does
 * not count. `*position` is 0 and `*last_end` SM_REGEX_NONE at first. */
bool sm_regex_next(const struct sm_regex *regex, struct sm_slice text, size_t *position, size_t *last_end, struct sm_regex_match *match);

/* Appends `replacement` with $1, ${1}, $name, ${name} and $$ replaced, as Go's Regexp.Expand. */
void sm_regex_expand(const struct sm_regex *regex, struct sm_slice text, const struct sm_regex_match *match, struct sm_slice replacement,
                     struct sm_bytes *out);
/* Appends `text` with every match replaced by the expanded `replacement`. */
void sm_regex_replace_all(const struct sm_regex *regex, struct sm_slice text, struct sm_slice replacement, struct sm_bytes *out);

/* How often a match was given up since the start. */
uint64_t sm_regex_limit_hits(void);
/* Called at each of them, on the thread that matches. Set once, before other threads start. */
void sm_regex_tell_limit_hits(void (*tell)(void));
