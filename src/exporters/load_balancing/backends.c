/* backends.c - see backends.h. */
#include "exporters/load_balancing/backends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "pipeline/nested.h"
#include "pipeline/own_metrics.h"

struct sm_backends {
    struct sm_component *exporter;
    const struct sm_otlp_grpc_options *options; /* borrowed */
    struct sm_backend_set *set;                 /* owned */
    struct sm_backend *all;                     /* owned; those that end too */
    void (*stopped)(struct sm_component *exporter);
};

#define SCOPE "github.com/open-telemetry/opentelemetry-collector-contrib/exporter/loadbalancingexporter"
static const double latency_bounds[] = {5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
static const struct sm_own_metric latency = {.name = "otelcol_loadbalancer_backend_latency",
                                             .help = "Response latency in ms for the backends. [Development]",
                                             .unit = "ms",
                                             .kind = SM_OWN_HISTOGRAM,
                                             .level = SM_OWN_LEVEL_BASIC,
                                             .bounds = latency_bounds,
                                             .bound_count = sizeof(latency_bounds) / sizeof(latency_bounds[0]),
                                             .scope = SCOPE};
static const struct sm_own_metric outcome = {.name = "otelcol_loadbalancer_backend_outcome",
                                             .help = "Number of successes and failures for each endpoint. [Development]",
                                             .unit = "{outcomes}",
                                             .kind = SM_OWN_COUNTER,
                                             .level = SM_OWN_LEVEL_BASIC,
                                             .scope = SCOPE};

/* ---- one */

static struct sm_backend *find_backend(const struct sm_backends *backends, const char *endpoint)
{
    for (struct sm_backend *backend = backends->all; backend; backend = backend->next)
        if (backend->is_wanted && strcmp(backend->endpoint, endpoint) == 0)
            return backend;
    return NULL;
}

static void backend_free(struct sm_backend *backend)
{
    sm_nested_free(backend->exporter);
    free(backend->endpoint);
    free(backend);
}

static void get_instruments(struct sm_backend *backend)
{
    const struct sm_own_attribute attributes[][2] = {
        {{"endpoint", backend->endpoint}, {"success", "true"}},
        {{"endpoint", backend->endpoint}, {"success", "false"}},
    };
    backend->latency = sm_instrument_get(&latency, attributes[0], 1);
    backend->successes = sm_instrument_get(&outcome, attributes[0], 2);
    backend->failures = sm_instrument_get(&outcome, attributes[1], 2);
}

static struct sm_backend *add_backend(struct sm_backends *backends, const char *endpoint)
{
    struct sm_component *exporter = backends->exporter;
    struct sm_backend *backend = sm_alloc(1, sizeof(*backend));
    char id[512];
    struct sm_error error = {0};
    *backend = (struct sm_backend){.owner = backends, .endpoint = sm_strdup(endpoint), .options = *backends->options, .is_wanted = true};
    backend->options.client.endpoint = backend->endpoint;
    snprintf(id, sizeof(id), "%s/%s", exporter->id, endpoint);
    const struct sm_nested_options options = {.type = &sm_exporter_otlp_grpc, .id = id, .options = &backend->options, .signal = exporter->signal};
    backend->exporter = sm_nested_start(exporter, &options, &error);
    if (!backend->exporter) {
        sm_log(SM_LOG_ERROR, &exporter->logger, "failed to start new exporter for endpoint", SM_LOG_STR("endpoint", endpoint),
               SM_LOG_STR("error", error.text));
        backend_free(backend);
        return NULL;
    }
    get_instruments(backend);
    backend->next = backends->all;
    backends->all = backend;
    return backend;
}

/* ---- sets */

static void set_free(struct sm_backend_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++)
        free(set->names[i]);
    sm_ring_deinit(&set->ring);
    free(set->names);
    free(set->backends);
    free(set);
}

