#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "config/diags.h"
#include "config/source.h"
#include "config/write.h"
#include "datadog_agent/front_end.h"

/* "NAME=value" of names and values in turn. */
static const char *const *make_environment(const char *const *variables, struct sm_arena *arena)
{
    enum { ENTRIES_MAX = 32 };
    const char **entries = sm_arena_zalloc(arena, ENTRIES_MAX, sizeof(*entries));
    for (size_t i = 0; variables && variables[2 * i]; i++)
        entries[i] = sm_arena_printf(arena, "%s=%s", variables[2 * i], variables[2 * i + 1]);
    return entries;
}

struct result {
    struct sm_bytes text;
    size_t errors;
    char told[4096]; /* what was said of it */
};

static struct result translate(const char *yaml, const char *const *variables)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_diags *diags = sm_diags_create();
    const struct sm_source source = {.name = "datadog.yaml", .text = sm_slice_of(yaml)};
    struct result result = {0};
    const struct sm_node *root = sm_datadog_agent_load(yaml ? &source : NULL, make_environment(variables, &arena), &arena, diags);
    if (root)
        sm_node_write_yaml(root, &result.text);
    result.errors = sm_diags_error_count(diags);
    FILE *told = fmemopen(result.told, sizeof(result.told), "w");
    sm_diags_print(diags, told, false);
    fclose(told);
    assert_int_equal(root == NULL, result.errors > 0);
    sm_diags_free(diags);
    sm_arena_deinit(&arena);
    return result;
}

static void assert_has(struct result *result, const char *text)
{
    if (!strstr(sm_bytes_cstr(&result->text), text))
        fail_msg("\"%s\" is not in\n%s", text, sm_bytes_cstr(&result->text));
}

static void knows_its_files_by_their_name(void **state)
{
    (void)state;
    assert_true(sm_datadog_agent_is_file_name(SM_SLICE("/etc/datadog-agent/datadog.yaml")));
    assert_true(sm_datadog_agent_is_file_name(SM_SLICE("datadog.yml")));
    assert_false(sm_datadog_agent_is_file_name(SM_SLICE("my-datadog.yaml")));
    assert_false(sm_datadog_agent_is_file_name(SM_SLICE("collector.yaml")));
}

static void runs_from_the_environment_alone(void **state)
{
    (void)state;
    static const char *const variables[] = {"DD_API_KEY",
                                            "0123456789",
                                            "DD_SITE",
                                            "datadoghq.eu",
                                            "DD_ENV",
                                            "prod",
                                            "DD_APM_FEATURES",
                                            "a, b",
                                            "DD_APM_FILTER_TAGS_REQUIRE",
                                            "k:v other",
                                            "DD_APM_REPLACE_TAGS",
                                            "[{\"name\":\"n\",\"pattern\":\"p\",\"repl\":\"r\"}]",
                                            "DD_APM_PROBABILISTIC_SAMPLER_ENABLED",
                                            "true",
                                            "DD_APM_PROBABILISTIC_SAMPLER_HASH_SEED",
                                            "22",
                                            "DD_OTLP_CONFIG_RECEIVER_PROTOCOLS_GRPC_ENDPOINT",
                                            "0.0.0.0:4317",
                                            NULL};
    struct result result = translate(NULL, variables);
    assert_has(&result, "key: \"0123456789\"");
    assert_has(&result, "site: datadoghq.eu");
    assert_has(&result, "- a\n");
    assert_has(&result, "- \"k:v\"\n");
    assert_has(&result, "pattern: p");
    assert_has(&result, "hash_seed: 22");
    assert_has(&result, "endpoint: \"0.0.0.0:4317\"");
    assert_has(&result, "endpoint: \"localhost:8126\"");
    sm_bytes_deinit(&result.text);
}

static void takes_the_environment_before_the_file_and_numbers_in_quotes(void **state)
{
    (void)state;
    static const char *const variables[] = {"DD_APM_RECEIVER_PORT", "9999", NULL};
    struct result result = translate("api_key: 12345678901234567890123456789012\n"
                                     "apm_config: {receiver_port: 1, apm_non_local_traffic: \"true\", target_traces_per_second: \"3\"}\n"
                                     "otlp_config:\n  receiver:\n    protocols:\n      http:\n",
                                     variables);
    assert_has(&result, "endpoint: \"0.0.0.0:9999\"");
    assert_has(&result, "target_traces_per_second: 3");
    assert_has(&result, "key: \"12345678901234567890123456789012\"");
    assert_has(&result, "endpoint: \"localhost:4318\"");
    sm_bytes_deinit(&result.text);
}

static void refuses_what_would_change_what_is_sent(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "apm_config: {additional_endpoints: {}}",
        "apm_config: {extra_sample_rate: 0.5}",
        "apm_config: {apm_non_local_traffic: maybe}",
        "apm_config: {apm_non_local_traffic: \"yes\"}",
        "tags: {team: a}",
        "log_level: loud",
        "api_key: ENC[key]",
        "apm_config: 5",
        "proxy: http://x",
        "apm_config: {filter_tags: [a]}",
        "otlp_config: {receiver: {protocols: {grpc: , htpp: }}}",
        "apm_config: {receiver_port: eighty}",
        "apm_config: {receiver_port: 65536}",
        "apm_config: {enabled: false}",
        "- a",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct result result = translate(wrong[i], NULL);
        if (result.errors == 0)
            fail_msg("taken: %s", wrong[i]);
        sm_bytes_deinit(&result.text);
    }
}

