/* tree.c - see tree.h. Arrays grow by doubling whenever their count is a power of two. */
#include "config/tree.h"

#include "config/yaml.h"

static struct sm_node *make(struct sm_arena *arena, struct sm_position position, enum sm_node_kind kind)
{
    struct sm_node *node = sm_arena_zalloc(arena, 1, sizeof(*node));
    node->kind = kind;
    node->position = position;
    return node;
}

struct sm_node *sm_tree_string(struct sm_arena *arena, struct sm_position position, const char *text)
{
    struct sm_node *node = make(arena, position, SM_NODE_STRING);
    node->string = text;
    return node;
}

struct sm_node *sm_tree_int(struct sm_arena *arena, struct sm_position position, int64_t integer)
{
    struct sm_node *node = make(arena, position, SM_NODE_INT);
    node->integer = integer;
    return node;
}

struct sm_node *sm_tree_list(struct sm_arena *arena, struct sm_position position)
{
    return make(arena, position, SM_NODE_LIST);
}

struct sm_node *sm_tree_map(struct sm_arena *arena, struct sm_position position)
{
    return make(arena, position, SM_NODE_MAP);
}

/* "[a, b]": a list of what has no commas in it. */
static struct sm_node *list_of(struct sm_arena *arena, struct sm_position position, struct sm_slice text)
{
    struct sm_node *list = sm_tree_list(arena, position);
    while (text.size) {
        const char *item = sm_arena_strdup(arena, sm_slice_trim(sm_slice_cut(&text, ',')));
        sm_tree_append(list, arena, sm_tree_yaml(arena, position, item));
    }
    return list;
}

struct sm_node *sm_tree_yaml(struct sm_arena *arena, struct sm_position position, const char *text)
{
    size_t size = strlen(text);
    if (size >= 2 && text[0] == '[' && text[size - 1] == ']')
        return list_of(arena, position, sm_slice_make(text + 1, size - 2));
    struct sm_node *node = make(arena, position, SM_NODE_STRING);
    if (size >= 2 && text[0] == '"' && text[size - 1] == '"')
        node->string = sm_arena_strdup(arena, sm_slice_make(text + 1, size - 2));
    else if (!sm_yaml_type_scalar(text, node)) {
        node->kind = SM_NODE_STRING;
        node->string = text;
    }
    return node;
}

/* Room for one more element behind `count` of them. */
static void *grow(struct sm_arena *arena, void *array, size_t count, size_t element_size)
{
    if (count & (count - 1))
        return array;
    void *grown = sm_arena_zalloc(arena, count ? 2 * count : 1, element_size);
    if (count)
        memcpy(grown, array, count * element_size);
    return grown;
}

void sm_tree_append(struct sm_node *list, struct sm_arena *arena, struct sm_node *item)
{
    list->list.items = grow(arena, list->list.items, list->list.count, sizeof(struct sm_node *));
    list->list.items[list->list.count++] = item;
}

struct sm_node *sm_tree_find(struct sm_node *map, const char *key)
{
    for (size_t i = 0; map->kind == SM_NODE_MAP && i < map->map.count; i++)
        if (strcmp(map->map.entries[i].key, key) == 0)
            return map->map.entries[i].value;
    return NULL;
}

void sm_tree_add(struct sm_node *map, struct sm_arena *arena, const char *key, struct sm_position position, struct sm_node *value)
{
    map->map.entries = grow(arena, map->map.entries, map->map.count, sizeof(struct sm_node_entry));
    map->map.entries[map->map.count++] = (struct sm_node_entry){.key = key, .key_position = position, .value = value};
}

void sm_tree_set(struct sm_node *map, struct sm_arena *arena, const char *path, struct sm_position position, struct sm_node *value)
{
    struct sm_slice rest = sm_slice_of(path), first = sm_slice_cut(&rest, '.');
    const char *key = sm_arena_strdup(arena, first);
    struct sm_node *found = sm_tree_find(map, key);
    if (rest.size) {
        if (!found || found->kind != SM_NODE_MAP) {
            found = sm_tree_map(arena, position);
            sm_tree_add(map, arena, key, position, found);
        }
        sm_tree_set(found, arena, sm_arena_strdup(arena, rest), position, value);
        return;
    }
    for (size_t i = 0; found && i < map->map.count; i++)
        if (map->map.entries[i].value == found) {
            map->map.entries[i].value = value;
            map->map.entries[i].key_position = position;
            return;
        }
    sm_tree_add(map, arena, key, position, value);
}

struct sm_node *sm_tree_take(struct sm_node *map, const char *key)
{
    for (size_t i = 0; i < map->map.count; i++) {
        struct sm_node *value = map->map.entries[i].value;
        if (strcmp(map->map.entries[i].key, key) != 0)
            continue;
        memmove(&map->map.entries[i], &map->map.entries[i + 1], (map->map.count - i - 1) * sizeof(struct sm_node_entry));
        map->map.count--;
        return value;
    }
    return NULL;
}
