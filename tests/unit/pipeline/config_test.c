#include "pipeline/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "config/diags.h"
#include "config/load.h"
#include "config/write.h"
#include "pipeline/config_mask.h"

struct sink_options {
    const char *endpoint, *token;
    struct sm_string_map headers;
    int64_t limit;
};
static const struct sm_option sink_table[] = {
    SM_OPTION_STRING(struct sink_options, endpoint),
    SM_OPTION_SECRET(struct sink_options, token),
    SM_OPTION_STRING_MAP(struct sink_options, headers, .secret = true),
    SM_OPTION_INT(struct sink_options, limit, .preset.integer = 1),
    SM_OPTION_END,
};

static void validate_sink(const void *options, struct sm_validation *validation)
{
    const struct sink_options *sink = options;
    if (!*sink->endpoint)
        sm_validation_error(validation, "", "at least one endpoint must be specified");
    if (sink->limit < 0)
        sm_validation_error(validation, "limit", "must not be negative");
}

/* Taken for the path of a file. */
static bool sink_file(const void *options, struct sm_bytes *out)
{
    const struct sink_options *sink = options;
    if (!sink || !sink->token || !*sink->token)
        return false;
    sm_bytes_append_text(out, sink->token);
    return true;
}

static const char *const old_sink[] = {"oldsink", NULL};
static const struct sm_component_type source = {.kind = SM_RECEIVER, .name = "source", .signals = SM_SIGNAL_ALL};
static const struct sm_component_type change = {.kind = SM_PROCESSOR, .name = "change", .signals = SM_SIGNAL_TRACES};
static const struct sm_component_type sink = {.kind = SM_EXPORTER,
                                              .name = "sink",
                                              .old_names = old_sink,
                                              .signals = SM_SIGNAL_ALL,
                                              .options = sink_table,
                                              .options_size = sizeof(struct sink_options),
                                              .validate = validate_sink,
                                              .queue_file = sink_file};
static const struct sm_component_type forward = {
    .kind = SM_CONNECTOR, .name = "forward", .signals = SM_SIGNAL_ALL, .gives = {SM_SIGNAL_TRACES, SM_SIGNAL_METRICS, SM_SIGNAL_LOGS}};
static const struct sm_component_type measure = {
    .kind = SM_CONNECTOR, .name = "measure", .signals = SM_SIGNAL_TRACES, .gives = {SM_SIGNAL_METRICS, 0, 0}};
static const struct sm_component_type storage = {.kind = SM_EXTENSION, .name = "storage"};
static const struct sm_component_type *const types[] = {&source, &change, &sink, &forward, &measure, &storage};
enum { TYPE_COUNT = sizeof(types) / sizeof(types[0]) };

struct loaded {
    struct sm_config *config;
    char messages[8192];
};

static void load(struct loaded *loaded, const char *yaml)
{
    *loaded = (struct loaded){0};
    char uri[4096];
    snprintf(uri, sizeof(uri), "yaml:%s", yaml);
    const char *uris[] = {uri};
    struct sm_load_options options = {.uris = uris, .uri_count = 1};
    struct sm_diags *diags = sm_diags_create();
    loaded->config = sm_config_load(&options, types, TYPE_COUNT, diags);
    FILE *out = fmemopen(loaded->messages, sizeof(loaded->messages), "w");
    sm_diags_print(diags, out, false);
    fclose(out);
    sm_diags_free(diags);
}

static void expect_refused(const char *yaml, const char *message)
{
    struct loaded loaded;
    load(&loaded, yaml);
    if (loaded.config || !strstr(loaded.messages, message))
        fail_msg("%s\n%s\nlacks: %s", yaml, loaded.messages, message);
}

#define PARTS "receivers: {source: }\nprocessors: {change: }\nexporters: {sink: {endpoint: e}}\nconnectors: {forward: , forward/2: , measure: }\n"
#define PIPELINES PARTS "service:\n  pipelines:\n"

