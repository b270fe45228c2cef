/* optimize.c - rewrites the tree as expr's optimizer does. None of it is for speed: which operand is evaluated, and so which mistake shows, follows
 * from these rules ("x or true" is true whatever x is; the first element of a filtered list ends the filtering).
 *
 * Source: github.com/expr-lang/expr optimizer. */
#include <string.h>

#include "expr/builtins.h"

enum { HEIGHT_MAX = 2 * SM_EXPR_DEPTH_MAX };

struct optimizer {
    const struct expr_program_parts *p;
    bool has_changed;
};

typedef void visit(struct optimizer *o, struct expr_node **at);

/* Parts first. What is put in the place of a node may have one of its parts twice, or stand higher: with every level of a tree it would double. */
static void walk(struct optimizer *o, struct expr_node **at, visit *visit_node)
{
    struct expr_node *node = *at;
    for (size_t i = 0; i < node->count; i++)
        if (node->parts[i])
            walk(o, &node->parts[i], visit_node);
    visit_node(o, at);
    expr_measure(*at);
    if ((*at)->weight > EXPR_WEIGHT_MAX || (*at)->height > HEIGHT_MAX)
        expr_refuse(o->p, (*at)->offset, (*at)->size, "the expression is nested too deeply: written out it has more than %d nodes or %d levels",
                    EXPR_WEIGHT_MAX, HEIGHT_MAX);
}

static struct expr_node *new_node(struct optimizer *o, enum expr_node_kind kind, struct expr_type type, const struct expr_node *place, size_t parts)
{
    struct expr_node *node = expr_new_node(o->p->arena, kind, place, parts);
    node->type = type;
    return node;
}

static struct expr_node *new_binary(struct optimizer *o, enum expr_operator op, const struct expr_node *place, struct expr_node *left,
                                    struct expr_node *right)
{
    struct expr_node *node = new_node(o, NODE_BINARY, place->type, place, 2);
    node->op = op;
    node->parts[0] = left;
    node->parts[1] = right;
    expr_measure(node);
    return node;
}

/* A builtin in the place of another node, with the arguments of `from`. */
static struct expr_node *new_builtin(struct optimizer *o, const char *name, const struct expr_node *place, const struct expr_node *from)
{
    struct expr_node *node = new_node(o, NODE_BUILTIN, place->type, place, 0);
    node->builtin = expr_find_builtin(sm_slice_of(name));
    node->text = sm_slice_of(name);
    node->parts = from->parts;
    node->count = from->count;
    return node;
}

static bool is_builtin(const struct expr_node *node, const char *name)
{
    return node->kind == NODE_BUILTIN && strcmp(node->builtin->name, name) == 0;
}

static void put(struct optimizer *o, struct expr_node **at, struct expr_node *node)
{
    *at = node;
    o->has_changed = true;
}

/* ---- in */

static bool are_all(const struct expr_node *list, enum expr_node_kind kind)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->parts[i]->kind != kind)
            return false;
    return list->count > 0;
}

static bool is_int_shaped(const struct expr_node *node)
{
    return expr_same_shape(node->type.kind, EXPR_INT);
}

/* A list of literals of one type becomes a set with keys of that type: nothing else can be looked for. */
static void visit_in_array(struct optimizer *o, struct expr_node **at)
{
    struct expr_node *node = *at;
    if (node->kind != NODE_BINARY || node->op != OP_IN || node->parts[1]->kind != NODE_ARRAY)
        return;
    struct expr_node *list = node->parts[1];
    if (!(is_int_shaped(node->parts[0]) && are_all(list, NODE_INT)) && !are_all(list, NODE_STRING))
        return;
    struct expr_node *set = new_node(o, NODE_CONSTANT, expr_type(EXPR_ARRAY), list, 0);
    set->parts = list->parts;
    set->count = list->count;
    *at = new_binary(o, OP_IN, node, node->parts[0], set);
    (*at)->is_typed = true;
}

static void visit_in_range(struct optimizer *o, struct expr_node **at)
{
    struct expr_node *node = *at;
    if (node->kind != NODE_BINARY || node->op != OP_IN || !is_int_shaped(node->parts[0]))
        return;
    struct expr_node *range = node->parts[1];
    if (range->kind != NODE_BINARY || range->op != OP_RANGE || !are_all(range, NODE_INT))
        return;
    put(o, at,
        new_binary(o, OP_AND, node, new_binary(o, OP_GREATER_OR_EQUAL, node, node->parts[0], range->parts[0]),
                   new_binary(o, OP_LESS_OR_EQUAL, node, node->parts[0], range->parts[1])));
}

