/* tracer_msgpack.c - traces in MessagePack; see tracer_api.h. Stateless.
 *
 *     v0.3, v0.4   [ trace: [ span: {"service": …, "meta": {…}, …} … ] … ]
 *     v0.5         [ [ text … ], [ trace: [ span: [ twelve values, texts by position ] … ] … ] ]
 *     v0.7         {"language_name": …, "chunks": [ {"priority": …, "spans": [ span … ]} … ] …} */
#include "datadog/tracer_api.h"
#include "datadog/tracer_fields.h"

const char SM_DATADOG_UNEXPECTED_END[] = "unexpected-eof";

static bool end(const struct sm_msgpack_cursor *cursor, const char **reason)
{
    *reason = cursor->error;
    return !cursor->error;
}

/* ---- links */

static const char *const link_names[] = {"trace_id", "trace_id_high", "span_id", "attributes", "tracestate", "flags"};
enum { LINK_TRACE_ID, LINK_TRACE_ID_HIGH, LINK_SPAN_ID, LINK_ATTRIBUTES, LINK_TRACE_STATE, LINK_FLAGS, LINK_FIELD_COUNT };

static bool read_link_field(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, int field, void *out)
{
    struct sm_datadog_link *link = out;
    switch (field) {
    case LINK_TRACE_ID:
        return sm_tracer_uint64(cursor, &link->trace_id);
    case LINK_TRACE_ID_HIGH:
        return sm_tracer_uint64(cursor, &link->trace_id_high);
    case LINK_SPAN_ID:
        return sm_tracer_uint64(cursor, &link->span_id);
    case LINK_ATTRIBUTES:
        return sm_tracer_text_map(cursor, arena, &link->attributes);
    case LINK_TRACE_STATE:
        return sm_tracer_text(cursor, arena, &link->trace_state);
    default:
        return sm_tracer_uint32(cursor, &link->flags);
    }
}

static bool read_links(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, struct sm_datadog_span *span)
{
    uint32_t count;
    if (!sm_tracer_array(cursor, &count))
        return false;
    span->links = sm_arena_zalloc(arena, count, sizeof(*span->links));
    span->link_count = count;
    for (uint32_t i = 0; i < count; i++)
        if (!sm_tracer_object(cursor, arena, link_names, LINK_FIELD_COUNT, read_link_field, &span->links[i]))
            return false;
    return true;
}

/* ---- spans */

static bool read_metrics(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, struct sm_datadog_map *metrics)
{
    uint32_t count;
    struct sm_slice key;
    double number;
    *metrics = (struct sm_datadog_map){0};
    if (!sm_tracer_map(cursor, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!sm_tracer_text(cursor, arena, &key) || !sm_tracer_double(cursor, &number))
            return false;
        sm_datadog_map_set_number(metrics, arena, key, number);
    }
    return true;
}

static bool read_meta_struct(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, struct sm_datadog_map *meta_struct)
{
    uint32_t count;
    struct sm_slice key, bytes;
    *meta_struct = (struct sm_datadog_map){0};
    if (!sm_tracer_map(cursor, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!sm_tracer_text(cursor, arena, &key) || !sm_tracer_bytes(cursor, &bytes))
            return false;
        sm_datadog_map_set_text(meta_struct, arena, key, bytes);
    }
    return true;
}

static const char *const span_names[] = {"service",  "name",  "resource", "trace_id", "span_id", "parent_id",   "start",
                                         "duration", "error", "meta",     "metrics",  "type",    "meta_struct", "span_links"};
enum {
    SPAN_SERVICE,
    SPAN_NAME,
    SPAN_RESOURCE,
    SPAN_TRACE_ID,
    SPAN_SPAN_ID,
    SPAN_PARENT_ID,
    SPAN_START,
    SPAN_DURATION,
    SPAN_ERROR,
    SPAN_META,
    SPAN_METRICS,
    SPAN_TYPE,
    SPAN_META_STRUCT,
    SPAN_LINKS,
    SPAN_FIELD_COUNT
};

