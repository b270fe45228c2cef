#include "telemetry/otlp.h"
#include "telemetry/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "telemetry/sample_request.h"

static struct sm_batch *decode(struct sm_slice bytes)
{
    struct sm_decode_error error = {0};
    struct sm_buffer *buffer = sm_buffer_try_copy(bytes);
    struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, buffer, &error);
    if (!batch)
        print_error("offset %zu: %s\n", error.offset, error.reason);
    assert_non_null(batch);
    sm_buffer_release(buffer);
    return batch;
}

static struct sm_batch *sample(unsigned resources, unsigned scopes, unsigned spans)
{
    struct sm_bytes bytes = {0};
    sample_traces(&bytes, resources, scopes, spans);
    struct sm_batch *batch = decode(sm_bytes_slice(&bytes));
    sm_bytes_deinit(&bytes);
    return batch;
}

static struct sm_bytes encode(struct sm_batch *batch)
{
    struct sm_bytes bytes = {0}, joined = {0};
    struct sm_otlp_pieces pieces;
    sm_otlp_encode_protobuf_bytes(batch, &bytes);
    assert_int_equal(bytes.size, sm_batch_encoded_size(batch));
    sm_otlp_encode_protobuf(batch, &pieces);
    for (size_t i = 0; i < pieces.count; i++)
        sm_bytes_append(&joined, pieces.pieces[i].iov_base, pieces.pieces[i].iov_len);
    assert_int_equal(joined.size, pieces.size);
    assert_true(sm_slice_equal(sm_bytes_slice(&joined), sm_bytes_slice(&bytes)));
    sm_bytes_deinit(&joined);
    return bytes;
}

static struct sm_batch *encode_and_decode(struct sm_batch *batch)
{
    struct sm_bytes bytes = encode(batch);
    struct sm_batch *again = decode(sm_bytes_slice(&bytes));
    sm_bytes_deinit(&bytes);
    return again;
}

static struct sm_span *span_at(struct sm_batch *batch, size_t group, size_t scope, size_t index)
{
    assert_true(group < batch->count && scope < batch->groups[group].count && index < batch->groups[group].scopes[scope].count);
    return &batch->groups[group].scopes[scope].spans[index];
}

static void assert_text(struct sm_slice slice, const char *text)
{
    if (!sm_slice_is(slice, text))
        print_error("%.*s != %s\n", SM_SLICE_ARGS(slice), text);
    assert_true(sm_slice_is(slice, text));
}

static void finds_the_fields_of_every_level(void **state)
{
    (void)state;
    struct sm_batch *batch = sample(2, 2, 3);
    struct sm_value value;
    assert_int_equal(batch->item_count, 12);
    assert_int_equal(batch->count, 2);
    assert_true(sm_attributes_find(&batch->groups[1].resource.attributes, SM_SLICE("service.name"), &value));
    assert_text(value.string, "service-1");
    assert_text(batch->groups[0].schema_url, "https://resource.schema");
    assert_text(batch->groups[0].scopes[1].scope.name, "library");
    assert_text(batch->groups[0].scopes[1].scope.version, "1.2.3");
    assert_text(batch->groups[0].scopes[1].schema_url, "https://scope.schema");
    struct sm_span *span = span_at(batch, 1, 1, 2);
    assert_text(span->name, "span-11");
    assert_text(span->trace_id, "0123456789abcdef");
    assert_text(span->span_id, "01234567");
    assert_int_equal(span->parent_span_id.size, 0);
    assert_int_equal(span->kind, SM_SPAN_KIND_SERVER);
    assert_int_equal(span->start_ns, 1011);
    assert_int_equal(span->end_ns, 2011);
    assert_int_equal(span->status_code, SM_STATUS_ERROR);
    assert_text(span->status_message, "upstream failed");
    assert_int_equal(span->flags, 0x101);
    assert_true(sm_attributes_find(&span->attributes, SM_SLICE("http.response.status_code"), &value));
    assert_int_equal(value.integer, 200);
    assert_false(sm_attributes_find(&span->attributes, SM_SLICE("http.rout"), &value));
    uint32_t count;
    struct sm_span_event *events = sm_span_events(span, &batch->arena, &count);
    assert_int_equal(count, 1);
    assert_text(events[0].name, "exception");
    assert_int_equal(sm_attributes_map(&events[0].attributes, &batch->arena)->count, 1);
    struct sm_span_link *links = sm_span_links(span, &batch->arena, &count);
    assert_int_equal(count, 1);
    assert_text(links[0].span_id, "76543210");
    sm_batch_release(batch);
}

