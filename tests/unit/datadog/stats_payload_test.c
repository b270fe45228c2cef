#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "datadog/stats_payload.h"

static struct sm_slice tags[] = {{"a:1", 3}, {"b:2", 3}};
static struct sm_stats_row rows[] = {
    {.service = {"web", 3},
     .name = {"op", 2},
     .http_status_code = UINT32_MAX,
     .hits = 300,
     .duration_ns = UINT64_MAX,
     .ok_summary = {"\x01\x02", 2},
     .peer_tags = {tags, 2},
     .is_trace_root = SM_STATS_ROOT_NO,
     .is_synthetics = true},
    {.resource = {"GET", 3}},
};
static struct sm_stats_bucket buckets[] = {{.start_ns = 10, .duration_ns = 5, .agent_time_shift_ns = -3, .rows = {rows, 2}}};
static struct sm_stats_client clients[] = {{.env = {"none", 4}, .sequence = 7, .tags = {tags, 1}, .buckets = {buckets, 1}}, {.hostname = {"h", 1}}};
static const struct sm_stats_payload payload = {.agent_env = {"none", 4}, .is_split = true, .clients = {clients, 2}};

static void reads_back_what_it_writes(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_stats_payload read;
    const char *reason = NULL;
    struct sm_slice bytes = sm_stats_payload_encode(&payload, &arena);
    assert_true(sm_stats_payload_decode(bytes, &arena, &read, &reason));
    assert_int_equal(read.clients.count, 2);
    assert_true(read.is_split && !read.is_client_computed);
    assert_true(sm_slice_is(read.clients.items[1].hostname, "h"));
    const struct sm_stats_client *client = &read.clients.items[0];
    assert_true(sm_slice_is(client->env, "none") && client->sequence == 7 && client->tags.count == 1);
    assert_true(client->buckets.items[0].agent_time_shift_ns == -3 && client->buckets.items[0].start_ns == 10);
    const struct sm_stats_row *row = &client->buckets.items[0].rows.items[0];
    assert_true(row->http_status_code == UINT32_MAX && row->duration_ns == UINT64_MAX && row->is_synthetics);
    assert_true(row->peer_tags.count == 2 && sm_slice_is(row->peer_tags.items[1], "b:2") && row->is_trace_root == SM_STATS_ROOT_NO);
    assert_true(sm_slice_is(client->buckets.items[0].rows.items[1].resource, "GET"));
    struct sm_slice again = sm_stats_payload_encode(&read, &arena);
    assert_true(sm_slice_equal(bytes, again));
    sm_arena_deinit(&arena);
}

static void refuses_what_is_broken(void **state)
{
    (void)state;
    static const struct sm_slice broken[] = {{"\x1a\x05\x0a", 3}, {"\x08\x01", 2}, {"\x1a\x02\x0a\x09", 4}, {"\xff", 1}};
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_stats_payload read;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        const char *reason = NULL;
        assert_false(sm_stats_payload_decode(broken[i], &arena, &read, &reason));
        assert_non_null(reason);
    }
    sm_arena_deinit(&arena);
}

static void refuses_more_parts_than_allowed(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_bytes bytes = {0};
    struct sm_stats_payload read;
    const char *reason = NULL;
    for (int i = 0; i <= SM_STATS_ROWS_MAX; i++)
        sm_bytes_append(&bytes, "\x1a\x00", 2);
    assert_false(sm_stats_payload_decode(sm_bytes_slice(&bytes), &arena, &read, &reason));
    assert_string_equal(reason, "it has too many parts");
    sm_bytes_deinit(&bytes);
    sm_arena_deinit(&arena);
}

/* The bytes that the reference's encoder (github.com/tinylib/msgp) gives by the format's specification. */
static void writes_messagepack_with_every_field_but_empty_lists_of_messages(void **state)
{
    (void)state;
    static const char expected[] = "\x86"
                                   "\xad"
                                   "AgentHostname\xa0\xa8"
                                   "AgentEnv\xa4none\xa5"
                                   "Stats\x91\x8d\xa8"
                                   "Hostname\xa1h\xa3"
                                   "Env\xa0\xa7"
                                   "Version\xa0\xa4"
                                   "Lang\xa0\xad"
                                   "TracerVersion\xa0\xa9"
                                   "RuntimeID\xa0\xa8"
                                   "Sequence\xcd\x01\x00\xb0"
                                   "AgentAggregation\xa0\xa7"
                                   "Service\xa0\xab"
                                   "ContainerID\xa0\xa4"
                                   "Tags\x90\xac"
                                   "GitCommitSha\xa0\xa8"
                                   "ImageTag\xa0\xac"
                                   "AgentVersion\xa0\xae"
                                   "ClientComputed\xc2\xac"
                                   "SplitPayload\xc3";
    struct sm_stats_client client = {.hostname = {"h", 1}, .sequence = 256};
    struct sm_stats_payload small = {.agent_env = {"none", 4}, .is_split = true, .clients = {&client, 1}};
    struct sm_bytes out = {0};
    sm_stats_payload_put_msgpack(&small, &out);
    assert_int_equal(out.size, sizeof(expected) - 1);
    assert_memory_equal(out.ptr, expected, out.size);
    sm_bytes_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_it_writes),
        cmocka_unit_test(refuses_what_is_broken),
        cmocka_unit_test(refuses_more_parts_than_allowed),
        cmocka_unit_test(writes_messagepack_with_every_field_but_empty_lists_of_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
