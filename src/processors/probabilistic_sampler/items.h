/* items.h - sampling one span or one log record: reads what it carries, decides, writes the threshold to one that is kept.
 *
 * Worker-local. Source: processor/probabilisticsamplerprocessor (tracesprocessor.go, logsprocessor.go). */
#pragma once

#include "base/arena.h"
#include "processors/probabilistic_sampler/sampler.h"

struct sm_span;
struct sm_log_record;

/* Fills `item` (policy and error are for counting and logging) and returns whether it is kept; new values are in `arena`, and the span or record is
 * marked changed, not its batch. */
bool sm_sampler_take_span(const struct sm_sampler *sampler, struct sm_span *span, struct sm_arena *arena, struct sm_sampler_item *item);
bool sm_sampler_take_log(const struct sm_sampler *sampler, struct sm_log_record *record, struct sm_arena *arena, struct sm_sampler_item *item);
