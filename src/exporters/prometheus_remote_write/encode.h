/* encode.h - what the bodies of both versions of remote write have in common. Written backwards, as wire/proto_writer does. Any thread, no state.
 * Source: prompb/types.proto, prompb/io/prometheus/write/v2/types.proto. */
#pragma once

#include "exporters/prometheus_remote_write/posts.h"
#include "wire/proto_writer.h"

struct sm_write_post_list {
    struct sm_write_post *posts; /* owned */
    size_t count, capacity;
    struct sm_bytes packed; /* owned: room for one body while it is made */
};

void sm_write_put_double(struct sm_proto_writer *writer, uint32_t number, double value);
void sm_write_put_uint(struct sm_proto_writer *writer, uint32_t number, uint64_t value);
void sm_write_put_text(struct sm_proto_writer *writer, uint32_t number, struct sm_slice text);
/* A Sample as field 2. */
void sm_write_put_sample(struct sm_proto_writer *writer, const struct sm_write_sample *sample);
/* A Histogram as field `number`. */
void sm_write_put_histogram(struct sm_proto_writer *writer, uint32_t number, const struct sm_write_histogram *histogram);

/* By time: Prometheus refuses those that go back. */
void sm_write_sort_samples(struct sm_write_series *series);
/* What was written as one run of bytes. */
struct sm_slice sm_write_flatten(struct sm_proto_writer *writer);
/* Packs `plain` as a further post. */
bool sm_write_add_post(struct sm_write_post_list *list, struct sm_slice plain, struct sm_error *error) __attribute__((warn_unused_result));