/* ---- folding of literals */

static void put_bool(struct optimizer *o, struct expr_node **at, bool boolean)
{
    struct expr_node *node = new_node(o, NODE_BOOL, expr_type(EXPR_BOOL), *at, 0);
    node->boolean = boolean;
    put(o, at, node);
}

static void put_int(struct optimizer *o, struct expr_node **at, int64_t integer)
{
    struct expr_node *node = new_node(o, NODE_INT, expr_type(EXPR_INT), *at, 0);
    node->integer = integer;
    put(o, at, node);
}

static void put_float(struct optimizer *o, struct expr_node **at, double number)
{
    struct expr_node *node = new_node(o, NODE_FLOAT, expr_type(EXPR_FLOAT), *at, 0);
    node->number = number;
    put(o, at, node);
}

static bool is_number(const struct expr_node *node)
{
    return node->kind == NODE_INT || node->kind == NODE_FLOAT;
}

static double number_of(const struct expr_node *node)
{
    return node->kind == NODE_INT ? (double)node->integer : node->number;
}

static void fold_unary(struct optimizer *o, struct expr_node **at)
{
    const struct expr_node *node = *at, *operand = node->parts[0];
    if (node->op == OP_NOT && operand->kind == NODE_BOOL)
        put_bool(o, at, !operand->boolean);
    else if (node->op != OP_NOT && operand->kind == NODE_INT)
        put_int(o, at, node->op == OP_MINUS ? (int64_t)(0 - (uint64_t)operand->integer) : operand->integer);
    else if (node->op != OP_NOT && operand->kind == NODE_FLOAT)
        put_float(o, at, node->op == OP_MINUS ? -operand->number : operand->number);
}

static void fold_ints(struct optimizer *o, struct expr_node **at, int64_t a, int64_t b)
{
    uint64_t x = (uint64_t)a, y = (uint64_t)b;
    enum expr_operator op = (*at)->op;
    put_int(o, at, (int64_t)(op == OP_PLUS ? x + y : op == OP_MINUS ? x - y : x * y));
}

static void fold_modulo(struct optimizer *o, struct expr_node **at, const struct expr_node *a, const struct expr_node *b)
{
    if (a->kind != NODE_INT || b->kind != NODE_INT)
        return;
    if (b->integer == 0)
        expr_refuse(o->p, (*at)->offset, (*at)->size, "integer divide by zero");
    else
        put_int(o, at, b->integer == -1 ? 0 : a->integer % b->integer);
}

static void fold_numbers(struct optimizer *o, struct expr_node **at)
{
    const struct expr_node *node = *at, *a = node->parts[0], *b = node->parts[1];
    double x = number_of(a), y = number_of(b);
    bool are_ints = a->kind == NODE_INT && b->kind == NODE_INT;
    switch (node->op) {
    case OP_PLUS:
    case OP_MINUS:
    case OP_TIMES:
        if (are_ints)
            fold_ints(o, at, a->integer, b->integer);
        else
            put_float(o, at, node->op == OP_PLUS ? x + y : node->op == OP_MINUS ? x - y : x * y);
        return;
    case OP_DIVIDE:
        put_float(o, at, x / y);
        return;
    case OP_POWER:
        put_float(o, at, expr_power(x, y));
        return;
    case OP_MODULO:
        fold_modulo(o, at, a, b);
        return;
    case OP_EQUAL:
        if (are_ints)
            put_bool(o, at, a->integer == b->integer);
        return;
    default:
        return;
    }
}

/* Whatever the other side is. */
static void fold_logic(struct optimizer *o, struct expr_node **at)
{
    struct expr_node *node = *at, *a = node->parts[0], *b = node->parts[1];
    bool neutral = node->op == OP_AND;
    if (a->kind == NODE_BOOL && a->boolean == neutral)
        put(o, at, b);
    else if (b->kind == NODE_BOOL && b->boolean == neutral)
        put(o, at, a);
    else if (a->kind == NODE_BOOL || b->kind == NODE_BOOL)
        put_bool(o, at, !neutral);
}

