/* groupbytrace.c - the processor `groupbytrace`: holds the spans of a trace until `wait_duration` after its first, then sends them on together.
 *
 * A trace lives in the shard that its ID hashes to; a shard lives on one worker, and what other workers receive travels there by message, one for
 * each request and shard. A sender is answered when the shards have its spans. There are as many shards as `num_workers` says, at most one a worker.
 * State: the shards, worker-local. Limits: num_traces over all shards (the oldest goes), UNDER_WAY_MAX traces on their way behind each.
 * Source: opentelemetry-collector-contrib processor/groupbytraceprocessor. */
#include "pipeline/component.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pipeline/delivery.h"
#include "pipeline/own_metrics.h"
#include "pipeline/worker.h"
#include "processors/groupbytrace/held_traces.h"
#include "telemetry/trace_split.h"

#define SCOPE "github.com/open-telemetry/opentelemetry-collector-contrib/processor/groupbytraceprocessor"

enum { UNDER_WAY_MAX = 1000 };

struct options {
    int64_t num_traces, num_workers, wait_duration_ns;
    bool discard_orphans, store_on_disk;
};

static const struct sm_option option_table[] = {
    SM_OPTION_DURATION(struct options, wait_duration_ns, .key = "wait_duration", .preset.integer = SM_S, .is_signed = true,
                       .help = "How long a trace waits for its spans, counted from the first."),
    SM_OPTION_INT(struct options, num_traces, .preset.integer = 1000000, .unit = "traces",
                  .help = "Traces held at most; for one more the oldest is dropped."),
    SM_OPTION_INT(struct options, num_workers, .preset.integer = 1, .help = "Workers that share the traces, each with its part of num_traces."),
    SM_OPTION_BOOL(struct options, discard_orphans, .help = "Not supported, as in the reference: true is refused."),
    SM_OPTION_BOOL(struct options, store_on_disk, .help = "Not supported, as in the reference: true is refused."),
    SM_OPTION_END,
};

static const double latency_bounds[] = {5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};

enum metric {
    METRIC_CONF_NUM_TRACES,
    METRIC_EVENT_LATENCY,
    METRIC_INCOMPLETE,
    METRIC_EVENTS_IN_QUEUE,
    METRIC_TRACES_IN_MEMORY,
    METRIC_SPANS_RELEASED,
    METRIC_TRACES_EVICTED,
    METRIC_TRACES_RELEASED,
    METRIC_TRACES_LOST,
    METRIC_COUNT
};

#define METRIC(metric_name, metric_kind, metric_unit, text, ...)                                                                                     \
    {                                                                                                                                                \
        .name = "otelcol_processor_groupbytrace_" metric_name, .kind = (metric_kind), .unit = (metric_unit), .help = (text),                         \
        .level = SM_OWN_LEVEL_BASIC, .scope = SCOPE, __VA_ARGS__                                                                                     \
    }

static const struct sm_own_metric metric_table[METRIC_COUNT + 1] = {
    [METRIC_CONF_NUM_TRACES] =
        METRIC("conf_num_traces", SM_OWN_GAUGE, "1", "Maximum number of traces to hold in the internal storage [Development]", ),
    [METRIC_EVENT_LATENCY] = METRIC("event_latency", SM_OWN_HISTOGRAM, "ms", "How long the queue events are taking to be processed [Development]",
                                    .bounds = latency_bounds, .bound_count = sizeof(latency_bounds) / sizeof(latency_bounds[0])),
    [METRIC_INCOMPLETE] =
        METRIC("incomplete_releases", SM_OWN_COUNTER, "{releases}", "Releases that are suspected to have been incomplete [Development]", ),
    [METRIC_EVENTS_IN_QUEUE] = METRIC("num_events_in_queue", SM_OWN_GAUGE, "1", "Number of events currently in the queue [Development]", ),
    [METRIC_TRACES_IN_MEMORY] =
        METRIC("num_traces_in_memory", SM_OWN_GAUGE, "1", "Number of traces currently in the in-memory storage [Development]", ),
    [METRIC_SPANS_RELEASED] = METRIC("spans_released", SM_OWN_COUNTER, "1", "Spans released to the next consumer [Development]", ),
    [METRIC_TRACES_EVICTED] = METRIC("traces_evicted", SM_OWN_COUNTER, "1", "Traces evicted from the internal buffer [Development]", ),
    [METRIC_TRACES_RELEASED] = METRIC("traces_released", SM_OWN_COUNTER, "1", "Traces released to the next consumer [Development]", ),
    [METRIC_TRACES_LOST] = METRIC("traces_lost", SM_OWN_COUNTER, "1", "Traces that still waited when the processor stopped", ),
};

