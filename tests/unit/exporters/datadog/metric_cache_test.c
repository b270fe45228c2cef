#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "exporters/datadog/metric_cache.h"

#define TTL_NS (10 * SM_NS_PER_S)

static struct sm_metric_cache_point point(uint64_t series, uint64_t start_ns, uint64_t time_ns, double value)
{
    return (struct sm_metric_cache_point){
        .key = {.low = series, .high = series << 32 | 1}, .start_ns = start_ns, .time_ns = time_ns, .now_ns = time_ns, .value = value};
}

static enum sm_metric_cache_verdict rise(struct sm_metric_cache *cache, struct sm_metric_cache_point next, double *difference)
{
    return sm_metric_cache_rise(cache, &next, false, difference);
}

static void tells_rises_resets_and_stale_points(void **state)
{
    (void)state;
    struct sm_metric_cache *cache = sm_metric_cache_create(TTL_NS);
    double difference = 0;
    assert_int_equal(rise(cache, point(1, 5, 10, 7), &difference), SM_METRIC_CACHE_FIRST);
    assert_int_equal(rise(cache, point(1, 5, 20, 9), &difference), SM_METRIC_CACHE_DIFFERENCE);
    assert_true(difference == 2);
    assert_int_equal(rise(cache, point(1, 5, 20, 99), &difference), SM_METRIC_CACHE_STALE);
    assert_int_equal(rise(cache, point(1, 5, 30, 4), &difference), SM_METRIC_CACHE_FIRST);   /* it fell */
    assert_int_equal(rise(cache, point(1, 35, 40, 50), &difference), SM_METRIC_CACHE_FIRST); /* it began anew */
    assert_int_equal(rise(cache, point(1, 50, 50, 60), &difference), SM_METRIC_CACHE_FIRST); /* start equal to time */
    assert_int_equal(rise(cache, point(1, 0, 60, 61), &difference), SM_METRIC_CACHE_DIFFERENCE);
    assert_true(difference == 1);
    sm_metric_cache_free(cache);
}

static void divides_rates_by_the_seconds_between(void **state)
{
    (void)state;
    struct sm_metric_cache *cache = sm_metric_cache_create(TTL_NS);
    double difference = 0;
    struct sm_metric_cache_point first = point(1, 0, SM_NS_PER_S, 1), second = point(1, 0, 5 * SM_NS_PER_S, 9);
    sm_metric_cache_rise(cache, &first, true, &difference);
    assert_int_equal(sm_metric_cache_rise(cache, &second, true, &difference), SM_METRIC_CACHE_DIFFERENCE);
    assert_true(difference == 2);
    sm_metric_cache_free(cache);
}

static void differences_may_fall(void **state)
{
    (void)state;
    struct sm_metric_cache *cache = sm_metric_cache_create(TTL_NS);
    double difference = 0;
    struct sm_metric_cache_point first = point(1, 0, 10, 5), second = point(1, 0, 10, 2), older = point(1, 0, 9, 8);
    assert_false(sm_metric_cache_difference(cache, &first, &difference));
    assert_true(sm_metric_cache_difference(cache, &second, &difference) && difference == -3);
    assert_false(sm_metric_cache_difference(cache, &older, &difference));
    sm_metric_cache_free(cache);
}

static void tells_extremes_of_the_last_window(void **state)
{
    (void)state;
    static const struct {
        double value;
        bool is_recent;
    } minimums[] = {{5, false}, {5, false}, {4, true}, {6, true}};
    struct sm_metric_cache *cache = sm_metric_cache_create(TTL_NS);
    for (size_t i = 0; i < sizeof(minimums) / sizeof(minimums[0]); i++) {
        struct sm_metric_cache_point next = point(1, 0, 10 + i, minimums[i].value);
        assert_int_equal(sm_metric_cache_extreme(cache, &next, true), minimums[i].is_recent);
    }
    sm_metric_cache_free(cache);
}

static void forgets_after_the_time_to_live(void **state)
{
    (void)state;
    struct sm_metric_cache *cache = sm_metric_cache_create(TTL_NS);
    double difference = 0;
    rise(cache, point(1, 0, SM_NS_PER_S, 1), &difference);
    assert_int_equal(rise(cache, point(1, 0, SM_NS_PER_S + TTL_NS, 2), &difference), SM_METRIC_CACHE_FIRST);
    assert_int_equal(rise(cache, point(1, 0, 2 * SM_NS_PER_S + TTL_NS, 5), &difference), SM_METRIC_CACHE_DIFFERENCE);
    sm_metric_cache_free(cache);
}

static void keeps_no_more_than_its_limit_and_tells_of_the_rest(void **state)
{
    (void)state;
    enum { MORE = 160 };
    struct sm_metric_cache *cache = sm_metric_cache_create(TTL_NS);
    double difference = 0;
    for (uint64_t i = 1; i <= SM_METRIC_CACHE_SERIES_MAX + MORE; i++)
        rise(cache, point(i, 0, 10, 1), &difference);
    assert_int_equal(sm_metric_cache_take_refused(cache), MORE);
    assert_int_equal(sm_metric_cache_take_refused(cache), 0);
    /* Room comes back with what expires. */
    uint64_t later = 10 + TTL_NS + SM_NS_PER_S, fresh = SM_METRIC_CACHE_SERIES_MAX + MORE + 1;
    assert_int_equal(rise(cache, point(fresh, 0, later, 1), &difference), SM_METRIC_CACHE_FIRST);
    assert_int_equal(rise(cache, point(fresh, 0, later + 1, 2), &difference), SM_METRIC_CACHE_DIFFERENCE);
    sm_metric_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_rises_resets_and_stale_points),
        cmocka_unit_test(divides_rates_by_the_seconds_between),
        cmocka_unit_test(differences_may_fall),
        cmocka_unit_test(tells_extremes_of_the_last_window),
        cmocka_unit_test(forgets_after_the_time_to_live),
        cmocka_unit_test(keeps_no_more_than_its_limit_and_tells_of_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
