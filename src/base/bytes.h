/* bytes.h - bytes that grow while they are written.
 *
 * The one way to build output: protobuf, JSON, text, answers. With an arena the memory comes from it and needs no release; without one it is on the
 * heap and `deinit` frees it. Not thread-safe. Appending never fails (no memory ends the process): what is appended has passed its limits. */
#pragma once

#include <stdarg.h>

#include "base/arena.h"
#include "base/slice.h"

struct sm_bytes {
    char *ptr;
    size_t size;
    size_t capacity;
    struct sm_arena *_arena; /* borrowed; NULL: heap */
};

/* `arena` may be NULL. All zero is an initialised heap builder. */
void sm_bytes_init(struct sm_bytes *bytes, struct sm_arena *arena);
void sm_bytes_deinit(struct sm_bytes *bytes);

/* Room for `more` bytes behind `size`; returns where they start. The caller writes and then adds to `size`. */
char *sm_bytes_reserve(struct sm_bytes *bytes, size_t more) __attribute__((returns_nonnull));
void sm_bytes_append(struct sm_bytes *bytes, const void *from, size_t size);
void sm_bytes_printf(struct sm_bytes *bytes, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sm_bytes_vprintf(struct sm_bytes *bytes, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static inline void sm_bytes_append_slice(struct sm_bytes *bytes, struct sm_slice slice)
{
    sm_bytes_append(bytes, slice.ptr, slice.size);
}

static inline void sm_bytes_append_text(struct sm_bytes *bytes, const char *text)
{
    sm_bytes_append(bytes, text, strlen(text));
}

static inline void sm_bytes_append_char(struct sm_bytes *bytes, char c)
{
    if (bytes->size == bytes->capacity)
        sm_bytes_reserve(bytes, 1);
    bytes->ptr[bytes->size++] = c;
}

static inline struct sm_slice sm_bytes_slice(const struct sm_bytes *bytes)
{
    return sm_slice_make(bytes->ptr, bytes->size);
}

/* Puts a NUL behind the bytes (not counted in `size`) and returns them as a C string. */
const char *sm_bytes_cstr(struct sm_bytes *bytes);
