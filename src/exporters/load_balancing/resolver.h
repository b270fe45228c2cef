/* resolver.h - the next hops behind a name of DNS, asked for again and again. Main worker only.
 *
 * Source: opentelemetry-collector-contrib exporter/loadbalancingexporter/resolver_dns.go. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sm_component;
struct sm_resolver;

struct sm_resolver_options {
    const char *hostname, *port; /* borrowed; port "": addresses without one */
    uint64_t interval_ns, timeout_ns;
};

/* The list, sorted, borrowed during the call: at the first success and whenever it has changed. */
typedef void sm_resolver_changed(struct sm_component *exporter, const char *const *backends, size_t count);
/* An attempt has ended. */
typedef void sm_resolver_tried(struct sm_component *exporter, bool is_success);

/* Asks at once; what needs no name server is told before this returns. Who has something to send waits for the end of the first attempt. The
 * reference waits in its start: here the main worker would stand still, and with it what a reload takes over from. */
struct sm_resolver *sm_resolver_start(struct sm_component *exporter, const struct sm_resolver_options *options, sm_resolver_changed *changed,
                                      sm_resolver_tried *tried);
/* Neither is called any more. NULL is allowed. */
void sm_resolver_stop(struct sm_resolver *resolver);
