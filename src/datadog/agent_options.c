/* agent_options.c - the options of the extension `datadog_agent`, and the rules between them; see agent_state.h. Stateless.
 * Source: datadog-agent pkg/trace/config/config.go, 0.59.0 (defaults). */
#include "datadog/agent_state.h"

#include "base/regex.h"

static const struct sm_option rare_table[] = {
    SM_OPTION_BOOL(struct sm_datadog_rare_sampler_options, enabled, .ours = true, .help = "Keep some traces of kinds that were not seen lately."),
    SM_OPTION_DOUBLE(struct sm_datadog_rare_sampler_options, traces_per_second, .preset.number = 5, .min = 0, .max = 1e6, .ours = true,
                     .help = "How many at most, with bursts of fifty."),
    SM_OPTION_DURATION(struct sm_datadog_rare_sampler_options, cooldown_ns, .key = "cooldown", .preset.integer = 5 * SM_MIN, .ours = true,
                       .help = "How long a kind that was seen is not rare."),
    SM_OPTION_UINT(struct sm_datadog_rare_sampler_options, cardinality, .preset.integer = 200, .min = 1, .max = 1 << 20, .ours = true,
                   .help = "Kinds that are told apart for each environment and service."),
    SM_OPTION_END,
};

static const struct sm_option probabilistic_table[] = {
    SM_OPTION_BOOL(struct sm_datadog_probabilistic_options, enabled, .ours = true,
                   .help = "Keep traces by a hash of their ID, whatever their priority."),
    SM_OPTION_DOUBLE(struct sm_datadog_probabilistic_options, sampling_percentage, .min = 0, .max = 100, .unit = "percent", .ours = true,
                     .help = "How many are kept."),
    SM_OPTION_UINT(struct sm_datadog_probabilistic_options, hash_seed, .min = 0, .max = UINT32_MAX, .ours = true,
                   .help = "Seed of the hash; the same everywhere where the same traces are to be kept."),
    SM_OPTION_END,
};

static const struct sm_option filter_table[] = {
    SM_OPTION_STRING_LIST(struct sm_datadog_filter_options, require, .ours = true, .help = "Tags (key or key:value) that the root must have."),
    SM_OPTION_STRING_LIST(struct sm_datadog_filter_options, reject, .ours = true, .help = "Tags (key or key:value) that the root must not have."),
    SM_OPTION_END,
};

static const struct sm_option replace_table[] = {
    SM_OPTION_STRING(struct sm_datadog_replace_option, name, .ours = true, .help = "A tag, resource.name, or * for all of them."),
    SM_OPTION_STRING(struct sm_datadog_replace_option, pattern, .ours = true, .help = "Regular expression for what is replaced."),
    SM_OPTION_STRING(struct sm_datadog_replace_option, repl, .ours = true, .help = "What stands there instead, with $1 for groups."),
    SM_OPTION_END,
};

static const struct sm_option sql_table[] = {
    SM_OPTION_BOOL(struct sm_datadog_sql_obfuscation, table_names, .ours = true, .help = "Tell the tables that a statement names."),
    SM_OPTION_BOOL(struct sm_datadog_sql_obfuscation, replace_digits, .ours = true, .help = "Replace digits in names."),
    SM_OPTION_BOOL(struct sm_datadog_sql_obfuscation, keep_sql_alias, .ours = true, .help = "Leave AS … in place."),
    SM_OPTION_BOOL(struct sm_datadog_sql_obfuscation, dollar_quoted_func, .ours = true, .help = "What stands between $func$ is a statement."),
    SM_OPTION_END,
};

static const struct sm_option json_table[] = {
    SM_OPTION_BOOL(struct sm_datadog_json_obfuscation, enabled, .ours = true, .help = "Put ? for values."),
    SM_OPTION_STRING_LIST(struct sm_datadog_json_obfuscation, keep_values, .ours = true, .help = "Keys whose values stay."),
    SM_OPTION_STRING_LIST(struct sm_datadog_json_obfuscation, obfuscate_sql_values, .ours = true, .help = "Keys whose values are statements."),
    SM_OPTION_END,
};

#define OBFUSCATION struct sm_datadog_obfuscation
#define FLAG(path, name, text)                                                                                                                       \
    {                                                                                                                                                \
        .kind = SM_OPTION_KIND_BOOL, .key = name, .member = name, .offset = offsetof(OBFUSCATION, path) - offsetof(OBFUSCATION, FLAG_BASE),          \
        .ours = true, .help = text                                                                                                                   \
    }
