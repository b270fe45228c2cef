/* tracer_api.h - what Datadog's tracers send, decoded: traces (v0.3, v0.4, v0.5, v0.7) and the statistics of tracers that make their own (v0.6).
 *
 * Results point into the bytes that were decoded or into `arena`. False: the bytes are no such request, with a constant `*reason`. Any thread.
 * Source: datadog-agent pkg/proto/pbgo/trace (span_gen.go, decoder_bytes.go, decoder_v05.go, tracer_payload_gen.go, stats_gen.go) and
 * pkg/trace/api/api.go, 0.59.0. */
#pragma once

#include "datadog/span.h"
#include "datadog/stats_payload.h"

struct sm_datadog_traces {
    struct sm_datadog_payload payload; /* v0.7; otherwise the request's headers say it */
    struct sm_datadog_chunk *chunks;
    size_t count;
};

/* Lists of lists of maps: v0.3, v0.4. */
bool sm_datadog_decode_v04(struct sm_slice bytes, struct sm_arena *arena, struct sm_datadog_traces *traces, const char **reason)
    __attribute__((warn_unused_result));
/* A list of texts, and spans as lists of positions in it. */
bool sm_datadog_decode_v05(struct sm_slice bytes, struct sm_arena *arena, struct sm_datadog_traces *traces, const char **reason)
    __attribute__((warn_unused_result));
/* A payload with chunks. */
bool sm_datadog_decode_v07(struct sm_slice bytes, struct sm_arena *arena, struct sm_datadog_traces *traces, const char **reason)
    __attribute__((warn_unused_result));
/* v0.3, v0.4 in JSON. */
bool sm_datadog_decode_json(struct sm_slice text, struct sm_arena *arena, struct sm_datadog_traces *traces, const char **reason)
    __attribute__((warn_unused_result));
/* v0.6/stats. */
bool sm_datadog_decode_client_stats(struct sm_slice bytes, struct sm_arena *arena, struct sm_stats_client *client, const char **reason)
    __attribute__((warn_unused_result));
/* The bytes end too early: told apart in the answer. */
extern const char SM_DATADOG_UNEXPECTED_END[];
