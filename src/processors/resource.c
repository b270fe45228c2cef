/* processors/resource.c - changes the attributes of resources.
 *
 * Source: opentelemetry-collector-contrib processor/resourceprocessor. */
#include "pipeline/component.h"
#include "processors/attribute_actions.h"
#include "processors/walk.h"

struct options {
    struct sm_table_list attributes;
};

static const struct sm_option option_table[] = {
    SM_OPTION_TABLE_LIST(struct options, attributes, struct sm_attribute_action_options, sm_attribute_action_table, .help = "What to do, in order."),
    SM_OPTION_END,
};

static void resource_validate(const void *pointer, struct sm_validation *validation)
{
    const struct options *options = pointer;
    char message[256];
    if (options->attributes.count == 0) {
        sm_validation_error(validation, "", "missing required field \"attributes\"");
        return;
    }
    struct sm_attribute_actions *actions = sm_attribute_actions_create(&options->attributes, message);
    if (!actions)
        sm_validation_error(validation, "attributes", "%s", message);
    sm_attribute_actions_free(actions);
}

static bool resource_create(struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    char message[256];
    component->state = sm_attribute_actions_create(&options->attributes, message);
    return component->state || sm_error_set(error, SM_ERROR_USAGE, "%s", message);
}

static void resource_free(struct sm_component *component)
{
    sm_attribute_actions_free(component->state);
    component->state = NULL;
}

static bool change_resource(struct sm_ottl_run *run, void *context)
{
    if (sm_attribute_actions_apply(context, &run->group->resource.attributes, run->batch, run->arena)) {
        run->group->resource.changed = true;
        sm_batch_mark_changed(run->batch, run->group, NULL);
    }
    return false;
}

static void resource_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    const struct sm_walker walker = {.resource = change_resource, .context = component->state};
    sm_walk(batch, &walker);
    sm_component_forward(component, worker, batch);
}

const struct sm_component_type sm_processor_resource = {
    .kind = SM_PROCESSOR,
    .counts_items = true,
    .name = "resource",
    .help = "Changes the attributes of resources.",
    .signals = SM_SIGNAL_ALL,
    .stability = {SM_STABILITY_BETA, SM_STABILITY_BETA, SM_STABILITY_BETA},
    .mutates = true,
    .options = option_table,
    .options_size = sizeof(struct options),
    .validate = resource_validate,
    .create = resource_create,
    .consume = resource_consume,
    .free = resource_free,
};
