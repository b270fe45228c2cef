/* sort.h - lists in order. Inside expr only. */
#pragma once

#include "expr/value.h"

/* "asc" or "desc". False: failed, it is neither. */
bool expr_read_order(struct expr_evaluation *e, struct expr_value order, bool *is_descending);
/* Sorts `items` by `keys`, both in place; the same array may be given twice. Equal ones stay in order. */
void expr_sort(struct expr_evaluation *e, struct expr_value *keys, struct expr_value *items, size_t count, bool is_descending);
