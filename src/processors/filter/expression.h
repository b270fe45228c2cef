/* expression.h - match_type expr of the filter's oldest style: conditions on metrics in the expr language, a part of it. Inside processors/filter
 * only.
 *
 * Built are literals, lists, MetricName, MetricType, HasLabel(), Label(), len(), hasPrefix(), hasSuffix(), comparisons, in, matches, contains,
 * startsWith, endsWith (each with `not`), and, or, not and ?:. Everything else is refused when the text is read.
 * Immutable after creation: any thread. Source: internal/filter/filterexpr; https://expr-lang.org/docs/language-definition. */
#pragma once

#include "base/error.h"
#include "config/option.h"
#include "telemetry/metric.h"

enum sm_filter_answer { SM_FILTER_NO, SM_FILTER_YES, SM_FILTER_FAILED };

struct sm_filter_expressions;

/* NULL with `error` filled when one of the texts is not valid or asks for what is not built. The texts are borrowed. */
struct sm_filter_expressions *sm_filter_expressions_create(const struct sm_string_list *texts, struct sm_error *error)
    __attribute__((warn_unused_result));
void sm_filter_expressions_free(struct sm_filter_expressions *expressions); /* NULL is allowed */

/* Whether one of the expressions holds for one of the metric's points. A value of the wrong type is a failure; its constant reason goes to `*why`. */
enum sm_filter_answer sm_filter_expressions_test(const struct sm_filter_expressions *expressions, const struct sm_metric *metric, const char **why);
