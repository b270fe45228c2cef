/* span_metrics.c - the connector `span_metrics`: request, error and duration metrics of every span.
 *
 * How its parts stand together:
 *
 *     worker 0 … n   consume: counts into the worker's shard (shard.h) by the labels of each span (labels.h), and accepts the batch
 *     home worker    a timer every metrics_flush_interval sends the ledger (ledger.h) round all workers, each of which adds its shard; when it is
 * back, its series are exported as metrics batches (export.h) to the metrics pipelines, what has expired is let go, and if shards have to forget
 * something it goes round once more
 *
 * One instance serves all pipelines that name it (`shared`). The home worker is the last one. Rounds do not overlap: what comes due during one (the
 * timer, a question of `spanmill top`, the stop) is noted and done when it ends.
 * `spanmill top` asks for a summary (pipeline/snapshot.h, summary.h), which takes a round without export.
 * There is no export at the end, as in the reference. With `storage` the ledger is kept there (persist.h).
 * Source: opentelemetry-collector-contrib connector/spanmetricsconnector v0.155.0. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "connectors/span_metrics/export.h"
#include "connectors/span_metrics/persist.h"
#include "connectors/span_metrics/summary.h"
#include "pipeline/component.h"
#include "pipeline/delivery.h"
#include "pipeline/graph.h"
#include "pipeline/snapshot.h"
#include "pipeline/worker.h"

enum round_kind { ROUND_NONE, ROUND_EXPORT, ROUND_SWEEP, ROUND_LOOK, ROUND_LAST };

/* Asked for a snapshot; made where it was asked, answered on the home worker. */
struct question {
    struct state *state;
    struct sm_snapshot_question *question;
};

struct turn {
    uint64_t first_ns;
    unsigned worker;
};

/* Immutable after creation but for what is marked. */
struct state {
    struct sm_arena arena; /* holds the settings */
    const struct sm_span_metrics_settings *settings;
    struct sm_ledger *ledger; /* owned; touched by the worker that holds it */
    struct sm_component *component;
    /* Home worker only. */
    struct sm_timer *timer;
    struct sm_keeper *keeper;                         /* owned; NULL: without storage */
    SM_LIST(struct sm_snapshot_question *) questions; /* to be answered by the next look */
    enum round_kind round;                            /* under way */
    bool is_due, is_stopping, has_saved_last;
    struct turn *turns;                /* owned: the workers in the order of this round */
    unsigned next_turn;                /* with the ledger */
    atomic_uint_least64_t *first_ns;   /* owned, any thread: when each worker first counted since the last visit; 0: nothing */
    struct sm_snapshot_source *source; /* main worker only; NULL: not started */
};

/* What service::telemetry::resource says collector.instance.id is; NULL: nothing. */
static const char *given_instance(const struct sm_component *component)
{
    const struct sm_graph_plan *plan = component->graph ? sm_graph_plan(component->graph) : NULL;
    for (size_t i = 0; plan && plan->resource && i < plan->resource->count; i++)
        if (strcmp(plan->resource->entries[i].key, "collector.instance.id") == 0)
            return plan->resource->entries[i].value;
    return NULL;
}

static struct sm_worker *home_of(const struct state *state)
{
    return sm_workers_get(state->component->workers, sm_workers_count(state->component->workers) - 1);
}

/* ---- rounds */

static void send_round(struct state *state, enum round_kind kind);
static void end_round(struct sm_worker *worker, void *context);

/* Workers that counted earlier come first, so that what the first span decides (the series within a limit, labels of a shared resource, exemplars) is
 * decided in the order in which requests came. Relaxed: an order that is a little old only changes who is first of two at once. */
static void order_turns(struct state *state)
{
    unsigned count = sm_workers_count(state->component->workers);
    for (unsigned i = 0; i < count; i++) {
        uint64_t first_ns = atomic_load_explicit(&state->first_ns[i], memory_order_relaxed);
        struct turn turn = {.first_ns = first_ns ? first_ns : UINT64_MAX, .worker = i};
        unsigned at = i;
        for (; at > 0 && state->turns[at - 1].first_ns > turn.first_ns; at--)
            state->turns[at] = state->turns[at - 1];
        state->turns[at] = turn;
    }
}

static void visit_worker(struct sm_worker *worker, void *context);

static void give_turn(struct state *state)
{
    sm_worker_post(sm_workers_get(state->component->workers, state->turns[state->next_turn++].worker), visit_worker, state);
}

/* On each worker in turn. */
static void visit_worker(struct sm_worker *worker, void *context)
{
    struct state *state = context;
    atomic_store_explicit(&state->first_ns[sm_worker_index(worker)], 0, memory_order_relaxed);
    sm_ledger_visit(state->ledger, sm_component_local(state->component, worker), state->round == ROUND_EXPORT);
    if (state->next_turn < sm_workers_count(state->component->workers))
        give_turn(state);
    else
        sm_worker_post(home_of(state), end_round, state);
}

