/* processors/attributes.c - changes the attributes of spans, data points and log records.
 *
 * Reads what include and exclude ask for; changes attributes by the list of actions. State: none.
 * Source: opentelemetry-collector-contrib processor/attributesprocessor. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "pipeline/component.h"
#include "processors/attribute_actions.h"
#include "processors/match.h"
#include "processors/walk.h"
#include "telemetry/log_record.h"
#include "telemetry/metric.h"
#include "telemetry/span.h"

struct options {
    struct sm_match_properties *include, *exclude;
    struct sm_table_list actions;
};

static const struct sm_option option_table[] = {
    SM_OPTION_OPTIONAL(struct options, include, sm_match_properties_table, .null_is_absent = true, .has_no_switch = true,
                       .help = "Only what matches is changed."),
    SM_OPTION_OPTIONAL(struct options, exclude, sm_match_properties_table, .null_is_absent = true, .has_no_switch = true,
                       .help = "What matches is left alone."),
    SM_OPTION_TABLE_LIST(struct options, actions, struct sm_attribute_action_options, sm_attribute_action_table, .help = "What to do, in order."),
    SM_OPTION_END,
};

struct state {
    struct sm_attribute_actions *actions; /* owned */
    struct sm_match *include, *exclude;   /* owned; NULL: not given */
};

static void attributes_validate(const void *pointer, struct sm_validation *validation)
{
    const struct options *options = pointer;
    char message[256];
    if (options->actions.count == 0) {
        sm_validation_error(validation, "", "missing required field \"actions\"");
        return;
    }
    struct sm_attribute_actions *actions = sm_attribute_actions_create(&options->actions, message);
    if (!actions)
        sm_validation_error(validation, "actions", "%s", message);
    sm_attribute_actions_free(actions);
}

static bool make_match(const struct sm_match_properties *properties, enum sm_signal signal, const char *key, struct sm_match **match,
                       struct sm_error *error)
{
    if (!properties)
        return true;
    const char *wrong = sm_match_check(properties, signal);
    if (wrong)
        return sm_error_set(error, SM_ERROR_USAGE, "%s: %s", key, wrong);
    struct sm_match_properties used = *properties;
    if (signal == SM_METRICS)
        used.resources = (struct sm_table_list){0}; /* never looked at, so what is wrong with them is not either: see is_metric_chosen */
    if (signal == SM_METRICS && strcmp(used.match_type, "expr") == 0)
        used.metric_names = (struct sm_string_list){0}; /* that type looks at expressions, which there are none of */
    *match = sm_match_create(&used, error);
    return *match || sm_error_wrap(error, "%s", key);
}

static void attributes_free(struct sm_component *component)
{
    struct state *state = component->state;
    if (!state)
        return;
    sm_attribute_actions_free(state->actions);
    sm_match_free(state->include);
    sm_match_free(state->exclude);
    free(state);
    component->state = NULL;
}

static bool attributes_create(struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    char message[256];
    struct state *state = component->state = sm_alloc(1, sizeof(*state));
    state->actions = sm_attribute_actions_create(&options->actions, message);
    if (!state->actions)
        sm_error_set(error, SM_ERROR_USAGE, "%s", message);
    if (state->actions && make_match(options->include, component->signal, "include", &state->include, error) &&
        make_match(options->exclude, component->signal, "exclude", &state->exclude, error))
        return true;
    attributes_free(component);
    return false;
}

/* ---- running */

/* For metrics only the names count: the reference does not look at resources here, and takes a block without names as not given. */
static bool is_metric_chosen(const struct state *state, const struct sm_ottl_run *run)
{
    bool includes = state->include && sm_match_has_metric_names(state->include),
         excludes = state->exclude && sm_match_has_metric_names(state->exclude);
    return (!includes || sm_match_metric_name(state->include, run)) && !(excludes && sm_match_metric_name(state->exclude, run));
}

static bool is_chosen(const struct state *state, const struct sm_ottl_run *run)
{
    if (run->metric)
        return is_metric_chosen(state, run);
    bool (*matches)(const struct sm_match *match, const struct sm_ottl_run *run) = run->span ? sm_match_span : sm_match_log;
    return (!state->include || matches(state->include, run)) && !(state->exclude && matches(state->exclude, run));
}

static bool apply(const struct state *state, struct sm_ottl_run *run, struct sm_attributes *attributes)
{
    bool has_changed = sm_attribute_actions_apply(state->actions, attributes, run->batch, run->arena);
    if (has_changed)
        sm_batch_mark_changed(run->batch, run->group, run->scope);
    return has_changed;
}

static void change_item(struct sm_ottl_run *run, void *context)
{
    const struct state *state = context;
    if (!is_chosen(state, run))
        return;
    if (run->span) {
        if (apply(state, run, &run->span->attributes))
            run->span->changed |= SM_SPAN_CHANGED_ATTRIBUTES;
        return;
    }
    if (run->log) {
        run->log->changed = apply(state, run, &run->log->attributes) || run->log->changed;
        return;
    }
    for (size_t i = 0; i < run->metric->point_count; i++) {
        struct sm_data_point *point = &run->metric->points[i];
        if (!point->dropped && apply(state, run, &point->attributes))
            point->changed = run->metric->changed = true;
    }
}

static void attributes_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    const struct sm_walker walker = {.item = change_item, .context = component->state};
    sm_walk(batch, &walker);
    sm_component_forward(component, worker, batch);
}

const struct sm_component_type sm_processor_attributes = {
    .kind = SM_PROCESSOR,
    .counts_items = true,
    .name = "attributes",
    .help = "Changes the attributes of spans, data points and log records.",
    .signals = SM_SIGNAL_ALL,
    .stability = {SM_STABILITY_BETA, SM_STABILITY_BETA, SM_STABILITY_BETA},
    .mutates = true,
    .options = option_table,
    .options_size = sizeof(struct options),
    .validate = attributes_validate,
    .create = attributes_create,
    .consume = attributes_consume,
    .free = attributes_free,
};
