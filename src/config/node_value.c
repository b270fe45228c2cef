/* node_value.c - see node_value.h. Source: pdata's Value.FromRaw. */
#include "config/node_value.h"

static struct sm_value list_value(const struct sm_node *node, struct sm_arena *arena)
{
    struct sm_list *list = sm_arena_zalloc(arena, 1, sizeof(*list));
    *list = (struct sm_list){
        .items = sm_arena_zalloc(arena, node->list.count, sizeof(struct sm_value)), .count = node->list.count, .capacity = node->list.count};
    for (size_t i = 0; i < list->count; i++)
        list->items[i] = sm_node_to_value(node->list.items[i], arena);
    return (struct sm_value){.type = SM_VALUE_LIST, .list = list};
}

static struct sm_value map_value(const struct sm_node *node, struct sm_arena *arena)
{
    struct sm_map *map = sm_arena_zalloc(arena, 1, sizeof(*map));
    for (size_t i = 0; i < node->map.count; i++)
        sm_map_set(map, arena, sm_slice_of(node->map.entries[i].key), sm_node_to_value(node->map.entries[i].value, arena));
    return (struct sm_value){.type = SM_VALUE_MAP, .map = map};
}

struct sm_value sm_node_to_value(const struct sm_node *node, struct sm_arena *arena)
{
    switch (node ? node->kind : SM_NODE_NULL) {
    case SM_NODE_BOOL:
        return sm_value_bool(node->boolean);
    case SM_NODE_INT:
        return sm_value_int(node->integer);
    case SM_NODE_FLOAT:
        return sm_value_double(node->number);
    case SM_NODE_STRING:
        return sm_value_string(sm_slice_of(node->string));
    case SM_NODE_LIST:
        return list_value(node, arena);
    case SM_NODE_MAP:
        return map_value(node, arena);
    case SM_NODE_NULL:
        break;
    }
    return (struct sm_value){.type = SM_VALUE_EMPTY};
}
