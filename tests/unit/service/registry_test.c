/* Every component type: listed, documented, and through its life without a leak. */
#include "service/registry.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "config/diags.h"
#include "pipeline/graph.h"
#include "pipeline/worker.h"

/* ---- the sources */

static struct sm_bytes registry_text;

static void read_file(const char *path, struct sm_bytes *into)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char chunk[4096];
    for (size_t size; (size = fread(chunk, 1, sizeof(chunk), file)) > 0;)
        sm_bytes_append(into, chunk, size);
    fclose(file);
}

static void expect_listed(const char *path, const char *name, size_t size)
{
    char *entry;
    assert_true(asprintf(&entry, "&%.*s,", (int)size, name) > 0);
    if (!strstr(sm_bytes_cstr(&registry_text), entry))
        fail_msg("%s defines %.*s, which src/service/registry.c does not list", path, (int)size, name);
    free(entry);
}

static void check_source(const char *path)
{
    static const char start[] = "const struct sm_component_type sm_";
    struct sm_bytes text = {0};
    read_file(path, &text);
    for (const char *at = sm_bytes_cstr(&text); (at = strstr(at, start)); at++) {
        const char *name = at + sizeof(start) - 1 - strlen("sm_");
        bool is_definition = at == text.ptr || at[-1] == '\n';
        if (is_definition)
            expect_listed(path, name, strcspn(name, " ="));
    }
    sm_bytes_deinit(&text);
}

static void check_folder(const char *path)
{
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char *inner;
        struct stat about;
        if (entry->d_name[0] == '.')
            continue;
        assert_true(asprintf(&inner, "%s/%s", path, entry->d_name) > 0);
        assert_int_equal(stat(inner, &about), 0);
        size_t size = strlen(inner);
        if (S_ISDIR(about.st_mode))
            check_folder(inner);
        else if (strcmp(inner + size - 2, ".c") == 0 && !strstr(inner, "/service/registry.c"))
            check_source(inner);
        free(inner);
    }
    closedir(folder);
}

static void lists_every_type_that_is_defined(void **state)
{
    (void)state;
    read_file(TEST_SOURCE_DIR "/src/service/registry.c", &registry_text);
    check_folder(TEST_SOURCE_DIR "/src");
    sm_bytes_deinit(&registry_text);
}

/* ---- the tables */

static void check_rows(const struct sm_component_type *type, const struct sm_option *table, unsigned depth)
{
    if (depth > 8)
        return;
    for (const struct sm_option *option = table; option->kind != SM_OPTION_KIND_END; option++) {
        if (option->kind != SM_OPTION_KIND_REFUSED && !option->squash && (!option->help || !*option->help))
            fail_msg("%s: option %s has no help", type->name, sm_option_key(option));
        if (option->table)
            check_rows(type, option->table, depth + 1);
    }
}

static void every_type_and_every_option_says_what_it_is_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < sm_component_type_count; i++) {
        const struct sm_component_type *type = sm_component_types[i];
        assert_non_null(type->name);
        assert_non_null(type->help);
        if (type->kind != SM_EXTENSION)
            assert_true(type->signals != 0);
        if (type->kind == SM_PROCESSOR || type->kind == SM_CONNECTOR)
            assert_non_null(type->consume);
        if (type->kind == SM_EXPORTER)
            assert_true((type->consume != NULL) != (type->send != NULL));
        if (type->options)
            check_rows(type, type->options, 0);
    }
}

static void finds_types_by_new_and_old_names(void **state)
{
    (void)state;
    bool is_old = true;
    for (size_t i = 0; i < sm_component_type_count; i++) {
        const struct sm_component_type *type = sm_component_types[i];
        assert_ptr_equal(sm_registry_find(type->kind, sm_slice_of(type->name), &is_old), type);
        assert_false(is_old);
        for (const char *const *old = type->old_names; old && *old; old++) {
            assert_ptr_equal(sm_registry_find(type->kind, sm_slice_of(*old), &is_old), type);
            assert_true(is_old);
        }
    }
    assert_null(sm_registry_find(SM_RECEIVER, SM_SLICE("nothing"), NULL));
}

/* ---- life: alone in a pipeline between nop components, created and freed without start, and stopped without start */

static const struct sm_component_type *get_type(enum sm_component_kind kind, const char *name)
{
    const struct sm_component_type *type = sm_registry_find(kind, sm_slice_of(name), NULL);
    assert_non_null(type);
    return type;
}

