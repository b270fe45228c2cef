/* operators.c - see operators.h. Whole numbers wrap, as in Go. Source: Alloy's syntax/internal/transform. */
#include "alloy/operators.h"

#include <math.h>

/* ---- numbers */

static uint64_t power(uint64_t base, uint64_t exponent)
{
    uint64_t result = 1;
    for (; exponent; exponent >>= 1, base *= base)
        if (exponent & 1)
            result *= base;
    return result;
}

/* A negative exponent leaves a whole number as it is: the reference multiplies in a loop that then does not run. */
static uint64_t power_int(int64_t base, int64_t exponent)
{
    if (exponent == 0 || base == 1)
        return 1;
    return exponent < 0 ? (uint64_t)base : power((uint64_t)base, (uint64_t)exponent);
}

static uint64_t divide_int(int64_t left, int64_t right, bool wants_rest)
{
    if (right == -1)
        return wants_rest ? 0 : 0 - (uint64_t)left;
    return (uint64_t)(wants_rest ? left % right : left / right);
}

static bool compare(enum sm_alloy_token op, int order)
{
    return op == SM_ALLOY_LT ? order < 0 : op == SM_ALLOY_LTE ? order <= 0 : op == SM_ALLOY_GT ? order > 0 : order >= 0;
}

static bool is_comparison(enum sm_alloy_token op)
{
    return op == SM_ALLOY_LT || op == SM_ALLOY_LTE || op == SM_ALLOY_GT || op == SM_ALLOY_GTE;
}

static struct sm_alloy_value *doubles(struct sm_alloy_machine *machine, double left, enum sm_alloy_token op, double right)
{
    switch (op) {
    case SM_ALLOY_ADD:
        return sm_alloy_double(machine->arena, left + right);
    case SM_ALLOY_SUB:
        return sm_alloy_double(machine->arena, left - right);
    case SM_ALLOY_MUL:
        return sm_alloy_double(machine->arena, left * right);
    case SM_ALLOY_DIV:
        return sm_alloy_double(machine->arena, left / right);
    case SM_ALLOY_MOD:
        return sm_alloy_double(machine->arena, fmod(left, right));
    case SM_ALLOY_POW:
        return sm_alloy_double(machine->arena, pow(left, right));
    default:
        break;
    }
    bool holds = op == SM_ALLOY_LT ? left < right : op == SM_ALLOY_LTE ? left <= right : op == SM_ALLOY_GT ? left > right : left >= right;
    return sm_alloy_bool(machine->arena, holds);
}

/* Both as the bits of 64-bit numbers. */
static uint64_t calculate(uint64_t left, enum sm_alloy_token op, uint64_t right, bool is_signed)
{
    switch (op) {
    case SM_ALLOY_ADD:
        return left + right;
    case SM_ALLOY_SUB:
        return left - right;
    case SM_ALLOY_MUL:
        return left * right;
    case SM_ALLOY_DIV:
        return is_signed ? divide_int((int64_t)left, (int64_t)right, false) : left / right;
    case SM_ALLOY_MOD:
        return is_signed ? divide_int((int64_t)left, (int64_t)right, true) : left % right;
    default:
        return is_signed ? power_int((int64_t)left, (int64_t)right) : power(left, right);
    }
}

static struct sm_alloy_value *numbers(struct sm_alloy_machine *machine, const struct sm_alloy_value *left, enum sm_alloy_token op,
                                      const struct sm_alloy_value *right, const struct sm_alloy_value *original_right)
{
    if ((op == SM_ALLOY_DIV || op == SM_ALLOY_MOD) && sm_alloy_number_double(right) == 0)
        return sm_alloy_fail(machine, original_right, "divide by zero error");
    if (left->number_kind == SM_ALLOY_DOUBLE || right->number_kind == SM_ALLOY_DOUBLE)
        return doubles(machine, sm_alloy_number_double(left), op, sm_alloy_number_double(right));
    bool is_signed = left->number_kind == SM_ALLOY_INT || right->number_kind == SM_ALLOY_INT;
    if (is_comparison(op)) {
        int order = is_signed ? (left->integer > right->integer) - (left->integer < right->integer)
                              : (left->whole > right->whole) - (left->whole < right->whole);
        return sm_alloy_bool(machine->arena, compare(op, order));
    }
    uint64_t result = calculate(left->whole, op, right->whole, is_signed);
    return is_signed ? sm_alloy_int(machine->arena, (int64_t)result) : sm_alloy_uint(machine->arena, result);
}

/* ---- texts and secrets */

static struct sm_slice join(struct sm_arena *arena, struct sm_slice left, struct sm_slice right)
{
    char *text = sm_arena_alloc(arena, left.size + right.size + 1);
    if (left.size)
        memcpy(text, left.ptr, left.size);
    if (right.size)
        memcpy(text + left.size, right.ptr, right.size);
    return sm_slice_make(text, left.size + right.size);
}

enum text_kind { TEXT_NONE, TEXT_PLAIN, TEXT_OPEN, TEXT_OPTIONAL_SECRET, TEXT_SECRET };

static enum text_kind text_kind(const struct sm_alloy_value *value)
{
    if (value->type == SM_ALLOY_TYPE_STRING)
        return TEXT_PLAIN;
    if (!sm_alloy_is_secret(value))
        return TEXT_NONE;
    return value->capsule == SM_ALLOY_SECRET ? TEXT_SECRET : value->is_secret ? TEXT_OPTIONAL_SECRET : TEXT_OPEN;
}

