/* The expr language of match_type expr: what an expression says of a metric with one point that has no labels. What each gives is what the reference
 * gives; labels are covered by the recorded case filter/metrics-expr. */
#include "processors/filter/expression.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum sm_filter_answer answer_of(const char *text, struct sm_error *error)
{
    struct sm_data_point point = {0};
    const struct sm_metric metric = {.name = SM_SLICE("req"), .type = SM_METRIC_SUM, .points = &point, .point_count = 1};
    const char *why = NULL;
    struct sm_filter_expressions *made = sm_filter_expressions_create(&(struct sm_string_list){.items = &text, .count = 1}, error);
    if (!made)
        return SM_FILTER_FAILED;
    enum sm_filter_answer answer = sm_filter_expressions_test(made, &metric, &why);
    assert_int_equal(why != NULL, answer == SM_FILTER_FAILED);
    sm_filter_expressions_free(made);
    return answer;
}

static void says_what_the_reference_says(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sm_filter_answer answer;
    } rows[] = {
        {"MetricName == \"req\"", SM_FILTER_YES},
        {"MetricName != 'req'", SM_FILTER_NO},
        {"!HasLabel(`k`) and Label(\"k\") == \"\"", SM_FILTER_YES},
        {"not (MetricName matches '^r.q$')", SM_FILTER_NO},
        {"MetricName not contains 'x' && MetricName startsWith 're'", SM_FILTER_YES},
        {"false or false and true or true", SM_FILTER_YES},
        {"MetricType in ['Gauge', 'Sum',]", SM_FILTER_YES},
        {"MetricType not in []", SM_FILTER_YES},
        {"len('\\téé') == 3.0", SM_FILTER_YES},
        {"-5 < 1.5 ? hasSuffix(MetricName, 'q') : false", SM_FILTER_YES},
        {"MetricName > 'r'", SM_FILTER_YES},
        {"nil == Label('k')", SM_FILTER_NO},
        {"MetricName", SM_FILTER_FAILED},
        {"MetricName < 5", SM_FILTER_FAILED},
        {"not MetricName", SM_FILTER_FAILED},
        {"HasLabel(5)", SM_FILTER_FAILED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_error error = {0};
        if (answer_of(rows[i].text, &error) != rows[i].answer || error.class != SM_ERROR_NONE)
            fail_msg("%s: %s", rows[i].text, error.text);
    }
}

static void refuses_what_is_unsound_or_not_built(void **state)
{
    (void)state;
    static const char *const rows[] = {"",
                                       "MetricName ==",
                                       "MetricName matches '('",
                                       "'open",
                                       "'\\q'",
                                       "(true",
                                       "[1",
                                       "true true",
                                       "1 < 2 < 3",
                                       "Label(1,2",
                                       "upper('a')",
                                       "not MetricName == 'x'",
                                       "MetricName+'a'",
                                       "0x1 < 2",
                                       "- true",
                                       "99999999999999999999 > 1",
                                       "a ?? b"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_error error = {0};
        (void)answer_of(rows[i], &error);
        if (error.class == SM_ERROR_NONE)
            fail_msg("%s is taken", rows[i]);
    }
    char deep[512];
    struct sm_error error = {0};
    memset(deep, '(', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    (void)answer_of(deep, &error);
    assert_non_null(strstr(error.text, "nested too deeply"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(says_what_the_reference_says), cmocka_unit_test(refuses_what_is_unsound_or_not_built)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
