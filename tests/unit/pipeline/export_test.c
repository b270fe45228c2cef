/* The chain around an exporter, with a send that answers as the test wants. */
#include "pipeline/export.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pipeline/component.h"
#include "pipeline/delivery.h"
#include "pipeline/export_chain.h"
#include "pipeline/worker.h"
#include "telemetry/numbered_spans.h"

enum { WORKERS = 2, SENT_MAX = 64 };

/* What the next hop does. Sends of one worker at a time unless said otherwise. */
static struct {
    struct sm_workers *workers;
    _Atomic(struct sm_export *) held; /* with `holds`: the send that is not answered */
    _Atomic(struct sm_worker *) held_by;
    atomic_bool holds, is_stopped;
    atomic_uint failures_left; /* answers that ask to try again */
    enum sm_outcome_kind failure;
    atomic_uint sends, items; /* answered with success */
    size_t sizes[SENT_MAX];
    atomic_uint answered, accepted; /* deliveries */
    atomic_uint refused;
    atomic_uint wanted; /* deliveries or successful items after which the main loop ends */
    atomic_bool wants_items;
    struct sm_outcome last;
} hop;

static void look_whether_done(void)
{
    unsigned seen = hop.wants_items ? atomic_load(&hop.items) : atomic_load(&hop.answered);
    if (hop.wanted && seen >= hop.wanted)
        sm_workers_stop_main(hop.workers);
}

static bool take_failure(void)
{
    unsigned left = atomic_load(&hop.failures_left);
    while (left > 0 && !atomic_compare_exchange_weak(&hop.failures_left, &left, left - 1))
        continue;
    return left > 0;
}

static void succeed(struct sm_export *request, struct sm_worker *worker)
{
    unsigned index = atomic_fetch_add(&hop.sends, 1);
    if (index < SENT_MAX)
        hop.sizes[index] = request->batch->item_count;
    atomic_fetch_add(&hop.items, (unsigned)request->batch->item_count);
    sm_export_done(request, worker, &SM_OUTCOME_ACCEPTED);
    look_whether_done();
}

static void fake_send(struct sm_component *component, struct sm_worker *worker, struct sm_export *request)
{
    (void)component;
    if (hop.holds) {
        hop.held = request;
        hop.held_by = worker;
        sm_workers_stop_main(hop.workers);
        return;
    }
    if (take_failure()) {
        struct sm_outcome outcome = hop.failure == SM_RETRY ? sm_outcome_retry("not now") : sm_outcome_reject("never");
        sm_export_done(request, worker, &outcome);
        return;
    }
    succeed(request, worker);
}

static void stop_loop(struct sm_component *component)
{
    hop.is_stopped = true;
    sm_workers_stop_main(component->workers);
}

static const struct sm_component_type fake_type = {
    .kind = SM_EXPORTER, .name = "fake", .signals = SM_SIGNAL_ALL, .send = fake_send, .stop = stop_loop};

static struct sm_export_options preset_options(void)
{
    struct sm_export_options options;
    struct sm_arena arena = SM_ARENA_INIT;
    sm_options_fill_defaults(sm_export_option_table, &options, sizeof(options), &arena);
    sm_arena_deinit(&arena);
    options.sending_queue.storage = "";
    options.retry_on_failure.initial_interval_ns = 100000;
    options.retry_on_failure.max_interval_ns = 1000000;
    return options;
}

static struct sm_component start(const struct sm_export_options *options)
{
    struct sm_error error = {0};
    memset(&hop, 0, sizeof(hop));
    hop.failure = SM_RETRY;
    hop.workers = sm_workers_create(WORKERS, &error);
    assert_non_null(hop.workers);
    sm_workers_start(hop.workers);
    return (struct sm_component){
        .type = &fake_type, .id = "fake", .options = options, .workers = hop.workers, .logger = {.kind = "exporter", .id = "fake"}};
}

static void begin(struct sm_component *component)
{
    struct sm_error error = {0};
    assert_true(sm_export_chain_create(component, &error));
    assert_true(sm_export_chain_start(component, &error));
}

static void end(struct sm_component *component)
{
    hop.wanted = 0;
    sm_export_chain_stop(component);
    while (!hop.is_stopped) /* an earlier wake-up may be left */
        sm_workers_run_main(hop.workers);
    sm_export_chain_free(component);
    sm_workers_free(hop.workers);
}

struct input {
    struct sm_component *component;
    struct sm_batch *batch;
};

static void on_delivered(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    (void)worker;
    (void)context;
    if (outcome->kind == SM_ACCEPTED)
        atomic_fetch_add(&hop.accepted, 1);
    else
        hop.last = *outcome;
    atomic_fetch_add(&hop.answered, 1);
    if (!hop.wants_items)
        look_whether_done();
}

