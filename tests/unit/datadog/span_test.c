/* The maps of spans, what is made sound and cut, roots and entry spans, the encoded form, and the samplers. */
#include "datadog/recorded.h"

#include "datadog/span.h"

#include "datadog/agent_payload.h"
#include "datadog/chunk.h"
#include "datadog/sampling.h"
#include "wire/protobuf.h"

#define SECOND UINT64_C(1000000000)
#define NOW (UINT64_C(1750000000) * SECOND)

static struct sm_arena arena;

static int reset(void **state)
{
    (void)state;
    sm_arena_deinit(&arena);
    return 0;
}

static void a_map_finds_what_was_set_however_many_entries_it_has(void **state)
{
    (void)state;
    struct sm_datadog_map map = {0};
    enum { COUNT = 1000 };
    for (int i = 0; i < COUNT; i++)
        sm_datadog_map_set_number(&map, &arena, sm_slice_of(sm_arena_printf(&arena, "key.%d", i)), i);
    struct sm_datadog_map copy = sm_datadog_map_copy(&map, &arena, 1);
    sm_datadog_map_set_number(&copy, &arena, SM_SLICE("key.7"), -1);
    sm_datadog_map_remove(&map, SM_SLICE("key.500"));
    assert_int_equal(map.count, COUNT - 1);
    assert_int_equal(copy.count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        struct sm_slice key = sm_slice_of(sm_arena_printf(&arena, "key.%d", i));
        assert_int_equal((int)sm_datadog_map_number(&map, key, -2), i == 500 ? -2 : i);
        assert_int_equal((int)sm_datadog_map_number(&copy, key, -2), i == 7 ? -1 : i);
    }
}

static struct sm_datadog_span make_span(uint64_t id, uint64_t parent, const char *service)
{
    return (struct sm_datadog_span){.trace_id = 1,
                                    .span_id = id,
                                    .parent_id = parent,
                                    .service = sm_slice_of(service),
                                    .name = SM_SLICE("op"),
                                    .start_ns = (int64_t)NOW,
                                    .duration_ns = 5};
}

static void a_trace_with_a_zero_id_is_dropped_by_reason(void **state)
{
    (void)state;
    struct sm_datadog_span spans[] = {make_span(1, 0, "s"), make_span(0, 1, "s")};
    struct sm_datadog_chunk chunk = {.spans = spans, .count = 2};
    struct sm_datadog_counts counts = {0};
    assert_false(sm_datadog_normalise(&chunk, SM_SLICE(""), NOW, &arena, &counts));
    assert_int_equal(counts.by_reason[SM_DATADOG_SPAN_ID_ZERO], 1);
    spans[0].trace_id = 0;
    chunk.count = 1;
    assert_false(sm_datadog_normalise(&chunk, SM_SLICE(""), NOW, &arena, &counts));
    assert_int_equal(counts.by_reason[SM_DATADOG_TRACE_ID_ZERO], 1);
}

static void unsound_times_codes_and_names_are_put_right(void **state)
{
    (void)state;
    struct sm_datadog_span span = make_span(1, 1, "");
    struct sm_datadog_chunk chunk = {.spans = &span, .count = 1};
    struct sm_datadog_counts counts = {0};
    span.duration_ns = -1;
    span.start_ns = 5;
    sm_datadog_map_set_text(&span.meta, &arena, SM_SLICE("http.status_code"), SM_SLICE("600"));
    sm_datadog_map_set_text(&span.meta, &arena, SM_SLICE("env"), SM_SLICE("Prod EU"));
    assert_true(sm_datadog_normalise(&chunk, SM_SLICE("go"), NOW, &arena, &counts));
    assert_int_equal(span.duration_ns, 0);
    assert_int_equal(span.start_ns, NOW);
    assert_int_equal(span.parent_id, 0); /* trace, span and parent are the same */
    assert_slice_equal(span.service, SM_SLICE("unnamed-go-service"));
    assert_slice_equal(span.resource, SM_SLICE("op"));
    assert_slice_equal(sm_datadog_map_text(&span.meta, SM_SLICE("env")), SM_SLICE("prod_eu"));
    assert_null(sm_datadog_map_find(&span.meta, SM_SLICE("http.status_code")));
    const enum sm_datadog_reason counted[] = {SM_DATADOG_SERVICE_EMPTY, SM_DATADOG_INVALID_DURATION, SM_DATADOG_INVALID_START_DATE,
                                              SM_DATADOG_INVALID_HTTP_STATUS_CODE, SM_DATADOG_RESOURCE_EMPTY};
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
        assert_int_equal(counts.by_reason[counted[i]], 1);
}

