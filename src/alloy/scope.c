/* scope.c - see scope.h. */
#include "alloy/scope.h"

#include <stdarg.h>
#include <stdio.h>

#include "config/diags.h"
#include "config/source.h"

enum { MESSAGE_MAX = 1024 };

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

/* ---- names */

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

void sm_alloy_declare(struct sm_alloy_module *module, const struct sm_alloy_statement *block, const struct sm_source *source,
                      struct sm_alloy_registry *registry)
{
    struct sm_position position = sm_alloy_block_position(source, block);
    if (block->label.size == 0) {
        sm_alloy_module_error(module, position, NULL, "block \"declare\" must have a label");
        return;
    }
    for (const struct sm_alloy_declared *other = registry->declared; other; other = other->next)
        if (sm_slice_equal(other->name, block->label)) {
            sm_alloy_module_error(module, position, NULL, "declare \"%.*s\" is already declared at line %u", SM_SLICE_ARGS(block->label),
                                  other->block->start.line);
            return;
        }
    struct sm_alloy_declared *declared = sm_arena_zalloc(module->loading->arena, 1, sizeof(*declared));
    *declared = (struct sm_alloy_declared){.name = block->label, .block = block, .source = source, .registry = registry, .next = registry->declared};
    registry->declared = declared;
}

const struct sm_alloy_declared *sm_alloy_find_declared(const struct sm_alloy_registry *registry, struct sm_slice name)
{
    struct sm_slice rest = name, first = sm_slice_cut(&rest, '.');
    for (; registry; registry = registry->parent) {
        for (const struct sm_alloy_declared *declared = registry->declared; declared && !rest.size; declared = declared->next)
            if (sm_slice_equal(declared->name, name) && declared->block->body.count) /* an empty one cannot be used, as in Alloy */
                return declared;
        for (const struct sm_alloy_imported *imported = registry->imported; imported && rest.size; imported = imported->next)
            if (sm_slice_equal(imported->name, first))
                return sm_alloy_find_declared(imported->registry, rest);
    }
    return NULL;
}
