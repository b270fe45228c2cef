/* fan_out.h - one batch to several consumers.
 *
 * Consumers that only read share the batch first; those that change data then get copies, and the last of them the batch itself when no reader has
 * kept it: most read and let go at once, which saves the copy. Every consumer gets its part of the delivery. Immutable once created; called on any
 * worker. Source: opentelemetry-collector internal/fanoutconsumer. */
#pragma once

#include "base/arena.h"
#include "pipeline/consumer.h"

#include <stddef.h>

/* One consumer is returned as it is. `count` is not 0; `arena` holds the result; the consumers are borrowed. */
struct sm_consumer *sm_fan_out_create(struct sm_arena *arena, struct sm_consumer *const *consumers, size_t count) __attribute__((returns_nonnull));
