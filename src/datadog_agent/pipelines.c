/* pipelines.c - makes the Collector's tree of the Agent's settings; see front_end.h. What a setting becomes stands in the table (settings.c); here is
 * what several of them decide together. */
#include "datadog_agent/front_end.h"

#include <stdint.h>
#include <stdlib.h>

#include "config/tree.h"
#include "config/diags.h"
#include "config/source.h"
#include "config/yaml.h"
#include "datadog_agent/settings.h"

struct making {
    struct sm_agent_values values;
    struct sm_node *root;
    struct sm_position position; /* of what no setting says */
    bool has_receiver, has_otlp, has_debug;
};

static void set_text_at(struct making *making, const char *path, const char *text, struct sm_position position)
{
    struct sm_arena *arena = making->values.arena;
    sm_tree_set(making->root, arena, path, position, sm_tree_string(arena, position, text));
}

static void set_text(struct making *making, const char *path, const char *text)
{
    set_text_at(making, path, text, making->position);
}

/* Where the first of these settings that is given stands; without any the first of them is the place: it is what the user may set. */
static struct sm_position place_of(const struct making *making, const char *const *paths)
{
    const struct sm_node *node = NULL;
    for (const char *const *path = paths; *path && !node; path++)
        node = sm_agent_find(&making->values, *path);
    if (node)
        return node->position;
    struct sm_source *source = sm_arena_zalloc(making->values.arena, 1, sizeof(*source));
    *source = (struct sm_source){.name = sm_arena_printf(making->values.arena, "%s (not set)", *paths), .text = SM_SLICE("")};
    return (struct sm_position){.source = source};
}

static void set_bool(struct making *making, const char *path, bool boolean)
{
    struct sm_arena *arena = making->values.arena;
    sm_tree_set(making->root, arena, path, making->position, sm_tree_yaml(arena, making->position, boolean ? "true" : "false"));
}

static struct sm_node *copy(const struct sm_node *node, struct sm_arena *arena)
{
    struct sm_node *own = sm_arena_alloc(arena, sizeof(*own));
    *own = *node;
    return own;
}

/* ---- the table */

/* A later row outranks an earlier one of the same place. Rows of receivers that are not there are left out. */
static void map_settings(struct making *making)
{
    for (size_t i = 0; i < sm_agent_setting_count; i++) {
        const struct sm_agent_setting *setting = &sm_agent_settings[i];
        if (setting->fate != SM_AGENT_MAPPED || !setting->to)
            continue;
        if (strncmp(setting->to, "receivers.datadog.", 18) == 0 && !making->has_receiver)
            continue;
        if (strncmp(setting->to, "receivers.otlp.", 15) == 0 && !making->has_otlp)
            continue;
        const struct sm_node *value = sm_agent_value(&making->values, setting);
        if (value)
            sm_tree_set(making->root, making->values.arena, setting->to, value->position, copy(value, making->values.arena));
    }
}

/* ---- receivers */

static void check_port(const struct sm_agent_values *values, const char *path, const char *port)
{
    char *end;
    long number = strtol(port, &end, 10);
    if (end == port || *end || number < 0 || number > UINT16_MAX)
        sm_diags_add(values->diags, SM_DIAG_ERROR, sm_agent_find(values, path)->position, path, NULL, "expected a port, 0 to %d, got %s", UINT16_MAX,
                     port);
}

