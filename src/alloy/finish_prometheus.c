/* finish_prometheus.c - otelcol.exporter.prometheus and what it forwards to, as exporters `prometheus_remote_write`: one for each way from it
 * through prometheus.relabel to an endpoint of prometheus.remote_write, whose settings are those of all that stand on the way.
 *
 * What it forwards to has been evaluated before. Rules between arguments are Alloy's (types.go of the three). */
#include "alloy/finish.h"

#include "alloy/module.h"
#include "alloy/no_proxy.h"
#include "config/diags.h"
#include "config/duration.h"
#include "config/tree.h"

#define ARENA (finish->decoding->machine->arena)

enum { BRANCHES_MAX = 1000 }; /* of one exporter */

static const char *text_of(struct sm_node *map, const char *key)
{
    const struct sm_node *node = sm_tree_find(map, key);
    return node && node->kind == SM_NODE_STRING ? node->string : "";
}

static bool is_true(const struct sm_node *node)
{
    return node && node->kind == SM_NODE_BOOL && node->boolean;
}

static void set_yaml(struct sm_alloy_finish *finish, struct sm_node *map, const char *path, const char *yaml)
{
    sm_tree_set(map, ARENA, path, map->position, sm_tree_yaml(ARENA, map->position, yaml));
}

/* By the exporter's own table and rules, so that what nothing forwards to is checked too. */
static void check(struct sm_alloy_finish *finish, const struct sm_node *settings)
{
    const struct sm_component_type *type = finish->instance->type;
    struct sm_decoded {
        max_align_t start;
    } *options = sm_arena_zalloc(ARENA, type->options_size / sizeof(*options) + 1, sizeof(*options));
    struct sm_diags *diags = finish->decoding->diags;
    size_t before = sm_diags_error_count(diags);
    struct sm_validation validation = {.diags = diags, .path = finish->instance->name, .node = settings, .arena = ARENA};
    if (sm_options_decode(type->options, options, type->options_size, settings, finish->instance->name, ARENA, diags) && type->validate)
        type->validate(options, &validation);
    finish->decoding->error_count += sm_diags_error_count(diags) - before;
}

/* ---- otelcol.exporter.prometheus */

static void add_entries(struct sm_alloy_finish *finish, struct sm_node *map, const struct sm_node *from)
{
    for (size_t i = 0; from && i < from->map.count; i++)
        sm_tree_add(map, ARENA, from->map.entries[i].key, from->map.entries[i].key_position, from->map.entries[i].value);
}

static void add_branch(struct sm_alloy_finish *finish, struct sm_alloy_instance *remote_write, const struct sm_node *endpoint, struct sm_node *rules)
{
    struct sm_alloy_instance *instance = finish->instance;
    if (instance->branch_count == BRANCHES_MAX) {
        sm_alloy_decoding_error(finish->decoding, instance->position, NULL, "forwards in more than %d ways", BRANCHES_MAX);
        return;
    }
    struct sm_node *settings = sm_tree_map(ARENA, endpoint->position);
    add_entries(finish, settings, endpoint);
    add_entries(finish, settings, finish->settings);
    struct sm_node *labels = sm_tree_find(remote_write->settings, "external_labels");
    if (labels)
        sm_tree_add(settings, ARENA, "external_labels", labels->position, labels);
    if (rules->list.count)
        sm_tree_add(settings, ARENA, "relabel_configs", rules->position, rules);
    set_yaml(finish, settings, "conversion", "alloy");
    instance->branches = sm_arena_grow(ARENA, instance->branches, instance->branch_count, &instance->branch_capacity, instance->branch_count + 1,
                                       sizeof(*instance->branches));
    const char *id = instance->branch_count == 0 ? instance->id : sm_arena_printf(ARENA, "%s.%zu", instance->id, instance->branch_count + 1);
    instance->branches[instance->branch_count++] = (struct sm_alloy_branch){.id = id, .settings = settings};
}

static struct sm_node *join_rules(struct sm_alloy_finish *finish, const struct sm_node *before, struct sm_alloy_instance *relabel)
{
    struct sm_node *all = sm_tree_list(ARENA, relabel->position);
    const struct sm_node *parts[] = {before, sm_tree_find(relabel->settings, "relabel_configs")};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        for (size_t k = 0; parts[i] && k < parts[i]->list.count; k++)
            sm_tree_append(all, ARENA, parts[i]->list.items[k]);
    return all;
}

/* Blocks form no circle, so this ends. */
static void follow(struct sm_alloy_finish *finish, const struct sm_alloy_value *receivers, struct sm_node *rules)
{
    for (size_t i = 0; receivers && i < receivers->array.count; i++) {
        struct sm_alloy_instance *target = receivers->array.items[i]->target;
        if (target->receivers)
            follow(finish, target->receivers, join_rules(finish, rules, target));
        for (size_t k = 0; target->pieces && k < target->pieces->list.count; k++)
            add_branch(finish, target, target->pieces->list.items[k], rules);
    }
}

