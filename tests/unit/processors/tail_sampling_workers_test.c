/* Four workers get interleaved parts of the same traces: each trace must leave whole, once. Run under the thread sanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/component.h"
#include "pipeline/delivery.h"
#include "pipeline/graph.h"
#include "pipeline/outcome.h"
#include "pipeline/worker.h"
#include "processors/tail_sampling/options.h"
#include "telemetry/otlp.h"
#include "telemetry/span.h"

enum { WORKER_COUNT = 4, ROUND_COUNT = 20, TRACE_COUNT = 500 };

extern const struct sm_component_type sm_processor_tail_sampling;

static atomic_uint span_counts[TRACE_COUNT], batch_counts[TRACE_COUNT], answer_count, joined_count;

static void count_trace(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    (void)component;
    sm_batch_unpack(batch);
    uint32_t number = UINT32_MAX;
    for (size_t g = 0; g < batch->count; g++) {
        const struct sm_scope_group *scope = &batch->groups[g].scopes[0];
        for (size_t i = 0; i < scope->count; i++) {
            uint32_t found;
            memcpy(&found, scope->spans[i].trace_id.ptr + 8, sizeof(found));
            assert_true(number == UINT32_MAX || number == found);
            number = found;
        }
    }
    assert_in_range(number, 0, TRACE_COUNT - 1);
    atomic_fetch_add(&span_counts[number], (unsigned)batch->item_count);
    atomic_fetch_add(&batch_counts[number], 1);
    sm_batch_accept(batch, worker);
}

/* As it comes from the network: encoded, in one buffer. */
static struct sm_batch *make_request(void)
{
    struct sm_batch *batch = sm_batch_create(SM_TRACES);
    struct sm_scope_group *scope = sm_batch_add_scope(batch, sm_batch_add_resource(batch));
    scope->spans = sm_arena_zalloc(&batch->arena, TRACE_COUNT, sizeof(*scope->spans));
    scope->count = TRACE_COUNT;
    for (uint32_t i = 0; i < TRACE_COUNT; i++) {
        char *id = sm_arena_zalloc(&batch->arena, 1, SM_TRACE_ID_SIZE);
        memcpy(id + 8, &i, sizeof(i));
        id[0] = 1;
        scope->spans[i] = (struct sm_span){.trace_id = sm_slice_make(id, SM_TRACE_ID_SIZE), .changed = SM_SPAN_CHANGED_FIELDS};
    }
    struct sm_bytes bytes = {0};
    sm_otlp_encode_protobuf_bytes(batch, &bytes);
    sm_batch_release(batch);
    struct sm_buffer *buffer = sm_buffer_try_copy(sm_bytes_slice(&bytes));
    struct sm_decode_error error;
    struct sm_batch *decoded = sm_otlp_decode_protobuf(SM_TRACES, buffer, &error);
    assert_non_null(decoded);
    sm_buffer_release(buffer);
    sm_bytes_deinit(&bytes);
    return decoded;
}

static void stop_main(struct sm_worker *worker, void *context)
{
    (void)worker;
    sm_workers_stop_main(context);
}

static void note_answer(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    struct sm_workers *workers = context;
    (void)worker;
    assert_int_equal(outcome->kind, SM_ACCEPTED);
    if (atomic_fetch_add(&answer_count, 1) + 1 == WORKER_COUNT * ROUND_COUNT)
        sm_worker_post(sm_workers_main(workers), stop_main, workers);
}

static void deliver(struct sm_worker *worker, void *context)
{
    struct sm_component *receiver = context;
    sm_receiver_deliver(receiver, worker, "http", make_request(), note_answer, receiver->workers);
}

static void note_stopped(void *context, bool is_drained)
{
    assert_true(is_drained);
    sm_workers_stop_main(context);
}

/* Takes traces as they leave for a queue: parts of blocks that the shards write on in meanwhile. */
static void count_packed_trace(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    assert_true(batch->is_packed);
    count_trace(component, worker, batch);
}

static size_t join_some(const void *options)
{
    (void)options;
    return ROUND_COUNT * WORKER_COUNT * 8;
}

/* Takes several traces at a time, each whole. */
static void count_joined_traces(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    (void)component;
    bool is_seen[TRACE_COUNT] = {false};
    assert_true(batch->is_packed);
    sm_batch_unpack(batch);
    atomic_fetch_add(&joined_count, 1);
    for (size_t g = 0; g < batch->count; g++) {
        const struct sm_scope_group *scope = &batch->groups[g].scopes[0];
        for (size_t i = 0; i < scope->count; i++) {
            uint32_t number;
            memcpy(&number, scope->spans[i].trace_id.ptr + 8, sizeof(number));
            assert_in_range(number, 0, TRACE_COUNT - 1);
            atomic_fetch_add(&span_counts[number], 1);
            is_seen[number] = true;
        }
    }
    for (unsigned i = 0; i < TRACE_COUNT; i++)
        atomic_fetch_add(&batch_counts[i], is_seen[i]);
    sm_batch_accept(batch, worker);
}

