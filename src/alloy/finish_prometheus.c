/* finish_prometheus.c - otelcol.exporter.prometheus with each endpoint of each prometheus.remote_write behind it becomes one exporter of the
 * Collector.
 *
 * What differs from Alloy: there is no log on disk in front of the endpoints, and samples are sent whatever their time. */
#include "alloy/finish.h"

#include "alloy/tree_node.h"
#include "wire/base64.h"

#define ARENA (finish->decoding->machine->arena)

/* Settings that are only known with one value. */
static void refuse(struct sm_alloy_finish *finish, struct sm_node *map, const char *key, bool refused)
{
    const struct sm_node *node = sm_alloy_node_take(map, key);
    if (node && node->kind == SM_NODE_BOOL && node->boolean == refused)
        sm_alloy_decoding_error(finish->decoding, node->position, NULL, "%s = %s is not built in spanmill", key, refused ? "true" : "false");
}

static void set_authorization(struct sm_alloy_finish *finish, struct sm_node *endpoint, const char *text)
{
    struct sm_position position = endpoint->position;
    struct sm_node *headers = sm_alloy_node_find(endpoint, "headers");
    if (!headers) {
        headers = sm_alloy_node_map(ARENA, position);
        sm_alloy_node_set(endpoint, ARENA, "headers", position, headers);
    }
    sm_alloy_node_add(headers, ARENA, "Authorization", position, sm_alloy_node_string(ARENA, position, text));
}

static const char *text_of(struct sm_node *map, const char *key, const char *otherwise)
{
    const struct sm_node *node = sm_alloy_node_find(map, key);
    return node && node->kind == SM_NODE_STRING ? node->string : otherwise;
}

static const char *basic_text(struct sm_alloy_finish *finish, struct sm_node *basic)
{
    struct sm_slice plain = sm_slice_of(sm_arena_printf(ARENA, "%s:%s", text_of(basic, "username", ""), text_of(basic, "password", "")));
    size_t size = sm_base64_encoded_size(plain.size);
    char *encoded = sm_arena_alloc(ARENA, size + 1);
    sm_base64_encode(plain, encoded);
    return sm_arena_printf(ARENA, "Basic %.*s", (int)size, encoded);
}

static void finish_endpoint(struct sm_alloy_finish *finish, struct sm_node *endpoint)
{
    struct sm_node *basic = sm_alloy_node_take(endpoint, "basic_auth"), *other = sm_alloy_node_take(endpoint, "authorization");
    struct sm_node *token = sm_alloy_node_take(endpoint, "bearer_token");
    if ((basic != NULL) + (other != NULL) + (token != NULL) > 1)
        sm_alloy_decoding_error(finish->decoding, endpoint->position, NULL,
                                "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured");
    else if (basic)
        set_authorization(finish, endpoint, basic_text(finish, basic));
    else if (other)
        set_authorization(finish, endpoint, sm_arena_printf(ARENA, "%s %s", text_of(other, "type", "Bearer"), text_of(other, "credentials", "")));
    else if (token)
        set_authorization(finish, endpoint, sm_arena_printf(ARENA, "Bearer %s", token->string));
    refuse(finish, endpoint, "send_exemplars", false);
    refuse(finish, endpoint, "follow_redirects", false);
    refuse(finish, endpoint, "round_robin_dns", true);
    refuse(finish, endpoint, "retry_on_http_429", false);
    const struct sm_node *age = sm_alloy_node_take(endpoint, "sample_age_limit");
    if (age && strcmp(age->string, "0s") != 0)
        sm_alloy_decoding_error(finish->decoding, age->position, NULL, "sample_age_limit is not built in spanmill");
    /* Alloy tries for ever. */
    sm_alloy_node_set(endpoint, ARENA, "retry_on_failure.max_elapsed_time", endpoint->position,
                      sm_alloy_node_string(ARENA, endpoint->position, "0s"));
}

void sm_alloy_finish_remote_write(struct sm_alloy_finish *finish)
{
    struct sm_node *endpoints = sm_alloy_node_find(finish->settings, "endpoints");
    finish->instance->is_left_out = true; /* it is part of what sends to it */
    for (size_t i = 0; endpoints && i < endpoints->list.count; i++)
        finish_endpoint(finish, endpoints->list.items[i]);
}

static void copy_entries(struct sm_alloy_finish *finish, struct sm_node *into, const struct sm_node *from)
{
    for (size_t i = 0; i < from->map.count; i++)
        sm_alloy_node_add(into, ARENA, from->map.entries[i].key, from->map.entries[i].key_position, from->map.entries[i].value);
}

/* One exporter for an endpoint: the first is the component itself, others hang behind it. */
static void add_endpoint(struct sm_alloy_finish *finish, const struct sm_node *own, const struct sm_node *endpoint, struct sm_node *labels,
                         size_t number)
{
    struct sm_alloy_instance *instance = finish->instance;
    if (number > 0) {
        struct sm_alloy_instance *copy = sm_arena_alloc(ARENA, sizeof(*copy));
        *copy = *finish->instance;
        copy->id = sm_arena_printf(ARENA, "%s.%zu", finish->instance->id, number + 1);
        copy->next = NULL;
        copy->also = finish->instance->also;
        finish->instance->also = copy;
        instance = copy;
    }
    instance->settings = sm_alloy_node_map(ARENA, endpoint->position);
    copy_entries(finish, instance->settings, endpoint);
    copy_entries(finish, instance->settings, own);
    if (labels)
        sm_alloy_node_add(instance->settings, ARENA, "external_labels", labels->position, labels);
    sm_alloy_node_add(instance->settings, ARENA, "disable_scope_info", endpoint->position, sm_alloy_node_yaml(ARENA, endpoint->position, "true"));
}

void sm_alloy_finish_prometheus(struct sm_alloy_finish *finish)
{
    static const char *const unbuilt[] = {"include_scope_info", "honor_metadata", "convert_classic_histograms_to_nhcb",
                                          "keep_identifying_resource_attributes", "start_timestamp_zero_ingestion"};
    for (size_t i = 0; i < sizeof(unbuilt) / sizeof(unbuilt[0]); i++)
        refuse(finish, finish->settings, unbuilt[i], true);
    const struct sm_alloy_value *targets = finish->instance->forward_to;
    const struct sm_node *own = finish->settings;
    size_t count = 0;
    for (size_t i = 0; targets && i < targets->array.count; i++) {
        struct sm_alloy_instance *target = targets->array.items[i]->target;
        const struct sm_node *endpoints = sm_alloy_node_find(target->settings, "endpoints");
        for (size_t k = 0; endpoints && k < endpoints->list.count; k++)
            add_endpoint(finish, own, endpoints->list.items[k], sm_alloy_node_find(target->settings, "external_labels"), count++);
    }
    if (count > 0)
        return;
    finish->instance->id = sm_arena_printf(ARENA, "nop/%s", finish->label); /* what it gets goes nowhere */
    finish->instance->settings = sm_alloy_node_map(ARENA, finish->instance->position);
}
