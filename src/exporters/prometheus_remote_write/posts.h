/* posts.h - the bodies of a remote write: series and metadata encoded, split by size, packed. Any thread, no state.
 * Source: prompb/remote.proto; exporter/prometheusremotewriteexporter/helper.go (batchTimeSeries). */
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

/* Makes the posts, first those of series, then those of metadata; none when there are no series. The content of a post stays within the
 * limits, unless a single series is larger. The array and the bodies are the caller's. False with `error`: nothing was made. */
bool sm_write_make_posts(struct sm_write *write, const struct sm_write_limits *limits, struct sm_write_post **posts, size_t *count,
                         struct sm_error *error) __attribute__((warn_unused_result));
/* The same as io.prometheus.write.v2.Request: names and values are numbers of texts that stand once in each post. */
bool sm_write_make_posts_v2(struct sm_write *write, const struct sm_write_limits *limits, struct sm_write_post **posts, size_t *count,
                            struct sm_error *error) __attribute__((warn_unused_result));
void sm_write_free_posts(struct sm_write_post *posts, size_t count);
