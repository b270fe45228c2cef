/* from_collector_prometheus.c - see from_collector_prometheus.h. The other side of finish_prometheus.c: what is implied there must be there, and is
 * left out here; credentials that stand in an extension are written into the endpoint. */
#include "alloy/from_collector_prometheus.h"

#include "base/bytes.h"
#include "config/diags.h"
#include "config/duration.h"
#include "config/tree.h"
#include "pipeline/config.h"

static const struct sm_alloy_component *find(const char *name)
{
    return sm_alloy_component_find(sm_slice_of(name));
}

static const struct sm_alloy_row *find_row(const struct sm_alloy_row *rows, const char *name)
{
    while (rows->kind != SM_ALLOY_ROW_END && strcmp(rows->name, name) != 0)
        rows++;
    return rows->kind == SM_ALLOY_ROW_END ? NULL : rows;
}

static void report(struct sm_alloy_back *back, struct sm_position position, const char *key, const char *text)
{
    back->missing++;
    sm_diags_add(back->diags, SM_DIAG_ERROR, position, sm_arena_printf(back->arena, "exporters::%s%s%s", back->id, *key ? "::" : "", key), NULL, "%s",
                 text);
}

/* ---- what Alloy does without being told */

static const struct {
    const char *path, *yaml;
} implied[] = {
    {"drop_samples_before_start", "true"},       {"disable_scope_info", "true"},
    {"retry_on_failure.max_elapsed_time", "0s"}, {"retry_on_failure.randomization_factor", "0.0"},
    {"retry_on_failure.multiplier", "2.0"},
};

static double number_of(const struct sm_node *node)
{
    return node->kind == SM_NODE_INT ? (double)node->integer : node->kind == SM_NODE_FLOAT ? node->number : -1;
}

static bool is_same(const struct sm_node *a, const struct sm_node *b)
{
    int64_t left, right;
    if (a->kind == SM_NODE_BOOL || b->kind == SM_NODE_BOOL)
        return a->kind == b->kind && a->boolean == b->boolean;
    if (a->kind == SM_NODE_STRING && b->kind == SM_NODE_STRING)
        return sm_duration_parse(sm_slice_of(a->string), &left) && sm_duration_parse(sm_slice_of(b->string), &right) && left == right;
    return number_of(a) >= 0 && number_of(a) == number_of(b);
}

static struct sm_node *find_path(struct sm_alloy_back *back, struct sm_node *map, const char *path)
{
    struct sm_slice rest = sm_slice_of(path);
    while (map && rest.size)
        map = map->kind == SM_NODE_MAP ? sm_tree_find(map, sm_arena_strdup(back->arena, sm_slice_cut(&rest, '.'))) : NULL;
    return map;
}

/* Takes away what is as in Alloy; what is otherwise stays, to be told. */
static void take_implied(struct sm_alloy_back *back, struct sm_node *left, bool is_alloy)
{
    for (size_t i = 0; i < sizeof(implied) / sizeof(implied[0]); i++) {
        const struct sm_node *wanted = sm_tree_yaml(back->arena, left->position, implied[i].yaml);
        const struct sm_node *found = find_path(back, left, implied[i].path);
        if (found && is_same(found, wanted))
            (void)sm_alloy_take_setting(back, left, implied[i].path);
        else if (!found && is_alloy)
            report(back, left->position, implied[i].path, sm_arena_printf(back->arena, "is always %s in Alloy", implied[i].yaml));
    }
    const struct sm_node *samples = find_path(back, left, "max_samples_per_send"), *size = find_path(back, left, "remote_write_queue.batch.min_size");
    if (samples && size && is_same(samples, size))
        (void)sm_alloy_take_setting(back, left, "remote_write_queue.batch.min_size");
}

/* What has a counterpart whose default is another one. */
static void fill_in(struct sm_alloy_back *back, struct sm_node *left)
{
    static const char *const paths[] = {"retry_on_failure.initial_interval", "retry_on_failure.max_interval",
                                        "remote_write_queue.batch.flush_timeout", "retry_on_http_429"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const struct sm_node *preset = sm_alloy_default_setting(back, back->type->options, paths[i]);
        if (preset && !find_path(back, left, paths[i]))
            sm_tree_set(left, back->arena, paths[i], left->position, sm_alloy_copy_settings(back, preset));
    }
}

/* Names and labels are made in two ways; only one of them is Alloy's. */
static bool check_conversion(struct sm_alloy_back *back, struct sm_node *left)
{
    const struct sm_node *conversion = sm_tree_take(left, "conversion");
    if (conversion && conversion->kind == SM_NODE_STRING && strcmp(conversion->string, "alloy") == 0)
        return true;
    report(
        back, left->position, "conversion",
        "Alloy makes series in its own way (delta and old points dropped, no labels of the scope, target_info at the present time), and conversion: "
        "collector has no counterpart; with conversion: alloy the same is done here");
    return false;
}

