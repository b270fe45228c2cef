/* short.h - comparing and copying runs of bytes that are mostly short (keys, names, values) without a call: where there are dozens for each span, the
 * calls cost more than the bytes. Longer runs take the usual way. Any thread. */
#pragma once

#include "base/slice.h"

enum { SM_SHORT_MAX = 32 };

static inline uint64_t sm_short_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/* As sm_slice_equal. Words from both ends overlap, so that none reaches beyond. */
static inline bool sm_short_equal(struct sm_slice a, struct sm_slice b)
{
    enum { WORD = sizeof(uint64_t) };
    size_t size = a.size;
    if (size < WORD || size > SM_SHORT_MAX)
        return sm_slice_equal(a, b);
    if (size != b.size)
        return false;
    uint64_t differs = (sm_short_word(a.ptr) ^ sm_short_word(b.ptr)) | (sm_short_word(a.ptr + size - WORD) ^ sm_short_word(b.ptr + size - WORD));
    if (size > 2 * WORD)
        differs |= (sm_short_word(a.ptr + WORD) ^ sm_short_word(b.ptr + WORD)) |
                   (sm_short_word(a.ptr + size - 2 * WORD) ^ sm_short_word(b.ptr + size - 2 * WORD));
    return differs == 0;
}

/* Copies to where there is room for it; returns what is behind it. The two may not overlap. */
static inline char *sm_short_copy(char *to, struct sm_slice from)
{
    struct half {
        char bytes[SM_SHORT_MAX / 2];
    } first, last;
    size_t size = from.size;
    if (size >= sizeof(first) && size <= SM_SHORT_MAX) {
        memcpy(&first, from.ptr, sizeof(first));
        memcpy(&last, from.ptr + size - sizeof(last), sizeof(last));
        memcpy(to, &first, sizeof(first));
        memcpy(to + size - sizeof(last), &last, sizeof(last));
    } else if (size >= sizeof(uint64_t) && size <= SM_SHORT_MAX) {
        uint64_t head = sm_short_word(from.ptr), tail = sm_short_word(from.ptr + size - sizeof(tail));
        memcpy(to, &head, sizeof(head));
        memcpy(to + size - sizeof(tail), &tail, sizeof(tail));
    } else if (size) {
        memcpy(to, from.ptr, size);
    }
    return to + size;
}
