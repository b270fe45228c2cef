/* server_life.c - see server_life.h. */
#include "net/server_life.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "net/listener.h"
#include "net/stream.h"
#include "net/tls.h"
#include "pipeline/worker.h"

/* Worker-local. */
struct sm_server_list {
    struct sm_server_life *life;
    struct sm_server_link *first;
    bool is_stopping;
};

/* With no workers beside it (tests, tools) the main worker carries the connections. */
static struct sm_worker *list_worker(const struct sm_server_life *life, unsigned index)
{
    return sm_workers_count(life->workers) == 0 ? sm_workers_main(life->workers) : sm_workers_get(life->workers, index);
}

static struct sm_server_list *list_of(const struct sm_server_life *life, const struct sm_worker *worker)
{
    int index = sm_worker_index(worker);
    return &life->lists[index < 0 ? 0 : index];
}

bool sm_server_life_init(struct sm_server_life *life, const struct sm_server_kind *kind, struct sm_workers *workers, const char *const *endpoint,
                         const char *transport, const struct sm_tls_server_options *tls, struct sm_error *error)
{
    life->kind = kind;
    life->workers = workers;
    life->endpoint = endpoint;
    life->transport = transport && *transport ? transport : "tcp";
    const struct sm_listener_options listened = {.endpoint = *endpoint, .transport = life->transport};
    if (!sm_listener_check(&listened, error)) {
        sm_error_blame(error, endpoint);
        return sm_error_of_start(error);
    }
    if (tls) {
        life->tls = sm_tls_server_context_create(tls, kind->alpn, error);
        if (!life->tls)
            return false;
    }
    unsigned count = sm_workers_count(workers);
    life->list_count = count ? count : 1;
    life->lists = sm_alloc(life->list_count, sizeof(*life->lists));
    for (unsigned i = 0; i < life->list_count; i++)
        life->lists[i].life = life;
    return true;
}

static void on_accepted(struct sm_worker *worker, int fd, const char *peer, void *context)
{
    struct sm_server_life *life = context;
    /* Relaxed: only a limit, nothing is ordered by it. */
    if (atomic_load_explicit(&life->connection_count, memory_order_relaxed) >= SM_SERVER_CONNECTION_LIMIT) {
        sm_log(SM_LOG_WARN, NULL, "too many connections, closing a new one", SM_LOG_STR("server", life->kind->name),
               SM_LOG_STR("address", life->address), SM_LOG_INT("limit", SM_SERVER_CONNECTION_LIMIT));
        close(fd);
        sm_worker_add_load(worker, -1);
        return;
    }
    life->kind->accepted(life, worker, fd, peer);
}

bool sm_server_life_start(struct sm_server_life *life, struct sm_error *error)
{
    struct sm_listener_options options = {.endpoint = *life->endpoint, .transport = life->transport};
    life->listener = sm_listener_open(life->workers, &options, on_accepted, life, error);
    if (!life->listener)
        return sm_error_blame(error, life->endpoint);
    snprintf(life->address, sizeof(life->address), "%s", sm_listener_address(life->listener));
    return true;
}

/* ---- stopping */

static void list_stopped(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_server_life *life = context;
    if (--life->lists_left == 0 && life->stopped)
        life->stopped(life->stopped_context);
}

static void tell_when_empty(struct sm_server_list *list)
{
    if (list->is_stopping && !list->first)
        sm_worker_post(sm_workers_main(list->life->workers), list_stopped, list->life);
}

static void stop_list(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_server_list *list = context;
    list->is_stopping = true;
    if (!list->first) {
        tell_when_empty(list);
        return;
    }
    /* Ending one may end itself at once, never another; the last one tells. */
    for (struct sm_server_link *link = list->first, *next; link; link = next) {
        next = link->next;
        list->life->kind->end_connection(link);
    }
}

/* The server of the same kind that a reload has put on this address, if both speak plain text (a TLS session belongs to its context). It is there as
 * long as this one stops: its own stop would reach the workers later. */
static struct sm_server_life *find_successor(const struct sm_server_life *life)
{
    void *context = NULL;
    if (!life->listener || sm_listener_successor(life->listener, &context) != on_accepted)
        return NULL;
    struct sm_server_life *successor = context;
    return successor->kind == life->kind && !successor->tls && !life->tls ? successor : NULL;
}

void sm_server_life_stop(struct sm_server_life *life, void (*stopped)(void *context), void *context)
{
    sm_worker_assert(sm_workers_main(life->workers));
    life->successor = find_successor(life);
    sm_listener_close(life->listener);
    life->listener = NULL;
    life->stopped = stopped;
    life->stopped_context = context;
    life->lists_left = life->list_count;
    for (unsigned i = 0; i < life->list_count; i++)
        sm_worker_post(list_worker(life, i), stop_list, &life->lists[i]);
}

void sm_server_life_deinit(struct sm_server_life *life)
{
    sm_listener_close(life->listener);
    sm_tls_context_free(life->tls);
    free(life->lists);
}

/* ---- connections */

void sm_server_link_add(struct sm_server_life *life, struct sm_worker *worker, struct sm_server_link *link)
{
    struct sm_server_list *list = list_of(life, worker);
    *link = (struct sm_server_link){.next = list->first, .back = &list->first, .life = life, .worker = worker};
    if (link->next)
        link->next->back = &link->next;
    list->first = link;
    atomic_fetch_add_explicit(&life->connection_count, 1, memory_order_relaxed);
}

void sm_server_link_unload(struct sm_server_link *link)
{
    if (!link->is_unloaded)
        sm_worker_add_load(link->worker, -1);
    link->is_unloaded = true;
}

void sm_server_link_remove(struct sm_server_link *link)
{
    struct sm_server_life *life = link->life;
    sm_worker_assert(link->worker);
    *link->back = link->next;
    if (link->next)
        link->next->back = link->back;
    atomic_fetch_sub_explicit(&life->connection_count, 1, memory_order_relaxed);
    sm_server_link_unload(link);
    tell_when_empty(list_of(life, link->worker));
}

void sm_server_life_note_failure(const struct sm_server_life *life, const struct sm_stream *stream, const char *peer, const char *reason)
{
    if (sm_stream_has_failed_handshake(stream))
        sm_log(SM_LOG_WARN, NULL, "A client's TLS handshake failed", SM_LOG_STR("server", life->kind->name), SM_LOG_STR("address", life->address),
               SM_LOG_STR("peer", peer), SM_LOG_STR("error", reason));
}

bool sm_server_link_is_stopping(const struct sm_server_link *link)
{
    return list_of(link->life, link->worker)->is_stopping;
}
