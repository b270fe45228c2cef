/* hash.h - hashing of bytes (XXH3, 64 bits). Any thread. */
#pragma once

#include "base/slice.h"

#include <stdint.h>

/* For tables in memory: other in every process, so that senders cannot choose keys that collide. */
uint64_t sm_hash(struct sm_slice bytes);
/* The same of a number, as an ID. */
uint64_t sm_hash_number(uint64_t number);
/* Continues `seed`, for keys of several parts. */
uint64_t sm_hash_with(uint64_t seed, struct sm_slice bytes);

/* 128 bits, for keys that are told apart by their hash alone: `secret` must be a random number of the process (sm_hash_secret). */
struct sm_hash128 {
    uint64_t low, high;
};
struct sm_hash128 sm_hash128(uint64_t secret, struct sm_slice bytes);
/* The hash of a set is the sum of its members' hashes, of which each should have a secret that tells what it is. */
static inline void sm_hash128_add(struct sm_hash128 *sum, struct sm_hash128 member)
{
    sum->low += member.low;
    sum->high += member.high;
}
/* XXH3 as published, for results that users see: its 64 and its 128 bits. */
uint64_t sm_hash_xxh3(struct sm_slice bytes);
uint64_t sm_hash_xxh64(struct sm_slice bytes); /* the older XXH64 */
struct sm_hash128 sm_hash_xxh3_128(struct sm_slice bytes);
/* A random number, the same for the life of the process. */
uint64_t sm_hash_secret(void);
