/* shard.h - the traces of one worker from their first span to the decision and beyond. Worker-local.
 *
 * Time comes in ticks of a constant length: a trace is decided at the tick that its first span (or its root span) set. The clock and what lies behind
 * are given as functions. */
#pragma once

#include <stdatomic.h>

#include "processors/tail_sampling/decision_cache.h"
#include "processors/tail_sampling/metrics.h"
#include "processors/tail_sampling/trace_table.h"

struct sm_delivery;
struct sm_tail_parcel;
struct sm_tail_shard;

/* Immutable; the same for all shards of a component. */
struct sm_tail_shard_settings {
    const struct sm_tail_plan *plan;       /* borrowed */
    const struct sm_tail_metrics *metrics; /* borrowed */
    const struct sm_logger *logger;        /* borrowed */
    atomic_size_t *trace_count;            /* borrowed; any thread (relaxed): traces on all shards */
    size_t trace_limit;                    /* of all shards together, at least 1 */
    struct sm_tail_segment_settings segments;
    size_t memory_limit_bytes; /* of all shards together: the oldest traces go; 0: none */
    size_t expected_count;     /* of traces on one shard */
    uint64_t wait_ticks;       /* ticks that pass between that of the first span and that of the decision */
    uint64_t root_wait_ticks;  /* the same from the root span on */
    bool has_root_wait;
    bool is_blocking;  /* at the limit spans of new traces wait; otherwise the oldest trace goes */
    bool is_immediate; /* span-ingest */
    bool stops_at_first_match, drops_pending, keeps_pending, records_policy;
    uint64_t trace_bytes_limit;                        /* 0: none */
    size_t sampled_cache_size, non_sampled_cache_size; /* of one shard */
};

struct sm_tail_shard_calls {
    void (*send)(struct sm_tail_shard *shard, struct sm_batch *batch);         /* takes the batch; sm_tail_shard_sent follows, maybe at once */
    void (*accept)(struct sm_tail_shard *shard, struct sm_delivery *delivery); /* completes one part */
    /* At the end, with keeps_pending: puts the spans aside (borrows the batch). NULL: all of them have been given. False: nothing is kept. */
    bool (*keep)(struct sm_tail_shard *shard, struct sm_batch *batch);
    void (*again)(struct sm_tail_shard *shard);   /* sm_tail_shard_go_on is to be called soon, from the loop */
    void (*drained)(struct sm_tail_shard *shard); /* after stop: nothing is left; may be called again if parcels come late */
    uint64_t (*mono_ns)(void);
    uint64_t (*wall_ns)(void);
};

struct sm_tail_shard {
    const struct sm_tail_shard_settings *_settings; /* borrowed */
    const struct sm_tail_shard_calls *_calls;       /* borrowed */
    struct sm_tail_segments _segments;
    struct sm_tail_table _table;
    /* Every trace is in one of them. Undecided ones stand in the order of their ticks: those whose root is there have a wait of their own. */
    uint32_t _waiting, _rooted, _due, _decided;
    uint32_t _leaving;        /* at the end: given to `keep` */
    uint64_t _tick;           /* the next one */
    bool _is_running;         /* traces are due */
    uint64_t _run_started_ns; /* when they became so */
    uint64_t _new_count;      /* of traces, until it is told */
    struct sm_tail_cache _sampled, _non_sampled;
    struct sm_tail_tally _tally;
    struct sm_tail_parcel *_first_blocked, *_last_blocked; /* owned: for want of room */
    size_t _sending_count, _sending_bytes;                 /* bytes: of all since none was under way */
    struct sm_buffer *_block;                              /* shared: where traces that leave packed are written; NULL: none yet */
    struct sm_batch *_joined;                              /* owned: traces that leave together; NULL: none */
    size_t _joined_bytes;                                  /* of them */
    size_t join_limit; /* set after init: `send` takes packed batches of several traces, of about so many spans; 0: each by itself */
    bool gives_packed; /* set after init: `send` takes packed batches (telemetry/batch.h) */
    bool tells_ticks;  /* set after init on one shard of all: the metric of the timer's runs counts one a tick */
    bool _is_paused;   /* until less is being sent */
    bool _is_stopping;
};

void sm_tail_shard_init(struct sm_tail_shard *shard, const struct sm_tail_shard_settings *settings, const struct sm_tail_shard_calls *calls);
void sm_tail_shard_deinit(struct sm_tail_shard *shard);

/* Where to put spans when memory is short (see segments.h); borrowed. Before the first parcel. */
void sm_tail_shard_set_spill(struct sm_tail_shard *shard, struct sm_storage_client *spill);
/* Takes over a parcel. */
void sm_tail_shard_take(struct sm_tail_shard *shard, struct sm_tail_parcel *parcel);
/* Another tick. */
void sm_tail_shard_tick(struct sm_tail_shard *shard);
void sm_tail_shard_go_on(struct sm_tail_shard *shard);
/* What was given to `send` has arrived or failed. */
void sm_tail_shard_sent(struct sm_tail_shard *shard);
/* Decides (or drops) all there is; `drained` follows, maybe at once. */
void sm_tail_shard_stop(struct sm_tail_shard *shard);

/* ---- decide.c: asking the policies of the plan */

/* Over the whole trace. `*policy` becomes the name of the one that sampled or dropped, or NULL. */
enum sm_tail_decision sm_tail_decide(struct sm_tail_shard *shard, struct sm_tail_view *view, const char **policy);
/* For one piece of an undecided trace: SM_TAIL_NOT_SAMPLED means that it stays undecided. */
enum sm_tail_decision sm_tail_decide_at_once(struct sm_tail_shard *shard, struct sm_tail_view *view, const char **policy);
