/* metrics.c - metrics: posts series and sketches, and the APM statistics among them. A request ends when its series and sketches have been answered;
 * statistics go on their own, and while too many are under way the next requests wait.
 * Source: datadogexporter metrics_exporter.go. */
#include "exporters/datadog/exporter.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "config/gates.h"
#include "datadog/source.h"
#include "datadog/stats_payload.h"
#include "exporters/datadog/metric_map.h"
#include "pipeline/worker.h"
#include "telemetry/batch.h"
#include "telemetry/metric.h"

struct metrics {
    struct sm_datadog_intake *stats, *sketches; /* owned */
    struct sm_metric_cache *cache;              /* owned */
    struct sm_metric_map_settings map;
};

struct metric_lane {
    struct sm_datadog_exporter *exporter;
    struct metrics *metrics;
    struct sm_worker *worker;
    struct sm_datadog_lane *stats, *series, *sketches;  /* owned */
    struct sm_datadog_items series_items, sketch_items; /* of the batch at hand */
    struct sm_datadog_waiting waiting;                  /* requests for which there is no room yet */
    struct sm_datadog_pushes pushes;                    /* requests under way */
    bool is_draining, has_drained;
};

/* ---- life */

static struct sm_datadog_intake *create_sketches(const struct sm_datadog_exporter *exporter, struct sm_error *error)
{
    const struct sm_datadog_exporter_options *options = exporter->options;
    const struct sm_datadog_intake_settings settings = {
        .what = "sketches",
        .user_agent = SM_DATADOG_API_USER_AGENT,
        .headers = "",
        .method = SM_SLICE("POST"),
        .content_type = SM_SLICE("application/x-protobuf"),
        .content_encoding = SM_SLICE("identity"),
        .retries = SM_DATADOG_RETRIES_API,
        .logger = &exporter->component->logger,
    };
    return sm_datadog_intake_create(options, sm_datadog_url(options, &options->metrics.endpoint, "api", "/api/beta/sketches"), &settings, error);
}

static bool create(struct sm_datadog_exporter *exporter, struct sm_error *error)
{
    const struct sm_datadog_metric_options *options = &exporter->options->metrics;
    struct metrics *metrics = sm_alloc(1, sizeof(*metrics));
    exporter->signal_state = metrics;
    if (sm_gate_is_on(SM_GATE_DATADOG_NO_REMAPPING))
        sm_log(SM_LOG_WARN, &exporter->component->logger, "Metrics are not renamed: their names must be Datadog's when they come");
    metrics->cache = sm_metric_cache_create((uint64_t)options->delta_ttl * SM_NS_PER_S);
    metrics->map = (struct sm_metric_map_settings){.options = options, .cache = metrics->cache, .start_s = sm_clock_wall_ns() / SM_NS_PER_S};
    metrics->stats = sm_datadog_stats_create(exporter->options, &exporter->component->logger, error);
    if (metrics->stats)
        metrics->sketches = create_sketches(exporter, error);
    return metrics->sketches != NULL;
}

static void free_metrics(struct sm_datadog_exporter *exporter)
{
    struct metrics *metrics = exporter->signal_state;
    if (!metrics)
        return;
    sm_datadog_intake_free(metrics->stats);
    sm_datadog_intake_free(metrics->sketches);
    sm_metric_cache_free(metrics->cache);
    free(metrics);
}

/* ---- statistics */

static void resume(struct metric_lane *lane);

static void on_stats_posted(struct sm_worker *worker, const struct sm_datadog_answer *answer, void *context)
{
    (void)worker, (void)answer; /* the intake has logged what became of it */
    resume(context);
}

static void post_stats(struct metric_lane *lane, const struct sm_metric *metric)
{
    for (size_t i = 0; i < metric->point_count; i++) {
        struct sm_value value;
        if (!metric->points[i].dropped && sm_attributes_find(&metric->points[i].attributes, SM_SLICE(SM_STATS_METRIC), &value) &&
            value.type == SM_VALUE_BYTES)
            sm_datadog_post_stats(lane->stats, value.bytes, &lane->exporter->component->logger, on_stats_posted, lane);
    }
}

static void take_stats(struct metric_lane *lane, const struct sm_resource_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct sm_scope_group *scope = &group->scopes[i];
        for (size_t k = 0; !scope->dropped && k < scope->count; k++)
            if (!scope->metrics[k].dropped && sm_metric_is_stats(&scope->metrics[k]))
                post_stats(lane, &scope->metrics[k]);
    }
}

/* ---- a batch */

