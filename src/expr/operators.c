/* operators.c - arithmetic, order and equality. Whole numbers wrap around, as in Go.
 *
 * Source: github.com/expr-lang/expr vm/runtime. */
#include <math.h>
#include <string.h>

#include "base/exact_math.h"
#include "expr/value.h"

/* ---- numbers */

int64_t expr_truncate(double number)
{
    return number >= -0x1p63 && number < 0x1p63 ? (int64_t)number : INT64_MIN; /* out of range or NaN: what Go gives on amd64 */
}

bool expr_to_int(struct expr_value value, int64_t *integer)
{
    if (!expr_is_number(value.kind))
        return false;
    *integer = value.kind == EXPR_FLOAT ? expr_truncate(value.number) : value.integer;
    return true;
}

bool expr_to_double(struct expr_value value, double *number)
{
    if (!expr_is_number(value.kind))
        return false;
    *number = value.kind == EXPR_FLOAT ? value.number : (double)value.integer;
    return true;
}

bool expr_is_nil(struct expr_value value)
{
    return value.kind == EXPR_NIL || value.is_nil;
}

static int64_t add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t subtract(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static int64_t multiply(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

static struct expr_value mismatch(struct expr_evaluation *e, enum expr_operator op, struct expr_value a, struct expr_value b)
{
    return expr_fail(e, "invalid operation: %s %s %s", expr_kind_name(a.kind), expr_operator_name(op), expr_kind_name(b.kind));
}

static struct expr_value calculate(enum expr_operator op, struct expr_value a, struct expr_value b)
{
    if (expr_is_integer(a.kind) && expr_is_integer(b.kind))
        return expr_int(op == OP_PLUS ? add(a.integer, b.integer) : op == OP_MINUS ? subtract(a.integer, b.integer) : multiply(a.integer, b.integer));
    double x = 0, y = 0;
    (void)(expr_to_double(a, &x) && expr_to_double(b, &y));
    return expr_float(op == OP_PLUS ? x + y : op == OP_MINUS ? x - y : x * y);
}

/* ---- times */

enum { NS_PER_S = 1000000000 };

static struct expr_value shift(struct expr_evaluation *e, struct expr_value time, int64_t ns)
{
    struct sm_ottl_time at = time.time->at;
    int64_t nanos = at.nanos + ns % NS_PER_S;
    at.seconds = add(at.seconds, ns / NS_PER_S + (nanos >= NS_PER_S) - (nanos < 0));
    at.nanos = (int32_t)(nanos >= NS_PER_S ? nanos - NS_PER_S : nanos < 0 ? nanos + NS_PER_S : nanos);
    return expr_time_value(e, at, time.time->location);
}

/* Go's Time.Sub stays at the ends of its range. */
static int64_t distance(const struct expr_time *a, const struct expr_time *b)
{
    int64_t seconds = subtract(a->at.seconds, b->at.seconds), ns;
    if (__builtin_mul_overflow(seconds, (int64_t)NS_PER_S, &ns) || __builtin_add_overflow(ns, (int64_t)a->at.nanos - b->at.nanos, &ns))
        return seconds < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

static int compare_times(const struct expr_time *a, const struct expr_time *b)
{
    if (a->at.seconds != b->at.seconds)
        return a->at.seconds < b->at.seconds ? -1 : 1;
    return (a->at.nanos > b->at.nanos) - (a->at.nanos < b->at.nanos);
}

static struct expr_value plus(struct expr_evaluation *e, struct expr_value a, struct expr_value b)
{
    if (expr_is_number(a.kind) && expr_is_number(b.kind))
        return calculate(OP_PLUS, a, b);
    if (a.kind == EXPR_STRING && b.kind == EXPR_STRING) {
        if (!expr_has_room(e, a.text.size + b.text.size))
            return expr_nil();
        struct sm_bytes both;
        sm_bytes_init(&both, e->arena);
        sm_bytes_reserve(&both, a.text.size + b.text.size);
        sm_bytes_append_slice(&both, a.text);
        sm_bytes_append_slice(&both, b.text);
        return expr_string(sm_bytes_slice(&both));
    }
    if (a.kind == EXPR_TIME && b.kind == EXPR_DURATION)
        return shift(e, a, b.integer);
    if (a.kind == EXPR_DURATION && b.kind == EXPR_TIME)
        return shift(e, b, a.integer);
    if (a.kind == EXPR_DURATION && b.kind == EXPR_DURATION)
        return expr_whole(EXPR_DURATION, add(a.integer, b.integer));
    return mismatch(e, OP_PLUS, a, b);
}

static struct expr_value minus(struct expr_evaluation *e, struct expr_value a, struct expr_value b)
{
    if (expr_is_number(a.kind) && expr_is_number(b.kind))
        return calculate(OP_MINUS, a, b);
    if (a.kind == EXPR_TIME && b.kind == EXPR_TIME)
        return expr_whole(EXPR_DURATION, distance(a.time, b.time));
    if (a.kind == EXPR_TIME && b.kind == EXPR_DURATION)
        return shift(e, a, subtract(0, b.integer));
    if (a.kind == EXPR_DURATION && b.kind == EXPR_DURATION)
        return expr_whole(EXPR_DURATION, subtract(a.integer, b.integer));
    return mismatch(e, OP_MINUS, a, b);
}

static struct expr_value times(struct expr_evaluation *e, struct expr_value a, struct expr_value b)
{
    bool is_duration = a.kind == EXPR_DURATION || b.kind == EXPR_DURATION;
    if (expr_is_number(a.kind) && expr_is_number(b.kind))
        return calculate(OP_TIMES, a, b);
    if (is_duration && (a.kind == EXPR_FLOAT || b.kind == EXPR_FLOAT)) /* no duration, as in the reference */
        return expr_float((a.kind == EXPR_FLOAT ? a.number : (double)a.integer) * (b.kind == EXPR_FLOAT ? b.number : (double)b.integer));
    if (is_duration && (expr_is_integer(a.kind) || a.kind == EXPR_DURATION) && (expr_is_integer(b.kind) || b.kind == EXPR_DURATION))
        return expr_whole(EXPR_DURATION, multiply(a.integer, b.integer));
    return mismatch(e, OP_TIMES, a, b);
}

/* By squaring the mantissa, as Go's math.Pow does: its results for whole exponents show the rounding of every step. */
double expr_power(double x, double y)
{
    enum { EXPONENT_MAX = 1 << 12 };
    double whole, fraction = modf(fabs(y), &whole);
    bool is_plain = isfinite(x) && isfinite(y) && x != 0 && y != 0 && y != 1 && fabs(y) != 0.5 && fabs(y) < 0x1p63 && (x > 0 || fraction == 0);
    if (!is_plain)
        return pow(x, y);
    whole += fraction > 0.5;
    fraction -= fraction > 0.5;
    double result = fraction != 0 ? sm_exact_exp(fraction * sm_exact_log(x)) : 1;
    int exponent = 0, scale;
    double mantissa = frexp(x, &scale);
    for (int64_t rest = (int64_t)whole; rest != 0; rest >>= 1) {
        if (scale < -EXPONENT_MAX || scale > EXPONENT_MAX) {
            exponent += scale;
            break;
        }
        if (rest & 1) {
            result *= mantissa;
            exponent += scale;
        }
        mantissa *= mantissa;
        scale *= 2;
        if (mantissa < 0.5) {
            mantissa += mantissa;
            scale--;
        }
    }
    return y < 0 ? ldexp(1 / result, -exponent) : ldexp(result, exponent);
}

static struct expr_value divide(struct expr_evaluation *e, enum expr_operator op, struct expr_value a, struct expr_value b)
{
    double x, y;
    if (op == OP_MODULO) {
        if (!expr_is_integer(a.kind) || !expr_is_integer(b.kind))
            return mismatch(e, op, a, b);
        if (b.integer == 0)
            return expr_fail(e, "integer divide by zero");
        return expr_int(b.integer == -1 ? 0 : a.integer % b.integer);
    }
    if (!expr_to_double(a, &x) || !expr_to_double(b, &y))
        return op == OP_DIVIDE ? mismatch(e, op, a, b)
                               : expr_fail(e, "invalid operation: float(%s)", expr_kind_name(expr_is_number(a.kind) ? b.kind : a.kind));
    return expr_float(op == OP_DIVIDE ? x / y : expr_power(x, y));
}

/* ---- order and equality */

/* -1, 0 or 1; 2: NaN, which is neither. False: they have no order. */
static bool compare(struct expr_value a, struct expr_value b, int *order)
{
    if (expr_is_integer(a.kind) && expr_is_integer(b.kind)) {
        *order = (a.integer > b.integer) - (a.integer < b.integer);
        return true;
    }
    double x, y;
    if (expr_to_double(a, &x) && expr_to_double(b, &y))
        *order = x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
    else if (a.kind == EXPR_STRING && b.kind == EXPR_STRING)
        *order = sm_slice_compare(a.text, b.text) < 0 ? -1 : sm_slice_compare(a.text, b.text) > 0;
    else if (a.kind == EXPR_TIME && b.kind == EXPR_TIME)
        *order = compare_times(a.time, b.time);
    else if (a.kind == EXPR_DURATION && b.kind == EXPR_DURATION)
        *order = (a.integer > b.integer) - (a.integer < b.integer);
    else
        return false;
    return true;
}

/* What comparing two values takes, if they are texts. */
static bool spend_on(struct expr_evaluation *e, struct expr_value a, struct expr_value b)
{
    bool are_texts = (a.kind == EXPR_STRING || a.kind == EXPR_BYTES) && a.kind == b.kind;
    return !are_texts || expr_spend(e, a.text.size < b.text.size ? a.text.size : b.text.size);
}

bool expr_less(struct expr_evaluation *e, struct expr_value a, struct expr_value b)
{
    int order = 0;
    if (spend_on(e, a, b) && !compare(a, b, &order))
        mismatch(e, OP_LESS, a, b);
    return order == -1;
}

static struct expr_value test_order(struct expr_evaluation *e, enum expr_operator op, struct expr_value a, struct expr_value b)
{
    int order = 0;
    if (!spend_on(e, a, b))
        return expr_nil();
    if (!compare(a, b, &order))
        return mismatch(e, op, a, b);
    return expr_bool(op == OP_LESS            ? order == -1
                     : op == OP_GREATER       ? order == 1
                     : op == OP_LESS_OR_EQUAL ? order == -1 || order == 0
                                              : order == 1 || order == 0);
}

static bool are_maps_identical(struct expr_evaluation *e, const struct expr_map *a, const struct expr_map *b)
{
    if (a->count != b->count)
        return false;
    bool are_same = expr_enter(e);
    for (size_t i = 0; i < a->count && are_same; i++) {
        const struct expr_entry *other = expr_map_find(e, b, a->entries[i].key);
        are_same = other && expr_identical(e, a->entries[i].value, other->value) && !e->has_failed;
    }
    expr_leave(e);
    return are_same;
}

static bool are_lists(struct expr_evaluation *e, struct expr_value a, struct expr_value b,
                      bool (*same)(struct expr_evaluation *e, struct expr_value a, struct expr_value b))
{
    size_t count = expr_length(a);
    if (count != expr_length(b))
        return false;
    bool are_same = expr_enter(e);
    for (size_t i = 0; i < count && are_same; i++)
        are_same = same(e, expr_at(a, i), expr_at(b, i)) && !e->has_failed;
    expr_leave(e);
    return are_same;
}

bool expr_identical(struct expr_evaluation *e, struct expr_value a, struct expr_value b)
{
    if (a.kind != b.kind || a.is_nil != b.is_nil || !expr_step(e) || !spend_on(e, a, b))
        return false;
    if (a.is_nil)
        return true;
    if (expr_is_list(a.kind))
        return are_lists(e, a, b, expr_identical);
    if (expr_is_map(a.kind))
        return are_maps_identical(e, a.map, b.map);
    switch (a.kind) {
    case EXPR_NIL:
    case EXPR_ENVIRONMENT:
        return true;
    case EXPR_BOOL:
        return a.boolean == b.boolean;
    case EXPR_FLOAT:
        return a.number == b.number;
    case EXPR_STRING:
        return sm_slice_equal(a.text, b.text);
    case EXPR_TIME:
        return compare_times(a.time, b.time) == 0 && a.time->location == b.time->location;
    case EXPR_LOCATION:
        return strcmp(a.location->name, b.location->name) == 0;
    case EXPR_FUNCTION:
        return false;
    default:
        return a.integer == b.integer;
    }
}

bool expr_equal(struct expr_evaluation *e, struct expr_value a, struct expr_value b)
{
    int order;
    if (!spend_on(e, a, b))
        return false;
    if (a.kind == EXPR_BYTES && b.kind == EXPR_BYTES)
        return sm_slice_equal(a.text, b.text);
    bool are_mixed = (a.kind == EXPR_ARRAY && expr_is_list(b.kind)) || (b.kind == EXPR_ARRAY && expr_is_list(a.kind)) ||
                     (a.kind == b.kind && (a.kind == EXPR_INTS || a.kind == EXPR_STRINGS));
    if (are_mixed && a.kind != EXPR_PAIR && b.kind != EXPR_PAIR && a.kind != EXPR_PAIRS && b.kind != EXPR_PAIRS)
        return expr_step(e) && are_lists(e, a, b, expr_equal);
    if (compare(a, b, &order))
        return order == 0;
    return (expr_is_nil(a) && expr_is_nil(b)) || expr_identical(e, a, b);
}

/* ---- in, and what looks through texts */

static struct expr_value is_in_list(struct expr_evaluation *e, struct expr_value needle, struct expr_value list)
{
    for (size_t i = 0, count = expr_length(list); i < count && !e->has_failed; i++)
        if (expr_step(e) && expr_equal(e, expr_at(list, i), needle))
            return expr_bool(true);
    return expr_bool(false);
}

static struct expr_value is_in_environment(struct expr_evaluation *e, struct expr_value needle)
{
    if (needle.kind != EXPR_STRING)
        return expr_fail(e, "cannot use %s as field name of $env", expr_kind_name(needle.kind));
    for (size_t i = 0; i < e->environment->field_count; i++)
        if (sm_slice_is(needle.text, e->environment->fields[i].name))
            return expr_bool(true);
    return expr_bool(false);
}

static struct expr_value is_in(struct expr_evaluation *e, struct expr_value needle, struct expr_value list)
{
    if (list.kind == EXPR_NIL)
        return expr_bool(false);
    if (expr_is_list(list.kind))
        return is_in_list(e, needle, list);
    if (expr_is_map(list.kind))
        return expr_bool(expr_map_get(e, list, needle));
    if (list.kind == EXPR_ENVIRONMENT)
        return is_in_environment(e, needle);
    if (list.kind == EXPR_TIME && needle.kind == EXPR_STRING)
        return expr_bool(false); /* a structure without fields that are seen */
    return expr_fail(e, "operator \"in\" not defined on %s", expr_kind_name(list.kind));
}

static struct expr_value look_through(struct expr_evaluation *e, enum expr_operator op, struct expr_value a, struct expr_value b)
{
    if (expr_is_nil(a) || expr_is_nil(b))
        return expr_bool(false);
    if (a.kind != EXPR_STRING || b.kind != EXPR_STRING)
        return mismatch(e, op, a, b);
    if (!expr_spend(e, op == OP_CONTAINS ? a.text.size : b.text.size))
        return expr_nil();
    if (op == OP_CONTAINS)
        return expr_bool(b.text.size == 0 || sm_slice_find(a.text, b.text));
    return expr_bool(op == OP_STARTS_WITH ? sm_slice_starts_with(a.text, b.text) : sm_slice_ends_with(a.text, b.text));
}

static struct expr_value make_range(struct expr_evaluation *e, struct expr_value a, struct expr_value b)
{
    int64_t first, last;
    if (!expr_to_int(a, &first) || !expr_to_int(b, &last))
        return expr_fail(e, "invalid operation: int(%s)", expr_kind_name(expr_is_number(a.kind) ? b.kind : a.kind));
    int64_t count = add(subtract(last, first), 1);
    if (count <= 0)
        return expr_make_range(e, 1, 0);
    return expr_count_elements(e, (size_t)count) ? expr_make_range(e, first, last) : expr_nil();
}

struct expr_value expr_binary(struct expr_evaluation *e, enum expr_operator op, struct expr_value a, struct expr_value b)
{
    switch (op) {
    case OP_EQUAL:
        return expr_bool(expr_equal(e, a, b));
    case OP_UNEQUAL:
        return expr_bool(!expr_equal(e, a, b));
    case OP_PLUS:
        return plus(e, a, b);
    case OP_MINUS:
        return minus(e, a, b);
    case OP_TIMES:
        return times(e, a, b);
    case OP_DIVIDE:
    case OP_MODULO:
    case OP_POWER:
        return divide(e, op, a, b);
    case OP_IN:
        return is_in(e, a, b);
    case OP_RANGE:
        return make_range(e, a, b);
    case OP_CONTAINS:
    case OP_STARTS_WITH:
    case OP_ENDS_WITH:
        return look_through(e, op, a, b);
    default:
        return test_order(e, op, a, b);
    }
}

struct expr_value expr_unary(struct expr_evaluation *e, enum expr_operator op, struct expr_value value)
{
    if (op == OP_NOT)
        return value.kind == EXPR_BOOL ? expr_bool(!value.boolean) : expr_fail(e, "not needs a bool, not %s", expr_kind_name(value.kind));
    if (op == OP_PLUS)
        return value;
    if (value.kind == EXPR_FLOAT)
        return expr_float(-value.number);
    if (!expr_is_integer(value.kind))
        return expr_fail(e, "invalid operation: - %s", expr_kind_name(value.kind));
    int64_t negative = subtract(0, value.integer);
    return expr_whole(value.kind, value.kind == EXPR_UINT8 ? negative & 0xff : negative);
}
