/* yaml_mistake.h - tells a YAML file that was given as an Alloy one: it is one mistake, not two in every line. Any thread. */
#pragma once

#include "base/arena.h"
#include "config/source.h"

enum sm_alloy_yaml { SM_ALLOY_NOT_YAML, SM_ALLOY_YAML, SM_ALLOY_COLLECTOR_YAML };

/* What a text looks like that could not be parsed as Alloy. `arena`: scratch. */
enum sm_alloy_yaml sm_alloy_yaml_mistake(const struct sm_source *source, struct sm_arena *arena) __attribute__((warn_unused_result));
