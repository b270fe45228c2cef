/* duration.h - Go's text form of a duration: "1h30m", "250ms", "1.5s", "-3us". */
#pragma once

#include "base/slice.h"

enum { SM_DURATION_TEXT_SIZE = 40 };

/* Nanoseconds; false when `text` is no duration or does not fit (about 292 years). */
bool sm_duration_parse(struct sm_slice text, int64_t *ns) __attribute__((warn_unused_result));
/* The shortest form that Go prints, without zero parts: "5s", "1h30m", "250ms", "0s". Returns `text`. */
char *sm_duration_format(int64_t ns, char text[SM_DURATION_TEXT_SIZE]);
/* As Go's String, zero parts included: "2m0s", "1h0m0s", "1.5s". Returns `text`. */
char *sm_duration_format_whole(int64_t ns, char text[SM_DURATION_TEXT_SIZE]);
