/* server_life.h - what the HTTP and the gRPC server share: a listener, TLS, the connections of each worker, and stopping.
 *
 * Connections are kept in one list per worker, touched by that worker only. Stopping closes the listener, asks every worker to end its connections,
 * and tells when the last is gone. The user embeds `struct sm_server_life` in the server and `struct sm_server_link` in its connections. */
#pragma once

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>

struct sm_listener;
struct sm_server_life;
struct sm_stream;
struct sm_tls_context;
struct sm_tls_server_options;
struct sm_worker;
struct sm_workers;

/* Worker-local; the first member of a connection. */
struct sm_server_link {
    struct sm_server_link *next, **back;
    struct sm_server_life *life;
    struct sm_worker *worker; /* borrowed */
    bool is_unloaded;         /* no longer part of the worker's load */
};

struct sm_server_kind {
    const char *name;        /* for the log: "gRPC" */
    const char *const *alpn; /* NULL-terminated */
    /* A connection came (takes `fd`); it links itself with sm_server_link_add. */
    void (*accepted)(struct sm_server_life *life, struct sm_worker *worker, int fd, const char *peer);
    /* The server stops: end this connection when what is open on it is done. May remove it at once. */
    void (*end_connection)(struct sm_server_link *link);
};

/* Immutable after start, but for the lists (worker-local), the counts (atomic) and the members that stop writes (main worker). */
struct sm_server_life {
    const struct sm_server_kind *kind;
    struct sm_workers *workers;   /* borrowed */
    struct sm_tls_context *tls;   /* owned; NULL: plain */
    struct sm_listener *listener; /* owned; NULL: not started, or stopped */
    const char *const *endpoint;  /* borrowed: the member of the options, which is blamed when the address cannot be had */
    const char *transport;        /* borrowed: options */
    struct sm_server_list *lists; /* owned: one per worker */
    unsigned list_count;
    atomic_uint connection_count;     /* any thread */
    struct sm_server_life *successor; /* borrowed: who has the address after this one stopped (a reload) and takes idle connections; NULL: nobody */
    unsigned lists_left;              /* main worker, while stopping */
    void (*stopped)(void *context);
    void *stopped_context;
    char address[320];
};

enum { SM_SERVER_CONNECTION_LIMIT = 10000 };

/* Opens nothing, but refuses an address that no start could open. */
bool sm_server_life_init(struct sm_server_life *life, const struct sm_server_kind *kind, struct sm_workers *workers, const char *const *endpoint,
                         const char *transport, const struct sm_tls_server_options *tls, struct sm_error *error) __attribute__((warn_unused_result));
bool sm_server_life_start(struct sm_server_life *life, struct sm_error *error) __attribute__((warn_unused_result));
void sm_server_life_stop(struct sm_server_life *life, void (*stopped)(void *context), void *context);
void sm_server_life_deinit(struct sm_server_life *life);

/* On the connection's worker. `remove` also takes the connection off the worker's load and, when the server stops, may tell that it has. */
void sm_server_link_add(struct sm_server_life *life, struct sm_worker *worker, struct sm_server_link *link);
void sm_server_link_remove(struct sm_server_link *link);
/* The connection ends with what is being sent: another may take its place on the worker. */
void sm_server_link_unload(struct sm_server_link *link);
/* A client's connection failed: told to the log when it never got beyond the TLS handshake, in bounded numbers as every line. */
void sm_server_life_note_failure(const struct sm_server_life *life, const struct sm_stream *stream, const char *peer, const char *reason);
/* Whether the server stops: no new requests on this connection. */
bool sm_server_link_is_stopping(const struct sm_server_link *link);
