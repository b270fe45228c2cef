/* decide.c - what the policies together make of a trace.
 *
 * Source: opentelemetry-collector-contrib processor/tailsamplingprocessor/processor.go (makeDecision, makeDecisionOnSpanIngest). */
#include "processors/tail_sampling/shard.h"

#include "telemetry/value.h"

/* Asks one policy, counting how it answered and how long it took since `*since_ns`, which becomes now. */
static enum sm_tail_decision ask(struct sm_tail_shard *shard, size_t index, struct sm_tail_view *view, uint64_t *since_ns)
{
    struct sm_tail_policy_tally *tally = &shard->_tally.policies[index];
    enum sm_tail_decision decision = sm_tail_policy_decide(&shard->_settings->plan->policies[index], view);
    uint64_t now_ns = shard->_calls->mono_ns();
    tally->execution_ns += now_ns - *since_ns;
    tally->execution_count++;
    *since_ns = now_ns;
    if (decision == SM_TAIL_FAILED) {
        shard->_tally.error_count++;
        return decision;
    }
    tally->decisions[decision].traces++;
    tally->decisions[decision].spans += view->span_count;
    tally->decisions[decision].bytes += view->size_bytes;
    return decision;
}

static void record_policy(const struct sm_tail_shard *shard, struct sm_tail_view *view, const char *policy)
{
    if (!shard->_settings->records_policy)
        return;
    const struct sm_value name = sm_value_string(sm_slice_of(policy));
    sm_tail_view_mark(view, SM_SLICE("tailsampling.policy"), &name);
}

/* A policy that fails does not count. Drop policies stand first: of what they drop nobody else is asked. */
enum sm_tail_decision sm_tail_decide(struct sm_tail_shard *shard, struct sm_tail_view *view, const char **policy)
{
    const struct sm_tail_plan *plan = shard->_settings->plan;
    enum sm_tail_decision result = SM_TAIL_NOT_SAMPLED;
    uint64_t since_ns = view->mono_ns;
    *policy = NULL;
    for (size_t i = 0; i < plan->count; i++) {
        enum sm_tail_decision decision = ask(shard, i, view, &since_ns);
        if (decision == SM_TAIL_DROPPED) {
            *policy = plan->policies[i].name;
            return decision;
        }
        if (decision != SM_TAIL_SAMPLED || result == SM_TAIL_SAMPLED)
            continue;
        result = decision;
        *policy = plan->policies[i].name;
        if (shard->_settings->stops_at_first_match)
            break;
    }
    if (result == SM_TAIL_SAMPLED)
        record_policy(shard, view, *policy);
    return result;
}

/* A drop policy that does not match yet may match a later span: until then nothing is sampled. */
enum sm_tail_decision sm_tail_decide_at_once(struct sm_tail_shard *shard, struct sm_tail_view *view, const char **policy)
{
    const struct sm_tail_plan *plan = shard->_settings->plan;
    bool may_be_dropped = false;
    uint64_t since_ns = view->mono_ns;
    for (size_t i = 0; i < plan->count; i++) {
        const struct sm_tail_policy *asked = &plan->policies[i];
        if (may_be_dropped && !sm_tail_policy_is_drop(asked))
            break;
        enum sm_tail_decision decision = ask(shard, i, view, &since_ns);
        *policy = asked->name;
        if (decision == SM_TAIL_DROPPED)
            return decision;
        if (sm_tail_policy_is_drop(asked)) {
            may_be_dropped = may_be_dropped || decision != SM_TAIL_FAILED;
        } else if (decision == SM_TAIL_SAMPLED) {
            record_policy(shard, view, asked->name);
            return decision;
        }
    }
    *policy = NULL;
    return SM_TAIL_NOT_SAMPLED;
}
