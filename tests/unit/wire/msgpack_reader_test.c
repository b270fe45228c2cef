#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/msgpack.h"
#include "wire/msgpack_reader.h"

static void reads_what_was_written(void **state)
{
    (void)state;
    struct sm_bytes bytes = {0};
    static const int64_t numbers[] = {0, 1, 127, 128, 65535, 65536, INT64_MAX, -1, -32, -33, -128, -129, -32768, -32769, INT64_MIN};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sm_msgpack_put_int(&bytes, numbers[i]);
    sm_msgpack_put_uint(&bytes, UINT64_MAX);
    sm_msgpack_put_double(&bytes, 2.5);
    sm_msgpack_put_text(&bytes, SM_SLICE("text"));
    sm_msgpack_put_bytes(&bytes, SM_SLICE("\x00\x01"));
    sm_msgpack_put_nil(&bytes);
    sm_msgpack_put_bool(&bytes, true);
    struct sm_msgpack_cursor cursor = sm_msgpack_begin(sm_bytes_slice(&bytes));
    struct sm_msgpack_value value;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_true(sm_msgpack_read(&cursor, &value));
        assert_int_equal(value.type == SM_MSGPACK_UINT ? (int64_t)value.natural : value.integer, numbers[i]);
    }
    assert_true(sm_msgpack_read(&cursor, &value) && value.natural == UINT64_MAX);
    assert_true(sm_msgpack_read(&cursor, &value) && value.number == 2.5);
    assert_true(sm_msgpack_read(&cursor, &value) && sm_slice_is(value.text, "text"));
    assert_true(sm_msgpack_read(&cursor, &value) && value.type == SM_MSGPACK_BYTES && value.text.size == 2);
    assert_true(sm_msgpack_try_nil(&cursor));
    assert_true(sm_msgpack_read(&cursor, &value) && value.boolean);
    assert_false(sm_msgpack_read(&cursor, &value));
    sm_bytes_deinit(&bytes);
}

static void skips_what_is_nested_however_deep(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    struct sm_bytes bytes = {0};
    for (int i = 0; i < DEPTH; i++)
        sm_msgpack_put_array(&bytes, 1);
    sm_msgpack_put_map(&bytes, 1);
    sm_msgpack_put_text(&bytes, SM_SLICE("a"));
    sm_msgpack_put_nil(&bytes);
    sm_msgpack_put_uint(&bytes, 7);
    struct sm_msgpack_cursor cursor = sm_msgpack_begin(sm_bytes_slice(&bytes));
    struct sm_msgpack_value value;
    assert_true(sm_msgpack_skip(&cursor));
    assert_true(sm_msgpack_read(&cursor, &value) && value.natural == 7);
    sm_bytes_deinit(&bytes);
}

static void refuses_what_is_too_short_or_promises_too_much(void **state)
{
    (void)state;
    static const struct sm_slice wrong[] = {
        {"\xcd\x01", 2},
        {"\xa5text", 5},
        {"\xdb\xff\xff\xff\xff", 5},
        {"\xdd\xff\xff\xff\xff", 5},
        {"\xdf\x80\x00\x00\x00", 5},
        {"\x92\x01", 2},
        {"\xc1", 1},
        {"\xcb\x00", 2},
        {"\xc7\x05", 2},
        {"\xd8\x01", 2},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct sm_msgpack_cursor cursor = sm_msgpack_begin(wrong[i]);
        assert_false(sm_msgpack_skip(&cursor));
        assert_non_null(cursor.error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_what_was_written), cmocka_unit_test(skips_what_is_nested_however_deep),
                                       cmocka_unit_test(refuses_what_is_too_short_or_promises_too_much)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
