/* text.h - batches as text for people: one line an item (normal) or every field (detailed).
 *
 * The forms are those of the reference (exporter/debugexporter/internal/normal and internal/otlptext), so that scripts which read them go on working.
 * Worker-local; decodes lazily into the batch's arena. */
#pragma once

#include "base/bytes.h"
#include "telemetry/batch.h"

/* Appends the whole batch. */
void sm_debug_write_normal(struct sm_batch *batch, struct sm_bytes *out);
void sm_debug_write_detailed(struct sm_batch *batch, struct sm_bytes *out);

/* ---- parts that both forms share */
/* The id in lower-case hex; nothing for an empty or all-zero one. */
void sm_debug_write_id(struct sm_bytes *out, struct sm_slice id);
/* Go's %f and %v. */
void sm_debug_write_fixed(struct sm_bytes *out, double number);
void sm_debug_write_general(struct sm_bytes *out, double number);
/* The value as text, without its type. */
void sm_debug_write_value(struct sm_bytes *out, const struct sm_value *value, struct sm_arena *arena);
