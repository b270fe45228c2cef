#include "config/yaml.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "config/diags.h"
#include "config/source.h"
#include "config/write.h"

static struct sm_node *parse(const char *text, struct sm_arena *arena, char *errors, size_t errors_size)
{
    struct sm_source *source = sm_arena_zalloc(arena, 1, sizeof(*source));
    *source = (struct sm_source){.name = "t.yaml", .text = sm_slice_of(text), .is_quotable = true};
    struct sm_diags *diags = sm_diags_create();
    struct sm_node *node = sm_yaml_parse(source, arena, diags);
    FILE *out = fmemopen(errors, errors_size, "w");
    sm_diags_print(diags, out, false);
    fclose(out);
    sm_diags_free(diags);
    return node;
}

/* The tree as JSON on one line. */
static void expect_json(const char *yaml, const char *json)
{
    struct sm_arena arena = SM_ARENA_INIT;
    char errors[4096] = "";
    struct sm_node *node = parse(yaml, &arena, errors, sizeof(errors));
    if (!node)
        fail_msg("%s", errors);
    struct sm_bytes text = {0}, line = {0};
    sm_node_write_json(node, &text);
    bool is_start = true;
    for (size_t i = 0; i < text.size; i++) {
        if (text.ptr[i] == '\n')
            is_start = true;
        else if (text.ptr[i] != ' ' || !is_start) {
            is_start = false;
            sm_bytes_append_char(&line, text.ptr[i]);
        }
    }
    assert_string_equal(sm_bytes_cstr(&line), json);
    sm_bytes_deinit(&text);
    sm_bytes_deinit(&line);
    sm_arena_deinit(&arena);
}

static void types_scalars_as_the_reference_does(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *json;
    } cases[] = {
        {"42", "42"},
        {"-7", "-7"},
        {"+7", "7"},
        {"0x1F", "31"},
        {"0X1f", "31"},
        {"0755", "493"},
        {"0012", "10"},
        {"09", "9.0"},
        {"0o17", "15"},
        {"0b11", "3"},
        {"-0b11", "-3"},
        {"1_000", "1000"},
        {"1e3", "1000.0"},
        {".5", "0.5"},
        {"1.", "1.0"},
        {"1.50", "1.5"},
        {"true", "true"},
        {"False", "false"},
        {"TRUE", "true"},
        {"tRue", "\"tRue\""},
        {"yes", "\"yes\""},
        {"on", "\"on\""},
        {"5s", "\"5s\""},
        {"~", "null"},
        {"Null", "null"},
        {"\"7\"", "\"7\""},
        {"'true'", "\"true\""},
        {"!!str 12", "\"12\""},
        {"!!float 1", "1.0"},
        {"!!int \"12\"", "12"},
        {"2026-01-01", "\"2026-01-01\""},
        {"10%", "\"10%\""},
        {"a #b", "\"a\""},
        {"0x", "\"0x\""},
        {"-", "[null]"},
        {"1e999", "\"1e999\""},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"-9223372036854775809", "-9.223372036854776e+18"},
        {"99999999999999999999", "1e+20"},
        {"|\n a\n b\n", "\"a\\nb\\n\""},
        {"", "null"},
        {"# c", "null"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_json(cases[i].yaml, cases[i].json);
}

static void resolves_aliases_and_merge_keys(void **state)
{
    (void)state;
    expect_json("a: &d {x: 1, y: 2}\nb: *d\n", "{\"a\": {\"x\": 1,\"y\": 2},\"b\": {\"x\": 1,\"y\": 2}}");
    expect_json("a: &d {x: 1, y: 2}\nb: {<<: *d, y: 3}\n", "{\"a\": {\"x\": 1,\"y\": 2},\"b\": {\"y\": 3,\"x\": 1}}");
    expect_json("a: {<<: [{x: 1}, {x: 2, y: 3}]}", "{\"a\": {\"x\": 1,\"y\": 3}}");
    expect_json("a: {'<<': 1}", "{\"a\": {\"<<\": 1}}");
}

