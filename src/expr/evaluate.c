/* evaluate.c - walks the tree of an expression.
 *
 * Every operation is counted, and what it allocates is looked at, so that no expression and no data can keep a worker or take all memory.
 * Source: github.com/expr-lang/expr compiler/compiler.go, vm/vm.go. */
#include <stdarg.h>
#include <stdio.h>

#include "expr/builtins.h"
#include "ottl/regex_cache.h"

struct expr_value expr_fail(struct expr_evaluation *e, const char *format, ...)
{
    if (e->has_failed)
        return expr_nil();
    va_list args;
    va_start(args, format);
    vsnprintf(e->error->message, sizeof(e->error->message), format, args);
    va_end(args);
    e->has_failed = true;
    e->error->offset = e->node ? e->node->offset : 0;
    e->error->size = e->node ? e->node->size : 0;
    return expr_nil();
}

bool expr_has_room(struct expr_evaluation *e, size_t size)
{
    if (size <= SM_EXPR_BYTES_MAX && sm_arena_reserved_bytes(e->arena) - e->bytes_before + size <= SM_EXPR_BYTES_MAX)
        return !e->has_failed;
    expr_fail(e, "memory budget exceeded: more than %d MiB", SM_EXPR_BYTES_MAX >> 20);
    return false;
}

bool expr_step(struct expr_evaluation *e)
{
    if (++e->steps > SM_EXPR_STEPS_MAX)
        expr_fail(e, "the evaluation takes more than %d steps", SM_EXPR_STEPS_MAX);
    return expr_has_room(e, 0);
}

enum { BYTES_A_STEP = 64 };

bool expr_spend(struct expr_evaluation *e, size_t bytes)
{
    e->steps += bytes / BYTES_A_STEP;
    return expr_step(e);
}

bool expr_enter(struct expr_evaluation *e)
{
    if (++e->value_depth > SM_EXPR_VALUE_DEPTH_MAX)
        expr_fail(e, "recursion depth exceeded");
    return !e->has_failed;
}

void expr_leave(struct expr_evaluation *e)
{
    e->value_depth--;
}

bool expr_count_elements(struct expr_evaluation *e, size_t count)
{
    e->elements += count < SM_EXPR_MEMORY_MAX ? count : SM_EXPR_MEMORY_MAX;
    if (e->elements >= SM_EXPR_MEMORY_MAX)
        expr_fail(e, "memory budget exceeded");
    return !e->has_failed;
}

struct expr_value expr_dereference(struct expr_value value)
{
    if (value.kind == EXPR_ENVIRONMENT || value.kind == EXPR_LOCATION)
        value.is_pointer = false;
    return value;
}

bool expr_operand(struct expr_evaluation *e, const struct expr_node *node, struct expr_value *value)
{
    *value = expr_dereference(expr_evaluate(e, node));
    return !e->has_failed && !e->is_leaving;
}

/* The same with the pointer. */
static bool plain_operand(struct expr_evaluation *e, const struct expr_node *node, struct expr_value *value)
{
    *value = expr_evaluate(e, node);
    return !e->has_failed && !e->is_leaving;
}

/* ---- members */

static struct expr_value bind(struct expr_evaluation *e, const struct sm_expr_function *function, const struct expr_method *method,
                              struct expr_value receiver)
{
    struct expr_bound *bound = sm_arena_alloc(e->arena, sizeof(*bound));
    *bound = (struct expr_bound){.function = function, .method = method, .receiver = receiver};
    return (struct expr_value){.kind = EXPR_FUNCTION, .function = bound};
}

