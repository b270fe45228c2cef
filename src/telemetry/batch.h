/* batch.h - telemetry on its way through the pipelines: encoded bytes first, decoded fields beside them.
 *
 * A batch holds one or more OTLP export requests' worth of one signal:
 *
 *     batch -> resource groups -> scope groups -> items (spans, metrics or log records)
 *
 * Every level keeps `raw`, the bytes of its protobuf message as received, and the fields that components ask for. What nobody changed is encoded by
 * copying `raw`; `changed` says that the decoded fields differ from it. Fields that are not decoded (unknown ones too) are copied from `raw` even
 * for a changed item. To remove something set its `dropped`; counts are then brought up to date with sm_batch_recount.
 *
 * A packed batch has no index: it is a list of encoded requests and the number of their items, all that a queue needs. It takes a third of the
 * memory, and joining, cutting and copying it touch no item. Only components with `.takes_packed` are given one (pipeline/component.h).
 *
 * Ownership: a batch is reference-counted. It owns its arena and keeps the buffers and batches that its slices point into. Consuming takes one
 * reference. A component that declares `.mutates` is given a batch that nobody else holds; all others must not write to it (lazy decoding excepted).
 * Threads: one worker at a time; handing a batch to another worker is a message.
 * Source: opentelemetry-proto, collector/{trace,metrics,logs}/v1. */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "telemetry/signal.h"
#include "telemetry/value.h"

#include <stdatomic.h>

struct sm_span;
struct sm_metric;
struct sm_log_record;
struct sm_delivery;
struct sm_metadata;

enum { SM_CLIENT_SIZE_MAX = 46 }; /* as INET6_ADDRSTRLEN */

struct sm_resource {
    struct sm_slice raw; /* Resource message */
    struct sm_attributes attributes;
    uint32_t dropped_attributes_count;
    bool changed;
};

struct sm_scope {
    struct sm_slice raw; /* InstrumentationScope message */
    struct sm_slice name, version;
    struct sm_attributes attributes;
    uint32_t dropped_attributes_count;
    bool changed;
};

struct sm_scope_group {
    struct sm_slice raw; /* ScopeSpans / ScopeMetrics / ScopeLogs message */
    struct sm_scope scope;
    struct sm_slice schema_url;
    union {
        struct sm_span *spans;             /* borrowed: arena */
        struct sm_metric *metrics;         /* borrowed: arena */
        struct sm_log_record *log_records; /* borrowed: arena */
    };
    size_t count; /* of items, dropped ones included */
    bool changed; /* this level or anything below */
    bool dropped;
    bool _has_unknown; /* `raw` holds fields that are not decoded */
};

struct sm_resource_group {
    struct sm_slice raw; /* ResourceSpans / ResourceMetrics / ResourceLogs message */
    struct sm_resource resource;
    struct sm_slice schema_url;
    struct sm_scope_group *scopes; /* borrowed: arena */
    size_t count;                  /* dropped ones included */
    uint32_t _scope_capacity;      /* 0: unknown, filled by the decoder */
    bool changed;                  /* this level or anything below */
    bool dropped;
    bool _has_unknown; /* `raw` holds fields that are not decoded */
};

/* One thing that a batch keeps alive. */
struct sm_batch_keep {
    struct sm_buffer *buffer; /* shared, may be NULL */
    struct sm_batch *batch;   /* shared, may be NULL */
};

/* One request of a packed batch. */
struct sm_batch_part {
    struct sm_slice raw;      /* borrowed: buffer */
    struct sm_buffer *buffer; /* shared */
    size_t item_count;
    bool is_run; /* the sender writes on behind it in the same buffer: it is not copied when batches are joined */
};

struct sm_batch {
    atomic_uint _references;
    enum sm_signal signal;
    struct sm_arena arena;            /* owned: the index, decoded parts, changed content */
    struct sm_resource_group *groups; /* borrowed: arena */
    size_t count, capacity;           /* of groups, dropped ones included */
    size_t item_count;                /* spans, data points or log records, without dropped ones */
    bool changed;                     /* anything below */
    bool is_packed;                   /* `groups` is empty, `_parts` holds everything */
    struct sm_batch_part *_parts;     /* owned */
    size_t _part_count;
    struct sm_slice raw;              /* the whole request while nothing is merged or split; empty otherwise */
    struct sm_delivery *delivery;     /* shared, may be NULL: whom to tell how it ended (pipeline/delivery.h) */
    struct sm_metadata *metadata;     /* shared, may be NULL: the client's headers (telemetry/metadata.h) */
    struct sm_metadata *grpc_headers; /* shared, may be NULL: headers of a gRPC request, when somebody wants them (sm_metadata_want_grpc) */
    uint16_t client_port;             /* 0: the receiver does not tell it */
    char client[SM_CLIENT_SIZE_MAX];  /* IP address of the client without port; "": not known, or the batch has several */
    struct sm_batch_keep *_keeps;     /* owned: buffers and batches that slices point into */
    size_t _keep_count;
};

