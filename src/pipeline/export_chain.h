/* export_chain.h - what the files of the export chain (export*.c) share. For them only.
 *
 *     consume -> entry -> [lane: pending -> batcher ->] request -> attempt, wait, attempt … -> entry done -> size given back
 *
 * An entry is what one consume brought; a request is what one send carries: the same thing without batching, several entries or a part of one with
 * it. A lane is the chain's share of one worker. Without a queue, or with a memory queue of several consumers, every worker uses its own lane; with
 * one consumer (order), with batching (one batch for all) and with storage (one writer) a single home lane takes all. The consumers are tokens that
 * the lanes share: a worker that finds none marks itself waiting and is handed one, so that none starves and no more than num_consumers requests are
 * under way. */
#pragma once

#include "base/buffer.h"
#include "pipeline/component.h"
#include "pipeline/delivery.h"
#include "pipeline/export.h"
#include "pipeline/own_metrics.h"
#include "pipeline/worker.h"

#include <stdatomic.h>

struct sm_storage_client;
struct sm_export_store;
struct sm_export_batcher;

/* Message: owned by the caller until posted to its lane, by the lane from then on. */
struct sm_export_entry {
    struct sm_export_entry *next;
    struct sm_export_lane *lane;
    struct sm_batch *batch;       /* shared; NULL: on disk only */
    struct sm_buffer *record;     /* owned; storage: what is to be written, until it is */
    struct sm_delivery *delivery; /* NULL: completed already, or there is none */
    uint64_t index;               /* storage: where it stands */
    size_t stored_bytes;          /* storage: size of the encoded batch */
    int64_t size;                 /* taken of the queue's limit, in its unit */
    int64_t backlog_bytes;        /* memory queue: its share of chain->backlog_bytes */
    size_t item_count;
    enum sm_signal signal;
    unsigned open_parts;       /* requests that carry a part of it, plus 1 while it is in a growing batch */
    struct sm_outcome outcome; /* the worst so far */
    bool is_interrupted;       /* storage: ended by shutdown, stays on disk */
};

/* Worker-local: the lane's worker. */
struct sm_export_request {
    struct sm_export public;
    struct sm_export_lane *lane;
    struct sm_export_entry **entries; /* owned array */
    size_t entry_count;
    struct sm_export_request *previous, *next; /* among the lane's active ones, or waiting to start (next only) */
    struct sm_timer *timer;                    /* owned; NULL until it waits for the first time */
    uint64_t interval_ns;                      /* the next wait before it is varied; 0: not waited yet */
    uint64_t give_up_ns;                       /* sm_clock_mono_ns; UINT64_MAX: never */
    uint64_t next_attempt_ns;                  /* sm_clock_mono_ns, while it waits */
    struct sm_outcome last;                    /* why it waits */
    size_t item_count;
    bool is_waiting, holds_token;
};

struct sm_export_list {
    struct sm_export_entry *first, *last;
};

/* Touched by its worker only. */
struct sm_export_lane {
    struct sm_export_chain *chain;
    struct sm_worker *worker;
    struct sm_export_list pending;                      /* accepted, not yet under way */
    struct sm_export_list blocked;                      /* not accepted: waiting for space (block_on_overflow) */
    struct sm_export_request *ready_first, *ready_last; /* made, waiting for a consumer */
    struct sm_export_request *active;                   /* under way */
    struct sm_export_batcher *batcher;                  /* owned; NULL: no batching */
    struct sm_export_held *held_first, *held_last;      /* senders whose answer waits for a smaller backlog */
    struct sm_timer *pace_timer;                        /* owned; NULL until one waits for the first time */
    unsigned granted_consumers;                         /* handed to this lane and not used yet */
    bool is_dispatching;
};

/* A set of workers, the main one included. Any thread: atomic bits. */
enum { SM_EXPORT_LANE_MAX = SM_WORKER_COUNT_MAX + 1 };
struct sm_export_lane_set {
    _Atomic uint64_t bits[(SM_EXPORT_LANE_MAX + 63) / 64];
};

/* The queue's size and limit, which the own metrics read at any time: kept to the end of the process. */
struct sm_export_gauge {
    _Atomic int64_t size;
    int64_t capacity;
    struct sm_export_gauge *next;
};

struct sm_export_instruments {
    _Atomic(struct sm_instrument *) sent, failed, enqueue_failed, in_flight, batch_size, batch_bytes;
};

/* Message to the main worker that the chain has drained; the chain may be gone before it arrives (drain limit). Main worker, but for its sending. */
struct sm_export_drained {
    struct sm_component *component; /* NULL: the chain is gone */
    bool is_received;
};

struct sm_export_chain {
    int64_t consumer_count;                         /* requests of the queue that may be under way; 0 without a queue */
    struct sm_export_drained *drained;              /* shared with the message */
    struct sm_component *component;                 /* borrowed */
    const struct sm_export_options *options;        /* borrowed: component */
    const struct sm_export_queue_options *queue;    /* NULL: no queue */
    const struct sm_export_batch_options *batching; /* NULL: none */
    int batch_sizer;
    char *dropping_event, *rejecting_event;                        /* owned: log events with advice */
    struct sm_own_attribute attributes[SM_EXPORT_ATTRIBUTE_LIMIT]; /* owned texts */
    size_t attribute_count;
    struct sm_export_instruments instruments[SM_SIGNAL_COUNT];
    struct sm_export_gauge *gauge;
    bool is_persistent;            /* the queue is on disk */
    struct sm_bytes queue_file;    /* owned: the path where it is, if the exporter says so; empty: in a storage extension */
    bool is_store_lost;            /* it could not be opened after all. Home lane's worker */
    struct sm_export_store *store; /* owned; NULL: memory, or not open yet. Touched by the home lane's worker once started */
    struct sm_timer *store_timer;  /* owned by the home lane's worker: looks again for a store that is still in use */
    struct sm_export_lane *home;   /* NULL: every lane for itself */
    struct sm_export_lane *lanes;  /* owned; the last is the main worker's */
    unsigned lane_count;
    bool is_started;
    /* Any thread: atomics. */
    atomic_bool is_stopping;
    _Atomic int64_t open; /* entries and requests that are not ended, plus 1 until stopped */
    _Atomic int64_t free_consumers;
    _Atomic int64_t backlog_bytes; /* memory queue: what is queued or under way */
    _Atomic uint64_t progress_ns;  /* sm_clock_mono_ns of the last success, or of when the backlog began */
    struct sm_export_lane_set waiting_for_consumer, waiting_for_space;
};

