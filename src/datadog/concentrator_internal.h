/* concentrator_internal.h - what concentrator.c and harvest.c share (private to datadog/). */
#pragma once

#include "base/index.h"
#include "datadog/concentrator.h"

/* A text of keys; its number is what they hold. */
struct sm_stats_known_text {
    struct sm_hash128 hash;
    struct sm_slice text; /* borrowed: the interval's arena */
};

struct sm_stats_interval {
    int64_t start_ns, length_ns;
    uint64_t made_ns; /* of several workers' buckets of one start the first one's container counts */
    struct sm_entries groups;
    struct sm_index index;
    struct sm_arena arena;    /* owned: the keys of its groups, and their texts */
    struct sm_entries texts;  /* struct sm_stats_known_text: each text once, however many keys have it */
    struct sm_index text_index;
    struct sm_stats_container {
        struct sm_slice id;
        struct sm_stats_texts tags;
        bool is_maker; /* its span made the bucket */
        struct sm_stats_container *next;
    } * containers;
};
void sm_stats_interval_free(struct sm_stats_interval *interval);

/* The key of a group; `arena` takes the list of its peer tags, all texts are the interval's. */
struct sm_stats_key sm_stats_interval_key(const struct sm_stats_interval *interval, const struct sm_stats_group *group, struct sm_arena *arena);
struct sm_stats_texts sm_stats_texts_copy(const struct sm_stats_texts *texts, struct sm_arena *arena);
/* Of the part of a key that decides the client payload, and of all of it and `start_ns`. `scratch` is written over. */
void sm_stats_key_hashes(const struct sm_stats_key *key, int64_t start_ns, struct sm_bytes *scratch, struct sm_hash128 *payload,
                         struct sm_hash128 *whole);