static void sends_logs_where_the_agent_would(void **state)
{
    (void)state;
    static const char *const variables[] = {"DD_LOGS_CONFIG_LOGS_DD_URL", "http://proxy:3835", NULL};
    struct result result = translate("logs_config: {logs_dd_url: \"proxy:3834\"}\n", NULL);
    assert_has(&result, "endpoint: \"https://proxy:3834\"");
    sm_bytes_deinit(&result.text);
    result = translate("logs_config: {logs_dd_url: \"proxy:3834\", logs_no_ssl: true}\n", NULL);
    assert_has(&result, "endpoint: \"http://proxy:3834\"");
    sm_bytes_deinit(&result.text);
    result = translate(NULL, variables);
    assert_has(&result, "endpoint: \"http://proxy:3835\"");
    sm_bytes_deinit(&result.text);
}

static void takes_settings_of_other_parts_of_the_agent(void **state)
{
    (void)state;
    struct result result = translate("logs_enabled: true\nnetwork_config:\nproxy:\nprocess_config: {enabled: true}\napm_config: {max_memory: 1, "
                                     "debug: , telemetry: {enabled: false}}\n",
                                     NULL);
    assert_int_equal(result.errors, 0);
    sm_bytes_deinit(&result.text);
}

/* The Agent's reader is that of YAML 1.1 and casts what it gets. */
static void reads_values_as_liberally_as_the_agent(void **state)
{
    (void)state;
    static const char *const variables[] = {"DD_APM_IGNORE_RESOURCES", "GET /x, \"POST /a,b\",\"say \"\"hi\"\"\",", "DD_SKIP_SSL_VALIDATION", "1",
                                            NULL};
    struct result result = translate("apm_config:\n  apm_non_local_traffic: yes # as in old guides\n  enable_rare_sampler: 1\n  env: 5\n"
                                     "  obfuscation: {redis: {enabled: On}, memcached: {enabled: \"t\"}, credit_cards: {enabled: 'F'}}\n"
                                     "  peer_tags: [1, b, true]\n  tarrget: 1\notlp_config: {metrcs: {}}\n"
                                     "dd_url: \"\"\nsite: ''\nlog_level: ''\n",
                                     variables);
    assert_int_equal(result.errors, 0);
    static const char *const expected[] = {
        "endpoint: \"0.0.0.0:8126\"",
        "rare_sampler:\n      enabled: true",
        "env: \"5\"",
        "redis:\n        enabled: true",
        "memcached:\n        enabled: true",
        "credit_cards:\n        enabled: false",
        "peer_tags:\n      - \"1\"\n      - b\n      - \"true\"\n",
        "ignore_resources:\n      - \"GET /x\"\n      - \"POST /a,b\"\n      - \"say \\\"hi\\\"\"\n",
        "insecure_skip_verify: true",
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_has(&result, expected[i]);
    assert_null(strstr(sm_bytes_cstr(&result.text), "site"));
    sm_bytes_deinit(&result.text);
}

/* Of the sections that are here; other DD_* belong to tracers and other parts of the Agent. */
static void warns_of_variables_that_nobody_knows(void **state)
{
    (void)state;
    static const char *const variables[] = {"DD_APM_PROBABILISTC_SAMPLER_ENABLED",
                                            "true",
                                            "DD_OTLP_CONFIG_TRACES_ENABLED",
                                            "true",
                                            "DD_APM_INSTRUMENTATION_ENABLED",
                                            "true",
                                            "DD_APM_CONFIG_FEATURES",
                                            "a",
                                            "DD_MAX_TPS",
                                            "5",
                                            "DD_LOGS_ENABLED",
                                            "true",
                                            "DD_APM_UNSET",
                                            "",
                                            NULL};
    struct result result = translate("api_key: k\n", variables);
    assert_int_equal(result.errors, 0);
    assert_non_null(strstr(result.told, "DD_APM_PROBABILISTC_SAMPLER_ENABLED"));
    assert_non_null(strstr(result.told, "did you mean DD_APM_PROBABILISTIC_SAMPLER_ENABLED?"));
    assert_null(strstr(strstr(result.told, "unknown variable") + 1, "unknown variable"));
    sm_bytes_deinit(&result.text);
}

/* What is no list is a text, which the option it becomes refuses. */
static void takes_an_open_bracket_for_a_text(void **state)
{
    (void)state;
    struct result result = translate("api_key: k\ntelemetry: {enabled: true}\nexpvar_port: \"[\"\n", NULL);
    assert_int_equal(result.errors, 0);
    assert_has(&result, "port: \"[\"");
    sm_bytes_deinit(&result.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_its_files_by_their_name),
        cmocka_unit_test(runs_from_the_environment_alone),
        cmocka_unit_test(takes_the_environment_before_the_file_and_numbers_in_quotes),
        cmocka_unit_test(refuses_what_would_change_what_is_sent),
        cmocka_unit_test(sends_logs_where_the_agent_would),
        cmocka_unit_test(takes_settings_of_other_parts_of_the_agent),
        cmocka_unit_test(reads_values_as_liberally_as_the_agent),
        cmocka_unit_test(warns_of_variables_that_nobody_knows),
        cmocka_unit_test(takes_an_open_bracket_for_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
