/* plan.h - what the graph is built from, taken out of a configuration. Main thread only. */
#pragma once

#include "base/arena.h"
#include "pipeline/graph.h"

struct sm_config;

/* A plan in `arena` that points into `config`; both must outlive the graph. */
const struct sm_graph_plan *sm_plan_create(const struct sm_config *config, struct sm_arena *arena) __attribute__((returns_nonnull));