static void resolves_what_pipelines_name(void **state)
{
    (void)state;
    struct loaded loaded;
    load(&loaded, PARTS "extensions: {storage: , storage/b: }\nservice:\n  extensions: [storage/b]\n  telemetry: {logs: {level: WARN, encoding: "
                        "json}, metrics: {level: Basic}}\n"
                        "  pipelines:\n    traces: {receivers: [source, source], processors: [change], exporters: [sink, measure, sink]}\n    "
                        "metrics/x: {receivers: [measure], exporters: [sink]}\n");
    if (!loaded.config)
        fail_msg("%s", loaded.messages);
    const struct sm_config *config = loaded.config;
    assert_int_equal(config->pipeline_count, 2);
    const struct sm_pipeline_config *traces = &config->pipelines[0], *metrics = &config->pipelines[1];
    assert_string_equal(metrics->id, "metrics/x");
    assert_int_equal(metrics->signal, SM_METRICS);
    assert_int_equal(traces->receivers.count, 1);
    assert_int_equal(traces->exporters.count, 2);
    assert_ptr_equal(traces->exporters.items[1], metrics->receivers.items[0]);
    assert_ptr_equal(traces->exporters.items[1]->type, &measure);
    assert_string_equal(((const struct sink_options *)traces->exporters.items[0]->options)->endpoint, "e");
    assert_int_equal(config->extensions.count, 1);
    assert_string_equal(config->extensions.items[0]->id, "storage/b");
    assert_int_equal(config->telemetry.log_level, SM_LOG_WARN);
    assert_int_equal(config->telemetry.metrics_level, SM_METRICS_BASIC);
    assert_int_equal(config->telemetry.reader_count, 1);
    assert_int_equal(config->telemetry.readers[0].port, 8888);
    sm_config_free(loaded.config);
}

static void takes_old_names_with_a_warning(void **state)
{
    (void)state;
    struct loaded loaded;
    load(&loaded,
         "receivers: {source: }\nexporters: {oldsink/x: {endpoint: e}}\nservice: {pipelines: {logs: {receivers: [source], exporters: [oldsink/x]}}}");
    assert_non_null(loaded.config);
    assert_non_null(strstr(loaded.messages, "\"oldsink\" alias is deprecated; use \"sink\" instead"));
    assert_string_equal(loaded.config->pipelines[0].exporters.items[0]->id, "oldsink/x");
    sm_config_free(loaded.config);
}

