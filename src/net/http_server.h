/* http_server.h - HTTP/1.1 (and HTTP/2 over TLS by ALPN) requests to handlers.
 *
 * A server has one listener and a handler; connections live on the worker they were given to, and a request is handled and answered there. The body is
 * complete when the handler runs. Used by the otlp receiver, the prometheus exporter, health_check, zpages and the own metrics.
 * Options are those of the reference's confighttp server. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "config/option.h"
#include "net/tls.h"

struct sm_http_server;
struct sm_http_request;
struct sm_worker;
struct sm_workers;

struct sm_cors_options {
    struct sm_string_list allowed_origins, allowed_headers, exposed_headers;
    int64_t max_age;
};

/* Keys of the reference's confighttp.ServerConfig; embed with SM_OPTION_TABLE(…, sm_http_server_option_table, .squash = true). */
struct sm_http_server_options {
    const char *endpoint, *transport;
    struct sm_tls_server_options *tls;
    struct sm_cors_options *cors;
    struct sm_string_list compression_algorithms;
    struct sm_string_map response_headers;
    int64_t max_request_body_size; /* bytes, unpacked; 0: 20 MiB as the reference */
    bool include_metadata, keep_alives_enabled;
    uint64_t read_timeout_ns, read_header_timeout_ns, write_timeout_ns, idle_timeout_ns;
};
/* Without endpoint's default: each user sets options->endpoint's preset in a row of its own before the squashed table when it differs. */
extern const struct sm_option sm_http_server_option_table[];

/* Runs on the request's worker. Must lead to exactly one sm_http_respond on it, now or later. */
typedef void sm_http_handler(struct sm_http_request *request, void *context);

struct sm_http_server *sm_http_server_create(struct sm_workers *workers, const struct sm_http_server_options *options, sm_http_handler *handler, void *context,
                                             struct sm_error *error) __attribute__((warn_unused_result)); /* checks TLS files, opens nothing */
bool sm_http_server_start(struct sm_http_server *server, struct sm_error *error) __attribute__((warn_unused_result));
const char *sm_http_server_address(const struct sm_http_server *server);
/* No new connections or requests; open requests are answered; `stopped(context)` on the main worker when the last is. */
void sm_http_server_stop(struct sm_http_server *server, void (*stopped)(void *context), void *context);
void sm_http_server_free(struct sm_http_server *server); /* after stopped, or never started; NULL is allowed */

/* ---- a request; slices are valid until it is answered */
struct sm_worker *sm_http_request_worker(const struct sm_http_request *request);
struct sm_slice sm_http_request_method(const struct sm_http_request *request);
struct sm_slice sm_http_request_path(const struct sm_http_request *request);  /* without the query, not unescaped */
struct sm_slice sm_http_request_query(const struct sm_http_request *request);
struct sm_slice sm_http_request_header(const struct sm_http_request *request, struct sm_slice name); /* first value; ptr NULL: absent */
size_t sm_http_request_header_count(const struct sm_http_request *request);
void sm_http_request_header_at(const struct sm_http_request *request, size_t index, struct sm_slice *name, struct sm_slice *value);
const char *sm_http_request_peer(const struct sm_http_request *request);
/* The body as sent (still packed): borrowed. sm_http_request_take_body gives the buffer itself (one reference) when the body stands alone in it. */
struct sm_slice sm_http_request_body(const struct sm_http_request *request);
struct sm_buffer *sm_http_request_take_body(struct sm_http_request *request) __attribute__((returns_nonnull, warn_unused_result));
/* Unpacks by Content-Encoding within max_request_body_size. On failure answers with the reference's text and status and returns NULL. */
struct sm_buffer *sm_http_request_unpack_body(struct sm_http_request *request) __attribute__((warn_unused_result));

struct sm_http_header {
    struct sm_slice name, value;
};
struct sm_http_response {
    int status;
    struct sm_slice content_type;         /* empty: no header */
    const struct sm_http_header *headers; /* further ones */
    size_t header_count;
    struct sm_slice body; /* copied or sent before sm_http_respond returns */
};
/* Answers and ends the request, which is invalid afterwards. */
void sm_http_respond(struct sm_http_request *request, const struct sm_http_response *response);
void sm_http_respond_text(struct sm_http_request *request, int status, const char *content_type, struct sm_slice body);
