/* load.c - fetches every source, merges them in order, and substitutes what is left at the end (so what a later source replaces is never fetched).
 *
 * Source: opentelemetry-collector confmap/resolver.go and otelcol/flags.go. */
#include "config/load.h"

#include <ctype.h>

#include "base/bytes.h"
#include "base/error.h"
#include "config/diags.h"
#include "config/expand.h"
#include "config/gates.h"
#include "config/merge.h"
#include "config/provider.h"
#include "config/source.h"
#include "config/yaml.h"

/* A --config without scheme is a path; so is one with a drive letter, as in the reference. */
static struct sm_slice complete_uri(const char *uri, struct sm_arena *arena)
{
    bool has_letter = isalpha((unsigned char)uri[0]) && uri[1] == ':';
    if (has_letter || !strchr(uri, ':'))
        return sm_slice_of(sm_arena_printf(arena, "file:%s", uri));
    return sm_slice_of(uri);
}

static struct sm_node *empty_map(struct sm_position position, struct sm_arena *arena)
{
    struct sm_node *map = sm_arena_zalloc(arena, 1, sizeof(*map));
    *map = (struct sm_node){.kind = SM_NODE_MAP, .position = position};
    return map;
}

static bool is_foreign(const struct sm_node *map, const struct sm_load_front_end *front_end, struct sm_diags *diags)
{
    const char *what_to_do = NULL;
    const struct sm_node_entry *found = front_end && front_end->find_foreign ? front_end->find_foreign(map, &what_to_do) : NULL;
    if (found)
        sm_diags_add(diags, SM_DIAG_ERROR, found->key_position, found->key, NULL, "%s", what_to_do);
    return found != NULL;
}

/* What the reference calls a value of that kind. */
static const char *go_type(enum sm_node_kind kind)
{
    switch (kind) {
    case SM_NODE_BOOL:
        return "bool";
    case SM_NODE_INT:
        return "int";
    case SM_NODE_FLOAT:
        return "float64";
    case SM_NODE_LIST:
        return "[]interface {}";
    default:
        return "string";
    }
}

/* A text in another language is one mistake, not one in every line. */
static bool is_in_another_language(const struct sm_source *source, const struct sm_load_front_end *front_end, struct sm_diags *diags)
{
    const char *what_to_do = front_end && front_end->find_language ? front_end->find_language(source) : NULL;
    const struct sm_position start = {.source = source, .line = 1, .column = 1};
    if (what_to_do)
        sm_diags_add(diags, SM_DIAG_ERROR, start, NULL, NULL, "%s", what_to_do);
    return what_to_do != NULL;
}

/* Parses one source, which must be a map or empty, and lays it over `*root`. */
static bool lay_over(const struct sm_node **root, const struct sm_source *source, const struct sm_load_front_end *front_end, struct sm_arena *arena,
                     struct sm_diags *diags)
{
    const struct sm_node *node = sm_yaml_parse(source, arena, NULL);
    bool is_map = node && (node->kind == SM_NODE_MAP || node->kind == SM_NODE_NULL);
    if (!is_map && is_in_another_language(source, front_end, diags))
        return false;
    if (!node)
        node = sm_yaml_parse(source, arena, diags); /* tells what is wrong */
    if (!node)
        return false;
    if (node->kind == SM_NODE_NULL) {
        if (!(*root)->position.source) /* so that what is missing is told of a file */
            *root = empty_map((struct sm_position){.source = source}, arena);
        return true;
    }
    if (node->kind != SM_NODE_MAP) {
        sm_diags_add(diags, SM_DIAG_ERROR, node->position, NULL, NULL, "retrieved value (type=%s) cannot be used as a Conf: it must be a map",
                     go_type(node->kind));
        return false;
    }
    if (is_foreign(node, front_end, diags))
        return false;
    *root = sm_merge(*root, sm_merge_split_keys(node, arena), sm_gate_is_on(SM_GATE_MERGE_APPEND), arena);
    return true;
}

/* Texts are substituted when everything is merged: what another front-end has made must come out of that as it is. */
static struct sm_node *escape(const struct sm_node *node, struct sm_arena *arena)
{
    struct sm_node *copy = sm_arena_alloc(arena, sizeof(*copy));
    *copy = *node;
    if (node->kind == SM_NODE_STRING && strchr(node->string, '$')) {
        struct sm_bytes text;
        sm_bytes_init(&text, arena);
        for (const char *at = node->string; *at; at++) {
            if (*at == '$' && (at[1] == '{' || at[1] == '$'))
                sm_bytes_append_char(&text, '$');
            sm_bytes_append_char(&text, *at);
        }
        copy->string = sm_bytes_cstr(&text);
    } else if (node->kind == SM_NODE_LIST) {
        copy->list.items = sm_arena_zalloc(arena, node->list.count, sizeof(struct sm_node *));
        for (size_t i = 0; i < node->list.count; i++)
            copy->list.items[i] = escape(node->list.items[i], arena);
    } else if (node->kind == SM_NODE_MAP) {
        copy->map.entries = sm_arena_zalloc(arena, node->map.count, sizeof(struct sm_node_entry));
        for (size_t i = 0; i < node->map.count; i++) {
            copy->map.entries[i] = node->map.entries[i];
            copy->map.entries[i].value = escape(node->map.entries[i].value, arena);
        }
    }
    return copy;
}

