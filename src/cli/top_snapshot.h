/* top_snapshot.h - what a running spanmill tells about its spans: asked over its socket, read, compared with what it told before.
 * Source of the form: connectors/span_metrics/summary.h. */
#pragma once

#include "base/arena.h"
#include "base/error.h"

#include <stdint.h>

struct sm_top_bucket {
    double low, high;
    double count; /* of spans; a difference in what is compared */
};

struct sm_top_row {
    const char *service, *operation;
    double count, errors, sum;
    struct sm_top_bucket *buckets; /* in rising order */
    size_t bucket_count;
};

/* Lives in its arena. */
struct sm_top_snapshot {
    struct sm_arena arena;
    uint64_t time_ns;
    double ms_per_unit; /* of durations */
    struct sm_top_row *rows;
    size_t row_count;
};

enum { SM_TOP_SOCKET_SIZE = 320 };

/* The socket of the process `pid` (0: the one that started last) that answers; false with `error` when there is none. */
bool sm_top_find_socket(long pid, char path[SM_TOP_SOCKET_SIZE], struct sm_error *error) __attribute__((warn_unused_result));
/* NULL with `error` filled when nobody answers, or in another form. */
struct sm_top_snapshot *sm_top_snapshot_fetch(const char *socket_path, struct sm_error *error) __attribute__((warn_unused_result));
struct sm_top_snapshot *sm_top_snapshot_parse(struct sm_slice text, struct sm_error *error) __attribute__((warn_unused_result));
void sm_top_snapshot_free(struct sm_top_snapshot *snapshot); /* NULL is allowed */

/* What `row` has more than it had in `before` (NULL, or a process that started anew: all of it), in `arena`. */
struct sm_top_row sm_top_row_since(const struct sm_top_row *row, const struct sm_top_snapshot *before, struct sm_arena *arena);
/* The duration that a share of the spans stays below, in the unit of the snapshot, interpolated in its bucket; NaN without buckets. */
double sm_top_row_quantile(const struct sm_top_row *row, double share);
