/* config.c - from the merged tree to a checked configuration: the document's sections and the components in them.
 *
 * Everything that can be checked is checked and told at once. Errors of decoding carry the reference's path in quotes, errors of validation its path
 * with
 * "::"; a component that does not decode is not validated, and references to it are not told as missing.
 * Source: opentelemetry-collector otelcol/config.go, otelcol/internal/configunmarshaler, service/internal/builders. */
#include "pipeline/config.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "config/diags.h"
#include "config/gates.h"
#include "config/load.h"
#include "pipeline/component_id.h"
#include "pipeline/config_internal.h"

enum { TYPES_MAX = 256 };

struct document {
    const struct sm_node *sections[SM_COMPONENT_KIND_COUNT];
    struct sm_service_section service;
};

static const char *const section_names[SM_COMPONENT_KIND_COUNT] = {
    [SM_RECEIVER] = "receivers",   [SM_PROCESSOR] = "processors", [SM_EXPORTER] = "exporters",
    [SM_CONNECTOR] = "connectors", [SM_EXTENSION] = "extensions",
};
static const char *const kind_names[SM_COMPONENT_KIND_COUNT] = {
    [SM_RECEIVER] = "receiver", [SM_PROCESSOR] = "processor", [SM_EXPORTER] = "exporter", [SM_CONNECTOR] = "connector", [SM_EXTENSION] = "extension",
};

#define SECTION(kind_, key_)                                                                                                                         \
    {                                                                                                                                                \
        .kind = SM_OPTION_KIND_NODE, .key = (key_), .offset = offsetof(struct document, sections) + (kind_) * sizeof(struct sm_node *)               \
    }
static const struct sm_option document_table[] = {
    SECTION(SM_RECEIVER, "receivers"),
    SECTION(SM_PROCESSOR, "processors"),
    SECTION(SM_EXPORTER, "exporters"),
    SECTION(SM_CONNECTOR, "connectors"),
    SECTION(SM_EXTENSION, "extensions"),
    SM_OPTION_TABLE(struct document, service, sm_config_service_option_table, .help = "Pipelines, extensions and own telemetry."),
    SM_OPTION_END,
};

const char *sm_config_section_name(enum sm_component_kind kind)
{
    return section_names[kind];
}

const char *sm_config_kind_name(enum sm_component_kind kind)
{
    return kind_names[kind];
}

const struct sm_configured *sm_config_find(const struct sm_config *config, enum sm_component_kind kind, const char *id)
{
    const struct sm_configured_list *list = &config->components[kind];
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].id, id) == 0)
            return &list->items[i];
    return NULL;
}

/* ---- types */

static bool is_old_name(const struct sm_component_type *type, const char *name)
{
    for (const char *const *old = type->old_names; old && *old; old++)
        if (strcmp(*old, name) == 0)
            return true;
    return false;
}

static const struct sm_component_type *find_type(const struct sm_config_builder *builder, enum sm_component_kind kind, const char *name)
{
    for (size_t i = 0; i < builder->type_count; i++) {
        const struct sm_component_type *type = builder->types[i];
        if (type->kind == kind && (strcmp(type->name, name) == 0 || is_old_name(type, name)))
            return type;
    }
    return NULL;
}

/* What to write instead of an unknown type: the right section, or the name that was meant; NULL: nothing comes near. */
static const char *suggest_type(struct sm_config_builder *builder, enum sm_component_kind kind, const char *name, const char *const *names,
                                size_t count)
{
    for (enum sm_component_kind other = 0; other < SM_COMPONENT_KIND_COUNT; other++)
        if (other != kind && find_type(builder, other, name))
            return sm_arena_printf(builder->arena, "%s belongs under %s:", name, section_names[other]);
    const char *near = sm_nearest_word(name, names, count);
    return near ? sm_arena_printf(builder->arena, "did you mean %s?", near) : NULL;
}

