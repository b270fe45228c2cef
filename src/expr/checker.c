/* checker.c - gives the tree its types and refuses what can never be right, exactly where expr does: names are unknown until the expression runs.
 *
 * Source: github.com/expr-lang/expr checker/checker.go. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "expr/builtins.h"

struct predicate_scope {
    struct expr_type collection;
    bool has_index, has_accumulator;
    const struct predicate_scope *outer;
};
struct variable {
    struct sm_slice name;
    struct expr_type type;
    const struct variable *outer;
};

struct checker {
    const struct expr_program_parts *p;
    const struct predicate_scope *scope;
    const struct variable *variables;
};

static struct expr_type check(struct checker *c, struct expr_node *node);

/* Says what is wrong with a node. The type that is returned is unknown, so that nothing else is found wrong because of it. */
__attribute__((format(printf, 3, 4))) static struct expr_type refuse(struct checker *c, const struct expr_node *node, const char *format, ...)
{
    char message[sizeof(c->p->error->message)];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    expr_refuse(c->p, node->offset, node->size, "%s", message);
    return expr_type(EXPR_UNKNOWN);
}

static struct expr_type boolean(void)
{
    return expr_type(EXPR_BOOL);
}

/* ---- operators */

enum { BOOLS = 1, STRINGS = 2, INTEGERS = 4, NUMBERS = 8, TIMES = 16, DURATIONS = 32, LISTS = 64, MAPS = 128 };

static bool is_any_of(enum expr_kind kind, unsigned classes)
{
    return ((classes & BOOLS) && kind == EXPR_BOOL) || ((classes & STRINGS) && kind == EXPR_STRING) ||
           ((classes & INTEGERS) && expr_is_integer(kind)) || ((classes & NUMBERS) && expr_is_number(kind)) ||
           ((classes & TIMES) && kind == EXPR_TIME) || ((classes & DURATIONS) && kind == EXPR_DURATION) ||
           ((classes & LISTS) && expr_is_list(kind)) || ((classes & MAPS) && expr_is_map(kind));
}

/* One side is not known, and the other may be what the operator takes. */
static bool may_fit(enum expr_kind a, enum expr_kind b, unsigned classes)
{
    return (expr_is_unknown(a) && (expr_is_unknown(b) || is_any_of(b, classes))) || (expr_is_unknown(b) && is_any_of(a, classes));
}

/* The pairs of types that an operator takes, and what it gives; EXPR_NIL: the wider of two numbers. */
static const struct rule {
    enum expr_operator op;
    unsigned left, right;
    enum expr_kind result;
} rules[] = {
    {OP_OR, BOOLS, BOOLS, EXPR_BOOL},
    {OP_AND, BOOLS, BOOLS, EXPR_BOOL},
    {OP_LESS, NUMBERS, NUMBERS, EXPR_BOOL},
    {OP_LESS, STRINGS, STRINGS, EXPR_BOOL},
    {OP_LESS, TIMES, TIMES, EXPR_BOOL},
    {OP_LESS, DURATIONS, DURATIONS, EXPR_BOOL},
    {OP_MINUS, NUMBERS, NUMBERS, EXPR_NIL},
    {OP_MINUS, TIMES, TIMES, EXPR_DURATION},
    {OP_MINUS, TIMES, DURATIONS, EXPR_TIME},
    {OP_MINUS, DURATIONS, DURATIONS, EXPR_DURATION},
    {OP_PLUS, NUMBERS, NUMBERS, EXPR_NIL},
    {OP_PLUS, STRINGS, STRINGS, EXPR_STRING},
    {OP_PLUS, TIMES, DURATIONS, EXPR_TIME},
    {OP_PLUS, DURATIONS, TIMES, EXPR_TIME},
    {OP_PLUS, DURATIONS, DURATIONS, EXPR_DURATION},
    {OP_TIMES, NUMBERS, NUMBERS, EXPR_NIL},
    {OP_TIMES, NUMBERS, DURATIONS, EXPR_DURATION},
    {OP_TIMES, DURATIONS, NUMBERS, EXPR_DURATION},
    {OP_TIMES, DURATIONS, DURATIONS, EXPR_DURATION},
    {OP_DIVIDE, NUMBERS, NUMBERS, EXPR_FLOAT},
    {OP_POWER, NUMBERS, NUMBERS, EXPR_FLOAT},
    {OP_MODULO, INTEGERS, INTEGERS, EXPR_INT},
    {OP_CONTAINS, STRINGS, STRINGS, EXPR_BOOL},
    {OP_STARTS_WITH, STRINGS, STRINGS, EXPR_BOOL},
    {OP_ENDS_WITH, STRINGS, STRINGS, EXPR_BOOL},
    {OP_MATCHES, STRINGS, STRINGS, EXPR_BOOL},
};

