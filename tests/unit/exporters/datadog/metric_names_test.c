#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exporters/datadog/metric_names.h"

static void finds_every_row_of_a_metric(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t copies, runtimes;
    } metrics[] = {
        {"system.memory.usage", 2, 0},
        {"container.blockio.io_service_bytes_recursive", 2, 0},
        {"system.paging.usage", 2, 0},
        {"system.cpu.utilization", 5, 0},
        {"jvm.memory.used", 0, 6},
        {"process.runtime.go.goroutines", 0, 1},
        {"process.runtime.jvm.threads.count", 0, 1},
        {"kafka.unclean.election.rate", 1, 0},
        {"jvm.gc.collections.elapsed", 2, 0},
        {"system.memory", 0, 0},
        {"", 0, 0},
        {"zzz", 0, 0},
    };
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        size_t copies, runtimes;
        sm_metric_copies(sm_slice_of(metrics[i].name), &copies);
        sm_metric_runtimes(sm_slice_of(metrics[i].name), &runtimes);
        assert_int_equal(copies, metrics[i].copies);
        assert_int_equal(runtimes, metrics[i].runtimes);
    }
}

static void renames_what_datadog_has_of_its_own(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"system.cpu.time", "otel.system.cpu.time"},
        {"process.", "otel.process."},
        {"kafka.producer.request-rate", "otel.kafka.producer.request-rate"},
        {"kafka.max.lag", "kafka.max.lag"},
        {"datadog_otlp", "otelcol_datadog_otlp"},
        {"systems", "systems"},
    };
    struct sm_arena arena = SM_ARENA_INIT;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_true(sm_slice_is(sm_metric_new_name(sm_slice_of(names[i][0]), &arena), names[i][1]));
    sm_arena_deinit(&arena);
}

static void knows_which_sums_are_rates(void **state)
{
    (void)state;
    assert_true(sm_metric_is_rate(SM_SLICE("kafka.messages_in.rate")) && !sm_metric_is_rate(SM_SLICE("kafka.messages_in")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_row_of_a_metric),
        cmocka_unit_test(renames_what_datadog_has_of_its_own),
        cmocka_unit_test(knows_which_sums_are_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
