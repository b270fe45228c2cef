/* posts.h - the bodies of a remote write: series and metadata encoded, split by size, packed. Any thread, no state.
 * Source: prompb/remote.proto; exporter/prometheusremotewriteexporter/helper.go (batchTimeSeries). */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "exporters/prometheus_remote_write/series.h"

struct sm_write_post {
    struct sm_bytes body; /* owned: a WriteRequest as one block of Snappy */
};

/* Makes the posts, first those of series, then those of metadata; none when there are no series. The content of a post stays below `size_max` bytes
 * before packing, unless a single series is larger. The array and the bodies are the caller's. False with `error`: nothing was made. */
bool sm_write_make_posts(struct sm_write *write, size_t size_max, struct sm_write_post **posts, size_t *count, struct sm_error *error)
    __attribute__((warn_unused_result));
void sm_write_free_posts(struct sm_write_post *posts, size_t count);
