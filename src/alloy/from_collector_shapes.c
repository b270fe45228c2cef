/* from_collector_shapes.c - what rows cannot say of single components on the way from the Collector to Alloy. The other side of finish.c. */
#include "alloy/from_collector_rows.h"
#include "base/ascii.h"
#include "config/tree.h"
#include "ottl/ottl.h"

/* ---- span_metrics */

/* Takes `text` out of the list at `key`; false: it is not there. */
static bool take_text(struct sm_node *settings, const char *key, const char *text)
{
    struct sm_node *list = sm_tree_find(settings, key);
    size_t kept = 0, count = list && list->kind == SM_NODE_LIST ? list->list.count : 0;
    for (size_t i = 0; i < count; i++)
        if (list->list.items[i]->kind != SM_NODE_STRING || strcmp(list->list.items[i]->string, text) != 0)
            list->list.items[kept++] = list->list.items[i];
    if (count)
        list->list.count = kept;
    if (count && kept == 0)
        (void)sm_tree_take(settings, key);
    return kept < count;
}

/* Alloy leaves out the collector's id unless told otherwise; a Collector leaves it out when told so. */
static void prepare_spanmetrics(struct sm_alloy_back *back, struct sm_node *settings)
{
    struct sm_position position = settings->position;
    struct sm_node *histogram = sm_tree_find(settings, "histogram");
    struct sm_node *explicit = histogram && histogram->kind == SM_NODE_MAP ? sm_tree_find(histogram, "explicit") : NULL;
    struct sm_node *exponential = histogram && histogram->kind == SM_NODE_MAP ? sm_tree_find(histogram, "exponential") : NULL;
    const struct sm_node *max_size = exponential ? sm_tree_find(exponential, "max_size") : NULL;
    if (exponential && exponential->kind == SM_NODE_MAP &&
        (!max_size || (max_size->kind == SM_NODE_INT && max_size->integer == 0))) /* 160 to the Collector; Alloy refuses it */
        sm_tree_set(exponential, back->arena, "max_size", position, sm_tree_int(back->arena, position, 160));
    bool is_exponential = histogram && histogram->kind == SM_NODE_MAP && sm_tree_find(histogram, "exponential");
    if (explicit && (explicit->kind != SM_NODE_MAP || !sm_tree_find(explicit, "buckets")))
        sm_tree_set(settings, back->arena, "histogram.explicit.buckets", position, sm_tree_list(back->arena, position));
    else if (!explicit && !is_exponential)
        sm_tree_set(settings, back->arena, "histogram.explicit", position, sm_tree_map(back->arena, position));
    const struct sm_node *temporality = sm_tree_find(settings, "aggregation_temporality");
    if (temporality && (temporality->kind != SM_NODE_STRING || strcmp(temporality->string, "AGGREGATION_TEMPORALITY_DELTA") != 0))
        (void)sm_tree_take(settings, "aggregation_temporality"); /* anything else is cumulative to the Collector */
    if (take_text(settings, "exclude_dimensions", "collector.instance.id"))
        return;
    struct sm_node *yes = sm_tree_yaml(back->arena, settings->position, "true");
    sm_tree_set(settings, back->arena, "include_collector_instance_id", settings->position, yes);
}

/* ---- statements and conditions */

static bool has_list(struct sm_node *map, const char *key)
{
    const struct sm_node *list = sm_tree_find(map, key);
    return list && (list->kind != SM_NODE_LIST || list->list.count > 0) && list->kind != SM_NODE_NULL;
}

static const char *text_of(struct sm_node *map, const char *key)
{
    const struct sm_node *node = sm_tree_find(map, key);
    return node && node->kind == SM_NODE_STRING ? node->string : "";
}

/* The Collector takes error modes in any case. */
static void lower_error_mode(struct sm_alloy_back *back, struct sm_node *map)
{
    if (!*text_of(map, "error_mode"))
        return;
    char *text = sm_arena_printf(back->arena, "%s", text_of(map, "error_mode"));
    for (char *at = text; *at; at++)
        *at = sm_ascii_lower(*at);
    sm_tree_set(map, back->arena, "error_mode", map->position, sm_tree_string(back->arena, map->position, text));
}

static bool add_texts(struct sm_ottl_inference *inference, struct sm_node *map, const char *key, bool is_statement)
{
    struct sm_ottl_error error;
    const struct sm_node *list = sm_tree_find(map, key);
    for (size_t i = 0; list && list->kind == SM_NODE_LIST && i < list->list.count; i++)
        if (list->list.items[i]->kind != SM_NODE_STRING ||
            !sm_ottl_inference_add(inference, sm_slice_of(list->list.items[i]->string), is_statement, &error))
            return false;
    return true;
}