static void put_running(struct metric_lane *lane, const struct sm_datadog_sources *sources, unsigned languages)
{
    if (lane->exporter->agent)
        return; /* the Agent has no such metrics */
    sm_datadog_sources_put(sources, "metrics", &lane->series_items);
    for (unsigned i = 0; i < SM_RUNTIME_LANGUAGE_COUNT && !sm_datadog_series_is_old(); i++) {
        char tag[sizeof("language:") + 16];
        snprintf(tag, sizeof(tag), "language:%s", sm_runtime_language_name((enum sm_runtime_language)i));
        if (languages & 1u << i)
            sm_datadog_series_put_running(&lane->series_items, "runtime_metrics", (struct sm_slice){0}, sm_slice_of(tag));
    }
}

static void map_batch(struct metric_lane *lane, const struct sm_batch *batch)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_datadog_sources sources = {.arena = &arena};
    struct sm_metric_map map = {.settings = &lane->metrics->map, .series = &lane->series_items, .sketches = &lane->sketch_items, .arena = &arena};
    for (size_t i = 0; i < batch->count; i++) {
        const struct sm_resource_group *group = &batch->groups[i];
        if (group->dropped)
            continue;
        struct sm_datadog_source source = sm_datadog_source(&group->resource.attributes, &arena);
        if (source.kind == SM_DATADOG_SOURCE_NONE)
            source = (struct sm_datadog_source){.kind = SM_DATADOG_SOURCE_HOST, .identifier = sm_slice_of(lane->exporter->hostname)};
        sm_datadog_sources_add(&sources, &source);
        take_stats(lane, group);
        sm_metric_map_resource(&map, group, source.kind == SM_DATADOG_SOURCE_HOST ? source.identifier : (struct sm_slice){0});
    }
    put_running(lane, &sources, map.languages);
    sm_arena_deinit(&arena);
}

static void warn_of_refused(const struct metric_lane *lane)
{
    uint64_t refused = sm_metric_cache_take_refused(lane->metrics->cache);
    if (refused)
        sm_log(SM_LOG_WARN, &lane->exporter->component->logger, "Too many cumulative series: the first values of new ones are not remembered",
               SM_LOG_INT("series", refused), SM_LOG_INT("limit", SM_METRIC_CACHE_SERIES_MAX));
}

static void take_request(struct metric_lane *lane, struct sm_export *request)
{
    struct sm_datadog_push *push = sm_datadog_push_begin(&lane->pushes, request);
    map_batch(lane, request->batch);
    warn_of_refused(lane);
    sm_datadog_push_add(push, sm_datadog_series_post(&lane->series_items, lane->series, sm_datadog_push_posted, push));
    sm_datadog_push_add(push, sm_datadog_sketches_post(&lane->sketch_items, lane->sketches, sm_datadog_push_posted, push));
    sm_datadog_push_close(push);
}

static void send(void *local, struct sm_worker *worker, struct sm_export *request)
{
    struct metric_lane *lane = local;
    (void)worker;
    if (sm_datadog_lane_has_room(lane->stats))
        take_request(lane, request);
    else
        sm_datadog_waiting_add(&lane->waiting, request);
}

/* ---- going on after a post, and the end */

static void drain_more(struct metric_lane *lane)
{
    if (!lane->is_draining || lane->has_drained || sm_datadog_lane_count(lane->stats) || sm_datadog_lane_count(lane->series) ||
        sm_datadog_lane_count(lane->sketches) || lane->waiting.count)
        return;
    lane->has_drained = true;
    sm_datadog_drained(lane->exporter);
}

static void resume(struct metric_lane *lane)
{
    while (lane->waiting.count && sm_datadog_lane_has_room(lane->stats))
        take_request(lane, sm_datadog_waiting_take(&lane->waiting));
    drain_more(lane);
}

static void on_push_posted(void *lane)
{
    resume(lane);
}

static void drain(void *local)
{
    struct metric_lane *lane = local;
    lane->is_draining = true;
    drain_more(lane);
}

/* ---- workers */

static void *worker_create(struct sm_datadog_exporter *exporter, struct sm_worker *worker)
{
    struct metrics *metrics = exporter->signal_state;
    struct metric_lane *lane = sm_alloc(1, sizeof(*lane));
    *lane = (struct metric_lane){.exporter = exporter,
                                 .metrics = metrics,
                                 .worker = worker,
                                 .stats = sm_datadog_lane_create(metrics->stats, worker),
                                 .series = sm_datadog_lane_create(exporter->series, worker),
                                 .sketches = sm_datadog_lane_create(metrics->sketches, worker),
                                 .pushes = {.worker = worker, .posted = on_push_posted, .context = lane}};
    return lane;
}

static void worker_free(void *local)
{
    struct metric_lane *lane = local;
    sm_datadog_waiting_end(&lane->waiting, lane->worker);
    sm_datadog_lane_free(lane->stats);
    sm_datadog_lane_free(lane->series);
    sm_datadog_lane_free(lane->sketches);
    sm_datadog_pushes_end(&lane->pushes);
    sm_datadog_items_deinit(&lane->series_items);
    sm_datadog_items_deinit(&lane->sketch_items);
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
