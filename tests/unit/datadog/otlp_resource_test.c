/* What is remembered of resources and scopes changes nothing: payloads made with a memory that has seen much are those made with an empty one, and
 * spans that share encoded meta are encoded as those that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "datadog/agent_payload.h"
#include "datadog/chunk.h"
#include "datadog/otlp_span.h"
#include "telemetry/otlp.h"
#include "telemetry/sample_request.h"

enum { RESOURCES = 300, ROUNDS = 900, SCOPES_MAX = 40, SPANS = 3 };

static const struct sm_datadog_otlp_settings settings = {
    .hostname = {.ptr = "collector", .size = 9}, .env = {.ptr = "none", .size = 4}, .sampling_rate = 1};

static void put_resource(struct sm_bytes *out, unsigned number)
{
    char text[6000];
    size_t resource = sm_proto_message_begin(out, 1);
    snprintf(text, sizeof(text), "Service %u", number);
    if (number % 7)
        sample_attribute(out, 1, "service.name", text);
    snprintf(text, sizeof(text), "Prod %u", number);
    if (number % 3)
        sample_attribute(out, 1, "deployment.environment.name", text);
    if (number % 5)
        sample_attribute(out, 1, "k8s.pod.name", text);
    sample_attribute(out, 1, "team", "shop");
    if (number % 11 == 0) { /* too large to be remembered */
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        sample_attribute(out, 1, "long", text);
    }
    sm_proto_message_end(out, resource);
}

static void put_span(struct sm_bytes *out, unsigned number)
{
    char id[SM_TRACE_ID_SIZE + 1];
    size_t span = sm_proto_message_begin(out, 2);
    snprintf(id, sizeof(id), "%015u%c", number / 2, 'a');
    sm_proto_put_bytes(out, 1, sm_slice_make(id, SM_TRACE_ID_SIZE));
    snprintf(id, sizeof(id), "%08u", number + 1);
    sm_proto_put_bytes(out, 2, sm_slice_make(id, SM_SPAN_ID_SIZE));
    sm_proto_put_bytes(out, 5, SM_SLICE("GET /items"));
    sm_proto_put_uint(out, 6, number % 6);
    if (number % 3 == 0)
        sample_attribute(out, 9, "team", "of the span"); /* instead of the resource's */
    if (number % 5 == 0)
        sample_attribute(out, 9, "container.id", "0123abcd");
    if (number % 4 == 0)
        sample_attribute(out, 9, "deployment.environment", "of the span");
    sample_int_attribute(out, 9, "server.port", 8443);
    sm_proto_message_end(out, span);
}

static struct sm_batch *make_batch(unsigned resource, unsigned scopes)
{
    struct sm_bytes bytes = {0};
    struct sm_decode_error error;
    unsigned number = resource;
    size_t group = sm_proto_message_begin(&bytes, 1);
    put_resource(&bytes, resource);
    for (unsigned s = 0; s < scopes; s++) {
        char name[32];
        size_t scope_group = sm_proto_message_begin(&bytes, 2), scope = sm_proto_message_begin(&bytes, 1);
        snprintf(name, sizeof(name), "go.opentelemetry.io/%u", (resource + s) % 23);
        sm_proto_put_bytes(&bytes, 1, sm_slice_of(name));
        sm_proto_message_end(&bytes, scope);
        for (unsigned i = 0; i < SPANS; i++)
            put_span(&bytes, number++);
        sm_proto_message_end(&bytes, scope_group);
    }
    sm_proto_message_end(&bytes, group);
    struct sm_buffer *buffer = sm_buffer_try_copy(sm_bytes_slice(&bytes));
    struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, buffer, &error);
    assert_non_null(batch);
    sm_buffer_release(buffer);
    sm_bytes_deinit(&bytes);
    return batch;
}

