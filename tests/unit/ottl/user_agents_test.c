/* user_agents_test.c - reading a table of expressions, and what a header tells by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ottl/user_agents.h"

static void write_table(const char *text, char path[static 64])
{
    snprintf(path, 64, "/tmp/spanmill-user-agents-XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    setenv("SPANMILL_USER_AGENT_REGEXES", path, 1);
}

static void refuses_files_that_are_no_table(void **test_state)
{
    (void)test_state;
    static const char *const texts[] = {"",
                                        "a: [",
                                        "user_agent_parsers: 1",
                                        "user_agent_parsers: [{regex: '('}]\nos_parsers: []",
                                        "user_agent_parsers: [{family_replacement: x}]\nos_parsers: []",
                                        "user_agent_parsers: [{regex: a}]"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char path[64];
        struct sm_error error = {0};
        write_table(texts[i], path);
        if (sm_user_agents_load(&error) || !strstr(error.text, path))
            fail_msg("%s: %s", texts[i], error.text);
        unlink(path);
    }
    setenv("SPANMILL_USER_AGENT_REGEXES", "/nowhere/regexes.yaml", 1);
    struct sm_error error = {0};
    assert_false(sm_user_agents_load(&error));
    assert_non_null(strstr(error.text, "uap-core"));
}

static void finds_browser_and_system_by_the_first_expression_with_a_name(void **test_state)
{
    (void)test_state;
    static const struct {
        const char *header, *name, *version, *os_name, *os_version;
    } rows[] = {
        {"Zap/1.2.3 (Tux 7)", "Zap", "1.2.3", "Linux", "7"},  {"Zap/1 (tUX 7.1)", "Zap", "1", "Linux", "7.1"},
        {"Old/9 Zap/4.5", "Old Browser", "9.x", "Other", ""}, {"", "Other", "", "Other", ""},
        {"nothing known", "Other", "", "Other", ""},
    };
    char path[64];
    struct sm_error error = {0};
    write_table("user_agent_parsers:\n"
                "  - regex: 'Old/(\\d+)'\n    family_replacement: 'Old Browser'\n    v1_replacement: '$1'\n    v2_replacement: 'x'\n"
                "  - regex: '(Zap)/(\\d+)(?:\\.(\\d+)|)(?:\\.(\\d+)|)'\n"
                "os_parsers:\n"
                "  - regex: '(tux) (\\d+)(?:\\.(\\d+)|)'\n    regex_flag: 'i'\n    os_replacement: 'Linux'\n",
                path);
    assert_true(sm_user_agents_load(&error));
    unlink(path);
    struct sm_arena arena = SM_ARENA_INIT;
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) { /* twice: the second time they are remembered */
        size_t row = i % (sizeof(rows) / sizeof(rows[0]));
        struct sm_user_agent agent = sm_user_agents_find(sm_slice_of(rows[row].header), &arena);
        assert_true(sm_slice_is(agent.name, rows[row].name));
        assert_true(sm_slice_is(agent.version, rows[row].version));
        assert_true(sm_slice_is(agent.os_name, rows[row].os_name));
        assert_true(sm_slice_is(agent.os_version, rows[row].os_version));
    }
    sm_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses_files_that_are_no_table),
                                       cmocka_unit_test(finds_browser_and_system_by_the_first_expression_with_a_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
