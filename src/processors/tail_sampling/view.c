/* view.c - a trace as policies look at it: its spans as a batch, decoded from the bytes when the first policy asks.
 *
 * The batch is what leaves when the trace is sampled. Schema URLs are not carried over, as in the reference: a resource of the batch is one piece. */
#include "processors/tail_sampling/parcel.h"
#include "processors/tail_sampling/policy.h"
#include "telemetry/batch.h"
#include "telemetry/otlp_part.h"
#include "telemetry/span.h"

static void fill_scope(struct sm_batch *batch, const struct sm_tail_parcel *parcel, const struct sm_tail_scope_part *part,
                       const struct sm_tail_part *spans, struct sm_scope_group *scope)
{
    *scope = (struct sm_scope_group){.count = part->span_count, .changed = true};
    sm_otlp_scope_from_bytes(sm_tail_part_slice(parcel, part->bytes), &batch->arena, &scope->scope);
    scope->spans = sm_arena_alloc(&batch->arena, scope->count * sizeof(*scope->spans));
    for (size_t i = 0; i < scope->count; i++)
        sm_otlp_span_from_bytes(sm_tail_part_slice(parcel, spans[i]), &batch->arena, &scope->spans[i]);
}

static void fill_group(struct sm_batch *batch, const struct sm_tail_piece *piece, struct sm_resource_group *group)
{
    const struct sm_tail_part *spans = sm_tail_piece_spans(piece);
    *group = (struct sm_resource_group){.count = piece->scope_count, .changed = true};
    sm_otlp_resource_from_bytes(sm_tail_part_slice(piece->parcel, piece->resource), &batch->arena, &group->resource);
    group->scopes = sm_arena_alloc(&batch->arena, group->count * sizeof(*group->scopes));
    for (size_t i = 0; i < group->count; i++) {
        fill_scope(batch, piece->parcel, &piece->scopes[i], spans, &group->scopes[i]);
        spans += piece->scopes[i].span_count;
    }
    batch->item_count += piece->span_count;
}

struct sm_batch *sm_tail_view_batch(struct sm_tail_view *view)
{
    if (view->batch)
        return view->batch;
    struct sm_batch *batch = view->batch = sm_batch_create(SM_TRACES);
    const struct sm_buffer *kept = NULL;
    for (const struct sm_tail_piece *piece = view->pieces; piece; piece = piece->next)
        batch->capacity++;
    batch->groups = sm_arena_alloc(&batch->arena, batch->capacity * sizeof(*batch->groups));
    batch->changed = true;
    for (const struct sm_tail_piece *piece = view->pieces; piece; piece = piece->next) {
        if (piece->parcel->buffer != kept)
            sm_batch_keep_buffer(batch, piece->parcel->buffer);
        kept = piece->parcel->buffer;
        fill_group(batch, piece, &batch->groups[batch->count++]);
    }
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
