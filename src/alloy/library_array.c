/* library_array.c - array.* and coalesce: functions that take their arguments as they are. */
#include "alloy/convert.h"
#include "alloy/library.h"

#define ARENA (call->machine->arena)

/* NULL with a fault when the argument is of another type. */
static const struct sm_alloy_value *arg(const struct sm_alloy_call *call, size_t index, enum sm_alloy_type type)
{
    const struct sm_alloy_value *value = call->args[index];
    return value->type == type ? value : sm_alloy_fail_type(call->machine, value, type);
}

/* A fault without a place, in words of its own. */
static void *fail_count(const struct sm_alloy_call *call, const char *message)
{
    call->machine->fault = (struct sm_alloy_fault){.is_plain = true, .message = sm_arena_printf(ARENA, "%s, got %zu", message, call->count)};
    return NULL;
}

static struct sm_alloy_value *array_of(struct sm_arena *arena, struct sm_alloy_value **items, size_t count)
{
    struct sm_alloy_value *array = sm_alloy_array(arena, 0);
    array->array.items = items;
    array->array.count = count;
    return array;
}

static struct sm_alloy_value *concat(const struct sm_alloy_call *call)
{
    size_t count = 0;
    for (size_t i = 0; i < call->count; i++) {
        if (!arg(call, i, SM_ALLOY_TYPE_ARRAY))
            return NULL;
        count += call->args[i]->array.count;
    }
    if (call->count == 1)
        return call->args[0];
    struct sm_alloy_value *all = sm_alloy_array(ARENA, count);
    size_t at = 0;
    for (size_t i = 0; i < call->count; i++)
        for (size_t k = 0; k < call->args[i]->array.count; k++)
            all->array.items[at++] = call->args[i]->array.items[k];
    return all;
}

static bool are_objects(const struct sm_alloy_call *call, const struct sm_alloy_value *list)
{
    for (size_t i = 0; i < list->array.count; i++)
        if (list->array.items[i]->type != SM_ALLOY_TYPE_OBJECT) {
            sm_alloy_fail_type(call->machine, list->array.items[i], SM_ALLOY_TYPE_OBJECT);
            return false;
        }
    return true;
}

static bool agree(const struct sm_alloy_value *left, const struct sm_alloy_value *right, const struct sm_alloy_value *keys)
{
    for (size_t i = 0; i < keys->array.count; i++) {
        struct sm_slice key = keys->array.items[i]->text;
        const struct sm_alloy_value *a = sm_alloy_object_find(left, key), *b = sm_alloy_object_find(right, key);
        bool is_of_a_kind = a && b && (a->type != SM_ALLOY_TYPE_NUMBER || b->type != SM_ALLOY_TYPE_NUMBER || a->number_kind == b->number_kind);
        if (!is_of_a_kind || !sm_alloy_equal(a, b)) /* 1 and 1.0 differ here */
            return false;
    }
    return true;
}

static struct sm_alloy_value *merge(const struct sm_alloy_call *call, const struct sm_alloy_value *left, const struct sm_alloy_value *right)
{
    struct sm_alloy_value *both = sm_alloy_object(ARENA);
    for (size_t i = 0; i < left->object.count; i++)
        sm_alloy_object_add(both, ARENA, left->object.entries[i].key, left->object.entries[i].value);
    for (size_t i = 0; i < right->object.count; i++)
        sm_alloy_object_set(both, ARENA, right->object.entries[i].key, right->object.entries[i].value);
    return both;
}

static struct sm_alloy_value *combine_maps(const struct sm_alloy_call *call)
{
    if (call->count != 3 && call->count != 4)
        return fail_count(call, "combine_maps: expected 3 or 4 arguments");
    const struct sm_alloy_value *lists[2];
    for (size_t i = 0; i < 2; i++) {
        lists[i] = arg(call, i, SM_ALLOY_TYPE_ARRAY);
        if (!lists[i] || !are_objects(call, lists[i]))
            return NULL;
    }
    const struct sm_alloy_value *keys = arg(call, 2, SM_ALLOY_TYPE_ARRAY);
    if (!keys || (call->count == 4 && !arg(call, 3, SM_ALLOY_TYPE_BOOL)))
        return NULL;
    if (keys->array.count == 0)
        return sm_alloy_fail(call->machine, keys, "combine_maps: merge conditions must not be empty");
    bool keeps_left = call->count == 4 && call->args[3]->boolean;
    struct sm_alloy_value **items = NULL;
    size_t count = 0, capacity = 0;
    for (size_t i = 0; i < lists[0]->array.count; i++)
        for (size_t k = 0; k < lists[1]->array.count; k++) {
            struct sm_alloy_value *left = lists[0]->array.items[i], *right = lists[1]->array.items[k];
            bool joins = agree(left, right, keys);
            if (!joins && !keeps_left)
                continue;
            items = sm_arena_grow(ARENA, items, count, &capacity, count + 1, sizeof(struct sm_alloy_value *));
            items[count++] = joins ? merge(call, left, right) : left;
        }
    return array_of(ARENA, items, count);
}

