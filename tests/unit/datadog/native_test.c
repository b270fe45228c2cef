#include "datadog/recorded.h"

#include "datadog/native.h"
#include "telemetry/batch.h"

static void assert_map(const struct sm_datadog_map *got, const struct sm_datadog_map *expected, bool is_text)
{
    assert_int_equal(got->count, expected->count);
    for (uint32_t i = 0; i < expected->count; i++) {
        const struct sm_datadog_entry *entry = sm_datadog_map_find(got, expected->entries[i].key);
        assert_non_null(entry);
        if (is_text)
            assert_slice_equal(entry->text, expected->entries[i].text);
        else
            assert_true(entry->number == expected->entries[i].number);
    }
}

static void assert_span(const struct sm_datadog_span *got, const struct sm_datadog_span *expected)
{
    assert_slice_equal(got->service, expected->service);
    assert_slice_equal(got->name, expected->name);
    assert_slice_equal(got->resource, expected->resource);
    assert_slice_equal(got->type, expected->type);
    assert_int_equal(got->trace_id, expected->trace_id);
    assert_int_equal(got->span_id, expected->span_id);
    assert_int_equal(got->parent_id, expected->parent_id);
    assert_int_equal(got->start_ns, expected->start_ns);
    assert_int_equal(got->duration_ns, expected->duration_ns);
    assert_int_equal(got->error, expected->error);
    assert_map(&got->meta, &expected->meta, true);
    assert_map(&got->metrics, &expected->metrics, false);
    assert_map(&got->meta_struct, &expected->meta_struct, true);
    assert_int_equal(got->link_count, expected->link_count);
    for (size_t i = 0; i < expected->link_count; i++) {
        assert_int_equal(got->links[i].trace_id, expected->links[i].trace_id);
        assert_int_equal(got->links[i].trace_id_high, expected->links[i].trace_id_high);
        assert_int_equal(got->links[i].span_id, expected->links[i].span_id);
        assert_int_equal(got->links[i].flags, expected->links[i].flags);
        assert_map(&got->links[i].attributes, &expected->links[i].attributes, true);
        assert_slice_equal(got->links[i].trace_state, expected->links[i].trace_state);
    }
}

/* Keys that are both text and number, fields whose names meta has too, errors that are neither 0 nor 1, services that change within a trace. */
static struct sm_datadog_span *make_spans(struct sm_arena *arena)
{
    struct sm_datadog_span *spans = sm_arena_zalloc(arena, 3, sizeof(*spans));
    spans[0] = (struct sm_datadog_span){.service = SM_SLICE("web"),
                                        .name = SM_SLICE("web.request"),
                                        .resource = SM_SLICE("GET /"),
                                        .type = SM_SLICE("web"),
                                        .trace_id = UINT64_MAX,
                                        .span_id = 1,
                                        .start_ns = 1750000000000000000,
                                        .duration_ns = 5,
                                        .error = 7};
    sm_datadog_map_set_text(&spans[0].meta, arena, SM_SLICE("http.status_code"), SM_SLICE("200"));
    sm_datadog_map_set_number(&spans[0].metrics, arena, SM_SLICE("http.status_code"), 200);
    sm_datadog_map_set_text(&spans[0].meta, arena, SM_SLICE("span.kind"), SM_SLICE("Server"));
    sm_datadog_map_set_text(&spans[0].meta, arena, SM_SLICE("_dd.p.tid"), SM_SLICE("66aa000000000001"));
    sm_datadog_map_set_text(&spans[0].meta_struct, arena, SM_SLICE("appsec"), SM_SLICE("\x81\x00"));
    spans[1] = (struct sm_datadog_span){.service = SM_SLICE("db"),
                                        .name = SM_SLICE("q"),
                                        .resource = SM_SLICE("SELECT"),
                                        .trace_id = UINT64_MAX,
                                        .span_id = 2,
                                        .parent_id = 1,
                                        .start_ns = 10,
                                        .duration_ns = 0};
    sm_datadog_map_set_text(&spans[1].meta, arena, SM_SLICE("operation.name"), SM_SLICE("mine"));
    sm_datadog_map_set_text(&spans[1].meta, arena, SM_SLICE("span.type"), SM_SLICE("also mine"));
    spans[1].links = sm_arena_zalloc(arena, 1, sizeof(*spans[1].links));
    spans[1].links[0] =
        (struct sm_datadog_link){.trace_id = 3, .trace_id_high = 4, .span_id = 5, .trace_state = SM_SLICE("a=b"), .flags = 0x80000001};
    sm_datadog_map_set_text(&spans[1].links[0].attributes, arena, SM_SLICE("k"), SM_SLICE("v"));
    spans[1].link_count = 1;
    spans[2] = (struct sm_datadog_span){.service = SM_SLICE("web"),
                                        .name = SM_SLICE("inner"),
                                        .resource = SM_SLICE("inner"),
                                        .trace_id = UINT64_MAX,
                                        .span_id = 3,
                                        .parent_id = 1,
                                        .start_ns = 11,
                                        .duration_ns = 1,
                                        .error = 1};
    return spans;
}