static void encodes_what_nobody_changed_as_it_came(void **state)
{
    (void)state;
    struct sm_batch *batch = sample(3, 2, 5);
    struct sm_otlp_pieces pieces;
    sm_otlp_encode_protobuf(batch, &pieces);
    assert_int_equal(pieces.count, 1);
    assert_ptr_equal(pieces.pieces[0].iov_base, batch->raw.ptr);
    assert_int_equal(pieces.size, batch->raw.size);
    sm_batch_release(batch);
}

static void writes_a_changed_span_and_keeps_unknown_fields(void **state)
{
    (void)state;
    struct sm_batch *batch = sample(2, 1, 2);
    struct sm_span *span = span_at(batch, 1, 0, 1);
    span->name = SM_SLICE("renamed");
    struct sm_map *map = sm_attributes_edit(&span->attributes, &batch->arena);
    sm_map_set(map, &batch->arena, SM_SLICE("added"), sm_value_bool(true));
    assert_true(sm_map_remove(map, SM_SLICE("http.route")));
    span->changed = SM_SPAN_CHANGED_FIELDS | SM_SPAN_CHANGED_ATTRIBUTES;
    sm_batch_mark_changed(batch, &batch->groups[1], &batch->groups[1].scopes[0]);
    struct sm_batch *again = encode_and_decode(batch);
    span = span_at(again, 1, 0, 1);
    struct sm_value value;
    uint32_t count;
    assert_text(span->name, "renamed");
    assert_true(sm_attributes_find(&span->attributes, SM_SLICE("added"), &value));
    assert_true(value.boolean);
    assert_false(sm_attributes_find(&span->attributes, SM_SLICE("http.route"), &value));
    sm_span_events(span, &again->arena, &count);
    assert_int_equal(count, 1);
    assert_non_null(memmem(span->raw.ptr, span->raw.size, "from the future", 15));
    assert_text(span->status_message, "upstream failed");
    assert_text(again->groups[1].scopes[0].scope.name, "library");
    assert_text(again->groups[1].schema_url, "https://resource.schema");
    sm_batch_release(again);
    sm_batch_release(batch);
}

static void leaves_out_what_is_dropped(void **state)
{
    (void)state;
    struct sm_batch *batch = sample(2, 1, 3);
    span_at(batch, 0, 0, 1)->dropped = true;
    for (size_t i = 0; i < 3; i++)
        span_at(batch, 1, 0, i)->dropped = true;
    sm_batch_recount(batch);
    assert_int_equal(batch->item_count, 2);
    struct sm_batch *again = encode_and_decode(batch);
    assert_int_equal(again->count, 1);
    assert_int_equal(again->item_count, 2);
    assert_text(span_at(again, 0, 0, 1)->name, "span-2");
    sm_batch_release(again);
    sm_batch_release(batch);
}

static void splits_inside_of_scopes_and_loses_nothing(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 13; size++) {
        struct sm_batch *rest = sample(2, 2, 3);
        span_at(rest, 0, 1, 0)->dropped = true;
        sm_batch_recount(rest);
        unsigned seen = 0;
        while (rest->item_count) {
            size_t expected = rest->item_count < size ? rest->item_count : size;
            struct sm_batch *head = sm_batch_split(rest, size);
            assert_int_equal(head->item_count, expected);
            struct sm_batch *again = encode_and_decode(head);
            assert_int_equal(again->item_count, expected);
            for (size_t g = 0; g < again->count; g++) {
                assert_text(again->groups[g].schema_url, "https://resource.schema");
                for (size_t s = 0; s < again->groups[g].count; s++) {
                    assert_text(again->groups[g].scopes[s].scope.name, "library");
                    for (size_t i = 0; i < again->groups[g].scopes[s].count; i++) {
                        seen += seen == 3;
                        char name[16];
                        snprintf(name, sizeof(name), "span-%u", seen++);
                        assert_text(span_at(again, g, s, i)->name, name);
                    }
                }
            }
            sm_batch_release(again);
            sm_batch_release(head);
        }
        assert_int_equal(seen, 12);
        sm_batch_release(rest);
    }
}

