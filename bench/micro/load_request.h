/* load_request.h - OTLP requests for the micro benchmarks, as SDKs send them: spans of about 600 bytes with 10 attributes, in services; every tenth
 * span has an event and an error. */
#pragma once

#include <stdio.h>

#include "base/buffer.h"
#include "telemetry/span.h"
#include "wire/protobuf.h"

static uint32_t load_random_state = 1;

static inline uint32_t load_random(void)
{
    load_random_state = load_random_state * 1664525u + 1013904223u;
    return load_random_state >> 8;
}

static inline void load_text(struct sm_bytes *out, uint32_t field, const char *key, const char *value)
{
    size_t entry = sm_proto_message_begin(out, field);
    sm_proto_put_bytes(out, 1, sm_slice_of(key));
    size_t content = sm_proto_message_begin(out, 2);
    sm_proto_put_bytes(out, 1, sm_slice_of(value));
    sm_proto_message_end(out, content);
    sm_proto_message_end(out, entry);
}

static void load_int(struct sm_bytes *out, uint32_t field, const char *key, uint64_t value)
{
    size_t entry = sm_proto_message_begin(out, field);
    sm_proto_put_bytes(out, 1, sm_slice_of(key));
    size_t content = sm_proto_message_begin(out, 2);
    sm_proto_put_uint(out, 3, value);
    sm_proto_message_end(out, content);
    sm_proto_message_end(out, entry);
}

static void load_id(struct sm_bytes *out, uint32_t field, size_t size)
{
    char id[SM_TRACE_ID_SIZE];
    for (size_t i = 0; i < size; i++)
        id[i] = (char)(uint8_t)load_random();
    sm_proto_put_bytes(out, field, sm_slice_make(id, size));
}

static void load_error(struct sm_bytes *out, uint64_t now)
{
    size_t event = sm_proto_message_begin(out, 11);
    sm_proto_put_fixed64(out, 1, now);
    sm_proto_put_bytes(out, 2, SM_SLICE("exception"));
    load_text(out, 3, "exception.type", "TimeoutError");
    load_text(out, 3, "exception.message", "deadline exceeded after 3000 ms");
    sm_proto_message_end(out, event);
    size_t status = sm_proto_message_begin(out, 15);
    sm_proto_put_bytes(out, 2, SM_SLICE("upstream failed"));
    sm_proto_put_uint(out, 3, SM_STATUS_ERROR);
    sm_proto_message_end(out, status);
}

static void load_span(struct sm_bytes *out, unsigned service, unsigned operation_count)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
    static const uint16_t statuses[] = {200, 200, 200, 200, 200, 201, 204, 404, 500, 503};
    const uint64_t now = UINT64_C(1750000000000000000);
    unsigned operation = load_random() % operation_count;
    char text[96];
    size_t span = sm_proto_message_begin(out, 2);
    load_id(out, 1, SM_TRACE_ID_SIZE);
    load_id(out, 2, SM_SPAN_ID_SIZE);
    load_id(out, 4, SM_SPAN_ID_SIZE);
    snprintf(text, sizeof(text), "%s /api/v1/resource-%02u/{id}", methods[operation % 4], operation);
    sm_proto_put_bytes(out, 5, sm_slice_of(text));
    sm_proto_put_uint(out, 6, 1 + load_random() % 3);
    sm_proto_put_fixed64(out, 7, now - load_random());
    sm_proto_put_fixed64(out, 8, now);
    load_text(out, 9, "http.request.method", methods[operation % 4]);
    load_int(out, 9, "http.response.status_code", statuses[load_random() % (sizeof(statuses) / sizeof(statuses[0]))]);
    snprintf(text, sizeof(text), "/api/v1/resource-%02u/{id}", operation);
    load_text(out, 9, "http.route", text);
    snprintf(text, sizeof(text), "/api/v1/resource-%02u/%u", operation, load_random() % 1000000);
    load_text(out, 9, "url.path", text);
    load_text(out, 9, "url.scheme", "https");
    snprintf(text, sizeof(text), "service-%03u.shop.svc.cluster.local", service);
    load_text(out, 9, "server.address", text);
    load_int(out, 9, "server.port", 8443);
    load_text(out, 9, "network.protocol.version", "1.1");
    load_text(out, 9, "user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) Chrome/126");
    load_text(out, 9, "client.address", "10.42.17.201");
    if (load_random() % 10 == 0)
        load_error(out, now);
    else
        sm_proto_message_end(out, sm_proto_message_begin(out, 15));
    sm_proto_put_fixed32(out, 16, 0x101);
    sm_proto_message_end(out, span);
}

/* `span_count` spans over the services, each with one of `operation_count` names. */
static inline struct sm_buffer *load_request(unsigned span_count, unsigned service_count, unsigned operation_count)
{
    struct sm_bytes out = {0};
    for (unsigned service = 0; service < service_count; service++) {
        size_t group = sm_proto_message_begin(&out, 1), resource = sm_proto_message_begin(&out, 1);
        char text[64];
        snprintf(text, sizeof(text), "service-%03u", service);
        load_text(&out, 1, "service.name", text);
        load_text(&out, 1, "service.instance.id", "627cc493-f310-47de-96bd-71410b7d0001");
        load_text(&out, 1, "deployment.environment.name", "production");
        sm_proto_message_end(&out, resource);
        size_t scope_group = sm_proto_message_begin(&out, 2), scope = sm_proto_message_begin(&out, 1);
        sm_proto_put_bytes(&out, 1, SM_SLICE("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"));
        sm_proto_message_end(&out, scope);
        for (unsigned i = service; i < span_count; i += service_count)
            load_span(&out, service, operation_count);
        sm_proto_message_end(&out, scope_group);
        sm_proto_message_end(&out, group);
    }
    struct sm_buffer *request = sm_buffer_try_copy(sm_bytes_slice(&out));
    sm_bytes_deinit(&out);
    return request;
}
