/* loops.c - builtins with a predicate: all, any, filter, map, reduce, sortBy, …
 *
 * A text is walked over byte by byte where its type was not known at start, as in the reference. Elements of equal order stay in their order; in the
 * reference lists of more than twelve may mix them. Source: github.com/expr-lang/expr compiler/compiler.go (BuiltinNode), vm/vm.go. */
#include <stdlib.h>

#include "expr/builtins.h"
#include "expr/sort.h"

struct expr_scope {
    struct expr_value list;
    size_t index, count;
    struct expr_value accumulator;
    struct expr_scope *outer;
};

/* Maps are walked over too, but have no elements to look at. */
static struct expr_value item(struct expr_evaluation *e, const struct expr_scope *scope)
{
    if (expr_is_map(scope->list.kind) || scope->index >= scope->count)
        return expr_fail(e, "%s has no element %zu", expr_kind_name(scope->list.kind), scope->index);
    return expr_at(scope->list, scope->index);
}

struct expr_value expr_pointer(struct expr_evaluation *e, struct sm_slice name)
{
    const struct expr_scope *scope = e->scope;
    if (!scope)
        return expr_fail(e, "cannot use pointer accessor outside predicate");
    if (name.size == 0)
        return item(e, scope);
    return sm_slice_is(name, "index") ? expr_int((int64_t)scope->index) : scope->accumulator;
}

/* False: there is nothing to walk over. */
static bool begin(struct expr_evaluation *e, const struct expr_node *node, struct expr_scope *scope)
{
    *scope = (struct expr_scope){.outer = e->scope};
    if (!expr_operand(e, node->parts[0], &scope->list))
        return false;
    e->node = node;
    enum expr_kind kind = scope->list.kind;
    bool can_be = kind == EXPR_STRING || expr_is_list(kind) || expr_is_map(kind);
    scope->count = can_be ? expr_length(scope->list) : 0;
    if (!can_be)
        expr_fail(e, "%s needs a list, not %s", node->builtin->name, expr_kind_name(kind));
    e->scope = scope;
    return !e->has_failed;
}

static struct expr_value end(struct expr_evaluation *e, const struct expr_scope *scope, struct expr_value result)
{
    e->scope = scope->outer;
    return e->has_failed ? expr_nil() : result;
}

/* The predicate of the element that the scope stands at; without one the element itself. */
static struct expr_value look(struct expr_evaluation *e, const struct expr_node *node)
{
    return node->count > 1 ? expr_evaluate(e, node->parts[1]) : expr_pointer(e, (struct sm_slice){0});
}

static bool holds(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_value value = look(e, node);
    if (value.kind != EXPR_BOOL)
        expr_fail(e, "a predicate must give a bool, not %s", expr_kind_name(value.kind));
    return value.kind == EXPR_BOOL && value.boolean;
}

/* all, none and any: up to the element that decides. */
static struct expr_value decide(struct expr_evaluation *e, const struct expr_node *node, bool decisive, bool decided)
{
    struct expr_scope scope;
    bool is_decided = false;
    if (begin(e, node, &scope))
        for (; scope.index < scope.count && !is_decided && !e->has_failed; scope.index++)
            is_decided = holds(e, node) == decisive && !e->has_failed;
    return end(e, &scope, expr_bool(is_decided == decided));
}

static struct expr_value loop_all(struct expr_evaluation *e, const struct expr_node *node)
{
    return decide(e, node, false, false);
}

static struct expr_value loop_none(struct expr_evaluation *e, const struct expr_node *node)
{
    return decide(e, node, true, false);
}

static struct expr_value loop_any(struct expr_evaluation *e, const struct expr_node *node)
{
    return decide(e, node, true, true);
}

static int64_t count(struct expr_evaluation *e, const struct expr_node *node, struct expr_scope *scope)
{
    int64_t found = 0;
    if (begin(e, node, scope))
        for (; scope->index < scope->count && !e->has_failed && (node->threshold == 0 || found < node->threshold); scope->index++)
            found += holds(e, node);
    return found;
}

static struct expr_value loop_one(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_scope scope;
    int64_t found = count(e, node, &scope);
    return end(e, &scope, expr_bool(found == 1));
}

static struct expr_value loop_count(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_scope scope;
    int64_t found = count(e, node, &scope);
    return end(e, &scope, expr_int(found));
}

