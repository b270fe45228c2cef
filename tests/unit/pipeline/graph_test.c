/* Building, running and stopping graphs of fake components. */
#include "pipeline/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "pipeline/component.h"
#include "pipeline/delivery.h"
#include "pipeline/own_metrics.h"
#include "pipeline/worker.h"
#include "telemetry/numbered_spans.h"

/* What happened to the components, in order: "start:x stop:x …". Main worker only. */
static struct sm_bytes events;
static atomic_uint local_count; /* per-worker states alive */

static void note(const char *what, const struct sm_component *component)
{
    sm_bytes_printf(&events, "%s:%s ", what, component->id);
}

static void expect_events(const char *expected)
{
    assert_string_equal(sm_bytes_cstr(&events), expected);
    sm_bytes_deinit(&events);
}

static bool note_start(struct sm_component *component, struct sm_error *error)
{
    note("start", component);
    return strcmp(component->id, "bad") != 0 || sm_error_set(error, SM_ERROR_IO, "no port");
}

static void note_stop(struct sm_component *component)
{
    note("stop", component);
    sm_component_stopped(component);
}

static void stop_never_ends(struct sm_component *component)
{
    note("stop", component);
}

static void *make_local(struct sm_component *component, struct sm_worker *worker)
{
    (void)component;
    sm_worker_assert(worker);
    atomic_fetch_add(&local_count, 1);
    return worker;
}

static void free_local(struct sm_component *component, struct sm_worker *worker, void *local)
{
    (void)component;
    assert_ptr_equal(local, worker);
    atomic_fetch_sub(&local_count, 1);
}

/* What the exporters were given, by number in their id: "e0". */
struct seen {
    struct sm_batch *batch; /* as a number: may be gone */
    size_t item_count;
    unsigned count;
};
static struct seen seen[3];

static void see(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    assert_ptr_equal(sm_component_local(component, worker), worker);
    struct seen *own = &seen[component->id[1] - '0'];
    own->batch = batch;
    own->item_count = batch->item_count;
    own->count++;
    if (strcmp(component->id, "e2") == 0) {
        struct sm_outcome outcome = sm_outcome_retry("e2 is full");
        sm_batch_finish(batch, worker, &outcome);
        return;
    }
    sm_batch_accept(batch, worker);
}

static void drop_first_span(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    assert_false(sm_batch_is_shared(batch));
    batch->groups[0].scopes[0].spans[0].dropped = true;
    sm_batch_recount(batch);
    sm_component_forward(component, worker, batch);
}

static const struct sm_component_type receiver = {.kind = SM_RECEIVER, .name = "r", .signals = SM_SIGNAL_ALL, .start = note_start, .stop = note_stop};
static const struct sm_component_type dropper = {.kind = SM_PROCESSOR,
                                                 .name = "p",
                                                 .signals = SM_SIGNAL_ALL,
                                                 .mutates = true,
                                                 .counts_items = true,
                                                 .start = note_start,
                                                 .stop = note_stop,
                                                 .consume = drop_first_span};
static const struct sm_component_type forward = {.kind = SM_CONNECTOR,
                                                 .name = "c",
                                                 .signals = SM_SIGNAL_TRACES,
                                                 .gives = {[SM_TRACES] = SM_SIGNAL_TRACES},
                                                 .start = note_start,
                                                 .stop = note_stop,
                                                 .consume = sm_component_forward};
static const struct sm_component_type exporter = {.kind = SM_EXPORTER,
                                                  .name = "e",
                                                  .signals = SM_SIGNAL_ALL,
                                                  .start = note_start,
                                                  .stop = note_stop,
                                                  .worker_create = make_local,
                                                  .worker_free = free_local,
                                                  .consume = see};
static const struct sm_component_type hanging = {
    .kind = SM_EXPORTER, .name = "h", .signals = SM_SIGNAL_ALL, .start = note_start, .stop = stop_never_ends, .consume = see};

