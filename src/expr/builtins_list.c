/* builtins_list.c - builtins that work on lists and maps.
 *
 * Keys and values of a map come in the order in which they were put in; in the reference in any order. */
#include <limits.h>

#include "expr/builtins.h"
#include "expr/sort.h"
#include "ottl/runes.h"

static struct expr_value *room(struct expr_evaluation *e, size_t elements)
{
    return expr_has_room(e, elements * sizeof(struct expr_value)) ? sm_arena_alloc(e->arena, elements * sizeof(struct expr_value) + 1) : NULL;
}

static bool must_be_list(struct expr_evaluation *e, struct expr_value value, const char *what)
{
    if (!expr_is_list(value.kind))
        expr_fail(e, "cannot %s %s", what, expr_kind_name(value.kind));
    return !e->has_failed;
}

static bool must_be_map(struct expr_evaluation *e, struct expr_value value, const char *what)
{
    if (!expr_is_map(value.kind))
        expr_fail(e, "cannot %s %s", what, expr_kind_name(value.kind));
    return !e->has_failed;
}

static struct expr_value call_len(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    (void)count;
    if (arguments[0].kind == EXPR_STRING)
        return expr_spend(e, arguments[0].text.size) ? expr_int((int64_t)sm_ottl_rune_count(arguments[0].text)) : expr_nil();
    if (!expr_is_list(arguments[0].kind) && !expr_is_map(arguments[0].kind))
        return expr_fail(e, "invalid argument for len (type %s)", expr_kind_name(arguments[0].kind));
    return expr_int((int64_t)expr_length(arguments[0]));
}

/* ---- elements */

static struct expr_value end_of(struct expr_evaluation *e, struct expr_value value, bool is_last)
{
    bool is_walkable = expr_is_list(value.kind) || value.kind == EXPR_STRING;
    size_t length = is_walkable ? expr_length(value) : 0;
    if (is_walkable)
        return length ? expr_at(value, is_last ? length - 1 : 0) : expr_nil();
    if (value.kind != EXPR_ANY_MAP && value.kind != EXPR_GROUPS)
        return expr_nil();
    const struct expr_entry *entry = expr_map_find(e, value.map, expr_int(is_last ? -1 : 0));
    return entry ? entry->value : value.kind == EXPR_GROUPS ? expr_nil_list(EXPR_ARRAY) : expr_nil();
}

static struct expr_value call_first(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    (void)count;
    return end_of(e, arguments[0], false);
}

static struct expr_value call_last(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    (void)count;
    return end_of(e, arguments[0], true);
}

static struct expr_value get_field(struct expr_evaluation *e, struct expr_value name)
{
    if (name.kind != EXPR_STRING)
        return expr_fail(e, "interface conversion: interface {} is %s, not string", expr_kind_name(name.kind));
    for (size_t i = 0; i < e->environment->field_count; i++)
        if (sm_slice_is(name.text, e->environment->fields[i].name))
            return expr_string(e->environment->fields[i].get(e->context));
    return expr_nil();
}

/* As x[index], but nil where that fails because nothing is there. */
static struct expr_value call_get(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct expr_value from = arguments[0], index = arguments[1];
    int64_t at;
    (void)count;
    if (index.kind == EXPR_STRING && from.kind != EXPR_ENVIRONMENT && expr_find_method(from.kind, index.text))
        return expr_fetch(e, from, index);
    if (expr_is_list(from.kind) || from.kind == EXPR_STRING) {
        int64_t length = (int64_t)expr_length(from);
        if (!expr_int_argument(e, index, &at))
            return expr_nil();
        at = at < 0 ? at + length : at;
        return at >= 0 && at < length ? expr_at(from, (size_t)at) : expr_nil();
    }
    if (expr_is_map(from.kind)) {
        const struct expr_entry *entry = expr_map_get(e, from, index);
        return entry ? entry->value : expr_nil();
    }
    if (from.kind == EXPR_ENVIRONMENT)
        return get_field(e, index);
    if (from.kind == EXPR_TIME && index.kind != EXPR_STRING)
        return expr_fail(e, "interface conversion: interface {} is %s, not string", expr_kind_name(index.kind));
    return expr_nil();
}

