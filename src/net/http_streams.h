/* http_streams.h - requests of the HTTP server that come as streams of one HTTP/2 connection (RFC 9113), chosen by ALPN.
 *
 * Each stream becomes a struct sm_http_request of its own; the handlers see no difference. The connection stays its server's, which made the stream
 * and is told when it is over. Worker-local. */
#pragma once

#include "net/http_server.h"

struct sm_http_streams;
struct sm_stream;

struct sm_http_streams_setup {
    const struct sm_http_server_options *options; /* borrowed: configuration */
    sm_http_handler *handler;
    void *handler_context;
    size_t body_limit_bytes;
    const char *peer;                 /* copied */
    void (*over)(void *owner);        /* nothing comes any more: the owner frees it now */
    bool (*is_stopping)(void *owner); /* the server stops: no further request after this one */
    void *owner;                      /* borrowed */
};

/* Takes `stream`, which is connected and has chosen "h2". */
struct sm_http_streams *sm_http_streams_create(struct sm_stream *stream, const struct sm_http_streams_setup *setup)
    __attribute__((returns_nonnull, warn_unused_result));
/* Says goodbye; what has begun is answered; `over` follows. */
void sm_http_streams_end(struct sm_http_streams *streams);
/* Requests that are handled are still answered, to nobody. NULL is allowed. */
void sm_http_streams_free(struct sm_http_streams *streams);