static void a_clone_can_be_changed_without_the_original_seeing_it(void **state)
{
    (void)state;
    struct sm_batch *batch = sample(1, 1, 2);
    struct sm_span *span = span_at(batch, 0, 0, 0);
    sm_map_set(sm_attributes_edit(&span->attributes, &batch->arena), &batch->arena, SM_SLICE("before"), sm_value_int(1));
    span->changed |= SM_SPAN_CHANGED_ATTRIBUTES;
    struct sm_batch *clone = sm_batch_clone(batch);
    struct sm_span *copy = span_at(clone, 0, 0, 0);
    struct sm_map *map = sm_attributes_edit(&copy->attributes, &clone->arena);
    sm_map_set(map, &clone->arena, SM_SLICE("before"), sm_value_int(2));
    uint32_t count;
    sm_span_events(copy, &clone->arena, &count)[0].name = SM_SLICE("other");
    copy->changed |= SM_SPAN_CHANGED_ATTRIBUTES | SM_SPAN_CHANGED_EVENTS;
    struct sm_value value;
    assert_true(sm_attributes_find(&span->attributes, SM_SLICE("before"), &value));
    assert_int_equal(value.integer, 1);
    assert_text(sm_span_events(span, &batch->arena, &count)[0].name, "exception");
    /* The original goes first: the clone keeps the bytes. */
    sm_batch_release(batch);
    assert_text(span_at(clone, 0, 0, 1)->name, "span-1");
    sm_batch_release(clone);
}

static void appends_batches_and_keeps_their_bytes(void **state)
{
    (void)state;
    struct sm_batch *merged = sm_batch_create(SM_TRACES);
    for (unsigned i = 1; i <= 20; i++) {
        struct sm_batch *part = sample(1, 1, i);
        struct sm_batch *other = i % 2 ? sm_batch_retain(part) : NULL;
        sm_batch_append(merged, part);
        sm_batch_release(part);
        sm_batch_release(other);
    }
    assert_int_equal(merged->item_count, 210);
    struct sm_batch *again = encode_and_decode(merged);
    assert_int_equal(again->item_count, 210);
    assert_int_equal(again->count, 20);
    assert_text(span_at(again, 19, 0, 19)->name, "span-19");
    sm_batch_release(again);
    sm_batch_release(merged);
}

static void encodes_a_batch_made_by_hand(void **state)
{
    (void)state;
    struct sm_batch *batch = sm_batch_create(SM_TRACES);
    struct sm_resource_group *group = sm_batch_add_resource(batch);
    sm_map_set(sm_attributes_edit(&group->resource.attributes, &batch->arena), &batch->arena, SM_SLICE("service.name"),
               sm_value_string(SM_SLICE("made")));
    for (int i = 0; i < 9; i++) {
        struct sm_scope_group *scope = sm_batch_add_scope(batch, group);
        scope->scope.name = SM_SLICE("hand");
        scope->spans = sm_arena_zalloc(&batch->arena, 1, sizeof(*scope->spans));
        scope->spans[0].name = SM_SLICE("one");
        scope->count = 1;
    }
    sm_batch_recount(batch);
    assert_int_equal(batch->item_count, 9);
    struct sm_batch *again = encode_and_decode(batch);
    struct sm_value value;
    assert_true(sm_attributes_find(&again->groups[0].resource.attributes, SM_SLICE("service.name"), &value));
    assert_text(value.string, "made");
    assert_text(span_at(again, 0, 8, 0)->name, "one");
    sm_batch_release(again);
    sm_batch_release(batch);
}

static void merges_repeated_resources_and_scopes(void **state)
{
    (void)state;
    struct sm_bytes bytes = {0};
    size_t group = sm_proto_message_begin(&bytes, 1);
    for (int i = 0; i < 3; i++) {
        char key[8];
        snprintf(key, sizeof(key), "k%d", i);
        size_t resource = sm_proto_message_begin(&bytes, 1);
        sample_attribute(&bytes, 1, key, "v");
        sm_proto_message_end(&bytes, resource);
    }
    sm_proto_message_end(&bytes, group);
    struct sm_batch *batch = decode(sm_bytes_slice(&bytes));
    assert_int_equal(sm_attributes_map(&batch->groups[0].resource.attributes, &batch->arena)->count, 3);
    sm_batch_release(batch);
    sm_bytes_deinit(&bytes);
}

static void takes_deprecated_scopes_when_there_are_no_others(void **state)
{
    (void)state;
    for (int with_new = 0; with_new < 2; with_new++) {
        struct sm_bytes bytes = {0};
        size_t group = sm_proto_message_begin(&bytes, 1);
        size_t old = sm_proto_message_begin(&bytes, 1000);
        sample_span(&bytes, 7);
        sm_proto_message_end(&bytes, old);
        if (with_new) {
            size_t scope = sm_proto_message_begin(&bytes, 2);
            sample_span(&bytes, 8);
            sm_proto_message_end(&bytes, scope);
        }
        sm_proto_message_end(&bytes, group);
        struct sm_batch *batch = decode(sm_bytes_slice(&bytes));
        struct sm_batch *again = encode_and_decode(batch);
        assert_int_equal(batch->item_count, 1);
        assert_int_equal(again->item_count, 1);
        assert_false(again->changed);
        assert_text(span_at(again, 0, 0, 0)->name, with_new ? "span-8" : "span-7");
        sm_batch_release(again);
        sm_batch_release(batch);
        sm_bytes_deinit(&bytes);
    }
}