/* The payload of the batch's resource; its size as the reference estimates it is added up in `estimated`. */
static struct sm_slice encode(struct sm_batch *batch, struct sm_datadog_otlp_memory *memory, bool is_shared, struct sm_arena *arena,
                              size_t *estimated)
{
    struct sm_datadog_otlp_walk walk;
    struct sm_datadog_chunk chunk;
    struct sm_datadog_counts counts = {0};
    struct sm_bytes chunks, payload;
    sm_bytes_init(&chunks, arena);
    sm_bytes_init(&payload, arena);
    sm_datadog_otlp_begin(&walk, &settings, memory, batch, &batch->groups[0], arena);
    while (sm_datadog_otlp_next(&walk, arena, &chunk)) {
        assert_true(sm_datadog_normalise(&chunk, walk.payload.language, UINT64_C(1750000000000000000), arena, &counts));
        for (size_t i = 0; i < chunk.count && !is_shared; i++)
            chunk.spans[i]._shared = NULL;
        *estimated += sm_datadog_encode_chunk(&chunk, &chunks);
    }
    sm_datadog_encode_payload_head(&walk.payload, chunks.size, &payload);
    sm_bytes_append_slice(&payload, sm_bytes_slice(&chunks));
    sm_bytes_append(&payload, &counts, sizeof(counts));
    return sm_bytes_slice(&payload);
}

static void a_memory_changes_no_payload(void **state)
{
    (void)state;
    struct sm_datadog_otlp_memory used = {0};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_datadog_otlp_memory fresh = {0};
        size_t sizes[3] = {0};
        struct sm_batch *batch = make_batch(round * 37 % RESOURCES, round % SCOPES_MAX == 0 ? SCOPES_MAX : 1 + round % 3);
        struct sm_slice expected = encode(batch, &fresh, false, &arena, &sizes[0]);
        struct sm_slice made = encode(batch, &used, true, &arena, &sizes[1]), again = encode(batch, &used, true, &arena, &sizes[2]);
        assert_true(expected.size > 0);
        assert_true(sm_slice_equal(made, expected) && sm_slice_equal(again, expected));
        assert_true(sizes[0] == sizes[1] && sizes[0] == sizes[2]);
        sm_batch_release(batch);
        sm_datadog_otlp_memory_deinit(&fresh);
        sm_arena_deinit(&arena);
    }
    sm_datadog_otlp_memory_deinit(&used);
}

/* Two scopes with long names, which the spans of many traces belong to in turn: a name is made once a scope, and not kept. */
static void long_scopes_are_named_once(void **state)
{
    (void)state;
    enum { TRACES = 2000, NAME_SIZE = 100000, ROOM = 64 << 20 };
    struct sm_arena arena = SM_ARENA_INIT, chunk_arena = SM_ARENA_INIT;
    struct sm_datadog_otlp_memory memory = {0};
    struct sm_bytes bytes = {0};
    struct sm_decode_error error;
    char *name = sm_arena_alloc(&arena, NAME_SIZE);
    size_t group = sm_proto_message_begin(&bytes, 1);
    put_resource(&bytes, 1);
    for (char letter = 'a'; letter <= 'b'; letter++) {
        size_t scope_group = sm_proto_message_begin(&bytes, 2), scope = sm_proto_message_begin(&bytes, 1);
        memset(name, letter, NAME_SIZE);
        sm_proto_put_bytes(&bytes, 1, sm_slice_make(name, NAME_SIZE));
        sm_proto_message_end(&bytes, scope);
        for (unsigned i = 0; i < TRACES; i++)
            put_span(&bytes, 2 * i);
        sm_proto_message_end(&bytes, scope_group);
    }
    sm_proto_message_end(&bytes, group);
    struct sm_buffer *buffer = sm_buffer_try_copy(sm_bytes_slice(&bytes));
    struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, buffer, &error);
    assert_non_null(batch);
    struct sm_datadog_otlp_walk walk;
    struct sm_datadog_chunk chunk;
    sm_datadog_otlp_begin(&walk, &settings, &memory, batch, &batch->groups[0], &arena);
    while (sm_datadog_otlp_next(&walk, &chunk_arena, &chunk)) {
        assert_int_equal(chunk.count, 2);
        assert_true(chunk.spans[0].name.ptr[0] == 'a' && chunk.spans[1].name.ptr[0] == 'b');
        sm_arena_reset(&chunk_arena);
    }
    assert_true(sm_arena_reserved_bytes(&arena) < ROOM);
    assert_true(sm_arena_reserved_bytes(&memory.operations.arena) == 0);
    sm_datadog_otlp_memory_deinit(&memory);
    sm_arena_deinit(&chunk_arena);
    sm_arena_deinit(&arena);
    sm_batch_release(batch);
    sm_buffer_release(buffer);
    sm_bytes_deinit(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_memory_changes_no_payload), cmocka_unit_test(long_scopes_are_named_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