static void reads_only_the_first_document(void **state)
{
    (void)state;
    expect_json("---\na: 1\n---\nb: [", "{\"a\": 1}");
    expect_json("a: 1\n...\nb: [", "{\"a\": 1}");
}

static void takes_every_character_that_is_none_of_control(void **state)
{
    (void)state;
    expect_json("\xef\xbb\xbf# \xc2\xa0\xef\xbf\xbd\na: \"\xf0\x9f\x98\x80\xee\x80\x80\"\r\n", "{\"a\": \"\xf0\x9f\x98\x80\xee\x80\x80\"}");
}

static void refuses_with_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *position, *message;
    } cases[] = {
        {"a: 1\na: 2\n", "t.yaml:2:1:", "mapping key \"a\" already defined at line 1"},
        {"a: 1\n\tb: 2\n", "t.yaml:", "yaml:"},
        {"a: [1,\n", "t.yaml:", "yaml:"},
        {"a: *x\n", "t.yaml:1:5:", "unknown anchor 'x'"},
        {"a: 18446744073709551615\n", "t.yaml:1:4:", "does not fit"},
        {"a: \"x\\0y\"\n", "t.yaml:1:4:", "NUL"},
        {"a: !!int many\n", "t.yaml:1:", "not of the type its tag says"},
        {"a: {<<: 3}\n", "t.yaml:1:", "map merge requires"},
        {"? [a]\n: b\n", "t.yaml:1:", "a key must be a single value"},
        {"a: &a [*a]\n", "t.yaml:1:", "unknown anchor"},
        {"a: 1\n# caf\xe9\nb: 2\n", "t.yaml:2:6:", "byte 0xE9 is not UTF-8"},
        {"a: \xed\xa0\x80\n", "t.yaml:1:4:", "is not UTF-8"},
        {"\xff\xfe"
         "a",
         "t.yaml:1:1:", "byte 0xFF is not UTF-8"},
        {"a: \xc3\xa9\x01\n", "t.yaml:1:5:", "control characters are not allowed, got U+0001"},
        {"# \x7f\n", "t.yaml:1:3:", "control characters"},
        {"a: \"\xc2\x81\"\n", "t.yaml:1:5:", "got U+0081"},
        {"a: {b: ${env:X}}\n", "t.yaml:1:9:", "put ${…} in quotes"},
        {"a:\n- [x, ${X}]\n", "t.yaml:2:8:", "put ${…} in quotes"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_arena arena = SM_ARENA_INIT;
        char errors[4096] = "";
        assert_null(parse(cases[i].yaml, &arena, errors, sizeof(errors)));
        if (!strstr(errors, cases[i].position) || !strstr(errors, cases[i].message))
            fail_msg("%s gave %s", cases[i].yaml, errors);
        sm_arena_deinit(&arena);
    }
}

static void limits_depth_and_what_aliases_stand_for(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    char errors[4096] = "";
    struct sm_bytes deep = {0}, bomb = {0};
    for (int i = 0; i < 5000; i++)
        sm_bytes_append_char(&deep, '[');
    assert_null(parse(sm_bytes_cstr(&deep), &arena, errors, sizeof(errors)));
    assert_non_null(strstr(errors, "nested more than 100 levels"));
    sm_bytes_append_text(&bomb, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 12; i++)
        sm_bytes_printf(&bomb, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1,
                        i - 1, i - 1, i - 1, i - 1);
    assert_null(parse(sm_bytes_cstr(&bomb), &arena, errors, sizeof(errors)));
    assert_non_null(strstr(errors, "aliases counted"));
    sm_bytes_deinit(&deep);
    sm_bytes_deinit(&bomb);
    sm_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_scalars_as_the_reference_does),
        cmocka_unit_test(resolves_aliases_and_merge_keys),
        cmocka_unit_test(reads_only_the_first_document),
        cmocka_unit_test(refuses_with_line_and_column),
        cmocka_unit_test(takes_every_character_that_is_none_of_control),
        cmocka_unit_test(limits_depth_and_what_aliases_stand_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