static struct sm_slice repeated(char letter, size_t count)
{
    char *text = sm_arena_alloc(&arena, count);
    memset(text, letter, count);
    return sm_slice_make(text, count);
}

/* Each sets one thing of a sound span. */
static void make_no_service(struct sm_datadog_span *span)
{
    span->service = SM_SLICE("");
}
static void make_long_service(struct sm_datadog_span *span)
{
    span->service = repeated('s', 101);
}
static void make_bad_service(struct sm_datadog_span *span)
{
    span->service = SM_SLICE("???");
}
static void make_long_peer(struct sm_datadog_span *span)
{
    sm_datadog_map_set_text(&span->meta, &arena, SM_SLICE("peer.service"), repeated('p', 101));
}
static void make_bad_peer(struct sm_datadog_span *span)
{
    sm_datadog_map_set_text(&span->meta, &arena, SM_SLICE("peer.service"), SM_SLICE("???"));
}
static void make_no_name(struct sm_datadog_span *span)
{
    span->name = SM_SLICE("");
}
static void make_long_name(struct sm_datadog_span *span)
{
    span->name = repeated('n', 101);
}
static void make_bad_name(struct sm_datadog_span *span)
{
    span->name = SM_SLICE("123");
}
static void make_no_resource(struct sm_datadog_span *span)
{
    span->resource = SM_SLICE("");
}
static void make_long_type(struct sm_datadog_span *span)
{
    span->type = repeated('t', 101);
}
static void make_old(struct sm_datadog_span *span)
{
    span->start_ns = INT64_C(946684799999999999); /* a nanosecond before the year 2000 */
}
static void make_ahead(struct sm_datadog_span *span)
{
    span->start_ns = (int64_t)(NOW + 3600 * SECOND); /* a clock that is wrong: stays as it is */
}
static void make_negative(struct sm_datadog_span *span)
{
    span->duration_ns = -1;
}
static void make_endless(struct sm_datadog_span *span)
{
    span->duration_ns = INT64_MAX - span->start_ns + 1;
}
static void make_bad_code(struct sm_datadog_span *span)
{
    sm_datadog_map_set_text(&span->meta, &arena, SM_SLICE("http.status_code"), SM_SLICE("99"));
}

