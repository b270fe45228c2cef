/* component_id.h - ids of components and pipelines: "type" or "type/name". */
#pragma once

#include "base/arena.h"
#include "base/error.h"

/* Takes `text` apart at its first slash, cuts spaces, checks both parts. `*id` is the id without spaces, `*type` its first part, both in `arena`.
 * False with `error` for what is no id. With `any_type` the first part is not checked (pipelines: it is a signal). */
bool sm_component_id_parse(const char *text, bool any_type, struct sm_arena *arena, const char **id, const char **type, struct sm_error *error)
    __attribute__((warn_unused_result));
