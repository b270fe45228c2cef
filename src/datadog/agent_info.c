/* agent_info.c - what the Agent tells tracers of itself; see agent_state.h. Stateless.
 *
 * Endpoints that are not served here are listed as the reference lists them: tracers then use them, and are told so clearly by their answers.
 * Source: datadog-agent pkg/trace/api/info.go, 0.59.0. */
#include "datadog/agent_state.h"

#include "wire/json_text.h"
#include "wire/number.h"

#include <inttypes.h>

static void put_number(struct sm_bytes *out, const char *key, double number)
{
    char text[SM_NUMBER_SIZE_MAX];
    sm_bytes_printf(out, "\t\t\"%s\": ", key);
    sm_bytes_append(out, text, sm_number_format(number, SM_NUMBER_ECMASCRIPT, text));
    sm_bytes_append_text(out, ",\n");
}

static void put_texts(struct sm_bytes *out, const char *key, const struct sm_slice *texts, size_t count)
{
    sm_bytes_printf(out, "\t\"%s\": ", key);
    for (size_t i = 0; i < count; i++) {
        sm_bytes_append_text(out, i ? ",\n\t\t" : "[\n\t\t");
        sm_json_put_string_strict(out, texts[i]);
    }
    sm_bytes_append_text(out, count ? "\n\t]" : "null");
}

static void put_obfuscation(struct sm_bytes *out, const struct sm_datadog_obfuscation *settings)
{
#define WORD(flag) ((flag) ? "true" : "false")
    sm_bytes_printf(out,
                    "\t\t\"obfuscation\": {\n\t\t\t\"elastic_search\": %s,\n\t\t\t\"mongo\": %s,\n\t\t\t\"sql_exec_plan\": false,\n"
                    "\t\t\t\"sql_exec_plan_normalize\": false,\n\t\t\t\"http\": {\n\t\t\t\t\"remove_query_string\": %s,\n"
                    "\t\t\t\t\"remove_path_digits\": %s\n\t\t\t},\n\t\t\t\"remove_stack_traces\": false,\n\t\t\t\"redis\": {\n"
                    "\t\t\t\t\"Enabled\": %s,\n\t\t\t\t\"RemoveAllArgs\": %s\n\t\t\t},\n\t\t\t\"memcached\": {\n\t\t\t\t\"Enabled\": %s,\n"
                    "\t\t\t\t\"KeepCommand\": %s\n\t\t\t}\n\t\t}\n",
                    WORD(settings->elasticsearch.enabled), WORD(settings->mongodb.enabled), WORD(settings->http.remove_query_string),
                    WORD(settings->http.remove_paths_with_digits), WORD(settings->redis.enabled), WORD(settings->redis.remove_all_args),
                    WORD(settings->memcached.enabled), WORD(settings->memcached.keep_command));
}

static void put_config(struct sm_bytes *out, const struct sm_datadog_agent_state *state, int64_t port, int64_t max_request_bytes)
{
    sm_bytes_append_text(out, "\t\"config\": {\n\t\t\"default_env\": ");
    sm_json_put_string_strict(out, state->env);
    sm_bytes_append_text(out, ",\n");
    put_number(out, "target_tps", state->options->target_traces_per_second);
    put_number(out, "max_eps", state->options->max_events_per_second);
    sm_bytes_printf(out,
                    "\t\t\"receiver_port\": %" PRId64
                    ",\n\t\t\"receiver_socket\": \"\",\n\t\t\"connection_limit\": 0,\n\t\t\"receiver_timeout\": 0,\n"
                    "\t\t\"max_request_bytes\": %" PRId64 ",\n\t\t\"statsd_port\": 8125,\n\t\t\"max_memory\": 500000000,\n\t\t\"max_cpu\": 0.5,\n"
                    "\t\t\"analyzed_spans_by_service\": {},\n",
                    port, max_request_bytes);
    put_obfuscation(out, &state->options->obfuscation);
    sm_bytes_append_text(out, "\t},\n");
}

void sm_datadog_agent_describe(const struct sm_datadog_agent_state *state, int64_t port, int64_t max_request_bytes, struct sm_bytes *out)
{
    static const struct sm_slice endpoints[] = {
#define ENDPOINT(text) {.ptr = text, .size = sizeof(text) - 1}
        ENDPOINT("/v0.3/traces"),        ENDPOINT("/v0.3/services"),      ENDPOINT("/v0.4/traces"),
        ENDPOINT("/v0.4/services"),      ENDPOINT("/v0.5/traces"),        ENDPOINT("/v0.7/traces"),
        ENDPOINT("/profiling/v1/input"), ENDPOINT("/v0.6/stats"),         ENDPOINT("/v0.1/pipeline_stats"),
        ENDPOINT("/evp_proxy/v1/"),      ENDPOINT("/evp_proxy/v2/"),      ENDPOINT("/evp_proxy/v3/"),
        ENDPOINT("/evp_proxy/v4/"),      ENDPOINT("/debugger/v1/input"),  ENDPOINT("/debugger/v1/diagnostics"),
        ENDPOINT("/symdb/v1/input"),     ENDPOINT("/dogstatsd/v1/proxy"), ENDPOINT("/dogstatsd/v2/proxy"),
        ENDPOINT("/tracer_flare/v1"),
    };
    static const struct sm_slice kinds[] = {ENDPOINT("server"), ENDPOINT("consumer"), ENDPOINT("client"), ENDPOINT("producer")};
    const struct sm_datadog_agent_options *options = state->options;
    sm_bytes_append_text(out, "{\n\t\"version\": \"" SPANMILL_VERSION "\",\n\t\"git_commit\": \"\",\n");
    put_texts(out, "endpoints", endpoints, sizeof(endpoints) / sizeof(endpoints[0]));
    if (options->features.count) {
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_slice *features = sm_arena_alloc(&arena, options->features.count * sizeof(*features));
        for (size_t i = 0; i < options->features.count; i++)
            features[i] = sm_slice_of(options->features.items[i]);
        sm_bytes_append_text(out, ",\n");
        put_texts(out, "feature_flags", features, options->features.count);
        sm_arena_deinit(&arena);
    }
    sm_bytes_printf(out,
                    ",\n\t\"client_drop_p0s\": %s,\n\t\"span_meta_structs\": true,\n\t\"long_running_spans\": true,\n"
                    "\t\"evp_proxy_allowed_headers\": [\n\t\t\"Content-Type\",\n\t\t\"Accept-Encoding\",\n\t\t\"Content-Encoding\",\n"
                    "\t\t\"User-Agent\",\n\t\t\"DD-CI-PROVIDER-NAME\"\n\t],\n",
                    WORD(!options->probabilistic_sampler.enabled));
    put_config(out, state, port, max_request_bytes);
    put_texts(out, "peer_tags", state->stats.peer_tag_keys.items, state->stats.peer_tag_keys.count);
    sm_bytes_append_text(out, ",\n");
    put_texts(out, "span_kinds_stats_computed", kinds, options->compute_stats_by_span_kind ? sizeof(kinds) / sizeof(kinds[0]) : 0);
    sm_bytes_append_text(out, "\n}");
}
