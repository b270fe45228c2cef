/* functions_editor.c - editors of values, maps and lists: set, delete_key, keep_keys, merge_maps, flatten, …
 *
 * Maps are changed in place; what is stored shares nothing with where it came from.
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs. */
#include <inttypes.h>

#include "ottl/compile.h"

static bool call_set(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_value value;
    (void)out;
    if (!sm_ottl_arg_any(&call->args[1], run, &value))
        return false;
    return value.kind == SM_OTTL_NIL || sm_ottl_ref_set(call->args[0].ref, run, &value);
}

/* ---- keys */

/* Of a repeated key the first goes. */
struct one_key {
    struct sm_slice key;
    bool is_found;
};

static bool is_other_key(void *context, struct sm_slice key)
{
    struct one_key *one = context;
    if (one->is_found || !sm_slice_equal(key, one->key))
        return true;
    one->is_found = true;
    return false;
}

static bool call_delete_key(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_entries entries;
    struct one_key one = {0};
    (void)out;
    if (!sm_ottl_ref_entries(call->args[0].ref, run, &entries) || !sm_ottl_arg_string(&call->args[1], run, &one.key))
        return false;
    sm_ottl_entries_keep(&entries, run, is_other_key, &one);
    return true;
}

static bool matches(void *context, struct sm_slice key)
{
    const struct sm_ottl_regex *regex = context;
    return sm_regex_matches(regex->regex, key);
}

static bool does_not_match(void *context, struct sm_slice key)
{
    return !matches(context, key);
}

static bool call_matching_keys(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_regex regex;
    struct sm_ottl_entries entries;
    (void)out;
    if (!sm_ottl_regex_get(call, 1, run, &regex))
        return false;
    bool is_fine = sm_ottl_ref_entries(call->args[0].ref, run, &entries);
    if (is_fine)
        sm_ottl_entries_keep(&entries, run, call->function->detail ? matches : does_not_match, &regex);
    sm_ottl_regex_release(&regex);
    return is_fine;
}

static bool prepare_second_regex(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    return sm_ottl_prepare_regex(call, compiler, 1);
}

struct key_set {
    struct sm_slice *items;
    size_t count;
};

static bool is_in_set(void *context, struct sm_slice key)
{
    const struct key_set *set = context;
    for (size_t i = 0; i < set->count; i++)
        if (sm_slice_equal(set->items[i], key))
            return true;
    return false;
}

static bool call_keep_keys(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_entries entries;
    const struct sm_ottl_arg *keys = &call->args[1];
    struct key_set set = {.items = sm_arena_alloc(run->arena, keys->count * sizeof(struct sm_slice)), .count = keys->count};
    (void)out;
    if (!sm_ottl_ref_entries(call->args[0].ref, run, &entries))
        return false;
    for (size_t i = 0; i < keys->count; i++)
        if (!sm_ottl_arg_string(&keys->items[i], run, &set.items[i]))
            return false;
    sm_ottl_entries_keep(&entries, run, is_in_set, &set);
    return true;
}

static size_t count_present(const struct sm_map *map, const struct sm_ottl_arg *keys)
{
    size_t count = 0;
    for (size_t i = 0; i < keys->count; i++)
        count += sm_map_find(map, keys->items[i].text) != NULL;
    return count;
}

static bool is_priority(const struct sm_ottl_arg *keys, struct sm_slice key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (sm_slice_equal(keys->items[i].text, key))
            return true;
    return false;
}

static bool call_limit(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_map *map;
    size_t limit = (size_t)call->args[1].integer, kept = 0;
    (void)out;
    if (!sm_ottl_ref_edit_map(call->args[0].ref, run, &map))
        return false;
    if (map->count <= limit)
        return true;
    size_t counted = count_present(map, &call->args[2]);
    for (size_t i = 0; i < map->count; i++) {
        bool has_priority = is_priority(&call->args[2], map->entries[i].key);
        if (!has_priority && counted >= limit)
            continue;
        counted += !has_priority;
        map->entries[kept++] = map->entries[i];
    }
    map->count = kept;
    return true;
}

static bool prepare_limit(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    int64_t limit = call->args[1].integer;
    if (limit < 0)
        return sm_ottl_compile_error(compiler, call->node, "invalid limit for limit function, %" PRId64 " cannot be negative", limit);
    return (uint64_t)limit >= call->args[2].count ||
           sm_ottl_compile_error(compiler, call->node, "invalid limit for limit function, it cannot be less than the number of priority attributes");
}

/* ---- values of maps */

