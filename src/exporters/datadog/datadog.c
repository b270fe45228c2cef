/* datadog.c - the exporter `datadog`: its life, and the table of signals. What a signal does stands in its own file (traces.c, metrics.c).
 *
 * Source: opentelemetry-collector-contrib exporter/datadogexporter (factory.go), v0.115.0. */
#include "exporters/datadog/exporter.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "datadog/agent_state.h"
#include "exporters/datadog/host_metadata.h"
#include "pipeline/worker.h"

static const struct sm_datadog_signal *const signals[SM_SIGNAL_COUNT] = {
    [SM_TRACES] = &sm_datadog_traces, [SM_METRICS] = &sm_datadog_metrics, [SM_LOGS] = &sm_datadog_logs};

/* A worker's share. */
struct local {
    struct sm_datadog_lane *validation;          /* owned; on one worker only */
    void *signal;                                /* owned by the signal */
    struct sm_host_metadata_lane *host_metadata; /* owned; NULL: it is not sent */
};

/* ---- life */

static bool create(struct sm_component *component, struct sm_error *error)
{
    struct sm_datadog_exporter *exporter = sm_alloc(1, sizeof(*exporter));
    component->state = exporter;
    exporter->options = component->options;
    exporter->component = component;
    exporter->signal = signals[component->signal];
    snprintf(exporter->hostname, sizeof(exporter->hostname), "%s", exporter->options->hostname);
    exporter->validation = sm_datadog_validation_create(exporter->options, &component->logger, error);
    if (!exporter->validation)
        return false;
    exporter->series = sm_datadog_series_create(exporter->options, &component->logger, error);
    if (exporter->series)
        exporter->host_intake = sm_host_metadata_intake(exporter->options, &component->logger, error);
    return exporter->host_intake && exporter->signal->create(exporter, error);
}

static void free_exporter(struct sm_component *component)
{
    struct sm_datadog_exporter *exporter = component->state;
    if (!exporter)
        return;
    exporter->signal->free(exporter);
    sm_host_metadata_release(exporter->host_metadata);
    sm_datadog_intake_free(exporter->host_intake);
    sm_datadog_intake_free(exporter->series);
    sm_datadog_intake_free(exporter->validation);
    free(exporter);
}

/* Sent by the Agent's own pipeline? */
static bool is_agents(const struct sm_datadog_exporter *exporter)
{
    return exporter->signal->is_agents && exporter->signal->is_agents();
}

static bool validates_key(const struct sm_datadog_exporter *exporter)
{
    return !exporter->options->only_metadata && !is_agents(exporter);
}

static bool sends_host_metadata(const struct sm_datadog_exporter *exporter)
{
    return exporter->options->only_metadata || (exporter->options->host_metadata.enabled && !is_agents(exporter));
}

/* Where the system's name is that of a container, each would become a host of its own: the reference asks the orchestrator there. */
static void warn_of_container(const struct sm_datadog_exporter *exporter)
{
    static const struct {
        const char *variable, *place;
    } rows[] = {{"KUBERNETES_SERVICE_HOST", "Kubernetes"}, {"ECS_CONTAINER_METADATA_URI_V4", "ECS"}, {"ECS_CONTAINER_METADATA_URI", "ECS"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!getenv(rows[i].variable))
            continue;
        sm_log(SM_LOG_WARN, &exporter->component->logger, "No hostname is set, and this is a container: its own name is used. Set that of the node",
               SM_LOG_STR("where", rows[i].place), SM_LOG_STR("hostname", exporter->hostname));
        return;
    }
}

static bool start(struct sm_component *component, struct sm_error *error)
{
    struct sm_datadog_exporter *exporter = component->state;
    if (!*exporter->hostname) {
        sm_datadog_system_hostname(exporter->hostname, sizeof(exporter->hostname));
        warn_of_container(exporter);
    }
    if (*exporter->options->traces.agent) {
        exporter->agent = sm_datadog_agent_open(component, exporter->options->traces.agent, error);
        if (!exporter->agent)
            return false;
    }
    if (exporter->signal->start && !exporter->signal->start(exporter, error))
        return false;
    if (sends_host_metadata(exporter))
        exporter->host_metadata = sm_host_metadata_retain(exporter);
    if (exporter->options->api.fail_on_invalid_key && validates_key(exporter) && !sm_datadog_check_key(exporter, error))
        return false;
    if (exporter->signal->show)
        exporter->shown = sm_snapshot_source_add(exporter->signal->show, exporter);
    return true;
}

