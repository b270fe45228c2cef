/* compile.c - syntax tree to expressions: literals, arithmetic, comparisons, booleans. Calls are in calls.c, paths in paths.c.
 *
 * Literals are folded as far as the reference folds them, because what is a literal decides what is refused at start.
 * Source: opentelemetry-collector-contrib pkg/ottl/{expression,math,boolean_value}.go. */
#include "ottl/compile.h"

struct unary_expr {
    struct sm_ottl_expr base;
    const struct sm_ottl_expr *operand;
};

struct binary_expr {
    struct sm_ottl_expr base;
    const struct sm_ottl_expr *left, *right;
    char operator;
};

struct many_expr {
    struct sm_ottl_expr base;
    const struct sm_ottl_expr **items;
    const struct sm_slice *names; /* maps */
    size_t count;
};

/* ---- literals */

static bool eval_literal(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)run;
    *out = expr->literal;
    return true;
}

static const struct sm_ottl_expr *make_literal(struct sm_ottl_compiler *compiler, struct sm_ottl_value value)
{
    struct sm_ottl_expr *expr = sm_arena_zalloc(compiler->arena, 1, sizeof(*expr));
    value.is_constant = true;
    *expr = (struct sm_ottl_expr){.eval = eval_literal, .is_literal = true, .holds_constants = true, .literal = value};
    return expr;
}

static const struct sm_ottl_expr *compile_enum(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node)
{
    int64_t number;
    if (sm_ottl_enum_find(compiler->language->context, node->text, &number))
        return make_literal(compiler, sm_ottl_int(number));
    sm_ottl_compile_error(compiler, node, "enum symbol %.*s is not known in the context %s", SM_SLICE_ARGS(node->text),
                          sm_ottl_context_name(compiler->language->context));
    const char *nearest = sm_ottl_enum_nearest(compiler->language->context, node->text);
    if (nearest)
        strncpy(compiler->error->suggestion, nearest, sizeof(compiler->error->suggestion) - 1);
    return NULL;
}

/* ---- lists and maps */

static struct sm_value stored(const struct sm_ottl_value *value, struct sm_arena *arena)
{
    struct sm_value attribute = {.type = SM_VALUE_EMPTY};
    (void)sm_ottl_to_attribute(value, arena, &attribute); /* nil and what cannot be stored stay empty */
    return attribute;
}

/* Whether the reference, which has such values in a list as they are, cannot turn the list into one of the telemetry. */
static bool is_part(const struct sm_ottl_value *value)
{
    return value->kind > SM_OTTL_BYTES && (!value->is_written || value->has_parts);
}

static bool eval_list(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct many_expr *many = (const struct many_expr *)expr;
    struct sm_list *list = sm_arena_zalloc(run->arena, 1, sizeof(*list));
    struct sm_ottl_value *parts = sm_arena_zalloc(run->arena, many->count, sizeof(*parts));
    list->items = sm_arena_zalloc(run->arena, many->count, sizeof(struct sm_value));
    list->capacity = many->count;
    bool has_parts = false, has_lists = false;
    for (; list->count < many->count; list->count++) {
        struct sm_ottl_value *value = &parts[list->count];
        if (!sm_ottl_eval(many->items[list->count], run, value))
            return false;
        list->items[list->count] = stored(value, run->arena);
        has_parts = has_parts || is_part(value);
        has_lists = has_lists || value->kind > SM_OTTL_BYTES;
    }
    *out = sm_ottl_list(list);
    out->is_written = true;
    out->has_parts = has_parts;
    out->parts = has_lists ? parts : NULL;
    return true;
}

/* As in the reference, maps hold what attributes can: maps, lists that the statement made, and in those maps, but no other part of the telemetry. */
static bool fits_in_map(const struct sm_ottl_value *value)
{
    for (size_t i = 0; value->has_parts && i < value->list->count; i++)
        if (value->parts[i].kind != SM_OTTL_MAP && is_part(&value->parts[i]))
            return false;
    return value->has_parts || value->kind == SM_OTTL_MAP || !is_part(value);
}

static bool eval_map(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct many_expr *many = (const struct many_expr *)expr;
    struct sm_map *map = sm_arena_zalloc(run->arena, 1, sizeof(*map));
    for (size_t i = 0; i < many->count; i++) {
        struct sm_ottl_value value;
        if (!sm_ottl_eval(many->items[i], run, &value))
            return false;
        if (!fits_in_map(&value))
            return sm_ottl_fail(run, "<Invalid value type %s>", sm_ottl_kind_name(&value));
        sm_map_set(map, run->arena, sm_arena_copy(run->arena, many->names[i]), stored(&value, run->arena));
    }
    *out = sm_ottl_map(map);
    return true;
}

