/* running.c - the exporter's own metrics, posted beside telemetry; see exporter.h. Source: datadogexporter internal/metrics/series.go. */
#include "exporters/datadog/exporter.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "wire/compression.h"
#include "wire/json_text.h"

enum { PACKING_LEVEL = 1, SOURCES_MAX = 10000 };

struct sm_datadog_running {
    struct sm_datadog_lane *lane; /* owned */
    const char *signal;
    struct sm_arena arena; /* owned: what the maps hold */
    struct sm_datadog_map hosts, tasks;
    void (*idle)(void *context);
    void *context;
};

struct sm_datadog_intake *sm_datadog_series_create(const struct sm_datadog_exporter_options *options, const struct sm_logger *logger,
                                                   struct sm_error *error)
{
    const struct sm_datadog_intake_settings settings = {
        .what = "metrics",
        .user_agent = SM_DATADOG_API_USER_AGENT,
        .headers = "Accept: application/json\r\n",
        .method = SM_SLICE("POST"),
        .content_type = SM_SLICE("application/json"),
        .content_encoding = SM_SLICE("gzip"),
        .retries = SM_DATADOG_RETRIES_API,
        .logger = logger,
    };
    return sm_datadog_intake_create(options, sm_datadog_url(options, &options->metrics.endpoint, "api", "/api/v2/series"), &settings, error);
}

static void put_series(struct sm_bytes *out, const char *signal, struct sm_slice host, struct sm_slice tag, uint64_t now_s)
{
    sm_bytes_printf(out, "%s{\"metric\":\"otel.datadog_exporter.%s.running\",\"points\":[{\"timestamp\":%llu,\"value\":1}],\"resources\":[{\"name\":",
                    out->ptr[out->size - 1] == '[' ? "" : ",", signal, (unsigned long long)now_s);
    sm_json_put_string_strict(out, host);
    sm_bytes_append_text(out, ",\"type\":\"host\"}],\"tags\":[\"version:" SPANMILL_VERSION "\",\"command:spanmill\"");
    if (tag.size) {
        sm_bytes_append_char(out, ',');
        sm_json_put_string_strict(out, tag);
    }
    sm_bytes_append_text(out, "],\"type\":3}");
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

void sm_datadog_running_post(struct sm_datadog_running *running)
{
    if (is_posting(running) || running->hosts.count + running->tasks.count == 0)
        return;
    uint64_t now_s = sm_clock_wall_ns() / SM_NS_PER_S;
    struct sm_bytes text = {0}, packed = {0};
    sm_bytes_append_text(&text, "{\"series\":[");
    for (uint32_t i = 0; i < running->hosts.count; i++)
        put_series(&text, running->signal, running->hosts.entries[i].key, (struct sm_slice){0}, now_s);
    for (uint32_t i = 0; i < running->tasks.count; i++)
        put_series(&text, running->signal, (struct sm_slice){0}, running->tasks.entries[i].key, now_s);
    sm_bytes_append_text(&text, "]}");
    running->hosts = running->tasks = (struct sm_datadog_map){0};
    sm_arena_deinit(&running->arena);
    struct sm_error error;
    if (sm_compress(SM_COMPRESSION_GZIP, PACKING_LEVEL, sm_bytes_slice(&text), &packed, &error))
        sm_datadog_lane_post(running->lane, &packed, on_posted, running);
    sm_bytes_deinit(&packed);
    sm_bytes_deinit(&text);
}

/* ---- life and sources */

struct sm_datadog_running *sm_datadog_running_create(struct sm_datadog_intake *series, struct sm_worker *worker, const char *signal,
                                                     void (*idle)(void *context), void *context)
{
    struct sm_datadog_running *running = sm_alloc(1, sizeof(*running));
    *running = (struct sm_datadog_running){.lane = sm_datadog_lane_create(series, worker), .signal = signal, .idle = idle, .context = context};
    return running;
}

void sm_datadog_running_free(struct sm_datadog_running *running)
{
    sm_datadog_lane_free(running->lane);
    sm_arena_deinit(&running->arena);
    free(running);
}

void sm_datadog_running_add(struct sm_datadog_running *running, const struct sm_datadog_source *source)
{
    struct sm_datadog_map *map = source->kind == SM_DATADOG_SOURCE_FARGATE ? &running->tasks : &running->hosts;
    struct sm_slice key = source->identifier;
    if (source->kind == SM_DATADOG_SOURCE_FARGATE)
        key = sm_slice_of(sm_arena_printf(&running->arena, "task_arn:%.*s", SM_SLICE_ARGS(key)));
    if (map->count < SOURCES_MAX && !sm_datadog_map_find(map, key))
        sm_datadog_map_put(map, &running->arena, sm_arena_copy(&running->arena, key));
}

bool sm_datadog_running_is_idle(const struct sm_datadog_running *running)
{
    return !is_posting(running) && running->hosts.count + running->tasks.count == 0;
}

void sm_datadog_running_hurry(struct sm_datadog_running *running)
{
    sm_datadog_lane_stop_retries(running->lane);
}
