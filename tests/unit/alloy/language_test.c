/* language_test.c - the recorded examples of the language: what parses to which tree, how it is formatted, what expressions evaluate to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "alloy/convert.h"
#include "alloy/evaluate.h"
#include "alloy/parser.h"
#include "alloy/printer.h"
#include "config/diags.h"
#include "config/source.h"

/* `name` below tests, without its ending. */
static json_t *load_cases(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), TEST_SOURCE_DIR "/tests/%s.json", name);
    json_error_t error;
    json_t *document = json_load_file(path, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
    assert_non_null(document);
    json_t *cases = json_incref(json_object_get(document, "cases"));
    json_decref(document);
    return cases;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static struct sm_source source_of(const json_t *test, const char *key)
{
    const json_t *text = json_object_get(test, key);
    return (struct sm_source){
        .name = "t", .text = sm_slice_make(json_string_value(text), json_string_length(text)), .is_quotable = true, .language = SM_SOURCE_ALLOY};
}

/* ---- trees */

static json_t *tree_of_expression(const struct sm_alloy_expr *expr);

static json_t *text_json(struct sm_slice text)
{
    return json_stringn(text.ptr ? text.ptr : "", text.size);
}

static json_t *node_of(const char *name)
{
    json_t *list = json_array();
    json_array_append_new(list, json_string(name));
    return list;
}

static json_t *tree_of_literal(const struct sm_alloy_expr *expr)
{
    static const char *const names[SM_ALLOY_TOKEN_COUNT] = {
        [SM_ALLOY_NUMBER] = "number", [SM_ALLOY_FLOAT] = "float", [SM_ALLOY_STRING] = "string", [SM_ALLOY_BOOL] = "bool", [SM_ALLOY_NULL] = "null"};
    json_t *node = node_of(names[expr->op]);
    json_array_append_new(node, text_json(expr->text));
    return node;
}

static json_t *tree_of_expression(const struct sm_alloy_expr *expr)
{
    json_t *node = NULL;
    switch (expr->kind) {
    case SM_ALLOY_LITERAL:
        return tree_of_literal(expr);
    case SM_ALLOY_NAME:
        node = node_of("ident");
        json_array_append_new(node, text_json(expr->text));
        return node;
    case SM_ALLOY_OBJECT:
        node = node_of("object");
        for (size_t i = 0; i < expr->count; i++) {
            json_t *pair = json_array();
            json_array_append_new(pair, text_json(expr->fields[i].name));
            json_array_append_new(pair, tree_of_expression(expr->fields[i].value));
            json_array_append_new(node, pair);
        }
        return node;
    case SM_ALLOY_PAREN:
        return tree_of_expression(expr->left);
    case SM_ALLOY_UNARY:
        node = node_of(expr->op == SM_ALLOY_NOT ? "unary!" : "unary-");
        break;
    case SM_ALLOY_BINARY:
        node = node_of(sm_alloy_token_text(expr->op));
        break;
    case SM_ALLOY_ACCESS:
        node = node_of(".");
        break;
    case SM_ALLOY_INDEX:
        node = node_of("[]");
        break;
    case SM_ALLOY_CALL:
        node = node_of("call");
        break;
    case SM_ALLOY_ARRAY:
        node = node_of("array");
        break;
    }
    if (expr->left)
        json_array_append_new(node, tree_of_expression(expr->left));
    if (expr->right)
        json_array_append_new(node, tree_of_expression(expr->right));
    if (expr->kind == SM_ALLOY_ACCESS)
        json_array_append_new(node, text_json(expr->text));
    for (size_t i = 0; expr->items && i < expr->count; i++)
        json_array_append_new(node, tree_of_expression(expr->items[i]));
    return node;
}

static json_t *tree_of_body(const struct sm_alloy_body *body)
{
    json_t *list = json_array();
    for (size_t i = 0; i < body->count; i++) {
        const struct sm_alloy_statement *statement = body->items[i];
        json_t *node = node_of(statement->is_block ? "block" : "attribute");
        json_array_append_new(node, text_json(statement->name));
        if (statement->is_block) {
            json_array_append_new(node, text_json(statement->label));
            json_array_append_new(node, tree_of_body(&statement->body));
        } else {
            json_array_append_new(node, tree_of_expression(statement->value));
        }
        json_array_append_new(list, node);
    }
    return list;
}

static bool check_parse(const json_t *test)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_source source = source_of(test, "source");
    struct sm_alloy_file *file = sm_alloy_parse(&source, &arena, NULL);
    const json_t *tree = json_object_get(test, "tree");
    bool is_good = !tree == !file;
    if (file && tree) {
        json_t *got = tree_of_body(&file->body);
        is_good = json_equal(got, tree);
        json_decref(got);
    }
    sm_arena_deinit(&arena);
    return is_good;
}