static void consume(struct sm_worker *worker, void *context)
{
    struct input *input = context;
    input->batch->delivery = sm_delivery_create(worker, on_delivered, NULL);
    sm_export_chain_consume(input->component, worker, input->batch);
    free(input);
}

static void offer(struct sm_component *component, unsigned worker, unsigned items)
{
    struct input *input = malloc(sizeof(*input));
    assert_non_null(input);
    *input = (struct input){.component = component, .batch = numbered_spans(0, items)};
    sm_worker_post(sm_workers_get(hop.workers, worker), consume, input);
}

static void run_until(unsigned deliveries)
{
    hop.wanted = deliveries;
    while (atomic_load(&hop.answered) < deliveries)
        sm_workers_run_main(hop.workers);
}

static void run_until_sent(unsigned items)
{
    hop.wanted = items;
    hop.wants_items = true;
    while (atomic_load(&hop.items) < items)
        sm_workers_run_main(hop.workers);
}

/* ---- */

static void without_a_queue_the_sender_learns_how_sending_ended(void **state)
{
    (void)state;
    struct sm_export_options options = preset_options();
    options.sending_queue.enabled = false;
    struct sm_component component = start(&options);
    begin(&component);
    atomic_store(&hop.failures_left, 2);
    offer(&component, 0, 3);
    run_until(1);
    assert_int_equal(atomic_load(&hop.accepted), 1);
    assert_int_equal(atomic_load(&hop.items), 3);
    hop.failure = SM_REJECTED;
    atomic_store(&hop.failures_left, 1);
    offer(&component, 1, 3);
    run_until(2);
    assert_int_equal(hop.last.kind, SM_REJECTED);
    assert_string_equal(hop.last.reason, "not retryable error: Permanent error: never");
    end(&component);
}

static void gives_up_after_the_elapsed_time(void **state)
{
    (void)state;
    struct sm_export_options options = preset_options();
    options.sending_queue.enabled = false;
    options.retry_on_failure.max_elapsed_time_ns = 1;
    struct sm_component component = start(&options);
    begin(&component);
    atomic_store(&hop.failures_left, 1);
    offer(&component, 0, 1);
    run_until(1);
    assert_int_equal(hop.last.kind, SM_RETRY);
    assert_string_equal(hop.last.reason, "no more retries left: not now");
    end(&component);
}

static void release_held(struct sm_worker *worker, void *context)
{
    (void)context;
    struct sm_export *held = hop.held;
    hop.holds = false;
    succeed(held, worker);
}

static void counts_what_is_under_way_in_the_queue(void **state)
{
    (void)state;
    struct sm_export_options options = preset_options();
    options.sending_queue.num_consumers = 1;
    options.sending_queue.queue_size = 2;
    struct sm_component component = start(&options);
    begin(&component);
    hop.holds = true;
    offer(&component, 0, 1);
    sm_workers_run_main(hop.workers); /* the first is under way */
    offer(&component, 0, 1);
    offer(&component, 0, 1);
    run_until(3);
    assert_int_equal(atomic_load(&hop.accepted), 2);
    assert_int_equal(hop.last.kind, SM_RETRY);
    assert_string_equal(hop.last.reason, "sending queue is full");
    sm_worker_post(hop.held_by, release_held, NULL);
    run_until_sent(2);
    end(&component);
    assert_int_equal(atomic_load(&hop.items), 2);
}

static void sends_what_the_queue_holds_before_it_ends(void **state)
{
    (void)state;
    struct sm_export_options options = preset_options();
    struct sm_component component = start(&options);
    begin(&component);
    for (unsigned i = 0; i < 40; i++)
        offer(&component, i % WORKERS, 5);
    run_until(40);
    end(&component);
    assert_int_equal(atomic_load(&hop.items), 200);
}

