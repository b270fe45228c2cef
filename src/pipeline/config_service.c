/* config_service.c - the options of `service`, and service::telemetry made into what the program uses.
 *
 * Source of names and defaults: opentelemetry-collector service/config.go, service/telemetry/otelconftelemetry. Options that change nothing here are
 * taken and said to be without effect in their help; those that ask for something not built are refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/diags.h"
#include "pipeline/config_internal.h"

static const struct sm_option_word log_levels[] = {
    {"debug", SM_LOG_DEBUG}, {"info", SM_LOG_INFO},    {"", SM_LOG_INFO},       {"warn", SM_LOG_WARN},   {"warning", SM_LOG_WARN},
    {"error", SM_LOG_ERROR}, {"dpanic", SM_LOG_ERROR}, {"panic", SM_LOG_ERROR}, {"fatal", SM_LOG_ERROR}, {.word = NULL},
};
static const struct sm_option_word log_encodings[] = {{"console", SM_LOG_ENCODING_CONSOLE}, {"json", SM_LOG_ENCODING_JSON}, {.word = NULL}};
static const char *const stderr_only[] = {"stderr", NULL};

typedef struct sm_telemetry_sampling_options sampling;
static const struct sm_option sampling_table[] = {
    SM_OPTION_BOOL(sampling, enabled, .preset.boolean = true, .help = "Limit lines that repeat; how many were left out is told with the next one."),
    SM_OPTION_DURATION(sampling, tick_ns, .key = "tick", .preset.integer = 10 * SM_S, .help = "The time over which repeated lines are counted."),
    SM_OPTION_INT(sampling, initial, .preset.integer = 10, .min = 0, .max = UINT32_MAX, .help = "So many of them are written."),
    SM_OPTION_INT(sampling, thereafter, .preset.integer = 100, .min = 0, .max = UINT32_MAX,
                  .help = "Of the further ones each such is written; 0: none."),
    SM_OPTION_END,
};

typedef struct sm_telemetry_logs_options logs;
static const struct sm_option logs_table[] = {
    SM_OPTION_ENUM(logs, level, log_levels, .null_is_absent = true, .preset.integer = SM_LOG_INFO, .ignore_case = true,
                   .unknown_word = {"unrecognized level: ", ", must be one of debug, info, warn, error, dpanic, panic, fatal"},
                   .help = "The least level that is written."),
    SM_OPTION_ENUM(logs, encoding, log_encodings, .preset.integer = SM_LOG_ENCODING_CONSOLE,
                   .unknown_word = {"no encoder registered for name ", ", must be console or json"}, .help = "Form of the lines."),
    SM_OPTION_STRING_LIST(logs, output_paths, .preset.strings = stderr_only, .help = "Where the log goes: stderr, stdout or one file."),
    SM_OPTION_STRING_LIST(logs, error_output_paths, .preset.strings = stderr_only, .help = "Taken for compatibility, without effect."),
    SM_OPTION_BOOL(logs, development, .help = "Taken for compatibility, without effect."),
    SM_OPTION_BOOL(logs, disable_caller, .help = "Leave out where in the program a line was written."),
    SM_OPTION_BOOL(logs, disable_stacktrace, .help = "Taken for compatibility, without effect: lines never carry one."),
    SM_OPTION_BOOL(logs, disable_zap_resource, .help = "Taken for compatibility, without effect."),
    SM_OPTION_TABLE(logs, sampling, sampling_table, .help = "Limits repeated lines."),
    SM_OPTION_NODE(logs, initial_fields, .help = "Fields of every line: name to text, number or boolean."),
    SM_OPTION_REFUSED("processors", .help = "own logs are written to a file or stream, not exported"),
    SM_OPTION_END,
};

typedef struct sm_telemetry_options telemetry;
static const struct sm_option telemetry_table[] = {
    SM_OPTION_TABLE(telemetry, logs, logs_table, .help = "The program's own log."),
    SM_OPTION_TABLE(telemetry, metrics, sm_config_metrics_option_table, .help = "The program's own metrics."),
    SM_OPTION_NODE(telemetry, traces, .help = "Taken for compatibility, without effect: the program makes no spans of its own."),
    SM_OPTION_NODE(telemetry, resource,
                   .help = "Attributes of the program itself: name to text, null takes one away; or attributes: [{name, value}]."),
    SM_OPTION_END,
};

typedef struct sm_service_pipeline_options pipeline;
static const struct sm_option pipeline_table[] = {
    SM_OPTION_STRING_LIST(pipeline, receivers, .no_split = true, .help = "Ids of receivers, or of connectors that feed this pipeline."),
    SM_OPTION_STRING_LIST(pipeline, processors, .no_split = true, .help = "Ids of processors, in order."),
    SM_OPTION_STRING_LIST(pipeline, exporters, .no_split = true, .help = "Ids of exporters, or of connectors fed by this pipeline."),
    SM_OPTION_END,
};

/* Pipelines one level too high, as in an often copied example of Datadog's. */
static const char *hint_of_pipeline(const struct sm_node_entry *unknown)
{
    return sm_node_find(unknown->value, "receivers") || sm_node_find(unknown->value, "exporters") ? "move the pipeline under service::pipelines"
                                                                                                  : NULL;
}

