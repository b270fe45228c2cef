/* export_pace.c - lets senders wait while a memory queue drains, so that a next hop which keeps up bounds the memory, not queue_size.
 *
 * A queue accepts at once, and a source faster than the next hop would fill it to its last place although everything is well. While more than
 * SM_EXPORT_PACE_BYTES are queued or under way and the next hop takes what it is given, the answer to whoever brought the newest is held back until
 * the backlog has shrunk. A next hop that has taken nothing for a while (it is down, or slow) holds nobody: then the queue fills and refuses as the
 * reference's does. State: a list of held deliveries per lane, touched by its worker; the backlog and the time of the last progress are atomics. */
#include "pipeline/export_chain.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>

enum { TICK_NS = 5 * SM_NS_PER_MS, PROGRESS_NS = 200 * SM_NS_PER_MS };

struct sm_export_held {
    struct sm_export_held *next;
    struct sm_delivery *delivery; /* one part */
};

static void made_progress(struct sm_export_chain *chain)
{
    atomic_store_explicit(&chain->progress_ns, sm_clock_mono_ns(), memory_order_relaxed);
}

static bool must_wait(struct sm_export_chain *chain)
{
    if (atomic_load_explicit(&chain->backlog_bytes, memory_order_relaxed) <= SM_EXPORT_PACE_BYTES)
        return false;
    if (atomic_load_explicit(&chain->is_stopping, memory_order_relaxed))
        return false;
    return sm_clock_mono_ns() - atomic_load_explicit(&chain->progress_ns, memory_order_relaxed) < PROGRESS_NS;
}

static void release_held(struct sm_export_lane *lane)
{
    while (lane->held_first && !must_wait(lane->chain)) {
        struct sm_export_held *held = lane->held_first;
        lane->held_first = held->next;
        if (!lane->held_first)
            lane->held_last = NULL; /* before it is completed: whoever waited for it may send, and be held, at once */
        sm_delivery_complete(held->delivery, lane->worker, &SM_OUTCOME_ACCEPTED);
        free(held);
        sm_export_close(lane->chain);
    }
    if (!lane->held_first && lane->pace_timer)
        sm_timer_disarm(lane->pace_timer);
}

static void on_tick(struct sm_worker *worker, void *context)
{
    (void)worker;
    release_held(context);
}

static void hold(struct sm_export_lane *lane, struct sm_delivery *delivery)
{
    struct sm_export_held *held = sm_alloc(1, sizeof(*held));
    held->delivery = delivery;
    sm_export_open(lane->chain);
    if (lane->held_last)
        lane->held_last->next = held;
    else
        lane->held_first = held;
    lane->held_last = held;
    if (!lane->pace_timer)
        lane->pace_timer = sm_timer_create(lane->worker, on_tick, lane);
    sm_timer_arm(lane->pace_timer, TICK_NS, true);
}

void sm_export_pace_queued(struct sm_export_lane *lane, struct sm_export_entry *entry)
{
    struct sm_delivery *delivery = entry->delivery;
    entry->delivery = NULL;
    entry->backlog_bytes = (int64_t)sm_batch_encoded_size(entry->batch);
    if (atomic_fetch_add_explicit(&lane->chain->backlog_bytes, entry->backlog_bytes, memory_order_relaxed) == 0)
        made_progress(lane->chain); /* the next hop has had nothing to take */
    if (delivery && must_wait(lane->chain))
        hold(lane, delivery);
    else
        sm_delivery_complete(delivery, lane->worker, &SM_OUTCOME_ACCEPTED);
}

void sm_export_pace_ended(struct sm_export_lane *lane, const struct sm_export_entry *entry)
{
    if (entry->backlog_bytes == 0)
        return;
    atomic_fetch_sub_explicit(&lane->chain->backlog_bytes, entry->backlog_bytes, memory_order_relaxed);
    if (entry->outcome.kind == SM_ACCEPTED)
        made_progress(lane->chain);
    release_held(lane);
}

void sm_export_pace_stop(struct sm_export_lane *lane)
{
    release_held(lane);
    sm_timer_free(lane->pace_timer);
    lane->pace_timer = NULL;
}
