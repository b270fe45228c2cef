/* datadog_stats_bench.c - nanoseconds a span for counting decoded batches as Datadog's statistics, with the options of bench/configs/datadog.yaml and
 * with the defaults, and for making the payload of what was counted. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "connectors/datadog/counter.h"
#include "telemetry/otlp.h"

#include "load_request.h"

enum { REQUESTS = 32, ROUNDS = 100, SPANS = 512, SERVICES = 20, OPERATIONS = 20 };

static double half(void *context)
{
    (void)context;
    return 0.5;
}

/* The time of counting alone. */
static uint64_t count_all(struct sm_stats_counter *counter, struct sm_buffer *const requests[REQUESTS])
{
    uint64_t took = 0;
    for (size_t i = 0; i < REQUESTS; i++) {
        struct sm_decode_error error;
        struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, requests[i], &error);
        if (!batch)
            abort();
        uint64_t start = sm_clock_mono_ns();
        sm_stats_counter_add(counter, batch);
        took += sm_clock_mono_ns() - start;
        sm_batch_release(batch);
    }
    return took;
}

static void run(const char *name, struct sm_datadog_connector_options *options)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_stats_counter *counter = sm_stats_counter_create(sm_stats_plan_create(options, &arena), 0);
    struct sm_buffer *requests[REQUESTS];
    for (size_t i = 0; i < REQUESTS; i++)
        requests[i] = load_request(SPANS, SERVICES, OPERATIONS);
    uint64_t first = count_all(counter, requests), best = UINT64_MAX;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t took = count_all(counter, requests);
        best = took < best ? took : best;
    }
    struct sm_stats_harvest harvest = {0};
    struct sm_stats_payload payload = {0};
    sm_concentrator_take(sm_stats_counter_concentrator(counter), 0, true, &harvest);
    uint64_t start = sm_clock_mono_ns();
    sm_stats_harvest_payload(&harvest, half, NULL, &arena, &payload);
    struct sm_slice bytes = sm_stats_payload_encode(&payload, &arena);
    uint64_t flush = sm_clock_mono_ns() - start;
    size_t rows = 0;
    for (size_t c = 0; c < payload.clients.count; c++)
        for (size_t b = 0; b < payload.clients.items[c].buckets.count; b++)
            rows += payload.clients.items[c].buckets.items[b].rows.count;
    printf("%-10s %6.1f ns a span (%.1f while new)  flush %.0f ns a group, %.0f bytes, %zu groups\n", name, (double)best / (SPANS * REQUESTS),
           (double)first / (SPANS * REQUESTS), (double)flush / (double)rows, (double)bytes.size / (double)rows, rows);
    sm_stats_harvest_clear(&harvest);
    for (size_t i = 0; i < REQUESTS; i++)
        sm_buffer_release(requests[i]);
    sm_stats_counter_free(counter);
    sm_arena_deinit(&arena);
}

int main(void)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_datadog_connector_options options;
    sm_options_fill_defaults(sm_datadog_connector_option_table, &options, sizeof(options), &arena);
    run("defaults", &options);
    options.traces.common.compute_top_level_by_span_kind = true;
    options.traces.common.compute_stats_by_span_kind = true;
    run("by kind", &options);
    options.traces.common.peer_tags_aggregation = true;
    run("peer tags", &options);
    sm_arena_deinit(&arena);
    return 0;
}
