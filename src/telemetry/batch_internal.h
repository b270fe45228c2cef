/* batch_internal.h - what the files of telemetry/batch*.c share (private to telemetry/). */
#pragma once

#include "telemetry/batch.h"

/* Keeps what `source` keeps, not `source` itself. */
void sm_batch_keep_what(struct sm_batch *batch, const struct sm_batch *source);
/* Appends copies of the group structs; returns where they stand. */
struct sm_resource_group *sm_batch_append_groups(struct sm_batch *batch, const struct sm_resource_group *groups, size_t count);
/* The set for a second owner: one that is decoded and changed lives in memory that both can reach, so each may be changed on its own only after a
 * copy, which goes to `arena`. */
struct sm_attributes sm_attributes_unshare(const struct sm_attributes *attributes, struct sm_arena *arena);

/* Adds requests to a packed batch, or to an empty one, which becomes packed. Their buffers are retained. */
void sm_batch_add_parts(struct sm_batch *batch, const struct sm_batch_part *parts, size_t count);
/* The same; small ones are copied together. */
void sm_batch_join_parts(struct sm_batch *batch, const struct sm_batch_part *parts, size_t count);
/* sm_batch_split for a packed batch. */
struct sm_batch *sm_batch_split_packed(struct sm_batch *batch, size_t item_count);
/* Adds the groups of a packed batch's request, which was checked or written by this program. */
void sm_otlp_decode_part(struct sm_batch *batch, const struct sm_batch_part *part);
