/* stats_key.c - aggregation keys: hashed, and kept by the bucket as numbers of texts that many keys share. See concentrator.h. Keys with the same 128
 * bits are taken for one, as base/index.h explains. */
#include "base/bytes.h"
#include "base/utf8.h"
#include "datadog/concentrator_internal.h"

/* Those that decide the client payload first. */
enum { PAYLOAD_TEXTS = 6, TEXTS = 11 };

static void list_texts(const struct sm_stats_key *key, struct sm_slice texts[TEXTS])
{
    const struct sm_slice all[TEXTS] = {key->env,     key->hostname, key->version,  key->container_id, key->git_commit_sha, key->image_tag,
                                        key->service, key->name,     key->resource, key->type,         key->span_kind};
    memcpy(texts, all, sizeof(all));
}

static void set_texts(struct sm_stats_key *key, const struct sm_slice texts[TEXTS])
{
    struct sm_slice *const places[TEXTS] = {&key->env,     &key->hostname, &key->version,  &key->container_id, &key->git_commit_sha, &key->image_tag,
                                            &key->service, &key->name,     &key->resource, &key->type,         &key->span_kind};
    for (size_t i = 0; i < TEXTS; i++)
        *places[i] = texts[i];
}

static void put_text(struct sm_bytes *out, struct sm_slice text)
{
    sm_bytes_append(out, &text.size, sizeof(text.size));
    sm_bytes_append_slice(out, text);
}

void sm_stats_key_hashes(const struct sm_stats_key *key, int64_t start_ns, struct sm_bytes *scratch, struct sm_hash128 *payload,
                         struct sm_hash128 *whole)
{
    struct sm_slice texts[TEXTS];
    list_texts(key, texts);
    scratch->size = 0;
    for (size_t i = 0; i < PAYLOAD_TEXTS; i++)
        put_text(scratch, texts[i]);
    *payload = sm_hash128(sm_hash_secret(), sm_bytes_slice(scratch));
    for (size_t i = PAYLOAD_TEXTS; i < TEXTS; i++)
        put_text(scratch, texts[i]);
    for (size_t i = 0; i < key->peer_tags.count; i++)
        put_text(scratch, key->peer_tags.items[i]);
    sm_bytes_append(scratch, &key->http_status_code, sizeof(key->http_status_code));
    sm_bytes_append_char(scratch, (char)((unsigned)key->is_synthetics << 1 | (unsigned)key->is_trace_root));
    sm_bytes_append(scratch, &start_ns, sizeof(start_ns));
    *whole = sm_hash128(sm_hash_secret(), sm_bytes_slice(scratch));
}

struct sm_hash128 sm_stats_key_hash(const struct sm_stats_key *key, struct sm_arena *scratch)
{
    struct sm_hash128 payload, whole;
    struct sm_bytes bytes;
    sm_bytes_init(&bytes, scratch);
    sm_stats_key_hashes(key, 0, &bytes, &payload, &whole);
    return whole;
}

struct sm_stats_texts sm_stats_texts_copy(const struct sm_stats_texts *texts, struct sm_arena *arena)
{
    struct sm_stats_texts copy = {.items = sm_arena_zalloc(arena, texts->count, sizeof(*copy.items)), .count = texts->count};
    for (size_t i = 0; i < texts->count; i++)
        copy.items[i] = sm_arena_copy(arena, texts->items[i]);
    return copy;
}

/* ---- keys of a bucket */

struct sm_stats_packed_key {
    uint32_t texts[TEXTS]; /* in the order of list_texts; numbers of the bucket's texts */
    uint32_t http_status_code;
    uint32_t peer_tag_count;
    bool is_synthetics, is_trace_root;
    uint32_t peer_tags[];
};

static uint32_t number_of(struct sm_stats_interval *interval, struct sm_slice text)
{
    struct sm_hash128 hash = sm_hash128(sm_hash_secret(), text);
    uint32_t number = sm_index_find(&interval->text_index, &interval->texts, hash);
    if (number != SM_INDEX_NONE)
        return number;
    number = sm_entries_add(&interval->texts, hash);
    sm_index_add(&interval->text_index, hash, number);
    struct sm_stats_known_text *known = sm_entries_at(&interval->texts, number);
    /* Sound ones: who decodes the payload as protobuf refuses all of it for one wrong byte. */
    text = sm_utf8_repair(text, &interval->arena);
    known->text = text.size > 0 ? sm_arena_copy(&interval->arena, text) : (struct sm_slice){0};
    return number;
}

void sm_stats_interval_set_key(struct sm_stats_interval *interval, struct sm_stats_group *group, const struct sm_stats_key *key)
{
    struct sm_slice texts[TEXTS];
    size_t peer_tags_size = key->peer_tags.count * sizeof(uint32_t);
    struct sm_stats_packed_key *packed = sm_arena_alloc(&interval->arena, sizeof(*packed) + peer_tags_size);
    *packed = (struct sm_stats_packed_key){.http_status_code = key->http_status_code,
                                           .peer_tag_count = (uint32_t)key->peer_tags.count,
                                           .is_synthetics = key->is_synthetics,
                                           .is_trace_root = key->is_trace_root};
    list_texts(key, texts);
    for (size_t i = 0; i < TEXTS; i++)
        packed->texts[i] = number_of(interval, texts[i]);
    for (size_t i = 0; i < key->peer_tags.count; i++)
        packed->peer_tags[i] = number_of(interval, key->peer_tags.items[i]);
    group->_key = packed;
}

static struct sm_slice text_at(const struct sm_stats_interval *interval, uint32_t number)
{
    return ((const struct sm_stats_known_text *)sm_entries_at(&interval->texts, number))->text;
}

struct sm_stats_key sm_stats_interval_key(const struct sm_stats_interval *interval, const struct sm_stats_group *group, struct sm_arena *arena)
{
    const struct sm_stats_packed_key *packed = group->_key;
    struct sm_slice texts[TEXTS];
    for (size_t i = 0; i < TEXTS; i++)
        texts[i] = text_at(interval, packed->texts[i]);
    struct sm_stats_key key = {
        .http_status_code = packed->http_status_code,
        .is_synthetics = packed->is_synthetics,
        .is_trace_root = packed->is_trace_root,
        .peer_tags = {.items = sm_arena_zalloc(arena, packed->peer_tag_count, sizeof(struct sm_slice)), .count = packed->peer_tag_count}};
    set_texts(&key, texts);
    for (uint32_t i = 0; i < packed->peer_tag_count; i++)
        key.peer_tags.items[i] = text_at(interval, packed->peer_tags[i]);
    return key;
}
