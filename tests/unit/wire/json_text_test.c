#include "wire/json_text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/base64.h"
#include "wire/json_scanner.h"

static void finds_the_first_byte_that_is_not_plain_at_every_place(void **state)
{
    (void)state;
    static const char special[] = {'"', '\\', '\n', '\x1f', '\0'};
    char text[40];
    for (size_t place = 0; place < sizeof(text); place++) {
        for (size_t i = 0; i < sizeof(special); i++) {
            memset(text, '\xff', sizeof(text));
            text[place] = special[i];
            assert_ptr_equal(sm_json_skip_plain(text, text + sizeof(text)), text + place);
            memset(text, ' ', sizeof(text));
            text[place] = special[i];
            assert_ptr_equal(sm_json_skip_plain(text, text + sizeof(text)), text + place);
        }
    }
}

static void base64_reads_back_what_it_writes(void **state)
{
    (void)state;
    char bytes[64], text[100], again[100];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(uint8_t)(i * 37);
    for (size_t size = 0; size < sizeof(bytes); size++) {
        size_t text_size = sm_base64_encoded_size(size), again_size;
        sm_base64_encode(sm_slice_make(bytes, size), text);
        assert_true(sm_base64_decode(sm_slice_make(text, text_size), again, &again_size));
        assert_int_equal(again_size, size);
        assert_memory_equal(again, bytes, size);
    }
}

static void base64_refuses_what_go_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {{"", true},      {"aGVsbG8=", true},  {"aGVs\r\nbG8=", true}, {"aGVsbG8", false},   {"aGVsbG8==", false}, {"a===", false},
                 {"====", false}, {"aGV=bG8=", false}, {"-_-_", false},        {"aGVs bG8=", false}, {"aA==aA==", false},  {"aB==", true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char bytes[16];
        size_t size;
        assert_int_equal(sm_base64_decode(sm_slice_of(cases[i].text), bytes, &size), cases[i].valid);
    }
}

static void reads_numbers_as_strconv_does(void **state)
{
    (void)state;
    struct sm_arena scratch = SM_ARENA_INIT;
    static const struct {
        const char *text;
        bool valid;
        double number;
    } cases[] = {
        {"0", true, 0},
        {"-1.5", true, -1.5},
        {"+1.5", true, 1.5},
        {".5", true, 0.5},
        {"5.", true, 5},
        {"1e3", true, 1000},
        {"1e400", false, 0},
        {"", false, 0},
        {"1e", false, 0},
        {"--1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"0x10", false, 0},
        {"0x1p4", true, 16},
        {"0x.8p1", true, 1},
        {"1_000", true, 1000},
        {"1__0", false, 0},
        {"_1", false, 0},
        {"1_", false, 0},
        {"1_.5", false, 0},
        {"0x_1p4", true, 16},
        {"+nan", false, 0},
        {"nan(1)", false, 0},
        {"1e-400", true, 0},
        {"00012", true, 12},
        {"inf", true, INFINITY},
        {"-InFiNiTy", true, -INFINITY},
        {"9007199254740993", true, 9007199254740992.0},
        {"0.1234567890123456789", true, 0.1234567890123456789},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double number = 0;
        bool valid = sm_parse_double(sm_slice_of(cases[i].text), &scratch, &number);
        if (valid != cases[i].valid)
            print_error("%s\n", cases[i].text);
        assert_int_equal(valid, cases[i].valid);
        assert_true(!valid || number == cases[i].number);
    }
    sm_arena_deinit(&scratch);
}

static void reads_integers_of_up_to_64_bits_and_nothing_but_digits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t number;
    } cases[] = {{"0", 0},
                 {"0000000000000000000000007", 7},
                 {"12345678", 12345678},
                 {"123456789", 123456789},
                 {"1234567890123456", 1234567890123456},
                 {"99999999999999999", UINT64_C(99999999999999999)},
                 {"18446744073709551615", UINT64_MAX}};
    uint64_t number;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(sm_parse_uint(sm_slice_of(cases[i].text), UINT64_MAX, &number));
        assert_true(number == cases[i].number);
    }
    assert_false(sm_parse_uint(SM_SLICE("18446744073709551616"), UINT64_MAX, &number));
    assert_false(sm_parse_uint(SM_SLICE("100000000000000000000"), UINT64_MAX, &number));
    assert_false(sm_parse_uint(SM_SLICE("8"), 7, &number));
    for (int place = 0; place < 19; place++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[] = "1111111111111111111";
            text[place] = (char)byte;
            assert_int_equal(sm_parse_uint(sm_slice_make(text, 19), UINT64_MAX, &number), byte >= '0' && byte <= '9');
        }
    }
}

static void skips_values_of_all_kinds_and_refuses_broken_ones(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {{"{\"a\":[1,-2.5e3,true,false,null,\"x\\n\",{}]}", true},
                 {"[]", true},
                 {"-", false},
                 {"01", false},
                 {"1.", false},
                 {"[1,]", false},
                 {"{\"a\"}", false},
                 {"{\"a\":1,}", false},
                 {"\"x", false},
                 {"nul", false},
                 {"{a:1}", false},
                 {"", false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_arena scratch = SM_ARENA_INIT;
        struct sm_json_scanner scanner;
        sm_json_begin(&scanner, sm_slice_of(cases[i].text), &scratch);
        /* "01" ends behind the 0: what follows is for the caller to refuse. */
        bool valid = sm_json_skip(&scanner) && scanner.at == scanner.end;
        if (valid != cases[i].valid)
            print_error("%s\n", cases[i].text);
        assert_int_equal(valid, cases[i].valid);
        sm_arena_deinit(&scratch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_first_byte_that_is_not_plain_at_every_place),
        cmocka_unit_test(base64_reads_back_what_it_writes),
        cmocka_unit_test(base64_refuses_what_go_refuses),
        cmocka_unit_test(reads_numbers_as_strconv_does),
        cmocka_unit_test(reads_integers_of_up_to_64_bits_and_nothing_but_digits),
        cmocka_unit_test(skips_values_of_all_kinds_and_refuses_broken_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