/* ---- formatting */

static bool check_format(const json_t *test)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_source source = source_of(test, "source");
    struct sm_bytes first, second;
    sm_bytes_init(&first, &arena);
    sm_bytes_init(&second, &arena);
    struct sm_alloy_file *file = sm_alloy_parse(&source, &arena, NULL);
    assert_non_null(file);
    sm_alloy_print_file(file, &first);
    source.text = sm_bytes_slice(&first);
    file = sm_alloy_parse(&source, &arena, NULL);
    assert_non_null(file);
    sm_alloy_print_file(file, &second);
    bool is_good = sm_slice_is(sm_bytes_slice(&first), text_of(test, "formatted")) && sm_slice_equal(sm_bytes_slice(&first), sm_bytes_slice(&second));
    sm_arena_deinit(&arena);
    return is_good;
}

/* ---- errors */

static bool is_shown(const struct sm_source *source, const char *expected)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_diags *diags = sm_diags_create();
    char *shown = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&shown, &size);
    assert_non_null(out);
    assert_null(sm_alloy_parse(source, &arena, diags));
    sm_diags_print(diags, out, false);
    fclose(out);
    /* Behind the last of them stands an empty line too. */
    bool is_good = size == strlen(expected) + 1 && memcmp(shown, expected, size - 1) == 0;
    if (!is_good)
        print_message("%s\n--- instead of\n%s\n", shown, expected);
    free(shown);
    sm_diags_free(diags);
    sm_arena_deinit(&arena);
    return is_good;
}

static bool check_errors(const json_t *test)
{
    struct sm_source source = source_of(test, "source");
    return is_shown(&source, text_of(test, "shown"));
}

/* JSON cannot hold it. Recorded as error_cases.json was. */
static void shows_what_is_no_utf8_as_one_character_a_byte(void **state)
{
    (void)state;
    struct sm_source source = {.name = "t", .text = SM_SLICE("a \"x\xff\xc3y\" {}\n"), .is_quotable = true, .language = SM_SOURCE_ALLOY};
    assert_true(is_shown(&source, "Error: t:1:5: illegal UTF-8 encoding\n"
                                  "\n"
                                  "1 | a \"x\xef\xbf\xbd"
                                  "\xef\xbf\xbd"
                                  "y\" {}\n"
                                  "  |     ^\n"
                                  "2 | \n"
                                  "\n"
                                  "Error: t:1:6: illegal UTF-8 encoding\n"
                                  "\n"
                                  "1 | a \"x\xef\xbf\xbd"
                                  "\xef\xbf\xbd"
                                  "y\" {}\n"
                                  "  |      ^\n"
                                  "2 | \n"
                                  "\n"
                                  "Error: t:1:3: expected block label to be a valid identifier, but got \"x\\xff\\xc3y\"\n"
                                  "\n"
                                  "1 | a \"x\xef\xbf\xbd"
                                  "\xef\xbf\xbd"
                                  "y\" {}\n"
                                  "  |   ^\n"
                                  "2 | \n"));
}

/* ---- values */

