/* stats.c - posts APM statistics, which the connector hands over as protobuf, in MessagePack; see exporter.h. A payload of many rows is posted in
 * parts. Source: datadog-agent pkg/trace/writer/stats.go, 0.59.0; datadogexporter factory.go (consumeStatsPayload). */
#include "exporters/datadog/exporter.h"

#include "base/log.h"
#include "datadog/stats_payload.h"
#include "wire/compression.h"

enum { ROWS_MAX = 4000, PACKING_LEVEL = 1 };

struct sm_datadog_intake *sm_datadog_stats_create(const struct sm_datadog_exporter_options *options, const struct sm_logger *logger,
                                                  struct sm_error *error)
{
    const struct sm_datadog_intake_settings settings = {
        .what = "stats payload",
        .user_agent = SM_DATADOG_AGENT_USER_AGENT,
        .headers = "X-Datadog-Reported-Languages: \r\n",
        .method = SM_SLICE("POST"),
        .content_type = SM_SLICE("application/msgpack"),
        .content_encoding = SM_SLICE("gzip"),
        .retries = SM_DATADOG_RETRIES_AGENT,
        .logger = logger,
    };
    return sm_datadog_intake_create(options, sm_datadog_url(options, &options->traces.endpoint, "trace.agent", "/api/v0.2/stats"), &settings, error);
}

/* ---- parts */

static size_t count_rows(const struct sm_stats_client *client)
{
    size_t count = 0;
    for (size_t i = 0; i < client->buckets.count; i++)
        count += client->buckets.items[i].rows.count;
    return count;
}

/* Deals the rows of a client out to `count` clients, one after the other, each bucket in its own order. */
static void deal_rows(const struct sm_stats_client *client, struct sm_stats_client *parts, size_t count, struct sm_arena *arena)
{
    size_t next = 0;
    for (size_t p = 0; p < count; p++) {
        parts[p] = *client;
        parts[p].tags = (struct sm_stats_texts){0}; /* as the reference leaves them out */
        parts[p].buckets = (struct sm_stats_buckets){.items = sm_arena_zalloc(arena, client->buckets.count, sizeof(*parts[p].buckets.items))};
    }
    for (size_t i = 0; i < client->buckets.count; i++) {
        const struct sm_stats_bucket *bucket = &client->buckets.items[i];
        for (size_t p = 0; p < count; p++) {
            struct sm_stats_bucket *own = &parts[p].buckets.items[parts[p].buckets.count];
            *own = *bucket;
            own->rows = (struct sm_stats_rows){.items = sm_arena_alloc(arena, (bucket->rows.count / count + 1) * sizeof(*own->rows.items))};
        }
        for (size_t r = 0; r < bucket->rows.count; r++, next++) {
            struct sm_stats_client *part = &parts[next % count];
            struct sm_stats_rows *rows = &part->buckets.items[part->buckets.count].rows;
            rows->items[rows->count++] = bucket->rows.items[r];
        }
        for (size_t p = 0; p < count; p++)
            parts[p].buckets.count += parts[p].buckets.items[parts[p].buckets.count].rows.count > 0;
    }
}

/* Clients of at most ROWS_MAX rows each; those without any are left out. */
static struct sm_stats_clients split_clients(const struct sm_stats_clients *clients, struct sm_arena *arena)
{
    size_t room = 0;
    for (size_t i = 0; i < clients->count; i++)
        room += count_rows(&clients->items[i]) / ROWS_MAX + 1;
    struct sm_stats_clients split = {.items = sm_arena_alloc(arena, room * sizeof(*split.items))};
    for (size_t i = 0; i < clients->count; i++) {
        const struct sm_stats_client *client = &clients->items[i];
        size_t row_count = count_rows(client), part_count = (row_count + ROWS_MAX - 1) / ROWS_MAX;
        if (client->buckets.count == 0)
            continue;
        if (row_count < ROWS_MAX) {
            split.items[split.count++] = *client;
            continue;
        }
        deal_rows(client, &split.items[split.count], part_count, arena);
        split.count += part_count;
    }
    return split;
}

/* What the connector leaves open, and what Datadog does not take. */
static void complete_client(struct sm_stats_client *client)
{
    if (!client->tracer_version.size)
        client->tracer_version = SM_SLICE("spanmill" SPANMILL_VERSION);
    if (!client->container_id.size)
        client->tags = (struct sm_stats_texts){0};
    else if (!client->tags.count)
        client->container_id = (struct sm_slice){0}; /* nobody here could tell what container it is */
}

static void post(struct sm_datadog_lane *lane, const struct sm_stats_payload *payload, const struct sm_logger *logger, sm_datadog_posted *posted,
                 void *context)
{
    struct sm_bytes text = {0}, packed = {0};
    struct sm_error error;
    sm_stats_payload_put_msgpack(payload, &text);
    if (sm_compress(SM_COMPRESSION_GZIP, PACKING_LEVEL, sm_bytes_slice(&text), &packed, &error))
        sm_datadog_lane_post(lane, &packed, posted, context);
    else
        sm_log(SM_LOG_ERROR, logger, "Dropping stats that cannot be packed", SM_LOG_STR("error", error.text));
    sm_bytes_deinit(&packed);
    sm_bytes_deinit(&text);
}

void sm_datadog_post_stats(struct sm_datadog_lane *lane, struct sm_slice bytes, const struct sm_logger *logger, sm_datadog_posted *posted,
                           void *context)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_stats_payload payload;
    const char *reason;
    if (!sm_stats_payload_decode(bytes, &arena, &payload, &reason)) {
        sm_log(SM_LOG_ERROR, logger, "failed to unmarshal stats payload", SM_LOG_STR("error", reason));
        sm_arena_deinit(&arena);
        return;
    }
    bool is_complete = payload.agent_version.size > 0; /* made as the Agent makes them */
    payload.agent_version = SM_SLICE(SM_DATADOG_AGENT_VERSION);
    for (size_t i = 0; i < payload.clients.count && !is_complete; i++)
        complete_client(&payload.clients.items[i]);
    struct sm_stats_clients clients = split_clients(&payload.clients, &arena);
    size_t total = 0;
    for (size_t i = 0; i < clients.count; i++)
        total += count_rows(&clients.items[i]);
    payload.is_split = total > ROWS_MAX;
    for (size_t i = 0; i < clients.count;) {
        size_t rows = 0;
        payload.clients = (struct sm_stats_clients){.items = &clients.items[i]};
        do {
            rows += count_rows(&clients.items[i++]);
            payload.clients.count++;
        } while (i < clients.count && rows + count_rows(&clients.items[i]) <= ROWS_MAX);
        if (rows)
            post(lane, &payload, logger, posted, context);
    }
    sm_arena_deinit(&arena);
}
