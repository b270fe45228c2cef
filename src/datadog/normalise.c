/* normalise.c - makes spans sound and cuts them to size; see chunk.h. Stateless. */
#include "datadog/chunk.h"

#include "datadog/names.h"

enum { TYPE_SIZE_MAX = 100, KEY_SIZE_MAX = 200, VALUE_SIZE_MAX = 25000 };

/* 2000-01-01: what is older has the wrong unit. */
#define OLDEST_START_NS INT64_C(946684800000000000)

static const char *const reason_names[SM_DATADOG_REASON_COUNT] = {
    [SM_DATADOG_TRACE_ID_ZERO] = "trace_id_zero",
    [SM_DATADOG_SPAN_ID_ZERO] = "span_id_zero",
    [SM_DATADOG_FOREIGN_SPAN] = "foreign_span",
    [SM_DATADOG_EMPTY_TRACE] = "empty_trace",
    [SM_DATADOG_PAYLOAD_TOO_LARGE] = "payload_too_large",
    [SM_DATADOG_DECODING_ERROR] = "decoding_error",
    [SM_DATADOG_UNEXPECTED_EOF] = "unexpected_eof",
    [SM_DATADOG_MSGP_SHORT_BYTES] = "msgp_short_bytes",
    [SM_DATADOG_SERVICE_EMPTY] = "service_empty",
    [SM_DATADOG_SERVICE_TRUNCATE] = "service_truncate",
    [SM_DATADOG_SERVICE_INVALID] = "service_invalid",
    [SM_DATADOG_PEER_SERVICE_TRUNCATE] = "peer_service_truncate",
    [SM_DATADOG_PEER_SERVICE_INVALID] = "peer_service_invalid",
    [SM_DATADOG_SPAN_NAME_EMPTY] = "span_name_empty",
    [SM_DATADOG_SPAN_NAME_TRUNCATE] = "span_name_truncate",
    [SM_DATADOG_SPAN_NAME_INVALID] = "span_name_invalid",
    [SM_DATADOG_RESOURCE_EMPTY] = "resource_empty",
    [SM_DATADOG_TYPE_TRUNCATE] = "type_truncate",
    [SM_DATADOG_INVALID_START_DATE] = "invalid_start_date",
    [SM_DATADOG_INVALID_DURATION] = "invalid_duration",
    [SM_DATADOG_INVALID_HTTP_STATUS_CODE] = "invalid_http_status_code",
    [SM_DATADOG_DUPLICATE_SPAN_ID] = "duplicate_span_id",
};

const char *sm_datadog_reason_name(enum sm_datadog_reason reason)
{
    return reason_names[reason];
}

/* `empty` is the reason of SM_DATADOG_EMPTY; those of "too long" and "invalid" follow. */
static void count_problem(struct sm_datadog_counts *counts, enum sm_datadog_problem problem, enum sm_datadog_reason empty)
{
    if (problem != SM_DATADOG_FINE)
        counts->by_reason[(int)empty + (int)problem - SM_DATADOG_EMPTY]++;
}

/* The very text, which is not empty. */
static bool is_same(struct sm_slice text, struct sm_slice other)
{
    return text.size && text.size == other.size && text.ptr == other.ptr;
}

static void normalise_names(struct sm_datadog_span *span, struct sm_slice language, struct sm_arena *arena, struct sm_datadog_counts *counts)
{
    enum sm_datadog_problem problem;
    if (!is_same(span->service, span->_normal_service)) {
        span->service = sm_datadog_service(span->service, language, arena, &problem);
        count_problem(counts, problem, SM_DATADOG_SERVICE_EMPTY);
    }
    struct sm_datadog_entry *peer = sm_datadog_map_find(&span->meta, SM_SLICE("peer.service"));
    if (peer) {
        peer->text = sm_datadog_peer_service(peer->text, arena, &problem);
        if (problem == SM_DATADOG_TOO_LONG || problem == SM_DATADOG_INVALID)
            count_problem(counts, problem, SM_DATADOG_PEER_SERVICE_TRUNCATE - 1);
    }
    if (!is_same(span->name, span->_normal_name)) {
        span->name = sm_datadog_name(span->name, arena, &problem);
        count_problem(counts, problem, SM_DATADOG_SPAN_NAME_EMPTY);
    }
    if (span->resource.size == 0) {
        counts->by_reason[SM_DATADOG_RESOURCE_EMPTY]++;
        span->resource = span->name;
    }
}

static void normalise_times(struct sm_datadog_span *span, uint64_t now_ns, struct sm_datadog_counts *counts)
{
    if (span->duration_ns < 0) {
        counts->by_reason[SM_DATADOG_INVALID_DURATION]++;
        span->duration_ns = 0;
    }
    /* As the reference: the room above a negative start wraps around. */
    if (span->duration_ns > (int64_t)((uint64_t)INT64_MAX - (uint64_t)span->start_ns)) {
        counts->by_reason[SM_DATADOG_INVALID_DURATION]++;
        span->duration_ns = 0;
    }
    if (span->start_ns < OLDEST_START_NS) {
        counts->by_reason[SM_DATADOG_INVALID_START_DATE]++;
        span->start_ns = (int64_t)now_ns - span->duration_ns;
        if (span->start_ns < 0)
            span->start_ns = (int64_t)now_ns;
    }
}

/* 100 to 599, in digits only. */
static bool is_status_code(struct sm_slice text)
{
    uint64_t code = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned digit = (unsigned)(uint8_t)text.ptr[i] - '0';
        if (digit > 9 || code >= 600)
            return false;
        code = code * 10 + digit;
    }
    return code >= 100 && code < 600;
}