enum event { EVENT_RECEIVED, EVENT_EXPIRED, EVENT_RELEASED, EVENT_REMOVED, EVENT_COUNT };
static const char *const event_names[EVENT_COUNT] = {"onTraceReceived", "onTraceExpired", "onTraceReleased", "onTraceRemoved"};

/* The reference's metrics do not tell instances apart: these are sums over all of them. Any thread (relaxed). */
static atomic_llong traces_in_memory, events_in_queue;

struct grouper;

/* Worker-local but for what is immutable after create. */
struct shard {
    struct grouper *grouper;  /* borrowed */
    struct sm_worker *worker; /* borrowed; immutable */
    struct sm_held_traces held;
    struct sm_timer *timer; /* owned; NULL until armed first */
    size_t under_way;       /* traces sent on and not ended */
    bool is_releasing, is_stopping;
};

/* Immutable after create but for the atomic. */
struct grouper {
    struct sm_component *component; /* borrowed */
    uint64_t wait_ns;
    struct sm_instrument *metrics[METRIC_COUNT];  /* borrowed; EVENT_LATENCY: NULL */
    struct sm_instrument *latencies[EVENT_COUNT]; /* borrowed */
    struct shard *shards;                         /* owned */
    size_t shard_count;
    atomic_size_t draining_count; /* any worker: shards not drained yet after stop */
};

/* Message: what a request has for a shard. */
struct handover {
    struct shard *shard;
    struct sm_trace_piece *first, **end; /* owned */
    struct sm_delivery *delivery;        /* one part */
    long long count;
};

/* Records an event that began at `*since_ns`, and lets the next begin now. */
static void record_event(const struct grouper *grouper, enum event event, uint64_t *since_ns)
{
    uint64_t now_ns = sm_clock_mono_ns();
    sm_instrument_record(grouper->latencies[event], (double)((now_ns - *since_ns) / SM_NS_PER_MS));
    *since_ns = now_ns;
}

/* ---- releasing, on the shard's worker */

static void release_due(struct shard *shard);

static void drained(struct shard *shard)
{
    struct grouper *grouper = shard->grouper;
    sm_timer_free(shard->timer);
    shard->timer = NULL;
    /* Release and acquire: whoever is last sees what the others did before it says that all is done. */
    if (atomic_fetch_sub_explicit(&grouper->draining_count, 1, memory_order_acq_rel) == 1)
        sm_component_stopped(grouper->component);
}

static void on_sent(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    (void)worker;
    struct shard *shard = context;
    shard->under_way--;
    if (outcome->kind != SM_ACCEPTED)
        sm_log(SM_LOG_ERROR, &shard->grouper->component->logger, "consume failed", SM_LOG_STR("error", outcome->reason));
    if (!shard->is_stopping)
        release_due(shard);
    else if (shard->under_way == 0)
        drained(shard);
}

static void on_timer(struct sm_worker *worker, void *context)
{
    (void)worker;
    release_due(context);
}

static void arm_timer(struct shard *shard, uint64_t now_ns)
{
    const struct sm_held_trace *first = sm_held_traces_first(&shard->held);
    if (!first || shard->under_way >= UNDER_WAY_MAX)
        return; /* the next trace, or the end of one under way, comes back here */
    if (!shard->timer)
        shard->timer = sm_timer_create(shard->worker, on_timer, shard);
    sm_timer_arm(shard->timer, first->due_ns > now_ns ? first->due_ns - now_ns : 1, false);
}

static void release_trace(struct shard *shard, struct sm_held_trace *trace, uint64_t *since_ns)
{
    struct grouper *grouper = shard->grouper;
    struct sm_batch *batch = sm_trace_join(trace->pieces);
    record_event(grouper, EVENT_EXPIRED, since_ns);
    sm_instrument_add(grouper->metrics[METRIC_SPANS_RELEASED], (int64_t)trace->span_count);
    sm_instrument_add(grouper->metrics[METRIC_TRACES_RELEASED], 1);
    sm_held_trace_free(trace);
    atomic_fetch_sub_explicit(&traces_in_memory, 1, memory_order_relaxed);
    record_event(grouper, EVENT_REMOVED, since_ns);
    batch->delivery = sm_delivery_create(shard->worker, on_sent, shard);
    shard->under_way++;
    sm_component_forward(grouper->component, shard->worker, batch);
    record_event(grouper, EVENT_RELEASED, since_ns);
}

