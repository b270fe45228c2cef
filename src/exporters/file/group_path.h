/* group_path.h - the file that a value of the grouping attribute leads to; never outside the configured prefix. Any thread. */
#pragma once

#include "base/arena.h"

/* `path` holds exactly one '*', which stands for the segment. The result lives in `arena`. */
const char *sm_file_group_path(const char *path, struct sm_slice segment, struct sm_arena *arena) __attribute__((returns_nonnull));