static const struct sm_graph_component r = {.type = &receiver, .id = "r"}, p = {.type = &dropper, .id = "p"}, c = {.type = &forward, .id = "c"},
                                       e0 = {.type = &exporter, .id = "e0"}, e1 = {.type = &exporter, .id = "e1"},
                                       e2 = {.type = &exporter, .id = "e2"}, h = {.type = &hanging, .id = "h"},
                                       bad = {.type = &receiver, .id = "bad"};

#define LIST(...)                                                                                                                                    \
    (const struct sm_graph_component *const[])                                                                                                       \
    {                                                                                                                                                \
        __VA_ARGS__                                                                                                                                  \
    }

static struct sm_workers *new_workers(void)
{
    struct sm_error error = {0};
    struct sm_workers *workers = sm_workers_create(2, &error);
    assert_non_null(workers);
    sm_workers_start(workers);
    return workers;
}

struct stopping {
    struct sm_workers *workers;
    bool is_done, is_drained;
};

static void note_stopped(void *context, bool is_drained)
{
    struct stopping *stopping = context;
    stopping->is_done = true;
    stopping->is_drained = is_drained;
    sm_workers_stop_main(stopping->workers);
}

static bool stop(struct sm_graph *graph, struct sm_workers *workers, uint64_t limit_ns)
{
    struct stopping stopping = {.workers = workers};
    sm_graph_stop(graph, limit_ns, note_stopped, &stopping);
    assert_false(stopping.is_done);
    sm_workers_run_main(workers);
    assert_true(stopping.is_done);
    return stopping.is_drained;
}

#define LIMIT_NS UINT64_C(60000000000)

/* ---- */

static const struct sm_graph_pipeline chained[] = {
    {.id = "traces/in",
     .receivers = (const struct sm_graph_component *const[]){&r},
     .receiver_count = 1,
     .exporters = (const struct sm_graph_component *const[]){&c, &e0},
     .exporter_count = 2},
    {.id = "traces/out",
     .receivers = (const struct sm_graph_component *const[]){&c},
     .receiver_count = 1,
     .processors = (const struct sm_graph_component *const[]){&p},
     .processor_count = 1,
     .exporters = (const struct sm_graph_component *const[]){&e1},
     .exporter_count = 1},
};

static void starts_from_exporters_to_receivers_and_stops_the_other_way_round(void **state)
{
    (void)state;
    struct sm_workers *workers = new_workers();
    const struct sm_graph_plan plan = {.pipelines = chained, .pipeline_count = 2};
    struct sm_error error = {0};
    struct sm_graph *graph = sm_graph_create(workers, &plan, NULL, &error);
    assert_non_null(graph);
    assert_int_equal(sm_graph_ready_since_ns(graph), 0);
    assert_true(sm_graph_start(graph, NULL, &error));
    assert_int_not_equal(sm_graph_ready_since_ns(graph), 0);
    assert_int_equal(atomic_load(&local_count), 2 * 2);
    expect_events("start:e0 start:e1 start:p start:c start:r ");
    assert_true(stop(graph, workers, LIMIT_NS));
    assert_int_equal(sm_graph_ready_since_ns(graph), 0);
    expect_events("stop:r stop:c stop:p stop:e1 stop:e0 ");
    sm_graph_free(graph);
    assert_int_equal(atomic_load(&local_count), 0);
    sm_workers_free(workers);
}

struct receipt {
    struct sm_component *receiver;
    struct sm_batch *batch;
    struct sm_outcome outcome;
    struct sm_workers *workers;
};

static void note_receipt(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    struct receipt *receipt = context;
    sm_worker_assert(worker);
    receipt->outcome = *outcome;
    sm_workers_stop_main(receipt->workers);
}

static void deliver(struct sm_worker *worker, void *context)
{
    struct receipt *receipt = context;
    sm_receiver_deliver(receipt->receiver, worker, "http", receipt->batch, note_receipt, receipt);
}

