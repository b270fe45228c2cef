/* tracer_stats.c - the statistics of tracers that make their own (ClientStatsPayload) in MessagePack; see tracer_api.h. Stateless. */
#include "datadog/tracer_api.h"
#include "datadog/tracer_fields.h"

static const char *const row_names[] = {"Service",      "Name",     "Resource", "HTTPStatusCode", "Type",         "DBType",
                                        "Hits",         "Errors",   "Duration", "OkSummary",      "ErrorSummary", "Synthetics",
                                        "TopLevelHits", "SpanKind", "PeerTags", "IsTraceRoot"};
enum {
    ROW_SERVICE,
    ROW_NAME,
    ROW_RESOURCE,
    ROW_STATUS_CODE,
    ROW_TYPE,
    ROW_DB_TYPE,
    ROW_HITS,
    ROW_ERRORS,
    ROW_DURATION,
    ROW_OK,
    ROW_ERROR,
    ROW_SYNTHETICS,
    ROW_TOP_LEVEL_HITS,
    ROW_SPAN_KIND,
    ROW_PEER_TAGS,
    ROW_IS_ROOT,
    ROW_FIELD_COUNT
};

static bool read_row_number(struct sm_msgpack_cursor *cursor, int field, struct sm_stats_row *row)
{
    switch (field) {
    case ROW_STATUS_CODE:
        return sm_tracer_uint32(cursor, &row->http_status_code);
    case ROW_HITS:
        return sm_tracer_uint64(cursor, &row->hits);
    case ROW_ERRORS:
        return sm_tracer_uint64(cursor, &row->errors);
    case ROW_DURATION:
        return sm_tracer_uint64(cursor, &row->duration_ns);
    case ROW_TOP_LEVEL_HITS:
        return sm_tracer_uint64(cursor, &row->top_level_hits);
    case ROW_SYNTHETICS:
        return sm_tracer_bool(cursor, &row->is_synthetics);
    default:
        return sm_tracer_uint32(cursor, &row->is_trace_root);
    }
}

static bool read_row_field(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, int field, void *out)
{
    struct sm_stats_row *row = out;
    switch (field) {
    case ROW_SERVICE:
        return sm_tracer_text(cursor, arena, &row->service);
    case ROW_NAME:
        return sm_tracer_text(cursor, arena, &row->name);
    case ROW_RESOURCE:
        return sm_tracer_text(cursor, arena, &row->resource);
    case ROW_TYPE:
        return sm_tracer_text(cursor, arena, &row->type);
    case ROW_DB_TYPE:
        return sm_tracer_text(cursor, arena, &row->db_type);
    case ROW_SPAN_KIND:
        return sm_tracer_text(cursor, arena, &row->span_kind);
    case ROW_OK:
        return sm_tracer_bytes(cursor, &row->ok_summary);
    case ROW_ERROR:
        return sm_tracer_bytes(cursor, &row->error_summary);
    case ROW_PEER_TAGS:
        return sm_tracer_texts(cursor, arena, &row->peer_tags);
    default:
        return read_row_number(cursor, field, row);
    }
}

static const char *const bucket_names[] = {"Start", "Duration", "AgentTimeShift", "Stats"};
enum { BUCKET_START, BUCKET_DURATION, BUCKET_SHIFT, BUCKET_ROWS, BUCKET_FIELD_COUNT };

static bool read_bucket_field(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, int field, void *out)
{
    struct sm_stats_bucket *bucket = out;
    uint32_t count;
    if (field == BUCKET_START)
        return sm_tracer_uint64(cursor, &bucket->start_ns);
    if (field == BUCKET_DURATION)
        return sm_tracer_uint64(cursor, &bucket->duration_ns);
    if (field == BUCKET_SHIFT)
        return sm_tracer_int64(cursor, &bucket->agent_time_shift_ns);
    if (!sm_tracer_array(cursor, &count))
        return false;
    size_t capacity = 0;
    bucket->rows = (struct sm_stats_rows){0};
    for (uint32_t i = 0; i < count; i++) {
        struct sm_stats_rows *rows = &bucket->rows;
        rows->items = sm_arena_grow(arena, rows->items, rows->count, &capacity, rows->count + 1, sizeof(*rows->items));
        rows->items[rows->count] = (struct sm_stats_row){0};
        if (!sm_tracer_object(cursor, arena, row_names, ROW_FIELD_COUNT, read_row_field, &rows->items[rows->count++]))
            return false;
    }
    return true;
}

