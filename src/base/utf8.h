/* utf8.h - reading UTF-8 as Go's range over a string does, and writing it: every byte that does not belong to a sound character is read as one
 * U+FFFD. Any thread. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

enum { SM_RUNE_ERROR = 0xFFFD };

/* The character at the start of `text`, which is not empty; `*size` is how many bytes it takes, and `*is_sound` is false for a wrong byte. */
uint32_t sm_utf8_read(struct sm_slice text, size_t *size, bool *is_sound);

/* How many bytes a rune takes, and writes them. */
static inline size_t sm_utf8_size(uint32_t rune)
{
    return rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
}
enum { SM_UTF8_SIZE_MAX = 4 };
size_t sm_utf8_write(uint32_t rune, char *out);
bool sm_utf8_is_sound(struct sm_slice text);
/* `text` itself when it is sound; else with U+FFFD for every wrong byte, in `arena`. */
struct sm_slice sm_utf8_repair(struct sm_slice text, struct sm_arena *arena);
/* The whole characters of `text` that fit, U+FFFD for every wrong byte, and a NUL: `out` has room for `limit` bytes and that. */
void sm_utf8_copy(struct sm_slice text, char *out, size_t limit);