static const struct sm_component_type receiver_type = {.kind = SM_RECEIVER, .name = "r", .signals = SM_SIGNAL_TRACES};
static const struct sm_component_type exporter_type = {.kind = SM_EXPORTER, .name = "e", .signals = SM_SIGNAL_TRACES, .consume = count_trace};

static const struct sm_component_type queue_type = {
    .kind = SM_EXPORTER, .name = "q", .signals = SM_SIGNAL_TRACES, .takes_packed = true, .consume = count_packed_trace};

static const struct sm_component_type joining_type = {
    .kind = SM_EXPORTER, .name = "j", .signals = SM_SIGNAL_TRACES, .takes_packed = true, .consume = count_joined_traces, .joins = join_some};

static void run_traces_to(const struct sm_tail_options *options, const struct sm_component_type *end)
{
    struct sm_error error = {0};
    struct sm_workers *workers = sm_workers_create(WORKER_COUNT, &error);
    assert_non_null(workers);
    sm_workers_start(workers);
    const struct sm_graph_component receiver = {.type = &receiver_type, .id = "r"}, exporter = {.type = end, .id = "e"},
                                    sampler = {.type = &sm_processor_tail_sampling, .id = "tail_sampling", .options = options};
    const struct sm_graph_component *const receivers[] = {&receiver}, *const processors[] = {&sampler}, *const exporters[] = {&exporter};
    const struct sm_graph_pipeline pipeline = {.id = "traces",
                                               .signal = SM_TRACES,
                                               .receivers = receivers,
                                               .receiver_count = 1,
                                               .processors = processors,
                                               .processor_count = 1,
                                               .exporters = exporters,
                                               .exporter_count = 1};
    const struct sm_graph_plan plan = {.pipelines = &pipeline, .pipeline_count = 1};
    struct sm_graph *graph = sm_graph_create(workers, &plan, NULL, &error);
    assert_non_null(graph);
    assert_true(sm_graph_start(graph, NULL, &error));
    atomic_store(&answer_count, 0);
    struct sm_component *entry = sm_graph_component_at(graph, sm_graph_component_count(graph) - 1);
    for (unsigned round = 0; round < ROUND_COUNT; round++)
        for (unsigned i = 0; i < WORKER_COUNT; i++)
            sm_worker_post(sm_workers_get(workers, i), deliver, entry);
    sm_workers_run_main(workers);
    sm_graph_stop(graph, UINT64_C(60000000000), note_stopped, workers);
    sm_workers_run_main(workers);
    sm_graph_free(graph);
    sm_workers_free(workers);
    for (unsigned i = 0; i < TRACE_COUNT; i++) {
        assert_int_equal(atomic_exchange(&span_counts[i], 0), WORKER_COUNT * ROUND_COUNT);
        assert_int_equal(atomic_exchange(&batch_counts[i], 0), 1);
    }
}

static void run_traces(const struct sm_tail_options *options)
{
    run_traces_to(options, &exporter_type);
}

static struct sm_tail_policy_options policies[] = {
    {.name = "all", .type = "always_sample"},
    {.name = "rate", .type = "rate_limiting", .rate_limiting = {.spans_per_second = 1000}},
    {.name = "errors", .type = "status_code"},
};

static struct sm_tail_options make_options(void)
{
    static const char *codes[] = {"ERROR"};
    policies[2].status_code.status_codes = (struct sm_string_list){.items = codes, .count = 1};
    struct sm_tail_options options = {.policies = {.items = policies, .count = sizeof(policies) / sizeof(policies[0])}};
    options.decision_wait_ns = 600 * SM_S;
    options.num_traces = 1000000; /* enough for a shard on every worker */
    options.tail_storage = "";
    options.storage = "";
    return options;
}

static void traces_whose_parts_come_over_four_workers_leave_whole(void **state)
{
    (void)state;
    struct sm_tail_options options = make_options();
    run_traces(&options);
}

static void so_they_do_where_new_traces_wait_for_room(void **state)
{
    (void)state;
    struct sm_tail_options options = make_options();
    options.block_on_overflow = true;
    run_traces(&options);
}

static void so_they_do_on_a_single_shard(void **state)
{
    (void)state;
    struct sm_tail_options options = make_options();
    options.num_traces = TRACE_COUNT;
    run_traces(&options);
}

static void so_they_do_packed(void **state)
{
    (void)state;
    struct sm_tail_options options = make_options();
    run_traces_to(&options, &queue_type);
}

static void so_they_do_joined(void **state)
{
    (void)state;
    struct sm_tail_options options = make_options();
    options.unpacked_limit_mib = 64;
    run_traces_to(&options, &joining_type);
    assert_in_range(joined_count, TRACE_COUNT / 8, TRACE_COUNT / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traces_whose_parts_come_over_four_workers_leave_whole),
        cmocka_unit_test(so_they_do_where_new_traces_wait_for_room),
        cmocka_unit_test(so_they_do_on_a_single_shard),
        cmocka_unit_test(so_they_do_packed),
        cmocka_unit_test(so_they_do_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
