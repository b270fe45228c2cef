/* front_end_test.c - files of Alloy and River as trees of the Collector, and what is wrong with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloy/front_end.h"
#include "base/bytes.h"
#include "config/diags.h"
#include "config/source.h"
#include "config/write.h"
#include "service/registry.h"

static const struct sm_component_type *find_type(enum sm_component_kind kind, struct sm_slice name)
{
    return sm_registry_find(kind, name, NULL);
}

/* The tree as YAML, or what is wrong. The caller frees it. */
static char *load_as(const char *text, enum sm_alloy_flavour flavour, bool is_sealed)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_diags *diags = sm_diags_create();
    const struct sm_source source = {.name = "t.alloy", .text = sm_slice_of(text), .is_quotable = true, .language = SM_SOURCE_ALLOY};
    const struct sm_source *sources[] = {&source};
    const struct sm_alloy_options options = {.flavour = flavour, .find_type = find_type, .is_sealed = is_sealed};
    const struct sm_node *root = sm_alloy_load(sources, 1, &options, &arena, diags);
    char *result = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&result, &size);
    if (root) {
        struct sm_bytes yaml = {0};
        sm_node_write_yaml(root, &yaml);
        fwrite(yaml.ptr, 1, yaml.size, out);
        sm_bytes_deinit(&yaml);
    } else {
        sm_diags_print(diags, out, false);
    }
    fclose(out);
    sm_diags_free(diags);
    sm_arena_deinit(&arena);
    return result;
}

static char *load(const char *text, enum sm_alloy_flavour flavour)
{
    return load_as(text, flavour, true);
}

static void check(const char *text, enum sm_alloy_flavour flavour, const char *const *wanted)
{
    char *got = load(text, flavour);
    for (; *wanted; wanted++)
        if (!strstr(got, *wanted)) {
            print_message("missing: %s\nin:\n%s\n", *wanted, got);
            fail();
        }
    free(got);
}
#define CHECK(text, flavour, ...) check((text), (flavour), (const char *const[]){__VA_ARGS__, NULL})

static const char spanmetrics[] =
    "otelcol.connector.spanmetrics \"s\" {\n"
    "  aggregation_temporality = \"DELTA\"\n"
    "  dimensions_cache_size = 333\n"
    "  exclude_dimensions = [\"span.kind\"]\n"
    "  metrics_flush_interval = \"33s\"\n"
    "  namespace = \"test.namespace\"\n"
    "  resource_metrics_cache_size = 7\n"
    "  resource_metrics_key_attributes = [\"service.name\"]\n"
    "  dimension { name = \"a\" }\n"
    "  dimension {\n    name = \"b\"\n    default = \"GET\"\n  }\n"
    "  events {\n    enabled = true\n    dimension { name = \"c\" }\n  }\n"
    "  exemplars {\n    enabled = true\n    max_per_data_point = 3\n  }\n"
    "  histogram {\n    disable = true\n    unit = \"s\"\n    explicit { buckets = [\"333ms\", \"777s\", \"999h\"] }\n  }\n"
    "  output { }\n}\n";

static void every_argument_of_the_agents_spanmetrics_has_its_place(void **state)
{
    (void)state;
    CHECK(spanmetrics, SM_ALLOY_RIVER, "aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA", "- span.kind\n", "- collector.instance.id",
          "metrics_flush_interval: \"33s\"", "namespace: test.namespace", "resource_metrics_cache_size: 7", "- service.name", "- name: a\n",
          "default: GET", "events:\n      enabled: true", "- name: c", "max_per_data_point: 3", "disable: true", "unit: s", "- \"333ms\"",
          "- \"999h0m0s\"");
}

