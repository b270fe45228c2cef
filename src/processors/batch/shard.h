/* shard.h - what the batch processor gathers for one combination of metadata values: items until a size or a time is reached.
 *
 * Belongs to one worker, which calls everything here. Knows neither clocks nor pipelines: its user arms the timer and sends, so that tests need
 * neither.
 *
 *     add ─> waiting ─> pending ─(size reached, timer, stop)─> send … sent ─> next
 *
 * One batch is under way at a time; what comes meanwhile waits with its delivery open, which holds back the senders.
 * Source: opentelemetry-collector processor/batchprocessor (shard.startLoop). */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sm_batch;
struct sm_shard;
struct sm_worker;

enum sm_shard_trigger { SM_SHARD_TIMEOUT, SM_SHARD_SIZE };

struct sm_shard_calls {
    /* Takes `batch`; must lead to exactly one sm_shard_sent, now or later. */
    void (*send)(struct sm_shard *shard, struct sm_batch *batch, enum sm_shard_trigger trigger);
    /* Call sm_shard_timeout once `timeout` from now; replaces an earlier arming. */
    void (*arm)(struct sm_shard *shard);
    /* After sm_shard_stop, once: nothing is left. */
    void (*drained)(struct sm_shard *shard);
    /* Ends the delivery of a batch that waited: its items are taken over. */
    void (*accept)(struct sm_shard *shard, struct sm_batch *batch);
};

struct sm_shard_settings {
    uint64_t send_batch_size;     /* 0: everything is sent at once */
    uint64_t send_batch_max_size; /* 0: no maximum */
    bool has_timer;               /* without it everything is sent at once */
};

struct sm_shard_waiting;

struct sm_shard {
    const struct sm_shard_settings *settings; /* borrowed */
    const struct sm_shard_calls *calls;       /* borrowed */
    struct sm_batch *_pending;                /* owned; NULL: empty */
    struct sm_shard_waiting *_waiting_first;  /* owned */
    struct sm_shard_waiting **_waiting_end;
    bool _is_sending, _is_running, _is_checking_size, _has_sent, _is_armed, _has_timed_out, _is_stopping, _is_drained;
};

void sm_shard_init(struct sm_shard *shard, const struct sm_shard_settings *settings, const struct sm_shard_calls *calls);
/* Releases what is held without sending it; deliveries must have been ended before. */
void sm_shard_deinit(struct sm_shard *shard);
/* Takes `batch`, which nobody else holds. */
void sm_shard_add(struct sm_shard *shard, struct sm_batch *batch);
void sm_shard_timeout(struct sm_shard *shard);
/* The batch given to `send` has ended. */
void sm_shard_sent(struct sm_shard *shard);
/* Sends what is left; `drained` tells the end. Nothing may be added any more. */
void sm_shard_stop(struct sm_shard *shard);
