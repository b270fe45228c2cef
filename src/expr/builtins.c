/* builtins.c - finds builtins by name, and what their checks share. */
#include "expr/builtins.h"

#include <stdarg.h>
#include <stdio.h>

static const struct expr_builtin *const tables[] = {expr_loop_builtins, expr_string_builtins, expr_number_builtins, expr_list_builtins,
                                                    expr_other_builtins};

const struct expr_builtin *expr_builtin_at(size_t index)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct expr_builtin *row = tables[i]; row->name; row++)
            if (index-- == 0)
                return row;
    return NULL;
}

const struct expr_builtin *expr_find_builtin(struct sm_slice name)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct expr_builtin *row = tables[i]; row->name; row++)
            if (sm_slice_is(name, row->name))
                return row;
    return NULL;
}

bool expr_wrong_call(struct expr_call_types *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(call->wrong, sizeof(call->wrong), format, args);
    va_end(args);
    return false;
}

bool expr_check_count(struct expr_call_types *call, size_t count)
{
    return call->count == count || expr_wrong_call(call, "invalid number of arguments (expected %zu, got %zu)", count, call->count);
}

bool expr_text_argument(struct expr_evaluation *e, struct expr_value value, struct sm_slice *text)
{
    if (value.kind != EXPR_STRING)
        expr_fail(e, "interface conversion: interface {} is %s, not string", expr_kind_name(value.kind));
    *text = value.text;
    return !e->has_failed;
}

bool expr_int_argument(struct expr_evaluation *e, struct expr_value value, int64_t *integer)
{
    if (!expr_to_int(value, integer))
        expr_fail(e, "invalid operation: int(%s)", expr_kind_name(value.kind));
    return !e->has_failed;
}
