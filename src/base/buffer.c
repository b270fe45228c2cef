/* buffer.c - see buffer.h. */
#include "base/buffer.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { CLASSES_PER_DOUBLING = 8, CLASS_MIN_BYTES = 4096 };
enum { HUGE_PAGE_BYTES = 2 * 1024 * 1024, HUGE_MIN_BYTES = 2 * HUGE_PAGE_BYTES };

/* Requests of one client differ by a few bytes. Rounded up they fit into each other's places, where else the heap would fill with holes that are a
 * little too small; pages that nothing is written to cost nothing. */
static size_t round_up(size_t total)
{
    if (total < CLASS_MIN_BYTES)
        return total;
    size_t step = ((size_t)1 << (63 - __builtin_clzl(total))) / CLASSES_PER_DOUBLING;
    return (total + step - 1) & ~(step - 1);
}

/* A large buffer is new memory each time: page by page, that took a tenth of all time where requests have 33 MB. Only pages that lie within the
 * buffer as a whole are asked for, so that no more is resident than without, and none at its start, so that who announces much and sends little gets
 * memory for what he sends. It is no error when the system has none. */
static void ask_for_huge_pages(char *start, size_t size)
{
    const uintptr_t mask = ~(uintptr_t)(HUGE_PAGE_BYTES - 1);
    uintptr_t first = ((uintptr_t)start + 2 * HUGE_PAGE_BYTES - 1) & mask, end = ((uintptr_t)start + size) & mask;
    if (first < end)
        (void)madvise((void *)first, end - first, MADV_HUGEPAGE);
}

struct sm_buffer *sm_buffer_try_create(size_t capacity)
{
    size_t total;
    if (__builtin_add_overflow(capacity, sizeof(struct sm_buffer), &total) || total > PTRDIFF_MAX / 2)
        return NULL;
    total = round_up(total);
    struct sm_buffer *buffer = malloc(total);
    if (!buffer)
        return NULL;
    if (capacity >= HUGE_MIN_BYTES)
        ask_for_huge_pages(buffer->data, capacity);
    atomic_init(&buffer->_references, 1);
    buffer->capacity = capacity;
    buffer->size = 0;
    return buffer;
}

struct sm_buffer *sm_buffer_try_copy(struct sm_slice content)
{
    struct sm_buffer *buffer = sm_buffer_try_create(content.size);
    if (buffer && content.size) {
        memcpy(buffer->data, content.ptr, content.size);
        buffer->size = content.size;
    }
    return buffer;
}

bool sm_buffer_is_shared(const struct sm_buffer *buffer)
{
    return atomic_load_explicit(&buffer->_references, memory_order_acquire) != 1;
}

struct sm_buffer *sm_buffer_retain(struct sm_buffer *buffer)
{
    /* Relaxed: whoever retains already holds a reference, so nothing needs ordering. */
    atomic_fetch_add_explicit(&buffer->_references, 1, memory_order_relaxed);
    return buffer;
}

void sm_buffer_release(struct sm_buffer *buffer)
{
    /* Release, then acquire by the last owner: its free must come after every other owner's reads. */
    if (buffer && atomic_fetch_sub_explicit(&buffer->_references, 1, memory_order_acq_rel) == 1)
        free(buffer);
}
