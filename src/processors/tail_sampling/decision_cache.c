/* decision_cache.c - a hash table of indices with the order of use linked through its entries; memory grows as it fills.
 *
 * Source: opentelemetry-collector-contrib processor/tailsamplingprocessor/cache/lru_cache.go. */
#include "processors/tail_sampling/decision_cache.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"

/* Links are index + 1; 0 ends a chain. */
struct sm_tail_cache_entry {
    uint64_t key;
    const char *policy; /* borrowed */
    uint32_t newer, older, next_in_bucket;
};

enum { FIRST_CAPACITY = 64 };

void sm_tail_cache_init(struct sm_tail_cache *cache, size_t limit)
{
    *cache = (struct sm_tail_cache){._limit = limit};
}

void sm_tail_cache_deinit(struct sm_tail_cache *cache)
{
    free(cache->_entries);
    free(cache->_buckets);
    *cache = (struct sm_tail_cache){0};
}

static uint64_t key_of(const uint8_t trace_id[16])
{
    uint64_t key;
    memcpy(&key, trace_id + 8, sizeof(key));
    return key;
}

static uint32_t *bucket_of(const struct sm_tail_cache *cache, uint64_t key)
{
    return &cache->_buckets[sm_hash_with(sm_hash_secret(), sm_slice_make(&key, sizeof(key))) & (cache->_capacity - 1)];
}

static uint32_t find_entry(const struct sm_tail_cache *cache, uint64_t key)
{
    if (cache->_count == 0)
        return 0;
    uint32_t at = *bucket_of(cache, key);
    while (at && cache->_entries[at - 1].key != key)
        at = cache->_entries[at - 1].next_in_bucket;
    return at;
}

static void unlink_use(struct sm_tail_cache *cache, uint32_t at)
{
    const struct sm_tail_cache_entry *entry = &cache->_entries[at - 1];
    if (entry->newer)
        cache->_entries[entry->newer - 1].older = entry->older;
    else
        cache->_newest = entry->older;
    if (entry->older)
        cache->_entries[entry->older - 1].newer = entry->newer;
    else
        cache->_oldest = entry->newer;
}

static void link_newest(struct sm_tail_cache *cache, uint32_t at)
{
    struct sm_tail_cache_entry *entry = &cache->_entries[at - 1];
    entry->newer = 0;
    entry->older = cache->_newest;
    if (cache->_newest)
        cache->_entries[cache->_newest - 1].newer = at;
    else
        cache->_oldest = at;
    cache->_newest = at;
}

static void link_bucket(struct sm_tail_cache *cache, uint32_t at)
{
    uint32_t *bucket = bucket_of(cache, cache->_entries[at - 1].key);
    cache->_entries[at - 1].next_in_bucket = *bucket;
    *bucket = at;
}

static void unlink_bucket(struct sm_tail_cache *cache, uint32_t at)
{
    uint32_t *link = bucket_of(cache, cache->_entries[at - 1].key);
    while (*link != at)
        link = &cache->_entries[*link - 1].next_in_bucket;
    *link = cache->_entries[at - 1].next_in_bucket;
}

static void grow(struct sm_tail_cache *cache)
{
    cache->_capacity = cache->_capacity ? cache->_capacity * 2 : FIRST_CAPACITY;
    cache->_entries = sm_realloc(cache->_entries, cache->_capacity, sizeof(*cache->_entries));
    free(cache->_buckets);
    cache->_buckets = sm_alloc(cache->_capacity, sizeof(*cache->_buckets));
    for (uint32_t at = 1; at <= cache->_count; at++)
        link_bucket(cache, at);
}

/* A free entry: the next one, or that of the ID which was not used for longest. */
static uint32_t take_entry(struct sm_tail_cache *cache)
{
    if (cache->_count < cache->_limit) {
        if (cache->_count == cache->_capacity)
            grow(cache);
        return (uint32_t)++cache->_count;
    }
    uint32_t at = cache->_oldest;
    unlink_use(cache, at);
    unlink_bucket(cache, at);
    return at;
}

bool sm_tail_cache_find(struct sm_tail_cache *cache, const uint8_t trace_id[16], const char **policy)
{
    uint32_t at = find_entry(cache, key_of(trace_id));
    if (!at)
        return false;
    unlink_use(cache, at);
    link_newest(cache, at);
    *policy = cache->_entries[at - 1].policy;
    return true;
}

bool sm_tail_cache_put(struct sm_tail_cache *cache, const uint8_t trace_id[16], const char *policy)
{
    if (cache->_limit == 0)
        return false;
    uint64_t key = key_of(trace_id);
    uint32_t at = find_entry(cache, key);
    if (at) {
        unlink_use(cache, at);
    } else {
        at = take_entry(cache);
        cache->_entries[at - 1].key = key;
        link_bucket(cache, at);
    }
    cache->_entries[at - 1].policy = policy;
    link_newest(cache, at);
    return true;
}
