/* options.c - the options of the filter processor: three styles of saying the same, of which one signal may use only one.
 *
 * Source: opentelemetry-collector-contrib processor/filterprocessor/config.go. */
#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "processors/filter/filter.h"

/* ---- tables */

static const struct sm_option metric_match_table[] = {
    SM_OPTION_STRING(struct sm_filter_metric_match, match_type, .help = "How names are compared: strict or regexp; or expr."),
    SM_OPTION_TABLE(struct sm_filter_metric_match, regexp, sm_match_regexp_table, .help = "Settings of match_type regexp."),
    SM_OPTION_STRING_LIST(struct sm_filter_metric_match, metric_names, .help = "Names of metrics."),
    SM_OPTION_STRING_LIST(struct sm_filter_metric_match, expressions,
                          .help = "Expressions of match_type expr, one of which must hold for a data point."),
    SM_OPTION_TABLE_LIST(struct sm_filter_metric_match, resource_attributes, struct sm_match_attribute, sm_match_attribute_table,
                         .help = "Resource attributes that must all match."),
    SM_OPTION_END,
};

static const struct sm_option log_severity_table[] = {
    SM_OPTION_STRING(struct sm_filter_log_severity, min, .help = "Lowest severity that matches, as INFO or 9."),
    SM_OPTION_BOOL(struct sm_filter_log_severity, match_undefined, .help = "Whether records without severity match."),
    SM_OPTION_END,
};

static const struct sm_option log_match_table[] = {
    SM_OPTION_STRING(struct sm_filter_log_match, match_type, .help = "How values are compared: strict or regexp."),
    SM_OPTION_TABLE_LIST(struct sm_filter_log_match, resource_attributes, struct sm_match_attribute, sm_match_attribute_table,
                         .help = "Resource attributes that must all match."),
    SM_OPTION_TABLE_LIST(struct sm_filter_log_match, record_attributes, struct sm_match_attribute, sm_match_attribute_table,
                         .help = "Record attributes that must all match."),
    SM_OPTION_STRING_LIST(struct sm_filter_log_match, severity_texts, .help = "Severity texts."),
    SM_OPTION_OPTIONAL(struct sm_filter_log_match, severity_number, log_severity_table, .null_is_absent = true, .has_no_switch = true,
                       .help = "Severity numbers."),
    SM_OPTION_STRING_LIST(struct sm_filter_log_match, bodies, .help = "Bodies."),
    SM_OPTION_END,
};

/* Members of the anonymous structs are reached through the whole. */
#define SPANS __typeof__(((struct sm_filter_options *)0)->spans)
#define TRACES __typeof__(((struct sm_filter_options *)0)->traces)
#define METRICS __typeof__(((struct sm_filter_options *)0)->metrics)
#define LOGS __typeof__(((struct sm_filter_options *)0)->logs)

static const struct sm_option spans_table[] = {
    SM_OPTION_OPTIONAL(SPANS, include, sm_match_properties_table, .null_is_absent = true, .has_no_switch = true,
                       .help = "Only spans that match are kept (deprecated: use trace_conditions)."),
    SM_OPTION_OPTIONAL(SPANS, exclude, sm_match_properties_table, .null_is_absent = true, .has_no_switch = true,
                       .help = "Spans that match are dropped (deprecated: use trace_conditions)."),
    SM_OPTION_END,
};

static const struct sm_option traces_table[] = {
    SM_OPTION_STRING_LIST(TRACES, resource, .help = "Conditions under which a whole resource is dropped.", .set_offset = offsetof(TRACES, has_lists)),
    SM_OPTION_STRING_LIST(TRACES, span, .help = "Conditions under which a span is dropped.", .set_offset = offsetof(TRACES, has_lists)),
    SM_OPTION_STRING_LIST(TRACES, spanevent, .help = "Conditions under which a span event is dropped.", .set_offset = offsetof(TRACES, has_lists)),
    SM_OPTION_END,
};

