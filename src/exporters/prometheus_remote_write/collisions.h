/* collisions.h - what becomes of metric streams that are one series because only attributes that are no labels tell them apart.
 *
 * A stream is a resource with a scope. `keep`: all of their samples are sent, also two of one time, as the reference does; it is only told. `drop`:
 * the stream that came first has the series, the others are left out. `merge`: counters, the counts, sums and buckets of histograms, native
 * histograms, and the counts and sums of summaries are added up over the streams; a restart of one adds to what it had; of gauges one of each time is
 * sent, of quantiles none. Any thread: one lock, held for one batch. Ours; no source. */
#pragma once

#include "exporters/prometheus_remote_write/series.h"
#include "telemetry/batch.h"

enum sm_write_on_collision { SM_WRITE_KEEP, SM_WRITE_MERGE, SM_WRITE_DROP };

struct sm_write_collisions;
struct sm_write_collisions *sm_write_collisions_create(enum sm_write_on_collision what) __attribute__((returns_nonnull, warn_unused_result));
/* NULL is allowed. */
void sm_write_collisions_free(struct sm_write_collisions *collisions);

/* What the samples that are added from now on belong to. The attributes must live as long as the arena. */
void sm_write_begin_stream(struct sm_write *write, const struct sm_attributes *resource, const struct sm_scope *scope);

/* What the streams of one colliding series differ in. */
struct sm_write_collision {
    size_t series;                            /* how many series of the batch collide */
    const struct sm_write_series *first;      /* one of them; NULL: none */
    const struct sm_attributes *left, *right; /* of the resources of two of its streams */
};
/* Two streams of the batch are this series. */
void sm_write_note_collision(const struct sm_write *write, const struct sm_write_series *series, uint32_t left, uint32_t right,
                             struct sm_write_collision *found);
/* Looks at the batch's series and changes their samples. `now_ns`: sm_clock_mono_ns. */
struct sm_write_collision sm_write_resolve_collisions(struct sm_write_collisions *collisions, struct sm_write *write, uint64_t now_ns);
/* The names of the attributes in which the two differ: "k8s.pod.name, host.name". */
struct sm_slice sm_write_name_differences(const struct sm_attributes *left, const struct sm_attributes *right, struct sm_arena *arena);
