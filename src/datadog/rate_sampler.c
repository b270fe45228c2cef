/* rate_sampler.c - see rate_sampler.h. Signatures are forgotten only when rates are worked out, so the table is made anew there and knows no holes.
 */
#include "datadog/rate_sampler.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"

enum { SLOTS_MIN = 64, SHRINK_CARDINALITY = 200 };
#define RISE_MAX 1.2
#define KNUTH_FACTOR UINT64_C(1111111111111111111)

struct sm_datadog_rate_entry {
    uint64_t signature;
    float seen[SM_DATADOG_RATE_BUCKETS];
    bool is_used, has_rate;
    double rate;
};

void sm_datadog_rate_sampler_init(struct sm_datadog_rate_sampler *sampler, double target_per_s)
{
    *sampler = (struct sm_datadog_rate_sampler){.target_per_s = target_per_s, .extra_rate = 1};
}

void sm_datadog_rate_sampler_deinit(struct sm_datadog_rate_sampler *sampler)
{
    free(sampler->_slots);
    free(sampler->_allowed);
    *sampler = (struct sm_datadog_rate_sampler){0};
}

/* ---- the table */

static struct sm_datadog_rate_entry *slot_of(struct sm_datadog_rate_entry *slots, size_t slot_count, uint64_t signature)
{
    size_t mask = slot_count - 1, at = sm_hash_number(signature) & mask;
    while (slots[at].is_used && slots[at].signature != signature)
        at = (at + 1) & mask;
    return &slots[at];
}

static struct sm_datadog_rate_entry *find(const struct sm_datadog_rate_sampler *sampler, uint64_t signature)
{
    struct sm_datadog_rate_entry *entry = sampler->_slot_count ? slot_of(sampler->_slots, sampler->_slot_count, signature) : NULL;
    return entry && entry->is_used ? entry : NULL;
}

/* Moves all used entries to a table of `slot_count`. */
static void rehash(struct sm_datadog_rate_sampler *sampler, size_t slot_count)
{
    struct sm_datadog_rate_entry *slots = sm_alloc(slot_count, sizeof(*slots));
    for (size_t i = 0; i < sampler->_slot_count; i++)
        if (sampler->_slots[i].is_used)
            *slot_of(slots, slot_count, sampler->_slots[i].signature) = sampler->_slots[i];
    free(sampler->_slots);
    sampler->_slots = slots;
    sampler->_slot_count = slot_count;
}

static struct sm_datadog_rate_entry *get(struct sm_datadog_rate_sampler *sampler, uint64_t signature)
{
    struct sm_datadog_rate_entry *entry = find(sampler, signature);
    if (entry)
        return entry;
    if (sampler->_slot_count < 2 * (sampler->count + 1))
        rehash(sampler, sampler->_slot_count ? 2 * sampler->_slot_count : SLOTS_MIN);
    entry = slot_of(sampler->_slots, sampler->_slot_count, signature);
    *entry = (struct sm_datadog_rate_entry){.signature = signature, .is_used = true};
    sampler->count++;
    return entry;
}

/* ---- rates */

/* The fullest bucket of those that count, while those that are over become empty. */
static float turn_buckets(float *buckets, int64_t before, int64_t now)
{
    float fullest = 0;
    for (int64_t i = before + 1; i <= before + SM_DATADOG_RATE_BUCKETS; i++) {
        float *bucket = &buckets[i % SM_DATADOG_RATE_BUCKETS];
        if (i >= now && *bucket > fullest)
            fullest = *bucket;
        if (i <= now)
            *bucket = 0;
    }
    return fullest;
}

