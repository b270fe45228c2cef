/* module.c - takes a body apart into blocks, finds out what each is, and evaluates them, leaves first.
 *
 * Source: Alloy's internal/runtime/internal/controller (loader.go, node_*.go). */
#include "alloy/module.h"

#include "alloy/not_built.h"
#include "alloy/parser.h"
#include "alloy/scope.h"
#include "alloy/yaml_mistake.h"
#include "config/diags.h"
#include "config/source.h"

enum { NAMES_MAX = 256 };

/* ---- what a block is */

enum place { PLACE_FILES = 1, PLACE_CUSTOM = 2, PLACE_ANY = 3 };

static const struct block_kind {
    const char *name;
    enum place place;
    bool needs_label;
    void (*evaluate)(struct sm_alloy_module *module, struct sm_alloy_node *node); /* NULL: refused */
    const char *refused;
} block_kinds[] = {
    {"logging", PLACE_FILES, false, sm_alloy_evaluate_logging, NULL},
    {"tracing", PLACE_FILES, false, sm_alloy_evaluate_tracing, NULL},
    {"http", PLACE_FILES, false, sm_alloy_evaluate_ignored, NULL},
    {"livedebugging", PLACE_FILES, false, sm_alloy_evaluate_ignored, NULL},
    {"local.file", PLACE_ANY, true, sm_alloy_evaluate_local_file, NULL},
    {"import.file", PLACE_ANY, true, sm_alloy_evaluate_import_file, NULL},
    {"import.string", PLACE_ANY, true, sm_alloy_evaluate_import_string, NULL},
    {"argument", PLACE_CUSTOM, true, sm_alloy_evaluate_argument, NULL},
    {"export", PLACE_CUSTOM, true, sm_alloy_evaluate_export, NULL},
    {"import.git", PLACE_ANY, true, NULL, "fetch the repository yourself and use import.file"},
    {"import.http", PLACE_ANY, true, NULL, "fetch the file yourself and use import.file"},
    {"remotecfg", PLACE_FILES, false, NULL, "spanmill does not fetch its configuration over the network"},
    {"foreach", PLACE_ANY, true, NULL, "write one block for each element"},
};

static const struct block_kind *find_kind(struct sm_slice name)
{
    for (size_t i = 0; i < sizeof(block_kinds) / sizeof(block_kinds[0]); i++)
        if (sm_slice_is(name, block_kinds[i].name))
            return &block_kinds[i];
    return NULL;
}

struct names {
    const char *items[NAMES_MAX];
    size_t count;
};

static void collect_name(void *context, const struct sm_alloy_component *component)
{
    struct names *names = context;
    if (names->count < NAMES_MAX)
        names->items[names->count++] = component->name;
}

static void report_unknown(struct sm_alloy_module *module, const struct sm_alloy_statement *block, const struct sm_source *source)
{
    struct names names = {0};
    sm_alloy_components_walk(collect_name, &names);
    for (size_t i = 0; i < sizeof(block_kinds) / sizeof(block_kinds[0]) && names.count < NAMES_MAX; i++)
        names.items[names.count++] = block_kinds[i].name;
    struct sm_arena *arena = module->loading->arena;
    const char *near = sm_alloy_is_not_built(block->name) ? NULL : sm_nearest_word(sm_arena_strdup(arena, block->name), names.items, names.count);
    sm_alloy_module_error(module, sm_alloy_block_position(source, block), near ? sm_arena_printf(arena, "did you mean %s?", near) : NULL,
                          "cannot find the definition of component name \"%.*s\"%s", SM_SLICE_ARGS(block->name),
                          !near && sm_alloy_is_of_known_family(block->name) ? ": it is not built in spanmill" : "");
}

static struct sm_alloy_node *add_node(struct sm_alloy_module *module, const struct sm_alloy_statement *block, const struct sm_source *source)
{
    struct sm_arena *arena = module->loading->arena;
    module->nodes = sm_arena_grow(arena, module->nodes, module->node_count, &module->node_capacity, module->node_count + 1, sizeof(*module->nodes));
    struct sm_alloy_node *node = &module->nodes[module->node_count++];
    *node = (struct sm_alloy_node){.block = block, .source = source};
    node->id = sm_arena_printf(arena, "%.*s%s%.*s", SM_SLICE_ARGS(block->name), block->label.size ? "." : "", SM_SLICE_ARGS(block->label));
    return node;
}

