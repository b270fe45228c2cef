/* What stops statements that would take all time or all memory, and that it is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/regex.h"
#include "ottl/ottl.h"
#include "pipeline/own_metrics.h"
#include "telemetry/span.h"

static const struct sm_ottl_language language = {.context = SM_OTTL_SPAN, .functions = SM_OTTL_CONVERTERS | SM_OTTL_EDITORS};

static struct sm_batch *make_batch(struct sm_ottl_run *run, struct sm_slice name)
{
    struct sm_batch *batch = sm_batch_create(SM_TRACES);
    struct sm_resource_group *group = sm_batch_add_resource(batch);
    struct sm_scope_group *scope = sm_batch_add_scope(batch, group);
    scope->spans = sm_arena_zalloc(&batch->arena, 1, sizeof(struct sm_span));
    scope->count = batch->item_count = 1;
    scope->spans[0].name = name;
    *run = (struct sm_ottl_run){.arena = &batch->arena, .batch = batch, .group = group, .scope = scope, .span = &scope->spans[0]};
    return batch;
}

static const struct sm_ottl_statement *compile(struct sm_ottl_program *program, const char *text)
{
    struct sm_ottl_error error;
    const struct sm_ottl_statement *statement = sm_ottl_compile_statement(program, &language, sm_slice_of(text), &error);
    assert_non_null(statement);
    return statement;
}

static void a_match_with_too_many_steps_is_no_match_and_counted(void **state)
{
    (void)state;
    char name[200];
    memset(name, 'a', sizeof(name));
    struct sm_ottl_run run;
    struct sm_ottl_program *program = sm_ottl_program_create();
    struct sm_batch *batch = make_batch(&run, sm_slice_make(name, sizeof(name)));
    uint64_t before = sm_regex_limit_hits();
    const struct sm_ottl_statement *hostile =
        compile(program, "set(status.message, \"yes\") where IsMatch(name, \"^(a|a)*(a|a)*(a|a)*(a|a)*[bc]$\")");
    assert_int_equal(sm_ottl_execute(hostile, &run), SM_OTTL_NO);
    assert_true(sm_regex_limit_hits() > before);
    before = sm_regex_limit_hits();
    assert_int_equal(sm_ottl_execute(compile(program, "set(status.message, \"yes\") where IsMatch(name, \"^a*$\")"), &run), SM_OTTL_YES);
    assert_int_equal(sm_regex_limit_hits(), before);
    sm_batch_release(batch);
    sm_ottl_program_free(program);
}

/* Each %z has several forms: trying them all with each other would take years for forty. */
static void a_format_of_many_forms_ends(void **state)
{
    (void)state;
    enum { DIRECTIVES = 40 };
    struct sm_bytes name = {0}, text = {0};
    sm_bytes_append_text(&text, "set(attributes[\"t\"], Time(name, \"");
    for (int i = 0; i < DIRECTIVES; i++) {
        sm_bytes_append_text(&name, i + 1 < DIRECTIVES ? "+01:00 " : "x");
        sm_bytes_append_text(&text, "%z ");
    }
    sm_bytes_append_text(&text, "\"))");
    struct sm_ottl_run run;
    struct sm_ottl_program *program = sm_ottl_program_create();
    struct sm_batch *batch = make_batch(&run, sm_bytes_slice(&name));
    assert_int_equal(sm_ottl_execute(compile(program, sm_bytes_cstr(&text)), &run), SM_OTTL_FAILED);
    sm_batch_release(batch);
    sm_ottl_program_free(program);
    sm_bytes_deinit(&name);
    sm_bytes_deinit(&text);
}

static int64_t memory_limit_hits(void)
{
    static const struct sm_own_metric metric = {.name = "otelcol_ottl_memory_limit_hits", .kind = SM_OWN_COUNTER, .level = SM_OWN_LEVEL_BASIC};
    return sm_instrument_count(sm_instrument_get(&metric, NULL, 0));
}

static void statements_that_make_too_much_of_a_batch_fail_and_are_counted(void **state)
{
    (void)state;
    enum { STATEMENTS_MAX = 1000, NAME_SIZE = 1 << 20 };
    struct sm_ottl_run run;
    struct sm_ottl_program *program = sm_ottl_program_create();
    char *name = sm_arena_zalloc(sm_ottl_program_arena(program), NAME_SIZE, 1);
    memset(name, 'a', NAME_SIZE);
    struct sm_batch *batch = make_batch(&run, sm_slice_make(name, NAME_SIZE));
    const struct sm_ottl_statement *statement = compile(program, "set(attributes[\"copy\"], Concat([name, \"\"], \"\"))");
    int64_t before = memory_limit_hits(), count = 0;
    while (count < STATEMENTS_MAX && sm_ottl_execute(statement, &run) == SM_OTTL_YES)
        count++;
    assert_in_range(count, 64, STATEMENTS_MAX - 1);
    assert_non_null(strstr(run.error, "the statements have made more than 256 MiB of the batch"));
    assert_int_equal(memory_limit_hits(), before + 1);
    assert_int_equal(sm_ottl_execute(statement, &run), SM_OTTL_FAILED);
    assert_int_equal(memory_limit_hits(), before + 2);
    sm_batch_release(batch);
    batch = make_batch(&run, SM_SLICE("next")); /* the limit is one of each batch */
    assert_int_equal(sm_ottl_execute(statement, &run), SM_OTTL_YES);
    sm_batch_release(batch);
    sm_ottl_program_free(program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_match_with_too_many_steps_is_no_match_and_counted),
        cmocka_unit_test(a_format_of_many_forms_ends),
        cmocka_unit_test(statements_that_make_too_much_of_a_batch_fail_and_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
