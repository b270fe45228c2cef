/* series.h - metrics as Datadog takes them: series (points of one number, JSON) and sketches (distributions, protobuf).
 *
 * Worker-local. Source: datadogexporter internal/metrics (series.go, series_deprecated.go, sketches); agent-payload (SketchPayload). */
#pragma once

#include "datadog/resource_tags.h"
#include "exporters/datadog/items.h"

struct sm_distribution;

enum sm_datadog_series_kind { SM_DATADOG_COUNT, SM_DATADOG_GAUGE };

/* What a point belongs to. */
struct sm_datadog_series_name {
    struct sm_slice name;     /* the metric's ... */
    const char *suffix;       /* ... with this behind it, "" for none */
    struct sm_slice host;     /* may be empty */
    struct sm_slice own_tags; /* JSON strings and commas, of this point only; may be empty */
    struct sm_slice tags;     /* the same, of others too; may be empty */
};

/* Is the old API asked for (feature gate)? */
bool sm_datadog_series_is_old(void);

void sm_datadog_series_put(struct sm_datadog_items *items, const struct sm_datadog_series_name *series, enum sm_datadog_series_kind kind,
                           uint64_t time_s, double value);
/* otel.datadog_exporter.WHAT.running = 1; `tag` may be empty. */
void sm_datadog_series_put_running(struct sm_datadog_items *items, const char *what, struct sm_slice host, struct sm_slice tag);
size_t sm_datadog_series_post(struct sm_datadog_items *items, struct sm_datadog_lane *lane, sm_datadog_posted *posted, void *context);

struct sm_datadog_tag_lists {
    const struct sm_datadog_texts *lists[2];
};
void sm_datadog_sketches_put(struct sm_datadog_items *items, struct sm_slice name, struct sm_slice host, const struct sm_datadog_tag_lists *tags,
                             uint64_t time_s, const struct sm_distribution *distribution);
size_t sm_datadog_sketches_post(struct sm_datadog_items *items, struct sm_datadog_lane *lane, sm_datadog_posted *posted, void *context);
