/* zipkin.h - the zipkin receiver between its files.
 *
 *     zipkin.c        options, life, requests
 *     v2_json.c       v2 JSON, and           v2_protobuf.c   v2 protobuf: both to struct sm_zipkin_span …
 *     v2_spans.c      … and from there to OTLP; v2_order.c the order, v2_links.c what OTLP has hidden in tags
 *     v1_json.c       v1 JSON, and           v1_thrift.c     v1 thrift: both to struct sm_zipkin_v1_span …
 *     v1_spans.c      … and from there to OTLP; v1_status.c
 *     tag_value.c     values out of texts
 *
 * The decoders take a whole body: a batch (empty: nothing was in it), or NULL with `error`; one bad span refuses all. No state; any thread. */
#pragma once

#include "net/http_server.h"
#include "telemetry/span_builder.h"

struct sm_zipkin_options {
    struct sm_http_server_options server;
    bool parse_string_tags;
};

struct sm_batch *sm_zipkin_decode_v2_json(struct sm_slice body, bool parse_string_tags, struct sm_decode_error *error)
    __attribute__((warn_unused_result));
struct sm_batch *sm_zipkin_decode_v2_protobuf(struct sm_slice body, bool parse_string_tags, struct sm_decode_error *error)
    __attribute__((warn_unused_result));
struct sm_batch *sm_zipkin_decode_v1_json(struct sm_slice body, bool parse_string_tags, struct sm_decode_error *error)
    __attribute__((warn_unused_result));
struct sm_batch *sm_zipkin_decode_v1_thrift(struct sm_slice body, bool parse_string_tags, struct sm_decode_error *error)
    __attribute__((warn_unused_result));

/* A tag's value: the text, or with `parse` the integer, decimal number or boolean that it is written as. */
struct sm_value sm_zipkin_tag_value(struct sm_slice text, bool parse, struct sm_arena *arena);
/* "http.status_code" has a name of its own in newer conventions: puts the attribute under the names that the feature gates ask for. */
void sm_zipkin_put_tag(struct sm_attribute_builder *attributes, struct sm_arena *arena, struct sm_slice key, struct sm_value value);
/* An IP address as Go prints it: 4 or 16 bytes; of another size "?" and its digits. In the arena. */
struct sm_slice sm_zipkin_ip_text(struct sm_slice address, struct sm_arena *arena);

/* Marks spans that came without a start time. */
#define SM_ZIPKIN_START_TIME_ABSENT SM_SLICE("otel.zipkin.absentField.startTime")

/* ---- v2: what both encodings say of a span */
struct sm_zipkin_endpoint {
    struct sm_slice service_name;
    struct sm_slice ipv4, ipv6; /* addresses as bytes; ptr NULL: none */
    uint16_t port;
};

struct sm_zipkin_annotation {
    uint64_t time_ns;
    struct sm_slice value;
};

struct sm_zipkin_span {
    uint64_t trace_id_high, trace_id_low, id, parent_id; /* parent 0: none */
    struct sm_slice name, kind;                          /* kind: "CLIENT", …; others are none */
    bool has_time;
    uint64_t start_ns, duration_ns;
    struct sm_zipkin_endpoint local, remote;
    struct sm_zipkin_annotation *annotations; /* borrowed: arena */
    size_t annotation_count, annotation_capacity;
    struct sm_attribute_builder tags; /* strings */
};

struct sm_zipkin_spans {
    struct sm_arena *arena;        /* borrowed: builder */
    struct sm_zipkin_span **items; /* borrowed: arena */
    size_t count, capacity;
};