static const struct sm_option metrics_table[] = {
    SM_OPTION_OPTIONAL(METRICS, include, metric_match_table, .null_is_absent = true, .has_no_switch = true,
                       .help = "Only metrics that match are kept (deprecated: use metric_conditions)."),
    SM_OPTION_OPTIONAL(METRICS, exclude, metric_match_table, .null_is_absent = true, .has_no_switch = true,
                       .help = "Metrics that match are dropped (deprecated: use metric_conditions)."),
    SM_OPTION_TABLE(METRICS, regexp, sm_match_regexp_table, .help = "Settings of match_type regexp."),
    SM_OPTION_STRING_LIST(METRICS, resource, .help = "Conditions under which a whole resource is dropped.",
                          .set_offset = offsetof(METRICS, has_lists)),
    SM_OPTION_STRING_LIST(METRICS, metric, .help = "Conditions under which a metric is dropped.", .set_offset = offsetof(METRICS, has_lists)),
    SM_OPTION_STRING_LIST(METRICS, datapoint, .help = "Conditions under which a data point is dropped.", .set_offset = offsetof(METRICS, has_lists)),
    SM_OPTION_END,
};

static const struct sm_option logs_table[] = {
    SM_OPTION_OPTIONAL(LOGS, include, log_match_table, .null_is_absent = true, .has_no_switch = true,
                       .help = "Only records that match are kept (deprecated: use log_conditions)."),
    SM_OPTION_OPTIONAL(LOGS, exclude, log_match_table, .null_is_absent = true, .has_no_switch = true,
                       .help = "Records that match are dropped (deprecated: use log_conditions)."),
    SM_OPTION_STRING_LIST(LOGS, resource, .help = "Conditions under which a whole resource is dropped.", .set_offset = offsetof(LOGS, has_lists)),
    SM_OPTION_STRING_LIST(LOGS, log_record, .help = "Conditions under which a record is dropped.", .set_offset = offsetof(LOGS, has_lists)),
    SM_OPTION_END,
};

const struct sm_option sm_filter_option_table[] = {
    SM_OPTION_STRING(struct sm_filter_options, error_mode, .preset.string = "ignore",
                     .help = "What a failing condition does: ignore (log and go on), silent, propagate (refuse the payload)."),
    SM_OPTION_TABLE(struct sm_filter_options, spans, spans_table, .help = "Spans to keep or drop by their properties (deprecated)."),
    SM_OPTION_TABLE(struct sm_filter_options, traces, traces_table, .help = "Conditions for traces by context (deprecated: use trace_conditions)."),
    SM_OPTION_TABLE(struct sm_filter_options, metrics, metrics_table,
                    .help = "Conditions for metrics by context (deprecated: use metric_conditions)."),
    SM_OPTION_TABLE(struct sm_filter_options, logs, logs_table, .help = "Conditions for logs by context (deprecated: use log_conditions)."),
    SM_OPTION_NODE(struct sm_filter_options, trace_conditions, .help = "OTTL conditions under which spans and what belongs to them are dropped."),
    SM_OPTION_NODE(struct sm_filter_options, metric_conditions, .help = "OTTL conditions under which metrics and data points are dropped."),
    SM_OPTION_NODE(struct sm_filter_options, log_conditions, .help = "OTTL conditions under which log records are dropped."),
    SM_OPTION_REFUSED("profiles", .help = "Profiles are not built."),
    SM_OPTION_REFUSED("profile_conditions", .help = "Profiles are not built."),
    SM_OPTION_END,
};

/* ---- rules */

static const struct signal_row {
    const char *key;
    unsigned contexts;
} signals[SM_SIGNAL_COUNT] = {
    [SM_TRACES] = {"trace_conditions", 1u << SM_OTTL_SPAN | 1u << SM_OTTL_SPANEVENT | 1u << SM_OTTL_SCOPE | 1u << SM_OTTL_RESOURCE},
    [SM_METRICS] = {"metric_conditions", 1u << SM_OTTL_METRIC | 1u << SM_OTTL_DATAPOINT | 1u << SM_OTTL_SCOPE | 1u << SM_OTTL_RESOURCE},
    [SM_LOGS] = {"log_conditions", 1u << SM_OTTL_LOG | 1u << SM_OTTL_SCOPE | 1u << SM_OTTL_RESOURCE},
};

