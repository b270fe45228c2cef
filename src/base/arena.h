/* arena.h - memory that is released all at once.
 *
 * An arena hands out memory from chunks by moving a pointer; nothing is freed singly. It lives as long as what it serves - a batch, a
 * configuration, a flush - never longer. Not thread-safe: one owner at a time (it may travel with its batch to another thread).
 * Under the address sanitizer unused memory is poisoned. */
#pragma once

#include "base/slice.h"

#include <stddef.h>

struct sm_arena_chunk;

struct sm_arena {
    struct sm_arena_chunk *_chunks; /* owned, newest first */
    char *_next;                    /* first free byte of the newest chunk */
    char *_end;
    size_t _reserved_bytes;
};

/* An empty arena reserves nothing until the first allocation. `SM_ARENA_INIT` for initialisers. */
#define SM_ARENA_INIT                                                                                                                                \
    {                                                                                                                                                \
        0                                                                                                                                            \
    }
void sm_arena_init(struct sm_arena *arena);
/* Releases all memory; the arena is empty and usable afterwards. */
void sm_arena_deinit(struct sm_arena *arena);
/* The same, but the newest chunk stays for what comes next. */
void sm_arena_reset(struct sm_arena *arena);

/* Memory aligned for any type, not zeroed. Never NULL (no memory ends the process). `size_bytes` 0 is allowed. */
void *sm_arena_alloc(struct sm_arena *arena, size_t size_bytes) __attribute__((returns_nonnull, warn_unused_result));
/* Zeroed memory for `count` elements of `size` bytes. */
void *sm_arena_zalloc(struct sm_arena *arena, size_t count, size_t size) __attribute__((returns_nonnull, warn_unused_result));
/* Grows an array by doubling: returns room for at least `needed` elements with the first `count` copied; writes the new `*capacity`. The old block
 * stays in the arena, so total waste is at most the final size. */
void *sm_arena_grow(struct sm_arena *arena, void *array, size_t count, size_t *capacity, size_t needed, size_t element_size)
    __attribute__((returns_nonnull, warn_unused_result));

/* Copies with a NUL behind the bytes. */
struct sm_slice sm_arena_copy(struct sm_arena *arena, struct sm_slice slice);
/* ASCII letters in lower case. */
struct sm_slice sm_arena_copy_lower(struct sm_arena *arena, struct sm_slice slice);
/* `left`, the separator and `right` as one. */
struct sm_slice sm_arena_join(struct sm_arena *arena, struct sm_slice left, char separator, struct sm_slice right);
char *sm_arena_strdup(struct sm_arena *arena, struct sm_slice slice) __attribute__((returns_nonnull));
char *sm_arena_printf(struct sm_arena *arena, const char *format, ...) __attribute__((returns_nonnull, format(printf, 2, 3)));

/* Bytes reserved from the system, for memory accounting. */
static inline size_t sm_arena_reserved_bytes(const struct sm_arena *arena)
{
    return arena->_reserved_bytes;
}
