/* statements_test.c - OTTL statements on a span: what they leave, what is refused, and that printing and parsing agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "ottl/ottl.h"
#include "telemetry/span.h"

static const struct sm_ottl_language language = {.context = SM_OTTL_SPAN, .functions = SM_OTTL_CONVERTERS | SM_OTTL_EDITORS | SM_OTTL_FOR_TRANSFORM};

/* A batch with one span: name "GET /a", attributes s="text", i=7, l=[1, "x"], m={k: "v"}. */
static struct sm_batch *make_batch(struct sm_ottl_run *run)
{
    struct sm_batch *batch = sm_batch_create(SM_TRACES);
    struct sm_resource_group *group = sm_batch_add_resource(batch);
    struct sm_scope_group *scope = sm_batch_add_scope(batch, group);
    scope->spans = sm_arena_zalloc(&batch->arena, 1, sizeof(struct sm_span));
    scope->count = 1;
    scope->spans[0].name = SM_SLICE("GET /a");
    struct sm_list *list = sm_arena_zalloc(&batch->arena, 1, sizeof(*list));
    *list = (struct sm_list){.items = sm_arena_zalloc(&batch->arena, 2, sizeof(struct sm_value)), .count = 2, .capacity = 2};
    list->items[0] = sm_value_int(1);
    list->items[1] = sm_value_string(SM_SLICE("x"));
    struct sm_map *inner = sm_arena_zalloc(&batch->arena, 1, sizeof(*inner));
    sm_map_set(inner, &batch->arena, SM_SLICE("k"), sm_value_string(SM_SLICE("v")));
    struct sm_map *map = sm_attributes_edit(&scope->spans[0].attributes, &batch->arena);
    sm_map_set(map, &batch->arena, SM_SLICE("s"), sm_value_string(SM_SLICE("text")));
    sm_map_set(map, &batch->arena, SM_SLICE("i"), sm_value_int(7));
    sm_map_set(map, &batch->arena, SM_SLICE("l"), (struct sm_value){.type = SM_VALUE_LIST, .list = list});
    sm_map_set(map, &batch->arena, SM_SLICE("m"), (struct sm_value){.type = SM_VALUE_MAP, .map = inner});
    *run = (struct sm_ottl_run){.arena = &batch->arena, .batch = batch, .group = group, .scope = scope, .span = &scope->spans[0]};
    return batch;
}

