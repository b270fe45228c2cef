#include "telemetry/otlp.h"
#include "telemetry/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "telemetry/numbered_spans.h"
#include "telemetry/sample_request.h"

static struct sm_buffer *sample_buffer(unsigned resources, unsigned scopes, unsigned spans)
{
    struct sm_bytes bytes = {0};
    sample_traces(&bytes, resources, scopes, spans);
    struct sm_buffer *buffer = sm_buffer_try_copy(sm_bytes_slice(&bytes));
    sm_bytes_deinit(&bytes);
    return buffer;
}

static struct sm_batch *decode(struct sm_buffer *buffer, bool packed)
{
    struct sm_decode_error error;
    struct sm_batch *batch = (packed ? sm_otlp_decode_protobuf_packed : sm_otlp_decode_protobuf)(SM_TRACES, buffer, &error);
    assert_non_null(batch);
    return batch;
}

static struct sm_bytes encode(struct sm_batch *batch)
{
    struct sm_bytes bytes = {0};
    sm_otlp_encode_protobuf_bytes(batch, &bytes);
    assert_int_equal(bytes.size, sm_batch_encoded_size(batch));
    return bytes;
}

static void assert_encodes_as(struct sm_batch *batch, struct sm_slice expected)
{
    struct sm_bytes bytes = encode(batch);
    assert_true(sm_slice_equal(sm_bytes_slice(&bytes), expected));
    sm_bytes_deinit(&bytes);
}

/* Spans s<first> … of a packed batch, which is read from its encoding. */
static void assert_numbered(struct sm_batch *batch, unsigned first, unsigned count)
{
    struct sm_batch *copy = sm_batch_clone(batch);
    unsigned next = first;
    assert_true(batch->is_packed);
    assert_int_equal(batch->item_count, count);
    sm_batch_unpack(copy);
    assert_int_equal(copy->item_count, count);
    for (size_t g = 0; g < copy->count; g++)
        for (size_t s = 0; s < copy->groups[g].count; s++)
            for (size_t i = 0; i < copy->groups[g].scopes[s].count; i++) {
                char name[16];
                snprintf(name, sizeof(name), "s%u", next++);
                assert_true(sm_slice_is(copy->groups[g].scopes[s].spans[i].name, name));
            }
    assert_int_equal(next, first + count);
    sm_batch_release(copy);
}

static void keeps_the_request_of_an_unchanged_batch(void **state)
{
    (void)state;
    struct sm_buffer *buffer = sample_buffer(2, 2, 3);
    struct sm_batch *batch = decode(buffer, false);
    sm_batch_set_client(batch, "192.0.2.1:4711");
    /* Others go on reading it. */
    struct sm_batch *packed = sm_batch_pack(sm_batch_retain(batch));
    assert_true(packed->is_packed && !batch->is_packed && !sm_batch_is_shared(batch));
    assert_int_equal(packed->item_count, 12);
    assert_string_equal(packed->client, "192.0.2.1");
    sm_batch_release(batch);
    assert_encodes_as(packed, sm_buffer_slice(buffer));
    struct sm_batch *same = sm_batch_pack(packed);
    assert_ptr_equal(same, packed);
    sm_batch_release(packed);
    sm_buffer_release(buffer);
}

static void finds_the_request_of_a_copy(void **state)
{
    (void)state;
    struct sm_buffer *buffer = sample_buffer(1, 1, 100);
    struct sm_batch *batch = decode(buffer, false), *copy = sm_batch_clone(batch);
    copy = sm_batch_pack(copy);
    assert_false(sm_batch_is_shared(batch));
    assert_ptr_equal(copy->_parts[0].buffer, buffer);
    sm_batch_release(batch);
    assert_encodes_as(copy, sm_buffer_slice(buffer));
    sm_batch_release(copy);
    sm_buffer_release(buffer);
}

static void writes_only_what_is_left(void **state)
{
    (void)state;
    struct sm_buffer *buffer = sample_buffer(2, 1, 5);
    struct sm_batch *batch = decode(buffer, false);
    for (size_t i = 0; i < 5; i++)
        batch->groups[1].scopes[0].spans[i].dropped = true;
    batch->groups[0].scopes[0].spans[2].dropped = true;
    sm_batch_recount(batch);
    struct sm_bytes expected = encode(batch);
    batch = sm_batch_pack(batch);
    assert_int_equal(batch->item_count, 4);
    assert_int_equal(batch->_keep_count, 0);
    assert_ptr_not_equal(batch->_parts[0].buffer, buffer);
    assert_encodes_as(batch, sm_bytes_slice(&expected));
    sm_bytes_deinit(&expected);
    sm_batch_release(batch);
    sm_buffer_release(buffer);
}

