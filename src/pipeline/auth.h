/* auth.h - who may send and how we say who we are: what an authenticator extension offers to servers and clients.
 *
 * A server asks the extension about every request, on the request's worker; a client lets it change the headers of every request. An extension may
 * be called by several workers at once. Source: opentelemetry-collector extension/extensionauth, config/configauth. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "config/option.h"

struct sm_component;
struct sm_metadata;

enum sm_auth_side {
    SM_AUTH_SERVER = 1,
    SM_AUTH_HTTP_CLIENT = 2,
    SM_AUTH_GRPC_CLIENT = 4,
    SM_AUTH_CLIENT = SM_AUTH_HTTP_CLIENT | SM_AUTH_GRPC_CLIENT
};

/* The key `auth` of clients and servers, absent unless set. */
struct sm_auth_options {
    const char *authenticator; /* id of the extension */
};
struct sm_http_server_auth_options {
    struct sm_auth_options auth;
    struct sm_string_list request_params;
};
extern const struct sm_option sm_auth_option_table[];
extern const struct sm_option sm_http_server_auth_option_table[];

/* The headers of a request that came in. */
struct sm_auth_request {
    struct sm_slice (*find)(const void *context, struct sm_slice name); /* the first value, without regard to case; ptr NULL: absent */
    const void *context;
};

/* The headers of a request that goes out, in order. Names are compared without regard to case. */
enum { SM_AUTH_HEADER_LIMIT = 64 };
struct sm_auth_headers {
    struct sm_arena *arena; /* borrowed: of the request; new texts live there */
    size_t count;
    struct sm_auth_header {
        struct sm_slice name, value;
    } items[SM_AUTH_HEADER_LIMIT];
};
/* NULL: absent. */
const struct sm_slice *sm_auth_headers_find(const struct sm_auth_headers *headers, struct sm_slice name);
/* Replaces every value of `name`, or adds it; both are borrowed. More than the limit are left out: false. */
bool sm_auth_headers_set(struct sm_auth_headers *headers, struct sm_slice name, struct sm_slice value);
void sm_auth_headers_remove(struct sm_auth_headers *headers, struct sm_slice name);

/* The `interface` of an authenticator. */
struct sm_auth_type {
    const char *interface; /* SM_AUTH_INTERFACE; every struct that an extension offers begins with such a name */
    /* enum sm_auth_side: what it can do as it is configured. */
    unsigned (*sides)(const struct sm_component *extension);
    /* False with why in `error`: the request is refused with these words; SM_ERROR_BUSY asks the client to try again. May set `*identity`, which is
     * NULL before, to metadata that tells who the client is (sm_metadata_add_identity); the caller owns it. */
    bool (*authenticate)(struct sm_component *extension, const struct sm_auth_request *request, struct sm_metadata **identity,
                         struct sm_error *error);
    /* Changes the headers of a request; `context` is what came with the telemetry, NULL: nothing. False: the request fails. */
    bool (*sign)(struct sm_component *extension, const struct sm_metadata *context, struct sm_auth_headers *headers, struct sm_error *error);
    /* Clients: what can only be said when all extensions have been created. NULL: nothing. */
    bool (*check)(struct sm_component *extension, struct sm_error *error);
    /* gRPC clients: what it adds must not travel in the clear. NULL: it may. */
    bool (*needs_tls)(struct sm_component *extension);
};
extern const char SM_AUTH_INTERFACE[];

/* An authenticator in use. */
struct sm_auth {
    const struct sm_auth_type *type;
    struct sm_component *extension; /* borrowed: graph */
};
/* Finds the extension `id` for `user` (NULL: it is refused), which must serve `side`. */
bool sm_auth_find(struct sm_auth *auth, const struct sm_component *user, const char *id, enum sm_auth_side side, struct sm_error *error)
    __attribute__((warn_unused_result));
/* The same with the authenticator's own check, and the option `id` blamed. Called by the user's `create`, when extensions have been created. */
bool sm_auth_open(struct sm_auth *auth, const struct sm_component *user, const char *const *id, enum sm_auth_side side, struct sm_error *error)
    __attribute__((warn_unused_result));
