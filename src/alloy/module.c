/* module.c - takes a body apart into blocks, finds out what each is, and evaluates them, leaves first.
 *
 * Source: Alloy's internal/runtime/internal/controller (loader.go, node_*.go). */
#include "alloy/module.h"

#include <stdarg.h>
#include <stdio.h>

#include "alloy/finish.h"
#include "alloy/not_built.h"
#include "alloy/parser.h"
#include "alloy/scope.h"
#include "config/diags.h"
#include "config/source.h"
#include "config/tree.h"

enum { MESSAGE_MAX = 1024, NAMES_MAX = 256 };

/* ---- errors and results */

void sm_alloy_module_error(struct sm_alloy_module *module, struct sm_position position, const char *suggestion, const char *format, ...)
{
    char text[MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    module->loading->error_count++;
    sm_diags_add(module->loading->diags, SM_DIAG_ERROR, position, NULL, suggestion, "%s", text);
}

struct sm_alloy_decoding sm_alloy_module_decoding(struct sm_alloy_module *module, const struct sm_alloy_node *node,
                                                  const struct sm_alloy_scope *scope)
{
    return (struct sm_alloy_decoding){.machine = &module->loading->machine,
                                      .diags = module->loading->diags,
                                      .source = node->source,
                                      .scope = scope,
                                      .flavour = module->loading->options->flavour};
}

void sm_alloy_module_finish(struct sm_alloy_module *module, struct sm_alloy_node *node, const struct sm_alloy_decoding *decoding)
{
    module->loading->error_count += decoding->error_count;
    if (decoding->error_count)
        node->state = SM_ALLOY_FAILED;
}

void sm_alloy_module_export(struct sm_alloy_module *module, const struct sm_alloy_node *node, struct sm_alloy_value *exports)
{
    struct sm_arena *arena = module->loading->arena;
    struct sm_slice rest = sm_slice_of(node->id);
    struct sm_alloy_value *at = module->names;
    for (;;) {
        struct sm_slice part = sm_slice_cut(&rest, '.');
        struct sm_alloy_value *inner = sm_alloy_object_find(at, part);
        if (rest.size == 0) {
            sm_alloy_object_set(at, arena, part, exports);
            return;
        }
        if (!inner || inner->type != SM_ALLOY_TYPE_OBJECT) {
            inner = sm_alloy_object(arena);
            sm_alloy_object_set(at, arena, part, inner);
        }
        at = inner;
    }
}

/* ---- built-in components */

static struct sm_alloy_instance *make_instance(struct sm_alloy_module *module, struct sm_alloy_node *node, const struct sm_component_type *type)
{
    struct sm_alloy_loading *loading = module->loading;
    struct sm_alloy_instance *instance = sm_arena_zalloc(loading->arena, 1, sizeof(*instance));
    *instance = (struct sm_alloy_instance){
        .component = node->component, .type = type, .name = node->id, .position = sm_alloy_block_position(node->source, node->block)};
    instance->id = sm_arena_printf(loading->arena, "%s/%s%.*s", node->component->type, module->prefix, SM_SLICE_ARGS(node->block->label));
    for (const struct sm_alloy_instance *other = loading->first; other; other = other->next)
        if (other->component->exports != SM_ALLOY_METRICS_RECEIVER && node->component->exports != SM_ALLOY_METRICS_RECEIVER &&
            other->component->kind == node->component->kind && strcmp(other->id, instance->id) == 0)
            instance->id = sm_arena_printf(loading->arena, "%s.%zu", instance->id, loading->instance_count);
    instance->settings = sm_tree_map(loading->arena, instance->position);
    if (loading->last)
        loading->last->next = instance;
    else
        loading->first = instance;
    loading->last = instance;
    loading->instance_count++;
    return instance;
}

/* What others see of a component. */
static struct sm_alloy_value *exports_of(struct sm_arena *arena, struct sm_alloy_instance *instance)
{
    struct sm_alloy_value *exports = sm_alloy_object(arena);
    if (instance->component->exports == SM_ALLOY_METRICS_RECEIVER) {
        sm_alloy_object_set(exports, arena, SM_SLICE("receiver"), sm_alloy_capsule(arena, SM_ALLOY_METRICS_RECEIVER, instance));
        sm_alloy_object_set(exports, arena, SM_SLICE("rules"), sm_alloy_capsule(arena, SM_ALLOY_RELABEL_RULES, instance));
    } else if (instance->component->kind == SM_EXTENSION) {
        sm_alloy_object_set(exports, arena, SM_SLICE("handler"), sm_alloy_capsule(arena, instance->component->exports, instance));
    } else if (instance->component->kind != SM_RECEIVER) {
        sm_alloy_object_set(exports, arena, SM_SLICE("input"), sm_alloy_capsule(arena, SM_ALLOY_CONSUMER, instance));
    }
    return exports;
}

static void evaluate_component(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    struct sm_alloy_loading *loading = module->loading;
    struct sm_position position = sm_alloy_block_position(node->source, node->block);
    const struct sm_component_type *type = loading->options->find_type(node->component->kind, sm_slice_of(node->component->type));
    node->state = SM_ALLOY_FAILED;
    if (!type) {
        sm_alloy_module_error(module, position, NULL, "component \"%.*s\" is not built in spanmill", SM_SLICE_ARGS(node->block->name));
        return;
    }
    if (loading->instance_count >= SM_ALLOY_INSTANCES_MAX) {
        sm_alloy_module_error(module, position, NULL, "more than %d components", SM_ALLOY_INSTANCES_MAX);
        return;
    }
    node->state = SM_ALLOY_DONE;
    struct sm_alloy_instance *instance = make_instance(module, node, type);
    struct sm_alloy_scope scope = {.names = module->names};
    struct sm_alloy_decoding decoding = sm_alloy_module_decoding(module, node, &scope);
    decoding.instance = instance;
    decoding.is_server = node->component->kind == SM_RECEIVER;
    sm_alloy_decode_block(&decoding, node->block, node->component->rows, instance->settings);
    if (node->component->finish && decoding.error_count == 0) {
        struct sm_alloy_finish finish = {.loading = loading,
                                         .decoding = &decoding,
                                         .instance = instance,
                                         .settings = instance->settings,
                                         .label = sm_arena_printf(loading->arena, "%s%.*s", module->prefix, SM_SLICE_ARGS(node->block->label))};
        node->component->finish(&finish);
    }
    sm_alloy_module_export(module, node, exports_of(loading->arena, instance));
    loading->error_count += decoding.error_count;
}

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
    node->evaluate = kind ? kind->evaluate : component ? evaluate_component : sm_alloy_evaluate_custom;
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

struct sm_alloy_node *sm_alloy_module_find(const struct sm_alloy_module *module, struct sm_slice path)
{
    struct sm_alloy_node *longest = NULL;
    for (size_t i = 0; i < module->node_count; i++) {
        struct sm_slice id = sm_slice_of(module->nodes[i].id);
        bool is_prefix = sm_slice_starts_with(path, id) && (path.size == id.size || path.ptr[id.size] == '.');
        if (is_prefix && (!longest || id.size > strlen(longest->id)))
            longest = &module->nodes[i];
    }
    return longest;
}

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

void sm_alloy_evaluate_files(struct sm_alloy_loading *loading, const struct sm_source *const *sources, size_t source_count)
{
    struct sm_arena *arena = loading->arena;
    struct sm_alloy_module module = {.loading = loading, .prefix = "", .names = sm_alloy_object(arena)};
    module.registry = sm_arena_zalloc(arena, 1, sizeof(*module.registry));
    bool is_good = true;
    struct sm_alloy_file **files = sm_arena_zalloc(arena, source_count, sizeof(struct sm_alloy_file *));
    for (size_t i = 0; i < source_count; i++) {
        files[i] = sm_alloy_parse(sources[i], arena, loading->diags);
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
