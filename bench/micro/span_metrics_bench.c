/* span_metrics_bench.c - nanoseconds a span for counting decoded batches in a shard, and for merging and exporting; bytes a series in shard and
 * ledger. Two loads: few series (20 services, 20 operations) and many (400 services, 400 operations, one bucket), each with two dimensions. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "connectors/span_metrics/export.h"
#include "connectors/span_metrics/options.h"
#include "telemetry/otlp.h"

#include "load_request.h"

enum { REQUESTS = 32, ROUNDS = 5 };

struct load {
    const char *name;
    unsigned spans, services, operations, passes;
    bool has_one_bucket;
};

static const struct load loads[] = {
    {"few series", 512, 20, 20, 20, false},
    {"many series", 4096, 400, 400, 2, true},
};

static struct sm_span_metrics_options *make_options(const struct load *load, struct sm_arena *arena)
{
    static struct sm_span_metrics_dimension_options dimensions[] = {
        {.name = "http.request.method", .preset = "", .glob = ""},
        {.name = "http.response.status_code", .preset = "", .glob = ""},
    };
    static struct sm_span_metrics_explicit_options one_bucket;
    struct sm_span_metrics_options *options = sm_arena_zalloc(arena, 1, sizeof(*options));
    sm_options_fill_defaults(sm_span_metrics_option_table, options, sizeof(*options), arena);
    options->dimensions.items = dimensions;
    options->dimensions.count = sizeof(dimensions) / sizeof(dimensions[0]);
    if (load->has_one_bucket)
        options->histogram.explicit_buckets = &one_bucket;
    return options;
}

static void drop_batch(void *context, struct sm_batch *batch)
{
    *(size_t *)context += batch->item_count;
    sm_batch_release(batch);
}

/* Counts every request once, each just decoded, as on its way through a pipeline; the time of counting alone. */
static uint64_t count_all(struct sm_series_shard *shard, struct sm_buffer *const requests[REQUESTS])
{
    uint64_t took = 0;
    for (size_t i = 0; i < REQUESTS; i++) {
        struct sm_decode_error error;
        struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, requests[i], &error);
        if (!batch)
            abort();
        uint64_t start = sm_clock_mono_ns();
        sm_series_shard_add(shard, batch, 1);
        took += sm_clock_mono_ns() - start;
        sm_batch_release(batch);
    }
    return took;
}

static void run(const struct load *load)
{
    struct sm_arena arena = SM_ARENA_INIT;
    const struct sm_span_metrics_settings *settings = sm_span_metrics_settings_create(make_options(load, &arena), "bench", &arena);
    struct sm_series_shard *shard = sm_series_shard_create(settings, true);
    struct sm_ledger *ledger = sm_ledger_create(settings);
    struct sm_buffer *requests[REQUESTS];
    for (size_t i = 0; i < REQUESTS; i++)
        requests[i] = load_request(load->spans, load->services, load->operations);
    uint64_t first = count_all(shard, requests), best = UINT64_MAX;
    size_t shard_bytes = sm_series_shard_memory(shard), points = 0;
    for (unsigned round = 0; round < ROUNDS * load->passes; round++) {
        uint64_t took = count_all(shard, requests);
        best = took < best ? took : best;
    }
    uint64_t start = sm_clock_mono_ns();
    sm_ledger_visit(ledger, shard, true);
    uint64_t merge_first = sm_clock_mono_ns() - start;
    count_all(shard, requests);
    start = sm_clock_mono_ns();
    sm_ledger_visit(ledger, shard, true);
    uint64_t merge = sm_clock_mono_ns() - start;
    start = sm_clock_mono_ns();
    sm_ledger_export(ledger, 2, drop_batch, &points);
    uint64_t export = sm_clock_mono_ns() - start;
    double series = (double)sm_ledger_series_count(ledger), spans = (double)load->spans * REQUESTS;
    printf("%-12s %8.0f series  %6.1f ns a span (%.1f while new)  merge %.0f ns a series (%.0f while new)  export %.0f ns a point\n", load->name,
           series, (double)best / spans, (double)first / spans, (double)merge / series, (double)merge_first / series,
           (double)export / (double)points);
    printf("%-12s bytes a series: %.0f in the shard before the first merge, %.0f after, %.0f in the ledger\n", "", (double)shard_bytes / series,
           (double)sm_series_shard_memory(shard) / series, (double)sm_ledger_memory(ledger) / series);
    for (size_t i = 0; i < REQUESTS; i++)
        sm_buffer_release(requests[i]);
    sm_series_shard_free(shard);
    sm_ledger_free(ledger);
    sm_arena_deinit(&arena);
}

int main(void)
{
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
        run(&loads[i]);
    return 0;
}
