/* hex.h - bytes as hexadecimal digits and back (RFC 4648, 8). Digits are written in lower case and read in either. Any thread. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

/* What a digit stands for; -1: it is none. */
static inline int sm_hex_value(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Two digits a byte, without a NUL; returns the end of what was written. */
char *sm_hex_write(char *text, struct sm_slice bytes);
void sm_hex_append(struct sm_bytes *out, struct sm_slice bytes);
struct sm_slice sm_hex_text(struct sm_slice bytes, struct sm_arena *arena);

/* Writes half as many bytes as there are digits. False: their number is odd, or one is no digit. */
bool sm_hex_read(struct sm_slice digits, void *bytes) __attribute__((warn_unused_result));
