/* jaeger.h - the jaeger receiver between its files.
 *
 *     jaeger.c        options, life
 *     jaeger_grpc.c   jaeger.api_v2.CollectorService/PostSpans
 *     jaeger_http.c   thrift over HTTP, /api/traces
 *     jaeger_udp.c    thrift in datagrams, as the agent takes them
 *     protobuf.c      api_v2 messages, and        thrift.c   jaeger.thrift structs, both to …
 *     spans.c         … struct sm_jaeger_span, and from there to OTLP
 *
 * The decoders take a whole message: a batch (empty: nothing was in it), or NULL with `error`; one bad span refuses all. No state; any thread. */
#pragma once

#include "net/grpc_server.h"
#include "net/http_server.h"
#include "pipeline/component.h"
#include "telemetry/span_builder.h"
#include "wire/thrift.h"

struct sm_jaeger_udp_options {
    const char *endpoint;
    int64_t queue_size, max_packet_size, workers, socket_buffer_size;
};

struct sm_jaeger_options {
    struct sm_jaeger_protocols {
        struct sm_grpc_server_options *grpc; /* NULL, here and below: off */
        struct sm_http_server_options *thrift_http;
        struct sm_jaeger_udp_options *thrift_binary, *thrift_compact;
    } protocols;
};

struct sm_jaeger_udp;
struct sm_outcome;

/* Immutable after start, but for the count that stop keeps (main worker). */
struct sm_jaeger_receiver {
    struct sm_component *component; /* borrowed */
    struct sm_grpc_server *grpc;    /* owned, as below; NULL: off */
    struct sm_http_server *http;
    struct sm_jaeger_udp *compact, *binary;
    unsigned servers_left;
    bool is_started, is_stopping;
};

bool sm_jaeger_grpc_create(struct sm_jaeger_receiver *receiver, struct sm_error *error) __attribute__((warn_unused_result));
bool sm_jaeger_http_create(struct sm_jaeger_receiver *receiver, struct sm_error *error) __attribute__((warn_unused_result));

/* ---- datagrams */
struct sm_jaeger_udp *sm_jaeger_udp_create(struct sm_component *component, const struct sm_jaeger_udp_options *options,
                                           enum sm_thrift_protocol protocol);
bool sm_jaeger_udp_start(struct sm_jaeger_udp *udp, struct sm_error *error) __attribute__((warn_unused_result));
/* What has come is still delivered, then `stopped(context)` runs on the main worker. */
void sm_jaeger_udp_stop(struct sm_jaeger_udp *udp, void (*stopped)(void *context), void *context);
void sm_jaeger_udp_free(struct sm_jaeger_udp *udp); /* NULL is allowed */

/* ---- formats */
/* A PostSpansRequest. */
struct sm_batch *sm_jaeger_decode_protobuf(struct sm_slice message, struct sm_decode_error *error) __attribute__((warn_unused_result));
/* A Batch as it stands, in the binary protocol. */
struct sm_batch *sm_jaeger_decode_thrift(struct sm_slice message, struct sm_decode_error *error) __attribute__((warn_unused_result));
/* A call of Agent.emitBatch. */
struct sm_batch *sm_jaeger_decode_thrift_call(struct sm_slice message, enum sm_thrift_protocol protocol, struct sm_decode_error *error)
    __attribute__((warn_unused_result));

/* ---- what the formats say of a span, beyond what stands in the span that is built already */
enum { SM_JAEGER_CHILD_OF = 0, SM_JAEGER_FOLLOWS_FROM = 1 };

struct sm_jaeger_reference {
    uint64_t trace_id_high, trace_id_low, span_id;
    int32_t type;
};

struct sm_jaeger_span {
    struct sm_built_span *built; /* borrowed: builder; name, times, tags as attributes, logs as events */
    uint64_t trace_id_high, trace_id_low, span_id;
    uint64_t parent_id;                     /* said outright; 0: look at the references */
    struct sm_jaeger_reference *references; /* borrowed: arena */
    size_t reference_count, reference_capacity;
    bool has_trace_state; /* the format knows the tag w3c.tracestate */
};

struct sm_jaeger_reference *sm_jaeger_add_reference(struct sm_jaeger_span *span, struct sm_arena *arena) __attribute__((returns_nonnull));
/* Fills the rest of the span: ids, kind, status, links. */
void sm_jaeger_finish_span(struct sm_span_builder *builder, struct sm_jaeger_span *span);
/* The event's name out of its attributes. */
void sm_jaeger_finish_event(struct sm_built_event *event);
/* Renames what a process calls otherwise than a resource. */
void sm_jaeger_finish_resource(struct sm_built_resource *resource, struct sm_arena *arena);
