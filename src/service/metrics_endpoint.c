/* metrics_endpoint.c - see metrics_endpoint.h. Every request collects the own metrics anew and writes them as a page of prometheus/scrape.h.
 * Source: contrib/otelconf (prometheus reader), opentelemetry-go exporters/prometheus. */
#include "service/metrics_endpoint.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/memory.h"
#include "net/http_route.h"
#include "net/http_server.h"
#include "pipeline/config.h"
#include "pipeline/own_metrics.h"
#include "prometheus/scrape.h"
#include "service/identity.h"

/* Immutable after create. */
struct sm_metrics_endpoint {
    struct sm_arena arena;                  /* owned */
    const struct sm_string_map *identity;   /* borrowed */
    const struct sm_metrics_reader *reader; /* borrowed */
    struct sm_http_server *server;          /* owned */
    struct sm_http_server_options http;
    struct sm_prometheus_options prometheus;
};

static void answer(struct sm_http_request *request, void *context)
{
    const struct sm_metrics_endpoint *endpoint = context;
    const struct sm_slice path = SM_SLICE("/metrics");
    if (sm_http_route(request, &path, 1) < 0)
        return;
    struct sm_prometheus_format format = sm_prometheus_negotiate(sm_http_request_header(request, SM_SLICE("Accept")), false);
    struct sm_batch *batch = sm_own_metrics_collect();
    sm_identity_apply(endpoint->identity, batch);
    uint64_t now = sm_clock_mono_ns();
    struct sm_prometheus_set *set = sm_prometheus_set_create(&endpoint->prometheus, NULL);
    struct sm_bytes page = {0};
    sm_prometheus_set_add(set, batch, now);
    sm_prometheus_write(set, format, now, &page);
    sm_prometheus_respond(request, format, &page);
    sm_bytes_deinit(&page);
    sm_prometheus_set_free(set);
    sm_batch_release(batch);
}

static bool is_in(const struct sm_string_list *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

/* The attributes that with_resource_constant_labels puts on every series: those included (without a list all), less those excluded. */
static struct sm_string_map select_labels(const struct sm_metrics_reader *reader, const struct sm_string_map *identity, struct sm_arena *arena)
{
    struct sm_string_map labels = {.entries = sm_arena_zalloc(arena, identity->count, sizeof(*labels.entries))};
    for (size_t i = 0; reader->has_resource_labels && i < identity->count; i++) {
        const char *name = identity->entries[i].key;
        if ((reader->included_labels.count == 0 || is_in(&reader->included_labels, name)) && !is_in(&reader->excluded_labels, name))
            labels.entries[labels.count++] = identity->entries[i];
    }
    return labels;
}

/* The options of the server are not the user's. */
static bool fail(const struct sm_metrics_endpoint *endpoint, struct sm_error *error)
{
    error->option = endpoint->reader->option;
    if (!endpoint->reader->option) {
        error->advice[0] = '\0';
        sm_error_advise(error, "own metrics are shown there unless service::telemetry::metrics has readers with another port, or level: none");
    }
    return sm_error_wrap(error, "own metrics");
}

struct sm_metrics_endpoint *sm_metrics_endpoint_create(struct sm_workers *workers, const struct sm_metrics_reader *reader,
                                                       const struct sm_string_map *identity, struct sm_error *error)
{
    struct sm_metrics_endpoint *endpoint = sm_alloc(1, sizeof(*endpoint));
    bool is_ipv6 = strchr(reader->host, ':') && *reader->host != '[';
    endpoint->identity = identity;
    endpoint->reader = reader;
    sm_options_fill_defaults(sm_http_server_option_table, &endpoint->http, sizeof(endpoint->http), &endpoint->arena);
    endpoint->http.endpoint = sm_arena_printf(&endpoint->arena, is_ipv6 ? "[%s]:%u" : "%s:%u", reader->host, (unsigned)reader->port);
    bool has_suffixes = !reader->without_units || !reader->without_type_suffix; /* as in the reference: both kinds, or none */
    endpoint->prometheus = (struct sm_prometheus_options){
        .never_expires = true,
        .with_unit_suffix = has_suffixes,
        .with_type_suffix = has_suffixes,
        .keeps_utf8 = true,
        .without_scope_info = reader->without_scope_info,
        .without_job_and_instance = true,
        .target_info = SM_PROMETHEUS_TARGET_INFO_ALL,
        .const_labels = select_labels(reader, identity, &endpoint->arena),
    };
    endpoint->server = sm_http_server_create(workers, &endpoint->http, answer, endpoint, NULL, error);
    if (endpoint->server)
        return endpoint;
    fail(endpoint, error);
    sm_metrics_endpoint_free(endpoint);
    return NULL;
}

bool sm_metrics_endpoint_start(struct sm_metrics_endpoint *endpoint, struct sm_error *error)
{
    return sm_http_server_start(endpoint->server, error) || fail(endpoint, error);
}

void sm_metrics_endpoint_stop(struct sm_metrics_endpoint *endpoint, void (*stopped)(void *context), void *context)
{
    sm_http_server_stop(endpoint->server, stopped, context);
}

void sm_metrics_endpoint_free(struct sm_metrics_endpoint *endpoint)
{
    if (!endpoint)
        return;
    sm_http_server_free(endpoint->server);
    sm_arena_deinit(&endpoint->arena);
    free(endpoint);
}
