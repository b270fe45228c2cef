/* grpc_call_internal.h - a call between the files of the gRPC server: grpc_server.c (connections) feeds grpc_call.c (one call's headers, message and
 * answer). Worker-local. */
#pragma once

#include "base/buffer.h"
#include "base/bytes.h"
#include "net/grpc_call.h"
#include "net/http2_session.h"
#include "pipeline/auth.h"
#include "wire/compression.h"

enum { SM_GRPC_PREFIX_BYTES = 5, SM_GRPC_MESSAGE_LIMIT_BYTES = 4 * 1024 * 1024 };

/* What a call needs of its server. Immutable. */
struct sm_grpc_call_setup {
    const struct sm_grpc_method *methods;
    size_t method_count;
    size_t message_limit_bytes;
    bool keeps_headers, includes_metadata;
    const struct sm_auth *auth; /* borrowed: server; NULL: everybody may */
    /* Told to the call's connection, which frees the call once it is both answered and closed. */
    void (*answered)(void *connection);
};

struct sm_grpc_call {
    void *connection;                       /* for setup->answered; NULL: the client is gone */
    const char *peer;                       /* borrowed: connection; NULL as above */
    struct sm_http2_session *session;       /* borrowed: connection; NULL as above */
    struct sm_worker *worker;               /* borrowed */
    const struct sm_grpc_call_setup *setup; /* borrowed */
    const struct sm_grpc_method *method;    /* borrowed; NULL: unknown, or not seen yet */
    int32_t id;
    /* headers */
    struct sm_bytes text; /* heap: kept headers, name and value of each */
    size_t header_count;
    size_t path_size;                    /* of an unknown path: `unknown_path` */
    char *unknown_path;                  /* owned; NULL: none */
    struct sm_grpc_header_place *places; /* owned */
    size_t place_capacity;
    const char *header_error; /* constant; a header that ends the call: with http_status and header_code */
    int http_status;
    enum sm_rpc_code header_code;
    enum sm_compression encoding;
    bool has_unknown_encoding, has_grpc_type, is_post, has_host;
    char encoding_name[32];
    char type_name[64];
    char method_name[16];
    /* message */
    unsigned char prefix[SM_GRPC_PREFIX_BYTES];
    unsigned prefix_size;
    struct sm_buffer *message;    /* owned until taken */
    struct sm_metadata *identity; /* owned until taken; NULL: nobody has asked */
    uint32_t message_size;
    /* state */
    bool is_handled; /* given to the handler, or answered with an error */
    bool is_answered;
    bool is_closed;           /* the stream is gone */
    atomic_bool is_abandoned; /* written by the worker, read by any thread */
};

/* Header by header, then `headed`, then data; `sm_grpc_call_data` and `sm_grpc_call_ended` run the handler or answer an error when it is time. */
void sm_grpc_call_header(struct sm_grpc_call *call, struct sm_slice name, struct sm_slice value);
void sm_grpc_call_headed(struct sm_grpc_call *call);
void sm_grpc_call_data(struct sm_grpc_call *call, struct sm_slice bytes);
void sm_grpc_call_ended(struct sm_grpc_call *call);
/* Releases what the call holds, and the call. */
void sm_grpc_call_free(struct sm_grpc_call *call);
