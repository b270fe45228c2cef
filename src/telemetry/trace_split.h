/* trace_split.h - the spans or log records of a batch sorted by trace.
 *
 * A piece names the items of one trace in one scope of one batch, which it keeps; nothing is copied until the trace leaves. Pieces of one batch may
 * go to different workers: they only read what they share, and each item is in one of them.
 * Source: opentelemetry-collector-contrib pkg/batchpersignal (SplitTraces, SplitLogs). */
#pragma once

#include "telemetry/batch.h"
#include "telemetry/span.h"

struct sm_trace_piece {
    struct sm_trace_piece *next;           /* for its holder's list */
    struct sm_batch *source;               /* shared */
    const struct sm_resource_group *group; /* borrowed: source */
    const struct sm_scope_group *scope;    /* borrowed: source */
    uint64_t hash;                         /* of the ID */
    char trace_id[SM_TRACE_ID_SIZE];       /* zeros when the items have none */
    uint32_t count;
    uint32_t items[]; /* indexes into scope->spans or scope->log_records */
};

/* Calls `take`, which becomes owner, with every piece of `batch` in order. `batch` is not changed and stays the caller's. */
void sm_trace_split(struct sm_batch *batch, void (*take)(struct sm_trace_piece *piece, void *context), void *context);
/* A batch of the items of a list of pieces (at least one), each piece in a resource of its own as in the reference. The pieces stay the caller's. */
struct sm_batch *sm_trace_join(const struct sm_trace_piece *first) __attribute__((returns_nonnull, warn_unused_result));
/* Frees a list. */
void sm_trace_pieces_free(struct sm_trace_piece *first);
