/* json_path_test.c - json_path: a table recorded with the library that Alloy uses, the order of members, and paths that would take for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "alloy/library.h"

#include "value_json.h"

static struct sm_alloy_value *select_from(struct sm_alloy_machine *machine, struct sm_slice document, struct sm_slice path)
{
    const struct sm_alloy_value *function = sm_alloy_library_find(machine->arena, SM_SLICE("json_path"));
    struct sm_alloy_value *args[] = {sm_alloy_string(machine->arena, document), sm_alloy_string(machine->arena, path)};
    return sm_alloy_library_call(machine, function, args, 2);
}

/* ---- the recorded table */

static struct sm_slice text_of(const json_t *object, const char *key)
{
    const json_t *text = json_object_get(object, key);
    return sm_slice_make(json_string_value(text), json_string_length(text));
}

static bool check(struct sm_slice document, const json_t *test)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_alloy_machine machine = {.arena = &arena};
    const struct sm_alloy_value *value = select_from(&machine, document, text_of(test, "path"));
    const char *error = json_string_value(json_object_get(test, "error"));
    json_t *got = value ? value_json(value) : json_string(machine.fault.message);
    bool is_good = value ? json_equal(got, json_object_get(test, "value")) : error && strcmp(machine.fault.message, error) == 0;
    if (!is_good) {
        char *text = json_dumps(got, JSON_ENCODE_ANY);
        print_message("%.*s of %.*s: got %s\n", SM_SLICE_ARGS(text_of(test, "path")), SM_SLICE_ARGS(document), text);
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
    json_t *table = json_load_file(TEST_SOURCE_DIR "/tests/unit/alloy/json_path_cases.json", JSON_ALLOW_NUL, &error), *group, *test;
    assert_non_null(table);
    size_t index, inner, failed = 0, count = 0;
    json_array_foreach(json_object_get(table, "documents"), index, group)
    {
        json_array_foreach(json_object_get(group, "paths"), inner, test)
        {
            count++;
            failed += !check(text_of(group, "document"), test);
        }
    }
    json_decref(table);
    assert_int_equal(failed, 0);
    assert_true(count > 700);
}

/* ---- what no table can say */

static void assert_selects(const char *document, const char *path, const char *expected)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_alloy_machine machine = {.arena = &arena};
    const struct sm_alloy_value *value = select_from(&machine, sm_slice_of(document), sm_slice_of(path));
    assert_non_null(value);
    json_t *got = value_json(value);
    char *text = json_dumps(got, JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(got);
    sm_arena_deinit(&arena);
}

static void members_of_objects_come_in_the_order_of_the_document(void **state)
{
    (void)state;
    assert_selects("{\"z\":\"1\",\"a\":\"2\",\"m\":\"3\"}", "$.*", "[\"1\",\"2\",\"3\"]");
    assert_selects("{\"z\":{\"k\":\"1\"},\"a\":{\"k\":\"2\"}}", "$.*.k", "[\"1\",\"2\"]");
    assert_selects("{\"z\":{\"k\":\"1\"},\"a\":{\"k\":\"2\"}}", "$..k", "[\"1\",\"2\"]");
    assert_selects("{\"z\":{\"k\":\"1\"},\"a\":{\"k\":\"2\"}}", "$[?@.k].k", "[\"1\",\"2\"]");
}

static void of_equal_keys_the_last_wins_however_many_there_are(void **state)
{
    (void)state;
    char document[4096] = "{\"k\":\"first\"", end[] = ",\"k\":\"last\"}";
    for (int i = 0; i < 100; i++)
        snprintf(document + strlen(document), sizeof(document) - strlen(document), ",\"k%d\":%d", i, i);
    strcat(document, end);
    assert_selects(document, "$.k", "[\"last\"]");
    assert_selects(document, "$.k99", "[{\"int\":\"99\"}]");
}

