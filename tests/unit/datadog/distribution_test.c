#include "datadog/recorded.h"

#include <math.h>

#include "datadog/distribution.h"
#include "telemetry/metric.h"

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void assert_near(double got, double expected)
{
    if (fabs(got - expected) > 1e-13 * fabs(expected))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

static void puts_values_into_the_bins_of_the_reference(void **state)
{
    (void)state;
    json_t *root = recorded_load("distribution_bins"), *row;
    size_t i;
    json_array_foreach(json_object_get(root, "values"), i, row)
        assert_int_equal(sm_distribution_key(number_of(row, "value")), json_integer_value(json_array_get(json_object_get(row, "bin"), 0)));
    json_decref(root);
}

static void check_range(const json_t *row)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_distribution distribution;
    const json_t *bins = json_object_get(row, "bins");
    sm_distribution_init(&distribution, &arena);
    sm_distribution_insert_range(&distribution, number_of(row, "lower"), number_of(row, "upper"), recorded_int(row, "count"));
    assert_int_equal(distribution.bin_count, json_array_size(bins));
    for (size_t i = 0; i < distribution.bin_count; i++) {
        assert_int_equal(distribution.bins[i].key, json_integer_value(json_array_get(json_array_get(bins, i), 0)));
        assert_int_equal(distribution.bins[i].count, json_integer_value(json_array_get(json_array_get(bins, i), 1)));
    }
    assert_int_equal(distribution.count, recorded_int(row, "cnt"));
    assert_near(distribution.min, number_of(row, "min"));
    assert_near(distribution.max, number_of(row, "max"));
    assert_near(distribution.sum, number_of(row, "sum"));
    assert_near(distribution.average, number_of(row, "avg"));
    sm_arena_deinit(&arena);
}

static void spreads_ranges_as_the_reference_does(void **state)
{
    (void)state;
    json_t *root = recorded_load("distribution_bins"), *row;
    size_t i;
    json_array_foreach(json_object_get(root, "ranges"), i, row) check_range(row);
    json_decref(root);
}

/* The reference counts to the largest key without end. */
static void ends_with_ranges_up_to_infinity(void **state)
{
    (void)state;
    static const double ranges[][2] = {{1, 1e308}, {-1e308, 1e308}, {0, INFINITY}, {-INFINITY, INFINITY}, {NAN, 5}, {5, 1}, {0, 0}};
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_distribution distribution;
        uint64_t sum = 0;
        sm_distribution_init(&distribution, &arena);
        sm_distribution_insert_range(&distribution, ranges[i][0], ranges[i][1], 1000);
        for (size_t k = 0; k < distribution.bin_count; k++)
            sum += distribution.bins[k].count;
        assert_int_equal(sum, 1000);
        sm_arena_deinit(&arena);
    }
}

static void keeps_the_number_of_bins_bounded(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_distribution distribution;
    sm_distribution_init(&distribution, &arena);
    for (int key = 1; key < 6000; key++)
        sm_distribution_insert_range(&distribution, sm_distribution_bin_start((int16_t)key), sm_distribution_bin_start((int16_t)key), 1);
    assert_int_equal(distribution.bin_count, 4096);
    assert_int_equal(distribution.bins[0].count, 6000 - 4096);
    sm_arena_deinit(&arena);
}

static struct sm_data_point exponential_point(int32_t scale, int32_t offset, uint64_t *counts, size_t count)
{
    return (struct sm_data_point){.scale = scale, .positive = {.offset = offset, .counts = counts, .count = count}};
}

static void keeps_the_count_of_exponential_histograms(void **state)
{
    (void)state;
    uint64_t counts[] = {3, 0, 4, 70000, 5};
    struct sm_data_point point = exponential_point(2, -3, counts, sizeof(counts) / sizeof(counts[0]));
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_distribution distribution;
    sm_distribution_init(&distribution, &arena);
    point.negative = point.positive;
    point.zero_count = 7;
    assert_true(sm_distribution_from_exponential(&distribution, &point));
    assert_int_equal(distribution.count, 2 * 70012 + 7);
    assert_true(distribution.min < 0 && distribution.max > 0);
    sm_arena_deinit(&arena);
}

static void refuses_exponential_histograms_that_no_bins_fit(void **state)
{
    (void)state;
    uint64_t counts[] = {1, 1}, zeros[] = {0, 0};
    const struct sm_data_point refused[] = {
        exponential_point(60, 0, counts, 2),         exponential_point(-11, 0, counts, 2), exponential_point(-10, 1, counts, 2),
        exponential_point(0, INT32_MAX, counts, 2),  exponential_point(0, 0, zeros, 2),    exponential_point(INT32_MIN, 0, counts, 2),
        exponential_point(INT32_MAX, -5, counts, 2),
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_distribution distribution;
        sm_distribution_init(&distribution, &arena);
        assert_false(sm_distribution_from_exponential(&distribution, &refused[i]));
        sm_arena_deinit(&arena);
    }
}

static void turns_numbers_into_integers_as_the_reference_does(void **state)
{
    (void)state;
    assert_int_equal(sm_distribution_to_int(-5.9), -5);
    assert_true(sm_distribution_to_int(NAN) == INT64_MIN && sm_distribution_to_int(1e300) == INT64_MIN);
    assert_true(sm_distribution_to_uint(-5) == (uint64_t)-5);
    assert_true(sm_distribution_to_uint(0x1p63 + 4096) == (UINT64_C(1) << 63) + 4096);
}

/* As the reference's integers have it: 3 * 2^62 values are -2^62. */
static void counts_around_when_there_are_too_many(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_distribution distribution;
    uint64_t counts[] = {UINT64_C(1) << 62, UINT64_C(1) << 62, UINT64_C(1) << 62};
    sm_distribution_init(&distribution, &arena);
    for (size_t i = 0; i < 3; i++)
        sm_distribution_insert_range(&distribution, 1, 1, INT64_C(1) << 62);
    assert_true(distribution.count == -(INT64_C(1) << 62));
    sm_distribution_init(&distribution, &arena);
    const struct sm_data_point point = exponential_point(0, 0, counts, 3);
    assert_true(sm_distribution_from_exponential(&distribution, &point));
    assert_true(fabs((double)distribution.count + 0x1p62) < 0x1p20); /* shares of bins have their rounding */
    sm_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_values_into_the_bins_of_the_reference),
        cmocka_unit_test(spreads_ranges_as_the_reference_does),
        cmocka_unit_test(ends_with_ranges_up_to_infinity),
        cmocka_unit_test(keeps_the_number_of_bins_bounded),
        cmocka_unit_test(keeps_the_count_of_exponential_histograms),
        cmocka_unit_test(refuses_exponential_histograms_that_no_bins_fit),
        cmocka_unit_test(turns_numbers_into_integers_as_the_reference_does),
        cmocka_unit_test(counts_around_when_there_are_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
