/* span_stats.h - statistics of Datadog spans: which of them count, and by what they are told apart.
 *
 * Source: datadog-agent pkg/trace/stats/{concentrator,span_concentrator,aggregation,weight}.go, 0.59.0. */
#pragma once

#include "datadog/concentrator.h"
#include "datadog/span.h"

/* Immutable. */
struct sm_span_stats_settings {
    bool compute_stats_by_span_kind;
    struct sm_stats_texts peer_tag_keys; /* peer_tags.h; none: peers are not told apart */
};

/* What all spans of a chunk share. */
struct sm_span_stats_origin {
    struct sm_slice env, hostname, version, container_id, git_commit_sha, image_tag;
    struct sm_slice origin;               /* of the chunk: "synthetics…" is told apart */
    struct sm_stats_texts container_tags; /* sorted */
    bool has_tags_in_every_bucket;        /* not only in those that a span of the container has made */
    double weight;                        /* sm_span_stats_weight of the root */
};

/* Marked as top level or measured, or of a kind that counts; and no part of a span that is still under way. */
bool sm_span_stats_counts(const struct sm_span_stats_settings *settings, const struct sm_datadog_span *span);
/* For how many spans one stands that was sampled at the rate that the root names. */
double sm_span_stats_weight(const struct sm_datadog_span *root);
/* Adds the span if it counts. `scratch` is for building keys. */
void sm_span_stats_add(struct sm_concentrator *concentrator, const struct sm_span_stats_settings *settings, const struct sm_span_stats_origin *origin,
                       const struct sm_datadog_span *span, struct sm_arena *scratch);
