/* front_ends.c - see front_ends.h. */
#include "cli/front_ends.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/alloy_config.h"
#include "config/diags.h"
#include "config/provider.h"
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

static const char *read_variable(const char *name)
{
    return getenv(name);
}

static const char *no_variable(const char *name)
{
    (void)name;
    return NULL;
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
    return sm_datadog_agent_load(provided.source, is_sealed ? no_variable : read_variable, arena, diags);
}

static bool load(const char *path, const char *format, bool is_sealed, struct sm_arena *arena, struct sm_diags *diags, const struct sm_node **root)
{
    bool is_agent = format ? strcmp(format, agent_format) == 0 : sm_datadog_agent_is_file_name(sm_slice_of(path));
    if (!is_agent)
        return sm_cli_alloy_front_end.load(path, format, is_sealed, arena, diags, root);
    *root = load_agent(path, is_sealed, arena, diags);
    return true;
}

const struct sm_load_front_end sm_cli_front_end = {.load = load};
