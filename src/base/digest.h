/* digest.h - cryptographic digests, as lower-case hexadecimal. Any thread. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

enum sm_digest { SM_DIGEST_MD5, SM_DIGEST_SHA1, SM_DIGEST_SHA256, SM_DIGEST_SHA512 };

/* The digest of `bytes` in hexadecimal, in `arena`. */
struct sm_slice sm_digest_hex(enum sm_digest digest, struct sm_slice bytes, struct sm_arena *arena);