static void add_to_group(const struct sm_alloy_call *call, struct sm_alloy_value *groups, struct sm_slice name, struct sm_alloy_value *item)
{
    struct sm_alloy_value *list = sm_alloy_object_find(groups, name);
    if (!list) {
        list = sm_alloy_array(ARENA, 0);
        sm_alloy_object_add(groups, ARENA, name, list);
    }
    size_t capacity = list->array.count; /* grows by doubling from its own count: lists are short */
    list->array.items = sm_arena_grow(ARENA, list->array.items, list->array.count, &capacity, list->array.count + 1, sizeof(struct sm_alloy_value *));
    list->array.items[list->array.count++] = item;
}

static struct sm_alloy_value *group_by(const struct sm_alloy_call *call)
{
    if (call->count != 3)
        return fail_count(call, "group_by: expected 3 arguments");
    const struct sm_alloy_value *list = arg(call, 0, SM_ALLOY_TYPE_ARRAY);
    const struct sm_alloy_value *key = list ? arg(call, 1, SM_ALLOY_TYPE_STRING) : NULL;
    const struct sm_alloy_value *drops = key ? arg(call, 2, SM_ALLOY_TYPE_BOOL) : NULL;
    if (!drops || !are_objects(call, list))
        return NULL;
    struct sm_alloy_value *groups = sm_alloy_object(ARENA);
    for (size_t i = 0; i < list->array.count; i++) {
        const struct sm_alloy_value *value = sm_alloy_object_find(list->array.items[i], key->text);
        if (value && value->type != SM_ALLOY_TYPE_STRING)
            return sm_alloy_fail_type(call->machine, value, SM_ALLOY_TYPE_STRING);
        if (value || !drops->boolean)
            add_to_group(call, groups, value ? value->text : (struct sm_slice){0}, list->array.items[i]);
    }
    struct sm_alloy_value *result = sm_alloy_array(ARENA, groups->object.count);
    for (size_t i = 0; i < groups->object.count; i++) {
        struct sm_alloy_value *group = sm_alloy_object(ARENA);
        sm_alloy_object_set(group, ARENA, key->text, sm_alloy_string(ARENA, groups->object.entries[i].key));
        sm_alloy_object_set(group, ARENA, SM_SLICE("items"), groups->object.entries[i].value);
        result->array.items[i] = group;
    }
    return result;
}

static bool is_empty(const struct sm_alloy_value *value)
{
    switch (value->type) {
    case SM_ALLOY_TYPE_NULL:
        return true;
    case SM_ALLOY_TYPE_NUMBER:
        return sm_alloy_number_double(value) == 0;
    case SM_ALLOY_TYPE_STRING:
        return value->text.size == 0;
    case SM_ALLOY_TYPE_BOOL:
        return !value->boolean;
    case SM_ALLOY_TYPE_ARRAY:
        return value->array.count == 0;
    case SM_ALLOY_TYPE_OBJECT:
        return value->object.count == 0;
    case SM_ALLOY_TYPE_CAPSULE:
        return sm_alloy_is_secret(value) && value->text.size == 0 && !value->is_secret;
    case SM_ALLOY_TYPE_FUNCTION:
        break;
    }
    return false;
}

static struct sm_alloy_value *coalesce(const struct sm_alloy_call *call)
{
    for (size_t i = 0; i < call->count; i++)
        if (!is_empty(call->args[i]))
            return call->args[i];
    return call->count ? call->args[call->count - 1] : sm_alloy_null(ARENA);
}

const struct sm_alloy_function sm_alloy_array_functions[] = {
    {.name = "array.concat", .old_name = "concat", .is_raw = true, .call = concat},
    {.name = "array.combine_maps", .is_raw = true, .call = combine_maps},
    {.name = "array.group_by", .is_raw = true, .call = group_by},
    {.name = "coalesce", .is_raw = true, .call = coalesce},
    {0},
};
