/* slice.c - the parts of slice.h that are more than a line. */
#include "base/slice.h"

#include "base/ascii.h"

bool sm_slice_equal_nocase(struct sm_slice a, struct sm_slice b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (sm_ascii_lower(a.ptr[i]) != sm_ascii_lower(b.ptr[i]))
            return false;
    return true;
}

const char *sm_slice_find(struct sm_slice text, struct sm_slice part)
{
    if (text.size == 0 || part.size == 0)
        return text.size ? text.ptr : NULL;
    return memmem(text.ptr, text.size, part.ptr, part.size);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct sm_slice sm_slice_trim(struct sm_slice slice)
{
    while (slice.size && is_space(slice.ptr[0]))
        slice = sm_slice_make(slice.ptr + 1, slice.size - 1);
    while (slice.size && is_space(slice.ptr[slice.size - 1]))
        slice.size--;
    return slice;
}

struct sm_slice sm_slice_cut(struct sm_slice *rest, char separator)
{
    const char *at = rest->size ? memchr(rest->ptr, separator, rest->size) : NULL;
    struct sm_slice head = *rest;
    if (!at) {
        *rest = (struct sm_slice){0};
        return head;
    }
    head.size = (size_t)(at - rest->ptr);
    *rest = sm_slice_make(at + 1, rest->size - head.size - 1);
    return head;
}
