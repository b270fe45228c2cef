/* slice.h - a borrowed run of bytes: pointer and size, no terminating NUL.
 *
 * Slices are the strings of the data path. A slice owns nothing: who holds the bytes (a buffer, an arena, a literal) must outlive it.
 * The empty slice may have a NULL pointer. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sm_slice {
    const char *ptr; /* borrowed */
    size_t size;     /* bytes */
};

/* A slice of a string literal, usable in initialisers. */
#define SM_SLICE(literal) ((struct sm_slice){.ptr = "" literal, .size = sizeof(literal) - 1})
/* For printf's "%.*s". */
#define SM_SLICE_ARGS(slice) ((int)((slice).size > INT32_MAX ? INT32_MAX : (slice).size)), ((slice).ptr ? (slice).ptr : "")

static inline struct sm_slice sm_slice_make(const void *ptr, size_t size)
{
    return (struct sm_slice){.ptr = ptr, .size = size};
}

/* The slice of a C string; NULL gives the empty slice. */
static inline struct sm_slice sm_slice_of(const char *text)
{
    return text ? sm_slice_make(text, strlen(text)) : (struct sm_slice){0};
}

/* No byte but zeros, as an ID that is not there. */
static inline bool sm_slice_is_zero(struct sm_slice slice)
{
    unsigned char any = 0;
    for (size_t i = 0; i < slice.size; i++)
        any |= (unsigned char)slice.ptr[i];
    return any == 0;
}

static inline bool sm_slice_equal(struct sm_slice a, struct sm_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.ptr, b.ptr, a.size) == 0);
}

static inline bool sm_slice_is(struct sm_slice a, const char *text)
{
    return sm_slice_equal(a, sm_slice_of(text));
}

/* Order of bytes, shorter first: <0, 0, >0. */
static inline int sm_slice_compare(struct sm_slice a, struct sm_slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size ? memcmp(a.ptr, b.ptr, size) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static inline bool sm_slice_starts_with(struct sm_slice slice, struct sm_slice prefix)
{
    return slice.size >= prefix.size && (prefix.size == 0 || memcmp(slice.ptr, prefix.ptr, prefix.size) == 0);
}

static inline bool sm_slice_ends_with(struct sm_slice slice, struct sm_slice suffix)
{
    return slice.size >= suffix.size && (suffix.size == 0 || memcmp(slice.ptr + slice.size - suffix.size, suffix.ptr, suffix.size) == 0);
}

/* Where `part` stands first in `text`, an empty one at its beginning; NULL: nowhere, or the text is empty. What memmem() may not be asked, as the
 * pointers of empty slices may be NULL. */
const char *sm_slice_find(struct sm_slice text, struct sm_slice part);

/* ASCII letters compare without case (HTTP header names, configuration words). */
bool sm_slice_equal_nocase(struct sm_slice a, struct sm_slice b);

/* Spaces, tabs and line ends at both ends cut off. */
struct sm_slice sm_slice_trim(struct sm_slice slice);

/* Cuts `*rest` at the first `separator`: returns what stands before it, leaves what stands after. Without one the whole of `*rest` is returned and
 * `*rest` becomes empty. */
struct sm_slice sm_slice_cut(struct sm_slice *rest, char separator);
