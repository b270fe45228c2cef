/* option_place.c - see option_place.h. */
#include "config/option_place.h"

#include "base/bytes.h"

struct search {
    const struct sm_option *table;
    const char *options; /* borrowed: the struct that `table` describes */
    const struct sm_node *node;
};

static bool find(struct search search, const char *member, struct sm_bytes *path);

/* Is `member` in an array of `count` elements of `size` bytes, and in which? */
static bool is_in(const void *array, size_t count, size_t size, const char *member, size_t *index)
{
    uintptr_t begin = (uintptr_t)array, at = (uintptr_t)member;
    if (!array || size == 0 || at < begin || at - begin >= count * size)
        return false;
    *index = (at - begin) / size;
    return true;
}

/* The spelling that the user has chosen, or the option's own. */
static const char *spelled_key(const struct sm_option *option, const struct sm_node *map)
{
    for (const char *const *old = option->old_keys; old && *old; old++)
        if (sm_node_find(map, *old))
            return *old;
    return sm_option_key(option);
}

static const struct sm_node *list_item(const struct sm_node *list, size_t index)
{
    return list && list->kind == SM_NODE_LIST && index < list->list.count ? list->list.items[index] : NULL;
}

static bool find_in_list(const struct sm_option *option, const char *at, const struct sm_node *node, const char *member, struct sm_bytes *path)
{
    const struct sm_table_list *list = (const void *)at;
    size_t size = path->size;
    for (size_t i = 0; i < list->count; i++, path->size = size) {
        sm_bytes_printf(path, "::%zu", i);
        if (find((struct search){option->table, (const char *)list->items + i * option->element_size, list_item(node, i)}, member, path))
            return true;
    }
    return false;
}

static bool find_in_map(const struct sm_option *option, const char *at, const struct sm_node *node, const char *member, struct sm_bytes *path)
{
    const struct sm_table_map *map = (const void *)at;
    size_t size = path->size;
    for (size_t i = 0; i < map->count; i++, path->size = size) {
        sm_bytes_printf(path, "::%s", map->keys[i]);
        if (find((struct search){option->table, (const char *)map->items + i * option->element_size, sm_node_find(node, map->keys[i])}, member, path))
            return true;
    }
    return false;
}

static bool find_in_strings(const struct sm_option *option, const char *at, const char *member, struct sm_bytes *path)
{
    const struct sm_string_list *list = (const void *)at;
    const struct sm_string_map *map = (const void *)at;
    size_t index;
    if (option->kind == SM_OPTION_KIND_STRING_LIST && is_in(list->items, list->count, sizeof(list->items[0]), member, &index))
        sm_bytes_printf(path, "::%zu", index);
    else if (option->kind == SM_OPTION_KIND_STRING_MAP && is_in(map->entries, map->count, sizeof(map->entries[0]), member, &index))
        sm_bytes_printf(path, "::%s", map->entries[index].key);
    else
        return false;
    return true;
}

/* Below the key of `option`, which is in `path` already. */
static bool find_in_row(const struct sm_option *option, const char *at, const struct sm_node *node, const char *member, struct sm_bytes *path)
{
    const char *optional = option->kind == SM_OPTION_KIND_OPTIONAL ? *(const char *const *)(const void *)at : NULL;
    switch (option->kind) {
    case SM_OPTION_KIND_TABLE: /* its first member has the same address, and is what is meant */
        return find((struct search){option->table, at, node}, member, path) || (member == at && !option->squash);
    case SM_OPTION_KIND_OPTIONAL:
        return member == at || (optional && find((struct search){option->table, optional, node}, member, path));
    case SM_OPTION_KIND_TABLE_LIST:
        return member == at || find_in_list(option, at, node, member, path);
    case SM_OPTION_KIND_TABLE_MAP:
        return member == at || find_in_map(option, at, node, member, path);
    default:
        return member == at || find_in_strings(option, at, member, path);
    }
}

static bool find(struct search search, const char *member, struct sm_bytes *path)
{
    for (const struct sm_option *option = search.table; option->kind != SM_OPTION_KIND_END; option++) {
        size_t size = path->size;
        const struct sm_node *node = search.node;
        if (option->kind == SM_OPTION_KIND_REFUSED)
            continue;
        if (!option->squash) {
            const char *key = spelled_key(option, node);
            sm_bytes_printf(path, "%s%s", size ? "::" : "", key);
            node = sm_node_find(node, key);
        }
        if (find_in_row(option, search.options + option->offset, node, member, path))
            return true;
        path->size = size;
    }
    return false;
}

bool sm_option_find_path(const struct sm_option *table, const void *options, const void *member, const struct sm_node *node, struct sm_bytes *path)
{
    return table && options && member && find((struct search){table, options, node}, member, path);
}
