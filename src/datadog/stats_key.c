/* stats_key.c - aggregation keys: copied and hashed. See concentrator.h. Keys with the same 128 bits are taken for one, as base/index.h explains. */
#include "base/bytes.h"
#include "datadog/concentrator_internal.h"

/* Those that decide the client payload first. */
enum { PAYLOAD_TEXTS = 6, TEXTS = 11 };

static void list_texts(const struct sm_stats_key *key, struct sm_slice texts[TEXTS])
{
    const struct sm_slice all[TEXTS] = {key->env,     key->hostname, key->version,  key->container_id, key->git_commit_sha, key->image_tag,
                                        key->service, key->name,     key->resource, key->type,         key->span_kind};
    memcpy(texts, all, sizeof(all));
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

static struct sm_slice copy_text(struct sm_slice text, struct sm_arena *arena)
{
    return text.size > 0 ? sm_arena_copy(arena, text) : (struct sm_slice){0};
}

const struct sm_stats_key *sm_stats_key_copy(const struct sm_stats_key *key, struct sm_arena *arena)
{
    struct sm_stats_key *copy = sm_arena_alloc(arena, sizeof(*copy));
    *copy = (struct sm_stats_key){.env = copy_text(key->env, arena),
                                  .hostname = copy_text(key->hostname, arena),
                                  .version = copy_text(key->version, arena),
                                  .container_id = copy_text(key->container_id, arena),
                                  .git_commit_sha = copy_text(key->git_commit_sha, arena),
                                  .image_tag = copy_text(key->image_tag, arena),
                                  .service = copy_text(key->service, arena),
                                  .name = copy_text(key->name, arena),
                                  .resource = copy_text(key->resource, arena),
                                  .type = copy_text(key->type, arena),
                                  .span_kind = copy_text(key->span_kind, arena),
                                  .peer_tags = sm_stats_texts_copy(&key->peer_tags, arena),
                                  .http_status_code = key->http_status_code,
                                  .is_synthetics = key->is_synthetics,
                                  .is_trace_root = key->is_trace_root};
    return copy;
}