/* What is sent may end at once and come back here through on_sent: the loop that runs goes on then. */
static void release_due(struct shard *shard)
{
    if (shard->is_releasing || shard->is_stopping)
        return;
    shard->is_releasing = true;
    uint64_t now_ns = sm_clock_mono_ns(), since_ns = now_ns;
    struct sm_held_trace *trace;
    while (shard->under_way < UNDER_WAY_MAX && (trace = sm_held_traces_take_due(&shard->held, now_ns)))
        release_trace(shard, trace, &since_ns);
    shard->is_releasing = false;
    arm_timer(shard, now_ns);
}

/* ---- consuming */

static void evict(struct shard *shard, struct sm_held_trace *trace, uint64_t *since_ns)
{
    struct grouper *grouper = shard->grouper;
    sm_log(SM_LOG_INFO, &grouper->component->logger, "Trace dropped for want of room: raise num_traces or lower wait_duration");
    sm_instrument_add(grouper->metrics[METRIC_TRACES_EVICTED], 1);
    sm_instrument_add(grouper->metrics[METRIC_INCOMPLETE], 1); /* the reference: when its time would have come */
    sm_held_trace_free(trace);
    record_event(grouper, EVENT_REMOVED, since_ns);
    record_event(grouper, EVENT_EXPIRED, since_ns); /* its time still comes there, and finds nothing */
}

/* On the shard's worker; frees `handover`. */
static void take_over(struct sm_worker *worker, void *context)
{
    struct handover *handover = context;
    struct shard *shard = handover->shard;
    uint64_t now_ns = sm_clock_mono_ns(), since_ns = now_ns;
    size_t count_before = shard->held.count;
    for (struct sm_trace_piece *piece = handover->first, *next; piece; piece = next) {
        next = piece->next;
        struct sm_held_trace *evicted = sm_held_traces_add(&shard->held, piece, now_ns + shard->grouper->wait_ns);
        record_event(shard->grouper, EVENT_RECEIVED, &since_ns);
        if (evicted)
            evict(shard, evicted, &since_ns);
    }
    atomic_fetch_add_explicit(&traces_in_memory, (long long)shard->held.count - (long long)count_before, memory_order_relaxed);
    atomic_fetch_sub_explicit(&events_in_queue, handover->count, memory_order_relaxed);
    if (!shard->is_stopping)
        arm_timer(shard, now_ns);
    sm_delivery_complete(handover->delivery, worker, &SM_OUTCOME_ACCEPTED);
    free(handover);
}

struct distribution {
    struct grouper *grouper;
    struct handover **handovers; /* owned; for each shard, NULL: nothing */
    unsigned count;
};

static void distribute(struct sm_trace_piece *piece, void *context)
{
    struct distribution *distribution = context;
    /* The upper half: the lower chooses the bucket in the shard. */
    size_t index = (size_t)((piece->hash >> 32) % distribution->grouper->shard_count);
    struct handover *handover = distribution->handovers[index];
    if (!handover) {
        handover = distribution->handovers[index] = sm_alloc(1, sizeof(*handover));
        handover->shard = &distribution->grouper->shards[index];
        handover->end = &handover->first;
        distribution->count++;
    }
    *handover->end = piece;
    handover->end = &piece->next;
    handover->count++;
}

static void group_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    struct grouper *grouper = component->state;
    struct distribution distribution = {.grouper = grouper, .handovers = sm_alloc(grouper->shard_count, sizeof(struct handover *))};
    struct sm_delivery *delivery = batch->delivery;
    sm_trace_split(batch, distribute, &distribution);
    if (distribution.count == 0) {
        sm_batch_accept(batch, worker);
        free(distribution.handovers);
        return;
    }
    batch->delivery = NULL;
    sm_delivery_add_parts(delivery, distribution.count - 1);
    sm_batch_release(batch); /* the pieces keep it */
    for (size_t i = 0; i < grouper->shard_count; i++) {
        struct handover *handover = distribution.handovers[i];
        if (!handover)
            continue;
        handover->delivery = delivery;
        atomic_fetch_add_explicit(&events_in_queue, handover->count, memory_order_relaxed);
        if (handover->shard->worker == worker)
            take_over(worker, handover);
        else
            sm_worker_post(handover->shard->worker, take_over, handover);
    }
    free(distribution.handovers);
}

/* ---- life */

static void group_validate(const void *from, struct sm_validation *validation)
{
    const struct options *options = from;
    if (options->store_on_disk)
        sm_validation_error(validation, "store_on_disk", "option 'disk storage' not supported in this release");
    if (options->discard_orphans)
        sm_validation_error(validation, "discard_orphans", "option 'discard orphans' not supported in this release");
    if (options->num_workers < 1)
        sm_validation_error(validation, "num_workers", "must be at least 1");
    else if (options->num_traces < options->num_workers)
        sm_validation_error(validation, "num_traces", "must be at least num_workers, %lld", (long long)options->num_workers);
}

