/* stats_payload_fuzz.c - statistics payloads as the exporter finds them in a metric: what can be decoded is encoded again and must read back the same;
 * as MessagePack it must be writable. */
#include <stdint.h>
#include <stdlib.h>

#include "datadog/stats_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_stats_payload payload, again;
    struct sm_bytes packed = {0};
    const char *reason;
    if (sm_stats_payload_decode(sm_slice_make(data, size), &arena, &payload, &reason)) {
        struct sm_slice bytes = sm_stats_payload_encode(&payload, &arena);
        if (!sm_stats_payload_decode(bytes, &arena, &again, &reason) || !sm_slice_equal(sm_stats_payload_encode(&again, &arena), bytes))
            abort();
        sm_stats_payload_put_msgpack(&payload, &packed);
    } else if (!reason) {
        abort();
    }
    sm_bytes_deinit(&packed);
    sm_arena_deinit(&arena);
    return 0;
}
