/* functions_collection.c - converters of lists and maps: Keys, Values, Sort, SliceToMap, ToKeyValueString.
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs. */
#include <math.h>
#include <stdlib.h>

#include "ottl/compile.h"

static struct sm_list *new_list(struct sm_arena *arena, size_t count)
{
    struct sm_list *list = sm_arena_zalloc(arena, 1, sizeof(*list));
    *list = (struct sm_list){.items = sm_arena_zalloc(arena, count, sizeof(struct sm_value)), .count = count, .capacity = count};
    return list;
}

static bool call_keys(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_map *map;
    if (!sm_ottl_arg_map(&call->args[0], run, &map))
        return false;
    struct sm_list *list = new_list(run->arena, map->count);
    for (size_t i = 0; i < map->count; i++)
        list->items[i] = sm_value_string(map->entries[i].key);
    *out = sm_ottl_list(list);
    return true;
}

static bool call_values(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_map *map;
    if (!sm_ottl_arg_map(&call->args[0], run, &map))
        return false;
    struct sm_list *list = new_list(run->arena, map->count);
    for (size_t i = 0; i < map->count; i++)
        list->items[i] = sm_ottl_copy_attribute(&map->entries[i].value, run->arena, false);
    *out = sm_ottl_list(list);
    return true;
}

/* ---- Sort */

struct sort_key {
    enum sm_value_type type; /* INT, DOUBLE or STRING: by what all are compared */
    union {
        int64_t integer;
        double number;
        struct sm_slice text;
    };
    const struct sm_value *value;
};

/* By what the elements compare; EMPTY: the list stays as it is. */
static enum sm_value_type common_type(const struct sm_list *list)
{
    enum sm_value_type type = list->count > 0 ? list->items[0].type : SM_VALUE_EMPTY;
    bool are_texts = false, are_numbers = true, has_double = false;
    for (size_t i = 0; i < list->count; i++) {
        enum sm_value_type item = list->items[i].type;
        if (item == SM_VALUE_LIST || item == SM_VALUE_MAP || item == SM_VALUE_BYTES)
            return SM_VALUE_EMPTY;
        are_texts = are_texts || item == SM_VALUE_STRING || item == SM_VALUE_BOOL || item == SM_VALUE_EMPTY;
        has_double = has_double || item == SM_VALUE_DOUBLE;
        are_numbers = are_numbers && (item == SM_VALUE_INT || item == SM_VALUE_DOUBLE);
    }
    if (list->count == 0)
        return SM_VALUE_EMPTY;
    return are_texts ? SM_VALUE_STRING : are_numbers && has_double ? SM_VALUE_DOUBLE : type;
}

static struct sort_key key_of(const struct sm_value *value, enum sm_value_type type, struct sm_arena *arena)
{
    struct sort_key key = {.type = type, .value = value};
    if (type == SM_VALUE_INT)
        key.integer = value->integer;
    else if (type == SM_VALUE_DOUBLE)
        key.number = value->type == SM_VALUE_INT ? (double)value->integer : value->number;
    else
        key.text = sm_value_to_string(value, arena);
    return key;
}

/* NaN comes first, as in Go's cmp.Compare. */
static int order_numbers(double a, double b)
{
    if (isnan(a) || isnan(b))
        return !!isnan(b) - !!isnan(a);
    return (a > b) - (a < b);
}

static int order_keys(const struct sort_key *a, const struct sort_key *b)
{
    if (a->type == SM_VALUE_INT)
        return (a->integer > b->integer) - (a->integer < b->integer);
    return a->type == SM_VALUE_DOUBLE ? order_numbers(a->number, b->number) : sm_slice_compare(a->text, b->text);
}

/* Merges two sorted halves; equal elements keep their order. */
static void sort_keys(struct sort_key *keys, struct sort_key *scratch, size_t count, int sign)
{
    size_t half = count / 2, left = 0, right = half;
    if (count < 2)
        return;
    sort_keys(keys, scratch, half, sign);
    sort_keys(keys + half, scratch + half, count - half, sign);
    for (size_t i = 0; i < count; i++)
        scratch[i] = right == count || (left < half && sign * order_keys(&keys[left], &keys[right]) <= 0) ? keys[left++] : keys[right++];
    memcpy(keys, scratch, count * sizeof(*keys));
}