/* What an operator gives where one side is not known. */
static const struct {
    unsigned classes;
    enum expr_kind result;
} loose[] = {
    [OP_OR] = {BOOLS, EXPR_BOOL},
    [OP_AND] = {BOOLS, EXPR_BOOL},
    [OP_LESS] = {NUMBERS | STRINGS | TIMES | DURATIONS, EXPR_BOOL},
    [OP_MINUS] = {NUMBERS | TIMES | DURATIONS, EXPR_UNKNOWN},
    [OP_PLUS] = {NUMBERS | STRINGS | TIMES | DURATIONS, EXPR_UNKNOWN},
    [OP_TIMES] = {NUMBERS | DURATIONS, EXPR_UNKNOWN},
    [OP_DIVIDE] = {NUMBERS, EXPR_FLOAT},
    [OP_POWER] = {NUMBERS, EXPR_FLOAT},
    [OP_MODULO] = {INTEGERS, EXPR_INT},
    [OP_CONTAINS] = {STRINGS, EXPR_BOOL},
    [OP_STARTS_WITH] = {STRINGS, EXPR_BOOL},
    [OP_ENDS_WITH] = {STRINGS, EXPR_BOOL},
    [OP_MATCHES] = {STRINGS, EXPR_BOOL},
    [OP_RANGE] = {INTEGERS, EXPR_ARRAY},
    [OP_COALESCE] = {0, EXPR_UNKNOWN},
};

static struct expr_type mismatch(struct checker *c, const struct expr_node *node, struct expr_type a, struct expr_type b)
{
    const struct expr_node *left = node->parts[0];
    bool is_negated = left->kind == NODE_UNARY && left->op == OP_NOT && (node->op == OP_EQUAL || node->op == OP_UNEQUAL);
    return refuse(c, node, "invalid operation: %s (mismatched types %s and %s)%s", expr_operator_name(node->op), expr_kind_name(a.kind),
                  expr_kind_name(b.kind), is_negated ? "; not binds closer than comparisons: put them into parentheses" : "");
}

static struct expr_type check_in(struct checker *c, const struct expr_node *node, struct expr_type a, struct expr_type b)
{
    bool is_known = !expr_is_unknown(a.kind);
    if ((a.kind == EXPR_STRING || !is_known) && b.kind == EXPR_TIME)
        return boolean();
    if (expr_is_map(b.kind)) {
        struct expr_type key = expr_type(b.kind == EXPR_MAP ? EXPR_STRING : EXPR_ANY);
        if (is_known && !expr_assignable(a, key))
            return refuse(c, node, "cannot use %s as type %s in map key", expr_kind_name(a.kind), expr_kind_name(key.kind));
        return boolean();
    }
    if (expr_is_list(b.kind)) {
        struct expr_type element = expr_element(b);
        if (!expr_comparable(a, element))
            return refuse(c, node, "cannot use %s as type %s in array", expr_kind_name(a.kind), expr_kind_name(element.kind));
        return boolean();
    }
    if ((!is_known && b.kind == EXPR_STRING) || expr_is_unknown(b.kind))
        return boolean();
    return mismatch(c, node, a, b);
}