static void make_receiver(struct making *making)
{
    const struct sm_agent_values *values = &making->values;
    static const char preset[] = "8126";
    const char *port = sm_agent_text(values, "apm_config.receiver_port", preset);
    if (port != preset)
        check_port(values, "apm_config.receiver_port", port);
    making->has_receiver =
        sm_agent_bool(values, "apm_config.enabled", true) && sm_agent_bool(values, "apm_config.receiver_enabled", true) && strcmp(port, "0") != 0;
    if (!making->has_receiver)
        return;
    const char *host = sm_agent_text(values, "bind_host", "localhost");
    if (sm_agent_bool(values, "apm_config.apm_non_local_traffic", false))
        host = "0.0.0.0";
    static const char *const settings[] = {"apm_config.receiver_port", "bind_host", "apm_config.apm_non_local_traffic", NULL};
    set_text_at(making, "receivers.datadog.endpoint", sm_arena_printf(values->arena, "%s:%s", host, port), place_of(making, settings));
    set_text(making, "receivers.datadog.agent", "datadog_agent");
}

/* Whether the protocol is wanted. What the file says of it is the Collector's own and taken over. */
static bool make_protocol(struct making *making, const char *name, const char *preset)
{
    const struct sm_agent_values *values = &making->values;
    const char *path = sm_arena_printf(values->arena, "otlp_config.receiver.protocols.%s", name);
    const char *place = sm_arena_printf(values->arena, "receivers.otlp.protocols.%s", name);
    const char *endpoint = sm_agent_text(values, sm_arena_printf(values->arena, "%s.endpoint", path), NULL);
    const struct sm_node *section = sm_agent_find(values, path);
    /* "grpc:" alone switches it on too */
    const struct sm_node *file = values->file ? sm_node_find(values->file, "otlp_config") : NULL;
    file = file ? sm_node_find(file, "receiver") : NULL;
    file = file ? sm_node_find(file, "protocols") : NULL;
    bool is_named = file && sm_node_find(file, name);
    if (!endpoint && !section && !is_named)
        return false;
    for (size_t i = 0; section && section->kind == SM_NODE_MAP && i < section->map.count; i++)
        sm_tree_set(making->root, values->arena, sm_arena_printf(values->arena, "%s.%s", place, section->map.entries[i].key),
                    section->map.entries[i].key_position, copy(section->map.entries[i].value, values->arena));
    const char *const settings[] = {sm_arena_printf(values->arena, "%s.endpoint", path), path, NULL};
    set_text_at(making, sm_arena_printf(values->arena, "%s.endpoint", place), endpoint ? endpoint : preset, place_of(making, settings));
    return true;
}

static void make_otlp(struct making *making)
{
    making->has_otlp = make_protocol(making, "grpc", "localhost:4317");
    making->has_otlp |= make_protocol(making, "http", "localhost:4318");
}

/* ---- the exporter */

static void make_tags(struct making *making)
{
    struct sm_arena *arena = making->values.arena;
    struct sm_node *all = sm_tree_list(arena, making->position);
    static const char *const paths[] = {"tags", "extra_tags"};
    for (size_t p = 0; p < sizeof(paths) / sizeof(paths[0]); p++) {
        const struct sm_node *tags = sm_agent_find(&making->values, paths[p]);
        if (tags && tags->kind != SM_NODE_LIST)
            sm_diags_add(making->values.diags, SM_DIAG_ERROR, tags->position, paths[p], "write - name:value, one a line", "expected a list, got %s",
                         sm_node_kind_name(tags->kind));
        for (size_t i = 0; tags && tags->kind == SM_NODE_LIST && i < tags->list.count; i++)
            sm_tree_append(all, arena, tags->list.items[i]);
    }
    set_bool(making, "exporters.datadog.host_metadata.enabled", all->list.count > 0);
    if (all->list.count)
        sm_tree_set(making->root, arena, "exporters.datadog.host_metadata.tags", making->position, all);
}

/* "host:port" or a URL. */
static void make_logs_endpoint(struct making *making)
{
    const struct sm_agent_values *values = &making->values;
    const char *address = sm_agent_text(values, "logs_config.logs_dd_url", NULL);
    if (!address || !*address)
        return;
    const char *scheme = strstr(address, "://") ? "" : sm_agent_bool(values, "logs_config.logs_no_ssl", false) ? "http://" : "https://";
    set_text(making, "exporters.datadog.logs.endpoint", sm_arena_printf(values->arena, "%s%s", scheme, address));
}