static void defaults_are_those_of_the_flavour(void **state)
{
    (void)state;
    static const char text[] = "otelcol.connector.spanmetrics \"s\" {\n  histogram {\n    exponential { }\n  }\n  output { }\n}\n"
                               "otelcol.processor.batch \"b\" {\n  output { }\n}\n"
                               "otelcol.processor.transform \"t\" {\n  output { }\n}\n";
    CHECK(text, SM_ALLOY_RIVER, "namespace: \"\"", "metrics_flush_interval: \"15s\"", "send_batch_size: 8192", "send_batch_max_size: 0",
          "error_mode: propagate", "max_size: 160");
    CHECK(text, SM_ALLOY_TODAY, "send_batch_size: 2000", "send_batch_max_size: 3000", "max_size: 160");
}

static const char receiver[] = "otelcol.receiver.otlp \"in\" {\n  http { }\n  output {\n    traces = [otelcol.processor.batch.a.input%s]\n  }\n}\n"
                               "otelcol.processor.batch \"a\" {\n  output {\n    traces = [otelcol.processor.batch.b.input]\n  }\n}\n"
                               "otelcol.processor.batch \"b\" {\n  output {\n    traces = [otelcol.exporter.debug.d.input]\n  }\n}\n"
                               "otelcol.exporter.debug \"d\" { }\n";

static void a_run_of_processors_is_one_pipeline(void **state)
{
    (void)state;
    char text[1024];
    snprintf(text, sizeof(text), receiver, "");
    CHECK(text, SM_ALLOY_TODAY,
          "receivers:\n        - otlp/in\n      processors:\n        - batch/a\n        - batch/b\n      exporters:\n        - debug/d");
}

static void paths_that_join_before_a_processor_meet_in_a_forward_connector(void **state)
{
    (void)state;
    char text[1024];
    snprintf(text, sizeof(text), receiver, ", otelcol.processor.batch.b.input");
    CHECK(text, SM_ALLOY_TODAY, "forward/batch.b: {}", "exporters:\n        - forward/batch.b",
          "receivers:\n        - otlp/in\n        - forward/batch.b\n      processors:\n        - batch/b");
}

static void paths_to_processors_of_one_label_stay_apart(void **state)
{
    (void)state;
    CHECK("otelcol.receiver.otlp \"in\" {\n  http { }\n  output { traces = [otelcol.processor.batch.x.input] }\n}\n"
          "otelcol.processor.batch \"x\" {\n  output { traces = [otelcol.processor.batch.default.input, otelcol.processor.attributes.default.input] "
          "}\n}\n"
          "otelcol.processor.batch \"default\" {\n  output { traces = [otelcol.exporter.debug.one.input] }\n}\n"
          "otelcol.processor.attributes \"default\" {\n  output { traces = [otelcol.exporter.debug.two.input] }\n}\n"
          "otelcol.exporter.debug \"one\" { }\notelcol.exporter.debug \"two\" { }\n",
          SM_ALLOY_TODAY, "exporters:\n        - forward/batch.default\n        - forward/attributes.default",
          "receivers:\n        - forward/batch.default\n      processors:\n        - batch/default\n      exporters:\n        - debug/one",
          "receivers:\n        - forward/attributes.default\n      processors:\n        - attributes/default\n      exporters:\n        - debug/two");
}

static void custom_components_are_made_of_what_they_declare(void **state)
{
    (void)state;
    CHECK("declare \"tag\" {\n  argument \"to\" { }\n  argument \"key\" {\n    optional = true\n    default = \"k\" + 1 * 2\n  }\n"
          "  otelcol.processor.attributes \"x\" {\n    action {\n      key = argument.key.value\n      value = 5\n      action = \"insert\"\n    }\n"
          "    output {\n      traces = argument.to.value\n    }\n  }\n  export \"input\" {\n    value = otelcol.processor.attributes.x.input\n  "
          "}\n}\n",
          SM_ALLOY_TODAY, "- nop");
    CHECK("declare \"tag\" {\n  argument \"to\" { }\n  otelcol.processor.attributes \"x\" {\n    action {\n      key = \"k\"\n      value = 5\n"
          "      action = \"insert\"\n    }\n    output {\n      traces = argument.to.value\n    }\n  }\n"
          "  export \"input\" {\n    value = otelcol.processor.attributes.x.input\n  }\n}\n"
          "tag \"one\" { to = [otelcol.exporter.debug.d.input] }\notelcol.exporter.debug \"d\" { }\n"
          "otelcol.receiver.otlp \"in\" {\n  grpc { }\n  output {\n    traces = [tag.one.input]\n  }\n}\n",
          SM_ALLOY_TODAY, "attributes/tag.one.x:", "endpoint: \"0.0.0.0:4317\"", "- attributes/tag.one.x\n      exporters:\n        - debug/d");
}