static bool is_positive(const struct sm_node *duration)
{
    int64_t ns;
    return duration->kind == SM_NODE_STRING && sm_duration_parse(sm_slice_of(duration->string), &ns) && ns > 0;
}

void sm_alloy_finish_prometheus_exporter(struct sm_alloy_finish *finish)
{
    const struct sm_node *frequency = sm_tree_take(finish->settings, "gc_frequency");
    const struct sm_node *native = sm_tree_take(finish->settings, "convert_classic_histograms_to_nhcb");
    if (frequency && !is_positive(frequency))
        sm_alloy_decoding_error(finish->decoding, frequency->position, NULL, "gc_frequency must be greater than 0");
    if (is_true(native))
        sm_alloy_decoding_error(finish->decoding, native->position, NULL,
                                "convert_classic_histograms_to_nhcb is experimental and requires setting the stability.level flag to experimental");
    finish->instance->is_branching = true;
    follow(finish, finish->instance->receivers, sm_tree_list(ARENA, finish->instance->position));
}

/* ---- prometheus.relabel */

void sm_alloy_finish_relabel(struct sm_alloy_finish *finish)
{
    const struct sm_node *size = sm_tree_take(finish->settings, "max_cache_size");
    finish->instance->is_left_out = true;
    if (size && size->kind == SM_NODE_INT && size->integer <= 0)
        sm_alloy_decoding_error(finish->decoding, size->position, NULL, "max_cache_size must be greater than 0 and is %lld",
                                (long long)size->integer);
    check(finish, finish->settings);
}

/* ---- prometheus.remote_write */

/* An extension of our own that only this endpoint names. */
static const char *add_extension(struct sm_alloy_finish *finish, const char *component, size_t index, struct sm_node *settings)
{
    struct sm_alloy_loading *loading = finish->loading;
    struct sm_alloy_instance *extension = sm_arena_zalloc(ARENA, 1, sizeof(*extension));
    *extension = (struct sm_alloy_instance){.component = sm_alloy_component_find(sm_slice_of(component)),
                                            .name = finish->instance->name,
                                            .position = settings->position,
                                            .settings = settings,
                                            .is_used = true};
    extension->type = loading->options->find_type(SM_EXTENSION, sm_slice_of(extension->component->type));
    extension->id = sm_arena_printf(ARENA, "%s/remote_write.%s.%zu", extension->component->type, finish->label, index + 1);
    loading->last->next = extension;
    loading->last = extension;
    loading->instance_count++;
    return extension->id;
}

static void use_basic(struct sm_alloy_finish *finish, struct sm_node *endpoint, size_t index, struct sm_node *basic)
{
    if (*text_of(basic, "password") && *text_of(basic, "password_file")) {
        sm_alloy_decoding_error(finish->decoding, basic->position, NULL, "at most one of basic_auth password & password_file must be configured");
        return;
    }
    struct sm_node *settings = sm_tree_map(ARENA, basic->position);
    sm_tree_set(settings, ARENA, "client_auth", basic->position, basic);
    const char *id = add_extension(finish, "otelcol.auth.basic", index, settings);
    sm_tree_set(endpoint, ARENA, "auth.authenticator", basic->position, sm_tree_string(ARENA, basic->position, id));
}

static void use_token(struct sm_alloy_finish *finish, struct sm_node *endpoint, size_t index, struct sm_node *authorization)
{
    static const char *const keys[][2] = {{"type", "scheme"}, {"credentials", "token"}, {"credentials_file", "filename"}};
    struct sm_node *settings = sm_tree_map(ARENA, authorization->position);
    if (*text_of(authorization, "credentials") && *text_of(authorization, "credentials_file"))
        sm_alloy_decoding_error(finish->decoding, authorization->position, NULL,
                                "at most one of authorization credentials & credentials_file must be configured");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (*text_of(authorization, keys[i][0]))
            sm_tree_set(settings, ARENA, keys[i][1], authorization->position, sm_tree_find(authorization, keys[i][0]));
    const char *id = add_extension(finish, "otelcol.auth.bearer", index, settings);
    sm_tree_set(endpoint, ARENA, "auth.authenticator", authorization->position, sm_tree_string(ARENA, authorization->position, id));
}

/* `authorization` as bearer_token and bearer_token_file stand for. */
static struct sm_node *wrap_token(struct sm_alloy_finish *finish, const char *key, struct sm_node *token)
{
    struct sm_node *map = sm_tree_map(ARENA, token->position);
    sm_tree_set(map, ARENA, key, token->position, token);
    return map;
}