static void note_stopped(void *context, bool is_drained)
{
    assert_true(is_drained);
    sm_workers_stop_main(context);
}

/* The options of `type` with their defaults; false when those are not valid by themselves (a target or a path must be given). */
static bool make_options(const struct sm_component_type *type, struct sm_arena *arena, void **options)
{
    *options = sm_arena_zalloc(arena, 1, type->options_size ? type->options_size : 1);
    if (!type->options || type->options_size == 0)
        return true;
    struct sm_diags *diags = sm_diags_create();
    struct sm_validation validation = {.diags = diags, .path = type->name, .arena = arena};
    bool is_valid = sm_options_decode(type->options, *options, type->options_size, NULL, type->name, arena, diags);
    if (is_valid && type->validate)
        type->validate(*options, &validation);
    is_valid = is_valid && sm_diags_error_count(diags) == 0;
    sm_diags_free(diags);
    return is_valid;
}

static enum sm_signal first_signal(unsigned signals)
{
    return signals & SM_SIGNAL_TRACES ? SM_TRACES : signals & SM_SIGNAL_METRICS ? SM_METRICS : SM_LOGS;
}

static void live_without_start(const struct sm_component_type *type, struct sm_workers *workers)
{
    struct sm_arena arena = SM_ARENA_INIT;
    void *options;
    if (!make_options(type, &arena, &options)) {
        sm_arena_deinit(&arena);
        return;
    }
    const struct sm_graph_component tested = {.type = type, .id = type->name, .options = options}, *tested_list[] = {&tested};
    const struct sm_graph_component source = {.type = get_type(SM_RECEIVER, "nop"), .id = "nop"}, *source_list[] = {&source};
    const struct sm_graph_component sink = {.type = get_type(SM_EXPORTER, "nop"), .id = "nop"}, *sink_list[] = {&sink};
    enum sm_signal signal = first_signal(type->signals);
    struct sm_graph_pipeline pipelines[2] = {
        {.id = "tested/0", .signal = signal, .receivers = source_list, .receiver_count = 1, .exporters = sink_list, .exporter_count = 1}};
    struct sm_graph_plan plan = {.pipelines = pipelines, .pipeline_count = 1};
    if (type->kind == SM_RECEIVER) {
        pipelines[0].receivers = tested_list;
    } else if (type->kind == SM_PROCESSOR) {
        pipelines[0].processors = tested_list;
        pipelines[0].processor_count = 1;
    } else if (type->kind == SM_EXPORTER) {
        pipelines[0].exporters = tested_list;
    } else if (type->kind == SM_CONNECTOR) {
        pipelines[0].exporters = tested_list;
        pipelines[1] = pipelines[0];
        pipelines[1].id = "tested/1";
        pipelines[1].signal = first_signal(type->gives[signal]);
        pipelines[1].receivers = tested_list;
        pipelines[1].exporters = sink_list;
        plan.pipeline_count = 2;
    } else {
        plan.extensions = tested_list;
        plan.extension_count = 1;
    }
    struct sm_error error = {0};
    struct sm_graph *graph = sm_graph_create(workers, &plan, NULL, &error);
    if (!graph && error.option) { /* an option must be given, which only using the component asks for */
        sm_arena_deinit(&arena);
        return;
    }
    if (!graph)
        fail_msg("%s cannot be created from its defaults: %s", type->name, error.text);
    sm_graph_free(graph);
    graph = sm_graph_create(workers, &plan, NULL, &error);
    assert_non_null(graph);
    sm_graph_stop(graph, UINT64_C(10000000000), note_stopped, workers);
    sm_workers_run_main(workers);
    sm_graph_free(graph);
    sm_arena_deinit(&arena);
}

static void every_type_lives_without_being_started(void **state)
{
    (void)state;
    struct sm_error error = {0};
    struct sm_workers *workers = sm_workers_create(2, &error);
    assert_non_null(workers);
    sm_workers_start(workers);
    for (size_t i = 0; i < sm_component_type_count; i++)
        live_without_start(sm_component_types[i], workers);
    sm_workers_free(workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_every_type_that_is_defined),
        cmocka_unit_test(every_type_and_every_option_says_what_it_is_for),
        cmocka_unit_test(finds_types_by_new_and_old_names),
        cmocka_unit_test(every_type_lives_without_being_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