static struct expr_value environment_member(struct expr_evaluation *e, struct expr_value from, struct expr_value name)
{
    const struct sm_expr_environment *environment = e->environment;
    struct sm_slice text = name.kind == EXPR_STRING ? name.text : (struct sm_slice){0};
    for (size_t i = 0; i < environment->function_count && from.is_pointer; i++)
        if (sm_slice_is(text, environment->functions[i].name))
            return bind(e, &environment->functions[i], NULL, from);
    for (size_t i = 0; i < environment->field_count; i++)
        if (sm_slice_is(text, environment->fields[i].name))
            return expr_string(environment->fields[i].get(e->context));
    return expr_fail(e, "cannot fetch %.*s from %s", SM_SLICE_ARGS(text), environment->type_name);
}

static struct expr_value element(struct expr_evaluation *e, struct expr_value list, struct expr_value index)
{
    int64_t at, count = (int64_t)expr_length(list);
    if (!expr_to_int(index, &at))
        return expr_fail(e, "invalid operation: int(%s)", expr_kind_name(index.kind));
    if (at < 0)
        at += count;
    if (at < 0 || at >= count)
        return expr_fail(e, "index out of range: %lld (array length is %lld)", (long long)at, (long long)count);
    return expr_at(list, (size_t)at);
}

struct expr_value expr_fetch(struct expr_evaluation *e, struct expr_value from, struct expr_value index)
{
    if (from.kind == EXPR_ENVIRONMENT)
        return environment_member(e, from, index);
    const struct expr_method *method = index.kind == EXPR_STRING ? expr_find_method(from.kind, index.text) : NULL;
    if (method && (from.is_pointer || !method->needs_pointer))
        return bind(e, NULL, method, from);
    if (from.kind == EXPR_STRING || expr_is_list(from.kind))
        return element(e, from, index);
    if (expr_is_map(from.kind)) {
        const struct expr_entry *entry = expr_map_get(e, from, index);
        return entry ? entry->value : from.kind == EXPR_GROUPS ? expr_nil_list(EXPR_ARRAY) : expr_nil();
    }
    return expr_fail(e, "cannot fetch %.*s from %s", index.kind == EXPR_STRING ? (int)index.text.size : 0,
                     index.kind == EXPR_STRING && index.text.ptr ? index.text.ptr : "", expr_kind_name(from.kind));
}

static struct expr_value evaluate_name(struct expr_evaluation *e, const struct expr_node *node)
{
    const struct expr_value environment = {.kind = EXPR_ENVIRONMENT, .is_pointer = true};
    if (node->slot != NO_SLOT)
        return e->variables[node->slot];
    return sm_slice_is(node->text, "$env") ? environment : environment_member(e, environment, expr_string(node->text));
}

static struct expr_value evaluate_member(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_value base, index;
    if (!plain_operand(e, node->parts[0], &base))
        return expr_nil();
    if (node->is_optional && expr_is_nil(base)) {
        e->is_leaving = true;
        return expr_nil();
    }
    if (!expr_operand(e, node->parts[1], &index))
        return expr_nil();
    e->node = node;
    return expr_fetch(e, base, index);
}

/* A nil that has a type becomes plain nil, but for ??, which sees no difference. */
static struct expr_value evaluate_chain(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_value value = expr_evaluate(e, node->parts[0]);
    bool was_leaving = e->is_leaving;
    e->is_leaving = false;
    return was_leaving || (expr_is_nil(value) && !node->is_after_coalesce) ? expr_nil() : value;
}

static int64_t clamp(int64_t at, int64_t count)
{
    if (at < 0)
        at = at < -count ? 0 : at + count;
    return at > count ? count : at;
}

