/* client_stats.c - see client_stats.h. Few tracers send, every ten seconds each: a bucket's rows stand in a list that a hash finds.
 * The grid is that of odd seconds, so that these never share a second with the Agent's own statistics. */
#include "datadog/client_stats.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/index.h"
#include "base/memory.h"
#include "base/regex.h"
#include "datadog/names.h"
#include "datadog/summary.h"

#define GRID_NS (2 * SM_NS_PER_S)
#define OLDEST_NS (20 * SM_NS_PER_S)
#define LENGTH_NS (10 * SM_NS_PER_S)

struct row {
    struct sm_hash128 hash;
    struct sm_stats_client *client; /* borrowed: the bucket's arena */
    struct sm_stats_row sum;        /* texts: the bucket's arena */
    struct sm_summary ok, error;
    bool is_single; /* the sketches are those of the only row so far */
};

struct bucket {
    struct bucket *next;
    uint64_t start_ns;
    struct sm_arena arena;
    struct sm_entries rows, clients;
    struct sm_index row_index, client_index;
    bool is_taken;
};

struct client {
    struct sm_hash128 hash;
    struct sm_stats_client key; /* env, hostname, version, commit, image */
    uint32_t row_count;
};

struct sm_client_stats {
    const struct sm_datadog_agent_state *agent;
    struct bucket *buckets; /* owned */
    uint64_t oldest_ns;
    size_t row_count;
};

static uint64_t align(uint64_t ns)
{
    return ns - ns % GRID_NS + SM_NS_PER_S;
}

/* ---- life */

struct sm_client_stats *sm_client_stats_create(const struct sm_datadog_agent_state *agent, uint64_t now_ns)
{
    struct sm_client_stats *stats = sm_alloc(1, sizeof(*stats));
    stats->agent = agent;
    stats->oldest_ns = align(now_ns + GRID_NS - OLDEST_NS);
    return stats;
}

static void free_bucket(struct bucket *bucket)
{
    for (uint32_t i = 0; i < sm_entries_limit(&bucket->rows); i++) {
        struct row *row = sm_entries_at(&bucket->rows, i);
        sm_summary_clear(&row->ok);
        sm_summary_clear(&row->error);
    }
    sm_entries_deinit(&bucket->rows);
    sm_entries_deinit(&bucket->clients);
    sm_index_deinit(&bucket->row_index);
    sm_index_deinit(&bucket->client_index);
    sm_arena_deinit(&bucket->arena);
    free(bucket);
}

void sm_client_stats_free(struct sm_client_stats *stats)
{
    while (stats && stats->buckets) {
        struct bucket *bucket = stats->buckets;
        stats->buckets = bucket->next;
        free_bucket(bucket);
    }
    free(stats);
}

static struct bucket *bucket_at(struct sm_client_stats *stats, uint64_t now_ns, uint64_t start_ns)
{
    uint64_t at = start_ns < stats->oldest_ns ? stats->oldest_ns : start_ns > now_ns ? align(now_ns) : align(start_ns);
    for (struct bucket *bucket = stats->buckets; bucket; bucket = bucket->next)
        if (bucket->start_ns == at)
            return bucket;
    struct bucket *bucket = sm_alloc(1, sizeof(*bucket));
    bucket->start_ns = at;
    bucket->next = stats->buckets;
    sm_entries_init(&bucket->rows, sizeof(struct row));
    sm_entries_init(&bucket->clients, sizeof(struct client));
    stats->buckets = bucket;
    return bucket;
}

/* ---- rows made sound */

static bool is_ignored(const struct sm_datadog_agent *agent, struct sm_slice resource)
{
    for (size_t i = 0; i < agent->ignored_count; i++)
        if (sm_regex_matches(agent->ignored[i], resource))
            return true;
    return false;
}

static void obfuscate(const struct sm_datadog_agent_state *agent, struct sm_stats_row *row, struct sm_arena *arena)
{
    if (sm_slice_is(row->type, "sql") || sm_slice_is(row->type, "cassandra")) {
        if (!sm_datadog_obfuscate_sql(agent->agent.obfuscator, row->resource, arena, &row->resource, NULL))
            row->resource = SM_SLICE("Non-parsable SQL query");
    } else if (sm_slice_is(row->type, "redis")) {
        row->resource = sm_datadog_quantise_redis(row->resource, arena);
    }
}

/* False: it is left out. */
static bool prepare_row(const struct sm_datadog_agent_state *agent, struct sm_stats_row *row, struct sm_slice language, struct sm_arena *arena)
{
    row->name = sm_datadog_name(row->name, arena, NULL);
    row->service = sm_datadog_service(row->service, language, arena, NULL);
    if (!row->resource.size)
        row->resource = row->name;
    row->resource = sm_datadog_truncate(row->resource, SM_DATADOG_RESOURCE_MAX);
    if (is_ignored(&agent->agent, row->resource))
        return false;
    obfuscate(agent, row, arena);
    sm_datadog_replace_in_row(&agent->rules, row, arena);
    return true;
}