static const char *const client_names[] = {"Hostname",         "Env",     "Version",     "Lang", "TracerVersion", "RuntimeID", "Sequence",
                                           "AgentAggregation", "Service", "ContainerID", "Tags", "GitCommitSha",  "ImageTag",  "Stats"};
enum {
    CLIENT_HOSTNAME,
    CLIENT_ENV,
    CLIENT_VERSION,
    CLIENT_LANG,
    CLIENT_TRACER_VERSION,
    CLIENT_RUNTIME_ID,
    CLIENT_SEQUENCE,
    CLIENT_AGGREGATION,
    CLIENT_SERVICE,
    CLIENT_CONTAINER_ID,
    CLIENT_TAGS,
    CLIENT_COMMIT,
    CLIENT_IMAGE_TAG,
    CLIENT_BUCKETS,
    CLIENT_FIELD_COUNT
};

static bool read_buckets(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, struct sm_stats_buckets *buckets)
{
    uint32_t count;
    if (!sm_tracer_array(cursor, &count))
        return false;
    size_t capacity = 0;
    *buckets = (struct sm_stats_buckets){0};
    for (uint32_t i = 0; i < count; i++) {
        buckets->items = sm_arena_grow(arena, buckets->items, buckets->count, &capacity, buckets->count + 1, sizeof(*buckets->items));
        buckets->items[buckets->count] = (struct sm_stats_bucket){0};
        if (!sm_tracer_object(cursor, arena, bucket_names, BUCKET_FIELD_COUNT, read_bucket_field, &buckets->items[buckets->count++]))
            return false;
    }
    return true;
}

static bool read_client_field(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, int field, void *out)
{
    struct sm_stats_client *client = out;
    struct sm_slice *const texts[CLIENT_FIELD_COUNT] = {
        [CLIENT_HOSTNAME] = &client->hostname,
        [CLIENT_ENV] = &client->env,
        [CLIENT_VERSION] = &client->version,
        [CLIENT_LANG] = &client->lang,
        [CLIENT_TRACER_VERSION] = &client->tracer_version,
        [CLIENT_RUNTIME_ID] = &client->runtime_id,
        [CLIENT_AGGREGATION] = &client->agent_aggregation,
        [CLIENT_SERVICE] = &client->service,
        [CLIENT_CONTAINER_ID] = &client->container_id,
        [CLIENT_COMMIT] = &client->git_commit_sha,
        [CLIENT_IMAGE_TAG] = &client->image_tag,
    };
    if (texts[field])
        return sm_tracer_text(cursor, arena, texts[field]);
    if (field == CLIENT_SEQUENCE)
        return sm_tracer_uint64(cursor, &client->sequence);
    return field == CLIENT_TAGS ? sm_tracer_texts(cursor, arena, &client->tags) : read_buckets(cursor, arena, &client->buckets);
}

bool sm_datadog_decode_client_stats(struct sm_slice bytes, struct sm_arena *arena, struct sm_stats_client *client, const char **reason)
{
    struct sm_msgpack_cursor cursor = sm_msgpack_begin(bytes);
    *client = (struct sm_stats_client){0};
    bool is_good = sm_tracer_object(&cursor, arena, client_names, CLIENT_FIELD_COUNT, read_client_field, client);
    *reason = cursor.error == SM_MSGPACK_SHORT ? SM_DATADOG_UNEXPECTED_END : cursor.error; /* this one is read from a stream */
    return is_good;
}
