/* agent_state.c - see agent_state.h. */
#include "datadog/agent_state.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/regex.h"
#include "datadog/hostname.h"
#include "datadog/peer_tags.h"
#include "pipeline/component.h"

const char SM_DATADOG_AGENT_INTERFACE[] = "datadog_agent";

/* ---- rules */

static bool add_tests(const struct sm_string_list *texts, bool are_patterns, struct sm_datadog_tag_test *tests, size_t *count, struct sm_error *error)
{
    for (size_t i = 0; i < texts->count; i++, (*count)++)
        if (!sm_datadog_tag_test_parse(sm_slice_of(texts->items[i]), are_patterns, &tests[*count], error))
            return false;
    return true;
}

static bool make_filters(struct sm_datadog_agent_state *state, struct sm_error *error)
{
    const struct sm_datadog_agent_options *options = state->options;
    struct sm_datadog_tag_rules *rules = &state->rules;
    rules->required =
        sm_arena_zalloc(&state->arena, options->filter_tags.require.count + options->filter_tags_regex.require.count, sizeof(*rules->required));
    rules->rejected =
        sm_arena_zalloc(&state->arena, options->filter_tags.reject.count + options->filter_tags_regex.reject.count, sizeof(*rules->rejected));
    return add_tests(&options->filter_tags.require, false, rules->required, &rules->required_count, error) &&
           add_tests(&options->filter_tags_regex.require, true, rules->required, &rules->required_count, error) &&
           add_tests(&options->filter_tags.reject, false, rules->rejected, &rules->rejected_count, error) &&
           add_tests(&options->filter_tags_regex.reject, true, rules->rejected, &rules->rejected_count, error);
}

static bool make_replacements(struct sm_datadog_agent_state *state, struct sm_error *error)
{
    const struct sm_datadog_replace_option *options = state->options->replace_tags.items;
    struct sm_datadog_tag_rules *rules = &state->rules;
    rules->replacements = sm_arena_zalloc(&state->arena, state->options->replace_tags.count, sizeof(*rules->replacements));
    for (size_t i = 0; i < state->options->replace_tags.count; i++, rules->replacement_count++) {
        struct sm_datadog_replacement *rule = &rules->replacements[i];
        rule->pattern = sm_regex_compile(sm_slice_of(options[i].pattern), error);
        rule->name = sm_slice_of(options[i].name);
        rule->text = sm_slice_of(options[i].repl);
        if (!rule->pattern)
            return false;
    }
    return true;
}

static bool make_ignored(struct sm_datadog_agent_state *state, struct sm_error *error)
{
    const struct sm_string_list *patterns = &state->options->ignore_resources;
    state->agent.ignored = sm_arena_zalloc(&state->arena, patterns->count, sizeof(*state->agent.ignored));
    for (size_t i = 0; i < patterns->count; i++) {
        struct sm_regex *regex = sm_regex_compile(sm_slice_of(patterns->items[i]), error);
        if (!regex)
            return false;
        state->agent.ignored[state->agent.ignored_count++] = regex;
    }
    return true;
}

/* ---- life */

static void make_samplers(struct sm_datadog_agent_state *state)
{
    const struct sm_datadog_agent_options *options = state->options;
    struct sm_datadog_sampling *sampling = &state->sampling;
    sm_datadog_sampling_init(sampling, options->target_traces_per_second, options->errors_per_second, state->env);
    sampling->events_per_s = options->max_events_per_second;
    sampling->takes_refused = sm_datadog_agent_has_feature(options, "error_rare_sample_tracer_drop");
    sampling->service_rates = sm_datadog_service_rates_create(state->env);
    sampling->probabilistic = (struct sm_datadog_probabilistic){
        .is_enabled = options->probabilistic_sampler.enabled,
        .percentage = (float)options->probabilistic_sampler.sampling_percentage,
        .seed = (uint32_t)options->probabilistic_sampler.hash_seed,
        .takes_full_id = sm_datadog_agent_has_feature(options, "probabilistic_sampler_full_trace_id"),
    };
    const struct sm_datadog_rare_options rare = {.per_s = options->rare_sampler.traces_per_second,
                                                 .cooldown_ns = options->rare_sampler.cooldown_ns,
                                                 .cardinality = options->rare_sampler.cardinality};
    if (options->rare_sampler.enabled)
        sampling->rare = sm_datadog_rare_sampler_create(&rare);
}

