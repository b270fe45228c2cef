/* span.h - one span (opentelemetry.proto.trace.v1.Span). See batch.h for ownership and the meaning of `raw` and `changed`. */
#pragma once

#include "telemetry/value.h"

enum { SM_TRACE_ID_SIZE = 16, SM_SPAN_ID_SIZE = 8 };

enum sm_span_kind {
    SM_SPAN_KIND_UNSPECIFIED,
    SM_SPAN_KIND_INTERNAL,
    SM_SPAN_KIND_SERVER,
    SM_SPAN_KIND_CLIENT,
    SM_SPAN_KIND_PRODUCER,
    SM_SPAN_KIND_CONSUMER
};
enum sm_status_code { SM_STATUS_UNSET, SM_STATUS_OK, SM_STATUS_ERROR };

/* What of a span differs from `raw`. */
enum {
    SM_SPAN_CHANGED_FIELDS = 1u << 0, /* ids, name, kind, times, status, flags, trace state, dropped counts */
    SM_SPAN_CHANGED_ATTRIBUTES = 1u << 1,
    SM_SPAN_CHANGED_EVENTS = 1u << 2,
    SM_SPAN_CHANGED_LINKS = 1u << 3,
};

struct sm_span_event {
    struct sm_slice raw; /* Span.Event message; empty for one made here */
    uint64_t time_ns;
    struct sm_slice name;
    struct sm_attributes attributes;
    uint32_t dropped_attributes_count;
    bool changed, dropped;
};

struct sm_span_link {
    struct sm_slice raw;               /* Span.Link message */
    struct sm_slice trace_id, span_id; /* 0 or 16 / 8 bytes */
    struct sm_slice trace_state;
    struct sm_attributes attributes;
    uint32_t dropped_attributes_count, flags;
    bool changed, dropped;
};

/* Events and links of a span; made only for spans that have some. */
struct sm_span_lists {
    struct sm_slice events_raw;   /* from the first Event field (11) to the end of the last; other fields may stand between */
    struct sm_slice links_raw;    /* the same for Link (13) */
    struct sm_span_event *events; /* borrowed: arena; valid once decoded */
    struct sm_span_link *links;
    uint32_t event_count, link_count; /* valid once decoded; dropped ones included */
    bool has_decoded_events, has_decoded_links;
};

/* One for each span that is held in memory: its size counts. */
struct sm_span {
    struct sm_slice raw;            /* Span message; empty for one made here */
    struct sm_slice trace_id;       /* 0 or 16 bytes */
    struct sm_slice span_id;        /* 0 or 8 bytes */
    struct sm_slice parent_span_id; /* 0 or 8 bytes */
    struct sm_slice name, trace_state, status_message;
    uint64_t start_ns, end_ns; /* since 1970; 0: not set */
    int32_t kind;              /* enum sm_span_kind, or any number a client sent */
    int32_t status_code;       /* enum sm_status_code, or any number a client sent */
    uint32_t flags, dropped_attributes_count, dropped_events_count, dropped_links_count;
    struct sm_attributes attributes;
    struct sm_span_lists *_lists; /* borrowed: arena; NULL: neither events nor links. Ask sm_span_events, sm_span_links */
    bool dropped;
    uint8_t changed;   /* SM_SPAN_CHANGED_… */
    bool _has_unknown; /* `raw` holds fields that are not decoded */
};

/* Decode events / links on the first call. The bytes were validated when the batch was decoded, so this cannot fail. */
struct sm_span_event *sm_span_events(struct sm_span *span, struct sm_arena *arena, uint32_t *count);
struct sm_span_link *sm_span_links(struct sm_span *span, struct sm_arena *arena, uint32_t *count);
