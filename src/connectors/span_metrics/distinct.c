/* distinct.c - see distinct.h. Flajolet, Fusy, Gandouet, Meunier: "HyperLogLog", 2007, with its correction for small numbers. */
#include "connectors/span_metrics/distinct.h"

#include <assert.h>
#include <math.h>

#include "base/hash.h"
#include "base/memory.h"

enum { REGISTER_BITS = 8 };
static_assert(1 << REGISTER_BITS == SM_DISTINCT_REGISTERS, "a register is chosen by the first bits of the hash");

struct sm_distinct *sm_distinct_create(size_t count)
{
    struct sm_distinct *distinct = sm_alloc(1, sizeof(*distinct) + count * SM_DISTINCT_REGISTERS);
    distinct->count = count;
    return distinct;
}

void sm_distinct_add(struct sm_distinct *distinct, size_t dimension, struct sm_slice value)
{
    uint64_t hash = sm_hash_with(sm_hash_secret(), value);
    uint8_t *place = &distinct->registers[dimension][hash >> (64 - REGISTER_BITS)];
    uint8_t rank = (uint8_t)(__builtin_clzll(hash << REGISTER_BITS | 1 << (REGISTER_BITS - 1)) + 1);
    if (rank > *place)
        *place = rank;
}

void sm_distinct_move(struct sm_distinct *into, struct sm_distinct *from)
{
    for (size_t i = 0; i < into->count; i++)
        for (size_t k = 0; k < SM_DISTINCT_REGISTERS; k++)
            if (from->registers[i][k] > into->registers[i][k])
                into->registers[i][k] = from->registers[i][k];
    memset(from->registers, 0, from->count * SM_DISTINCT_REGISTERS);
}

double sm_distinct_estimate(const struct sm_distinct *distinct, size_t dimension)
{
    const double m = SM_DISTINCT_REGISTERS, alpha = 0.7213 / (1 + 1.079 / m);
    double sum = 0;
    unsigned empty = 0;
    for (size_t i = 0; i < SM_DISTINCT_REGISTERS; i++) {
        sum += ldexp(1, -distinct->registers[dimension][i]);
        empty += distinct->registers[dimension][i] == 0;
    }
    double estimate = alpha * m * m / sum;
    return estimate <= 2.5 * m && empty ? m * log(m / empty) : estimate;
}
