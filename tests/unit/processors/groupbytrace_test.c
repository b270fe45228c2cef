/* Splitting batches by trace, holding traces, and joining them again. */
#include "processors/groupbytrace/held_traces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "telemetry/otlp.h"

/* Letters are trace IDs: "ab|a" is one batch of two scopes with three spans of the traces a and b; '-' has no ID. */
static struct sm_batch *batch_of(const char *traces)
{
    struct sm_bytes json = {0};
    struct sm_decode_error error;
    unsigned number = 0;
    sm_bytes_append_text(
        &json, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"r\",\"value\":{\"intValue\":1}}]},\"scopeSpans\":[{\"spans\":[");
    for (const char *at = traces, *comma = ""; *at; at++) {
        if (*at == '|')
            sm_bytes_append_text(&json, "]},{\"spans\":[");
        else
            sm_bytes_printf(&json, "%s{\"name\":\"%c%u\",\"traceId\":\"", comma, *at, number++);
        comma = *at == '|' ? "" : ",";
        for (int i = 0; *at != '|' && *at != '-' && i < SM_TRACE_ID_SIZE; i++)
            sm_bytes_printf(&json, "%02x", *at);
        if (*at != '|')
            sm_bytes_append_text(&json, "\"}");
    }
    sm_bytes_append_text(&json, "]}]}]}");
    struct sm_batch *batch = sm_otlp_decode_json(SM_TRACES, sm_bytes_slice(&json), &error);
    assert_non_null(batch);
    sm_bytes_deinit(&json);
    return batch;
}

/* "a0 a2|a3": the names of a batch's spans, groups apart. */
static void describe(struct sm_batch *batch, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (size_t g = 0; g < batch->count; g++) {
        const struct sm_scope_group *scope = &batch->groups[g].scopes[0];
        assert_int_equal(batch->groups[g].count, 1);
        for (size_t i = 0; i < scope->count; i++)
            used += (size_t)snprintf(text + used, size - used, "%s%.*s", i ? " " : g ? "|" : "", SM_SLICE_ARGS(scope->spans[i].name));
    }
}

struct adding {
    struct sm_held_traces *held;
    uint64_t due_ns;
    char *evicted; /* written to */
};

static void add_piece(struct sm_trace_piece *piece, void *context)
{
    struct adding *adding = context;
    struct sm_held_trace *evicted = sm_held_traces_add(adding->held, piece, adding->due_ns);
    if (evicted)
        *adding->evicted++ = evicted->trace_id[0] ? evicted->trace_id[0] : '-';
    *adding->evicted = 0;
    sm_held_trace_free(evicted);
}

static void add(struct sm_held_traces *held, const char *traces, uint64_t due_ns, char *evicted)
{
    struct sm_batch *batch = batch_of(traces);
    struct adding adding = {.held = held, .due_ns = due_ns, .evicted = evicted};
    sm_trace_split(batch, add_piece, &adding);
    sm_batch_release(batch); /* the pieces keep it */
}

/* What is due, traces separated by ", ". */
static void take(struct sm_held_traces *held, uint64_t now_ns, char *text, size_t size)
{
    struct sm_held_trace *trace;
    size_t used = 0;
    text[0] = 0;
    while ((trace = sm_held_traces_take_due(held, now_ns))) {
        char names[128];
        struct sm_bytes request = {0};
        struct sm_batch *batch = sm_trace_join(trace->pieces);
        assert_int_equal(batch->item_count, trace->span_count);
        sm_held_trace_free(trace);
        describe(batch, names, sizeof(names));
        sm_otlp_encode_protobuf_bytes(batch, &request);
        assert_true(request.size > 0);
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", names);
        sm_bytes_deinit(&request);
        sm_batch_release(batch);
    }
}

static void joins_what_arrives_in_time_and_keeps_what_comes_late_apart(void **context)
{
    (void)context;
    char text[256], evicted[32];
    struct sm_held_traces held;
    sm_held_traces_init(&held, 100);
    add(&held, "abab|ca", 10, evicted);
    add(&held, "bd-", 20, evicted);
    take(&held, 9, text, sizeof(text));
    assert_string_equal(text, "");
    take(&held, 10, text, sizeof(text));
    assert_string_equal(text, "a0 a2|a5, b1 b3|b0, c4");
    add(&held, "a-", 30, evicted);
    take(&held, 20, text, sizeof(text));
    assert_string_equal(text, "d1, -2|-1");
    take(&held, 1000, text, sizeof(text));
    assert_string_equal(text, "a0");
    assert_int_equal(held.count, 0);
    assert_null(sm_held_traces_first(&held));
    sm_held_traces_deinit(&held);
}

static void drops_the_oldest_when_there_are_too_many(void **context)
{
    (void)context;
    char text[256], evicted[32];
    struct sm_held_traces held;
    sm_held_traces_init(&held, 2);
    add(&held, "ab", 10, evicted);
    assert_string_equal(evicted, "");
    add(&held, "acb", 20, evicted);
    assert_string_equal(evicted, "a");
    add(&held, "a", 30, evicted);
    assert_string_equal(evicted, "b");
    take(&held, 100, text, sizeof(text));
    assert_string_equal(text, "c1, a0");
    sm_held_traces_deinit(&held);
}

static void finds_traces_again_among_many(void **context)
{
    (void)context;
    enum { COUNT = 5000 };
    struct sm_held_traces held;
    char ids[COUNT][SM_TRACE_ID_SIZE];
    struct sm_batch *batch = sm_batch_create(SM_TRACES);
    struct sm_scope_group *scope = sm_batch_add_scope(batch, sm_batch_add_resource(batch));
    scope->spans = sm_arena_zalloc(&batch->arena, 2 * COUNT, sizeof(*scope->spans));
    scope->count = batch->item_count = 2 * COUNT;
    for (unsigned i = 0; i < 2 * COUNT; i++) {
        snprintf(ids[i % COUNT], SM_TRACE_ID_SIZE, "%015u", i % COUNT);
        scope->spans[i].trace_id = sm_slice_make(ids[i % COUNT], SM_TRACE_ID_SIZE);
    }
    sm_held_traces_init(&held, COUNT);
    char evicted[1];
    for (unsigned round = 0; round < 2; round++)
        sm_trace_split(batch, add_piece, &(struct adding){.held = &held, .due_ns = round, .evicted = evicted});
    sm_batch_release(batch);
    assert_int_equal(held.count, COUNT);
    struct sm_held_trace *trace;
    for (unsigned i = 0; (trace = sm_held_traces_take_due(&held, 0)); i++) {
        assert_memory_equal(trace->trace_id, ids[i], SM_TRACE_ID_SIZE);
        assert_int_equal(trace->span_count, 4);
        sm_held_trace_free(trace);
    }
    assert_int_equal(held.count, 0);
    sm_held_traces_deinit(&held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_what_arrives_in_time_and_keeps_what_comes_late_apart),
        cmocka_unit_test(drops_the_oldest_when_there_are_too_many),
        cmocka_unit_test(finds_traces_again_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
