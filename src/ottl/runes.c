/* runes.c - see runes.h. Source: Go's unicode/utf8 and strings packages; RFC 3629. */
#include "ottl/runes.h"

uint32_t sm_ottl_rune_next(struct sm_slice text, size_t *position)
{
    const unsigned char *at = (const unsigned char *)text.ptr + *position;
    size_t left = text.size - *position, size = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    *position += 1;
    if (size == 1)
        return at[0];
    if (size == 0 || size > left)
        return SM_OTTL_RUNE_WRONG;
    uint32_t rune = at[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return SM_OTTL_RUNE_WRONG;
        rune = rune << 6 | (at[i] & 0x3fu);
    }
    if (rune < smallest[size] || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
        return SM_OTTL_RUNE_WRONG;
    *position += size - 1;
    return rune;
}

void sm_ottl_rune_append(struct sm_bytes *out, uint32_t rune)
{
    if (rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
        rune = SM_OTTL_RUNE_WRONG;
    if (rune < 0x80) {
        sm_bytes_append_char(out, (char)rune);
        return;
    }
    unsigned more = rune < 0x800 ? 1 : rune < 0x10000 ? 2 : 3;
    static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
    sm_bytes_append_char(out, (char)(leads[more] | rune >> (6 * more)));
    while (more-- > 0)
        sm_bytes_append_char(out, (char)(0x80 | (rune >> (6 * more) & 0x3f)));
}

size_t sm_ottl_rune_count(struct sm_slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; count++)
        sm_ottl_rune_next(text, &i);
    return count;
}

static bool is_space(uint32_t rune, struct sm_slice set)
{
    (void)set;
    return rune == ' ' || (rune >= '\t' && rune <= '\r') || rune == 0x85 || rune == 0xa0 || rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200a) ||
           rune == 0x2028 || rune == 0x2029 || rune == 0x202f || rune == 0x205f || rune == 0x3000;
}

static bool is_in_set(uint32_t rune, struct sm_slice set)
{
    for (size_t i = 0; i < set.size;)
        if (sm_ottl_rune_next(set, &i) == rune)
            return true;
    return false;
}

/* From the first rune that stays to behind the last one. */
static struct sm_slice trim(struct sm_slice text, struct sm_slice set, bool (*goes)(uint32_t rune, struct sm_slice set))
{
    size_t first = text.size, end = 0;
    for (size_t i = 0; i < text.size;) {
        size_t start = i;
        if (goes(sm_ottl_rune_next(text, &i), set))
            continue;
        first = start < first ? start : first;
        end = i;
    }
    return end > first ? sm_slice_make(text.ptr + first, end - first) : sm_slice_make(text.ptr, 0);
}

struct sm_slice sm_ottl_trim_space(struct sm_slice text)
{
    return trim(text, (struct sm_slice){0}, is_space);
}

struct sm_slice sm_ottl_trim_set(struct sm_slice text, struct sm_slice set)
{
    return trim(text, set, is_in_set);
}
