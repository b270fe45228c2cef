/* client_auth.h - requests of the HTTP and the gRPC client, signed by an authenticator extension. No state; any worker. */
#pragma once

#include "base/bytes.h"
#include "net/http2_session.h"
#include "pipeline/auth.h"

struct sm_metadata;

/* Appends `head` (request line, headers, empty line) to `out` with its headers changed by `auth`; those that frame the request (Host, Content-Length,
 * Connection …) are not its business. False with `error` filled: the request is not to be sent. */
bool sm_client_auth_sign_head(const struct sm_auth *auth, const struct sm_metadata *context, struct sm_slice head, struct sm_bytes *out,
                              struct sm_error *error) __attribute__((warn_unused_result));
/* The headers that `auth` adds to a call, names in lower case, in `arena`. */
bool sm_client_auth_sign_call(const struct sm_auth *auth, const struct sm_metadata *context, struct sm_arena *arena, struct sm_http2_header **headers,
                              size_t *count, struct sm_error *error) __attribute__((warn_unused_result));
