/* keys.c - indexing: attributes["a"][0][Concat(…)], and of what converters return.
 *
 * Reading an absent key of a map gives nil, of a converter's result an error; setting makes what is missing on the way.
 * Source: opentelemetry-collector-contrib pkg/ottl/contexts/internal/ctxutil and pkg/ottl/expression.go (getIndexedValue). */
#include <inttypes.h>

#include "ottl/compile.h"

const struct sm_ottl_key *sm_ottl_compile_keys(struct sm_ottl_compiler *compiler, struct sm_ottl_node *const *nodes, size_t count)
{
    struct sm_ottl_key *keys = sm_arena_zalloc(compiler->arena, count + 1, sizeof(*keys));
    for (size_t i = 0; i < count; i++) {
        if (nodes[i]->kind == SM_OTTL_NODE_STRING) {
            keys[i] = (struct sm_ottl_key){.kind = SM_OTTL_KEY_STRING, .text = nodes[i]->text};
        } else if (nodes[i]->kind == SM_OTTL_NODE_INT) {
            keys[i] = (struct sm_ottl_key){.kind = SM_OTTL_KEY_INT, .index = nodes[i]->integer};
        } else {
            keys[i] = (struct sm_ottl_key){.kind = SM_OTTL_KEY_EXPR, .expr = sm_ottl_compile_node(compiler, nodes[i])};
            if (!keys[i].expr)
                return NULL;
        }
    }
    return keys;
}

bool sm_ottl_key_text(const struct sm_ottl_key *key, struct sm_ottl_run *run, struct sm_slice *text)
{
    struct sm_ottl_value value;
    if (key->kind == SM_OTTL_KEY_STRING) {
        *text = key->text;
        return true;
    }
    if (key->kind == SM_OTTL_KEY_INT)
        return sm_ottl_fail(run, "unable to resolve a string index in map: invalid key type");
    if (!sm_ottl_eval(key->expr, run, &value))
        return false;
    if (value.kind != SM_OTTL_STRING)
        return sm_ottl_fail(run, "could not resolve key for map/slice, expecting 'string' but got '%s'", sm_ottl_kind_name(&value));
    *text = value.text;
    return true;
}

static bool key_index(const struct sm_ottl_key *key, struct sm_ottl_run *run, size_t count, size_t *index)
{
    struct sm_ottl_value value = sm_ottl_int(key->index);
    if (key->kind == SM_OTTL_KEY_STRING)
        return sm_ottl_fail(run, "unable to resolve an integer index in slice: invalid key type");
    if (key->kind == SM_OTTL_KEY_EXPR && !sm_ottl_eval(key->expr, run, &value))
        return false;
    if (value.kind != SM_OTTL_INT)
        return sm_ottl_fail(run, "could not resolve key for map/slice, expecting 'int64' but got '%s'", sm_ottl_kind_name(&value));
    if (value.integer < 0 || (uint64_t)value.integer >= count)
        return sm_ottl_fail(run, "index %" PRId64 " out of bounds", value.integer);
    *index = (size_t)value.integer;
    return true;
}

static const char *type_name(const struct sm_value *value)
{
    static const char *const names[] = {"Empty", "Str", "Bool", "Int", "Double", "Slice", "Map", "Bytes"};
    return names[value->type];
}

bool sm_ottl_find_slot(struct sm_value *value, struct sm_ottl_run *run, const struct sm_ottl_key *keys, size_t count, struct sm_value **slot)
{
    *slot = value;
    for (size_t i = 0; i < count && *slot; i++) {
        struct sm_slice text;
        size_t index;
        if ((*slot)->type == SM_VALUE_MAP) {
            if (!sm_ottl_key_text(&keys[i], run, &text))
                return false;
            *slot = sm_map_find(sm_value_map(*slot, run->arena), text);
        } else if ((*slot)->type == SM_VALUE_LIST) {
            struct sm_list *list = sm_value_list(*slot, run->arena);
            if (!key_index(&keys[i], run, list->count, &index))
                return false;
            *slot = &list->items[index];
        } else {
            return sm_ottl_fail(run, "type %s does not support string indexing", type_name(*slot));
        }
    }
    return true;
}

