/* hash.c - the one place that includes xxhash. */
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <pthread.h>
#include <sys/random.h>

#include "base/clock.h"

uint64_t sm_hash(struct sm_slice bytes)
{
    return XXH3_64bits_withSeed(bytes.ptr, bytes.size, sm_hash_secret());
}

/* Both halves of the product are needed: the lower one alone leaves numbers that differ in their upper bits together. */
uint64_t sm_hash_number(uint64_t number)
{
    __extension__ typedef unsigned __int128 uint128;
    uint128 product = (uint128)(number ^ sm_hash_secret()) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

uint64_t sm_hash_with(uint64_t seed, struct sm_slice bytes)
{
    return XXH3_64bits_withSeed(bytes.ptr, bytes.size, seed);
}

struct sm_hash128 sm_hash128(uint64_t secret, struct sm_slice bytes)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.ptr, bytes.size, secret);
    return (struct sm_hash128){.low = hash.low64, .high = hash.high64};
}

uint64_t sm_hash_xxh64(struct sm_slice bytes)
{
    return XXH64(bytes.ptr, bytes.size, 0);
}

uint64_t sm_hash_xxh3(struct sm_slice bytes)
{
    return XXH3_64bits(bytes.ptr, bytes.size);
}

struct sm_hash128 sm_hash_xxh3_128(struct sm_slice bytes)
{
    XXH128_hash_t hash = XXH3_128bits(bytes.ptr, bytes.size);
    return (struct sm_hash128){.low = hash.low64, .high = hash.high64};
}

static uint64_t process_secret;

static void make_secret(void)
{
    if (getrandom(&process_secret, sizeof(process_secret), GRND_NONBLOCK) != (ssize_t)sizeof(process_secret))
        process_secret = sm_clock_mono_ns() ^ sm_clock_wall_ns() << 20; /* early in the machine's start: hard to guess is enough */
}

uint64_t sm_hash_secret(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_secret);
    return process_secret;
}
