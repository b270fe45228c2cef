/* config_mask.h - a copy of a configuration tree in which no secret is left. */
#pragma once

#include "config/node.h"
#include "pipeline/component.h"

/* Secrets by the option tables become "[REDACTED]". What no table describes - unknown sections, components and keys - is masked as a whole, so
 * nothing leaks through a typing error; so are user and password in URLs. The copy lives in `arena`. */
const struct sm_node *sm_config_mask(const struct sm_node *root, const struct sm_component_type *const *types, size_t type_count,
                                     struct sm_arena *arena) __attribute__((warn_unused_result));