typedef struct sm_service_section section;
const struct sm_option sm_config_service_option_table[] = {
    SM_OPTION_TABLE(section, telemetry, telemetry_table, .help = "What the program tells about itself."),
    SM_OPTION_STRING_LIST(section, extensions, .no_split = true, .help = "Ids of extensions, in the order in which they start."),
    SM_OPTION_TABLE_MAP(section, pipelines, pipeline, pipeline_table,
                        .help = "Pipelines by id: traces, metrics or logs, with /name to tell several apart."),
    SM_OPTION_END_WITH_HINT(hint_of_pipeline),
};

/* ---- telemetry */

static struct sm_validation telemetry_validation(struct sm_config_builder *builder)
{
    return (struct sm_validation){
        .diags = builder->diags,
        .path = "service::telemetry",
        .node = sm_node_find(sm_node_find(builder->root, "service"), "telemetry"),
        .arena = builder->arena,
    };
}

/* Text of a value that is one number, word or truth; NULL for others. */
static const char *scalar_text(const struct sm_node *value, struct sm_arena *arena)
{
    switch (value->kind) {
    case SM_NODE_STRING:
        return value->string;
    case SM_NODE_INT:
        return sm_arena_printf(arena, "%lld", (long long)value->integer);
    case SM_NODE_FLOAT:
        return sm_arena_printf(arena, "%.17g", value->number);
    case SM_NODE_BOOL:
        return value->boolean ? "true" : "false";
    default:
        return NULL;
    }
}

static void add_attribute(struct sm_string_map *map, const char *key, const struct sm_node *value)
{
    const char *text = value->kind == SM_NODE_STRING ? value->string : value->is_substituted ? value->original : NULL;
    map->entries[map->count++] = (struct sm_string_map_entry){.key = key, .value = text};
}

static struct sm_log_field log_field(const char *name, const struct sm_node *value)
{
    switch (value->kind) {
    case SM_NODE_INT:
        return SM_LOG_INT(name, value->integer);
    case SM_NODE_FLOAT:
        return SM_LOG_DOUBLE(name, value->number);
    case SM_NODE_BOOL:
        return SM_LOG_BOOL(name, value->boolean);
    default:
        return SM_LOG_STR(name, value->kind == SM_NODE_STRING ? value->string : "");
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct sm_log_field *)a)->name, ((const struct sm_log_field *)b)->name);
}

static void take_initial_fields(struct sm_config_builder *builder, struct sm_validation *validation, const struct sm_node *node)
{
    struct sm_telemetry_config *out = &builder->config->telemetry;
    if (!node || node->kind == SM_NODE_NULL)
        return;
    if (node->kind != SM_NODE_MAP) {
        sm_validation_error(validation, "logs::initial_fields", "expected a map, got %s", sm_node_kind_name(node->kind));
        return;
    }
    struct sm_log_field *fields = sm_arena_zalloc(builder->arena, node->map.count, sizeof(*fields));
    for (size_t i = 0; i < node->map.count; i++) {
        const struct sm_node *value = node->map.entries[i].value;
        if (value->kind == SM_NODE_MAP || value->kind == SM_NODE_LIST)
            sm_validation_error(validation, "logs::initial_fields", "%s must be text, a number or a boolean, got %s", node->map.entries[i].key,
                                sm_node_kind_name(value->kind));
        else
            fields[out->log_field_count++] = log_field(node->map.entries[i].key, value);
    }
    qsort(fields, out->log_field_count, sizeof(*fields), by_name);
    out->log_fields = fields;
}