/* Wraps the bytes of a span's fields into a request. */
static struct sm_buffer *request_of_span_fields(struct sm_slice fields)
{
    struct sm_bytes bytes = {0};
    size_t group = sm_proto_message_begin(&bytes, 1);
    size_t scope = sm_proto_message_begin(&bytes, 2);
    sm_proto_put_bytes(&bytes, 2, fields);
    sm_proto_message_end(&bytes, scope);
    sm_proto_message_end(&bytes, group);
    struct sm_buffer *buffer = sm_buffer_try_copy(sm_bytes_slice(&bytes));
    sm_bytes_deinit(&bytes);
    return buffer;
}

static void accepts_and_refuses_what_the_reference_does(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct sm_slice fields;
        bool valid;
    } cases[] = {
        {"empty span", SM_SLICE(""), true},
        {"empty IDs", SM_SLICE("\x0a\x00\x12\x00\x22\x00"), true},
        {"short trace ID",
         SM_SLICE("\x0a\x0f"
                  "0123456789abcde"),
         false},
        {"long span ID",
         SM_SLICE("\x12\x09"
                  "012345678"),
         false},
        {"name with another wire type", SM_SLICE("\x28\x01"), false},
        {"kind as bytes", SM_SLICE("\x32\x00"), false},
        {"kind beyond 32 bits", SM_SLICE("\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), true},
        {"varint of eleven bytes", SM_SLICE("\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), false},
        {"truncated varint", SM_SLICE("\x30\xff"), false},
        {"truncated fixed64", SM_SLICE("\x39\x01\x02"), false},
        {"field number zero", SM_SLICE("\x02\x00"), false},
        {"unknown varint", SM_SLICE("\xa0\x06\x01"), true},
        {"wire type six", SM_SLICE("\xa6\x06\x01"), false},
        {"empty group", SM_SLICE("\xa3\x06\xa4\x06"), true},
        {"group with a field", SM_SLICE("\xa3\x06\x08\x01\xa4\x06"), false},
        {"end of no group", SM_SLICE("\xa4\x06"), false},
        {"attribute with a wrong value", SM_SLICE("\x4a\x04\x12\x02\x0a\x05"), false},
        {"attribute without anything", SM_SLICE("\x4a\x00"), true},
        {"attribute with key twice",
         SM_SLICE("\x4a\x06\x0a\x01"
                  "a\x0a\x01"
                  "b"),
         true},
        {"length beyond the end",
         SM_SLICE("\x2a\x05"
                  "abc"),
         false},
        {"name twice",
         SM_SLICE("\x2a\x01"
                  "a\x2a\x01"
                  "b"),
         true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_decode_error error = {0};
        struct sm_buffer *buffer = request_of_span_fields(cases[i].fields);
        struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, buffer, &error);
        if ((batch != NULL) != cases[i].valid)
            print_error("%s: %s\n", cases[i].what, batch ? "accepted" : error.reason);
        assert_int_equal(batch != NULL, cases[i].valid);
        assert_int_equal(error.reason == NULL, cases[i].valid);
        sm_batch_release(batch);
        sm_buffer_release(buffer);
    }
}

static void refuses_values_nested_beyond_the_limit(void **state)
{
    (void)state;
    for (int depth = SM_OTLP_VALUE_DEPTH_MAX; depth <= SM_OTLP_VALUE_DEPTH_MAX + 1; depth++) {
        struct sm_bytes fields = {0};
        size_t attribute = sm_proto_message_begin(&fields, 9), value = sm_proto_message_begin(&fields, 2);
        size_t marks[2 * (SM_OTLP_VALUE_DEPTH_MAX + 1)];
        for (int i = 0; i < depth; i++) {
            marks[2 * i] = sm_proto_message_begin(&fields, 5);
            marks[2 * i + 1] = sm_proto_message_begin(&fields, 1);
        }
        for (int i = 2 * depth; i-- > 0;)
            sm_proto_message_end(&fields, marks[i]);
        sm_proto_message_end(&fields, value);
        sm_proto_message_end(&fields, attribute);
        struct sm_decode_error error = {0};
        struct sm_buffer *buffer = request_of_span_fields(sm_bytes_slice(&fields));
        struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, buffer, &error);
        assert_int_equal(batch != NULL, depth <= SM_OTLP_VALUE_DEPTH_MAX);
        sm_batch_release(batch);
        sm_buffer_release(buffer);
        sm_bytes_deinit(&fields);
    }
}

static void every_truncation_is_refused_or_sound(void **state)
{
    (void)state;
    struct sm_bytes bytes = {0};
    sample_traces(&bytes, 2, 1, 2);
    for (size_t size = 0; size < bytes.size; size++) {
        struct sm_decode_error error = {0};
        struct sm_buffer *buffer = sm_buffer_try_copy(sm_slice_make(bytes.ptr, size));
        sm_batch_release(sm_otlp_decode_protobuf(SM_TRACES, buffer, &error));
        assert_true(error.offset <= size);
        sm_buffer_release(buffer);
    }
    sm_bytes_deinit(&bytes);
}

/* Wraps a KeyValue message into a request with one span. */
static void put_span_with_attribute(struct sm_bytes *out, struct sm_slice key_value)
{
    struct sm_bytes levels[2] = {{0}, {0}};
    const uint32_t numbers[] = {9, 2, 2, 1}; /* attributes, spans, scope_spans, resource_spans */
    struct sm_slice message = key_value;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct sm_bytes *to = &levels[i % 2];
        to->size = 0;
        sm_proto_put_bytes(to, numbers[i], message);
        message = sm_bytes_slice(to);
    }
    sm_bytes_append_slice(out, message);
    sm_bytes_deinit(&levels[0]);
    sm_bytes_deinit(&levels[1]);
}

/* The bits that tell which keys are not there are taken from the bytes of the usual forms only. */
static void finds_keys_wherever_they_stand_in_an_attribute(void **state)
{
    (void)state;
    char text[300];
    memset(text, 'x', sizeof(text));
    const struct sm_slice parts[] = {SM_SLICE("\x0a\x03key"), SM_SLICE("\x12\x03\x0a\x01v"), SM_SLICE("\x0a\x05other"), SM_SLICE("\x18\x01")};
    const int orders[][4] = {{0, 1, -1}, {1, 0, -1}, {2, 1, 0, -1}, {2, 0, 1, -1}, {0, 3, 1, -1}, {0, -1}, {1, 2, 0, -1}};
    for (size_t i = 0; i < 2 * sizeof(orders) / sizeof(orders[0]); i++) {
        struct sm_bytes key_value = {0}, value = {0}, request = {0};
        for (int k = 0; k < 4 && orders[i / 2][k] >= 0; k++) {
            if (orders[i / 2][k] != 1 || i % 2 == 0) {
                sm_bytes_append_slice(&key_value, parts[orders[i / 2][k]]);
                continue;
            }
            value.size = 0; /* a long one */
            sm_proto_put_bytes(&value, 1, sm_slice_make(text, sizeof(text)));
            sm_proto_put_bytes(&key_value, 2, sm_bytes_slice(&value));
        }
        put_span_with_attribute(&request, sm_bytes_slice(&key_value));
        struct sm_batch *batch = decode(sm_bytes_slice(&request));
        struct sm_value found;
        assert_true(sm_attributes_find(&span_at(batch, 0, 0, 0)->attributes, SM_SLICE("key"), &found));
        assert_false(sm_attributes_find(&span_at(batch, 0, 0, 0)->attributes, SM_SLICE("another"), &found));
        sm_batch_release(batch);
        sm_bytes_deinit(&request);
        sm_bytes_deinit(&value);
        sm_bytes_deinit(&key_value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_fields_of_every_level),
        cmocka_unit_test(encodes_what_nobody_changed_as_it_came),
        cmocka_unit_test(writes_a_changed_span_and_keeps_unknown_fields),
        cmocka_unit_test(leaves_out_what_is_dropped),
        cmocka_unit_test(splits_inside_of_scopes_and_loses_nothing),
        cmocka_unit_test(a_clone_can_be_changed_without_the_original_seeing_it),
        cmocka_unit_test(appends_batches_and_keeps_their_bytes),
        cmocka_unit_test(encodes_a_batch_made_by_hand),
        cmocka_unit_test(merges_repeated_resources_and_scopes),
        cmocka_unit_test(takes_deprecated_scopes_when_there_are_no_others),
        cmocka_unit_test(accepts_and_refuses_what_the_reference_does),
        cmocka_unit_test(refuses_values_nested_beyond_the_limit),
        cmocka_unit_test(every_truncation_is_refused_or_sound),
        cmocka_unit_test(finds_keys_wherever_they_stand_in_an_attribute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