/* ---- adding up */

static struct sm_hash128 hash_texts(const struct sm_slice *texts, size_t count, struct sm_hash128 more)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_bytes bytes;
    sm_bytes_init(&bytes, &arena);
    sm_bytes_append(&bytes, &more, sizeof(more));
    for (size_t i = 0; i < count; i++) {
        sm_bytes_append(&bytes, &texts[i].size, sizeof(texts[i].size));
        sm_bytes_append_slice(&bytes, texts[i]);
    }
    struct sm_hash128 hash = sm_hash128(sm_hash_secret(), sm_bytes_slice(&bytes));
    sm_arena_deinit(&arena);
    return hash;
}

static struct client *client_of(struct bucket *bucket, const struct sm_stats_client *from)
{
    const struct sm_slice texts[] = {from->env, from->hostname, from->version, from->container_id, from->git_commit_sha, from->image_tag};
    struct sm_hash128 hash = hash_texts(texts, sizeof(texts) / sizeof(texts[0]), (struct sm_hash128){0});
    uint32_t number = sm_index_find(&bucket->client_index, &bucket->clients, hash);
    if (number == SM_INDEX_NONE) {
        number = sm_entries_add(&bucket->clients, hash);
        sm_index_add(&bucket->client_index, hash, number);
        struct client *client = sm_entries_at(&bucket->clients, number);
        /* Of containers only what they tell of their image is sent on. */
        client->key = (struct sm_stats_client){.env = sm_arena_copy(&bucket->arena, from->env),
                                               .hostname = sm_arena_copy(&bucket->arena, from->hostname),
                                               .version = sm_arena_copy(&bucket->arena, from->version),
                                               .git_commit_sha = sm_arena_copy(&bucket->arena, from->git_commit_sha),
                                               .image_tag = sm_arena_copy(&bucket->arena, from->image_tag)};
    }
    return sm_entries_at(&bucket->clients, number);
}

static int compare_texts(const void *a, const void *b)
{
    return sm_slice_compare(*(const struct sm_slice *)a, *(const struct sm_slice *)b);
}

static struct sm_hash128 hash_row(const struct client *client, const struct sm_stats_row *row, struct sm_arena *arena)
{
    enum { FIXED = 5 };
    struct sm_slice *texts = sm_arena_alloc(arena, (FIXED + row->peer_tags.count) * sizeof(*texts));
    const struct sm_slice fixed[FIXED] = {row->service, row->name, row->resource, row->type, row->span_kind};
    memcpy(texts, fixed, sizeof(fixed));
    for (size_t i = 0; i < row->peer_tags.count; i++)
        texts[FIXED + i] = row->peer_tags.items[i];
    qsort(texts + FIXED, row->peer_tags.count, sizeof(*texts), compare_texts);
    uint64_t numbers[] = {client->hash.low, client->hash.high, row->http_status_code, row->is_trace_root, row->is_synthetics};
    struct sm_hash128 more = sm_hash128(sm_hash_secret(), sm_slice_make(numbers, sizeof(numbers)));
    return hash_texts(texts, FIXED + row->peer_tags.count, more);
}

static void copy_row(struct sm_stats_row *to, const struct sm_stats_row *from, struct sm_arena *arena)
{
    *to = *from;
    to->service = sm_arena_copy(arena, from->service);
    to->name = sm_arena_copy(arena, from->name);
    to->resource = sm_arena_copy(arena, from->resource);
    to->type = sm_arena_copy(arena, from->type);
    to->db_type = (struct sm_slice){0};
    to->span_kind = sm_arena_copy(arena, from->span_kind);
    to->ok_summary = sm_arena_copy(arena, from->ok_summary);
    to->error_summary = sm_arena_copy(arena, from->error_summary);
    to->peer_tags.items = sm_arena_alloc(arena, from->peer_tags.count * sizeof(*to->peer_tags.items));
    for (size_t i = 0; i < from->peer_tags.count; i++)
        to->peer_tags.items[i] = sm_arena_copy(arena, from->peer_tags.items[i]);
}

/* A sketch that cannot be read is left out, as in the reference; the counts stay. */
static void merge_row(struct row *row, const struct sm_stats_row *more)
{
    bool is_good = true;
    row->sum.hits += more->hits;
    row->sum.errors += more->errors;
    row->sum.duration_ns += more->duration_ns;
    row->sum.top_level_hits += more->top_level_hits;
    if (row->is_single) {
        is_good = sm_summary_add(&row->ok, row->sum.ok_summary);
        is_good &= sm_summary_add(&row->error, row->sum.error_summary);
    }
    row->is_single = false;
    is_good &= sm_summary_add(&row->ok, more->ok_summary);
    is_good &= sm_summary_add(&row->error, more->error_summary);
    (void)is_good;
}

