/* series.h - the two forms of a series: what a worker added since the last merge (shard), and its whole state (ledger).
 *
 * Bytes of an entry with the default 17 buckets: 136 in a shard and 216 in the ledger, plus an index slot of 8 bytes at most 7/8 full in each, plus
 * in the ledger identity and tail (about 70 bytes). With one bucket (`explicit: {}`): 64 and 80. Calls and durations together count as one entry. */
#pragma once

#include <assert.h>

#include "base/hash.h"
#include "telemetry/exponential.h"
#include "connectors/span_metrics/settings.h"

/* 2^32 spans in a bucket between two merges, or a large adjusted count, do not fit 32 bits: the counts then move to an array of their own. */
union sm_series_shard_buckets {
    uint32_t counts[2]; /* really one for each bucket; absent with a single bucket (`count` is it) */
    uint64_t *wide;     /* owned; when `is_wide` */
    struct sm_exponential exponential;
};

struct sm_shard_series {
    struct sm_hash128 hash;
    uint32_t ledger;   /* its number in the ledger; SM_INDEX_NONE: not there yet */
    uint32_t resource; /* number in the shard */
    uint64_t first_ns; /* arrival of the first batch since the last merge */
    uint64_t last_ns;
    uint64_t count;
    double sum;
    uint16_t exemplar_count; /* since the last export: counted on by the ledger's export number */
    bool is_dirty;           /* something was added since the last merge */
    bool is_wide;
    uint32_t exports; /* number of exports that `exemplar_count` belongs to */
    union sm_series_shard_buckets buckets;
};
static_assert(offsetof(struct sm_shard_series, buckets) == 64, "the head of a series is one cache line");

enum { SM_NO_EXEMPLAR = -1 };

struct sm_ledger_series {
    struct sm_hash128 hash;
    uint32_t next;     /* the resource's next series of the family; SM_INDEX_NONE: last */
    uint32_t resource; /* number in the ledger */
    char *key;         /* owned: identity and tail; NULL: the overflow series */
    uint32_t identity_size, tail_size;
    uint64_t start_ns, last_ns;
    uint64_t count;
    double sum;
    int32_t exemplars; /* newest in the ledger's list, SM_NO_EXEMPLAR: none */
    uint16_t exemplar_count;
    bool is_unsaved : 1; /* changed since it was stored last (persist.h) */
    bool is_first : 1;   /* not exported yet: calls and events begin with a point of 0 (cumulative) */
    bool is_gone : 1;    /* expired; stays until every shard has forgotten it, comes back as a new series when a shard had counted on */
    union {
        uint64_t counts[1]; /* one for each bucket; absent with a single bucket */
        struct sm_exponential exponential;
    } buckets;
};
static_assert(offsetof(struct sm_ledger_series, buckets) == 80, "look at the figures above when this changes");

static inline size_t sm_shard_series_size(enum sm_histogram_kind histogram, size_t bucket_count)
{
    size_t head = offsetof(struct sm_shard_series, buckets), counts = (bucket_count * sizeof(uint32_t) + 7) / 8 * 8;
    return head + (histogram == SM_HISTOGRAM_EXPONENTIAL ? sizeof(struct sm_exponential) : counts);
}

static inline size_t sm_ledger_series_size(enum sm_histogram_kind histogram, size_t bucket_count)
{
    size_t head = offsetof(struct sm_ledger_series, buckets);
    return head + (histogram == SM_HISTOGRAM_EXPONENTIAL ? sizeof(struct sm_exponential) : bucket_count * sizeof(uint64_t));
}

/* One span shown beside a point. */
struct sm_series_exemplar {
    char trace_id[16], span_id[8]; /* the latter all zero: none */
    double value;                  /* its duration */
};
