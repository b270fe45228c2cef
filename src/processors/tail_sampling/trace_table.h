/* trace_table.h - the traces that a worker remembers, by ID and by age. Worker-local. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct sm_tail_piece;

/* Doubly linked, with the list itself as the end. */
struct sm_tail_link {
    struct sm_tail_link *prev, *next;
};

/* SM_TAIL_UNDECIDED, then the decisions of policy.h. */
enum { SM_TAIL_UNDECIDED = 0xff };

struct sm_tail_trace {
    struct sm_tail_link queue;   /* of what waits for its tick, is due, or is decided */
    struct sm_tail_link _age;    /* of all, oldest first */
    struct sm_tail_trace *_next; /* in the bucket */
    uint8_t id[16];
    struct sm_tail_piece *first, *last; /* owned: spans held until the decision */
    uint64_t span_count;
    uint64_t size_bytes, request_bytes; /* see struct sm_tail_view */
    uint64_t arrival_ns, decision_ns;   /* monotonic; 0: was not decided by policies */
    uint64_t tick;                      /* when it is decided */
    uint8_t decision;                   /* SM_TAIL_UNDECIDED or enum sm_tail_decision */
};

struct sm_tail_table {
    struct sm_tail_trace **_buckets; /* owned */
    size_t _bucket_count;            /* power of two */
    size_t count;
    uint64_t _secret;
    struct sm_tail_link _ages;
};

/* `expected_count` sizes the table at start; it grows. */
void sm_tail_table_init(struct sm_tail_table *table, size_t expected_count);
/* Forgets all traces. */
void sm_tail_table_deinit(struct sm_tail_table *table);

struct sm_tail_trace *sm_tail_table_find(const struct sm_tail_table *table, const uint8_t id[16]); /* NULL: absent */
/* One that is absent; undecided, in no queue, the youngest. */
struct sm_tail_trace *sm_tail_table_add(struct sm_tail_table *table, const uint8_t id[16]) __attribute__((returns_nonnull));
/* Takes it out of its queue, releases its pieces and frees it. */
void sm_tail_table_remove(struct sm_tail_table *table, struct sm_tail_trace *trace);
struct sm_tail_trace *sm_tail_table_oldest(const struct sm_tail_table *table); /* NULL: empty */
void sm_tail_trace_release_pieces(struct sm_tail_trace *trace);

/* ---- queues of traces */
void sm_tail_queue_init(struct sm_tail_link *queue);
struct sm_tail_trace *sm_tail_queue_first(const struct sm_tail_link *queue); /* NULL: empty */
/* To the end of `queue`, out of the one it is in. */
void sm_tail_queue_move(struct sm_tail_link *queue, struct sm_tail_trace *trace);
/* All of `from` to the end of `queue`. */
void sm_tail_queue_move_all(struct sm_tail_link *queue, struct sm_tail_link *from);
