/* encode.h - what the bodies of both versions of remote write have in common. Written backwards, as wire/proto_writer does. Any thread, no state.
 * Source: prompb/types.proto, prompb/io/prometheus/write/v2/types.proto. */
#pragma once

#include "base/bytes.h"
#include "exporters/prometheus_remote_write/series.h"
#include "wire/proto_writer.h"

void sm_write_put_double(struct sm_proto_writer *writer, uint32_t number, double value);
void sm_write_put_uint(struct sm_proto_writer *writer, uint32_t number, uint64_t value);
void sm_write_put_text(struct sm_proto_writer *writer, uint32_t number, struct sm_slice text);
/* A Sample as field 2. */
void sm_write_put_sample(struct sm_proto_writer *writer, const struct sm_write_sample *sample);
/* A Histogram as field `number`. */
void sm_write_put_histogram(struct sm_proto_writer *writer, uint32_t number, const struct sm_write_histogram *histogram);
/* Adds what was written to `out`. */
void sm_write_append(struct sm_proto_writer *writer, struct sm_bytes *out);
