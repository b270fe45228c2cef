/* utf8.c - see utf8.h. Ranges: The Unicode Standard, table 3-7 (well-formed UTF-8 byte sequences). */
#include "base/utf8.h"

struct lead {
    unsigned char first, last; /* of the lead byte */
    unsigned char second_first, second_last;
    unsigned char size;
};

static const struct lead leads[] = {
    {0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3},
    {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

static const struct lead *find_lead(unsigned char byte)
{
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
        if (byte >= leads[i].first && byte <= leads[i].last)
            return &leads[i];
    return NULL;
}

static bool continues(unsigned char byte, unsigned char first, unsigned char last)
{
    return byte >= first && byte <= last;
}

uint32_t sm_utf8_read(struct sm_slice text, size_t *size, bool *is_sound)
{
    const unsigned char *at = (const unsigned char *)text.ptr;
    const struct lead *lead = find_lead(at[0]);
    *size = 1;
    *is_sound = false;
    if (!lead || lead->size > text.size)
        return SM_RUNE_ERROR;
    if (lead->size > 1 && !continues(at[1], lead->second_first, lead->second_last))
        return SM_RUNE_ERROR;
    for (size_t i = 2; i < lead->size; i++)
        if (!continues(at[i], 0x80, 0xBF))
            return SM_RUNE_ERROR;
    *size = lead->size;
    *is_sound = true;
    switch (lead->size) {
    case 1:
        return at[0];
    case 2:
        return (at[0] & 0x1Fu) << 6 | (at[1] & 0x3Fu);
    case 3:
        return (at[0] & 0x0Fu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
    default:
        return (at[0] & 0x07u) << 18 | (at[1] & 0x3Fu) << 12 | (at[2] & 0x3Fu) << 6 | (at[3] & 0x3Fu);
    }
}

size_t sm_utf8_write(uint32_t rune, char *out)
{
    static const unsigned char first_bits[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t size = sm_utf8_size(rune);
    uint32_t rest = rune;
    for (size_t i = size; i-- > 1; rest >>= 6)
        out[i] = (char)(0x80 | (rest & 0x3f));
    out[0] = (char)(size == 1 ? rune : first_bits[size] | rest);
    return size;
}

static bool is_ascii(struct sm_slice text)
{
    unsigned char all = 0;
    for (size_t i = 0; i < text.size; i++)
        all |= (unsigned char)text.ptr[i];
    return all < 0x80;
}

static size_t count_wrong(struct sm_slice text)
{
    size_t wrong = 0, size;
    bool is_sound;
    for (; text.size; text = sm_slice_make(text.ptr + size, text.size - size)) {
        sm_utf8_read(text, &size, &is_sound);
        wrong += !is_sound;
    }
    return wrong;
}

bool sm_utf8_is_sound(struct sm_slice text)
{
    return is_ascii(text) || count_wrong(text) == 0;
}

struct sm_slice sm_utf8_repair(struct sm_slice text, struct sm_arena *arena)
{
    enum { REPLACEMENT_SIZE = 3 }; /* of U+FFFD */
    size_t wrong = is_ascii(text) ? 0 : count_wrong(text), size;
    bool is_sound;
    if (wrong == 0)
        return text;
    char *out = sm_arena_alloc(arena, text.size + wrong * (REPLACEMENT_SIZE - 1)), *to = out;
    for (; text.size; text = sm_slice_make(text.ptr + size, text.size - size))
        to += sm_utf8_write(sm_utf8_read(text, &size, &is_sound), to);
    return sm_slice_make(out, (size_t)(to - out));
}

void sm_utf8_copy(struct sm_slice text, char *out, size_t limit)
{
    size_t used = 0;
    while (text.size) {
        size_t size;
        bool is_sound;
        uint32_t rune = sm_utf8_read(text, &size, &is_sound);
        if (sm_utf8_size(rune) > limit - used)
            break;
        used += sm_utf8_write(rune, out + used);
        text = sm_slice_make(text.ptr + size, text.size - size);
    }
    out[used] = '\0';
}
