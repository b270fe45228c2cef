/* concentrator_internal.h - what concentrator.c and harvest.c share (private to datadog/). */
#pragma once

#include "base/index.h"
#include "datadog/concentrator.h"

struct sm_stats_interval {
    int64_t start_ns, length_ns;
    uint64_t made_ns; /* of several workers' buckets of one start the first one's container counts */
    struct sm_entries groups;
    struct sm_index index;
    struct sm_arena arena; /* owned: the keys of its groups */
    struct sm_slice container_id;
    struct sm_stats_texts container_tags;
};
void sm_stats_interval_free(struct sm_stats_interval *interval);

struct sm_stats_texts sm_stats_texts_copy(const struct sm_stats_texts *texts, struct sm_arena *arena);

/* The texts of a key, those that decide the client payload first. */
enum { SM_STATS_KEY_PAYLOAD_TEXTS = 6, SM_STATS_KEY_TEXTS = 11 };
static inline void sm_stats_key_texts(const struct sm_stats_key *key, struct sm_slice texts[SM_STATS_KEY_TEXTS])
{
    const struct sm_slice all[SM_STATS_KEY_TEXTS] = {key->env,       key->hostname, key->version, key->container_id, key->git_commit_sha,
                                                     key->image_tag, key->service,  key->name,    key->resource,     key->type,
                                                     key->span_kind};
    memcpy(texts, all, sizeof(all));
}
