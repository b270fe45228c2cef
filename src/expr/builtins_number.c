/* builtins_number.c - builtins that work on numbers. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "expr/builtins.h"
#include "wire/json_scanner.h"

static struct expr_value call_abs(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct expr_value value = arguments[0];
    (void)count;
    if (value.kind == EXPR_FLOAT)
        return expr_float(value.number < 0 ? -value.number : value.number);
    if (!expr_is_integer(value.kind))
        return expr_fail(e, "invalid argument for abs (type %s)", expr_kind_name(value.kind));
    return value.integer < 0 ? expr_unary(e, OP_MINUS, value) : value;
}

static struct expr_value round_by(struct expr_evaluation *e, const struct expr_value *arguments, double (*function)(double number), const char *name)
{
    double number;
    if (!expr_to_double(arguments[0], &number))
        return expr_fail(e, "invalid argument for %s (type %s)", name, expr_kind_name(arguments[0].kind));
    return expr_float(arguments[0].kind == EXPR_FLOAT ? function(number) : number);
}

static struct expr_value call_ceil(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    (void)count;
    return round_by(e, arguments, ceil, "ceil");
}
static struct expr_value call_floor(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    (void)count;
    return round_by(e, arguments, floor, "floor");
}
static struct expr_value call_round(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    (void)count;
    return round_by(e, arguments, round, "round");
}

static struct expr_value call_int(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct expr_value value = arguments[0];
    int64_t integer;
    (void)count;
    if (value.kind == EXPR_STRING)
        return sm_parse_int(value.text, INT64_MIN, INT64_MAX, &integer)
                   ? expr_int(integer)
                   : expr_fail(e, "invalid operation: int(%.*s)", (int)(value.text.size > 60 ? 60 : value.text.size),
                               value.text.size ? value.text.ptr : "");
    if (value.kind == EXPR_DURATION || value.kind == EXPR_MONTH || value.kind == EXPR_WEEKDAY)
        return expr_int(value.integer);
    return expr_to_int(value, &integer) ? expr_int(integer) : expr_fail(e, "invalid operation: int(%s)", expr_kind_name(value.kind));
}

static struct expr_value call_float(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct expr_value value = arguments[0];
    double number;
    (void)count;
    if (value.kind == EXPR_STRING)
        return sm_parse_double(value.text, e->arena, &number)
                   ? expr_float(number)
                   : expr_fail(e, "invalid operation: float(%.*s)", (int)(value.text.size > 60 ? 60 : value.text.size),
                               value.text.size ? value.text.ptr : "");
    return expr_to_double(value, &number) ? expr_float(number) : expr_fail(e, "invalid operation: float(%s)", expr_kind_name(value.kind));
}

/* ---- of several numbers, and of lists of them */

struct extreme {
    const char *name;
    struct expr_value value; /* EXPR_UNKNOWN: none yet */
    bool wants_least;
};

static bool is_counted(enum expr_kind kind)
{
    return expr_is_number(kind) || kind == EXPR_DURATION || kind == EXPR_MONTH || kind == EXPR_WEEKDAY;
}

static void consider(struct expr_evaluation *e, struct extreme *extreme, struct expr_value value, unsigned depth)
{
    if (!expr_step(e))
        return;
    if (expr_is_list(value.kind) && depth <= SM_EXPR_VALUE_DEPTH_MAX) {
        for (size_t i = 0, count = expr_length(value); i < count && !e->has_failed; i++)
            consider(e, extreme, expr_at(value, i), depth + 1);
    } else if (!is_counted(value.kind)) {
        expr_fail(e, "invalid argument for %s (type %s)", extreme->name, expr_kind_name(value.kind));
    } else if (extreme->value.kind == EXPR_UNKNOWN ||
               (extreme->wants_least ? expr_less(e, value, extreme->value) : expr_less(e, extreme->value, value))) {
        extreme->value = value;
    }
}

static struct expr_value find_extreme(struct expr_evaluation *e, struct extreme extreme, const struct expr_value *arguments, size_t count)
{
    if (count == 1 && !is_counted(arguments[0].kind) && !expr_is_list(arguments[0].kind))
        return arguments[0]; /* as in the reference */
    for (size_t i = 0; i < count && !e->has_failed; i++)
        consider(e, &extreme, arguments[i], 0);
    return extreme.value.kind == EXPR_UNKNOWN ? expr_nil() : extreme.value;
}

static struct expr_value call_max(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    return find_extreme(e, (struct extreme){.name = "max"}, arguments, count);
}

static struct expr_value call_min(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    return find_extreme(e, (struct extreme){.name = "min", .wants_least = true}, arguments, count);
}

