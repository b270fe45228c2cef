/* buffer.h - a block of bytes that several owners share.
 *
 * A buffer is written by its creator. What a second owner was given of it is never changed; the creator may write on behind that. Any thread may
 * retain and release (the count is atomic); the last release frees. Request bodies live in buffers, and decoded batches point into them. */
#pragma once

#include "base/slice.h"

#include <stdatomic.h>

struct sm_buffer {
    atomic_uint _references;
    size_t capacity; /* bytes of `data` */
    size_t size;     /* bytes in use; set by the creator */
    char data[];
};

/* One reference, size 0. The size must have passed a limit before; NULL when there is no memory for it. */
struct sm_buffer *sm_buffer_try_create(size_t capacity) __attribute__((warn_unused_result));
/* A buffer holding a copy of `content`; NULL when there is no memory for it. */
struct sm_buffer *sm_buffer_try_copy(struct sm_slice content) __attribute__((warn_unused_result));
/* Whether it has another owner than the caller. */
bool sm_buffer_is_shared(const struct sm_buffer *buffer);
struct sm_buffer *sm_buffer_retain(struct sm_buffer *buffer);
/* NULL is allowed. */
void sm_buffer_release(struct sm_buffer *buffer);

static inline struct sm_slice sm_buffer_slice(const struct sm_buffer *buffer)
{
    return sm_slice_make(buffer->data, buffer->size);
}
