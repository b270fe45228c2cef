/* delivery.c - see delivery.h.
 *
 * The count of open parts is atomic. The worst outcome is kept apart and only touched when a part failed (under a spin bit: failures are rare and the
 * critical section is a copy). */
#include "pipeline/delivery.h"

#include "base/memory.h"
#include "pipeline/worker.h"
#include "telemetry/batch.h"

#include <assert.h>
#include <stdlib.h>

struct sm_delivery {
    atomic_uint open_parts;
    atomic_flag is_failing;   /* guards `worst` */
    struct sm_outcome *worst; /* owned; NULL: accepted so far */
    struct sm_worker *worker; /* borrowed */
    sm_delivery_done *done;
    void *context;           /* borrowed: whoever created it */
    const atomic_bool *flag; /* borrowed: the same; see sm_delivery_watch */
};

struct sm_delivery *sm_delivery_create(struct sm_worker *worker, sm_delivery_done *done, void *context)
{
    struct sm_delivery *delivery = sm_alloc(1, sizeof(*delivery));
    atomic_init(&delivery->open_parts, 1);
    delivery->is_failing = (atomic_flag)ATOMIC_FLAG_INIT;
    delivery->worker = worker;
    delivery->done = done;
    delivery->context = context;
    return delivery;
}

void sm_delivery_watch(struct sm_delivery *delivery, const atomic_bool *flag)
{
    delivery->flag = flag;
}

bool sm_delivery_is_abandoned(const struct sm_delivery *delivery)
{
    /* Relaxed: it only spares work; one look more or less changes nothing. */
    return delivery && delivery->flag && atomic_load_explicit(delivery->flag, memory_order_relaxed);
}

void sm_delivery_add_parts(struct sm_delivery *delivery, unsigned more)
{
    if (!delivery)
        return;
    /* Relaxed: the caller holds an open part, so the count cannot reach zero meanwhile. */
    unsigned before = atomic_fetch_add_explicit(&delivery->open_parts, more, memory_order_relaxed);
    assert(before > 0);
    (void)before;
}

static void note_failure(struct sm_delivery *delivery, const struct sm_outcome *outcome)
{
    while (atomic_flag_test_and_set_explicit(&delivery->is_failing, memory_order_acquire))
        ;
    if (!delivery->worst) {
        delivery->worst = sm_alloc(1, sizeof(*delivery->worst));
        *delivery->worst = *outcome;
    } else if (sm_outcome_worse(delivery->worst, outcome) == outcome) {
        *delivery->worst = *outcome;
    }
    atomic_flag_clear_explicit(&delivery->is_failing, memory_order_release);
}

static void end_delivery(struct sm_worker *current, void *context)
{
    struct sm_delivery *delivery = context;
    static const struct sm_outcome accepted = {.kind = SM_ACCEPTED};
    const struct sm_outcome *outcome = delivery->worst ? delivery->worst : &accepted;
    delivery->done(current, outcome, delivery->context);
    free(delivery->worst);
    free(delivery);
}

void sm_delivery_complete(struct sm_delivery *delivery, struct sm_worker *current, const struct sm_outcome *outcome)
{
    if (!delivery)
        return;
    if (outcome->kind != SM_ACCEPTED)
        note_failure(delivery, outcome);
    /* Release publishes `worst` to the thread that takes the last part; acquire lets that one see all of them. */
    unsigned before = atomic_fetch_sub_explicit(&delivery->open_parts, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before != 1)
        return;
    if (delivery->worker == current)
        end_delivery(current, delivery);
    else
        sm_worker_post(delivery->worker, end_delivery, delivery);
}

void sm_batch_finish(struct sm_batch *batch, struct sm_worker *current, const struct sm_outcome *outcome)
{
    /* The batch may still be read through other references: its `delivery` is left as it is. */
    struct sm_delivery *delivery = batch->delivery;
    sm_batch_release(batch);
    sm_delivery_complete(delivery, current, outcome);
}

void sm_batch_accept(struct sm_batch *batch, struct sm_worker *current)
{
    static const struct sm_outcome accepted = {.kind = SM_ACCEPTED};
    sm_batch_finish(batch, current, &accepted);
}

void sm_delivery_share(struct sm_batch *batch, struct sm_batch *part)
{
    sm_delivery_add_parts(batch->delivery, 1);
    part->delivery = batch->delivery;
}
