/* finish.c - see finish.h. Source: the Validate and Convert functions of Alloy's internal/component/otelcol components. */
#include "alloy/finish.h"

#include "config/diags.h"
#include "config/duration.h"
#include "config/tree.h"

#define ARENA (finish->decoding->machine->arena)
#define STORAGE_FOLDER "data-alloy" /* what --storage.path is in Alloy when not given */

static int64_t number_of(struct sm_node *map, const char *key)
{
    const struct sm_node *node = sm_tree_find(map, key);
    return node && node->kind == SM_NODE_INT ? node->integer : 0;
}

static const char *text_of(struct sm_node *map, const char *key)
{
    const struct sm_node *node = sm_tree_find(map, key);
    return node && node->kind == SM_NODE_STRING ? node->string : "";
}

/* A single Alloy leaves out the dimension that tells several collectors apart. */
void sm_alloy_finish_spanmetrics(struct sm_alloy_finish *finish)
{
    struct sm_node *histogram = sm_tree_find(finish->settings, "histogram");
    struct sm_node *exponential = histogram ? sm_tree_find(histogram, "exponential") : NULL;
    struct sm_node *explicit = histogram ? sm_tree_find(histogram, "explicit") : NULL;
    if (histogram && !exponential == !explicit)
        sm_alloy_decoding_error(finish->decoding, histogram->position, NULL,
                                exponential ? "only one of `exponential` or `explicit` histogram configuration block can be specified"
                                            : "either `exponential` or `explicit` histogram configuration block must be specified");
    if (exponential && number_of(exponential, "max_size") <= 0)
        sm_alloy_decoding_error(finish->decoding, exponential->position, NULL, "max_size must be greater than 0");
    const struct sm_node *includes = sm_tree_take(finish->settings, "include_collector_instance_id");
    if (includes && includes->kind == SM_NODE_BOOL && includes->boolean)
        return;
    struct sm_position position = finish->settings->position;
    struct sm_node *excluded = sm_tree_find(finish->settings, "exclude_dimensions");
    if (!excluded) {
        excluded = sm_tree_list(ARENA, position);
        sm_tree_set(finish->settings, ARENA, "exclude_dimensions", position, excluded);
    }
    sm_tree_append(excluded, ARENA, sm_tree_string(ARENA, position, "collector.instance.id"));
}

/* Buckets are always there in Alloy, and an exponential histogram goes before them; the Collector wants one of the two. */
void sm_alloy_finish_servicegraph(struct sm_alloy_finish *finish)
{
    if (number_of(finish->settings, "exponential_histogram_max_size") > 0)
        sm_tree_take(finish->settings, "latency_histogram_buckets");
}

/* Without a protocol it listens nowhere, which the Collector refuses. */
void sm_alloy_finish_otlp(struct sm_alloy_finish *finish)
{
    if (sm_tree_find(finish->settings, "protocols"))
        return;
    finish->instance->is_left_out = true;
    sm_diags_add(finish->decoding->diags, SM_DIAG_WARNING, finish->settings->position, NULL, NULL,
                 "%s has neither a grpc nor an http block: it listens nowhere", finish->instance->name);
}

void sm_alloy_finish_memory_limiter(struct sm_alloy_finish *finish)
{
    struct sm_position position = finish->settings->position;
    bool has_limit = number_of(finish->settings, "limit_mib") > 0;
    int64_t percent = number_of(finish->settings, "limit_percentage"), spike = number_of(finish->settings, "spike_limit_percentage");
    if (has_limit && percent > 0)
        sm_alloy_decoding_error(finish->decoding, position, NULL, "either limit or limit_percentage must be set, but not both");
    else if (!has_limit && percent == 0)
        sm_alloy_decoding_error(finish->decoding, position, NULL, "either limit or limit_percentage must be set to greater than zero");
    else if (!has_limit && (percent > 100 || spike <= 0 || spike > 100))
        sm_alloy_decoding_error(finish->decoding, position, NULL,
                                "limit_percentage and spike_limit_percentage must be greater than 0 and less or equal than 100");
}

static int64_t duration_of(struct sm_node *map, const char *key, int64_t preset)
{
    int64_t ns;
    return sm_duration_parse(sm_slice_of(text_of(map, key)), &ns) ? ns : preset;
}

