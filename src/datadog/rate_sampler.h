/* rate_sampler.h - shares a number of traces a second out among signatures (services, kinds of errors): what may be kept of each, as a rate.
 *
 * What was seen of a signature is counted in six buckets of five seconds; when a bucket begins the rates are worked out anew from the fullest ones,
 * and rise by a fifth at most. Not thread-safe; the clock is an argument. Source: datadog-agent pkg/trace/sampler/coresampler.go and scoresampler.go,
 * 0.59.0. */
#pragma once

#include "datadog/span.h"

enum { SM_DATADOG_RATE_BUCKETS = 6, SM_DATADOG_RATE_BUCKET_S = 5 };

struct sm_datadog_rate_sampler {
    double target_per_s, extra_rate;
    struct sm_datadog_rate_entry *_slots; /* owned; open addressing by signature */
    size_t _slot_count, count;            /* signatures */
    float _all_seen[SM_DATADOG_RATE_BUCKETS];
    int64_t _bucket;
    double _lowest_rate;
    uint64_t *_allowed; /* owned, sorted; signatures that are still told apart when there are many */
    size_t _allowed_count;
    bool _has_allowed;
};

void sm_datadog_rate_sampler_init(struct sm_datadog_rate_sampler *sampler, double target_per_s);
void sm_datadog_rate_sampler_deinit(struct sm_datadog_rate_sampler *sampler);

/* Counts a trace; true: a bucket began, and the rates may have changed. */
bool sm_datadog_rate_sampler_count(struct sm_datadog_rate_sampler *sampler, int64_t now_s, uint64_t signature, float weight);
double sm_datadog_rate_sampler_rate(const struct sm_datadog_rate_sampler *sampler, uint64_t signature);
/* False: none was worked out yet. */
bool sm_datadog_rate_sampler_known_rate(const struct sm_datadog_rate_sampler *sampler, uint64_t signature, double *rate);
/* Of signatures that are not known. */
double sm_datadog_rate_sampler_default_rate(const struct sm_datadog_rate_sampler *sampler);
/* The signature to count under: with many of them, new ones share a few. */
uint64_t sm_datadog_rate_sampler_shrink(struct sm_datadog_rate_sampler *sampler, uint64_t signature);

/* Is a trace with this ID among `rate` of all? */
bool sm_datadog_is_sampled(uint64_t trace_id, double rate);

/* What tells kinds of traces apart: services, names, errors of all spans, and the root's resource. */
uint64_t sm_datadog_trace_signature(const struct sm_datadog_chunk *chunk, const struct sm_datadog_span *root, struct sm_slice env,
                                    struct sm_arena *arena);
/* What tells kinds of spans apart. */
uint32_t sm_datadog_span_hash(const struct sm_datadog_span *span, struct sm_slice env, bool with_resource);
uint64_t sm_datadog_service_signature(struct sm_slice service, struct sm_slice env);
/* How many traces the root stands for, by the rates its tracer has sampled it with. */
float sm_datadog_root_weight(const struct sm_datadog_span *root);
