/* held_traces.c - see held_traces.h. A queue, with a hash table over it. */
#include "processors/groupbytrace/held_traces.h"

#include <stdlib.h>

#include "base/memory.h"

enum { BUCKETS_MIN = 64 };

void sm_held_traces_init(struct sm_held_traces *held, size_t limit)
{
    *held = (struct sm_held_traces){.limit = limit};
    held->_end = &held->_first;
}

void sm_held_trace_free(struct sm_held_trace *trace)
{
    if (!trace)
        return;
    sm_trace_pieces_free(trace->pieces);
    free(trace);
}

static struct sm_held_trace **bucket_of(const struct sm_held_traces *held, uint64_t hash)
{
    return &held->_buckets[hash & (held->_bucket_count - 1)];
}

static struct sm_held_trace *take_first(struct sm_held_traces *held)
{
    struct sm_held_trace *trace = held->_first, **at = bucket_of(held, trace->hash);
    held->_first = trace->_next;
    if (!held->_first)
        held->_end = &held->_first;
    while (*at != trace)
        at = &(*at)->_next_in_bucket;
    *at = trace->_next_in_bucket;
    held->count--;
    return trace;
}

void sm_held_traces_deinit(struct sm_held_traces *held)
{
    while (held->_first)
        sm_held_trace_free(take_first(held));
    free(held->_buckets);
    sm_held_traces_init(held, held->limit);
}

static void grow(struct sm_held_traces *held)
{
    free(held->_buckets);
    held->_bucket_count = held->_bucket_count ? 2 * held->_bucket_count : BUCKETS_MIN;
    held->_buckets = sm_alloc(held->_bucket_count, sizeof(struct sm_held_trace *));
    for (struct sm_held_trace *trace = held->_first; trace; trace = trace->_next) {
        struct sm_held_trace **bucket = bucket_of(held, trace->hash);
        trace->_next_in_bucket = *bucket;
        *bucket = trace;
    }
}

static struct sm_held_trace *find(const struct sm_held_traces *held, const struct sm_trace_piece *piece)
{
    struct sm_held_trace *trace = held->_bucket_count ? *bucket_of(held, piece->hash) : NULL;
    while (trace && (trace->hash != piece->hash || memcmp(trace->trace_id, piece->trace_id, SM_TRACE_ID_SIZE) != 0))
        trace = trace->_next_in_bucket;
    return trace;
}

static struct sm_held_trace *begin_trace(struct sm_held_traces *held, const struct sm_trace_piece *piece, uint64_t due_ns)
{
    if (held->count >= held->_bucket_count)
        grow(held);
    struct sm_held_trace *trace = sm_alloc(1, sizeof(*trace)), **bucket = bucket_of(held, piece->hash);
    trace->due_ns = due_ns;
    trace->hash = piece->hash;
    memcpy(trace->trace_id, piece->trace_id, SM_TRACE_ID_SIZE);
    trace->_pieces_end = &trace->pieces;
    trace->_next_in_bucket = *bucket;
    *bucket = trace;
    *held->_end = trace;
    held->_end = &trace->_next;
    held->count++;
    return trace;
}

struct sm_held_trace *sm_held_traces_add(struct sm_held_traces *held, struct sm_trace_piece *piece, uint64_t due_ns)
{
    struct sm_held_trace *evicted = NULL, *trace = find(held, piece);
    if (!trace) {
        if (held->count >= held->limit)
            evicted = take_first(held);
        trace = begin_trace(held, piece, due_ns);
    }
    piece->next = NULL;
    *trace->_pieces_end = piece;
    trace->_pieces_end = &piece->next;
    trace->span_count += piece->count;
    return evicted;
}

const struct sm_held_trace *sm_held_traces_first(const struct sm_held_traces *held)
{
    return held->_first;
}

struct sm_held_trace *sm_held_traces_take_due(struct sm_held_traces *held, uint64_t now_ns)
{
    return held->_first && held->_first->due_ns <= now_ns ? take_first(held) : NULL;
}