static void fold_texts(struct optimizer *o, struct expr_node **at)
{
    const struct expr_node *node = *at, *a = node->parts[0], *b = node->parts[1];
    if (node->op == OP_EQUAL) {
        put_bool(o, at, sm_slice_equal(a->text, b->text));
    } else if (node->op == OP_PLUS) {
        struct expr_node *both = new_node(o, NODE_STRING, expr_type(EXPR_STRING), node, 0);
        char *text = sm_arena_alloc(o->p->arena, a->text.size + b->text.size + 1);
        memcpy(text, a->text.ptr ? a->text.ptr : "", a->text.size);
        memcpy(text + a->text.size, b->text.ptr ? b->text.ptr : "", b->text.size);
        both->text = sm_slice_make(text, a->text.size + b->text.size);
        put(o, at, both);
    }
}

static void fold_binary(struct optimizer *o, struct expr_node **at)
{
    const struct expr_node *node = *at, *a = node->parts[0], *b = node->parts[1];
    if (node->op == OP_AND || node->op == OP_OR)
        fold_logic(o, at);
    else if (is_number(a) && is_number(b))
        fold_numbers(o, at);
    else if (a->kind == NODE_STRING && b->kind == NODE_STRING)
        fold_texts(o, at);
    else if (node->op == OP_EQUAL && a->kind == NODE_BOOL && b->kind == NODE_BOOL)
        put_bool(o, at, a->boolean == b->boolean);
}

static void fold_array(struct optimizer *o, struct expr_node **at)
{
    const struct expr_node *node = *at;
    for (size_t i = 0; i < node->count; i++)
        if (node->parts[i]->kind < NODE_BOOL || node->parts[i]->kind > NODE_STRING)
            return;
    if (node->count == 0)
        return;
    struct expr_node *constant = new_node(o, NODE_CONSTANT, expr_type(EXPR_ARRAY), node, 0);
    constant->parts = node->parts;
    constant->count = node->count;
    put(o, at, constant);
}

/* filter(filter(x, a), b) is filter(x, a && b). */
static void fold_filter(struct optimizer *o, struct expr_node **at)
{
    struct expr_node *node = *at, *base = node->parts[0];
    if (!is_builtin(base, "filter"))
        return;
    struct expr_node *filter = new_builtin(o, "filter", node, node), *predicate = new_node(o, NODE_PREDICATE, expr_type(EXPR_UNKNOWN), node, 1);
    predicate->parts[0] = new_binary(o, OP_AND, node, base->parts[1]->parts[0], node->parts[1]->parts[0]);
    predicate->parts[0]->type = expr_type(EXPR_UNKNOWN);
    expr_measure(predicate);
    filter->parts = sm_arena_zalloc(o->p->arena, 2, sizeof(struct expr_node *));
    filter->parts[0] = base->parts[0];
    filter->parts[1] = predicate;
    put(o, at, filter);
}

static void visit_fold(struct optimizer *o, struct expr_node **at)
{
    const struct expr_node *node = *at;
    if (node->kind == NODE_UNARY)
        fold_unary(o, at);
    else if (node->kind == NODE_BINARY)
        fold_binary(o, at);
    else if (node->kind == NODE_ARRAY)
        fold_array(o, at);
    else if (is_builtin(node, "filter"))
        fold_filter(o, at);
}

/* ---- filter and what is taken of it */

static bool has_index_pointer(const struct expr_node *node)
{
    if (node->kind == NODE_POINTER && sm_slice_is(node->text, "index"))
        return true;
    for (size_t i = 0; i < node->count; i++)
        if (node->parts[i] && has_index_pointer(node->parts[i]))
            return true;
    return node->map && has_index_pointer(node->map);
}

static void visit_filter_map(struct optimizer *o, struct expr_node **at)
{
    struct expr_node *node = *at;
    if (!is_builtin(node, "map") || !is_builtin(node->parts[0], "filter") || node->parts[0]->map || has_index_pointer(node->parts[1]))
        return;
    struct expr_node *filter = new_builtin(o, "filter", node, node->parts[0]);
    filter->map = node->parts[1]->parts[0];
    put(o, at, filter);
}

static void visit_filter_len(struct optimizer *o, struct expr_node **at)
{
    struct expr_node *node = *at;
    if (is_builtin(node, "len") && node->count == 1 && is_builtin(node->parts[0], "filter"))
        put(o, at, new_builtin(o, "count", node, node->parts[0]));
}

/* filter(…)[index] and first(filter(…)), or the last ones. */
static void take_end(struct optimizer *o, struct expr_node **at, int64_t index, const char *function, const char *replacement)
{
    struct expr_node *node = *at;
    bool is_index = node->kind == NODE_MEMBER && !node->is_optional && node->parts[1]->kind == NODE_INT && node->parts[1]->integer == index;
    if (!is_index && !(is_builtin(node, function) && node->count == 1))
        return;
    struct expr_node *filter = node->parts[0];
    if (!is_builtin(filter, "filter"))
        return;
    struct expr_node *found = new_builtin(o, replacement, node, filter);
    found->throws = is_index;
    found->map = filter->map;
    put(o, at, found);
}