static void take_sql_features(const struct sm_datadog_agent_options *options, struct sm_datadog_sql_obfuscation *sql)
{
    sql->table_names |= sm_datadog_agent_has_feature(options, "table_names");
    sql->replace_digits |=
        sm_datadog_agent_has_feature(options, "quantize_sql_tables") || sm_datadog_agent_has_feature(options, "replace_sql_digits");
    sql->keep_sql_alias |= sm_datadog_agent_has_feature(options, "keep_sql_alias");
    sql->dollar_quoted_func |= sm_datadog_agent_has_feature(options, "dollar_quoted_func");
}

struct sm_datadog_agent_state *sm_datadog_agent_state_create(const struct sm_datadog_agent_options *options, struct sm_error *error)
{
    struct sm_datadog_agent_state *state = sm_alloc(1, sizeof(*state));
    state->options = options;
    state->hostname = sm_slice_of(options->hostname);
    state->env = sm_slice_of(options->env);
    state->obfuscator.settings = options->obfuscation;
    take_sql_features(options, &state->obfuscator.settings.sql);
    state->stats.compute_stats_by_span_kind = options->compute_stats_by_span_kind;
    if (options->peer_tags_aggregation)
        state->stats.peer_tag_keys = sm_peer_tag_keys(&options->peer_tags, &state->arena);
    state->sends_container_stats =
        sm_datadog_agent_has_feature(options, "enable_cid_stats") && !sm_datadog_agent_has_feature(options, "disable_cid_stats");
    make_samplers(state);
    state->agent.obfuscator = &state->obfuscator;
    state->agent.sampling = &state->sampling;
    state->agent.rules = &state->rules;
    state->agent.tags = &options->tags;
    state->agent.takes_component_as_name = sm_datadog_agent_has_feature(options, "component2name");
    if (make_ignored(state, error) && make_filters(state, error) && make_replacements(state, error))
        return state;
    sm_datadog_agent_state_free(state);
    return NULL;
}

void sm_datadog_agent_state_name_host(struct sm_datadog_agent_state *state)
{
    if (state->hostname.size)
        return;
    sm_datadog_system_hostname(state->system_hostname, sizeof(state->system_hostname));
    state->hostname = sm_slice_of(state->system_hostname);
}

void sm_datadog_agent_state_free(struct sm_datadog_agent_state *state)
{
    if (!state)
        return;
    for (size_t i = 0; i < state->agent.ignored_count; i++)
        sm_regex_free(state->agent.ignored[i]);
    sm_datadog_tag_rules_deinit(&state->rules);
    sm_datadog_sampling_deinit(&state->sampling);
    sm_arena_deinit(&state->arena);
    free(state);
}

struct sm_datadog_agent_state *sm_datadog_agent_open(const struct sm_component *user, const char *id, struct sm_error *error)
{
    struct sm_component *extension = sm_graph_find_extension(user->graph, id);
    if (!extension) {
        sm_error_set(error, SM_ERROR_USAGE, "agent %s: no such extension (is it listed in service::extensions?)", id);
        return NULL;
    }
    const struct sm_datadog_agent_type *type = extension->type->interface;
    if (!type || strcmp(type->interface, SM_DATADOG_AGENT_INTERFACE) != 0) {
        sm_error_set(error, SM_ERROR_USAGE, "agent %s: the extension is no datadog_agent", id);
        return NULL;
    }
    return type->state(extension);
}
