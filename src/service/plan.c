/* plan.c - see plan.h. */
#include "service/plan.h"

#include <assert.h>

#include "pipeline/config.h"

struct planner {
    const struct sm_config *config;
    struct sm_arena *arena;
    struct sm_graph_component *components[SM_COMPONENT_KIND_COUNT]; /* parallel to config->components[kind].items */
};

static void plan_components(struct planner *planner)
{
    for (enum sm_component_kind kind = 0; kind < SM_COMPONENT_KIND_COUNT; kind++) {
        const struct sm_configured_list *list = &planner->config->components[kind];
        planner->components[kind] = sm_arena_zalloc(planner->arena, list->count, sizeof(struct sm_graph_component));
        for (size_t i = 0; i < list->count; i++)
            planner->components[kind][i] = (struct sm_graph_component){
                .type = list->items[i].type,
                .id = list->items[i].id,
                .options = list->items[i].options,
                .node = list->items[i].node,
                .position = list->items[i].position,
            };
    }
}

static const struct sm_graph_component *find_planned(const struct planner *planner, const struct sm_configured *configured)
{
    enum sm_component_kind kind = configured->type->kind;
    size_t index = (size_t)(configured - planner->config->components[kind].items);
    assert(index < planner->config->components[kind].count);
    return &planner->components[kind][index];
}

static const struct sm_graph_component *const *plan_references(struct planner *planner, const struct sm_reference_list *list)
{
    const struct sm_graph_component **references = sm_arena_zalloc(planner->arena, list->count, sizeof(struct sm_graph_component *));
    for (size_t i = 0; i < list->count; i++)
        references[i] = find_planned(planner, list->items[i]);
    return references;
}

const struct sm_graph_plan *sm_plan_create(const struct sm_config *config, struct sm_arena *arena)
{
    struct planner planner = {.config = config, .arena = arena};
    plan_components(&planner);
    struct sm_graph_pipeline *pipelines = sm_arena_zalloc(arena, config->pipeline_count, sizeof(*pipelines));
    for (size_t i = 0; i < config->pipeline_count; i++) {
        const struct sm_pipeline_config *from = &config->pipelines[i];
        pipelines[i] = (struct sm_graph_pipeline){
            .id = from->id,
            .signal = from->signal,
            .receivers = plan_references(&planner, &from->receivers),
            .receiver_count = from->receivers.count,
            .processors = plan_references(&planner, &from->processors),
            .processor_count = from->processors.count,
            .exporters = plan_references(&planner, &from->exporters),
            .exporter_count = from->exporters.count,
        };
    }
    struct sm_graph_plan *plan = sm_arena_zalloc(arena, 1, sizeof(*plan));
    *plan = (struct sm_graph_plan){
        .pipelines = pipelines,
        .pipeline_count = config->pipeline_count,
        .extensions = plan_references(&planner, &config->extensions),
        .extension_count = config->extensions.count,
        .resource = &config->telemetry.resource,
    };
    return plan;
}