static const struct sm_node *conditions_of(const struct sm_filter_options *o, enum sm_signal signal)
{
    return signal == SM_TRACES ? o->trace_conditions : signal == SM_METRICS ? o->metric_conditions : o->log_conditions;
}

static bool has_items(const struct sm_node *node)
{
    return node && node->kind == SM_NODE_LIST && node->list.count > 0;
}

/* Given at all, an empty list and what is no list included. */
static bool is_given(const struct sm_node *node)
{
    return node && node->kind != SM_NODE_NULL;
}

static bool uses_contexts(const struct sm_filter_options *o, enum sm_signal signal)
{
    return signal == SM_TRACES ? o->traces.has_lists : signal == SM_METRICS ? o->metrics.has_lists : o->logs.has_lists;
}

static bool uses_matches(const struct sm_filter_options *o, enum sm_signal signal)
{
    if (signal == SM_TRACES)
        return o->spans.include || o->spans.exclude;
    return signal == SM_METRICS ? o->metrics.include || o->metrics.exclude : o->logs.include || o->logs.exclude;
}

static void check_styles(const struct sm_filter_options *o, enum sm_signal signal, struct sm_validation *validation)
{
    bool has_conditions = is_given(conditions_of(o, signal));
    bool has_old_matches = uses_matches(o, signal) && signal != SM_TRACES; /* the reference lets spans pass */
    if (has_conditions && (uses_contexts(o, signal) || has_old_matches))
        sm_validation_error(validation, signals[signal].key,
                            "cannot use context inferred conditions \"%s\" and the older settings of that signal at the same time",
                            signals[signal].key);
    if (uses_contexts(o, signal) && uses_matches(o, signal))
        sm_validation_error(validation, "", "cannot use conditions by context and the settings \"include\", \"exclude\" for %s at the same time",
                            sm_signal_name(signal));
}

void sm_filter_validate(const void *pointer, struct sm_validation *validation)
{
    for (int signal = 0; signal < SM_SIGNAL_COUNT; signal++) {
        check_styles(pointer, (enum sm_signal)signal, validation);
        sm_filter_plan_free(sm_filter_plan_create(pointer, (enum sm_signal)signal, validation, NULL));
    }
}

/* ---- conditions */

struct planning {
    struct sm_filter_plan *plan;
    const struct sm_filter_options *options;
    enum sm_signal signal;
    struct sm_validation *validation;
    struct sm_error *error;
    enum sm_ottl_error_mode error_mode;
};

static bool fail(const struct planning *p, const char *key, const char *message)
{
    if (p->validation)
        sm_validation_error(p->validation, key, "%s", message);
    else
        sm_error_set(p->error, SM_ERROR_USAGE, "%s: %s", key, message);
    return false;
}

static struct sm_filter_pass *add_pass(const struct planning *p, enum sm_ottl_error_mode error_mode)
{
    struct sm_filter_plan *plan = p->plan;
    if (plan->pass_count == plan->pass_capacity)
        plan->passes = sm_arena_grow(sm_ottl_program_arena(plan->program), plan->passes, plan->pass_count, &plan->pass_capacity, plan->pass_count + 1,
                                     sizeof(*plan->passes));
    struct sm_filter_pass *pass = &plan->passes[plan->pass_count++];
    *pass = (struct sm_filter_pass){0};
    for (size_t i = 0; i < SM_OTTL_CONTEXT_COUNT; i++)
        pass->conditions[i].error_mode = error_mode;
    return pass;
}

