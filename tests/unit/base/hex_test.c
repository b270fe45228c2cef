/* Hexadecimal digits and UUIDs. */
#include "base/hex.h"
#include "base/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* RFC 4648, 10. */
static void writes_and_reads(void **state)
{
    (void)state;
    static const struct {
        struct sm_slice bytes, digits;
    } rows[] = {
        {SM_SLICE(""), SM_SLICE("")},
        {SM_SLICE("f"), SM_SLICE("66")},
        {SM_SLICE("foobar"), SM_SLICE("666f6f626172")},
        {SM_SLICE("\x00\x7f\x80\xff"), SM_SLICE("007f80ff")},
    };
    struct sm_arena arena = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char bytes[8];
        assert_true(sm_slice_equal(sm_hex_text(rows[i].bytes, &arena), rows[i].digits));
        assert_true(sm_hex_read(rows[i].digits, bytes));
        assert_memory_equal(bytes, rows[i].bytes.size ? rows[i].bytes.ptr : "", rows[i].bytes.size);
        struct sm_bytes out;
        sm_bytes_init(&out, &arena);
        sm_bytes_append_char(&out, '<');
        sm_hex_append(&out, rows[i].bytes);
        assert_int_equal(out.size, 1 + rows[i].digits.size);
    }
    sm_arena_deinit(&arena);
}

static void reads_either_case_and_nothing_else(void **state)
{
    (void)state;
    static const char *const wrong[] = {"0", "0g", "g0", "0x", "00 ", "\xc3\xa9"};
    char bytes[8];
    assert_true(sm_hex_read(SM_SLICE("aBCdEf"), bytes));
    assert_memory_equal(bytes, "\xab\xcd\xef", 3);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(sm_hex_read(sm_slice_of(wrong[i]), bytes));
}

static void makes_uuids(void **state)
{
    (void)state;
    char text[SM_UUID_SIZE], other[SM_UUID_SIZE];
    static const enum sm_uuid_version versions[] = {SM_UUID_RANDOM, SM_UUID_TIME};
    for (size_t v = 0; v < 2; v++) {
        sm_uuid_make(versions[v], text);
        sm_uuid_make(versions[v], other);
        assert_int_equal(strlen(text), 36);
        assert_string_not_equal(text, other);
        for (size_t i = 0; i < 36; i++)
            assert_true(i == 8 || i == 13 || i == 18 || i == 23 ? text[i] == '-' : sm_hex_value(text[i]) >= 0);
        assert_int_equal(text[14], '0' + (int)versions[v]);
        assert_non_null(strchr("89ab", text[19]));
    }
    assert_memory_equal(text, other, 7); /* time first: these were made within a minute */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads),
        cmocka_unit_test(reads_either_case_and_nothing_else),
        cmocka_unit_test(makes_uuids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
