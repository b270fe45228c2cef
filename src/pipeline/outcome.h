/* outcome.h - how the delivery of a batch ended.
 *
 * Every outcome carries the gRPC code that a receiver answers with (HTTP receivers translate it), as the reference's error chain does. Texts are
 * copied into the outcome, so that it can cross threads. */
#pragma once

#include "base/slice.h"

enum sm_outcome_kind {
    SM_ACCEPTED, /* taken over by somebody, or dropped by policy */
    SM_RETRY,    /* not now: the sender should try again, after `retry_after_ns` if has_retry_after */
    SM_REJECTED, /* never: sending the same again is pointless */
};

/* google.rpc.Code */
enum sm_rpc_code {
    SM_RPC_OK = 0,
    SM_RPC_CANCELLED = 1,
    SM_RPC_UNKNOWN = 2,
    SM_RPC_INVALID_ARGUMENT = 3,
    SM_RPC_DEADLINE_EXCEEDED = 4,
    SM_RPC_NOT_FOUND = 5,
    SM_RPC_ALREADY_EXISTS = 6,
    SM_RPC_PERMISSION_DENIED = 7,
    SM_RPC_RESOURCE_EXHAUSTED = 8,
    SM_RPC_FAILED_PRECONDITION = 9,
    SM_RPC_ABORTED = 10,
    SM_RPC_OUT_OF_RANGE = 11,
    SM_RPC_UNIMPLEMENTED = 12,
    SM_RPC_INTERNAL = 13,
    SM_RPC_UNAVAILABLE = 14,
    SM_RPC_DATA_LOSS = 15,
    SM_RPC_UNAUTHENTICATED = 16,
};

/* May another attempt succeed, whatever else is known? RESOURCE_EXHAUSTED is not among them: it depends on the server's advice. Source: OTLP
 * specification, "OTLP/gRPC Response", failures. */
static inline bool sm_rpc_code_is_passing(enum sm_rpc_code code)
{
    enum {
        PASSING = 1 << SM_RPC_CANCELLED | 1 << SM_RPC_DEADLINE_EXCEEDED | 1 << SM_RPC_ABORTED | 1 << SM_RPC_OUT_OF_RANGE | 1 << SM_RPC_UNAVAILABLE |
                  1 << SM_RPC_DATA_LOSS
    };
    return code >= SM_RPC_OK && code <= SM_RPC_UNAUTHENTICATED && (PASSING >> code & 1);
}

struct sm_outcome {
    enum sm_outcome_kind kind;
    enum sm_rpc_code code;
    bool is_overdue;         /* the exporter's own time limit for an attempt has passed */
    bool has_code;           /* false: no next hop said one; receivers choose UNAVAILABLE (retry) or INTERNAL (rejected) as the reference does */
    bool has_retry_after;    /* a next hop said when to try again, and be it 0 */
    uint64_t retry_after_ns; /* what receivers tell their clients */
    uint64_t wait_ns;        /* RETRY: how long an exporter's chain waits at least; not passed on (Retry-After of an HTTP next hop) */
    char reason[256];        /* NUL-terminated, one line; cut when longer */
};

#define SM_OUTCOME_ACCEPTED ((struct sm_outcome){.kind = SM_ACCEPTED})
struct sm_outcome sm_outcome_retry(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct sm_outcome sm_outcome_reject(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The worse of two: REJECTED before RETRY before ACCEPTED; of equals the first. */
const struct sm_outcome *sm_outcome_worse(const struct sm_outcome *a, const struct sm_outcome *b);