static struct expr_type check_coalesce(struct expr_type a, struct expr_type b)
{
    if (a.kind == EXPR_NIL || b.kind == EXPR_NIL)
        return a.kind == EXPR_NIL ? b : a;
    return expr_assignable(b, a) ? a : expr_type(EXPR_UNKNOWN);
}

static bool is_pattern_sound(struct checker *c, const struct expr_node *node)
{
    struct sm_error error = {0};
    if (node->kind != NODE_STRING)
        return true;
    struct sm_regex *regex = sm_regex_compile(node->text, &error);
    sm_regex_free(regex);
    if (!regex)
        refuse(c, node, "%s", error.text);
    return regex;
}

static struct expr_type check_by_rules(struct checker *c, const struct expr_node *node, struct expr_type a, struct expr_type b)
{
    bool is_order = node->op >= OP_LESS && node->op <= OP_LESS_OR_EQUAL;
    enum expr_operator op = is_order ? OP_LESS : node->op;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].op != op || !is_any_of(a.kind, rules[i].left) || !is_any_of(b.kind, rules[i].right))
            continue;
        if (rules[i].result != EXPR_NIL)
            return expr_type(rules[i].result);
        return expr_type(a.kind == EXPR_FLOAT || b.kind == EXPR_FLOAT ? EXPR_FLOAT : EXPR_INT);
    }
    return may_fit(a.kind, b.kind, loose[op].classes) ? expr_type(loose[op].result) : mismatch(c, node, a, b);
}

static struct expr_type check_binary(struct checker *c, struct expr_node *node)
{
    struct expr_type a = check(c, node->parts[0]), b = check(c, node->parts[1]);
    switch (node->op) {
    case OP_EQUAL:
    case OP_UNEQUAL:
        return expr_comparable(a, b) ? boolean() : mismatch(c, node, a, b);
    case OP_IN:
        return check_in(c, node, a, b);
    case OP_COALESCE:
        return check_coalesce(a, b);
    case OP_RANGE:
        if ((expr_is_integer(a.kind) && expr_is_integer(b.kind)) || may_fit(a.kind, b.kind, INTEGERS))
            return expr_list_of(c->p->arena, expr_type(EXPR_INT));
        return mismatch(c, node, a, b);
    case OP_MATCHES:
        if (!is_pattern_sound(c, node->parts[1]))
            return boolean();
        if (a.kind == EXPR_BYTES && b.kind == EXPR_STRING)
            return boolean();
        return check_by_rules(c, node, a, b);
    default:
        return check_by_rules(c, node, a, b);
    }
}

static struct expr_type check_unary(struct checker *c, struct expr_node *node)
{
    struct expr_type type = check(c, node->parts[0]);
    if (node->op == OP_NOT && (type.kind == EXPR_BOOL || expr_is_unknown(type.kind)))
        return boolean();
    if (node->op != OP_NOT && (expr_is_number(type.kind) || expr_is_unknown(type.kind)))
        return expr_is_number(type.kind) ? type : expr_type(EXPR_UNKNOWN);
    return refuse(c, node, "invalid operation: %s (mismatched type %s)", expr_operator_name(node->op), expr_kind_name(type.kind));
}

/* ---- names and members */

static struct expr_type check_name(struct checker *c, const struct expr_node *node)
{
    for (const struct variable *v = c->variables; v; v = v->outer)
        if (sm_slice_equal(v->name, node->text))
            return v->type;
    return expr_type(expr_find_builtin(node->text) ? EXPR_FUNCTION : EXPR_UNKNOWN);
}

static bool is_environment(const struct expr_node *node)
{
    return node->kind == NODE_NAME && sm_slice_is(node->text, "$env");
}

