/* policies_span.c - policies about the trace itself: always_sample, probabilistic, span_count, latency, status_code, trace_flags, trace_state.
 *
 * Source: opentelemetry-collector-contrib processor/tailsamplingprocessor/internal/sampling, and otel-go trace/tracestate.go for what a trace state
 * may be. */
#include "processors/tail_sampling/policy.h"

#include <math.h>

#include "processors/tail_sampling/parcel.h"
#include "processors/tail_sampling/trace_state.h"
#include "telemetry/span.h"

static enum sm_tail_decision sampled_if(bool condition)
{
    return condition ? SM_TAIL_SAMPLED : SM_TAIL_NOT_SAMPLED;
}

/* ---- always_sample */

static enum sm_tail_decision always_decide(const struct sm_tail_policy *policy, struct sm_tail_view *view)
{
    (void)policy;
    (void)view;
    return SM_TAIL_SAMPLED;
}

const struct sm_tail_policy_type sm_tail_always_sample = {.name = "always_sample", .places = SM_TAIL_ANYWHERE, .decide = always_decide};

/* ---- probabilistic: FNV-1a of salt and trace ID, at most the threshold */

#define FNV64_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV64_PRIME UINT64_C(0x100000001b3)

struct probability {
    uint64_t salt_hash; /* of the salt alone: the trace ID continues it */
    uint64_t threshold;
};

static uint64_t fnv_continue(uint64_t hash, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * FNV64_PRIME;
    return hash;
}

/* (2^64 - 1) * ratio, the product rounded to 64 bits of mantissa and cut to an integer within 0 and 2^64 - 1. */
static uint64_t threshold_of(double ratio)
{
    if (!(ratio > 0))
        return 0;
    if (ratio >= 1)
        return UINT64_MAX;
    /* ratio = mantissa * 2^exponent with 53 bits; product = mantissa * (2^64 - 1), 117 bits, of which the upper 64 are kept, half to even. */
    int exponent;
    uint64_t mantissa = (uint64_t)ldexp(frexp(ratio, &exponent), 53);
    unsigned __int128 product = ((unsigned __int128)mantissa << 64) - mantissa;
    int width = 128 - (product >> 64 ? __builtin_clzll((uint64_t)(product >> 64)) : 64 + __builtin_clzll((uint64_t)product));
    int cut = width > 64 ? width - 64 : 0;
    if (cut) {
        unsigned __int128 half = (unsigned __int128)1 << (cut - 1), rest = product & ((half << 1) - 1);
        product >>= cut;
        if (rest > half || (rest == half && (product & 1)))
            product++;
    }
    int shift = 53 - exponent - cut; /* the value is product / 2^shift */
    if (shift <= 0)
        return (uint64_t)(product << -shift);
    return shift < 128 ? (uint64_t)(product >> shift) : 0;
}

static bool probabilistic_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    const struct sm_tail_probabilistic_options *o = &options->probabilistic;
    if (isnan(o->sampling_percentage))
        return sm_tail_maker_fail(maker, "sampling rate is invalid: NaN%%");
    const char *salt = *o->hash_salt ? o->hash_salt : "default-hash-seed";
    struct probability *state = policy->state = sm_arena_zalloc(&maker->plan->arena, 1, sizeof(*state));
    state->salt_hash = fnv_continue(FNV64_OFFSET, salt, strlen(salt));
    state->threshold = threshold_of(o->sampling_percentage / 100);
    return true;
}

static enum sm_tail_decision probabilistic_decide(const struct sm_tail_policy *policy, struct sm_tail_view *view)
{
    const struct probability *state = policy->state;
    return sampled_if(fnv_continue(state->salt_hash, view->trace_id, SM_TRACE_ID_SIZE) <= state->threshold);
}

const struct sm_tail_policy_type sm_tail_probabilistic = {
    .name = "probabilistic", .places = SM_TAIL_ANYWHERE, .create = probabilistic_create, .decide = probabilistic_decide};

/* ---- span_count */

static bool count_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    struct sm_tail_count_options *state = policy->state = sm_arena_zalloc(&maker->plan->arena, 1, sizeof(*state));
    *state = options->span_count;
    return true;
}

static enum sm_tail_decision count_decide(const struct sm_tail_policy *policy, struct sm_tail_view *view)
{
    const struct sm_tail_count_options *o = policy->state;
    int64_t count = (int64_t)view->span_count;
    return sampled_if(count >= o->min_spans && (o->max_spans == 0 || count <= o->max_spans));
}

static bool count_is_stateful(const struct sm_tail_policy *policy)
{
    return ((const struct sm_tail_count_options *)policy->state)->max_spans > 0;
}

const struct sm_tail_policy_type sm_tail_span_count = {
    .name = "span_count", .places = SM_TAIL_ANYWHERE, .create = count_create, .decide = count_decide, .is_stateful = count_is_stateful};

/* ---- latency: from the first start to the last end, looked at after each span in the order of arrival */

