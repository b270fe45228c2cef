/* custom.c - declare, and the components made from it: arguments in, exports out. */
#include "alloy/scope.h"
#include "config/source.h"

/* The attributes of the block that makes the component, by name. NULL after errors. */
static struct sm_alloy_value *take_arguments(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    struct sm_alloy_scope scope = {.names = module->names};
    struct sm_alloy_decoding decoding = sm_alloy_module_decoding(module, node, &scope);
    struct sm_alloy_value *arguments = sm_alloy_object(module->loading->arena);
    for (size_t i = 0; i < node->block->body.count; i++) {
        const struct sm_alloy_statement *statement = node->block->body.items[i];
        struct sm_position position = sm_alloy_position(node->source, statement->start, statement->end);
        if (statement->is_block) {
            sm_alloy_decoding_error(&decoding, position, NULL, "nested blocks not supported here");
            continue;
        }
        if (sm_alloy_object_find(arguments, statement->name)) {
            sm_alloy_decoding_error(&decoding, position, NULL, "attribute \"%.*s\" may only be provided once", SM_SLICE_ARGS(statement->name));
            continue;
        }
        struct sm_alloy_value *value = sm_alloy_evaluate(decoding.machine, statement->value, &scope);
        if (value)
            sm_alloy_object_set(arguments, module->loading->arena, statement->name, value);
        else
            sm_alloy_decoding_fault(&decoding, position);
    }
    sm_alloy_module_finish(module, node, &decoding);
    return decoding.error_count ? NULL : arguments;
}

static bool is_argument(const struct sm_alloy_body *body, struct sm_slice name)
{
    for (size_t i = 0; i < body->count; i++)
        if (body->items[i]->is_block && sm_slice_is(body->items[i]->name, "argument") && sm_slice_equal(body->items[i]->label, name))
            return true;
    return false;
}

static bool check_arguments(struct sm_alloy_module *module, struct sm_alloy_node *node, const struct sm_alloy_value *arguments)
{
    bool is_good = true;
    for (size_t i = 0; i < arguments->object.count; i++) {
        struct sm_slice name = arguments->object.entries[i].key;
        if (is_argument(&node->declared->block->body, name))
            continue;
        sm_alloy_module_error(module, sm_alloy_block_position(node->source, node->block), NULL,
                              "provided argument \"%.*s\" is not defined in the module", SM_SLICE_ARGS(name));
        is_good = false;
    }
    return is_good;
}

static const char *folder_of(struct sm_arena *arena, const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? sm_arena_strdup(arena, sm_slice_make(name, (size_t)(slash - name))) : ".";
}

static struct sm_alloy_module make_module(struct sm_alloy_module *outer, struct sm_alloy_node *node, const struct sm_alloy_value *arguments)
{
    struct sm_arena *arena = outer->loading->arena;
    struct sm_alloy_module inner = {
        .loading = outer->loading,
        .outer = outer,
        .prefix = sm_arena_printf(arena, "%s%s.", outer->prefix, node->id),
        .registry = sm_arena_zalloc(arena, 1, sizeof(struct sm_alloy_registry)),
        .names = sm_alloy_object(arena),
        .exports = sm_alloy_object(arena),
        .arguments = arguments,
        .caller = node->block,
        .caller_source = node->source,
        .depth = outer->depth + 1,
    };
    inner.registry->parent = node->declared->registry;
    const char *folder = folder_of(arena, node->declared->source->name);
    sm_alloy_object_set(inner.names, arena, SM_SLICE("module_path"), sm_alloy_string(arena, sm_slice_of(folder)));
    return inner;
}

