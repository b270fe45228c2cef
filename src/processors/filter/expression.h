/* expression.h - match_type expr of the filter's oldest style: conditions on the data points of metrics in the expr language. Inside
 * processors/filter only.
 *
 * Expressions see MetricName, MetricType (Gauge, Sum, Histogram, ExponentialHistogram, Summary), HasLabel(key) and Label(key), which gives "" for a
 * label that is not there or no text. Immutable after creation: any thread. Source: internal/filter/filterexpr. */
#pragma once

#include "base/error.h"
#include "config/option.h"
#include "expr/expr.h"
#include "telemetry/metric.h"

struct sm_filter_expressions;

/* NULL when one of the texts is not valid: reported to `validation` below `key_path` ("metrics::include"), or when that is NULL to `error`. Names
 * that nothing has are warned of. */
struct sm_filter_expressions *sm_filter_expressions_create(const struct sm_string_list *texts, const char *key_path, struct sm_validation *validation,
                                                           struct sm_error *error) __attribute__((warn_unused_result));
void sm_filter_expressions_free(struct sm_filter_expressions *expressions); /* NULL is allowed */

/* Whether one of the expressions holds for one of the metric's points, which end at the first that holds or fails. */
enum sm_expr_answer sm_filter_expressions_test(const struct sm_filter_expressions *expressions, const struct sm_metric *metric,
                                               struct sm_expr_error *error);
