/* tracer_json.c - traces in JSON (v0.3, v0.4); see tracer_api.h. Names of fields are taken in any case, as Go's decoder takes them. Stateless. */
#include "base/utf8.h"
#include "datadog/tracer_api.h"
#include "datadog/tracer_fields.h"
#include "wire/base64.h"
#include "wire/json_scanner.h"

struct reading {
    struct sm_json_scanner scanner;
    struct sm_arena *arena;
};

/* Takes what opens a list or an object, or null, which is empty; `*is_open` tells which. */
static bool open(struct reading *reading, char bracket, bool *is_open)
{
    *is_open = sm_json_try(&reading->scanner, bracket);
    return *is_open || sm_json_word(&reading->scanner, "null") || sm_json_fail(&reading->scanner, "json: a value is of another type than its field");
}

/* Whether another element comes; `*is_first` is true before the first. */
static bool next(struct reading *reading, char bracket, bool *is_first)
{
    if (reading->scanner.error || sm_json_try(&reading->scanner, bracket))
        return false;
    if (!*is_first && !sm_json_try(&reading->scanner, ','))
        return sm_json_fail(&reading->scanner, "json: ',' or the end of a list is missing");
    *is_first = false;
    return true;
}

static bool read_key(struct reading *reading, struct sm_slice *key)
{
    return sm_json_string(&reading->scanner, key) && (sm_json_try(&reading->scanner, ':') || sm_json_fail(&reading->scanner, "json: ':' is missing"));
}

/* ---- values; null leaves what is there */

static bool is_null(struct reading *reading)
{
    return sm_json_peek(&reading->scanner) == 'n' && sm_json_word(&reading->scanner, "null");
}

static bool read_text(struct reading *reading, struct sm_slice *text)
{
    if (is_null(reading))
        return true;
    if (!sm_json_string(&reading->scanner, text))
        return false;
    *text = sm_utf8_repair(*text, reading->arena);
    return true;
}

static bool read_int(struct reading *reading, int64_t min, int64_t max, int64_t *number)
{
    struct sm_slice text;
    if (is_null(reading))
        return true;
    return sm_json_number(&reading->scanner, &text) &&
           (sm_parse_int(text, min, max, number) || sm_json_fail(&reading->scanner, "json: a number does not fit its field"));
}

static bool read_uint(struct reading *reading, uint64_t max, uint64_t *number)
{
    struct sm_slice text;
    if (is_null(reading))
        return true;
    return sm_json_number(&reading->scanner, &text) &&
           (sm_parse_uint(text, max, number) || sm_json_fail(&reading->scanner, "json: a number does not fit its field"));
}

static bool read_double(struct reading *reading, double *number)
{
    struct sm_slice text;
    if (is_null(reading))
        return true;
    return sm_json_number(&reading->scanner, &text) &&
           (sm_parse_double(text, reading->arena, number) || sm_json_fail(&reading->scanner, "json: a number does not fit its field"));
}

static bool read_bytes(struct reading *reading, struct sm_slice *bytes)
{
    struct sm_slice text = {0};
    if (!read_text(reading, &text))
        return false;
    size_t size = 0;
    char *to = sm_arena_alloc(reading->arena, text.size + 1);
    if (!sm_base64_decode(text, to, &size))
        return sm_json_fail(&reading->scanner, "json: bytes are not in base64");
    *bytes = sm_slice_make(to, size);
    return true;
}

/* ---- maps */

enum entry_kind { ENTRY_TEXT, ENTRY_NUMBER, ENTRY_BYTES };

static bool read_map(struct reading *reading, enum entry_kind kind, struct sm_datadog_map *map)
{
    bool is_open, is_first = true;
    if (!open(reading, '{', &is_open) || !is_open)
        return !reading->scanner.error;
    while (next(reading, '}', &is_first)) {
        struct sm_slice key, text = {0};
        double number = 0;
        if (!read_key(reading, &key))
            return false;
        key = sm_utf8_repair(key, reading->arena);
        bool is_good = kind == ENTRY_NUMBER  ? read_double(reading, &number)
                       : kind == ENTRY_BYTES ? read_bytes(reading, &text)
                                             : read_text(reading, &text);
        if (!is_good)
            return false;
        if (kind == ENTRY_NUMBER)
            sm_datadog_map_set_number(map, reading->arena, key, number);
        else
            sm_datadog_map_set_text(map, reading->arena, key, text);
    }
    return !reading->scanner.error;
}

/* ---- links */

static bool read_link_field(struct reading *reading, struct sm_slice key, struct sm_datadog_link *link)
{
    uint64_t number = link->flags;
    if (sm_slice_equal_nocase(key, SM_SLICE("trace_id")))
        return read_uint(reading, UINT64_MAX, &link->trace_id);
    if (sm_slice_equal_nocase(key, SM_SLICE("trace_id_high")))
        return read_uint(reading, UINT64_MAX, &link->trace_id_high);
    if (sm_slice_equal_nocase(key, SM_SLICE("span_id")))
        return read_uint(reading, UINT64_MAX, &link->span_id);
    if (sm_slice_equal_nocase(key, SM_SLICE("attributes")))
        return read_map(reading, ENTRY_TEXT, &link->attributes);
    if (sm_slice_equal_nocase(key, SM_SLICE("tracestate")))
        return read_text(reading, &link->trace_state);
    if (!sm_slice_equal_nocase(key, SM_SLICE("flags")))
        return sm_json_skip(&reading->scanner);
    bool is_good = read_uint(reading, UINT32_MAX, &number);
    link->flags = (uint32_t)number;
    return is_good;
}