static void visit_filter_last(struct optimizer *o, struct expr_node **at)
{
    take_end(o, at, -1, "last", "findLast");
}

static void visit_filter_first(struct optimizer *o, struct expr_node **at)
{
    take_end(o, at, 0, "first", "find");
}

/* ---- predicates over one list */

static bool are_same(const struct expr_node *a, const struct expr_node *b)
{
    if (a->kind != b->kind || a->op != b->op || a->count != b->count || a->is_optional != b->is_optional || a->builtin != b->builtin)
        return false;
    bool has_text = a->kind == NODE_STRING || a->kind == NODE_BYTES || a->kind == NODE_NAME || a->kind == NODE_POINTER || a->kind == NODE_LET;
    if (has_text ? !sm_slice_equal(a->text, b->text) : a->kind == NODE_BOOL ? a->boolean != b->boolean : is_number(a) && a->integer != b->integer)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if ((!a->parts[i] != !b->parts[i]) || (a->parts[i] && !are_same(a->parts[i], b->parts[i])))
            return false;
    return (!a->map && !b->map) || (a->map && b->map && are_same(a->map, b->map));
}

/* all(x, a) && all(x, b) is all(x, a && b), and so on. */
static void visit_combination(struct optimizer *o, struct expr_node **at)
{
    struct expr_node *node = *at;
    if (node->kind != NODE_BINARY || (node->op != OP_AND && node->op != OP_OR) || node->parts[0]->kind != NODE_BUILTIN ||
        node->parts[1]->kind != NODE_BUILTIN || node->parts[0]->builtin != node->parts[1]->builtin)
        return;
    struct expr_node *left = node->parts[0], *right = node->parts[1];
    bool is_all = is_builtin(left, "all"), is_none = is_builtin(left, "none"), is_any = is_builtin(left, "any");
    if (!(node->op == OP_AND ? is_all || is_none : is_any) || left->parts[0]->type.kind != right->parts[0]->type.kind ||
        !are_same(left->parts[0], right->parts[0]))
        return;
    struct expr_node *predicate = new_node(o, NODE_PREDICATE, expr_type(EXPR_UNKNOWN), node, 1);
    predicate->parts[0] = new_binary(o, is_none ? OP_OR : node->op, node, left->parts[1]->parts[0], right->parts[1]->parts[0]);
    predicate->parts[0]->type = expr_type(EXPR_UNKNOWN);
    visit_combination(o, &predicate->parts[0]);
    expr_measure(predicate);
    struct expr_node *both = new_builtin(o, left->builtin->name, node, left);
    both->parts = sm_arena_zalloc(o->p->arena, 2, sizeof(struct expr_node *));
    both->parts[0] = left->parts[0];
    both->parts[1] = predicate;
    put(o, at, both);
}

/* ---- sums */

static bool is_plain_pointer(const struct expr_node *node, const char *name)
{
    return node->kind == NODE_POINTER && sm_slice_is(node->text, name);
}

/* What the predicate makes of a sum of `count` numbers, where that can be said without adding them up. */
static bool apply_to_sum(const struct expr_node *predicate, uint64_t sum, uint64_t count, uint64_t *result)
{
    const struct expr_node *body = predicate->parts[0];
    *result = sum;
    if (is_plain_pointer(body, ""))
        return true;
    if (body->kind != NODE_BINARY)
        return false;
    bool is_left = is_plain_pointer(body->parts[0], "") && body->parts[1]->kind == NODE_INT;
    if (!is_left && !(is_plain_pointer(body->parts[1], "") && body->parts[0]->kind == NODE_INT))
        return false;
    uint64_t constant = (uint64_t)body->parts[is_left]->integer;
    if (body->op == OP_TIMES)
        *result = constant * sum;
    else if (body->op == OP_PLUS)
        *result = sum + count * constant;
    else if (body->op == OP_MINUS)
        *result = is_left ? sum - count * constant : count * constant - sum;
    else
        return false;
    return true;
}

static bool adds_up(const struct expr_node *predicate)
{
    const struct expr_node *body = predicate->parts[0];
    if (body->kind != NODE_BINARY || body->op != OP_PLUS)
        return false;
    return (is_plain_pointer(body->parts[0], "") && is_plain_pointer(body->parts[1], "acc")) ||
           (is_plain_pointer(body->parts[0], "acc") && is_plain_pointer(body->parts[1], ""));
}