static void report_unknown_type(struct sm_config_builder *builder, enum sm_component_kind kind, const char *name, const char *id,
                                struct sm_position position)
{
    if (kind == SM_EXPORTER && strcmp(name, "logging") == 0) {
        sm_diags_add(builder->diags, SM_DIAG_ERROR, position, section_names[kind], "write debug instead of logging",
                     "the logging exporter has been deprecated, use the debug exporter instead");
        return;
    }
    const char *names[TYPES_MAX];
    size_t count = 0;
    struct sm_bytes list;
    sm_bytes_init(&list, builder->arena);
    for (size_t i = 0; i < builder->type_count && count < TYPES_MAX; i++) {
        if (builder->types[i]->kind != kind)
            continue;
        names[count++] = builder->types[i]->name;
        sm_bytes_printf(&list, "%s%s", list.size ? " " : "", builder->types[i]->name);
    }
    sm_diags_add(builder->diags, SM_DIAG_ERROR, position, section_names[kind], suggest_type(builder, kind, name, names, count),
                 "unknown type: \"%s\" for id: \"%s\" (valid values: [%s])", name, id, sm_bytes_cstr(&list));
}

/* ---- components */

static const struct sm_option no_options[] = {SM_OPTION_END};

/* Options by the type's table, then the type's own rules. */
static void decode_component(struct sm_config_builder *builder, struct sm_configured *component, const struct sm_node *node)
{
    const struct sm_component_type *type = component->type;
    const char *path = sm_arena_printf(builder->arena, "%s::%s", section_names[type->kind], component->id);
    void *options = sm_arena_zalloc(builder->arena, 1, type->options_size);
    component->options = options;
    if (!sm_options_decode(type->options ? type->options : no_options, options, type->options_size, node, path, builder->arena, builder->diags))
        return;
    struct sm_validation validation = {.diags = builder->diags, .path = path, .node = node, .arena = builder->arena};
    /* A null node has no place of its own; the key has. */
    struct sm_node stand_in = {.kind = SM_NODE_NULL, .position = component->position};
    if (!node || node->kind == SM_NODE_NULL)
        validation.node = &stand_in;
    if (type->validate)
        type->validate(options, &validation);
}

/* The id of one entry, unique in its section; NULL after an error. */
static const char *take_id(struct sm_config_builder *builder, enum sm_component_kind kind, const struct sm_node_entry *entry, const char **type_name)
{
    const char *id;
    struct sm_error error;
    if (!sm_component_id_parse(entry->key, false, builder->arena, &id, type_name, &error)) {
        sm_diags_add(builder->diags, SM_DIAG_ERROR, entry->key_position, section_names[kind], NULL, "%s", error.text);
        return NULL;
    }
    if (sm_config_find(builder->config, kind, id)) {
        sm_diags_add(builder->diags, SM_DIAG_ERROR, entry->key_position, section_names[kind], NULL, "duplicate name \"%s\" after unmarshaling %s",
                     entry->key, id);
        return NULL;
    }
    return id;
}

static void take_component(struct sm_config_builder *builder, enum sm_component_kind kind, const struct sm_node_entry *entry)
{
    struct sm_configured_list *list = &builder->config->components[kind];
    const char *type_name;
    const char *id = take_id(builder, kind, entry, &type_name);
    if (!id)
        return;
    struct sm_configured *component = &list->items[list->count++];
    *component = (struct sm_configured){.type = find_type(builder, kind, type_name), .id = id, .node = entry->value, .position = entry->key_position};
    if (!component->type) {
        report_unknown_type(builder, kind, type_name, id, entry->key_position);
        return;
    }
    if (strcmp(type_name, component->type->name) != 0)
        sm_diags_add(builder->diags, SM_DIAG_WARNING, entry->key_position, section_names[kind], NULL,
                     "\"%s\" alias is deprecated; use \"%s\" instead", type_name, component->type->name);
    decode_component(builder, component, entry->value);
}

static void take_section(struct sm_config_builder *builder, enum sm_component_kind kind, const struct sm_node *section)
{
    if (!section || section->kind == SM_NODE_NULL)
        return;
    if (section->kind != SM_NODE_MAP) {
        sm_diags_add(builder->diags, SM_DIAG_ERROR, section->position, NULL, NULL, "'%s' expected a map of components, got %s", section_names[kind],
                     sm_node_kind_name(section->kind));
        return;
    }
    builder->config->components[kind].items = sm_arena_zalloc(builder->arena, section->map.count, sizeof(struct sm_configured));
    for (size_t i = 0; i < section->map.count; i++)
        take_component(builder, kind, &section->map.entries[i]);
}

