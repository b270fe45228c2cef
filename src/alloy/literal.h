/* literal.h - string literals of Alloy: what stands between quotes and what it means (Go's escapes; raw strings between backquotes). Pure. */
#pragma once

#include "base/arena.h"

/* As a string literal, as Go's strconv.Quote: in double quotes, with escapes for what could not stand between them or would not be seen. */
const char *sm_alloy_quote(struct sm_arena *arena, struct sm_slice text);
/* The text of a string literal as written, quotes included; unescaped in `arena`. */
struct sm_slice sm_alloy_unquote(struct sm_slice literal, struct sm_arena *arena);