static void mistakes_are_told_at_their_place_all_at_once(void **state)
{
    (void)state;
    CHECK("otelcol.processor.bacth \"b\" { }\notelcol.processor.batch \"b\" {\n  timeot = \"1s\"\n  timeout = \"1d\"\n}\nremotecfg { }\nloki.write "
          "\"x\" { }\n"
          "a = 1\n",
          SM_ALLOY_TODAY,
          "t.alloy:1:1: cannot find the definition of component name \"otelcol.processor.bacth\" (did you mean otelcol.processor.batch?)",
          "t.alloy:3:3: unrecognized attribute name \"timeot\" (did you mean timeout?)",
          "t.alloy:4:13: \"1d\" time: unknown unit \"d\" in duration \"1d\"",
          "3 |   timeot = \"1s\"\n4 |   timeout = \"1d\"\n  |             ^^^^\n5 | }", "t.alloy:2:1: missing required block \"output\"",
          "t.alloy:6:1: remotecfg is not built in spanmill", "loki.write\": it is not built in spanmill",
          "t.alloy:8:1: unrecognized attribute \"a\"");
}

static void what_leads_nowhere_runs_all_the_same(void **state)
{
    (void)state;
    CHECK("", SM_ALLOY_TODAY, "receivers:\n        - nop", "exporters:\n        - nop");
    CHECK("otelcol.receiver.otlp \"x\" {\n  output {\n    traces = [otelcol.exporter.debug.d.input]\n  }\n}\notelcol.exporter.debug \"d\" { }\n",
          SM_ALLOY_TODAY, "receivers:\n        - nop");
}

static void circles_and_endless_nesting_are_refused(void **state)
{
    (void)state;
    CHECK("otelcol.processor.batch \"a\" {\n  output {\n    traces = [otelcol.processor.batch.b.input]\n  }\n}\n"
          "otelcol.processor.batch \"b\" {\n  output {\n    traces = [otelcol.processor.batch.a.input]\n  }\n}\n",
          SM_ALLOY_TODAY, "cycle: otelcol.processor.batch.a, otelcol.processor.batch.b");
    CHECK("declare \"x\" {\n  x \"y\" { }\n}\nx \"z\" { }\n", SM_ALLOY_TODAY, "nested more than 20 deep");
}

/* ---- rows and option tables */

/* What finish.c turns into something else. */
static bool is_shaped_later(const struct sm_alloy_row *row)
{
    static const char *const names[] = {"include_collector_instance_id", "statements", "username", "password"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(row->name, names[i]) == 0)
            return true;
    return false;
}

/* The option at "a.b"; NULL: there is none. */
static const struct sm_option *option_at(const struct sm_option *table, struct sm_slice path)
{
    struct sm_slice rest = path, first = sm_slice_cut(&rest, '.');
    for (const struct sm_option *option = table; option && option->kind != SM_OPTION_KIND_END; option++) {
        const struct sm_option *inside = option->squash ? option_at(option->table, path) : NULL;
        if (inside)
            return inside;
        if (option->squash || !sm_slice_is(first, sm_option_key(option)))
            continue;
        return rest.size && option->table ? option_at(option->table, rest) : option;
    }
    return NULL;
}