static bool read_span_field(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, int field, void *out)
{
    struct sm_datadog_span *span = out;
    switch (field) {
    case SPAN_SERVICE:
        return sm_tracer_text(cursor, arena, &span->service);
    case SPAN_NAME:
        return sm_tracer_text(cursor, arena, &span->name);
    case SPAN_RESOURCE:
        return sm_tracer_text(cursor, arena, &span->resource);
    case SPAN_TRACE_ID:
        return sm_tracer_uint64(cursor, &span->trace_id);
    case SPAN_SPAN_ID:
        return sm_tracer_uint64(cursor, &span->span_id);
    case SPAN_PARENT_ID:
        return sm_tracer_uint64(cursor, &span->parent_id);
    case SPAN_START:
        return sm_tracer_int64(cursor, &span->start_ns);
    case SPAN_DURATION:
        return sm_tracer_int64(cursor, &span->duration_ns);
    case SPAN_ERROR:
        return sm_tracer_int32(cursor, &span->error);
    case SPAN_META:
        return sm_tracer_text_map(cursor, arena, &span->meta);
    case SPAN_METRICS:
        return read_metrics(cursor, arena, &span->metrics);
    case SPAN_TYPE:
        return sm_tracer_text(cursor, arena, &span->type);
    case SPAN_META_STRUCT:
        return read_meta_struct(cursor, arena, &span->meta_struct);
    default:
        return read_links(cursor, arena, span);
    }
}

/* A nil among the spans stands for nothing. */
static bool read_spans(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, struct sm_datadog_chunk *chunk)
{
    uint32_t count;
    if (!sm_tracer_array(cursor, &count))
        return false;
    size_t capacity = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (sm_msgpack_try_nil(cursor))
            continue;
        chunk->spans = sm_arena_grow(arena, chunk->spans, chunk->count, &capacity, chunk->count + 1, sizeof(*chunk->spans));
        struct sm_datadog_span *span = &chunk->spans[chunk->count++];
        *span = (struct sm_datadog_span){0};
        if (!sm_tracer_object(cursor, arena, span_names, SPAN_FIELD_COUNT, read_span_field, span))
            return false;
    }
    return true;
}

/* Room for a list of chunks; the memory grows with the bytes that were sent, as every chunk takes one at least. */
static bool begin_chunks(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, int32_t priority, struct sm_datadog_traces *traces)
{
    uint32_t count;
    if (!sm_tracer_array(cursor, &count))
        return false;
    traces->chunks = sm_arena_zalloc(arena, count, sizeof(*traces->chunks));
    traces->count = count;
    for (uint32_t i = 0; i < count; i++)
        traces->chunks[i].priority = priority;
    return true;
}

bool sm_datadog_decode_v04(struct sm_slice bytes, struct sm_arena *arena, struct sm_datadog_traces *traces, const char **reason)
{
    struct sm_msgpack_cursor cursor = sm_msgpack_begin(bytes);
    *traces = (struct sm_datadog_traces){0};
    if (!begin_chunks(&cursor, arena, SM_DATADOG_PRIORITY_NONE, traces))
        return end(&cursor, reason);
    for (size_t i = 0; i < traces->count; i++)
        if (!read_spans(&cursor, arena, &traces->chunks[i]))
            break;
    return end(&cursor, reason);
}

/* ---- v0.5 */

struct dictionary {
    struct sm_slice *texts;
    uint32_t count;
};

static bool read_dictionary(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, struct dictionary *dictionary)
{
    if (!sm_tracer_array(cursor, &dictionary->count))
        return false;
    dictionary->texts = sm_arena_alloc(arena, dictionary->count * sizeof(*dictionary->texts));
    for (uint32_t i = 0; i < dictionary->count; i++)
        if (!sm_tracer_text(cursor, arena, &dictionary->texts[i]))
            return false;
    return true;
}

