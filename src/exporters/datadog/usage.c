/* usage.c - how much is sent for whom; see agent_stats.h. Services are a bounded number: what is above it is counted together as "_other". */
#include "exporters/datadog/agent_stats.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "pipeline/label_table.h"
#include "pipeline/own_metrics.h"
#include "pipeline/snapshot.h"
#include "pipeline/volume_counts.h"
#include "wire/compression.h"
#include "wire/json_text.h"

enum { ROWS_MAX = 1000, NAME_SIZE_MAX = 200, PACKING_LEVEL = 1 };
static const char other[] = "_other";

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

/* Any thread: names do not change. */
struct usage_row {
    char service[NAME_SIZE_MAX + 1], env[NAME_SIZE_MAX + 1];
    struct sm_instrument *spans, *bytes;       /* since the process started; those of a generation before a reload are in them */
    atomic_uint_fast64_t new_spans, new_bytes; /* since the last post */
};

struct sm_datadog_usage {
    const char *exporter_id;     /* borrowed */
    atomic_uint workers;         /* that may still add */
    struct sm_label_table *rows; /* owned */
};

struct sm_datadog_usage *sm_datadog_usage_create(const char *exporter_id, unsigned worker_count)
{
    struct sm_datadog_usage *usage = sm_alloc(1, sizeof(*usage));
    usage->exporter_id = exporter_id;
    usage->rows = sm_label_table_create(ROWS_MAX);
    atomic_init(&usage->workers, worker_count);
    return usage;
}

void sm_datadog_usage_free(struct sm_datadog_usage *usage)
{
    if (!usage)
        return;
    sm_label_table_free(usage->rows);
    free(usage);
}

struct combination {
    const struct sm_datadog_usage *usage;
    struct sm_slice service, env;
};

static void *create_row(const void *context, bool is_overflow)
{
    const struct combination *of = context;
    struct usage_row *row = sm_alloc(1, sizeof(*row));
    /* Sound ones: who reads own metrics may refuse all of them for one wrong byte. */
    sm_utf8_copy(is_overflow ? sm_slice_of(other) : of->service, row->service, NAME_SIZE_MAX);
    sm_utf8_copy(is_overflow ? sm_slice_of(other) : of->env, row->env, NAME_SIZE_MAX);
    const struct sm_own_attribute attributes[] = {{"exporter", of->usage->exporter_id}, {"service", row->service}, {"env", row->env}};
    row->spans = sm_instrument_get(&spans_metric, attributes, 3);
    row->bytes = sm_instrument_get(&bytes_metric, attributes, 3);
    return row;
}

void sm_datadog_usage_add(struct sm_datadog_usage *usage, struct sm_slice service, struct sm_slice env, size_t spans, size_t bytes)
{
    const struct combination of = {.usage = usage, .service = service, .env = env};
    struct sm_hash128 key = sm_hash128(sm_hash_with(sm_hash_secret(), service), env);
    struct usage_row *row = sm_label_table_get(usage->rows, key, create_row, &of);
    /* The bytes first: who posts looks at the spans. */
    atomic_fetch_add_explicit(&row->new_bytes, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&row->new_spans, spans, memory_order_release);
    sm_instrument_add(row->spans, (int64_t)spans);
    sm_instrument_add(row->bytes, (int64_t)bytes);
}

bool sm_datadog_usage_end(struct sm_datadog_usage *usage)
{
    return atomic_fetch_sub(&usage->workers, 1) == 1;
}

static void show_row(void *item, void *context)
{
    const struct usage_row *row = item;
    const char *env = strcmp(row->env, "none") == 0 ? "" : row->env; /* so that it is one row with the telemetry that names none */
    const struct sm_volume volume = {
        .service = row->service, .environment = env, .spans = sm_instrument_count(row->spans), .bytes = sm_instrument_count(row->bytes)};
    sm_snapshot_append_volume(context, &volume);
}

void sm_datadog_usage_show(struct sm_datadog_usage *usage, struct sm_snapshot_question *question)
{
    struct sm_bytes table = {0};
    sm_snapshot_append_table(&table, "volume", SM_SLICE("By"), usage->exporter_id);
    sm_label_table_visit(usage->rows, show_row, &table);
    sm_snapshot_answer(question, sm_bytes_slice(&table));
    sm_bytes_deinit(&table);
}

/* ---- posts */

struct series {
    struct sm_bytes text;
    struct sm_slice hostname;
    uint64_t now_s;
    bool is_empty;
};

static void put_one(struct series *series, const char *metric, uint64_t value, const struct usage_row *row)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_bytes *out = &series->text;
    enum { COUNT = 1 };
    sm_bytes_printf(out, "%s{\"metric\":\"%s\",\"type\":%d,\"points\":[{\"timestamp\":%" PRIu64 ",\"value\":%" PRIu64 "}],\"resources\":[{\"name\":",
                    series->is_empty ? "" : ",", metric, COUNT, series->now_s, value);
    series->is_empty = false;
    sm_json_put_string_strict(out, series->hostname);
    sm_bytes_append_text(out, ",\"type\":\"host\"}],\"tags\":[");
    sm_json_put_string_strict(out, sm_slice_of(sm_arena_printf(&arena, "service:%s", row->service)));
    sm_bytes_append_char(out, ',');
    sm_json_put_string_strict(out, sm_slice_of(sm_arena_printf(&arena, "env:%s", row->env)));
    sm_bytes_append_text(out, "]}");
    sm_arena_deinit(&arena);
}

static void put_row(void *item, void *context)
{
    struct usage_row *row = item;
    uint64_t spans = atomic_exchange_explicit(&row->new_spans, 0, memory_order_acquire);
    if (!spans)
        return;
    put_one(context, spans_metric.name, spans, row);
    put_one(context, bytes_metric.name, atomic_exchange_explicit(&row->new_bytes, 0, memory_order_relaxed), row);
}

void sm_datadog_usage_post(struct sm_datadog_usage *usage, struct sm_datadog_lane *lane, struct sm_slice hostname, sm_datadog_posted *posted,
                           void *context)
{
    struct series series = {.hostname = hostname, .now_s = sm_clock_wall_ns() / SM_NS_PER_S, .is_empty = true};
    struct sm_bytes packed = {0};
    struct sm_error error;
    if (!sm_datadog_lane_has_room(lane))
        return;
    sm_bytes_append_text(&series.text, "{\"series\":[");
    sm_label_table_visit(usage->rows, put_row, &series);
    sm_bytes_append_text(&series.text, "]}");
    if (!series.is_empty && sm_compress(SM_COMPRESSION_GZIP, PACKING_LEVEL, sm_bytes_slice(&series.text), &packed, &error))
        sm_datadog_lane_post(lane, &packed, posted, context);
    sm_bytes_deinit(&packed);
    sm_bytes_deinit(&series.text);
}