static struct expr_value call_take(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    (void)count;
    bool is_signed =
        arguments[1].kind == EXPR_INT || arguments[1].kind == EXPR_INT64 || (arguments[1].kind >= EXPR_DURATION && arguments[1].kind <= EXPR_WEEKDAY);
    if (!must_be_list(e, arguments[0], "take from"))
        return expr_nil();
    if (!is_signed)
        return expr_fail(e, "cannot take %s elements", expr_kind_name(arguments[1].kind));
    int64_t length = (int64_t)expr_length(arguments[0]), wanted = arguments[1].integer;
    if (wanted < 0 || arguments[0].kind == EXPR_PAIR)
        return expr_fail(e, "reflect.Value.Slice: slice index out of bounds");
    return expr_part(e, arguments[0], 0, (size_t)(wanted < length ? wanted : length));
}

/* ---- maps */

static struct expr_value call_keys(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    (void)count;
    if (!must_be_map(e, arguments[0], "get keys from"))
        return expr_nil();
    const struct expr_map *map = arguments[0].map;
    struct expr_value *keys = room(e, map->count);
    for (size_t i = 0; keys && i < map->count; i++)
        keys[i] = map->entries[i].key;
    return keys ? expr_make_list(e, EXPR_ARRAY, keys, map->count) : expr_nil();
}

static struct expr_value call_values(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    (void)count;
    if (!must_be_map(e, arguments[0], "get values from"))
        return expr_nil();
    const struct expr_map *map = arguments[0].map;
    struct expr_value *values = room(e, map->count);
    for (size_t i = 0; values && i < map->count; i++)
        values[i] = map->entries[i].value;
    return values ? expr_make_list(e, EXPR_ARRAY, values, map->count) : expr_nil();
}

static struct expr_value call_to_pairs(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    (void)count;
    if (!must_be_map(e, arguments[0], "transform to pairs"))
        return expr_nil();
    const struct expr_map *map = arguments[0].map;
    struct expr_value *pairs = room(e, map->count), *parts = room(e, 2 * map->count);
    for (size_t i = 0; pairs && parts && i < map->count; i++) {
        parts[2 * i] = map->entries[i].key;
        parts[2 * i + 1] = map->entries[i].value;
        pairs[i] = expr_make_list(e, EXPR_PAIR, &parts[2 * i], 2);
    }
    return pairs && parts ? expr_make_list(e, EXPR_PAIRS, pairs, map->count) : expr_nil();
}

static struct expr_value call_from_pairs(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct expr_map *map = expr_new_map(e);
    (void)count;
    if (!must_be_list(e, arguments[0], "transform from pairs"))
        return expr_nil();
    for (size_t i = 0, pairs = expr_length(arguments[0]); i < pairs; i++) {
        struct expr_value pair = expr_at(arguments[0], i);
        if (!expr_is_list(pair.kind) || expr_length(pair) != 2)
            return expr_fail(e, "invalid pair");
        struct expr_entry *entry = expr_map_put(e, map, expr_at(pair, 0));
        if (!entry)
            return expr_nil();
        entry->value = expr_at(pair, 1);
    }
    return expr_map_value(EXPR_ANY_MAP, map);
}

/* ---- whole lists */

static struct expr_value call_reverse(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    (void)count;
    if (!must_be_list(e, arguments[0], "reverse"))
        return expr_nil();
    size_t length = expr_length(arguments[0]);
    struct expr_value *items = room(e, length);
    for (size_t i = 0; items && i < length; i++)
        items[i] = expr_at(arguments[0], length - 1 - i);
    return items && expr_count_elements(e, length) ? expr_make_list(e, EXPR_ARRAY, items, length) : expr_nil();
}

static bool has_equal(struct expr_evaluation *e, const struct expr_value *items, size_t count, struct expr_value value)
{
    for (size_t i = 0; i < count && expr_step(e); i++)
        if (expr_equal(e, value, items[i]))
            return true;
    return false;
}