static struct expr_value evaluate_slice(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_value value, from = expr_int(0), to;
    int64_t first, last;
    if (!plain_operand(e, node->parts[0], &value))
        return expr_nil();
    bool can_be = value.kind == EXPR_STRING || expr_is_list(value.kind);
    e->node = node;
    if (!can_be && !node->parts[2])
        return expr_fail(e, "invalid argument for len (type %s)", expr_kind_name(value.kind));
    to = expr_int(can_be ? (int64_t)expr_length(value) : 0);
    if ((node->parts[2] && !expr_operand(e, node->parts[2], &to)) || (node->parts[1] && !expr_operand(e, node->parts[1], &from)))
        return expr_nil();
    e->node = node;
    if (!can_be)
        return expr_fail(e, "cannot slice %s", expr_kind_name(value.kind));
    if (!expr_to_int(from, &first) || !expr_to_int(to, &last))
        return expr_fail(e, "invalid operation: int(%s)", expr_kind_name(expr_is_number(from.kind) ? to.kind : from.kind));
    int64_t count = (int64_t)expr_length(value);
    last = clamp(last, count);
    first = clamp(first, count);
    return expr_part(e, value, (size_t)(first < last ? first : last), (size_t)last);
}

/* ---- calls */

static struct expr_value call_environment(struct expr_evaluation *e, const struct sm_expr_function *function, const struct expr_value *arguments,
                                          size_t count)
{
    if (count != 1)
        return expr_fail(e, "invalid number of arguments: expected 1, got %zu", count);
    if (arguments[0].kind != EXPR_STRING && arguments[0].kind != EXPR_NIL)
        return expr_fail(e, "reflect: Call using %s as type string", expr_kind_name(arguments[0].kind));
    struct sm_slice argument = arguments[0].kind == EXPR_STRING ? arguments[0].text : (struct sm_slice){0};
    return function->has ? expr_bool(function->has(e->context, argument)) : expr_string(function->get(e->context, argument));
}

static struct expr_value call_method(struct expr_evaluation *e, const struct expr_bound *bound, const struct expr_value *arguments, size_t count)
{
    const struct expr_method *method = bound->method;
    if (method->is_refused)
        return expr_fail(e, "the method %s is not built", method->name);
    if (count != method->types.count)
        return expr_fail(e, "invalid number of arguments: expected %u, got %zu", method->types.count, count);
    for (size_t i = 0; i < count; i++)
        if (arguments[i].kind != method->types.arguments[i])
            return expr_fail(e, "reflect: Call using %s as type %s", expr_kind_name(arguments[i].kind), expr_kind_name(method->types.arguments[i]));
    return method->call(e, bound->receiver, arguments);
}

static struct expr_value *evaluate_all(struct expr_evaluation *e, struct expr_node *const *nodes, size_t count)
{
    struct expr_value *values = sm_arena_alloc(e->arena, count * sizeof(*values) + 1);
    for (size_t i = 0; i < count; i++)
        if (!plain_operand(e, nodes[i], &values[i]))
            return NULL;
    return values;
}

static struct expr_value evaluate_call(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_value callee, *arguments = evaluate_all(e, node->parts + 1, node->count - 1);
    if (!arguments || !plain_operand(e, node->parts[0], &callee))
        return expr_nil();
    e->node = node;
    if (callee.kind != EXPR_FUNCTION)
        return expr_fail(e, "invalid operation: cannot call %s", callee.kind == EXPR_NIL ? "nil" : "non-function");
    if (callee.function->function)
        return call_environment(e, callee.function->function, arguments, node->count - 1);
    return call_method(e, callee.function, arguments, node->count - 1);
}

/* Only what the checker has not looked at can have a wrong number. */
static bool takes(const struct expr_builtin *builtin, size_t count)
{
    for (size_t i = 0; i < builtin->overload_count; i++)
        if (builtin->overloads[i].count == count)
            return true;
    return !builtin->overloads && count >= builtin->arguments_min && count <= builtin->arguments_max;
}