/* Alloy wants the context of a group to be said; paths that begin with it are taken all the same. */
static void name_context(struct sm_alloy_back *back, struct sm_node *group, unsigned contexts)
{
    enum sm_ottl_context context;
    struct sm_ottl_error error;
    struct sm_ottl_inference *inference = sm_ottl_inference_create();
    bool is_known = *text_of(group, "context")
                        ? sm_ottl_context_find(sm_slice_of(text_of(group, "context")), &context)
                        : add_texts(inference, group, "statements", true) && add_texts(inference, group, "conditions", false) &&
                              sm_ottl_infer(inference, contexts, SM_OTTL_CONVERTERS | SM_OTTL_EDITORS | SM_OTTL_FOR_TRANSFORM, &context, &error);
    sm_ottl_inference_free(inference);
    if (is_known)
        sm_tree_set(group, back->arena, "context", group->position, sm_tree_string(back->arena, group->position, sm_ottl_context_name(context)));
}

/* Whether the block `statements`, which comes behind the groups and has a context of its own, says the same. */
static bool is_plain(struct sm_node *group)
{
    return !*text_of(group, "context") && !*text_of(group, "error_mode") && !has_list(group, "conditions") && has_list(group, "statements");
}

static void prepare_groups(struct sm_alloy_back *back, struct sm_node *settings, const char *key, const char *inferred, unsigned contexts)
{
    struct sm_node *groups = sm_tree_find(settings, key), *kept = sm_tree_list(back->arena, settings->position);
    if (!groups || groups->kind != SM_NODE_LIST || groups->list.count == 0)
        return;
    if (groups->list.items[0]->kind == SM_NODE_STRING) {
        sm_tree_set(settings, back->arena, inferred, groups->position, sm_tree_take(settings, key));
        return;
    }
    for (size_t i = 0; i < groups->list.count; i++) {
        struct sm_node *group = groups->list.items[i];
        if (group->kind != SM_NODE_MAP || !has_list(group, "statements"))
            continue;
        if (i + 1 == groups->list.count && is_plain(group)) {
            sm_tree_set(settings, back->arena, inferred, group->position, sm_tree_find(group, "statements"));
            continue;
        }
        name_context(back, group, contexts);
        lower_error_mode(back, group);
        sm_tree_append(kept, back->arena, group);
    }
    sm_tree_set(settings, back->arena, key, settings->position, kept);
}

static void prepare_transform(struct sm_alloy_back *back, struct sm_node *settings)
{
    enum { ANY = 1u << SM_OTTL_SCOPE | 1u << SM_OTTL_RESOURCE };
    lower_error_mode(back, settings);
    prepare_groups(back, settings, "trace_statements", "statements.trace", ANY | 1u << SM_OTTL_SPAN | 1u << SM_OTTL_SPANEVENT);
    prepare_groups(back, settings, "metric_statements", "statements.metric", ANY | 1u << SM_OTTL_METRIC | 1u << SM_OTTL_DATAPOINT);
    prepare_groups(back, settings, "log_statements", "statements.log", ANY | 1u << SM_OTTL_LOG);
}

/* Conditions that stand alone become groups of one. */
static void prepare_filter(struct sm_alloy_back *back, struct sm_node *settings)
{
    static const char *const keys[] = {"trace_conditions", "metric_conditions", "log_conditions"};
    lower_error_mode(back, settings);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct sm_node *groups = sm_tree_find(settings, keys[i]);
        for (size_t k = 0; groups && groups->kind == SM_NODE_LIST && k < groups->list.count; k++) {
            struct sm_node *condition = groups->list.items[k];
            if (condition->kind != SM_NODE_STRING)
                continue;
            struct sm_node *group = sm_tree_map(back->arena, condition->position), *list = sm_tree_list(back->arena, condition->position);
            sm_tree_append(list, back->arena, condition);
            sm_tree_set(group, back->arena, "conditions", condition->position, list);
            groups->list.items[k] = group;
        }
    }
}

/* Alloy wants it said what traces and logs are spread by. */
static void prepare_load_balancing(struct sm_alloy_back *back, struct sm_node *settings)
{
    const struct sm_node *key = sm_tree_find(settings, "routing_key");
    if (key && key->kind == SM_NODE_STRING && *key->string)
        return;
    sm_tree_set(settings, back->arena, "routing_key", settings->position, sm_tree_string(back->arena, settings->position, "traceID"));
}

void sm_alloy_prepare_settings(struct sm_alloy_back *back, const struct sm_alloy_component *component, struct sm_node *left)
{
    static const struct {
        const char *type;
        void (*prepare)(struct sm_alloy_back *back, struct sm_node *settings);
    } shapes[] = {{"span_metrics", prepare_spanmetrics},
                  {"transform", prepare_transform},
                  {"filter", prepare_filter},
                  {"load_balancing", prepare_load_balancing}};
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        if (strcmp(shapes[i].type, component->type) == 0)
            shapes[i].prepare(back, left);
}
