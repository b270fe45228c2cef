/* sampler.h - the decision of the processor `probabilistic_sampler` for one item, whatever its signal.
 *
 * Immutable after start. Source: processor/probabilisticsamplerprocessor (sampler_mode.go). */
#pragma once

#include "base/slice.h"

enum sm_sampler_mode { SM_SAMPLER_HASH_SEED, SM_SAMPLER_PROPORTIONAL, SM_SAMPLER_EQUALIZING, SM_SAMPLER_NEVER };

/* What decided: the attribute `policy` of the own metrics. */
enum sm_sampler_policy {
    SM_SAMPLER_MISSING_RANDOMNESS,
    SM_SAMPLER_TRACE_ID_HASH,
    SM_SAMPLER_TRACE_ID_W3C,
    SM_SAMPLER_RANDOMNESS,
    SM_SAMPLER_PRIORITY,
    SM_SAMPLER_ATTRIBUTE,
    SM_SAMPLER_POLICY_COUNT
};

struct sm_sampler_options {
    double sampling_percentage;
    uint64_t hash_seed;
    int mode; /* enum sm_sampler_mode */
    bool fail_closed;
    int64_t sampling_precision;
    const char *attribute_source, *from_attribute, *sampling_priority; /* log records only */
};

struct sm_sampler {
    enum sm_sampler_mode mode;
    bool fail_closed, reads_trace_id;
    int precision;
    uint32_t hash_start;                               /* FNV-1a after the seed */
    uint64_t threshold;                                /* HASH_SEED, EQUALIZING */
    double ratio;                                      /* PROPORTIONAL */
    struct sm_slice from_attribute, sampling_priority; /* borrowed: options; empty: none */
};

void sm_sampler_init(struct sm_sampler *sampler, const struct sm_sampler_options *options);

/* An item on its way to the decision:
 *     sm_sampler_item_init; set what arrived; in mode HASH_SEED sm_sampler_item_hash (unless there is nothing to hash); sm_sampler_item_settle;
 *     sm_sampler_decide; a priority may replace `threshold` and `policy`; sm_sampler_keeps; write down what changed. */
struct sm_sampler_item {
    /* What arrived. */
    bool is_malformed, has_arrived_threshold, has_arrived_randomness;
    uint64_t arrived_threshold, arrived_randomness;
    /* The decision. */
    enum sm_sampler_policy policy;
    uint64_t randomness, threshold;
    const char *error; /* NULL: none */
    bool has_place;    /* there is a sound trace state, or attributes, to write to */
    bool is_cleared;   /* the arrived threshold was a lie and has to go */
};

void sm_sampler_item_init(struct sm_sampler_item *item);
/* Takes the hash of `bytes` as the item's randomness. */
void sm_sampler_item_hash(struct sm_sampler_item *item, const struct sm_sampler *sampler, enum sm_sampler_policy policy, struct sm_slice bytes);
/* Makes policy, randomness and error of what arrived and the trace ID. `malformed` is the error of what could not be parsed. */
void sm_sampler_item_settle(struct sm_sampler_item *item, const struct sm_sampler *sampler, struct sm_slice trace_id, const char *malformed);
/* Sets `threshold`. */
void sm_sampler_decide(const struct sm_sampler *sampler, struct sm_sampler_item *item);
/* Empty or all zeros. */
bool sm_sampler_is_empty_id(struct sm_slice trace_id);

static inline bool sm_sampler_keeps(const struct sm_sampler_item *item)
{
    return item->threshold <= item->randomness;
}

/* Of a kept item: an arrived threshold is raised, never lowered. */
static inline bool sm_sampler_writes_threshold(const struct sm_sampler_item *item)
{
    return item->has_place && !(item->has_arrived_threshold && item->arrived_threshold > item->threshold);
}