static bool call_truncate_all(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_map *map;
    size_t limit = (size_t)call->args[1].integer;
    bool is_safe = !call->args[2].is_set || call->args[2].boolean;
    (void)out;
    if (!sm_ottl_ref_edit_map(call->args[0].ref, run, &map))
        return false;
    for (size_t i = 0; i < map->count; i++) {
        struct sm_value *value = &map->entries[i].value;
        if (value->type != SM_VALUE_STRING || value->string.size <= limit)
            continue;
        size_t size = limit;
        while (is_safe && size > 0 && ((unsigned char)value->string.ptr[size] & 0xc0) == 0x80)
            size--;
        value->string.size = size;
    }
    return true;
}

static bool prepare_truncate_all(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    return call->args[1].integer >= 0 ||
           sm_ottl_compile_error(compiler, call->node, "invalid limit for truncate_all function, it cannot be negative");
}

static bool call_stringify_all(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_map *map;
    (void)out;
    if (!sm_ottl_ref_edit_map(call->args[0].ref, run, &map))
        return false;
    for (size_t i = 0; i < map->count; i++)
        if (map->entries[i].value.type != SM_VALUE_STRING)
            map->entries[i].value = sm_value_string(sm_value_to_string(&map->entries[i].value, run->arena));
    return true;
}

static bool call_merge_maps(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_map *target, *source;
    struct sm_slice strategy = call->args[2].text;
    (void)out;
    if (!sm_ottl_ref_edit_map(call->args[0].ref, run, &target) || !sm_ottl_arg_map(&call->args[1], run, &source))
        return false;
    if (source == target)
        return true;
    bool copies = call->args[1].expr->holds_constants;
    for (size_t i = 0; i < source->count; i++) {
        struct sm_slice key = source->entries[i].key;
        bool is_there = sm_map_find(target, key) != NULL;
        if (sm_slice_is(strategy, "insert") ? is_there : sm_slice_is(strategy, "update") && !is_there)
            continue;
        sm_map_set(target, run->arena, is_there || !copies ? key : sm_arena_copy(run->arena, key),
                   sm_ottl_copy_attribute(&source->entries[i].value, run->arena, copies));
    }
    return true;
}

static bool prepare_merge_maps(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_slice strategy = call->args[2].text;
    return sm_slice_is(strategy, "insert") || sm_slice_is(strategy, "update") || sm_slice_is(strategy, "upsert") ||
           sm_ottl_compile_error(compiler, call->node, "invalid value for strategy, %.*s, must be 'insert', 'update' or 'upsert'",
                                 SM_SLICE_ARGS(strategy));
}

/* ---- flatten */

struct flattening {
    struct sm_arena *arena;
    struct sm_map result;
    struct sm_map conflicts; /* key: how many more of it there were */
    bool resolves_conflicts;
    int64_t depth_max;
};

static void flatten_value(struct flattening *f, struct sm_slice key, struct sm_value *value, int64_t depth);

static struct sm_slice join(struct flattening *f, struct sm_slice prefix, struct sm_slice key)
{
    return sm_slice_of(sm_arena_printf(f->arena, "%.*s.%.*s", SM_SLICE_ARGS(prefix), SM_SLICE_ARGS(key)));
}

static struct sm_slice join_index(struct flattening *f, struct sm_slice prefix, size_t index)
{
    return sm_slice_of(sm_arena_printf(f->arena, "%.*s.%zu", SM_SLICE_ARGS(prefix), index));
}

static void flatten_map(struct flattening *f, struct sm_map *map, struct sm_slice prefix, int64_t depth)
{
    for (size_t i = 0; i < map->count; i++)
        flatten_value(f, prefix.size > 0 ? join(f, prefix, map->entries[i].key) : map->entries[i].key, &map->entries[i].value, depth);
}

static void put(struct flattening *f, struct sm_slice key, struct sm_value *value)
{
    struct sm_value copy = sm_ottl_copy_attribute(value, f->arena, false);
    if (f->resolves_conflicts && sm_map_find(&f->result, key)) {
        struct sm_value *seen = sm_map_find(&f->conflicts, key);
        struct sm_slice numbered = join_index(f, key, seen ? (size_t)seen->integer : 0);
        if (seen)
            seen->integer++;
        sm_map_set(&f->result, f->arena, numbered, copy);
        return;
    }
    if (f->resolves_conflicts)
        sm_map_set(&f->conflicts, f->arena, key, sm_value_int(0));
    sm_map_set(&f->result, f->arena, key, copy);
}

