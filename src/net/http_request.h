/* http_request.h - a request of the HTTP server between its files: http_server.c (connections), http_streams.c (requests over HTTP/2), http_request.c
 * (accessors and bodies), http_response.c (answers), http_cors.c. With HTTP/1.1 one request at a time per connection; it is the connection's memory.
 * Worker-local. */
#pragma once

#include "base/buffer.h"
#include "base/bytes.h"
#include "net/http1_parser.h"
#include "net/http_server.h"

enum { SM_HTTP_HEAD_LIMIT_BYTES = 1024 * 1024, SM_HTTP_BODY_FIRST_BYTES = 16 * 1024 };

struct sm_http_request {
    const struct sm_http_server_options *options;                                              /* borrowed */
    struct sm_worker *worker;                                                                  /* borrowed */
    const struct sm_http1_head *head;                                                          /* borrowed: parser, or the stream */
    void (*respond)(struct sm_http_request *request, const struct sm_http_response *response); /* of the connection's protocol */
    struct sm_slice path, query;
    struct sm_buffer *body; /* owned until taken; NULL: no byte came */
    size_t body_limit_bytes;
    bool is_body_too_large;
    struct sm_metadata *identity; /* owned until taken; who the client is, NULL: nobody has asked */
    bool closes;                  /* the connection ends with this answer */
    atomic_bool is_abandoned;     /* written by the worker, read by any thread */
    char peer[64];
    char error[160];
};

/* Begins with a complete head. */
void sm_http_request_begin(struct sm_http_request *request, const struct sm_http1_head *head);
/* Adds body bytes; false: over the limit (the rest is not wanted). */
bool sm_http_request_add_body(struct sm_http_request *request, struct sm_slice bytes) __attribute__((warn_unused_result));
void sm_http_request_reset(struct sm_http_request *request);

/* Asks `auth` whether the client may. False: why, with the words to answer. */
bool sm_http_request_authenticate(struct sm_http_request *request, const struct sm_auth *auth, struct sm_error *why);

/* The headers of an answer as lines, without those that tell how the connection goes on. */
void sm_http_response_write_fields(struct sm_http_request *request, const struct sm_http_response *response, struct sm_bytes *out);
/* The whole head of an HTTP/1.1 answer, appended to `out`. */
void sm_http_response_write_head(struct sm_http_request *request, const struct sm_http_response *response, struct sm_bytes *out);
const char *sm_http_status_text(int status);

/* The CORS headers of an answer to `request`, appended to `out` as lines. */
void sm_http_cors_append(const struct sm_http_request *request, struct sm_bytes *out);
bool sm_http_cors_is_preflight(const struct sm_http_request *request);