static const struct sm_ottl_expr *compile_many(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node)
{
    struct many_expr *many = sm_arena_zalloc(compiler->arena, 1, sizeof(*many));
    *many = (struct many_expr){.base.eval = node->kind == SM_OTTL_NODE_MAP ? eval_map : eval_list, .names = node->names, .count = node->count};
    many->items = sm_arena_zalloc(compiler->arena, node->count, sizeof(*many->items));
    bool is_literal = true;
    for (size_t i = 0; i < node->count; i++) {
        many->items[i] = sm_ottl_compile_node(compiler, node->items[i]);
        if (!many->items[i])
            return NULL;
        is_literal = is_literal && many->items[i]->is_literal;
    }
    if (!is_literal)
        return &many->base;
    struct sm_ottl_run run = {.arena = compiler->arena};
    struct sm_ottl_value value;
    if (!sm_ottl_eval(&many->base, &run, &value)) {
        sm_ottl_compile_error(compiler, node, "%s", run.error);
        return NULL;
    }
    return make_literal(compiler, value);
}

/* ---- arithmetic */

static bool calculate_ints(struct sm_ottl_run *run, int64_t x, char operator, int64_t y, struct sm_ottl_value *out)
{
    uint64_t a = (uint64_t)x, b = (uint64_t)y; /* wraps around, as in Go */
    switch (operator) {
    case '+':
        *out = sm_ottl_int((int64_t)(a + b));
        return true;
    case '-':
        *out = sm_ottl_int((int64_t)(a - b));
        return true;
    case '*':
        *out = sm_ottl_int((int64_t)(a * b));
        return true;
    default:
        if (y == 0)
            return sm_ottl_fail(run, "attempted to divide by 0");
        *out = sm_ottl_int(y == -1 ? (int64_t)(0 - a) : x / y);
        return true;
    }
}

static bool calculate_doubles(struct sm_ottl_run *run, double x, char operator, double y, struct sm_ottl_value *out)
{
    switch (operator) {
    case '+':
        *out = sm_ottl_double(x + y);
        return true;
    case '-':
        *out = sm_ottl_double(x - y);
        return true;
    case '*':
        *out = sm_ottl_double(x * y);
        return true;
    default:
        if (y == 0)
            return sm_ottl_fail(run, "attempted to divide by 0");
        *out = sm_ottl_double(x / y);
        return true;
    }
}

static struct sm_ottl_time add_to_time(struct sm_ottl_time time, int64_t ns)
{
    int64_t nanos = time.nanos + ns % 1000000000;
    time.seconds += ns / 1000000000 + (nanos < 0 ? -1 : nanos >= 1000000000);
    time.nanos = (int32_t)((nanos + 1000000000) % 1000000000);
    return time;
}

static int64_t subtract_times(struct sm_ottl_time x, struct sm_ottl_time y)
{
    int64_t ns;
    if (__builtin_mul_overflow(x.seconds - y.seconds, 1000000000, &ns) || __builtin_add_overflow(ns, x.nanos - y.nanos, &ns))
        return x.seconds < y.seconds ? INT64_MIN : INT64_MAX;
    return ns;
}

static bool calculate_times(struct sm_ottl_run *run, const struct sm_ottl_value *x, char operator, const struct sm_ottl_value * y,
                            struct sm_ottl_value *out)
{
    bool is_sum = operator== '+';
    if (!is_sum && operator!= '-')
        return sm_ottl_fail(run, "only addition and subtraction supported for times and durations");
    if (x->kind == SM_OTTL_TIME && y->kind == SM_OTTL_DURATION)
        *out = sm_ottl_time(add_to_time(x->time, is_sum ? y->integer : (int64_t)(0 - (uint64_t)y->integer)));
    else if (x->kind == SM_OTTL_TIME && y->kind == SM_OTTL_TIME && !is_sum)
        *out = sm_ottl_duration(subtract_times(x->time, y->time));
    else if (x->kind == SM_OTTL_DURATION && y->kind == SM_OTTL_TIME && is_sum)
        *out = sm_ottl_time(add_to_time(y->time, x->integer));
    else if (x->kind == SM_OTTL_DURATION && y->kind == SM_OTTL_DURATION)
        *out = sm_ottl_duration((int64_t)(is_sum ? (uint64_t)x->integer + (uint64_t)y->integer : (uint64_t)x->integer - (uint64_t)y->integer));
    else
        return sm_ottl_fail(run, "%s and %s cannot be %s", sm_ottl_kind_name(x), sm_ottl_kind_name(y), is_sum ? "added" : "subtracted");
    return true;
}

