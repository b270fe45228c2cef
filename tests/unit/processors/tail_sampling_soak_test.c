/* Two million traces (or as many as SPANMILL_SOAK_TRACES says) pass through 50,000 places, by a clock that the test moves: every trace ends once, by
 * a decision or for want of room, numbers add up, and memory stays where the settings put it. */
#include "processors/tail_sampling/shard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "processors/tail_sampling/parcel.h"
#include "telemetry/batch.h"
#include "telemetry/otlp.h"
#include "telemetry/span.h"

enum { TRACE_LIMIT = 50000, TRACES_IN_REQUEST = 500, SPANS_IN_TRACE = 2, WAIT_TICKS = 3, NAME_SIZE = 100 };
enum { MEMORY_LIMIT_MIB = 4 };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { TRACES_PRESET = 800000 }; /* all of them take minutes then; a quarter must not fit in TRACE_LIMIT */
#else
enum { TRACES_PRESET = 2000000 };
#endif

static uint64_t now_ns, trace_count, sent_traces, sent_spans, last_sent;
static uint8_t *seen; /* by trace: how often it was sent */

static uint64_t fake_clock(void)
{
    return now_ns;
}

static uint64_t number_of(const struct sm_span *span)
{
    uint64_t number;
    memcpy(&number, span->trace_id.ptr + 8, sizeof(number));
    return number;
}

static void count_send(struct sm_tail_shard *shard, struct sm_batch *batch)
{
    last_sent = number_of(&batch->groups[0].scopes[0].spans[0]);
    assert_true(last_sent < trace_count);
    assert_int_equal(batch->item_count, SPANS_IN_TRACE);
    seen[last_sent]++;
    sent_traces++;
    sent_spans += batch->item_count;
    sm_batch_release(batch);
    sm_tail_shard_sent(shard);
}

static void go_on(struct sm_tail_shard *shard)
{
    sm_tail_shard_go_on(shard);
}

static void ignore_end(struct sm_tail_shard *shard)
{
    (void)shard;
}

static const struct sm_tail_shard_calls calls = {
    .send = count_send, .again = go_on, .drained = ignore_end, .mono_ns = fake_clock, .wall_ns = fake_clock};

/* A request as it comes from the network. */
static struct sm_batch *make_request(uint64_t first)
{
    static char name[NAME_SIZE];
    memset(name, 'n', sizeof(name));
    struct sm_batch *batch = sm_batch_create(SM_TRACES);
    struct sm_scope_group *scope = sm_batch_add_scope(batch, sm_batch_add_resource(batch));
    scope->spans = sm_arena_zalloc(&batch->arena, TRACES_IN_REQUEST * SPANS_IN_TRACE, sizeof(*scope->spans));
    scope->count = batch->item_count = TRACES_IN_REQUEST * SPANS_IN_TRACE;
    for (size_t i = 0; i < scope->count; i++) {
        char *id = sm_arena_zalloc(&batch->arena, 1, SM_TRACE_ID_SIZE);
        uint64_t number = first + i % TRACES_IN_REQUEST;
        id[0] = 1;
        memcpy(id + 8, &number, sizeof(number));
        scope->spans[i] = (struct sm_span){
            .trace_id = sm_slice_make(id, SM_TRACE_ID_SIZE), .name = sm_slice_make(name, sizeof(name)), .changed = SM_SPAN_CHANGED_FIELDS};
    }
    return batch;
}

struct totals {
    uint64_t undecided_dropped;
    size_t memory_max;
};