static size_t check_rows(const char *name, const struct sm_alloy_row *rows, const struct sm_option *table)
{
    size_t missing = 0;
    for (const struct sm_alloy_row *row = rows; row->kind != SM_ALLOY_ROW_END; row++) {
        if (row->kind == SM_ALLOY_ROW_SHARED) {
            missing += check_rows(name, row->rows, table);
            continue;
        }
        if (row->kind == SM_ALLOY_ROW_OUTPUT || row->kind == SM_ALLOY_ROW_RECEIVERS || row->has_no_effect || row->refused || row->is_shaped ||
            is_shaped_later(row))
            continue;
        bool is_squashed = row->kind == SM_ALLOY_ROW_PIECES || (row->kind == SM_ALLOY_ROW_BLOCK && row->to && !*row->to);
        const struct sm_option *option = is_squashed ? table : option_at(table, sm_slice_of(row->to ? row->to : row->name));
        if (!option) {
            print_message("%s: %s becomes %s, which is no option\n", name, row->name, row->to ? row->to : row->name);
            missing++;
        } else if (row->rows && (is_squashed || option->table)) {
            missing += check_rows(name, row->rows, is_squashed ? table : option->table);
        }
    }
    return missing;
}

static void check_component(void *context, const struct sm_alloy_component *component)
{
    const struct sm_component_type *type = find_type(component->kind, sm_slice_of(component->type));
    if (type && strcmp(component->type, "count") != 0) /* count takes names of the user's */
        *(size_t *)context += check_rows(component->name, component->rows, type->options);
}

static void every_row_of_a_component_that_is_built_becomes_an_option(void **state)
{
    (void)state;
    size_t missing = 0;
    sm_alloy_components_walk(check_component, &missing);
    assert_int_equal(missing, 0);
}

/* ---- every argument by itself, with a value of its own */

enum { PATH_MAX_ROWS = 12 };

struct path {
    const struct sm_alloy_row *rows[PATH_MAX_ROWS]; /* blocks, then an attribute */
    size_t count;
};

struct walk {
    const struct sm_alloy_component *component;
    struct path path;
    size_t checked, lost;
};

/* What is written for a row, and what must come of it. */
static const char *value_of(const struct sm_alloy_row *row, const char **wanted)
{
    static const struct {
        const char *alloy, *yaml;
    } values[SM_ALLOY_WANT_COUNT] = {
        [SM_ALLOY_WANT_ANY] = {"77", "77"},         [SM_ALLOY_WANT_STRING] = {"\"vq7x\"", "vq7x"}, [SM_ALLOY_WANT_SECRET] = {"\"vq7x\"", "vq7x"},
        [SM_ALLOY_WANT_INT] = {"77", "77"},         [SM_ALLOY_WANT_UINT] = {"77", "77"},           [SM_ALLOY_WANT_UINT8] = {"77", "77"},
        [SM_ALLOY_WANT_UINT16] = {"77", "77"},      [SM_ALLOY_WANT_UINT32] = {"77", "77"},         [SM_ALLOY_WANT_INT32] = {"77", "77"},
        [SM_ALLOY_WANT_DOUBLE] = {"7.75", "7.75"},  [SM_ALLOY_WANT_BOOL] = {"true", "true"},       [SM_ALLOY_WANT_DURATION] = {"\"7s\"", "7s"},
        [SM_ALLOY_WANT_SIZE] = {"\"77MiB\"", "77"},
    };
    unsigned want = row->want & 0xff;
    *wanted = want == SM_ALLOY_WANT_SIZE && row->divisor == 0 ? "80740352" : values[want].yaml;
    if (row->words)
        *wanted = row->words->collector;
    return values[want].alloy;
}

