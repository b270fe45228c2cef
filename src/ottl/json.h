/* json.h - JSON texts as attribute values, for ParseJSON. */
#pragma once

#include "telemetry/value.h"

enum { SM_OTTL_JSON_DEPTH_MAX = 64 };

/* False with a constant `reason` when the text is not JSON. All numbers become doubles; of repeated keys the last wins. */
bool sm_ottl_json_parse(struct sm_slice text, struct sm_arena *arena, struct sm_value *value, const char **reason)
    __attribute__((warn_unused_result));
