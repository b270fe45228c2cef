/* files.c - local.file, import.file and import.string: what is read while evaluating. */
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "alloy/parser.h"
#include "alloy/scope.h"
#include "base/error.h"
#include "config/diags.h"
#include "config/provider.h"

enum { FILES_MAX = 1000 };

static const struct sm_alloy_row watch_rows[] = {
    SM_ALLOY_TEXT("detector", .words = (const struct sm_alloy_word[]){{"fsnotify", "fsnotify"}, {"poll", "poll"}, {0}}),
    SM_ALLOY_TIME("poll_frequency"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row local_file_rows[] = {
    SM_ALLOY_TEXT("filename", .required = true),
    SM_ALLOY_SWITCH("is_secret"),
    SM_ALLOY_SHARED(watch_rows),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row import_file_rows[] = {
    SM_ALLOY_TEXT("filename", .required = true),
    SM_ALLOY_SHARED(watch_rows),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row import_string_rows[] = {
    SM_ALLOY_ATTRIBUTE("content", SM_ALLOY_WANT_OPTIONAL_SECRET, .required = true),
    SM_ALLOY_END_ROW,
};

/* Checks the block by its rows; false after errors. */
static bool check(struct sm_alloy_module *module, struct sm_alloy_node *node, struct sm_alloy_decoding *decoding, const struct sm_alloy_row *rows)
{
    struct sm_node scratch = {.kind = SM_NODE_MAP};
    sm_alloy_decode_block(decoding, node->block, rows, &scratch);
    sm_alloy_module_finish(module, node, decoding);
    return decoding->error_count == 0;
}

static struct sm_source *read_file(struct sm_alloy_module *module, struct sm_alloy_node *node, struct sm_slice path)
{
    struct sm_provided provided;
    struct sm_error error;
    struct sm_arena *arena = module->loading->arena;
    const char *uri = sm_arena_printf(arena, "file:%.*s", SM_SLICE_ARGS(path));
    if (sm_provider_fetch(sm_slice_of(uri), module->loading->options->is_sealed, arena, &provided, &error)) {
        provided.source->language = SM_SOURCE_ALLOY;
        return provided.source;
    }
    sm_alloy_module_error(module, sm_alloy_block_position(node->source, node->block), NULL, "failed to read file: %s", error.text);
    node->state = SM_ALLOY_FAILED;
    return NULL;
}

void sm_alloy_evaluate_local_file(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    struct sm_alloy_scope scope = {.names = module->names};
    struct sm_alloy_decoding decoding = sm_alloy_module_decoding(module, node, &scope);
    struct sm_arena *arena = module->loading->arena;
    if (!check(module, node, &decoding, local_file_rows))
        return;
    const struct sm_alloy_value *name = sm_alloy_decode_attribute(&decoding, node->block, "filename", SM_ALLOY_WANT_STRING, NULL);
    const struct sm_alloy_value *secret = sm_alloy_decode_attribute(&decoding, node->block, "is_secret", SM_ALLOY_WANT_BOOL, NULL);
    const struct sm_source *source = read_file(module, node, name->text);
    if (!source)
        return;
    struct sm_alloy_value *exports = sm_alloy_object(arena);
    sm_alloy_object_set(exports, arena, SM_SLICE("content"), sm_alloy_optional_secret(arena, source->text, secret && secret->boolean));
    sm_alloy_module_export(module, node, exports);
}

/* ---- imports */

static struct sm_alloy_registry *add_namespace(struct sm_alloy_module *module, const struct sm_alloy_node *node)
{
    struct sm_arena *arena = module->loading->arena;
    struct sm_alloy_imported *imported = sm_arena_zalloc(arena, 1, sizeof(*imported));
    imported->name = node->block->label;
    imported->registry = sm_arena_zalloc(arena, 1, sizeof(*imported->registry));
    imported->next = module->registry->imported;
    module->registry->imported = imported;
    return imported->registry;
}

/* Modules hold only declarations and further imports, which are evaluated at once. */
static void take_module(struct sm_alloy_module *module, struct sm_alloy_node *node, struct sm_alloy_registry *registry,
                        const struct sm_alloy_file *file)
{
    struct sm_alloy_module inner = {.loading = module->loading,
                                    .outer = module,
                                    .prefix = module->prefix,
                                    .registry = registry,
                                    .names = sm_alloy_object(module->loading->arena),
                                    .depth = module->depth + 1};
    struct sm_alloy_body imports = {0};
    imports.items = sm_arena_zalloc(module->loading->arena, file->body.count, sizeof(struct sm_alloy_statement *));
    for (size_t i = 0; i < file->body.count; i++) {
        struct sm_alloy_statement *statement = file->body.items[i];
        bool is_import = statement->is_block && sm_slice_starts_with(statement->name, SM_SLICE("import."));
        if (is_import || (statement->is_block && sm_slice_is(statement->name, "declare")))
            imports.items[imports.count++] = statement;
        else
            sm_alloy_module_error(&inner, sm_alloy_position(file->source, statement->start, statement->end), NULL,
                                  "only declare and import blocks are allowed in a module, got %.*s", SM_SLICE_ARGS(statement->name));
    }
    if (inner.depth > SM_ALLOY_MODULE_DEPTH_MAX) {
        sm_alloy_module_error(&inner, sm_alloy_block_position(node->source, node->block), NULL, "imports are nested more than %d deep",
                              SM_ALLOY_MODULE_DEPTH_MAX);
        return;
    }
    sm_alloy_module_add_body(&inner, &imports, file->source);
    sm_alloy_module_run(&inner);
}

static void import_path(struct sm_alloy_module *module, struct sm_alloy_node *node, struct sm_alloy_registry *registry, struct sm_slice path)
{
    const struct sm_source *source = read_file(module, node, path);
    if (!source)
        return;
    const struct sm_alloy_file *file = sm_alloy_parse(source, module->loading->arena, module->loading->diags);
    if (file) {
        take_module(module, node, registry, file);
        return;
    }
    module->loading->error_count++;
    node->state = SM_ALLOY_FAILED;
}

static int order_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All *.alloy files of a folder, by name. False: it is none. */
static bool import_folder(struct sm_alloy_module *module, struct sm_alloy_node *node, struct sm_alloy_registry *registry, const char *path)
{
    struct sm_arena *arena = module->loading->arena;
    DIR *folder = module->loading->options->is_sealed ? NULL : opendir(path);
    if (!folder)
        return false;
    const char *names[FILES_MAX];
    size_t count = 0;
    bool has_more = false;
    for (const struct dirent *entry; !has_more && (entry = readdir(folder)) != NULL;) {
        if (!sm_slice_ends_with(sm_slice_of(entry->d_name), SM_SLICE(".alloy")))
            continue;
        has_more = count == FILES_MAX;
        if (!has_more)
            names[count++] = sm_arena_printf(arena, "%s/%s", path, entry->d_name);
    }
    closedir(folder);
    if (has_more)
        sm_alloy_module_error(module, sm_alloy_block_position(node->source, node->block), NULL, "%s has more than %d files", path, FILES_MAX);
    qsort(names, count, sizeof(names[0]), order_names);
    for (size_t i = 0; i < count; i++)
        import_path(module, node, registry, sm_slice_of(names[i]));
    return true;
}

void sm_alloy_evaluate_import_file(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    struct sm_alloy_scope scope = {.names = module->names};
    struct sm_alloy_decoding decoding = sm_alloy_module_decoding(module, node, &scope);
    if (!check(module, node, &decoding, import_file_rows))
        return;
    const struct sm_alloy_value *name = sm_alloy_decode_attribute(&decoding, node->block, "filename", SM_ALLOY_WANT_STRING, NULL);
    struct sm_alloy_registry *registry = add_namespace(module, node);
    if (!import_folder(module, node, registry, sm_arena_strdup(module->loading->arena, name->text)))
        import_path(module, node, registry, name->text);
}

/* Content that does not parse is told, but does not stop the start; what names it does. */
void sm_alloy_evaluate_import_string(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    struct sm_alloy_scope scope = {.names = module->names};
    struct sm_alloy_decoding decoding = sm_alloy_module_decoding(module, node, &scope);
    struct sm_arena *arena = module->loading->arena;
    if (!check(module, node, &decoding, import_string_rows))
        return;
    const struct sm_alloy_value *content = sm_alloy_decode_attribute(&decoding, node->block, "content", SM_ALLOY_WANT_OPTIONAL_SECRET, NULL);
    struct sm_source *source = sm_arena_zalloc(arena, 1, sizeof(*source));
    *source = (struct sm_source){.name = sm_arena_printf(arena, "%s (%s)", node->source->name, node->id),
                                 .text = content->text,
                                 .is_quotable = !content->is_secret,
                                 .language = SM_SOURCE_ALLOY};
    struct sm_alloy_registry *registry = add_namespace(module, node);
    const struct sm_alloy_file *file = sm_alloy_parse(source, arena, NULL);
    if (file)
        take_module(module, node, registry, file);
    else
        sm_diags_add(module->loading->diags, SM_DIAG_WARNING, sm_alloy_block_position(node->source, node->block), NULL, NULL,
                     "the content of %s cannot be parsed", node->id);
}
