/* utf8.h - reading UTF-8 as Go's range over a string does: every byte that does not belong to a sound character is one U+FFFD. Any thread. */
#pragma once

#include "base/slice.h"

enum { SM_RUNE_ERROR = 0xFFFD };

/* The character at the start of `text`, which is not empty; `*size` is how many bytes it takes, and `*is_sound` is false for a wrong byte. */
uint32_t sm_utf8_read(struct sm_slice text, size_t *size, bool *is_sound);