/* Elements of a list inside a list: their own lists and maps count one level more, as the reference counts. */
static void flatten_list(struct flattening *f, struct sm_list *list, struct sm_slice key, int64_t depth)
{
    for (size_t i = 0; i < list->count; i++) {
        struct sm_value *item = &list->items[i];
        struct sm_slice indexed = join_index(f, key, i);
        if (item->type == SM_VALUE_MAP && depth + 1 < f->depth_max) {
            flatten_map(f, sm_value_map(item, f->arena), indexed, depth + 2);
        } else if (item->type == SM_VALUE_LIST && depth + 1 < f->depth_max) {
            struct sm_list *inner = sm_value_list(item, f->arena);
            for (size_t k = 0; k < inner->count; k++) /* no dot between prefix and index here: a quirk of the reference */
                flatten_value(f, sm_slice_of(sm_arena_printf(f->arena, "%.*s%zu", SM_SLICE_ARGS(indexed), k)), &inner->items[k], depth + 3);
        } else {
            put(f, f->resolves_conflicts ? key : indexed, item);
        }
    }
}

static void flatten_value(struct flattening *f, struct sm_slice key, struct sm_value *value, int64_t depth)
{
    if (value->type == SM_VALUE_MAP && depth < f->depth_max)
        flatten_map(f, sm_value_map(value, f->arena), key, depth + 1);
    else if (value->type == SM_VALUE_LIST && depth < f->depth_max)
        flatten_list(f, sm_value_list(value, f->arena), key, depth);
    else
        put(f, key, value);
}

static bool call_flatten(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_map *map;
    struct flattening f = {.arena = run->arena,
                           .depth_max = call->args[2].is_set ? call->args[2].integer : INT64_MAX,
                           .resolves_conflicts = call->args[3].is_set && call->args[3].boolean};
    (void)out;
    if (!sm_ottl_ref_edit_map(call->args[0].ref, run, &map))
        return false;
    struct sm_slice prefix = call->args[1].is_set ? sm_arena_copy(run->arena, call->args[1].text) : (struct sm_slice){0};
    flatten_map(&f, map, prefix, 0);
    *map = f.result;
    return true;
}

static bool prepare_flatten(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    return !call->args[2].is_set || call->args[2].integer >= 1 ||
           sm_ottl_compile_error(compiler, call->node, "invalid depth '%" PRId64 "' for flatten function, must be greater than 0",
                                 call->args[2].integer);
}

/* ---- lists */

static void append_value(struct sm_list *list, struct sm_arena *arena, const struct sm_ottl_value *value)
{
    struct sm_value attribute = {.type = SM_VALUE_EMPTY};
    if (list->count == list->capacity)
        list->items = sm_arena_grow(arena, list->items, list->count, &list->capacity, list->count + 1, sizeof(*list->items));
    (void)sm_ottl_to_attribute(value, arena, &attribute);
    list->items[list->count++] = attribute;
}

/* Lists and maps of the telemetry and moments cannot be elements in the reference; lists written in the statement can. */
static bool append_element(const struct sm_ottl_value *value, struct sm_ottl_run *run, struct sm_list *list)
{
    if (value->kind > SM_OTTL_BYTES && (!value->is_written || value->has_parts))
        return sm_ottl_fail(run, "<Invalid value type %s>", sm_ottl_kind_name(value));
    append_value(list, run->arena, value);
    return true;
}

static bool append_argument(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_list *list)
{
    struct sm_ottl_value value;
    return sm_ottl_arg_any(arg, run, &value) && append_element(&value, run, list);
}

static bool call_append(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_list list = {0};
    struct sm_ottl_value value;
    (void)out;
    if (!sm_ottl_ref_get(call->args[0].ref, run, &value))
        return false;
    if (value.kind == SM_OTTL_LIST)
        list = sm_ottl_copy_list(value.list, run->arena, false);
    else if (value.kind != SM_OTTL_NIL && !append_element(&value, run, &list))
        return false;
    if (call->args[1].is_set && !append_argument(&call->args[1], run, &list))
        return false;
    for (size_t i = 0; i < call->args[2].count; i++)
        if (!append_argument(&call->args[2].items[i], run, &list))
            return false;
    value = sm_ottl_list(&list);
    return sm_ottl_ref_set(call->args[0].ref, run, &value);
}

static bool prepare_append(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    return call->args[1].is_set || call->args[2].is_set ||
           sm_ottl_compile_error(compiler, call->node, "at least one of the optional arguments ('value' or 'values') must be provided");
}

static bool call_delete_index(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_list *list;
    int64_t start, end;
    (void)out;
    if (!sm_ottl_arg_list(&call->args[0], run, &list) || !sm_ottl_arg_int(&call->args[1], run, &start))
        return false;
    end = start == INT64_MAX ? start : start + 1;
    if (call->args[2].is_set && !sm_ottl_arg_int(&call->args[2], run, &end))
        return false;
    int64_t count = (int64_t)list->count;
    if (!(start == 0 && end == count) && (start < 0 || start >= count || end < start || end > count))
        return sm_ottl_fail(run, "deletion range [%" PRId64 ":%" PRId64 "] out of bounds for slice of length %" PRId64, start, end, count);
    struct sm_list kept = sm_ottl_copy_list(list, run->arena, false);
    memmove(kept.items + start, kept.items + end, (size_t)(count - end) * sizeof(*kept.items));
    kept.count -= (size_t)(end - start);
    struct sm_ottl_value value = sm_ottl_list(&kept);
    return sm_ottl_ref_set(call->args[0].ref, run, &value);
}

