#include "datadog/recorded.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "datadog/ddsketch.h"

enum { VALUES = 1000000 };

/* splitmix64: the same numbers in every run. */
static uint64_t random_state;
static uint64_t next_random(void)
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static double next_share(void)
{
    return ((double)(next_random() >> 11) + 0.5) * 0x1p-53;
}

static double normal(void)
{
    return sqrt(-2 * log(next_share())) * cos(2 * 3.14159265358979323846 * next_share());
}

/* Durations in nanoseconds from 1 us to hours: the range in which a sketch has bins enough for all. */
static double uniform(void)
{
    return 1e6 + 9.9e7 * next_share();
}
static double exponential(void)
{
    return 1e5 - 2e7 * log(next_share());
}
static double log_normal(void)
{
    return exp(16 + 1.5 * normal());
}
static double pareto(void)
{
    return 1e6 * pow(next_share(), -0.7);
}
static double two_peaks(void)
{
    return next_random() % 10 ? 2e6 + 2e5 * fabs(normal()) : 8e8 + 1e8 * fabs(normal());
}
static double (*const distributions[])(void) = {uniform, exponential, log_normal, pareto, two_peaks};

static int compare_numbers(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void stays_within_a_percent_of_exact_quantiles(void **state)
{
    (void)state;
    static const double quantiles[] = {0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1};
    /* Durations keep 9 bits of their mantissa: up to 1/512 below the value, which adds to the sketch's own percent at its lower side. */
    int64_t *values = calloc(VALUES, sizeof(*values));
    for (size_t d = 0; d < sizeof(distributions) / sizeof(distributions[0]); d++) {
        struct sm_ddsketch sketch = {0};
        random_state = d;
        for (size_t i = 0; i < VALUES; i++) {
            /* Cut as the sketch cuts them, so that what is measured is the sketch. */
            double value = distributions[d]();
            uint64_t bits;
            memcpy(&bits, &value, sizeof(bits));
            bits &= UINT64_C(0xfffff80000000000);
            memcpy(&value, &bits, sizeof(value));
            values[i] = (int64_t)value;
            sm_ddsketch_add(&sketch, values[i], sm_ddsketch_bin(values[i]));
        }
        qsort(values, VALUES, sizeof(*values), compare_numbers);
        for (size_t q = 0; q < sizeof(quantiles) / sizeof(quantiles[0]); q++) {
            double exact = (double)values[(size_t)(quantiles[q] * (VALUES - 1))], got = sm_ddsketch_quantile(&sketch, quantiles[q]);
            if (fabs(got - exact) > 0.01 * exact * (1 + 1e-9))
                fail_msg("distribution %zu, quantile %g: %g instead of %g", d, quantiles[q], got, exact);
        }
        assert_int_equal(sm_ddsketch_count(&sketch), VALUES);
        sm_ddsketch_clear(&sketch);
    }
    free(values);
}

static void check_equal(const struct sm_ddsketch *a, const struct sm_ddsketch *b)
{
    struct sm_arena arena = SM_ARENA_INIT;
    assert_true(sm_slice_equal(sm_ddsketch_encode(a, &arena), sm_ddsketch_encode(b, &arena)));
    sm_arena_deinit(&arena);
}

/* Values so far apart that the lowest bins collapse, in any order and split in any way. */
static void merges_exactly_however_values_were_split(void **state)
{
    (void)state;
    for (size_t round = 0; round < 200; round++) {
        struct sm_ddsketch whole = {0}, parts[5] = {{{0}, NULL, 0}};
        random_state = round;
        for (int i = 0; i < 300; i++) {
            int64_t value = (int64_t)(next_random() >> (next_random() % 64) >> 1);
            value = next_random() % 8 ? value : -value;
            sm_ddsketch_add(&whole, value, sm_ddsketch_bin(value));
            sm_ddsketch_add(&parts[next_random() % 5], value, sm_ddsketch_bin(value));
        }
        for (size_t i = 1; i < 5; i++)
            sm_ddsketch_move(&parts[0], &parts[i]);
        check_equal(&whole, &parts[0]);
        assert_int_equal(sm_ddsketch_count(&parts[0]), 300);
        assert_int_equal(sm_ddsketch_count(&parts[1]), 0);
        sm_ddsketch_clear(&whole);
        sm_ddsketch_clear(&parts[0]);
    }
}

/* Bins that count few and such that count many stand side by side. */
static void counts_beyond_what_a_byte_holds(void **state)
{
    (void)state;
    struct sm_ddsketch sketch = {0}, other = {0};
    for (int i = 0; i < 1000; i++) {
        sm_ddsketch_add(&sketch, 1000, sm_ddsketch_bin(1000));
        if (i < 255)
            sm_ddsketch_add(&other, 1000, sm_ddsketch_bin(1000));
    }
    sm_ddsketch_add(&sketch, 50, sm_ddsketch_bin(50));
    assert_int_equal(sm_ddsketch_count_at(&sketch.positive, sm_ddsketch_bin(1000)), 1000);
    assert_int_equal(sm_ddsketch_count_at(&sketch.positive, sm_ddsketch_bin(50)), 1);
    assert_int_equal(sm_ddsketch_count_at(&other.positive, sm_ddsketch_bin(1000)), 255);
    sm_ddsketch_move(&other, &sketch);
    assert_int_equal(sm_ddsketch_count_at(&other.positive, sm_ddsketch_bin(1000)), 1255);
    assert_int_equal(sm_ddsketch_count_at(&other.positive, sm_ddsketch_bin(50)), 1);
    assert_int_equal(sm_ddsketch_count(&other), 1256);
    sm_ddsketch_clear(&other);
}

/* ln(2^63) / ln(1.01 / 0.99) is 2183.3; a bin is the same when it is asked for again. */
static void finds_bins_of_the_shortest_and_the_longest(void **test)
{
    (void)test;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(sm_ddsketch_bin(0), 0);
        assert_int_equal(sm_ddsketch_bin(1), 0);
        assert_int_equal(sm_ddsketch_bin(-1), 0);
        assert_int_equal(sm_ddsketch_bin(INT64_MAX), 2183);
        assert_int_equal(sm_ddsketch_bin(INT64_MIN), 2183);
    }
}

