/* evaluate.c - see evaluate.h. Every part of an expression is evaluated, also behind && and ||, as in the reference (Alloy's syntax/vm). */
#include "alloy/evaluate.h"

#include <math.h>

#include "alloy/library.h"
#include "alloy/literal.h"
#include "alloy/operators.h"
#include "config/diags.h"
#include "wire/json_scanner.h"

/* ---- literals */

/* A leading 0 makes a whole number octal. */
static bool parse_octal(struct sm_slice text, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.ptr[i] > '7' || *number >> 61)
            return false;
        *number = *number << 3 | (uint64_t)(text.ptr[i] - '0');
    }
    return true;
}

static struct sm_alloy_value *whole_number(struct sm_alloy_machine *machine, struct sm_slice text)
{
    uint64_t number;
    bool is_octal = text.size > 1 && text.ptr[0] == '0';
    if (is_octal ? parse_octal(text, &number) : sm_parse_uint(text, UINT64_MAX, &number))
        return number <= INT64_MAX ? sm_alloy_int(machine->arena, (int64_t)number) : sm_alloy_uint(machine->arena, number);
    double parsed;
    if (!sm_parse_double(text, machine->arena, &parsed))
        return NULL;
    return sm_alloy_double(machine->arena, parsed);
}

static struct sm_alloy_value *literal(struct sm_alloy_machine *machine, const struct sm_alloy_expr *expr)
{
    double number;
    struct sm_alloy_value *value = NULL;
    switch (expr->op) {
    case SM_ALLOY_NULL:
        return sm_alloy_null(machine->arena);
    case SM_ALLOY_BOOL:
        return sm_alloy_bool(machine->arena, sm_slice_is(expr->text, "true"));
    case SM_ALLOY_STRING:
        return sm_alloy_string(machine->arena, sm_alloy_unquote(expr->text, machine->arena));
    case SM_ALLOY_NUMBER:
        value = whole_number(machine, expr->text);
        break;
    default:
        if (sm_parse_double(expr->text, machine->arena, &number) && !isinf(number))
            value = sm_alloy_double(machine->arena, number);
        break;
    }
    if (value)
        return value;
    struct sm_alloy_value nothing = {.type = SM_ALLOY_TYPE_NUMBER, .origin = expr};
    return sm_alloy_fail(machine, &nothing, "value out of range");
}

/* ---- names and parts */

static struct sm_alloy_value *evaluate(struct sm_alloy_machine *machine, const struct sm_alloy_expr *expr, const struct sm_alloy_scope *scope);

/* A fault with words of its own at a part of an expression. */
static void *fail_at(struct sm_alloy_machine *machine, struct sm_alloy_place start, struct sm_alloy_place end, const char *what, struct sm_slice name)
{
    machine->fault = (struct sm_alloy_fault){.has_place = true, .start = start, .end = end, .path = ""};
    machine->fault.message = sm_arena_printf(machine->arena, "%s \"%.*s\" does not exist", what, SM_SLICE_ARGS(name));
    return NULL;
}

static struct sm_alloy_value *name(struct sm_alloy_machine *machine, const struct sm_alloy_expr *expr, const struct sm_alloy_scope *scope)
{
    const struct sm_alloy_value *found = scope && scope->names ? sm_alloy_object_find(scope->names, expr->text) : NULL;
    if (!found && scope && scope->others)
        found = sm_alloy_object_find(scope->others, expr->text);
    if (!found)
        found = sm_alloy_library_find(machine->arena, expr->text);
    if (!found)
        return fail_at(machine, expr->start, expr->end, "identifier", expr->text);
    return sm_alloy_value_copy(machine->arena, found);
}

/* Adds the field that was meant to the fault. */
static void suggest_field(struct sm_alloy_machine *machine, const struct sm_alloy_value *object, struct sm_slice wanted)
{
    enum { CANDIDATES_MAX = 64 };
    const char *candidates[CANDIDATES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < object->object.count && count < CANDIDATES_MAX; i++)
        candidates[count++] = sm_arena_strdup(machine->arena, object->object.entries[i].key);
    const char *near = sm_nearest_word(sm_arena_strdup(machine->arena, wanted), candidates, count);
    if (near)
        machine->fault.message = sm_arena_printf(machine->arena, "%s (did you mean %s?)", machine->fault.message, near);
}

static struct sm_alloy_value *access_field(struct sm_alloy_machine *machine, const struct sm_alloy_expr *expr, const struct sm_alloy_scope *scope)
{
    const struct sm_alloy_value *value = evaluate(machine, expr->left, scope);
    if (!value)
        return NULL;
    if (value->type == SM_ALLOY_TYPE_CAPSULE)
        return sm_alloy_fail(machine, value, "expected object or array or a capsule convertible to an object, got capsule");
    if (value->type != SM_ALLOY_TYPE_OBJECT)
        return sm_alloy_fail(machine, value, "cannot access field \"%.*s\" on value of type %s", SM_SLICE_ARGS(expr->text),
                             sm_alloy_type_name(value->type));
    const struct sm_alloy_value *field = sm_alloy_object_find(value, expr->text);
    if (!field) {
        fail_at(machine, expr->at, expr->end, "field", expr->text);
        suggest_field(machine, value, expr->text);
        return NULL;
    }
    return sm_alloy_value_copy(machine->arena, field);
}

static struct sm_alloy_value *index_array(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, const struct sm_alloy_value *index)
{
    if (index->type != SM_ALLOY_TYPE_NUMBER)
        return sm_alloy_fail_type(machine, index, SM_ALLOY_TYPE_NUMBER);
    int64_t number = sm_alloy_number_int(index);
    if (number < 0 || (uint64_t)number >= value->array.count)
        return sm_alloy_fail(machine, index, "index %lld is out of range of array with length %zu", (long long)number, value->array.count);
    return sm_alloy_value_copy(machine->arena, value->array.items[number]);
}

