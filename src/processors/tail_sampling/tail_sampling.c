/* tail_sampling.c - the processor tail_sampling: holds the spans of a trace for a while and decides over the whole of it.
 *
 * A trace lives on the worker that its ID hashes to (its shard). The worker that gets a request cuts it up and hands each shard its pieces in one
 * message; the request is accepted then, or, where new traces have to wait for room, once few enough others wait. Few traces need few shards:
 * limits are then exact. State: the plan (immutable but for rates), a shard and a cutter per worker.
 * Source: opentelemetry-collector-contrib processor/tailsamplingprocessor/processor.go. */
#include "pipeline/component.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/process_usage.h"
#include "config/gates.h"
#include "pipeline/delivery.h"
#include "pipeline/outcome.h"
#include "pipeline/storage.h"
#include "pipeline/worker.h"
#include "processors/tail_sampling/kept_traces.h"
#include "processors/tail_sampling/parcel.h"
#include "processors/tail_sampling/shard.h"
#include "telemetry/otlp.h"

/* The reference's are whole seconds: a trace then waits for up to one more than it has to, and is held for so long. */
enum { TICKS_PER_S = 10, TICK_NS = SM_NS_PER_S / TICKS_PER_S };
/* The share of num_traces (and of a cache) that is worth a shard of its own. */
enum { TRACES_PER_SHARD_MIN = 8192 };
/* Undecided traces are written to the storage in requests of about so many bytes. */
enum { KEPT_REQUEST_BYTES = 256 * 1024 };
/* For so many seconds a new instance looks for traces that the one it replaces leaves when it has drained. */
enum { RESTORE_SECONDS = 40, RESTORED_PER_TURN = 64 };
/* Memory goes back to the system when for so long one part in so many is held of what had been at least so much. */
enum { RELEASE_SECONDS = 2, RELEASE_SHARE = 8, RELEASE_FROM_BYTES = 16 * 1024 * 1024 };

struct member;

struct sampler {
    struct sm_component *component; /* borrowed */
    struct sm_tail_plan *plan;      /* owned */
    struct sm_tail_metrics metrics; /* owned */
    struct sm_tail_shard_settings settings;
    unsigned shard_count;
    unsigned first_worker;             /* of the shards, one after the other */
    struct member **members;           /* owned array, by shard; filled before the first request */
    struct sm_tail_keeper *keeper;     /* owned; NULL: without storage */
    struct sm_storage_client **spills; /* owned array, by shard; filled at start, or by the shard's worker later; NULL: without spilling */
    atomic_size_t trace_count;         /* any worker (relaxed) */
    atomic_size_t memory_bytes;        /* any worker (relaxed): of what is held */
    size_t held_bytes_max;             /* first member's worker, as the next: of memory_bytes since memory was given back */
    unsigned idle_seconds;             /* since next to nothing is held */
    atomic_uint busy_spill_count;      /* any worker: that the instance before still has */
    atomic_uint waiting_count;         /* any worker (relaxed): requests answered that wait for room */
    atomic_uint draining_count;        /* any worker: shards not drained yet after stop */
};

/* A shard with its place. Worker-local. */
struct member {
    struct sm_tail_shard shard; /* first: a shard pointer is a member pointer */
    struct sampler *sampler;    /* borrowed */
    struct sm_worker *worker;   /* borrowed */
    struct sm_timer *timer;     /* owned */
    struct sm_bytes kept;       /* request in the making for the storage */
    unsigned restore_seconds;   /* left */
    unsigned tick;              /* of the second */
    unsigned index;             /* of the shard */
    bool waits_for_spill;       /* the instance that this one replaces still has it */
    bool is_stopping, has_drained;
};

/* Per worker. */
struct local {
    struct sm_tail_cutter *cutter; /* owned */
    struct member *member;         /* owned; NULL: no shard here */
};

/* ---- a shard's way out, on its worker */

static void on_sent(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    (void)worker;
    struct member *member = context;
    if (outcome->kind != SM_ACCEPTED)
        sm_log(SM_LOG_WARN, &member->sampler->component->logger, "Error sending spans to destination", SM_LOG_STR("error", outcome->reason));
    sm_tail_shard_sent(&member->shard);
}