/* What filter and find take of an element. */
static struct expr_value pick(struct expr_evaluation *e, const struct expr_node *node)
{
    return node->map ? expr_evaluate(e, node->map) : expr_pointer(e, (struct sm_slice){0});
}

static struct expr_value *room(struct expr_evaluation *e, size_t elements)
{
    return expr_has_room(e, elements * sizeof(struct expr_value)) ? sm_arena_alloc(e->arena, elements * sizeof(struct expr_value) + 1) : NULL;
}

static struct expr_value finish_list(struct expr_evaluation *e, const struct expr_scope *scope, const struct expr_node *node,
                                     const struct expr_value *items, size_t size)
{
    end(e, scope, expr_nil());
    e->node = node;
    return items && !e->has_failed && expr_count_elements(e, size) ? expr_make_list(e, EXPR_ARRAY, items, size) : expr_nil();
}

static struct expr_value loop_filter(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_scope scope;
    size_t size = 0;
    struct expr_value *items = begin(e, node, &scope) ? room(e, scope.count) : NULL;
    for (; items && scope.index < scope.count && !e->has_failed; scope.index++)
        if (holds(e, node))
            items[size++] = pick(e, node);
    return finish_list(e, &scope, node, items, size);
}

static struct expr_value loop_map(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_scope scope;
    struct expr_value *items = begin(e, node, &scope) ? room(e, scope.count) : NULL;
    for (; items && scope.index < scope.count && !e->has_failed; scope.index++)
        items[scope.index] = look(e, node);
    return finish_list(e, &scope, node, items, scope.count);
}

/* Where the predicate holds first, from the start or the end. False: nowhere. */
static bool find(struct expr_evaluation *e, const struct expr_node *node, struct expr_scope *scope, bool from_end)
{
    if (!begin(e, node, scope))
        return false;
    for (size_t i = 0; i < scope->count && !e->has_failed; i++) {
        scope->index = from_end ? scope->count - 1 - i : i;
        if (holds(e, node))
            return !e->has_failed;
    }
    return false;
}

static struct expr_value find_element(struct expr_evaluation *e, const struct expr_node *node, bool from_end)
{
    struct expr_scope scope;
    struct expr_value found = expr_nil();
    if (find(e, node, &scope, from_end))
        found = pick(e, node);
    else if (node->throws)
        expr_fail(e, "reflect: slice index out of range");
    return end(e, &scope, found);
}

static struct expr_value loop_find(struct expr_evaluation *e, const struct expr_node *node)
{
    return find_element(e, node, false);
}

static struct expr_value loop_find_last(struct expr_evaluation *e, const struct expr_node *node)
{
    return find_element(e, node, true);
}

static struct expr_value loop_find_index(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_scope scope;
    bool is_found = find(e, node, &scope, false);
    return end(e, &scope, is_found ? expr_int((int64_t)scope.index) : expr_nil());
}

static struct expr_value loop_find_last_index(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_scope scope;
    bool is_found = find(e, node, &scope, true);
    return end(e, &scope, is_found ? expr_int((int64_t)scope.index) : expr_nil());
}

static struct expr_value loop_sum(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_scope scope;
    if (begin(e, node, &scope))
        for (scope.accumulator = expr_int(0); scope.index < scope.count && !e->has_failed; scope.index++) {
            struct expr_value value = look(e, node);
            e->node = node;
            scope.accumulator = e->has_failed ? expr_nil() : expr_binary(e, OP_PLUS, value, scope.accumulator);
        }
    return end(e, &scope, scope.accumulator);
}

static struct expr_value loop_reduce(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_scope scope;
    if (!begin(e, node, &scope))
        return end(e, &scope, expr_nil());
    if (node->count == 3) {
        if (!expr_operand(e, node->parts[2], &scope.accumulator))
            return end(e, &scope, expr_nil());
    } else if (scope.count == 0) {
        expr_fail(e, "reduce of empty array with no initial value");
    } else {
        scope.accumulator = item(e, &scope);
        scope.index++;
    }
    for (; scope.index < scope.count && !e->has_failed; scope.index++)
        scope.accumulator = expr_evaluate(e, node->parts[1]);
    return end(e, &scope, scope.accumulator);
}

/* ---- groups and order */

struct group {
    struct expr_value *items;
    size_t count, capacity;
};
struct groups {
    struct group *items; /* while the list is walked over, the map has their numbers */
    size_t count, capacity;
};

