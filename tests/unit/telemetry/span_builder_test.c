/* span_builder.h: what is built comes out as a batch, in order; attributes with many keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "telemetry/batch.h"
#include "telemetry/span_builder.h"

static void gives_spans_in_the_order_in_which_they_were_added(void **state)
{
    (void)state;
    struct sm_span_builder builder = {0};
    struct sm_decode_error error = {0};
    struct sm_built_resource *resource = sm_span_builder_add_resource(&builder);
    struct sm_built_scope *scope = sm_span_builder_add_scope(&builder, resource);
    sm_attribute_builder_put(&resource->attributes, &builder.arena, SM_SLICE("service.name"), sm_value_string(SM_SLICE("svc")));
    static const char *const names[] = {"first", "second", "third"};
    for (uint64_t i = 0; i < 3; i++) {
        struct sm_built_span *span = sm_span_builder_add_span(&builder, scope);
        sm_trace_id_from_numbers(span->trace_id, 1, 2);
        sm_span_id_from_number(span->span_id, i + 1);
        span->name = sm_slice_of(names[i]);
        span->end_ns = i;
    }
    struct sm_batch *batch = sm_span_builder_finish(&builder, &error);
    sm_span_builder_deinit(&builder); /* the batch points to nothing of it */
    assert_non_null(batch);
    assert_int_equal(batch->item_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(sm_slice_is(batch->groups[0].scopes[0].spans[i].name, names[i]));
    assert_memory_equal(batch->groups[0].scopes[0].spans[2].span_id.ptr, "\0\0\0\0\0\0\0\3", 8);
    sm_batch_release(batch);
}

static void keeps_a_key_once_however_many_there_are(void **state)
{
    (void)state;
    enum { KEYS = 5000 };
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_attribute_builder attributes = {0};
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < KEYS; i++)
            sm_attribute_builder_put(&attributes, &arena, sm_slice_of(sm_arena_printf(&arena, "key%d", i)), sm_value_int(i + round));
    assert_int_equal(attributes.count, KEYS);
    for (int i = 0; i < KEYS; i += 17) {
        char key[32];
        struct sm_value value;
        snprintf(key, sizeof(key), "key%d", i);
        assert_int_equal(sm_attribute_builder_find(&attributes, sm_slice_of(key))->integer, i + 1);
        assert_true(sm_attribute_builder_take(&attributes, sm_slice_of(key), &value));
        assert_null(sm_attribute_builder_find(&attributes, sm_slice_of(key)));
        assert_false(sm_attribute_builder_take(&attributes, sm_slice_of(key), &value));
    }
    sm_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_spans_in_the_order_in_which_they_were_added),
        cmocka_unit_test(keeps_a_key_once_however_many_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