static struct sm_alloy_value *index_value(struct sm_alloy_machine *machine, const struct sm_alloy_expr *expr, const struct sm_alloy_scope *scope)
{
    const struct sm_alloy_value *value = evaluate(machine, expr->left, scope);
    const struct sm_alloy_value *index = value ? evaluate(machine, expr->right, scope) : NULL;
    if (!index)
        return NULL;
    if (value->type == SM_ALLOY_TYPE_ARRAY)
        return index_array(machine, value, index);
    if (value->type == SM_ALLOY_TYPE_CAPSULE)
        return sm_alloy_fail(machine, value, "expected object or array or a capsule convertible to an object, got capsule");
    if (value->type != SM_ALLOY_TYPE_OBJECT)
        return sm_alloy_fail(machine, value, "expected object or array, got %s", sm_alloy_type_name(value->type));
    if (index->type != SM_ALLOY_TYPE_STRING)
        return sm_alloy_fail_type(machine, index, SM_ALLOY_TYPE_STRING);
    const struct sm_alloy_value *field = sm_alloy_object_find(value, index->text);
    return field ? sm_alloy_value_copy(machine->arena, field) : sm_alloy_null(machine->arena);
}

/* ---- lists, objects, calls */

static bool evaluate_items(struct sm_alloy_machine *machine, const struct sm_alloy_expr *expr, const struct sm_alloy_scope *scope,
                           struct sm_alloy_value **items)
{
    for (size_t i = 0; i < expr->count; i++) {
        items[i] = evaluate(machine, expr->items[i], scope);
        if (!items[i])
            return false;
    }
    return true;
}

static struct sm_alloy_value *array(struct sm_alloy_machine *machine, const struct sm_alloy_expr *expr, const struct sm_alloy_scope *scope)
{
    struct sm_alloy_value *value = sm_alloy_array(machine->arena, expr->count);
    return evaluate_items(machine, expr, scope, value->array.items) ? value : NULL;
}

static struct sm_alloy_value *object(struct sm_alloy_machine *machine, const struct sm_alloy_expr *expr, const struct sm_alloy_scope *scope)
{
    struct sm_alloy_value *value = sm_alloy_object(machine->arena);
    for (size_t i = 0; i < expr->count; i++) {
        struct sm_alloy_value *item = evaluate(machine, expr->fields[i].value, scope);
        if (!item)
            return NULL;
        sm_alloy_object_set(value, machine->arena, expr->fields[i].name, item);
    }
    return value;
}

static struct sm_alloy_value *call(struct sm_alloy_machine *machine, const struct sm_alloy_expr *expr, const struct sm_alloy_scope *scope)
{
    const struct sm_alloy_value *function = evaluate(machine, expr->left, scope);
    if (!function)
        return NULL;
    if (function->type != SM_ALLOY_TYPE_FUNCTION)
        return sm_alloy_fail_type(machine, function, SM_ALLOY_TYPE_FUNCTION);
    struct sm_alloy_value **args = sm_arena_zalloc(machine->arena, expr->count, sizeof(struct sm_alloy_value *));
    if (!evaluate_items(machine, expr, scope, args))
        return NULL;
    struct sm_alloy_value *result = sm_alloy_library_call(machine, function, args, expr->count);
    return result ? sm_alloy_value_copy(machine->arena, result) : NULL;
}

static struct sm_alloy_value *binary(struct sm_alloy_machine *machine, const struct sm_alloy_expr *expr, const struct sm_alloy_scope *scope)
{
    struct sm_alloy_value *left = evaluate(machine, expr->left, scope);
    struct sm_alloy_value *right = left ? evaluate(machine, expr->right, scope) : NULL;
    return right ? sm_alloy_binary(machine, left, expr->op, right) : NULL;
}

static struct sm_alloy_value *evaluate_kind(struct sm_alloy_machine *machine, const struct sm_alloy_expr *expr, const struct sm_alloy_scope *scope)
{
    struct sm_alloy_value *inner;
    switch (expr->kind) {
    case SM_ALLOY_LITERAL:
        return literal(machine, expr);
    case SM_ALLOY_ARRAY:
        return array(machine, expr, scope);
    case SM_ALLOY_OBJECT:
        return object(machine, expr, scope);
    case SM_ALLOY_NAME:
        return name(machine, expr, scope);
    case SM_ALLOY_ACCESS:
        return access_field(machine, expr, scope);
    case SM_ALLOY_INDEX:
        return index_value(machine, expr, scope);
    case SM_ALLOY_CALL:
        return call(machine, expr, scope);
    case SM_ALLOY_UNARY:
        inner = evaluate(machine, expr->left, scope);
        return inner ? sm_alloy_unary(machine, expr->op, inner) : NULL;
    case SM_ALLOY_BINARY:
        return binary(machine, expr, scope);
    case SM_ALLOY_PAREN:
        return evaluate(machine, expr->left, scope);
    }
    return NULL;
}

static struct sm_alloy_value *evaluate(struct sm_alloy_machine *machine, const struct sm_alloy_expr *expr, const struct sm_alloy_scope *scope)
{
    struct sm_alloy_value *value = evaluate_kind(machine, expr, scope);
    if (value)
        value->origin = expr;
    return value;
}

struct sm_alloy_value *sm_alloy_evaluate(struct sm_alloy_machine *machine, const struct sm_alloy_expr *expr, const struct sm_alloy_scope *scope)
{
    machine->fault = (struct sm_alloy_fault){0};
    return evaluate(machine, expr, scope);
}
