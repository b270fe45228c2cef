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

/* What the digits stand for, plus one; 0: no digit. */
static const uint8_t values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11,
    ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool sm_hex_read(struct sm_slice digits, void *bytes)
{
    uint8_t *to = bytes;
    if (digits.size % 2)
        return false;
    for (size_t i = 0; i < digits.size; i += 2) {
        unsigned high = values[(uint8_t)digits.ptr[i]], low = values[(uint8_t)digits.ptr[i + 1]];
        if (high == 0 || low == 0)
            return false;
        *to++ = (uint8_t)((high - 1) << 4 | (low - 1));
    }
    return true;
}
