/* Statistics of tracers: the grid of two seconds, what is added up, what is made sound or left out. */
#include "datadog/recorded.h"

#include <string.h>

#include "datadog/client_stats.h"

#include "datadog/ddsketch.h"
#include "datadog/summary.h"

#define SECOND UINT64_C(1000000000)
#define NOW (UINT64_C(1750000000) * SECOND) /* even */

static struct sm_arena arena;
static struct sm_datadog_agent_options options;
static struct sm_datadog_agent_state *agent;
static struct sm_client_stats *stats;
static struct sm_stats_payload payload;

static int start(void **state)
{
    (void)state;
    struct sm_error error;
    sm_options_fill_defaults(sm_datadog_agent_option_table, &options, sizeof(options), &arena);
    options.env = "agent-env";
    options.hostname = "agent-host";
    agent = sm_datadog_agent_state_create(&options, &error);
    assert_non_null(agent);
    stats = sm_client_stats_create(agent, NOW);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sm_client_stats_free(stats);
    sm_datadog_agent_state_free(agent);
    sm_arena_deinit(&arena);
    return 0;
}

static struct sm_stats_row make_row(const char *resource, uint64_t hits)
{
    return (struct sm_stats_row){.service = SM_SLICE("svc"),
                                 .name = SM_SLICE("op"),
                                 .resource = sm_slice_of(resource),
                                 .type = SM_SLICE("web"),
                                 .hits = hits,
                                 .errors = 1,
                                 .duration_ns = 10 * hits,
                                 .top_level_hits = hits};
}

static size_t add(uint64_t start_ns, const char *hostname, const struct sm_stats_row *rows, size_t count)
{
    struct sm_stats_row *own = sm_arena_alloc(&arena, count * sizeof(*own));
    memcpy(own, rows, count * sizeof(*own));
    struct sm_stats_bucket bucket = {.start_ns = start_ns, .duration_ns = 10 * SECOND, .rows = {.items = own, .count = count}};
    struct sm_stats_client client = {
        .hostname = sm_slice_of(hostname), .env = SM_SLICE("Test Env"), .version = SM_SLICE("1"), .buckets = {.items = &bucket, .count = 1}};
    return sm_client_stats_add(stats, NOW, &client, SM_SLICE("go"), &arena);
}

static size_t take(uint64_t now_ns, bool is_all)
{
    sm_client_stats_take(stats, now_ns, is_all, &arena, &payload);
    return payload.clients.count;
}

static const struct sm_stats_bucket *bucket_of(size_t client)
{
    assert_int_equal(payload.clients.items[client].buckets.count, 1);
    return &payload.clients.items[client].buckets.items[0];
}

