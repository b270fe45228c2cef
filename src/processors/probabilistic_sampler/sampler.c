/* sampler.c - see sampler.h. All arithmetic is that of the reference, in its widths: the percentage is a 32-bit float there. */
#include "processors/probabilistic_sampler/sampler.h"

#include "telemetry/sampling_threshold.h"

#define FNV_OFFSET UINT32_C(0x811c9dc5)
#define FNV_PRIME UINT32_C(0x01000193)

enum {
    BUCKET_BITS = 14,
    BUCKETS = 1 << BUCKET_BITS, /* hash_seed decides in 2^14 steps */
    BUCKET_SHIFT = 56 - BUCKET_BITS,
    PRECISION_MIN = -SM_SAMPLING_DIGITS * 2, /* below this every threshold rounds to nothing */
};

static uint32_t hash_byte(uint32_t hash, uint8_t byte)
{
    return (hash ^ byte) * FNV_PRIME;
}

static uint32_t hash_seed(uint32_t seed)
{
    uint32_t hash = FNV_OFFSET;
    for (unsigned i = 0; i < sizeof(seed); i++)
        hash = hash_byte(hash, (uint8_t)(seed >> (8 * i)));
    return hash;
}

/* R-value whose first 14 bits decide as the bucket of the hash always did; the rest is made of the bits that it did not use. */
static uint64_t randomness_of_hash(uint32_t hash)
{
    uint64_t bucket = hash & (BUCKETS - 1), unused = hash >> (32 - BUCKET_BITS), mixed = unused ^ unused << 10;
    return (BUCKETS - 1 - bucket) << BUCKET_SHIFT | mixed << BUCKET_BITS | bucket;
}

void sm_sampler_init(struct sm_sampler *sampler, const struct sm_sampler_options *options)
{
    float percentage = options->sampling_percentage > 100 ? 100.0F : (float)options->sampling_percentage;
    int64_t precision = options->sampling_precision;
    *sampler = (struct sm_sampler){
        .mode = (enum sm_sampler_mode)options->mode,
        .fail_closed = options->fail_closed,
        .reads_trace_id = sm_slice_is(sm_slice_of(options->attribute_source), "traceID"),
        .precision = precision < PRECISION_MIN ? PRECISION_MIN : (int)precision,
        .hash_start = hash_seed((uint32_t)options->hash_seed),
        .ratio = (double)percentage / 100,
        .from_attribute = sm_slice_of(options->from_attribute),
        .sampling_priority = sm_slice_of(options->sampling_priority),
    };
    if (percentage == 0) {
        sampler->mode = SM_SAMPLER_NEVER;
    } else if (sampler->mode == SM_SAMPLER_HASH_SEED) {
        uint64_t kept_buckets = (uint64_t)(percentage * (float)(BUCKETS / 100.0));
        sampler->threshold = (BUCKETS - kept_buckets) << BUCKET_SHIFT;
        if (kept_buckets == 0)
            sampler->mode = SM_SAMPLER_NEVER;
    } else if (!sm_threshold_from_probability(sampler->ratio, sampler->precision, &sampler->threshold)) {
        sampler->threshold = SM_THRESHOLD_ALWAYS; /* validation has refused such percentages */
    }
}

void sm_sampler_item_init(struct sm_sampler_item *item)
{
    *item = (struct sm_sampler_item){.policy = SM_SAMPLER_MISSING_RANDOMNESS, .randomness = SM_RANDOMNESS_MAX, .has_place = true};
}

void sm_sampler_item_hash(struct sm_sampler_item *item, const struct sm_sampler *sampler, enum sm_sampler_policy policy, struct sm_slice bytes)
{
    uint32_t hash = sampler->hash_start;
    for (size_t i = 0; i < bytes.size; i++)
        hash = hash_byte(hash, (uint8_t)bytes.ptr[i]);
    item->policy = policy;
    item->randomness = randomness_of_hash(hash);
}

bool sm_sampler_is_empty_id(struct sm_slice trace_id)
{
    for (size_t i = 0; i < trace_id.size; i++)
        if (trace_id.ptr[i])
            return false;
    return true;
}

/* The hash stands on its own: what carries sampling values belongs to another mode. */
static const char *find_foreign(const struct sm_sampler_item *item)
{
    if (item->has_arrived_randomness)
        return "item has sampling randomness, equalizing or proportional mode recommended";
    if (item->has_arrived_threshold)
        return "item has sampling threshold, equalizing or proportional mode recommended";
    return NULL;
}

void sm_sampler_item_settle(struct sm_sampler_item *item, const struct sm_sampler *sampler, struct sm_slice trace_id, const char *malformed)
{
    item->error = item->is_malformed ? malformed : NULL;
    if (sampler->mode == SM_SAMPLER_NEVER) {
        item->policy = SM_SAMPLER_PRIORITY;
        return; /* what was understood of a malformed trace state stays, as in the reference */
    }
    if (!item->error && sampler->mode == SM_SAMPLER_HASH_SEED)
        item->error = find_foreign(item);
    if (item->error) {
        item->has_place = false;
    } else if (item->has_arrived_randomness) {
        item->policy = SM_SAMPLER_RANDOMNESS;
        item->randomness = item->arrived_randomness;
    } else if (sampler->mode != SM_SAMPLER_HASH_SEED && !sm_sampler_is_empty_id(trace_id)) {
        item->policy = SM_SAMPLER_TRACE_ID_W3C;
        item->randomness = sm_randomness_of_trace_id(trace_id);
    }
}

static const char *find_inconsistency(struct sm_sampler_item *item)
{
    if (item->policy == SM_SAMPLER_MISSING_RANDOMNESS)
        return "missing randomness";
    if (!item->has_arrived_threshold || item->arrived_threshold <= item->randomness)
        return NULL;
    item->has_arrived_threshold = false;
    item->is_cleared = true;
    return "inconsistent arriving threshold: item should not have been sampled";
}

static uint64_t decide_proportional(const struct sm_sampler *sampler, const struct sm_sampler_item *item)
{
    double arrived = item->has_arrived_threshold ? sm_threshold_probability(item->arrived_threshold) : 1;
    uint64_t threshold;
    return sm_threshold_from_probability(arrived * sampler->ratio, sampler->precision, &threshold) ? threshold : SM_THRESHOLD_NEVER;
}

void sm_sampler_decide(const struct sm_sampler *sampler, struct sm_sampler_item *item)
{
    if (!item->error)
        item->error = find_inconsistency(item);
    if (item->error)
        item->threshold = sampler->fail_closed ? SM_THRESHOLD_NEVER : SM_THRESHOLD_ALWAYS;
    else if (sampler->mode == SM_SAMPLER_NEVER)
        item->threshold = SM_THRESHOLD_NEVER;
    else if (sampler->mode == SM_SAMPLER_PROPORTIONAL)
        item->threshold = decide_proportional(sampler, item);
    else if (sampler->mode == SM_SAMPLER_EQUALIZING && item->has_arrived_threshold && item->arrived_threshold > sampler->threshold)
        item->threshold = item->arrived_threshold;
    else
        item->threshold = sampler->threshold;
}
