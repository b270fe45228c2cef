#include "pipeline/own_metrics.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "telemetry/batch.h"
#include "telemetry/metric.h"

static const double bounds[] = {1, 10};
static const struct sm_own_metric counter = {
    .name = "t_counter", .help = "Counts.", .unit = "{x}", .kind = SM_OWN_COUNTER, .level = SM_OWN_LEVEL_BASIC};
static const struct sm_own_metric gauge = {.name = "t_gauge", .help = "Is.", .kind = SM_OWN_GAUGE, .level = SM_OWN_LEVEL_NORMAL, .scope = "s"};
static const struct sm_own_metric histogram = {
    .name = "t_histogram", .kind = SM_OWN_HISTOGRAM, .level = SM_OWN_LEVEL_DETAILED, .bounds = bounds, .bound_count = 2, .scope = "s"};

/* The metric `name` in `batch`; NULL: it is not shown. */
static const struct sm_metric *find_metric(const struct sm_batch *batch, const char *name)
{
    for (size_t i = 0; i < batch->groups[0].count; i++)
        for (size_t k = 0; k < batch->groups[0].scopes[i].count; k++)
            if (sm_slice_is(batch->groups[0].scopes[i].metrics[k].name, name))
                return &batch->groups[0].scopes[i].metrics[k];
    return NULL;
}

static void the_same_attributes_in_any_order_are_one_series(void **state)
{
    (void)state;
    const struct sm_own_attribute ab[] = {{"a", "1"}, {"b", "2"}}, ba[] = {{"b", "2"}, {"a", "1"}}, other[] = {{"a", "1"}, {"b", "3"}};
    struct sm_instrument *series = sm_instrument_get(&counter, ab, 2);
    assert_ptr_equal(sm_instrument_get(&counter, ba, 2), series);
    assert_ptr_not_equal(sm_instrument_get(&counter, other, 2), series);
    assert_ptr_not_equal(sm_instrument_get(&counter, ab, 1), series);
}

static void shows_what_was_touched_on_its_level(void **state)
{
    (void)state;
    sm_own_metrics_set_level(SM_OWN_LEVEL_NORMAL);
    struct sm_instrument *counted = sm_instrument_get(&counter, NULL, 0);
    sm_instrument_get(&gauge, NULL, 0);
    sm_instrument_record(sm_instrument_get(&histogram, NULL, 0), 5);
    sm_instrument_add(counted, 0);
    struct sm_batch *batch = sm_own_metrics_collect();
    assert_non_null(find_metric(batch, "t_counter"));
    assert_null(find_metric(batch, "t_gauge"));
    assert_null(find_metric(batch, "t_histogram"));
    sm_batch_release(batch);
    sm_own_metrics_set_level(SM_OWN_LEVEL_DETAILED);
    batch = sm_own_metrics_collect();
    const struct sm_metric *shown = find_metric(batch, "t_histogram");
    assert_non_null(shown);
    assert_int_equal(shown->points[0].count, 1);
    assert_int_equal(shown->points[0].bucket_counts[1], 1);
    assert_true(shown->points[0].sum == 5);
    sm_batch_release(batch);
}

static double seven(void *context)
{
    ++*(int *)context;
    return 7;
}

static void asks_an_observer_only_while_it_watches(void **state)
{
    (void)state;
    int calls = 0;
    struct sm_instrument *series = sm_instrument_get(&gauge, NULL, 0);
    sm_instrument_observe(series, seven, &calls);
    struct sm_batch *batch = sm_own_metrics_collect();
    assert_true(find_metric(batch, "t_gauge")->points[0].integer == 7);
    assert_int_equal(calls, 1);
    sm_batch_release(batch);
    sm_instrument_observe(series, NULL, NULL);
    batch = sm_own_metrics_collect();
    assert_null(find_metric(batch, "t_gauge"));
    assert_int_equal(calls, 1);
    sm_batch_release(batch);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *add_many(void *context)
{
    for (int i = 0; i < ROUNDS; i++) {
        sm_instrument_add(context, 2);
        if (i % 1000 == 0)
            sm_batch_release(sm_own_metrics_collect());
    }
    return NULL;
}

static void loses_nothing_that_several_threads_add(void **state)
{
    (void)state;
    const struct sm_own_attribute attribute[] = {{"thread", "all"}};
    struct sm_instrument *series = sm_instrument_get(&counter, attribute, 1);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, series), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    struct sm_batch *batch = sm_own_metrics_collect();
    const struct sm_metric *shown = find_metric(batch, "t_counter");
    int64_t sum = 0;
    for (size_t i = 0; i < shown->point_count; i++)
        sum += shown->points[i].integer;
    assert_int_equal(sum, 2 * THREADS * ROUNDS);
    sm_batch_release(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_attributes_in_any_order_are_one_series),
        cmocka_unit_test(shows_what_was_touched_on_its_level),
        cmocka_unit_test(asks_an_observer_only_while_it_watches),
        cmocka_unit_test(loses_nothing_that_several_threads_add),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
