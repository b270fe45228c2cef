/* otlp_span.h - OTLP spans as Datadog's: one payload for each resource, one chunk for each trace in it.
 *
 * A walk reads one resource of a batch, which is not changed (what is decoded of events and links is kept in its arena). Chunks are made one at a
 * time, so that no more than a trace is held beside the batch. One thread at a time. Source: datadog-agent pkg/trace/api/otlp.go, 0.59.0. */
#pragma once

#include "datadog/otlp_resource.h"
#include "telemetry/batch.h"
#include "telemetry/span.h"

enum { SM_DATADOG_SCOPES_MAX = 16, SM_DATADOG_SCOPE_NAME_MAX = 256 /* bytes: senders choose what is remembered */ };

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

/* What spans are called that have no name of their own, by scope and kind: made when it is first needed. */
struct sm_datadog_otlp_operations {
    struct sm_arena arena; /* owned: what is known */
    struct sm_datadog_scope_names {
        struct sm_slice scope;
        struct sm_arena *arena; /* borrowed: of the names */
        struct sm_slice names[SM_SPAN_KIND_CONSUMER + 1];
        bool is_normal[SM_SPAN_KIND_CONSUMER + 1];
    } _known[SM_DATADOG_SCOPES_MAX];
    size_t _count;
    /* Of the walk at hand. */
    const struct sm_scope_group *_scopes;       /* borrowed: the batch */
    struct sm_datadog_scope_names **_of_scopes; /* borrowed: the walk's arena; by the scope's index; NULL: not needed yet */
    struct sm_arena *_walk_arena;               /* borrowed */
};

/* What is remembered from one resource to the next, with one set of settings. All zero is nothing. */
struct sm_datadog_otlp_memory {
    struct sm_datadog_otlp_resources resources;
    struct sm_datadog_otlp_operations operations;
};
void sm_datadog_otlp_memory_deinit(struct sm_datadog_otlp_memory *memory);

struct sm_datadog_otlp_walk {
    struct sm_datadog_payload payload; /* without chunks */
    struct sm_datadog_source source;   /* whom it comes from: a host or a task, never none */
    const struct sm_datadog_otlp_settings *_settings;
    struct sm_batch *_batch;
    const struct sm_attributes *_resource;         /* borrowed: the batch */
    const struct sm_datadog_otlp_resource *_known; /* what the resource says; borrowed: the memory or the arena */
    struct otlp_span_ref *_refs;
    struct otlp_trace *_traces;
    size_t _trace_count, _next;
    struct sm_datadog_otlp_operations *_operations; /* borrowed: the memory */
};

/* `arena` must live as long as the walk; the memory serves one walk at a time. */
void sm_datadog_otlp_begin(struct sm_datadog_otlp_walk *walk, const struct sm_datadog_otlp_settings *settings, struct sm_datadog_otlp_memory *memory,
                           struct sm_batch *batch, struct sm_resource_group *group, struct sm_arena *arena);
/* The next trace, in `arena`. False: there is none. */
bool sm_datadog_otlp_next(struct sm_datadog_otlp_walk *walk, struct sm_arena *arena, struct sm_datadog_chunk *chunk);
