/* stats_payload.h - APM statistics as they travel: StatsPayload of datadog/trace/stats.proto, 0.59.0.
 *
 *     payload -> client payloads (env, host, version, container …) -> buckets of time -> rows (one for each aggregation key)
 *
 * Texts and lists are borrowed: an arena, or the bytes that were decoded. Any thread. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

/* Name of the metric, and of its attribute with the protobuf bytes, by which the connector hands statistics to the exporter. */
#define SM_STATS_METRIC "dd.internal.stats.payload"

enum { SM_STATS_ROWS_MAX = 500000 }; /* rows, buckets and client payloads that one payload may hold when it is decoded */

enum sm_stats_root { SM_STATS_ROOT_UNSET, SM_STATS_ROOT_YES, SM_STATS_ROOT_NO };

struct sm_stats_texts {
    struct sm_slice *items;
    size_t count;
};

struct sm_stats_row {
    struct sm_slice service, name, resource, type, db_type, span_kind;
    struct sm_slice ok_summary, error_summary; /* DDSketches of durations, protobuf (ddsketch.h) */
    struct sm_stats_texts peer_tags;
    uint64_t hits, errors, duration_ns, top_level_hits;
    uint32_t http_status_code;
    uint32_t is_trace_root; /* enum sm_stats_root */
    bool is_synthetics;
};

struct sm_stats_bucket {
    uint64_t start_ns, duration_ns;
    int64_t agent_time_shift_ns;
    struct sm_stats_rows {
        struct sm_stats_row *items;
        size_t count;
    } rows;
};

struct sm_stats_client {
    struct sm_slice hostname, env, version, lang, tracer_version, runtime_id, agent_aggregation, service, container_id, git_commit_sha, image_tag;
    uint64_t sequence;
    struct sm_stats_texts tags;
    struct sm_stats_buckets {
        struct sm_stats_bucket *items;
        size_t count;
    } buckets;
};

struct sm_stats_payload {
    struct sm_slice agent_hostname, agent_env, agent_version;
    bool is_client_computed, is_split;
    struct sm_stats_clients {
        struct sm_stats_client *items;
        size_t count;
    } clients;
};

/* As protobuf, in one run of `arena`. */
struct sm_slice sm_stats_payload_encode(const struct sm_stats_payload *payload, struct sm_arena *arena);
/* False with a constant `*reason` when the bytes are no such message or hold more than SM_STATS_ROWS_MAX parts. The result points into `bytes`. */
bool sm_stats_payload_decode(struct sm_slice bytes, struct sm_arena *arena, struct sm_stats_payload *payload, const char **reason)
    __attribute__((warn_unused_result));
/* As MessagePack, the form that Datadog's intake takes. */
void sm_stats_payload_put_msgpack(const struct sm_stats_payload *payload, struct sm_bytes *out);
