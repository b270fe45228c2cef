/* policy.c - the table of policy types, and making and asking policies.
 *
 * Source: opentelemetry-collector-contrib processor/tailsamplingprocessor/processor.go (loadSamplingPolicies, getPolicyEvaluator). */
#include "processors/tail_sampling/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "config/diags.h"
#include "config/gates.h"
#include "ottl/ottl.h"

static const struct sm_tail_policy_type *const types[] = {
    &sm_tail_always_sample,
    &sm_tail_latency,
    &sm_tail_numeric_attribute,
    &sm_tail_probabilistic,
    &sm_tail_status_code,
    &sm_tail_string_attribute,
    &sm_tail_rate_limiting,
    &sm_tail_bytes_limiting,
    &sm_tail_span_count,
    &sm_tail_trace_state,
    &sm_tail_boolean_attribute,
    &sm_tail_ottl_condition,
    &sm_tail_trace_flags,
    &sm_tail_composite,
    &sm_tail_and,
    &sm_tail_not,
    &sm_tail_drop,
};
enum { TYPE_COUNT = sizeof(types) / sizeof(types[0]) };

/* ---- errors */

static bool report(struct sm_tail_maker *maker, const char *suggestion, const char *message)
{
    if (maker->validation) {
        const struct sm_node *node = maker->validation->node;
        struct sm_position position = node ? node->position : (struct sm_position){0};
        sm_diags_add(maker->validation->diags, SM_DIAG_ERROR, position, maker->validation->path, suggestion, "%s", message);
    }
    return sm_error_set(maker->error, SM_ERROR_USAGE, "%s", message);
}

static bool fail_with(struct sm_tail_maker *maker, const char *suggestion, const char *format, va_list args)
{
    char reason[400], message[512];
    vsnprintf(reason, sizeof(reason), format, args);
    snprintf(message, sizeof(message), "failed to create policy evaluator for \"%s\": %s", maker->top_name, reason);
    return report(maker, suggestion, message);
}

bool sm_tail_maker_fail(struct sm_tail_maker *maker, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool result = fail_with(maker, NULL, format, args);
    va_end(args);
    return result;
}

static bool suggest(struct sm_tail_maker *maker, const char *suggestion, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool suggest(struct sm_tail_maker *maker, const char *suggestion, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool result = fail_with(maker, suggestion, format, args);
    va_end(args);
    return result;
}

/* ---- making */

static const struct sm_tail_policy_type *find_type(const char *name, unsigned place)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (types[i]->places & place && strcmp(types[i]->name, name) == 0)
            return types[i];
    return NULL;
}

