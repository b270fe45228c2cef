/* view.c - a trace as policies look at it, and as it leaves: packed until somebody looks into it.
 *
 * Traces that leave packed are written one behind the other into a block that several of them share: whoever joins them then joins neighbours, and
 * copies nothing. */
#include <assert.h>

#include "base/memory.h"
#include "processors/tail_sampling/parcel.h"
#include "processors/tail_sampling/policy.h"
#include "processors/tail_sampling/record.h"
#include "processors/tail_sampling/trace_table.h"
#include "telemetry/batch.h"
#include "telemetry/span.h"

enum { BLOCK_BYTES = 256 * 1024, IN_BLOCK_MAX = BLOCK_BYTES / 8 };

static struct sm_buffer *create_buffer(size_t size)
{
    struct sm_buffer *buffer = sm_buffer_try_create(size);
    if (!buffer)
        sm_out_of_memory(size);
    return buffer;
}

/* A reference to a buffer with room for `size` bytes behind what is in it. */
static struct sm_buffer *find_room(const struct sm_tail_view *view, size_t size, bool may_share)
{
    if (!may_share || !view->block || size > IN_BLOCK_MAX)
        return create_buffer(size);
    struct sm_buffer *block = *view->block;
    if (!block || block->capacity - block->size < size) {
        sm_buffer_release(block);
        block = *view->block = create_buffer(BLOCK_BYTES - sizeof(struct sm_buffer));
    }
    return sm_buffer_retain(block);
}

static void write_piece(const struct sm_tail_piece *piece, struct sm_batch_part *part, size_t room)
{
    if (room)
        sm_tail_record_write(piece, (char *)(uintptr_t)part->raw.ptr);
    part->raw.size = room;
    part->item_count = room ? piece->span_count : 0;
}

static void write_held(const struct sm_tail_view *view, struct sm_batch_part *part)
{
    char *to = (char *)(uintptr_t)part->raw.ptr;
    for (uint32_t i = 0; i < view->held->ref_count; i++) {
        struct sm_tail_ref ref = view->held->refs[i];
        if (!sm_tail_segments_read(view->segments, ref, to + part->raw.size))
            continue;
        part->raw.size += ref.size;
        part->item_count += ref.span_count;
    }
}

size_t sm_tail_view_size(const struct sm_tail_view *view)
{
    return view->piece ? sm_tail_record_size(view->piece) : view->held->record_bytes;
}

/* As a part whose buffer is to be released. */
static struct sm_batch_part load_part(const struct sm_tail_view *view, bool may_share)
{
    size_t room = sm_tail_view_size(view);
    struct sm_buffer *buffer = find_room(view, room, may_share);
    struct sm_batch_part part = {.buffer = buffer, .raw = sm_slice_make(buffer->data + buffer->size, 0), .is_run = may_share && view->block};
    if (view->piece)
        write_piece(view->piece, &part, room);
    else
        write_held(view, &part);
    buffer->size += part.raw.size;
    return part;
}

/* As a packed batch. */
static struct sm_batch *load(const struct sm_tail_view *view, bool may_share)
{
    struct sm_batch_part part = load_part(view, may_share);
    struct sm_batch *batch = sm_batch_create_packed(SM_TRACES, &part);
    sm_buffer_release(part.buffer);
    return batch;
}

struct sm_batch *sm_tail_view_batch(struct sm_tail_view *view)
{
    if (!view->batch) {
        view->batch = load(view, false);
        sm_batch_unpack(view->batch);
    }
    return view->batch;
}

struct sm_batch *sm_tail_view_take(struct sm_tail_view *view)
{
    struct sm_batch *batch = view->batch ? view->batch : load(view, true);
    view->batch = NULL;
    return batch;
}

size_t sm_tail_view_join(const struct sm_tail_view *view, struct sm_batch *batch)
{
    assert(!view->batch);
    struct sm_batch_part part = load_part(view, true);
    sm_batch_append_part(batch, &part);
    sm_buffer_release(part.buffer);
    return part.raw.size;
}

bool sm_tail_view_any_span(struct sm_tail_view *view, bool (*matches)(const struct sm_span *span, void *context), void *context)
{
    const struct sm_batch *batch = sm_tail_view_batch(view);
    for (size_t g = 0; g < batch->count; g++)
        for (size_t s = 0; s < batch->groups[g].count; s++) {
            const struct sm_scope_group *scope = &batch->groups[g].scopes[s];
            for (size_t i = 0; i < scope->count; i++)
                if (matches(&scope->spans[i], context))
                    return true;
        }
    return false;
}

void sm_tail_view_mark(struct sm_tail_view *view, struct sm_slice key, const struct sm_value *value)
{
    struct sm_batch *batch = sm_tail_view_batch(view);
    for (size_t g = 0; g < batch->count; g++)
        for (size_t s = 0; s < batch->groups[g].count; s++) {
            struct sm_scope_group *group = &batch->groups[g].scopes[s];
            sm_map_set(sm_attributes_edit(&group->scope.attributes, &batch->arena), &batch->arena, key, *value);
            group->scope.changed = true;
            sm_batch_mark_changed(batch, &batch->groups[g], group);
        }
}

void sm_tail_view_deinit(struct sm_tail_view *view)
{
    sm_batch_release(view->batch);
    view->batch = NULL;
}
