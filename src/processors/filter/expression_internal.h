/* expression_internal.h - the tree that expression_parse.c makes and expression.c evaluates. */
#pragma once

#include "base/arena.h"
#include "base/regex.h"
#include "base/slice.h"
#include "processors/filter/expression.h"

enum expression_kind {
    EXPRESSION_NIL,
    EXPRESSION_BOOL,
    EXPRESSION_INT,
    EXPRESSION_DOUBLE,
    EXPRESSION_TEXT,
    EXPRESSION_LIST,
    EXPRESSION_METRIC_NAME,
    EXPRESSION_METRIC_TYPE,
    EXPRESSION_HAS_LABEL,
    EXPRESSION_LABEL,
    EXPRESSION_LEN,
    EXPRESSION_STARTS, /* also hasPrefix() */
    EXPRESSION_ENDS,
    EXPRESSION_CONTAINS,
    EXPRESSION_MATCHES,
    EXPRESSION_NOT,
    EXPRESSION_AND,
    EXPRESSION_OR,
    EXPRESSION_EQUAL,
    EXPRESSION_UNEQUAL,
    EXPRESSION_LESS,
    EXPRESSION_LESS_OR_EQUAL,
    EXPRESSION_GREATER,
    EXPRESSION_GREATER_OR_EQUAL,
    EXPRESSION_IN,
    EXPRESSION_CHOICE,
};

struct expression {
    enum expression_kind kind;
    union {
        bool boolean;
        int64_t integer;
        double number;
        struct sm_slice text;
    };
    struct sm_regex *regex;                /* owned: EXPRESSION_MATCHES */
    const struct expression *parts[3];     /* operands, in order */
    const struct expression *first, *next; /* EXPRESSION_LIST: its items */
    struct expression *next_with_regex;    /* for freeing */
};

/* The tree of `text`, in `arena`; what holds a regular expression is put in front of `*with_regex`. NULL with `error` filled when it is refused. */
const struct expression *expression_parse(struct sm_slice text, struct sm_arena *arena, struct expression **with_regex, struct sm_error *error)
    __attribute__((warn_unused_result));
