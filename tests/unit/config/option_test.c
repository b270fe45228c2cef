#include "config/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "config/diags.h"
#include "config/duration.h"
#include "config/load.h"

enum colour { RED, GREEN };
struct inner {
    const char *endpoint;
    double ratio;
};
struct squashed {
    uint64_t timeout_ns;
};
struct options {
    bool flag;
    int64_t count;
    uint64_t size, wait_ns;
    int64_t signed_wait_ns;
    double percent;
    int colour;
    const char *name, *secret;
    struct sm_string_list names, ids;
    struct sm_double_list numbers;
    struct sm_duration_list bounds;
    struct sm_string_map labels, headers;
    struct squashed squashed;
    struct inner inner, *optional;
    struct sm_table_list rules;
    struct sm_table_map by_name;
    const struct sm_node *value;
    bool has_count;
};

static const struct sm_option_word colours[] = {{"red", RED}, {"green", GREEN}, {.word = NULL}};
static const char *const default_names[] = {"a", "b", NULL};
static const char *const old_sizes[] = {"old_size", NULL};
static const double default_numbers[] = {1, 2.5};
static const struct sm_option squashed_table[] = {
    SM_OPTION_DURATION(struct squashed, timeout_ns, .key = "timeout", .preset.integer = 5 * SM_S),
    SM_OPTION_END,
};
static const struct sm_option inner_table[] = {
    SM_OPTION_STRING(struct inner, endpoint, .preset.string = "localhost:1"),
    SM_OPTION_DOUBLE(struct inner, ratio, .preset.number = 0.5, .min = 0, .max = 1),
    SM_OPTION_END,
};
static const struct sm_option table[] = {
    SM_OPTION_BOOL(struct options, flag, .preset.boolean = true),
    SM_OPTION_INT(struct options, count, .preset.integer = -3, .set_offset = offsetof(struct options, has_count)),
    SM_OPTION_UINT(struct options, size, .preset.integer = 7, .min = 1, .max = 100, .old_keys = old_sizes),
    SM_OPTION_DURATION(struct options, wait_ns, .key = "wait", .preset.integer = SM_MIN),
    SM_OPTION_DURATION(struct options, signed_wait_ns, .key = "signed_wait", .is_signed = true),
    SM_OPTION_DOUBLE(struct options, percent, .preset.number = 10),
    SM_OPTION_ENUM(struct options, colour, colours, .preset.integer = GREEN, .ignore_case = true),
    SM_OPTION_STRING(struct options, name),
    SM_OPTION_SECRET(struct options, secret),
    SM_OPTION_STRING_LIST(struct options, names, .preset.strings = default_names),
    SM_OPTION_STRING_LIST(struct options, ids, .no_split = true),
    SM_OPTION_DOUBLE_LIST(struct options, numbers, .preset.numbers = default_numbers, .preset_count = 2),
    SM_OPTION_DURATION_LIST(struct options, bounds),
    SM_OPTION_STRING_MAP(struct options, labels),
    SM_OPTION_STRING_MAP(struct options, headers, .secret = true),
    SM_OPTION_TABLE(struct options, squashed, squashed_table, .squash = true),
    SM_OPTION_TABLE(struct options, inner, inner_table),
    SM_OPTION_OPTIONAL(struct options, optional, inner_table),
    SM_OPTION_TABLE_LIST(struct options, rules, struct inner, inner_table),
    SM_OPTION_TABLE_MAP(struct options, by_name, struct inner, inner_table),
    SM_OPTION_NODE(struct options, value),
    SM_OPTION_REFUSED("old_stuff", .help = "use name"),
    SM_OPTION_END,
};

struct decoded {
    struct sm_arena arena;
    struct options options;
    bool is_good;
    char errors[8192];
};

static void decode(struct decoded *decoded, const char *yaml)
{
    *decoded = (struct decoded){0};
    char uri[4096];
    snprintf(uri, sizeof(uri), "yaml:%s", yaml);
    const char *uris[] = {uri};
    struct sm_load_options options = {.uris = uris, .uri_count = 1};
    struct sm_diags *diags = sm_diags_create();
    const struct sm_node *root = sm_load(&options, &decoded->arena, diags);
    decoded->is_good = root && sm_options_decode(table, &decoded->options, sizeof(decoded->options), root, "processors::p", &decoded->arena, diags);
    FILE *out = fmemopen(decoded->errors, sizeof(decoded->errors), "w");
    sm_diags_print(diags, out, false);
    fclose(out);
    sm_diags_free(diags);
}

static void fills_every_default(void **state)
{
    (void)state;
    struct decoded d;
    decode(&d, "{}");
    assert_true(d.is_good);
    assert_true(d.options.flag);
    assert_int_equal(d.options.count, -3);
    assert_false(d.options.has_count);
    assert_int_equal(d.options.size, 7);
    assert_int_equal(d.options.wait_ns, SM_MIN);
    assert_int_equal(d.options.colour, GREEN);
    assert_string_equal(d.options.name, "");
    assert_int_equal(d.options.names.count, 2);
    assert_string_equal(d.options.names.items[1], "b");
    assert_true(d.options.numbers.items[1] == 2.5);
    assert_int_equal(d.options.squashed.timeout_ns, 5 * SM_S);
    assert_string_equal(d.options.inner.endpoint, "localhost:1");
    assert_null(d.options.optional);
    assert_null(d.options.value);
    sm_arena_deinit(&d.arena);
}

