/* policies_compound.c - policies made of others: and, not, drop, composite.
 *
 * Source: opentelemetry-collector-contrib processor/tailsamplingprocessor/internal/sampling/{and,not,drop,composite}.go, composite_helper.go. */
#include "processors/tail_sampling/policy.h"

#include <pthread.h>

#include "base/clock.h"
#include "config/gates.h"
#include "telemetry/value.h"

/* ---- and, drop: all sub-policies sample; without any that is so */

static enum sm_tail_decision decide_all(const struct sm_tail_policy *policy, struct sm_tail_view *view, enum sm_tail_decision when_all)
{
    for (size_t i = 0; i < policy->sub_count; i++) {
        enum sm_tail_decision decision = sm_tail_policy_decide(&policy->subs[i], view);
        if (decision != SM_TAIL_SAMPLED)
            return decision;
    }
    return when_all;
}

static bool and_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    const struct sm_table_list *list = &options->and.and_sub_policy;
    return sm_tail_maker_add_subs(maker, policy, list->items, list->count, SM_TAIL_IN_AND);
}

static enum sm_tail_decision and_decide(const struct sm_tail_policy *policy, struct sm_tail_view *view)
{
    return decide_all(policy, view, SM_TAIL_SAMPLED);
}

const struct sm_tail_policy_type sm_tail_and = {
    .name = "and", .places = SM_TAIL_AT_TOP | SM_TAIL_IN_COMPOSITE, .create = and_create, .decide = and_decide};

static bool drop_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    const struct sm_table_list *list = &options->drop.drop_sub_policy;
    return sm_tail_maker_add_subs(maker, policy, list->items, list->count, SM_TAIL_IN_AND);
}

static enum sm_tail_decision drop_decide(const struct sm_tail_policy *policy, struct sm_tail_view *view)
{
    return decide_all(policy, view, SM_TAIL_DROPPED);
}

const struct sm_tail_policy_type sm_tail_drop = {.name = "drop", .places = SM_TAIL_AT_TOP, .create = drop_create, .decide = drop_decide};

/* ---- not */

static bool not_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    const struct sm_tail_policy_options *sub = options->not .not_sub_policy;
    if (!sub)
        return sm_tail_maker_fail(maker, "unknown sampling policy type (a policy of type not needs not_sub_policy)");
    return sm_tail_maker_add_subs(maker, policy, sub, 1, SM_TAIL_IN_NOT);
}

static enum sm_tail_decision not_decide(const struct sm_tail_policy *policy, struct sm_tail_view *view)
{
    enum sm_tail_decision decision = sm_tail_policy_decide(&policy->subs[0], view);
    if (decision == SM_TAIL_SAMPLED)
        return SM_TAIL_NOT_SAMPLED;
    return decision == SM_TAIL_NOT_SAMPLED ? SM_TAIL_SAMPLED : decision;
}

const struct sm_tail_policy_type sm_tail_not = {.name = "not", .places = SM_TAIL_AT_TOP | SM_TAIL_IN_AND, .create = not_create, .decide = not_decide};

/* ---- composite: the first sub-policy that samples decides, within its share of spans in the current second */

struct composite {
    int64_t total;   /* spans in a second, compared with each sub-policy singly */
    int64_t *shares; /* by sub-policy */
    pthread_mutex_t mutex;
    int64_t *used;   /* by sub-policy; guarded by mutex: spans sampled in `second` */
    uint64_t second; /* guarded by mutex */
};

static int64_t share_of(const struct sm_tail_composite_options *o, const char *name)
{
    const struct sm_tail_share_options *shares = o->rate_allocation.items;
    double total = (double)o->max_total_spans_per_second, share = 0;
    for (size_t i = 0; i < o->rate_allocation.count; i++) /* of repeated ones the last counts */
        if (strcmp(shares[i].policy, name) == 0)
            share = shares[i].percent > 0 ? (double)shares[i].percent / 100 * total : total / (double)o->composite_sub_policy.count;
    if (share >= (double)INT64_MAX)
        return INT64_MAX;
    return share <= (double)INT64_MIN ? INT64_MIN : (int64_t)share;
}

static bool composite_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    const struct sm_tail_composite_options *o = &options->composite;
    const struct sm_tail_policy_options *subs = o->composite_sub_policy.items;
    size_t count = o->composite_sub_policy.count;
    struct composite *state = policy->state = sm_arena_zalloc(&maker->plan->arena, 1, sizeof(*state));
    pthread_mutex_init(&state->mutex, NULL);
    state->total = o->max_total_spans_per_second;
    state->shares = sm_arena_zalloc(&maker->plan->arena, count, sizeof(*state->shares));
    state->used = sm_arena_zalloc(&maker->plan->arena, count, sizeof(*state->used));
    for (size_t i = 0; i < count; i++)
        state->shares[i] = share_of(o, subs[i].name);
    return sm_tail_maker_add_subs(maker, policy, subs, count, SM_TAIL_IN_COMPOSITE);
}

static bool take_share(struct composite *state, size_t index, size_t count, const struct sm_tail_view *view)
{
    pthread_mutex_lock(&state->mutex);
    if (state->second != view->wall_ns / SM_NS_PER_S) {
        state->second = view->wall_ns / SM_NS_PER_S;
        memset(state->used, 0, count * sizeof(*state->used));
    }
    int64_t used = state->used[index] + (int64_t)view->span_count;
    bool fits = used <= state->shares[index] && used <= state->total;
    if (fits)
        state->used[index] = used;
    pthread_mutex_unlock(&state->mutex);
    return fits;
}

static enum sm_tail_decision composite_decide(const struct sm_tail_policy *policy, struct sm_tail_view *view)
{
    for (size_t i = 0; i < policy->sub_count; i++) {
        enum sm_tail_decision decision = sm_tail_policy_decide(&policy->subs[i], view);
        if (decision == SM_TAIL_NOT_SAMPLED)
            continue;
        if (decision != SM_TAIL_SAMPLED)
            return decision;
        /* Over its share the trace is out, whatever the others would say. */
        if (!take_share(policy->state, i, policy->sub_count, view))
            return SM_TAIL_NOT_SAMPLED;
        if (sm_gate_is_on(SM_GATE_TAIL_SAMPLING_RECORD_POLICY)) {
            const struct sm_value name = sm_value_string(sm_slice_of(policy->subs[i].name));
            sm_tail_view_mark(view, SM_SLICE("tailsampling.composite_policy"), &name);
        }
        return SM_TAIL_SAMPLED;
    }
    return SM_TAIL_NOT_SAMPLED;
}

static void composite_free(struct sm_tail_policy *policy)
{
    struct composite *state = policy->state;
    if (state)
        pthread_mutex_destroy(&state->mutex);
}

/* Its own counting does not make it stateful in the reference either: only sub-policies are asked. */
const struct sm_tail_policy_type sm_tail_composite = {
    .name = "composite", .places = SM_TAIL_AT_TOP, .create = composite_create, .decide = composite_decide, .free = composite_free};
