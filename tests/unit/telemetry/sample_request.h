/* sample_request.h - OTLP requests built by hand for the tests of telemetry/: what an SDK would send, with the forward writer of wire/protobuf.h. */
#pragma once

#include "base/buffer.h"
#include "telemetry/span.h"
#include "wire/protobuf.h"

#include <stdio.h>

static inline void sample_attribute(struct sm_bytes *out, uint32_t field, const char *key, const char *value)
{
    size_t entry = sm_proto_message_begin(out, field);
    sm_proto_put_bytes(out, 1, sm_slice_of(key));
    size_t content = sm_proto_message_begin(out, 2);
    sm_proto_put_bytes(out, 1, sm_slice_of(value));
    sm_proto_message_end(out, content);
    sm_proto_message_end(out, entry);
}

static inline void sample_int_attribute(struct sm_bytes *out, uint32_t field, const char *key, int64_t value)
{
    size_t entry = sm_proto_message_begin(out, field);
    sm_proto_put_bytes(out, 1, sm_slice_of(key));
    size_t content = sm_proto_message_begin(out, 2);
    sm_proto_put_uint(out, 3, (uint64_t)value);
    sm_proto_message_end(out, content);
    sm_proto_message_end(out, entry);
}

static inline void sample_span(struct sm_bytes *out, unsigned number)
{
    char name[32];
    snprintf(name, sizeof(name), "span-%u", number);
    size_t span = sm_proto_message_begin(out, 2);
    sm_proto_put_bytes(out, 1, SM_SLICE("0123456789abcdef"));
    sm_proto_put_bytes(out, 2, SM_SLICE("01234567"));
    sm_proto_put_bytes(out, 5, sm_slice_of(name));
    sm_proto_put_uint(out, 6, SM_SPAN_KIND_SERVER);
    sm_proto_put_fixed64(out, 7, 1000 + number);
    sm_proto_put_fixed64(out, 8, 2000 + number);
    sample_attribute(out, 9, "http.route", "/items/{id}");
    sample_int_attribute(out, 9, "http.response.status_code", 200);
    size_t event = sm_proto_message_begin(out, 11);
    sm_proto_put_fixed64(out, 1, 1500);
    sm_proto_put_bytes(out, 2, SM_SLICE("exception"));
    sample_attribute(out, 3, "exception.type", "TimeoutError");
    sm_proto_message_end(out, event);
    size_t link = sm_proto_message_begin(out, 13);
    sm_proto_put_bytes(out, 1, SM_SLICE("fedcba9876543210"));
    sm_proto_put_bytes(out, 2, SM_SLICE("76543210"));
    sm_proto_message_end(out, link);
    size_t status = sm_proto_message_begin(out, 15);
    sm_proto_put_bytes(out, 2, SM_SLICE("upstream failed"));
    sm_proto_put_uint(out, 3, SM_STATUS_ERROR);
    sm_proto_message_end(out, status);
    sm_proto_put_fixed32(out, 16, 0x101);
    sm_proto_put_bytes(out, 99, SM_SLICE("from the future"));
    sm_proto_message_end(out, span);
}

/* `resources` x `scopes` x `spans`, numbered through. */
static inline void sample_traces(struct sm_bytes *out, unsigned resources, unsigned scopes, unsigned spans)
{
    unsigned number = 0;
    for (unsigned r = 0; r < resources; r++) {
        char name[32];
        snprintf(name, sizeof(name), "service-%u", r);
        size_t group = sm_proto_message_begin(out, 1);
        size_t resource = sm_proto_message_begin(out, 1);
        sample_attribute(out, 1, "service.name", name);
        sm_proto_message_end(out, resource);
        for (unsigned s = 0; s < scopes; s++) {
            size_t scope_group = sm_proto_message_begin(out, 2);
            size_t scope = sm_proto_message_begin(out, 1);
            sm_proto_put_bytes(out, 1, SM_SLICE("library"));
            sm_proto_put_bytes(out, 2, SM_SLICE("1.2.3"));
            sm_proto_message_end(out, scope);
            for (unsigned i = 0; i < spans; i++)
                sample_span(out, number++);
            sm_proto_put_bytes(out, 3, SM_SLICE("https://scope.schema"));
            sm_proto_message_end(out, scope_group);
        }
        sm_proto_put_bytes(out, 3, SM_SLICE("https://resource.schema"));
        sm_proto_message_end(out, group);
    }
}