static void *worker_create(struct sm_component *component, struct sm_worker *worker)
{
    struct sm_datadog_exporter *exporter = component->state;
    struct local *local = sm_alloc(1, sizeof(*local));
    local->signal = exporter->signal->worker_create(exporter, worker);
    if (exporter->host_metadata)
        local->host_metadata = sm_host_metadata_lane_create(exporter->host_metadata, exporter, exporter->host_intake, worker);
    if (sm_worker_index(worker) == 0 && !exporter->options->api.fail_on_invalid_key && validates_key(exporter) && !exporter->agent) {
        local->validation = sm_datadog_lane_create(exporter->validation, worker);
        sm_datadog_validate_key(exporter, local->validation);
    }
    return local;
}

static void worker_free(struct sm_component *component, struct sm_worker *worker, void *raw_local)
{
    const struct sm_datadog_exporter *exporter = component->state;
    struct local *local = raw_local;
    (void)worker;
    sm_datadog_lane_free(local->validation);
    sm_host_metadata_lane_free(local->host_metadata);
    exporter->signal->worker_free(local->signal);
    free(local);
}

/* ---- sending */

static void send(struct sm_component *component, struct sm_worker *worker, struct sm_export *request)
{
    const struct sm_datadog_exporter *exporter = component->state;
    struct local *local = sm_component_local(component, worker);
    if (!local) {
        /* The drain limit has passed, and the worker's connections are gone. */
        struct sm_outcome outcome = sm_outcome_reject("the exporter is stopped");
        sm_export_done(request, worker, &outcome);
        return;
    }
    if (local->host_metadata)
        sm_host_metadata_take(local->host_metadata, request->batch);
    if (exporter->options->only_metadata)
        sm_export_done(request, worker, &SM_OUTCOME_ACCEPTED);
    else
        exporter->signal->send(local->signal, worker, request);
}

/* ---- the end */

void sm_datadog_drained(struct sm_datadog_exporter *exporter)
{
    if (atomic_fetch_sub(&exporter->draining, 1) == 1)
        sm_component_stopped(exporter->component);
}

static void drain(struct sm_worker *worker, void *context)
{
    struct sm_datadog_exporter *exporter = context;
    struct local *local = sm_component_local(exporter->component, worker);
    if (local)
        exporter->signal->drain(local->signal);
    else
        sm_datadog_drained(exporter);
}

static void source_removed(void *exporter)
{
    sm_datadog_drained(exporter);
}

static void stop(struct sm_component *component)
{
    struct sm_datadog_exporter *exporter = component->state;
    unsigned count = sm_workers_count(component->workers);
    atomic_store(&exporter->draining, count + 1);
    if (exporter->shown)
        sm_snapshot_source_remove(exporter->shown, source_removed, exporter);
    else
        sm_datadog_drained(exporter);
    for (unsigned i = 0; i < count; i++)
        sm_worker_post(sm_workers_get(component->workers, i), drain, exporter);
}

const struct sm_component_type sm_exporter_datadog = {
    .kind = SM_EXPORTER,
    .name = "datadog",
    .help = "Sends traces, their stats, metrics, logs and host metadata to Datadog.",
    .signals = SM_SIGNAL_ALL,
    .stability = {[SM_TRACES] = SM_STABILITY_BETA, [SM_METRICS] = SM_STABILITY_BETA, [SM_LOGS] = SM_STABILITY_BETA},
    .options = sm_datadog_exporter_option_table,
    .options_size = sizeof(struct sm_datadog_exporter_options),
    .export_options_offset = offsetof(struct sm_datadog_exporter_options, export),
    .has_plain_errors = true,
    .validate = sm_datadog_exporter_validate,
    .create = create,
    .start = start,
    .worker_create = worker_create,
    .worker_free = worker_free,
    .send = send,
    .stop = stop,
    .free = free_exporter,
};
