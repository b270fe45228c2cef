/* edges.h - calls between services of which one span has come and the other is awaited.
 *
 * An edge is a client's or producer's span and the server's or consumer's span whose parent it is; its key is the trace and the caller's span. Edges
 * leave in the order they came, when they are complete or after their time. Not thread-safe: the owner holds its lock. Source:
 * servicegraphconnector/internal/store. */
#pragma once

#include "base/hash.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum sm_connection { SM_CONNECTION_UNKNOWN, SM_CONNECTION_MESSAGING, SM_CONNECTION_DATABASE, SM_CONNECTION_VIRTUAL };

/* What is known of a call. A slice with ptr NULL is absent; an empty service is not known. */
struct sm_edge {
    struct sm_slice client, server;
    struct sm_slice peer;        /* who a client's span says it has called */
    struct sm_slice *dimensions; /* a client's and a server's value for each: `2 * dimension_count`; NULL: none */
    double client_duration, server_duration;
    enum sm_connection connection;
    bool has_failed;
    bool has_caller; /* the key has a span ID */
    struct sm_slice virtual_label;
};

enum sm_edge_side { SM_EDGE_CLIENT, SM_EDGE_SERVER };

/* One span's half, pointing into its batch. */
struct sm_half_edge {
    struct sm_hash128 key;
    enum sm_edge_side side;
    struct sm_edge edge; /* the members of that side; of a database call both services */
};

struct sm_edges;
struct sm_edges *sm_edges_create(size_t dimension_count, size_t limit, uint64_t ttl_ns) __attribute__((returns_nonnull, warn_unused_result));
void sm_edges_free(struct sm_edges *edges); /* NULL is allowed */

enum sm_edges_result { SM_EDGES_KNOWN, SM_EDGES_NEW, SM_EDGES_FULL };
/* Adds a half; `complete` is called when the edge has both services, which then leaves. The edge is valid during the call. */
enum sm_edges_result sm_edges_put(struct sm_edges *edges, const struct sm_half_edge *half, uint64_t now_ns,
                                  void (*complete)(void *context, const struct sm_edge *edge), void *context);
/* Lets go the edges whose time has passed, `expire` called for each. */
void sm_edges_expire(struct sm_edges *edges, uint64_t now_ns, void (*expire)(void *context, const struct sm_edge *edge), void *context);
