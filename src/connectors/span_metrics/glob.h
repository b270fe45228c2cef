/* glob.h - patterns of attribute names: `*` any run without a dot, `**` any run, `?` one character but a dot, `[a-z]`, `[!xyz]`, `{one,two}`, `\`
 * before a special character. Compiled patterns are immutable; any thread may match. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

struct sm_glob;

/* False with the reason in `*error` (constant text) for a pattern that cannot be compiled. */
bool sm_glob_check(struct sm_slice pattern, const char **error) __attribute__((warn_unused_result));
/* The pattern must have passed sm_glob_check. Lives in `arena`, with a copy of the pattern. */
const struct sm_glob *sm_glob_compile(struct sm_slice pattern, struct sm_arena *arena) __attribute__((returns_nonnull));
bool sm_glob_match(const struct sm_glob *glob, struct sm_slice text);
