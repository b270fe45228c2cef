/* config_mask.c - see config_mask.h. */
#include "pipeline/config_mask.h"

#include "pipeline/component_id.h"
#include "pipeline/config.h"

struct masker {
    struct sm_arena *arena;
    const struct sm_component_type *const *types;
    size_t type_count;
};

static const struct sm_node *mask_by_table(struct masker *masker, const struct sm_node *node, const struct sm_option *table);

static struct sm_node *copy(struct masker *masker, const struct sm_node *node)
{
    struct sm_node *out = sm_arena_zalloc(masker->arena, 1, sizeof(*out));
    *out = *node;
    return out;
}

static const struct sm_node *redacted(struct masker *masker, const struct sm_node *node)
{
    struct sm_node *out = copy(masker, node);
    out->kind = SM_NODE_STRING;
    out->string = "[REDACTED]";
    out->original = NULL;
    return out;
}

typedef const struct sm_node *mask_item(struct masker *masker, const struct sm_node *item, const struct sm_option *table);

/* A copy of a list or map with `mask` applied to what is in it. */
static const struct sm_node *mask_each(struct masker *masker, const struct sm_node *node, const struct sm_option *table, mask_item *mask)
{
    struct sm_node *out = copy(masker, node);
    if (node->kind == SM_NODE_LIST) {
        out->list.items = sm_arena_zalloc(masker->arena, node->list.count, sizeof(struct sm_node *));
        for (size_t i = 0; i < node->list.count; i++)
            out->list.items[i] = (struct sm_node *)mask(masker, node->list.items[i], table);
    } else if (node->kind == SM_NODE_MAP) {
        out->map.entries = sm_arena_zalloc(masker->arena, node->map.count, sizeof(struct sm_node_entry));
        for (size_t i = 0; i < node->map.count; i++) {
            out->map.entries[i] = node->map.entries[i];
            out->map.entries[i].value = (struct sm_node *)mask(masker, node->map.entries[i].value, table);
        }
    }
    return out;
}

/* Every value; the keys stay. */
static const struct sm_node *mask_all(struct masker *masker, const struct sm_node *node, const struct sm_option *table)
{
    if (node->kind == SM_NODE_NULL)
        return node;
    if (node->kind != SM_NODE_LIST && node->kind != SM_NODE_MAP)
        return redacted(masker, node);
    return mask_each(masker, node, table, mask_all);
}

/* "http://user:password@host" without user and password. */
static const struct sm_node *mask_user(struct masker *masker, const struct sm_node *node, const struct sm_option *table)
{
    if (node->kind == SM_NODE_LIST || node->kind == SM_NODE_MAP)
        return mask_each(masker, node, table, mask_user);
    const char *authority = node->kind == SM_NODE_STRING ? strstr(node->string, "://") : NULL;
    if (!authority)
        return node;
    authority += 3;
    size_t size = strcspn(authority, "/?#");
    const char *at = memrchr(authority, '@', size);
    if (!at)
        return node;
    struct sm_node *out = copy(masker, node);
    out->string = sm_arena_printf(masker->arena, "%.*s[REDACTED]%s", (int)(authority - node->string), node->string, at);
    return out;
}

static const struct sm_option *find_row(const struct sm_option *table, const char *key)
{
    for (const struct sm_option *option = table; option && option->kind != SM_OPTION_KIND_END; option++) {
        if (option->kind == SM_OPTION_KIND_TABLE && option->squash) {
            const struct sm_option *found = find_row(option->table, key);
            if (found)
                return found;
            continue;
        }
        if (strcmp(sm_option_key(option), key) == 0)
            return option;
        for (const char *const *old = option->old_keys; old && *old; old++)
            if (strcmp(*old, key) == 0)
                return option;
    }
    return NULL;
}

static const struct sm_node *mask_value(struct masker *masker, const struct sm_node *node, const struct sm_option *option)
{
    switch (option->kind) {
    case SM_OPTION_KIND_SECRET:
    case SM_OPTION_KIND_REFUSED:
        return mask_all(masker, node, NULL);
    case SM_OPTION_KIND_TABLE:
    case SM_OPTION_KIND_OPTIONAL:
        return mask_by_table(masker, node, option->table);
    case SM_OPTION_KIND_TABLE_LIST:
    case SM_OPTION_KIND_TABLE_MAP:
        return node->kind == SM_NODE_LIST || node->kind == SM_NODE_MAP ? mask_each(masker, node, option->table, mask_by_table)
                                                                       : mask_all(masker, node, NULL);
    default:
        return option->secret ? mask_all(masker, node, NULL) : mask_user(masker, node, NULL);
    }
}

