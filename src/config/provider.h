/* provider.h - where configuration text is fetched from: file:, env:, yaml:. Main thread only. */
#pragma once

#include "base/arena.h"
#include "config/source.h"

struct sm_error;

/* A fetched text, and how it is to be called. */
struct sm_provided {
    struct sm_source *source;   /* borrowed: arena */
    const char *unset_variable; /* borrowed: arena; an environment variable that is not set and has no default; NULL otherwise */
};

/* Fetches "scheme:rest". False with `error` when the address is wrong, the scheme is not built, or the text cannot be read. With `is_sealed` only
 * yaml: is read (for tests on hostile input). */
bool sm_provider_fetch(struct sm_slice uri, bool is_sealed, struct sm_arena *arena, struct sm_provided *out, struct sm_error *error)
    __attribute__((warn_unused_result));
