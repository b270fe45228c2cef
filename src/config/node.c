/* node.c - look-ups in the configuration tree. */
#include "config/node.h"

#include <string.h>

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
