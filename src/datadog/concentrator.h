/* concentrator.h - counts spans into buckets of time, one group for each aggregation key: Datadog's APM statistics.
 *
 *     each worker    one concentrator: bucket (by the end of the span) -> group (by the 128-bit hash of its key) -> counts and two sketches
 *     at a flush     sm_concentrator_take moves the due buckets of every worker into one harvest, sm_stats_harvest_payload adds up what they have
 *                    in common and gives the payload
 *
 * A bucket is due two intervals after its start. What ends before the oldest bucket still open counts in that one; the future is not limited but in
 * the number of buckets. A concentrator and a harvest are worker-local; both may go to another worker between calls.
 * Source: datadog-agent pkg/trace/stats/{span_concentrator,statsraw,aggregation}.go, 0.59.0. */
#pragma once

#include "base/hash.h"
#include "datadog/ddsketch.h"
#include "datadog/stats_payload.h"

enum { SM_CONCENTRATOR_BUCKETS_MAX = 1024 }; /* open at a time; spans of further ones count in the oldest */

/* What statistics are told apart by, as it is sent. */
struct sm_stats_key {
    struct sm_slice env, hostname, version, container_id, git_commit_sha, image_tag;
    struct sm_slice service, name, resource, type, span_kind;
    struct sm_stats_texts peer_tags; /* "key:value", sorted */
    uint32_t http_status_code;
    bool is_synthetics, is_trace_root;
};

struct sm_stats_packed_key;
struct sm_stats_group {
    struct sm_hash128 hash;                 /* of whatever the caller tells groups apart by: the harvest goes by the key */
    const struct sm_stats_packed_key *_key; /* borrowed: the bucket's arena */
    double hits, top_level_hits, errors, duration_ns;
    struct sm_ddsketch ok, error;
};

/* What of a span is counted. */
struct sm_stats_facts {
    int64_t end_ns, duration_ns;
    int32_t bin;   /* sm_ddsketch_bin of the duration */
    double weight; /* 1 / the rate at which it was sampled before */
    bool is_error, is_top_level;
};

struct sm_concentrator;
struct sm_stats_interval; /* an open bucket */

struct sm_concentrator *sm_concentrator_create(int64_t interval_ns, int64_t now_ns) __attribute__((returns_nonnull, warn_unused_result));
void sm_concentrator_free(struct sm_concentrator *concentrator); /* NULL is allowed */

/* The bucket in which a span that ended then counts; `*is_new` when it was made now. */
struct sm_stats_interval *sm_concentrator_at(struct sm_concentrator *concentrator, int64_t end_ns, bool *is_new)
    __attribute__((returns_nonnull, warn_unused_result));
/* The tags of the container whose span made the bucket, which are all that are sent with it (but for those added); copied. */
void sm_stats_interval_set_container(struct sm_stats_interval *interval, struct sm_slice container_id, const struct sm_stats_texts *tags);
/* The same for a container whose tags are sent with whatever bucket it has spans in; once for each. */
void sm_stats_interval_add_container(struct sm_stats_interval *interval, struct sm_slice container_id, const struct sm_stats_texts *tags);
/* The group of `hash`; `*is_new`: made now, the caller sets its key. Valid as long as the bucket. */
struct sm_stats_group *sm_stats_interval_group(struct sm_stats_interval *interval, struct sm_hash128 hash, bool *is_new)
    __attribute__((returns_nonnull, warn_unused_result));
/* Copies the key for the new `group` of the bucket. */
void sm_stats_interval_set_key(struct sm_stats_interval *interval, struct sm_stats_group *group, const struct sm_stats_key *key);
/* Look ahead, some spans earlier each: where the group of `hash` is found, the group, what a span changes of it. */
void sm_stats_interval_prefetch(const struct sm_stats_interval *interval, struct sm_hash128 hash);
void sm_stats_interval_prefetch_group(const struct sm_stats_interval *interval, struct sm_hash128 hash);
void sm_stats_group_prefetch(const struct sm_stats_group *group, const struct sm_stats_facts *facts);
void sm_stats_group_add(struct sm_stats_group *group, const struct sm_stats_facts *facts);
/* Tells keys apart. */
struct sm_hash128 sm_stats_key_hash(const struct sm_stats_key *key, struct sm_arena *scratch);

/* ---- flush */
struct sm_stats_harvest {
    struct sm_stats_interval **intervals; /* owned */
    size_t count, capacity;
};
/* Adds the due buckets, or all when `is_forced`, and moves on the oldest one. */
void sm_concentrator_take(struct sm_concentrator *concentrator, int64_t now_ns, bool is_forced, struct sm_stats_harvest *harvest);
/* Everything in the harvest, in `arena`, with texts borrowed from the harvest; no clients when it is empty. Fractions of spans are rounded up or down
 * by chance: `random` gives numbers from 0 up to 1. May be called once. */
void sm_stats_harvest_payload(struct sm_stats_harvest *harvest, double (*random)(void *context), void *context, struct sm_arena *arena,
                              struct sm_stats_payload *payload);
/* Frees what was taken; the harvest is empty and usable afterwards. */
void sm_stats_harvest_clear(struct sm_stats_harvest *harvest);