static void take_sampling(struct sm_telemetry_config *out, const struct sm_telemetry_sampling_options *options)
{
    if (options->enabled)
        out->log_sampling =
            (struct sm_log_sampling){.tick_ns = options->tick_ns, .initial = (uint32_t)options->initial, .thereafter = (uint32_t)options->thereafter};
}

/* attributes: [{name: …, value: …}] */
static void take_attribute_list(struct sm_config_builder *builder, struct sm_validation *validation, const struct sm_node *list,
                                struct sm_string_map *map)
{
    map->entries = sm_arena_zalloc(builder->arena, list->kind == SM_NODE_LIST ? list->list.count : 0, sizeof(*map->entries));
    if (list->kind != SM_NODE_LIST && list->kind != SM_NODE_NULL)
        sm_validation_error(validation, "resource::attributes", "expected a list of {name, value}, got %s", sm_node_kind_name(list->kind));
    for (size_t i = 0; list->kind == SM_NODE_LIST && i < list->list.count; i++) {
        const struct sm_node *name = sm_node_find(list->list.items[i], "name"), *value = sm_node_find(list->list.items[i], "value");
        const char *text = value ? scalar_text(value, builder->arena) : NULL;
        if (!name || name->kind != SM_NODE_STRING || !text)
            sm_validation_error(validation, "resource::attributes", "an attribute needs a name and a value that is no list and no map");
        else
            map->entries[map->count++] = (struct sm_string_map_entry){.key = name->string, .value = text};
    }
}

static void take_resource(struct sm_config_builder *builder, struct sm_validation *validation, const struct sm_node *node)
{
    struct sm_string_map *map = &builder->config->telemetry.resource;
    if (!node || node->kind == SM_NODE_NULL)
        return;
    if (node->kind != SM_NODE_MAP) {
        sm_validation_error(validation, "resource", "expected a map, got %s", sm_node_kind_name(node->kind));
        return;
    }
    const struct sm_node *list = sm_node_find(node, "attributes");
    struct sm_string_map plain = {.entries = sm_arena_zalloc(builder->arena, node->map.count, sizeof(*plain.entries))};
    for (size_t i = 0; i < node->map.count; i++) {
        const char *key = node->map.entries[i].key;
        const struct sm_node *value = node->map.entries[i].value;
        bool is_text = value->kind == SM_NODE_STRING || value->kind == SM_NODE_NULL || value->is_substituted;
        if (strcmp(key, "attributes") == 0 || strcmp(key, "schema_url") == 0)
            continue;
        if (strcmp(key, "detectors") == 0 || strcmp(key, "attributes_list") == 0)
            sm_validation_error(validation, "resource", "%s is not supported by spanmill, please use resource::attributes", key);
        else if (!is_text)
            sm_validation_error(validation, "resource", "legacy resource attribute \"%s\" must be string or null", key);
        else
            add_attribute(&plain, key, value);
    }
    *map = plain;
    if (list && list->kind != SM_NODE_NULL) {
        if (plain.count)
            sm_validation_error(validation, "resource", "resource::attributes cannot be used together with legacy inline resource attributes");
        *map = (struct sm_string_map){0};
        take_attribute_list(builder, validation, list, map);
    }
}

void sm_config_take_telemetry(struct sm_config_builder *builder, const struct sm_telemetry_options *options)
{
    struct sm_validation validation = telemetry_validation(builder);
    struct sm_telemetry_config *out = &builder->config->telemetry;
    out->log_level = (enum sm_log_level)options->logs.level;
    out->log_encoding = (enum sm_log_encoding)options->logs.encoding;
    out->log_without_caller = options->logs.disable_caller;
    take_sampling(out, &options->logs.sampling);
    take_initial_fields(builder, &validation, options->logs.initial_fields);
    out->log_path = options->logs.output_paths.count ? options->logs.output_paths.items[0] : "stderr";
    out->log_option = options->logs.output_paths.count ? &options->logs.output_paths.items[0] : NULL;
    if (options->logs.output_paths.count > 1)
        sm_validation_error(&validation, "logs::output_paths", "spanmill writes its log to one place, got %zu", options->logs.output_paths.count);
    if (sm_node_find(options->traces, "processors"))
        sm_diags_add(builder->diags, SM_DIAG_WARNING, options->traces->position, "service::telemetry::traces", NULL,
                     "has no effect: spanmill makes no spans of its own");
    sm_config_take_readers(&validation, &options->metrics, out);
    take_resource(builder, &validation, options->resource);
}