static int compare_numbers(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Evenly; what a quiet signature does not need goes to the others. */
static double target_of_each(double target, double *seen, size_t count)
{
    qsort(seen, count, sizeof(*seen), compare_numbers);
    double each = target / (double)count;
    for (size_t i = 0; i + 1 < count && seen[i] < each; i++) {
        target -= seen[i];
        each = target / (double)(count - i - 1);
    }
    return each;
}

static void update_entry(struct sm_datadog_rate_sampler *sampler, struct sm_datadog_rate_entry *entry, double seen, double each)
{
    double rate = each < seen && seen > 0 ? each / seen : 1;
    if (entry->has_rate && entry->rate != 0 && rate / entry->rate > RISE_MAX)
        rate = entry->rate * RISE_MAX;
    if (rate > 1)
        rate = 1;
    if (rate == 1 && seen == 0) {
        entry->is_used = false; /* forgotten: the table is made anew below */
        sampler->count--;
        return;
    }
    if (rate < sampler->_lowest_rate)
        sampler->_lowest_rate = rate;
    entry->rate = rate;
    entry->has_rate = true;
}

static void update_rates(struct sm_datadog_rate_sampler *sampler, int64_t before, int64_t now)
{
    if (sampler->count == 0)
        return;
    double *seen = sm_alloc(2 * sampler->_slot_count, sizeof(*seen)), *sorted = seen + sampler->_slot_count;
    size_t count = 0;
    for (size_t i = 0; i < sampler->_slot_count; i++) {
        if (!sampler->_slots[i].is_used)
            continue;
        seen[i] = (double)turn_buckets(sampler->_slots[i].seen, before, now) / SM_DATADOG_RATE_BUCKET_S;
        sorted[count++] = seen[i];
    }
    turn_buckets(sampler->_all_seen, before, now);
    double each = target_of_each(sampler->target_per_s, sorted, count);
    sampler->_lowest_rate = 1;
    for (size_t i = 0; i < sampler->_slot_count; i++)
        if (sampler->_slots[i].is_used)
            update_entry(sampler, &sampler->_slots[i], seen[i], each);
    free(seen);
    if (sampler->count < count)
        rehash(sampler, sampler->_slot_count);
}

bool sm_datadog_rate_sampler_count(struct sm_datadog_rate_sampler *sampler, int64_t now_s, uint64_t signature, float weight)
{
    int64_t before = sampler->_bucket, now = now_s / SM_DATADOG_RATE_BUCKET_S;
    sampler->_bucket = now;
    if (before != now)
        update_rates(sampler, before, now);
    sampler->_all_seen[now % SM_DATADOG_RATE_BUCKETS] += weight;
    get(sampler, signature)->seen[now % SM_DATADOG_RATE_BUCKETS] += weight;
    return before != now;
}

double sm_datadog_rate_sampler_default_rate(const struct sm_datadog_rate_sampler *sampler)
{
    if (sampler->target_per_s == 0)
        return 0;
    float fullest = 0;
    for (int i = 0; i < SM_DATADOG_RATE_BUCKETS; i++)
        if (sampler->_all_seen[i] > fullest)
            fullest = sampler->_all_seen[i];
    double seen = (double)fullest / SM_DATADOG_RATE_BUCKET_S;
    double rate = sampler->target_per_s < seen && seen > 0 ? sampler->target_per_s / seen : 1;
    return sampler->_lowest_rate < rate && sampler->_lowest_rate != 0 ? sampler->_lowest_rate : rate;
}

bool sm_datadog_rate_sampler_known_rate(const struct sm_datadog_rate_sampler *sampler, uint64_t signature, double *rate)
{
    const struct sm_datadog_rate_entry *entry = find(sampler, signature);
    if (!entry || !entry->has_rate)
        return false;
    *rate = entry->rate * sampler->extra_rate;
    return true;
}

double sm_datadog_rate_sampler_rate(const struct sm_datadog_rate_sampler *sampler, uint64_t signature)
{
    double rate;
    return sm_datadog_rate_sampler_known_rate(sampler, signature, &rate) ? rate : sm_datadog_rate_sampler_default_rate(sampler);
}

/* ---- many signatures */

static int compare_signatures(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void allow_known(struct sm_datadog_rate_sampler *sampler)
{
    sampler->_allowed = sm_alloc(sampler->count ? sampler->count : 1, sizeof(*sampler->_allowed));
    sampler->_allowed_count = 0;
    for (size_t i = 0; i < sampler->_slot_count; i++)
        if (sampler->_slots[i].is_used && sampler->_slots[i].has_rate)
            sampler->_allowed[sampler->_allowed_count++] = sampler->_slots[i].signature;
    qsort(sampler->_allowed, sampler->_allowed_count, sizeof(*sampler->_allowed), compare_signatures);
    sampler->_has_allowed = true;
}

uint64_t sm_datadog_rate_sampler_shrink(struct sm_datadog_rate_sampler *sampler, uint64_t signature)
{
    if (sampler->count < SHRINK_CARDINALITY / 2) {
        free(sampler->_allowed);
        sampler->_allowed = NULL;
        sampler->_allowed_count = 0;
        sampler->_has_allowed = false;
        return signature;
    }
    if (!sampler->_has_allowed)
        allow_known(sampler);
    bool is_allowed = bsearch(&signature, sampler->_allowed, sampler->_allowed_count, sizeof(signature), compare_signatures) != NULL;
    return is_allowed ? signature : signature % (SHRINK_CARDINALITY / 2);
}

/* ---- signatures and decisions */

/* Go's conversion of a float64 below 2^64 to uint64, on amd64: tracers may send negative rates. */
static uint64_t to_uint64(double number)
{
    if (number >= 0x1p63)
        return (uint64_t)number;
    return number >= -0x1p63 ? (uint64_t)(int64_t)number : UINT64_C(1) << 63;
}

bool sm_datadog_is_sampled(uint64_t trace_id, double rate)
{
    const double all = 18446744073709551615.0;
    return !(rate < 1) || trace_id * KNUTH_FACTOR < to_uint64(rate * all); /* NaN: all of them */
}

/* FNV-1a of 32 bits. */
enum { FNV_START = 2166136261, FNV_PRIME = 16777619 };

static uint32_t fnv(uint32_t hash, struct sm_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (uint8_t)text.ptr[i]) * FNV_PRIME;
    return hash;
}

static uint32_t fnv_byte(uint32_t hash, uint8_t byte)
{
    return (hash ^ byte) * FNV_PRIME;
}

uint64_t sm_datadog_service_signature(struct sm_slice service, struct sm_slice env)
{
    return fnv(fnv_byte(fnv(FNV_START, service), ','), env);
}

uint32_t sm_datadog_span_hash(const struct sm_datadog_span *span, struct sm_slice env, bool with_resource)
{
    uint32_t hash = fnv(fnv(fnv(FNV_START, env), span->service), span->name);
    hash = fnv_byte(hash, (uint8_t)span->error);
    if (with_resource)
        hash = fnv(hash, span->resource);
    hash = fnv(hash, sm_datadog_map_text(&span->meta, SM_SLICE("http.status_code")));
    return fnv(hash, sm_datadog_map_text(&span->meta, SM_SLICE("error.type")));
}

static int compare_hashes(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

uint64_t sm_datadog_trace_signature(const struct sm_datadog_chunk *chunk, const struct sm_datadog_span *root, struct sm_slice env,
                                    struct sm_arena *arena)
{
    uint32_t *hashes = sm_arena_alloc(arena, chunk->count * sizeof(*hashes)), signature = sm_datadog_span_hash(root, env, true);
    for (size_t i = 0; i < chunk->count; i++)
        hashes[i] = sm_datadog_span_hash(&chunk->spans[i], env, false);
    qsort(hashes, chunk->count, sizeof(*hashes), compare_hashes);
    for (size_t i = 0; i < chunk->count; i++)
        if (i == 0 || hashes[i] != hashes[i - 1])
            signature ^= hashes[i];
    return signature;
}

/* 1 when it is not there or no share. */
static double share(const struct sm_datadog_span *root, struct sm_slice key)
{
    double rate = sm_datadog_map_number(&root->metrics, key, 1);
    return rate <= 0 || rate > 1 ? 1 : rate;
}

float sm_datadog_root_weight(const struct sm_datadog_span *root)
{
    return (float)(1 / (share(root, SM_SLICE("_dd1.sr.rapre")) * share(root, SM_SLICE("_sample_rate"))));
}