static void send_round(struct state *state, enum round_kind kind)
{
    state->round = kind;
    state->next_turn = 0;
    order_turns(state);
    give_turn(state);
}

static void report_overflow(struct state *state)
{
    struct sm_ledger *ledger = state->ledger;
    if (!ledger->overflow_count)
        return;
    size_t most = 0;
    for (size_t i = 1; i < ledger->distinct->count; i++)
        if (sm_distinct_estimate(ledger->distinct, i) > sm_distinct_estimate(ledger->distinct, most))
            most = i;
    sm_log(SM_LOG_WARN, &state->component->logger, "aggregation_cardinality_limit is reached: spans are counted in the overflow series",
           SM_LOG_INT("spans", ledger->overflow_count), SM_LOG_INT("limit", state->settings->series_max),
           SM_LOG_SLICE("dimension with most values", sm_labels_dimension_name(state->settings->plan, most)),
           SM_LOG_INT("values, about", sm_distinct_estimate(ledger->distinct, most)));
    ledger->overflow_count = 0;
}

static void save_ledger(struct state *state)
{
    struct sm_error error = {0};
    if (state->keeper && !sm_keeper_save(state->keeper, state->ledger, &error))
        sm_log(SM_LOG_ERROR, &state->component->logger, "the counters are not stored, tried again at the next export",
               SM_LOG_STR("error", error.text));
}

struct forwarding {
    struct state *state;
    struct sm_worker *worker;
};

static void forward_batch(void *context, struct sm_batch *batch)
{
    const struct forwarding *forwarding = context;
    sm_component_forward(forwarding->state->component, forwarding->worker, batch);
}

/* The ledger is home with everything in it. */
static void export_ledger(struct state *state, struct sm_worker *worker)
{
    uint64_t now_ns = sm_clock_wall_ns();
    report_overflow(state);
    save_ledger(state); /* before anybody sees the counts */
    struct forwarding forwarding = {.state = state, .worker = worker};
    sm_ledger_export(state->ledger, now_ns, forward_batch, &forwarding);
    if (sm_ledger_expire(state->ledger, now_ns))
        send_round(state, ROUND_SWEEP);
}

/* ---- questions of `spanmill top` */

/* The ledger is home and up to date. */
static void answer_questions(struct state *state)
{
    struct sm_bytes text = {0};
    sm_ledger_summarize(state->ledger, state->component->id, &text);
    for (size_t i = 0; i < state->questions.count; i++)
        sm_snapshot_answer(state->questions.items[i], sm_bytes_slice(&text));
    state->questions.count = 0;
    sm_bytes_deinit(&text);
}

static void begin_due(struct state *state);

static void take_question(struct sm_worker *worker, void *context)
{
    struct question *question = context;
    struct state *state = question->state;
    (void)worker;
    *SM_LIST_ADD(&state->questions) = question->question;
    free(question);
    if (state->round == ROUND_NONE)
        begin_due(state);
}

static void ask(struct sm_snapshot_question *asked, void *context)
{
    struct state *state = context;
    struct question *question = sm_alloc(1, sizeof(*question));
    *question = (struct question){.state = state, .question = asked};
    sm_worker_post(home_of(state), take_question, question);
}

/* ---- what comes next */

static void begin_due(struct state *state)
{
    if (state->is_stopping && state->keeper && !state->has_saved_last) {
        state->has_saved_last = true;
        send_round(state, ROUND_LAST);
    } else if (state->is_stopping) {
        sm_component_stopped(state->component);
    } else if (state->is_due) {
        state->is_due = false;
        send_round(state, ROUND_EXPORT);
    } else if (state->questions.count) {
        send_round(state, ROUND_LOOK);
    }
}

static void end_round(struct sm_worker *worker, void *context)
{
    struct state *state = context;
    enum round_kind ended = state->round;
    state->round = ROUND_NONE;
    if (ended == ROUND_SWEEP)
        sm_ledger_sweep(state->ledger);
    else if (ended == ROUND_LAST)
        save_ledger(state);
    else if (ended == ROUND_LOOK)
        answer_questions(state);
    else if (!state->is_stopping)
        export_ledger(state, worker);
    if (state->round == ROUND_NONE)
        begin_due(state);
}

static void flush_interval_passed(struct sm_worker *worker, void *context)
{
    struct state *state = context;
    (void)worker;
    state->is_due = true;
    if (state->round == ROUND_NONE)
        begin_due(state);
}

/* ---- the component */