static struct sm_backend *find_or_add(struct sm_backends *backends, const char *name)
{
    char endpoint[320];
    snprintf(endpoint, sizeof(endpoint), "%s%s", name, strchr(name, ':') ? "" : ":4317");
    struct sm_backend *backend = find_backend(backends, endpoint);
    return backend ? backend : add_backend(backends, endpoint);
}

static struct sm_backend_set *create_set(struct sm_backends *backends, const char *const *names, size_t count)
{
    struct sm_backend_set *set = sm_alloc(1, sizeof(*set));
    set->count = count;
    set->names = sm_alloc(count + 1, sizeof(char *));
    set->backends = sm_alloc(count + 1, sizeof(struct sm_backend *));
    sm_ring_init(&set->ring, names, count);
    for (size_t i = 0; i < count; i++) {
        set->names[i] = sm_strdup(names[i]);
        set->backends[i] = find_or_add(backends, names[i]);
    }
    return set;
}

struct sm_backends *sm_backends_create(struct sm_component *exporter, const struct sm_otlp_grpc_options *options)
{
    struct sm_backends *backends = sm_alloc(1, sizeof(*backends));
    *backends = (struct sm_backends){.exporter = exporter, .options = options};
    backends->set = create_set(backends, NULL, 0);
    return backends;
}

const struct sm_backend_set *sm_backends_set(const struct sm_backends *backends)
{
    return backends->set;
}

/* ---- ending */

static void on_stopped(struct sm_nested *nested, void *context)
{
    (void)nested;
    struct sm_backend *backend = context;
    struct sm_backends *backends = backend->owner;
    struct sm_backend **link = &backends->all;
    while (*link != backend)
        link = &(*link)->next;
    *link = backend->next;
    backend_free(backend);
    if (!backends->all && backends->stopped)
        backends->stopped(backends->exporter);
}

static void stop_unwanted(struct sm_backends *backends)
{
    for (struct sm_backend *backend = backends->all, *next; backend; backend = next) {
        next = backend->next;
        bool is_used = false;
        for (size_t i = 0; i < backends->set->count; i++)
            is_used = is_used || backends->set->backends[i] == backend;
        if (is_used || !backend->is_wanted)
            continue;
        backend->is_wanted = false;
        sm_nested_stop(backend->exporter, on_stopped, backend);
    }
}

static bool is_complete(const struct sm_backend_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (!set->backends[i])
            return false;
    return true;
}

bool sm_backends_update(struct sm_backends *backends, const char *const *names, size_t count, void (*tell)(struct sm_component *exporter))
{
    struct sm_backend_set *old = backends->set;
    backends->set = create_set(backends, names, count);
    if (tell)
        tell(backends->exporter);
    set_free(old);
    stop_unwanted(backends);
    return is_complete(backends->set);
}

bool sm_backends_complete(struct sm_backends *backends, void (*tell)(struct sm_component *exporter))
{
    const struct sm_backend_set *set = backends->set;
    return is_complete(set) || sm_backends_update(backends, (const char *const *)set->names, set->count, tell);
}

void sm_backends_stop(struct sm_backends *backends, void (*stopped)(struct sm_component *exporter))
{
    backends->stopped = stopped;
    for (struct sm_backend *backend = backends->all; backend; backend = backend->next)
        if (backend->is_wanted) {
            backend->is_wanted = false;
            sm_nested_stop(backend->exporter, on_stopped, backend);
        }
    if (!backends->all)
        stopped(backends->exporter);
}

void sm_backends_free_local(struct sm_backends *backends, struct sm_worker *worker)
{
    for (struct sm_backend *backend = backends->all; backend; backend = backend->next)
        sm_nested_free_local(backend->exporter, worker);
}

void sm_backends_free(struct sm_backends *backends)
{
    if (!backends)
        return;
    for (struct sm_backend *backend = backends->all, *next; backend; backend = next) {
        next = backend->next;
        backend_free(backend);
    }
    set_free(backends->set);
    free(backends);
}
