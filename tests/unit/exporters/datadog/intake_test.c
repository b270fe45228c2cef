/* Posts to a place where nobody listens: what is tried again, and what is said of those that are given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "exporters/datadog/intake.h"
#include "exporters/datadog/options.h"
#include "pipeline/worker.h"

struct test {
    struct sm_workers *workers;
    struct sm_datadog_intake *intake;
    struct sm_datadog_lane *lane;
    struct sm_timer *timer;
    size_t answers;
};

static void end_test(struct sm_worker *worker, void *context)
{
    (void)worker;
    sm_workers_stop_main(context);
}

static void on_posted(struct sm_worker *worker, const struct sm_datadog_answer *answer, void *context)
{
    struct test *test = context;
    assert_false(answer->is_accepted);
    test->answers++;
    sm_worker_post(sm_workers_main(test->workers), end_test, test->workers);
    (void)worker;
}

static void stop_retries(struct sm_worker *worker, void *context)
{
    struct test *test = context;
    (void)worker;
    sm_datadog_lane_stop_retries(test->lane);
}

/* The first try fails at once, the next one would be half a second later at the earliest. */
static void post(struct sm_worker *worker, void *context)
{
    struct test *test = context;
    struct sm_bytes body = {0};
    sm_bytes_append_text(&body, "[{}]");
    test->lane = sm_datadog_lane_create(test->intake, worker);
    sm_datadog_lane_post(test->lane, &body, on_posted, test);
    test->timer = sm_timer_create(worker, stop_retries, test);
    sm_timer_arm(test->timer, 200 * SM_NS_PER_MS, false);
}

static void free_lane(struct sm_worker *worker, void *context)
{
    struct test *test = context;
    (void)worker;
    sm_timer_free(test->timer);
    sm_datadog_lane_free(test->lane);
}

static void tells_what_is_given_up_when_it_stops(void **state)
{
    (void)state;
    static const struct sm_logger logger = {.kind = "exporter", .id = "datadog"};
    const struct sm_datadog_intake_settings settings = {
        .what = "logs", .user_agent = "test", .headers = "", .method = SM_SLICE("POST"), .retries = SM_DATADOG_RETRIES_LOGS, .logger = &logger};
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_datadog_exporter_options options;
    struct sm_error error = {0};
    struct test test = {0};
    struct sm_log_options log = SM_LOG_OPTIONS_DEFAULT;
    FILE *lines = tmpfile();
    char text[4096] = "";
    sm_options_fill_defaults(sm_datadog_exporter_option_table, &options, sizeof(options), &arena);
    options.api.key = "0123456789abcdef0123456789abcdef";
    log.fd = fileno(lines);
    sm_log_configure(&log);
    test.workers = sm_workers_create(1, &error);
    assert_non_null(test.workers);
    sm_workers_start(test.workers);
    test.intake = sm_datadog_intake_create(&options, strdup("http://127.0.0.1:1/logs"), &settings, &error);
    assert_non_null(test.intake);
    sm_worker_post(sm_workers_get(test.workers, 0), post, &test);
    sm_workers_run_main(test.workers);
    sm_workers_run_on_all(test.workers, free_lane, &test);
    sm_datadog_intake_free(test.intake);
    sm_workers_free(test.workers);
    sm_log_configure(&SM_LOG_OPTIONS_DEFAULT);
    assert_int_equal(test.answers, 1);
    assert_true(pread(fileno(lines), text, sizeof(text) - 1, 0) > 0);
    if (!strstr(text, "Dropping payload"))
        fail_msg("%s", text);
    assert_null(strstr(text, options.api.key));
    fclose(lines);
    sm_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_is_given_up_when_it_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