static void send_batch(struct sm_tail_shard *shard, struct sm_batch *batch)
{
    struct member *member = (struct member *)shard;
    batch->delivery = sm_delivery_create(member->worker, on_sent, member);
    sm_component_forward(member->sampler->component, member->worker, batch);
}

static void accept_part(struct sm_tail_shard *shard, struct sm_delivery *delivery)
{
    sm_delivery_complete(delivery, ((struct member *)shard)->worker, &SM_OUTCOME_ACCEPTED);
}

static bool write_kept(struct member *member, struct sm_error *error)
{
    struct sm_tail_keeper *keeper = member->sampler->keeper;
    if (!sm_tail_keeper_open(keeper, error))
        return false;
    bool is_written = sm_tail_keeper_write(keeper, sm_bytes_slice(&member->kept), error);
    sm_tail_keeper_close(keeper);
    return is_written;
}

static bool keep_batch(struct sm_tail_shard *shard, struct sm_batch *batch)
{
    struct member *member = (struct member *)shard;
    struct sm_error error;
    if (batch)
        sm_otlp_encode_protobuf_bytes(batch, &member->kept);
    if (member->kept.size == 0 || (batch && member->kept.size < KEPT_REQUEST_BYTES))
        return true;
    bool is_written = write_kept(member, &error);
    if (!is_written)
        sm_log(SM_LOG_ERROR, &member->sampler->component->logger, "Undecided traces cannot be kept and are decided now",
               SM_LOG_STR("error", error.text));
    member->kept.size = 0;
    return is_written;
}

static void go_on(struct sm_worker *worker, void *context)
{
    (void)worker;
    sm_tail_shard_go_on(context);
}

static void post_go_on(struct sm_tail_shard *shard)
{
    sm_worker_post(((struct member *)shard)->worker, go_on, shard);
}

static void on_drained(struct sm_tail_shard *shard)
{
    struct member *member = (struct member *)shard;
    struct sampler *sampler = member->sampler;
    if (member->has_drained)
        return;
    member->has_drained = true;
    /* Release and acquire: whoever is last sees what the others did before it says that all is done. */
    if (atomic_fetch_sub_explicit(&sampler->draining_count, 1, memory_order_acq_rel) == 1)
        sm_component_stopped(sampler->component);
}

static const struct sm_tail_shard_calls shard_calls = {
    .send = send_batch,
    .accept = accept_part,
    .keep = keep_batch,
    .again = post_go_on,
    .drained = on_drained,
    .mono_ns = sm_clock_mono_ns,
    .wall_ns = sm_clock_wall_ns,
};

/* ---- consuming, on any worker */

static void take_over(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_tail_parcel *parcel = context;
    sm_tail_shard_take(parcel->shard, parcel);
}

static unsigned count_parcels(struct sm_tail_parcel *const *parcels, unsigned shard_count)
{
    unsigned count = 0;
    for (unsigned i = 0; i < shard_count; i++)
        count += parcels[i] != NULL;
    return count;
}

static void hand_over(struct sampler *sampler, struct sm_worker *worker, struct sm_tail_parcel **parcels, struct sm_delivery *delivery)
{
    for (unsigned i = 0; i < sampler->shard_count; i++) {
        struct sm_tail_parcel *parcel = parcels[i];
        if (!parcel)
            continue;
        struct member *member = sampler->members[i];
        parcel->shard = &member->shard;
        parcel->delivery = delivery;
        if (member->worker == worker)
            sm_tail_shard_take(&member->shard, parcel);
        else
            sm_worker_post(member->worker, take_over, parcel);
    }
}

static void on_taken(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    (void)worker;
    (void)outcome;
    atomic_fetch_sub_explicit(&((struct sampler *)context)->waiting_count, 1, memory_order_relaxed);
}

/* The delivery whose parts the parcels of `batch` complete when they are taken. As many requests as the reference's channel holds (one a processor,
 * and one being taken) are answered at once. */
