/* hash.c - the one place that includes xxhash. */
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t sm_hash(struct sm_slice bytes)
{
    return XXH3_64bits(bytes.ptr, bytes.size);
}

uint64_t sm_hash_with(uint64_t seed, struct sm_slice bytes)
{
    return XXH3_64bits_withSeed(bytes.ptr, bytes.size, seed);
}
