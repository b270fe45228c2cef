/* grpc_client.h - unary gRPC calls to one next hop (grpc/doc/PROTOCOL-HTTP2.md).
 *
 * A client is made once per exporter; every worker has its own HTTP/2 connection, made when first needed and again when it was lost (after a growing
 * wait, as grpc-go does). A call is sent and answered on the worker that makes it. Without `wait_for_ready` a call fails as UNAVAILABLE while
 * connecting does not succeed. Above the next hop's stream limit calls wait for a stream. Options are those of the reference's configgrpc client. */
#pragma once

#include "base/error.h"
#include "base/slice.h"
#include "config/option.h"
#include "net/tls.h"
#include "pipeline/auth.h"
#include "pipeline/outcome.h"

#include <sys/uio.h>

struct sm_component;
struct sm_metadata;
struct sm_worker;
struct sm_workers;

struct sm_grpc_client_options {
    const char *endpoint; /* "host:port", "dns:///…", "unix:…", or "http(s)://…" as the reference takes them */
    int compression;      /* enum sm_compression: none, gzip, snappy, zstd */
    struct sm_tls_client_options tls;
    struct sm_grpc_client_keepalive_options {
        bool enabled;
        uint64_t time_ns, timeout_ns;
        bool permit_without_stream;
    } * keepalive;
    int64_t read_buffer_size, write_buffer_size;
    bool wait_for_ready;
    struct sm_string_map headers; /* secret values */
    const char *user_agent, *balancer_name, *authority;
    struct sm_auth_options *auth;
};
extern const struct sm_option sm_grpc_client_option_table[];
/* The rules between the options; an empty endpoint is the caller's business. */
void sm_grpc_client_options_validate(const struct sm_grpc_client_options *options, struct sm_validation *validation);

struct sm_grpc_client;
/* `options` and `user_agent` are borrowed for the life of the client. Opens nothing. */
struct sm_grpc_client *sm_grpc_client_create(struct sm_workers *workers, const struct sm_grpc_client_options *options, const char *user_agent,
                                             struct sm_error *error) __attribute__((warn_unused_result));
/* With the option `auth`, from the user's `create`: finds the authenticator for `user`. False also when what it adds must not travel in the clear,
 * and would. Without this its calls fail. */
bool sm_grpc_client_open_auth(struct sm_grpc_client *client, const struct sm_component *user, struct sm_error *error)
    __attribute__((warn_unused_result));
/* The worker's connections: made and closed on that worker. */
struct sm_grpc_channel;
struct sm_grpc_channel *sm_grpc_channel_create(struct sm_grpc_client *client, struct sm_worker *worker)
    __attribute__((returns_nonnull, warn_unused_result));
/* Calls that are open get CANCELLED first. */
void sm_grpc_channel_free(struct sm_grpc_channel *channel);
/* After its channels. NULL is allowed. */
void sm_grpc_client_free(struct sm_grpc_client *client);

enum { SM_GRPC_ANSWER_LIMIT_BYTES = 4 * 1024 * 1024 };

struct sm_grpc_answer {
    enum sm_rpc_code code;
    struct sm_slice message;        /* percent-decoded; for failures of the connection what happened */
    struct sm_slice status_details; /* google.rpc.Status, decoded from base64; empty: none */
    struct sm_slice body;           /* unpacked; when the code is OK */
    bool is_reply;                  /* somebody has answered, or broken off; not so when the code tells of our side: no connection, no time left */
};
typedef void sm_grpc_answered(struct sm_worker *worker, const struct sm_grpc_answer *answer, void *context);

struct sm_grpc_call_options {
    struct sm_slice path;        /* copied */
    const struct iovec *message; /* borrowed until answered; packed by the client as its options say */
    size_t message_count;
    uint64_t deadline_ns;              /* sm_clock_mono_ns; UINT64_MAX: none */
    const struct sm_metadata *context; /* borrowed during the call: what authenticators may take headers from; NULL: nothing */
};
/* `answered` is called exactly once, never before this returns. */
void sm_grpc_channel_call(struct sm_grpc_channel *channel, const struct sm_grpc_call_options *options, sm_grpc_answered *answered, void *context);