static bool look_up(struct sm_msgpack_cursor *cursor, const struct dictionary *dictionary, struct sm_slice *text)
{
    uint32_t index;
    if (!sm_tracer_uint32(cursor, &index))
        return false;
    if (index >= dictionary->count)
        return sm_msgpack_fail(cursor, "dictionary index out of range");
    *text = dictionary->texts[index];
    return true;
}

static bool look_up_meta(struct sm_msgpack_cursor *cursor, const struct dictionary *dictionary, struct sm_arena *arena, struct sm_datadog_map *meta)
{
    uint32_t count;
    struct sm_slice key, text;
    if (!sm_tracer_map(cursor, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!look_up(cursor, dictionary, &key) || !look_up(cursor, dictionary, &text))
            return false;
        sm_datadog_map_set_text(meta, arena, key, text);
    }
    return true;
}

static bool look_up_metrics(struct sm_msgpack_cursor *cursor, const struct dictionary *dictionary, struct sm_arena *arena,
                            struct sm_datadog_map *metrics)
{
    uint32_t count;
    struct sm_slice key;
    double number;
    if (!sm_tracer_map(cursor, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!look_up(cursor, dictionary, &key) || !sm_tracer_double(cursor, &number))
            return false;
        sm_datadog_map_set_number(metrics, arena, key, number);
    }
    return true;
}

static bool read_listed_span(struct sm_msgpack_cursor *cursor, const struct dictionary *dictionary, struct sm_arena *arena,
                             struct sm_datadog_span *span)
{
    enum { VALUE_COUNT = 12 };
    uint32_t count;
    if (!sm_tracer_array(cursor, &count))
        return false;
    if (count != VALUE_COUNT)
        return sm_msgpack_fail(cursor, "encoded span needs exactly 12 elements in array");
    return look_up(cursor, dictionary, &span->service) && look_up(cursor, dictionary, &span->name) && look_up(cursor, dictionary, &span->resource) &&
           sm_tracer_uint64(cursor, &span->trace_id) && sm_tracer_uint64(cursor, &span->span_id) && sm_tracer_uint64(cursor, &span->parent_id) &&
           sm_tracer_int64(cursor, &span->start_ns) && sm_tracer_int64(cursor, &span->duration_ns) && sm_tracer_int32(cursor, &span->error) &&
           look_up_meta(cursor, dictionary, arena, &span->meta) && look_up_metrics(cursor, dictionary, arena, &span->metrics) &&
           look_up(cursor, dictionary, &span->type);
}

static bool read_listed_spans(struct sm_msgpack_cursor *cursor, const struct dictionary *dictionary, struct sm_arena *arena,
                              struct sm_datadog_chunk *chunk)
{
    uint32_t count;
    if (!sm_tracer_array(cursor, &count))
        return false;
    size_t capacity = 0;
    for (uint32_t i = 0; i < count; i++) {
        chunk->spans = sm_arena_grow(arena, chunk->spans, chunk->count, &capacity, chunk->count + 1, sizeof(*chunk->spans));
        struct sm_datadog_span *span = &chunk->spans[chunk->count++];
        *span = (struct sm_datadog_span){0};
        if (!read_listed_span(cursor, dictionary, arena, span))
            return false;
    }
    return true;
}

bool sm_datadog_decode_v05(struct sm_slice bytes, struct sm_arena *arena, struct sm_datadog_traces *traces, const char **reason)
{
    struct sm_msgpack_cursor cursor = sm_msgpack_begin(bytes);
    struct dictionary dictionary = {0};
    uint32_t parts;
    *traces = (struct sm_datadog_traces){0};
    if (!sm_tracer_array(&cursor, &parts) || !read_dictionary(&cursor, arena, &dictionary) ||
        !begin_chunks(&cursor, arena, SM_DATADOG_PRIORITY_NONE, traces))
        return end(&cursor, reason);
    for (size_t i = 0; i < traces->count; i++)
        if (!read_listed_spans(&cursor, &dictionary, arena, &traces->chunks[i]))
            break;
    return end(&cursor, reason);
}

