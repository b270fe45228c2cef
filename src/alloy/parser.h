/* parser.h - Alloy text to a tree. Main thread only. */
#pragma once

#include "alloy/tree.h"

enum { SM_ALLOY_DEPTH_MAX = 400 }; /* blocks and expressions inside each other */

/* The tree of `source`'s text, in `arena`, pointing into the source. NULL after errors, all of them told to `diags` (which may be NULL). */
struct sm_alloy_file *sm_alloy_parse(const struct sm_source *source, struct sm_arena *arena, struct sm_diags *diags)
    __attribute__((warn_unused_result));
/* The same for one expression and nothing else. */
struct sm_alloy_expr *sm_alloy_parse_expression(const struct sm_source *source, struct sm_arena *arena, struct sm_diags *diags)
    __attribute__((warn_unused_result));
