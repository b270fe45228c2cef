/* expr.h - the expr language, which the filter's `match_type: expr` is written in: compiled once, evaluated for every data point.
 *
 *     MetricName startsWith "http." and any(split(Label("tags"), ","), # in ["a", "b"])
 *
 * What is refused at start and what fails only while it runs follows expr's own checker: names are looked up when the expression runs, so an unknown
 * one fails for every item (the warning says so at start). What names mean comes from the environment, which the user of the language gives.
 * A compiled program is immutable: any thread. Source: https://expr-lang.org/docs/language-definition and the behaviour of
 * github.com/expr-lang/expr v1.17.8. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

/* A name that stands for a text. `context` is what sm_expr_test was given. */
struct sm_expr_field {
    const char *name;
    struct sm_slice (*get)(const void *context);
    const char *help;
};
/* A function of one text: `has` gives a boolean, or `get` a text; the other is NULL. */
struct sm_expr_function {
    const char *name;
    bool (*has)(const void *context, struct sm_slice argument);
    struct sm_slice (*get)(const void *context, struct sm_slice argument);
    const char *help;
};
struct sm_expr_environment {
    const char *type_name; /* what type($env) gives */
    const struct sm_expr_field *fields;
    size_t field_count;
    const struct sm_expr_function *functions;
    size_t function_count;
};

/* Limits against expressions and data that would take all memory or time. The first two are expr's own. */
enum {
    SM_EXPR_NODES_MAX = 10000,     /* of the tree: refused at start */
    SM_EXPR_MEMORY_MAX = 1000000,  /* elements of the lists that one evaluation makes, and bytes that repeat() makes */
    SM_EXPR_DEPTH_MAX = 400,       /* of the tree, and of brackets: refused at start */
    SM_EXPR_VALUE_DEPTH_MAX = 400, /* lists in lists, and JSON */
    SM_EXPR_STEPS_MAX = 10000000,  /* operations of one evaluation */
    SM_EXPR_BYTES_MAX = 64 << 20,  /* that one evaluation allocates */
};

struct sm_expr_error {
    char message[384];
    unsigned offset, size; /* in the text */
    char suggestion[64];   /* the nearest name; "" when there is none */
};

struct sm_expr_program;

/* NULL with `error` filled. The text is copied, the environment borrowed. */
struct sm_expr_program *sm_expr_compile(struct sm_slice text, const struct sm_expr_environment *environment, struct sm_expr_error *error)
    __attribute__((warn_unused_result));
void sm_expr_free(struct sm_expr_program *program); /* NULL is allowed */

/* A name that neither the environment nor the program declares, and so fails whenever it is evaluated. False: there is none. */
bool sm_expr_unknown_name(const struct sm_expr_program *program, struct sm_expr_error *warning);

enum sm_expr_answer { SM_EXPR_NO, SM_EXPR_YES, SM_EXPR_FAILED };
/* Whether the program gives true. FAILED with `error` filled also when it gives anything but a boolean. `scratch` holds what is made on the way; the
 * caller resets it. */
enum sm_expr_answer sm_expr_test(const struct sm_expr_program *program, const void *context, struct sm_arena *scratch, struct sm_expr_error *error);
