/* sampling.c - see sampling.h. */
#include "datadog/sampling.h"

#include <math.h>

#include "base/clock.h"

/* Analysed spans: how many a second are kept, and how fast they are forgotten. */
enum { EVENTS_PER_S = 200 };
static const double event_decay = 1.125;

static const struct sm_slice extraction_rate = {.ptr = "_dd1.sr.eausr", .size = 13};
static const struct sm_slice client_rate = {.ptr = "_dd1.sr.rcusr", .size = 13};
static const struct sm_slice pre_sampler_rate = {.ptr = "_dd1.sr.rapre", .size = 13};
static const struct sm_slice event_sampler_rate = {.ptr = "_dd1.sr.eamax", .size = 13};

void sm_datadog_sampling_init(struct sm_datadog_sampling *sampling, double target_per_s, double errors_per_s, struct sm_slice env)
{
    *sampling = (struct sm_datadog_sampling){.env = env, .events_per_s = EVENTS_PER_S};
    pthread_mutex_init(&sampling->_lock, NULL);
    sm_datadog_rate_sampler_init(&sampling->priority, target_per_s);
    sm_datadog_rate_sampler_init(&sampling->no_priority, target_per_s);
    sm_datadog_rate_sampler_init(&sampling->errors, errors_per_s);
}

void sm_datadog_sampling_deinit(struct sm_datadog_sampling *sampling)
{
    sm_datadog_rate_sampler_deinit(&sampling->priority);
    sm_datadog_rate_sampler_deinit(&sampling->no_priority);
    sm_datadog_rate_sampler_deinit(&sampling->errors);
    sm_datadog_rare_sampler_free(sampling->rare);
    sm_datadog_service_rates_free(sampling->service_rates);
    pthread_mutex_destroy(&sampling->_lock);
}

/* ---- samplers; with the lock */

static void set_priority_rate(struct sm_datadog_sampling *sampling, struct sm_datadog_span *root, uint64_t signature, struct sm_arena *arena)
{
    const struct sm_datadog_map *metrics = &root->metrics;
    if (root->parent_id != 0 || sm_datadog_map_find(metrics, SM_SLICE("_dd.agent_psr")) || sm_datadog_map_find(metrics, SM_SLICE("_dd.rule_psr")) ||
        sm_datadog_map_find(metrics, SM_SLICE("_sampling_priority_rate_v1")))
        return;
    double rate = sm_datadog_rate_sampler_rate(&sampling->priority, signature);
    sm_datadog_map_set_number(&root->metrics, arena, SM_SLICE("_sampling_priority_rate_v1"), rate);
}

/* The tracer's choice stands; those it has not made by hand are counted. */
static bool sample_by_priority(struct sm_datadog_sampling *sampling, int64_t now_s, const struct sm_datadog_chunk *chunk, struct sm_slice env,
                               struct sm_datadog_span *root, struct sm_arena *arena)
{
    int8_t priority = (int8_t)(uint8_t)chunk->priority;
    if (priority < 0 || priority > SM_DATADOG_PRIORITY_AUTO_KEEP)
        return priority > 0;
    env = env.size ? env : sampling->env;
    uint64_t signature = sm_datadog_service_signature(root->service, env);
    if (sampling->service_rates)
        sm_datadog_service_rates_note(sampling->service_rates, root->service, env);
    float weight = sm_datadog_root_weight(root) + (float)chunk->client_dropped;
    if (sm_datadog_rate_sampler_count(&sampling->priority, now_s, signature, weight) && sampling->service_rates)
        sm_datadog_service_rates_update(sampling->service_rates, &sampling->priority, now_s);
    if (priority > 0)
        set_priority_rate(sampling, root, signature, arena);
    return priority > 0;
}

static bool sample_by_signature(struct sm_datadog_rate_sampler *sampler, int64_t now_s, const struct sm_datadog_chunk *chunk, struct sm_slice env,
                                struct sm_slice rate_key, struct sm_datadog_span *root, struct sm_arena *arena)
{
    uint64_t signature = sm_datadog_rate_sampler_shrink(sampler, sm_datadog_trace_signature(chunk, root, env, arena));
    sm_datadog_rate_sampler_count(sampler, now_s, signature, sm_datadog_root_weight(root));
    double rate = sm_datadog_rate_sampler_rate(sampler, signature);
    if (!sm_datadog_is_sampled(root->trace_id, sm_datadog_map_number(&root->metrics, SM_SLICE("_sample_rate"), 1) * rate))
        return false;
    sm_datadog_map_set_number(&root->metrics, arena, rate_key, rate);
    return true;
}

static bool has_error(const struct sm_datadog_chunk *chunk)
{
    for (size_t i = 0; i < chunk->count; i++)
        if (chunk->spans[i].error)
            return true;
    return false;
}

static bool sample_errors(struct sm_datadog_sampling *sampling, int64_t now_s, struct sm_slice env, const struct sm_datadog_chunk *chunk,
                          struct sm_datadog_span *root, struct sm_arena *arena)
{
    return sampling->errors.target_per_s != 0 && has_error(chunk) &&
           sample_by_signature(&sampling->errors, now_s, chunk, env, SM_SLICE("_dd.errors_sr"), root, arena);
}

