/* merge.c - see merge.h. Source: the reference's confmap, which keeps its tree flattened with "::" between keys. */
#include "config/merge.h"

enum { PATH_MAX_PARTS = 16 };

/* The keys from the root to where we are. */
struct path {
    const struct path *parent;
    const char *key;
};

static const struct sm_node *merge(const struct sm_node *under, const struct sm_node *over, const struct path *path, bool join_lists,
                                   struct sm_arena *arena);

static struct sm_node *make_map(struct sm_arena *arena, struct sm_position position, size_t capacity)
{
    struct sm_node *map = sm_arena_zalloc(arena, 1, sizeof(*map));
    map->kind = SM_NODE_MAP;
    map->position = position;
    map->map.entries = sm_arena_zalloc(arena, capacity, sizeof(struct sm_node_entry));
    return map;
}

static struct sm_node_entry *find_entry(const struct sm_node *map, const char *key)
{
    for (size_t i = 0; i < map->map.count; i++)
        if (strcmp(map->map.entries[i].key, key) == 0)
            return &map->map.entries[i];
    return NULL;
}

/* ---- lists that may be joined */

static bool is_joined_list(const struct path *path)
{
    const char *parts[PATH_MAX_PARTS];
    size_t count = 0;
    for (; path && count < PATH_MAX_PARTS; path = path->parent)
        parts[count++] = path->key;
    if (count < 2 || strcmp(parts[count - 1], "service") != 0)
        return false;
    return (count == 2 && strcmp(parts[0], "extensions") == 0) ||
           (count > 2 && (strcmp(parts[0], "receivers") == 0 || strcmp(parts[0], "exporters") == 0));
}

static bool has_string(const struct sm_node *list, const struct sm_node *item)
{
    for (size_t i = 0; i < list->list.count; i++)
        if (list->list.items[i]->kind == SM_NODE_STRING && item->kind == SM_NODE_STRING && strcmp(list->list.items[i]->string, item->string) == 0)
            return true;
    return false;
}

static const struct sm_node *join(const struct sm_node *under, const struct sm_node *over, struct sm_arena *arena)
{
    struct sm_node *list = sm_arena_zalloc(arena, 1, sizeof(*list));
    *list = *over;
    list->list.items = sm_arena_zalloc(arena, under->list.count + over->list.count, sizeof(struct sm_node *));
    list->list.count = 0;
    for (size_t i = 0; i < under->list.count; i++)
        list->list.items[list->list.count++] = under->list.items[i];
    for (size_t i = 0; i < over->list.count; i++)
        if (!has_string(list, over->list.items[i]))
            list->list.items[list->list.count++] = over->list.items[i];
    return list;
}

/* ---- maps */

static const struct sm_node *merge_maps(const struct sm_node *under, const struct sm_node *over, const struct path *path, bool join_lists,
                                        struct sm_arena *arena)
{
    struct sm_node *map = make_map(arena, over->position, under->map.count + over->map.count);
    if (under->map.count)
        memcpy(map->map.entries, under->map.entries, under->map.count * sizeof(struct sm_node_entry));
    map->map.count = under->map.count;
    for (size_t i = 0; i < over->map.count; i++) {
        const struct sm_node_entry *entry = &over->map.entries[i];
        struct sm_node_entry *existing = find_entry(map, entry->key);
        if (!existing) {
            map->map.entries[map->map.count++] = *entry;
            continue;
        }
        struct path below = {.parent = path, .key = entry->key};
        existing->value = (struct sm_node *)merge(existing->value, entry->value, &below, join_lists, arena);
        existing->key_position = entry->key_position;
    }
    return map;
}

static const struct sm_node *merge(const struct sm_node *under, const struct sm_node *over, const struct path *path, bool join_lists,
                                   struct sm_arena *arena)
{
    if (under->kind == SM_NODE_MAP && over->kind == SM_NODE_MAP)
        return merge_maps(under, over, path, join_lists, arena);
    if (join_lists && under->kind == SM_NODE_LIST && over->kind == SM_NODE_LIST && is_joined_list(path))
        return join(under, over, arena);
    return over;
}

const struct sm_node *sm_merge(const struct sm_node *under, const struct sm_node *over, bool join_lists, struct sm_arena *arena)
{
    return merge(under, over, NULL, join_lists, arena);
}

/* ---- keys with "::" */

/* {rest: value}, taken apart further, or `value` itself when nothing is left. */
static const struct sm_node *wrap(const char *rest, const struct sm_node_entry *entry, struct sm_arena *arena)
{
    if (!rest)
        return entry->value;
    const char *separator = strstr(rest, "::");
    struct sm_node *map = make_map(arena, entry->key_position, 1);
    map->map.entries[0] = (struct sm_node_entry){
        .key = separator ? sm_arena_strdup(arena, sm_slice_make(rest, (size_t)(separator - rest))) : rest,
        .key_position = entry->key_position,
        .value = (struct sm_node *)wrap(separator ? separator + 2 : NULL, entry, arena),
    };
    map->map.count = 1;
    return map;
}

const struct sm_node *sm_merge_split_keys(const struct sm_node *node, struct sm_arena *arena)
{
    if (node->kind != SM_NODE_MAP)
        return node;
    struct sm_node *map = make_map(arena, node->position, node->map.count);
    map->is_substituted = node->is_substituted;
    map->original = node->original;
    for (size_t i = 0; i < node->map.count; i++) {
        struct sm_node_entry entry = node->map.entries[i];
        entry.value = (struct sm_node *)sm_merge_split_keys(entry.value, arena);
        const char *separator = strstr(entry.key, "::");
        if (separator) {
            entry.value = (struct sm_node *)wrap(separator + 2, &entry, arena);
            entry.key = sm_arena_strdup(arena, sm_slice_make(entry.key, (size_t)(separator - entry.key)));
        }
        struct sm_node_entry *existing = find_entry(map, entry.key);
        if (existing)
            existing->value = (struct sm_node *)sm_merge(existing->value, entry.value, false, arena);
        else
            map->map.entries[map->map.count++] = entry;
    }
    return map;
}
