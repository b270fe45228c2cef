/* printer.h - a tree as text, in the one form `spanmill fmt` writes. Main thread only. */
#pragma once

#include "alloy/tree.h"

struct sm_bytes;

/* The whole file with its comments and one line end behind it. Reading the result gives the same tree, and printing that the same text. */
void sm_alloy_print_file(const struct sm_alloy_file *file, struct sm_bytes *out);
/* One expression, as messages show it; line breaks stay. */
void sm_alloy_print_expression(const struct sm_alloy_expr *expr, struct sm_bytes *out);
