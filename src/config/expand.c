/* expand.c - substitution in configuration values.
 *
 * A value that is exactly one ${…} takes the type YAML gives the fetched text, and keeps the text beside it for options that want a string. Inside
 * other text the fetched text is put in as it is. Innermost first; what comes in may hold further ${…}. Two dollars stand for one. Source:
 * opentelemetry-collector confmap/expand.go and resolver.go, whose order of steps is kept (an escaped ${ ends the search in its value). */
#include "config/expand.h"

#include "base/bytes.h"
#include "base/error.h"
#include "config/diags.h"
#include "config/provider.h"
#include "config/yaml.h"

struct expander {
    struct sm_arena *arena;
    struct sm_diags *diags; /* NULL: errors are not told */
    bool is_sealed;
    size_t total; /* substitutions and values so far, against sources that include themselves */
};

static struct sm_node *expand_node(struct expander *expander, const struct sm_node *node, unsigned depth);

static bool fail(struct expander *expander, struct sm_position position, const char *suggestion, const char *text)
{
    if (expander->diags)
        sm_diags_add(expander->diags, SM_DIAG_ERROR, position, NULL, suggestion, "%s", text);
    return false;
}

static bool count(struct expander *expander, struct sm_position position)
{
    if (++expander->total <= SM_EXPAND_TOTAL_MAX)
        return true;
    if (expander->total == SM_EXPAND_TOTAL_MAX + 1)
        fail(expander, position, NULL, "too many recursive expansions");
    return false;
}

/* The first ${…} of `text` that holds no other; empty when there is none, or when it is escaped by an odd number of dollars before it. */
static struct sm_slice find_uri(struct sm_slice text)
{
    for (;;) {
        const char *close = text.size ? memchr(text.ptr, '}', text.size) : NULL;
        if (!close)
            return (struct sm_slice){0};
        struct sm_slice head = sm_slice_make(text.ptr, (size_t)(close - text.ptr) + 1);
        size_t open = head.size;
        while (open > 0 && !(head.ptr[open - 1] == '$' && open < head.size && head.ptr[open] == '{'))
            open--;
        if (open == 0) {
            text = sm_slice_make(text.ptr + head.size, text.size - head.size);
            continue;
        }
        open--;
        size_t dollars = 0;
        while (dollars < open && head.ptr[open - 1 - dollars] == '$')
            dollars++;
        return dollars % 2 == 1 ? (struct sm_slice){0} : sm_slice_make(head.ptr + open, head.size - open);
    }
}

static const char *replace_all(struct expander *expander, const char *text, struct sm_slice from, struct sm_slice to)
{
    struct sm_bytes bytes;
    sm_bytes_init(&bytes, expander->arena);
    struct sm_slice rest = sm_slice_of(text);
    for (;;) {
        const char *at = sm_slice_find(rest, from);
        size_t before = at ? (size_t)(at - rest.ptr) : rest.size;
        sm_bytes_append(&bytes, rest.ptr, before);
        if (!at)
            return sm_bytes_cstr(&bytes);
        sm_bytes_append_slice(&bytes, to);
        rest = sm_slice_make(at + from.size, rest.size - before - from.size);
    }
}

static const char *unescape(struct expander *expander, const char *text)
{
    return strstr(text, "$$") ? replace_all(expander, text, SM_SLICE("$$"), SM_SLICE("$")) : text;
}

/* What a wrong address was probably meant to be. */
static const char *suggest(struct expander *expander, struct sm_slice address)
{
    const char *separator = sm_slice_find(address, SM_SLICE(":-"));
    if (!separator || sm_slice_starts_with(address, SM_SLICE("env:")))
        return NULL;
    return sm_arena_printf(expander->arena, "a default needs the scheme: ${env:%.*s}", SM_SLICE_ARGS(address));
}

/* Fetches what `uri` ("${…}") names. NULL after an error. */
static const struct sm_source *fetch(struct expander *expander, struct sm_slice uri, struct sm_position position)
{
    struct sm_slice address = sm_slice_make(uri.ptr + 2, uri.size - 3);
    if (!address.size || !memchr(address.ptr, ':', address.size))
        address = sm_slice_of(sm_arena_printf(expander->arena, "env:%.*s", SM_SLICE_ARGS(address)));
    if (memchr(address.ptr, '$', address.size)) {
        fail(expander, position, NULL,
             sm_arena_printf(expander->arena, "the uri \"%.*s\" contains unsupported characters ('$')", SM_SLICE_ARGS(address)));
        return NULL;
    }
    struct sm_provided provided;
    struct sm_error error;
    if (!sm_provider_fetch(address, expander->is_sealed, expander->arena, &provided, &error)) {
        fail(expander, position, suggest(expander, address), error.text);
        return NULL;
    }
    if (provided.unset_variable && expander->diags)
        sm_diags_add(expander->diags, SM_DIAG_WARNING, position, NULL, "set it, or give a default: ${env:NAME:-default}",
                     "Configuration references unset environment variable %s", provided.unset_variable);
    return provided.source;
}

