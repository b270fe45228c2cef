/* Records of traces as they are held: what comes back is what was put in, packed or not, whatever stands between. */
#include "processors/tail_sampling/segments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "processors/tail_sampling/parcel.h"
#include "processors/tail_sampling/record.h"
#include "telemetry/batch.h"
#include "telemetry/otlp.h"
#include "telemetry/span.h"

/* Enough for some segments. */
enum { RESOURCE_COUNT = 3, SCOPE_COUNT = 2, SPANS_IN_SCOPE = 600, TRACE_COUNT = 100 };

static struct sm_slice text_of(struct sm_batch *batch, const char *what, size_t number)
{
    struct sm_bytes text;
    sm_bytes_init(&text, &batch->arena);
    sm_bytes_printf(&text, "%s %zu", what, number);
    return sm_bytes_slice(&text);
}

static void fill_scope(struct sm_batch *batch, struct sm_scope_group *scope, size_t first)
{
    scope->spans = sm_arena_zalloc(&batch->arena, SPANS_IN_SCOPE, sizeof(*scope->spans));
    scope->count = SPANS_IN_SCOPE;
    batch->item_count += SPANS_IN_SCOPE;
    for (size_t i = 0; i < SPANS_IN_SCOPE; i++) {
        uint8_t *id = sm_arena_zalloc(&batch->arena, 1, SM_TRACE_ID_SIZE);
        /* Some traces have spans of one scope only, of the first or of the second. */
        id[15] = (uint8_t)((first + i * 7) % TRACE_COUNT);
        id[14] = id[15] % 3 == 0 ? (uint8_t)(first / SPANS_IN_SCOPE + 1) : 0;
        scope->spans[i] = (struct sm_span){
            .trace_id = sm_slice_make((char *)id, SM_TRACE_ID_SIZE), .name = text_of(batch, "span", first + i), .changed = SM_SPAN_CHANGED_FIELDS};
    }
}

static struct sm_batch *make_batch(void)
{
    struct sm_batch *batch = sm_batch_create(SM_TRACES);
    size_t span = 0;
    for (size_t r = 0; r < RESOURCE_COUNT; r++) {
        struct sm_resource_group *group = sm_batch_add_resource(batch);
        const struct sm_value name = sm_value_string(text_of(batch, "service", r));
        sm_map_set(sm_attributes_edit(&group->resource.attributes, &batch->arena), &batch->arena, SM_SLICE("service.name"), name);
        group->resource.changed = true;
        for (size_t s = 0; s < SCOPE_COUNT; s++, span += SPANS_IN_SCOPE) {
            struct sm_scope_group *scope = sm_batch_add_scope(batch, group);
            scope->scope.name = text_of(batch, "scope", s);
            scope->scope.changed = true;
            fill_scope(batch, scope, span);
        }
    }
    return batch;
}

static void assert_holds(struct sm_tail_segments *segments, struct sm_tail_ref ref, const struct sm_tail_piece *piece)
{
    uint32_t size = sm_tail_record_size(piece);
    char *expected = malloc(size), *found = malloc(size);
    sm_tail_record_write(piece, expected);
    assert_int_equal(ref.size, size);
    assert_int_equal(ref.span_count, piece->span_count);
    assert_true(sm_tail_segments_read(segments, ref, found));
    assert_memory_equal(found, expected, size);
    free(expected);
    free(found);
}

/* Holds all pieces of the parcel, reads them, and lets every second one go before the rest. Returns what they took at most. */
static size_t hold_all(struct sm_tail_parcel *parcel, size_t plain_limit_bytes)
{
    static struct sm_tail_ref refs[RESOURCE_COUNT * TRACE_COUNT * 4];
    atomic_size_t memory_bytes = 0;
    const struct sm_tail_segment_settings settings = {.memory_bytes = &memory_bytes, .plain_limit_bytes = plain_limit_bytes};
    struct sm_tail_segments segments;
    size_t count = 0, i = 0;
    sm_tail_segments_init(&segments, &settings);
    for (struct sm_tail_piece *piece = parcel->at; piece != parcel->end; piece = sm_tail_piece_behind(piece))
        assert_true(sm_tail_segments_add(&segments, piece, &refs[count++]));
    for (struct sm_tail_piece *piece = parcel->at; piece != parcel->end; piece = sm_tail_piece_behind(piece))
        assert_holds(&segments, refs[i++], piece);
    size_t taken = atomic_load(&memory_bytes);
    for (i = 0; i < count; i += 2)
        sm_tail_segments_drop(&segments, refs[i]);
    i = 0;
    for (struct sm_tail_piece *piece = parcel->at; piece != parcel->end; piece = sm_tail_piece_behind(piece), i++)
        if (i % 2)
            assert_holds(&segments, refs[i], piece);
    for (i = 1; i < count; i += 2)
        sm_tail_segments_drop(&segments, refs[i]);
    assert_int_equal(atomic_load(&memory_bytes), 0);
    sm_tail_segments_deinit(&segments);
    return taken;
}

