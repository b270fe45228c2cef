/* digest.h - cryptographic digests, as lower-case hexadecimal. Any thread. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

enum sm_digest { SM_DIGEST_MD5, SM_DIGEST_SHA1, SM_DIGEST_SHA256, SM_DIGEST_SHA512 };

/* Opens the library that makes them. False with `error`: it cannot be. For who makes digests later, to ask at start: then nobody is told any more. */
bool sm_digest_prepare(struct sm_error *error) __attribute__((warn_unused_result));
/* The digest of `bytes` in hexadecimal, in `arena`; empty: the library cannot be opened, or does not make such digests. */
struct sm_slice sm_digest_hex(enum sm_digest digest, struct sm_slice bytes, struct sm_arena *arena);
