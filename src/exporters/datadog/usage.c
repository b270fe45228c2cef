/* usage.c - how much is sent for whom; see agent_stats.h. Services are a bounded number: what is above it is counted together as "_other". */
#include "exporters/datadog/agent_stats.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/index.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "pipeline/own_metrics.h"
#include "pipeline/snapshot.h"
#include "pipeline/volume_counts.h"
#include "wire/compression.h"
#include "wire/json_text.h"

enum { ROWS_MAX = 1000, NAME_SIZE_MAX = 200, PACKING_LEVEL = 1 };

static const struct sm_own_metric spans_metric = {.name = "datadog.estimated_usage.apm.ingested_spans",
                                                  .help = "Spans sent to Datadog, by service and environment",
                                                  .unit = "{spans}",
                                                  .kind = SM_OWN_COUNTER,
                                                  .level = SM_OWN_LEVEL_BASIC};
static const struct sm_own_metric bytes_metric = {.name = "datadog.estimated_usage.apm.ingested_bytes",
                                                  .help = "Size of the spans sent to Datadog, before they are packed, by service and environment",
                                                  .unit = "By",
                                                  .kind = SM_OWN_COUNTER,
                                                  .level = SM_OWN_LEVEL_BASIC};

struct usage_row {
    struct sm_hash128 hash;
    char service[NAME_SIZE_MAX + 1], env[NAME_SIZE_MAX + 1];
    struct sm_instrument *spans, *bytes;
    uint64_t new_spans, new_bytes; /* since the last post */
};

struct sm_datadog_usage {
    const char *exporter_id; /* borrowed */
    pthread_mutex_t lock;    /* of what follows */
    struct sm_entries rows;
    struct sm_index index;
};

struct sm_datadog_usage *sm_datadog_usage_create(const char *exporter_id)
{
    struct sm_datadog_usage *usage = sm_alloc(1, sizeof(*usage));
    usage->exporter_id = exporter_id;
    sm_entries_init(&usage->rows, (sizeof(struct usage_row) + 7) & ~(size_t)7);
    pthread_mutex_init(&usage->lock, NULL);
    return usage;
}

void sm_datadog_usage_free(struct sm_datadog_usage *usage)
{
    if (!usage)
        return;
    sm_entries_deinit(&usage->rows);
    sm_index_deinit(&usage->index);
    pthread_mutex_destroy(&usage->lock);
    free(usage);
}

static struct sm_hash128 hash_row(struct sm_slice service, struct sm_slice env)
{
    return sm_hash128(sm_hash_with(sm_hash_secret(), service), env);
}

static struct usage_row *add_row(struct sm_datadog_usage *usage, struct sm_hash128 hash, struct sm_slice service, struct sm_slice env)
{
    uint32_t number = sm_entries_add(&usage->rows, hash);
    sm_index_add(&usage->index, hash, number);
    struct usage_row *row = sm_entries_at(&usage->rows, number);
    /* Sound ones: who reads own metrics may refuse all of them for one wrong byte. */
    sm_utf8_copy(service, row->service, NAME_SIZE_MAX);
    sm_utf8_copy(env, row->env, NAME_SIZE_MAX);
    const struct sm_own_attribute attributes[] = {{"exporter", usage->exporter_id}, {"service", row->service}, {"env", row->env}};
    row->spans = sm_instrument_get(&spans_metric, attributes, 3);
    row->bytes = sm_instrument_get(&bytes_metric, attributes, 3);
    return row;
}

static struct usage_row *row_of(struct sm_datadog_usage *usage, struct sm_slice service, struct sm_slice env)
{
    struct sm_hash128 hash = hash_row(service, env);
    uint32_t number = sm_index_find(&usage->index, &usage->rows, hash);
    if (number == SM_INDEX_NONE && usage->rows.count >= ROWS_MAX) {
        service = env = SM_SLICE("_other");
        hash = hash_row(service, env);
        number = sm_index_find(&usage->index, &usage->rows, hash);
    }
    return number != SM_INDEX_NONE ? sm_entries_at(&usage->rows, number) : add_row(usage, hash, service, env);
}

