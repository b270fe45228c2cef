/* codec_bench.c - nanoseconds a span for decoding and encoding OTLP, protobuf and JSON, on requests as SDKs send them: 512 spans of about 600 bytes
 * with 10 attributes, in traces over 20 services; every tenth span has an event and an error. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "telemetry/otlp.h"
#include "telemetry/span.h"
#include "wire/compression.h"
#include "wire/protobuf.h"

enum { SPANS = 512, SERVICES = 20, ROUND_NS = 300000000, ROUNDS = 5 };

static uint32_t random_state = 1;

static uint32_t next_random(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

static void put_text(struct sm_bytes *out, uint32_t field, const char *key, const char *value)
{
    size_t entry = sm_proto_message_begin(out, field);
    sm_proto_put_bytes(out, 1, sm_slice_of(key));
    size_t content = sm_proto_message_begin(out, 2);
    sm_proto_put_bytes(out, 1, sm_slice_of(value));
    sm_proto_message_end(out, content);
    sm_proto_message_end(out, entry);
}

static void put_int(struct sm_bytes *out, uint32_t field, const char *key, uint64_t value)
{
    size_t entry = sm_proto_message_begin(out, field);
    sm_proto_put_bytes(out, 1, sm_slice_of(key));
    size_t content = sm_proto_message_begin(out, 2);
    sm_proto_put_uint(out, 3, value);
    sm_proto_message_end(out, content);
    sm_proto_message_end(out, entry);
}

static void put_id(struct sm_bytes *out, uint32_t field, size_t size)
{
    char id[SM_TRACE_ID_SIZE];
    for (size_t i = 0; i < size; i++)
        id[i] = (char)(uint8_t)next_random();
    sm_proto_put_bytes(out, field, sm_slice_make(id, size));
}

static void put_error(struct sm_bytes *out, uint64_t now)
{
    size_t event = sm_proto_message_begin(out, 11);
    sm_proto_put_fixed64(out, 1, now);
    sm_proto_put_bytes(out, 2, SM_SLICE("exception"));
    put_text(out, 3, "exception.type", "TimeoutError");
    put_text(out, 3, "exception.message", "deadline exceeded after 3000 ms");
    sm_proto_message_end(out, event);
    size_t status = sm_proto_message_begin(out, 15);
    sm_proto_put_bytes(out, 2, SM_SLICE("upstream failed"));
    sm_proto_put_uint(out, 3, SM_STATUS_ERROR);
    sm_proto_message_end(out, status);
}

static void put_span(struct sm_bytes *out, unsigned service)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
    const uint64_t now = UINT64_C(1750000000000000000);
    unsigned operation = next_random() % 20;
    char text[96];
    size_t span = sm_proto_message_begin(out, 2);
    put_id(out, 1, SM_TRACE_ID_SIZE);
    put_id(out, 2, SM_SPAN_ID_SIZE);
    put_id(out, 4, SM_SPAN_ID_SIZE);
    snprintf(text, sizeof(text), "%s /api/v1/resource-%02u/{id}", methods[operation % 4], operation);
    sm_proto_put_bytes(out, 5, sm_slice_of(text));
    sm_proto_put_uint(out, 6, 1 + next_random() % 3);
    sm_proto_put_fixed64(out, 7, now - next_random());
    sm_proto_put_fixed64(out, 8, now);
    put_text(out, 9, "http.request.method", methods[operation % 4]);
    put_int(out, 9, "http.response.status_code", 200);
    snprintf(text, sizeof(text), "/api/v1/resource-%02u/{id}", operation);
    put_text(out, 9, "http.route", text);
    snprintf(text, sizeof(text), "/api/v1/resource-%02u/%u", operation, next_random() % 1000000);
    put_text(out, 9, "url.path", text);
    put_text(out, 9, "url.scheme", "https");
    snprintf(text, sizeof(text), "service-%03u.shop.svc.cluster.local", service);
    put_text(out, 9, "server.address", text);
    put_int(out, 9, "server.port", 8443);
    put_text(out, 9, "network.protocol.version", "1.1");
    put_text(out, 9, "user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) Chrome/126");
    put_text(out, 9, "client.address", "10.42.17.201");
    if (next_random() % 10 == 0)
        put_error(out, now);
    else
        sm_proto_message_end(out, sm_proto_message_begin(out, 15));
    sm_proto_put_fixed32(out, 16, 0x101);
    sm_proto_message_end(out, span);
}

static struct sm_buffer *make_request(void)
{
    struct sm_bytes out = {0};
    for (unsigned service = 0; service < SERVICES; service++) {
        size_t group = sm_proto_message_begin(&out, 1), resource = sm_proto_message_begin(&out, 1);
        char text[64];
        snprintf(text, sizeof(text), "service-%03u", service);
        put_text(&out, 1, "service.name", text);
        put_text(&out, 1, "service.instance.id", "627cc493-f310-47de-96bd-71410b7d0001");
        put_text(&out, 1, "deployment.environment.name", "production");
        sm_proto_message_end(&out, resource);
        size_t scope_group = sm_proto_message_begin(&out, 2), scope = sm_proto_message_begin(&out, 1);
        sm_proto_put_bytes(&out, 1, SM_SLICE("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"));
        sm_proto_message_end(&out, scope);
        for (unsigned i = service; i < SPANS; i += SERVICES)
            put_span(&out, service);
        sm_proto_message_end(&out, scope_group);
        sm_proto_message_end(&out, group);
    }
    struct sm_buffer *request = sm_buffer_try_copy(sm_bytes_slice(&out));
    sm_bytes_deinit(&out);
    return request;
}

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

static double best_ns(const struct bench *bench, void (*run)(const struct bench *bench))
{
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = sm_clock_mono_ns(), now = start, calls = 0;
        for (; now - start < ROUND_NS; calls++) {
            run(bench);
            now = sm_clock_mono_ns();
        }
        double ns = (double)(now - start) / (double)calls / SPANS;
        if (round == 0 || ns < best)
            best = ns;
    }
    return best;
}

int main(int argc, char **argv)
{
    struct bench bench = {.request = make_request()};
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