static void make_exporter(struct making *making)
{
    const struct sm_node *hostname = sm_agent_find(&making->values, "hostname");
    const char *proxy = sm_agent_text(&making->values, "proxy.https", NULL);
    if (!proxy)
        proxy = sm_agent_text(&making->values, "proxy.http", NULL);
    const struct sm_node *key = sm_agent_find(&making->values, "api_key");
    if (key && key->kind == SM_NODE_STRING && sm_slice_starts_with(sm_slice_of(key->string), SM_SLICE("ENC[")))
        sm_diags_add(making->values.diags, SM_DIAG_ERROR, key->position, "api_key", NULL,
                     "secret_backend_command is not here: give the key itself, in the file or in DD_API_KEY");
    if (!key) /* the exporter refuses to start without one, in the Collector's words */
        sm_diags_add(making->values.diags, SM_DIAG_WARNING, making->position, NULL, NULL,
                     "api_key is not set, and neither is the variable DD_API_KEY");
    set_text(making, "exporters.datadog.traces.agent", "datadog_agent");
    if (hostname && hostname->kind == SM_NODE_STRING)
        set_text(making, "exporters.datadog.hostname", hostname->string);
    if (proxy)
        set_text(making, "exporters.datadog.proxy_url", proxy);
    make_tags(making);
    make_logs_endpoint(making);
    const char *verbosity = sm_agent_text(&making->values, "otlp_config.debug.verbosity", "none");
    making->has_debug = strcmp(verbosity, "none") != 0;
    if (making->has_debug)
        set_text(making, "exporters.debug.verbosity", verbosity);
}

/* ---- the service */

static struct sm_node *names(struct making *making, const char *first, const char *second)
{
    struct sm_arena *arena = making->values.arena;
    struct sm_node *list = sm_tree_list(arena, making->position);
    const char *both[] = {first, second};
    for (size_t i = 0; i < 2; i++)
        if (both[i])
            sm_tree_append(list, arena, sm_tree_string(arena, making->position, both[i]));
    return list;
}

static bool make_pipeline(struct making *making, const char *signal, bool with_tracers, const char *switch_path, bool is_on)
{
    struct sm_arena *arena = making->values.arena;
    bool with_otlp = making->has_otlp && sm_agent_bool(&making->values, switch_path, is_on);
    with_tracers &= making->has_receiver;
    if (!with_otlp && !with_tracers)
        return false;
    const char *path = sm_arena_printf(arena, "service.pipelines.%s", signal);
    /* Receivers listen in this order: who finds the Agent's port open finds the others open, too. */
    struct sm_node *receivers = names(making, with_otlp ? "otlp" : NULL, with_tracers ? "datadog" : NULL);
    struct sm_node *exporters = names(making, "datadog", making->has_debug && with_otlp ? "debug" : NULL);
    sm_tree_set(making->root, arena, sm_arena_printf(arena, "%s.receivers", path), making->position, receivers);
    sm_tree_set(making->root, arena, sm_arena_printf(arena, "%s.exporters", path), making->position, exporters);
    return true;
}