static void refuses_what_the_reference_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *message;
    } cases[] = {
        {"", "empty configuration file"},
        {"service: {}", "empty configuration file"},
        {"receivers: {source: }\nexporters: {logging: }", "exporters: the logging exporter has been deprecated, use the debug exporter instead"},
        {"receivers: {source: }\nexporters: {forward: }", "forward belongs under connectors:"},
        {"exporters: {sink: {endpoint: e}}", "no receiver configuration specified in config"},
        {"receivers: {source: }", "no exporter configuration specified in config"},
        {PARTS, "service::pipelines: service must have at least one pipeline"},
        {PARTS "procesors: {}", "has invalid keys: procesors"},
        {PARTS "service: {metrics: {receivers: [source], exporters: [sink]}}", "move the pipeline under service::pipelines"},
        {"receivers: {sorce: }", "receivers: unknown type: \"sorce\" for id: \"sorce\" (valid values: [source])"},
        {"receivers: [source]", "'receivers' expected a map of components, got a list"},
        {"receivers: {source/: }", "in \"source/\" id: the part after / should not be empty"},
        {"receivers: {/x: }", "in \"/x\" id: the part before / should not be empty"},
        {"receivers: {so-urce: }", "invalid character(s) in type \"so-urce\""},
        {"receivers: {source/a b: }", "invalid character(s) in name \"a b\""},
        {"receivers: {source/a: , 'source / a': }", "duplicate name \"source / a\" after unmarshaling source/a"},
        {"exporters: {sink: }", "exporters::sink: at least one endpoint must be specified"},
        {"exporters: {sink: {endpoint: e, limit: -1}}", "exporters::sink::limit: must not be negative"},
        {"exporters: {sink/unused: {x: 1}}", "exporters::sink/unused: has invalid keys: x"},
        {"receivers: {source: }\nconnectors: {forward: }\nexporters: {sink/forward: }", "at least one endpoint"},
        {PIPELINES "    traces: {receivers: [nope], exporters: [sink]}",
         "service::pipelines::traces: references receiver \"nope\" which is not configured"},
        {PIPELINES "    traces: {receivers: [source], processors: [chang], exporters: [sink]}", "did you mean change?"},
        {PIPELINES "    traces: {receivers: [source], processors: [change, change], exporters: [sink]}",
         "references processor \"change\" multiple times"},
        {PIPELINES "    traces: {exporters: [sink]}", "service::pipelines::traces: must have at least one receiver"},
        {PIPELINES "    traces: {receivers: [source], exporters: []}", "service::pipelines::traces: must have at least one exporter"},
        {PIPELINES "    traces: {receivers: source, exporters: [sink]}", "'service.pipelines[traces].receivers' expected a list of strings"},
        {PIPELINES "    spans: {receivers: [source], exporters: [sink]}", "'service.pipelines' in \"spans\" id: unknown pipeline signal: \"spans\""},
        {PIPELINES "    logs: {receivers: [source], processors: [change], exporters: [sink]}",
         "failed to create \"change\" processor, in pipeline \"logs\": telemetry type"},
        {PIPELINES "    traces: {receivers: [source], exporters: [forward]}",
         "connector \"forward\" used as exporter in [traces] pipeline but not used in any supported receiver"},
        {PIPELINES "    traces: {receivers: [forward], exporters: [sink]}",
         "connector \"forward\" used as receiver in [traces] pipeline but not used in any supported exporter"},
        {PIPELINES "    traces: {receivers: [source], exporters: [measure]}\n    logs: {receivers: [measure], exporters: [sink]}",
         "\"measure\" used as exporter"},
        {PIPELINES "    traces: {receivers: [source, forward], exporters: [forward]}", "cycle detected: connector \"forward\" (traces to traces)"},
        {PIPELINES "    traces: {receivers: [source, forward/2], exporters: [forward]}\n    traces/b: {receivers: [forward], exporters: [forward/2]}",
         "cycle detected: "},
        {PARTS "service: {extensions: [storage], pipelines: {traces: {receivers: [source], exporters: [sink]}}}",
         "service::extensions: references extension \"storage\" which is not configured"},
        {PARTS "service: {telemetry: {metrics: {readers: []}}}", "collector telemetry metrics reader should exist when metric level is not none"},
        {PARTS "service: {telemetry: {metrics: {readers: [{periodic: {}}]}}}", "no valid metric exporter"},
        {PARTS "service: {telemetry: {metrics: {readers: [{}]}}}",
         "no valid metric reader: it needs pull::exporter::prometheus or periodic::exporter"},
        {PARTS
         "service: {telemetry: {metrics: {readers: [{periodic: {exporter: {console: {}}}, pull: {exporter: {prometheus: {host: h, port: 1}}}}]}}}",
         "must not specify multiple metric reader type"},
        {PARTS "service: {telemetry: {metrics: {readers: [{periodic: {exporter: {console: {}, otlp: {protocol: grpc, endpoint: e}}}}]}}}",
         "must not specify multiple exporters"},
        {PARTS "service: {telemetry: {metrics: {readers: [{periodic: {exporter: {otlp: {endpoint: e}}}}]}}}", "otlp needs a protocol"},
        {PARTS "service: {telemetry: {metrics: {readers: [{periodic: {exporter: {otlp: {protocol: grpc}}}}]}}}", "otlp needs an endpoint"},
        {PARTS "service: {telemetry: {metrics: {readers: [{periodic: {interval: -1, exporter: {console: {}}}}]}}}", "interval must be between 0 and"},
        {PARTS "service: {telemetry: {metrics: {readers: [{periodic: {exporter: {otlp: {temporality_preference: delta}}}}]}}}",
         "temporality_preference' unknown value \"delta\""},
        {PARTS "service: {telemetry: {metrics: {views: [{}]}}}", "is not supported by spanmill"},
        {PARTS "service: {telemetry: {logs: {processors: [{}]}}}", "is not supported by spanmill"},
        {PARTS "service: {telemetry: {resource: {a: 1}}}", "legacy resource attribute \"a\" must be string or null"},
        {"receivers: {source: }\nexporters: {source: }\nconnectors: {source: }", "unknown type"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_refused(cases[i].yaml, cases[i].message);
}

#define TWO_FILES(left, right)                                                                                                                       \
    "receivers: {source: }\nexporters: {sink: {endpoint: e, token: " left "}, sink/2: {endpoint: e, token: " right "}, sink/3: {endpoint: e, "       \
    "token: " left "}}\nservice: {pipelines: {logs: {receivers: [source], exporters: [sink, sink/2]}, traces: {receivers: [source], exporters: "     \
    "[sink]}}}"

static void refuses_two_exporters_with_one_file(void **state)
{
    (void)state;
    struct loaded loaded;
    expect_refused(TWO_FILES("/nowhere/x", "/nowhere/./x"), "\"sink\" and \"sink/2\" keep what waits in the same file, /nowhere/./x");
    expect_refused(TWO_FILES("nowhere/x", "./nowhere//x"), "keep what waits in the same file");
    expect_refused(TWO_FILES("x", "./x"), "keep what waits in the same file");
    expect_refused(TWO_FILES("/proc/self/task/x", "/proc/self/../self/task/x"), "keep what waits in the same file");
    load(&loaded, TWO_FILES("a/x", "b/x"));
    if (!loaded.config)
        fail_msg("%s", loaded.messages);
    sm_config_free(loaded.config);
}

static void an_unknown_type_is_told_once(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "receivers: {sorce: }\nexporters: {sink: {endpoint: e}}\nservice: {pipelines: {traces: {receivers: [sorce], exporters: [sink]}}}",
        "receivers: {source: }\nexporters: {forward: }\nservice: {pipelines: {traces: {receivers: [source], exporters: [forward]}, "
        "traces/b: {receivers: [forward], exporters: [forward]}}}",
        "receivers: {source: }\nexporters: {sink: {endpoint: e}}\nextensions: {stor: }\n"
        "service: {extensions: [stor], pipelines: {traces: {receivers: [source], exporters: [sink]}}}",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct loaded loaded;
        load(&loaded, cases[i]);
        assert_null(loaded.config);
        assert_non_null(strstr(loaded.messages, "unknown type"));
        assert_null(strstr(loaded.messages, "which is not configured"));
    }
}

