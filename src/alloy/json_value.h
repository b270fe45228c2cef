/* json_value.h - JSON and YAML texts as Alloy values. Main thread only. */
#pragma once

#include "alloy/value.h"

/* NULL with `*reason` (in `arena`) when the text is no JSON. With `keeps_ints` whole numbers stay whole; otherwise every number is a double. */
struct sm_alloy_value *sm_alloy_read_json(struct sm_slice text, bool keeps_ints, struct sm_arena *arena, const char **reason)
    __attribute__((warn_unused_result));
/* The same for YAML, whose numbers are what they look like. */
struct sm_alloy_value *sm_alloy_read_yaml(struct sm_slice text, struct sm_arena *arena, const char **reason) __attribute__((warn_unused_result));
/* JSON with sorted keys, as Go writes it. */
void sm_alloy_write_json(const struct sm_alloy_value *value, struct sm_arena *arena, struct sm_bytes *out);