#define MAP_PATH                                                                                                                                     \
    {                                                                                                                                                \
        .name = "Target", .type = SM_OTTL_ARG_MAP_PATH                                                                                               \
    }
static const bool keeps_matching = true;

const struct sm_ottl_function sm_ottl_editors[] = {
    {.name = "set",
     .help = "Sets a path to a value; nil does nothing.",
     .set = SM_OTTL_EDITORS,
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_PATH}, {.name = "Value", .type = SM_OTTL_ARG_ANY}},
     .call = call_set},
    {.name = "delete_key",
     .help = "Removes a key of a map.",
     .set = SM_OTTL_EDITORS,
     .parameters = {MAP_PATH, {.name = "Key", .type = SM_OTTL_ARG_STRING}},
     .call = call_delete_key},
    {.name = "delete_matching_keys",
     .help = "Removes the keys that match.",
     .set = SM_OTTL_EDITORS,
     .parameters = {MAP_PATH, {.name = "Pattern", .type = SM_OTTL_ARG_STRING}},
     .call = call_matching_keys,
     .prepare = prepare_second_regex},
    {.name = "keep_matching_keys",
     .help = "Removes the keys that do not match.",
     .set = SM_OTTL_EDITORS,
     .parameters = {MAP_PATH, {.name = "Pattern", .type = SM_OTTL_ARG_STRING}},
     .call = call_matching_keys,
     .prepare = prepare_second_regex,
     .detail = &keeps_matching},
    {.name = "keep_keys",
     .help = "Removes all other keys.",
     .set = SM_OTTL_EDITORS,
     .parameters = {MAP_PATH, {.name = "Keys", .type = SM_OTTL_ARG_STRING, .is_list = true}},
     .call = call_keep_keys},
    {.name = "limit",
     .help = "Keeps so many keys, some of them first.",
     .set = SM_OTTL_EDITORS,
     .parameters = {MAP_PATH,
                    {.name = "Limit", .type = SM_OTTL_ARG_LITERAL_INT},
                    {.name = "PriorityKeys", .type = SM_OTTL_ARG_LITERAL_STRING, .is_list = true}},
     .call = call_limit,
     .prepare = prepare_limit},
    {.name = "truncate_all",
     .help = "Cuts texts to so many bytes.",
     .set = SM_OTTL_EDITORS,
     .parameters = {MAP_PATH,
                    {.name = "Limit", .type = SM_OTTL_ARG_LITERAL_INT},
                    {.name = "Utf8Safe", .type = SM_OTTL_ARG_LITERAL_BOOL, .is_optional = true}},
     .call = call_truncate_all,
     .prepare = prepare_truncate_all},
    {.name = "stringify_all", .help = "Turns all values into texts.", .set = SM_OTTL_EDITORS, .parameters = {MAP_PATH}, .call = call_stringify_all},
    {.name = "merge_maps",
     .help = "Copies the entries of another map.",
     .set = SM_OTTL_EDITORS,
     .parameters = {MAP_PATH, {.name = "Source", .type = SM_OTTL_ARG_MAP}, {.name = "Strategy", .type = SM_OTTL_ARG_LITERAL_STRING}},
     .call = call_merge_maps,
     .prepare = prepare_merge_maps},
    {.name = "flatten",
     .help = "Nested maps and lists become keys with dots.",
     .set = SM_OTTL_EDITORS,
     .parameters = {MAP_PATH,
                    {.name = "Prefix", .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true},
                    {.name = "Depth", .type = SM_OTTL_ARG_LITERAL_INT, .is_optional = true},
                    {.name = "ResolveConflicts", .type = SM_OTTL_ARG_LITERAL_BOOL, .is_optional = true}},
     .call = call_flatten,
     .prepare = prepare_flatten},
    {.name = "append",
     .help = "Adds values to a list.",
     .set = SM_OTTL_EDITORS,
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_PATH},
                    {.name = "Value", .type = SM_OTTL_ARG_ANY, .is_optional = true},
                    {.name = "Values", .type = SM_OTTL_ARG_ANY, .is_optional = true, .is_list = true}},
     .call = call_append,
     .prepare = prepare_append},
    {.name = "delete_index",
     .help = "Removes elements of a list.",
     .set = SM_OTTL_EDITORS,
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_LIST_PATH},
                    {.name = "StartIndex", .type = SM_OTTL_ARG_INT},
                    {.name = "EndIndex", .type = SM_OTTL_ARG_INT, .is_optional = true}},
     .call = call_delete_index},
    {0},
};
