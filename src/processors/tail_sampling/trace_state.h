/* trace_state.h - looking a key up in a W3C trace state that must be wholly valid. */
#pragma once

#include "base/slice.h"

/* The value of `key`; false when it is absent or anything in `text` is not as the W3C demands. `*value` borrows `text`. */
bool sm_tail_trace_state_find(struct sm_slice text, struct sm_slice key, struct sm_slice *value);
