/* The expected texts are what Go 1.24 prints (strconv.FormatFloat, encoding/json). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/number.h"

static void expect(double number, enum sm_number_style style, const char *expected)
{
    char text[SM_NUMBER_SIZE_MAX + 1];
    size_t size = sm_number_format(number, style, text);
    assert_true(size <= SM_NUMBER_SIZE_MAX);
    text[size] = '\0';
    assert_string_equal(text, expected);
}

static void writes_each_style(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *general, *plain, *json, *ecmascript;
    } rows[] = {
        {0, "0", "0", "0", "0"},
        {-0.0, "-0", "-0", "-0", "-0"},
        {1, "1", "1", "1", "1"},
        {-2.5, "-2.5", "-2.5", "-2.5", "-2.5"},
        {0.1, "0.1", "0.1", "0.1", "0.1"},
        {0.1 + 0.2, "0.30000000000000004", "0.30000000000000004", "0.30000000000000004", "0.30000000000000004"},
        {0.0001, "0.0001", "0.0001", "0.0001", "0.0001"},
        {0.00001, "1e-05", "0.00001", "0.00001", "0.00001"},
        {1e-7, "1e-07", "0.0000001", "1e-07", "1e-7"},
        {123456, "123456", "123456", "123456", "123456"},
        {1234567, "1.234567e+06", "1234567", "1234567", "1234567"},
        {1e6, "1e+06", "1000000", "1000000", "1000000"},
        {9007199254740993.0, "9.007199254740992e+15", "9007199254740992", "9007199254740992", "9007199254740992"},
        {1e21, "1e+21", "1000000000000000000000", "1e+21", "1e+21"},
        {5.684341886080802e-14, "5.684341886080802e-14", "0.00000000000005684341886080802", "5.684341886080802e-14", "5.684341886080802e-14"},
        {5e-324, "5e-324", NULL, "5e-324", "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308", NULL, "1.7976931348623157e+308", "1.7976931348623157e+308"},
        {INFINITY, "+Inf", "+Inf", "+Inf", "+Inf"},
        {-INFINITY, "-Inf", "-Inf", "-Inf", "-Inf"},
        {NAN, "NaN", "NaN", "NaN", "NaN"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        expect(rows[i].number, SM_NUMBER_GENERAL, rows[i].general);
        if (rows[i].plain)
            expect(rows[i].number, SM_NUMBER_PLAIN, rows[i].plain);
        expect(rows[i].number, SM_NUMBER_JSON, rows[i].json);
        expect(rows[i].number, SM_NUMBER_ECMASCRIPT, rows[i].ecmascript);
    }
}

static void every_text_reads_back_as_the_same_double(void **state)
{
    (void)state;
    uint64_t bits = 1;
    for (int i = 0; i < 20000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double number, again;
        memcpy(&number, &bits, sizeof(number));
        if (isnan(number) || isinf(number))
            continue;
        char text[SM_NUMBER_SIZE_MAX + 1];
        text[sm_number_format(number, SM_NUMBER_PLAIN, text)] = '\0';
        again = strtod(text, NULL);
        assert_memory_equal(&number, &again, sizeof(number));
    }
}

static void writes_whole_numbers(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *text;
    } rows[] = {{0, "0"}, {7, "7"}, {-1, "-1"}, {200, "200"}, {INT64_MAX, "9223372036854775807"}, {INT64_MIN, "-9223372036854775808"}};
    char text[SM_NUMBER_INT_SIZE_MAX + 1];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        text[sm_number_format_int(rows[i].number, text)] = '\0';
        assert_string_equal(text, rows[i].text);
    }
    text[sm_number_format_uint(UINT64_MAX, text)] = '\0';
    assert_string_equal(text, "18446744073709551615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_each_style),
        cmocka_unit_test(writes_whole_numbers),
        cmocka_unit_test(every_text_reads_back_as_the_same_double),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
