/* http_server.h - HTTP/1.1 requests, and over TLS HTTP/2 requests, to handlers.
 *
 * A server has one listener and a handler; connections live on the worker they were given to, and a request is handled and answered there. The body
 * is complete when the handler runs. Used by the otlp receiver, the prometheus exporter, health_check, zpages and the own metrics. Options are those
 * of the reference's confighttp server. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "config/option.h"
#include "net/tls.h"
#include "pipeline/auth.h"

#include <stdatomic.h>

struct sm_batch;
struct sm_http_server;
struct sm_component;
struct sm_http_request;
struct sm_worker;
struct sm_workers;

enum { SM_HTTP_BODY_LIMIT_BYTES = 20 * 1024 * 1024 }; /* where max_request_body_size is not set */

struct sm_cors_options {
    struct sm_string_list allowed_origins, allowed_headers, exposed_headers;
    int64_t max_age;
};

/* Keys of the reference's confighttp.ServerConfig; embed with SM_OPTION_TABLE(…, sm_http_server_option_table, .squash = true). */
struct sm_http_server_options {
    const char *endpoint, *transport;
    const struct sm_node *dialer;
    struct sm_tls_server_options *tls;
    struct sm_cors_options *cors;
    struct sm_http_server_auth_options *auth;
    struct sm_string_list compression_algorithms;
    struct sm_string_map response_headers;
    int64_t max_request_body_size;   /* bytes, unpacked; 0: 20 MiB as the reference */
    bool has_compression_algorithms; /* set by the user; none at all: bodies are taken as they are */
    bool include_metadata, keep_alives_enabled;
    uint64_t read_timeout_ns, read_header_timeout_ns, write_timeout_ns, idle_timeout_ns;
};
/* The rows of struct sm_http_server_options with presets that differ by user (times in ns); end the table with SM_OPTION_END, embed it with .squash =
 * true. */
#define SM_HTTP_SERVER_OPTION_ROWS(endpoint_preset, read_header_preset, write_preset, idle_preset)                                                   \
    SM_OPTION_STRING(struct sm_http_server_options, endpoint, .preset.string = (endpoint_preset), .help = "Address to listen on, host:port."),       \
        SM_OPTION_STRING(struct sm_http_server_options, transport, .preset.string = "tcp", .help = "tcp, tcp4, tcp6 or unix."),                      \
        SM_OPTION_NODE(struct sm_http_server_options, dialer, .help = "Accepted for compatibility: a server dials nobody."),                         \
        SM_OPTION_OPTIONAL(struct sm_http_server_options, tls, sm_tls_server_option_table, .null_is_absent = true,                                   \
                           .help = "TLS; without it connections are plain."),                                                                        \
        SM_OPTION_OPTIONAL(struct sm_http_server_options, cors, sm_cors_option_table, .null_is_absent = true,                                        \
                           .help = "Requests from browsers on other sites."),                                                                        \
        SM_OPTION_STRING_LIST(struct sm_http_server_options, compression_algorithms,                                                                 \
                              .set_offset = offsetof(struct sm_http_server_options, has_compression_algorithms),                                     \
                              .help = "Values of Content-Encoding that are taken (\"\": not packed); all that are known when not set."),             \
        SM_OPTION_STRING_MAP(struct sm_http_server_options, response_headers, .secret = true, .help = "Headers added to every answer."),             \
        SM_OPTION_INT(struct sm_http_server_options, max_request_body_size, .unit = "bytes", .help = "Largest body taken, unpacked; 0: 20 MiB."),    \
        SM_OPTION_BOOL(struct sm_http_server_options, include_metadata, .help = "Pass the client's headers on with its telemetry."),                 \
        SM_OPTION_BOOL(struct sm_http_server_options, keep_alives_enabled, .preset.boolean = true,                                                   \
                       .help = "Take several requests on a connection."),                                                                            \
        SM_OPTION_DURATION(struct sm_http_server_options, read_timeout_ns, .key = "read_timeout", .help = "Time to send a request; 0: no limit."),   \
        SM_OPTION_DURATION(struct sm_http_server_options, read_header_timeout_ns, .key = "read_header_timeout",                                      \
                           .preset.integer = (read_header_preset), .help = "Time to send a request's headers; 0: read_timeout."),                    \
        SM_OPTION_DURATION(struct sm_http_server_options, write_timeout_ns, .key = "write_timeout", .preset.integer = (write_preset),                \
                           .help = "Time to answer and to take the answer; 0: no limit."),                                                           \
        SM_OPTION_DURATION(struct sm_http_server_options, idle_timeout_ns, .key = "idle_timeout", .preset.integer = (idle_preset),                   \
                           .help = "Time between two requests; 0: read_timeout."),                                                                   \
        SM_OPTION_OPTIONAL(struct sm_http_server_options, auth, sm_http_server_auth_option_table, .null_is_absent = true,                            \
                           .help = "Clients are authenticated by an extension."),                                                                    \
        SM_OPTION_REFUSED("middlewares", .help = "Extensions that see every request.")
