/* opentracing_bench.c - nanoseconds a span for decoding Zipkin's and Jaeger's formats, on the inputs of the conformance cases. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "receivers/jaeger/jaeger.h"
#include "receivers/zipkin/zipkin.h"

enum { ROUND_NS = 200000000, ROUNDS = 5, INPUT_BYTES_MAX = 1024 * 1024 };

struct job {
    const char *name, *file;
    struct sm_batch *(*decode)(struct sm_slice input, struct sm_decode_error *error);
};

static struct sm_batch *zipkin_v2_json(struct sm_slice input, struct sm_decode_error *error)
{
    return sm_zipkin_decode_v2_json(input, false, error);
}

static struct sm_batch *zipkin_v2_protobuf(struct sm_slice input, struct sm_decode_error *error)
{
    return sm_zipkin_decode_v2_protobuf(input, false, error);
}

static struct sm_batch *zipkin_v1_json(struct sm_slice input, struct sm_decode_error *error)
{
    return sm_zipkin_decode_v1_json(input, false, error);
}

static struct sm_batch *zipkin_v1_thrift(struct sm_slice input, struct sm_decode_error *error)
{
    return sm_zipkin_decode_v1_thrift(input, false, error);
}

static struct sm_batch *jaeger_compact(struct sm_slice input, struct sm_decode_error *error)
{
    return sm_jaeger_decode_thrift_call(input, SM_THRIFT_COMPACT, error);
}

static const struct job jobs[] = {
    {"zipkin v2 JSON", "zipkin/v2-json/in.json", zipkin_v2_json},
    {"zipkin v2 protobuf", "zipkin/v2-protobuf/in.pb", zipkin_v2_protobuf},
    {"zipkin v1 JSON", "zipkin/v1-json/in.json", zipkin_v1_json},
    {"zipkin v1 thrift", "zipkin/v1-thrift/in.thrift", zipkin_v1_thrift},
    {"jaeger thrift, binary", "jaeger/thrift-http/in.thrift", sm_jaeger_decode_thrift},
    {"jaeger thrift, compact", "jaeger/thrift-udp/c.thrift", jaeger_compact},
    {"jaeger protobuf", "jaeger/grpc/in.pb", sm_jaeger_decode_protobuf},
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct sm_slice read_input(const char *file)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/tests/conformance/cases/%s", BENCH_SOURCE_DIR, file);
    FILE *in = fopen(path, "rb");
    char *bytes = malloc(INPUT_BYTES_MAX);
    if (!in || !bytes) {
        perror(path);
        exit(1);
    }
    size_t size = fread(bytes, 1, INPUT_BYTES_MAX, in);
    fclose(in);
    return sm_slice_make(bytes, size);
}

/* The best of some rounds: the least disturbed one. */
static double measure(const struct job *job, struct sm_slice input, size_t *span_count)
{
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = now_ns(), spans = 0;
        while (now_ns() - start < ROUND_NS) {
            struct sm_decode_error error = {0};
            struct sm_batch *batch = job->decode(input, &error);
            if (!batch) {
                fprintf(stderr, "%s: %s\n", job->name, error.reason);
                exit(1);
            }
            spans += *span_count = batch->item_count;
            sm_batch_release(batch);
        }
        double ns = (double)(now_ns() - start) / (double)spans;
        best = best == 0 || ns < best ? ns : best;
    }
    return best;
}

int main(void)
{
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
        struct sm_slice input = read_input(jobs[i].file);
        size_t span_count = 0;
        double ns = measure(&jobs[i], input, &span_count);
        printf("decode %-24s %8.0f ns a span  (%zu spans of %zu bytes)\n", jobs[i].name, ns, span_count, input.size / span_count);
        free((void *)(uintptr_t)input.ptr);
    }
    return 0;
}
