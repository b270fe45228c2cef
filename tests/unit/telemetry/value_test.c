#include "telemetry/value.h"
#include "wire/protobuf.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct sm_arena arena;

static int setup(void **state)
{
    (void)state;
    sm_arena_init(&arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sm_arena_deinit(&arena);
    return 0;
}

static struct sm_value map_value(struct sm_map *map)
{
    return (struct sm_value){.type = SM_VALUE_MAP, .map = map};
}

static void assert_prints(struct sm_value value, const char *expected)
{
    struct sm_slice text = sm_value_to_string(&value, &arena);
    if (!sm_slice_is(text, expected))
        print_error("%.*s != %s\n", SM_SLICE_ARGS(text), expected);
    assert_true(sm_slice_is(text, expected));
}

static void prints_values_as_the_reference_does(void **state)
{
    (void)state;
    assert_prints((struct sm_value){0}, "");
    assert_prints(sm_value_string(SM_SLICE("<a>")), "<a>");
    assert_prints(sm_value_bool(true), "true");
    assert_prints(sm_value_int(INT64_MIN), "-9223372036854775808");
    assert_prints(sm_value_double(1e-7), "1e-7");
    assert_prints(sm_value_double(1e21), "1e+21");
    assert_prints(sm_value_double(100), "100");
    assert_prints(sm_value_double(-INFINITY), "-Infinity");
    assert_prints(sm_value_double(NAN), "NaN");
    assert_prints((struct sm_value){.type = SM_VALUE_BYTES, .bytes = SM_SLICE("hello")}, "aGVsbG8=");
}

static void prints_maps_with_sorted_keys_and_go_escapes(void **state)
{
    (void)state;
    struct sm_map inner = {0}, map = {0};
    sm_map_set(&inner, &arena, SM_SLICE("n"), (struct sm_value){0});
    sm_map_set(&map, &arena, SM_SLICE("b"), sm_value_string(SM_SLICE("<&>\"\\\n\b\x01\x7f\xff\xe2\x80\xa8\xc3\xa9")));
    sm_map_set(&map, &arena, SM_SLICE("a"), map_value(&inner));
    sm_map_set(&map, &arena, SM_SLICE("aa"), sm_value_double(0.1));
    sm_map_set(&map, &arena, SM_SLICE("B"), sm_value_bool(false));
    assert_prints(map_value(&map), "{\"B\":false,\"a\":{\"n\":null},\"aa\":0.1,\"b\":\"<&>\\\"\\\\\\n\\b\\u0001\x7f\\ufffd\\u2028\xc3\xa9\"}");
    sm_map_set(&inner, &arena, SM_SLICE("n"), sm_value_double(NAN));
    assert_prints(map_value(&map), "");
}

static void finds_sets_and_removes_entries(void **state)
{
    (void)state;
    struct sm_map map = {0};
    for (int i = 0; i < 100; i++)
        sm_map_set(&map, &arena, sm_slice_of(sm_arena_printf(&arena, "k%d", i % 50)), sm_value_int(i));
    assert_int_equal(map.count, 50);
    assert_int_equal(sm_map_find(&map, SM_SLICE("k7"))->integer, 57);
    assert_true(sm_map_remove(&map, SM_SLICE("k7")));
    assert_false(sm_map_remove(&map, SM_SLICE("k7")));
    assert_null(sm_map_find(&map, SM_SLICE("k7")));
    assert_true(sm_slice_is(map.entries[7].key, "k8"));
}

static void compares_maps_without_order(void **state)
{
    (void)state;
    struct sm_map one = {0}, other = {0};
    sm_map_set(&one, &arena, SM_SLICE("a"), sm_value_int(1));
    sm_map_set(&one, &arena, SM_SLICE("b"), sm_value_double(0.0));
    sm_map_set(&other, &arena, SM_SLICE("b"), sm_value_double(-0.0));
    sm_map_set(&other, &arena, SM_SLICE("a"), sm_value_int(1));
    struct sm_value left = map_value(&one), right = map_value(&other), copy = sm_value_copy(&left, &arena);
    assert_true(sm_value_equal(&left, &right, &arena));
    assert_true(sm_value_equal(&left, &copy, &arena));
    sm_map_set(&other, &arena, SM_SLICE("a"), sm_value_int(2));
    assert_false(sm_value_equal(&left, &right, &arena));
    sm_map_set(&one, &arena, SM_SLICE("b"), sm_value_double(NAN));
    assert_false(sm_value_equal(&left, &left, &arena));
}

static bool has_no_b(void *context, struct sm_slice key)
{
    ++*(int *)context;
    return !sm_slice_starts_with(key, SM_SLICE("b"));
}

/* `keys` are one letter each; entries of another field stand between when `has_gaps`. */
static struct sm_attributes encoded_attributes(const char *keys, bool has_gaps)
{
    struct sm_bytes bytes = {0};
    struct sm_attributes attributes = {.field = 9, ._has_gaps = has_gaps};
    for (const char *key = keys; *key; key++) {
        size_t entry = sm_proto_message_begin(&bytes, 9);
        sm_proto_put_bytes(&bytes, 1, sm_slice_make(key, 1));
        size_t value = sm_proto_message_begin(&bytes, 2);
        char *text = sm_arena_alloc(&arena, 300);
        sm_proto_put_bytes(&bytes, 1, sm_slice_make(memset(text, *key, 300), *key == 'l' ? 300 : 3));
        sm_proto_message_end(&bytes, value);
        sm_proto_message_end(&bytes, entry);
        if (has_gaps && key[1])
            sm_proto_put_uint(&bytes, 6, 3);
    }
    attributes.raw = sm_arena_copy(&arena, sm_bytes_slice(&bytes));
    sm_bytes_deinit(&bytes);
    return attributes;
}

static void keeps_chosen_attributes_decoded_or_not(void **state)
{
    (void)state;
    const struct {
        const char *keys, *kept;
    } cases[] = {{"abc", "ac"}, {"bab", "a"}, {"b", ""}, {"ac", "ac"}, {"lbl", "ll"}, {"abllllb", "allll"}, {"", ""}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (unsigned form = 0; form < 4; form++) {
            struct sm_attributes attributes = encoded_attributes(cases[i].keys, form & 1);
            int asked = 0;
            if (form & 2)
                (void)sm_attributes_map(&attributes, &arena);
            sm_attributes_keep(&attributes, &arena, has_no_b, &asked);
            assert_int_equal(asked, strlen(cases[i].keys));
            assert_int_equal(attributes._map != NULL, (form & 2) != 0);
            struct sm_map *map = sm_attributes_map(&attributes, &arena);
            assert_int_equal(map->count, strlen(cases[i].kept));
            for (size_t k = 0; k < map->count; k++) {
                assert_int_equal(map->entries[k].key.ptr[0], cases[i].kept[k]);
                assert_int_equal(map->entries[k].value.string.size, cases[i].kept[k] == 'l' ? 300 : 3);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(prints_values_as_the_reference_does, setup, teardown),
        cmocka_unit_test_setup_teardown(prints_maps_with_sorted_keys_and_go_escapes, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_sets_and_removes_entries, setup, teardown),
        cmocka_unit_test_setup_teardown(compares_maps_without_order, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_chosen_attributes_decoded_or_not, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