static void runs_statements_as_the_reference_does(void **test_state)
{
    (void)test_state;
    static const struct {
        const char *statement;
        enum sm_ottl_verdict verdict;
        const char *result; /* span.attributes["r"] as text afterwards, NULL: absent */
    } rows[] = {
        {"set(attributes[\"r\"], \"a\")", SM_OTTL_YES, "a"},
        {"set(span.attributes[\"r\"], name) where attributes[\"i\"] == 7.0", SM_OTTL_YES, "GET /a"},
        {"set(attributes[\"r\"], 1) where name == \"other\"", SM_OTTL_NO, NULL},
        {"set(attributes[\"r\"], nil)", SM_OTTL_YES, NULL},
        {"set(attributes[\"r\"], attributes[\"none\"])", SM_OTTL_YES, NULL},
        {"set(attributes[\"r\"], 7 / 2)", SM_OTTL_YES, "3"},
        {"set(attributes[\"r\"], 7 / 2.0)", SM_OTTL_YES, "3.5"},
        {"set(attributes[\"r\"], 7 / 0)", SM_OTTL_FAILED, NULL},
        {"set(attributes[\"r\"], -(2 + 3) * 2)", SM_OTTL_YES, "-10"},
        {"set(attributes[\"r\"], attributes[\"l\"][1])", SM_OTTL_YES, "x"},
        {"set(attributes[\"r\"], attributes[\"l\"][2])", SM_OTTL_FAILED, NULL},
        {"set(attributes[\"r\"], attributes[\"m\"][\"k\"])", SM_OTTL_YES, "v"},
        {"set(attributes[\"r\"][\"a\"][1], \"deep\")", SM_OTTL_YES, "{\"a\":[null,\"deep\"]}"},
        {"set(attributes[\"r\"], start_time)", SM_OTTL_FAILED, ""},
        {"set(attributes[\"r\"], Concat([\"a\", 1, nil, attributes[\"m\"]], \"-\"))", SM_OTTL_YES, "a-1-<nil>-{\"k\":\"v\"}"},
        {"set(attributes[\"r\"], Split(\"a,b\", \",\"))", SM_OTTL_YES, "[\"a\",\"b\"]"},
        {"set(attributes[\"r\"], ParseJSON(\"{\\\"a\\\":[1,true]}\"))", SM_OTTL_YES, "{\"a\":[1,true]}"},
        {"set(attributes[\"r\"], Substring(\"hello\", 1, 0))", SM_OTTL_FAILED, NULL},
        {"set(attributes[\"r\"], IsMatch(name, \"^GET\"))", SM_OTTL_YES, "true"},
        {"set(attributes[\"r\"], Hex(12))", SM_OTTL_YES, "000000000000000c"},
        {"set(attributes[\"r\"], Duration(\"1h\") > Duration(\"1s\")) where true", SM_OTTL_FAILED, NULL},
        {"set(attributes[\"r\"], ToSnakeCase(\"K8sHTTPServer\"))", SM_OTTL_YES, "k_8_s_http_server"},
        {"set(attributes[\"r\"], Format(\"%05d|%-3s|%v\", [42, \"a\", nil]))", SM_OTTL_YES, "00042|a  |<nil>"},
        {"set(attributes[\"r\"], Murmur3Hash(\"\"))", SM_OTTL_YES, "00000000"},
        {"set(attributes[\"r\"], XXH3(\"hello world\"))", SM_OTTL_YES, "d447b1ea40e6988b"},
        {"set(attributes[\"r\"], Base64Decode(\"!\"))", SM_OTTL_FAILED, NULL},
        {"set(attributes[\"r\"], Sort([\"b\", 1, true]))", SM_OTTL_YES, "[1,\"b\",true]"},
        {"set(attributes[\"r\"], FormatTime(Unix(0), \"%Y-%m-%d %H:%M:%S%z\"))", SM_OTTL_YES, "1970-01-01 00:00:00Z"},
        /* The last second whose year a struct tm holds: INT_MAX + 1900. */
        {"set(attributes[\"r\"], FormatTime(Unix(67768036191676799), \"%Y %y\"))", SM_OTTL_YES, "2147485547 47"},
        {"set(attributes[\"r\"], Year(Unix(67768036191676799)))", SM_OTTL_YES, "2147485547"},
        {"set(attributes[\"r\"], ParseCSV(\"1,\\\"a,b\\\"\", \"x,y\"))", SM_OTTL_YES, "{\"x\":\"1\",\"y\":\"a,b\"}"},
        {"set(attributes[\"r\"], GetXML(\"<a><b>1</b><b>2</b></a>\", \"/a/b\"))", SM_OTTL_YES, "<b>1</b><b>2</b>"},
        {"set(attributes[\"r\"], ParseXML(\"<a>\"))", SM_OTTL_FAILED, NULL},
        {"set(attributes[\"r\"], IsMatch(name, attributes[\"s\"]))", SM_OTTL_YES, "false"},
        {"replace_match(attributes[\"s\"], \"t?x*\", \"z\")", SM_OTTL_YES, NULL},
        {"merge_maps(attributes, {\"r\": \"new\", \"s\": \"not\"}, \"insert\")", SM_OTTL_YES, "new"},
        {"set(attributes[\"r\"], \"\\xff\\101\")", SM_OTTL_YES, "ÿA"},
        {"set(attributes[\"r\"], Format(\"%v %x %d\", [0x0102, 0x0102, SpanID(0x0102030405060708)]))", SM_OTTL_YES, "[1 2] 0102 [1 2 3 4 5 6 7 8]"},
        {"set(attributes[\"r\"], Format(\"%v %e %x\", [Duration(\"1h2m3.5s\"), true, 0.1]))", SM_OTTL_YES,
         "1h2m3.5s %!e(bool=true) 0x1.999999999999ap-04"},
        {"set(attributes[\"r\"], ParseJSON(\"{\\\"a\\\":1e400}\"))", SM_OTTL_FAILED, NULL},
        {"append(attributes[\"r\"], [3, 1])", SM_OTTL_YES, "[[3,1]]"},
        {"append(attributes[\"r\"], attributes[\"l\"])", SM_OTTL_FAILED, NULL},
        {"set(attributes[\"r\"], attributes)", SM_OTTL_YES, "{\"i\":7,\"l\":[1,\"x\"],\"m\":{\"k\":\"v\"},\"r\":{},\"s\":\"text\"}"},
        {"set(attributes[\"r\"], Concat([Double(\"NaN\")], \"\"))", SM_OTTL_FAILED, NULL},
        {"set(attributes[\"r\"], InsertXML(\"<a/>\", \"/a\", \"text\"))", SM_OTTL_FAILED, NULL},
        {"replace_pattern(attributes[\"s\"], \"t\", \"x\", Trim)", SM_OTTL_FAILED, NULL},
        {"set(attributes[\"r\"], UnixSeconds(Time(\"2040-07-01\", \"%Y-%m-%d\", \"America/New_York\")))", SM_OTTL_YES, "2224728000"},
        {"set(attributes[\"r\"], URL(\"http://é.com/\")[\"url.original\"])", SM_OTTL_YES, "http://%C3%A9.com/"},
        {"set(attributes[\"r\"], otelcol.client.addr)", SM_OTTL_YES, NULL},
        {"set(otelcol.client.addr, \"x\")", SM_OTTL_FAILED, NULL},
        {"set(attributes[\"r\"], 1) where not (name == \"x\" or attributes[\"i\"] < 7)", SM_OTTL_YES, "1"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_ottl_program *program = sm_ottl_program_create();
        struct sm_ottl_error error = {0};
        struct sm_ottl_run run;
        struct sm_value value;
        const struct sm_ottl_statement *statement = sm_ottl_compile_statement(program, &language, sm_slice_of(rows[i].statement), &error);
        if (!statement) { /* comparisons are no values: refused at start */
            assert_int_equal(rows[i].verdict, SM_OTTL_FAILED);
            sm_ottl_program_free(program);
            continue;
        }
        struct sm_batch *batch = make_batch(&run);
        enum sm_ottl_verdict verdict = sm_ottl_execute(statement, &run);
        sm_ottl_program_free(program); /* what was stored must not point into it */
        bool is_there = sm_attributes_find(&run.span->attributes, SM_SLICE("r"), &value);
        if (verdict != rows[i].verdict || is_there != (rows[i].result != NULL))
            fail_msg("%s: verdict %d, result %s; %s", rows[i].statement, (int)verdict, is_there ? "there" : "absent", run.error);
        struct sm_slice text = is_there ? sm_value_to_string(&value, &batch->arena) : (struct sm_slice){0};
        if (is_there && !sm_slice_is(text, rows[i].result))
            fail_msg("%s: got %.*s", rows[i].statement, SM_SLICE_ARGS(text));
        sm_batch_release(batch);
    }
}

static void refuses_wrong_statements_with_their_place(void **test_state)
{
    (void)test_state;
    static const struct {
        const char *statement, *message, *suggestion;
        unsigned offset;
    } rows[] = {
        {"set(name \"x\")", "statement has invalid syntax: 1:10", "", 9},
        {"sett(name, \"x\")", "undefined function sett", "set", 0},
        {"set(nam, \"x\")", "nam is not a path", "name", 4},
        {"set(kind, SPAN_KIND_SERVR)", "enum symbol SPAN_KIND_SERVR", "SPAN_KIND_SERVER", 10},
        {"set(name)", "incorrect number of arguments. Expected: 2 Received: 1", "", 0},
        {"set(\"x\", name)", "must be a path", "", 4},
        {"Len(name)", "editor names must start with a lowercase letter", "", 0},
        {"set(name[\"x\"], 1)", "name does not support indexing", "", 4},
        {"set(name, IsMatch(name, \"(?=a)\"))", "error parsing regexp", "", 10},
        {"set(name, \"\\'\")", "invalid quoted string", "", 10},
        {"set(name, SPAN_KIND_SERVER + 1)", "invalid syntax", "", 27},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_ottl_program *program = sm_ottl_program_create();
        struct sm_ottl_error error = {0};
        assert_null(sm_ottl_compile_statement(program, &language, sm_slice_of(rows[i].statement), &error));
        if (!strstr(error.message, rows[i].message) || error.offset != rows[i].offset || strcmp(error.suggestion, rows[i].suggestion) != 0)
            fail_msg("%s: at %u \"%s\" (%s)", rows[i].statement, error.offset, error.message, error.suggestion);
        sm_ottl_program_free(program);
    }
}

static void prints_what_parses_to_the_same(void **test_state)
{
    (void)test_state;
    static const char *const texts[] = {
        "set(a.b[\"x\"][1][Len(c)], [1 \"a\" nil, {\"k\": 0x0aff, \"l\": true,}]) where not F(x=1, ToLowerCase) and (a == -1.5 or b >= 2) or true",
        "f(-(1 + 2) * +3 / x, G()[0][\"a\"])",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_ottl_tree tree;
        struct sm_ottl_error error;
        struct sm_bytes first, second;
        sm_bytes_init(&first, &arena);
        sm_bytes_init(&second, &arena);
        assert_true(sm_ottl_parse_statement(sm_slice_of(texts[i]), &arena, &tree, &error));
        sm_ottl_print(&first, &tree);
        assert_true(sm_ottl_parse_statement(sm_bytes_slice(&first), &arena, &tree, &error));
        sm_ottl_print(&second, &tree);
        assert_string_equal(sm_bytes_cstr(&first), sm_bytes_cstr(&second));
        sm_arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_statements_as_the_reference_does),
        cmocka_unit_test(refuses_wrong_statements_with_their_place),
        cmocka_unit_test(prints_what_parses_to_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