static struct expr_type check_member(struct checker *c, struct expr_node *node)
{
    struct expr_node *name = node->parts[1]->kind == NODE_STRING ? node->parts[1] : NULL;
    if (is_environment(node->parts[0]))
        return expr_type(EXPR_UNKNOWN);
    struct expr_type base = check(c, node->parts[0]), property = check(c, node->parts[1]);
    bool is_known = !expr_is_unknown(property.kind);
    if (expr_is_unknown(base.kind))
        return expr_type(EXPR_UNKNOWN);
    if (name && base.kind == EXPR_NIL)
        return refuse(c, node, "type nil has no field %.*s", SM_SLICE_ARGS(name->text));
    const struct expr_method *method = name ? expr_find_method(base.kind, name->text) : NULL;
    if (method)
        return (struct expr_type){.kind = EXPR_FUNCTION, .method = method};
    if (expr_is_map(base.kind)) {
        if (is_known && !expr_assignable(property, expr_type(base.kind == EXPR_MAP ? EXPR_STRING : EXPR_ANY)))
            return refuse(c, node->parts[1], "cannot use %s to get an element from %s", expr_kind_name(property.kind), expr_kind_name(base.kind));
        return expr_element(base);
    }
    if (expr_is_list(base.kind)) {
        if (is_known && !expr_is_integer(property.kind))
            return refuse(c, node->parts[1], "array elements can only be selected using an integer (got %s)", expr_kind_name(property.kind));
        return expr_element(base);
    }
    if (name)
        return refuse(c, node, "type %s has no %s %.*s", expr_kind_name(base.kind), node->has_method ? "method" : "field", SM_SLICE_ARGS(name->text));
    return refuse(c, node, "type %s[%s] is undefined", expr_kind_name(base.kind), expr_kind_name(property.kind));
}

static struct expr_type check_slice(struct checker *c, struct expr_node *node)
{
    struct expr_type type = check(c, node->parts[0]);
    if (expr_is_unknown(type.kind))
        return expr_type(EXPR_UNKNOWN); /* its ends are not visited */
    if (type.kind != EXPR_STRING && !expr_is_list(type.kind))
        return refuse(c, node, "cannot slice %s", expr_kind_name(type.kind));
    for (size_t i = 1; i < 3; i++) {
        struct expr_type end = node->parts[i] ? check(c, node->parts[i]) : expr_type(EXPR_INT);
        if (!expr_is_integer(end.kind) && !expr_is_unknown(end.kind))
            return refuse(c, node->parts[i], "non-integer slice index %s", expr_kind_name(end.kind));
    }
    return type;
}

/* ---- calls */

/* NULL: it fits; otherwise which argument does not. */
static const struct expr_node *find_misfit(const struct expr_overload *overload, struct expr_node *const *arguments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct expr_type given = arguments[i]->type, wanted = expr_type(overload->arguments[i]);
        bool fits = (expr_is_integer(wanted.kind) && expr_is_integer(given.kind)) || expr_is_unknown(given.kind) ||
                    (given.kind == EXPR_NIL ? wanted.kind == EXPR_ANY || wanted.kind == EXPR_LOCATION : expr_assignable(given, wanted));
        if (!fits)
            return arguments[i];
    }
    return NULL;
}

static struct expr_type check_overloads(struct checker *c, const struct expr_node *node, const char *name, const struct expr_overload *overloads,
                                        size_t overload_count, struct expr_node *const *arguments, size_t count)
{
    for (size_t i = 0; i < overload_count; i++)
        if (overloads[i].count == count && !find_misfit(&overloads[i], arguments, count))
            return expr_type(overloads[i].result);
    const struct expr_overload *last = &overloads[overload_count - 1];
    for (size_t i = 0; i < overload_count; i++)
        last = overloads[i].count == count ? &overloads[i] : last;
    if (last->count != count)
        return refuse(c, node, "%s arguments to call %s", count > last->count ? "too many" : "not enough", name);
    const struct expr_node *misfit = find_misfit(last, arguments, count);
    size_t place = 0;
    while (arguments[place] != misfit)
        place++;
    return refuse(c, misfit, "cannot use %s as argument (type %s) to call %s", expr_kind_name(misfit->type.kind),
                  expr_kind_name(last->arguments[place]), name);
}

