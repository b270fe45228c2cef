/* telemetry_value.c - see telemetry_value.h. */
#include "alloy/telemetry_value.h"

static struct sm_value to_list(const struct sm_alloy_value *value, struct sm_arena *arena)
{
    struct sm_list *list = sm_arena_zalloc(arena, 1, sizeof(*list));
    list->items = sm_arena_zalloc(arena, value->array.count, sizeof(*list->items));
    list->count = list->capacity = value->array.count;
    for (size_t i = 0; i < list->count; i++)
        list->items[i] = sm_alloy_to_telemetry(value->array.items[i], arena);
    return (struct sm_value){.type = SM_VALUE_LIST, .list = list};
}

static struct sm_value to_map(const struct sm_alloy_value *value, struct sm_arena *arena)
{
    struct sm_map *map = sm_arena_zalloc(arena, 1, sizeof(*map));
    map->entries = sm_arena_zalloc(arena, value->object.count, sizeof(*map->entries));
    map->count = map->capacity = value->object.count;
    for (size_t i = 0; i < map->count; i++)
        map->entries[i] =
            (struct sm_attribute){.key = value->object.entries[i].key, .value = sm_alloy_to_telemetry(value->object.entries[i].value, arena)};
    return (struct sm_value){.type = SM_VALUE_MAP, .map = map};
}

struct sm_value sm_alloy_to_telemetry(const struct sm_alloy_value *value, struct sm_arena *arena)
{
    switch (value->type) {
    case SM_ALLOY_TYPE_STRING:
        return sm_value_string(value->text);
    case SM_ALLOY_TYPE_BOOL:
        return sm_value_bool(value->boolean);
    case SM_ALLOY_TYPE_NUMBER:
        if (value->number_kind == SM_ALLOY_DOUBLE)
            return sm_value_double(value->number);
        if (value->number_kind == SM_ALLOY_UINT && value->whole > INT64_MAX)
            return sm_value_double((double)value->whole);
        return sm_value_int(value->integer);
    case SM_ALLOY_TYPE_ARRAY:
        return to_list(value, arena);
    case SM_ALLOY_TYPE_OBJECT:
        return to_map(value, arena);
    case SM_ALLOY_TYPE_CAPSULE:
        return sm_alloy_is_secret(value) ? sm_value_string(value->text) : (struct sm_value){0};
    case SM_ALLOY_TYPE_NULL:
    case SM_ALLOY_TYPE_FUNCTION:
        break;
    }
    return (struct sm_value){0};
}
