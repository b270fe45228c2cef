/* view.c - a trace as policies look at it: its spans as a batch, decoded when the first policy asks.
 *
 * The batch is what leaves when the trace is sampled: a resource of it is one record. */
#include "base/memory.h"
#include "processors/tail_sampling/policy.h"
#include "processors/tail_sampling/record.h"
#include "processors/tail_sampling/trace_table.h"
#include "telemetry/batch.h"
#include "telemetry/span.h"

static struct sm_buffer *copy_piece(const struct sm_tail_piece *piece)
{
    uint32_t size = sm_tail_record_size(piece);
    struct sm_buffer *buffer = sm_buffer_try_create(size);
    if (!buffer)
        sm_out_of_memory(size);
    if (size)
        sm_tail_record_write(piece, size, buffer->data);
    buffer->size = size;
    return buffer;
}

static struct sm_buffer *records_of(const struct sm_tail_view *view)
{
    if (view->piece)
        return copy_piece(view->piece);
    return sm_tail_segments_load(view->segments, view->held->refs, view->held->ref_count, view->held->record_bytes);
}

static const struct sm_tail_record *record_at(const struct sm_buffer *records, size_t at)
{
    return (const struct sm_tail_record *)(const void *)(records->data + at);
}

struct sm_batch *sm_tail_view_batch(struct sm_tail_view *view)
{
    if (view->batch)
        return view->batch;
    struct sm_batch *batch = view->batch = sm_batch_create(SM_TRACES);
    struct sm_buffer *records = records_of(view);
    sm_batch_keep_buffer(batch, records);
    size_t index_bytes = 0;
    for (size_t at = 0; at < records->size; at += record_at(records, at)->size) {
        batch->capacity++;
        index_bytes += sm_tail_record_index_bytes(record_at(records, at));
    }
    sm_arena_reserve(&batch->arena, index_bytes);
    batch->groups = sm_arena_alloc(&batch->arena, batch->capacity * sizeof(*batch->groups));
    batch->changed = true;
    for (size_t at = 0; at < records->size; at += record_at(records, at)->size)
        sm_tail_record_read(record_at(records, at), batch, &batch->groups[batch->count++]);
    sm_buffer_release(records);
    return batch;
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
            struct sm_scope *scope = &batch->groups[g].scopes[s].scope;
            sm_map_set(sm_attributes_edit(&scope->attributes, &batch->arena), &batch->arena, key, *value);
            scope->changed = true;
        }
}

void sm_tail_view_deinit(struct sm_tail_view *view)
{
    sm_batch_release(view->batch);
    view->batch = NULL;
}
