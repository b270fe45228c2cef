/* operators.h - what +, ==, ! and the others do with values. Main thread only. */
#pragma once

#include "alloy/value.h"

/* NULL with machine->fault set when the operator does not take the values. */
struct sm_alloy_value *sm_alloy_binary(struct sm_alloy_machine *machine, struct sm_alloy_value *left, enum sm_alloy_token op,
                                       struct sm_alloy_value *right) __attribute__((warn_unused_result));
struct sm_alloy_value *sm_alloy_unary(struct sm_alloy_machine *machine, enum sm_alloy_token op, struct sm_alloy_value *value)
    __attribute__((warn_unused_result));
