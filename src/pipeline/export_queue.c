/* export_queue.c - the sending queue: its limit, its consumers, and what waits for either.
 *
 * The size is one atomic number for all workers and counts what is under way too, so the limit is exact. The consumers are an atomic number as well.
 * Who finds none sets its bit in a set and looks once more; who gives one back adds first and looks at the set then (all sequentially consistent):
 * one of the two always sees the other. Source: exporterhelper/internal/queue/memory_queue.go, async_queue.go. */
#include "pipeline/export_chain.h"

#include "base/memory.h"
#include "telemetry/metadata.h"

#include <assert.h>
#include <stdlib.h>

/* ---- lists */

static void push(struct sm_export_list *list, struct sm_export_entry *entry)
{
    entry->next = NULL;
    if (list->last)
        list->last->next = entry;
    else
        list->first = entry;
    list->last = entry;
}

static struct sm_export_entry *pop(struct sm_export_list *list)
{
    struct sm_export_entry *entry = list->first;
    if (!entry)
        return NULL;
    list->first = entry->next;
    if (!list->first)
        list->last = NULL;
    entry->next = NULL;
    return entry;
}

/* ---- sets of lanes */

static unsigned lane_index(const struct sm_export_lane *lane)
{
    return (unsigned)(lane - lane->chain->lanes);
}

static void set_add(struct sm_export_lane_set *set, unsigned index)
{
    atomic_fetch_or(&set->bits[index / 64], UINT64_C(1) << (index % 64));
}

/* Whether it was in. */
static bool set_remove(struct sm_export_lane_set *set, unsigned index)
{
    uint64_t bit = UINT64_C(1) << (index % 64);
    return (atomic_fetch_and(&set->bits[index / 64], ~bit) & bit) != 0;
}

static bool set_has(struct sm_export_lane_set *set, unsigned index)
{
    return (atomic_load(&set->bits[index / 64]) >> (index % 64) & 1) != 0;
}

static bool set_is_empty(struct sm_export_lane_set *set)
{
    for (size_t i = 0; i < sizeof(set->bits) / sizeof(set->bits[0]); i++)
        if (atomic_load(&set->bits[i]))
            return false;
    return true;
}

/* ---- the limit */

int64_t sm_export_measure(const struct sm_batch *batch, int sizer)
{
    switch (sizer) {
    case SM_SIZER_ITEMS:
        return (int64_t)batch->item_count;
    case SM_SIZER_BYTES:
        return (int64_t)sm_batch_encoded_size(batch);
    default:
        return 1;
    }
}

static bool take_size(struct sm_export_chain *chain, int64_t size)
{
    struct sm_export_gauge *gauge = chain->gauge;
    int64_t taken = atomic_load(&gauge->size);
    do
        if (size > gauge->capacity - taken)
            return false;
    while (!atomic_compare_exchange_weak(&gauge->size, &taken, taken + size));
    return true;
}

static void admit(struct sm_export_lane *lane, struct sm_export_entry *entry);

/* Lets in what waited for space on this lane, in order, as far as it fits. */
static void admit_blocked(struct sm_export_lane *lane)
{
    while (lane->blocked.first) {
        if (!take_size(lane->chain, lane->blocked.first->size)) {
            set_add(&lane->chain->waiting_for_space, lane_index(lane));
            if (!take_size(lane->chain, lane->blocked.first->size))
                return;
        }
        admit(lane, pop(&lane->blocked));
    }
}

static void on_space(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_export_lane *lane = context;
    admit_blocked(lane);
    sm_export_close(lane->chain);
}

void sm_export_give_back_size(struct sm_export_chain *chain, int64_t size)
{
    atomic_fetch_sub(&chain->gauge->size, size);
    if (!chain->queue || !chain->queue->block_on_overflow || set_is_empty(&chain->waiting_for_space))
        return;
    for (unsigned i = 0; i < chain->lane_count; i++)
        if (set_remove(&chain->waiting_for_space, i)) {
            sm_export_open(chain);
            sm_worker_post(chain->lanes[i].worker, on_space, &chain->lanes[i]);
        }
}

/* ---- the consumers */

static bool take_consumer(struct sm_export_chain *chain)
{
    int64_t count = atomic_load(&chain->free_consumers);
    do
        if (count == 0)
            return false;
    while (!atomic_compare_exchange_weak(&chain->free_consumers, &count, count - 1));
    return true;
}

/* False: none is free; the lane will be handed one. */
static bool take_consumer_or_wait(struct sm_export_lane *lane)
{
    if (lane->granted_consumers > 0) {
        lane->granted_consumers--;
        return true;
    }
    if (take_consumer(lane->chain))
        return true;
    set_add(&lane->chain->waiting_for_consumer, lane_index(lane));
    if (!take_consumer(lane->chain))
        return false;
    /* When the bit is gone already one more is on its way: dispatching gives back what it does not need. */
    set_remove(&lane->chain->waiting_for_consumer, lane_index(lane));
    return true;
}

static void on_consumer(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_export_lane *lane = context;
    lane->granted_consumers++;
    sm_export_dispatch(lane);
    sm_export_close(lane->chain);
}

