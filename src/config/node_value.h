/* node_value.h - values written in a configuration as attribute values. */
#pragma once

#include "config/node.h"
#include "telemetry/value.h"

/* Lists and maps included; texts are borrowed from the configuration. NULL and null give EMPTY. */
struct sm_value sm_node_to_value(const struct sm_node *node, struct sm_arena *arena);
