/* registry.h - every component type there is, in one explicit list.
 *
 * A new component adds two lines to registry.c (declaration and entry); a test fails when a type is defined in src/ and not listed there. */
#pragma once

#include "base/slice.h"
#include "pipeline/component.h"

extern const struct sm_component_type *const sm_component_types[];
extern const size_t sm_component_type_count;

/* The type of that kind with the name, or with it among its old names (`*is_old_name` then becomes true; may be NULL). NULL: there is none. */
const struct sm_component_type *sm_registry_find(enum sm_component_kind kind, struct sm_slice name, bool *is_old_name);
