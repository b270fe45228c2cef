/* runes.h - texts rune by rune, as Go walks over strings: a byte that begins no valid UTF-8 counts as U+FFFD. Any thread. */
#pragma once

#include "base/bytes.h"

#include <stdint.h>

enum { SM_OTTL_RUNE_WRONG = 0xfffd };

/* The rune at `*position`, which moves behind it. */
uint32_t sm_ottl_rune_next(struct sm_slice text, size_t *position);
void sm_ottl_rune_append(struct sm_bytes *out, uint32_t rune);
size_t sm_ottl_rune_count(struct sm_slice text);
/* Unicode white space at both ends cut off, as strings.TrimSpace. */
struct sm_slice sm_ottl_trim_space(struct sm_slice text);
/* Runes of `set` cut off at both ends, as strings.Trim. */
struct sm_slice sm_ottl_trim_set(struct sm_slice text, struct sm_slice set);
/* Upper or lower case rune by rune, as strings.ToUpper and ToLower; in `arena`. */
struct sm_slice sm_ottl_map_case(struct sm_slice text, bool to_upper, struct sm_arena *arena);