static bool call_sort(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_list *list;
    struct sm_ottl_value value;
    if (!sm_ottl_arg_any(&call->args[0], run, &value))
        return false;
    if (value.kind == SM_OTTL_OBJECT && value.object_kind != SM_OTTL_DOUBLES)
        return sm_ottl_fail(run, "sort with unsupported type: '%s'. Target is not a list", sm_ottl_kind_name(&value));
    if (!sm_ottl_to_list(value, run, &list))
        return false;
    bool is_typed = value.is_typed || value.kind == SM_OTTL_OBJECT;
    enum sm_value_type type = common_type(list);
    struct sm_list *sorted = new_list(run->arena, list->count);
    struct sort_key *keys = sm_arena_zalloc(run->arena, list->count * 2, sizeof(*keys));
    for (size_t i = 0; i < list->count && type != SM_VALUE_EMPTY; i++)
        keys[i] = key_of(&list->items[i], type, run->arena);
    if (type != SM_VALUE_EMPTY)
        sort_keys(keys, keys + list->count, list->count, call->args[1].is_set && sm_slice_is(call->args[1].text, "desc") ? -1 : 1);
    for (size_t i = 0; i < list->count; i++)
        sorted->items[i] = type == SM_VALUE_EMPTY ? list->items[i] : *keys[i].value;
    *out = sm_ottl_list(sorted);
    out->is_typed = is_typed;
    out->is_written = !is_typed && type != SM_VALUE_EMPTY;
    return true;
}

static bool prepare_sort(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_slice order = call->args[1].text;
    return !call->args[1].is_set || sm_slice_is(order, "asc") || sm_slice_is(order, "desc") ||
           sm_ottl_compile_error(compiler, call->node, "invalid arguments: %.*s. Order should be either \"asc\" or \"desc\"", SM_SLICE_ARGS(order));
}

/* ---- SliceToMap */

static bool follow_path(struct sm_ottl_run *run, struct sm_value *element, const struct sm_ottl_arg *path, struct sm_value **found)
{
    *found = element;
    if (path->count == 0)
        return sm_ottl_fail(run, "must provide at least one path item");
    for (size_t i = 0; i < path->count; i++) {
        if ((*found)->type != SM_VALUE_MAP)
            return sm_ottl_fail(run, "provided object does not contain the path");
        *found = sm_map_find(sm_value_map(*found, run->arena), path->items[i].text);
        if (!*found)
            return sm_ottl_fail(run, "provided object does not contain the path");
    }
    return true;
}

static bool add_element(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_map *map, struct sm_value *element, size_t index)
{
    struct sm_value *key = NULL, *value = element;
    if ((call->args[1].is_set || call->args[2].is_set) && element->type != SM_VALUE_MAP)
        return sm_ottl_fail(run, "slice elements must be maps when using `key_path` or `value_path`");
    if (call->args[1].is_set && !follow_path(run, element, &call->args[1], &key))
        return false;
    if (key && key->type != SM_VALUE_STRING)
        return sm_ottl_fail(run, "element %zu: extracted key attribute is not of type string", index);
    if (call->args[2].is_set && !follow_path(run, element, &call->args[2], &value))
        return false;
    struct sm_slice name = key ? key->string : sm_slice_of(sm_arena_printf(run->arena, "%zu", index));
    sm_map_set(map, run->arena, name, sm_ottl_copy_attribute(value, run->arena, false));
    return true;
}

static bool call_slice_to_map(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_list *list;
    if (!sm_ottl_arg_list(&call->args[0], run, &list))
        return false;
    struct sm_map *map = sm_arena_zalloc(run->arena, 1, sizeof(*map));
    for (size_t i = 0; i < list->count; i++)
        if (!add_element(call, run, map, &list->items[i], i))
            return false;
    *out = sm_ottl_map(map);
    return true;
}

/* ---- ToKeyValueString */

static bool contains(struct sm_slice text, struct sm_slice part)
{
    return sm_slice_find(text, part) != NULL;
}

