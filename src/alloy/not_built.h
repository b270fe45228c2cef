/* not_built.h - components of Alloy and the Agent that are not built here, so that they are not taken for misspelt ones. No state; any thread. */
#pragma once

#include "base/slice.h"

/* Whether Alloy or the Agent has a component of exactly this name that is not built here. */
bool sm_alloy_is_not_built(struct sm_slice name);
/* Whether the name is of one of their families ("loki."). */
bool sm_alloy_is_of_known_family(struct sm_slice name);
