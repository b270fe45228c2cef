/* config_pipelines.c - service::pipelines and service::extensions: every id resolved, every rule between pipelines and components checked.
 *
 * Source: opentelemetry-collector service/pipelines/config.go, otelcol/config.go, service/internal/graph/graph.go. */
#include "base/bytes.h"
#include "config/diags.h"
#include "config/gates.h"
#include "pipeline/component_id.h"
#include "pipeline/config_internal.h"

enum { CANDIDATES_MAX = 256 };

/* One list of ids that is being resolved. */
struct reference_site {
    const char *path;            /* "service::pipelines::traces" */
    const char *quoted;          /* "service.pipelines[traces].receivers": for ids that are none */
    const struct sm_node *list;  /* for positions; NULL: unknown */
    enum sm_component_kind kind; /* what belongs there */
    bool may_be_connector;
    bool must_be_unique;
};

static struct sm_position position_in(const struct sm_node *list, size_t index)
{
    if (!list || list->kind != SM_NODE_LIST || index >= list->list.count)
        return (struct sm_position){0};
    return list->list.items[index]->position;
}

static const struct sm_configured *resolve(const struct sm_config_builder *builder, const struct reference_site *site, const char *id)
{
    const struct sm_configured *found = sm_config_find(builder->config, site->kind, id);
    return found || !site->may_be_connector ? found : sm_config_find(builder->config, SM_CONNECTOR, id);
}

/* What may be meant: not what has an unknown type, which is misspelt itself. */
static size_t list_ids(const struct sm_configured_list *list, const char **ids, size_t count)
{
    for (size_t i = 0; i < list->count && count < CANDIDATES_MAX; i++)
        if (list->items[i].type)
            ids[count++] = list->items[i].id;
    return count;
}

/* Whether some section has the id with a type that is unknown there: that has been told, and this follows from it. */
static bool is_told(const struct sm_config_builder *builder, const char *id)
{
    for (enum sm_component_kind kind = 0; kind < SM_COMPONENT_KIND_COUNT; kind++) {
        const struct sm_configured *component = sm_config_find(builder->config, kind, id);
        if (component && !component->type)
            return true;
    }
    return false;
}

static void report_missing(struct sm_config_builder *builder, const struct reference_site *site, const char *id, struct sm_position position)
{
    if (is_told(builder, id))
        return;
    const char *ids[CANDIDATES_MAX];
    size_t count = list_ids(&builder->config->components[site->kind], ids, 0);
    if (site->may_be_connector)
        count = list_ids(&builder->config->components[SM_CONNECTOR], ids, count);
    const char *near = sm_nearest_word(id, ids, count);
    const char *suggestion = near ? sm_arena_printf(builder->arena, "did you mean %s?", near)
                                  : sm_arena_printf(builder->arena, "add it under %s:", sm_config_section_name(site->kind));
    sm_diags_add(builder->diags, SM_DIAG_ERROR, position, site->path, suggestion, "references %s \"%s\" which is not configured",
                 sm_config_kind_name(site->kind), id);
}

static bool is_listed(const struct sm_reference_list *list, const struct sm_configured *component)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] == component)
            return true;
    return false;
}

static struct sm_reference_list take_references(struct sm_config_builder *builder, const struct reference_site *site,
                                                const struct sm_string_list *texts)
{
    struct sm_reference_list list = {.items = sm_arena_zalloc(builder->arena, texts->count, sizeof(struct sm_configured *))};
    for (size_t i = 0; i < texts->count; i++) {
        struct sm_position position = position_in(site->list, i);
        const char *id, *type;
        struct sm_error error;
        if (!sm_component_id_parse(texts->items[i], false, builder->arena, &id, &type, &error)) {
            sm_diags_add(builder->diags, SM_DIAG_ERROR, position, NULL, NULL, "'%s[%zu]' %s", site->quoted, i, error.text);
            continue;
        }
        const struct sm_configured *component = resolve(builder, site, id);
        if (!component)
            report_missing(builder, site, id, position);
        else if (!is_listed(&list, component))
            list.items[list.count++] = component;
        else if (site->must_be_unique)
            sm_diags_add(builder->diags, SM_DIAG_ERROR, position, site->path, NULL, "references %s \"%s\" multiple times",
                         sm_config_kind_name(site->kind), id);
    }
    return list;
}

/* ---- one pipeline */

static bool takes_signal(const struct sm_configured *component, enum sm_signal signal)
{
    return component->type->signals & (1u << signal);
}

static void check_signal(struct sm_config_builder *builder, const struct sm_pipeline_config *pipeline, const struct sm_reference_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct sm_configured *component = list->items[i];
        if (!component->type || component->type->kind == SM_CONNECTOR || takes_signal(component, pipeline->signal))
            continue;
        const char *path = sm_arena_printf(builder->arena, "service::pipelines::%s", pipeline->id);
        const char *kind = sm_config_kind_name(component->type->kind), *signal = sm_signal_name(pipeline->signal);
        if (component->type->kind == SM_PROCESSOR)
            sm_diags_add(builder->diags, SM_DIAG_ERROR, pipeline->position, path, NULL,
                         "failed to create \"%s\" processor, in pipeline \"%s\": telemetry type is not supported (%s)", component->id, pipeline->id,
                         signal);
        else
            sm_diags_add(builder->diags, SM_DIAG_ERROR, pipeline->position, path, NULL,
                         "failed to create \"%s\" %s for data type \"%s\": telemetry type is not supported", component->id, kind, signal);
    }
}

