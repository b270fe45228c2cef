/* traces.h - what traces.c (life, the buffer, posts) and trace_batch.c (batches made Datadog's) share. For them only. */
#pragma once

#include "exporters/datadog/agent_stats.h"
#include "exporters/datadog/exporter.h"

#include "datadog/agent.h"
#include "datadog/agent_payload.h"
#include "datadog/agent_state.h"
#include "datadog/otlp_span.h"
#include "datadog/reason_counts.h"

struct sm_batch;
struct sm_gzip_stream;

struct sm_datadog_trace_state {
    struct sm_arena arena; /* owned: the settings' texts */
    struct sm_datadog_otlp_settings otlp;
    struct sm_datadog_agent agent;
    struct sm_datadog_obfuscator obfuscator;
    struct sm_datadog_sampling sampling;
    struct sm_datadog_intake *intake;     /* owned */
    struct sm_datadog_agent_stats *stats; /* owned; NULL: somebody else makes them, as the connector */
    struct sm_datadog_agent_options own_options;
    struct sm_datadog_agent_state *own_agent; /* owned; what `stats` go by when there is no Agent; NULL: there is one, or there are no stats */
    struct sm_datadog_usage *usage;           /* owned */
    struct sm_datadog_agent_head head;        /* texts: options */
    uint64_t flush_interval_ns;
    struct sm_regex **ignored; /* owned, in the arena: the exporter's own ignore_resources */
    size_t ignored_count;
    struct sm_datadog_reason_counts reasons;
};

struct sm_datadog_trace_lane {
    struct sm_datadog_exporter *exporter;
    struct sm_datadog_trace_state *traces;
    struct sm_worker *worker;
    struct sm_datadog_lane *payloads;         /* owned */
    struct sm_datadog_lane *stats;            /* owned; NULL without traces->stats */
    struct sm_datadog_running *running;       /* owned */
    struct sm_gzip_stream *buffer;            /* owned: payloads, packed as they come */
    struct sm_bytes chunks;                   /* owned: encoded chunks of the payload that is being made */
    size_t buffered_size;                     /* as the reference estimates it */
    struct sm_arena batch_arena, chunk_arena; /* owned */
    struct sm_datadog_otlp_memory otlp;       /* owned */
    struct sm_timer *timer, *stats_timer;     /* owned */
    struct sm_timer *usage_timer;             /* owned; as `usage` */
    struct sm_datadog_lane *usage;            /* owned; NULL without an Agent's settings */
    struct sm_datadog_waiting waiting;        /* requests for which there is no room yet */
    bool is_draining, has_ended_stats, has_drained;
};

/* Puts the chunks made so far into the buffer as one payload, of that size as the reference estimates it. */
void sm_datadog_end_payload(struct sm_datadog_trace_lane *lane, const struct sm_datadog_payload *payload, size_t size);
/* Makes everything in the batch into payloads. */
void sm_datadog_take_traces(struct sm_datadog_trace_lane *lane, struct sm_batch *batch);
