/* numbered_spans.h - batches of spans named "s0", "s1", … for tests that only look at which spans go where. */
#pragma once

#include "telemetry/batch.h"
#include "telemetry/span.h"

static inline struct sm_batch *numbered_spans(unsigned first, unsigned count)
{
    struct sm_batch *batch = sm_batch_create(SM_TRACES);
    struct sm_scope_group *scope = sm_batch_add_scope(batch, sm_batch_add_resource(batch));
    scope->spans = sm_arena_zalloc(&batch->arena, count, sizeof(*scope->spans));
    scope->count = count;
    for (unsigned i = 0; i < count; i++) {
        scope->spans[i].name = sm_slice_of(sm_arena_printf(&batch->arena, "s%u", first + i));
        scope->spans[i].changed = SM_SPAN_CHANGED_FIELDS;
    }
    batch->item_count = count;
    return batch;
}