static void add_to_group(struct expr_evaluation *e, struct groups *groups, struct expr_map *map, struct expr_value key, struct expr_value item)
{
    struct expr_entry *entry = expr_map_put(e, map, key);
    if (!entry)
        return;
    if (entry->value.kind == EXPR_UNKNOWN) {
        groups->items = sm_arena_grow(e->arena, groups->items, groups->count, &groups->capacity, groups->count + 1, sizeof(*groups->items));
        groups->items[groups->count] = (struct group){0};
        entry->value = expr_int((int64_t)groups->count++);
    }
    struct group *group = &groups->items[entry->value.integer];
    if (group->count == group->capacity)
        group->items = sm_arena_grow(e->arena, group->items, group->count, &group->capacity, group->count + 1, sizeof(*group->items));
    group->items[group->count++] = item;
}

static struct expr_value loop_group_by(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_scope scope;
    struct groups groups = {0};
    struct expr_map *map = expr_new_map(e);
    if (begin(e, node, &scope))
        for (; scope.index < scope.count && !e->has_failed; scope.index++) {
            struct expr_value key = look(e, node);
            e->node = node;
            if (!e->has_failed)
                add_to_group(e, &groups, map, key, item(e, &scope));
        }
    for (size_t i = 0; i < map->count && !e->has_failed; i++) {
        const struct group *group = &groups.items[map->entries[i].value.integer];
        map->entries[i].value = expr_make_list(e, EXPR_ARRAY, group->items, group->count);
    }
    return end(e, &scope, expr_map_value(EXPR_GROUPS, map));
}

static struct expr_value loop_sort_by(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_scope scope;
    struct expr_value order = expr_string(SM_SLICE("asc"));
    bool is_descending = false;
    if (!begin(e, node, &scope) || (node->count == 3 && !expr_operand(e, node->parts[2], &order)) || !expr_read_order(e, order, &is_descending))
        return end(e, &scope, expr_nil());
    struct expr_value *values = room(e, 2 * scope.count), *items = values ? values + scope.count : NULL;
    for (; values && scope.index < scope.count && !e->has_failed; scope.index++) {
        values[scope.index] = look(e, node);
        items[scope.index] = item(e, &scope);
    }
    e->node = node;
    if (values && !e->has_failed)
        expr_sort(e, values, items, scope.count, is_descending);
    return finish_list(e, &scope, node, items, scope.count);
}

/* ---- */

#define LOOP(loop_name, function, least, most, text)                                                                                                 \
    {                                                                                                                                                \
        .name = (loop_name), .loop = (function), .has_predicate = true, .arguments_min = (least), .arguments_max = (most), .help = (text)            \
    }

const struct expr_builtin expr_loop_builtins[] = {
    LOOP("all", loop_all, 2, 2, "Whether the predicate holds for every element."),
    LOOP("none", loop_none, 2, 2, "Whether the predicate holds for no element."),
    LOOP("any", loop_any, 2, 2, "Whether the predicate holds for an element."),
    LOOP("one", loop_one, 2, 2, "Whether the predicate holds for exactly one element."),
    LOOP("filter", loop_filter, 2, 2, "The elements for which the predicate holds."),
    LOOP("map", loop_map, 2, 2, "What the predicate gives for each element."),
    LOOP("find", loop_find, 2, 2, "The first element for which the predicate holds, or nil."),
    LOOP("findIndex", loop_find_index, 2, 2, "The index of the first element for which the predicate holds, or nil."),
    LOOP("findLast", loop_find_last, 2, 2, "The last element for which the predicate holds, or nil."),
    LOOP("findLastIndex", loop_find_last_index, 2, 2, "The index of the last element for which the predicate holds, or nil."),
    LOOP("count", loop_count, 1, 2, "How many elements the predicate holds for; without one, how many are true."),
    LOOP("sum", loop_sum, 1, 2, "The sum of the elements, or of what the predicate gives for them."),
    LOOP("groupBy", loop_group_by, 2, 2, "The elements as lists by what the predicate gives for them."),
    LOOP("sortBy", loop_sort_by, 2, 3, "The elements in the order of what the predicate gives for them, asc or desc."),
    LOOP("reduce", loop_reduce, 2, 3, "What the predicate makes of the elements one after the other; #acc is what it made so far."),
    {0},
};
