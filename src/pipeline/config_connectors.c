/* config_connectors.c - rules for connectors: each ends a pipeline and begins another, between signals it can join, and no circle comes about.
 *
 * Runs on a configuration without other errors. Source: opentelemetry-collector service/internal/graph/graph.go (createNodes, cycleErr). */
#include "base/bytes.h"
#include "config/diags.h"
#include "pipeline/config_internal.h"

static bool names(const struct sm_reference_list *list, const struct sm_configured *component)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] == component)
            return true;
    return false;
}

/* Signals of the pipelines that name `connector` among their exporters (what goes in) or receivers (what comes out). */
static unsigned used_signals(const struct sm_config *config, const struct sm_configured *connector, bool as_exporter)
{
    unsigned signals = 0;
    for (size_t i = 0; i < config->pipeline_count; i++) {
        const struct sm_pipeline_config *pipeline = &config->pipelines[i];
        if (names(as_exporter ? &pipeline->exporters : &pipeline->receivers, connector))
            signals |= 1u << pipeline->signal;
    }
    return signals;
}

static bool joins(const struct sm_configured *connector, size_t from, size_t to)
{
    return connector->type->gives[from] & (1u << to);
}

static void report_one_sided(struct sm_config_builder *builder, const struct sm_configured *connector, bool as_exporter, size_t signal)
{
    struct sm_bytes list;
    sm_bytes_init(&list, builder->arena);
    struct sm_position position = connector->position;
    for (size_t i = 0; i < builder->config->pipeline_count; i++) {
        const struct sm_pipeline_config *pipeline = &builder->config->pipelines[i];
        if (pipeline->signal != signal || !names(as_exporter ? &pipeline->exporters : &pipeline->receivers, connector))
            continue;
        if (!list.size)
            position = pipeline->position;
        sm_bytes_printf(&list, "%s%s", list.size ? " " : "", pipeline->id);
    }
    sm_diags_add(builder->diags, SM_DIAG_ERROR, position, "service::pipelines", NULL,
                 "failed to build pipelines: connector \"%s\" used as %s in [%s] pipeline but not used in any supported %s pipeline", connector->id,
                 as_exporter ? "exporter" : "receiver", sm_bytes_cstr(&list), as_exporter ? "receiver" : "exporter");
}

static void check_sides(struct sm_config_builder *builder, const struct sm_configured *connector)
{
    unsigned in = used_signals(builder->config, connector, true), out = used_signals(builder->config, connector, false);
    unsigned good_in = 0, good_out = 0;
    for (size_t from = 0; from < SM_SIGNAL_COUNT; from++)
        for (size_t to = 0; to < SM_SIGNAL_COUNT; to++)
            if ((in & (1u << from)) && (out & (1u << to)) && joins(connector, from, to)) {
                good_in |= 1u << from;
                good_out |= 1u << to;
            }
    for (size_t signal = 0; signal < SM_SIGNAL_COUNT; signal++) {
        if (in & ~good_in & (1u << signal))
            report_one_sided(builder, connector, true, signal);
        if (out & ~good_out & (1u << signal))
            report_one_sided(builder, connector, false, signal);
    }
}

/* ---- circles: a walk from pipeline to pipeline over connectors */

enum state { UNSEEN, ON_PATH, DONE };

struct step {
    const struct sm_configured *connector; /* over which the pipeline was left */
    size_t pipeline;
};

struct walk {
    struct sm_config_builder *builder;
    enum state *states; /* by pipeline */
    struct step *path;
    size_t depth;
    bool is_reported;
};

static void describe_step(struct sm_bytes *text, const struct sm_config *config, const struct step *step, size_t next_pipeline)
{
    const struct sm_pipeline_config *from = &config->pipelines[step->pipeline], *to = &config->pipelines[next_pipeline];
    sm_bytes_printf(text, "%sconnector \"%s\" (%s to %s)", text->size ? " -> " : "", step->connector->id, sm_signal_name(from->signal),
                    sm_signal_name(to->signal));
    for (size_t i = 0; i < to->processors.count; i++)
        sm_bytes_printf(text, " -> processor \"%s\" in pipeline \"%s\"", to->processors.items[i]->id, to->id);
}

/* The path from where `pipeline` is on it to its end, and back. */
static void report_circle(struct walk *walk, size_t pipeline)
{
    const struct sm_config *config = walk->builder->config;
    size_t start = walk->depth;
    while (start > 0 && walk->path[start - 1].pipeline != pipeline)
        start--;
    struct sm_bytes text;
    sm_bytes_init(&text, walk->builder->arena);
    for (size_t i = start - 1; i < walk->depth; i++)
        describe_step(&text, config, &walk->path[i], i + 1 < walk->depth ? walk->path[i + 1].pipeline : pipeline);
    const struct step *first = &walk->path[start - 1];
    size_t second = start < walk->depth ? walk->path[start].pipeline : pipeline;
    sm_bytes_printf(&text, " -> connector \"%s\" (%s to %s)", first->connector->id, sm_signal_name(config->pipelines[pipeline].signal),
                    sm_signal_name(config->pipelines[second].signal));
    sm_diags_add(walk->builder->diags, SM_DIAG_ERROR, config->pipelines[pipeline].position, "service::pipelines", NULL,
                 "failed to build pipelines: cycle detected: %s", sm_bytes_cstr(&text));
    walk->is_reported = true;
}

static void visit(struct walk *walk, size_t index)
{
    const struct sm_config *config = walk->builder->config;
    const struct sm_pipeline_config *pipeline = &config->pipelines[index];
    walk->states[index] = ON_PATH;
    for (size_t e = 0; e < pipeline->exporters.count; e++) {
        const struct sm_configured *connector = pipeline->exporters.items[e];
        for (size_t next = 0; next < config->pipeline_count && !walk->is_reported && connector->type->kind == SM_CONNECTOR; next++) {
            const struct sm_pipeline_config *target = &config->pipelines[next];
            if (!names(&target->receivers, connector) || !joins(connector, pipeline->signal, target->signal))
                continue;
            walk->path[walk->depth++] = (struct step){connector, index};
            if (walk->states[next] == ON_PATH)
                report_circle(walk, next);
            else if (walk->states[next] == UNSEEN)
                visit(walk, next);
            walk->depth--;
        }
    }
    walk->states[index] = DONE;
}

static void check_circles(struct sm_config_builder *builder)
{
    size_t count = builder->config->pipeline_count;
    struct walk walk = {
        .builder = builder,
        .states = sm_arena_zalloc(builder->arena, count, sizeof(enum state)),
        .path = sm_arena_zalloc(builder->arena, count + 1, sizeof(struct step)),
    };
    for (size_t i = 0; i < count && !walk.is_reported; i++)
        if (walk.states[i] == UNSEEN)
            visit(&walk, i);
}

void sm_config_check_connectors(struct sm_config_builder *builder)
{
    const struct sm_configured_list *connectors = &builder->config->components[SM_CONNECTOR];
    for (size_t i = 0; i < connectors->count; i++)
        check_sides(builder, &connectors->items[i]);
    check_circles(builder);
}
