/* The expr language: what expressions give, are refused for and fail for. values.txt has what github.com/expr-lang/expr v1.17.8 gave for each,
 * compiled without an environment and run as the filter processor does: MetricName is "req", MetricType "Sum", and the labels are those below.
 * record/main.go renews it. */
#include "expr/expr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "show_value.h"

static const struct {
    const char *key, *value;
} labels[] = {{"k", "v"},
              {"n", "42"},
              {"words", "b a c"},
              {"json", "{\"a\": [1, 2.5, \"x\", null, true], \"b\": {\"c\": \"d\"}}"},
              {"empty", ""},
              {"list", "[3,1,2]"},
              {"unicode", "Gr\xc3\xbc\xc3\x9f"
                          "e"}};

static struct sm_slice metric_name(const void *context)
{
    (void)context;
    return SM_SLICE("req");
}

static struct sm_slice metric_type(const void *context)
{
    (void)context;
    return SM_SLICE("Sum");
}

static struct sm_slice label(const void *context, struct sm_slice key)
{
    (void)context;
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        if (sm_slice_is(key, labels[i].key))
            return sm_slice_of(labels[i].value);
    return (struct sm_slice){0};
}

static bool has_label(const void *context, struct sm_slice key)
{
    return label(context, key).ptr;
}

static const struct sm_expr_field fields[] = {{.name = "MetricName", .get = metric_name}, {.name = "MetricType", .get = metric_type}};
static const struct sm_expr_function functions[] = {{.name = "HasLabel", .has = has_label}, {.name = "Label", .get = label}};
static const struct sm_expr_environment environment = {
    .type_name = "main.env", .fields = fields, .field_count = 2, .functions = functions, .function_count = 2};

static void evaluate(struct sm_slice text, struct sm_arena *arena, struct sm_bytes *out, struct sm_expr_error *error)
{
    struct sm_expr_program *program = sm_expr_compile(text, &environment, error);
    if (!program) {
        sm_bytes_append_text(out, "refused");
        return;
    }
    struct expr_value value = expr_run(program, NULL, arena, error);
    if (error->message[0])
        sm_bytes_append_text(out, "fails");
    else
        show_value(out, value);
    sm_expr_free(program);
}

/* The text as it was compiled: ⏎ stands for a line end, so that every expression is one line. */
static struct sm_slice without_marks(struct sm_slice text, struct sm_arena *arena)
{
    static const char mark[] = "\xe2\x8f\x8e";
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    for (size_t at = 0; at < text.size; at++) {
        bool is_mark = text.size - at >= 3 && memcmp(text.ptr + at, mark, 3) == 0;
        sm_bytes_append_char(&out, is_mark ? '\n' : text.ptr[at]);
        at += is_mark ? 2 : 0;
    }
    return sm_bytes_slice(&out);
}

static void gives_what_the_reference_gives(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_SOURCE_DIR "/tests/unit/expr/values.txt", "re");
    char *line = NULL;
    size_t capacity = 0, wrong = 0, count = 0;
    ssize_t size;
    assert_non_null(file);
    setenv("TZ", "UTC", 1);
    while ((size = getline(&line, &capacity, file)) > 0) {
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_bytes out;
        struct sm_expr_error error;
        struct sm_slice expected = sm_slice_make(line, (size_t)size - (line[size - 1] == '\n')), text = sm_slice_cut(&expected, '\t');
        sm_bytes_init(&out, &arena);
        evaluate(without_marks(text, &arena), &arena, &out, &error);
        if (!sm_slice_equal(sm_bytes_slice(&out), expected)) {
            print_error("%.*s\n    %.*s, not %.*s: %s\n", SM_SLICE_ARGS(text), (int)out.size, out.ptr, SM_SLICE_ARGS(expected), error.message);
            wrong++;
        }
        count++;
        sm_arena_deinit(&arena);
    }
    free(line);
    fclose(file);
    assert_true(count > 1200);
    assert_int_equal(wrong, 0);
}

/* `before` so many times, then `after`: compiled and run, it ends with that message. */
static void assert_bounded(const char *before, size_t times, const char *after, const char *message)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_bytes text, out;
    struct sm_expr_error error;
    sm_bytes_init(&text, &arena);
    sm_bytes_init(&out, &arena);
    for (size_t i = 0; i < times; i++)
        sm_bytes_append_text(&text, before);
    sm_bytes_append_text(&text, after);
    evaluate(sm_bytes_slice(&text), &arena, &out, &error);
    if (!strstr(error.message, message))
        fail_msg("%s, %zu times: \"%s\", not \"%s\"", before, times, error.message, message);
    sm_arena_deinit(&arena);
}