static void what_is_misspelt_itself_is_not_suggested(void **state)
{
    (void)state;
    struct loaded loaded;
    load(&loaded, "receivers: {source: }\nprocessors: {chnage: }\nexporters: {sink: {endpoint: e}}\n"
                  "service: {pipelines: {traces: {receivers: [source], processors: [change], exporters: [sink]}}}");
    assert_null(loaded.config);
    assert_non_null(strstr(loaded.messages, "unknown type: \"chnage\""));
    assert_non_null(strstr(loaded.messages, "add it under processors:"));
    assert_null(strstr(loaded.messages, "did you mean chnage?"));
}

static void takes_a_number_for_the_level_of_metrics(void **state)
{
    (void)state;
    static const struct {
        const char *level;
        enum sm_metrics_level expected;
    } cases[] = {{"-1", SM_METRICS_NONE}, {"0", SM_METRICS_BASIC}, {"1", SM_METRICS_NORMAL}, {"2", SM_METRICS_DETAILED}, {"None", SM_METRICS_NONE}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char yaml[512];
        snprintf(yaml, sizeof(yaml), PIPELINES "    traces: {receivers: [source], exporters: [sink]}\n  telemetry: {metrics: {level: %s}}",
                 cases[i].level);
        struct loaded loaded;
        load(&loaded, yaml);
        assert_non_null(loaded.config);
        assert_int_equal(loaded.config->telemetry.metrics_level, cases[i].expected);
        sm_config_free(loaded.config);
    }
    expect_refused(PARTS "service: {telemetry: {metrics: {level: 3}}}", "'service.telemetry.metrics.level'");
    expect_refused(PARTS "service: {telemetry: {metrics: {level: '1'}}}", "unknown metrics level \"1\"");
}

static void masks_secrets_and_what_no_table_knows(void **state)
{
    (void)state;
    const char *uris[] = {"yaml:{exporters: {sink: {endpoint: 'http://u:hunter2@h/p', token: hunter2, headers: {h: hunter2}, limit: 5, typo: "
                          "hunter2}, sinc: {a: [hunter2]}}, other: hunter2}"};
    struct sm_load_options options = {.uris = uris, .uri_count = 1};
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_diags *diags = sm_diags_create();
    const struct sm_node *root = sm_load(&options, &arena, diags);
    assert_non_null(root);
    struct sm_bytes text = {0};
    sm_node_write_yaml(sm_config_mask(root, types, TYPE_COUNT, &arena), &text);
    assert_string_equal(sm_bytes_cstr(&text), "exporters:\n"
                                              "  sink:\n"
                                              "    endpoint: \"http://[REDACTED]@h/p\"\n"
                                              "    token: \"[REDACTED]\"\n"
                                              "    headers:\n"
                                              "      h: \"[REDACTED]\"\n"
                                              "    limit: 5\n"
                                              "    typo: \"[REDACTED]\"\n"
                                              "  sinc:\n"
                                              "    a:\n"
                                              "      - \"[REDACTED]\"\n"
                                              "other: \"[REDACTED]\"\n");
    sm_bytes_deinit(&text);
    sm_diags_free(diags);
    sm_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolves_what_pipelines_name),
        cmocka_unit_test(takes_old_names_with_a_warning),
        cmocka_unit_test(refuses_what_the_reference_refuses),
        cmocka_unit_test(refuses_two_exporters_with_one_file),
        cmocka_unit_test(an_unknown_type_is_told_once),
        cmocka_unit_test(what_is_misspelt_itself_is_not_suggested),
        cmocka_unit_test(takes_a_number_for_the_level_of_metrics),
        cmocka_unit_test(masks_secrets_and_what_no_table_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
