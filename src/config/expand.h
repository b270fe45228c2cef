/* expand.h - puts values in the place of ${…} in a configuration tree. Main thread only. */
#pragma once

#include "config/node.h"

struct sm_diags;

enum {
    SM_EXPAND_ROUNDS_MAX = 1000,  /* substitutions in one value, each of which may bring the next */
    SM_EXPAND_TOTAL_MAX = 100000, /* substitutions and values in the whole configuration */
};

/* A copy of `root` in `arena` with every ${env:X}, ${X}, ${file:…} and ${yaml:…} replaced, and $$ become $. NULL after an error; all are told to
 * `diags`. With `is_sealed` neither files nor the environment are read. */
const struct sm_node *sm_expand(const struct sm_node *root, bool is_sealed, struct sm_arena *arena, struct sm_diags *diags)
    __attribute__((warn_unused_result));
