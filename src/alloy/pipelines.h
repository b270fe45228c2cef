/* pipelines.h - the components of Alloy files as one tree of the Collector. Main thread only. */
#pragma once

#include "alloy/module.h"

/* The whole tree, in loading->arena. */
struct sm_node *sm_alloy_make_tree(struct sm_alloy_loading *loading) __attribute__((returns_nonnull));
