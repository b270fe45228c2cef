#include "pipeline/delivery.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/worker.h"
#include "telemetry/numbered_spans.h"

struct ending {
    unsigned count;
    struct sm_outcome outcome;
    struct sm_worker *worker;
    struct sm_workers *stop; /* NULL: no loop runs */
};

static void note_end(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    struct ending *ending = context;
    ending->count++;
    ending->outcome = *outcome;
    ending->worker = worker;
    if (ending->stop)
        sm_workers_stop_main(ending->stop);
}

static struct sm_workers *new_workers(unsigned count)
{
    struct sm_error error = {0};
    struct sm_workers *workers = sm_workers_create(count, &error);
    assert_non_null(workers);
    sm_workers_start(workers);
    return workers;
}

static void ends_once_with_the_worst_outcome_of_its_parts(void **state)
{
    (void)state;
    struct sm_workers *workers = new_workers(1);
    struct sm_worker *here = sm_workers_main(workers);
    struct ending ending = {0};
    struct sm_delivery *delivery = sm_delivery_create(here, note_end, &ending);
    sm_delivery_add_parts(delivery, 2);
    struct sm_outcome later = sm_outcome_retry("later"), never = sm_outcome_reject("never\nagain");
    sm_delivery_complete(delivery, here, &later);
    sm_delivery_complete(delivery, here, &never);
    assert_int_equal(ending.count, 0);
    sm_delivery_complete(delivery, here, &SM_OUTCOME_ACCEPTED);
    assert_int_equal(ending.count, 1);
    assert_int_equal(ending.outcome.kind, SM_REJECTED);
    assert_string_equal(ending.outcome.reason, "never again");
    sm_workers_free(workers);
}

static void of_equal_outcomes_the_first_counts(void **state)
{
    (void)state;
    struct sm_outcome first = sm_outcome_retry("first"), second = sm_outcome_retry("second");
    assert_ptr_equal(sm_outcome_worse(&first, &second), &first);
    assert_ptr_equal(sm_outcome_worse(&SM_OUTCOME_ACCEPTED, &second), &second);
}

static void is_abandoned_once_its_flag_is_set(void **state)
{
    (void)state;
    struct sm_workers *workers = new_workers(1);
    struct sm_worker *here = sm_workers_main(workers);
    struct ending ending = {0};
    atomic_bool is_gone = false;
    struct sm_delivery *delivery = sm_delivery_create(here, note_end, &ending);
    sm_delivery_watch(delivery, &is_gone);
    assert_false(sm_delivery_is_abandoned(NULL));
    assert_false(sm_delivery_is_abandoned(delivery));
    atomic_store(&is_gone, true);
    assert_true(sm_delivery_is_abandoned(delivery));
    sm_delivery_complete(delivery, here, &SM_OUTCOME_ACCEPTED);
    sm_workers_free(workers);
}

static void one_that_nobody_watches_is_never_abandoned(void **state)
{
    (void)state;
    struct sm_workers *workers = new_workers(1);
    struct sm_worker *here = sm_workers_main(workers);
    struct ending ending = {0};
    struct sm_delivery *delivery = sm_delivery_create(here, note_end, &ending);
    assert_false(sm_delivery_is_abandoned(delivery));
    sm_delivery_complete(delivery, here, &SM_OUTCOME_ACCEPTED);
    sm_workers_free(workers);
}

/* ---- across threads */

enum { THREADS = 4, PARTS_EACH = 2000 };

struct completing {
    struct sm_delivery *delivery;
    unsigned number;
};

static void *complete_parts(void *context)
{
    struct completing *completing = context;
    for (unsigned i = 0; i < PARTS_EACH; i++) {
        struct sm_outcome outcome = i % 100 == completing->number ? sm_outcome_retry("thread %u", completing->number) : SM_OUTCOME_ACCEPTED;
        sm_delivery_complete(completing->delivery, NULL, &outcome);
    }
    return NULL;
}

static void parts_completed_by_other_threads_end_it_on_its_worker(void **state)
{
    (void)state;
    struct sm_workers *workers = new_workers(1);
    struct ending ending = {.stop = workers};
    struct sm_delivery *delivery = sm_delivery_create(sm_workers_main(workers), note_end, &ending);
    sm_delivery_add_parts(delivery, THREADS * PARTS_EACH - 1);
    pthread_t threads[THREADS];
    struct completing completing[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        completing[i] = (struct completing){.delivery = delivery, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, complete_parts, &completing[i]), 0);
    }
    sm_workers_run_main(workers);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(ending.count, 1);
    assert_int_equal(ending.outcome.kind, SM_RETRY);
    assert_ptr_equal(ending.worker, sm_workers_main(workers));
    sm_workers_free(workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_once_with_the_worst_outcome_of_its_parts),
        cmocka_unit_test(of_equal_outcomes_the_first_counts),
        cmocka_unit_test(is_abandoned_once_its_flag_is_set),
        cmocka_unit_test(one_that_nobody_watches_is_never_abandoned),
        cmocka_unit_test(parts_completed_by_other_threads_end_it_on_its_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
