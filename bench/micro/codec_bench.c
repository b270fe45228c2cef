/* codec_bench.c - nanoseconds a span for decoding and encoding OTLP, protobuf and JSON, on requests as SDKs send them: 512 spans of about 600 bytes
 * with 10 attributes, in traces over 20 services; every tenth span has an event and an error. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "telemetry/otlp.h"
#include "telemetry/span.h"
#include "wire/compression.h"

#include "load_request.h"

enum { SPANS = 512, SERVICES = 20, OPERATIONS = 20, ROUND_NS = 300000000, ROUNDS = 5 };

/* What every job works on. */
struct bench {
    struct sm_buffer *request;
    struct sm_bytes json;
};

static struct sm_batch *decode(const struct bench *bench)
{
    struct sm_decode_error error;
    struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, bench->request, &error);
    if (!batch)
        abort();
    return batch;
}

static void decode_protobuf(const struct bench *bench)
{
    sm_batch_release(decode(bench));
}

static void decode_json(const struct bench *bench)
{
    struct sm_decode_error error;
    struct sm_batch *batch = sm_otlp_decode_json(SM_TRACES, sm_bytes_slice(&bench->json), &error);
    if (!batch)
        abort();
    sm_batch_release(batch);
}

static void decode_and_encode_json(const struct bench *bench)
{
    struct sm_batch *batch = decode(bench);
    struct sm_bytes out = {0};
    sm_otlp_encode_json(batch, &out);
    sm_bytes_deinit(&out);
    sm_batch_release(batch);
}

/* Calls `change` for every span and encodes. */
static void decode_change_and_encode(const struct bench *bench, void (*change)(struct sm_batch *batch, struct sm_span *span))
{
    struct sm_batch *batch = decode(bench);
    for (size_t g = 0; g < batch->count; g++) {
        struct sm_scope_group *scope = &batch->groups[g].scopes[0];
        sm_batch_mark_changed(batch, &batch->groups[g], scope);
        for (size_t i = 0; i < scope->count; i++)
            change(batch, &scope->spans[i]);
    }
    struct sm_otlp_pieces pieces;
    sm_otlp_encode_protobuf(batch, &pieces);
    sm_batch_release(batch);
}

static void rename_span(struct sm_batch *batch, struct sm_span *span)
{
    (void)batch;
    span->name = SM_SLICE("renamed");
    span->changed = SM_SPAN_CHANGED_FIELDS;
}

static void add_attribute(struct sm_batch *batch, struct sm_span *span)
{
    struct sm_map *map = sm_attributes_edit(&span->attributes, &batch->arena);
    sm_map_set(map, &batch->arena, SM_SLICE("added"), sm_value_string(SM_SLICE("value")));
    span->changed = SM_SPAN_CHANGED_ATTRIBUTES;
}

static void rename_all(const struct bench *bench)
{
    decode_change_and_encode(bench, rename_span);
}

static void add_attribute_to_all(const struct bench *bench)
{
    decode_change_and_encode(bench, add_attribute);
}

static void find_attributes(const struct bench *bench)
{
    struct sm_batch *batch = decode(bench);
    struct sm_value value;
    size_t found = 0;
    for (size_t g = 0; g < batch->count; g++) {
        struct sm_scope_group *scope = &batch->groups[g].scopes[0];
        for (size_t i = 0; i < scope->count; i++) {
            found += sm_attributes_find(&scope->spans[i].attributes, SM_SLICE("http.request.method"), &value);
            found += sm_attributes_find(&scope->spans[i].attributes, SM_SLICE("client.address"), &value);
            found += sm_attributes_find(&scope->spans[i].attributes, SM_SLICE("absent"), &value);
        }
    }
    if (found != 2 * SPANS)
        abort();
    sm_batch_release(batch);
}

static void split_and_merge(const struct bench *bench)
{
    struct sm_batch *batch = decode(bench), *merged = sm_batch_create(SM_TRACES);
    while (batch->item_count) {
        struct sm_batch *head = sm_batch_split(batch, SPANS / 4);
        sm_batch_append(merged, head);
        sm_batch_release(head);
    }
    sm_batch_release(batch);
    sm_batch_release(merged);
}

static void clone(const struct bench *bench)
{
    struct sm_batch *batch = decode(bench);
    sm_batch_release(sm_batch_clone(batch));
    sm_batch_release(batch);
}

static void gzip(const struct bench *bench)
{
    struct sm_bytes packed = {0};
    if (!sm_compress(SM_COMPRESSION_GZIP, 0, sm_buffer_slice(bench->request), &packed, NULL))
        abort();
    sm_bytes_deinit(&packed);
}

static const struct {
    const char *name;
    void (*run)(const struct bench *bench);
} jobs[] = {
    {"decode protobuf", decode_protobuf},
    {"decode, find three attributes", find_attributes},
    {"decode, clone", clone},
    {"decode, split in four, merge", split_and_merge},
    {"decode, rename each span, encode", rename_all},
    {"decode, add an attribute, encode", add_attribute_to_all},
    {"decode, write JSON", decode_and_encode_json},
    {"decode JSON", decode_json},
    {"gzip", gzip},
};

/* Processor time, so that other programs on the machine disturb less. */
static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double best_ns(const struct bench *bench, void (*run)(const struct bench *bench))
{
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = now_ns(), now = start, calls = 0;
        for (; now - start < ROUND_NS; calls++) {
            run(bench);
            now = now_ns();
        }
        double ns = (double)(now - start) / (double)calls / SPANS;
        if (round == 0 || ns < best)
            best = ns;
    }
    return best;
}

int main(int argc, char **argv)
{
    struct bench bench = {.request = load_request(SPANS, SERVICES, OPERATIONS)};
    struct sm_batch *batch = decode(&bench);
    sm_otlp_encode_json(batch, &bench.json);
    printf("%zu bytes of protobuf, %zu of JSON, %zu of index a span (struct sm_span: %zu)\n", bench.request->size / SPANS, bench.json.size / SPANS,
           sm_arena_reserved_bytes(&batch->arena) / SPANS, sizeof(struct sm_span));
    sm_batch_release(batch);
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
        if (argc < 2 || strstr(jobs[i].name, argv[1]))
            printf("%-36s %8.1f ns a span\n", jobs[i].name, best_ns(&bench, jobs[i].run));
    sm_bytes_deinit(&bench.json);
    sm_buffer_release(bench.request);
    return 0;
}