static bool eval_math(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct binary_expr *binary = (const struct binary_expr *)expr;
    struct sm_ottl_value x, y;
    if (!sm_ottl_eval(binary->left, run, &x) || !sm_ottl_eval(binary->right, run, &y))
        return false;
    if (x.kind == SM_OTTL_TIME || x.kind == SM_OTTL_DURATION)
        return calculate_times(run, &x, binary->operator, & y, out);
    if (x.kind != SM_OTTL_INT && x.kind != SM_OTTL_DOUBLE)
        return sm_ottl_fail(run, "%s must be int64, float64, time.Time or time.Duration", sm_ottl_kind_name(&x));
    if (y.kind != SM_OTTL_INT && y.kind != SM_OTTL_DOUBLE)
        return sm_ottl_fail(run, "%s must be int64 or float64", sm_ottl_kind_name(&y));
    if (x.kind == SM_OTTL_INT && y.kind == SM_OTTL_INT)
        return calculate_ints(run, x.integer, binary->operator, y.integer, out);
    return calculate_doubles(run, x.kind == SM_OTTL_INT ? (double)x.integer : x.number, binary->operator,
                             y.kind == SM_OTTL_INT ? (double)y.integer : y.number, out);
}

static bool eval_negation(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    if (!sm_ottl_eval(((const struct unary_expr *)expr)->operand, run, out))
        return false;
    if (out->kind == SM_OTTL_INT)
        *out = sm_ottl_int((int64_t)(0 - (uint64_t)out->integer));
    else if (out->kind == SM_OTTL_DOUBLE)
        *out = sm_ottl_double(-out->number);
    else
        return sm_ottl_fail(run, "unsupported unary minus operation on type %s", sm_ottl_kind_name(out));
    return true;
}

static const struct sm_ottl_expr *compile_sign(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node)
{
    const struct sm_ottl_node *operand = node->items[0];
    if (node->operator== '+')
        return sm_ottl_compile_node(compiler, operand);
    if (operand->kind == SM_OTTL_NODE_INT)
        return make_literal(compiler, sm_ottl_int(-operand->integer));
    if (operand->kind == SM_OTTL_NODE_FLOAT)
        return make_literal(compiler, sm_ottl_double(-operand->number));
    struct unary_expr *unary = sm_arena_zalloc(compiler->arena, 1, sizeof(*unary));
    *unary = (struct unary_expr){.base.eval = eval_negation, .operand = sm_ottl_compile_node(compiler, operand)};
    return unary->operand ? &unary->base : NULL;
}

/* ---- booleans; every expression from here on evaluates to BOOL */

static bool eval_compare(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct binary_expr *binary = (const struct binary_expr *)expr;
    struct sm_ottl_value left, right;
    if (!sm_ottl_eval(binary->left, run, &left) || !sm_ottl_eval(binary->right, run, &right))
        return false;
    *out = sm_ottl_bool(sm_ottl_compare(&left, (enum sm_ottl_compare)binary->operator, & right, run->arena));
    return true;
}

static const struct sm_ottl_expr *compile_binary(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node)
{
    struct binary_expr *binary = sm_arena_zalloc(compiler->arena, 1, sizeof(*binary));
    bool is_comparison = node->kind == SM_OTTL_NODE_COMPARE;
    *binary = (struct binary_expr){.base.eval = is_comparison ? eval_compare : eval_math, .operator= node->operator};
    binary->left = sm_ottl_compile_node(compiler, node->items[0]);
    binary->right = binary->left ? sm_ottl_compile_node(compiler, node->items[1]) : NULL;
    if (!binary->right)
        return NULL;
    if (!is_comparison || !binary->left->is_literal || !binary->right->is_literal)
        return &binary->base;
    return make_literal(compiler, sm_ottl_bool(sm_ottl_compare(&binary->left->literal,
                                                               (enum sm_ottl_compare)binary->operator, & binary->right->literal, compiler->arena)));
}

static bool eval_not(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    if (!sm_ottl_eval(((const struct unary_expr *)expr)->operand, run, out))
        return false;
    *out = sm_ottl_bool(!out->boolean);
    return true;
}

static bool eval_and(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct many_expr *many = (const struct many_expr *)expr;
    for (size_t i = 0; i < many->count; i++) {
        if (!sm_ottl_eval(many->items[i], run, out))
            return false;
        if (!out->boolean)
            return true;
    }
    return true;
}

static bool eval_or(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct many_expr *many = (const struct many_expr *)expr;
    for (size_t i = 0; i < many->count; i++) {
        if (!sm_ottl_eval(many->items[i], run, out))
            return false;
        if (out->boolean)
            return true;
    }
    return true;
}