struct numbers {
    const char *name;
    double *items; /* NULL: only their sum is wanted */
    size_t count, capacity;
    double sum;
    bool keeps;
};

/* A list's own sum is added as one, as in the reference: rounding shows it. */
static void collect(struct expr_evaluation *e, struct numbers *numbers, struct expr_value value, unsigned depth)
{
    double number;
    if (!expr_step(e))
        return;
    if (expr_is_list(value.kind) && depth <= SM_EXPR_VALUE_DEPTH_MAX) {
        double outer = numbers->sum;
        numbers->sum = depth > 0 ? 0 : outer;
        for (size_t i = 0, count = expr_length(value); i < count && !e->has_failed; i++)
            collect(e, numbers, expr_at(value, i), depth + 1);
        numbers->sum += depth > 0 ? outer : 0;
        return;
    }
    if (!is_counted(value.kind)) {
        expr_fail(e, "invalid argument for %s (type %s)", numbers->name, expr_kind_name(value.kind));
        return;
    }
    number = value.kind == EXPR_FLOAT ? value.number : (double)value.integer;
    numbers->sum += number;
    if (numbers->keeps) {
        if (numbers->count == numbers->capacity)
            numbers->items = sm_arena_grow(e->arena, numbers->items, numbers->count, &numbers->capacity, numbers->count + 1, sizeof(double));
        numbers->items[numbers->count] = number;
    }
    numbers->count++;
}

static struct expr_value call_mean(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct numbers numbers = {.name = "mean"};
    for (size_t i = 0; i < count && !e->has_failed; i++)
        collect(e, &numbers, arguments[i], 0);
    return expr_float(numbers.count ? numbers.sum / (double)numbers.count : 0);
}

/* NaN before all others, as Go sorts. */
static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    if (isnan(a) || isnan(b))
        return isnan(b) - isnan(a);
    return (a > b) - (a < b);
}

static struct expr_value call_median(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct numbers numbers = {.name = "median", .keeps = true};
    for (size_t i = 0; i < count && !e->has_failed; i++)
        collect(e, &numbers, arguments[i], 0);
    size_t n = numbers.count;
    if (n == 0)
        return expr_float(0);
    qsort(numbers.items, n, sizeof(double), compare_doubles);
    return expr_float(n % 2 ? numbers.items[n / 2] : (numbers.items[n / 2 - 1] + numbers.items[n / 2]) / 2);
}

/* ---- bits */

enum bits { AND, OR, XOR, AND_NOT, SHIFT_LEFT, SHIFT_RIGHT, SHIFT_RIGHT_UNSIGNED };

static struct expr_value change_bits(struct expr_evaluation *e, enum bits how, const struct expr_value *arguments)
{
    for (size_t i = 0; i < 2; i++)
        if (!expr_is_integer(arguments[i].kind))
            return expr_fail(e, "cannot use %s as argument (type int)", expr_kind_name(arguments[i].kind));
    int64_t x = arguments[0].integer, y = arguments[1].integer;
    bool is_far = y >= 64;
    if (how >= SHIFT_LEFT && y < 0)
        return expr_fail(e, "invalid operation: negative shift count %lld (type int)", (long long)y);
    switch (how) {
    case AND:
        return expr_int(x & y);
    case OR:
        return expr_int(x | y);
    case XOR:
        return expr_int(x ^ y);
    case AND_NOT:
        return expr_int(x & ~y);
    case SHIFT_LEFT:
        return expr_int(is_far ? 0 : (int64_t)((uint64_t)x << y));
    case SHIFT_RIGHT:
        return expr_int(x >> (is_far ? 63 : y));
    default:
        return expr_int(is_far ? 0 : (int64_t)((uint64_t)x >> y));
    }
}

#define BITS(function, how)                                                                                                                          \
    static struct expr_value function(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)                                   \
    {                                                                                                                                                \
        (void)count;                                                                                                                                 \
        return change_bits(e, how, arguments);                                                                                                       \
    }
BITS(call_bitand, AND)
BITS(call_bitor, OR)
BITS(call_bitxor, XOR)
BITS(call_bitnand, AND_NOT)
BITS(call_bitshl, SHIFT_LEFT)
BITS(call_bitshr, SHIFT_RIGHT)
BITS(call_bitushr, SHIFT_RIGHT_UNSIGNED)

static struct expr_value call_bitnot(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    (void)count;
    if (!expr_is_integer(arguments[0].kind))
        return expr_fail(e, "cannot use %s as argument (type int) to call bitnot", expr_kind_name(arguments[0].kind));
    return expr_int(~arguments[0].integer);
}

/* ---- */