static struct sm_alloy_value *variable(const json_t *json, struct sm_arena *arena)
{
    const char *secret = text_of(json, "$secret"), *optional = text_of(json, "$optional");
    if (secret)
        return sm_alloy_secret(arena, sm_slice_of(secret));
    if (optional)
        return sm_alloy_optional_secret(arena, sm_slice_of(optional), json_is_true(json_object_get(json, "secret")));
    if (json_is_string(json))
        return sm_alloy_string(arena, sm_slice_of(json_string_value(json)));
    if (json_is_number(json))
        return sm_alloy_int(arena, (int64_t)json_number_value(json));
    struct sm_alloy_value *value;
    size_t index;
    const char *key;
    json_t *item;
    if (json_is_array(json)) {
        value = sm_alloy_array(arena, json_array_size(json));
        json_array_foreach(json, index, item) value->array.items[index] = variable(item, arena);
        return value;
    }
    value = sm_alloy_object(arena);
    json_object_foreach((json_t *)json, key, item) sm_alloy_object_set(value, arena, sm_slice_of(key), variable(item, arena));
    return value;
}

static json_t *value_json(const struct sm_alloy_value *value, bool is_duration)
{
    char text[32];
    json_t *json = NULL, *inner;
    switch (value->type) {
    case SM_ALLOY_TYPE_NULL:
        return json_null();
    case SM_ALLOY_TYPE_BOOL:
        return json_boolean(value->boolean);
    case SM_ALLOY_TYPE_STRING:
        return text_json(value->text);
    case SM_ALLOY_TYPE_NUMBER:
        if (value->number_kind == SM_ALLOY_DOUBLE)
            return json_pack("{s:f}", "float", value->number);
        snprintf(text, sizeof(text), value->number_kind == SM_ALLOY_INT ? "%lld" : "%llu", (long long)value->integer);
        return json_pack("{s:s}", is_duration ? "nanoseconds" : "int", text);
    case SM_ALLOY_TYPE_ARRAY:
        json = json_array();
        for (size_t i = 0; i < value->array.count; i++)
            json_array_append_new(json, value_json(value->array.items[i], is_duration));
        return json;
    case SM_ALLOY_TYPE_OBJECT:
        inner = json_object();
        for (size_t i = 0; i < value->object.count; i++) {
            char key[128];
            snprintf(key, sizeof(key), "%.*s", SM_SLICE_ARGS(value->object.entries[i].key));
            json_object_set_new(inner, key, value_json(value->object.entries[i].value, is_duration));
        }
        return json_pack("{s:o}", "object", inner);
    case SM_ALLOY_TYPE_CAPSULE:
        inner = text_json(value->text);
        if (value->capsule == SM_ALLOY_SECRET)
            return json_pack("{s:o}", "secret", inner);
        return json_pack("{s:o,s:b}", "optional_secret", inner, "is_secret", value->is_secret);
    case SM_ALLOY_TYPE_FUNCTION:
        break;
    }
    return json_string("?");
}

static unsigned want_of(const char *name)
{
    static const struct {
        const char *name;
        unsigned want;
    } wants[] = {
        {"int", SM_ALLOY_WANT_INT},
        {"string", SM_ALLOY_WANT_STRING},
        {"float", SM_ALLOY_WANT_DOUBLE},
        {"bool", SM_ALLOY_WANT_BOOL},
        {"duration", SM_ALLOY_WANT_DURATION},
        {"list(string)", SM_ALLOY_WANT_STRING | SM_ALLOY_LIST_OF},
        {"map(string)", SM_ALLOY_WANT_STRING | SM_ALLOY_MAP_OF},
        {"secret", SM_ALLOY_WANT_SECRET},
        {"optional_secret", SM_ALLOY_WANT_OPTIONAL_SECRET},
        {"uint8", SM_ALLOY_WANT_UINT8},
    };
    for (size_t i = 0; name && i < sizeof(wants) / sizeof(wants[0]); i++)
        if (strcmp(wants[i].name, name) == 0)
            return wants[i].want;
    assert_null(name);
    return SM_ALLOY_WANT_ANY;
}