static struct sm_delivery *begin_waiting(struct sampler *sampler, struct sm_worker *worker, struct sm_batch *batch)
{
    struct sm_delivery *delivery = batch->delivery;
    batch->delivery = NULL;
    unsigned waiting = atomic_fetch_add_explicit(&sampler->waiting_count, 1, memory_order_relaxed);
    if (delivery && waiting > sm_workers_count(sampler->component->workers)) {
        atomic_fetch_sub_explicit(&sampler->waiting_count, 1, memory_order_relaxed);
        return delivery;
    }
    sm_delivery_complete(delivery, worker, &SM_OUTCOME_ACCEPTED);
    return sm_delivery_create(worker, on_taken, sampler);
}

static void tail_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    struct sampler *sampler = component->state;
    struct local *local = sm_component_local(component, worker);
    struct sm_tail_parcel **parcels = sm_tail_cut(local->cutter, batch);
    if (!parcels) {
        struct sm_outcome outcome = sm_outcome_reject("request of more than 4 GiB");
        sm_batch_finish(batch, worker, &outcome);
        return;
    }
    unsigned parcel_count = count_parcels(parcels, sampler->shard_count);
    struct sm_delivery *delivery = NULL;
    if (sampler->settings.is_blocking && parcel_count > 0) {
        delivery = begin_waiting(sampler, worker, batch);
        sm_delivery_add_parts(delivery, parcel_count - 1);
    }
    hand_over(sampler, worker, parcels, delivery);
    sm_batch_accept(batch, worker);
}

/* ---- life */

/* At least 1. */
static size_t ticks_of_wait(int64_t duration_ns)
{
    size_t seconds = duration_ns > 0 ? (size_t)duration_ns / SM_NS_PER_S : 0;
    return (seconds ? seconds : 1) * TICKS_PER_S;
}

static size_t ticks_of_root_wait(int64_t duration_ns)
{
    return duration_ns > 0 ? ((size_t)duration_ns + TICK_NS - 1) / TICK_NS : 0;
}

static size_t size_of_cache(int64_t size)
{
    return size > 0 ? (size_t)size : 0;
}

static unsigned count_shards(const struct sm_tail_options *options, unsigned worker_count)
{
    size_t smallest = options->num_traces;
    const int64_t cache_sizes[] = {options->decision_cache.sampled_cache_size, options->decision_cache.non_sampled_cache_size};
    for (size_t i = 0; i < sizeof(cache_sizes) / sizeof(cache_sizes[0]); i++)
        if (cache_sizes[i] > 0 && (size_t)cache_sizes[i] < smallest)
            smallest = (size_t)cache_sizes[i];
    size_t count = smallest / TRACES_PER_SHARD_MIN;
    if (count < 1)
        return 1;
    return count < worker_count ? (unsigned)count : worker_count;
}

/* Of all shards. What a limit of memory holds is to be little less for it. */
static size_t unpacked_limit_bytes(const struct sm_tail_options *options)
{
    size_t bytes = (size_t)options->unpacked_limit_mib << 20, share = ((size_t)options->memory_limit_mib << 20) / 8;
    return share && share < bytes ? share : bytes;
}