static void append_quoted(struct sm_bytes *out, struct sm_slice text, struct sm_slice delimiter, struct sm_slice pair_delimiter)
{
    size_t start = out->size;
    sm_bytes_append_char(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.ptr[i] == '"')
            sm_bytes_append_char(out, '\\');
        sm_bytes_append_char(out, text.ptr[i]);
    }
    struct sm_slice escaped = sm_slice_make(out->ptr + start + 1, out->size - start - 1);
    if (contains(escaped, delimiter) || contains(escaped, pair_delimiter)) {
        sm_bytes_append_char(out, '"');
        return;
    }
    memmove(out->ptr + start, out->ptr + start + 1, escaped.size);
    out->size--;
}

static int order_entries(const void *a, const void *b)
{
    return sm_slice_compare(((const struct sm_attribute *)a)->key, ((const struct sm_attribute *)b)->key);
}

static bool call_to_key_value_string(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice delimiter = call->args[1].is_set ? call->args[1].text : SM_SLICE("=");
    struct sm_slice pair_delimiter = call->args[2].is_set ? call->args[2].text : SM_SLICE(" ");
    struct sm_map *map;
    struct sm_bytes text;
    if (!sm_ottl_arg_map(&call->args[0], run, &map))
        return false;
    struct sm_attribute *entries = sm_arena_zalloc(run->arena, map->count, sizeof(*entries));
    for (size_t i = 0; i < map->count; i++)
        entries[i] = map->entries[i];
    if (map->count > 0 && call->args[3].is_set && call->args[3].boolean)
        qsort(entries, map->count, sizeof(*entries), order_entries);
    sm_bytes_init(&text, run->arena);
    for (size_t i = 0; i < map->count; i++) {
        if (i > 0)
            sm_bytes_append_slice(&text, pair_delimiter);
        append_quoted(&text, entries[i].key, delimiter, pair_delimiter);
        sm_bytes_append_slice(&text, delimiter);
        append_quoted(&text, sm_value_to_string(&entries[i].value, run->arena), delimiter, pair_delimiter);
    }
    *out = sm_ottl_string(sm_bytes_slice(&text));
    return true;
}

static bool prepare_to_key_value_string(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_slice delimiter = call->args[1].is_set ? call->args[1].text : SM_SLICE("=");
    struct sm_slice pair_delimiter = call->args[2].is_set ? call->args[2].text : SM_SLICE(" ");
    if (delimiter.size == 0 || pair_delimiter.size == 0)
        return sm_ottl_compile_error(compiler, call->node, "a delimiter cannot be set to an empty string");
    return !sm_slice_equal(delimiter, pair_delimiter) || sm_ottl_compile_error(compiler, call->node, "pair delimiter cannot be equal to delimiter");
}

#define MAP                                                                                                                                          \
    {                                                                                                                                                \
        .name = "Target", .type = SM_OTTL_ARG_MAP                                                                                                    \
    }
#define TEXT_OPTION(option)                                                                                                                          \
    {                                                                                                                                                \
        .name = (option), .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true                                                                    \
    }
#define PATH_OPTION(option)                                                                                                                          \
    {                                                                                                                                                \
        .name = (option), .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true, .is_list = true                                                   \
    }

const struct sm_ottl_function sm_ottl_collection_functions[] = {
    {.name = "Keys", .help = "The keys of the map.", .parameters = {MAP}, .call = call_keys},
    {.name = "Values", .help = "The values of the map.", .parameters = {MAP}, .call = call_values},
    {.name = "Sort",
     .help = "The elements of the list in order, \"asc\" or \"desc\".",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_ANY}, TEXT_OPTION("Order")},
     .call = call_sort,
     .prepare = prepare_sort},
    {.name = "SliceToMap",
     .help = "The elements of the list as a map, under their index or what a path leads to.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_LIST}, PATH_OPTION("KeyPath"), PATH_OPTION("ValuePath")},
     .call = call_slice_to_map},
    {.name = "ToKeyValueString",
     .help = "The map as key=value pairs.",
     .parameters =
         {MAP, TEXT_OPTION("Delimiter"), TEXT_OPTION("PairDelimiter"), {.name = "SortOutput", .type = SM_OTTL_ARG_LITERAL_BOOL, .is_optional = true}},
     .call = call_to_key_value_string,
     .prepare = prepare_to_key_value_string},
    {0},
};