static bool span_metrics_create(struct sm_component *component, struct sm_error *error)
{
    (void)error;
    struct state *state = sm_alloc(1, sizeof(*state));
    state->component = component;
    component->state = state;
    return true;
}

/* What could not be read is not written over when this is stopped. */
static bool give_up_storage(struct state *state)
{
    sm_keeper_close(state->keeper);
    state->keeper = NULL;
    return false;
}

/* What is known only once the storage is there. */
static bool span_metrics_start(struct sm_component *component, struct sm_error *error)
{
    struct state *state = component->state;
    const struct sm_span_metrics_options *options = component->options;
    char instance[256];
    sm_uuid_make(SM_UUID_RANDOM, instance);
    const char *given = given_instance(component);
    if (*options->storage) {
        state->keeper = sm_keeper_open(component, options->storage, error);
        if (!state->keeper)
            return sm_error_blame(error, &options->storage);
        if (!sm_keeper_instance(state->keeper, instance, instance, error))
            return give_up_storage(state);
    }
    state->settings = sm_span_metrics_settings_create(options, given ? given : instance, &state->arena);
    state->ledger = sm_ledger_create(state->settings);
    state->ledger->is_kept = state->keeper != NULL;
    unsigned worker_count = sm_workers_count(component->workers);
    state->turns = sm_alloc(worker_count, sizeof(*state->turns));
    state->first_ns = sm_alloc(worker_count, sizeof(*state->first_ns));
    if (state->keeper && !sm_keeper_restore(state->keeper, state->ledger, error))
        return give_up_storage(state);
    state->source = sm_snapshot_source_add(ask, state);
    return true;
}

static void *span_metrics_worker_create(struct sm_component *component, struct sm_worker *worker)
{
    struct state *state = component->state;
    if (worker == home_of(state)) {
        state->timer = sm_timer_create(worker, flush_interval_passed, state);
        sm_timer_arm(state->timer, (uint64_t)state->settings->options->metrics_flush_interval_ns, true);
    }
    return sm_series_shard_create(state->settings, sm_workers_count(component->workers) == 1);
}

static void span_metrics_worker_free(struct sm_component *component, struct sm_worker *worker, void *local)
{
    struct state *state = component->state;
    if (worker == home_of(state))
        sm_timer_free(state->timer);
    sm_series_shard_free(local);
}

static void span_metrics_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    struct state *state = component->state;
    atomic_uint_least64_t *first_ns = &state->first_ns[sm_worker_index(worker)];
    uint64_t now_ns = sm_clock_wall_ns();
    if (atomic_load_explicit(first_ns, memory_order_relaxed) == 0)
        atomic_store_explicit(first_ns, now_ns, memory_order_relaxed);
    sm_series_shard_add(sm_component_local(component, worker), batch, now_ns);
    sm_batch_accept(batch, worker);
}

static void stop_at_home(struct sm_worker *worker, void *context)
{
    struct state *state = context;
    (void)worker;
    state->is_stopping = true;
    if (state->timer)
        sm_timer_disarm(state->timer);
    if (state->round == ROUND_NONE)
        begin_due(state);
}

/* No question is open any more. */
static void source_removed(void *context)
{
    struct state *state = context;
    sm_worker_post(home_of(state), stop_at_home, state);
}

static void span_metrics_stop(struct sm_component *component)
{
    struct state *state = component->state;
    if (state->source)
        sm_snapshot_source_remove(state->source, source_removed, state);
    else
        source_removed(state);
}

static void span_metrics_free(struct sm_component *component)
{
    struct state *state = component->state;
    if (state->ledger)
        sm_ledger_free(state->ledger);
    sm_keeper_close(state->keeper);
    SM_LIST_CLEAR(&state->questions);
    free(state->turns);
    free(state->first_ns);
    sm_arena_deinit(&state->arena);
    free(state);
}

static const char *const old_names[] = {"spanmetrics", NULL};

const struct sm_component_type sm_connector_span_metrics = {
    .kind = SM_CONNECTOR,
    .name = "span_metrics",
    .old_names = old_names,
    .help = "Counts spans, their errors and durations (and events) by service, operation and chosen attributes.",
    .signals = SM_SIGNAL_TRACES,
    .gives = {[SM_TRACES] = SM_SIGNAL_METRICS},
    .stability = {[SM_TRACES] = SM_STABILITY_ALPHA},
    .shared = true,
    .options = sm_span_metrics_option_table,
    .options_size = sizeof(struct sm_span_metrics_options),
    .validate = sm_span_metrics_validate,
    .create = span_metrics_create,
    .start = span_metrics_start,
    .worker_create = span_metrics_worker_create,
    .worker_free = span_metrics_worker_free,
    .consume = span_metrics_consume,
    .stop = span_metrics_stop,
    .free = span_metrics_free,
};
