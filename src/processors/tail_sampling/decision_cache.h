/* decision_cache.h - trace IDs of which the decision is remembered after the trace has left memory; the least recently used goes first.
 *
 * IDs are told apart by their right half, as in the reference. Worker-local. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sm_tail_cache_entry;

struct sm_tail_cache {
    struct sm_tail_cache_entry *_entries; /* owned */
    uint32_t *_buckets;                   /* owned: index of the first entry + 1 */
    size_t _limit, _capacity, _count;     /* capacity is a power of two, of entries and of buckets */
    uint32_t _newest, _oldest;            /* index + 1; 0: none */
};

/* At most `limit` IDs (below 2^32); 0: it remembers nothing. */
void sm_tail_cache_init(struct sm_tail_cache *cache, size_t limit);
void sm_tail_cache_deinit(struct sm_tail_cache *cache);
/* Whether the ID is there, which makes it the newest; `policy` (borrowed from who put it, may be NULL) is what decided. */
bool sm_tail_cache_find(struct sm_tail_cache *cache, const uint8_t trace_id[16], const char **policy);
/* True: it is remembered. */
bool sm_tail_cache_put(struct sm_tail_cache *cache, const uint8_t trace_id[16], const char *policy);