/* The fetched text as YAML; text that is none, or that is a string, stays as it is, quotes included. */
static struct sm_node *type_text(struct expander *expander, const struct sm_source *source, struct sm_position position)
{
    struct sm_node *node = sm_yaml_parse(source, expander->arena, NULL);
    if (!node || node->kind == SM_NODE_STRING) {
        node = sm_arena_zalloc(expander->arena, 1, sizeof(*node));
        node->kind = SM_NODE_STRING;
        node->string = sm_arena_strdup(expander->arena, source->text);
        node->original = node->string;
    }
    if (node->kind != SM_NODE_LIST && node->kind != SM_NODE_MAP)
        node->position = position;
    return node;
}

/* `text` with every ${…} replaced by text; NULL when that cannot be done. For the text kept beside a typed value. */
static const char *expand_text(struct expander *expander, const char *text, struct sm_position position)
{
    struct expander silent = {.arena = expander->arena, .is_sealed = expander->is_sealed, .total = expander->total};
    for (unsigned round = 0; round < SM_EXPAND_ROUNDS_MAX; round++) {
        struct sm_slice uri = find_uri(sm_slice_of(text));
        if (!uri.size) {
            expander->total = silent.total;
            return unescape(expander, text);
        }
        const struct sm_source *source = count(&silent, position) ? fetch(&silent, uri, position) : NULL;
        if (!source)
            return NULL;
        text = replace_all(expander, text, uri, source->text);
        if (strlen(text) > SM_YAML_TEXT_BYTES_MAX)
            return NULL;
    }
    return NULL;
}

static struct sm_node *make_string(struct expander *expander, const struct sm_node *from, const char *text)
{
    struct sm_node *node = sm_arena_zalloc(expander->arena, 1, sizeof(*node));
    *node = *from;
    node->string = unescape(expander, text);
    return node;
}

/* A substitution that gave something other than text. */
static struct sm_node *finish_typed(struct expander *expander, const struct sm_node *value, const struct sm_source *source,
                                    struct sm_position position, unsigned depth)
{
    struct sm_node *expanded = expand_node(expander, value, depth + 1);
    if (!expanded)
        return NULL;
    struct sm_node *node = sm_arena_zalloc(expander->arena, 1, sizeof(*node));
    *node = *expanded;
    const char *original = expand_text(expander, sm_arena_strdup(expander->arena, source->text), position);
    node->is_substituted = original != NULL;
    node->original = original;
    return node;
}

static struct sm_node *expand_string(struct expander *expander, const struct sm_node *node, unsigned depth)
{
    const char *text = node->string;
    for (unsigned round = 0; round < SM_EXPAND_ROUNDS_MAX; round++) {
        struct sm_slice uri = find_uri(sm_slice_of(text));
        if (!uri.size)
            return make_string(expander, node, text);
        const struct sm_source *source = count(expander, node->position) ? fetch(expander, uri, node->position) : NULL;
        if (!source)
            return NULL;
        if (uri.size == strlen(text)) {
            struct sm_node *value = type_text(expander, source, node->position);
            if (value->kind != SM_NODE_STRING)
                return finish_typed(expander, value, source, node->position, depth);
            text = value->string;
        } else {
            text = replace_all(expander, text, uri, source->text);
        }
        if (strlen(text) > SM_YAML_TEXT_BYTES_MAX)
            break;
    }
    fail(expander, node->position, NULL, "too many recursive expansions");
    return NULL;
}

static struct sm_node *expand_list(struct expander *expander, const struct sm_node *node, unsigned depth)
{
    struct sm_node *list = sm_arena_zalloc(expander->arena, 1, sizeof(*list));
    *list = *node;
    list->list.items = sm_arena_zalloc(expander->arena, node->list.count, sizeof(struct sm_node *));
    bool is_good = true;
    for (size_t i = 0; i < node->list.count; i++) {
        list->list.items[i] = expand_node(expander, node->list.items[i], depth + 1);
        is_good &= list->list.items[i] != NULL;
    }
    return is_good ? list : NULL;
}

static struct sm_node *expand_map(struct expander *expander, const struct sm_node *node, unsigned depth)
{
    struct sm_node *map = sm_arena_zalloc(expander->arena, 1, sizeof(*map));
    *map = *node;
    map->map.entries = sm_arena_zalloc(expander->arena, node->map.count, sizeof(struct sm_node_entry));
    bool is_good = true;
    for (size_t i = 0; i < node->map.count; i++) {
        map->map.entries[i] = node->map.entries[i];
        map->map.entries[i].value = expand_node(expander, node->map.entries[i].value, depth + 1);
        is_good &= map->map.entries[i].value != NULL;
    }
    return is_good ? map : NULL;
}

static struct sm_node *expand_node(struct expander *expander, const struct sm_node *node, unsigned depth)
{
    if (depth > SM_YAML_DEPTH_MAX) {
        fail(expander, node->position, NULL, "too many recursive expansions");
        return NULL;
    }
    if (!count(expander, node->position))
        return NULL;
    if (node->kind == SM_NODE_STRING)
        return expand_string(expander, node, depth);
    if (node->kind == SM_NODE_LIST)
        return expand_list(expander, node, depth);
    if (node->kind == SM_NODE_MAP)
        return expand_map(expander, node, depth);
    struct sm_node *copy = sm_arena_zalloc(expander->arena, 1, sizeof(*copy));
    *copy = *node;
    return copy;
}

const struct sm_node *sm_expand(const struct sm_node *root, bool is_sealed, struct sm_arena *arena, struct sm_diags *diags)
{
    struct expander expander = {.arena = arena, .diags = diags, .is_sealed = is_sealed};
    return expand_node(&expander, root, 0);
}
