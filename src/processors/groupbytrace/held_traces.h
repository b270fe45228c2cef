/* held_traces.h - traces that wait for their time, the oldest first.
 *
 * Knows neither clocks nor pipelines. Worker-local. Every trace waits equally long from its first span, so that the order of arrival is the order of
 * release and of eviction.
 * Source: processor/groupbytraceprocessor (ring_buffer.go, storage_memory.go). */
#pragma once

#include "telemetry/trace_split.h"

struct sm_held_trace {
    struct sm_held_trace *_next, *_next_in_bucket;
    uint64_t due_ns, hash;
    char trace_id[SM_TRACE_ID_SIZE];
    struct sm_trace_piece *pieces; /* owned, in order of arrival */
    struct sm_trace_piece **_pieces_end;
    size_t span_count;
};

struct sm_held_traces {
    size_t count, limit;
    struct sm_held_trace *_first, **_end; /* owned */
    struct sm_held_trace **_buckets;      /* owned; NULL until the first trace */
    size_t _bucket_count;                 /* power of two */
};

void sm_held_traces_init(struct sm_held_traces *held, size_t limit);
void sm_held_traces_deinit(struct sm_held_traces *held); /* frees what is held */

/* Takes `piece`: adds it to its trace, or begins one that is due at `due_ns`. Returns the trace that had to go because there were `limit`, NULL:
 * none. */
struct sm_held_trace *sm_held_traces_add(struct sm_held_traces *held, struct sm_trace_piece *piece, uint64_t due_ns)
    __attribute__((warn_unused_result));
/* The oldest, not taken out; NULL: none. */
const struct sm_held_trace *sm_held_traces_first(const struct sm_held_traces *held);
/* Takes the oldest out if it is due; NULL otherwise. */
struct sm_held_trace *sm_held_traces_take_due(struct sm_held_traces *held, uint64_t now_ns) __attribute__((warn_unused_result));
void sm_held_trace_free(struct sm_held_trace *trace); /* NULL is allowed */
