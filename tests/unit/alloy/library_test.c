/* library_test.c - the standard library: a table of expressions recorded with the reference, odd arguments and messages with their places among them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "alloy/evaluate.h"
#include "alloy/parser.h"
#include "config/source.h"

#include "value_json.h"

/* "1:1-1:9 message". */
static json_t *failed_with(const struct sm_alloy_fault *fault, struct sm_arena *arena)
{
    struct sm_alloy_place start, end;
    const char *text = sm_alloy_fault_text(fault, arena);
    sm_alloy_fault_place(fault, &start, &end);
    if (fault->is_plain)
        return json_pack("{s:s}", "error", sm_arena_printf(arena, "RAW %s", text));
    const char *place = sm_arena_printf(arena, "%zu:%zu-%zu:%zu", (size_t)start.line, (size_t)start.column, (size_t)end.line, (size_t)end.column);
    return json_pack("{s:s}", "error", sm_arena_printf(arena, "%s %s", place, text));
}

static json_t *outcome(const json_t *test, struct sm_arena *arena)
{
    const json_t *text = json_object_get(test, "expression");
    struct sm_source source = {
        .name = "t", .text = sm_slice_make(json_string_value(text), json_string_length(text)), .is_quotable = true, .language = SM_SOURCE_ALLOY};
    struct sm_alloy_value *names = sm_alloy_object(arena);
    sm_alloy_object_set(names, arena, SM_SLICE("a_secret"), sm_alloy_secret(arena, SM_SLICE("hush")));
    sm_alloy_object_set(names, arena, SM_SLICE("open"), sm_alloy_optional_secret(arena, SM_SLICE("seen"), false));
    sm_alloy_object_set(names, arena, SM_SLICE("closed"), sm_alloy_optional_secret(arena, SM_SLICE("unseen"), true));
    const struct sm_alloy_scope scope = {.names = names};
    struct sm_alloy_machine machine = {.arena = arena};
    const struct sm_alloy_expr *expr = sm_alloy_parse_expression(&source, arena, NULL);
    assert_non_null(expr);
    const struct sm_alloy_value *value = sm_alloy_evaluate(&machine, expr, &scope);
    return value ? json_pack("{s:o}", "value", value_json(value)) : failed_with(&machine.fault, arena);
}

static bool check(const json_t *test)
{
    struct sm_arena arena = SM_ARENA_INIT;
    json_t *got = outcome(test, &arena);
    const char *key = json_object_get(got, "value") ? "value" : "error";
    bool is_good = json_equal(json_object_get(got, key), json_object_get(test, key));
    if (!is_good) {
        char *text = json_dumps(got, 0);
        print_message("%s: got %s\n", json_string_value(json_object_get(test, "expression")), text);
        free(text);
    }
    json_decref(got);
    sm_arena_deinit(&arena);
    return is_good;
}

static void gives_what_the_reference_gives(void **state)
{
    (void)state;
    json_error_t error;
    json_t *table = json_load_file(TEST_SOURCE_DIR "/tests/unit/alloy/library_cases.json", JSON_ALLOW_NUL, &error), *test;
    assert_non_null(table);
    size_t index, failed = 0;
    setenv("SET_FOR_TEST", "it is", 1);
    json_array_foreach(json_object_get(table, "cases"), index, test) failed += !check(test);
    assert_int_equal(failed, 0);
    assert_true(index > 1000);
    json_decref(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_the_reference_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
