/* types.c - relations between the types of an expression, as Go's reflection has them.
 *
 * Source: github.com/expr-lang/expr checker/nature. */
#include "expr/tree.h"

/* What Go calls the kind of a type: Int stands for months too. */
enum shape {
    SHAPE_NONE,
    SHAPE_ANY,
    SHAPE_BOOL,
    SHAPE_INT,
    SHAPE_INT64,
    SHAPE_UINT8,
    SHAPE_FLOAT,
    SHAPE_STRING,
    SHAPE_LIST,
    SHAPE_PAIR,
    SHAPE_MAP,
    SHAPE_STRUCT,
    SHAPE_POINTER,
    SHAPE_FUNCTION
};

static const struct {
    const char *name;
    enum shape shape;
} kinds[] = {
    [EXPR_UNKNOWN] = {"unknown", SHAPE_NONE},
    [EXPR_ANY] = {"interface {}", SHAPE_ANY},
    [EXPR_NIL] = {"nil", SHAPE_NONE},
    [EXPR_BOOL] = {"bool", SHAPE_BOOL},
    [EXPR_INT] = {"int", SHAPE_INT},
    [EXPR_INT64] = {"int64", SHAPE_INT64},
    [EXPR_UINT8] = {"uint8", SHAPE_UINT8},
    [EXPR_FLOAT] = {"float64", SHAPE_FLOAT},
    [EXPR_STRING] = {"string", SHAPE_STRING},
    [EXPR_BYTES] = {"[]uint8", SHAPE_LIST},
    [EXPR_ARRAY] = {"[]interface {}", SHAPE_LIST},
    [EXPR_INTS] = {"[]int", SHAPE_LIST},
    [EXPR_STRINGS] = {"[]string", SHAPE_LIST},
    [EXPR_PAIRS] = {"[][2]interface {}", SHAPE_LIST},
    [EXPR_PAIR] = {"[2]interface {}", SHAPE_PAIR},
    [EXPR_MAP] = {"map[string]interface {}", SHAPE_MAP},
    [EXPR_ANY_MAP] = {"map[interface {}]interface {}", SHAPE_MAP},
    [EXPR_GROUPS] = {"map[interface {}][]interface {}", SHAPE_MAP},
    [EXPR_TIME] = {"time.Time", SHAPE_STRUCT},
    [EXPR_DURATION] = {"time.Duration", SHAPE_INT64},
    [EXPR_MONTH] = {"time.Month", SHAPE_INT},
    [EXPR_WEEKDAY] = {"time.Weekday", SHAPE_INT},
    [EXPR_LOCATION] = {"*time.Location", SHAPE_POINTER},
    [EXPR_FUNCTION] = {"func", SHAPE_FUNCTION},
    [EXPR_ENVIRONMENT] = {"$env", SHAPE_STRUCT},
};

const char *expr_kind_name(enum expr_kind kind)
{
    return kinds[kind].name;
}

bool expr_same_shape(enum expr_kind a, enum expr_kind b)
{
    return kinds[a].shape == kinds[b].shape;
}

struct expr_type expr_element(struct expr_type type)
{
    switch (type.kind) {
    case EXPR_BYTES:
        return expr_type(EXPR_UINT8);
    case EXPR_STRINGS:
        return expr_type(EXPR_STRING);
    case EXPR_ARRAY:
        return type.element ? *type.element : expr_type(EXPR_ANY);
    case EXPR_GROUPS:
        return expr_type(EXPR_ARRAY);
    default:
        return expr_type(expr_is_map(type.kind) ? EXPR_ANY : EXPR_UNKNOWN);
    }
}

struct expr_type expr_list_of(struct sm_arena *arena, struct expr_type element)
{
    struct expr_type *copy = sm_arena_alloc(arena, sizeof(*copy));
    *copy = element;
    return (struct expr_type){.kind = EXPR_ARRAY, .element = copy};
}

bool expr_assignable(struct expr_type from, struct expr_type to)
{
    if (from.kind == EXPR_NIL)
        return to.kind == EXPR_ANY || to.kind == EXPR_LOCATION || to.kind == EXPR_FUNCTION || expr_is_map(to.kind) ||
               kinds[to.kind].shape == SHAPE_LIST;
    if (from.kind == EXPR_UNKNOWN || to.kind == EXPR_UNKNOWN || to.kind == EXPR_NIL)
        return false;
    if (from.kind == EXPR_FUNCTION && to.kind == EXPR_FUNCTION)
        return from.method == to.method;
    return to.kind == EXPR_ANY || from.kind == to.kind;
}

bool expr_comparable(struct expr_type a, struct expr_type b)
{
    return expr_is_unknown(a.kind) || expr_is_unknown(b.kind) || a.kind == EXPR_NIL || b.kind == EXPR_NIL ||
           (expr_is_number(a.kind) && expr_is_number(b.kind)) || (expr_is_list(a.kind) && expr_is_list(b.kind)) || expr_assignable(a, b);
}