static void shape_credentials(struct sm_alloy_finish *finish, struct sm_node *endpoint, size_t index)
{
    struct sm_node *basic = sm_tree_take(endpoint, "basic_auth"), *authorization = sm_tree_take(endpoint, "authorization");
    struct sm_node *token = sm_tree_take(endpoint, "bearer_token"), *file = sm_tree_take(endpoint, "bearer_token_file");
    if (token && !*token->string)
        token = NULL;
    if (file && !*file->string)
        file = NULL;
    if ((basic != NULL) + (authorization != NULL) + (token != NULL) + (file != NULL) > 1) {
        sm_alloy_decoding_error(finish->decoding, endpoint->position, NULL,
                                "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured");
        return;
    }
    if (token)
        authorization = wrap_token(finish, "credentials", token);
    if (file)
        authorization = wrap_token(finish, "credentials_file", file);
    if (basic)
        use_basic(finish, endpoint, index, basic);
    else if (authorization)
        use_token(finish, endpoint, index, authorization);
}

/* What holds where nothing is said, as Prometheus sends: in small requests, for ever again. */
static void add_presets(struct sm_alloy_finish *finish, struct sm_node *endpoint)
{
    static const char *const presets[][2] = {{"max_batch_request_parallelism", "50"},
                                             {"max_samples_per_send", "2000"},
                                             {"retry_on_http_429", "true"},
                                             {"drop_samples_before_start", "true"},
                                             {"disable_scope_info", "true"}};
    static const char *const retries[][2] = {
        {"initial_interval", "30ms"}, {"max_interval", "5s"}, {"max_elapsed_time", "0s"}, {"multiplier", "2.0"}, {"randomization_factor", "0.0"}};
    for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
        if (!sm_tree_find(endpoint, presets[i][0]))
            set_yaml(finish, endpoint, presets[i][0], presets[i][1]);
    struct sm_node *retry = sm_tree_find(endpoint, "retry_on_failure");
    for (size_t i = 0; i < sizeof(retries) / sizeof(retries[0]); i++)
        if (!retry || !sm_tree_find(retry, retries[i][0]))
            set_yaml(finish, endpoint, sm_arena_printf(ARENA, "retry_on_failure.%s", retries[i][0]), retries[i][1]);
    struct sm_node *samples = sm_tree_find(endpoint, "max_samples_per_send");
    if (!sm_tree_find(endpoint, "remote_write_queue"))
        set_yaml(finish, endpoint, "remote_write_queue.batch.flush_timeout", "5s");
    sm_tree_set(endpoint, ARENA, "remote_write_queue.batch.min_size", samples->position, samples);
}

/* Requests all go to one host: either it is reached through the proxy or not. */
static void shape_proxy(struct sm_node *endpoint)
{
    const struct sm_node *no_proxy = sm_tree_take(endpoint, "no_proxy");
    if (no_proxy && sm_alloy_is_reached_without_proxy(text_of(endpoint, "endpoint"), no_proxy->string))
        (void)sm_tree_take(endpoint, "proxy_url");
}

static void shape_endpoint(struct sm_alloy_finish *finish, struct sm_node *endpoint, size_t index)
{
    shape_proxy(endpoint);
    shape_credentials(finish, endpoint, index);
    add_presets(finish, endpoint);
    struct sm_node *checked = sm_tree_map(ARENA, endpoint->position);
    add_entries(finish, checked, endpoint);
    set_yaml(finish, checked, "conversion", "alloy");
    check(finish, checked);
}

static int64_t duration_of(struct sm_node *map, const char *key)
{
    int64_t ns;
    return sm_duration_parse(sm_slice_of(text_of(map, key)), &ns) ? ns : 0;
}

/* Nothing is written to a log before it is sent, so this only holds what Alloy would refuse. */
static void check_wal(struct sm_alloy_finish *finish)
{
    struct sm_node *wal = sm_tree_take(finish->settings, "wal");
    if (!wal)
        return;
    if (duration_of(wal, "truncate_frequency") == 0)
        sm_alloy_decoding_error(finish->decoding, wal->position, NULL, "truncate_frequency must not be 0");
    else if (duration_of(wal, "max_keepalive_time") <= duration_of(wal, "min_keepalive_time"))
        sm_alloy_decoding_error(finish->decoding, wal->position, NULL, "min_keepalive_time must be smaller than max_keepalive_time");
}

void sm_alloy_finish_remote_write(struct sm_alloy_finish *finish)
{
    struct sm_node *endpoints = finish->instance->pieces;
    finish->instance->is_left_out = true;
    check_wal(finish);
    for (size_t i = 0; endpoints && i < endpoints->list.count; i++)
        shape_endpoint(finish, endpoints->list.items[i], i);
}
