/* bytes.c - see bytes.h. Capacity doubles. */
#include "base/bytes.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 256 };

void sm_bytes_init(struct sm_bytes *bytes, struct sm_arena *arena)
{
    *bytes = (struct sm_bytes){._arena = arena};
}

void sm_bytes_deinit(struct sm_bytes *bytes)
{
    if (!bytes->_arena)
        free(bytes->ptr);
    sm_bytes_init(bytes, bytes->_arena);
}

char *sm_bytes_reserve(struct sm_bytes *bytes, size_t more)
{
    size_t needed;
    if (__builtin_add_overflow(bytes->size, more, &needed) || needed > PTRDIFF_MAX / 2)
        sm_out_of_memory(more);
    if (needed <= bytes->capacity && bytes->ptr)
        return bytes->ptr + bytes->size;
    if (bytes->_arena) {
        bytes->ptr = sm_arena_grow(bytes->_arena, bytes->ptr, bytes->size, &bytes->capacity, needed < FIRST_CAPACITY ? FIRST_CAPACITY : needed, 1);
        return bytes->ptr + bytes->size;
    }
    size_t room = bytes->capacity ? bytes->capacity * 2 : FIRST_CAPACITY;
    if (room < needed)
        room = needed;
    bytes->ptr = sm_realloc(bytes->ptr, room, 1);
    bytes->capacity = room;
    return bytes->ptr + bytes->size;
}

void sm_bytes_append(struct sm_bytes *bytes, const void *from, size_t size)
{
    if (size == 0)
        return;
    memcpy(sm_bytes_reserve(bytes, size), from, size);
    bytes->size += size;
}

void sm_bytes_vprintf(struct sm_bytes *bytes, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    if (size > 0) {
        char *at = sm_bytes_reserve(bytes, (size_t)size + 1);
        vsnprintf(at, (size_t)size + 1, format, again);
        bytes->size += (size_t)size;
    }
    va_end(again);
}

void sm_bytes_printf(struct sm_bytes *bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sm_bytes_vprintf(bytes, format, args);
    va_end(args);
}

const char *sm_bytes_cstr(struct sm_bytes *bytes)
{
    *sm_bytes_reserve(bytes, 1) = '\0';
    return bytes->ptr;
}