static struct totals pass_all(const struct sm_tail_shard_settings *settings, uint64_t traces_in_second)
{
    struct sm_tail_shard shard;
    struct sm_tail_cutter *cutter = sm_tail_cutter_create(1, false);
    struct totals totals = {0};
    uint64_t until_tick = traces_in_second;
    sm_tail_shard_init(&shard, settings, &calls);
    for (uint64_t first = 0; first < trace_count; first += TRACES_IN_REQUEST) {
        struct sm_batch *batch = make_request(first);
        struct sm_tail_parcel *parcel = sm_tail_cut(cutter, batch)[0];
        sm_batch_release(batch);
        uint64_t before = shard._tally.dropped_too_early;
        sm_tail_shard_take(&shard, parcel);
        totals.undecided_dropped += shard._tally.dropped_too_early - before;
        assert_true(atomic_load(settings->trace_count) <= TRACE_LIMIT);
        size_t memory = atomic_load(settings->segments.memory_bytes);
        totals.memory_max = memory > totals.memory_max ? memory : totals.memory_max;
        if (first + TRACES_IN_REQUEST < until_tick)
            continue;
        until_tick += traces_in_second;
        now_ns += SM_NS_PER_S;
        sm_tail_shard_tick(&shard);
    }
    sm_tail_shard_stop(&shard);
    sm_tail_shard_deinit(&shard);
    sm_tail_cutter_free(cutter);
    return totals;
}

static void every_trace_ends_once_within_the_limits(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint64_t traces_in_second;
        size_t memory_limit_bytes;
        bool is_lossless;
    } rows[] = {
        {"with room for all of them", 10000, 0, true},
        {"faster than they are decided", 40000, 0, false},
        {"with less memory than they need", 10000, (size_t)MEMORY_LIMIT_MIB << 18, false},
    };
    const char *wanted = getenv("SPANMILL_SOAK_TRACES");
    uint64_t wanted_count = wanted ? strtoull(wanted, NULL, 10) : TRACES_PRESET;
    struct sm_tail_policy_options policy = {.name = "all", .type = "always_sample"};
    const struct sm_tail_options options = {.policies = {.items = &policy, .count = 1}};
    struct sm_error error;
    struct sm_tail_plan *plan = sm_tail_plan_create(&options, NULL, &error);
    struct sm_tail_metrics metrics;
    sm_tail_metrics_init(&metrics, plan, "tail_sampling");
    now_ns = 1000 * SM_NS_PER_S;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        /* Half of them in the first row, a quarter in each of the others. */
        trace_count = wanted_count / (i == 0 ? 2 : 4) / TRACES_IN_REQUEST * TRACES_IN_REQUEST;
        atomic_size_t traces = 0, memory = 0;
        const struct sm_tail_shard_settings settings = {
            .plan = plan,
            .metrics = &metrics,
            .trace_count = &traces,
            .trace_limit = TRACE_LIMIT,
            .wait_ticks = WAIT_TICKS,
            .segments = {.memory_bytes = &memory, .limit_bytes = rows[i].memory_limit_bytes},
        };
        seen = calloc(trace_count, 1);
        sent_traces = sent_spans = 0;
        struct totals totals = pass_all(&settings, rows[i].traces_in_second);
        if (sent_traces + totals.undecided_dropped != trace_count)
            fail_msg("%s: %zu sent and %zu dropped of %zu", rows[i].what, (size_t)sent_traces, (size_t)totals.undecided_dropped, (size_t)trace_count);
        assert_int_equal(sent_spans, sent_traces * SPANS_IN_TRACE);
        assert_int_equal(totals.undecided_dropped == 0, rows[i].is_lossless);
        for (uint64_t trace = 0; trace < trace_count; trace++)
            assert_true(seen[trace] <= 1);
        assert_int_equal(atomic_load(&memory), 0);
        assert_int_equal(atomic_load(&traces), 0);
        /* Packed, a trace takes much less than its 2 x 120 bytes and 80 of its own. */
        assert_true(totals.memory_max < (size_t)TRACE_LIMIT * 200);
        if (rows[i].memory_limit_bytes)
            assert_true(totals.memory_max <= rows[i].memory_limit_bytes);
        free(seen);
    }
    sm_tail_metrics_deinit(&metrics);
    sm_tail_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_trace_ends_once_within_the_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
