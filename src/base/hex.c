/* hex.c - see hex.h. */
#include "base/hex.h"

char *sm_hex_write(char *text, struct sm_slice bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        *text++ = digits[(unsigned char)bytes.ptr[i] >> 4];
        *text++ = digits[(unsigned char)bytes.ptr[i] & 15];
    }
    return text;
}

void sm_hex_append(struct sm_bytes *out, struct sm_slice bytes)
{
    sm_hex_write(sm_bytes_reserve(out, 2 * bytes.size), bytes);
    out->size += 2 * bytes.size;
}

struct sm_slice sm_hex_text(struct sm_slice bytes, struct sm_arena *arena)
{
    char *text = sm_arena_alloc(arena, 2 * bytes.size);
    sm_hex_write(text, bytes);
    return sm_slice_make(text, 2 * bytes.size);
}

bool sm_hex_read(struct sm_slice digits, void *bytes)
{
    unsigned char *to = bytes;
    for (size_t i = 0; i + 1 < digits.size; i += 2) {
        int high = sm_hex_value(digits.ptr[i]), low = sm_hex_value(digits.ptr[i + 1]);
        if (high < 0 || low < 0)
            return false;
        *to++ = (unsigned char)(high << 4 | low);
    }
    return digits.size % 2 == 0;
}