static double read_total(void *context)
{
    return (double)atomic_load_explicit((atomic_llong *)context, memory_order_relaxed);
}

static void get_instruments(struct grouper *grouper)
{
    for (size_t i = 0; i < METRIC_COUNT; i++)
        if (i != METRIC_EVENT_LATENCY)
            grouper->metrics[i] = sm_instrument_get(&metric_table[i], NULL, 0);
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        const struct sm_own_attribute attribute = {"event", event_names[i]};
        grouper->latencies[i] = sm_instrument_get(&metric_table[METRIC_EVENT_LATENCY], &attribute, 1);
    }
}

static bool group_create(struct sm_component *component, struct sm_error *error)
{
    (void)error;
    static unsigned next_worker; /* main worker only: spreads the shards of all instances */
    const struct options *options = component->options;
    struct grouper *grouper = component->state = sm_alloc(1, sizeof(*grouper));
    size_t worker_count = sm_workers_count(component->workers), wanted = (size_t)options->num_workers;
    grouper->component = component;
    grouper->wait_ns = options->wait_duration_ns > 0 ? (uint64_t)options->wait_duration_ns : 0;
    grouper->shard_count = wanted < worker_count ? wanted : worker_count;
    grouper->shards = sm_alloc(grouper->shard_count, sizeof(*grouper->shards));
    for (size_t i = 0; i < grouper->shard_count; i++) {
        struct shard *shard = &grouper->shards[i];
        shard->grouper = grouper;
        shard->worker = sm_workers_get(component->workers, next_worker++ % (unsigned)worker_count);
        sm_held_traces_init(&shard->held, (size_t)options->num_traces / grouper->shard_count);
    }
    get_instruments(grouper);
    return true;
}

static bool group_start(struct sm_component *component, struct sm_error *error)
{
    (void)error;
    struct grouper *grouper = component->state;
    const struct options *options = component->options;
    sm_instrument_add(grouper->metrics[METRIC_TRACES_EVICTED], 0);
    sm_instrument_add(grouper->metrics[METRIC_INCOMPLETE], 0);
    sm_instrument_set(grouper->metrics[METRIC_CONF_NUM_TRACES], (double)options->num_traces);
    sm_instrument_observe(grouper->metrics[METRIC_TRACES_IN_MEMORY], read_total, &traces_in_memory);
    sm_instrument_observe(grouper->metrics[METRIC_EVENTS_IN_QUEUE], read_total, &events_in_queue);
    return true;
}

/* What still waits is lost, as in the reference; here it is said. */
static void stop_shard(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct shard *shard = context;
    size_t lost = shard->held.count;
    shard->is_stopping = true;
    if (lost) {
        sm_log(SM_LOG_WARN, &shard->grouper->component->logger, "traces that still waited are lost", SM_LOG_INT("traces", lost));
        sm_instrument_add(shard->grouper->metrics[METRIC_TRACES_LOST], (int64_t)lost);
        atomic_fetch_sub_explicit(&traces_in_memory, (long long)lost, memory_order_relaxed);
        sm_held_traces_deinit(&shard->held);
    }
    if (shard->under_way == 0)
        drained(shard);
}

static void group_stop(struct sm_component *component)
{
    struct grouper *grouper = component->state;
    atomic_store_explicit(&grouper->draining_count, grouper->shard_count, memory_order_relaxed);
    for (size_t i = 0; i < grouper->shard_count; i++)
        sm_worker_post(grouper->shards[i].worker, stop_shard, &grouper->shards[i]);
}

static void group_free(struct sm_component *component)
{
    struct grouper *grouper = component->state;
    if (!grouper)
        return;
    for (size_t i = 0; i < grouper->shard_count; i++)
        sm_held_traces_deinit(&grouper->shards[i].held);
    free(grouper->shards);
    free(grouper);
    component->state = NULL;
}

const struct sm_component_type sm_processor_groupbytrace = {
    .kind = SM_PROCESSOR,
    .name = "groupbytrace",
    .help = "Holds the spans of a trace for a time and sends them on together.",
    .signals = SM_SIGNAL_TRACES,
    .stability = {[SM_TRACES] = SM_STABILITY_BETA},
    .mutates = true,
    .options = option_table,
    .options_size = sizeof(struct options),
    .metrics = metric_table,
    .validate = group_validate,
    .create = group_create,
    .start = group_start,
    .consume = group_consume,
    .stop = group_stop,
    .free = group_free,
};