static struct sm_outcome send_through(struct sm_graph *graph, struct sm_workers *workers, struct sm_batch *batch)
{
    struct receipt receipt = {.receiver = sm_graph_component_at(graph, sm_graph_component_count(graph) - 1), .batch = batch, .workers = workers};
    sm_worker_post(sm_workers_get(workers, 1), deliver, &receipt);
    sm_workers_run_main(workers);
    return receipt.outcome;
}

static void a_copy_is_changed_when_others_read_the_batch(void **state)
{
    (void)state;
    struct sm_workers *workers = new_workers();
    const struct sm_graph_plan plan = {.pipelines = chained, .pipeline_count = 2};
    struct sm_error error = {0};
    struct sm_graph *graph = sm_graph_create(workers, &plan, NULL, &error);
    assert_true(sm_graph_start(graph, NULL, &error));
    memset(seen, 0, sizeof(seen));
    struct sm_batch *batch = numbered_spans(0, 3);
    assert_int_equal(send_through(graph, workers, batch).kind, SM_ACCEPTED);
    assert_int_equal(seen[0].item_count, 3);
    assert_ptr_equal(seen[0].batch, batch);
    assert_int_equal(seen[1].item_count, 2);
    assert_true(stop(graph, workers, LIMIT_NS));
    sm_graph_free(graph);
    sm_bytes_deinit(&events);
    sm_workers_free(workers);
}

static void readers_share_the_batch_and_the_worst_outcome_is_answered(void **state)
{
    (void)state;
    struct sm_workers *workers = new_workers();
    const struct sm_graph_pipeline pipeline = {
        .id = "traces", .receivers = LIST(&r), .receiver_count = 1, .exporters = LIST(&e0, &e1, &e2), .exporter_count = 3};
    const struct sm_graph_plan plan = {.pipelines = &pipeline, .pipeline_count = 1};
    struct sm_error error = {0};
    struct sm_graph *graph = sm_graph_create(workers, &plan, NULL, &error);
    assert_true(sm_graph_start(graph, NULL, &error));
    memset(seen, 0, sizeof(seen));
    struct sm_outcome outcome = send_through(graph, workers, numbered_spans(0, 3));
    assert_int_equal(outcome.kind, SM_RETRY);
    assert_string_equal(outcome.reason, "e2 is full");
    assert_ptr_equal(seen[0].batch, seen[1].batch);
    assert_int_equal(seen[2].count, 1);
    assert_true(stop(graph, workers, LIMIT_NS));
    sm_graph_free(graph);
    sm_bytes_deinit(&events);
    sm_workers_free(workers);
}

static void when_all_change_the_last_gets_the_batch_itself(void **state)
{
    (void)state;
    struct sm_workers *workers = new_workers();
    const struct sm_graph_pipeline pipelines[] = {
        {.id = "traces/0",
         .receivers = LIST(&r),
         .receiver_count = 1,
         .processors = LIST(&p),
         .processor_count = 1,
         .exporters = LIST(&e0),
         .exporter_count = 1},
        {.id = "traces/1",
         .receivers = LIST(&r),
         .receiver_count = 1,
         .processors = LIST(&p),
         .processor_count = 1,
         .exporters = LIST(&e1),
         .exporter_count = 1},
    };
    const struct sm_graph_plan plan = {.pipelines = pipelines, .pipeline_count = 2};
    struct sm_error error = {0};
    struct sm_graph *graph = sm_graph_create(workers, &plan, NULL, &error);
    assert_true(sm_graph_start(graph, NULL, &error));
    memset(seen, 0, sizeof(seen));
    struct sm_batch *batch = numbered_spans(0, 3);
    assert_int_equal(send_through(graph, workers, batch).kind, SM_ACCEPTED);
    assert_ptr_not_equal(seen[0].batch, batch);
    assert_ptr_equal(seen[1].batch, batch);
    assert_int_equal(seen[0].item_count, 2);
    assert_int_equal(seen[1].item_count, 2);
    assert_true(stop(graph, workers, LIMIT_NS));
    sm_graph_free(graph);
    sm_bytes_deinit(&events);
    sm_workers_free(workers);
}

