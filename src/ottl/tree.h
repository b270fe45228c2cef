/* tree.h - an OTTL statement, condition or value as a syntax tree.
 *
 * Immutable once parsed, in the arena given to the parser. Every node knows where it stands in the text. Grammar and oddities are those of the
 * reference's pkg/ottl/grammar.go (v0.155.0). */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/slice.h"

enum { SM_OTTL_DEPTH_MAX = 100 }; /* nested parentheses, calls, lists and maps */

enum sm_ottl_node_kind {
    /* values */
    SM_OTTL_NODE_NIL,
    SM_OTTL_NODE_BOOL,
    SM_OTTL_NODE_INT,
    SM_OTTL_NODE_FLOAT,
    SM_OTTL_NODE_STRING,
    SM_OTTL_NODE_BYTES,
    SM_OTTL_NODE_ENUM,
    SM_OTTL_NODE_PATH,
    SM_OTTL_NODE_CALL,
    SM_OTTL_NODE_LIST,
    SM_OTTL_NODE_MAP,
    SM_OTTL_NODE_SIGN,  /* unary + or -, operand in items[0] */
    SM_OTTL_NODE_GROUP, /* parentheses around arithmetic */
    SM_OTTL_NODE_MATH,  /* items[0] op items[1] */
    /* conditions */
    SM_OTTL_NODE_OR,
    SM_OTTL_NODE_AND,
    SM_OTTL_NODE_NOT,
    SM_OTTL_NODE_PARENTHESES, /* around a condition */
    SM_OTTL_NODE_COMPARE,
};

struct sm_ottl_node;

/* One field of a path with its keys: attributes["a"][0]. */
struct sm_ottl_field {
    struct sm_slice name;
    struct sm_ottl_node **keys; /* STRING, INT or an expression */
    size_t key_count;
};

struct sm_ottl_argument {
    struct sm_slice name; /* empty: positional */
    struct sm_ottl_node *value;
    struct sm_slice function; /* not empty: a function's name instead of a value */
    unsigned offset;
};

struct sm_ottl_node {
    enum sm_ottl_node_kind kind;
    unsigned offset; /* of the first byte in the text */
    unsigned size;   /* bytes */
    char operator;   /* MATH, SIGN: + - * /; COMPARE: enum sm_ottl_compare */
    union {
        bool boolean;
        int64_t integer;
        double number;
        struct sm_slice text; /* STRING, BYTES: the content; ENUM: the symbol */
    };
    struct sm_slice name;               /* CALL: function */
    struct sm_ottl_argument *arguments; /* CALL */
    struct sm_ottl_field *fields;       /* PATH */
    struct sm_slice *names;             /* MAP: keys, parallel to items */
    struct sm_ottl_node **items;        /* LIST, MAP, MATH, SIGN, GROUP, conditions; CALL: keys */
    size_t count;                       /* of items */
    size_t argument_count, field_count;
};

struct sm_ottl_tree {
    struct sm_slice text;
    struct sm_ottl_node *editor;    /* statements: a CALL */
    struct sm_ottl_node *condition; /* the where clause, or the condition itself; NULL: none */
    struct sm_ottl_node *value;     /* value expressions */
};

/* Why and where a text was refused. */
struct sm_ottl_error {
    unsigned offset, size; /* in the text */
    char message[256];
    char suggestion[64]; /* "" when there is none */
};

bool sm_ottl_parse_statement(struct sm_slice text, struct sm_arena *arena, struct sm_ottl_tree *tree, struct sm_ottl_error *error)
    __attribute__((warn_unused_result));
bool sm_ottl_parse_condition(struct sm_slice text, struct sm_arena *arena, struct sm_ottl_tree *tree, struct sm_ottl_error *error)
    __attribute__((warn_unused_result));
bool sm_ottl_parse_value(struct sm_slice text, struct sm_arena *arena, struct sm_ottl_tree *tree, struct sm_ottl_error *error)
    __attribute__((warn_unused_result));

/* Writes the tree in one canonical form, which parses to the same tree. */
void sm_ottl_print(struct sm_bytes *out, const struct sm_ottl_tree *tree);

/* Fills `error` and returns false. */
bool sm_ottl_error_set(struct sm_ottl_error *error, unsigned offset, unsigned size, const char *format, ...) __attribute__((format(printf, 4, 5)));