/* Hands a consumer that the caller holds to the next waiting lane behind `lane`. False: nobody else waits. */
static bool hand_over(struct sm_export_lane *lane)
{
    struct sm_export_chain *chain = lane->chain;
    unsigned own = lane_index(lane);
    for (unsigned step = 1; step < chain->lane_count; step++) {
        unsigned index = (own + step) % chain->lane_count;
        if (!set_has(&chain->waiting_for_consumer, index) || !set_remove(&chain->waiting_for_consumer, index))
            continue;
        sm_export_open(chain);
        sm_worker_post(chain->lanes[index].worker, on_consumer, &chain->lanes[index]);
        return true;
    }
    return false;
}

void sm_export_release_consumer(struct sm_export_lane *lane)
{
    struct sm_export_chain *chain = lane->chain;
    if (hand_over(lane))
        return;
    atomic_fetch_add(&chain->free_consumers, 1);
    /* Somebody may have begun to wait since: then the consumer is taken back for it. The lane itself dispatches after this call. */
    set_remove(&chain->waiting_for_consumer, lane_index(lane));
    while (!set_is_empty(&chain->waiting_for_consumer) && take_consumer(chain)) {
        if (hand_over(lane))
            return;
        atomic_fetch_add(&chain->free_consumers, 1);
    }
}

/* ---- from the queue to requests */

void sm_export_ready(struct sm_export_lane *lane, struct sm_export_request *request)
{
    request->next = NULL;
    if (lane->ready_last)
        lane->ready_last->next = request;
    else
        lane->ready_first = request;
    lane->ready_last = request;
}

static void start_ready(struct sm_export_lane *lane)
{
    struct sm_export_request *request = lane->ready_first;
    lane->ready_first = request->next;
    if (!lane->ready_first)
        lane->ready_last = NULL;
    request->next = NULL;
    request->holds_token = true;
    sm_export_request_start(request);
}

static bool has_pending(const struct sm_export_lane *lane)
{
    struct sm_export_chain *chain = lane->chain;
    if (!chain->is_persistent)
        return lane->pending.first != NULL;
    /* What is on disk stays there when the program stops. */
    return chain->store && !atomic_load_explicit(&chain->is_stopping, memory_order_relaxed) && sm_export_store_has_more(chain->store);
}

static struct sm_export_entry *take_pending(struct sm_export_lane *lane)
{
    return lane->chain->is_persistent ? sm_export_store_take(lane->chain->store) : pop(&lane->pending);
}

static void make_request(struct sm_export_lane *lane, struct sm_export_entry *entry)
{
    entry->open_parts = 1;
    struct sm_batch *batch = entry->batch;
    entry->batch = NULL;
    sm_export_ready(lane, sm_export_request_create(lane, batch, &entry, 1));
}

/* One step; false when nothing can be done now. */
static bool dispatch_one(struct sm_export_lane *lane)
{
    if (lane->ready_first) {
        if (!take_consumer_or_wait(lane))
            return false;
        start_ready(lane);
        return true;
    }
    if (!has_pending(lane))
        return false;
    struct sm_export_entry *entry = take_pending(lane);
    if (!entry)
        return has_pending(lane);
    if (lane->batcher)
        sm_export_batcher_take(lane->batcher, entry);
    else
        make_request(lane, entry);
    return true;
}

void sm_export_dispatch(struct sm_export_lane *lane)
{
    sm_worker_assert(lane->worker);
    /* A send that ends at once comes back here: the loop below goes on with the next one. */
    if (lane->is_dispatching)
        return;
    lane->is_dispatching = true;
    while (dispatch_one(lane))
        continue;
    lane->is_dispatching = false;
    for (; lane->granted_consumers > 0 && !lane->ready_first; lane->granted_consumers--)
        sm_export_release_consumer(lane);
}

/* ---- into the queue */

/* Ends an entry that is not let in. */
static void refuse(struct sm_export_entry *entry, const struct sm_outcome *outcome)
{
    struct sm_export_chain *chain = entry->lane->chain;
    sm_export_count_enqueue_failed(chain, entry->signal, entry->item_count);
    sm_export_log_rejected(chain, outcome, entry->item_count);
    sm_batch_release(entry->batch);
    sm_buffer_release(entry->record);
    sm_delivery_complete(entry->delivery, sm_worker_current(), outcome);
    free(entry);
    sm_export_close(chain);
}

/* The same for one that had its share of the queue already. */
static void refuse_late(struct sm_export_entry *entry, const char *why)
{
    struct sm_outcome outcome = sm_outcome_retry("%s", why);
    sm_export_give_back_size(entry->lane->chain, entry->size);
    refuse(entry, &outcome);
}

/* Writes the entry to disk; what is there is in the queue. */
static void store(struct sm_export_lane *lane, struct sm_export_entry *entry)
{
    struct sm_export_chain *chain = lane->chain;
    struct sm_error error = {0};
    if (!sm_export_store_put(chain->store, entry, &error)) {
        refuse_late(entry, error.text);
        return;
    }
    struct sm_delivery *delivery = entry->delivery;
    sm_buffer_release(entry->record);
    free(entry);
    sm_delivery_complete(delivery, lane->worker, &SM_OUTCOME_ACCEPTED);
    sm_export_close(chain);
}

