/* references.c - finds in a block's expressions the components it names. Source: Alloy's
 * internal/runtime/internal/controller/component_references.go. */
#include "alloy/library.h"
#include "alloy/scope.h"
#include "config/diags.h"

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

/* Whether blocks of the module begin with this word: then a path that does means one of them, and none is there. */
static bool begins_blocks(const struct sm_alloy_module *module, struct sm_slice first)
{
    for (size_t i = 0; i < module->node_count; i++) {
        struct sm_slice id = sm_slice_of(module->nodes[i].id);
        if (sm_slice_starts_with(id, first) && id.size > first.size && id.ptr[first.size] == '.')
            return true;
    }
    return false;
}

/* The block that was meant, with what is wanted of it: "did you mean a.b.c.input?" NULL: none is near. */
static const char *suggest(const struct sm_alloy_module *module, struct sm_slice path)
{
    enum { CANDIDATES_MAX = 64 };
    struct sm_arena *arena = module->loading->arena;
    const char *candidates[CANDIDATES_MAX], *text = sm_arena_strdup(arena, path), *last = strrchr(text, '.');
    size_t count = 0;
    for (size_t i = 0; i < module->node_count && count < CANDIDATES_MAX; i++)
        candidates[count++] = sm_arena_printf(arena, "%s%s", module->nodes[i].id, last ? last : "");
    const char *near = sm_nearest_word(text, candidates, count);
    return near ? sm_arena_printf(arena, "did you mean %s?", near) : NULL;
}

/* What is wrong with the reference is known: evaluating it says no more. */
static void fail(struct walk *walk, const struct sm_alloy_expr *expr)
{
    struct sm_alloy_machine *machine = &walk->module->loading->machine;
    struct sm_alloy_told *told = sm_arena_alloc(machine->arena, sizeof(*told));
    *told = (struct sm_alloy_told){.next = machine->told, .expr = expr};
    machine->told = told;
    walk->is_good = false;
}

static void visit_path(struct walk *walk, const struct sm_alloy_expr *expr, struct sm_slice path)
{
    struct sm_alloy_module *module = walk->module;
    struct sm_alloy_node *found = sm_alloy_module_find(module, path);
    struct sm_slice rest = path, first = sm_slice_cut(&rest, '.');
    if (found == walk->node) {
        sm_alloy_module_error(module, sm_alloy_block_position(walk->node->source, walk->node->block), NULL, "self reference: %s", found->id);
        fail(walk, expr);
    } else if (found) {
        if (!sm_alloy_module_visit(module, found))
            fail(walk, expr);
    } else if (begins_blocks(module, first) || !is_known(module, first)) {
        sm_alloy_module_error(module, sm_alloy_position(expr->source, expr->start, expr->end), suggest(module, path),
                              "component \"%.*s\" does not exist or is out of scope", SM_SLICE_ARGS(path));
        fail(walk, expr);
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
