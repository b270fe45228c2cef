/* full_name.h - the name of this machine with its domain. Asking for it may wait for name servers that do not answer, for ten seconds and more, and
 * `net/lookup` cannot: no answer of a name server tells it, the C library's own files and rules do. So a thread of its own asks, and whoever wants to
 * know waits for a limited time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { SM_FULL_NAME_SIZE_MAX = 256 }; /* with the NUL */
/* How long a start waits: name servers that answer do so sooner. */
#define SM_FULL_NAME_LIMIT_NS UINT64_C(1000000000)

/* Writes the full name of `name` (at most SM_FULL_NAME_SIZE_MAX bytes) or returns false. May block. */
typedef bool sm_full_name_asking(const char *name, char *full_name);
/* The C library's. */
sm_full_name_asking sm_full_name_ask;

/* Calls `ask` on a thread and waits `limit_ns` for it. False: it found nothing, or has not ended yet; then the thread goes on, and nobody hears of
 * its answer. Any thread. */
bool sm_full_name_within(sm_full_name_asking *ask, const char *name, uint64_t limit_ns, char *full_name) __attribute__((warn_unused_result));