static void puts_requests_together_and_cuts_large_ones(void **state)
{
    (void)state;
    static const struct {
        int64_t min_size, max_size;
        unsigned offers[4];
        size_t sends[4];
    } rows[] = {
        {.min_size = 10, .max_size = 0, .offers = {4, 4, 4}, .sends = {12}},
        {.min_size = 4, .max_size = 4, .offers = {10, 2}, .sends = {4, 4, 4}},
        {.min_size = 3, .max_size = 5, .offers = {2, 9}, .sends = {5, 5, 1}},
        {.min_size = 0, .max_size = 3, .offers = {7}, .sends = {3, 3, 1}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_export_options options = preset_options();
        struct sm_export_batch_options batch = {.enabled = true,
                                                .flush_timeout_ns = 100 * SM_NS_PER_MS,
                                                .sizer = SM_SIZER_ITEMS,
                                                .min_size = rows[i].min_size,
                                                .max_size = rows[i].max_size};
        options.sending_queue.batch = &batch;
        options.sending_queue.num_consumers = 1;
        struct sm_component component = start(&options);
        begin(&component);
        unsigned total = 0;
        for (size_t j = 0; rows[i].offers[j]; j++) {
            offer(&component, 0, rows[i].offers[j]);
            total += rows[i].offers[j];
        }
        run_until_sent(total);
        for (size_t j = 0; j < 4; j++)
            assert_int_equal(hop.sizes[j], rows[i].sends[j]);
        end(&component);
    }
}

/* A request of more than SM_EXPORT_PACE_BYTES is answered late; whoever sends the next one as soon as it is told, as the batch processor does, is
 * told again. */
enum { LARGE_SPAN_COUNT = 400000, LARGE_COUNT = 5 };

static void send_large(struct sm_component *component, struct sm_worker *worker);

static void on_large_delivered(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    assert_int_equal(outcome->kind, SM_ACCEPTED);
    if (atomic_load(&hop.answered) + 1 < LARGE_COUNT)
        send_large(context, worker);
    atomic_fetch_add(&hop.answered, 1);
    look_whether_done();
}

static void send_large(struct sm_component *component, struct sm_worker *worker)
{
    struct sm_batch *batch = numbered_spans(0, LARGE_SPAN_COUNT);
    assert_true(sm_batch_encoded_size(batch) > SM_EXPORT_PACE_BYTES);
    batch->delivery = sm_delivery_create(worker, on_large_delivered, component);
    sm_export_chain_consume(component, worker, batch);
}

static void begin_large(struct sm_worker *worker, void *context)
{
    send_large(context, worker);
}

static void a_sender_that_was_held_may_send_at_once_and_be_held_again(void **state)
{
    (void)state;
    struct sm_export_options options = preset_options();
    struct sm_component component = start(&options);
    begin(&component);
    sm_worker_post(sm_workers_get(hop.workers, 0), begin_large, &component);
    run_until(LARGE_COUNT);
    end(&component);
    assert_int_equal(atomic_load(&hop.sends), LARGE_COUNT);
}

/* One million spans from both workers, through a hop that fails again and again, with senders that wait for space: everything arrives once. */
static void delivers_a_million_spans_while_the_next_hop_fails_and_recovers(void **state)
{
    (void)state;
    enum { OFFERS = 2000, ITEMS = 500 };
    struct sm_export_options options = preset_options();
    options.sending_queue.queue_size = 20;
    options.sending_queue.block_on_overflow = true;
    options.retry_on_failure.max_elapsed_time_ns = 0;
    struct sm_component component = start(&options);
    begin(&component);
    atomic_store(&hop.failures_left, OFFERS);
    for (unsigned i = 0; i < OFFERS; i++)
        offer(&component, i % WORKERS, ITEMS);
    run_until_sent(OFFERS * ITEMS);
    end(&component);
    assert_int_equal(atomic_load(&hop.items), OFFERS * ITEMS);
    assert_int_equal(atomic_load(&hop.sends), OFFERS);
    assert_int_equal(atomic_load(&hop.accepted), OFFERS);
}

static void waits_grow_to_their_limit_and_vary(void **state)
{
    (void)state;
    const struct sm_export_retry_options steady = {.initial_interval_ns = 100, .max_interval_ns = 200, .multiplier = 1.5};
    uint64_t interval_ns = 0;
    assert_int_equal(sm_export_next_wait(&steady, &interval_ns, 0.9), 100);
    assert_int_equal(sm_export_next_wait(&steady, &interval_ns, 0.1), 150);
    assert_int_equal(sm_export_next_wait(&steady, &interval_ns, 0.5), 200);
    assert_int_equal(sm_export_next_wait(&steady, &interval_ns, 0.5), 200);
    const struct sm_export_retry_options varied = {
        .initial_interval_ns = 100, .max_interval_ns = 200, .multiplier = 1.5, .randomization_factor = 0.5};
    interval_ns = 0;
    assert_int_equal(sm_export_next_wait(&varied, &interval_ns, 0), 50);
    interval_ns = 0;
    assert_int_equal(sm_export_next_wait(&varied, &interval_ns, 0.999), 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_queue_the_sender_learns_how_sending_ended),
        cmocka_unit_test(gives_up_after_the_elapsed_time),
        cmocka_unit_test(counts_what_is_under_way_in_the_queue),
        cmocka_unit_test(a_sender_that_was_held_may_send_at_once_and_be_held_again),
        cmocka_unit_test(sends_what_the_queue_holds_before_it_ends),
        cmocka_unit_test(puts_requests_together_and_cuts_large_ones),
        cmocka_unit_test(delivers_a_million_spans_while_the_next_hop_fails_and_recovers),
        cmocka_unit_test(waits_grow_to_their_limit_and_vary),
    };
    const struct sm_log_options quiet = {.level = SM_LOG_ERROR, .fd = STDERR_FILENO};
    sm_log_configure(&quiet);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
