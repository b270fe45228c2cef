/* otlp_encode.h - what the OTLP encoders share (private to telemetry/). All write backwards: see wire/proto_writer.h. */
#pragma once

#include "telemetry/value.h"
#include "wire/proto_writer.h"

struct sm_resource;
struct sm_scope;
struct sm_span;
struct sm_metric;
struct sm_log_record;

/* Content of an AnyValue message. */
void sm_otlp_write_value(struct sm_proto_writer *writer, const struct sm_value *value);
/* One KeyValue field of number `field`. */
void sm_otlp_write_attribute(struct sm_proto_writer *writer, const struct sm_attribute *attribute, uint32_t field);
/* The whole set as KeyValue fields of number `field`. */
void sm_otlp_write_attributes(struct sm_proto_writer *writer, const struct sm_attributes *attributes, uint32_t field);
/* The fields of `raw` that are not in the set `known` (bit = number, numbers above 31 count as unknown). */
void sm_otlp_write_unknown(struct sm_proto_writer *writer, struct sm_slice raw, uint32_t known);

/* What is zero or empty is left out, as proto3 does. */
static inline void sm_otlp_write_text(struct sm_proto_writer *writer, uint32_t number, struct sm_slice text)
{
    if (text.size)
        sm_proto_write_bytes(writer, number, text);
}
static inline void sm_otlp_write_uint(struct sm_proto_writer *writer, uint32_t number, uint64_t value)
{
    if (value)
        sm_proto_write_uint(writer, number, value);
}
static inline void sm_otlp_write_fixed64(struct sm_proto_writer *writer, uint32_t number, uint64_t value)
{
    if (value)
        sm_proto_write_fixed64(writer, number, value);
}
static inline void sm_otlp_write_fixed32(struct sm_proto_writer *writer, uint32_t number, uint32_t value)
{
    if (value)
        sm_proto_write_fixed32(writer, number, value);
}

/* As field 1 of its group: its bytes when nobody changed it. */
void sm_otlp_write_resource(struct sm_proto_writer *writer, const struct sm_resource *resource);
void sm_otlp_write_scope(struct sm_proto_writer *writer, const struct sm_scope *scope);
/* One item as field 2 of its scope group: its bytes when nobody changed it. */
void sm_otlp_write_span(struct sm_proto_writer *writer, const struct sm_span *span);
void sm_otlp_write_metric(struct sm_proto_writer *writer, const struct sm_metric *metric);
void sm_otlp_write_log_record(struct sm_proto_writer *writer, const struct sm_log_record *record);