void sm_export_store_waiting(struct sm_export_lane *lane)
{
    struct sm_export_entry *entry;
    while ((entry = pop(&lane->pending)))
        store(lane, entry);
}

void sm_export_refuse_waiting(struct sm_export_lane *lane, const char *why)
{
    struct sm_export_entry *entry;
    while ((entry = pop(&lane->pending)))
        refuse_late(entry, why);
}

static void arrive(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_export_entry *entry = context;
    struct sm_export_lane *lane = entry->lane;
    if (lane->chain->store)
        store(lane, entry);
    else if (lane->chain->is_store_lost)
        refuse_late(entry, "the storage of the sending queue cannot be used");
    else
        push(&lane->pending, entry);
    sm_export_dispatch(lane);
}

/* Makes the entry independent of its batch and of the worker that brought it. False: no memory. */
static bool prepare(struct sm_export_chain *chain, struct sm_export_entry *entry, bool is_moving)
{
    if (chain->is_persistent) {
        if (!sm_export_store_encode(chain, entry))
            return false;
        sm_batch_release(entry->batch);
        entry->batch = NULL;
    } else if (is_moving && sm_batch_is_shared(entry->batch)) {
        /* Others go on reading it on this worker: the other one needs an index of its own. */
        struct sm_batch *copy = sm_batch_clone(entry->batch);
        sm_batch_share_client(entry->batch, copy);
        sm_batch_release(entry->batch);
        entry->batch = copy;
    }
    return true;
}

/* Where entries of `lane`'s worker are sent from. The main worker sends nothing itself: types have no state there. */
static struct sm_export_lane *target_of(struct sm_export_lane *lane)
{
    struct sm_export_chain *chain = lane->chain;
    if (chain->home)
        return chain->home;
    bool is_main = sm_worker_index(lane->worker) == SM_WORKER_MAIN;
    return is_main && chain->lane_count > 1 ? &chain->lanes[0] : lane;
}

/* The entry has its share of the queue. `lane` is the calling worker's. */
static void admit(struct sm_export_lane *lane, struct sm_export_entry *entry)
{
    struct sm_export_chain *chain = lane->chain;
    struct sm_export_lane *target = target_of(lane);
    if (!prepare(chain, entry, target != lane)) {
        struct sm_outcome outcome = sm_outcome_retry("no memory to write a request of %zu items to storage", entry->item_count);
        sm_export_give_back_size(chain, entry->size);
        refuse(entry, &outcome);
        return;
    }
    entry->lane = target;
    if (!chain->is_persistent && !chain->queue->wait_for_result)
        sm_export_pace_queued(lane, entry);
    if (target == lane)
        arrive(lane->worker, entry);
    else
        sm_worker_post(target->worker, arrive, entry);
}

static struct sm_export_entry *create_entry(struct sm_export_lane *lane, struct sm_batch *batch)
{
    struct sm_export_entry *entry = sm_alloc(1, sizeof(*entry));
    entry->lane = lane;
    entry->batch = batch;
    entry->delivery = batch->delivery;
    entry->item_count = batch->item_count;
    entry->signal = batch->signal;
    sm_export_open(lane->chain);
    return entry;
}

static void send_at_once(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_export_entry *entry = context;
    struct sm_export_lane *lane = entry->lane;
    entry->open_parts = 1;
    struct sm_batch *batch = entry->batch;
    entry->batch = NULL;
    sm_export_request_start(sm_export_request_create(lane, batch, &entry, 1));
}

/* Without a queue: the sender waits. */
static void send_directly(struct sm_export_lane *lane, struct sm_export_entry *entry)
{
    entry->lane = target_of(lane);
    (void)prepare(lane->chain, entry, entry->lane != lane);
    if (entry->lane == lane)
        send_at_once(lane->worker, entry);
    else
        sm_worker_post(entry->lane->worker, send_at_once, entry);
}

void sm_export_offer(struct sm_export_chain *chain, struct sm_worker *worker, struct sm_batch *batch)
{
    struct sm_export_lane *lane = sm_export_lane_of(chain, worker);
    if (chain->component->type->takes_packed)
        batch = sm_batch_pack(batch);
    struct sm_export_entry *entry = create_entry(lane, batch);
    if (!chain->queue) {
        send_directly(lane, entry);
        return;
    }
    sm_export_count_offer(chain, batch);
    entry->size = sm_export_measure(batch, chain->queue->sizer);
    struct sm_outcome outcome;
    if (entry->size > chain->gauge->capacity) {
        outcome = sm_outcome_retry(chain->is_persistent ? "sending queue is full" : "element size too large");
        refuse(entry, &outcome);
    } else if (!lane->blocked.first && take_size(chain, entry->size)) {
        admit(lane, entry);
    } else if (chain->queue->block_on_overflow) {
        push(&lane->blocked, entry);
        admit_blocked(lane);
    } else {
        outcome = sm_outcome_retry("sending queue is full");
        refuse(entry, &outcome);
    }
}
