/* policy_ottl.c - the policy ottl_condition: one condition holds for one span or one span event.
 *
 * Source: opentelemetry-collector-contrib processor/tailsamplingprocessor/internal/sampling/ottl.go. */
#include "processors/tail_sampling/policy.h"

#include <stdio.h>

#include "base/log.h"
#include "ottl/sequence.h"
#include "telemetry/span.h"

struct conditions {
    struct sm_ottl_conditions span, event;
};

static bool add_all(struct sm_tail_maker *maker, struct sm_ottl_conditions *conditions, enum sm_ottl_context context,
                    const struct sm_string_list *texts, const char *key_path)
{
    const struct sm_ottl_language language = {.context = context, .functions = SM_OTTL_CONVERTERS | SM_OTTL_FOR_FILTER};
    char what[256];
    snprintf(what, sizeof(what), "failed to create policy evaluator for \"%s\": ", maker->top_name);
    const struct sm_ottl_place place = {.validation = maker->validation, .key_path = key_path, .what = what};
    for (size_t i = 0; i < texts->count; i++)
        if (!sm_ottl_conditions_add(conditions, maker->plan->program, &language, texts->items[i], &place))
            return sm_error_set(maker->error, SM_ERROR_USAGE, "%scondition \"%s\" is not valid", what, texts->items[i]);
    return true;
}

static bool ottl_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    const struct sm_tail_ottl_options *o = &options->ottl_condition;
    struct conditions *state = policy->state = sm_arena_zalloc(&maker->plan->arena, 1, sizeof(*state));
    /* Without a mode errors do not count, and are not spoken of either. */
    enum sm_ottl_error_mode mode = SM_OTTL_SILENT;
    if (*o->error_mode && !sm_ottl_error_mode_find(o->error_mode, &mode))
        return sm_tail_maker_fail(maker, "unknown error mode %s", o->error_mode);
    state->span.error_mode = state->event.error_mode = mode;
    if (o->span.count + o->spanevent.count == 0)
        return sm_tail_maker_fail(maker, "expected at least one OTTL condition to filter on");
    if (!maker->plan->program)
        maker->plan->program = sm_ottl_program_create();
    return add_all(maker, &state->span, SM_OTTL_SPAN, &o->span, "ottl_condition::span") &&
           add_all(maker, &state->event, SM_OTTL_SPANEVENT, &o->spanevent, "ottl_condition::spanevent");
}

static enum sm_ottl_verdict test_events(const struct conditions *state, struct sm_ottl_run *run, const struct sm_logger *logger)
{
    uint32_t count = 0;
    enum sm_ottl_verdict verdict = SM_OTTL_NO;
    struct sm_span_event *events = state->event.count ? sm_span_events(run->span, run->arena, &count) : NULL;
    for (uint32_t i = 0; i < count && verdict == SM_OTTL_NO; i++) {
        run->event = &events[i];
        run->cache = (struct sm_map){0};
        verdict = sm_ottl_conditions_test(&state->event, run, logger);
    }
    run->event = NULL;
    return verdict;
}

static enum sm_ottl_verdict test_scope(const struct conditions *state, struct sm_ottl_run *run, const struct sm_logger *logger)
{
    enum sm_ottl_verdict verdict = SM_OTTL_NO;
    for (size_t i = 0; i < run->scope->count && verdict == SM_OTTL_NO; i++) {
        run->span = &run->scope->spans[i];
        run->cache = (struct sm_map){0};
        verdict = sm_ottl_conditions_test(&state->span, run, logger);
        if (verdict == SM_OTTL_NO)
            verdict = test_events(state, run, logger);
    }
    return verdict;
}

static enum sm_tail_decision ottl_decide(const struct sm_tail_policy *policy, struct sm_tail_view *view)
{
    struct sm_batch *batch = sm_tail_view_batch(view);
    struct sm_ottl_run run = {.arena = &batch->arena, .batch = batch};
    enum sm_ottl_verdict verdict = SM_OTTL_NO;
    for (size_t g = 0; g < batch->count && verdict == SM_OTTL_NO; g++) {
        run.group = &batch->groups[g];
        for (size_t s = 0; s < run.group->count && verdict == SM_OTTL_NO; s++) {
            run.scope = &run.group->scopes[s];
            verdict = test_scope(policy->state, &run, view->logger);
        }
    }
    if (verdict == SM_OTTL_FAILED) {
        sm_log(SM_LOG_DEBUG, view->logger, "Sampling policy error", SM_LOG_STR("policy", policy->name), SM_LOG_STR("error", run.error));
        return SM_TAIL_FAILED;
    }
    return verdict == SM_OTTL_YES ? SM_TAIL_SAMPLED : SM_TAIL_NOT_SAMPLED;
}

const struct sm_tail_policy_type sm_tail_ottl_condition = {
    .name = "ottl_condition", .places = SM_TAIL_ANYWHERE, .create = ottl_create, .decide = ottl_decide};