static bool add_row(struct sm_client_stats *stats, struct bucket *bucket, struct client *client, const struct sm_stats_row *from,
                    struct sm_arena *arena)
{
    struct sm_hash128 hash = hash_row(client, from, arena);
    uint32_t number = sm_index_find(&bucket->row_index, &bucket->rows, hash);
    if (number != SM_INDEX_NONE) {
        merge_row(sm_entries_at(&bucket->rows, number), from);
        return true;
    }
    if (stats->row_count >= SM_STATS_ROWS_MAX)
        return false;
    stats->row_count++;
    client->row_count++;
    number = sm_entries_add(&bucket->rows, hash);
    sm_index_add(&bucket->row_index, hash, number);
    struct row *row = sm_entries_at(&bucket->rows, number);
    row->client = &client->key;
    row->is_single = true;
    copy_row(&row->sum, from, &bucket->arena);
    return true;
}

size_t sm_client_stats_add(struct sm_client_stats *stats, uint64_t now_ns, struct sm_stats_client *client, struct sm_slice language,
                           struct sm_arena *arena)
{
    size_t left_out = 0;
    if (!stats->agent->sends_container_stats)
        client->container_id = (struct sm_slice){0};
    client->env = sm_datadog_tag(client->env.size ? client->env : stats->agent->env, arena);
    for (size_t b = 0; b < client->buckets.count; b++) {
        struct sm_stats_bucket *from = &client->buckets.items[b];
        struct bucket *bucket = bucket_at(stats, now_ns, from->start_ns);
        struct client *key = client_of(bucket, client);
        for (size_t i = 0; i < from->rows.count; i++)
            if (prepare_row(stats->agent, &from->rows.items[i], language, arena))
                left_out += !add_row(stats, bucket, key, &from->rows.items[i], arena);
    }
    return left_out;
}

/* ---- taking */

static void put_bucket(struct bucket *bucket, struct sm_arena *arena, struct sm_stats_payload *payload)
{
    size_t first = payload->clients.count;
    for (uint32_t i = 0; i < sm_entries_limit(&bucket->clients); i++) {
        struct client *client = sm_entries_at(&bucket->clients, i);
        struct sm_stats_client *out = &payload->clients.items[payload->clients.count++];
        struct sm_stats_bucket *own = sm_arena_zalloc(arena, 1, sizeof(*own));
        *own = (struct sm_stats_bucket){.start_ns = bucket->start_ns, .duration_ns = LENGTH_NS};
        own->rows.items = sm_arena_alloc(arena, client->row_count * sizeof(*own->rows.items));
        *out = client->key;
        out->buckets = (struct sm_stats_buckets){.items = own, .count = 1};
        client->key.sequence = first + i; /* where its rows go */
    }
    for (uint32_t i = 0; i < sm_entries_limit(&bucket->rows); i++) {
        const struct row *row = sm_entries_at(&bucket->rows, i);
        struct sm_stats_rows *rows = &payload->clients.items[row->client->sequence].buckets.items->rows;
        struct sm_stats_row *out = &rows->items[rows->count++];
        *out = row->sum;
        if (!row->is_single) {
            out->ok_summary = sm_summary_encode(&row->ok, arena);
            out->error_summary = sm_summary_encode(&row->error, arena);
        }
    }
}

void sm_client_stats_take(struct sm_client_stats *stats, uint64_t now_ns, bool is_all, struct sm_arena *arena, struct sm_stats_payload *payload)
{
    uint64_t limit_ns = align(now_ns + GRID_NS - OLDEST_NS);
    size_t count = 0;
    for (struct bucket *bucket = stats->buckets; bucket; bucket = bucket->next) {
        bucket->is_taken = is_all || bucket->start_ns < limit_ns;
        count += bucket->is_taken ? bucket->clients.count : 0;
    }
    *payload = (struct sm_stats_payload){.agent_hostname = stats->agent->hostname,
                                         .agent_env = stats->agent->env,
                                         .agent_version = SM_SLICE(SPANMILL_VERSION),
                                         .is_client_computed = true};
    payload->clients.items = sm_arena_alloc(arena, count * sizeof(*payload->clients.items));
    for (struct bucket *bucket = stats->buckets; bucket; bucket = bucket->next)
        if (bucket->is_taken)
            put_bucket(bucket, arena, payload);
    stats->oldest_ns = limit_ns;
}

void sm_client_stats_forget(struct sm_client_stats *stats)
{
    for (struct bucket **link = &stats->buckets; *link;) {
        struct bucket *bucket = *link;
        if (!bucket->is_taken) {
            link = &bucket->next;
            continue;
        }
        *link = bucket->next;
        stats->row_count -= bucket->rows.count;
        free_bucket(bucket);
    }
}