static void a_circle_is_refused(void **state)
{
    (void)state;
    struct sm_workers *workers = new_workers();
    const struct sm_graph_pipeline pipelines[] = {
        {.id = "traces/a", .receivers = LIST(&r, &c), .receiver_count = 2, .exporters = LIST(&c), .exporter_count = 1},
    };
    const struct sm_graph_plan plan = {.pipelines = pipelines, .pipeline_count = 1};
    struct sm_error error = {0};
    assert_null(sm_graph_create(workers, &plan, NULL, &error));
    assert_string_equal(error.text, "cycle detected: pipeline \"traces/a\" feeds itself through connectors");
    sm_workers_free(workers);
}

static void what_had_started_is_stopped_when_a_start_fails(void **state)
{
    (void)state;
    struct sm_workers *workers = new_workers();
    const struct sm_graph_pipeline pipeline = {
        .id = "traces", .receivers = LIST(&bad, &r), .receiver_count = 2, .exporters = LIST(&e0), .exporter_count = 1};
    const struct sm_graph_plan plan = {.pipelines = &pipeline, .pipeline_count = 1};
    struct sm_error error = {0};
    struct sm_graph *graph = sm_graph_create(workers, &plan, NULL, &error);
    assert_false(sm_graph_start(graph, NULL, &error));
    assert_string_equal(error.text, "failed to start \"bad\" receiver: no port");
    assert_true(stop(graph, workers, LIMIT_NS));
    expect_events("start:e0 start:bad stop:bad stop:e0 ");
    sm_graph_free(graph);
    sm_workers_free(workers);
}

static void what_does_not_drain_is_left_after_the_limit(void **state)
{
    (void)state;
    struct sm_workers *workers = new_workers();
    const struct sm_graph_pipeline pipeline = {
        .id = "traces", .receivers = LIST(&r), .receiver_count = 1, .exporters = LIST(&h, &e0), .exporter_count = 2};
    const struct sm_graph_plan plan = {.pipelines = &pipeline, .pipeline_count = 1};
    struct sm_error error = {0};
    struct sm_graph *graph = sm_graph_create(workers, &plan, NULL, &error);
    assert_true(sm_graph_start(graph, NULL, &error));
    assert_false(stop(graph, workers, 1000000));
    expect_events("start:h start:e0 start:r stop:r stop:e0 stop:h ");
    /* Nothing can use it in this test. */
    sm_graph_free(graph);
    sm_workers_free(workers);
}

static void a_graph_that_never_started_stops_and_is_freed(void **state)
{
    (void)state;
    struct sm_workers *workers = new_workers();
    const struct sm_graph_plan plan = {.pipelines = chained, .pipeline_count = 2};
    struct sm_error error = {0};
    struct sm_graph *graph = sm_graph_create(workers, &plan, NULL, &error);
    assert_true(stop(graph, workers, LIMIT_NS));
    sm_graph_free(graph);
    sm_graph_free(sm_graph_create(workers, &plan, NULL, &error));
    expect_events("");
    sm_workers_free(workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_from_exporters_to_receivers_and_stops_the_other_way_round),
        cmocka_unit_test(a_copy_is_changed_when_others_read_the_batch),
        cmocka_unit_test(readers_share_the_batch_and_the_worst_outcome_is_answered),
        cmocka_unit_test(when_all_change_the_last_gets_the_batch_itself),
        cmocka_unit_test(a_circle_is_refused),
        cmocka_unit_test(what_had_started_is_stopped_when_a_start_fails),
        cmocka_unit_test(what_does_not_drain_is_left_after_the_limit),
        cmocka_unit_test(a_graph_that_never_started_stops_and_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
