/* metrics.c - metrics: posts the APM statistics among them. Other metrics are refused.
 * Source: datadogexporter metrics_exporter.go; opentelemetry-mapping-go pkg/otlp/metrics v0.21.0 (MapMetrics). */
#include "exporters/datadog/exporter.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "datadog/source.h"
#include "datadog/stats_payload.h"
#include "pipeline/worker.h"
#include "telemetry/batch.h"
#include "telemetry/metric.h"

struct metrics {
    struct sm_datadog_intake *stats; /* owned */
};

struct metric_lane {
    struct sm_datadog_exporter *exporter;
    struct sm_worker *worker;
    struct sm_datadog_lane *stats;      /* owned */
    struct sm_datadog_running *running; /* owned */
    struct sm_datadog_waiting waiting;  /* requests for which there is no room yet */
    bool is_draining, has_drained;
};

/* ---- life */

static bool create(struct sm_datadog_exporter *exporter, struct sm_error *error)
{
    struct metrics *metrics = sm_alloc(1, sizeof(*metrics));
    exporter->signal_state = metrics;
    metrics->stats = sm_datadog_stats_create(exporter->options, &exporter->component->logger, error);
    return metrics->stats != NULL;
}

static void free_metrics(struct sm_datadog_exporter *exporter)
{
    struct metrics *metrics = exporter->signal_state;
    if (!metrics)
        return;
    sm_datadog_intake_free(metrics->stats);
    free(metrics);
}

/* ---- a batch */

static void resume(struct metric_lane *lane);

static void on_posted(struct sm_worker *worker, const struct sm_datadog_answer *answer, void *context)
{
    (void)worker, (void)answer; /* the intake has logged what became of it */
    resume(context);
}

static bool is_stats(const struct sm_metric *metric)
{
    return metric->type == SM_METRIC_SUM && sm_slice_equal(metric->name, SM_SLICE(SM_STATS_METRIC));
}

static void post_stats(struct metric_lane *lane, const struct sm_metric *metric)
{
    for (size_t i = 0; i < metric->point_count; i++) {
        struct sm_value value;
        if (!metric->points[i].dropped && sm_attributes_find(&metric->points[i].attributes, SM_SLICE(SM_STATS_METRIC), &value) &&
            value.type == SM_VALUE_BYTES)
            sm_datadog_post_stats(lane->stats, value.bytes, &lane->exporter->component->logger, on_posted, lane);
    }
}

/* How many metrics are no statistics. */
static size_t take_scopes(struct metric_lane *lane, const struct sm_resource_group *group)
{
    size_t others = 0;
    for (size_t i = 0; i < group->count; i++) {
        const struct sm_scope_group *scope = &group->scopes[i];
        for (size_t k = 0; !scope->dropped && k < scope->count; k++) {
            if (scope->metrics[k].dropped)
                continue;
            if (is_stats(&scope->metrics[k]))
                post_stats(lane, &scope->metrics[k]);
            else
                others++;
        }
    }
    return others;
}

static void take_source(struct metric_lane *lane, const struct sm_resource_group *group, struct sm_arena *arena)
{
    struct sm_datadog_source source = sm_datadog_source(&group->resource.attributes, arena);
    if (source.kind == SM_DATADOG_SOURCE_NONE)
        source = (struct sm_datadog_source){.kind = SM_DATADOG_SOURCE_HOST, .identifier = sm_slice_of(lane->exporter->hostname)};
    sm_datadog_running_add(lane->running, &source);
}

static struct sm_outcome take_batch(struct metric_lane *lane, const struct sm_batch *batch)
{
    struct sm_arena arena = SM_ARENA_INIT;
    size_t others = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->groups[i].dropped)
            continue;
        take_source(lane, &batch->groups[i], &arena);
        others += take_scopes(lane, &batch->groups[i]);
    }
    sm_datadog_running_post(lane->running);
    sm_arena_deinit(&arena);
    return others ? sm_outcome_reject("only the datadog connector's statistics can be sent: %zu other metrics are dropped", others)
                  : SM_OUTCOME_ACCEPTED;
}

static void send(void *local, struct sm_worker *worker, struct sm_export *request)
{
    struct metric_lane *lane = local;
    if (!sm_datadog_lane_has_room(lane->stats)) {
        sm_datadog_waiting_add(&lane->waiting, request);
        return;
    }
    struct sm_outcome outcome = take_batch(lane, request->batch);
    sm_export_done(request, worker, &outcome);
}

/* ---- going on after a post, and the end */

static void drain_more(struct metric_lane *lane)
{
    if (!lane->is_draining || lane->has_drained || sm_datadog_lane_count(lane->stats) || lane->waiting.count ||
        !sm_datadog_running_is_idle(lane->running))
        return;
    lane->has_drained = true;
    sm_datadog_drained(lane->exporter);
}

static void resume(struct metric_lane *lane)
{
    while (lane->waiting.count && sm_datadog_lane_has_room(lane->stats)) {
        struct sm_export *request = sm_datadog_waiting_take(&lane->waiting);
        struct sm_outcome outcome = take_batch(lane, request->batch);
        sm_export_done(request, lane->worker, &outcome);
    }
    drain_more(lane);
}

static void on_idle(void *lane)
{
    drain_more(lane);
}

static void drain(void *local)
{
    struct metric_lane *lane = local;
    lane->is_draining = true;
    sm_datadog_running_hurry(lane->running);
    drain_more(lane);
}

/* ---- workers */

static void *worker_create(struct sm_datadog_exporter *exporter, struct sm_worker *worker)
{
    const struct metrics *metrics = exporter->signal_state;
    struct metric_lane *lane = sm_alloc(1, sizeof(*lane));
    *lane = (struct metric_lane){.exporter = exporter,
                                 .worker = worker,
                                 .stats = sm_datadog_lane_create(metrics->stats, worker),
                                 .running = sm_datadog_running_create(exporter->series, worker, "metrics", on_idle, lane)};
    return lane;
}

static void worker_free(void *local)
{
    struct metric_lane *lane = local;
    sm_datadog_waiting_end(&lane->waiting, lane->worker);
    sm_datadog_lane_free(lane->stats);
    sm_datadog_running_free(lane->running);
    free(lane);
}

const struct sm_datadog_signal sm_datadog_metrics = {
    .create = create,
    .free = free_metrics,
    .worker_create = worker_create,
    .worker_free = worker_free,
    .send = send,
    .drain = drain,
};
