/* arena.c - chunks double from 4 KiB to 256 KiB; a larger request gets a chunk of its own. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/memory.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#endif

#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(ptr, size) ASAN_POISON_MEMORY_REGION(ptr, size)
#define UNPOISON(ptr, size) ASAN_UNPOISON_MEMORY_REGION(ptr, size)
#else
#define POISON(ptr, size) ((void)(ptr), (void)(size))
#define UNPOISON(ptr, size) ((void)(ptr), (void)(size))
#endif

enum { CHUNK_MIN_BYTES = 4096, CHUNK_MAX_BYTES = 256 * 1024, ALIGNMENT = 16 };

struct sm_arena_chunk {
    struct sm_arena_chunk *older; /* owned */
    size_t size_bytes;            /* of `data` */
    _Alignas(ALIGNMENT) char data[];
};

void sm_arena_init(struct sm_arena *arena)
{
    *arena = (struct sm_arena)SM_ARENA_INIT;
}

void sm_arena_deinit(struct sm_arena *arena)
{
    for (struct sm_arena_chunk *chunk = arena->_chunks, *older; chunk; chunk = older) {
        older = chunk->older;
        UNPOISON(chunk->data, chunk->size_bytes);
        free(chunk);
    }
    sm_arena_init(arena);
}

void sm_arena_reset(struct sm_arena *arena)
{
    struct sm_arena_chunk *kept = arena->_chunks;
    if (!kept)
        return;
    arena->_chunks = kept->older;
    sm_arena_deinit(arena);
    kept->older = NULL;
    POISON(kept->data, kept->size_bytes);
    arena->_chunks = kept;
    arena->_next = kept->data;
    arena->_end = kept->data + kept->size_bytes;
    arena->_reserved_bytes = sizeof(*kept) + kept->size_bytes;
}

/* Becomes the newest chunk; its first `used_bytes` are given out. */
static void *add_chunk(struct sm_arena *arena, size_t chunk_bytes, size_t used_bytes)
{
    size_t total;
    if (__builtin_add_overflow(chunk_bytes, sizeof(struct sm_arena_chunk), &total))
        sm_out_of_memory(SIZE_MAX);
    struct sm_arena_chunk *chunk = malloc(total);
    if (!chunk)
        sm_out_of_memory(total);
    chunk->size_bytes = chunk_bytes;
    chunk->older = arena->_chunks;
    POISON(chunk->data, chunk_bytes);
    UNPOISON(chunk->data, used_bytes);
    arena->_chunks = chunk;
    arena->_next = chunk->data + used_bytes;
    arena->_end = chunk->data + chunk_bytes;
    arena->_reserved_bytes += total;
    return chunk->data;
}

static void *alloc_from_new_chunk(struct sm_arena *arena, size_t size_bytes)
{
    size_t chunk_bytes = arena->_chunks ? arena->_chunks->size_bytes * 2 : CHUNK_MIN_BYTES;
    if (chunk_bytes > CHUNK_MAX_BYTES)
        chunk_bytes = CHUNK_MAX_BYTES;
    if (chunk_bytes < size_bytes)
        chunk_bytes = size_bytes;
    return add_chunk(arena, chunk_bytes, size_bytes);
}

void *sm_arena_alloc(struct sm_arena *arena, size_t size_bytes)
{
    if (size_bytes > PTRDIFF_MAX)
        sm_out_of_memory(size_bytes);
    size_t rounded = (size_bytes + (ALIGNMENT - 1)) & ~(size_t)(ALIGNMENT - 1);
    if (rounded > (size_t)(arena->_end - arena->_next) || !arena->_next)
        return alloc_from_new_chunk(arena, rounded);
    char *block = arena->_next;
    arena->_next += rounded;
    UNPOISON(block, size_bytes);
    return block;
}

void *sm_arena_zalloc(struct sm_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        sm_out_of_memory(SIZE_MAX);
    return memset(sm_arena_alloc(arena, bytes), 0, bytes);
}

void *sm_arena_grow(struct sm_arena *arena, void *array, size_t count, size_t *capacity, size_t needed, size_t element_size)
{
    if (array && needed <= *capacity)
        return array;
    size_t room = *capacity ? *capacity * 2 : 8;
    if (room < needed)
        room = needed;
    size_t bytes;
    if (__builtin_mul_overflow(room, element_size, &bytes))
        sm_out_of_memory(SIZE_MAX);
    void *grown = sm_arena_alloc(arena, bytes);
    if (count)
        memcpy(grown, array, count * element_size);
    *capacity = room;
    return grown;
}

char *sm_arena_strdup(struct sm_arena *arena, struct sm_slice slice)
{
    char *copy = sm_arena_alloc(arena, slice.size + 1);
    if (slice.size)
        memcpy(copy, slice.ptr, slice.size);
    copy[slice.size] = '\0';
    return copy;
}

struct sm_slice sm_arena_copy(struct sm_arena *arena, struct sm_slice slice)
{
    return sm_slice_make(sm_arena_strdup(arena, slice), slice.size);
}

struct sm_slice sm_arena_copy_lower(struct sm_arena *arena, struct sm_slice slice)
{
    char *text = sm_arena_strdup(arena, slice);
    sm_ascii_lower_in_place(text, slice.size);
    return sm_slice_make(text, slice.size);
}

struct sm_slice sm_arena_join(struct sm_arena *arena, struct sm_slice left, char separator, struct sm_slice right)
{
    size_t size = left.size + 1 + right.size;
    char *text = sm_arena_alloc(arena, size);
    if (left.size)
        memcpy(text, left.ptr, left.size);
    text[left.size] = separator;
    if (right.size)
        memcpy(text + left.size + 1, right.ptr, right.size);
    return sm_slice_make(text, size);
}

char *sm_arena_printf(struct sm_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    size_t bytes = size < 0 ? 0 : (size_t)size;
    char *text = sm_arena_alloc(arena, bytes + 1);
    text[0] = '\0';
    if (size > 0)
        vsnprintf(text, bytes + 1, format, again);
    va_end(again);
    return text;
}