static inline struct sm_export_chain *sm_export_chain_of(const struct sm_component *component)
{
    return component->_chain;
}

/* export.c */
struct sm_export_lane *sm_export_lane_of(struct sm_export_chain *chain, const struct sm_worker *worker);
/* One more, or one less, that has to end before the chain has drained. */
void sm_export_open(struct sm_export_chain *chain);
void sm_export_close(struct sm_export_chain *chain);

/* export_request.c */
/* Makes a request of `batch` (takes the reference) for `entries` (copied). */
struct sm_export_request *sm_export_request_create(struct sm_export_lane *lane, struct sm_batch *batch, struct sm_export_entry *const *entries,
                                                   size_t count);
void sm_export_request_start(struct sm_export_request *request);
/* The request has ended. */
void sm_export_request_end(struct sm_export_request *request, const struct sm_outcome *outcome, bool is_interrupted);
/* One part of `entry` ended. */
void sm_export_entry_part_done(struct sm_export_entry *entry, const struct sm_outcome *outcome, bool is_interrupted);
void sm_export_log_rejected(struct sm_export_chain *chain, const struct sm_outcome *outcome, size_t item_count);

/* export_queue.c: the limit, the consumers, and what waits for them */
int64_t sm_export_measure(const struct sm_batch *batch, int sizer);
void sm_export_offer(struct sm_export_chain *chain, struct sm_worker *worker, struct sm_batch *batch);
void sm_export_give_back_size(struct sm_export_chain *chain, int64_t size);
/* Writes, or refuses, what came before the store was open. */
void sm_export_store_waiting(struct sm_export_lane *lane);
void sm_export_refuse_waiting(struct sm_export_lane *lane, const char *why);
/* Starts what can be started. */
void sm_export_dispatch(struct sm_export_lane *lane);
/* Gives one consumer back: to another lane that waits, or to all. */
void sm_export_release_consumer(struct sm_export_lane *lane);
/* A request that needs a consumer. */
void sm_export_ready(struct sm_export_lane *lane, struct sm_export_request *request);

/* export_pace.c */
enum { SM_EXPORT_PACE_BYTES = 2 * 1024 * 1024 };
/* `entry` is in a memory queue: answers its sender, now or when the backlog has shrunk. `lane` is the calling worker's. */
void sm_export_pace_queued(struct sm_export_lane *lane, struct sm_export_entry *entry);
void sm_export_pace_ended(struct sm_export_lane *lane, const struct sm_export_entry *entry);
/* The chain is stopping: holds nobody any more. */
void sm_export_pace_stop(struct sm_export_lane *lane);

/* export_retry.c */
uint64_t sm_export_next_wait(const struct sm_export_retry_options *options, uint64_t *interval_ns, double random);
/* Ends one attempt that failed: waits for the next or ends the request. */
void sm_export_attempt_failed(struct sm_export_request *request, const struct sm_outcome *outcome);
void sm_export_cut_waits(struct sm_export_lane *lane);

/* export_batch.c (on the home lane) */
struct sm_export_batcher *sm_export_batcher_create(struct sm_export_lane *lane);
void sm_export_batcher_free(struct sm_export_batcher *batcher);
void sm_export_batcher_take(struct sm_export_batcher *batcher, struct sm_export_entry *entry);
void sm_export_batcher_flush(struct sm_export_batcher *batcher);

/* export_store.c (on the home lane, but for sm_export_store_encode) */
bool sm_export_store_open(struct sm_export_chain *chain, struct sm_error *error);
/* Fills entry->record and entry->stored_bytes from entry->batch. False: no memory for it. Any worker. */
bool sm_export_store_encode(const struct sm_export_chain *chain, struct sm_export_entry *entry);
bool sm_export_store_put(struct sm_export_store *store, struct sm_export_entry *entry, struct sm_error *error);
/* Entries that are not under way? */
bool sm_export_store_has_more(const struct sm_export_store *store);
/* The next one, NULL: none that can be read. */
struct sm_export_entry *sm_export_store_take(struct sm_export_store *store);
void sm_export_store_delete(struct sm_export_store *store, const struct sm_export_entry *entry);
void sm_export_store_free(struct sm_export_store *store);

/* export_metrics.c */
void sm_export_metrics_start(struct sm_export_chain *chain);
void sm_export_count_sent(struct sm_export_chain *chain, enum sm_signal signal, size_t item_count);
/* `is_interrupted`: by the end of the program. */
void sm_export_count_failed(struct sm_export_chain *chain, enum sm_signal signal, size_t item_count, const struct sm_outcome *outcome,
                            bool is_interrupted);
void sm_export_count_enqueue_failed(struct sm_export_chain *chain, enum sm_signal signal, size_t item_count);
void sm_export_count_in_flight(struct sm_export_chain *chain, enum sm_signal signal, int more);
void sm_export_count_offer(struct sm_export_chain *chain, const struct sm_batch *batch);
