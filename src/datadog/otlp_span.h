/* otlp_span.h - OTLP spans as Datadog's: one payload for each resource, one chunk for each trace in it.
 *
 * A walk reads one resource of a batch, which is not changed (what is decoded of events and links is kept in its arena). Chunks are made one at a
 * time, so that no more than a trace is held beside the batch. One thread at a time. Source: datadog-agent pkg/trace/api/otlp.go, 0.59.0. */
#pragma once

#include "datadog/source.h"
#include "datadog/span.h"
#include "telemetry/batch.h"
#include "telemetry/span.h"

/* Immutable after start. */
struct sm_datadog_otlp_settings {
    struct sm_datadog_map span_name_remappings; /* old name to new */
    bool span_name_as_resource_name;
    bool compute_top_level_by_span_kind;
    bool has_names_v2;        /* those of otlp_names_v2.h */
    double sampling_rate;     /* of traces without a priority, 0 to 1; outside of it: all are kept */
    struct sm_slice hostname; /* of resources that name no host */
    struct sm_slice env;      /* of resources that name no environment */
};

/* What spans of one scope are called that have no name of their own, by kind: made when it is first needed. */
struct sm_datadog_otlp_operations {
    struct sm_arena *arena;       /* borrowed */
    const struct sm_scope *scope; /* borrowed */
    struct sm_slice names[SM_SPAN_KIND_CONSUMER + 1];
};

struct sm_datadog_otlp_walk {
    struct sm_datadog_payload payload; /* without chunks */
    struct sm_datadog_source source;   /* whom it comes from: a host or a task, never none */
    const struct sm_datadog_otlp_settings *_settings;
    struct sm_batch *_batch;
    const struct sm_attributes *_resource; /* borrowed: the batch */
    struct sm_datadog_span _template;      /* what every span takes over from the resource */
    struct otlp_span_ref *_refs;
    struct otlp_trace *_traces;
    size_t _trace_count, _next;
    struct sm_datadog_otlp_operations _operations;
};

/* `arena` must live as long as the walk. */
void sm_datadog_otlp_begin(struct sm_datadog_otlp_walk *walk, const struct sm_datadog_otlp_settings *settings, struct sm_batch *batch,
                           struct sm_resource_group *group, struct sm_arena *arena);
/* The next trace, in `arena`. False: there is none. */
bool sm_datadog_otlp_next(struct sm_datadog_otlp_walk *walk, struct sm_arena *arena, struct sm_datadog_chunk *chunk);
