/* shard_resource.h - finding the resource of a group of spans in a shard (private to shard.c), and its hash. */
#pragma once

#include "connectors/span_metrics/shard.h"

struct sm_attributes;

/* Bytes of a resource's attributes as received that were seen before. */
struct sm_series_shard_alias {
    struct sm_hash128 hash; /* of the bytes */
    uint32_t resource;
};

/* What tells the resource apart. */
struct sm_hash128 sm_resource_hash(const struct sm_span_metrics_settings *settings, const struct sm_attributes *attributes, struct sm_arena *scratch);

/* The number of the resource, which is made when it is new and noted as seen at `now_ns`. */
uint32_t sm_series_shard_find_resource(struct sm_series_shard *shard, const struct sm_attributes *attributes, uint64_t now_ns);