#define FLAG_BASE http
static const struct sm_option http_table[] = {
    FLAG(http.remove_query_string, "remove_query_string", "Put ? for queries."),
    FLAG(http.remove_paths_with_digits, "remove_paths_with_digits", "Put ? for segments of paths that hold digits."),
    SM_OPTION_END,
};
#undef FLAG_BASE
#define FLAG_BASE redis
static const struct sm_option redis_table[] = {
    FLAG(redis.enabled, "enabled", "Put ? for what may be values in Redis commands."),
    FLAG(redis.remove_all_args, "remove_all_args", "Put ? for all arguments."),
    SM_OPTION_END,
};
#undef FLAG_BASE
#define FLAG_BASE memcached
static const struct sm_option memcached_table[] = {
    FLAG(memcached.enabled, "enabled", "Leave Memcached's commands out."),
    FLAG(memcached.keep_command, "keep_command", "Leave only what stands behind the command out."),
    SM_OPTION_END,
};
#undef FLAG_BASE
#define FLAG_BASE credit_cards
static const struct sm_option card_table[] = {
    FLAG(credit_cards.enabled, "enabled", "Put ? for tags that are numbers of credit cards."),
    FLAG(credit_cards.luhn, "luhn", "Only those with a right check digit."),
    SM_OPTION_END,
};
#undef FLAG_BASE

static const struct sm_option obfuscation_table[] = {
    SM_OPTION_TABLE(OBFUSCATION, sql, sql_table, .ours = true, .help = "SQL; values are always taken out."),
    SM_OPTION_TABLE(OBFUSCATION, elasticsearch, json_table, .ours = true, .help = "Bodies of requests to Elasticsearch."),
    SM_OPTION_TABLE(OBFUSCATION, opensearch, json_table, .ours = true, .help = "Bodies of requests to OpenSearch."),
    SM_OPTION_TABLE(OBFUSCATION, mongodb, json_table, .ours = true, .help = "Queries of MongoDB."),
    SM_OPTION_TABLE(OBFUSCATION, http, http_table, .ours = true, .help = "Addresses of HTTP requests."),
    SM_OPTION_TABLE(OBFUSCATION, redis, redis_table, .ours = true, .help = "Redis commands."),
    SM_OPTION_TABLE(OBFUSCATION, memcached, memcached_table, .ours = true, .help = "Memcached commands."),
    SM_OPTION_TABLE(OBFUSCATION, credit_cards, card_table, .ours = true, .help = "Numbers of credit cards."),
    SM_OPTION_END,
};

#define AGENT struct sm_datadog_agent_options
const struct sm_option sm_datadog_agent_option_table[] = {
    SM_OPTION_STRING(AGENT, hostname, .ours = true, .help = "Host of traces whose tracer names none; \"\": this machine."),
    SM_OPTION_STRING(AGENT, env, .preset.string = "none", .ours = true, .help = "Environment of traces whose tracer names none."),
    SM_OPTION_DOUBLE(AGENT, target_traces_per_second, .preset.number = 10, .min = 0, .max = 1e9, .ours = true,
                     .help = "Traces without a priority that are kept in a second, and what tracers are told to send."),
    SM_OPTION_DOUBLE(AGENT, errors_per_second, .preset.number = 10, .min = 0, .max = 1e9, .ours = true,
                     .help = "Traces with errors that are kept in a second besides; 0: none."),
    SM_OPTION_DOUBLE(AGENT, max_events_per_second, .preset.number = 200, .min = 0, .max = 1e9, .ours = true,
                     .help = "Analysed spans that are kept in a second, of traces that are not."),
    SM_OPTION_TABLE(AGENT, rare_sampler, rare_table, .ours = true, .help = "Traces that are rare."),
    SM_OPTION_TABLE(AGENT, probabilistic_sampler, probabilistic_table, .ours = true, .help = "Traces by a hash of their ID."),
    SM_OPTION_STRING_LIST(AGENT, features, .ours = true, .help = "The Agent's switches, as enable_otlp_compute_top_level_by_span_kind."),
    SM_OPTION_STRING_LIST(AGENT, ignore_resources, .ours = true,
                          .help = "Regular expressions: traces whose root has such a resource are left out, and so are statistics of tracers."),
    SM_OPTION_TABLE(AGENT, filter_tags, filter_table, .ours = true, .help = "Traces that are left out by tags of their root."),
    SM_OPTION_TABLE(AGENT, filter_tags_regex, filter_table, .ours = true, .help = "The same with regular expressions for values."),
    SM_OPTION_TABLE_LIST(AGENT, replace_tags, struct sm_datadog_replace_option, replace_table, .ours = true, .help = "Texts that are replaced."),
    SM_OPTION_STRING_MAP(AGENT, tags, .ours = true, .help = "Set on every span."),
    SM_OPTION_TABLE(AGENT, obfuscation, obfuscation_table, .ours = true, .help = "What is taken out because it may be private."),
    SM_OPTION_BOOL(AGENT, compute_stats_by_span_kind, .ours = true, .help = "Give stats to every span of kind server, client, producer or consumer."),
    SM_OPTION_BOOL(AGENT, peer_tags_aggregation, .ours = true, .help = "Tell stats apart by whom a span calls."),
    SM_OPTION_STRING_LIST(AGENT, peer_tags, .ours = true, .help = "Further tags that name a peer."),
    SM_OPTION_DURATION(AGENT, bucket_interval_ns, .key = "bucket_interval", .preset.integer = 10 * SM_S, .ours = true,
                       .help = "Length of the buckets of stats."),
    SM_OPTION_DURATION(AGENT, flush_interval_ns, .key = "flush_interval", .preset.integer = 5 * SM_S, .ours = true,
                       .help = "How long traces wait to be sent together."),
    SM_OPTION_END,
};