static bool infer(const struct planning *p, const char *text, enum sm_ottl_context *context, struct sm_ottl_error *error)
{
    struct sm_ottl_inference *inference = sm_ottl_inference_create();
    bool is_known = sm_ottl_inference_add(inference, sm_slice_of(text), false, error) &&
                    sm_ottl_infer(inference, signals[p->signal].contexts, SM_OTTL_CONVERTERS | SM_OTTL_FOR_FILTER, context, error);
    sm_ottl_inference_free(inference);
    return is_known;
}

static bool add_condition(const struct planning *p, struct sm_filter_pass *pass, const struct sm_node *node, const enum sm_ottl_context *given)
{
    const struct sm_ottl_place place = {.validation = p->validation, .key_path = signals[p->signal].key, .node = node};
    struct sm_ottl_language language = {.functions = SM_OTTL_CONVERTERS | SM_OTTL_FOR_FILTER, .needs_prefixes = !given};
    struct sm_ottl_error error = {0};
    if (node->kind != SM_NODE_STRING)
        return fail(p, signals[p->signal].key, "a condition must be a string");
    if (given) {
        language.context = *given;
    } else if (!infer(p, node->string, &language.context, &error)) {
        sm_ottl_report(&place, node->string, &error);
        return p->validation ? false : sm_error_set(p->error, SM_ERROR_USAGE, "%s", error.message);
    }
    return sm_ottl_conditions_add(&pass->conditions[language.context], p->plan->program, &language, node->string, &place);
}

static bool add_list(const struct planning *p, struct sm_filter_pass *pass, const struct sm_node *list, const enum sm_ottl_context *given)
{
    bool are_fine = true;
    for (size_t i = 0; i < list->list.count; i++)
        are_fine = add_condition(p, pass, list->list.items[i], given) && are_fine;
    return are_fine;
}

struct group_options {
    const char *context;
    const struct sm_node *conditions;
    const char *error_mode;
};

static const struct sm_option group_table[] = {
    SM_OPTION_STRING(struct group_options, context, .help = "Context of the conditions; left out: inferred from each."),
    SM_OPTION_NODE(struct group_options, conditions, .help = "The conditions."),
    SM_OPTION_STRING(struct group_options, error_mode, .help = "ignore, silent or propagate; left out: that of the processor."),
    SM_OPTION_END,
};

static bool find_mode(const struct planning *p, const char *word, enum sm_ottl_error_mode *mode)
{
    char message[128];
    if (sm_ottl_error_mode_find(*word ? word : p->options->error_mode, mode))
        return true;
    snprintf(message, sizeof(message), "unknown error mode %.64s: it must be ignore, silent or propagate", *word ? word : p->options->error_mode);
    return fail(p, "error_mode", message);
}

/* A map with context, conditions and error_mode: a pass of its own. */
static bool add_group(const struct planning *p, const struct sm_node *node)
{
    struct group_options options;
    struct sm_arena *arena = sm_ottl_program_arena(p->plan->program);
    enum sm_ottl_context context = SM_OTTL_CONTEXT_COUNT;
    enum sm_ottl_error_mode mode;
    sm_options_fill_defaults(group_table, &options, sizeof(options), arena);
    if (p->validation && !sm_options_decode(group_table, &options, sizeof(options), node, p->validation->path, arena, p->validation->diags))
        return false;
    if (!p->validation) {
        const struct sm_node *name = sm_node_find(node, "context"), *error_mode = sm_node_find(node, "error_mode");
        options = (struct group_options){.context = name && name->kind == SM_NODE_STRING ? name->string : "",
                                         .conditions = sm_node_find(node, "conditions"),
                                         .error_mode = error_mode && error_mode->kind == SM_NODE_STRING ? error_mode->string : ""};
    }
    if (!find_mode(p, options.error_mode, &mode))
        return false;
    if (*options.context && (!sm_ottl_context_setting(sm_slice_of(options.context), &context) || (signals[p->signal].contexts >> context & 1) == 0))
        return fail(p, signals[p->signal].key, "unknown context");
    struct sm_filter_pass *pass = add_pass(p, mode);
    return !has_items(options.conditions) || add_list(p, pass, options.conditions, *options.context ? &context : NULL);
}

