/* distinct.h - estimates how many different values each of several dimensions has had, in 256 bytes a dimension (HyperLogLog, standard error 6.5 %).
 * Worker-local. */
#pragma once

#include "base/slice.h"

enum { SM_DISTINCT_REGISTERS = 256 };

struct sm_distinct {
    size_t count; /* of dimensions */
    uint8_t registers[][SM_DISTINCT_REGISTERS];
};

struct sm_distinct *sm_distinct_create(size_t count) __attribute__((returns_nonnull, warn_unused_result)); /* release with free() */
void sm_distinct_add(struct sm_distinct *distinct, size_t dimension, struct sm_slice value);
/* Adds what `from` has seen and empties it. */
void sm_distinct_move(struct sm_distinct *into, struct sm_distinct *from);
double sm_distinct_estimate(const struct sm_distinct *distinct, size_t dimension);
