/* What the Agent's settings are turned into: the name of this machine, which is asked for at start and not when a configuration is only checked. */
#include "datadog/agent_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static struct sm_datadog_agent_state *make(struct sm_datadog_agent_options *options, const char *hostname, struct sm_arena *arena)
{
    struct sm_error error;
    sm_options_fill_defaults(sm_datadog_agent_option_table, options, sizeof(*options), arena);
    options->hostname = hostname;
    struct sm_datadog_agent_state *state = sm_datadog_agent_state_create(options, &error);
    assert_non_null(state);
    return state;
}

static void takes_the_machines_name_at_start(void **test)
{
    (void)test;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_datadog_agent_options options;
    char name[64] = "";
    struct sm_datadog_agent_state *state = make(&options, "", &arena);
    assert_int_equal(state->hostname.size, 0);
    sm_datadog_agent_state_name_host(state);
    assert_int_equal(gethostname(name, sizeof(name) - 1), 0);
    assert_true(sm_slice_starts_with(state->hostname, sm_slice_of(name)));
    sm_datadog_agent_state_free(state);
    sm_arena_deinit(&arena);
}

static void keeps_the_name_that_is_given(void **test)
{
    (void)test;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_datadog_agent_options options;
    struct sm_datadog_agent_state *state = make(&options, "given", &arena);
    sm_datadog_agent_state_name_host(state);
    assert_true(sm_slice_is(state->hostname, "given"));
    sm_datadog_agent_state_free(state);
    sm_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_machines_name_at_start),
        cmocka_unit_test(keeps_the_name_that_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
