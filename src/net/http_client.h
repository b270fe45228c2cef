/* http_client.h - requests to one HTTP or gRPC next hop: connections kept and reused, per worker.
 *
 * A client is made once per exporter from options; every worker has its own connections (at most `connection_limit` each, made when needed). A request is
 * sent and answered on the worker that sends it. Names are resolved without blocking. HTTP/1.1 for otlp_http (HTTP/2 by ALPN is not offered), HTTP/2 with
 * prior knowledge or ALPN for gRPC. Proxies: HTTP_PROXY, HTTPS_PROXY, NO_PROXY and `proxy_url` (CONNECT for https).
 * Options are those of the reference's confighttp and configgrpc clients. */
#pragma once

#include "base/error.h"
#include "base/slice.h"
#include "config/option.h"
#include "net/http_server.h"
#include "net/tls.h"
#include "pipeline/outcome.h"

#include <sys/uio.h>

struct sm_worker;
struct sm_workers;

/* ---- HTTP */
struct sm_http_client_options {
    const char *endpoint, *proxy_url;
    struct sm_tls_client_options tls;
    struct sm_string_map headers; /* secret values */
    int64_t read_buffer_size, write_buffer_size, max_idle_conns, max_idle_conns_per_host, max_conns_per_host;
    uint64_t idle_conn_timeout_ns;
    bool disable_keep_alives;
    int compression; /* enum sm_compression */
    struct { int64_t level; } compression_params;
};
extern const struct sm_option sm_http_client_option_table[]; /* without `timeout`, which is part of sm_export_options */

struct sm_http_client;
struct sm_http_client *sm_http_client_create(struct sm_workers *workers, const struct sm_http_client_options *options, struct sm_error *error)
    __attribute__((warn_unused_result));
/* After all requests have ended, on the main worker; the workers still run. */
void sm_http_client_free(struct sm_http_client *client);

struct sm_http_answer {
    const char *failure; /* not NULL: no answer came, and why ("connect 127.0.0.1:4318: connection refused"); the rest is empty */
    bool timed_out;
    int status;
    struct sm_slice content_type, retry_after, body; /* valid during the call; the body is cut at SM_HTTP_ANSWER_LIMIT_BYTES */
};
enum { SM_HTTP_ANSWER_LIMIT_BYTES = 64 * 1024 };
typedef void sm_http_answered(struct sm_worker *worker, const struct sm_http_answer *answer, void *context);

struct sm_http_call_options {
    struct sm_slice method, url; /* "https://host:port/path"; copied */
    const struct sm_http_header *headers; /* besides those of the client options; copied */
    size_t header_count;
    const struct iovec *body; /* borrowed until answered */
    size_t body_count;
    uint64_t deadline_ns; /* sm_clock_mono_ns; UINT64_MAX: none */
};
/* `answered` is called exactly once, never before this returns. */
void sm_http_client_send(struct sm_http_client *client, struct sm_worker *worker, const struct sm_http_call_options *call,
                         sm_http_answered *answered, void *context);

/* ---- gRPC */
struct sm_grpc_client_options {
    const char *endpoint; /* "host:port", "dns:///…", "unix:…", or "http(s)://…" as the reference takes them */
    int compression;      /* enum sm_compression: none, gzip, snappy, zstd */
    struct sm_tls_client_options tls;
    struct sm_grpc_client_keepalive_options {
        uint64_t time_ns, timeout_ns;
        bool permit_without_stream;
    } *keepalive;
    int64_t read_buffer_size, write_buffer_size;
    bool wait_for_ready;
    struct sm_string_map headers; /* secret values */
    const char *balancer_name, *authority;
};
extern const struct sm_option sm_grpc_client_option_table[];

struct sm_grpc_client;
struct sm_grpc_client *sm_grpc_client_create(struct sm_workers *workers, const struct sm_grpc_client_options *options, struct sm_error *error)
    __attribute__((warn_unused_result));
void sm_grpc_client_free(struct sm_grpc_client *client);

struct sm_grpc_answer {
    enum sm_rpc_code code;
    struct sm_slice message;        /* percent-decoded; for failures of the connection what happened */
    struct sm_slice status_details; /* google.rpc.Status, decoded from base64; empty: none */
    struct sm_slice body;
};
typedef void sm_grpc_answered(struct sm_worker *worker, const struct sm_grpc_answer *answer, void *context);
struct sm_grpc_call_options {
    struct sm_slice path;
    const struct sm_http_header *headers; /* metadata besides those of the client options; copied */
    size_t header_count;
    const struct iovec *message; /* borrowed until answered; packed by the client as its options say */
    size_t message_count;
    uint64_t deadline_ns;
};
void sm_grpc_client_send(struct sm_grpc_client *client, struct sm_worker *worker, const struct sm_grpc_call_options *call,
                         sm_grpc_answered *answered, void *context);