static bool run_samplers(struct sm_datadog_sampling *sampling, int64_t now_s, bool is_rare, struct sm_slice env, struct sm_datadog_chunk *chunk,
                         struct sm_datadog_span *root, struct sm_arena *arena)
{
    if (is_rare)
        return true;
    if (sampling->probabilistic.is_enabled) {
        if (!sm_datadog_probabilistic_keeps(&sampling->probabilistic, root, arena))
            return sample_errors(sampling, now_s, env, chunk, root, arena);
        sm_datadog_map_set_text(&chunk->tags, arena, SM_SLICE("_dd.p.dm"), SM_SLICE("-9"));
        return true;
    }
    bool is_kept;
    if (chunk->priority == SM_DATADOG_PRIORITY_NONE)
        is_kept = sample_by_signature(&sampling->no_priority, now_s, chunk, env, SM_SLICE("_dd.no_p_sr"), root, arena);
    else
        is_kept = sample_by_priority(sampling, now_s, chunk, env, root, arena);
    return is_kept || sample_errors(sampling, now_s, env, chunk, root, arena);
}

/* Nothing of such a trace is asked for, but for single spans. */
static bool is_refused(const struct sm_datadog_sampling *sampling, const struct sm_datadog_chunk *chunk)
{
    int8_t priority = (int8_t)(uint8_t)chunk->priority;
    if (sampling->probabilistic.is_enabled || chunk->priority == SM_DATADOG_PRIORITY_NONE)
        return false;
    if (!sampling->takes_refused)
        return priority < 0;
    return priority == -1 && sm_slice_is(sm_datadog_map_text(&chunk->tags, SM_SLICE("_dd.p.dm")), "-4");
}

/* ---- analysed spans: those that ask for it with a rate */

/* A rate of 1 is what its absence means. */
static void set_rate(struct sm_datadog_span *span, struct sm_slice key, double rate, struct sm_arena *arena)
{
    if (rate < 1)
        sm_datadog_map_set_number(&span->metrics, arena, key, rate);
    else
        sm_datadog_map_remove(&span->metrics, key);
}

static double count_event(struct sm_datadog_sampling *sampling, int64_t now_s)
{
    if (now_s > sampling->_events_at_s)
        sampling->_events /= pow(event_decay, (double)(now_s - sampling->_events_at_s));
    sampling->_events_at_s = now_s;
    sampling->_events++;
    double per_s = sampling->_events / (event_decay / (event_decay - 1)) * event_decay;
    return per_s > sampling->events_per_s ? sampling->events_per_s / per_s : 1;
}

static bool take_event(struct sm_datadog_sampling *sampling, int64_t now_s, int8_t priority, const struct sm_datadog_span *root,
                       struct sm_datadog_span *span, struct sm_arena *arena)
{
    const struct sm_datadog_entry *entry = sm_datadog_map_find(&span->metrics, extraction_rate);
    if (!entry)
        return false;
    double rate = entry->number > 0 && priority >= SM_DATADOG_PRIORITY_USER_KEEP ? 1 : entry->number;
    if (!sm_datadog_is_sampled(span->trace_id, rate))
        return false;
    double event_rate = priority == SM_DATADOG_PRIORITY_USER_KEEP ? 1 : count_event(sampling, now_s);
    if (!sm_datadog_is_sampled(span->trace_id, event_rate))
        return false;
    set_rate(span, event_sampler_rate, event_rate, arena);
    set_rate(span, client_rate, sm_datadog_map_number(&root->metrics, client_rate, 1), arena);
    set_rate(span, pre_sampler_rate, sm_datadog_map_number(&root->metrics, pre_sampler_rate, 1), arena);
    set_rate(span, extraction_rate, rate, arena);
    sm_datadog_map_set_number(&span->metrics, arena, SM_SLICE("_dd.analyzed"), 1);
    return true;
}

/* ---- what is left of a trace */

static bool is_single(const struct sm_datadog_span *span)
{
    return sm_datadog_map_find(&span->metrics, SM_SLICE("_dd.span_sampling.mechanism")) != NULL;
}

/* Only the single sampled spans; without any the analysed ones. */
static void keep_some(struct sm_datadog_chunk *chunk, const bool *is_event)
{
    size_t single_count = 0, kept = 0;
    for (size_t i = 0; i < chunk->count; i++)
        single_count += is_single(&chunk->spans[i]);
    for (size_t i = 0; i < chunk->count; i++)
        if (single_count ? is_single(&chunk->spans[i]) : is_event && is_event[i])
            chunk->spans[kept++] = chunk->spans[i];
    chunk->count = kept;
    if (single_count) {
        chunk->priority = SM_DATADOG_PRIORITY_USER_KEEP;
        chunk->is_dropped = false;
    }
}

bool sm_datadog_sample(struct sm_datadog_sampling *sampling, uint64_t now_ns, struct sm_slice env, struct sm_datadog_chunk *chunk,
                       struct sm_datadog_span *root, struct sm_arena *arena)
{
    int64_t now_s = (int64_t)(now_ns / SM_NS_PER_S);
    int8_t priority = (int8_t)(uint8_t)chunk->priority;
    bool has_refused = is_refused(sampling, chunk), *is_event = NULL;
    pthread_mutex_lock(&sampling->_lock);
    bool is_rare = sampling->rare && sm_datadog_rare_sampler_keeps(sampling->rare, now_ns, env, chunk, arena);
    bool is_kept = !has_refused && run_samplers(sampling, now_s, is_rare, env, chunk, root, arena);
    chunk->is_dropped = !is_kept;
    for (size_t i = 0; !has_refused && i < chunk->count; i++) {
        if (!take_event(sampling, now_s, priority, root, &chunk->spans[i], arena))
            continue;
        if (!is_event)
            is_event = sm_arena_zalloc(arena, chunk->count, sizeof(*is_event));
        is_event[i] = true;
    }
    pthread_mutex_unlock(&sampling->_lock);
    if (!is_kept)
        keep_some(chunk, is_event);
    return chunk->count > 0;
}
