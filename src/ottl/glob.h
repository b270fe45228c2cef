/* glob.h - patterns for whole texts: * and ** any runes, ? one rune, [abc] [!a-z] one of a class, {a,b} alternatives, \ quotes the next rune.
 *
 * `*` crosses every rune, slashes too. A compiled pattern is immutable: any thread. Source: github.com/gobwas/glob without separators. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

struct sm_ottl_glob;

/* In `arena`. NULL with `*reason` set: not valid. */
const struct sm_ottl_glob *sm_ottl_glob_compile(struct sm_slice pattern, struct sm_arena *arena, const char **reason);
bool sm_ottl_glob_matches(const struct sm_ottl_glob *glob, struct sm_slice text);