static struct sm_tail_shard_settings make_settings(struct sampler *sampler, const struct sm_tail_options *options)
{
    const struct sm_tail_cache_options *caches = &options->decision_cache;
    size_t shard_count = sampler->shard_count;
    size_t expected = options->expected_new_traces_per_sec < options->num_traces ? options->expected_new_traces_per_sec : options->num_traces;
    size_t limit_bytes = (size_t)options->memory_limit_mib << 20;
    return (struct sm_tail_shard_settings){
        .plan = sampler->plan,
        .metrics = &sampler->metrics,
        .logger = &sampler->component->logger,
        .trace_count = &sampler->trace_count,
        .segments = {.memory_bytes = &sampler->memory_bytes,
                     .limit_bytes = limit_bytes,
                     .plain_limit_bytes = unpacked_limit_bytes(options) / shard_count,
                     .spill_from_bytes = options->spill_to_storage ? limit_bytes / 4 * 3 : 0,
                     .logger = &sampler->component->logger},
        .trace_limit = options->num_traces ? options->num_traces : 1,
        .expected_count = expected / shard_count,
        .wait_ticks = ticks_of_wait(options->decision_wait_ns),
        .root_wait_ticks = ticks_of_root_wait(options->decision_wait_after_root_received_ns),
        .has_root_wait = options->decision_wait_after_root_received_ns > 0,
        .is_blocking = options->block_on_overflow,
        .is_immediate = options->sampling_strategy == SM_TAIL_SPAN_INGEST,
        .stops_at_first_match = options->sample_on_first_match,
        .drops_pending = options->drop_pending_traces_on_shutdown,
        .keeps_pending = *options->storage != 0,
        .records_policy = sm_gate_is_on(SM_GATE_TAIL_SAMPLING_RECORD_POLICY),
        .trace_bytes_limit = options->maximum_trace_size_bytes,
        .sampled_cache_size = (size_of_cache(caches->sampled_cache_size) + shard_count - 1) / shard_count,
        .non_sampled_cache_size = (size_of_cache(caches->non_sampled_cache_size) + shard_count - 1) / shard_count,
    };
}

static bool tail_create(struct sm_component *component, struct sm_error *error)
{
    static atomic_uint next_worker; /* spreads the shards of all instances over the workers */
    const struct sm_tail_options *options = component->options;
    unsigned worker_count = sm_workers_count(component->workers);
    struct sm_tail_plan *plan = sm_tail_plan_create(options, NULL, error);
    if (!plan)
        return false;
    struct sampler *sampler = component->state = sm_alloc(1, sizeof(*sampler));
    sampler->component = component;
    sampler->plan = plan;
    sampler->shard_count = count_shards(options, worker_count);
    sampler->first_worker = atomic_fetch_add_explicit(&next_worker, sampler->shard_count, memory_order_relaxed) % worker_count;
    sampler->members = sm_alloc(sampler->shard_count, sizeof(struct member *));
    sm_tail_metrics_init(&sampler->metrics, plan, component->id);
    sampler->settings = make_settings(sampler, options);
    if (*options->storage)
        sampler->keeper = sm_tail_keeper_create(component, options->storage);
    return !*options->storage || sm_storage_check(component, &options->storage, error);
}

/* A spill is of no use to the next run: it is emptied when it is taken into use. */
static bool open_spill(struct sampler *sampler, unsigned index, struct sm_error *error)
{
    const struct sm_tail_options *options = sampler->component->options;
    char name[32];
    snprintf(name, sizeof(name), "spill_%u", index);
    sampler->spills[index] = sm_storage_open(sampler->component, options->storage, name, error);
    return sampler->spills[index] != NULL;
}

/* One that is busy is tried again by its shard. */
static bool open_spills(struct sampler *sampler, struct sm_error *error)
{
    sampler->spills = sm_alloc(sampler->shard_count, sizeof(struct sm_storage_client *));
    for (unsigned i = 0; i < sampler->shard_count; i++) {
        if (open_spill(sampler, i, error))
            continue;
        if (error->class != SM_ERROR_BUSY)
            return false;
        atomic_fetch_add_explicit(&sampler->busy_spill_count, 1, memory_order_relaxed);
    }
    return true;
}

static void use_spill(struct member *member)
{
    struct sampler *sampler = member->sampler;
    member->waits_for_spill = !sampler->spills[member->index];
    if (!member->waits_for_spill)
        sm_tail_shard_set_spill(&member->shard, sampler->spills[member->index]);
}

static void look_for_spill(struct member *member)
{
    struct sampler *sampler = member->sampler;
    struct sm_error error;
    bool is_open = open_spill(sampler, member->index, &error);
    if (!is_open && error.class == SM_ERROR_BUSY)
        return;
    if (!is_open)
        sm_log(SM_LOG_ERROR, &sampler->component->logger, "Spans cannot be put on disk and stay in memory", SM_LOG_STR("error", error.text));
    if (is_open)
        use_spill(member);
    member->waits_for_spill = false;
    atomic_fetch_sub_explicit(&sampler->busy_spill_count, 1, memory_order_relaxed);
}