void sm_alloy_evaluate_custom(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    struct sm_position position = sm_alloy_block_position(node->source, node->block);
    struct sm_alloy_loading *loading = module->loading;
    node->declared = sm_alloy_find_declared(module->registry, node->block->name);
    node->state = SM_ALLOY_FAILED;
    if (!node->declared) {
        sm_alloy_module_error(module, position, NULL, "cannot find the definition of component name \"%.*s\"", SM_SLICE_ARGS(node->block->name));
        return;
    }
    if (module->depth >= SM_ALLOY_MODULE_DEPTH_MAX || ++loading->module_count > SM_ALLOY_MODULES_MAX) {
        sm_alloy_module_error(module, position, NULL, "custom components are nested more than %d deep, or there are more than %d",
                              SM_ALLOY_MODULE_DEPTH_MAX, SM_ALLOY_MODULES_MAX);
        return;
    }
    const struct sm_alloy_value *arguments = take_arguments(module, node);
    if (!arguments || !check_arguments(module, node, arguments))
        return;
    size_t errors = loading->error_count;
    struct sm_alloy_module inner = make_module(module, node, arguments);
    sm_alloy_module_add_body(&inner, &node->declared->block->body, node->declared->source);
    sm_alloy_module_run(&inner);
    if (loading->error_count != errors)
        return;
    node->state = SM_ALLOY_DONE;
    sm_alloy_module_export(module, node, inner.exports);
}

/* argument "x" { optional, default, comment }: exports `value`. */
void sm_alloy_evaluate_argument(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    static const struct sm_alloy_row rows[] = {SM_ALLOY_SWITCH("optional"), SM_ALLOY_ANY("default"), SM_ALLOY_TEXT("comment"), SM_ALLOY_END_ROW};
    struct sm_alloy_scope scope = {.names = module->names};
    struct sm_alloy_decoding decoding = sm_alloy_module_decoding(module, node, &scope);
    for (size_t i = 0; i < node->block->body.count; i++) {
        const struct sm_alloy_statement *statement = node->block->body.items[i];
        bool is_known = false;
        for (const struct sm_alloy_row *row = rows; row->name; row++)
            is_known |= !statement->is_block && sm_slice_is(statement->name, row->name);
        if (!is_known)
            sm_alloy_decoding_error(&decoding, sm_alloy_position(node->source, statement->start, statement->end), NULL, "unrecognized name \"%.*s\"",
                                    SM_SLICE_ARGS(statement->name));
    }
    const struct sm_alloy_value *optional = sm_alloy_decode_attribute(&decoding, node->block, "optional", SM_ALLOY_WANT_BOOL, NULL);
    struct sm_alloy_value *preset = sm_alloy_decode_attribute(&decoding, node->block, "default", SM_ALLOY_WANT_ANY, NULL);
    struct sm_alloy_value *value = sm_alloy_object_find(module->arguments, node->block->label);
    if (!value && !(optional && optional->boolean))
        sm_alloy_decoding_error(&decoding, sm_alloy_block_position(module->caller_source, module->caller), NULL,
                                "missing required argument \"%.*s\" to module", SM_SLICE_ARGS(node->block->label));
    sm_alloy_module_finish(module, node, &decoding);
    struct sm_arena *arena = module->loading->arena;
    struct sm_alloy_value *exports = sm_alloy_object(arena);
    sm_alloy_object_set(exports, arena, SM_SLICE("value"), value ? value : preset ? preset : sm_alloy_null(arena));
    sm_alloy_module_export(module, node, exports);
}

/* export "x" { value = … } */
void sm_alloy_evaluate_export(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    struct sm_alloy_scope scope = {.names = module->names};
    struct sm_alloy_decoding decoding = sm_alloy_module_decoding(module, node, &scope);
    const struct sm_alloy_statement *found;
    struct sm_alloy_value *value = sm_alloy_decode_attribute(&decoding, node->block, "value", SM_ALLOY_WANT_ANY, &found);
    if (!found)
        sm_alloy_decoding_error(&decoding, sm_alloy_block_position(node->source, node->block), NULL, "missing required attribute \"value\"");
    if (value)
        sm_alloy_object_set(module->exports, module->loading->arena, node->block->label, value);
    sm_alloy_module_finish(module, node, &decoding);
}