static void comparing_lists_or_objects_is_an_error(void **state)
{
    (void)state; /* the reference ends with a runtime error */
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_alloy_machine machine = {.arena = &arena};
    assert_null(select_from(&machine, SM_SLICE("[[1]]"), SM_SLICE("$[?@ == @]")));
    assert_string_equal(machine.fault.message, "a filter cannot compare lists or objects with one another");
    sm_arena_deinit(&arena);
}

/* `head`, `count` times `part`, `tail`. */
static struct sm_slice repeated(struct sm_arena *arena, const char *head, const char *part, size_t count, const char *tail)
{
    struct sm_bytes text;
    sm_bytes_init(&text, arena);
    sm_bytes_append_text(&text, head);
    for (size_t i = 0; i < count; i++)
        sm_bytes_append_text(&text, part);
    sm_bytes_append_text(&text, tail);
    return sm_slice_of(sm_bytes_cstr(&text));
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void assert_refused(struct sm_arena *arena, struct sm_slice document, struct sm_slice path, const char *reason)
{
    struct sm_alloy_machine machine = {.arena = arena};
    double start = seconds();
    assert_null(select_from(&machine, document, path));
    assert_non_null(strstr(machine.fault.message, reason));
    assert_true(seconds() - start < 60); /* of the processor's time, with sanitizers; most take milliseconds */
    sm_arena_deinit(arena);
}

static void hostile_paths_and_documents_are_refused(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_slice one = SM_SLICE("[1]");
    assert_refused(&arena, one, repeated(&arena, "$[?", "(", 100000, ""), "nested too deeply");
    assert_refused(&arena, one, repeated(&arena, "$[?", "!", 100000, "@]"), "nested too deeply");
    assert_refused(&arena, one, repeated(&arena, "$", "[?@", 100000, ""), "nested too deeply");
    assert_refused(&arena, one, repeated(&arena, "$[?@", " && @", 100000, "]"), "nested too deeply");
    struct sm_slice deep = repeated(&arena, "", "[", 100000, "");
    assert_refused(&arena, deep, SM_SLICE("$"), "exceeded max depth");
    deep = repeated(&arena, repeated(&arena, "", "[", 1000, "").ptr, "]", 1000, "");
    assert_refused(&arena, deep, repeated(&arena, "$", "..", 1000, ""), "selects too much");
    struct sm_slice wide = repeated(&arena, "[0", ",1", 1000, "]");
    assert_refused(&arena, wide, SM_SLICE("$[?$[*] + $[*] + $[*] == 'never']"), "too much work");
    wide = repeated(&arena, "[0", ",1", 5000, "]");
    assert_refused(&arena, wide, SM_SLICE("$[?$..* == 2]"), "too much work");
    wide = repeated(&arena, "[0", ",1", 5000, "]");
    assert_refused(&arena, wide, repeated(&arena, "$[?", "1 + ", 480, "1 == 3]"), "too much work");
    wide = repeated(&arena, repeated(&arena, "[\"", "x", 100000, "\"").ptr, ",1", 5000, "]");
    assert_refused(&arena, wide, SM_SLICE("$[?$[0] ~= /y$/]"), "too much work");
}

static void many_patterns_are_refused(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_bytes document;
    sm_bytes_init(&document, &arena);
    sm_bytes_append_text(&document, "[\"x\"");
    for (int i = 0; i < 200; i++)
        sm_bytes_printf(&document, ",\"p%d\"", i);
    sm_bytes_append_char(&document, ']');
    assert_refused(&arena, sm_bytes_slice(&document), SM_SLICE("$[?'x' =~ @]"), "too many regular expressions");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_the_reference_gives),
        cmocka_unit_test(members_of_objects_come_in_the_order_of_the_document),
        cmocka_unit_test(of_equal_keys_the_last_wins_however_many_there_are),
        cmocka_unit_test(comparing_lists_or_objects_is_an_error),
        cmocka_unit_test(hostile_paths_and_documents_are_refused),
        cmocka_unit_test(many_patterns_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