/* The signal and the id of a pipeline's key; false after an error. */
static bool take_pipeline_id(struct sm_config_builder *builder, const struct sm_node_entry *entry, struct sm_pipeline_config *out)
{
    const char *signal;
    struct sm_error error;
    if (!sm_component_id_parse(entry->key, true, builder->arena, &out->id, &signal, &error)) {
        sm_diags_add(builder->diags, SM_DIAG_ERROR, entry->key_position, NULL, NULL, "'service.pipelines' %s", error.text);
        return false;
    }
    static const char *const names[] = {[SM_TRACES] = "traces", [SM_METRICS] = "metrics", [SM_LOGS] = "logs"};
    for (size_t i = 0; i < SM_SIGNAL_COUNT; i++) {
        if (strcmp(signal, names[i]) != 0)
            continue;
        out->signal = (enum sm_signal)i;
        return true;
    }
    const char *near = sm_nearest_word(signal, names, SM_SIGNAL_COUNT);
    if (strcmp(signal, "profiles") == 0)
        sm_diags_add(builder->diags, SM_DIAG_ERROR, entry->key_position, "service::pipelines", NULL,
                     "pipeline \"%s\": profiles are not supported by spanmill", out->id);
    else
        sm_diags_add(builder->diags, SM_DIAG_ERROR, entry->key_position, NULL,
                     near ? sm_arena_printf(builder->arena, "did you mean %s?", near) : NULL,
                     "'service.pipelines' in \"%s\" id: unknown pipeline signal: \"%s\"", entry->key, signal);
    return false;
}

static void take_pipeline(struct sm_config_builder *builder, const struct sm_node_entry *entry, const struct sm_service_pipeline_options *options)
{
    struct sm_pipeline_config pipeline = {.position = entry->key_position};
    if (!take_pipeline_id(builder, entry, &pipeline))
        return;
    for (size_t i = 0; i < builder->config->pipeline_count; i++)
        if (strcmp(builder->config->pipelines[i].id, pipeline.id) == 0)
            sm_diags_add(builder->diags, SM_DIAG_ERROR, entry->key_position, NULL, NULL,
                         "'service.pipelines' duplicate name \"%s\" after unmarshaling %s", entry->key, pipeline.id);
    const char *path = sm_arena_printf(builder->arena, "service::pipelines::%s", pipeline.id);
    if (options->receivers.count == 0)
        sm_diags_add(builder->diags, SM_DIAG_ERROR, entry->key_position, path, NULL, "must have at least one receiver");
    if (options->exporters.count == 0)
        sm_diags_add(builder->diags, SM_DIAG_ERROR, entry->key_position, path, NULL, "must have at least one exporter");
    struct reference_site site = {.path = path,
                                  .quoted = sm_arena_printf(builder->arena, "service.pipelines[%s].receivers", pipeline.id),
                                  .list = sm_node_find(entry->value, "receivers"),
                                  .kind = SM_RECEIVER,
                                  .may_be_connector = true};
    pipeline.receivers = take_references(builder, &site, &options->receivers);
    site = (struct reference_site){.path = path,
                                   .quoted = sm_arena_printf(builder->arena, "service.pipelines[%s].processors", pipeline.id),
                                   .list = sm_node_find(entry->value, "processors"),
                                   .kind = SM_PROCESSOR,
                                   .must_be_unique = true};
    pipeline.processors = take_references(builder, &site, &options->processors);
    site = (struct reference_site){.path = path,
                                   .quoted = sm_arena_printf(builder->arena, "service.pipelines[%s].exporters", pipeline.id),
                                   .list = sm_node_find(entry->value, "exporters"),
                                   .kind = SM_EXPORTER,
                                   .may_be_connector = true};
    pipeline.exporters = take_references(builder, &site, &options->exporters);
    check_signal(builder, &pipeline, &pipeline.receivers);
    check_signal(builder, &pipeline, &pipeline.processors);
    check_signal(builder, &pipeline, &pipeline.exporters);
    builder->config->pipelines[builder->config->pipeline_count++] = pipeline;
}

void sm_config_take_pipelines(struct sm_config_builder *builder, const struct sm_service_section *section)
{
    const struct sm_node *service = sm_node_find(builder->root, "service");
    const struct sm_node *pipelines = sm_node_find(service, "pipelines");
    struct reference_site site = {
        .path = "service::extensions", .quoted = "service.extensions", .list = sm_node_find(service, "extensions"), .kind = SM_EXTENSION};
    builder->config->extensions = take_references(builder, &site, &section->extensions);
    if (section->pipelines.count == 0 && !sm_gate_is_on(SM_GATE_ALLOW_NO_PIPELINES)) {
        struct sm_position position = pipelines ? pipelines->position : service ? service->position : (struct sm_position){0};
        sm_diags_add(builder->diags, SM_DIAG_ERROR, position, "service::pipelines", NULL, "service must have at least one pipeline");
    }
    builder->config->pipelines = sm_arena_zalloc(builder->arena, section->pipelines.count, sizeof(struct sm_pipeline_config));
    const struct sm_service_pipeline_options *options = section->pipelines.items;
    for (size_t i = 0; i < section->pipelines.count; i++)
        take_pipeline(builder, &pipelines->map.entries[i], &options[i]);
}
