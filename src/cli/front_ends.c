/* front_ends.c - see front_ends.h. */
#include "cli/front_ends.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/alloy_config.h"
#include "config/diags.h"
#include "config/provider.h"
#include "config/source.h"
#include "config/yaml.h"
#include "datadog_agent/front_end.h"

static const char agent_format[] = "datadog-agent";

bool sm_cli_is_format(const char *word)
{
    static const char *const formats[] = {"yaml", "alloy", "river", agent_format};
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (strcmp(word, formats[i]) == 0)
            return true;
    return false;
}

/* An empty path stands for no file: everything is in the environment. */
static const struct sm_node *load_agent(const char *path, bool is_sealed, struct sm_arena *arena, struct sm_diags *diags)
{
    struct sm_provided provided = {0};
    struct sm_error error;
    const char *uri = sm_arena_printf(arena, "file:%s", path);
    if (*path && !sm_provider_fetch(sm_slice_of(uri), is_sealed, arena, &provided, &error)) {
        sm_diags_add(diags, SM_DIAG_ERROR, (struct sm_position){0}, NULL, NULL, "cannot retrieve the configuration: %s", error.text);
        return NULL;
    }
    static const char *const nothing[] = {NULL};
    return sm_datadog_agent_load(provided.source, is_sealed ? nothing : (const char *const *)environ, arena, diags);
}

/* A Collector's configuration may have the name of the Agent's; what the Agent does not know is `service`, which the Collector's needs. */
static bool is_collectors(const char *path, bool is_sealed)
{
    struct sm_arena scratch = SM_ARENA_INIT;
    struct sm_diags *unread = sm_diags_create();
    struct sm_provided provided = {0};
    struct sm_error error;
    const char *uri = sm_arena_printf(&scratch, "file:%s", path);
    const struct sm_node *root = NULL;
    if (sm_provider_fetch(sm_slice_of(uri), is_sealed, &scratch, &provided, &error))
        root = sm_yaml_parse(provided.source, &scratch, unread);
    bool is_so = root && root->kind == SM_NODE_MAP && sm_node_find(root, "service") != NULL;
    sm_diags_free(unread);
    sm_arena_deinit(&scratch);
    return is_so;
}

static bool is_agents(const char *path, const char *format, bool is_sealed)
{
    if (format)
        return strcmp(format, agent_format) == 0;
    return sm_datadog_agent_is_file_name(sm_slice_of(path)) && !is_collectors(path, is_sealed);
}

static bool load(const char *path, const char *format, bool is_sealed, struct sm_arena *arena, struct sm_diags *diags, const struct sm_node **root)
{
    if (!is_agents(path, format, is_sealed))
        return sm_cli_alloy_front_end.load(path, format, is_sealed, arena, diags, root);
    *root = load_agent(path, is_sealed, arena, diags);
    return true;
}

/* ---- files under another name */

static const struct sm_node_entry *first_of(const struct sm_node *root, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < root->map.count; i++)
        for (size_t k = 0; k < count; k++)
            if (strcmp(root->map.entries[i].key, keys[k]) == 0)
                return &root->map.entries[i];
    return NULL;
}

static const struct sm_node_entry *find_foreign(const struct sm_node *root, const char **what_to_do)
{
    static const char *const collectors[] = {"receivers", "processors", "connectors", "exporters", "extensions", "service"};
    static const char *const agents[] = {"api_key", "apm_config", "otlp_config", "site", "dd_url", "logs_config"};
    if (first_of(root, collectors, sizeof(collectors) / sizeof(collectors[0])))
        return NULL;
    *what_to_do = "a setting of the Datadog Agent: name the file datadog.yaml, or say --config.format=datadog-agent";
    return first_of(root, agents, sizeof(agents) / sizeof(agents[0]));
}

/* A line that begins a block of Alloy: otelcol.receiver.otlp "default" { */
static bool begins_block(struct sm_slice line)
{
    static const char *const beginnings[] = {"otelcol.", "prometheus.", "local.file ", "import.", "declare ", "logging {", "tracing {"};
    line = sm_slice_trim(line);
    if (!line.size || !memchr(line.ptr, '{', line.size))
        return false;
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
        if (sm_slice_starts_with(line, sm_slice_of(beginnings[i])))
            return true;
    return false;
}

static const char *find_language(const struct sm_source *source)
{
    struct sm_slice rest = source->text;
    while (rest.size)
        if (begins_block(sm_slice_cut(&rest, '\n')))
            return "this looks like an Alloy configuration: name the file .alloy (.river for the Grafana Agent's), or say --config.format=alloy";
    return NULL;
}

const struct sm_load_front_end sm_cli_front_end = {.load = load, .find_foreign = find_foreign, .find_language = find_language};
