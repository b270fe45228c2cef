/* running.c - the exporter's own metrics, posted beside telemetry; see exporter.h. Source: datadogexporter internal/metrics/series.go. */
#include "exporters/datadog/exporter.h"

#include <stdlib.h>

#include "base/memory.h"
#include "exporters/datadog/series.h"

enum { SOURCES_MAX = 10000 };

struct sm_datadog_running {
    struct sm_datadog_lane *lane; /* owned */
    const char *signal;
    struct sm_arena arena; /* owned: what the sources hold */
    struct sm_datadog_sources sources;
    struct sm_datadog_items items;
    void (*idle)(void *context);
    void *context;
    bool is_off; /* the Agent has no such metrics */
};

struct sm_datadog_intake *sm_datadog_series_create(const struct sm_datadog_exporter_options *options, const struct sm_logger *logger,
                                                   struct sm_error *error)
{
    bool is_old = sm_datadog_series_is_old();
    const struct sm_datadog_intake_settings settings = {
        .what = "metrics",
        .user_agent = SM_DATADOG_API_USER_AGENT,
        .headers = is_old ? "" : "Accept: application/json\r\n",
        .is_key_in_url = is_old,
        .method = SM_SLICE("POST"),
        .content_type = SM_SLICE("application/json"),
        .content_encoding = is_old ? (struct sm_slice){0} : SM_SLICE("gzip"),
        .retries = SM_DATADOG_RETRIES_API,
        .logger = logger,
    };
    const char *path = is_old ? "/api/v1/series" : "/api/v2/series";
    return sm_datadog_intake_create(options, sm_datadog_url(options, &options->metrics.endpoint, "api", path), &settings, error);
}

void sm_datadog_sources_add(struct sm_datadog_sources *sources, const struct sm_datadog_source *source)
{
    struct sm_datadog_map *map = source->kind == SM_DATADOG_SOURCE_FARGATE ? &sources->tasks : &sources->hosts;
    struct sm_slice key = source->identifier;
    if (source->kind == SM_DATADOG_SOURCE_FARGATE)
        key = sm_slice_of(sm_arena_printf(sources->arena, "task_arn:%.*s", SM_SLICE_ARGS(key)));
    if (map->count < SOURCES_MAX && !sm_datadog_map_find(map, key))
        sm_datadog_map_put(map, sources->arena, sm_arena_copy(sources->arena, key));
}

void sm_datadog_sources_put(const struct sm_datadog_sources *sources, const char *signal, struct sm_datadog_items *items)
{
    for (uint32_t i = 0; i < sources->hosts.count; i++)
        sm_datadog_series_put_running(items, signal, sources->hosts.entries[i].key, (struct sm_slice){0});
    for (uint32_t i = 0; i < sources->tasks.count; i++)
        sm_datadog_series_put_running(items, signal, (struct sm_slice){0}, sources->tasks.entries[i].key);
}

static bool is_posting(const struct sm_datadog_running *running)
{
    return sm_datadog_lane_count(running->lane) > 0;
}

static void on_posted(struct sm_worker *worker, const struct sm_datadog_answer *answer, void *context)
{
    struct sm_datadog_running *running = context;
    (void)worker, (void)answer; /* the intake has logged what became of it */
    sm_datadog_running_post(running);
    if (sm_datadog_running_is_idle(running))
        running->idle(running->context);
}

static bool has_sources(const struct sm_datadog_running *running)
{
    return running->sources.hosts.count + running->sources.tasks.count > 0;
}

void sm_datadog_running_post(struct sm_datadog_running *running)
{
    if (is_posting(running) || !has_sources(running))
        return;
    sm_datadog_sources_put(&running->sources, running->signal, &running->items);
    running->sources = (struct sm_datadog_sources){.arena = &running->arena};
    sm_arena_deinit(&running->arena);
    sm_datadog_series_post(&running->items, running->lane, on_posted, running);
}

/* ---- life and sources */

struct sm_datadog_running *sm_datadog_running_create(struct sm_datadog_intake *series, struct sm_worker *worker, const char *signal,
                                                     void (*idle)(void *context), void *context)
{
    struct sm_datadog_running *running = sm_alloc(1, sizeof(*running));
    *running = (struct sm_datadog_running){.lane = sm_datadog_lane_create(series, worker), .signal = signal, .idle = idle, .context = context};
    running->sources.arena = &running->arena;
    running->is_off = *sm_datadog_intake_options(series)->traces.agent != '\0';
    return running;
}

void sm_datadog_running_free(struct sm_datadog_running *running)
{
    sm_datadog_lane_free(running->lane);
    sm_datadog_items_deinit(&running->items);
    sm_arena_deinit(&running->arena);
    free(running);
}

void sm_datadog_running_add(struct sm_datadog_running *running, const struct sm_datadog_source *source)
{
    if (!running->is_off)
        sm_datadog_sources_add(&running->sources, source);
}

bool sm_datadog_running_is_idle(const struct sm_datadog_running *running)
{
    return !is_posting(running) && !has_sources(running);
}

void sm_datadog_running_hurry(struct sm_datadog_running *running)
{
    sm_datadog_lane_stop_retries(running->lane);
}
