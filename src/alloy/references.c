/* references.c - finds in a block's expressions the components it names. Source: Alloy's
 * internal/runtime/internal/controller/component_references.go. */
#include "alloy/library.h"
#include "alloy/scope.h"

struct walk {
    struct sm_alloy_module *module;
    struct sm_alloy_node *node;
    bool is_good;
};

/* "a.b.c" of a chain of accesses that begins with a name; false: it begins with something else. */
static bool write_path(const struct sm_alloy_expr *expr, struct sm_bytes *path)
{
    if (expr->kind == SM_ALLOY_NAME) {
        sm_bytes_append_slice(path, expr->text);
        return true;
    }
    if (expr->kind != SM_ALLOY_ACCESS || !write_path(expr->left, path))
        return false;
    sm_bytes_append_char(path, '.');
    sm_bytes_append_slice(path, expr->text);
    return true;
}

static bool is_known(const struct sm_alloy_module *module, struct sm_slice name)
{
    return sm_alloy_object_find(module->names, name) || sm_alloy_library_find(module->loading->arena, name);
}

static void visit_path(struct walk *walk, const struct sm_alloy_expr *expr, struct sm_slice path)
{
    struct sm_alloy_module *module = walk->module;
    struct sm_alloy_node *found = sm_alloy_module_find(module, path);
    struct sm_slice rest = path;
    if (found == walk->node) {
        sm_alloy_module_error(module, sm_alloy_block_position(walk->node->source, walk->node->block), NULL, "self reference: %s", found->id);
        walk->is_good = false;
    } else if (found) {
        walk->is_good &= sm_alloy_module_visit(module, found);
    } else if (!is_known(module, sm_slice_cut(&rest, '.'))) {
        sm_alloy_module_error(module, sm_alloy_position(expr->source, expr->start, expr->end), NULL,
                              "component \"%.*s\" does not exist or is out of scope", SM_SLICE_ARGS(path));
        walk->is_good = false;
    }
}

static void walk_expression(struct walk *walk, const struct sm_alloy_expr *expr)
{
    if (!expr)
        return;
    if (expr->kind == SM_ALLOY_NAME || expr->kind == SM_ALLOY_ACCESS) {
        struct sm_bytes path;
        sm_bytes_init(&path, walk->module->loading->arena);
        if (write_path(expr, &path)) {
            visit_path(walk, expr, sm_bytes_slice(&path));
            return;
        }
    }
    walk_expression(walk, expr->left);
    walk_expression(walk, expr->right);
    for (size_t i = 0; i < expr->count; i++)
        walk_expression(walk, expr->kind == SM_ALLOY_OBJECT ? expr->fields[i].value : expr->items[i]);
}

static void walk_body(struct walk *walk, const struct sm_alloy_body *body)
{
    for (size_t i = 0; i < body->count; i++) {
        walk_expression(walk, body->items[i]->value);
        walk_body(walk, &body->items[i]->body);
    }
}

bool sm_alloy_visit_references(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    struct walk walk = {.module = module, .node = node, .is_good = true};
    walk_body(&walk, &node->block->body);
    return walk.is_good;
}
