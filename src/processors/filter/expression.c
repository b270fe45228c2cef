/* expression.c - what the expr language knows of a metric's data point, and lists of its expressions. */
#include "processors/filter/expression.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "ottl/sequence.h"

struct sm_filter_expressions {
    struct sm_expr_program **programs; /* owned */
    size_t count;
};

/* ---- the environment: of one point */

struct point {
    const struct sm_metric *metric;
    const struct sm_attributes *labels;
};

static struct sm_slice metric_name(const void *context)
{
    return ((const struct point *)context)->metric->name;
}

static struct sm_slice metric_type(const void *context)
{
    static const char *const names[] = {[SM_METRIC_GAUGE] = "Gauge",
                                        [SM_METRIC_SUM] = "Sum",
                                        [SM_METRIC_HISTOGRAM] = "Histogram",
                                        [SM_METRIC_EXPONENTIAL_HISTOGRAM] = "ExponentialHistogram",
                                        [SM_METRIC_SUMMARY] = "Summary"};
    return sm_slice_of(names[((const struct point *)context)->metric->type]);
}

static bool has_label(const void *context, struct sm_slice key)
{
    struct sm_value value = {0};
    return sm_attributes_find(((const struct point *)context)->labels, key, &value);
}

static struct sm_slice label(const void *context, struct sm_slice key)
{
    struct sm_value value = {0};
    bool is_there = sm_attributes_find(((const struct point *)context)->labels, key, &value);
    return is_there && value.type == SM_VALUE_STRING ? value.string : (struct sm_slice){0};
}

static const struct sm_expr_field fields[] = {
    {.name = "MetricName", .get = metric_name, .help = "The name of the metric."},
    {.name = "MetricType", .get = metric_type, .help = "Gauge, Sum, Histogram, ExponentialHistogram or Summary."},
};
static const struct sm_expr_function functions[] = {
    {.name = "HasLabel", .has = has_label, .help = "Whether the data point has an attribute."},
    {.name = "Label", .get = label, .help = "The text of an attribute; empty when there is none, or it is no text."},
};
static const struct sm_expr_environment environment = {
    .type_name = "github.com/open-telemetry/opentelemetry-collector-contrib/internal/filter/filterexpr.env",
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .functions = functions,
    .function_count = sizeof(functions) / sizeof(functions[0]),
};

/* ---- lists */

static struct sm_ottl_error as_ottl(const struct sm_expr_error *from)
{
    struct sm_ottl_error error = {.offset = from->offset, .size = from->size};
    (void)snprintf(error.message, sizeof(error.message), "%.255s", from->message);
    (void)snprintf(error.suggestion, sizeof(error.suggestion), "%s", from->suggestion);
    return error;
}

static void warn(const struct sm_expr_program *program, const char *text, const char *path, struct sm_validation *validation)
{
    struct sm_expr_error warning;
    char drawing[SM_OTTL_DRAWING_SIZE], suggestion[96];
    if (!validation || !sm_expr_unknown_name(program, &warning))
        return;
    const struct sm_ottl_error error = as_ottl(&warning);
    sm_ottl_draw(drawing, "        ", text, &error);
    (void)snprintf(suggestion, sizeof(suggestion), "did you mean %s?", warning.suggestion);
    sm_validation_warning(validation, path, warning.suggestion[0] ? suggestion : NULL, "%s\n%s", warning.message, drawing);
}

static struct sm_expr_program *compile(const char *text, const char *path, struct sm_validation *validation, struct sm_error *error)
{
    struct sm_expr_error wrong;
    struct sm_expr_program *program = sm_expr_compile(sm_slice_of(text), &environment, &wrong);
    if (program) {
        warn(program, text, path, validation);
        return program;
    }
    const struct sm_ottl_error shown = as_ottl(&wrong);
    sm_ottl_report(&(struct sm_ottl_place){.validation = validation, .key_path = path}, text, &shown);
    sm_error_set(error, SM_ERROR_USAGE, "%s: %.200s", path, wrong.message);
    return NULL;
}

struct sm_filter_expressions *sm_filter_expressions_create(const struct sm_string_list *texts, const char *key_path, struct sm_validation *validation,
                                                           struct sm_error *error)
{
    struct sm_filter_expressions *made = sm_alloc(1, sizeof(*made));
    bool are_fine = true;
    made->programs = sm_alloc(texts->count + 1, sizeof(struct sm_expr_program *));
    made->count = texts->count;
    for (size_t i = 0; i < texts->count; i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s::expressions::%zu", key_path, i);
        made->programs[i] = compile(texts->items[i], path, validation, error);
        are_fine = are_fine && made->programs[i];
    }
    if (are_fine)
        return made;
    sm_filter_expressions_free(made);
    return NULL;
}

void sm_filter_expressions_free(struct sm_filter_expressions *expressions)
{
    if (!expressions)
        return;
    for (size_t i = 0; i < expressions->count; i++)
        sm_expr_free(expressions->programs[i]);
    free(expressions->programs);
    free(expressions);
}

enum sm_expr_answer sm_filter_expressions_test(const struct sm_filter_expressions *expressions, const struct sm_metric *metric,
                                               struct sm_expr_error *error)
{
    struct sm_arena scratch = SM_ARENA_INIT;
    enum sm_expr_answer answer = SM_EXPR_NO;
    for (size_t i = 0; i < expressions->count && answer == SM_EXPR_NO; i++) {
        for (size_t p = 0; p < metric->point_count && answer == SM_EXPR_NO; p++) {
            const struct point point = {.metric = metric, .labels = &metric->points[p].attributes};
            if (metric->points[p].dropped)
                continue;
            answer = sm_expr_test(expressions->programs[i], &point, &scratch, error);
            sm_arena_reset(&scratch);
        }
    }
    sm_arena_deinit(&scratch);
    return answer;
}