static void takes_what_the_reference_takes(void **state)
{
    (void)state;
    setenv("T_ZEROS", "0012", 1);
    setenv("T_UNSET_", "", 1);
    struct decoded d;
    decode(&d, "{flag: False, count: 1.9, size: 0x20, wait: 5, signed_wait: -1h30m, percent: 3, colour: RED, name: '${env:T_ZEROS}', names: 'x,y', "
               "bounds: [1ms, 2s], "
               "labels: {a: b}, headers: [{name: h, value: v}], timeout: 1m, inner: {ratio: 1}, optional: , rules: [{ratio: 0}, ], by_name: {n: "
               "{endpoint: e}}, value: [1]}");
    if (!d.is_good)
        fail_msg("%s", d.errors);
    assert_false(d.options.flag);
    assert_int_equal(d.options.count, 1);
    assert_true(d.options.has_count);
    assert_int_equal(d.options.size, 32);
    assert_int_equal(d.options.wait_ns, 5);
    assert_int_equal(d.options.signed_wait_ns, -90 * SM_MIN);
    assert_int_equal(d.options.colour, RED);
    assert_string_equal(d.options.name, "0012");
    assert_int_equal(d.options.names.count, 2);
    assert_int_equal(d.options.bounds.items[1], 2 * SM_S);
    assert_string_equal(d.options.headers.entries[0].value, "v");
    assert_int_equal(d.options.squashed.timeout_ns, SM_MIN);
    assert_non_null(d.options.optional);
    assert_true(d.options.optional->ratio == 0.5);
    assert_int_equal(d.options.rules.count, 1);
    assert_string_equal(((struct inner *)d.options.by_name.items)[0].endpoint, "e");
    assert_int_equal(d.options.value->kind, SM_NODE_LIST);
    sm_arena_deinit(&d.arena);
}

static void gives_a_scalar_without_a_value_the_zero_of_its_type(void **state)
{
    (void)state;
    struct decoded d;
    decode(&d, "{flag: , count: , wait: '${env:T_NOTHING}', percent: , inner: {endpoint: , ratio: null}, names: , "
               "optional: {enabled: false, ratio: 1}}");
    assert_true(d.is_good);
    assert_false(d.options.flag);
    assert_int_equal(d.options.count, -3); /* a pointer in the reference: as if it were not there */
    assert_int_equal(d.options.wait_ns, 0);
    assert_float_equal(d.options.percent, 0, 0);
    assert_string_equal(d.options.inner.endpoint, "");
    assert_float_equal(d.options.inner.ratio, 0, 0);
    assert_int_equal(d.options.colour, GREEN);
    assert_null(d.options.optional);
    assert_int_equal(d.options.names.count, 2);
    sm_arena_deinit(&d.arena);
}

static void refuses_with_path_value_and_suggestion(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *message;
    } cases[] = {
        {"{siez: 1}", "processors::p: has invalid keys: siez"},
        {"{siez: 1}", "did you mean size?"},
        {"{Size: 1}", "has invalid keys: Size"},
        {"{inner: {endpont: x}}", "processors::p: 'inner' has invalid keys: endpont"},
        {"{rules: [{}, {x: 1}]}", "'rules[1]' has invalid keys: x"},
        {"{by_name: {n: {x: 1}}}", "'by_name[n]' has invalid keys: x"},
        {"{flag: yes}", "'flag' expected a boolean, got the string \"yes\""},
        {"{flag: 'true'}", "write true or false, without quotes"},
        {"{flag: 1}", "got the number 1"},
        {"{size: many}", "'size' expected a whole number, got the string \"many\""},
        {"{size: '77'}", "'size' expected a whole number"},
        {"{size: -1}", "got the number -1"},
        {"{size: }", "size must be between 1 and 100, got the number 0"},
        {"{size: 101}", "processors::p: size must be between 1 and 100, got the number 101"},
        {"{inner: {ratio: 2}}", "processors::p::inner: ratio must be between 0 and 1, got the number 2"},
        {"{wait: 5d}", "'wait' expected a duration, got the string \"5d\""},
        {"{wait: '5'}", "'wait' expected a duration"},
        {"{wait: -1s}", "processors::p: wait must be greater or equal to 0, got -1s"},
        {"{colour: gren}", "'colour' unknown value \"gren\", must be one of \"red\", \"green\""},
        {"{colour: gren}", "did you mean green?"},
        {"{name: 1}", "'name' expected a string, got the number 1"},
        {"{name: {a: b}}", "got a map"},
        {"{secret: [hunter2]}", "'secret' expected a string, got a list"},
        {"{names: [1]}", "'names[0]' expected a string"},
        {"{ids: a}", "'ids' expected a list of strings, got the string \"a\""},
        {"{bounds: [1]}", NULL},
        {"{bounds: [x]}", "'bounds[0]' expected a duration"},
        {"{headers: {a: 1}}", "'headers[a]' expected a string, got a number"},
        {"{inner: 3}", "'inner' expected a map, got the number 3"},
        {"{old_stuff: 1}", "'old_stuff' is not supported by spanmill: use name"},
        {"{old_size: 5}", NULL},
        {"{old_size: 5}", "warning: processors::p: 'old_size' is the old name of size"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct decoded d;
        decode(&d, cases[i].yaml);
        bool is_warning = cases[i].message && strstr(cases[i].message, "warning");
        if (d.is_good != (!cases[i].message || is_warning) || (cases[i].message && !strstr(d.errors, cases[i].message)))
            fail_msg("%s gave %s", cases[i].yaml, d.errors);
        sm_arena_deinit(&d.arena);
    }
}

