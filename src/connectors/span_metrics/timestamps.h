/* timestamps.h - when delta series were exported last: the most recent `metric_timestamp_cache_size` of them. Worker-local. */
#pragma once

#include "base/index.h"

struct sm_timestamps;
struct sm_timestamps *sm_timestamps_create(uint64_t count_max) __attribute__((returns_nonnull));
void sm_timestamps_free(struct sm_timestamps *timestamps); /* NULL is allowed */
/* The time noted for `hash`, or `otherwise`; notes `now_ns` in its place, and forgets the one noted longest ago when there are too many. */
uint64_t sm_timestamps_exchange(struct sm_timestamps *timestamps, struct sm_hash128 hash, uint64_t otherwise, uint64_t now_ns);