static void write_attribute(struct sm_bytes *out, const struct sm_alloy_row *row)
{
    const char *wanted, *value = value_of(row, &wanted);
    sm_bytes_printf(out, "%s = %s", row->name, row->want & SM_ALLOY_LIST_OF ? "[" : row->want & SM_ALLOY_MAP_OF ? "{k = " : "");
    if (row->words)
        sm_bytes_printf(out, "\"%s\"", row->words->alloy);
    else
        sm_bytes_append_text(out, value);
    sm_bytes_printf(out, "%s\n", row->want & SM_ALLOY_LIST_OF ? "]" : row->want & SM_ALLOY_MAP_OF ? "}" : "");
}

/* What must be there, and `path` from its part `depth` on (NULL: nothing more). */
static void write_rows(struct sm_bytes *out, const struct sm_alloy_row *rows, const struct path *path, size_t depth)
{
    for (const struct sm_alloy_row *row = rows; row->kind != SM_ALLOY_ROW_END; row++) {
        bool is_on_path = path && depth < path->count && path->rows[depth] == row;
        if (row->kind == SM_ALLOY_ROW_SHARED)
            write_rows(out, row->rows, path, depth);
        else if (row->kind == SM_ALLOY_ROW_OUTPUT)
            sm_bytes_append_text(out, "output {\ntraces = [otelcol.exporter.debug.d.input]\nmetrics = [otelcol.exporter.debug.d.input]\n"
                                      "logs = [otelcol.exporter.debug.d.input]\n}\n");
        else if (!is_on_path && !row->required)
            continue;
        else if (row->kind == SM_ALLOY_ROW_ATTRIBUTE)
            write_attribute(out, row);
        else {
            sm_bytes_printf(out, "%s {\n", row->name);
            write_rows(out, row->rows, is_on_path ? path : NULL, depth + 1);
            sm_bytes_append_text(out, "}\n");
        }
    }
}

static const char *last_key(const struct sm_alloy_row *row)
{
    const char *key = row->to ? row->to : row->name, *dot = strrchr(key, '.');
    return dot ? dot + 1 : key;
}

/* "key: value", or the value below the key. */
static bool has_value(const char *yaml, const struct sm_alloy_row *row)
{
    const char *wanted;
    value_of(row, &wanted);
    for (const char *at = yaml; (at = strstr(at, last_key(row))); at++)
        if (at[strlen(last_key(row))] == ':') {
            /* Behind it, or on the next line as the only one of a list or map. */
            const char *value = strstr(at, wanted), *line = strchr(at, '\n'), *next = line ? strchr(line + 1, '\n') : NULL;
            if (value && (!next || value < next))
                return true;
        }
    return false;
}

static void check_argument(struct walk *walk)
{
    const struct sm_alloy_row *row = walk->path.rows[walk->path.count - 1];
    struct sm_bytes text = {0};
    sm_bytes_printf(&text, "%s \"x\" {\n", walk->component->name);
    write_rows(&text, walk->component->rows, &walk->path, 0);
    sm_bytes_append_text(&text, "}\notelcol.exporter.debug \"d\" { }\n");
    if (walk->component->kind != SM_RECEIVER)
        sm_bytes_printf(
            &text, "otelcol.receiver.otlp \"in\" {\nhttp { }\noutput {\ntraces = [%s.x.input]\nmetrics = [%s.x.input]\nlogs = [%s.x.input]\n}\n}\n",
            walk->component->name, walk->component->name, walk->component->name);
    char *yaml = load(sm_bytes_cstr(&text), SM_ALLOY_TODAY);
    walk->checked++;
    if (!has_value(yaml, row)) {
        print_message("%s: %s is lost:\n%s\n%s\n", walk->component->name, row->name, sm_bytes_cstr(&text), yaml);
        walk->lost++;
    }
    free(yaml);
    sm_bytes_deinit(&text);
}

static bool has_plain_value(const struct sm_alloy_row *row)
{
    const char *wanted;
    return value_of(row, &wanted) != NULL;
}