/* The Collector wants the longest wait to be within the time after which a request is dropped; Alloy does not ask, and drops it all the same. */
void sm_alloy_finish_exporter(struct sm_alloy_finish *finish)
{
    struct sm_node *retry = sm_tree_find(finish->settings, "retry_on_failure");
    if (!retry)
        return;
    int64_t limit = duration_of(retry, "max_elapsed_time", 5 * SM_MIN), longest = duration_of(retry, "max_interval", 30 * SM_S);
    const struct sm_node *multiplier = sm_tree_find(retry, "multiplier");
    double factor = !multiplier ? 1.5 : multiplier->kind == SM_NODE_FLOAT ? multiplier->number : (double)multiplier->integer;
    if (limit > 0 && limit < longest) {
        char text[SM_DURATION_TEXT_SIZE];
        const char *shorter = sm_arena_strdup(ARENA, sm_slice_of(sm_duration_format(limit, text)));
        sm_tree_set(retry, ARENA, "max_interval", retry->position, sm_tree_string(ARENA, retry->position, shorter));
    }
    if (factor <= 1)
        sm_alloy_decoding_error(finish->decoding, multiplier->position, NULL, "multiplier must be greater than 1.0");
}

void sm_alloy_finish_sampler(struct sm_alloy_finish *finish)
{
    if (sm_tree_find(finish->settings, "mode") && !*text_of(finish->settings, "mode"))
        sm_tree_take(finish->settings, "mode");
}

/* What stands in the block `statements` comes behind the groups with a context. */
void sm_alloy_finish_transform(struct sm_alloy_finish *finish)
{
    static const char *const keys[][2] = {{"trace", "trace_statements"}, {"metric", "metric_statements"}, {"log", "log_statements"}};
    struct sm_node *inferred = sm_tree_take(finish->settings, "statements");
    for (size_t i = 0; inferred && i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct sm_node *statements = sm_tree_find(inferred, keys[i][0]);
        if (!statements || statements->kind != SM_NODE_LIST || statements->list.count == 0)
            continue;
        struct sm_node *groups = sm_tree_find(finish->settings, keys[i][1]);
        if (!groups) {
            groups = sm_tree_list(ARENA, statements->position);
            sm_tree_set(finish->settings, ARENA, keys[i][1], statements->position, groups);
        }
        struct sm_node *group = sm_tree_map(ARENA, statements->position);
        sm_tree_set(group, ARENA, "statements", statements->position, statements);
        sm_tree_append(groups, ARENA, group);
    }
}

void sm_alloy_finish_storage(struct sm_alloy_finish *finish)
{
    struct sm_position position = finish->settings->position;
    const char *directory = text_of(finish->settings, "directory");
    if (!*directory)
        directory = sm_arena_printf(ARENA, STORAGE_FOLDER "/otelcol.storage.file.%s", finish->label);
    sm_tree_set(finish->settings, ARENA, "directory", position, sm_tree_string(ARENA, position, directory));
    struct sm_node *compaction = sm_tree_find(finish->settings, "compaction");
    if (!compaction || !*text_of(compaction, "directory"))
        sm_tree_set(finish->settings, ARENA, "compaction.directory", position, sm_tree_string(ARENA, position, directory));
}

/* The same credentials serve clients and servers, which the Collector has as two extensions. */
void sm_alloy_finish_basic(struct sm_alloy_finish *finish)
{
    struct sm_position position = finish->settings->position;
    struct sm_node *username = sm_tree_take(finish->settings, "username"), *password = sm_tree_take(finish->settings, "password");
    struct sm_node *htpasswd = sm_tree_take(finish->settings, "htpasswd");
    struct sm_node *server = sm_tree_map(ARENA, position);
    if (!htpasswd)
        htpasswd = sm_tree_map(ARENA, position);
    if (username && password && *username->string && *password->string) {
        const char *lines = sm_arena_printf(ARENA, "%s\n%s:%s", text_of(htpasswd, "inline"), username->string, password->string);
        sm_tree_set(htpasswd, ARENA, "inline", position, sm_tree_string(ARENA, position, lines));
    }
    sm_tree_set(server, ARENA, "htpasswd", position, htpasswd);
    finish->instance->server_settings = server;
    if (sm_tree_find(finish->settings, "client_auth"))
        return;
    if (username)
        sm_tree_set(finish->settings, ARENA, "client_auth.username", position, username);
    if (password)
        sm_tree_set(finish->settings, ARENA, "client_auth.password", position, password);
}