/* Of ranges of literals: by the formula, which needs no room. */
static void visit_sum_range(struct optimizer *o, struct expr_node **at)
{
    struct expr_node *node = *at;
    bool is_sum = is_builtin(node, "sum"), is_reduce = is_builtin(node, "reduce");
    if (!is_sum && !is_reduce)
        return;
    const struct expr_node *range = node->parts[0];
    if (range->kind != NODE_BINARY || range->op != OP_RANGE || !are_all(range, NODE_INT) || range->parts[1]->integer < range->parts[0]->integer)
        return;
    uint64_t first = (uint64_t)range->parts[0]->integer, last = (uint64_t)range->parts[1]->integer, count = last - first + 1, result;
    result = (uint64_t)((int64_t)(count * (first + last)) / 2);
    if (is_sum && (node->count == 1 || apply_to_sum(node->parts[1], result, count, &result)))
        put_int(o, at, (int64_t)result);
    else if (is_reduce && adds_up(node->parts[1]) && (node->count == 2 || node->parts[2]->kind == NODE_INT))
        put_int(o, at, (int64_t)(result + (node->count == 3 ? (uint64_t)node->parts[2]->integer : 0)));
}

/* sum([a, b, c]) is a + (b + c), which takes texts too. */
static void visit_sum_array(struct optimizer *o, struct expr_node **at)
{
    struct expr_node *node = *at;
    if (!is_builtin(node, "sum") || node->count != 1 || node->parts[0]->kind != NODE_ARRAY || node->parts[0]->count < 2)
        return;
    const struct expr_node *list = node->parts[0];
    struct expr_node *sum = list->parts[list->count - 1];
    for (size_t i = list->count - 1; i-- > 0;) {
        sum = new_binary(o, OP_PLUS, node, list->parts[i], sum);
        sum->type = i > 0 ? expr_type(EXPR_UNKNOWN) : node->type;
    }
    put(o, at, sum);
}

static void visit_sum_map(struct optimizer *o, struct expr_node **at)
{
    struct expr_node *node = *at;
    if (is_builtin(node, "sum") && node->count == 1 && is_builtin(node->parts[0], "map"))
        put(o, at, new_builtin(o, "sum", node, node->parts[0]));
}

/* ---- counting */

static bool compares_count(const struct expr_node *node)
{
    return node->kind == NODE_BINARY && is_builtin(node->parts[0], "count") && node->parts[0]->count == 2 && node->parts[1]->kind == NODE_INT;
}

static void visit_count_any(struct optimizer *o, struct expr_node **at)
{
    struct expr_node *node = *at;
    if (compares_count(node) &&
        ((node->op == OP_GREATER && node->parts[1]->integer == 0) || (node->op == OP_GREATER_OR_EQUAL && node->parts[1]->integer == 1)))
        put(o, at, new_builtin(o, "any", node, node->parts[0]));
}

static void visit_count_threshold(struct optimizer *o, struct expr_node **at)
{
    struct expr_node *node = *at;
    (void)o;
    if (!compares_count(node) || node->parts[1]->integer < 0 || node->op < OP_LESS || node->op > OP_LESS_OR_EQUAL)
        return;
    bool is_next = node->op == OP_GREATER || node->op == OP_LESS_OR_EQUAL;
    int64_t threshold = (int64_t)((uint64_t)node->parts[1]->integer + is_next);
    if (threshold > 1)
        node->parts[0]->threshold = threshold;
}

bool expr_optimize(const struct expr_program_parts *p, struct expr_node **root)
{
    enum { ROUNDS_MAX = 1000 };
    static visit *const visits[] = {visit_in_range,  visit_filter_map, visit_filter_len, visit_filter_last, visit_filter_first,   visit_combination,
                                    visit_sum_range, visit_sum_array,  visit_sum_map,    visit_count_any,   visit_count_threshold};
    struct optimizer o = {.p = p};
    walk(&o, root, visit_in_array);
    for (int round = 0; round < ROUNDS_MAX && (round == 0 || o.has_changed) && p->error->message[0] == '\0'; round++) {
        o.has_changed = false;
        walk(&o, root, visit_fold);
    }
    for (size_t i = 0; i < sizeof(visits) / sizeof(visits[0]) && p->error->message[0] == '\0'; i++)
        walk(&o, root, visits[i]);
    return p->error->message[0] == '\0';
}
