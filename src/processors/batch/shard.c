/* shard.c - see shard.h. */
#include "processors/batch/shard.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "telemetry/batch.h"

struct sm_shard_waiting {
    struct sm_shard_waiting *next;
    struct sm_batch *batch; /* owned */
};

void sm_shard_init(struct sm_shard *shard, const struct sm_shard_settings *settings, const struct sm_shard_calls *calls)
{
    *shard = (struct sm_shard){.settings = settings, .calls = calls};
    shard->_waiting_end = &shard->_waiting_first;
}

void sm_shard_deinit(struct sm_shard *shard)
{
    sm_batch_release(shard->_pending);
    while (shard->_waiting_first) {
        struct sm_shard_waiting *waiting = shard->_waiting_first;
        shard->_waiting_first = waiting->next;
        sm_batch_release(waiting->batch);
        free(waiting);
    }
    sm_shard_init(shard, shard->settings, shard->calls);
}

static size_t pending_count(const struct sm_shard *shard)
{
    return shard->_pending ? shard->_pending->item_count : 0;
}

static struct sm_batch *pop_waiting(struct sm_shard *shard)
{
    struct sm_shard_waiting *waiting = shard->_waiting_first;
    struct sm_batch *batch = waiting->batch;
    shard->_waiting_first = waiting->next;
    if (!shard->_waiting_first)
        shard->_waiting_end = &shard->_waiting_first;
    free(waiting);
    return batch;
}

static void arm(struct sm_shard *shard)
{
    if (!shard->settings->has_timer)
        return;
    shard->_is_armed = true;
    shard->calls->arm(shard);
}

static void gather(struct sm_shard *shard, struct sm_batch *batch)
{
    shard->calls->accept(shard, batch);
    if (batch->item_count == 0) {
        sm_batch_release(batch);
    } else if (shard->_pending) {
        sm_batch_append(shard->_pending, batch);
        sm_batch_release(batch);
    } else {
        shard->_pending = batch; /* as it is: a lone request keeps its bytes */
    }
    if (!shard->_is_armed && pending_count(shard) > 0)
        arm(shard);
}

static void send(struct sm_shard *shard, enum sm_shard_trigger trigger)
{
    struct sm_batch *batch = shard->_pending;
    uint64_t max_size = shard->settings->send_batch_max_size;
    if (max_size > 0 && batch->item_count > max_size)
        batch = sm_batch_split(batch, max_size);
    else
        shard->_pending = NULL;
    shard->_is_sending = true;
    shard->calls->send(shard, batch, trigger);
}

static bool is_full(const struct sm_shard *shard)
{
    size_t count = pending_count(shard);
    return count > 0 && (!shard->settings->has_timer || count >= shard->settings->send_batch_size);
}

/* After the batches that one arrival filled have gone, the time counts anew for the rest. */
static void end_size_check(struct sm_shard *shard)
{
    shard->_is_checking_size = false;
    if (!shard->_has_sent)
        return;
    shard->_has_sent = shard->_has_timed_out = shard->_is_armed = false;
    if (pending_count(shard) > 0)
        arm(shard);
}

static void handle_timeout(struct sm_shard *shard)
{
    shard->_has_timed_out = shard->_is_armed = false;
    if (pending_count(shard) == 0)
        return;
    send(shard, SM_SHARD_TIMEOUT);
    if (pending_count(shard) > 0)
        arm(shard);
}

/* One step of what is to be done next; false when nothing is. */
static bool step(struct sm_shard *shard)
{
    if (shard->_is_sending)
        return false;
    if (shard->_is_checking_size && is_full(shard)) {
        shard->_has_sent = true;
        send(shard, SM_SHARD_SIZE);
    } else if (shard->_is_checking_size) {
        end_size_check(shard);
    } else if (shard->_waiting_first) {
        gather(shard, pop_waiting(shard));
        shard->_is_checking_size = true;
    } else if (shard->_has_timed_out) {
        handle_timeout(shard);
    } else if (shard->_is_stopping && pending_count(shard) > 0) {
        send(shard, SM_SHARD_TIMEOUT);
    } else if (shard->_is_stopping && !shard->_is_drained) {
        shard->_is_drained = true;
        shard->calls->drained(shard);
        return false; /* it may be gone */
    } else {
        return false;
    }
    return true;
}

/* `send` may end at once and come back here through sm_shard_sent: the loop that runs already goes on then. */
static void run(struct sm_shard *shard)
{
    if (shard->_is_running)
        return;
    shard->_is_running = true;
    while (step(shard))
        continue;
    if (!shard->_is_drained)
        shard->_is_running = false;
}

void sm_shard_add(struct sm_shard *shard, struct sm_batch *batch)
{
    assert(!shard->_is_stopping);
    struct sm_shard_waiting *waiting = sm_alloc(1, sizeof(*waiting));
    waiting->batch = batch;
    *shard->_waiting_end = waiting;
    shard->_waiting_end = &waiting->next;
    run(shard);
}

void sm_shard_timeout(struct sm_shard *shard)
{
    shard->_has_timed_out = true;
    run(shard);
}

void sm_shard_sent(struct sm_shard *shard)
{
    assert(shard->_is_sending);
    shard->_is_sending = false;
    run(shard);
}

void sm_shard_stop(struct sm_shard *shard)
{
    shard->_is_stopping = true;
    run(shard);
}