static struct expr_type check_method(struct checker *c, const struct expr_node *node, const struct expr_method *method)
{
    if (method->is_refused)
        return refuse(c, node, "the method %s is not built", method->name);
    if (method->results > 2)
        return refuse(c, node, "func %s returns more then two values", method->name);
    for (size_t i = 1; i < node->count; i++)
        check(c, node->parts[i]);
    return check_overloads(c, node, method->name, &method->types, 1, node->parts + 1, node->count - 1);
}

/* Of what is not known not even the arguments are looked at. */
static struct expr_type check_call(struct checker *c, struct expr_node *node)
{
    if (is_environment(node->parts[0]))
        return refuse(c, node, "$env is not callable");
    struct expr_type callee = check(c, node->parts[0]);
    if (expr_is_unknown(callee.kind))
        return expr_type(EXPR_UNKNOWN);
    if (callee.kind == EXPR_NIL)
        return refuse(c, node, "nil cannot be called as function");
    if (callee.kind != EXPR_FUNCTION)
        return refuse(c, node, "%s is not callable", expr_kind_name(callee.kind));
    if (!callee.method) /* a builtin's name without a call fails when it is evaluated */
        return expr_type(EXPR_UNKNOWN);
    return check_method(c, node, callee.method);
}

static struct expr_type check_get(struct checker *c, struct expr_node *node)
{
    if (node->count != 2)
        return refuse(c, node, "invalid number of arguments (expected 2, got %zu)", node->count);
    struct expr_type base = check(c, node->parts[0]), property = check(c, node->parts[1]);
    bool is_known = !expr_is_unknown(property.kind);
    if (expr_is_unknown(base.kind))
        return expr_type(EXPR_UNKNOWN);
    if (expr_is_list(base.kind)) {
        if (is_known && !expr_is_integer(property.kind))
            return refuse(c, node->parts[1], "non-integer slice index %s", expr_kind_name(property.kind));
        return expr_element(base);
    }
    if (expr_is_map(base.kind)) {
        if (is_known && !expr_assignable(property, expr_type(base.kind == EXPR_MAP ? EXPR_STRING : EXPR_ANY)))
            return refuse(c, node->parts[1], "cannot use %s to get an element from %s", expr_kind_name(property.kind), expr_kind_name(base.kind));
        return expr_element(base);
    }
    return refuse(c, node->parts[0], "type %s does not support indexing", expr_kind_name(base.kind));
}

static struct expr_type check_function(struct checker *c, struct expr_node *node)
{
    const struct expr_builtin *builtin = node->builtin;
    struct expr_type *types = sm_arena_alloc(c->p->arena, node->count * sizeof(*types) + 1);
    for (size_t i = 0; i < node->count; i++)
        types[i] = check(c, node->parts[i]);
    if (!builtin->check)
        return check_overloads(c, node, builtin->name, builtin->overloads, builtin->overload_count, node->parts, node->count);
    struct expr_call_types call = {.name = builtin->name, .types = types, .count = node->count};
    return builtin->check(&call) ? call.result : refuse(c, node, "%s", call.wrong);
}

/* ---- builtins with a predicate */

static struct expr_type check_in_scope(struct checker *c, struct expr_node *node, struct predicate_scope scope)
{
    scope.outer = c->scope;
    c->scope = &scope;
    struct expr_type type = check(c, node);
    c->scope = scope.outer;
    return type;
}

/* The result's type, once the predicate is known to fit. */
static struct expr_type loop_result(struct checker *c, const struct expr_node *node, struct expr_type collection, struct expr_type predicate)
{
    static const struct {
        const char *name;
        enum expr_kind result;
    } fixed[] = {{"all", EXPR_BOOL},      {"none", EXPR_BOOL},         {"any", EXPR_BOOL},      {"one", EXPR_BOOL},
                 {"findIndex", EXPR_INT}, {"findLastIndex", EXPR_INT}, {"groupBy", EXPR_GROUPS}};
    bool is_unknown = expr_is_unknown(collection.kind);
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        if (strcmp(node->builtin->name, fixed[i].name) == 0)
            return expr_type(fixed[i].result);
    if (strcmp(node->builtin->name, "filter") == 0)
        return is_unknown ? expr_type(EXPR_ARRAY) : expr_list_of(c->p->arena, expr_element(collection));
    if (strcmp(node->builtin->name, "map") == 0)
        return expr_list_of(c->p->arena, predicate);
    if (strcmp(node->builtin->name, "sortBy") == 0)
        return collection;
    if (strcmp(node->builtin->name, "reduce") == 0)
        return predicate;
    if (strcmp(node->builtin->name, "sum") == 0)
        return (struct expr_type){.kind = predicate.kind == EXPR_UNKNOWN ? EXPR_ANY : predicate.kind, .method = predicate.method};
    return is_unknown ? expr_type(EXPR_UNKNOWN) : expr_element(collection); /* find, findLast */
}