void sm_datadog_usage_add(struct sm_datadog_usage *usage, struct sm_slice service, struct sm_slice env, size_t spans, size_t bytes)
{
    pthread_mutex_lock(&usage->lock);
    struct usage_row *row = row_of(usage, service, env);
    row->new_spans += spans;
    row->new_bytes += bytes;
    pthread_mutex_unlock(&usage->lock);
    sm_instrument_add(row->spans, (int64_t)spans);
    sm_instrument_add(row->bytes, (int64_t)bytes);
}

void sm_datadog_usage_show(struct sm_datadog_usage *usage, struct sm_snapshot_question *question)
{
    struct sm_bytes table = {0};
    sm_snapshot_append_table(&table, "volume", SM_SLICE("By"), usage->exporter_id);
    pthread_mutex_lock(&usage->lock);
    for (uint32_t i = 0; i < sm_entries_limit(&usage->rows); i++) {
        const struct usage_row *row = sm_entries_at(&usage->rows, i);
        const char *env = strcmp(row->env, "none") == 0 ? "" : row->env; /* so that it is one row with the telemetry that names none */
        const struct sm_volume volume = {
            .service = row->service, .environment = env, .spans = sm_instrument_count(row->spans), .bytes = sm_instrument_count(row->bytes)};
        sm_snapshot_append_volume(&table, &volume);
    }
    pthread_mutex_unlock(&usage->lock);
    sm_snapshot_answer(question, sm_bytes_slice(&table));
    sm_bytes_deinit(&table);
}

static void put_series(struct sm_bytes *out, const char *metric, uint64_t value, const struct usage_row *row, struct sm_slice hostname,
                       uint64_t now_s)
{
    struct sm_arena arena = SM_ARENA_INIT;
    enum { COUNT = 1 };
    sm_bytes_printf(out, "%s{\"metric\":\"%s\",\"type\":%d,\"points\":[{\"timestamp\":%" PRIu64 ",\"value\":%" PRIu64 "}],\"resources\":[{\"name\":",
                    out->ptr[out->size - 1] == '[' ? "" : ",", metric, COUNT, now_s, value);
    sm_json_put_string_strict(out, hostname);
    sm_bytes_append_text(out, ",\"type\":\"host\"}],\"tags\":[");
    sm_json_put_string_strict(out, sm_slice_of(sm_arena_printf(&arena, "service:%s", row->service)));
    sm_bytes_append_char(out, ',');
    sm_json_put_string_strict(out, sm_slice_of(sm_arena_printf(&arena, "env:%s", row->env)));
    sm_bytes_append_text(out, "]}");
    sm_arena_deinit(&arena);
}

void sm_datadog_usage_post(struct sm_datadog_usage *usage, struct sm_datadog_lane *lane, struct sm_slice hostname)
{
    struct sm_bytes text = {0}, packed = {0};
    uint64_t now_s = sm_clock_wall_ns() / SM_NS_PER_S;
    bool is_empty = true;
    if (!sm_datadog_lane_has_room(lane))
        return;
    sm_bytes_append_text(&text, "{\"series\":[");
    pthread_mutex_lock(&usage->lock);
    for (uint32_t i = 0; i < sm_entries_limit(&usage->rows); i++) {
        struct usage_row *row = sm_entries_at(&usage->rows, i);
        if (!row->new_spans)
            continue;
        put_series(&text, spans_metric.name, row->new_spans, row, hostname, now_s);
        put_series(&text, bytes_metric.name, row->new_bytes, row, hostname, now_s);
        row->new_spans = row->new_bytes = 0;
        is_empty = false;
    }
    pthread_mutex_unlock(&usage->lock);
    sm_bytes_append_text(&text, "]}");
    struct sm_error error;
    if (!is_empty && sm_compress(SM_COMPRESSION_GZIP, PACKING_LEVEL, sm_bytes_slice(&text), &packed, &error))
        sm_datadog_lane_post(lane, &packed, NULL, NULL);
    sm_bytes_deinit(&packed);
    sm_bytes_deinit(&text);
}
