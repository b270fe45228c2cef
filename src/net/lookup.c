/* lookup.c - see lookup.h.
 *
 * On libevent's evdns. A name server base is made for each question: they are rare, and so changes of resolv.conf are seen. State: one question,
 * which outlives one that was cancelled: evdns calls back even then. */
#include "net/lookup.h"

#include "base/memory.h"
#include "pipeline/worker.h"

#include <stdio.h>
#include <stdlib.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

struct sm_lookup {
    struct sm_worker *worker;
    struct evdns_base *dns; /* owned */
    struct evdns_getaddrinfo_request *query;
    sm_lookup_done *done; /* NULL: cancelled */
    void *context;
    char host[256];
};

static void lookup_free(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_lookup *lookup = context;
    evdns_base_free(lookup->dns, 0);
    free(lookup);
}

static void on_resolved(int result, struct evutil_addrinfo *addresses, void *context)
{
    struct sm_lookup *lookup = context;
    char failure[512];
    /* From the loop: evdns is still using it. */
    sm_worker_post(lookup->worker, lookup_free, lookup);
    if (!lookup->done) {
        sm_lookup_free_addresses(addresses);
        return;
    }
    snprintf(failure, sizeof(failure), "lookup %s: %s", lookup->host, evutil_gai_strerror(result));
    lookup->done(lookup->worker, addresses, result != 0 ? failure : NULL, lookup->context);
}

static struct evdns_base *create_dns(struct sm_worker *worker)
{
    struct event_base *base = sm_worker_event_base(worker);
    struct evdns_base *dns = evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS);
    if (dns)
        return dns;
    dns = evdns_base_new(base, 0);
    if (!dns)
        sm_out_of_memory(0);
    evdns_base_load_hosts(dns, NULL);
    return dns;
}

struct sm_lookup *sm_lookup_start(struct sm_worker *worker, const struct sm_lookup_options *options)
{
    struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP, .ai_flags = EVUTIL_AI_NUMERICHOST};
    struct evutil_addrinfo *addresses = NULL;
    if (evutil_getaddrinfo(options->host, options->port, &hints, &addresses) == 0) {
        options->done(worker, addresses, NULL, options->context);
        return NULL;
    }
    hints.ai_flags = options->is_for_connecting ? EVUTIL_AI_ADDRCONFIG : 0;
    struct sm_lookup *lookup = sm_alloc(1, sizeof(*lookup));
    *lookup = (struct sm_lookup){.worker = worker, .dns = create_dns(worker), .done = options->done, .context = options->context};
    snprintf(lookup->host, sizeof(lookup->host), "%s", options->host);
    /* May call back at once (the hosts file): then the result is NULL, and nothing of it may be touched any more. */
    struct evdns_getaddrinfo_request *query = evdns_getaddrinfo(lookup->dns, options->host, options->port, &hints, on_resolved, lookup);
    if (!query)
        return NULL;
    lookup->query = query;
    return lookup;
}

void sm_lookup_cancel(struct sm_lookup *lookup)
{
    if (!lookup)
        return;
    lookup->done = NULL;
    evdns_getaddrinfo_cancel(lookup->query);
}

void sm_lookup_free_addresses(struct addrinfo *addresses)
{
    if (addresses)
        evutil_freeaddrinfo(addresses);
}