static void gets_its_index_back(void **state)
{
    (void)state;
    struct sm_buffer *buffer = sample_buffer(2, 2, 3);
    struct sm_batch *batch = decode(buffer, true);
    assert_true(batch->is_packed);
    sm_batch_unpack(batch);
    assert_false(batch->is_packed);
    assert_int_equal(batch->count, 2);
    assert_int_equal(batch->item_count, 12);
    assert_ptr_equal(sm_batch_only_buffer(batch), buffer);
    assert_true(sm_slice_is(batch->groups[1].scopes[1].spans[2].name, "span-11"));
    assert_encodes_as(batch, sm_buffer_slice(buffer));
    sm_batch_unpack(batch);
    sm_batch_release(batch);
    sm_buffer_release(buffer);
}

static void joins_and_is_cut_anywhere(void **state)
{
    (void)state;
    for (unsigned cut = 0; cut <= 9; cut++) {
        struct sm_batch *batch = sm_batch_create(SM_TRACES);
        for (unsigned i = 0; i < 3; i++) {
            struct sm_batch *part = sm_batch_pack(numbered_spans(3 * i, 3));
            sm_batch_append(batch, part);
            sm_batch_release(part);
        }
        assert_numbered(batch, 0, 9);
        struct sm_batch *head = sm_batch_split(batch, cut);
        assert_int_equal(head->item_count, cut);
        if (cut)
            assert_numbered(head, 0, cut);
        if (cut < 9)
            assert_numbered(batch, cut, 9 - cut);
        sm_batch_release(batch);
        sm_batch_release(head);
    }
}

static void copies_small_requests_into_one_block(void **state)
{
    (void)state;
    struct sm_batch *batch = sm_batch_create(SM_TRACES);
    for (unsigned i = 0; i < 500; i++) {
        struct sm_batch *part = sm_batch_pack(numbered_spans(i, 1));
        sm_batch_append(batch, part);
        sm_batch_release(part);
    }
    assert_in_range(batch->_part_count, 2, 8);
    /* A copy reads on while the original grows. */
    struct sm_batch *copy = sm_batch_clone(batch), *more = sm_batch_pack(numbered_spans(500, 1));
    sm_batch_append(batch, more);
    assert_numbered(copy, 0, 500);
    assert_numbered(batch, 0, 501);
    sm_batch_release(copy);
    sm_batch_release(more);
    sm_batch_release(batch);
}

static void joins_batches_of_which_one_has_an_index(void **state)
{
    (void)state;
    for (unsigned packed = 0; packed < 2; packed++) {
        struct sm_batch *first = numbered_spans(0, 3), *second = numbered_spans(3, 2);
        if (packed)
            first = sm_batch_pack(first);
        else
            second = sm_batch_pack(second);
        sm_batch_append(first, second);
        assert_false(first->is_packed);
        sm_batch_release(second);
        first = sm_batch_pack(first);
        assert_numbered(first, 0, 5);
        sm_batch_release(first);
    }
}

static void is_refused_where_an_index_is(void **state)
{
    (void)state;
    struct sm_bytes bytes = {0};
    sample_traces(&bytes, 1, 1, 1);
    for (size_t i = 0; i < bytes.size; i++)
        for (unsigned flip = 0; flip < 9; flip++) {
            struct sm_buffer *buffer = sm_buffer_try_copy(sm_slice_make(bytes.ptr, flip ? bytes.size : i));
            if (flip)
                buffer->data[i] = (char)(buffer->data[i] ^ (1 << (flip - 1)));
            struct sm_decode_error one = {0}, other = {0};
            struct sm_batch *indexed = sm_otlp_decode_protobuf(SM_TRACES, buffer, &one);
            struct sm_batch *packed = sm_otlp_decode_protobuf_packed(SM_TRACES, buffer, &other);
            assert_int_equal(indexed != NULL, packed != NULL);
            if (indexed)
                assert_int_equal(indexed->item_count, packed->item_count);
            else
                assert_true(one.offset == other.offset && strcmp(one.reason, other.reason) == 0);
            sm_batch_release(indexed);
            sm_batch_release(packed);
            sm_buffer_release(buffer);
        }
    sm_bytes_deinit(&bytes);
}

