/* Sources of `spanmill top`: who is asked, when a source is gone. */
#include "pipeline/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct sm_snapshot_question *open_question;
static char collected_text[256];
static unsigned collected_count, removed_count;

static int prepare(void **state)
{
    (void)state;
    open_question = NULL;
    collected_text[0] = '\0';
    collected_count = removed_count = 0;
    return 0;
}

static void answer_at_once(struct sm_snapshot_question *question, void *context)
{
    sm_snapshot_answer(question, sm_slice_of(context));
}

static void answer_later(struct sm_snapshot_question *question, void *context)
{
    (void)context;
    open_question = question;
}

static void note_removed(void *context)
{
    (void)context;
    removed_count++;
}

static void note_collected(void *context, struct sm_slice tables)
{
    (void)context;
    collected_count++;
    assert_true(tables.size < sizeof(collected_text));
    if (tables.size)
        memcpy(collected_text, tables.ptr, tables.size);
    collected_text[tables.size] = '\0';
}

static void answers_come_together_in_the_order_of_the_sources(void **state)
{
    (void)state;
    char first[] = "a\n", last[] = "c\n";
    struct sm_snapshot_source *sources[] = {
        sm_snapshot_source_add(answer_at_once, first),
        sm_snapshot_source_add(answer_later, NULL),
        sm_snapshot_source_add(answer_at_once, last),
    };
    sm_snapshot_collect(note_collected, NULL);
    assert_int_equal(collected_count, 0);
    sm_snapshot_answer(open_question, SM_SLICE("b\n"));
    assert_int_equal(collected_count, 1);
    assert_string_equal(collected_text, "a\nb\nc\n");
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
        sm_snapshot_source_remove(sources[i], note_removed, NULL);
    assert_int_equal(removed_count, 3);
}

static void a_source_is_gone_when_its_last_question_is_answered(void **state)
{
    (void)state;
    struct sm_snapshot_source *source = sm_snapshot_source_add(answer_later, NULL);
    assert_true(sm_snapshot_has_sources());
    sm_snapshot_collect(note_collected, NULL);
    sm_snapshot_source_remove(source, note_removed, NULL);
    assert_false(sm_snapshot_has_sources());
    assert_int_equal(removed_count, 0);
    sm_snapshot_answer(open_question, SM_SLICE("late\n"));
    assert_int_equal(removed_count, 1);
    assert_string_equal(collected_text, "late\n");
}

static void without_sources_nothing_is_collected_at_once(void **state)
{
    (void)state;
    sm_snapshot_collect(note_collected, NULL);
    assert_int_equal(collected_count, 1);
    assert_string_equal(collected_text, "");
}

static void names_are_escaped(void **state)
{
    (void)state;
    struct sm_bytes text = {0};
    sm_snapshot_append_table(&text, "volume", SM_SLICE("By"), "volume/a");
    sm_snapshot_append_name(&text, SM_SLICE("a\tb\nc\\d"));
    assert_true(sm_slice_is(sm_bytes_slice(&text), "table volume By volume/a\na\\tb\\nc\\\\d"));
    sm_bytes_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answers_come_together_in_the_order_of_the_sources, prepare),
        cmocka_unit_test_setup(a_source_is_gone_when_its_last_question_is_answered, prepare),
        cmocka_unit_test_setup(without_sources_nothing_is_collected_at_once, prepare),
        cmocka_unit_test_setup(names_are_escaped, prepare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