/* A converter where a condition stands must give a boolean. */
static bool eval_condition(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    if (!sm_ottl_eval(((const struct unary_expr *)expr)->operand, run, out))
        return false;
    if (out->kind != SM_OTTL_BOOL)
        return sm_ottl_fail(run, "value returned from Converter in constant expression must be bool but got %s", sm_ottl_kind_name(out));
    return true;
}

const struct sm_ottl_expr *sm_ottl_compile_boolean(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node)
{
    const struct sm_ottl_expr *expr = sm_ottl_compile_node(compiler, node);
    if (!expr || node->kind != SM_OTTL_NODE_CALL)
        return expr;
    struct unary_expr *unary = sm_arena_zalloc(compiler->arena, 1, sizeof(*unary));
    *unary = (struct unary_expr){.base.eval = eval_condition, .operand = expr};
    return &unary->base;
}

/* All parts are compiled, so that all are checked; a literal that decides the result replaces the whole, others fall away (a part before it that
 * would fail is then not asked, as in the reference). */
static const struct sm_ottl_expr *compile_logic(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node)
{
    struct many_expr *many = sm_arena_zalloc(compiler->arena, 1, sizeof(*many));
    bool decides = node->kind == SM_OTTL_NODE_OR, is_decided = false;
    many->base.eval = decides ? eval_or : eval_and;
    many->items = sm_arena_zalloc(compiler->arena, node->count, sizeof(*many->items));
    for (size_t i = 0; i < node->count; i++) {
        const struct sm_ottl_expr *part = sm_ottl_compile_boolean(compiler, node->items[i]);
        if (!part)
            return NULL;
        if (!part->is_literal)
            many->items[many->count++] = part;
        else if (part->literal.boolean == decides)
            is_decided = true;
    }
    if (is_decided || many->count == 0)
        return make_literal(compiler, sm_ottl_bool(is_decided ? decides : !decides));
    return many->count == 1 ? many->items[0] : &many->base;
}

static const struct sm_ottl_expr *compile_not(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node)
{
    const struct sm_ottl_expr *operand = sm_ottl_compile_boolean(compiler, node->items[0]);
    if (!operand)
        return NULL;
    if (operand->is_literal)
        return make_literal(compiler, sm_ottl_bool(!operand->literal.boolean));
    struct unary_expr *unary = sm_arena_zalloc(compiler->arena, 1, sizeof(*unary));
    *unary = (struct unary_expr){.base.eval = eval_not, .operand = operand};
    return &unary->base;
}

/* ---- */

const struct sm_ottl_expr *sm_ottl_compile_node(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node)
{
    switch (node->kind) {
    case SM_OTTL_NODE_NIL:
        return make_literal(compiler, sm_ottl_nil());
    case SM_OTTL_NODE_BOOL:
        return make_literal(compiler, sm_ottl_bool(node->boolean));
    case SM_OTTL_NODE_INT:
        return make_literal(compiler, sm_ottl_int(node->integer));
    case SM_OTTL_NODE_FLOAT:
        return make_literal(compiler, sm_ottl_double(node->number));
    case SM_OTTL_NODE_STRING:
        return make_literal(compiler, sm_ottl_string(node->text));
    case SM_OTTL_NODE_BYTES:
        return make_literal(compiler, sm_ottl_bytes(node->text));
    case SM_OTTL_NODE_ENUM:
        return compile_enum(compiler, node);
    case SM_OTTL_NODE_PATH: {
        const struct sm_ottl_ref *ref = sm_ottl_compile_path(compiler, node);
        return ref ? &ref->base : NULL;
    }
    case SM_OTTL_NODE_CALL:
        return sm_ottl_compile_call(compiler, node);
    case SM_OTTL_NODE_LIST:
    case SM_OTTL_NODE_MAP:
        return compile_many(compiler, node);
    case SM_OTTL_NODE_SIGN:
        return compile_sign(compiler, node);
    case SM_OTTL_NODE_GROUP:
        return sm_ottl_compile_node(compiler, node->items[0]);
    case SM_OTTL_NODE_PARENTHESES:
        return sm_ottl_compile_boolean(compiler, node->items[0]);
    case SM_OTTL_NODE_MATH:
    case SM_OTTL_NODE_COMPARE:
        return compile_binary(compiler, node);
    case SM_OTTL_NODE_OR:
    case SM_OTTL_NODE_AND:
        return compile_logic(compiler, node);
    case SM_OTTL_NODE_NOT:
        return compile_not(compiler, node);
    }
    return NULL;
}
