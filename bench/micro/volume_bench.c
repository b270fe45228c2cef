/* volume_bench.c - nanoseconds a span for the processor volume: counting spans and bytes by service and environment, on requests as SDKs send them
 * (512 spans of about 600 bytes over 20 services), and one service a request. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pipeline/own_metrics.h"
#include "pipeline/volume_counts.h"
#include "telemetry/batch.h"
#include "telemetry/otlp.h"

#include "load_request.h"

enum { SPANS = 512, OPERATIONS = 20, ROUND_NS = 300000000, ROUNDS = 5 };

static const struct sm_own_metric spans = {.name = "spans", .help = "", .unit = "1", .kind = SM_OWN_COUNTER, .level = SM_OWN_LEVEL_BASIC},
                                  bytes = {.name = "bytes", .help = "", .unit = "By", .kind = SM_OWN_COUNTER, .level = SM_OWN_LEVEL_BASIC};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double measure(struct sm_volume_counts *counts, const struct sm_batch *batch)
{
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t started = now_ns(), count = 0, passed;
        do {
            sm_volume_counts_add(counts, batch);
            count += batch->item_count;
            passed = now_ns() - started;
        } while (passed < ROUND_NS);
        best = (double)passed / (double)count < best ? (double)passed / (double)count : best;
    }
    return best;
}

int main(void)
{
    static const unsigned services[] = {20, 1};
    struct sm_volume_counts *counts = sm_volume_counts_create(&spans, &bytes, "processor", "volume", 1000);
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        struct sm_decode_error error;
        struct sm_buffer *request = load_request(SPANS, services[i], OPERATIONS);
        struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, request, &error);
        if (!batch)
            abort();
        printf("volume, %2u services a request   %6.1f ns/span\n", services[i], measure(counts, batch));
        sm_batch_release(batch);
        sm_buffer_release(request);
    }
    sm_volume_counts_free(counts);
    return 0;
}