/* ---- credentials */

static void write_basic(struct sm_alloy_back *back, const struct sm_alloy_row *endpoint, struct sm_node *extension)
{
    struct sm_node *client = sm_tree_take(extension, "client_auth");
    if (!client || client->kind != SM_NODE_MAP)
        return;
    sm_bytes_append_text(back->out, "basic_auth {\n");
    sm_alloy_write_rows(back, find_row(endpoint->rows, "basic_auth")->rows, client, NULL);
    sm_bytes_append_text(back->out, "}\n");
    sm_alloy_report_settings(back, client, "extensions::basicauth::client_auth");
}

static void write_token(struct sm_alloy_back *back, const struct sm_alloy_row *endpoint, struct sm_node *extension)
{
    static const char *const keys[][2] = {{"type", "scheme"}, {"credentials", "token"}, {"credentials_file", "filename"}};
    struct sm_node *authorization = sm_tree_map(back->arena, extension->position);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct sm_node *value = sm_tree_take(extension, keys[i][1]);
        if (value)
            sm_tree_set(authorization, back->arena, keys[i][0], value->position, value);
    }
    sm_bytes_append_text(back->out, "authorization {\n");
    sm_alloy_write_rows(back, find_row(endpoint->rows, "authorization")->rows, authorization, NULL);
    sm_bytes_append_text(back->out, "}\n");
}

static void write_credentials(struct sm_alloy_back *back, const struct sm_alloy_row *endpoint, struct sm_node *left)
{
    static const struct {
        const char *type;
        void (*write)(struct sm_alloy_back *, const struct sm_alloy_row *, struct sm_node *);
    } kinds[] = {{"basicauth", write_basic}, {"bearertokenauth", write_token}};
    const struct sm_node *id = sm_alloy_take_setting(back, left, "auth.authenticator");
    const struct sm_configured *extension = id && id->kind == SM_NODE_STRING ? back->inline_extension(back->context, id->string) : NULL;
    if (!extension)
        return;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(extension->type->name, kinds[i].type) != 0)
            continue;
        struct sm_node *settings = sm_alloy_copy_settings(back, extension->node);
        kinds[i].write(back, endpoint, settings);
        sm_alloy_report_settings(back, settings, sm_arena_printf(back->arena, "extensions::%s", extension->id));
        return;
    }
    report(back, id->position, "auth::authenticator", "prometheus.remote_write takes basicauth and bearertokenauth only");
}

/* ---- the components */

static void begin(struct sm_alloy_back *back, const char *component, const char *label, const char *target)
{
    sm_bytes_printf(back->out, "\n%s \"%s\" {\n", component, label);
    if (target)
        sm_bytes_printf(back->out, "forward_to = [%s.%s.receiver]\n", target, label);
}

static void write_remote_write(struct sm_alloy_back *back, const char *label, struct sm_node *left)
{
    const struct sm_alloy_row *rows = find("prometheus.remote_write")->rows, *endpoint = find_row(rows, "endpoint");
    begin(back, "prometheus.remote_write", label, NULL);
    sm_alloy_write_rows(back, rows, left, back->type->options);
    sm_bytes_append_text(back->out, "endpoint {\n");
    sm_alloy_write_rows(back, endpoint->rows, left, back->type->options);
    write_credentials(back, endpoint, left);
    sm_bytes_append_text(back->out, "}\n}\n");
}

void sm_alloy_write_prometheus(struct sm_alloy_back *back, const char *label, const struct sm_node *settings)
{
    struct sm_node *left = sm_alloy_copy_settings(back, settings);
    bool is_alloy = check_conversion(back, left);
    fill_in(back, left);
    take_implied(back, left, is_alloy);
    bool has_rules = sm_tree_find(left, "relabel_configs") != NULL;
    begin(back, "otelcol.exporter.prometheus", label, has_rules ? "prometheus.relabel" : "prometheus.remote_write");
    sm_alloy_write_rows(back, find("otelcol.exporter.prometheus")->rows, left, back->type->options);
    sm_bytes_append_text(back->out, "}\n");
    if (has_rules) {
        begin(back, "prometheus.relabel", label, "prometheus.remote_write");
        sm_alloy_write_rows(back, find("prometheus.relabel")->rows, left, back->type->options);
        sm_bytes_append_text(back->out, "}\n");
    }
    write_remote_write(back, label, left);
    sm_alloy_report_settings(back, left, sm_arena_printf(back->arena, "exporters::%s", back->id));
}