static void bounds_what_an_expression_takes(void **state)
{
    (void)state;
    assert_bounded("(", 5000, "", "nested deeper than 400 levels");
    assert_bounded("true or ", 1000, "true", "nested deeper than 400 levels");
    assert_bounded("if true {", 1000, "", "nested deeper than 400 levels");
    assert_bounded("[", 1, "", "unexpected end");
    assert_bounded("(1 < ", 60, "2 < 3)", "unexpected end");
    assert_bounded("1, ", 10000, "", "unexpected token");
    assert_bounded("", 0, "1..1000000", "memory budget exceeded");
    assert_bounded("", 0, "reduce(1..60, #acc + #acc, 'a')", "memory budget exceeded");
    assert_bounded("", 0, "repeat('ab', 500000)", "memory budget exceeded");
    assert_bounded("", 0, "let r = 1..1000; any(r, any(r, any(r, false)))", "takes more than 10000000 steps");
    assert_bounded("", 0, "toJSON(reduce(1..900, [#acc], 1))", "recursion depth exceeded");
    assert_bounded("", 0, "string(reduce(1..900, [#acc], 1))", "recursion depth exceeded");
    assert_bounded("", 0, "reduce(1..200000, [#acc], 1) == reduce(1..200000, [#acc], 1)", "recursion depth exceeded");
    assert_bounded("", 0, "let p = reduce(1..900, toPairs({'a': #acc})[0], 1); groupBy([1], p)", "recursion depth exceeded");
    assert_bounded("", 0, "timezone('Europe//Paris')", "unknown time zone"); /* else every spelling would stay as a zone of its own */
    assert_bounded("", 0, "timezone('Europe/./Paris')", "unknown time zone");
    assert_bounded("", 0, "let a = repeat('x', 450000); any(1..90000, a contains 'y')", "takes more than 10000000 steps");
    assert_bounded("", 0, "let a = repeat('x', 450000); any(1..90000, a matches 'y$')", "takes more than 10000000 steps");
    assert_bounded("", 0, "let a = repeat('x', 450000); any(1..90000, a != a)", "takes more than 10000000 steps");
    assert_bounded("", 0, "let a = repeat(' ', 450000); any(1..90000, trim(a) == 'x')", "takes more than 10000000 steps");
}

static void bounds_the_number_of_nodes(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_bytes text;
    struct sm_expr_error error;
    sm_bytes_init(&text, &arena);
    sm_bytes_append_text(&text, "[1");
    for (int i = 0; i < SM_EXPR_NODES_MAX; i++)
        sm_bytes_append_text(&text, ",1");
    sm_bytes_append_text(&text, "]");
    assert_null(sm_expr_compile(sm_bytes_slice(&text), &environment, &error));
    assert_non_null(strstr(error.message, "more than 10000 nodes"));
    sm_arena_deinit(&arena);
}

/* The middle of a chain of comparisons counts twice: chains inside each other would double the tree with every level. */
static void bounds_chains_inside_each_other(void **state)
{
    (void)state;
    enum { LEVELS = 60 };
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_bytes text;
    struct sm_expr_error error;
    sm_bytes_init(&text, &arena);
    for (int i = 0; i < LEVELS; i++)
        sm_bytes_append_text(&text, "int(1 < ");
    sm_bytes_append_text(&text, "2");
    for (int i = 0; i < LEVELS; i++)
        sm_bytes_append_text(&text, " < 3)");
    assert_null(sm_expr_compile(sm_bytes_slice(&text), &environment, &error));
    assert_non_null(strstr(error.message, "chains of comparisons"));
    sm_arena_deinit(&arena);
}

/* What the optimizer makes of an expression may be larger than what was written. */
static void bounds_what_is_made_of_an_expression(void **state)
{
    (void)state;
    enum { LEVELS = 60, ITEMS = 5000 };
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_bytes text;
    struct sm_expr_error error;
    sm_bytes_init(&text, &arena);
    for (int i = 0; i < LEVELS; i++)
        sm_bytes_append_text(&text, "((");
    sm_bytes_append_text(&text, "len(MetricName)");
    for (int i = 0; i < LEVELS; i++)
        sm_bytes_append_text(&text, " in 1..3) ? 1 : 2)");
    assert_null(sm_expr_compile(sm_bytes_slice(&text), &environment, &error));
    assert_non_null(strstr(error.message, "nested too deeply"));
    text.size = 0;
    sm_bytes_append_text(&text, "sum([len(MetricName)");
    for (int i = 0; i < ITEMS; i++)
        sm_bytes_append_text(&text, ",1");
    sm_bytes_append_text(&text, "])");
    assert_null(sm_expr_compile(sm_bytes_slice(&text), &environment, &error));
    assert_non_null(strstr(error.message, "nested too deeply"));
    sm_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_the_reference_gives),
        cmocka_unit_test(bounds_what_an_expression_takes),
        cmocka_unit_test(bounds_the_number_of_nodes),
        cmocka_unit_test(bounds_chains_inside_each_other),
        cmocka_unit_test(bounds_what_is_made_of_an_expression),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
