/* What Datadog's tracers send: the first byte chooses the form. What is decoded goes to OTLP and comes back the same number of spans. */
#include "datadog/chunk.h"
#include "datadog/native.h"
#include "datadog/summary.h"
#include "telemetry/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void turn_over(struct sm_datadog_traces *traces, struct sm_arena *arena)
{
    struct sm_datadog_counts counts = {0};
    const struct sm_datadog_request_marks marks = {.has_top_level = true, .dropped = 0.5};
    size_t kept = 0, read = 0;
    for (size_t i = 0; i < traces->count; i++)
        if (traces->chunks[i].count && sm_datadog_normalise(&traces->chunks[i], traces->payload.language, 1, arena, &counts))
            traces->chunks[kept++] = traces->chunks[i];
    traces->count = kept;
    struct sm_decode_error error = {0};
    struct sm_batch *batch = kept ? sm_datadog_to_otlp(traces, &marks, &error) : NULL;
    if (!batch)
        return;
    for (size_t i = 0; i < batch->count;) {
        struct sm_datadog_native native;
        int64_t number, missing;
        size_t count = sm_datadog_native_extent(batch, i, &number, &missing);
        sm_datadog_native_read(batch, i, count, arena, &native);
        read += native.chunk.count;
        i += count;
    }
    if (read != batch->item_count)
        __builtin_trap();
    sm_batch_release(batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_datadog_traces traces;
    struct sm_stats_client client;
    const char *reason = NULL;
    struct sm_slice bytes = sm_slice_make(data + 1, size - 1);
    typedef bool decode(struct sm_slice bytes, struct sm_arena * arena, struct sm_datadog_traces * traces, const char **reason);
    static decode *const decoders[] = {sm_datadog_decode_v04, sm_datadog_decode_v05, sm_datadog_decode_v07, sm_datadog_decode_json};
    enum { DECODERS = sizeof(decoders) / sizeof(decoders[0]) };
    unsigned which = data[0] % (DECODERS + 1);
    if (which == DECODERS) {
        struct sm_summary summary = {0};
        if (sm_datadog_decode_client_stats(bytes, &arena, &client, &reason))
            for (size_t b = 0; b < client.buckets.count; b++)
                for (size_t i = 0; i < client.buckets.items[b].rows.count; i++)
                    if (sm_summary_add(&summary, client.buckets.items[b].rows.items[i].ok_summary))
                        (void)sm_summary_encode(&summary, &arena);
        sm_summary_clear(&summary);
    } else if (decoders[which](bytes, &arena, &traces, &reason)) {
        turn_over(&traces, &arena);
    } else if (!reason) {
        __builtin_trap();
    }
    sm_arena_deinit(&arena);
    return 0;
}