static bool check_label(struct sm_alloy_module *module, const struct sm_alloy_statement *block, const struct sm_source *source, bool needs_label)
{
    if (!needs_label || block->label.size)
        return true;
    sm_alloy_module_error(module, sm_alloy_block_position(source, block), NULL, "block \"%.*s\" must have a label", SM_SLICE_ARGS(block->name));
    return false;
}

static bool check_kind(struct sm_alloy_module *module, const struct sm_alloy_statement *block, const struct sm_source *source,
                       const struct block_kind *kind)
{
    struct sm_position position = sm_alloy_block_position(source, block);
    if (!(kind->place & (module->outer ? PLACE_CUSTOM : PLACE_FILES))) {
        sm_alloy_module_error(module, position, NULL, "%s blocks are not allowed %s", kind->name,
                              module->outer ? "in a custom component" : "outside of a declare block");
        return false;
    }
    if (!kind->evaluate) {
        sm_alloy_module_error(module, position, NULL, "%s is not built in spanmill: %s", kind->name, kind->refused);
        return false;
    }
    return check_label(module, block, source, kind->needs_label);
}

/* Namespaces of imports are names too, known before the imports are evaluated. */
static bool is_namespace(const struct sm_alloy_module *module, struct sm_slice name)
{
    for (size_t i = 0; i < module->node_count; i++) {
        const struct sm_alloy_node *node = &module->nodes[i];
        if (sm_slice_starts_with(node->block->name, SM_SLICE("import.")) && sm_slice_equal(node->block->label, name))
            return true;
    }
    return false;
}

static void add_block(struct sm_alloy_module *module, const struct sm_alloy_statement *block, const struct sm_source *source)
{
    const struct block_kind *kind = find_kind(block->name);
    const struct sm_alloy_component *component = sm_alloy_component_find(block->name);
    struct sm_slice rest = block->name, first = sm_slice_cut(&rest, '.');
    bool is_custom = sm_alloy_find_declared(module->registry, block->name) || (rest.size && is_namespace(module, first));
    if (kind ? !check_kind(module, block, source, kind) : component ? !check_label(module, block, source, true) : false)
        return;
    if (!kind && !component && !is_custom) {
        report_unknown(module, block, source);
        return;
    }
    struct sm_alloy_node *node = add_node(module, block, source);
    for (size_t i = 0; i + 1 < module->node_count; i++)
        if (strcmp(module->nodes[i].id, node->id) == 0) {
            sm_alloy_module_error(module, sm_alloy_block_position(source, block), NULL, "\"%s\" block already declared at %s:%u:%u", node->id,
                                  module->nodes[i].source->name, module->nodes[i].block->start.line, module->nodes[i].block->start.column);
            module->node_count--;
            return;
        }
    node->component = component;
    node->evaluate = kind ? kind->evaluate : component ? sm_alloy_evaluate_component : sm_alloy_evaluate_custom;
}

static bool is_first_pass(const struct sm_alloy_statement *statement)
{
    return statement->is_block && (sm_slice_is(statement->name, "declare") || sm_slice_starts_with(statement->name, SM_SLICE("import.")));
}

void sm_alloy_module_add_body(struct sm_alloy_module *module, const struct sm_alloy_body *body, const struct sm_source *source)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < body->count; i++) {
            const struct sm_alloy_statement *statement = body->items[i];
            if (is_first_pass(statement) != (pass == 0))
                continue;
            if (!statement->is_block)
                sm_alloy_module_error(module, sm_alloy_position(source, statement->start, statement->end), NULL, "unrecognized attribute \"%.*s\"",
                                      SM_SLICE_ARGS(statement->name));
            else if (sm_slice_is(statement->name, "declare"))
                sm_alloy_declare(module, statement, source, module->registry);
            else
                add_block(module, statement, source);
        }
}

/* ---- order */

