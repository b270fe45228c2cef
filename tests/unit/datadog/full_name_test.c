/* The machine's full name: found in time, not found, or asked of somebody who does not answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <semaphore.h>

#include "base/clock.h"
#include "datadog/full_name.h"

static sem_t may_end, has_ended;

static bool knows(const char *name, char *full_name)
{
    snprintf(full_name, SM_FULL_NAME_SIZE_MAX, "%s.example.com", name);
    return true;
}

static bool knows_nothing(const char *name, char *full_name)
{
    (void)name, (void)full_name;
    return false;
}

static bool does_not_answer(const char *name, char *full_name)
{
    sem_wait(&may_end);
    bool is_found = knows(name, full_name);
    sem_post(&has_ended);
    return is_found;
}

static void gives_what_was_found_in_time(void **state)
{
    (void)state;
    char full_name[SM_FULL_NAME_SIZE_MAX] = "";
    assert_true(sm_full_name_within(knows, "host", 60 * SM_NS_PER_S, full_name));
    assert_string_equal(full_name, "host.example.com");
    assert_false(sm_full_name_within(knows_nothing, "host", 60 * SM_NS_PER_S, full_name));
}

static void waits_no_longer_than_it_is_told(void **state)
{
    (void)state;
    char full_name[SM_FULL_NAME_SIZE_MAX] = "";
    sem_init(&may_end, 0, 0);
    sem_init(&has_ended, 0, 0);
    assert_false(sm_full_name_within(does_not_answer, "host", SM_NS_PER_MS, full_name));
    assert_string_equal(full_name, "");
    sem_post(&may_end); /* an answer that nobody waits for any more */
    sem_wait(&has_ended);
}

static void the_system_knows_itself(void **state)
{
    (void)state;
    char full_name[SM_FULL_NAME_SIZE_MAX] = "";
    assert_true(sm_full_name_ask("127.0.0.1", full_name));
    assert_string_equal(full_name, "127.0.0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_was_found_in_time),
        cmocka_unit_test(waits_no_longer_than_it_is_told),
        cmocka_unit_test(the_system_knows_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