static int number_of(const json_t *object, const char *key)
{
    return (int)json_number_value(json_object_get(object, key));
}

static bool is_error_expected(const json_t *test, const struct sm_alloy_fault *fault)
{
    struct sm_alloy_place start, end;
    const json_t *error = json_object_get(test, "error");
    sm_alloy_fault_place(fault, &start, &end);
    return error && (int)start.line == number_of(error, "line") && (int)start.column == number_of(error, "column") &&
           (int)end.line == number_of(error, "end_line") && (int)end.column == number_of(error, "end_column");
}

static bool is_value_expected(const json_t *test, const struct sm_alloy_value *value)
{
    const json_t *expected = json_object_get(test, "value");
    json_t *got = value_json(value, text_of(test, "to") && strcmp(text_of(test, "to"), "duration") == 0);
    bool is_good = expected && json_equal(got, expected);
    if (!is_good) {
        char *text = json_dumps(got, JSON_ENCODE_ANY);
        print_message("got %s\n", text);
        free(text);
    }
    json_decref(got);
    return is_good;
}

static bool check_value(const json_t *test)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_alloy_machine machine = {.arena = &arena};
    struct sm_source source = source_of(test, "expression");
    struct sm_alloy_scope scope = {.names = sm_alloy_object(&arena)};
    const char *name;
    json_t *item;
    json_object_foreach(json_object_get(test, "env"), name, item) setenv(name, json_string_value(item), 1);
    json_object_foreach(json_object_get(test, "variables"), name, item)
        sm_alloy_object_set((struct sm_alloy_value *)scope.names, &arena, sm_slice_of(name), variable(item, &arena));
    sm_alloy_object_set((struct sm_alloy_value *)scope.names, &arena, SM_SLICE("a_secret"), sm_alloy_secret(&arena, SM_SLICE("hush")));
    struct sm_alloy_expr *expr = sm_alloy_parse_expression(&source, &arena, NULL);
    assert_non_null(expr);
    struct sm_alloy_value *value = sm_alloy_evaluate(&machine, expr, &scope);
    if (value && text_of(test, "to"))
        value = sm_alloy_convert(&machine, value, want_of(text_of(test, "to")));
    bool is_good = value ? is_value_expected(test, value) : is_error_expected(test, &machine.fault);
    if (!value && !is_good)
        print_message("fault: %s\n", sm_alloy_fault_text(&machine.fault, &arena));
    sm_arena_deinit(&arena);
    return is_good;
}

/* ---- */

static void run_all(const char *file, bool (*check)(const json_t *test))
{
    json_t *cases = load_cases(file), *test;
    size_t index, failed = 0;
    json_array_foreach(cases, index, test)
    {
        if (check(test))
            continue;
        print_message("%s: %s\n", file, text_of(test, "name"));
        failed++;
    }
    json_decref(cases);
    assert_int_equal(failed, 0);
}

static void parses_as_the_reference_does(void **state)
{
    (void)state;
    run_all("conformance/data/alloy/parse", check_parse);
}

static void formats_as_the_reference_does_and_the_same_again(void **state)
{
    (void)state;
    run_all("conformance/data/alloy/format", check_format);
}

static void shows_errors_as_the_reference_does(void **state)
{
    (void)state;
    run_all("unit/alloy/error_cases", check_errors);
}

static void evaluates_as_the_reference_does(void **state)
{
    (void)state;
    run_all("conformance/data/alloy/evaluate", check_value);
}

static void converts_as_the_reference_does(void **state)
{
    (void)state;
    run_all("conformance/data/alloy/convert", check_value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_as_the_reference_does),       cmocka_unit_test(formats_as_the_reference_does_and_the_same_again),
        cmocka_unit_test(shows_errors_as_the_reference_does), cmocka_unit_test(shows_what_is_no_utf8_as_one_character_a_byte),
        cmocka_unit_test(evaluates_as_the_reference_does),    cmocka_unit_test(converts_as_the_reference_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