struct sm_zipkin_span *sm_zipkin_spans_add(struct sm_zipkin_spans *spans) __attribute__((returns_nonnull));
struct sm_zipkin_annotation *sm_zipkin_span_annotate(struct sm_zipkin_span *span, struct sm_arena *arena) __attribute__((returns_nonnull));
/* The name that spans without a service go by. */
struct sm_slice sm_zipkin_service_of(const struct sm_zipkin_span *span);
/* The name of the instrumentation scope; empty: none. */
struct sm_slice sm_zipkin_scope_of(const struct sm_zipkin_span *span);
/* Puts them in the order in which the reference groups them, by service and scope. */
void sm_zipkin_spans_sort(struct sm_zipkin_spans *spans);
/* The spans as a batch. */
struct sm_batch *sm_zipkin_translate_v2(struct sm_span_builder *builder, struct sm_zipkin_spans *spans, bool parse_string_tags,
                                        struct sm_decode_error *error) __attribute__((warn_unused_result));
/* Links and attributes of events that were OTLP's before, as an exporter wrote them; false with `error`. */
bool sm_zipkin_read_links(struct sm_span_builder *builder, struct sm_built_span *span, struct sm_attribute_builder *tags,
                          struct sm_decode_error *error) __attribute__((warn_unused_result));
bool sm_zipkin_read_event(struct sm_span_builder *builder, struct sm_built_event *event, struct sm_slice value, struct sm_decode_error *error)
    __attribute__((warn_unused_result));

/* ---- v1 */
struct sm_zipkin_v1_endpoint {
    struct sm_slice service_name, ipv4, ipv6; /* addresses as text */
    int32_t port;
};

struct sm_zipkin_v1_annotation {
    int64_t time_us;
    struct sm_slice value;
    bool has_endpoint;
    struct sm_zipkin_v1_endpoint endpoint;
};

struct sm_zipkin_v1_tag {
    struct sm_slice key;
    struct sm_value value;
    struct sm_slice text; /* the value as it came, for what names a component */
    bool has_endpoint;
    struct sm_slice service_name; /* of the endpoint */
};

struct sm_zipkin_v1_span {
    uint8_t trace_id[SM_TRACE_ID_SIZE], id[SM_SPAN_ID_SIZE], parent_id[SM_SPAN_ID_SIZE];
    struct sm_slice name;
    bool has_time;
    int64_t start_us, duration_us;
    struct sm_zipkin_v1_annotation *annotations; /* borrowed: arena */
    size_t annotation_count, annotation_capacity;
    struct sm_zipkin_v1_tag *tags; /* borrowed: arena */
    size_t tag_count, tag_capacity;
};

/* Spans that share an endpoint share a resource. */
struct sm_zipkin_v1_translation {
    struct sm_span_builder *builder;
    bool is_json; /* where the encodings differ in the reference: spans without a time get the current one, tags' endpoints without a name do not
                     count, and "http.status_code" follows the feature gates */
    struct sm_attribute_builder endpoints; /* key of an endpoint to the number of its scope */
    struct sm_built_scope **scopes;        /* borrowed: arena */
    size_t scope_count, scope_capacity;
};
void sm_zipkin_translate_v1(struct sm_zipkin_v1_translation *translation, const struct sm_zipkin_v1_span *span);

/* What the tags of a span tell of its status. `= {0}` is an empty one. */
enum sm_zipkin_status_source {
    SM_ZIPKIN_STATUS_CENSUS,
    SM_ZIPKIN_STATUS_OTEL,
    SM_ZIPKIN_STATUS_ERROR_TAG,
    SM_ZIPKIN_STATUS_HTTP,
    SM_ZIPKIN_STATUS_SOURCE_COUNT
};
struct sm_zipkin_status {
    struct {
        bool has_code;
        int32_t code;
        struct sm_slice message;
    } from[SM_ZIPKIN_STATUS_SOURCE_COUNT];
};
/* True: the tag says nothing else and is no attribute. */
bool sm_zipkin_status_learn(struct sm_zipkin_status *status, struct sm_slice key, const struct sm_value *value);
void sm_zipkin_status_apply(const struct sm_zipkin_status *status, struct sm_built_span *span);
