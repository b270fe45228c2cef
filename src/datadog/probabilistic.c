/* probabilistic.c - see probabilistic.h. Stateless. */
#include "datadog/probabilistic.h"

#include "base/hex.h"

enum { ID_SIZE = 16, HALF_SIZE = 8, BUCKETS = 0x4000, FNV_START = 2166136261, FNV_PRIME = 16777619 };

static void put_half(uint8_t *out, uint64_t half)
{
    for (int i = 0; i < HALF_SIZE; i++)
        out[i] = (uint8_t)(half >> (56 - 8 * i));
}

/* An ID in hexadecimal, whatever its size. False: it is none. */
static bool hash_hex(struct sm_slice text, uint32_t *hash)
{
    if (text.size % 2)
        return false;
    for (size_t i = 0; i < text.size; i += 2) {
        int high = sm_hex_value(text.ptr[i]), low = sm_hex_value(text.ptr[i + 1]);
        if (high < 0 || low < 0)
            return false;
        *hash = (*hash ^ (uint8_t)(high << 4 | low)) * FNV_PRIME;
    }
    return true;
}

static bool parse_half(struct sm_slice text, uint64_t *half)
{
    *half = 0;
    if (text.size == 0)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        int digit = sm_hex_value(text.ptr[i]);
        if (digit < 0 || *half >> 60)
            return false;
        *half = *half << 4 | (uint64_t)digit;
    }
    return true;
}

static uint32_t hash_bytes(uint32_t hash, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * FNV_PRIME;
    return hash;
}

/* False: the ID cannot be told, and nothing is kept. */
static bool hash_id(const struct sm_datadog_probabilistic *sampler, const struct sm_datadog_span *root, uint32_t *hash)
{
    uint8_t id[ID_SIZE] = {0};
    if (!sampler->takes_full_id) {
        put_half(id, root->trace_id);
        *hash = hash_bytes(*hash, id, sizeof(id));
        return true;
    }
    const struct sm_datadog_entry *whole = sm_datadog_map_find(&root->meta, SM_SLICE("otel.trace_id"));
    if (whole)
        return hash_hex(whole->text, hash);
    const struct sm_datadog_entry *upper = sm_datadog_map_find(&root->meta, SM_SLICE("_dd.p.tid"));
    uint64_t half = 0;
    if (upper && !parse_half(upper->text, &half))
        return false;
    put_half(id, half);
    put_half(id + HALF_SIZE, root->trace_id);
    *hash = hash_bytes(*hash, id, sizeof(id));
    return true;
}

bool sm_datadog_probabilistic_keeps(const struct sm_datadog_probabilistic *sampler, struct sm_datadog_span *root, struct sm_arena *arena)
{
    const uint8_t seed[] = {(uint8_t)sampler->seed, (uint8_t)(sampler->seed >> 8), (uint8_t)(sampler->seed >> 16), (uint8_t)(sampler->seed >> 24)};
    uint32_t hash = hash_bytes(FNV_START, seed, sizeof(seed));
    /* In single precision, as the reference scales. */
    uint32_t limit = (uint32_t)(sampler->percentage * (float)(BUCKETS / 100.0));
    if (!hash_id(sampler, root, &hash) || (hash & (BUCKETS - 1)) >= limit)
        return false;
    sm_datadog_map_set_number(&root->metrics, arena, SM_SLICE("_dd.prob_sr"), (double)sampler->percentage / 100);
    return true;
}
