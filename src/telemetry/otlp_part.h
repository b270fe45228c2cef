/* otlp_part.h - the messages inside a traces request singly, as bytes. For components that hold telemetry as its encoded parts.
 *
 * Worker-local. */
#pragma once

#include "telemetry/batch.h"

/* The content of the message: its own bytes when nobody changed it, else encoded into `arena`. */
struct sm_slice sm_otlp_resource_bytes(const struct sm_resource *resource, struct sm_arena *arena);
struct sm_slice sm_otlp_scope_bytes(const struct sm_scope *scope, struct sm_arena *arena);
struct sm_slice sm_otlp_span_bytes(const struct sm_span *span, struct sm_arena *arena);

/* How many bytes the reference would encode the message to, which need not be how it came: resource, scope, status, IDs and attribute values are
 * always written there, zeros and unknown fields never. */
size_t sm_otlp_resource_standard_size(struct sm_slice bytes);
size_t sm_otlp_scope_standard_size(struct sm_slice bytes);
size_t sm_otlp_span_standard_size(struct sm_slice bytes);
/* Of a message of `size` bytes as a field with a number below 16. */
size_t sm_otlp_field_size(size_t size);
