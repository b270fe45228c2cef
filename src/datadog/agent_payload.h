/* agent_payload.h - what is posted to /api/v0.2/traces: traces encoded as an AgentPayload, piece by piece. Any thread.
 *
 *     sm_datadog_encode_payload_head, chunk … chunk, the next payload …, and sm_datadog_encode_agent_head before or behind
 *
 * Source: datadog-agent pkg/proto/datadog/trace/{span,tracer_payload,agent_payload}.proto, 0.59.0. */
#pragma once

#include "base/bytes.h"
#include "datadog/span.h"

/* Appends the chunk as a field of a TracerPayload; notes sizes in its spans. Returns how large the reference takes it to be (an upper bound of its
 * msgpack form): payloads are split by this. */
size_t sm_datadog_encode_chunk(struct sm_datadog_chunk *chunk, struct sm_bytes *out);
/* Encodes meta that spans will have in common; its entries may not change afterwards. */
void sm_datadog_share_meta(const struct sm_datadog_map *meta, struct sm_arena *arena, struct sm_datadog_shared *shared);
/* Appends a TracerPayload as a field of an AgentPayload, but for its chunks: `chunks_size` encoded bytes, which must follow. */
void sm_datadog_encode_payload_head(const struct sm_datadog_payload *payload, size_t chunks_size, struct sm_bytes *out);

struct sm_datadog_agent_head {
    struct sm_slice hostname, env, version;
    double target_tps, error_tps;
    bool is_rare_sampler_enabled;
};
/* Appends the fields that stand beside the payloads. */
void sm_datadog_encode_agent_head(const struct sm_datadog_agent_head *head, struct sm_bytes *out);

enum { SM_DATADOG_PAYLOAD_SIZE_MAX = 3200000 };
