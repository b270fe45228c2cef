/* builtins.h - the functions that the language itself has, and the methods of its times and durations: names, types and what they do. Inside expr
 * only. */
#pragma once

#include "expr/value.h"

enum { EXPR_ARGUMENTS_MAX = 4 };

/* One way to call a function. */
struct expr_overload {
    enum expr_kind result;
    unsigned count;
    enum expr_kind arguments[EXPR_ARGUMENTS_MAX];
};

/* The call that a `check` looks at: it gives the result's type, or what is wrong. */
struct expr_call_types {
    const char *name;
    const struct expr_type *types;
    size_t count;
    struct expr_type result;
    char wrong[160];
};

struct expr_builtin {
    const char *name, *help;
    struct expr_value (*call)(struct expr_evaluation *e, const struct expr_value *arguments, size_t count);
    struct expr_value (*loop)(struct expr_evaluation *e, const struct expr_node *node); /* with a predicate: instead of `call` */
    bool (*check)(struct expr_call_types *call);                                        /* or `overloads` */
    const struct expr_overload *overloads;
    size_t overload_count;
    bool has_predicate;
    bool keeps_pointers; /* sees a time zone as what timezone() gave, where the checker knows it as one; others see what that points to */
    unsigned arguments_min, arguments_max; /* with a predicate */
};

const struct expr_builtin *expr_find_builtin(struct sm_slice name);
const struct expr_builtin *expr_builtin_at(size_t index); /* NULL behind the last */
/* The tables, by subject; each ends with {0}. */
extern const struct expr_builtin expr_loop_builtins[], expr_string_builtins[], expr_number_builtins[], expr_list_builtins[], expr_other_builtins[];

struct expr_method {
    enum expr_kind receiver;
    const char *name;
    struct expr_overload types;
    struct expr_value (*call)(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments);
    bool needs_pointer; /* the type has it only when reached through a pointer */
    bool is_refused;    /* a method of Go's type that is not built: refused by name when it is called */
    unsigned results;   /* more than two: no result that an expression could have; 0 stands for 1 */
};
const struct expr_method *expr_find_method(enum expr_kind receiver, struct sm_slice name);
/* A method of any type by that name which is not built. */
bool expr_is_refused_method(struct sm_slice name);

/* For `check`: says what is wrong and returns false. */
bool expr_wrong_call(struct expr_call_types *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool expr_check_count(struct expr_call_types *call, size_t count);

/* For `call`: an argument that must be a text or a whole number. False: failed. */
bool expr_text_argument(struct expr_evaluation *e, struct expr_value value, struct sm_slice *text);
bool expr_int_argument(struct expr_evaluation *e, struct expr_value value, int64_t *integer);
