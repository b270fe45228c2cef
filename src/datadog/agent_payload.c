/* agent_payload.c - see agent_payload.h. Forwards and in one go: the sizes of a span and its fields are computed first, which needs no walk over
 * their bytes. Stateless. */
#include "datadog/agent_payload.h"

#include "base/short.h"
#include "wire/protobuf.h"

/* Numbers of the fields. */
enum { AGENT_HOSTNAME = 1, AGENT_ENV = 2, AGENT_PAYLOADS = 5, AGENT_VERSION = 7, AGENT_TARGET_TPS = 8, AGENT_ERROR_TPS = 9, AGENT_RARE = 10 };
enum {
    PAYLOAD_CONTAINER_ID = 1,
    PAYLOAD_LANGUAGE = 2,
    PAYLOAD_LANGUAGE_VERSION = 3,
    PAYLOAD_TRACER_VERSION = 4,
    PAYLOAD_RUNTIME_ID = 5,
    PAYLOAD_CHUNKS = 6,
    PAYLOAD_TAGS = 7,
    PAYLOAD_ENV = 8,
    PAYLOAD_HOSTNAME = 9,
    PAYLOAD_APP_VERSION = 10
};
enum { CHUNK_PRIORITY = 1, CHUNK_ORIGIN = 2, CHUNK_SPANS = 3, CHUNK_TAGS = 4, CHUNK_DROPPED = 5 };
enum {
    SPAN_SERVICE = 1,
    SPAN_NAME = 2,
    SPAN_RESOURCE = 3,
    SPAN_TRACE_ID = 4,
    SPAN_SPAN_ID = 5,
    SPAN_PARENT_ID = 6,
    SPAN_START = 7,
    SPAN_DURATION = 8,
    SPAN_ERROR = 9,
    SPAN_META = 10,
    SPAN_METRICS = 11,
    SPAN_TYPE = 12,
    SPAN_META_STRUCT = 13,
    SPAN_LINKS = 14
};
enum { LINK_TRACE_ID = 1, LINK_TRACE_ID_HIGH = 2, LINK_SPAN_ID = 3, LINK_ATTRIBUTES = 4, LINK_TRACE_STATE = 5, LINK_FLAGS = 6 };
enum { ENTRY_KEY = 1, ENTRY_VALUE = 2 };

/* All field numbers here are below 16: a tag is one byte. A number entry's value: tag and eight bytes. */
enum { TAG_SIZE = 1, NUMBER_SIZE = 9 };

static size_t uint_size(uint64_t value)
{
    return value ? TAG_SIZE + sm_proto_varint_size(value) : 0;
}

static size_t block_size(size_t size)
{
    return TAG_SIZE + sm_proto_varint_size(size) + size;
}

/* A field with an empty text is left out. */
static size_t text_size(struct sm_slice text)
{
    return text.size ? block_size(text.size) : 0;
}

/* Of some part of a payload: what it takes encoded, and as the reference estimates it: every value at its largest msgpack form. */
struct size {
    size_t encoded, estimated;
};
enum { PACKED_NUMBER = 9, PACKED_INT32 = 5, PACKED_HEAD = 5, PACKED_BOOL = 1 };
/* The names of the fields with what stands around them. */
enum {
    PACKED_LINK = 1 + 9 + PACKED_NUMBER + 14 + PACKED_NUMBER + 8 + PACKED_NUMBER + 11 + PACKED_HEAD + 11 + PACKED_HEAD + 6 + PACKED_INT32,
    PACKED_SPAN = 1 + 8 + PACKED_HEAD + 5 + PACKED_HEAD + 9 + PACKED_HEAD + 9 + PACKED_NUMBER + 8 + PACKED_NUMBER + 10 + PACKED_NUMBER + 6 +
                  PACKED_NUMBER + 9 + PACKED_NUMBER + 6 + PACKED_INT32 + 5 + PACKED_HEAD + 8 + PACKED_HEAD + 5 + PACKED_HEAD + 12 + PACKED_HEAD + 11 +
                  PACKED_HEAD,
    PACKED_CHUNK = 1 + 9 + PACKED_INT32 + 7 + PACKED_HEAD + 6 + PACKED_HEAD + 5 + PACKED_HEAD + 14 + PACKED_BOOL
};