/* ---- rules */

static void check_pattern(const char *pattern, const char *key, struct sm_validation *validation)
{
    struct sm_error error;
    struct sm_regex *regex = sm_regex_compile(sm_slice_of(pattern), &error);
    if (!regex)
        sm_validation_error(validation, key, "'%s' is no regular expression: %s", pattern, error.text);
    sm_regex_free(regex);
}

/* The Agent's switches of 0.59.0, and later ones that are or may be wanted. */
static const struct feature {
    const char *name;
    bool is_refused;
} features[] = {
    {"component2name", false},
    {"disable_cid_stats", false},
    {"dollar_quoted_func", false},
    {"enable_cid_stats", false},
    {"enable_operation_and_resource_name_logic_v2", false},
    {"enable_otlp_compute_top_level_by_span_kind", false},
    {"error_rare_sample_tracer_drop", false},
    {"keep_sql_alias", false},
    {"probabilistic_sampler_full_trace_id", false},
    {"quantize_sql_tables", false},
    {"replace_sql_digits", false},
    {"table_names", false},
    /* nothing to be done: 429 is always answered, nothing is cached, and what a later Agent does by default is not done unless it is wanted */
    {"429", false},
    {"disable_operation_and_resource_name_logic_v2", false},
    {"disable_receive_resource_spans_v2", false},
    {"sql_cache", false},
    /* not built */
    {"enable_receive_resource_spans_v2", true},
    {"sqllexer", true},
};

static const struct feature *find_feature(const char *name)
{
    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
        if (strcmp(features[i].name, name) == 0)
            return &features[i];
    return NULL;
}

const char *sm_datadog_agent_unknown_feature(const struct sm_datadog_agent_options *options, size_t *at)
{
    while (*at < options->features.count) {
        const char *name = options->features.items[(*at)++];
        if (!find_feature(name))
            return name;
    }
    return NULL;
}

static void check_features(const struct sm_string_list *names, struct sm_validation *validation)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct feature *feature = find_feature(names->items[i]);
        if (feature && feature->is_refused)
            sm_validation_error(validation, "features", "the feature '%s' is not built", feature->name);
    }
}

void sm_datadog_agent_options_validate(const struct sm_datadog_agent_options *options, struct sm_validation *validation)
{
    const struct sm_datadog_replace_option *rules = options->replace_tags.items;
    for (size_t i = 0; i < options->ignore_resources.count; i++)
        check_pattern(options->ignore_resources.items[i], "ignore_resources", validation);
    for (size_t i = 0; i < options->replace_tags.count; i++) {
        if (!*rules[i].name || !*rules[i].pattern)
            sm_validation_error(validation, "replace_tags", "every rule needs a name and a pattern");
        else
            check_pattern(rules[i].pattern, "replace_tags", validation);
    }
    const struct sm_string_list *lists[] = {&options->filter_tags_regex.require, &options->filter_tags_regex.reject};
    for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
        for (size_t i = 0; i < lists[l]->count; i++) {
            const char *colon = strchr(lists[l]->items[i], ':');
            if (colon)
                check_pattern(colon + 1, "filter_tags_regex", validation);
        }
    }
    check_features(&options->features, validation);
    if (options->bucket_interval_ns == 0)
        sm_validation_error(validation, "bucket_interval", "must be above 0");
    if (options->flush_interval_ns == 0)
        sm_validation_error(validation, "flush_interval", "must be above 0");
}

bool sm_datadog_agent_has_feature(const struct sm_datadog_agent_options *options, const char *feature)
{
    for (size_t i = 0; i < options->features.count; i++)
        if (strcmp(options->features.items[i], feature) == 0)
            return true;
    return false;
}
