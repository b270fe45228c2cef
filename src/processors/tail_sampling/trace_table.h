/* trace_table.h - the traces that a worker remembers, by ID and by age. Worker-local.
 *
 * A trace is a record of 64 bytes in a slab, linked by numbers; what only an undecided one needs stands apart and goes with the decision. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "processors/tail_sampling/policy.h"
#include "processors/tail_sampling/segments.h"

/* SM_TAIL_UNDECIDED, then the decisions of policy.h. */
enum { SM_TAIL_UNDECIDED = 0xff };

/* Of a trace that is not decided yet. */
struct sm_tail_held {
    uint64_t tick;                      /* when it is decided */
    uint64_t span_count;                /* those that are not held included */
    uint64_t size_bytes, request_bytes; /* see struct sm_tail_view */
    size_t record_bytes;                /* of what is held */
    struct sm_tail_sight sight;         /* of all its spans */
    uint32_t ref_count, ref_capacity;
    struct sm_tail_ref refs[]; /* in the order of arrival */
};

struct sm_tail_trace {
    uint8_t id[16];
    struct sm_tail_held *held;         /* owned; NULL: decided */
    uint64_t arrival_ns;               /* monotonic */
    uint32_t decision_after_ms;        /* from the arrival, at least 1; 0: it was not decided by policies */
    uint32_t _self, _next;             /* numbers: of this one; the next in the bucket, or free */
    uint32_t _queue_prev, _queue_next; /* of what waits for its tick, is due, or is decided; both 0: in none */
    uint32_t _age_prev, _age_next;     /* of all, oldest first */
    uint8_t decision;                  /* SM_TAIL_UNDECIDED or enum sm_tail_decision */
};

struct sm_tail_table {
    size_t count;
    struct sm_tail_segments *_segments; /* borrowed: where records of the traces are */
    atomic_size_t *_memory_bytes;       /* borrowed; any thread (relaxed): of what undecided traces hold */
    struct sm_tail_trace **_chunks;     /* owned: traces by number */
    uint32_t _chunk_count, _chunk_capacity;
    uint32_t _made_count; /* numbers given out so far */
    uint32_t _free;       /* the first of those given back; 0: none */
    uint32_t _ages;       /* number of the end of that list */
    uint32_t *_buckets;   /* owned */
    size_t _bucket_count; /* power of two */
    uint64_t _secret;
};

/* `expected_count` sizes the table at start; it grows. */
void sm_tail_table_init(struct sm_tail_table *table, size_t expected_count, struct sm_tail_segments *segments, atomic_size_t *memory_bytes);
/* Forgets all traces. */
void sm_tail_table_deinit(struct sm_tail_table *table);

struct sm_tail_trace *sm_tail_table_find(const struct sm_tail_table *table, const uint8_t id[16]); /* NULL: absent */
/* Have the processor fetch what `find` reads: the bucket, and what is in it. */
void sm_tail_table_fetch_bucket(const struct sm_tail_table *table, const uint8_t id[16]);
void sm_tail_table_fetch_trace(const struct sm_tail_table *table, const uint8_t id[16]);
/* One that is absent; undecided, in no queue, the youngest. */
struct sm_tail_trace *sm_tail_table_add(struct sm_tail_table *table, const uint8_t id[16]) __attribute__((returns_nonnull));
/* Takes it out of its queue, drops its records and frees it. */
void sm_tail_table_remove(struct sm_tail_table *table, struct sm_tail_trace *trace);
struct sm_tail_trace *sm_tail_table_oldest(const struct sm_tail_table *table); /* NULL: empty */

/* Adds a record to those of an undecided trace. */
void sm_tail_table_hold(struct sm_tail_table *table, struct sm_tail_trace *trace, struct sm_tail_ref ref);
/* Drops what the trace holds: it is decided. */
void sm_tail_table_release_held(struct sm_tail_table *table, struct sm_tail_trace *trace);

/* ---- queues of traces: numbers of their ends */
uint32_t sm_tail_queue_create(struct sm_tail_table *table);
struct sm_tail_trace *sm_tail_queue_first(const struct sm_tail_table *table, uint32_t queue); /* NULL: empty */
/* To the end of `queue`, out of the one it is in. */
void sm_tail_queue_move(struct sm_tail_table *table, uint32_t queue, struct sm_tail_trace *trace);
/* All of `from` to the end of `queue`. */
void sm_tail_queue_move_all(struct sm_tail_table *table, uint32_t queue, uint32_t from);