static size_t text_entry_size(const struct sm_datadog_entry *entry)
{
    size_t size = entry->key.size + entry->text.size;
    if (size < 0x80) /* as nearly all: both lengths are one byte */
        return size + 2 * (TAG_SIZE + 1);
    return block_size(entry->key.size) + block_size(entry->text.size);
}

static size_t number_entry_size(const struct sm_datadog_entry *entry)
{
    return block_size(entry->key.size) + NUMBER_SIZE;
}

/* A field with an empty text is left out, and estimated nevertheless (by the constants above). */
static void add_text(struct size *size, struct sm_slice text)
{
    size->encoded += text_size(text);
    size->estimated += text.size;
}

/* Of the entries from `first`. */
static void add_texts(struct size *size, const struct sm_datadog_map *map, uint32_t first)
{
    size_t encoded = 0, bytes = 0;
    for (uint32_t i = first; i < map->count; i++) {
        encoded += block_size(text_entry_size(&map->entries[i]));
        bytes += map->entries[i].key.size + map->entries[i].text.size;
    }
    size->encoded += encoded;
    size->estimated += bytes + (size_t)(map->count - first) * 2 * PACKED_HEAD;
}

static void add_numbers(struct size *size, const struct sm_datadog_map *map)
{
    for (uint32_t i = 0; i < map->count; i++) {
        size->encoded += block_size(number_entry_size(&map->entries[i]));
        size->estimated += PACKED_HEAD + map->entries[i].key.size + PACKED_NUMBER;
    }
}

/* ---- writing at `at`, behind which there is room */

static char *put_varint(char *at, uint64_t value)
{
    if (value >= 0x80)
        return at + sm_proto_varint_write(at, value);
    *at = (char)value; /* most lengths; without the loop */
    return at + 1;
}

static char *put_tag(char *at, unsigned number, enum sm_wire_type type)
{
    *at++ = (char)(number << 3 | type);
    return at;
}

static char *put_uint(char *at, unsigned number, uint64_t value)
{
    return value ? put_varint(put_tag(at, number, SM_WIRE_VARINT), value) : at;
}

static char *put_head(char *at, unsigned number, size_t size)
{
    return put_varint(put_tag(at, number, SM_WIRE_BYTES), size);
}

static char *put_block(char *at, unsigned number, struct sm_slice text)
{
    return sm_short_copy(put_head(at, number, text.size), text);
}

static char *put_text(char *at, unsigned number, struct sm_slice text)
{
    return text.size ? put_block(at, number, text) : at;
}

/* The entries from `first`. */
static char *put_texts(char *at, unsigned number, const struct sm_datadog_map *map, uint32_t first)
{
    for (uint32_t i = first; i < map->count; i++) {
        const struct sm_datadog_entry *entry = &map->entries[i];
        at = put_head(at, number, text_entry_size(entry));
        at = put_block(at, ENTRY_KEY, entry->key);
        at = put_block(at, ENTRY_VALUE, entry->text);
    }
    return at;
}

static char *put_numbers(char *at, unsigned number, const struct sm_datadog_map *map)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct sm_datadog_entry *entry = &map->entries[i];
        at = put_head(at, number, number_entry_size(entry));
        at = put_block(at, ENTRY_KEY, entry->key);
        at = put_tag(at, ENTRY_VALUE, SM_WIRE_FIXED64);
        memcpy(at, &entry->number, sizeof(entry->number)); /* little endian, as the wire has it */
        at += sizeof(entry->number);
    }
    return at;
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they lie in memory");

/* ---- links */

static struct size link_size(const struct sm_datadog_link *link)
{
    struct size size = {.encoded = uint_size(link->trace_id) + uint_size(link->trace_id_high) + uint_size(link->span_id) + uint_size(link->flags),
                        .estimated = PACKED_LINK};
    add_texts(&size, &link->attributes, 0);
    add_text(&size, link->trace_state);
    return size;
}

