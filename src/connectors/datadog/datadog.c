/* datadog.c - the connector `datadog`: Datadog's APM statistics of every span, and the spans themselves passed on.
 *
 *     traces to traces     batches go on as they are
 *     traces to metrics    each worker counts into its own concentrator (counter.h; legacy.h with a feature gate off) and accepts the batch; the home
 * worker, the last one, has a timer every bucket_interval that sends a harvest from worker to worker, each of which puts its due buckets in; when it
 * is back they become one payload, which is sent as the one attribute of a metric that the exporter `datadog` understands
 *
 * What is still open at the end is sent then. Rounds do not overlap: what comes due during one is done when it ends.
 * Source: opentelemetry-collector-contrib connector/datadogconnector v0.115.0; opentelemetry-mapping-go pkg/otlp/metrics/statspayload.go. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "config/gates.h"
#include "connectors/datadog/counter.h"
#include "connectors/datadog/legacy.h"
#include "datadog/stats_batch.h"
#include "pipeline/component.h"
#include "pipeline/delivery.h"
#include "pipeline/worker.h"

/* Immutable after start but for what is marked. */
struct state {
    struct sm_arena arena; /* holds the plan */
    const struct sm_stats_plan *plan;
    struct sm_legacy_stats *legacy; /* owned; NULL: spans are counted in their OTLP form */
    struct sm_component *component;
    struct sm_stats_harvest harvest; /* with whoever has the round */
    int64_t round_ns;                /* wall clock of the round; with it */
    bool is_last_round;              /* takes everything; with it */
    unsigned next_worker;            /* with it */
    /* Home worker only. */
    struct sm_timer *timer;
    uint64_t random;
    bool is_under_way, is_due, is_stopping, is_done;
};

static struct sm_worker *home_of(const struct state *state)
{
    return sm_workers_get(state->component->workers, sm_workers_count(state->component->workers) - 1);
}

/* ---- the payload */