static struct expr_type check_loop(struct checker *c, struct expr_node *node)
{
    const char *name = node->builtin->name;
    bool is_sum = strcmp(name, "sum") == 0, is_count = strcmp(name, "count") == 0, is_reduce = strcmp(name, "reduce") == 0;
    bool tests = !is_sum && !is_reduce && strcmp(name, "map") != 0 && strcmp(name, "groupBy") != 0 && strcmp(name, "sortBy") != 0;
    struct expr_type collection = check(c, node->parts[0]);
    if (!expr_is_list(collection.kind) && !expr_is_unknown(collection.kind))
        return refuse(c, node->parts[0], "builtin %s takes only array (got %s)", name, expr_kind_name(collection.kind));
    if (node->count == 1)
        return is_count ? expr_type(EXPR_INT) : expr_is_unknown(collection.kind) ? expr_type(EXPR_UNKNOWN) : expr_element(collection);
    const struct predicate_scope scope = {.collection = collection, .has_index = is_reduce || strcmp(name, "map") == 0, .has_accumulator = is_reduce};
    struct expr_type predicate = check_in_scope(c, node->parts[1], scope);
    if (node->count == 3) {
        struct expr_type last = check(c, node->parts[2]);
        if (!is_reduce && last.kind != EXPR_STRING && !expr_is_unknown(last.kind))
            return refuse(c, node->parts[2], "sortBy order argument must be a string (got %s)", expr_kind_name(last.kind));
    }
    if (predicate.kind == EXPR_NIL)
        return refuse(c, node->parts[1], "predicate should has one input and one output param");
    if (tests && predicate.kind != EXPR_BOOL && !expr_is_unknown(predicate.kind))
        return refuse(c, node->parts[1], "predicate should return boolean (got %s)", expr_kind_name(predicate.kind));
    return is_count ? expr_type(EXPR_INT) : loop_result(c, node, collection, predicate);
}

static struct expr_type check_pointer(struct checker *c, const struct expr_node *node)
{
    if (!c->scope)
        return refuse(c, node, "cannot use pointer accessor outside predicate");
    if (node->text.size == 0)
        return expr_is_unknown(c->scope->collection.kind) ? expr_type(EXPR_UNKNOWN) : expr_element(c->scope->collection);
    if (c->scope->has_index && sm_slice_is(node->text, "index"))
        return expr_type(EXPR_INT);
    if (c->scope->has_accumulator && sm_slice_is(node->text, "acc"))
        return expr_type(EXPR_UNKNOWN);
    return refuse(c, node, "unknown pointer #%.*s", SM_SLICE_ARGS(node->text));
}

/* ---- the rest */

static struct expr_type check_let(struct checker *c, struct expr_node *node)
{
    if (expr_find_builtin(node->text))
        return refuse(c, node, "cannot redeclare builtin %.*s", SM_SLICE_ARGS(node->text));
    for (const struct variable *v = c->variables; v; v = v->outer)
        if (sm_slice_equal(v->name, node->text))
            return refuse(c, node, "cannot redeclare variable %.*s", SM_SLICE_ARGS(node->text));
    const struct variable variable = {.name = node->text, .type = check(c, node->parts[0]), .outer = c->variables};
    c->variables = &variable;
    struct expr_type type = check(c, node->parts[1]);
    c->variables = variable.outer;
    return type;
}