static bool add_conditions(const struct planning *p, const struct sm_node *node)
{
    if (node->kind != SM_NODE_LIST)
        return fail(p, signals[p->signal].key, "must be a list of conditions or of groups of conditions");
    size_t texts = 0;
    for (size_t i = 0; i < node->list.count; i++) {
        if (node->list.items[i]->kind == SM_NODE_NULL)
            return fail(p, signals[p->signal].key, "condition cannot be empty");
        texts += node->list.items[i]->kind == SM_NODE_STRING;
    }
    if (texts > 0 && texts < node->list.count)
        return fail(p, signals[p->signal].key,
                    "configuring multiple configuration styles is not supported, please use only Basic configuration or only Advanced configuration");
    if (texts > 0)
        return add_list(p, add_pass(p, p->error_mode), node, NULL);
    bool are_fine = true;
    for (size_t i = 0; i < node->list.count; i++)
        are_fine = add_group(p, node->list.items[i]) && are_fine;
    return are_fine;
}

static bool add_context(const struct planning *p, struct sm_filter_pass *pass, enum sm_ottl_context context, const struct sm_string_list *texts,
                        const char *key_path)
{
    const struct sm_ottl_language language = {.context = context, .functions = SM_OTTL_CONVERTERS | SM_OTTL_FOR_FILTER};
    return sm_ottl_conditions_add_all(&pass->conditions[context], p->plan->program, &language, texts, p->validation, key_path);
}

static bool add_contexts(const struct planning *p)
{
    const struct sm_filter_options *o = p->options;
    struct sm_filter_pass *pass = add_pass(p, p->error_mode);
    if (p->signal == SM_TRACES)
        return (int)add_context(p, pass, SM_OTTL_RESOURCE, &o->traces.resource, "traces::resource") &
               (int)add_context(p, pass, SM_OTTL_SPAN, &o->traces.span, "traces::span") &
               (int)add_context(p, pass, SM_OTTL_SPANEVENT, &o->traces.spanevent, "traces::spanevent");
    if (p->signal == SM_METRICS)
        return (int)add_context(p, pass, SM_OTTL_RESOURCE, &o->metrics.resource, "metrics::resource") &
               (int)add_context(p, pass, SM_OTTL_METRIC, &o->metrics.metric, "metrics::metric") &
               (int)add_context(p, pass, SM_OTTL_DATAPOINT, &o->metrics.datapoint, "metrics::datapoint");
    return (int)add_context(p, pass, SM_OTTL_RESOURCE, &o->logs.resource, "logs::resource") &
           (int)add_context(p, pass, SM_OTTL_LOG, &o->logs.log_record, "logs::log_record");
}

/* ---- include and exclude */

static bool find_severity(const char *word, int64_t *number)
{
    static const char *const names[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};
    char *end;
    *number = strtol(word, &end, 10);
    if (end != word && *end == '\0' && isdigit((unsigned char)*word))
        return *number >= 1 && *number <= 24;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t size = strlen(names[i]);
        if (!sm_slice_equal_nocase(sm_slice_make(word, strnlen(word, size)), sm_slice_of(names[i])))
            continue;
        char digit = word[size];
        if (digit != '\0' && (digit < '2' || digit > '4' || word[size + 1] != '\0'))
            continue;
        *number = (int64_t)(4 * i + 1) + (digit ? digit - '1' : 0);
        return true;
    }
    return false;
}

static bool make_match(const struct planning *p, const char *key, const struct sm_match_properties *properties, struct sm_match **match)
{
    struct sm_error error = {0};
    *match = sm_match_create(properties, &error);
    return *match || fail(p, key, error.text);
}