/* One number, a named one of Go's included, or a text if `takes_text`. */
static bool check_one(struct expr_call_types *call, bool takes_text)
{
    enum expr_kind kind = call->count ? call->types[0].kind : EXPR_NIL;
    if (!expr_check_count(call, 1))
        return false;
    if (is_counted(kind) || kind == EXPR_ANY || kind == EXPR_UNKNOWN || (takes_text && kind == EXPR_STRING))
        return true;
    return expr_wrong_call(call, "invalid argument for %s (type %s)", call->name, expr_kind_name(kind));
}

static bool check_abs(struct expr_call_types *call)
{
    if (!check_one(call, false))
        return false;
    call->result = expr_type(call->types[0].kind == EXPR_UNKNOWN ? EXPR_ANY : call->types[0].kind);
    return true;
}

static bool check_round(struct expr_call_types *call)
{
    enum expr_kind kind = call->count ? call->types[0].kind : EXPR_NIL;
    call->result = expr_type(EXPR_FLOAT);
    if (!expr_check_count(call, 1))
        return false;
    return is_counted(kind) || expr_is_unknown(kind) || expr_wrong_call(call, "invalid argument for %s (type %s)", call->name, expr_kind_name(kind));
}

static bool check_int(struct expr_call_types *call)
{
    call->result = expr_type(EXPR_INT);
    return check_one(call, true);
}

static bool check_float(struct expr_call_types *call)
{
    call->result = expr_type(EXPR_FLOAT);
    return check_one(call, true);
}

/* What follows a list, or something unknown, is not looked at. */
static bool check_aggregate(struct expr_call_types *call)
{
    if (call->count == 0)
        return expr_wrong_call(call, "not enough arguments to call %s", call->name);
    for (size_t i = 0; i < call->count; i++) {
        enum expr_kind kind = call->types[i].kind;
        call->result = expr_type(EXPR_ANY);
        if (expr_is_unknown(kind) || expr_is_list(kind))
            return true;
        if (!is_counted(kind))
            return expr_wrong_call(call, "invalid argument for %s (type %s)", call->name, expr_kind_name(kind));
    }
    call->result = expr_type(call->types[0].kind);
    return true;
}

#define ONE .arguments_min = 1, .arguments_max = 1
#define MANY .arguments_min = 1, .arguments_max = UINT_MAX
#define OF_INTS .overloads = &(const struct expr_overload){EXPR_INT, 2, {EXPR_INT, EXPR_INT}}, .overload_count = 1

const struct expr_builtin expr_number_builtins[] = {
    {.name = "abs", .call = call_abs, .check = check_abs, ONE, .help = "The number without its sign."},
    {.name = "ceil", .call = call_ceil, .check = check_round, ONE, .help = "The next whole number above."},
    {.name = "floor", .call = call_floor, .check = check_round, ONE, .help = "The next whole number below."},
    {.name = "round", .call = call_round, .check = check_round, ONE, .help = "The nearest whole number, halves away from zero."},
    {.name = "int", .call = call_int, .check = check_int, ONE, .help = "A number or text as a whole number."},
    {.name = "float", .call = call_float, .check = check_float, ONE, .help = "A number or text as a float."},
    {.name = "max", .call = call_max, .check = check_aggregate, MANY, .help = "The greatest number, also of lists."},
    {.name = "min", .call = call_min, .check = check_aggregate, MANY, .help = "The least number, also of lists."},
    {.name = "mean", .call = call_mean, .check = check_aggregate, MANY, .help = "The mean of numbers, also of lists."},
    {.name = "median", .call = call_median, .check = check_aggregate, MANY, .help = "The median of numbers, also of lists."},
    {.name = "bitand", .call = call_bitand, .help = "Bits that both have.", OF_INTS},
    {.name = "bitor", .call = call_bitor, .help = "Bits that one has.", OF_INTS},
    {.name = "bitxor", .call = call_bitxor, .help = "Bits that exactly one has.", OF_INTS},
    {.name = "bitnand", .call = call_bitnand, .help = "Bits that the first has and the second has not.", OF_INTS},
    {.name = "bitshl", .call = call_bitshl, .help = "Bits shifted to the left.", OF_INTS},
    {.name = "bitshr", .call = call_bitshr, .help = "Bits shifted to the right, with the sign.", OF_INTS},
    {.name = "bitushr", .call = call_bitushr, .help = "Bits shifted to the right.", OF_INTS},
    {.name = "bitnot",
     .call = call_bitnot,
     .help = "All bits turned round.",
     .overloads = &(const struct expr_overload){EXPR_INT, 1, {EXPR_INT}},
     .overload_count = 1},
    {0},
};
