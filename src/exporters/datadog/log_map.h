/* log_map.h - makes Datadog's log records of OTLP's.
 *
 * Source: opentelemetry-mapping-go pkg/otlp/logs v0.21.0 (translator.go, transform.go). */
#pragma once

#include "datadog/span.h"
#include "telemetry/batch.h"

struct sm_bytes;
struct sm_log_record;

/* The records of one resource, one after the other: host and service that a record names hold for those behind it, as in the reference. */
struct sm_log_map {
    struct sm_arena *arena; /* borrowed: of the resource */
    struct sm_attributes *_resource;
    struct sm_slice _tags;
    struct sm_slice host, service; /* may be empty */
};
void sm_log_map_begin(struct sm_log_map *map, struct sm_resource_group *group, struct sm_arena *arena);

struct sm_log_item {
    struct sm_slice message, tags, host, service;
    struct sm_datadog_map attributes; /* all are texts; they win over what stands above, where names are the same */
    bool has_bad_trace_id, has_bad_span_id;
};
/* In `arena`, which may be emptied between records. */
struct sm_log_item sm_log_map_record(struct sm_log_map *map, struct sm_log_record *record, struct sm_arena *arena);

/* {"message": ..., ...}; the tags only with `with_tags`. */
void sm_log_item_put_json(const struct sm_log_item *item, bool with_tags, struct sm_bytes *out);