static void reports_all_errors_and_shows_the_line(void **state)
{
    (void)state;
    struct decoded d;
    decode(&d, "size: x\nflag: 1\ninner:\n  ratio: y\n");
    assert_string_equal(d.errors, "yaml:size: x…:1:7: error: processors::p: 'size' expected a whole number, got the string \"x\"\n"
                                  "    1 | size: x\n"
                                  "      |       ^\n"
                                  "yaml:size: x…:2:7: error: processors::p: 'flag' expected a boolean, got the number 1\n"
                                  "    2 | flag: 1\n"
                                  "      |       ^ write true or false, without quotes\n"
                                  "yaml:size: x…:4:10: error: processors::p: 'inner.ratio' expected a number, got the string \"y\"\n"
                                  "    4 |   ratio: y\n"
                                  "      |          ^\n");
    sm_arena_deinit(&d.arena);
}

static void never_shows_a_secret(void **state)
{
    (void)state;
    struct decoded d;
    decode(&d, "{headers: {authorization: 424242}, secret: {k: hunter2}}");
    assert_false(d.is_good);
    assert_null(strstr(strstr(d.errors, "error:"), "\n    1 |"));
    sm_arena_deinit(&d.arena);
}

static void reads_durations_as_go_does(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_good;
        int64_t ns;
    } cases[] = {
        {"0", true, 0},
        {"5s", true, 5 * SM_S},
        {"1h30m", true, 90 * SM_MIN},
        {"1.5s", true, 1500 * SM_MS},
        {"-3us", true, -3000},
        {"+1ms", true, SM_MS},
        {"1\xc2\xb5s", true, 1000},
        {".5s", true, 500 * SM_MS},
        {"1.s", true, SM_S},
        {"2540400h", true, INT64_C(9145440000000000000)},
        {"2600000h", false, 0},
        {"", false, 0},
        {"5", false, 0},
        {"s", false, 0},
        {"5d", false, 0},
        {"1h 30m", false, 0},
        {"-", false, 0},
        {"1e3s", false, 0},
        {".s", false, 0},
        {"99999999999999999999s", false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ns = 0;
        if (sm_duration_parse(sm_slice_of(cases[i].text), &ns) != cases[i].is_good || ns != cases[i].ns)
            fail_msg("%s gave %lld", cases[i].text, (long long)ns);
    }
    char text[SM_DURATION_TEXT_SIZE];
    assert_string_equal(sm_duration_format(90 * SM_MIN, text), "1h30m0s");
    assert_string_equal(sm_duration_format(5 * SM_MIN + 1500 * SM_MS, text), "5m1.5s");
    assert_string_equal(sm_duration_format(1500, text), "1.5\xc2\xb5s");
    assert_string_equal(sm_duration_format(1000000001, text), "1.000000001s");
    assert_string_equal(sm_duration_format(-250 * SM_MS, text), "-250ms");
    assert_string_equal(sm_duration_format(0, text), "0s");
}

static void finds_the_nearest_word(void **state)
{
    (void)state;
    static const char *const words[] = {"timeout", "send_batch_size", "none", "normal"};
    assert_string_equal(sm_nearest_word("timeouts", words, 4), "timeout");
    assert_string_equal(sm_nearest_word("sendBatchSize", words, 4), "send_batch_size");
    assert_null(sm_nearest_word("tons", words, 4));
    assert_null(sm_nearest_word("", words, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_every_default),
        cmocka_unit_test(takes_what_the_reference_takes),
        cmocka_unit_test(gives_a_scalar_without_a_value_the_zero_of_its_type),
        cmocka_unit_test(refuses_with_path_value_and_suggestion),
        cmocka_unit_test(reports_all_errors_and_shows_the_line),
        cmocka_unit_test(never_shows_a_secret),
        cmocka_unit_test(reads_durations_as_go_does),
        cmocka_unit_test(finds_the_nearest_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
