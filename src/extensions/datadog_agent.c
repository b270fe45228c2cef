/* datadog_agent.c - the extension `datadog_agent` (ours): the Agent's settings and samplers, which the receiver and the exporter `datadog` share.
 *
 * Listens to nothing and sends nothing. State: agent_state.h. Source: datadog-agent pkg/trace, 0.59.0. */
#include "base/log.h"
#include "datadog/agent_state.h"
#include "pipeline/component.h"

static void validate(const void *options, struct sm_validation *validation)
{
    sm_datadog_agent_options_validate(options, validation);
}

static bool create(struct sm_component *component, struct sm_error *error)
{
    size_t at = 0;
    for (const char *name; (name = sm_datadog_agent_unknown_feature(component->options, &at)) != NULL;)
        sm_log(SM_LOG_WARN, &component->logger, "This feature of the Agent's is unknown and has no effect", SM_LOG_STR("feature", name));
    component->state = sm_datadog_agent_state_create(component->options, error);
    return component->state != NULL;
}

static bool start(struct sm_component *component, struct sm_error *error)
{
    (void)error;
    sm_datadog_agent_state_name_host(component->state);
    return true;
}

static void free_agent(struct sm_component *component)
{
    sm_datadog_agent_state_free(component->state);
    component->state = NULL;
}

static struct sm_datadog_agent_state *state_of(struct sm_component *extension)
{
    return extension->state;
}

static const struct sm_datadog_agent_type interface = {.interface = SM_DATADOG_AGENT_INTERFACE, .state = state_of};

const struct sm_component_type sm_extension_datadog_agent = {
    .kind = SM_EXTENSION,
    .name = "datadog_agent",
    .help = "Does to traces what the Datadog Agent does: filters, obfuscation, stats, samplers (not in the reference).",
    .stability = {SM_STABILITY_DEVELOPMENT},
    .options = sm_datadog_agent_option_table,
    .options_size = sizeof(struct sm_datadog_agent_options),
    .validate = validate,
    .create = create,
    .start = start,
    .free = free_agent,
    .interface = &interface,
};