static bool tail_start(struct sm_component *component, struct sm_error *error)
{
    struct sampler *sampler = component->state;
    const struct sm_tail_options *options = component->options;
    if (!sampler->keeper)
        return true;
    /* What is wrong with the storage is to be known now, not at the end. One that is busy is being left. */
    if (sm_tail_keeper_open(sampler->keeper, error))
        sm_tail_keeper_close(sampler->keeper);
    else if (error->class != SM_ERROR_BUSY)
        return sm_error_blame(error, &options->storage);
    return !options->spill_to_storage || open_spills(sampler, error) || sm_error_blame(error, &options->storage);
}

/* Up to RESTORED_PER_TURN requests that an earlier run left are taken in like those that arrive. False: they cannot be read. */
static bool take_in_kept(struct member *member, bool *is_empty, struct sm_error *error)
{
    struct sampler *sampler = member->sampler;
    struct sm_buffer *request = NULL;
    struct sm_decode_error decode_error;
    *is_empty = false;
    for (unsigned i = 0; i < RESTORED_PER_TURN; i++) {
        if (!sm_tail_keeper_take(sampler->keeper, &request, error))
            return false;
        *is_empty = !request;
        if (*is_empty)
            return true;
        struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, request, &decode_error);
        sm_buffer_release(request);
        if (!batch)
            return sm_error_set(error, SM_ERROR_INTERNAL, "an entry cannot be decoded: %s", decode_error.reason);
        tail_consume(sampler->component, member->worker, batch);
    }
    return true;
}

/* In turns, so that connections on this worker are served in between. */
static void restore(struct sm_worker *worker, void *context)
{
    struct member *member = context;
    struct sampler *sampler = member->sampler;
    struct sm_error error;
    bool is_empty;
    if (member->is_stopping)
        return;
    if (!sm_tail_keeper_open(sampler->keeper, &error)) {
        if (error.class != SM_ERROR_BUSY || member->restore_seconds == 0)
            sm_log(SM_LOG_ERROR, &sampler->component->logger, "Traces of an earlier run cannot be read", SM_LOG_STR("error", error.text));
        return;
    }
    bool is_read = take_in_kept(member, &is_empty, &error);
    if (!is_read)
        sm_log(SM_LOG_ERROR, &sampler->component->logger, "Traces of an earlier run cannot be read", SM_LOG_STR("error", error.text));
    sm_tail_keeper_close(sampler->keeper);
    if (is_read && !is_empty)
        sm_worker_post(worker, restore, member);
}

static void look_at_storage(struct sm_worker *worker, struct member *member)
{
    if (member->waits_for_spill)
        look_for_spill(member);
    /* Not before what does not fit in memory has a place. */
    if (member->restore_seconds == 0 || atomic_load_explicit(&member->sampler->busy_spill_count, memory_order_relaxed) > 0)
        return;
    member->restore_seconds--;
    restore(worker, member);
}

/* Memory of traces that are gone stays with the allocator, which is right while others come. When next to nothing is held for a while it goes back to
 * the system: once, because it takes the allocator's locks for milliseconds. */
static void look_at_memory(struct sampler *sampler)
{
    size_t held = atomic_load_explicit(&sampler->memory_bytes, memory_order_relaxed);
    sampler->held_bytes_max = held > sampler->held_bytes_max ? held : sampler->held_bytes_max;
    bool is_idle = sampler->held_bytes_max >= RELEASE_FROM_BYTES && held <= sampler->held_bytes_max / RELEASE_SHARE;
    sampler->idle_seconds = is_idle ? sampler->idle_seconds + 1 : 0;
    if (sampler->idle_seconds < RELEASE_SECONDS)
        return;
    sm_process_release_memory();
    sampler->held_bytes_max = held;
    sampler->idle_seconds = 0;
}