bool sm_ottl_find_in_map(struct sm_map *map, struct sm_ottl_run *run, const struct sm_ottl_key *keys, size_t count, struct sm_value **slot)
{
    struct sm_slice text;
    if (!sm_ottl_key_text(&keys[0], run, &text))
        return false;
    *slot = sm_map_find(map, text);
    return !*slot || sm_ottl_find_slot(*slot, run, keys + 1, count - 1, slot);
}

/* ---- setting */

enum { NEW_LIST_MAX = 100000 }; /* elements that one index may create */

static struct sm_value *add_key(struct sm_map *map, struct sm_ottl_run *run, struct sm_slice text)
{
    return sm_map_set(map, run->arena, sm_arena_copy(run->arena, text), (struct sm_value){.type = SM_VALUE_EMPTY});
}

static struct sm_value *make_map(struct sm_value *slot, struct sm_ottl_run *run, struct sm_slice text)
{
    *slot = (struct sm_value){.type = SM_VALUE_MAP, .map = sm_arena_zalloc(run->arena, 1, sizeof(struct sm_map))};
    return add_key(slot->map, run, text);
}

/* A list of empty values up to `index`, which is the one returned. */
static struct sm_value *make_list(struct sm_value *slot, struct sm_ottl_run *run, int64_t index)
{
    if (index > NEW_LIST_MAX) {
        sm_ottl_fail(run, "index %" PRId64 " is above the limit of %d for a new list", index, NEW_LIST_MAX);
        return NULL;
    }
    size_t count = index < 0 ? 1 : (size_t)index + 1;
    struct sm_list *list = sm_arena_zalloc(run->arena, 1, sizeof(*list));
    *list = (struct sm_list){.items = sm_arena_zalloc(run->arena, count, sizeof(struct sm_value)), .count = count, .capacity = count};
    *slot = (struct sm_value){.type = SM_VALUE_LIST, .list = list};
    return &list->items[count - 1];
}

/* What stands under `key` in an empty value, which becomes a map or a list. NULL: failed. */
static struct sm_value *make_container(struct sm_value *slot, struct sm_ottl_run *run, const struct sm_ottl_key *key)
{
    struct sm_ottl_value value;
    if (key->kind == SM_OTTL_KEY_STRING)
        return make_map(slot, run, key->text);
    if (key->kind == SM_OTTL_KEY_INT)
        return make_list(slot, run, key->index);
    if (!sm_ottl_eval(key->expr, run, &value))
        return NULL;
    if (value.kind == SM_OTTL_INT)
        return make_list(slot, run, value.integer);
    if (value.kind == SM_OTTL_STRING)
        return make_map(slot, run, value.text);
    sm_ottl_fail(run, "neither a string nor an int index was given");
    return NULL;
}

static struct sm_value *step_to_set(struct sm_value *slot, struct sm_ottl_run *run, const struct sm_ottl_key *key)
{
    struct sm_slice text;
    size_t index;
    switch (slot->type) {
    case SM_VALUE_MAP: {
        struct sm_map *map = sm_value_map(slot, run->arena);
        if (!sm_ottl_key_text(key, run, &text))
            return NULL;
        struct sm_value *found = sm_map_find(map, text);
        return found ? found : add_key(map, run, text);
    }
    case SM_VALUE_LIST: {
        struct sm_list *list = sm_value_list(slot, run->arena);
        return key_index(key, run, list->count, &index) ? &list->items[index] : NULL;
    }
    case SM_VALUE_EMPTY:
        return make_container(slot, run, key);
    default:
        sm_ottl_fail(run, "type %s does not support string indexing", type_name(slot));
        return NULL;
    }
}