/* From "192.0.2.1:4711" or "[::1]:4711"; anything else is no IP address. */
void sm_batch_set_client(struct sm_batch *batch, const char *peer);
/* The port of "192.0.2.1:4711": receivers whose clients have one in the reference (gRPC) tell it. */
void sm_batch_set_client_port(struct sm_batch *batch, const char *peer);
/* What is known of the client, its metadata and its address, goes with another batch too. */
void sm_batch_share_client(const struct sm_batch *batch, struct sm_batch *other);

/* An empty batch with one reference. */
struct sm_batch *sm_batch_create(enum sm_signal signal) __attribute__((returns_nonnull, warn_unused_result));
struct sm_batch *sm_batch_retain(struct sm_batch *batch);
/* NULL is allowed. The last release frees the arena and what was kept, and releases the metadata. Does not complete or release the delivery. */
void sm_batch_release(struct sm_batch *batch);
bool sm_batch_is_shared(const struct sm_batch *batch);

/* Keeps `buffer` / `source` alive as long as `batch` (retains it). */
void sm_batch_keep_buffer(struct sm_batch *batch, struct sm_buffer *buffer);
void sm_batch_keep_batch(struct sm_batch *batch, struct sm_batch *source);

/* The one buffer that it keeps, when that is all; NULL otherwise. Borrowed. */
struct sm_buffer *sm_batch_only_buffer(const struct sm_batch *batch);

/* A batch with an index of its own over the same bytes, which may be changed while others read `batch`. Decoded values are copied as deep as a change
 * could reach. Delivery and metadata are not carried over. */
struct sm_batch *sm_batch_clone(struct sm_batch *batch) __attribute__((returns_nonnull, warn_unused_result));

/* A packed batch of one part, which must be a sound request with so many items; retains its buffer. */
struct sm_batch *sm_batch_create_packed(enum sm_signal signal, const struct sm_batch_part *part) __attribute__((returns_nonnull, warn_unused_result));
/* Appends one part to a batch that is packed or empty, as sm_batch_append does; retains its buffer. */
void sm_batch_append_part(struct sm_batch *batch, const struct sm_batch_part *part);
/* The same content packed; takes the reference and returns that of `batch` or of another batch, which then carries delivery, metadata and client.
 * What nobody changed stays the buffer it came in, the rest is written into a buffer of its own; everything else that `batch` held is let go. */
struct sm_batch *sm_batch_pack(struct sm_batch *batch) __attribute__((returns_nonnull, warn_unused_result));
/* Makes the index of a packed batch again; does nothing to others. Needs an unshared batch. */
void sm_batch_unpack(struct sm_batch *batch);

/* Appends the groups of `source`, which is kept. Same signal. Deliveries and metadata are not touched. When nobody else holds `source` its index is
 * taken over, not copied: the caller may only release it afterwards. Packed batches stay packed when both are (or `batch` is empty). */
void sm_batch_append(struct sm_batch *batch, struct sm_batch *source);

/* Cuts off the first `item_count` items (spans, data points, log records) into a new batch; inside resources, scopes and metrics where needed, as the
 * reference's batch processor does. `batch` keeps the rest. Needs an unshared batch. Delivery and metadata are not carried over. */
struct sm_batch *sm_batch_split(struct sm_batch *batch, size_t item_count) __attribute__((returns_nonnull, warn_unused_result));

/* Appends the spans or log records `indexes` of a scope of `source` as a resource group of its own; `source` is kept and only read. An item may be
 * taken once: what is decoded of it lives on in the copy. It may be taken again by who changes none of the copies. Batches that take from one source
 * may be on different workers. */
void sm_batch_append_items(struct sm_batch *batch, struct sm_batch *source, const struct sm_resource_group *group, const struct sm_scope_group *scope,
                           const uint32_t *indexes, size_t count);

/* Appends one resource group of `source`, which is kept, with all that it holds. None of the two may be changed afterwards. */
void sm_batch_append_group(struct sm_batch *batch, struct sm_batch *source, const struct sm_resource_group *group);

/* Appends a group / scope / items made by hand, for components that create telemetry. The result is zeroed and marked changed. */
struct sm_resource_group *sm_batch_add_resource(struct sm_batch *batch);
struct sm_scope_group *sm_batch_add_scope(struct sm_batch *batch, struct sm_resource_group *group);

/* Marks a changed item's whole path. `scope` may be NULL when only the resource changed. */
static inline void sm_batch_mark_changed(struct sm_batch *batch, struct sm_resource_group *group, struct sm_scope_group *scope)
{
    batch->changed = true;
    group->changed = true;
    if (scope)
        scope->changed = true;
}

/* After setting `dropped` flags: drops scopes and resources left without items (as the reference does), marks what changed, and updates `item_count`.
 */
void sm_batch_recount(struct sm_batch *batch);

/* Size of the batch as an OTLP protobuf request, in bytes, without encoding it. */
size_t sm_batch_encoded_size(const struct sm_batch *batch);
