/* resolver.c - see resolver.h. */
#include "exporters/load_balancing/resolver.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "net/lookup.h"
#include "pipeline/component.h"
#include "pipeline/worker.h"

struct sm_resolver {
    struct sm_component *exporter;
    struct sm_resolver_options options;
    sm_resolver_changed *changed;
    sm_resolver_tried *tried;
    struct sm_timer *timer, *limit_timer; /* owned */
    struct sm_lookup *lookup;             /* NULL: none under way */
    char **backends;                      /* owned; as last told */
    size_t count;
    bool has_told;
};

static void free_list(char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

/* "192.0.2.1:4317", "[2001:db8::1]:4317". */
static char *backend_text(const struct addrinfo *address, const char *port)
{
    char host[NI_MAXHOST], text[NI_MAXHOST + 64];
    if (getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof(host), NULL, 0, NI_NUMERICHOST) != 0)
        return NULL;
    bool is_v6 = address->ai_family == AF_INET6;
    snprintf(text, sizeof(text), "%s%s%s%s%s", is_v6 ? "[" : "", host, is_v6 ? "]" : "", *port ? ":" : "", port);
    return sm_strdup(text);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_same(const struct sm_resolver *resolver, char **list, size_t count)
{
    for (size_t i = 0; i < count && count == resolver->count; i++)
        if (strcmp(list[i], resolver->backends[i]) != 0)
            return false;
    return count == resolver->count;
}

static void take_addresses(struct sm_resolver *resolver, const struct addrinfo *addresses)
{
    size_t count = 0;
    for (const struct addrinfo *address = addresses; address; address = address->ai_next)
        count++;
    char **list = sm_alloc(count + 1, sizeof(char *));
    count = 0;
    for (const struct addrinfo *address = addresses; address; address = address->ai_next) {
        list[count] = backend_text(address, resolver->options.port);
        count += list[count] != NULL;
    }
    qsort(list, count, sizeof(char *), by_text);
    resolver->tried(resolver->exporter, true);
    if (resolver->has_told && is_same(resolver, list, count)) {
        free_list(list, count);
        return;
    }
    free_list(resolver->backends, resolver->count);
    resolver->backends = list;
    resolver->count = count;
    resolver->has_told = true;
    resolver->changed(resolver->exporter, (const char *const *)list, count);
}

static void fail(struct sm_resolver *resolver, const char *why)
{
    resolver->tried(resolver->exporter, false);
    sm_log(SM_LOG_WARN, &resolver->exporter->logger, "failed to resolve", SM_LOG_STR("resolver", "dns"), SM_LOG_STR("error", why));
}

static void on_looked_up(struct sm_worker *worker, struct addrinfo *addresses, const char *failure, void *context)
{
    (void)worker;
    struct sm_resolver *resolver = context;
    resolver->lookup = NULL;
    sm_timer_disarm(resolver->limit_timer);
    if (failure)
        fail(resolver, failure);
    else
        take_addresses(resolver, addresses);
    sm_lookup_free_addresses(addresses);
}

static void on_limit(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_resolver *resolver = context;
    sm_lookup_cancel(resolver->lookup);
    resolver->lookup = NULL;
    fail(resolver, "no answer within the timeout");
}

static void on_interval(struct sm_worker *worker, void *context)
{
    struct sm_resolver *resolver = context;
    if (resolver->lookup)
        return;
    sm_timer_arm(resolver->limit_timer, resolver->options.timeout_ns, false);
    const struct sm_lookup_options options = {.host = resolver->options.hostname, .port = NULL, .done = on_looked_up, .context = resolver};
    resolver->lookup = sm_lookup_start(worker, &options);
}

struct sm_resolver *sm_resolver_start(struct sm_component *exporter, const struct sm_resolver_options *options, sm_resolver_changed *changed,
                                      sm_resolver_tried *tried)
{
    struct sm_worker *main_worker = sm_workers_main(exporter->workers);
    struct sm_resolver *resolver = sm_alloc(1, sizeof(*resolver));
    *resolver = (struct sm_resolver){.exporter = exporter, .options = *options, .changed = changed, .tried = tried};
    resolver->timer = sm_timer_create(main_worker, on_interval, resolver);
    resolver->limit_timer = sm_timer_create(main_worker, on_limit, resolver);
    on_interval(main_worker, resolver);
    sm_timer_arm(resolver->timer, options->interval_ns, true);
    return resolver;
}

void sm_resolver_stop(struct sm_resolver *resolver)
{
    if (!resolver)
        return;
    sm_lookup_cancel(resolver->lookup);
    sm_timer_free(resolver->timer);
    sm_timer_free(resolver->limit_timer);
    free_list(resolver->backends, resolver->count);
    free(resolver);
}
