/* hash.h - hashing of bytes (XXH3, 64 bits). For tables in memory; nothing outside may depend on its values. Any thread. */
#pragma once

#include "base/slice.h"

#include <stdint.h>

uint64_t sm_hash(struct sm_slice bytes);
/* Continues `seed`, for keys of several parts. */
uint64_t sm_hash_with(uint64_t seed, struct sm_slice bytes);