/* Whether the source is another front-end's; it is then laid over `*root`, or `*is_good` is false. */
static bool load_other(const struct sm_node **root, const char *uri, const struct sm_load_options *options, struct sm_arena *arena,
                       struct sm_diags *diags, bool *is_good)
{
    struct sm_slice address = complete_uri(uri, arena);
    const struct sm_node *other = NULL;
    if (!options->front_end || !sm_slice_starts_with(address, SM_SLICE("file:")))
        return false;
    const char *path = sm_arena_strdup(arena, sm_slice_make(address.ptr + 5, address.size - 5));
    if (!options->front_end->load(path, options->format, options->is_sealed, arena, diags, &other))
        return false;
    *is_good = other != NULL;
    if (other)
        *root = sm_merge(*root, escape(other, arena), sm_gate_is_on(SM_GATE_MERGE_APPEND), arena);
    return true;
}

static bool load_uri(const struct sm_node **root, const char *uri, const struct sm_load_options *options, struct sm_arena *arena,
                     struct sm_diags *diags)
{
    struct sm_provided provided;
    struct sm_error error;
    bool is_good;
    if (load_other(root, uri, options, arena, diags, &is_good))
        return is_good;
    if (!sm_provider_fetch(complete_uri(uri, arena), options->is_sealed, arena, &provided, &error)) {
        sm_diags_add(diags, SM_DIAG_ERROR, (struct sm_position){0}, NULL, NULL, "cannot retrieve the configuration: %s", error.text);
        return false;
    }
    if (provided.unset_variable)
        sm_diags_add(diags, SM_DIAG_WARNING, (struct sm_position){.source = provided.source}, NULL, NULL,
                     "Configuration references unset environment variable %s", provided.unset_variable);
    return lay_over(root, provided.source, options->front_end, arena, diags);
}

/* "a.b=c" as the YAML "a::b: c". NULL without an equal sign. */
static const struct sm_source *source_of_set(const char *set, struct sm_arena *arena)
{
    const char *equals = strchr(set, '=');
    if (!equals)
        return NULL;
    struct sm_bytes text;
    sm_bytes_init(&text, arena);
    struct sm_slice key = sm_slice_trim(sm_slice_make(set, (size_t)(equals - set)));
    for (size_t i = 0; i < key.size; i++) {
        if (key.ptr[i] == '.')
            sm_bytes_append_text(&text, "::");
        else
            sm_bytes_append_char(&text, key.ptr[i]);
    }
    sm_bytes_append_text(&text, ": ");
    sm_bytes_append_slice(&text, sm_slice_trim(sm_slice_of(equals + 1)));
    struct sm_source *source = sm_arena_zalloc(arena, 1, sizeof(*source));
    *source =
        (struct sm_source){.name = sm_arena_printf(arena, "--set %.*s", SM_SLICE_ARGS(key)), .text = sm_bytes_slice(&text), .is_quotable = true};
    return source;
}

static bool load_set(const struct sm_node **root, const char *set, struct sm_arena *arena, struct sm_diags *diags)
{
    const struct sm_source *source = source_of_set(set, arena);
    if (source)
        return lay_over(root, source, NULL, arena, diags);
    sm_diags_add(diags, SM_DIAG_ERROR, (struct sm_position){0}, NULL, "write --set path.to.key=value",
                 "invalid argument \"%s\" for \"--set\": missing equal sign", set);
    return false;
}

const struct sm_node *sm_load(const struct sm_load_options *options, struct sm_arena *arena, struct sm_diags *diags)
{
    const struct sm_node *root = empty_map((struct sm_position){0}, arena);
    bool is_good = true;
    for (size_t i = 0; i < options->uri_count; i++)
        is_good &= load_uri(&root, options->uris[i], options, arena, diags);
    for (size_t i = 0; i < options->set_count; i++)
        is_good &= load_set(&root, options->sets[i], arena, diags);
    if (!is_good)
        return NULL;
    const struct sm_node *expanded = sm_expand(root, options->is_sealed, arena, diags);
    return expanded ? sm_merge_split_keys(expanded, arena) : NULL;
}
