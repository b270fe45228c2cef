#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire/msgpack.h"

/* Expected bytes: msgpack's spec.md. */
static void writes_numbers_in_their_shortest_form(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        struct sm_slice expected;
    } rows[] = {
        {0, {"\x00", 1}},
        {127, {"\x7f", 1}},
        {-1, {"\xff", 1}},
        {-32, {"\xe0", 1}},
        {-33, {"\xd0\xdf", 2}},
        {128, {"\xd1\x00\x80", 3}},
        {-129, {"\xd1\xff\x7f", 3}},
        {40000, {"\xd2\x00\x00\x9c\x40", 5}},
        {INT64_MIN, {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9}},
    };
    struct sm_bytes out = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        out.size = 0;
        sm_msgpack_put_int(&out, rows[i].value);
        assert_true(sm_slice_equal(sm_bytes_slice(&out), rows[i].expected));
    }
    static const struct {
        uint64_t value;
        struct sm_slice expected;
    } unsigned_rows[] = {
        {128, {"\xcc\x80", 2}},
        {256, {"\xcd\x01\x00", 3}},
        {65536, {"\xce\x00\x01\x00\x00", 5}},
        {UINT64_MAX, {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9}},
    };
    for (size_t i = 0; i < sizeof(unsigned_rows) / sizeof(unsigned_rows[0]); i++) {
        out.size = 0;
        sm_msgpack_put_uint(&out, unsigned_rows[i].value);
        assert_true(sm_slice_equal(sm_bytes_slice(&out), unsigned_rows[i].expected));
    }
    out.size = 0;
    sm_msgpack_put_double(&out, 1.5);
    sm_msgpack_put_nil(&out);
    sm_msgpack_put_bool(&out, true);
    assert_true(sm_slice_equal(sm_bytes_slice(&out), SM_SLICE("\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\xc0\xc3")));
    sm_bytes_deinit(&out);
}

static void writes_sizes_in_their_shortest_form(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        struct sm_slice text, bytes, array, map;
    } rows[] = {
        {0, {"\xa0", 1}, {"\xc4\x00", 2}, {"\x90", 1}, {"\x80", 1}},
        {15, {"\xaf", 1}, {"\xc4\x0f", 2}, {"\x9f", 1}, {"\x8f", 1}},
        {31, {"\xbf", 1}, {"\xc4\x1f", 2}, {"\xdc\x00\x1f", 3}, {"\xde\x00\x1f", 3}},
        {255, {"\xd9\xff", 2}, {"\xc4\xff", 2}, {"\xdc\x00\xff", 3}, {"\xde\x00\xff", 3}},
        {256, {"\xda\x01\x00", 3}, {"\xc5\x01\x00", 3}, {"\xdc\x01\x00", 3}, {"\xde\x01\x00", 3}},
        {65536, {"\xdb\x00\x01\x00\x00", 5}, {"\xc6\x00\x01\x00\x00", 5}, {"\xdd\x00\x01\x00\x00", 5}, {"\xdf\x00\x01\x00\x00", 5}},
    };
    char *content = calloc(1, 65536);
    struct sm_bytes out = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        out.size = 0;
        sm_msgpack_put_text(&out, sm_slice_make(content, rows[i].size));
        assert_true(sm_slice_starts_with(sm_bytes_slice(&out), rows[i].text) && out.size == rows[i].text.size + rows[i].size);
        out.size = 0;
        sm_msgpack_put_bytes(&out, sm_slice_make(content, rows[i].size));
        assert_true(sm_slice_starts_with(sm_bytes_slice(&out), rows[i].bytes) && out.size == rows[i].bytes.size + rows[i].size);
        out.size = 0;
        sm_msgpack_put_array(&out, (uint32_t)rows[i].size);
        assert_true(sm_slice_equal(sm_bytes_slice(&out), rows[i].array));
        out.size = 0;
        sm_msgpack_put_map(&out, (uint32_t)rows[i].size);
        assert_true(sm_slice_equal(sm_bytes_slice(&out), rows[i].map));
    }
    sm_bytes_deinit(&out);
    free(content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_numbers_in_their_shortest_form),
        cmocka_unit_test(writes_sizes_in_their_shortest_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