/* A time zone stays what it is where its type is known; elsewhere builtins see what pointers point to. */
static struct expr_value evaluate_builtin(struct expr_evaluation *e, const struct expr_node *node)
{
    if (node->builtin->loop)
        return node->builtin->loop(e, node);
    struct expr_value *arguments = evaluate_all(e, node->parts, node->count);
    if (!arguments)
        return expr_nil();
    for (size_t i = 0; i < node->count; i++)
        if (!node->builtin->keeps_pointers || node->parts[i]->type.kind != EXPR_LOCATION)
            arguments[i] = expr_dereference(arguments[i]);
    e->node = node;
    if (!takes(node->builtin, node->count))
        return expr_fail(e, "invalid number of arguments for %s: %zu", node->builtin->name, node->count);
    return node->builtin->call(e, arguments, node->count);
}

/* ---- operators */

static struct expr_value evaluate_matches(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_value text, pattern;
    struct sm_error error = {0};
    struct sm_ottl_regex cached;
    if (!expr_operand(e, node->parts[0], &text) || (!node->regex && !expr_operand(e, node->parts[1], &pattern)))
        return expr_nil();
    e->node = node;
    if (expr_is_nil(text) || (!node->regex && expr_is_nil(pattern)))
        return expr_bool(false);
    if (text.kind != EXPR_STRING && text.kind != EXPR_BYTES)
        return expr_fail(e, "matches needs a string, not %s", expr_kind_name(text.kind));
    if (!expr_spend(e, BYTES_A_STEP * text.text.size)) /* a pattern may look at each byte in many ways */
        return expr_nil();
    if (node->regex)
        return expr_bool(sm_regex_matches(node->regex, text.text));
    if (pattern.kind != EXPR_STRING)
        return expr_fail(e, "matches needs a string as pattern, not %s", expr_kind_name(pattern.kind));
    if (!sm_ottl_regex_lookup(pattern.text, &cached, &error))
        return expr_fail(e, "%s", error.text);
    bool matches = sm_regex_matches(cached.regex, text.text);
    sm_ottl_regex_release(&cached);
    return expr_bool(matches);
}

/* Whether an operand of and, or, ?: is true. False also when evaluation stops. */
static bool is_true(struct expr_evaluation *e, const struct expr_node *node, bool *truth)
{
    struct expr_value value;
    if (!expr_operand(e, node, &value))
        return false;
    e->node = node;
    if (value.kind != EXPR_BOOL)
        expr_fail(e, "a condition must be a bool, not %s", expr_kind_name(value.kind));
    *truth = value.kind == EXPR_BOOL && value.boolean;
    return !e->has_failed;
}

/* What the checker took for an int or a string, and compiled so, must be one. */
static bool is_as_checked(struct expr_evaluation *e, const struct expr_node *node, struct expr_value *value)
{
    enum expr_kind of_set = node->op == OP_IN && node->parts[1]->parts[0]->kind == NODE_INT ? EXPR_INT : EXPR_STRING;
    enum expr_kind wanted = node->op == OP_IN ? of_set : node->parts[0]->type.kind;
    if (node->op == OP_IN && value->kind == EXPR_NIL)
        *value = wanted == EXPR_STRING ? expr_string((struct sm_slice){0}) : expr_int(0); /* the zero of the set's keys */
    if (value->kind != wanted)
        expr_fail(e, "the value is %s, not %s", expr_kind_name(value->kind), expr_kind_name(wanted));
    return !e->has_failed;
}

static struct expr_value evaluate_binary(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_value a, b;
    bool truth;
    if (node->op == OP_AND || node->op == OP_OR) {
        if (!is_true(e, node->parts[0], &truth))
            return expr_nil();
        return truth == (node->op == OP_OR) ? expr_bool(truth) : expr_dereference(expr_evaluate(e, node->parts[1]));
    }
    if (node->op == OP_MATCHES)
        return evaluate_matches(e, node);
    if (!expr_operand(e, node->parts[0], &a))
        return expr_nil();
    if (node->op == OP_COALESCE)
        return expr_is_nil(a) ? expr_dereference(expr_evaluate(e, node->parts[1])) : a;
    if (!expr_operand(e, node->parts[1], &b))
        return expr_nil();
    e->node = node;
    if (node->is_typed && (!is_as_checked(e, node, &a) || (node->op != OP_IN && !is_as_checked(e, node, &b))))
        return expr_nil();
    return expr_binary(e, node->op, a, b);
}

