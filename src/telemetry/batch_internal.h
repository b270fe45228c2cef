/* batch_internal.h - what the files of telemetry/batch*.c share (private to telemetry/). */
#pragma once

#include "telemetry/batch.h"

/* Keeps what `source` keeps, not `source` itself. */
void sm_batch_keep_what(struct sm_batch *batch, const struct sm_batch *source);
/* Appends copies of the group structs; returns where they stand. */
struct sm_resource_group *sm_batch_append_groups(struct sm_batch *batch, const struct sm_resource_group *groups, size_t count);
