#include "pipeline/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { WORKERS = 3, ROUNDS = 2000 };

struct counter {
    struct sm_workers *workers;
    int seen[WORKERS];  /* by worker, touched by that worker only */
    int order_errors;   /* worker 0 */
    int expected;       /* worker 0 */
    atomic_int arrived; /* any thread */
    int fired;          /* main worker */
    struct sm_timer *timer;
};

static struct sm_workers *started_workers(unsigned count)
{
    struct sm_error error = {0};
    struct sm_workers *workers = sm_workers_create(count, &error);
    assert_non_null(workers);
    sm_workers_start(workers);
    return workers;
}

static void count_here(struct sm_worker *worker, void *context)
{
    struct counter *counter = context;
    sm_worker_assert(worker);
    counter->seen[sm_worker_index(worker)]++;
    if (atomic_fetch_add(&counter->arrived, 1) + 1 == WORKERS * WORKERS * ROUNDS)
        sm_workers_stop_main(counter->workers);
}

static void post_to_all(struct sm_worker *worker, void *context)
{
    struct counter *counter = context;
    for (unsigned round = 0; round < ROUNDS; round++)
        for (unsigned i = 0; i < WORKERS; i++)
            sm_worker_post(sm_workers_get(sm_worker_set(worker), i), count_here, counter);
}

static void runs_every_task_on_its_worker_when_all_post_to_all(void **state)
{
    (void)state;
    struct counter counter = {.workers = started_workers(WORKERS)};
    for (unsigned i = 0; i < WORKERS; i++)
        sm_worker_post(sm_workers_get(counter.workers, i), post_to_all, &counter);
    sm_workers_run_main(counter.workers);
    sm_workers_free(counter.workers);
    for (unsigned i = 0; i < WORKERS; i++)
        assert_int_equal(counter.seen[i], WORKERS * ROUNDS);
}

struct numbered {
    struct counter *counter;
    int number;
};

static void check_order(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct numbered *numbered = context;
    if (numbered->number != numbered->counter->expected++)
        numbered->counter->order_errors++;
}

static void keeps_the_order_of_one_sender_and_runs_all_before_it_ends(void **state)
{
    (void)state;
    static struct numbered tasks[ROUNDS];
    struct counter counter = {.workers = started_workers(1)};
    for (int i = 0; i < ROUNDS; i++) {
        tasks[i] = (struct numbered){.counter = &counter, .number = i};
        sm_worker_post(sm_workers_get(counter.workers, 0), check_order, &tasks[i]);
    }
    sm_workers_free(counter.workers);
    assert_int_equal(counter.expected, ROUNDS);
    assert_int_equal(counter.order_errors, 0);
}

static void post_back(struct sm_worker *worker, void *context)
{
    struct counter *counter = context;
    if (atomic_fetch_add(&counter->arrived, 1) < 10)
        sm_worker_post(sm_workers_get(sm_worker_set(worker), sm_worker_index(worker) == 0 ? 1 : 0), post_back, counter);
}

static void runs_tasks_that_the_last_tasks_post_to_workers_already_ended(void **state)
{
    (void)state;
    struct counter counter = {.workers = started_workers(2)};
    sm_worker_post(sm_workers_get(counter.workers, 0), post_back, &counter);
    sm_workers_free(counter.workers);
    assert_int_equal(atomic_load(&counter.arrived), 11);
}

static void count_and_stop(struct sm_worker *worker, void *context)
{
    struct counter *counter = context;
    if (++counter->fired == 3) {
        sm_timer_disarm(counter->timer);
        sm_workers_stop_main(sm_worker_set(worker));
    }
}

static void repeats_a_timer_until_it_is_disarmed(void **state)
{
    (void)state;
    struct counter counter = {.workers = started_workers(0)};
    counter.timer = sm_timer_create(sm_workers_main(counter.workers), count_and_stop, &counter);
    sm_timer_arm(counter.timer, 1000, true);
    sm_workers_run_main(counter.workers);
    assert_int_equal(counter.fired, 3);
    sm_timer_free(counter.timer);
    sm_workers_free(counter.workers);
}

static void free_own_timer(struct sm_worker *worker, void *context)
{
    struct counter *counter = context;
    sm_timer_free(counter->timer);
    counter->fired++;
    sm_workers_stop_main(sm_worker_set(worker));
}

static void lets_a_timer_free_itself(void **state)
{
    (void)state;
    struct counter counter = {.workers = started_workers(0)};
    counter.timer = sm_timer_create(sm_workers_main(counter.workers), free_own_timer, &counter);
    sm_timer_arm(counter.timer, 1000, true);
    sm_workers_run_main(counter.workers);
    assert_int_equal(counter.fired, 1);
    sm_workers_free(counter.workers);
}

static void finds_the_least_loaded_worker(void **state)
{
    (void)state;
    struct sm_workers *workers = started_workers(WORKERS);
    assert_ptr_equal(sm_workers_least_loaded(workers), sm_workers_get(workers, 0));
    sm_worker_add_load(sm_workers_get(workers, 0), 2);
    sm_worker_add_load(sm_workers_get(workers, 1), 1);
    assert_ptr_equal(sm_workers_least_loaded(workers), sm_workers_get(workers, 2));
    sm_worker_add_load(sm_workers_get(workers, 2), 1);
    assert_ptr_equal(sm_workers_least_loaded(workers), sm_workers_get(workers, 1));
    sm_worker_add_load(sm_workers_get(workers, 0), -2);
    assert_ptr_equal(sm_workers_least_loaded(workers), sm_workers_get(workers, 0));
    sm_workers_free(workers);
}

static void knows_the_worker_of_the_calling_thread(void **state)
{
    (void)state;
    struct sm_workers *workers = started_workers(1);
    assert_ptr_equal(sm_worker_current(), sm_workers_main(workers));
    assert_int_equal(sm_worker_index(sm_worker_current()), SM_WORKER_MAIN);
    assert_int_equal(sm_workers_count(workers), 1);
    sm_workers_free(workers);
    assert_null(sm_worker_current());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_every_task_on_its_worker_when_all_post_to_all),
        cmocka_unit_test(keeps_the_order_of_one_sender_and_runs_all_before_it_ends),
        cmocka_unit_test(runs_tasks_that_the_last_tasks_post_to_workers_already_ended),
        cmocka_unit_test(repeats_a_timer_until_it_is_disarmed),
        cmocka_unit_test(lets_a_timer_free_itself),
        cmocka_unit_test(finds_the_least_loaded_worker),
        cmocka_unit_test(knows_the_worker_of_the_calling_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