static struct expr_type check_conditional(struct checker *c, struct expr_node *node)
{
    struct expr_type condition = check(c, node->parts[0]);
    if (condition.kind != EXPR_BOOL && !expr_is_unknown(condition.kind))
        return refuse(c, node->parts[0], "non-bool expression (type %s) used as condition", expr_kind_name(condition.kind));
    struct expr_type yes = check(c, node->parts[1]), no = check(c, node->parts[2]);
    if (yes.kind == EXPR_NIL || no.kind == EXPR_NIL)
        return yes.kind == EXPR_NIL ? no : yes;
    if (!expr_assignable(yes, no))
        return expr_type(EXPR_UNKNOWN);
    if (expr_is_list(yes.kind) && expr_is_list(no.kind)) {
        struct expr_type a = expr_element(yes), b = expr_element(no);
        if (!expr_assignable(a, b) || !expr_assignable(b, a))
            return expr_type(EXPR_ARRAY);
    }
    return yes;
}

static struct expr_type check_array(struct checker *c, struct expr_node *node)
{
    struct expr_type previous = expr_type(EXPR_UNKNOWN);
    bool are_alike = true;
    for (size_t i = 0; i < node->count; i++) {
        struct expr_type type = check(c, node->parts[i]);
        are_alike = are_alike && (i == 0 || expr_same_shape(type.kind, previous.kind));
        previous = type;
    }
    return are_alike ? expr_list_of(c->p->arena, previous) : expr_type(EXPR_ARRAY);
}

/* All parts; the type of the last. */
static struct expr_type check_parts(struct checker *c, struct expr_node *node)
{
    struct expr_type type = expr_type(EXPR_UNKNOWN);
    for (size_t i = 0; i < node->count; i++)
        type = check(c, node->parts[i]);
    return type;
}

static struct expr_type check_builtin(struct checker *c, struct expr_node *node)
{
    if (node->builtin->has_predicate)
        return check_loop(c, node);
    return strcmp(node->builtin->name, "get") == 0 ? check_get(c, node) : check_function(c, node);
}

static struct expr_type type_of(struct checker *c, struct expr_node *node)
{
    static const enum expr_kind literals[] = {[NODE_NIL] = EXPR_NIL,     [NODE_BOOL] = EXPR_BOOL,     [NODE_INT] = EXPR_INT,
                                              [NODE_FLOAT] = EXPR_FLOAT, [NODE_STRING] = EXPR_STRING, [NODE_BYTES] = EXPR_BYTES};
    switch (node->kind) {
    case NODE_NAME:
        return check_name(c, node);
    case NODE_UNARY:
        return check_unary(c, node);
    case NODE_BINARY:
        return check_binary(c, node);
    case NODE_MEMBER:
        return check_member(c, node);
    case NODE_SLICE:
        return check_slice(c, node);
    case NODE_CALL:
        return check_call(c, node);
    case NODE_BUILTIN:
        return check_builtin(c, node);
    case NODE_POINTER:
        return check_pointer(c, node);
    case NODE_LET:
        return check_let(c, node);
    case NODE_CONDITIONAL:
        return check_conditional(c, node);
    case NODE_ARRAY:
        return check_array(c, node);
    case NODE_CHAIN:
    case NODE_PREDICATE:
    case NODE_SEQUENCE:
        return check_parts(c, node);
    case NODE_MAP:
    case NODE_PAIR:
        check_parts(c, node);
        return expr_type(node->kind == NODE_MAP ? EXPR_MAP : EXPR_NIL);
    default:
        return expr_type(node->kind <= NODE_BYTES ? literals[node->kind] : EXPR_ARRAY);
    }
}

static struct expr_type check(struct checker *c, struct expr_node *node)
{
    node->type = type_of(c, node);
    return node->type;
}

bool expr_check(const struct expr_program_parts *p, struct expr_node *root)
{
    struct checker checker = {.p = p};
    check(&checker, root);
    return p->error->message[0] == '\0';
}