extern const struct sm_option sm_cors_option_table[];
/* The reference's usual presets: no endpoint, read_header 1m, write 30s, idle 1m. */
extern const struct sm_option sm_http_server_option_table[];
/* `key_path` is where the table stands in the component ("protocols::http"). */
void sm_http_server_validate(const struct sm_http_server_options *options, struct sm_validation *validation, const char *key_path);

/* Runs on the request's worker. Must lead to exactly one sm_http_respond on it, now or later. */
typedef void sm_http_handler(struct sm_http_request *request, void *context);

/* Checks the address and TLS files, and finds the authenticator of the option `auth` for `user` (NULL: a server that no component has, and no
 * authenticator); opens nothing. */
struct sm_http_server *sm_http_server_create(struct sm_workers *workers, const struct sm_http_server_options *options, sm_http_handler *handler,
                                             void *context, const struct sm_component *user, struct sm_error *error)
    __attribute__((warn_unused_result));
/* Answers requests that are refused before the handler sees them (status 401, or 503), in the form of the handler's other answers; without one they
 * are plain text. Must lead to exactly one sm_http_respond. */
typedef void sm_http_refuse(struct sm_http_request *request, int status, const char *why);
void sm_http_server_set_refuse(struct sm_http_server *server, sm_http_refuse *refuse);
bool sm_http_server_start(struct sm_http_server *server, struct sm_error *error) __attribute__((warn_unused_result));
const char *sm_http_server_address(const struct sm_http_server *server);
/* No new connections or requests; open requests are answered; `stopped(context)` on the main worker when the last is. */
void sm_http_server_stop(struct sm_http_server *server, void (*stopped)(void *context), void *context);
void sm_http_server_free(struct sm_http_server *server); /* after stopped, or never started; NULL is allowed */

/* ---- a request; slices are valid until it is answered */
struct sm_worker *sm_http_request_worker(const struct sm_http_request *request);
struct sm_slice sm_http_request_method(const struct sm_http_request *request);
struct sm_slice sm_http_request_path(const struct sm_http_request *request); /* without the query, not unescaped */
struct sm_slice sm_http_request_query(const struct sm_http_request *request);
struct sm_slice sm_http_request_header(const struct sm_http_request *request, struct sm_slice name); /* first value; ptr NULL: absent */
size_t sm_http_request_header_count(const struct sm_http_request *request);
void sm_http_request_header_at(const struct sm_http_request *request, size_t index, struct sm_slice *name, struct sm_slice *value);
const char *sm_http_request_peer(const struct sm_http_request *request);
/* Set once the client has gone, or sends no more, while its request is handled; valid until it is answered. */
const atomic_bool *sm_http_request_abandoned(const struct sm_http_request *request);
/* The body as sent (still packed), as far as it was taken: borrowed. */
struct sm_slice sm_http_request_body(const struct sm_http_request *request);
/* What is wrong with Content-Encoding or with the first bytes of what it names, which the reference refuses with 400 before it looks at path or
 * method; NULL: nothing. Valid until the request is answered. */
const char *sm_http_request_encoding_error(struct sm_http_request *request);
/* Takes the body (one reference, once), unpacked by Content-Encoding within max_request_body_size. NULL when it is too large or corrupt: `*why`
 * tells, with the reference's texts, and the answer is to be 400. */
struct sm_buffer *sm_http_request_try_take_body(struct sm_http_request *request, const char **why) __attribute__((warn_unused_result));
/* The same for handlers without an error form of their own: answers 400 with the text and returns NULL. */
struct sm_buffer *sm_http_request_unpack_body(struct sm_http_request *request) __attribute__((warn_unused_result));
/* Writes into a batch decoded from the request what its telemetry is to carry of the client: its address, its headers with include_metadata, and who
 * it is with `auth`. Once a request, into a batch that has none of them. */
void sm_http_request_tell_client(struct sm_http_request *request, struct sm_batch *batch);

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
/* Answers with a line of text, as Go's http.Error does. */
void sm_http_respond_error(struct sm_http_request *request, int status, const char *text);