static void intervals_lie_on_odd_seconds_and_between_the_oldest_and_now(void **state)
{
    (void)state;
    /* By the Agent's getAggregationBucketTime: truncated to two seconds, plus one; the oldest is that of 18 seconds ago. */
    static const struct {
        int64_t start_s, wanted_s; /* from NOW */
    } rows[] = {{0, 1}, {-1, -1}, {-2, -1}, {-3, -3}, {-17, -17}, {-18, -17}, {-100, -17}, {100, 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct sm_stats_row row = make_row("r", 1);
        add((uint64_t)((int64_t)NOW + rows[i].start_s * (int64_t)SECOND), "h", &row, 1);
        assert_int_equal(take(NOW, true), 1);
        assert_int_equal(bucket_of(0)->start_ns, (uint64_t)((int64_t)NOW + rows[i].wanted_s * (int64_t)SECOND));
        assert_int_equal(bucket_of(0)->duration_ns, 10 * SECOND); /* whatever it was */
        assert_true(payload.is_client_computed);
        sm_client_stats_forget(stats);
    }
}

static void rows_of_one_key_are_added_up(void **state)
{
    (void)state;
    struct sm_ddsketch sketch = {0};
    struct sm_summary sum = {0};
    struct sm_stats_row row = make_row("r", 2);
    sm_ddsketch_add(&sketch, 1000, sm_ddsketch_bin(1000));
    row.ok_summary = sm_ddsketch_encode(&sketch, &arena);
    sm_ddsketch_clear(&sketch);
    add(NOW, "h", &row, 1);
    row.hits = 3;
    add(NOW, "h", &row, 1);
    assert_int_equal(take(NOW, true), 1);
    assert_int_equal(bucket_of(0)->rows.count, 1);
    const struct sm_stats_row *added = &bucket_of(0)->rows.items[0];
    assert_int_equal(added->hits, 5);
    assert_int_equal(added->errors, 2);
    assert_int_equal(added->duration_ns, 40);
    assert_int_equal(added->top_level_hits, 4);
    assert_true(sm_summary_add(&sum, added->ok_summary));
    double count = 0;
    for (uint32_t i = 0; i < sum.positive.count; i++)
        count += sum.positive.counts[i];
    assert_true(count == 2);
    sm_summary_clear(&sum);
    assert_slice_equal(payload.clients.items[0].env, SM_SLICE("test_env"));
    assert_slice_equal(payload.agent_hostname, SM_SLICE("agent-host"));
    assert_slice_equal(payload.agent_env, SM_SLICE("agent-env"));
    sm_client_stats_forget(stats);
}

static void keys_that_differ_stay_apart(void **state)
{
    (void)state;
    struct sm_slice tags[] = {SM_SLICE("b:2"), SM_SLICE("a:1")}, same_tags[] = {SM_SLICE("a:1"), SM_SLICE("b:2")};
    struct sm_stats_row rows[] = {make_row("r", 1), make_row("r2", 1), make_row("r", 1), make_row("r", 1),
                                  make_row("r", 1), make_row("r", 1),  make_row("r", 1), make_row("r", 1)};
    rows[2].http_status_code = 404;
    rows[3].is_synthetics = true;
    rows[4].span_kind = SM_SLICE("server");
    rows[5].is_trace_root = SM_STATS_ROOT_YES;
    rows[6].peer_tags = (struct sm_stats_texts){.items = tags, .count = 2};
    rows[7].peer_tags = (struct sm_stats_texts){.items = same_tags, .count = 2}; /* the same in another order */
    add(NOW, "h", rows, sizeof(rows) / sizeof(rows[0]));
    add(NOW, "other", rows, 1);
    assert_int_equal(take(NOW, true), 2);
    assert_int_equal(bucket_of(0)->rows.count + bucket_of(1)->rows.count, 7 + 1);
    sm_client_stats_forget(stats);
}

static void rows_are_made_sound(void **state)
{
    (void)state;
    /* The Agent's normalizeStatsGroup and obfuscateStatsGroup (0.59.0). */
    static const struct {
        const char *service, *name, *resource, *type, *sound_service, *sound_name, *sound_resource;
    } rows[] = {
        {"", "", "", "", "unnamed-go-service", "unnamed_operation", "unnamed_operation"},
        {"My Service", "My-Op", "", "", "my_service", "My_Op", "My_Op"},
        {"s", "n", "SELECT * FROM t WHERE id = 7", "sql", "s", "n", "SELECT * FROM t WHERE id = ?"},
        {"s", "n", "SET k v", "redis", "s", "n", "SET"},
        {"s", "n", "SET k v", "web", "s", "n", "SET k v"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_stats_row row = make_row(rows[i].resource, 1);
        row.service = sm_slice_of(rows[i].service);
        row.name = sm_slice_of(rows[i].name);
        row.type = sm_slice_of(rows[i].type);
        add(NOW, "h", &row, 1);
        assert_int_equal(take(NOW, true), 1);
        const struct sm_stats_row *sound = &bucket_of(0)->rows.items[0];
        assert_slice_equal(sound->service, sm_slice_of(rows[i].sound_service));
        assert_slice_equal(sound->name, sm_slice_of(rows[i].sound_name));
        assert_slice_equal(sound->resource, sm_slice_of(rows[i].sound_resource));
        sm_client_stats_forget(stats);
    }
}

static void what_is_due_is_taken_once(void **state)
{
    (void)state;
    const struct sm_stats_row row = make_row("r", 1);
    add(NOW, "h", &row, 1); /* at NOW + 1 s; due when the oldest is behind it: 20 s - 2 s later */
    assert_int_equal(take(NOW + 18 * SECOND, false), 0);
    sm_client_stats_forget(stats);
    assert_int_equal(take(NOW + 20 * SECOND, false), 1);
    sm_client_stats_forget(stats);
    assert_int_equal(take(NOW + 20 * SECOND, true), 0);
    sm_client_stats_forget(stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(intervals_lie_on_odd_seconds_and_between_the_oldest_and_now, start, end),
        cmocka_unit_test_setup_teardown(rows_of_one_key_are_added_up, start, end),
        cmocka_unit_test_setup_teardown(keys_that_differ_stay_apart, start, end),
        cmocka_unit_test_setup_teardown(rows_are_made_sound, start, end),
        cmocka_unit_test_setup_teardown(what_is_due_is_taken_once, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