static bool latency_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    struct sm_tail_latency_options *state = policy->state = sm_arena_zalloc(&maker->plan->arena, 1, sizeof(*state));
    *state = options->latency;
    return true;
}

/* Timestamps beyond 2262 are negative there, and differences stop at the ends of the range. */
static int64_t milliseconds_between(uint64_t start_ns, uint64_t end_ns)
{
    __int128 difference = (__int128)(int64_t)end_ns - (int64_t)start_ns;
    if (difference > INT64_MAX)
        difference = INT64_MAX;
    if (difference < INT64_MIN)
        difference = INT64_MIN;
    return (int64_t)difference / 1000000;
}

static bool latency_fits(const struct sm_tail_policy *policy, const struct sm_tail_sight *sight, const struct sm_tail_facts *facts)
{
    (void)facts;
    const struct sm_tail_latency_options *o = policy->state;
    int64_t ms = milliseconds_between(sight->start_ns, sight->end_ns);
    if (o->upper_threshold_ms == 0)
        return ms >= o->threshold_ms;
    return ms > o->threshold_ms && ms <= o->upper_threshold_ms;
}

static bool latency_is_stateful(const struct sm_tail_policy *policy)
{
    return ((const struct sm_tail_latency_options *)policy->state)->upper_threshold_ms > 0;
}

const struct sm_tail_policy_type sm_tail_latency = {
    .name = "latency", .places = SM_TAIL_ANYWHERE, .create = latency_create, .fits = latency_fits, .is_stateful = latency_is_stateful};

/* ---- status_code */

static const char *const status_names[] = {[SM_STATUS_UNSET] = "UNSET", [SM_STATUS_OK] = "OK", [SM_STATUS_ERROR] = "ERROR"};
enum { STATUS_COUNT = sizeof(status_names) / sizeof(status_names[0]) };

static bool status_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    const struct sm_string_list *codes = &options->status_code.status_codes;
    bool *wanted = policy->state = sm_arena_zalloc(&maker->plan->arena, STATUS_COUNT, sizeof(*wanted));
    if (codes->count == 0)
        return sm_tail_maker_fail(maker, "expected at least one status code to filter on");
    for (size_t i = 0; i < codes->count; i++) {
        size_t code = 0;
        while (code < STATUS_COUNT && strcmp(status_names[code], codes->items[i]) != 0)
            code++;
        if (code == STATUS_COUNT)
            return sm_tail_maker_fail(maker, "unknown status code \"%s\", supported: OK, ERROR, UNSET", codes->items[i]);
        wanted[code] = true;
    }
    return true;
}

static bool status_fits(const struct sm_tail_policy *policy, const struct sm_tail_sight *sight, const struct sm_tail_facts *facts)
{
    (void)sight;
    return facts->status_code >= 0 && facts->status_code < STATUS_COUNT && ((const bool *)policy->state)[facts->status_code];
}

const struct sm_tail_policy_type sm_tail_status_code = {
    .name = "status_code", .places = SM_TAIL_ANYWHERE, .create = status_create, .fits = status_fits};

/* ---- trace_flags */

static bool flags_fit(const struct sm_tail_policy *policy, const struct sm_tail_sight *sight, const struct sm_tail_facts *facts)
{
    (void)policy;
    (void)sight;
    return facts->flags & 1;
}

const struct sm_tail_policy_type sm_tail_trace_flags = {.name = "trace_flags", .places = SM_TAIL_ANYWHERE, .fits = flags_fit};

/* ---- trace_state */

struct state_match {
    struct sm_slice key;
    struct sm_slice *values; /* owned: plan's arena */
    size_t count;
};

/* Longer pairs cannot stand in a trace state. */
enum { STATE_PAIR_MAX_BYTES = 256 };

static bool state_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    const struct sm_tail_state_options *o = &options->trace_state;
    struct state_match *state = policy->state = sm_arena_zalloc(&maker->plan->arena, 1, sizeof(*state));
    state->key = sm_slice_of(o->key);
    state->values = sm_arena_zalloc(&maker->plan->arena, o->values.count, sizeof(*state->values));
    for (size_t i = 0; i < o->values.count; i++) {
        struct sm_slice value = sm_slice_of(o->values.items[i]);
        if (value.size && state->key.size + value.size < STATE_PAIR_MAX_BYTES)
            state->values[state->count++] = value;
    }
    return true;
}

static bool state_matches(const struct sm_span *span, void *context)
{
    const struct state_match *state = context;
    struct sm_slice value;
    if (!span->trace_state.size || !sm_tail_trace_state_find(span->trace_state, state->key, &value))
        return false;
    for (size_t i = 0; i < state->count; i++)
        if (sm_slice_equal(state->values[i], value))
            return true;
    return false;
}

static enum sm_tail_decision state_decide(const struct sm_tail_policy *policy, struct sm_tail_view *view)
{
    return sampled_if(sm_tail_view_any_span(view, state_matches, policy->state));
}

const struct sm_tail_policy_type sm_tail_trace_state = {
    .name = "trace_state", .places = SM_TAIL_ANYWHERE, .create = state_create, .decide = state_decide};