static void normalise_rest(struct sm_datadog_span *span, struct sm_arena *arena, struct sm_datadog_counts *counts)
{
    if (span->parent_id == span->trace_id && span->parent_id == span->span_id)
        span->parent_id = 0; /* as Zipkin marks roots */
    if (span->type.size > TYPE_SIZE_MAX) {
        counts->by_reason[SM_DATADOG_TYPE_TRUNCATE]++;
        span->type = sm_datadog_truncate(span->type, TYPE_SIZE_MAX);
    }
    struct sm_datadog_entry *env = sm_datadog_map_find(&span->meta, SM_SLICE("env"));
    if (env)
        env->text = sm_datadog_tag(env->text, arena);
    const struct sm_datadog_entry *code = sm_datadog_map_find(&span->meta, SM_SLICE("http.status_code"));
    if (code && !is_status_code(code->text)) {
        counts->by_reason[SM_DATADOG_INVALID_HTTP_STATUS_CODE]++;
        sm_datadog_map_remove(&span->meta, SM_SLICE("http.status_code"));
    }
    for (size_t i = 0; i < span->link_count; i++) {
        struct sm_datadog_entry *name = sm_datadog_map_find(&span->links[i].attributes, SM_SLICE("link.name"));
        if (name)
            name->text = sm_datadog_name(name->text, arena, NULL);
    }
}

void sm_datadog_take_components_as_names(struct sm_datadog_chunk *chunk)
{
    for (size_t i = 0; i < chunk->count; i++) {
        const struct sm_datadog_entry *component = sm_datadog_map_find(&chunk->spans[i].meta, SM_SLICE("component"));
        if (component)
            chunk->spans[i].name = component->text;
    }
}

bool sm_datadog_normalise(struct sm_datadog_chunk *chunk, struct sm_slice language, uint64_t now_ns, struct sm_arena *arena,
                          struct sm_datadog_counts *counts)
{
    enum sm_datadog_reason reason = SM_DATADOG_REASON_COUNT;
    size_t sound_count = 0;
    if (chunk->count == 0)
        reason = SM_DATADOG_EMPTY_TRACE;
    for (size_t i = 0; i < chunk->count && reason == SM_DATADOG_REASON_COUNT; i++) {
        struct sm_datadog_span *span = &chunk->spans[i];
        if (span->trace_id != chunk->spans[0].trace_id) {
            reason = SM_DATADOG_FOREIGN_SPAN;
        } else if (span->trace_id == 0) {
            reason = SM_DATADOG_TRACE_ID_ZERO;
        } else if (span->span_id == 0) {
            reason = SM_DATADOG_SPAN_ID_ZERO;
        } else {
            normalise_names(span, language, arena, counts);
            normalise_times(span, now_ns, counts);
            normalise_rest(span, arena, counts);
            sound_count++;
        }
    }
    counts->by_reason[SM_DATADOG_DUPLICATE_SPAN_ID] += sm_datadog_count_repeated_ids(chunk, sound_count, arena);
    if (reason != SM_DATADOG_REASON_COUNT)
        counts->by_reason[reason]++;
    return reason == SM_DATADOG_REASON_COUNT;
}

/* ---- sizes */

static struct sm_slice cut(struct sm_slice text, size_t limit, struct sm_arena *arena)
{
    static const char mark[] = "...";
    enum { MARK_SIZE = sizeof(mark) - 1 };
    struct sm_slice kept = sm_datadog_truncate(text, limit);
    char *copy = sm_arena_alloc(arena, kept.size + MARK_SIZE);
    memcpy(copy, kept.ptr, kept.size);
    memcpy(copy + kept.size, mark, MARK_SIZE);
    return sm_slice_make(copy, kept.size + MARK_SIZE);
}

static bool is_structured(struct sm_slice key)
{
    return sm_slice_starts_with(key, SM_SLICE("_dd.")) &&
           (sm_slice_ends_with(key, SM_SLICE(".json")) || sm_slice_ends_with(key, SM_SLICE(".msgpack")) ||
            sm_slice_ends_with(key, SM_SLICE(".protobuf")));
}

/* Gives the entry at `at` a shorter key, which may be that of another entry. */
static void rename_entry(struct sm_datadog_map *map, uint32_t at, struct sm_arena *arena)
{
    struct sm_datadog_entry entry = map->entries[at];
    sm_datadog_map_remove(map, entry.key);
    entry.key = cut(entry.key, KEY_SIZE_MAX, arena);
    struct sm_datadog_entry *there = sm_datadog_map_put(map, arena, entry.key);
    *there = entry;
}

void sm_datadog_cut_span(struct sm_datadog_span *span, struct sm_arena *arena)
{
    span->resource = sm_datadog_truncate(span->resource, SM_DATADOG_RESOURCE_MAX);
    /* From the end: a renamed entry is put there, and the one that took its place has been seen. */
    for (uint32_t i = span->meta.count; i-- > 0;) {
        struct sm_datadog_entry *entry = &span->meta.entries[i];
        bool is_long_key = entry->key.size > KEY_SIZE_MAX;
        if ((!is_long_key && entry->text.size <= VALUE_SIZE_MAX) || is_structured(entry->key))
            continue;
        if (entry->text.size > VALUE_SIZE_MAX)
            entry->text = cut(entry->text, VALUE_SIZE_MAX, arena);
        if (is_long_key)
            rename_entry(&span->meta, i, arena);
    }
    for (uint32_t i = span->metrics.count; i-- > 0;)
        if (span->metrics.entries[i].key.size > KEY_SIZE_MAX)
            rename_entry(&span->metrics, i, arena);
}