static void what_is_wrong_with_a_span_is_counted_by_reason(void **state)
{
    (void)state;
    /* The Agent's normalizer.go, 0.59.0. */
    static const struct {
        void (*make)(struct sm_datadog_span *span);
        enum sm_datadog_reason reason; /* SM_DATADOG_REASON_COUNT: none */
        const char *service, *name, *resource;
    } rows[] = {
        {make_no_service, SM_DATADOG_SERVICE_EMPTY, "unnamed-service", "op", "res"},
        {make_bad_service, SM_DATADOG_SERVICE_INVALID, "unnamed-service", "op", "res"},
        {make_long_service, SM_DATADOG_SERVICE_TRUNCATE, NULL, "op", "res"},
        {make_long_peer, SM_DATADOG_PEER_SERVICE_TRUNCATE, "s", "op", "res"},
        {make_bad_peer, SM_DATADOG_PEER_SERVICE_INVALID, "s", "op", "res"},
        {make_no_name, SM_DATADOG_SPAN_NAME_EMPTY, "s", "unnamed_operation", "res"},
        {make_bad_name, SM_DATADOG_SPAN_NAME_INVALID, "s", "unnamed_operation", "res"},
        {make_long_name, SM_DATADOG_SPAN_NAME_TRUNCATE, "s", NULL, "res"},
        {make_no_resource, SM_DATADOG_RESOURCE_EMPTY, "s", "op", "op"},
        {make_long_type, SM_DATADOG_TYPE_TRUNCATE, "s", "op", "res"},
        {make_old, SM_DATADOG_INVALID_START_DATE, "s", "op", "res"},
        {make_ahead, SM_DATADOG_REASON_COUNT, "s", "op", "res"},
        {make_negative, SM_DATADOG_INVALID_DURATION, "s", "op", "res"},
        {make_endless, SM_DATADOG_INVALID_DURATION, "s", "op", "res"},
        {make_bad_code, SM_DATADOG_INVALID_HTTP_STATUS_CODE, "s", "op", "res"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_datadog_span span = make_span(1, 0, "s");
        struct sm_datadog_chunk chunk = {.spans = &span, .count = 1};
        struct sm_datadog_counts counts = {0};
        span.resource = SM_SLICE("res");
        rows[i].make(&span);
        assert_true(sm_datadog_normalise(&chunk, SM_SLICE(""), NOW, &arena, &counts));
        for (int reason = 0; reason < SM_DATADOG_REASON_COUNT; reason++)
            assert_int_equal(counts.by_reason[reason], reason == (int)rows[i].reason);
        assert_slice_equal(span.service, rows[i].service ? sm_slice_of(rows[i].service) : repeated('s', 100));
        assert_slice_equal(span.name, rows[i].name ? sm_slice_of(rows[i].name) : repeated('n', 100));
        assert_slice_equal(span.resource, sm_slice_of(rows[i].resource));
        assert_true(span.type.size <= 100 && span.duration_ns >= 0 && span.start_ns >= (int64_t)NOW - 5);
    }
}

static void a_trace_of_foreign_spans_or_of_none_is_dropped_by_reason(void **state)
{
    (void)state;
    struct sm_datadog_span spans[] = {make_span(1, 0, "s"), make_span(2, 1, "s")};
    struct sm_datadog_chunk chunk = {.spans = spans, .count = 2};
    struct sm_datadog_counts counts = {0};
    spans[1].trace_id = 2;
    assert_false(sm_datadog_normalise(&chunk, SM_SLICE(""), NOW, &arena, &counts));
    assert_int_equal(counts.by_reason[SM_DATADOG_FOREIGN_SPAN], 1);
    chunk.count = 0;
    assert_false(sm_datadog_normalise(&chunk, SM_SLICE(""), NOW, &arena, &counts));
    assert_int_equal(counts.by_reason[SM_DATADOG_EMPTY_TRACE], 1);
}

/* However many spans there are: few are compared one by one. The traces are kept. */
static void spans_that_repeat_an_id_of_their_trace_are_counted(void **state)
{
    (void)state;
    enum { MANY = 40 };
    static const size_t counts_of_spans[] = {3, MANY};
    for (size_t row = 0; row < 2; row++) {
        struct sm_datadog_span spans[MANY];
        size_t count = counts_of_spans[row];
        for (size_t i = 0; i < count; i++) {
            spans[i] = make_span(i + 1, 0, "s");
            spans[i].resource = SM_SLICE("res");
        }
        struct sm_datadog_chunk chunk = {.spans = spans, .count = count};
        struct sm_datadog_counts counts = {0};
        assert_true(sm_datadog_normalise(&chunk, SM_SLICE(""), NOW, &arena, &counts));
        assert_int_equal(counts.by_reason[SM_DATADOG_DUPLICATE_SPAN_ID], 0);
        spans[1].span_id = spans[count - 1].span_id = 1;
        assert_true(sm_datadog_normalise(&chunk, SM_SLICE(""), NOW, &arena, &counts));
        assert_int_equal(counts.by_reason[SM_DATADOG_DUPLICATE_SPAN_ID], 2);
        /* What stands behind the span for which a trace is dropped has not been looked at. */
        spans[2].trace_id = 9;
        assert_false(sm_datadog_normalise(&chunk, SM_SLICE(""), NOW, &arena, &counts));
        assert_int_equal(counts.by_reason[SM_DATADOG_DUPLICATE_SPAN_ID], 3);
    }
}

static void components_are_names_where_that_is_wanted(void **state)
{
    (void)state;
    struct sm_datadog_span spans[] = {make_span(1, 0, "s"), make_span(2, 1, "s")};
    struct sm_datadog_chunk chunk = {.spans = spans, .count = 2};
    sm_datadog_map_set_text(&spans[0].meta, &arena, SM_SLICE("component"), SM_SLICE("net/http"));
    sm_datadog_take_components_as_names(&chunk);
    assert_slice_equal(spans[0].name, SM_SLICE("net/http"));
    assert_slice_equal(spans[1].name, SM_SLICE("op"));
}

static void long_keys_and_values_are_cut(void **state)
{
    (void)state;
    struct sm_datadog_span span = make_span(1, 0, "s");
    char *text = sm_arena_alloc(&arena, 30000);
    memset(text, 'x', 30000);
    span.resource = sm_slice_make(text, 6000);
    sm_datadog_map_set_text(&span.meta, &arena, sm_slice_make(text, 300), SM_SLICE("v"));
    sm_datadog_map_set_text(&span.meta, &arena, SM_SLICE("long"), sm_slice_make(text, 30000));
    sm_datadog_map_set_text(&span.meta, &arena, SM_SLICE("_dd.a.json"), sm_slice_make(text, 30000));
    sm_datadog_map_set_number(&span.metrics, &arena, sm_slice_make(text, 201), 1);
    sm_datadog_cut_span(&span, &arena);
    assert_int_equal(span.resource.size, 5000);
    assert_int_equal(sm_datadog_map_text(&span.meta, SM_SLICE("long")).size, 25003);
    assert_int_equal(sm_datadog_map_text(&span.meta, SM_SLICE("_dd.a.json")).size, 30000);
    assert_int_equal(span.meta.count, 3);
    assert_int_equal(span.metrics.entries[0].key.size, 203);
}

static void a_root_has_no_parent_here(void **state)
{
    (void)state;
    struct sm_datadog_span spans[] = {make_span(2, 1, "a"), make_span(3, 2, "b"), make_span(1, 9, "a")};
    struct sm_datadog_chunk chunk = {.spans = spans, .count = 3};
    assert_ptr_equal(sm_datadog_root(&chunk, &arena), &spans[2]);
    sm_datadog_mark_top_level(&chunk, &arena);
    assert_null(sm_datadog_map_find(&spans[0].metrics, SM_SLICE("_top_level")));
    assert_int_equal(sm_datadog_map_number(&spans[1].metrics, SM_SLICE("_top_level"), 0), 1); /* of another service */
    assert_int_equal(sm_datadog_map_number(&spans[2].metrics, SM_SLICE("_top_level"), 0), 1);
}

static void of_several_roots_the_references_usual_one_is_taken(void **state)
{
    (void)state;
    /* The Agent's GetRoot goes from the end and takes any of the parents that are not here, in most runs the first that it saw; of those that share
     * it the first span. */
    struct sm_datadog_span spans[] = {make_span(1, 90, "a"), make_span(2, 91, "a"), make_span(3, 2, "a"), make_span(4, 91, "a"),
                                      make_span(5, 4, "a")};
    const struct sm_datadog_chunk chunk = {.spans = spans, .count = 5};
    assert_ptr_equal(sm_datadog_root(&chunk, &arena), &spans[1]);
}

static void long_traces_are_marked_as_short_ones(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    struct sm_datadog_span *spans = sm_arena_zalloc(&arena, COUNT, sizeof(*spans));
    for (uint64_t i = 0; i < COUNT; i++)
        spans[i] = make_span(i + 1, i ? i : 1000, i % 100 ? "a" : "b");
    struct sm_datadog_chunk chunk = {.spans = spans, .count = COUNT};
    assert_ptr_equal(sm_datadog_root(&chunk, &arena), &spans[0]);
    sm_datadog_mark_top_level(&chunk, &arena);
    for (uint64_t i = 0; i < COUNT; i++)
        assert_int_equal(sm_datadog_map_find(&spans[i].metrics, SM_SLICE("_top_level")) != NULL, i % 100 <= 1);
}

static void priorities_are_converted_as_go_does(void **state)
{
    (void)state;
    const struct {
        double number;
        int8_t priority;
    } cases[] = {{1, 1}, {-1, -1}, {2.9, 2}, {300, 44}, {4294967303.0, 0}, {0.0 / 0.0, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(sm_datadog_to_int8(cases[i].number), cases[i].priority);
}

static void an_encoded_chunk_is_sound_protobuf(void **state)
{
    (void)state;
    struct sm_datadog_span span = make_span(2, 1, "svc");
    struct sm_datadog_chunk chunk = {.spans = &span, .count = 1, .priority = -1};
    sm_datadog_map_set_text(&span.meta, &arena, SM_SLICE("k"), SM_SLICE(""));
    sm_datadog_map_set_number(&span.metrics, &arena, SM_SLICE("n"), 1.5);
    struct sm_bytes out;
    sm_bytes_init(&out, &arena);
    size_t estimated = sm_datadog_encode_chunk(&chunk, &out);
    struct sm_datadog_payload payload = {.env = SM_SLICE("e")};
    struct sm_bytes head;
    sm_bytes_init(&head, &arena);
    sm_datadog_encode_payload_head(&payload, out.size, &head);
    sm_bytes_append_slice(&head, sm_bytes_slice(&out));
    struct sm_proto_cursor cursor = sm_proto_begin(sm_bytes_slice(&head));
    struct sm_proto_field field, inner;
    assert_true(sm_proto_next(&cursor, &field) && field.number == 5);
    assert_false(sm_proto_next(&cursor, &inner));
    assert_null(cursor.error);
    cursor = sm_proto_begin(field.bytes);
    assert_true(sm_proto_next(&cursor, &field) && field.number == 8);
    assert_true(sm_proto_next(&cursor, &field) && field.number == 6);
    cursor = sm_proto_begin(field.bytes);
    assert_true(sm_proto_next(&cursor, &field) && field.number == 1 && (int64_t)field.integer == -1);
    assert_true(sm_proto_next(&cursor, &field) && field.number == 3);
    assert_true(estimated > field.bytes.size);
}

static void priorities_decide_and_errors_are_kept(void **state)
{
    (void)state;
    const struct {
        int32_t priority;
        bool has_error, is_single, is_kept, is_dropped;
        int32_t sent_priority;
    } cases[] = {
        {1, false, false, true, false, 1},       {2, false, false, true, false, 2},  {0, false, false, false, true, 0},
        {0, true, false, true, false, 0},        {-1, true, false, false, true, -1}, {-1, false, true, true, false, 2},
        {-128, false, false, true, false, -128},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_datadog_sampling sampling;
        sm_datadog_sampling_init(&sampling, 10, 10, SM_SLICE("none"));
        struct sm_datadog_span spans[] = {make_span(1, 0, "s"), make_span(2, 1, "s")};
        struct sm_datadog_chunk chunk = {.spans = spans, .count = 2, .priority = cases[i].priority};
        spans[1].error = cases[i].has_error;
        if (cases[i].is_single)
            sm_datadog_map_set_number(&spans[1].metrics, &arena, SM_SLICE("_dd.span_sampling.mechanism"), 8);
        assert_int_equal(sm_datadog_sample(&sampling, NOW, SM_SLICE(""), &chunk, &spans[0], &arena), cases[i].is_kept);
        assert_int_equal(chunk.is_dropped, cases[i].is_dropped);
        assert_int_equal(chunk.priority, cases[i].sent_priority);
        assert_int_equal(chunk.count, cases[i].is_single ? 1 : cases[i].is_kept ? 2 : 0);
        sm_datadog_sampling_deinit(&sampling);
    }
}

static void rates_fall_at_once_and_rise_by_a_fifth(void **state)
{
    (void)state;
    struct sm_datadog_rate_sampler sampler;
    sm_datadog_rate_sampler_init(&sampler, 10);
    for (int i = 0; i < 500; i++) /* 100 a second */
        sm_datadog_rate_sampler_count(&sampler, 1000, 1, 1);
    assert_true(sm_datadog_rate_sampler_count(&sampler, 1005, 1, 1));
    assert_true(sm_datadog_rate_sampler_rate(&sampler, 1) == 0.1);
    assert_true(sm_datadog_rate_sampler_rate(&sampler, 2) == 0.1); /* unknown: the lowest */
    sm_datadog_rate_sampler_count(&sampler, 1100, 1, 1);
    assert_true(sm_datadog_rate_sampler_rate(&sampler, 1) > 0.119 && sm_datadog_rate_sampler_rate(&sampler, 1) < 0.121);
    sm_datadog_rate_sampler_deinit(&sampler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_map_finds_what_was_set_however_many_entries_it_has, reset),
        cmocka_unit_test_teardown(a_trace_with_a_zero_id_is_dropped_by_reason, reset),
        cmocka_unit_test_teardown(unsound_times_codes_and_names_are_put_right, reset),
        cmocka_unit_test_teardown(what_is_wrong_with_a_span_is_counted_by_reason, reset),
        cmocka_unit_test_teardown(a_trace_of_foreign_spans_or_of_none_is_dropped_by_reason, reset),
        cmocka_unit_test_teardown(spans_that_repeat_an_id_of_their_trace_are_counted, reset),
        cmocka_unit_test_teardown(components_are_names_where_that_is_wanted, reset),
        cmocka_unit_test_teardown(long_keys_and_values_are_cut, reset),
        cmocka_unit_test_teardown(a_root_has_no_parent_here, reset),
        cmocka_unit_test_teardown(of_several_roots_the_references_usual_one_is_taken, reset),
        cmocka_unit_test_teardown(long_traces_are_marked_as_short_ones, reset),
        cmocka_unit_test_teardown(priorities_are_converted_as_go_does, reset),
        cmocka_unit_test_teardown(an_encoded_chunk_is_sound_protobuf, reset),
        cmocka_unit_test_teardown(priorities_decide_and_errors_are_kept, reset),
        cmocka_unit_test_teardown(rates_fall_at_once_and_rise_by_a_fifth, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