static void check_bins(const struct sm_ddsketch_store *store, const json_t *bins)
{
    const char *bin;
    json_t *count;
    double total = 0, counted = 0;
    json_object_foreach((json_t *)bins, bin, count)
    {
        assert_true(sm_ddsketch_count_at(store, (int32_t)strtol(bin, NULL, 10)) == json_number_value(count));
        total += json_number_value(count);
    }
    for (int32_t i = store->first; store->has_counts && i <= store->last; i++)
        counted += sm_ddsketch_count_at(store, i);
    assert_true(total == counted);
}

static void check_sketch(const struct sm_ddsketch *sketch, const json_t *expected)
{
    static const struct sm_ddsketch_store none = {0};
    check_bins(&sketch->positive, json_object_get(expected, "positive"));
    check_bins(sketch->negative ? sketch->negative : &none, json_object_get(expected, "negative"));
    assert_true((double)sketch->zero_count == json_number_value(json_object_get(expected, "zero")));
}

static void check_bin(const json_t *row, const char *key, const struct sm_ddsketch_store *store)
{
    const char *bin = json_string_value(json_object_get(row, key));
    if (bin)
        assert_int_equal(sm_ddsketch_count_at(store, (int32_t)strtol(bin, NULL, 10)), 1);
    else
        assert_true(!store || !store->has_counts);
}

static void check_hex(const struct sm_ddsketch *sketch, const char *hex)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_slice bytes = sm_ddsketch_encode(sketch, &arena);
    assert_int_equal(strlen(hex), 2 * bytes.size);
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        assert_int_equal((uint8_t)bytes.ptr[i], byte);
    }
    sm_arena_deinit(&arena);
}

static void puts_durations_into_the_bins_of_the_reference(void **state)
{
    (void)state;
    json_t *root = recorded_load("ddsketch_bins"), *row;
    struct sm_ddsketch all[2] = {{{0}, NULL, 0}};
    check_hex(&all[0], json_string_value(json_object_get(root, "empty_hex")));
    size_t index;
    json_array_foreach(json_object_get(root, "rows"), index, row)
    {
        struct sm_ddsketch sketch = {0};
        sm_ddsketch_add(&sketch, recorded_int(row, "duration_ns"), sm_ddsketch_bin(recorded_int(row, "duration_ns")));
        check_bin(row, "positive_bin", &sketch.positive);
        check_bin(row, "negative_bin", sketch.negative);
        assert_int_equal(sketch.zero_count, recorded_int(row, "zero"));
        sm_ddsketch_clear(&sketch);
        sm_ddsketch_add(&all[index % 2], recorded_int(row, "duration_ns"), sm_ddsketch_bin(recorded_int(row, "duration_ns")));
    }
    const json_t *group = json_array_get(json_object_get(root, "group"), 0);
    check_sketch(&all[0], json_object_get(group, "ok"));
    check_sketch(&all[1], json_object_get(group, "error"));
    check_hex(&all[0], json_string_value(json_object_get(group, "ok_hex")));
    check_hex(&all[1], json_string_value(json_object_get(group, "error_hex")));
    sm_ddsketch_clear(&all[0]);
    sm_ddsketch_clear(&all[1]);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_bins_of_the_shortest_and_the_longest),
        cmocka_unit_test(stays_within_a_percent_of_exact_quantiles),
        cmocka_unit_test(merges_exactly_however_values_were_split),
        cmocka_unit_test(counts_beyond_what_a_byte_holds),
        cmocka_unit_test(puts_durations_into_the_bins_of_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
