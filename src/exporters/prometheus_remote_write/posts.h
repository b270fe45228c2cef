/* posts.h - the bodies of a remote write: series and metadata encoded, split by size, packed.
 *
 * A poster is given the series of one request, window after window, and keeps nothing but the packed posts and the end of the next one. One thread at
 * a time. Source: prompb/remote.proto; exporter/prometheusremotewriteexporter/helper.go (batchTimeSeries). */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "exporters/prometheus_remote_write/series.h"

struct sm_write_post {
    struct sm_bytes body; /* owned: a WriteRequest as one block of Snappy */
};

struct sm_write_limits {
    size_t bytes;   /* of a post before packing */
    size_t samples; /* in a post; 0: any number */
};

struct sm_write_poster;
/* Version 2 (io.prometheus.write.v2.Request): names and values are numbers of texts that stand once in each post. */
struct sm_write_poster *sm_write_poster_create(const struct sm_write_limits *limits, bool is_version_2)
    __attribute__((returns_nonnull, warn_unused_result));
/* NULL is allowed. */
void sm_write_poster_free(struct sm_write_poster *poster);
/* Adds the series of `write`, whose samples are put in order. The content of a post stays within the limits, unless a single series is larger. */
bool sm_write_poster_take(struct sm_write_poster *poster, struct sm_write *write, struct sm_error *error) __attribute__((warn_unused_result));
/* All posts, those with metadata last; none when there were no series. The array and the bodies become the caller's. */
bool sm_write_poster_end(struct sm_write_poster *poster, const struct sm_write *write, struct sm_write_post **posts, size_t *count,
                         struct sm_error *error) __attribute__((warn_unused_result));
void sm_write_free_posts(struct sm_write_post *posts, size_t count);
