/* Which setting a member of a decoded struct is: through sub-tables, optional ones, lists, maps and old spellings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "config/diags.h"
#include "config/option_place.h"
#include "config/source.h"
#include "config/yaml.h"

struct leaf {
    const char *first, *file;
};
struct options {
    struct leaf table;
    struct leaf *optional, *absent;
    struct leaf squashed, hidden;
    struct sm_table_list list;
    struct sm_table_map map;
    struct sm_string_list words;
    struct sm_string_map headers;
};

static const char *const old_keys[] = {"old_file", NULL};
static const struct sm_option leaf_table[] = {
    SM_OPTION_STRING(struct leaf, first, .help = "-"),
    SM_OPTION_STRING(struct leaf, file, .old_keys = old_keys, .help = "-"),
    SM_OPTION_END,
};
static const struct sm_option squashed_table[] = {
    SM_OPTION_STRING(struct leaf, first, .key = "squashed_first", .help = "-"),
    SM_OPTION_STRING(struct leaf, file, .key = "squashed_file", .help = "-"),
    SM_OPTION_END,
};
static const struct sm_option hidden_table[] = {
    SM_OPTION_STRING(struct leaf, file, .key = "hidden_file", .help = "-"),
    SM_OPTION_END,
};
static const struct sm_option option_table[] = {
    SM_OPTION_REFUSED("refused"),
    SM_OPTION_TABLE(struct options, table, leaf_table, .help = "-"),
    SM_OPTION_OPTIONAL(struct options, optional, leaf_table, .help = "-"),
    SM_OPTION_OPTIONAL(struct options, absent, leaf_table, .help = "-"),
    SM_OPTION_TABLE(struct options, squashed, squashed_table, .squash = true, .help = "-"),
    SM_OPTION_TABLE(struct options, hidden, hidden_table, .squash = true, .help = "-"),
    SM_OPTION_STRING(struct options, hidden.first, .key = "endpoint", .help = "-"), /* beside the table that is for all of `hidden` */
    SM_OPTION_TABLE_LIST(struct options, list, struct leaf, leaf_table, .help = "-"),
    SM_OPTION_TABLE_MAP(struct options, map, struct leaf, leaf_table, .help = "-"),
    SM_OPTION_STRING_LIST(struct options, words, .help = "-"),
    SM_OPTION_STRING_MAP(struct options, headers, .help = "-"),
    SM_OPTION_END,
};

static const char text[] = "table: {first: a, file: b}\n"
                           "optional:\n"
                           "  old_file: c\n"
                           "squashed_file: d\n"
                           "list: [{file: e}, {first: f,\n"
                           "  file: g}]\n"
                           "map: {x: {file: h}, y: {\n"
                           "  first: i}}\n"
                           "words: [j,\n"
                           "  k]\n"
                           "headers: {m: n,\n"
                           "  o: p}\n"
                           "endpoint: q\n";

struct fixture {
    struct sm_arena arena;
    struct options options;
    const struct sm_node *node;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    static const struct sm_source source = {.name = "test.yaml", .text = {text, sizeof(text) - 1}, .is_quotable = true};
    struct sm_diags *diags = sm_diags_create();
    fixture = (struct fixture){.arena = SM_ARENA_INIT};
    fixture.node = sm_yaml_parse(&source, &fixture.arena, diags);
    assert_true(sm_options_decode(option_table, &fixture.options, sizeof(fixture.options), fixture.node, "test", &fixture.arena, diags));
    sm_diags_free(diags);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    sm_arena_deinit(&((struct fixture *)*state)->arena);
    return 0;
}

static void expect(const struct fixture *fixture, const void *member, const char *path, unsigned line)
{
    struct sm_bytes found = {0};
    assert_true(sm_option_find_path(option_table, &fixture->options, member, fixture->node, &found));
    assert_string_equal(sm_bytes_cstr(&found), path);
    assert_int_equal(sm_node_place(fixture->node, sm_bytes_cstr(&found)).line, line);
    sm_bytes_deinit(&found);
}

static void finds_the_setting_of_every_kind_of_member(void **state)
{
    const struct fixture *fixture = *state;
    const struct options *options = &fixture->options;
    const struct leaf *items = options->list.items, *entries = options->map.items;
    expect(fixture, &options->table.first, "table::first", 1);
    expect(fixture, &options->table.file, "table::file", 1);
    expect(fixture, &options->optional, "optional", 2);
    expect(fixture, &options->optional->file, "optional::old_file", 3);
    expect(fixture, &options->squashed.file, "squashed_file", 4);
    expect(fixture, &items[0].file, "list::0::file", 5);
    expect(fixture, &items[1].file, "list::1::file", 6);
    expect(fixture, &entries[1].first, "map::y::first", 8);
    expect(fixture, &options->words.items[1], "words::1", 10);
    expect(fixture, &options->headers.entries[1], "headers::o", 12);
    expect(fixture, &options->hidden.first, "endpoint", 13);
}

static void what_the_file_does_not_name_has_the_place_of_what_is_around_it(void **state)
{
    const struct fixture *fixture = *state;
    expect(fixture, &fixture->options.optional->first, "optional::first", 2);
}

static void knows_what_is_no_member(void **state)
{
    const struct fixture *fixture = *state;
    struct sm_bytes found = {0};
    int other = 0;
    assert_false(sm_option_find_path(option_table, &fixture->options, &other, fixture->node, &found));
    assert_false(sm_option_find_path(option_table, &fixture->options, NULL, fixture->node, &found));
    assert_int_equal(found.size, 0);
    sm_bytes_deinit(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_setting_of_every_kind_of_member),
        cmocka_unit_test(what_the_file_does_not_name_has_the_place_of_what_is_around_it),
        cmocka_unit_test(knows_what_is_no_member),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
