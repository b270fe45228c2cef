/* http_client.h - HTTP/1.1 requests to a next hop: connections kept and reused, per worker.
 *
 * A client is made once per exporter; every worker has its own connections, made when needed and kept when an answer allows it. A request is sent and
 * answered on the worker that sends it. A kept connection that turns out to be gone before anything of an answer came is replaced once. A redirect
 * that repeats the request (301, 302, 307, 308) is followed, at most ten times, to another host without the configured headers. HTTP/2 is not
 * offered: `force_attempt_http2` and what belongs to it have no effect. Proxies: HTTP_PROXY, HTTPS_PROXY, NO_PROXY and `proxy_url`. Options are those
 * of the reference's confighttp client. */
#pragma once

#include "base/error.h"
#include "base/slice.h"
#include "config/option.h"
#include "net/tls.h"
#include "pipeline/auth.h"

#include <sys/uio.h>

struct sm_component;
struct sm_http1_header;
struct sm_metadata;
struct sm_worker;
struct sm_workers;

struct sm_http_client_options {
    const char *endpoint, *proxy_url;
    struct sm_tls_client_options tls;
    struct sm_string_map headers; /* secret values */
    int64_t read_buffer_size, write_buffer_size, max_idle_conns, max_idle_conns_per_host, max_conns_per_host;
    uint64_t idle_conn_timeout_ns, http2_read_idle_timeout_ns, http2_ping_timeout_ns;
    bool disable_keep_alives, force_attempt_http2;
    struct sm_auth_options *auth;
    struct sm_http_cookie_options {
        bool enabled;
    } * cookies;     /* NULL: none are kept */
    int compression; /* enum sm_compression; the caller packs */
    struct {
        int64_t level;
    } compression_params;
};
extern const struct sm_option sm_http_client_option_table[];      /* without `timeout`, which is part of sm_export_options; compression none */
extern const struct sm_option sm_http_client_option_table_gzip[]; /* the same with gzip, as otlp_http has it */
/* snappy, by default and for an empty word; no `endpoint`: for users with one of their own */
extern const struct sm_option sm_http_client_option_table_snappy[];
/* Refuses what no request could be sent to, also of exporters that no pipeline names; empty is fine. Others let the client's creation say it. */
void sm_http_client_url_validate(const char *key_path, const char *url, struct sm_validation *validation);
void sm_http_client_options_validate(const struct sm_http_client_options *options, struct sm_validation *validation);

struct sm_http_client;
/* `options` and `url` ("https://host:port/path") are borrowed for the life of the client; `user_agent` goes with every request. Opens nothing. */
struct sm_http_client *sm_http_client_create(const struct sm_http_client_options *options, const char *url, const char *user_agent,
                                             struct sm_error *error) __attribute__((warn_unused_result));
/* The URL for logs and errors, without its password. Borrowed: the client. */
const char *sm_http_client_shown_url(const struct sm_http_client *client);
/* With the option `auth`, from the user's `create`: finds the authenticator for `user`. Without this its requests fail. */
bool sm_http_client_open_auth(struct sm_http_client *client, const struct sm_component *user, struct sm_error *error)
    __attribute__((warn_unused_result));
/* After its channels. NULL is allowed. */
void sm_http_client_free(struct sm_http_client *client);
/* The worker's connections: made and closed on that worker. */
struct sm_http_channel;
struct sm_http_channel *sm_http_channel_create(struct sm_http_client *client, struct sm_worker *worker)
    __attribute__((returns_nonnull, warn_unused_result));
/* Requests that are open fail first. */
void sm_http_channel_free(struct sm_http_channel *channel);

enum { SM_HTTP_ANSWER_LIMIT_BYTES = 64 * 1024, SM_HTTP_ANSWER_HEAD_LIMIT_BYTES = 1024 * 1024, SM_HTTP_WANTED_MAX = 3 };
struct sm_http_answer {
    const char *failure; /* not NULL: no answer came, and why ("connect 127.0.0.1:4318: connection refused"); the rest is empty */
    bool timed_out;
    int status;
    struct sm_slice content_type, retry_after, body; /* valid during the call; the body is cut at SM_HTTP_ANSWER_LIMIT_BYTES */
    bool has_retry_after;
    struct sm_slice wanted[SM_HTTP_WANTED_MAX]; /* the values of wanted_headers; empty: absent */
};
typedef void sm_http_answered(struct sm_worker *worker, const struct sm_http_answer *answer, void *context);

struct sm_http_call_options {
    struct sm_slice method, content_type, content_encoding; /* constant texts; empty: no such header */
    struct sm_slice more_headers;                           /* constant: whole lines, each with its CRLF */
    struct sm_slice secret_headers;                         /* the same; a redirect does not take them to another host */
    const struct iovec *body;                               /* borrowed until answered */
    size_t body_count;
    uint64_t deadline_ns;                           /* sm_clock_mono_ns; UINT64_MAX: none */
    const char *wanted_headers[SM_HTTP_WANTED_MAX]; /* constant: lower-case names of headers that the answer is to carry; NULL: none */
    const struct sm_metadata *context;              /* borrowed until answered: what authenticators may take headers from; NULL: nothing */
    bool stays;                                     /* redirects are answers like any other */
};
/* `answered` is called exactly once, never before this returns. */
void sm_http_channel_send(struct sm_http_channel *channel, const struct sm_http_call_options *options, sm_http_answered *answered, void *context);
