/* match_type expr: what an expression says of a metric with one point that has no labels. What each gives is what the reference gives; labels are
 * covered by the recorded cases filter/metrics-expr, the language by unit.expr.expr. */
#include "processors/filter/expression.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/diags.h"

static enum sm_expr_answer answer_of(const char *text, struct sm_error *error)
{
    struct sm_data_point point = {0};
    const struct sm_metric metric = {.name = SM_SLICE("req"), .type = SM_METRIC_SUM, .points = &point, .point_count = 1};
    struct sm_expr_error why = {0};
    struct sm_filter_expressions *made =
        sm_filter_expressions_create(&(struct sm_string_list){.items = &text, .count = 1}, "metrics::include", NULL, error);
    if (!made)
        return SM_EXPR_FAILED;
    enum sm_expr_answer answer = sm_filter_expressions_test(made, &metric, &why);
    assert_int_equal(why.message[0] != '\0', answer == SM_EXPR_FAILED);
    sm_filter_expressions_free(made);
    return answer;
}

static void says_what_the_reference_says(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sm_expr_answer answer;
    } rows[] = {
        {"MetricName == \"req\"", SM_EXPR_YES},
        {"!HasLabel(`k`) and Label(\"k\") == \"\"", SM_EXPR_YES},
        {"MetricType in ['Gauge', 'Sum',]", SM_EXPR_YES},
        {"MetricName | upper() == 'REQ'", SM_EXPR_YES},
        {"upper(MetricName) == 'REQ'", SM_EXPR_YES},
        {"$env.MetricType == 'Sum'", SM_EXPR_YES},
        {"type($env) endsWith 'filterexpr.env'", SM_EXPR_YES},
        {"nil == Label('k')", SM_EXPR_NO},
        {"MetricName", SM_EXPR_FAILED},
        {"MetricNam == 'req'", SM_EXPR_FAILED},
        {"HasLabel(5)", SM_EXPR_FAILED},
        {"HasLabel()", SM_EXPR_FAILED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_error error = {0};
        enum sm_expr_answer answer = answer_of(rows[i].text, &error);
        if (answer != rows[i].answer)
            fail_msg("%s: %d %s", rows[i].text, (int)answer, error.text);
    }
}

/* What is printed of a configuration's errors and warnings. */
static void assert_told(const char *text, const char *const *parts)
{
    char shown[4096] = "";
    struct sm_diags *diags = sm_diags_create();
    struct sm_validation validation = {.diags = diags, .path = "processors::filter"};
    sm_filter_expressions_free(
        sm_filter_expressions_create(&(struct sm_string_list){.items = &text, .count = 1}, "metrics::include", &validation, NULL));
    FILE *out = fmemopen(shown, sizeof(shown), "w");
    sm_diags_print(diags, out, false);
    fclose(out);
    sm_diags_free(diags);
    for (size_t i = 0; parts[i]; i++)
        if (!strstr(shown, parts[i]))
            fail_msg("%s: no \"%s\" in\n%s", text, parts[i], shown);
}

static void tells_the_place_of_what_is_wrong(void **state)
{
    (void)state;
    assert_told("not MetricName == 'x'",
                (const char *const[]){"error", "processors::filter::metrics::include::expressions::0", "mismatched types bool and string",
                                      "not binds closer than comparisons", "        not MetricName == 'x'\n                       ^~", NULL});
    assert_told("MetricName + 'a' == 5", (const char *const[]){"warning", NULL} + 1);
    assert_told("MetricNam == 'x'", (const char *const[]){"warning", "MetricNam", "MetricName", NULL});
    assert_told("HasLable('x')", (const char *const[]){"warning", "HasLabel", NULL});
    assert_told("now().GoString() == ''", (const char *const[]){"error", "the method GoString is not built", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(says_what_the_reference_says), cmocka_unit_test(tells_the_place_of_what_is_wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
