/* top_snapshot.h - what a running spanmill tells about its spans: asked over its socket, read, compared with what it told before.
 * Source of the form: service/top_server.h, pipeline/snapshot.h. */
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

/* Of one connector span_metrics. */
struct sm_top_spans {
    const char *component_id;
    double ms_per_unit; /* of durations */
    struct sm_top_row *rows;
    size_t row_count;
};

struct sm_top_volume {
    const char *service, *environment;
    double spans, bytes;
};

/* Of one processor volume. */
struct sm_top_volumes {
    const char *component_id;
    struct sm_top_volume *rows;
    size_t row_count;
};

/* Lives in its arena. A component has one table, whatever number of instances it has. */
struct sm_top_snapshot {
    struct sm_arena arena;
    uint64_t time_ns;
    long pid;
    struct sm_top_spans *spans;
    size_t spans_count;
    struct sm_top_volumes *volumes;
    size_t volumes_count;
};

enum { SM_TOP_SOCKET_SIZE = 320 };

/* How many processes of the user answer, and the socket of the one that started last; with `pid` (not 0) only that one counts. 0 with `error`: there
 * is none. Sockets that killed processes left are removed. */
size_t sm_top_find_socket(long pid, char path[SM_TOP_SOCKET_SIZE], struct sm_error *error) __attribute__((warn_unused_result));
/* NULL with `error` filled when nobody answers, or in another form. */
struct sm_top_snapshot *sm_top_snapshot_fetch(const char *socket_path, struct sm_error *error) __attribute__((warn_unused_result));
struct sm_top_snapshot *sm_top_snapshot_parse(struct sm_slice text, struct sm_error *error) __attribute__((warn_unused_result));
void sm_top_snapshot_free(struct sm_top_snapshot *snapshot); /* NULL is allowed */

/* The table of the component in another snapshot; NULL: it has none. */
const struct sm_top_spans *sm_top_spans_find(const struct sm_top_snapshot *snapshot, const char *component_id);
const struct sm_top_volumes *sm_top_volumes_find(const struct sm_top_snapshot *snapshot, const char *component_id);
/* The row of the table (NULL: no table) with these names; NULL: there is none. */
const struct sm_top_volume *sm_top_volume_find(const struct sm_top_volumes *table, const char *service, const char *environment);

/* What `row` has more than it had in `before` (NULL, or a process that started anew: all of it), in `arena`. */
struct sm_top_row sm_top_row_since(const struct sm_top_row *row, const struct sm_top_spans *before, struct sm_arena *arena);
/* The same for a row of volumes; NULL has nothing. */
struct sm_top_volume sm_top_volume_since(const struct sm_top_volume *row, const struct sm_top_volumes *before);
/* The duration that a share of the spans stays below, in the unit of the snapshot, interpolated in its bucket; NaN without buckets. */
double sm_top_row_quantile(const struct sm_top_row *row, double share);
