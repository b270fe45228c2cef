/* otlp.h - the otlp receiver between its files: otlp.c (options, life), otlp_grpc.c and otlp_http.c (requests), otlp_status.c (answers to failures).
 */
#pragma once

#include "net/grpc_server.h"
#include "net/http_server.h"
#include "pipeline/component.h"
#include "pipeline/outcome.h"
#include "telemetry/otlp.h"

struct sm_otlp_http_options {
    struct sm_http_server_options server;
    const char *traces_url_path, *metrics_url_path, *logs_url_path;
};

struct sm_otlp_options {
    struct sm_otlp_protocols {
        struct sm_grpc_server_options *grpc; /* NULL: off */
        struct sm_otlp_http_options *http;   /* NULL: off */
    } protocols;
};

/* Where the requests of one signal come in. Immutable after create. */
struct sm_otlp_route {
    struct sm_component *receiver; /* borrowed */
    enum sm_signal signal;
    char *http_path; /* owned; NULL without HTTP */
};

/* State of the instance: immutable after start, but for the count that stop keeps (main worker). */
struct sm_otlp_receiver {
    struct sm_component *component; /* borrowed */
    struct sm_grpc_server *grpc;    /* owned; NULL: off */
    struct sm_http_server *http;    /* owned; NULL: off */
    struct sm_otlp_route routes[SM_SIGNAL_COUNT];
    size_t route_count;
    unsigned servers_left;
    bool is_started, is_stopping;
};

bool sm_otlp_grpc_create(struct sm_otlp_receiver *receiver, struct sm_error *error) __attribute__((warn_unused_result));
bool sm_otlp_http_create(struct sm_otlp_receiver *receiver, struct sm_error *error) __attribute__((warn_unused_result));

/* ---- failures, as google.rpc.Status */
struct sm_otlp_status {
    enum sm_rpc_code code;
    struct sm_slice message;
    bool has_retry_after; /* RetryInfo */
    uint64_t retry_after_ns;
};
/* The status that a failed delivery is answered with; its message points into `outcome`. */
struct sm_otlp_status sm_otlp_status_of(const struct sm_outcome *outcome);
/* The HTTP status for a code (OTLP specification, "Failures"). */
int sm_otlp_http_status(enum sm_rpc_code code);
void sm_otlp_status_append_protobuf(const struct sm_otlp_status *status, struct sm_bytes *out);
void sm_otlp_status_append_json(const struct sm_otlp_status *status, struct sm_bytes *out);