static void gives_back_every_part_of_a_tracers_request(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_datadog_chunk chunk = {.priority = -1, .origin = SM_SLICE("rum"), .spans = make_spans(&arena), .count = 3, .is_dropped = true};
    sm_datadog_map_set_text(&chunk.tags, &arena, SM_SLICE("_dd.p.dm"), SM_SLICE("-4"));
    struct sm_datadog_traces traces = {.payload = {.container_id = SM_SLICE("c"),
                                                   .language = SM_SLICE("go"),
                                                   .language_version = SM_SLICE("1.22"),
                                                   .tracer_version = SM_SLICE("1.60"),
                                                   .runtime_id = SM_SLICE("r"),
                                                   .env = SM_SLICE("prod"),
                                                   .hostname = SM_SLICE("h"),
                                                   .app_version = SM_SLICE("9")},
                                       .chunks = &chunk,
                                       .count = 1};
    sm_datadog_map_set_text(&traces.payload.tags, &arena, SM_SLICE("pt"), SM_SLICE("pv"));
    const struct sm_datadog_request_marks marks = {.has_top_level = true, .has_stats = true, .dropped = 1.5};
    struct sm_decode_error error = {0};
    struct sm_batch *batch = sm_datadog_to_otlp(&traces, &marks, &error);
    assert_non_null(batch);
    assert_int_equal(batch->item_count, 3);
    struct sm_datadog_native native;
    int64_t number, missing;
    size_t groups = sm_datadog_native_extent(batch, 0, &number, &missing);
    assert_int_equal(groups, batch->count);
    sm_datadog_native_read(batch, 0, groups, &arena, &native);
    assert_int_equal(native.chunk.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_span(&native.chunk.spans[i], &chunk.spans[i]);
    assert_int_equal(native.chunk.priority, -1);
    assert_true(native.chunk.is_dropped && native.marks.has_stats && native.marks.has_top_level && native.marks.dropped == 1.5);
    assert_slice_equal(native.chunk.origin, SM_SLICE("rum"));
    assert_map(&native.chunk.tags, &chunk.tags, true);
    assert_map(&native.payload.tags, &traces.payload.tags, true);
    const struct sm_datadog_payload *got = &native.payload, *expected = &traces.payload;
    const struct sm_slice pairs[][2] = {{got->container_id, expected->container_id},
                                        {got->language, expected->language},
                                        {got->language_version, expected->language_version},
                                        {got->tracer_version, expected->tracer_version},
                                        {got->runtime_id, expected->runtime_id},
                                        {got->env, expected->env},
                                        {got->hostname, expected->hostname},
                                        {got->app_version, expected->app_version}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        assert_slice_equal(pairs[i][0], pairs[i][1]);
    sm_batch_release(batch);
    sm_arena_deinit(&arena);
}

static void dropped_chunks_leave_their_place(void **state)
{
    (void)state;
    struct sm_datadog_span spans[] = {{.trace_id = 1, .span_id = 1, .service = SM_SLICE("s")},
                                      {.trace_id = 2, .span_id = 2, .service = SM_SLICE("s")}};
    struct sm_datadog_chunk chunks[] = {{0}, {.spans = &spans[0], .count = 1}, {0}, {0}, {.spans = &spans[1], .count = 1}, {0}};
    const struct sm_datadog_traces traces = {.chunks = chunks, .count = 6};
    const struct sm_datadog_request_marks marks = {0};
    struct sm_decode_error error = {0};
    struct sm_batch *batch = sm_datadog_to_otlp(&traces, &marks, &error);
    assert_non_null(batch);
    assert_int_equal(batch->count, 2);
    for (size_t i = 0; i < 2; i++) {
        int64_t number, missing;
        assert_int_equal(sm_datadog_native_extent(batch, i, &number, &missing), 1);
        assert_int_equal(number, i); /* of those that are left */
        assert_int_equal(missing, i + 1);
    }
    sm_batch_release(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(dropped_chunks_leave_their_place),
                                       cmocka_unit_test(gives_back_every_part_of_a_tracers_request)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