static bool make_span_match(const struct planning *p, const char *key, const struct sm_match_properties *properties, struct sm_match **match)
{
    const char *wrong = properties ? sm_match_check(properties, SM_TRACES) : NULL;
    if (wrong)
        return fail(p, key, wrong);
    return !properties || make_match(p, key, properties, match);
}

/* With match_type expr the names do not count; without expressions all match. */
static bool make_metric_match(const struct planning *p, const char *key, const struct sm_filter_metric_match *given, struct sm_match **match,
                              struct sm_filter_expressions **expressions)
{
    if (!given)
        return true;
    bool is_expr = strcmp(given->match_type, "expr") == 0;
    struct sm_match_properties properties = {.match_type = given->match_type, .resources = given->resource_attributes};
    if (!is_expr)
        properties.metric_names = given->metric_names;
    if (!make_match(p, key, &properties, match) || !is_expr || given->expressions.count == 0)
        return *match;
    *expressions = sm_filter_expressions_create(&given->expressions, key, p->validation, p->error);
    return *expressions;
}

static bool make_log_match(const struct planning *p, const char *key, const struct sm_filter_log_match *given, struct sm_match **match)
{
    struct sm_match_severity severity = {0};
    if (!given || given->resource_attributes.count + given->record_attributes.count + given->severity_texts.count + given->bodies.count +
                          (given->severity_number != NULL) ==
                      0)
        return true;
    struct sm_match_properties properties = {.match_type = given->match_type,
                                             .attributes = given->record_attributes,
                                             .resources = given->resource_attributes,
                                             .log_severity_texts = given->severity_texts,
                                             .log_bodies = given->bodies};
    if (given->severity_number) {
        if (*given->severity_number->min && !find_severity(given->severity_number->min, &severity.min))
            return fail(p, key, "severity_number::min is not a valid severity");
        severity.match_undefined = given->severity_number->match_undefined;
        properties.log_severity_number = &severity;
    }
    return make_match(p, key, &properties, match);
}

static bool make_matches(const struct planning *p)
{
    const struct sm_filter_options *o = p->options;
    struct sm_filter_plan *plan = p->plan;
    if (p->signal == SM_TRACES)
        return make_span_match(p, "spans::include", o->spans.include, &plan->include) &&
               make_span_match(p, "spans::exclude", o->spans.exclude, &plan->exclude);
    if (p->signal == SM_METRICS)
        return make_metric_match(p, "metrics::include", o->metrics.include, &plan->include, &plan->include_expressions) &&
               make_metric_match(p, "metrics::exclude", o->metrics.exclude, &plan->exclude, &plan->exclude_expressions);
    return make_log_match(p, "logs::include", o->logs.include, &plan->include) && make_log_match(p, "logs::exclude", o->logs.exclude, &plan->exclude);
}

/* ---- */

struct sm_filter_plan *sm_filter_plan_create(const struct sm_filter_options *options, enum sm_signal signal, struct sm_validation *validation,
                                             struct sm_error *error)
{
    struct sm_filter_plan *plan = sm_alloc(1, sizeof(*plan));
    struct planning planning = {.plan = plan, .options = options, .signal = signal, .validation = validation, .error = error};
    plan->program = sm_ottl_program_create();
    bool is_fine = find_mode(&planning, "", &planning.error_mode);
    if (!is_fine)
        ; /* reported */
    else if (is_given(conditions_of(options, signal)))
        is_fine = add_conditions(&planning, conditions_of(options, signal));
    else if (uses_contexts(options, signal))
        is_fine = add_contexts(&planning);
    else
        is_fine = make_matches(&planning);
    if (is_fine)
        return plan;
    sm_filter_plan_free(plan);
    return NULL;
}

void sm_filter_plan_free(struct sm_filter_plan *plan)
{
    if (!plan)
        return;
    sm_ottl_program_free(plan->program);
    sm_match_free(plan->include);
    sm_match_free(plan->exclude);
    sm_filter_expressions_free(plan->include_expressions);
    sm_filter_expressions_free(plan->exclude_expressions);
    free(plan);
}
