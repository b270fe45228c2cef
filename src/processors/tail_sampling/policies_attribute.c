/* policies_attribute.c - policies about an attribute of a span or a resource: string_attribute, numeric_attribute, boolean_attribute.
 *
 * The resource of a piece is asked first, then its spans. With invert_match a trace is sampled when nothing matches. Source:
 * opentelemetry-collector-contrib processor/tailsamplingprocessor/internal/sampling/{string,numeric,boolean}_tag_filter.go, util.go. */
#include "processors/tail_sampling/policy.h"

#include "base/memory.h"
#include "base/regex.h"
#include "telemetry/batch.h"
#include "telemetry/span.h"

/* State of all three; first. */
struct attribute_match {
    struct sm_slice key;
    bool is_inverted;
    /* `is_resource`: whose attribute it is. */
    bool (*matches)(const struct attribute_match *match, const struct sm_value *value, bool is_resource);
};

static bool has_match(const struct attribute_match *match, const struct sm_attributes *attributes, bool is_resource)
{
    struct sm_value value;
    return sm_attributes_find(attributes, match->key, &value) && match->matches(match, &value, is_resource);
}

static bool scope_has_match(const struct attribute_match *match, const struct sm_scope_group *scope)
{
    for (size_t i = 0; i < scope->count; i++)
        if (has_match(match, &scope->spans[i].attributes, false))
            return true;
    return false;
}

static bool group_has_match(const struct attribute_match *match, const struct sm_resource_group *group)
{
    if (has_match(match, &group->resource.attributes, true))
        return true;
    for (size_t i = 0; i < group->count; i++)
        if (scope_has_match(match, &group->scopes[i]))
            return true;
    return false;
}

static enum sm_tail_decision decide(const struct sm_tail_policy *policy, struct sm_tail_view *view)
{
    const struct attribute_match *match = policy->state;
    const struct sm_batch *batch = sm_tail_view_batch(view);
    bool is_found = false;
    for (size_t i = 0; i < batch->count && !is_found; i++)
        is_found = group_has_match(match, &batch->groups[i]);
    return is_found != match->is_inverted ? SM_TAIL_SAMPLED : SM_TAIL_NOT_SAMPLED;
}

/* ---- string_attribute */

struct string_match {
    struct attribute_match base;
    struct sm_slice *values; /* owned: plan's arena */
    struct sm_regex **regexes;
    size_t value_count, regex_count;
};

static bool string_matches(const struct attribute_match *match, const struct sm_value *value, bool is_resource)
{
    const struct string_match *state = (const struct string_match *)match;
    struct sm_slice text = value->type == SM_VALUE_STRING ? value->string : (struct sm_slice){0};
    /* An empty text of a span matches nothing, that of a resource may match an expression. */
    if (text.size == 0 && !is_resource)
        return false;
    for (size_t i = 0; i < state->value_count; i++)
        if (sm_slice_equal(state->values[i], text))
            return true;
    for (size_t i = 0; i < state->regex_count; i++)
        if (sm_regex_matches(state->regexes[i], text))
            return true;
    return false;
}

static bool add_regexes(struct sm_tail_maker *maker, struct string_match *state, const struct sm_string_list *values)
{
    state->regexes = sm_arena_zalloc(&maker->plan->arena, values->count, sizeof(*state->regexes));
    for (size_t i = 0; i < values->count; i++) {
        struct sm_error error;
        struct sm_regex *regex = sm_regex_compile(sm_slice_of(values->items[i]), &error);
        if (!regex)
            return sm_tail_maker_fail(maker, "invalid regex `%s`: %s", values->items[i], error.text);
        state->regexes[state->regex_count++] = regex;
    }
    return true;
}

static bool string_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    const struct sm_tail_string_options *o = &options->string_attribute;
    struct string_match *state = policy->state = sm_arena_zalloc(&maker->plan->arena, 1, sizeof(*state));
    state->base = (struct attribute_match){.key = sm_slice_of(o->key), .is_inverted = o->invert_match, .matches = string_matches};
    if (o->enabled_regex_matching)
        return add_regexes(maker, state, &o->values);
    state->values = sm_arena_zalloc(&maker->plan->arena, o->values.count, sizeof(*state->values));
    for (size_t i = 0; i < o->values.count; i++)
        if (*o->values.items[i])
            state->values[state->value_count++] = sm_slice_of(o->values.items[i]);
    return true;
}

static void string_free(struct sm_tail_policy *policy)
{
    struct string_match *state = policy->state;
    for (size_t i = 0; state && i < state->regex_count; i++)
        sm_regex_free(state->regexes[i]);
}

const struct sm_tail_policy_type sm_tail_string_attribute = {
    .name = "string_attribute", .places = SM_TAIL_ANYWHERE, .create = string_create, .decide = decide, .free = string_free};

/* ---- numeric_attribute */

struct numeric_match {
    struct attribute_match base;
    int64_t min, max;
};

static bool numeric_matches(const struct attribute_match *match, const struct sm_value *value, bool is_resource)
{
    (void)is_resource;
    const struct numeric_match *state = (const struct numeric_match *)match;
    /* Everything that is no integer counts as 0, doubles too. */
    int64_t number = value->type == SM_VALUE_INT ? value->integer : 0;
    return number >= state->min && number <= state->max;
}

static bool numeric_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    const struct sm_tail_numeric_options *o = &options->numeric_attribute;
    if (o->min_value == 0 && o->max_value == 0)
        /* The reference starts and ends with a crash at the first decision. */
        return sm_tail_maker_fail(maker, "at least one of min_value and max_value must be set, to something else than 0");
    struct numeric_match *state = policy->state = sm_arena_zalloc(&maker->plan->arena, 1, sizeof(*state));
    state->base = (struct attribute_match){.key = sm_slice_of(o->key), .is_inverted = o->invert_match, .matches = numeric_matches};
    state->min = o->min_value ? o->min_value : INT64_MIN;
    state->max = o->max_value ? o->max_value : INT64_MAX;
    return true;
}

const struct sm_tail_policy_type sm_tail_numeric_attribute = {
    .name = "numeric_attribute", .places = SM_TAIL_ANYWHERE, .create = numeric_create, .decide = decide};

/* ---- boolean_attribute */

struct boolean_match {
    struct attribute_match base;
    bool wanted;
};

static bool boolean_matches(const struct attribute_match *match, const struct sm_value *value, bool is_resource)
{
    (void)is_resource;
    /* Everything that is no boolean counts as false. */
    return (value->type == SM_VALUE_BOOL && value->boolean) == ((const struct boolean_match *)match)->wanted;
}

static bool boolean_create(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options)
{
    const struct sm_tail_boolean_options *o = &options->boolean_attribute;
    struct boolean_match *state = policy->state = sm_arena_zalloc(&maker->plan->arena, 1, sizeof(*state));
    state->base = (struct attribute_match){.key = sm_slice_of(o->key), .is_inverted = o->invert_match, .matches = boolean_matches};
    state->wanted = o->value;
    return true;
}

const struct sm_tail_policy_type sm_tail_boolean_attribute = {
    .name = "boolean_attribute", .places = SM_TAIL_ANYWHERE, .create = boolean_create, .decide = decide};