/* As in the reference, what becomes a map or a list, and was none, is empty before the value is copied: visible when the value contains the slot. */
static void make_room(struct sm_value *slot, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    if (slot->type == (value->kind == SM_OTTL_MAP ? SM_VALUE_MAP : SM_VALUE_LIST))
        return;
    if (value->kind == SM_OTTL_MAP)
        *slot = (struct sm_value){.type = SM_VALUE_MAP, .map = sm_arena_zalloc(run->arena, 1, sizeof(struct sm_map))};
    else if (value->kind == SM_OTTL_LIST && !value->is_written)
        *slot = (struct sm_value){.type = SM_VALUE_LIST, .list = sm_arena_zalloc(run->arena, 1, sizeof(struct sm_list))};
}

bool sm_ottl_set_slot(struct sm_value *slot, struct sm_ottl_run *run, const struct sm_ottl_key *keys, size_t count, const struct sm_ottl_value *value)
{
    for (size_t i = 0; i < count; i++) {
        slot = step_to_set(slot, run, &keys[i]);
        if (!slot)
            return false;
    }
    struct sm_value attribute;
    make_room(slot, run, value);
    if (!sm_ottl_to_attribute(value, run->arena, &attribute))
        return sm_ottl_fail(run, "unsupported type %s for set operation; current value type is %s", sm_ottl_kind_name(value), type_name(slot));
    *slot = attribute;
    return true;
}

bool sm_ottl_set_in_map(struct sm_map *map, struct sm_ottl_run *run, const struct sm_ottl_key *keys, size_t count, const struct sm_ottl_value *value)
{
    struct sm_slice text;
    if (!sm_ottl_key_text(&keys[0], run, &text))
        return false;
    struct sm_value *slot = sm_map_find(map, text);
    return sm_ottl_set_slot(slot ? slot : add_key(map, run, text), run, keys + 1, count - 1, value);
}

/* ---- converters' results */

static bool index_list(struct sm_ottl_run *run, const struct sm_ottl_value *key, struct sm_ottl_value *value)
{
    size_t count = value->kind == SM_OTTL_LIST ? value->list->count : value->text.size;
    if (key->integer < 0 || (uint64_t)key->integer >= count)
        return sm_ottl_fail(run, "index %" PRId64 " out of bounds", key->integer);
    if (value->kind == SM_OTTL_LIST)
        *value = sm_ottl_from_attribute(&value->list->items[key->integer], run->arena);
    else
        *value = sm_ottl_int((unsigned char)value->text.ptr[key->integer]);
    return true;
}

static bool index_once(struct sm_ottl_run *run, const struct sm_ottl_value *key, struct sm_ottl_value *value)
{
    bool was_constant = value->is_constant;
    if (key->kind == SM_OTTL_STRING) {
        if (value->kind != SM_OTTL_MAP)
            return sm_ottl_fail(run, "type %s does not support string indexing", sm_ottl_kind_name(value));
        struct sm_value *found = sm_map_find(value->map, key->text);
        if (!found)
            return sm_ottl_fail(run, "key not found in map");
        *value = sm_ottl_from_attribute(found, run->arena);
    } else if (key->kind == SM_OTTL_INT) {
        if (value->kind != SM_OTTL_LIST && value->kind != SM_OTTL_BYTES)
            return sm_ottl_fail(run, "type %s does not support int indexing", sm_ottl_kind_name(value));
        if (!index_list(run, key, value))
            return false;
    } else {
        return sm_ottl_fail(run, "key expression must evaluate to string or int, got %s", sm_ottl_kind_name(key));
    }
    value->is_constant = was_constant;
    return true;
}

bool sm_ottl_index(struct sm_ottl_run *run, const struct sm_ottl_key *keys, size_t count, struct sm_ottl_value *value)
{
    for (size_t i = 0; i < count; i++) {
        struct sm_ottl_value key = keys[i].kind == SM_OTTL_KEY_STRING ? sm_ottl_string(keys[i].text) : sm_ottl_int(keys[i].index);
        if (keys[i].kind == SM_OTTL_KEY_EXPR && !sm_ottl_eval(keys[i].expr, run, &key))
            return false;
        if (!index_once(run, &key, value))
            return false;
    }
    return true;
}