static struct sm_alloy_value *as_kind(struct sm_alloy_machine *machine, struct sm_alloy_value *value, enum text_kind kind)
{
    struct sm_alloy_value *result = kind == TEXT_PLAIN    ? sm_alloy_string(machine->arena, value->text)
                                    : kind == TEXT_SECRET ? sm_alloy_secret(machine->arena, value->text)
                                                          : sm_alloy_optional_secret(machine->arena, value->text, kind == TEXT_OPTIONAL_SECRET);
    result->origin = value->origin;
    return result;
}

/* A text beside a secret becomes one; an open optional secret beside a text becomes a text. */
static void level_secrets(struct sm_alloy_machine *machine, struct sm_alloy_value **left, struct sm_alloy_value **right)
{
    enum text_kind a = text_kind(*left), b = text_kind(*right);
    if (a == TEXT_NONE || b == TEXT_NONE || a == b)
        return;
    bool is_one_plain = a == TEXT_PLAIN || b == TEXT_PLAIN;
    if (a != TEXT_SECRET && b != TEXT_SECRET && !is_one_plain)
        return; /* two optional secrets keep what they are */
    enum text_kind kind = a == TEXT_SECRET || b == TEXT_SECRET                     ? TEXT_SECRET
                          : a == TEXT_OPTIONAL_SECRET || b == TEXT_OPTIONAL_SECRET ? TEXT_OPTIONAL_SECRET
                                                                                   : TEXT_PLAIN;
    *left = as_kind(machine, *left, kind);
    *right = as_kind(machine, *right, kind);
}

static struct sm_alloy_value *add_capsules(struct sm_alloy_machine *machine, const struct sm_alloy_value *left, const struct sm_alloy_value *right,
                                           const struct sm_alloy_value *original_left)
{
    if (!sm_alloy_is_secret(left))
        return sm_alloy_fail(machine, original_left, "could not perform binop + for unknown types lhs %s rhs %s", sm_alloy_type_name(left->type),
                             sm_alloy_type_name(right->type));
    struct sm_slice more = sm_alloy_is_secret(right) && right->capsule == left->capsule ? right->text : (struct sm_slice){0};
    struct sm_slice text = join(machine->arena, left->text, more);
    if (left->capsule == SM_ALLOY_SECRET)
        return sm_alloy_secret(machine->arena, text);
    return sm_alloy_optional_secret(machine->arena, text, left->is_secret || (more.ptr && right->is_secret));
}

/* ---- all */

static const char *types_allowed(enum sm_alloy_token op)
{
    if (op == SM_ALLOY_OR || op == SM_ALLOY_AND)
        return "[bool]";
    if (op == SM_ALLOY_ADD)
        return "[number string capsule]";
    return is_comparison(op) ? "[number string]" : "[number]";
}

static bool is_allowed(const struct sm_alloy_value *value, enum sm_alloy_token op)
{
    if (op == SM_ALLOY_OR || op == SM_ALLOY_AND)
        return value->type == SM_ALLOY_TYPE_BOOL;
    return value->type == SM_ALLOY_TYPE_NUMBER || (value->type == SM_ALLOY_TYPE_STRING && (op == SM_ALLOY_ADD || is_comparison(op))) ||
           (value->type == SM_ALLOY_TYPE_CAPSULE && op == SM_ALLOY_ADD);
}

struct sm_alloy_value *sm_alloy_binary(struct sm_alloy_machine *machine, struct sm_alloy_value *left, enum sm_alloy_token op,
                                       struct sm_alloy_value *right)
{
    struct sm_alloy_value *sides[] = {left, right};
    level_secrets(machine, &left, &right);
    if (op == SM_ALLOY_EQ || op == SM_ALLOY_NEQ)
        return sm_alloy_bool(machine->arena, sm_alloy_equal(left, right) == (op == SM_ALLOY_EQ));
    for (int i = 0; i < 2; i++) {
        const struct sm_alloy_value *side = i ? right : left;
        if (!is_allowed(side, op))
            return sm_alloy_fail(machine, sides[i], "should be one of %s for binop %s, got %s", types_allowed(op), sm_alloy_token_text(op),
                                 sm_alloy_type_name(side->type));
    }
    if (left->type != right->type)
        return sm_alloy_fail_type(machine, right, left->type);
    if (left->type == SM_ALLOY_TYPE_BOOL)
        return sm_alloy_bool(machine->arena, op == SM_ALLOY_OR ? left->boolean || right->boolean : left->boolean && right->boolean);
    if (left->type == SM_ALLOY_TYPE_NUMBER)
        return numbers(machine, left, op, right, sides[1]);
    if (left->type == SM_ALLOY_TYPE_CAPSULE)
        return add_capsules(machine, left, right, sides[0]);
    if (op == SM_ALLOY_ADD)
        return sm_alloy_string(machine->arena, join(machine->arena, left->text, right->text));
    return sm_alloy_bool(machine->arena, compare(op, sm_slice_compare(left->text, right->text)));
}

struct sm_alloy_value *sm_alloy_unary(struct sm_alloy_machine *machine, enum sm_alloy_token op, struct sm_alloy_value *value)
{
    if (op == SM_ALLOY_NOT)
        return value->type == SM_ALLOY_TYPE_BOOL ? sm_alloy_bool(machine->arena, !value->boolean)
                                                 : sm_alloy_fail_type(machine, value, SM_ALLOY_TYPE_BOOL);
    if (value->type != SM_ALLOY_TYPE_NUMBER)
        return sm_alloy_fail_type(machine, value, SM_ALLOY_TYPE_NUMBER);
    if (value->number_kind == SM_ALLOY_DOUBLE)
        return sm_alloy_double(machine->arena, -value->number);
    return sm_alloy_int(machine->arena, (int64_t)(0 - value->whole));
}