/* From 0 up to 1 (splitmix64). */
static double next_random(void *context)
{
    struct state *state = context;
    uint64_t z = state->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static struct sm_batch *make_batch(struct state *state)
{
    struct sm_arena scratch = SM_ARENA_INIT;
    struct sm_stats_payload payload = {.agent_env = SM_SLICE("none"),
                                       .agent_hostname = state->legacy ? SM_SLICE(SM_LEGACY_STATS_HOSTNAME) : (struct sm_slice){0}};
    sm_stats_harvest_payload(&state->harvest, next_random, state, &scratch, &payload);
    struct sm_batch *batch = sm_stats_batch(&payload);
    sm_arena_deinit(&scratch);
    return batch;
}

/* ---- rounds */

static void visit_worker(struct sm_worker *worker, void *context);

static void begin_due(struct state *state)
{
    if (state->is_done) {
        sm_component_stopped(state->component);
        return;
    }
    if (!state->is_due && !state->is_stopping)
        return;
    state->is_due = false;
    state->is_under_way = true;
    state->is_last_round = state->is_stopping;
    state->round_ns = (int64_t)sm_clock_wall_ns();
    state->next_worker = 0;
    sm_worker_post(sm_workers_get(state->component->workers, state->next_worker++), visit_worker, state);
}

/* On the home worker. */
static void end_round(struct sm_worker *worker, void *context)
{
    struct state *state = context;
    struct sm_batch *batch = make_batch(state);
    sm_stats_harvest_clear(&state->harvest);
    if (batch)
        sm_component_forward(state->component, worker, batch);
    state->is_under_way = false;
    state->is_done = state->is_last_round;
    begin_due(state);
}

/* On each worker in turn. */
static void visit_worker(struct sm_worker *worker, void *context)
{
    struct state *state = context;
    struct sm_concentrator *concentrator = sm_stats_counter_concentrator(sm_component_local(state->component, worker));
    sm_concentrator_take(concentrator, state->round_ns, state->is_last_round, &state->harvest);
    if (state->next_worker < sm_workers_count(state->component->workers))
        sm_worker_post(sm_workers_get(state->component->workers, state->next_worker++), visit_worker, state);
    else
        sm_worker_post(home_of(state), end_round, state);
}

static void interval_passed(struct sm_worker *worker, void *context)
{
    struct state *state = context;
    (void)worker;
    state->is_due = true;
    if (!state->is_under_way)
        begin_due(state);
}

/* ---- the component */

static bool counts(const struct sm_component *component)
{
    return component->output_signal == SM_METRICS;
}

static bool datadog_create(struct sm_component *component, struct sm_error *error)
{
    struct state *state = sm_alloc(1, sizeof(*state));
    component->state = state;
    state->component = component;
    state->random = sm_hash_secret() ^ sm_clock_wall_ns();
    state->plan = sm_stats_plan_create(component->options, &state->arena);
    if (sm_gate_is_on(SM_GATE_DATADOG_NATIVE_INGEST))
        return true;
    state->legacy = sm_legacy_stats_create(component->options, sm_stats_plan_peer_tags(state->plan), error);
    return state->legacy != NULL;
}

static void *datadog_worker_create(struct sm_component *component, struct sm_worker *worker)
{
    struct state *state = component->state;
    if (!counts(component))
        return NULL;
    if (worker == home_of(state)) {
        state->timer = sm_timer_create(worker, interval_passed, state);
        sm_timer_arm(state->timer, (uint64_t)sm_datadog_connector_interval_ns(component->options), true);
    }
    return sm_stats_counter_create(state->plan, (int64_t)sm_clock_wall_ns());
}

static void datadog_worker_free(struct sm_component *component, struct sm_worker *worker, void *local)
{
    struct state *state = component->state;
    if (worker == home_of(state))
        sm_timer_free(state->timer);
    sm_stats_counter_free(local);
}

static void datadog_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    if (!counts(component)) {
        sm_component_forward(component, worker, batch);
        return;
    }
    struct state *state = component->state;
    struct sm_stats_counter *counter = sm_component_local(component, worker);
    if (state->legacy)
        sm_legacy_stats_count(state->legacy, sm_stats_counter_concentrator(counter), batch);
    else
        sm_stats_counter_add(counter, batch);
    sm_batch_accept(batch, worker);
}

static void stop_at_home(struct sm_worker *worker, void *context)
{
    struct state *state = context;
    (void)worker;
    state->is_stopping = true;
    if (!state->timer) {
        sm_component_stopped(state->component);
        return;
    }
    sm_timer_disarm(state->timer);
    if (!state->is_under_way)
        begin_due(state);
}

static void datadog_stop(struct sm_component *component)
{
    sm_worker_post(home_of(component->state), stop_at_home, component->state);
}

static void datadog_free(struct sm_component *component)
{
    struct state *state = component->state;
    sm_stats_harvest_clear(&state->harvest);
    sm_legacy_stats_free(state->legacy);
    sm_arena_deinit(&state->arena);
    free(state);
}

const struct sm_component_type sm_connector_datadog = {
    .kind = SM_CONNECTOR,
    .name = "datadog",
    .help = "Counts spans, their errors and durations as Datadog's APM statistics, for the exporter `datadog`, and passes the spans on.",
    .signals = SM_SIGNAL_TRACES,
    .gives = {[SM_TRACES] = SM_SIGNAL_METRICS | SM_SIGNAL_TRACES},
    .stability = {[SM_TRACES] = SM_STABILITY_BETA},
    .options = sm_datadog_connector_option_table,
    .options_size = sizeof(struct sm_datadog_connector_options),
    .validate = sm_datadog_connector_validate,
    .create = datadog_create,
    .worker_create = datadog_worker_create,
    .worker_free = datadog_worker_free,
    .consume = datadog_consume,
    .stop = datadog_stop,
    .free = datadog_free,
};