static char *put_link(char *at, const struct sm_datadog_link *link)
{
    at = put_uint(at, LINK_TRACE_ID, link->trace_id);
    at = put_uint(at, LINK_TRACE_ID_HIGH, link->trace_id_high);
    at = put_uint(at, LINK_SPAN_ID, link->span_id);
    at = put_texts(at, LINK_ATTRIBUTES, &link->attributes, 0);
    at = put_text(at, LINK_TRACE_STATE, link->trace_state);
    return put_uint(at, LINK_FLAGS, link->flags);
}

/* ---- spans */

/* Negative int32 are ten bytes long, as int64. */
static uint64_t widened(int32_t value)
{
    return (uint64_t)(int64_t)value;
}

/* Meta that begins as its spans' have in common is not walked for them: the entries are compared as they lie there, in one go. */
static void check_shared(struct sm_datadog_span *span)
{
    const struct sm_datadog_shared *shared = span->_shared;
    if (shared && (!shared->count || shared->count > span->meta.count ||
                   memcmp(shared->entries, span->meta.entries, shared->count * sizeof(*shared->entries)) != 0))
        span->_shared = NULL; /* something was changed */
}

static void add_meta(struct size *size, const struct sm_datadog_span *span)
{
    const struct sm_datadog_shared *shared = span->_shared;
    if (shared) {
        size->encoded += shared->encoded.size;
        size->estimated += shared->text_bytes + (size_t)shared->count * 2 * PACKED_HEAD;
    }
    add_texts(size, &span->meta, shared ? shared->count : 0);
}

static char *put_meta(char *at, const struct sm_datadog_span *span)
{
    const struct sm_datadog_shared *shared = span->_shared;
    if (shared) {
        memcpy(at, shared->encoded.ptr, shared->encoded.size);
        at += shared->encoded.size;
    }
    return put_texts(at, SPAN_META, &span->meta, shared ? shared->count : 0);
}

void sm_datadog_share_meta(const struct sm_datadog_map *meta, struct sm_arena *arena, struct sm_datadog_shared *shared)
{
    struct size size = {0};
    add_texts(&size, meta, 0);
    char *encoded = sm_arena_alloc(arena, size.encoded);
    put_texts(encoded, SPAN_META, meta, 0);
    *shared = (struct sm_datadog_shared){.entries = meta->entries,
                                         .count = meta->count,
                                         .text_bytes = size.estimated - (size_t)meta->count * 2 * PACKED_HEAD,
                                         .encoded = sm_slice_make(encoded, size.encoded)};
}

static struct size span_size(const struct sm_datadog_span *span)
{
    struct size size = {.encoded = uint_size(span->trace_id) + uint_size(span->span_id) + uint_size(span->parent_id) +
                                   uint_size((uint64_t)span->start_ns) + uint_size((uint64_t)span->duration_ns) + uint_size(widened(span->error)),
                        .estimated = PACKED_SPAN};
    add_text(&size, span->service);
    add_text(&size, span->name);
    add_text(&size, span->resource);
    add_text(&size, span->type);
    add_meta(&size, span);
    add_numbers(&size, &span->metrics);
    add_texts(&size, &span->meta_struct, 0);
    for (size_t i = 0; i < span->link_count; i++) {
        struct size link = link_size(&span->links[i]);
        size.encoded += block_size(link.encoded);
        size.estimated += link.estimated;
    }
    return size;
}

static char *put_span(char *at, const struct sm_datadog_span *span)
{
    at = put_text(at, SPAN_SERVICE, span->service);
    at = put_text(at, SPAN_NAME, span->name);
    at = put_text(at, SPAN_RESOURCE, span->resource);
    at = put_uint(at, SPAN_TRACE_ID, span->trace_id);
    at = put_uint(at, SPAN_SPAN_ID, span->span_id);
    at = put_uint(at, SPAN_PARENT_ID, span->parent_id);
    at = put_uint(at, SPAN_START, (uint64_t)span->start_ns);
    at = put_uint(at, SPAN_DURATION, (uint64_t)span->duration_ns);
    at = put_uint(at, SPAN_ERROR, widened(span->error));
    at = put_meta(at, span);
    at = put_numbers(at, SPAN_METRICS, &span->metrics);
    at = put_text(at, SPAN_TYPE, span->type);
    at = put_texts(at, SPAN_META_STRUCT, &span->meta_struct, 0);
    for (size_t i = 0; i < span->link_count; i++) {
        at = put_head(at, SPAN_LINKS, link_size(&span->links[i]).encoded);
        at = put_link(at, &span->links[i]);
    }
    return at;
}

