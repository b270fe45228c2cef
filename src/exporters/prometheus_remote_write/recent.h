/* recent.h - when each series was last seen and what its last point's time was, so that points that come late can be left out.
 *
 * Of a series only a hash of 128 bits is kept; what was not seen for five minutes is forgotten. Any thread: one lock, held for one translation.
 * Source: Alloy's internal/component/otelcol/exporter/prometheus/internal/convert/cache.go. */
#pragma once

#include "exporters/prometheus_remote_write/series.h"

struct sm_write_recent;
struct sm_write_recent *sm_write_recent_create(void) __attribute__((returns_nonnull, warn_unused_result));
/* NULL is allowed. */
void sm_write_recent_free(struct sm_write_recent *recent);
/* Around the calls below. `now_ns`: sm_clock_mono_ns. */
void sm_write_recent_lock(struct sm_write_recent *recent, uint64_t now_ns);
void sm_write_recent_unlock(struct sm_write_recent *recent);

struct sm_write_seen;
/* What is known of the series with these labels; made when it is new. Valid until unlocked. */
struct sm_write_seen *sm_write_recent_find(struct sm_write_recent *recent, const struct sm_write_key *labels);
/* False: a later point of the series has been seen. */
bool sm_write_seen_take_point(struct sm_write_seen *seen, uint64_t time_ns);
/* False: a later exemplar, or this one, has been seen. */
bool sm_write_seen_take_exemplar(struct sm_write_seen *seen, const struct sm_write_exemplar *exemplar, uint64_t time_ns);
