/* line_diff.h - two texts line by line: what went, what came, and a few lines around it. */
#pragma once

#include "base/slice.h"

#include <stdbool.h>
#include <stdio.h>

/* Prints "- line" and "+ line" with `around` unchanged lines before and behind, "…" where lines are left out. False: the texts are equal, and nothing
 * was printed. Colour only if `colour`. Texts that differ in very many lines are shown one after the other. */
bool sm_line_diff_print(FILE *out, struct sm_slice before, struct sm_slice after, size_t around, bool colour);
