/* fan_out.h - one batch to several consumers.
 *
 * Consumers that change data get copies first, the others then share the batch; when all change it the last one gets the batch itself. Every consumer
 * gets its part of the delivery. Immutable once created; called on any worker. Source: opentelemetry-collector internal/fanoutconsumer. */
#pragma once

#include "base/arena.h"
#include "pipeline/consumer.h"

#include <stddef.h>

/* One consumer is returned as it is. `count` is not 0; `arena` holds the result; the consumers are borrowed. */
struct sm_consumer *sm_fan_out_create(struct sm_arena *arena, struct sm_consumer *const *consumers, size_t count) __attribute__((returns_nonnull));