static void walk_rows(struct walk *walk, const struct sm_alloy_row *rows)
{
    for (const struct sm_alloy_row *row = rows; row->kind != SM_ALLOY_ROW_END; row++) {
        if (row->kind == SM_ALLOY_ROW_SHARED) {
            walk_rows(walk, row->rows);
            continue;
        }
        if (row->has_no_effect || row->refused || row->is_shaped || is_shaped_later(row) || walk->path.count == PATH_MAX_ROWS)
            continue;
        walk->path.rows[walk->path.count++] = row;
        if (row->kind == SM_ALLOY_ROW_ATTRIBUTE && has_plain_value(row))
            check_argument(walk);
        else if (row->kind == SM_ALLOY_ROW_BLOCK || row->kind == SM_ALLOY_ROW_BLOCKS)
            walk_rows(walk, row->rows);
        walk->path.count--;
    }
}

/* Those with rules of their own between arguments have tests of their own. */
static bool has_rules(const struct sm_alloy_component *component)
{
    static const char *const names[] = {"otelcol.connector.spanmetrics", "otelcol.processor.memory_limiter", "otelcol.processor.tail_sampling",
                                        "otelcol.exporter.prometheus"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(component->name, names[i]) == 0)
            return true;
    return component->kind == SM_EXTENSION || component->exports != 0;
}

static void walk_component(void *context, const struct sm_alloy_component *component)
{
    struct walk *walk = context;
    walk->component = component;
    if (!has_rules(component) && find_type(component->kind, sm_slice_of(component->type)))
        walk_rows(walk, component->rows);
}

static void every_argument_by_itself_arrives(void **state)
{
    (void)state;
    struct walk walk = {0};
    sm_alloy_components_walk(walk_component, &walk);
    assert_int_equal(walk.lost, 0);
    assert_true(walk.checked > 200);
}

/* What is beyond the limit is not left out silently. */
static void a_folder_of_too_many_files_is_refused(void **state)
{
    (void)state;
    enum { MORE_THAN_ALLOWED = 1001 };
    char folder[] = "/tmp/spanmill-import-XXXXXX", path[64], text[128];
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < MORE_THAN_ALLOWED; i++) {
        snprintf(path, sizeof(path), "%s/%d.alloy", folder, i);
        fclose(fopen(path, "w"));
    }
    snprintf(text, sizeof(text), "import.file \"m\" {\n  filename = \"%s\"\n}\n", folder);
    char *refused = load_as(text, SM_ALLOY_TODAY, false);
    unlink(path);
    char *taken = load_as(text, SM_ALLOY_TODAY, false);
    for (int i = 0; i < MORE_THAN_ALLOWED; i++) {
        snprintf(path, sizeof(path), "%s/%d.alloy", folder, i);
        unlink(path);
    }
    rmdir(folder);
    assert_non_null(strstr(refused, "has more than 1000 files"));
    assert_null(strstr(taken, "has more than"));
    free(refused);
    free(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_argument_of_the_agents_spanmetrics_has_its_place),
        cmocka_unit_test(defaults_are_those_of_the_flavour),
        cmocka_unit_test(a_run_of_processors_is_one_pipeline),
        cmocka_unit_test(paths_that_join_before_a_processor_meet_in_a_forward_connector),
        cmocka_unit_test(paths_to_processors_of_one_label_stay_apart),
        cmocka_unit_test(a_folder_of_too_many_files_is_refused),
        cmocka_unit_test(custom_components_are_made_of_what_they_declare),
        cmocka_unit_test(mistakes_are_told_at_their_place_all_at_once),
        cmocka_unit_test(what_leads_nowhere_runs_all_the_same),
        cmocka_unit_test(circles_and_endless_nesting_are_refused),
        cmocka_unit_test(every_row_of_a_component_that_is_built_becomes_an_option),
        cmocka_unit_test(every_argument_by_itself_arrives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