static struct expr_value call_uniq(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    size_t kept = 0;
    (void)count;
    if (!must_be_list(e, arguments[0], "uniq"))
        return expr_nil();
    size_t length = expr_length(arguments[0]);
    struct expr_value *items = room(e, length);
    for (size_t i = 0; items && i < length && !e->has_failed; i++)
        if (!has_equal(e, items, kept, expr_at(arguments[0], i)))
            items[kept++] = expr_at(arguments[0], i);
    return items && !e->has_failed ? expr_make_list(e, EXPR_ARRAY, items, kept) : expr_nil();
}

static struct expr_value call_concat(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    size_t total = 0, at = 0;
    for (size_t i = 0; i < count; i++) {
        if (!must_be_list(e, arguments[i], "concat"))
            return expr_nil();
        total += expr_length(arguments[i]);
    }
    struct expr_value *items = room(e, total);
    for (size_t i = 0; items && i < count; i++)
        for (size_t j = 0, length = expr_length(arguments[i]); j < length; j++)
            items[at++] = expr_at(arguments[i], j);
    if (!items || !expr_count_elements(e, total))
        return expr_nil();
    return total ? expr_make_list(e, EXPR_ARRAY, items, total) : expr_nil_list(EXPR_ARRAY);
}

struct flat {
    struct expr_value *items;
    size_t count, capacity;
};

static void flatten(struct expr_evaluation *e, struct flat *flat, struct expr_value list, unsigned depth)
{
    if (depth > SM_EXPR_VALUE_DEPTH_MAX)
        expr_fail(e, "recursion depth exceeded");
    for (size_t i = 0, count = expr_length(list); i < count && expr_step(e); i++) {
        struct expr_value item = expr_dereference(expr_at(list, i));
        if (expr_is_list(item.kind)) {
            flatten(e, flat, item, depth + 1);
            continue;
        }
        if (flat->count == flat->capacity)
            flat->items = sm_arena_grow(e->arena, flat->items, flat->count, &flat->capacity, flat->count + 1, sizeof(*flat->items));
        flat->items[flat->count++] = item;
    }
}

static struct expr_value call_flatten(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct flat flat = {0};
    (void)count;
    if (!must_be_list(e, arguments[0], "flatten"))
        return expr_nil();
    flatten(e, &flat, arguments[0], 0);
    return !e->has_failed && expr_count_elements(e, flat.count) ? expr_make_list(e, EXPR_ARRAY, flat.items, flat.count) : expr_nil();
}

/* A list of another kind than these gives nothing, as in the reference. */
static struct expr_value call_sort(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    enum expr_kind kind = arguments[0].kind;
    bool is_descending = false;
    if (count == 2 && !expr_read_order(e, arguments[1], &is_descending))
        return expr_nil();
    if (kind != EXPR_ARRAY && kind != EXPR_INTS && kind != EXPR_STRINGS)
        return expr_nil_list(EXPR_ARRAY);
    size_t length = expr_length(arguments[0]);
    struct expr_value *items = room(e, length);
    for (size_t i = 0; items && i < length; i++)
        items[i] = expr_at(arguments[0], i);
    if (items)
        expr_sort(e, items, items, length, is_descending);
    return items && expr_count_elements(e, length) ? expr_make_list(e, EXPR_ARRAY, items, length) : expr_nil();
}

/* ---- checks */

static bool check_kind(struct expr_call_types *call, size_t argument, bool fits, const char *what)
{
    enum expr_kind kind = call->types[argument].kind;
    return fits || expr_is_unknown(kind) || expr_wrong_call(call, "cannot %s %s", what, expr_kind_name(kind));
}

static bool check_list(struct expr_call_types *call)
{
    call->result = expr_type(EXPR_ARRAY);
    return expr_check_count(call, 1) && check_kind(call, 0, expr_is_list(call->types[0].kind), call->name);
}

static bool check_map(struct expr_call_types *call)
{
    call->result = expr_type(EXPR_ARRAY);
    return expr_check_count(call, 1) && check_kind(call, 0, expr_is_map(call->types[0].kind), "get keys, values or pairs from");
}