/* ---- lists, maps and the rest */

static struct expr_value evaluate_array(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_value *items = evaluate_all(e, node->parts, node->count);
    e->node = node;
    if (!items || (node->kind == NODE_ARRAY && !expr_count_elements(e, node->count)))
        return expr_nil();
    return expr_make_list(e, EXPR_ARRAY, items, node->count);
}

/* Of a key that stands twice the first holds, as in the reference. */
static struct expr_value evaluate_map(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_map *map = expr_new_map(e);
    for (size_t i = 0; i < node->count; i++) {
        struct expr_value key, value;
        if (!plain_operand(e, node->parts[i]->parts[0], &key) || !plain_operand(e, node->parts[i]->parts[1], &value))
            return expr_nil();
        e->node = node->parts[i];
        if (key.kind != EXPR_STRING)
            return expr_fail(e, "the key of a map must be a string, not %s", expr_kind_name(key.kind));
        size_t before = map->count;
        struct expr_entry *entry = expr_map_put(e, map, key);
        if (entry && map->count > before)
            entry->value = value;
    }
    return expr_count_elements(e, node->count) ? expr_map_value(EXPR_MAP, map) : expr_nil();
}

static struct expr_value evaluate_sequence(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_value value = expr_nil();
    for (size_t i = 0; i < node->count; i++)
        if (!plain_operand(e, node->parts[i], &value))
            return expr_nil();
    return value;
}

static struct expr_value evaluate_other(struct expr_evaluation *e, const struct expr_node *node)
{
    struct expr_value value;
    bool truth;
    switch (node->kind) {
    case NODE_UNARY:
        if (!expr_operand(e, node->parts[0], &value))
            return expr_nil();
        e->node = node;
        return expr_unary(e, node->op, value);
    case NODE_LET:
        if (!plain_operand(e, node->parts[0], &value))
            return expr_nil();
        e->variables[node->slot] = value;
        return expr_evaluate(e, node->parts[1]);
    case NODE_CONDITIONAL:
        return is_true(e, node->parts[0], &truth) ? expr_evaluate(e, node->parts[truth ? 1 : 2]) : expr_nil();
    case NODE_PREDICATE:
        return expr_evaluate(e, node->parts[0]);
    case NODE_POINTER:
        e->node = node;
        return expr_pointer(e, node->text);
    case NODE_SEQUENCE:
        return evaluate_sequence(e, node);
    default:
        return expr_nil();
    }
}

struct expr_value expr_evaluate(struct expr_evaluation *e, const struct expr_node *node)
{
    if (!expr_step(e))
        return expr_nil();
    switch (node->kind) {
    case NODE_BOOL:
        return expr_bool(node->boolean);
    case NODE_INT:
        return expr_int(node->integer);
    case NODE_FLOAT:
        return expr_float(node->number);
    case NODE_STRING:
        return expr_string(node->text);
    case NODE_BYTES:
        return (struct expr_value){.kind = EXPR_BYTES, .text = node->text};
    case NODE_NAME:
        e->node = node;
        return evaluate_name(e, node);
    case NODE_BINARY:
        return evaluate_binary(e, node);
    case NODE_CHAIN:
        return evaluate_chain(e, node);
    case NODE_MEMBER:
        return evaluate_member(e, node);
    case NODE_SLICE:
        return evaluate_slice(e, node);
    case NODE_CALL:
        return evaluate_call(e, node);
    case NODE_BUILTIN:
        return evaluate_builtin(e, node);
    case NODE_ARRAY:
    case NODE_CONSTANT:
        return evaluate_array(e, node);
    case NODE_MAP:
        return evaluate_map(e, node);
    default:
        return evaluate_other(e, node);
    }
}
