/* tree.h - the typed tree of an expression, from the parser to the evaluator. Inside expr only.
 *
 * parser.c makes it, checker.c gives every node it visits a type (what an unknown function is called with is not visited: it has none), optimize.c
 * rewrites it as expr does, because that decides what is evaluated at all, and program.c gives variables their slots and compiles patterns. */
#pragma once

#include "base/regex.h"
#include "expr/expr.h"

/* Types of values as Go has them, since what a builtin takes, and what equals what, is decided by them. */
enum expr_kind {
    EXPR_UNKNOWN, /* types only: nothing is known */
    EXPR_ANY,     /* types only: an element of a list of anything, or the result of a function that gives anything */
    EXPR_NIL,
    EXPR_BOOL,
    EXPR_INT,
    EXPR_INT64, /* what methods of times give */
    EXPR_UINT8, /* a byte of a text */
    EXPR_FLOAT,
    EXPR_STRING,
    EXPR_BYTES,   /* []byte; from here to EXPR_PAIR: lists */
    EXPR_ARRAY,   /* []any */
    EXPR_INTS,    /* []int: ranges */
    EXPR_STRINGS, /* []string: what split() gives */
    EXPR_PAIRS,   /* [][2]any: what toPairs() gives */
    EXPR_PAIR,    /* [2]any */
    EXPR_MAP,     /* map[string]any; from here to EXPR_GROUPS: maps */
    EXPR_ANY_MAP, /* map[any]any: what fromPairs() gives */
    EXPR_GROUPS,  /* map[any][]any: what groupBy() gives */
    EXPR_TIME,
    EXPR_DURATION,
    EXPR_MONTH,
    EXPR_WEEKDAY,
    EXPR_LOCATION,
    EXPR_FUNCTION,
    EXPR_ENVIRONMENT, /* values only: $env is of an unknown type */
};

struct expr_method;
struct expr_builtin;

struct expr_type {
    enum expr_kind kind;
    const struct expr_type *element;  /* EXPR_ARRAY: of its elements; NULL: anything */
    const struct expr_method *method; /* EXPR_FUNCTION: a method; NULL: another function */
};

enum expr_node_kind {
    NODE_NIL,
    NODE_BOOL,
    NODE_INT,
    NODE_FLOAT,
    NODE_STRING,
    NODE_BYTES,
    NODE_CONSTANT, /* a list of literals; its items stand in `parts` */
    NODE_NAME,
    NODE_UNARY,   /* operand */
    NODE_BINARY,  /* left, right */
    NODE_CHAIN,   /* what ?. gives up as a whole */
    NODE_MEMBER,  /* of what, name or index */
    NODE_SLICE,   /* of what, from, to; NULL: left out */
    NODE_CALL,    /* what, arguments … */
    NODE_BUILTIN, /* arguments … */
    NODE_PREDICATE,
    NODE_POINTER, /* #, #index, #acc */
    NODE_LET,     /* value, what uses it */
    NODE_SEQUENCE,
    NODE_CONDITIONAL, /* condition, then, else */
    NODE_ARRAY,
    NODE_MAP, /* NODE_PAIR … */
    NODE_PAIR,
};

enum expr_operator {
    OP_NONE,
    OP_NOT,
    OP_PLUS,  /* also binary */
    OP_MINUS, /* also binary */
    OP_OR,
    OP_AND,
    OP_EQUAL,
    OP_UNEQUAL,
    OP_LESS,
    OP_GREATER,
    OP_GREATER_OR_EQUAL,
    OP_LESS_OR_EQUAL,
    OP_IN,
    OP_MATCHES,
    OP_CONTAINS,
    OP_STARTS_WITH,
    OP_ENDS_WITH,
    OP_RANGE,
    OP_TIMES,
    OP_DIVIDE,
    OP_MODULO,
    OP_POWER,
    OP_COALESCE,
};

struct expr_node {
    enum expr_node_kind kind;
    enum expr_operator op;
    struct expr_type type;
    unsigned offset, size;   /* in the text */
    unsigned height, weight; /* of the tree below: levels, and nodes as often as they are walked over */
    union {
        bool boolean;
        int64_t integer;
        double number;
        struct sm_slice text; /* STRING, BYTES, NAME, POINTER, LET, BUILTIN: the name */
    };
    struct expr_node **parts;
    size_t count;
    const struct expr_builtin *builtin; /* BUILTIN */
    struct expr_node *map;              /* BUILTIN filter, find: what is taken of an element; NULL: the element */
    int64_t threshold;                  /* BUILTIN count: where counting may stop; 0: nowhere */
    const struct sm_regex *regex;       /* BINARY matches with a literal; borrowed: program */
    int slot;                           /* NAME, LET: of the variable; NO_SLOT: a name of the environment */
    bool is_optional;                   /* MEMBER: ?. */
    bool has_method;                    /* MEMBER: is called */
    bool throws;                        /* BUILTIN find: nothing found is an error */
    bool is_word;                       /* BINARY and, or: written as a word */
    bool is_typed;                      /* BINARY ==, in: both sides must be what the checker took them for */
    bool is_after_coalesce;             /* CHAIN: an operand of ?? */
};
enum { NO_SLOT = -1, EXPR_WEIGHT_MAX = 10 * SM_EXPR_NODES_MAX };

struct expr_program_parts {
    struct sm_arena *arena;
    struct sm_slice text;
    const struct sm_expr_environment *environment;
    struct sm_expr_error *error;
};

/* Says what is wrong at a place of the text, once: the first error stays. Returns NULL. */
void *expr_refuse(const struct expr_program_parts *p, unsigned offset, unsigned size, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* NULL with the error filled. */
struct expr_node *expr_parse(const struct expr_program_parts *p);
/* False with the error filled. */
bool expr_check(const struct expr_program_parts *p, struct expr_node *root);
/* False with the error filled: a division by zero of literals. */
bool expr_optimize(const struct expr_program_parts *p, struct expr_node **root);

struct expr_node *expr_new_node(struct sm_arena *arena, enum expr_node_kind kind, const struct expr_node *place, size_t parts);
/* Height and weight from those of the parts. */
void expr_measure(struct expr_node *node);
const char *expr_operator_name(enum expr_operator op);

/* ---- types.c */
static inline struct expr_type expr_type(enum expr_kind kind)
{
    return (struct expr_type){.kind = kind};
}
const char *expr_kind_name(enum expr_kind kind); /* in Go's words */
static inline bool expr_is_list(enum expr_kind kind)
{
    return kind >= EXPR_BYTES && kind <= EXPR_PAIR;
}
static inline bool expr_is_map(enum expr_kind kind)
{
    return kind >= EXPR_MAP && kind <= EXPR_GROUPS;
}
static inline bool expr_is_integer(enum expr_kind kind)
{
    return kind >= EXPR_INT && kind <= EXPR_UINT8;
}
static inline bool expr_is_number(enum expr_kind kind)
{
    return kind >= EXPR_INT && kind <= EXPR_FLOAT;
}
static inline bool expr_is_unknown(enum expr_kind kind)
{
    return kind <= EXPR_ANY;
}
struct expr_type expr_element(struct expr_type type);
struct expr_type expr_list_of(struct sm_arena *arena, struct expr_type element);
bool expr_assignable(struct expr_type from, struct expr_type to);
bool expr_comparable(struct expr_type a, struct expr_type b);
/* Whether two types look alike to a list literal. */
bool expr_same_shape(enum expr_kind a, enum expr_kind b);
