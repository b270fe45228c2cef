/* How many series are kept of what senders name, and where the rest counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "connectors/service_graph/series.h"
#include "telemetry/batch.h"
#include "telemetry/metric.h"

static const double bounds[] = {1};

/* Data points of the first metric, the counter of calls. */
static size_t count_points(const struct sm_graph_series *series)
{
    struct sm_batch *batch = sm_graph_series_export(series, 1);
    size_t count = batch->groups[0].scopes[0].metrics[0].point_count;
    sm_batch_release(batch);
    return count;
}

static void add(struct sm_graph_series *series, unsigned first, unsigned last)
{
    struct sm_slice dimensions[2] = {SM_SLICE("a"), SM_SLICE("b")};
    for (unsigned i = first; i < last; i++) {
        char name[16];
        snprintf(name, sizeof(name), "client%u", i);
        const struct sm_edge edge = {.client = sm_slice_of(name), .server = SM_SLICE("server"), .dimensions = dimensions};
        sm_graph_series_add(series, &edge, 1);
    }
}

static void counts_what_is_beyond_the_limit_in_one(void **state)
{
    (void)state;
    const char *names[] = {"d"};
    struct sm_service_graph_options options = {.dimensions = {.items = names, .count = 1}, .aggregation_cardinality_limit = 3};
    const struct sm_graph_shape shape = {.options = &options, .bounds = bounds, .bound_count = 1};
    struct sm_graph_series *series = sm_graph_series_create(&shape, 0);
    add(series, 0, 3);
    assert_int_equal(count_points(series), 3);
    add(series, 0, 100);
    assert_int_equal(count_points(series), 4);
    sm_graph_series_free(series);
}

static void keeps_all_without_a_limit(void **state)
{
    (void)state;
    const char *names[] = {"d"};
    struct sm_service_graph_options options = {.dimensions = {.items = names, .count = 1}};
    const struct sm_graph_shape shape = {.options = &options, .bounds = bounds, .bound_count = 1};
    struct sm_graph_series *series = sm_graph_series_create(&shape, 0);
    add(series, 0, 100);
    assert_int_equal(count_points(series), 100);
    sm_graph_series_free(series);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_is_beyond_the_limit_in_one),
        cmocka_unit_test(keeps_all_without_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
