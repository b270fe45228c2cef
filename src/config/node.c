/* node.c - look-ups in the configuration tree. */
#include "config/node.h"

#include <string.h>

#include "wire/json_scanner.h"

const struct sm_node *sm_node_find(const struct sm_node *map, const char *key)
{
    if (!map || map->kind != SM_NODE_MAP)
        return NULL;
    for (size_t i = 0; i < map->map.count; i++)
        if (strcmp(map->map.entries[i].key, key) == 0)
            return map->map.entries[i].value;
    return NULL;
}

const char *sm_node_kind_name(enum sm_node_kind kind)
{
    static const char *const names[] = {
        [SM_NODE_NULL] = "nothing",    [SM_NODE_BOOL] = "a boolean", [SM_NODE_INT] = "a number", [SM_NODE_FLOAT] = "a number",
        [SM_NODE_STRING] = "a string", [SM_NODE_LIST] = "a list",    [SM_NODE_MAP] = "a map",
    };
    return names[kind];
}

/* NULL: the key is no index of the list. */
static const struct sm_node *list_item(const struct sm_node *list, struct sm_slice key)
{
    uint64_t index;
    return sm_parse_uint(key, UINT32_MAX, &index) && index < list->list.count ? list->list.items[index] : NULL;
}

struct sm_position sm_node_place(const struct sm_node *node, const char *key_path)
{
    struct sm_position position = node ? node->position : (struct sm_position){0};
    struct sm_slice rest = sm_slice_of(key_path);
    while (node && (node->kind == SM_NODE_MAP || node->kind == SM_NODE_LIST) && rest.size) {
        struct sm_slice key = sm_slice_cut(&rest, ':');
        if (rest.size && rest.ptr[0] == ':')
            rest = sm_slice_make(rest.ptr + 1, rest.size - 1);
        if (node->kind == SM_NODE_LIST) {
            node = list_item(node, key);
            position = node ? node->position : position;
            continue;
        }
        const struct sm_node *map = node;
        node = NULL;
        for (size_t i = 0; i < map->map.count && !node; i++) {
            if (!sm_slice_is(key, map->map.entries[i].key))
                continue;
            node = map->map.entries[i].value;
            position = map->map.entries[i].key_position;
        }
    }
    return position;
}
