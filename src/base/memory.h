/* memory.h - heap allocation that does not return NULL.
 *
 * Small allocations whose size the program itself decides: without memory the process ends with a message, because no caller could go on.
 * Sizes that come from outside are checked against a limit first. Any thread. */
#pragma once

#include <stddef.h>

/* Zeroed memory for `count` elements of `size` bytes; overflow of the product ends the process. Release with free(). */
void *sm_alloc(size_t count, size_t size) __attribute__((returns_nonnull, warn_unused_result));

/* As realloc for `count` elements of `size` bytes; new bytes are not zeroed. */
void *sm_realloc(void *block, size_t count, size_t size) __attribute__((returns_nonnull, warn_unused_result));

char *sm_strdup(const char *text) __attribute__((returns_nonnull, warn_unused_result));

/* "No memory for N bytes" to standard error, then abort(). */
_Noreturn void sm_out_of_memory(size_t size_bytes);

/* Sets the C library's allocator up for a collector: freed request buffers stay in the heap for the next request (up to SM_MEMORY_KEPT_BYTES for each
 * of its arenas) instead of going back to the system page by page, and few workers share an arena. Before the first thread is made. */
enum { SM_MEMORY_KEPT_BYTES = 8 * 1024 * 1024 };
void sm_memory_tune(void);