/* ---- the whole document */

static void check_ambiguous(struct sm_config_builder *builder, const struct sm_configured *connector, enum sm_component_kind kind)
{
    if (!sm_config_find(builder->config, kind, connector->id))
        return;
    const char *path = sm_arena_printf(builder->arena, "connectors::%s", connector->id), *id = connector->id, *kind_name = kind_names[kind];
    sm_diags_add(builder->diags, SM_DIAG_ERROR, connector->position, path, NULL,
                 "ambiguous ID: Found both \"%s\" %s and \"%s\" connector. Change one of the components' IDs to eliminate ambiguity (e.g. rename "
                 "\"%s\" connector "
                 "to \"%s/connector\")",
                 id, kind_name, id, id, id);
}

/* What the document as a whole must have. False when it is empty, so that nothing more need be said. */
static bool check_document(struct sm_config_builder *builder, const struct document *document)
{
    struct sm_position start = {.source = builder->root->position.source};
    bool is_empty = true, is_given[SM_COMPONENT_KIND_COUNT] = {0};
    for (size_t kind = 0; kind < SM_COMPONENT_KIND_COUNT; kind++) {
        const struct sm_node *section = document->sections[kind];
        is_given[kind] = section && section->kind != SM_NODE_NULL && (section->kind != SM_NODE_MAP || section->map.count > 0);
        is_empty &= !is_given[kind];
    }
    if (is_empty) {
        sm_diags_add(builder->diags, SM_DIAG_ERROR, start, NULL, NULL, "empty configuration file");
        return false;
    }
    if (!sm_gate_is_on(SM_GATE_ALLOW_NO_PIPELINES) && !is_given[SM_RECEIVER])
        sm_diags_add(builder->diags, SM_DIAG_ERROR, start, NULL, NULL, "no receiver configuration specified in config");
    if (!sm_gate_is_on(SM_GATE_ALLOW_NO_PIPELINES) && !is_given[SM_EXPORTER])
        sm_diags_add(builder->diags, SM_DIAG_ERROR, start, NULL, NULL, "no exporter configuration specified in config");
    return true;
}

bool sm_config_decode(struct sm_config *config, const struct sm_node *root, const struct sm_component_type *const *types, size_t type_count,
                      struct sm_diags *diags)
{
    size_t errors_before = sm_diags_error_count(diags);
    config->root = root;
    struct sm_config_builder builder = {
        .config = config, .arena = &config->arena, .diags = diags, .types = types, .type_count = type_count, .root = root};
    struct document *document = sm_arena_zalloc(builder.arena, 1, sizeof(*document));
    config->service_options = &document->service;
    bool is_decoded = sm_options_decode(document_table, document, sizeof(*document), root, NULL, builder.arena, diags);
    if (!check_document(&builder, document))
        return false;
    for (enum sm_component_kind kind = 0; kind < SM_COMPONENT_KIND_COUNT; kind++)
        take_section(&builder, kind, document->sections[kind]);
    const struct sm_configured_list *connectors = &config->components[SM_CONNECTOR];
    for (size_t i = 0; i < connectors->count; i++) {
        check_ambiguous(&builder, &connectors->items[i], SM_EXPORTER);
        check_ambiguous(&builder, &connectors->items[i], SM_RECEIVER);
    }
    if (is_decoded) {
        sm_config_take_telemetry(&builder, &document->service.telemetry);
        sm_config_take_pipelines(&builder, &document->service);
    }
    if (sm_diags_error_count(diags) == errors_before) {
        sm_config_check_connectors(&builder);
        sm_config_check_files(&builder);
    }
    return sm_diags_error_count(diags) == errors_before;
}

struct sm_config *sm_config_load(const struct sm_load_options *options, const struct sm_component_type *const *types, size_t type_count,
                                 struct sm_diags *diags)
{
    struct sm_config *config = sm_alloc(1, sizeof(*config));
    const struct sm_node *root = sm_load(options, &config->arena, diags);
    if (root && sm_config_decode(config, root, types, type_count, diags))
        return config;
    sm_config_free(config);
    return NULL;
}

void sm_config_free(struct sm_config *config)
{
    if (!config)
        return;
    sm_arena_deinit(&config->arena);
    free(config);
}
