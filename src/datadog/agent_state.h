/* agent_state.h - what the Agent does to traces, as it is configured, and its samplers: made by the extension `datadog_agent`, used by the exporter
 * that prepares and samples and by the receiver that answers tracers and takes their statistics.
 *
 * Settings are immutable after they are made; the samplers have a lock of their own. Any thread.
 * Source: datadog-agent pkg/trace/config/config.go, 0.59.0. */
#pragma once

#include "config/option.h"
#include "datadog/agent.h"
#include "datadog/span_stats.h"
#include "datadog/tag_rules.h"

struct sm_component;

struct sm_datadog_agent_options {
    const char *hostname, *env;
    double target_traces_per_second, errors_per_second, max_events_per_second;
    struct sm_datadog_rare_sampler_options {
        bool enabled;
        double traces_per_second;
        uint64_t cooldown_ns, cardinality;
    } rare_sampler;
    struct sm_datadog_probabilistic_options {
        bool enabled;
        double sampling_percentage;
        uint64_t hash_seed;
    } probabilistic_sampler;
    struct sm_string_list features, ignore_resources;
    struct sm_datadog_filter_options {
        struct sm_string_list require, reject;
    } filter_tags, filter_tags_regex;
    struct sm_table_list replace_tags; /* of struct sm_datadog_replace_option */
    struct sm_string_map tags;
    struct sm_datadog_obfuscation obfuscation;
    bool compute_stats_by_span_kind, peer_tags_aggregation;
    struct sm_string_list peer_tags;
    uint64_t bucket_interval_ns, flush_interval_ns;
};
struct sm_datadog_replace_option {
    const char *name, *pattern, *repl;
};
extern const struct sm_option sm_datadog_agent_option_table[];
void sm_datadog_agent_options_validate(const struct sm_datadog_agent_options *options, struct sm_validation *validation);

/* The next of options->features from `*at` on that nobody knows; NULL: there is none. */
const char *sm_datadog_agent_unknown_feature(const struct sm_datadog_agent_options *options, size_t *at);

struct sm_datadog_agent_state {
    const struct sm_datadog_agent_options *options; /* borrowed */
    struct sm_slice hostname, env;
    struct sm_datadog_agent agent;
    struct sm_datadog_sampling sampling;
    struct sm_span_stats_settings stats;
    bool sends_container_stats; /* statistics are told apart by container */
    struct sm_datadog_obfuscator obfuscator;
    struct sm_datadog_tag_rules rules;
    struct sm_arena arena;
    char system_hostname[256];
};
/* NULL with `error`. `options` must live as long. Without a host name in them there is none yet. */
struct sm_datadog_agent_state *sm_datadog_agent_state_create(const struct sm_datadog_agent_options *options, struct sm_error *error)
    __attribute__((warn_unused_result));
/* Takes this machine's name when there is none, which may wait a second for a name server: at start. */
void sm_datadog_agent_state_name_host(struct sm_datadog_agent_state *state);
void sm_datadog_agent_state_free(struct sm_datadog_agent_state *state); /* NULL is allowed */
bool sm_datadog_agent_has_feature(const struct sm_datadog_agent_options *options, const char *feature);

/* The `interface` of the extension. */
struct sm_datadog_agent_type {
    const char *interface; /* SM_DATADOG_AGENT_INTERFACE */
    struct sm_datadog_agent_state *(*state)(struct sm_component *extension);
};
extern const char SM_DATADOG_AGENT_INTERFACE[];
/* The state of the extension `id`, which lives as long as the graph. Called by the user's `start`. NULL with `error`: there is none such. */
struct sm_datadog_agent_state *sm_datadog_agent_open(const struct sm_component *user, const char *id, struct sm_error *error)
    __attribute__((warn_unused_result));

/* What tracers ask for at /info, as JSON. */
void sm_datadog_agent_describe(const struct sm_datadog_agent_state *state, int64_t port, int64_t max_request_bytes, struct sm_bytes *out);