static void make_telemetry(struct making *making)
{
    static const struct {
        const char *agent, *own;
    } levels[] = {{"trace", "debug"},  {"debug", "debug"}, {"info", "info"},      {"warn", "warn"},
                  {"warning", "warn"}, {"error", "error"}, {"critical", "error"}, {"off", "error"}};
    struct sm_arena *arena = making->values.arena;
    const char *level = sm_agent_text(&making->values, "log_level", "info");
    const char *own = NULL;
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (sm_slice_equal_nocase(sm_slice_of(level), sm_slice_of(levels[i].agent)))
            own = levels[i].own;
    if (own)
        set_text(making, "service.telemetry.logs.level", own);
    else
        sm_diags_add(making->values.diags, SM_DIAG_ERROR, sm_agent_find(&making->values, "log_level")->position, "log_level", NULL,
                     "expected trace, debug, info, warn, error, critical or off, got %s", level);
    if (!sm_agent_bool(&making->values, "telemetry.enabled", false)) {
        set_text(making, "service.telemetry.metrics.level", "none");
        return;
    }
    struct sm_node *reader = sm_tree_map(arena, making->position), *readers = sm_tree_list(arena, making->position);
    sm_tree_set(reader, arena, "pull.exporter.prometheus.host", making->position, sm_tree_string(arena, making->position, "localhost"));
    static const char *const settings[] = {"expvar_port", "telemetry.enabled", NULL};
    struct sm_position place = place_of(making, settings);
    sm_tree_set(reader, arena, "pull.exporter.prometheus.port", place,
                sm_tree_yaml(arena, place, sm_agent_text(&making->values, "expvar_port", "5000")));
    sm_tree_append(readers, arena, reader);
    sm_tree_set(making->root, arena, "service.telemetry.metrics.readers", making->position, readers);
}

static void make_service(struct making *making)
{
    struct sm_node *extensions = names(making, "datadog_agent", NULL);
    sm_tree_set(making->root, making->values.arena, "service.extensions", making->position, extensions);
    make_telemetry(making);
    bool has_any = make_pipeline(making, "traces", true, "otlp_config.traces.enabled", true);
    has_any |= make_pipeline(making, "metrics", true, "otlp_config.metrics.enabled", true);
    has_any |= make_pipeline(making, "logs", false, "otlp_config.logs.enabled", false);
    if (!has_any)
        sm_diags_add(making->values.diags, SM_DIAG_ERROR, making->position, NULL, NULL,
                     "nothing to run: apm_config is off and otlp_config.receiver.protocols is not set");
}

/* ---- all of it */

bool sm_datadog_agent_is_file_name(struct sm_slice name)
{
    static const char *const names_of_files[] = {"datadog.yaml", "datadog.yml"};
    for (size_t i = 0; i < sizeof(names_of_files) / sizeof(names_of_files[0]); i++) {
        struct sm_slice own = sm_slice_of(names_of_files[i]);
        if (sm_slice_ends_with(name, own) && (name.size == own.size || name.ptr[name.size - own.size - 1] == '/'))
            return true;
    }
    return false;
}

static const struct sm_node *read_file(const struct sm_source *source, struct sm_arena *arena, struct sm_diags *diags, bool *is_good)
{
    const struct sm_node *file = sm_yaml_parse(source, arena, diags);
    *is_good = file && (file->kind == SM_NODE_MAP || file->kind == SM_NODE_NULL);
    if (file && !*is_good)
        sm_diags_add(diags, SM_DIAG_ERROR, file->position, NULL, NULL, "expected the Agent's settings, got %s", sm_node_kind_name(file->kind));
    return *is_good && file->kind == SM_NODE_MAP ? file : NULL;
}

struct sm_node *sm_datadog_agent_load(const struct sm_source *source, const char *const *environment, struct sm_arena *arena, struct sm_diags *diags)
{
    struct making making = {.values = {.environment = environment, .arena = arena, .diags = diags}, .position = {.source = source}};
    bool is_good = true;
    if (source)
        making.values.file = read_file(source, arena, diags, &is_good);
    if (!is_good)
        return NULL;
    size_t errors = sm_diags_error_count(diags);
    making.root = sm_tree_map(arena, making.position);
    sm_tree_set(making.root, arena, "extensions.datadog_agent", making.position, sm_tree_map(arena, making.position));
    sm_agent_check_settings(&making.values);
    make_receiver(&making);
    make_otlp(&making);
    make_exporter(&making);
    map_settings(&making);
    make_service(&making);
    return sm_diags_error_count(diags) == errors ? making.root : NULL;
}