static bool refuse_type(struct sm_tail_maker *maker, const char *name, unsigned place)
{
    const char *names[TYPE_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (types[i]->places & place)
            names[count++] = types[i]->name;
    const char *near = sm_nearest_word(name, names, count);
    char suggestion[64] = "";
    if (near)
        snprintf(suggestion, sizeof(suggestion), "did you mean %s?", near);
    return suggest(maker, near ? suggestion : NULL, "unknown sampling policy type %s", name);
}

/* The reference fills a section that is not there with zeros, with which a policy samples everything or nothing: it was forgotten. `node`: where the
 * policy stands, NULL when that is not known. */
static bool check_section(struct sm_tail_maker *maker, const struct sm_tail_policy_type *type, const struct sm_node *node)
{
    char suggestion[64];
    if (!node || !type->create || sm_node_find(node, type->name))
        return true;
    snprintf(suggestion, sizeof(suggestion), "add \"%s:\" beside \"type:\"", type->name);
    return suggest(maker, suggestion, "a policy of type %s needs a section of that name", type->name);
}

static bool make_policy(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options, unsigned place)
{
    const struct sm_node *node = maker->node;
    const struct sm_tail_policy_type *type = find_type(options->type, place);
    if (!type)
        return refuse_type(maker, options->type, place);
    policy->type = type;
    policy->name = options->name;
    bool is_made = !type->create || type->create(maker, policy, options);
    if (type->fits)
        sm_tail_watch_add(maker->plan, policy);
    maker->node = node; /* sub-policies have moved it */
    return is_made && check_section(maker, type, node);
}

/* Where the sub-policies of the policy at `node` stand: a list, or the one; NULL: not known. */
static const struct sm_node *find_subs(const struct sm_node *node, const char *type_name)
{
    char key[64];
    const struct sm_node *section = node ? sm_node_find(node, type_name) : NULL;
    snprintf(key, sizeof(key), "%s_sub_policy", type_name);
    return section ? sm_node_find(section, key) : NULL;
}

bool sm_tail_maker_add_subs(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *list, size_t count,
                            unsigned place)
{
    bool are_fine = true;
    const struct sm_node *nodes = find_subs(maker->node, policy->type->name);
    policy->subs = sm_arena_zalloc(&maker->plan->arena, count, sizeof(*policy->subs));
    policy->sub_count = count;
    for (size_t i = 0; i < count; i++) {
        maker->node = nodes && nodes->kind == SM_NODE_LIST ? (i < nodes->list.count ? nodes->list.items[i] : NULL) : nodes;
        are_fine = make_policy(maker, &policy->subs[i], &list[i], place) && are_fine;
    }
    return are_fine;
}

static bool is_stateful(const struct sm_tail_policy *policy)
{
    for (size_t i = 0; i < policy->sub_count; i++)
        if (is_stateful(&policy->subs[i]))
            return true;
    return policy->type->is_stateful && policy->type->is_stateful(policy);
}

static bool check_name(struct sm_tail_maker *maker, const struct sm_tail_policy_options *list, size_t index)
{
    if (!*list[index].name)
        return report(maker, NULL, "policy name cannot be empty");
    for (size_t i = 0; i < index; i++) {
        if (strcmp(list[i].name, list[index].name) != 0)
            continue;
        char message[300];
        snprintf(message, sizeof(message), "duplicate policy name \"%s\"", list[index].name);
        return report(maker, NULL, message);
    }
    return true;
}

static bool make_top_policy(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_options *options, size_t index)
{
    const struct sm_tail_policy_options *list = options->policies.items;
    maker->top_name = list[index].name;
    if (!check_name(maker, list, index) || !make_policy(maker, policy, &list[index], SM_TAIL_AT_TOP))
        return false;
    if (options->sampling_strategy == SM_TAIL_SPAN_INGEST && is_stateful(policy)) {
        char message[300];
        snprintf(message, sizeof(message), "sampling_strategy \"span-ingest\" requires all policies to be stateless, but policy \"%s\" is stateful",
                 policy->name);
        return report(maker, NULL, message);
    }
    return true;
}

/* Drop policies are asked first: what they drop nobody else need look at. */
static void put_drops_first(struct sm_tail_plan *plan)
{
    struct sm_tail_policy *sorted = sm_arena_zalloc(&plan->arena, plan->count, sizeof(*sorted));
    size_t next = 0;
    for (int want_drop = 1; want_drop >= 0; want_drop--)
        for (size_t i = 0; i < plan->count; i++)
            if (sm_tail_policy_is_drop(&plan->policies[i]) == (want_drop != 0))
                sorted[next++] = plan->policies[i];
    plan->policies = sorted;
}

static bool make_policies(struct sm_tail_maker *maker, const struct sm_tail_options *options, struct sm_validation *validation)
{
    struct sm_tail_plan *plan = maker->plan;
    const struct sm_node *list = validation ? sm_node_find(validation->node, "policies") : NULL;
    bool are_fine = true;
    for (size_t i = 0; i < plan->count; i++) {
        char path[256];
        struct sm_validation place;
        if (validation) {
            snprintf(path, sizeof(path), "%s::policies[%zu]", validation->path, i);
            place = *validation;
            place.path = path;
            place.node = list && list->kind == SM_NODE_LIST && i < list->list.count ? list->list.items[i] : validation->node;
            maker->validation = &place;
            maker->node = place.node == validation->node ? NULL : place.node;
        }
        are_fine = make_top_policy(maker, &plan->policies[i], options, i) && are_fine;
    }
    return are_fine;
}

struct sm_tail_plan *sm_tail_plan_create(const struct sm_tail_options *options, struct sm_validation *validation, struct sm_error *error)
{
    struct sm_tail_plan *plan = sm_alloc(1, sizeof(*plan));
    struct sm_tail_maker maker = {.plan = plan, .error = error};
    plan->count = options->policies.count;
    plan->policies = sm_arena_zalloc(&plan->arena, plan->count, sizeof(*plan->policies));
    plan->needs_sizes = options->maximum_trace_size_bytes > 0 || sm_gate_is_on(SM_GATE_TAIL_SAMPLING_BYTES);
    if (!make_policies(&maker, options, validation)) {
        sm_tail_plan_free(plan);
        return NULL;
    }
    put_drops_first(plan);
    return plan;
}

static void free_policy(struct sm_tail_policy *policy)
{
    for (size_t i = 0; i < policy->sub_count; i++)
        free_policy(&policy->subs[i]);
    if (policy->type && policy->type->free)
        policy->type->free(policy);
}

void sm_tail_plan_free(struct sm_tail_plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->count; i++)
        free_policy(&plan->policies[i]);
    sm_ottl_program_free(plan->program);
    sm_arena_deinit(&plan->arena);
    free(plan);
}

/* ---- asking */

enum sm_tail_decision sm_tail_policy_decide(const struct sm_tail_policy *policy, struct sm_tail_view *view)
{
    if (policy->type->fits)
        return sm_tail_watch_found(policy, view) ? SM_TAIL_SAMPLED : SM_TAIL_NOT_SAMPLED;
    return policy->type->decide(policy, view);
}

bool sm_tail_policy_is_drop(const struct sm_tail_policy *policy)
{
    return policy->type == &sm_tail_drop;
}
