/* config_fuzz.c - the whole way of a configuration: YAML, substitution, merging, decoding by tables, checks, masking and writing it out again.
 * Neither files nor the environment are read. What is written must read back. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "config/diags.h"
#include "config/load.h"
#include "config/source.h"
#include "config/write.h"
#include "config/yaml.h"
#include "pipeline/config.h"
#include "pipeline/config_mask.h"

/* libfyaml 0.7.12 leaks some bytes on some invalid texts; the program reads few texts in its life. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml\n";
}

enum words { RED, GREEN };
struct inner {
    const char *endpoint;
    double ratio;
};
struct options {
    bool flag;
    int64_t count;
    uint64_t size, wait_ns;
    int colour;
    const char *secret;
    struct sm_string_list names;
    struct sm_double_list numbers;
    struct sm_duration_list bounds;
    struct sm_string_map headers;
    struct inner inner, *optional;
    struct sm_table_list rules;
    struct sm_table_map by_name;
    const struct sm_node *value;
};

static const struct sm_option_word colours[] = {{"red", RED}, {"green", GREEN}, {.word = NULL}};
static const struct sm_option inner_table[] = {
    SM_OPTION_STRING(struct inner, endpoint, .preset.string = "localhost:1"),
    SM_OPTION_DOUBLE(struct inner, ratio, .min = 0, .max = 1, .required = true),
    SM_OPTION_END,
};
static const struct sm_option table[] = {
    SM_OPTION_BOOL(struct options, flag),
    SM_OPTION_INT(struct options, count, .min = -5, .max = 5),
    SM_OPTION_UINT(struct options, size),
    SM_OPTION_DURATION(struct options, wait_ns, .key = "wait"),
    SM_OPTION_ENUM(struct options, colour, colours),
    SM_OPTION_SECRET(struct options, secret),
    SM_OPTION_STRING_LIST(struct options, names),
    SM_OPTION_DOUBLE_LIST(struct options, numbers),
    SM_OPTION_DURATION_LIST(struct options, bounds),
    SM_OPTION_STRING_MAP(struct options, headers, .secret = true),
    SM_OPTION_TABLE(struct options, inner, inner_table),
    SM_OPTION_OPTIONAL(struct options, optional, inner_table),
    SM_OPTION_TABLE_LIST(struct options, rules, struct inner, inner_table),
    SM_OPTION_TABLE_MAP(struct options, by_name, struct inner, inner_table),
    SM_OPTION_NODE(struct options, value),
    SM_OPTION_REFUSED("refused"),
    SM_OPTION_END,
};
static const struct sm_component_type receiver = {
    .kind = SM_RECEIVER, .name = "in", .signals = SM_SIGNAL_ALL, .options = table, .options_size = sizeof(struct options)};
static const struct sm_component_type exporter = {
    .kind = SM_EXPORTER, .name = "out", .signals = SM_SIGNAL_TRACES, .options = table, .options_size = sizeof(struct options)};
static const struct sm_component_type connector = {
    .kind = SM_CONNECTOR, .name = "join", .signals = SM_SIGNAL_ALL, .gives = {SM_SIGNAL_ALL, SM_SIGNAL_METRICS, SM_SIGNAL_LOGS}};
static const struct sm_component_type *const types[] = {&receiver, &exporter, &connector};

static void check_that_it_reads_back(const struct sm_node *root, struct sm_arena *arena)
{
    struct sm_bytes text = {0};
    sm_node_write_yaml(root, &text);
    struct sm_source source = {.name = "written", .text = sm_bytes_slice(&text), .is_quotable = true};
    struct sm_diags *diags = sm_diags_create();
    if (text.size < SM_YAML_TEXT_BYTES_MAX && !sm_yaml_parse(&source, arena, diags)) {
        sm_diags_print(diags, stderr, false);
        fprintf(stderr, "%.*s\n", SM_SLICE_ARGS(source.text));
        abort();
    }
    sm_diags_free(diags);
    sm_bytes_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *uri = sm_alloc(size + 6, 1);
    memcpy(uri, "yaml:", 5);
    for (size_t i = 0; i < size; i++)
        uri[5 + i] = data[i] ? (char)data[i] : ' ';
    const char *uris[] = {uri, uri};
    const char *sets[] = {"a.b=c", "service.pipelines.traces.receivers=[in]"};
    struct sm_load_options options = {.uris = uris, .uri_count = 2, .sets = sets, .set_count = 2, .is_sealed = true};
    struct sm_diags *diags = sm_diags_create();
    sm_config_free(sm_config_load(&options, types, sizeof(types) / sizeof(types[0]), diags));
    struct sm_arena arena = SM_ARENA_INIT;
    options.set_count = 0;
    const struct sm_node *root = sm_load(&options, &arena, diags);
    if (root)
        check_that_it_reads_back(sm_config_mask(root, types, sizeof(types) / sizeof(types[0]), &arena), &arena);
    FILE *sink = fopen("/dev/null", "w");
    if (sink) {
        sm_diags_print(diags, sink, true);
        fclose(sink);
    }
    sm_diags_free(diags);
    sm_arena_deinit(&arena);
    free(uri);
    return 0;
}
