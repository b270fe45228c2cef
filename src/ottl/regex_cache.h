/* regex_cache.h - regular expressions made at run time: each thread keeps the last ones. */
#pragma once

#include "base/regex.h"

struct sm_ottl_cached_regex;
struct sm_ottl_regex {
    const struct sm_regex *regex;
    struct sm_ottl_cached_regex *_cached; /* shared: release with sm_ottl_regex_release */
};

/* The expression for a pattern; the caller releases it. False with `error` filled: it is not valid. */
bool sm_ottl_regex_lookup(struct sm_slice pattern, struct sm_ottl_regex *regex, struct sm_error *error) __attribute__((warn_unused_result));
void sm_ottl_regex_release(struct sm_ottl_regex *regex);
