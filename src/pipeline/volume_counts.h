/* volume_counts.h - spans and bytes by service and environment: who is responsible for what volume.
 *
 * For components that count what passes them; the metrics are theirs. Services are a bounded number: what is above the limit is counted together as
 * "_other". Any thread. */
#pragma once

#include "base/slice.h"

#include <stdint.h>

struct sm_batch;
struct sm_own_metric;
struct sm_volume_counts;

enum { SM_VOLUME_LIMIT_MAX = 1 << 20 };

/* Series have the attributes `name`=`value` (the component; borrowed), service.name and deployment.environment. `limit`: combinations of the two at
 * most, up to SM_VOLUME_LIMIT_MAX. */
struct sm_volume_counts *sm_volume_counts_create(const struct sm_own_metric *spans, const struct sm_own_metric *bytes, const char *name,
                                                 const char *value, size_t limit) __attribute__((returns_nonnull, warn_unused_result));
void sm_volume_counts_free(struct sm_volume_counts *counts); /* NULL is allowed */
/* Spans of traces that are not packed. Bytes are those of spans and of their resources as OTLP protobuf. */
void sm_volume_counts_add(struct sm_volume_counts *counts, const struct sm_batch *batch);

/* Of one service in one environment, since the process started: other counters of the same component are in it. */
struct sm_volume {
    const char *service, *environment; /* borrowed */
    int64_t spans, bytes;
};
/* In no order. */
void sm_volume_counts_visit(const struct sm_volume_counts *counts, void (*visit)(const struct sm_volume *volume, void *context), void *context);