static const struct sm_node *mask_by_table(struct masker *masker, const struct sm_node *node, const struct sm_option *table)
{
    if (node->kind == SM_NODE_NULL)
        return node;
    if (node->kind != SM_NODE_MAP || !table)
        return mask_all(masker, node, NULL);
    struct sm_node *out = copy(masker, node);
    out->map.entries = sm_arena_zalloc(masker->arena, node->map.count, sizeof(struct sm_node_entry));
    for (size_t i = 0; i < node->map.count; i++) {
        struct sm_node_entry *entry = &out->map.entries[i];
        *entry = node->map.entries[i];
        const struct sm_option *option = find_row(table, entry->key);
        bool is_switch = strcmp(entry->key, "enabled") == 0 && entry->value->kind == SM_NODE_BOOL;
        if (option)
            entry->value = (struct sm_node *)mask_value(masker, entry->value, option);
        else if (!is_switch)
            entry->value = (struct sm_node *)mask_all(masker, entry->value, NULL);
    }
    return out;
}

static const struct sm_option *options_of(const struct masker *masker, enum sm_component_kind kind, const char *key)
{
    const char *id, *name;
    struct sm_arena scratch = SM_ARENA_INIT;
    struct sm_error error;
    const struct sm_option *found = NULL;
    bool is_id = sm_component_id_parse(key, false, &scratch, &id, &name, &error);
    for (size_t i = 0; is_id && i < masker->type_count && !found; i++) {
        const struct sm_component_type *type = masker->types[i];
        bool is_named = type->kind == kind && strcmp(type->name, name) == 0;
        for (const char *const *old = type->old_names; old && *old && type->kind == kind; old++)
            is_named |= strcmp(*old, name) == 0;
        if (is_named)
            found = type->options;
    }
    sm_arena_deinit(&scratch);
    return found;
}

static const struct sm_node *mask_section(struct masker *masker, enum sm_component_kind kind, const struct sm_node *section)
{
    if (section->kind != SM_NODE_MAP)
        return mask_all(masker, section, NULL);
    struct sm_node *out = copy(masker, section);
    out->map.entries = sm_arena_zalloc(masker->arena, section->map.count, sizeof(struct sm_node_entry));
    for (size_t i = 0; i < section->map.count; i++) {
        struct sm_node_entry *entry = &out->map.entries[i];
        *entry = section->map.entries[i];
        entry->value = (struct sm_node *)mask_by_table(masker, entry->value, options_of(masker, kind, entry->key));
    }
    return out;
}

const struct sm_node *sm_config_mask(const struct sm_node *root, const struct sm_component_type *const *types, size_t type_count,
                                     struct sm_arena *arena)
{
    struct masker masker = {.arena = arena, .types = types, .type_count = type_count};
    if (root->kind != SM_NODE_MAP)
        return mask_all(&masker, root, NULL);
    struct sm_node *out = copy(&masker, root);
    out->map.entries = sm_arena_zalloc(arena, root->map.count, sizeof(struct sm_node_entry));
    for (size_t i = 0; i < root->map.count; i++) {
        struct sm_node_entry *entry = &out->map.entries[i];
        *entry = root->map.entries[i];
        size_t kind = 0;
        while (kind < SM_COMPONENT_KIND_COUNT && strcmp(entry->key, sm_config_section_name((enum sm_component_kind)kind)) != 0)
            kind++;
        if (kind < SM_COMPONENT_KIND_COUNT)
            entry->value = (struct sm_node *)mask_section(&masker, (enum sm_component_kind)kind, entry->value);
        else if (strcmp(entry->key, "service") == 0)
            entry->value = (struct sm_node *)mask_by_table(&masker, entry->value, sm_config_service_option_table);
        else
            entry->value = (struct sm_node *)mask_all(&masker, entry->value, NULL);
    }
    return out;
}