static void report_cycle(struct sm_alloy_module *module, const struct sm_alloy_node *node)
{
    struct sm_bytes members;
    sm_bytes_init(&members, module->loading->arena);
    for (size_t i = 0; i < module->node_count; i++)
        if (module->nodes[i].state == SM_ALLOY_VISITING)
            sm_bytes_printf(&members, "%s%s", members.size ? ", " : "", module->nodes[i].id);
    sm_alloy_module_error(module, sm_alloy_block_position(node->source, node->block), NULL, "cycle: %s", sm_bytes_cstr(&members));
}

/* Custom components from an import wait for it. */
static bool visit_import(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    struct sm_slice rest = node->block->name, first = sm_slice_cut(&rest, '.');
    for (size_t i = 0; i < module->node_count && node->evaluate == sm_alloy_evaluate_custom && rest.size; i++) {
        struct sm_alloy_node *other = &module->nodes[i];
        if (sm_slice_starts_with(other->block->name, SM_SLICE("import.")) && sm_slice_equal(other->block->label, first))
            return sm_alloy_module_visit(module, other);
    }
    return true;
}

bool sm_alloy_module_visit(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    if (node->state == SM_ALLOY_VISITING) {
        report_cycle(module, node);
        return false;
    }
    if (node->state != SM_ALLOY_WAITING)
        return node->state == SM_ALLOY_DONE;
    node->state = SM_ALLOY_VISITING;
    bool is_imported = visit_import(module, node), is_good = is_imported && sm_alloy_visit_references(module, node);
    node->state = is_good ? SM_ALLOY_DONE : SM_ALLOY_FAILED;
    if (is_good || (is_imported && node->component)) /* also to tell what else is wrong with it */
        node->evaluate(module, node);
    return node->state == SM_ALLOY_DONE;
}

void sm_alloy_module_run(struct sm_alloy_module *module)
{
    for (size_t i = 0; i < module->node_count; i++)
        (void)sm_alloy_module_visit(module, &module->nodes[i]);
}

/* The folder of a file, for module_path. */
static struct sm_slice folder_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? sm_slice_make(name, (size_t)(slash - name)) : SM_SLICE(".");
}

static bool is_told_as_yaml(const struct sm_source *source, struct sm_arena *arena, struct sm_diags *diags)
{
    const struct sm_position start = {.source = source, .line = 1, .column = 1};
    enum sm_alloy_yaml mistake = sm_alloy_yaml_mistake(source, arena);
    if (mistake == SM_ALLOY_NOT_YAML)
        return false;
    sm_diags_add(diags, SM_DIAG_ERROR, start, NULL, NULL,
                 "this looks like YAML%s: name the file .yaml or say --config.format=yaml, and --from collector to convert it",
                 mistake == SM_ALLOY_COLLECTOR_YAML ? " (a Collector configuration)" : "");
    return true;
}

static struct sm_alloy_file *parse_file(const struct sm_source *source, struct sm_arena *arena, struct sm_diags *diags)
{
    struct sm_alloy_file *file = sm_alloy_parse(source, arena, NULL);
    if (file || is_told_as_yaml(source, arena, diags))
        return file;
    return sm_alloy_parse(source, arena, diags); /* tells what is wrong */
}

void sm_alloy_evaluate_files(struct sm_alloy_loading *loading, const struct sm_source *const *sources, size_t source_count)
{
    struct sm_arena *arena = loading->arena;
    struct sm_alloy_module module = {.loading = loading, .prefix = "", .names = sm_alloy_object(arena)};
    module.registry = sm_arena_zalloc(arena, 1, sizeof(*module.registry));
    bool is_good = true;
    struct sm_alloy_file **files = sm_arena_zalloc(arena, source_count, sizeof(struct sm_alloy_file *));
    for (size_t i = 0; i < source_count; i++) {
        files[i] = parse_file(sources[i], arena, loading->diags);
        is_good &= files[i] != NULL;
    }
    if (!is_good) {
        loading->error_count++;
        return;
    }
    if (source_count)
        sm_alloy_object_set(module.names, arena, SM_SLICE("module_path"), sm_alloy_string(arena, folder_of(sources[0]->name)));
    for (size_t i = 0; i < source_count; i++)
        sm_alloy_module_add_body(&module, &files[i]->body, sources[i]);
    sm_alloy_module_run(&module);
}