static void a_request_with_deprecated_groups_is_not_packed(void **state)
{
    (void)state;
    struct sm_bytes bytes = {0};
    size_t group = sm_proto_message_begin(&bytes, 1);
    size_t scopes = sm_proto_message_begin(&bytes, 1000);
    sample_span(&bytes, 7);
    sm_proto_message_end(&bytes, scopes);
    sm_proto_message_end(&bytes, group);
    struct sm_buffer *buffer = sm_buffer_try_copy(sm_bytes_slice(&bytes));
    struct sm_batch *batch = decode(buffer, true);
    assert_false(batch->is_packed);
    assert_int_equal(batch->item_count, 1);
    batch = sm_batch_pack(batch);
    sm_batch_unpack(batch);
    assert_true(sm_slice_is(batch->groups[0].scopes[0].spans[0].name, "span-7"));
    sm_batch_release(batch);
    sm_buffer_release(buffer);
    sm_bytes_deinit(&bytes);
}

/* Statements may nest values deeper than a client may. */
static void packs_values_nested_beyond_the_limit_for_clients(void **state)
{
    (void)state;
    struct sm_batch *batch = numbered_spans(0, 1);
    struct sm_value value = sm_value_int(7);
    for (int i = 0; i < SM_OTLP_VALUE_DEPTH_MAX + 10; i++) {
        struct sm_map *map = sm_arena_zalloc(&batch->arena, 1, sizeof(*map));
        sm_map_set(map, &batch->arena, SM_SLICE("k"), value);
        value = (struct sm_value){.type = SM_VALUE_MAP, .map = map};
    }
    sm_map_set(sm_attributes_edit(&batch->groups[0].scopes[0].spans[0].attributes, &batch->arena), &batch->arena, SM_SLICE("deep"), value);
    batch = sm_batch_pack(batch);
    assert_numbered(batch, 0, 1);
    sm_batch_release(batch);
}

/* Three parts that a sender wrote one behind the other, then one that does not lie behind them. */
static void joins_neighbours_without_a_copy(void **state)
{
    (void)state;
    struct sm_buffer *request = sample_buffer(1, 1, 20), *run = sm_buffer_try_create(4 * request->size);
    struct sm_batch *joined = sm_batch_create(SM_TRACES);
    static const size_t places[] = {0, 1, 2, 1};
    for (size_t i = 0; i < 3; i++)
        memcpy(run->data + i * request->size, request->data, request->size);
    for (size_t i = 0; i < 4; i++) {
        struct sm_batch_part part = {
            .raw = sm_slice_make(run->data + places[i] * request->size, request->size), .buffer = run, .item_count = 20, .is_run = true};
        struct sm_batch *next = sm_batch_create_packed(SM_TRACES, &part);
        sm_batch_append(joined, next);
        sm_batch_release(next);
    }
    assert_int_equal(joined->item_count, 80);
    struct sm_otlp_pieces pieces;
    sm_otlp_encode_protobuf(joined, &pieces);
    assert_int_equal(pieces.count, 2);
    assert_ptr_equal(pieces.pieces[0].iov_base, run->data);
    assert_int_equal(pieces.pieces[0].iov_len, 3 * request->size);
    assert_int_equal(pieces.size, 4 * request->size);
    sm_batch_release(joined);
    sm_buffer_release(run);
    sm_buffer_release(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_request_of_an_unchanged_batch),
        cmocka_unit_test(finds_the_request_of_a_copy),
        cmocka_unit_test(writes_only_what_is_left),
        cmocka_unit_test(gets_its_index_back),
        cmocka_unit_test(joins_and_is_cut_anywhere),
        cmocka_unit_test(copies_small_requests_into_one_block),
        cmocka_unit_test(joins_neighbours_without_a_copy),
        cmocka_unit_test(joins_batches_of_which_one_has_an_index),
        cmocka_unit_test(is_refused_where_an_index_is),
        cmocka_unit_test(a_request_with_deprecated_groups_is_not_packed),
        cmocka_unit_test(packs_values_nested_beyond_the_limit_for_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
