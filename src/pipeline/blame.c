/* blame.c - see blame.h. */
#include "pipeline/blame.h"

#include "base/bytes.h"
#include "config/diags.h"
#include "config/option_place.h"
#include "pipeline/config.h"
#include "pipeline/graph.h"

/* What options were decoded from. */
struct origin {
    const char *path; /* "exporters::otlp" */
    const struct sm_option *table;
    const void *options;
    const struct sm_node *node;
    struct sm_position position; /* where nothing better is known */
};

static void tell(const struct origin *origin, const struct sm_error *error, struct sm_diags *diags)
{
    struct sm_bytes path = {0}, key = {0};
    struct sm_position position = origin->position;
    sm_bytes_append_text(&path, origin->path);
    if (sm_option_find_path(origin->table, origin->options, error->option, origin->node, &key)) {
        sm_bytes_printf(&path, "::%s", sm_bytes_cstr(&key));
        struct sm_position place = sm_node_place(origin->node, sm_bytes_cstr(&key));
        if (place.source)
            position = place;
    }
    sm_diags_add(diags, SM_DIAG_ERROR, position, sm_bytes_cstr(&path), error->advice[0] ? error->advice : NULL, "%s", error->text);
    sm_bytes_deinit(&key);
    sm_bytes_deinit(&path);
}

void sm_blame_tell(const struct sm_graph_component *component, const struct sm_error *error, struct sm_diags *diags)
{
    if (!diags)
        return;
    struct sm_bytes path = {0};
    sm_bytes_printf(&path, "%s::%s", sm_config_section_name(component->type->kind), component->id);
    const struct origin origin = {.path = sm_bytes_cstr(&path),
                                  .table = component->type->options,
                                  .options = component->options,
                                  .node = component->node,
                                  .position = component->position};
    tell(&origin, error, diags);
    sm_bytes_deinit(&path);
}

void sm_blame_tell_service(const struct sm_config *config, const struct sm_error *error, struct sm_diags *diags)
{
    const struct sm_node *node = sm_node_find(config->root, "service");
    const struct origin origin = {.path = error->option ? "service" : "service::telemetry",
                                  .table = sm_config_service_option_table,
                                  .options = config->service_options,
                                  .node = node,
                                  .position = sm_node_place(config->root, "service")};
    if (diags)
        tell(&origin, error, diags);
}
