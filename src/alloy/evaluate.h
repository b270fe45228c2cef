/* evaluate.h - expressions to values. Main thread only. */
#pragma once

#include "alloy/value.h"

/* Where names are looked up before the standard library; NULL members: nothing there. */
struct sm_alloy_scope {
    const struct sm_alloy_value *names;  /* an object; borrowed */
    const struct sm_alloy_value *others; /* a second one, looked into after it; borrowed */
};

/* The value of `expr`, in machine->arena. NULL with machine->fault set. */
struct sm_alloy_value *sm_alloy_evaluate(struct sm_alloy_machine *machine, const struct sm_alloy_expr *expr, const struct sm_alloy_scope *scope)
    __attribute__((warn_unused_result));
