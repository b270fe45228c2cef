/* merge.h - one configuration tree laid over another. */
#pragma once

#include "config/node.h"

/* `node` with every key that holds "::" taken apart: {a::b: 1} becomes {a: {b: 1}}. Lists are not looked into. New maps are made in `arena`. */
const struct sm_node *sm_merge_split_keys(const struct sm_node *node, struct sm_arena *arena);

/* `over` laid over `under`: maps key by key, everything else replaced. With `join_lists` the lists of a service's receivers, exporters and extensions
 * are joined instead (feature gate confmap.enableMergeAppendOption). Both are left as they are. */
const struct sm_node *sm_merge(const struct sm_node *under, const struct sm_node *over, bool join_lists, struct sm_arena *arena);