static bool check_len(struct expr_call_types *call)
{
    call->result = expr_type(EXPR_INT);
    if (!expr_check_count(call, 1))
        return false;
    enum expr_kind kind = call->types[0].kind;
    return expr_is_list(kind) || expr_is_map(kind) || kind == EXPR_STRING || expr_is_unknown(kind) ||
           expr_wrong_call(call, "invalid argument for len (type %s)", expr_kind_name(kind));
}

static bool check_end(struct expr_call_types *call)
{
    if (!expr_check_count(call, 1) || !check_kind(call, 0, expr_is_list(call->types[0].kind), "get an element from"))
        return false;
    const struct expr_type plain = {.kind = call->types[0].kind};
    call->result = expr_is_unknown(plain.kind) ? expr_type(EXPR_ANY) : expr_element(plain);
    return true;
}

static bool check_take(struct expr_call_types *call)
{
    if (!expr_check_count(call, 2))
        return false;
    enum expr_kind kind = call->types[0].kind, wanted = call->types[1].kind;
    bool is_signed = wanted == EXPR_INT || wanted == EXPR_INT64 || (wanted >= EXPR_DURATION && wanted <= EXPR_WEEKDAY);
    call->result = expr_type(kind == EXPR_UNKNOWN ? EXPR_ANY : kind);
    return check_kind(call, 0, expr_is_list(kind), "take from") && check_kind(call, 1, is_signed, "take elements of type");
}

static bool check_from_pairs(struct expr_call_types *call)
{
    if (!check_list(call))
        return false;
    call->result = expr_type(EXPR_ANY_MAP);
    return true;
}

static bool check_concat(struct expr_call_types *call)
{
    call->result = expr_type(EXPR_ARRAY);
    if (call->count == 0)
        return expr_wrong_call(call, "invalid number of arguments (expected at least 1, got 0)");
    for (size_t i = 0; i < call->count; i++)
        if (!check_kind(call, i, expr_is_list(call->types[i].kind), "concat"))
            return false;
    return true;
}

#define ONE .arguments_min = 1, .arguments_max = 1
#define TWO .arguments_min = 2, .arguments_max = 2
#define ORDER EXPR_STRING

static const struct expr_overload sort_overloads[] = {
    {EXPR_ARRAY, 2, {EXPR_ARRAY, ORDER}}, {EXPR_ARRAY, 2, {EXPR_STRINGS, ORDER}}, {EXPR_ARRAY, 1, {EXPR_STRINGS}}, {EXPR_ARRAY, 1, {EXPR_ARRAY}}};

const struct expr_builtin expr_list_builtins[] = {
    {.name = "len", .call = call_len, .check = check_len, ONE, .help = "The number of elements, or of a text's characters."},
    {.name = "first", .call = call_first, .check = check_end, ONE, .help = "The first element, or nil."},
    {.name = "last", .call = call_last, .check = check_end, ONE, .help = "The last element, or nil."},
    {.name = "get", .call = call_get, TWO, .help = "The element at an index or key, or nil."},
    {.name = "take", .call = call_take, .check = check_take, TWO, .help = "The first so many elements."},
    {.name = "keys", .call = call_keys, .check = check_map, ONE, .help = "The keys of a map."},
    {.name = "values", .call = call_values, .check = check_map, ONE, .help = "The values of a map."},
    {.name = "toPairs", .call = call_to_pairs, .check = check_map, ONE, .help = "Keys and values of a map as pairs."},
    {.name = "fromPairs", .call = call_from_pairs, .check = check_from_pairs, ONE, .help = "A map of pairs."},
    {.name = "reverse", .call = call_reverse, .check = check_list, ONE, .help = "The elements from the last to the first."},
    {.name = "uniq", .call = call_uniq, .check = check_list, ONE, .help = "Every element once."},
    {.name = "concat", .call = call_concat, .check = check_concat, .arguments_min = 1, .arguments_max = UINT_MAX, .help = "Lists as one."},
    {.name = "flatten", .call = call_flatten, .check = check_list, ONE, .help = "The elements of lists in lists as one list."},
    {.name = "sort",
     .call = call_sort,
     .help = "The elements in order, asc or desc.",
     .overloads = sort_overloads,
     .overload_count = sizeof(sort_overloads) / sizeof(sort_overloads[0])},
    {0},
};
