/* chunk.h - what is done to the spans of a trace before it is sampled and sent: made sound, cut to size, given their top-level marks.
 *
 * Changed texts live in `arena`. Any thread, no state.
 * Source: datadog-agent pkg/trace/agent/{normalizer,truncator}.go and pkg/trace/traceutil/{trace,span}.go, 0.59.0. */
#pragma once

#include "base/arena.h"
#include "datadog/span.h"

/* Why a trace was dropped or what was wrong with a span, as the reference counts them. */
enum sm_datadog_reason {
    SM_DATADOG_TRACE_ID_ZERO, /* traces that are dropped */
    SM_DATADOG_SPAN_ID_ZERO,
    SM_DATADOG_FOREIGN_SPAN,
    SM_DATADOG_EMPTY_TRACE,
    SM_DATADOG_PAYLOAD_TOO_LARGE, /* traces that could not be read */
    SM_DATADOG_DECODING_ERROR,
    SM_DATADOG_UNEXPECTED_EOF,
    SM_DATADOG_MSGP_SHORT_BYTES,
    SM_DATADOG_SERVICE_EMPTY, /* spans that are put right */
    SM_DATADOG_SERVICE_TRUNCATE,
    SM_DATADOG_SERVICE_INVALID,
    SM_DATADOG_PEER_SERVICE_TRUNCATE,
    SM_DATADOG_PEER_SERVICE_INVALID,
    SM_DATADOG_SPAN_NAME_EMPTY,
    SM_DATADOG_SPAN_NAME_TRUNCATE,
    SM_DATADOG_SPAN_NAME_INVALID,
    SM_DATADOG_RESOURCE_EMPTY,
    SM_DATADOG_TYPE_TRUNCATE,
    SM_DATADOG_INVALID_START_DATE,
    SM_DATADOG_INVALID_DURATION,
    SM_DATADOG_INVALID_HTTP_STATUS_CODE,
    SM_DATADOG_DUPLICATE_SPAN_ID,
    SM_DATADOG_REASON_COUNT,
    SM_DATADOG_DROP_REASON_COUNT = SM_DATADOG_SERVICE_EMPTY
};
const char *sm_datadog_reason_name(enum sm_datadog_reason reason); /* "trace_id_zero" */

struct sm_datadog_counts {
    uint64_t by_reason[SM_DATADOG_REASON_COUNT]; /* traces for the reasons to drop, spans for the others */
};

/* Puts every span right. False: the trace is to be dropped. `language` chooses the name of a missing service, `now_ns` is the start of spans that
 * have none. */
bool sm_datadog_normalise(struct sm_datadog_chunk *chunk, struct sm_slice language, uint64_t now_ns, struct sm_arena *arena,
                          struct sm_datadog_counts *counts) __attribute__((warn_unused_result));

/* Spans with meta `component` get it as their name: OpenTracing's names are Datadog's resources. Before normalising. */
void sm_datadog_take_components_as_names(struct sm_datadog_chunk *chunk);

/* Cuts resource, keys and values of a span to Datadog's limits. */
void sm_datadog_cut_span(struct sm_datadog_span *span, struct sm_arena *arena);

/* The last span without a parent; else the first of those whose parent is that of the last one whose parent is not here; else the last. The chunk has
 * a span. */
struct sm_datadog_span *sm_datadog_root(const struct sm_datadog_chunk *chunk, struct sm_arena *arena);

/* Of the first `count` spans those with the ID of one before them. */
size_t sm_datadog_count_repeated_ids(const struct sm_datadog_chunk *chunk, size_t count, struct sm_arena *arena);

/* Priority, origin and decision maker of the chunk from its spans, where it has none. */
void sm_datadog_set_chunk_attributes(struct sm_datadog_chunk *chunk, const struct sm_datadog_span *root, struct sm_arena *arena);
/* Marks spans without a parent here, or with one of another service. */
void sm_datadog_mark_top_level(struct sm_datadog_chunk *chunk, struct sm_arena *arena);
/* Repeats the tracer's own mark where its sender has told which spans are top level. */
void sm_datadog_repeat_top_level(struct sm_datadog_span *span, struct sm_arena *arena);
/* The first span of the root and then the others that has `key` in its meta. Empty: none. */
struct sm_slice sm_datadog_chunk_text(const struct sm_datadog_chunk *chunk, const struct sm_datadog_span *root, struct sm_slice key);

/* Go's conversions of a float64 to int32 and int8, on amd64. */
int32_t sm_datadog_to_int32(double number);
int8_t sm_datadog_to_int8(double number);