/* ---- v0.7 */

static const char *const chunk_names[] = {"priority", "origin", "spans", "tags", "dropped_trace"};
enum { CHUNK_PRIORITY, CHUNK_ORIGIN, CHUNK_SPANS, CHUNK_TAGS, CHUNK_DROPPED, CHUNK_FIELD_COUNT };

static bool read_chunk_field(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, int field, void *out)
{
    struct sm_datadog_chunk *chunk = out;
    switch (field) {
    case CHUNK_PRIORITY:
        return sm_tracer_int32(cursor, &chunk->priority);
    case CHUNK_ORIGIN:
        return sm_tracer_text(cursor, arena, &chunk->origin);
    case CHUNK_SPANS:
        chunk->spans = NULL;
        chunk->count = 0;
        return read_spans(cursor, arena, chunk);
    case CHUNK_TAGS:
        return sm_tracer_text_map(cursor, arena, &chunk->tags);
    default:
        return sm_tracer_bool(cursor, &chunk->is_dropped);
    }
}

static bool read_chunks(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, struct sm_datadog_traces *traces)
{
    if (!begin_chunks(cursor, arena, 0, traces))
        return false;
    for (size_t i = 0; i < traces->count; i++)
        if (!sm_tracer_object(cursor, arena, chunk_names, CHUNK_FIELD_COUNT, read_chunk_field, &traces->chunks[i]))
            return false;
    return true;
}

static const char *const payload_names[] = {"container_id", "language_name", "language_version", "tracer_version", "runtime_id",
                                            "env",          "hostname",      "app_version",      "tags",           "chunks"};
enum {
    PAYLOAD_CONTAINER_ID,
    PAYLOAD_LANGUAGE,
    PAYLOAD_LANGUAGE_VERSION,
    PAYLOAD_TRACER_VERSION,
    PAYLOAD_RUNTIME_ID,
    PAYLOAD_ENV,
    PAYLOAD_HOSTNAME,
    PAYLOAD_APP_VERSION,
    PAYLOAD_TAGS,
    PAYLOAD_CHUNKS,
    PAYLOAD_FIELD_COUNT
};

static bool read_payload_field(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, int field, void *out)
{
    struct sm_datadog_traces *traces = out;
    struct sm_datadog_payload *payload = &traces->payload;
    struct sm_slice *const texts[] = {
        [PAYLOAD_CONTAINER_ID] = &payload->container_id,
        [PAYLOAD_LANGUAGE] = &payload->language,
        [PAYLOAD_LANGUAGE_VERSION] = &payload->language_version,
        [PAYLOAD_TRACER_VERSION] = &payload->tracer_version,
        [PAYLOAD_RUNTIME_ID] = &payload->runtime_id,
        [PAYLOAD_ENV] = &payload->env,
        [PAYLOAD_HOSTNAME] = &payload->hostname,
        [PAYLOAD_APP_VERSION] = &payload->app_version,
    };
    if (field == PAYLOAD_TAGS)
        return sm_tracer_text_map(cursor, arena, &payload->tags);
    return field == PAYLOAD_CHUNKS ? read_chunks(cursor, arena, traces) : sm_tracer_text(cursor, arena, texts[field]);
}

bool sm_datadog_decode_v07(struct sm_slice bytes, struct sm_arena *arena, struct sm_datadog_traces *traces, const char **reason)
{
    struct sm_msgpack_cursor cursor = sm_msgpack_begin(bytes);
    *traces = (struct sm_datadog_traces){0};
    bool is_good = sm_tracer_object(&cursor, arena, payload_names, PAYLOAD_FIELD_COUNT, read_payload_field, traces);
    (void)is_good; /* the cursor says why */
    return end(&cursor, reason);
}