static bool read_links(struct reading *reading, struct sm_datadog_span *span)
{
    bool is_open, is_first = true;
    size_t capacity = 0;
    if (!open(reading, '[', &is_open) || !is_open)
        return !reading->scanner.error;
    while (next(reading, ']', &is_first)) {
        span->links = sm_arena_grow(reading->arena, span->links, span->link_count, &capacity, span->link_count + 1, sizeof(*span->links));
        struct sm_datadog_link *link = &span->links[span->link_count++];
        *link = (struct sm_datadog_link){0};
        bool is_first_field = true;
        if (!open(reading, '{', &is_open))
            return false;
        while (is_open && next(reading, '}', &is_first_field)) {
            struct sm_slice key;
            if (!read_key(reading, &key) || !read_link_field(reading, key, link))
                return false;
        }
    }
    return !reading->scanner.error;
}

/* ---- spans */

static bool read_number_field(struct reading *reading, struct sm_slice key, struct sm_datadog_span *span)
{
    int64_t error = span->error;
    if (sm_slice_equal_nocase(key, SM_SLICE("trace_id")))
        return read_uint(reading, UINT64_MAX, &span->trace_id);
    if (sm_slice_equal_nocase(key, SM_SLICE("span_id")))
        return read_uint(reading, UINT64_MAX, &span->span_id);
    if (sm_slice_equal_nocase(key, SM_SLICE("parent_id")))
        return read_uint(reading, UINT64_MAX, &span->parent_id);
    if (sm_slice_equal_nocase(key, SM_SLICE("start")))
        return read_int(reading, INT64_MIN, INT64_MAX, &span->start_ns);
    if (sm_slice_equal_nocase(key, SM_SLICE("duration")))
        return read_int(reading, INT64_MIN, INT64_MAX, &span->duration_ns);
    if (!sm_slice_equal_nocase(key, SM_SLICE("error")))
        return sm_json_skip(&reading->scanner);
    bool is_good = read_int(reading, INT32_MIN, INT32_MAX, &error);
    span->error = (int32_t)error;
    return is_good;
}

static bool read_span_field(struct reading *reading, struct sm_slice key, struct sm_datadog_span *span)
{
    if (sm_slice_equal_nocase(key, SM_SLICE("service")))
        return read_text(reading, &span->service);
    if (sm_slice_equal_nocase(key, SM_SLICE("name")))
        return read_text(reading, &span->name);
    if (sm_slice_equal_nocase(key, SM_SLICE("resource")))
        return read_text(reading, &span->resource);
    if (sm_slice_equal_nocase(key, SM_SLICE("type")))
        return read_text(reading, &span->type);
    if (sm_slice_equal_nocase(key, SM_SLICE("meta")))
        return read_map(reading, ENTRY_TEXT, &span->meta);
    if (sm_slice_equal_nocase(key, SM_SLICE("metrics")))
        return read_map(reading, ENTRY_NUMBER, &span->metrics);
    if (sm_slice_equal_nocase(key, SM_SLICE("meta_struct")))
        return read_map(reading, ENTRY_BYTES, &span->meta_struct);
    if (sm_slice_equal_nocase(key, SM_SLICE("span_links")))
        return read_links(reading, span);
    return read_number_field(reading, key, span);
}

static bool read_spans(struct reading *reading, struct sm_datadog_chunk *chunk)
{
    bool is_open, is_first = true;
    size_t capacity = 0;
    if (!open(reading, '[', &is_open) || !is_open)
        return !reading->scanner.error;
    while (next(reading, ']', &is_first)) {
        bool is_first_field = true;
        if (is_null(reading))
            continue;
        if (!open(reading, '{', &is_open))
            return false;
        chunk->spans = sm_arena_grow(reading->arena, chunk->spans, chunk->count, &capacity, chunk->count + 1, sizeof(*chunk->spans));
        struct sm_datadog_span *span = &chunk->spans[chunk->count++];
        *span = (struct sm_datadog_span){0};
        while (next(reading, '}', &is_first_field)) {
            struct sm_slice key;
            if (!read_key(reading, &key) || !read_span_field(reading, key, span))
                return false;
        }
    }
    return !reading->scanner.error;
}

static bool read_traces(struct reading *reading, struct sm_datadog_traces *traces)
{
    bool is_open, is_first = true;
    size_t capacity = 0;
    if (!open(reading, '[', &is_open) || !is_open)
        return !reading->scanner.error;
    while (next(reading, ']', &is_first)) {
        traces->chunks = sm_arena_grow(reading->arena, traces->chunks, traces->count, &capacity, traces->count + 1, sizeof(*traces->chunks));
        struct sm_datadog_chunk *chunk = &traces->chunks[traces->count++];
        *chunk = (struct sm_datadog_chunk){.priority = SM_DATADOG_PRIORITY_NONE};
        if (!read_spans(reading, chunk))
            return false;
    }
    return !reading->scanner.error;
}

bool sm_datadog_decode_json(struct sm_slice text, struct sm_arena *arena, struct sm_datadog_traces *traces, const char **reason)
{
    struct reading reading = {.arena = arena};
    *traces = (struct sm_datadog_traces){0};
    sm_json_begin(&reading.scanner, text, arena);
    bool is_good = read_traces(&reading, traces);
    bool is_at_end = sm_json_peek(&reading.scanner) == '\0' && reading.scanner.at >= reading.scanner.end;
    *reason = is_good ? NULL : is_at_end ? SM_DATADOG_UNEXPECTED_END : reading.scanner.error;
    return is_good;
}
