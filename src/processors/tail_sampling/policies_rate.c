/* policies_rate.c - policies with a budget by time: rate_limiting (spans) and bytes_limiting.
 *
 * A token bucket that starts full; a trace takes all it needs or nothing. State: the bucket under a mutex, since all workers draw from it, once per
 * trace. Source: opentelemetry-collector-contrib processor/tailsamplingprocessor/internal/sampling/{rate,bytes}_limiting.go and
 * golang.org/x/time/rate. */
#include "processors/tail_sampling/policy.h"

#include <pthread.h>

struct bucket {
    double rate; /* tokens in a second */
    int64_t capacity;
    pthread_mutex_t mutex;
    double tokens;    /* guarded by mutex */
    uint64_t last_ns; /* guarded by mutex: when `tokens` was right */
    bool is_used;     /* guarded by mutex */
};

static void fill(struct bucket *bucket, uint64_t now_ns)
{
    double elapsed_s = bucket->is_used && now_ns > bucket->last_ns ? (double)(now_ns - bucket->last_ns) / 1e9 : 0;
    bucket->tokens += bucket->rate > 0 ? elapsed_s * bucket->rate : 0;
    if (!bucket->is_used || bucket->tokens > (double)bucket->capacity)
        bucket->tokens = (double)bucket->capacity;
    bucket->last_ns = now_ns > bucket->last_ns || !bucket->is_used ? now_ns : bucket->last_ns;
    bucket->is_used = true;
}

static bool take(struct bucket *bucket, uint64_t wanted, uint64_t now_ns)
{
    pthread_mutex_lock(&bucket->mutex);
    fill(bucket, now_ns);
    double left = bucket->tokens - (double)wanted;
    /* What is missing may come within the current nanosecond. */
    bool is_near = left < 0 && bucket->rate > 0 && -left / bucket->rate * 1e9 < 1;
    bool is_taken = bucket->capacity >= 0 && wanted <= (uint64_t)bucket->capacity && (left >= 0 || is_near);
    if (is_taken)
        bucket->tokens = left;
    pthread_mutex_unlock(&bucket->mutex);
    return is_taken;
}

static void create_bucket(struct sm_tail_maker *maker, struct sm_tail_policy *policy, int64_t rate, int64_t capacity)
{
    struct bucket *bucket = policy->state = sm_arena_zalloc(&maker->plan->arena, 1, sizeof(*bucket));
    int64_t twice;
    if (__builtin_mul_overflow(rate, 2, &twice))
        twice = rate > 0 ? INT64_MAX : INT64_MIN;
    bucket->rate = (double)rate;
    bucket->capacity = capacity > 0 ? capacity : twice;
    pthread_mutex_init(&bucket->mutex, NULL);
}

static void free_bucket(struct sm_tail_policy *policy)
{
    struct bucket *bucket = policy->state;
    if (bucket)
        pthread_mutex_destroy(&bucket->mutex);
}

static bool has_state(const struct sm_tail_policy *policy)
{
    (void)policy;
    return true;
}

static bool rate_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    create_bucket(maker, policy, options->rate_limiting.spans_per_second, options->rate_limiting.burst_capacity);
    return true;
}

static enum sm_tail_decision rate_decide(const struct sm_tail_policy *policy, struct sm_tail_view *view)
{
    return take(policy->state, view->span_count, view->mono_ns) ? SM_TAIL_SAMPLED : SM_TAIL_NOT_SAMPLED;
}

const struct sm_tail_policy_type sm_tail_rate_limiting = {
    .name = "rate_limiting", .places = SM_TAIL_ANYWHERE, .create = rate_create, .decide = rate_decide, .is_stateful = has_state, .free = free_bucket};

static bool bytes_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    create_bucket(maker, policy, options->bytes_limiting.bytes_per_second, options->bytes_limiting.burst_capacity);
    maker->plan->needs_sizes = true;
    return true;
}

static enum sm_tail_decision bytes_decide(const struct sm_tail_policy *policy, struct sm_tail_view *view)
{
    return take(policy->state, view->request_bytes, view->mono_ns) ? SM_TAIL_SAMPLED : SM_TAIL_NOT_SAMPLED;
}

const struct sm_tail_policy_type sm_tail_bytes_limiting = {.name = "bytes_limiting",
                                                           .places = SM_TAIL_ANYWHERE,
                                                           .create = bytes_create,
                                                           .decide = bytes_decide,
                                                           .is_stateful = has_state,
                                                           .free = free_bucket};
