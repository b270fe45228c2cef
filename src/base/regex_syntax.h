/* regex_syntax.h - RE2's syntax, checked as Go's regexp package checks it and written in PCRE2's. No state; any thread. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>

/* Appends what means in PCRE2 what `pattern` means in RE2. False: `error` says what Go says, with the part of the pattern that is wrong. */
bool sm_regex_translate(struct sm_slice pattern, struct sm_bytes *out, struct sm_error *error) __attribute__((warn_unused_result));
