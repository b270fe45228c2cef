/* json_value.h - JSON and YAML texts as Alloy values. Main thread only. */
#pragma once

#include "alloy/value.h"

enum sm_alloy_json_dialect {
    SM_ALLOY_JSON_GO, /* encoding.from_json: Go's encoding/json; every number is a double */
    SM_ALLOY_JSON_OJ, /* json_path: github.com/ohler55/ojg; whole numbers stay whole, very long ones become strings, no text is null */
};
/* NULL with `*reason` (in `arena`), as the reference words it, when the text is no JSON. */
struct sm_alloy_value *sm_alloy_read_json(struct sm_slice text, enum sm_alloy_json_dialect dialect, struct sm_arena *arena, const char **reason)
    __attribute__((warn_unused_result));
/* The same for YAML, whose numbers are what they look like. */
struct sm_alloy_value *sm_alloy_read_yaml(struct sm_slice text, struct sm_arena *arena, const char **reason) __attribute__((warn_unused_result));
/* JSON with sorted keys, as Go writes it. */
void sm_alloy_write_json(const struct sm_alloy_value *value, struct sm_arena *arena, struct sm_bytes *out);
