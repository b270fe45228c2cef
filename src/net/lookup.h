/* lookup.h - the addresses of a name, without blocking: numbers, the hosts file, the name servers of resolv.conf. Worker-local. */
#pragma once

#include <netdb.h>
#include <stdbool.h>

struct sm_lookup;
struct sm_worker;

/* `addresses` is the callee's (sm_lookup_free_addresses), in the order to try them; NULL with `failure` in one line. */
typedef void sm_lookup_done(struct sm_worker *worker, struct addrinfo *addresses, const char *failure, void *context);

struct sm_lookup_options {
    const char *host, *port; /* copied */
    bool is_for_connecting;  /* only the families that this machine has addresses of */
    sm_lookup_done *done;
    void *context;
};
/* `done` is called once. What needs no name server may call it before this returns: then the result is NULL. */
struct sm_lookup *sm_lookup_start(struct sm_worker *worker, const struct sm_lookup_options *options);
/* `done` will not be called. NULL is allowed. */
void sm_lookup_cancel(struct sm_lookup *lookup);
void sm_lookup_free_addresses(struct addrinfo *addresses); /* NULL is allowed */