static void records_come_back_as_they_were(void **state)
{
    (void)state;
    struct sm_tail_cutter *cutter = sm_tail_cutter_create(1, false);
    struct sm_batch *batch = make_batch();
    struct sm_tail_parcel *parcel = sm_tail_cut(cutter, batch)[0];
    size_t plain = hold_all(parcel, SIZE_MAX), packed = hold_all(parcel, 0), some = hold_all(parcel, plain / 2);
    assert_true(packed > 0);
    assert_true(packed < some);
    assert_true(some < plain);
    sm_tail_parcel_free(parcel);
    sm_batch_release(batch);
    sm_tail_cutter_free(cutter);
}

/* Senders choose how large a record is: those that were unpacked last are kept by their bytes, not only by their number. */
static void large_records_are_not_kept_unpacked_by_number(void **state)
{
    (void)state;
    enum { RECORDS = 200, RECORD_BYTES = 1 << 20, KEPT_BYTES_MAX = 8 << 20 };
    static struct sm_tail_ref refs[RECORDS];
    struct sm_tail_cutter *cutter = sm_tail_cutter_create(1, false);
    struct sm_batch *batch = sm_batch_create(SM_TRACES);
    struct sm_scope_group *scope = sm_batch_add_scope(batch, sm_batch_add_resource(batch));
    struct sm_span *span = scope->spans = sm_arena_zalloc(&batch->arena, 1, sizeof(*span));
    scope->count = batch->item_count = 1;
    span->trace_id = SM_SLICE("0123456789abcdef");
    span->name = sm_slice_make(sm_arena_zalloc(&batch->arena, 1, RECORD_BYTES), RECORD_BYTES);
    span->changed = SM_SPAN_CHANGED_FIELDS;
    struct sm_tail_parcel *parcel = sm_tail_cut(cutter, batch)[0];
    atomic_size_t memory_bytes = 0;
    const struct sm_tail_segment_settings settings = {.memory_bytes = &memory_bytes};
    struct sm_tail_segments segments;
    sm_tail_segments_init(&segments, &settings);
    for (size_t i = 0; i < RECORDS; i++)
        assert_true(sm_tail_segments_add(&segments, parcel->at, &refs[i]));
    for (size_t i = 0; i < RECORDS; i++) {
        assert_holds(&segments, refs[i], parcel->at);
        assert_true(segments._unpacked_bytes <= KEPT_BYTES_MAX);
    }
    assert_true(segments._unpacked_bytes > RECORD_BYTES);
    for (size_t i = 0; i < RECORDS; i++)
        sm_tail_segments_drop(&segments, refs[i]);
    sm_tail_segments_deinit(&segments);
    sm_tail_parcel_free(parcel);
    sm_batch_release(batch);
    sm_tail_cutter_free(cutter);
}

/* The parts of a record, found by the decoder. */
static void assert_record(struct sm_slice record, const char *service, const size_t *scopes, size_t scope_count)
{
    struct sm_decode_error error;
    struct sm_buffer *buffer = sm_buffer_try_copy(record);
    struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, buffer, &error);
    assert_non_null(batch);
    assert_int_equal(batch->count, 1);
    const struct sm_resource_group *group = &batch->groups[0];
    struct sm_value name;
    assert_true(sm_attributes_find(&group->resource.attributes, SM_SLICE("service.name"), &name));
    assert_true(sm_slice_is(name.string, service));
    assert_int_equal(group->count, scope_count);
    for (size_t s = 0; s < scope_count; s++)
        assert_true(sm_slice_equal(group->scopes[s].scope.name, text_of(batch, "scope", scopes[s])));
    sm_batch_release(batch);
    sm_buffer_release(buffer);
}

static void a_record_is_a_request_of_one_resource(void **state)
{
    (void)state;
    struct sm_tail_cutter *cutter = sm_tail_cutter_create(1, false);
    struct sm_batch *batch = make_batch();
    struct sm_tail_parcel *parcel = sm_tail_cut(cutter, batch)[0];
    static const size_t both[] = {0, 1};
    size_t scope_counts[3] = {0};
    for (struct sm_tail_piece *piece = parcel->at; piece != parcel->end; piece = sm_tail_piece_behind(piece)) {
        uint32_t size = sm_tail_record_size(piece);
        char *record = malloc(size), service[32];
        sm_tail_record_write(piece, record);
        /* Of the third of the traces that have one scope the ID tells which resource and scope. */
        unsigned place = piece->trace_id[14];
        scope_counts[piece->scope_count]++;
        if (place) {
            snprintf(service, sizeof(service), "service %u", (place - 1) / SCOPE_COUNT);
            assert_record(sm_slice_make(record, size), service, &both[(place - 1) % SCOPE_COUNT], 1);
        } else {
            const size_t index = scope_counts[2] - 1;
            snprintf(service, sizeof(service), "service %zu", index / (TRACE_COUNT - (TRACE_COUNT + 2) / 3));
            assert_record(sm_slice_make(record, size), service, both, 2);
        }
        free(record);
    }
    assert_true(scope_counts[1] > 0);
    assert_true(scope_counts[2] > 0);
    sm_tail_parcel_free(parcel);
    sm_batch_release(batch);
    sm_tail_cutter_free(cutter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back_as_they_were),
        cmocka_unit_test(large_records_are_not_kept_unpacked_by_number),
        cmocka_unit_test(a_record_is_a_request_of_one_resource),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