/* ---- chunks and payloads */

size_t sm_datadog_encode_chunk(struct sm_datadog_chunk *chunk, struct sm_bytes *out)
{
    enum { HEAD_MAX = 16 }; /* tag and length */
    struct size size = {.encoded = uint_size(widened(chunk->priority)) + uint_size(chunk->is_dropped), .estimated = PACKED_CHUNK};
    add_text(&size, chunk->origin);
    add_texts(&size, &chunk->tags, 0);
    for (size_t i = 0; i < chunk->count; i++) {
        check_shared(&chunk->spans[i]);
        struct size span = span_size(&chunk->spans[i]);
        chunk->spans[i]._encoded_size = span.encoded;
        size.encoded += block_size(span.encoded);
        size.estimated += span.estimated;
    }
    char *start = sm_bytes_reserve(out, size.encoded + HEAD_MAX), *at = put_head(start, PAYLOAD_CHUNKS, size.encoded);
    at = put_uint(at, CHUNK_PRIORITY, widened(chunk->priority));
    at = put_text(at, CHUNK_ORIGIN, chunk->origin);
    for (size_t i = 0; i < chunk->count; i++)
        at = put_span(put_head(at, CHUNK_SPANS, chunk->spans[i]._encoded_size), &chunk->spans[i]);
    at = put_texts(at, CHUNK_TAGS, &chunk->tags, 0);
    at = put_uint(at, CHUNK_DROPPED, chunk->is_dropped);
    out->size += (size_t)(at - start);
    return size.estimated;
}

void sm_datadog_encode_payload_head(const struct sm_datadog_payload *payload, size_t chunks_size, struct sm_bytes *out)
{
    const struct {
        unsigned number;
        struct sm_slice text;
    } texts[] = {
        {PAYLOAD_CONTAINER_ID, payload->container_id},
        {PAYLOAD_LANGUAGE, payload->language},
        {PAYLOAD_LANGUAGE_VERSION, payload->language_version},
        {PAYLOAD_TRACER_VERSION, payload->tracer_version},
        {PAYLOAD_RUNTIME_ID, payload->runtime_id},
        {PAYLOAD_ENV, payload->env},
        {PAYLOAD_HOSTNAME, payload->hostname},
        {PAYLOAD_APP_VERSION, payload->app_version},
    };
    enum { COUNT = sizeof(texts) / sizeof(texts[0]), HEAD_MAX = 16 };
    struct size size = {0};
    add_texts(&size, &payload->tags, 0);
    for (int i = 0; i < COUNT; i++)
        add_text(&size, texts[i].text);
    char *at = sm_bytes_reserve(out, size.encoded + HEAD_MAX), *end = put_head(at, AGENT_PAYLOADS, size.encoded + chunks_size);
    for (int i = 0; i < COUNT; i++)
        end = put_text(end, texts[i].number, texts[i].text);
    end = put_texts(end, PAYLOAD_TAGS, &payload->tags, 0);
    out->size += (size_t)(end - at);
}

void sm_datadog_encode_agent_head(const struct sm_datadog_agent_head *head, struct sm_bytes *out)
{
    const struct {
        uint32_t number;
        struct sm_slice text;
    } texts[] = {{AGENT_HOSTNAME, head->hostname}, {AGENT_ENV, head->env}, {AGENT_VERSION, head->version}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].text.size)
            sm_proto_put_bytes(out, texts[i].number, texts[i].text);
    if (head->target_tps != 0)
        sm_proto_put_double(out, AGENT_TARGET_TPS, head->target_tps);
    if (head->error_tps != 0)
        sm_proto_put_double(out, AGENT_ERROR_TPS, head->error_tps);
    if (head->is_rare_sampler_enabled)
        sm_proto_put_uint(out, AGENT_RARE, 1);
}