static void on_tick(struct sm_worker *worker, void *context)
{
    struct member *member = context;
    if (++member->tick == TICKS_PER_S) {
        member->tick = 0;
        look_at_storage(worker, member);
        if (member->index == 0)
            look_at_memory(member->sampler);
    }
    sm_tail_shard_tick(&member->shard);
}

static struct member *create_member(struct sampler *sampler, struct sm_worker *worker, unsigned index)
{
    struct member *member = sm_alloc(1, sizeof(*member));
    sm_tail_shard_init(&member->shard, &sampler->settings, &shard_calls);
    member->sampler = sampler;
    member->worker = worker;
    member->index = index;
    member->shard.gives_packed = sm_component_gives_packed(sampler->component, SM_TRACES);
    member->shard.join_limit = sm_component_join_limit(sampler->component, SM_TRACES);
    member->timer = sm_timer_create(worker, on_tick, member);
    sm_timer_arm(member->timer, TICK_NS, true);
    return member;
}

static void *tail_worker_create(struct sm_component *component, struct sm_worker *worker)
{
    struct sampler *sampler = component->state;
    struct local *local = sm_alloc(1, sizeof(*local));
    unsigned worker_count = sm_workers_count(component->workers);
    unsigned index = ((unsigned)sm_worker_index(worker) + worker_count - sampler->first_worker) % worker_count;
    local->cutter = sm_tail_cutter_create(sampler->shard_count, sampler->plan->needs_sizes);
    if (index < sampler->shard_count)
        local->member = sampler->members[index] = create_member(sampler, worker, index);
    if (index < sampler->shard_count && sampler->spills)
        use_spill(local->member);
    if (index == 0) {
        local->member->shard.tells_ticks = true;
        local->member->restore_seconds = sampler->keeper ? RESTORE_SECONDS : 0;
    }
    return local;
}

static void tail_worker_free(struct sm_component *component, struct sm_worker *worker, void *from)
{
    (void)component;
    (void)worker;
    struct local *local = from;
    sm_tail_cutter_free(local->cutter);
    if (local->member) {
        sm_timer_free(local->member->timer);
        sm_tail_shard_deinit(&local->member->shard);
        sm_bytes_deinit(&local->member->kept);
        free(local->member);
    }
    free(local);
}

static void stop_member(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct member *member = context;
    member->is_stopping = true;
    sm_timer_disarm(member->timer);
    sm_tail_shard_stop(&member->shard);
}

static void tail_stop(struct sm_component *component)
{
    struct sampler *sampler = component->state;
    atomic_store_explicit(&sampler->draining_count, sampler->shard_count, memory_order_relaxed);
    for (unsigned i = 0; i < sampler->shard_count; i++)
        sm_worker_post(sampler->members[i]->worker, stop_member, sampler->members[i]);
}

static void tail_free(struct sm_component *component)
{
    struct sampler *sampler = component->state;
    if (!sampler)
        return;
    for (unsigned i = 0; sampler->spills && i < sampler->shard_count; i++)
        sm_storage_close(sampler->spills[i]);
    free(sampler->spills);
    sm_tail_keeper_free(sampler->keeper);
    sm_tail_plan_free(sampler->plan);
    sm_tail_metrics_deinit(&sampler->metrics);
    free(sampler->members);
    free(sampler);
    component->state = NULL;
}

const struct sm_component_type sm_processor_tail_sampling = {
    .kind = SM_PROCESSOR,
    .name = "tail_sampling",
    .help = "Holds traces until they are whole and decides by policies which are kept.",
    .signals = SM_SIGNAL_TRACES,
    .stability = {SM_STABILITY_BETA},
    .options = sm_tail_option_table,
    .options_size = sizeof(struct sm_tail_options),
    .metrics = sm_tail_metric_table,
    .validate = sm_tail_validate,
    .create = tail_create,
    .start = tail_start,
    .worker_create = tail_worker_create,
    .worker_free = tail_worker_free,
    .consume = tail_consume,
    .stop = tail_stop,
    .free = tail_free,
};
