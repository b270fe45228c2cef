/* program.c - an expression from text to something that can be tested, and the tests.
 *
 * State of a program: its tree, in its own arena, and the patterns that are literals. Nothing is changed after creation. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "config/diags.h"
#include "expr/builtins.h"

struct literal_regex {
    struct sm_regex *regex; /* owned */
    struct literal_regex *next;
};

struct sm_expr_program {
    struct sm_arena arena; /* owned: everything below */
    struct sm_slice text;
    const struct sm_expr_environment *environment; /* borrowed */
    struct expr_node *root;
    struct literal_regex *regexes;
    int variable_count;
};

/* ---- names of variables, patterns, and what only the whole tree tells */

struct variable {
    struct sm_slice name;
    int slot;
    const struct variable *outer;
};
struct resolving {
    const struct expr_program_parts *p;
    struct sm_expr_program *program;
    const struct variable *variables;
};

static void compile_pattern(struct resolving *r, struct expr_node *node)
{
    struct sm_error error = {0};
    if (node->parts[1]->kind != NODE_STRING || node->regex)
        return;
    struct literal_regex *literal = sm_arena_alloc(&r->program->arena, sizeof(*literal));
    *literal = (struct literal_regex){.regex = sm_regex_compile(node->parts[1]->text, &error), .next = r->program->regexes};
    node->regex = literal->regex;
    if (literal->regex)
        r->program->regexes = literal;
    else
        expr_refuse(r->p, node->parts[1]->offset, node->parts[1]->size, "%s", error.text);
}

static void resolve_binary(struct resolving *r, struct expr_node *node)
{
    enum expr_kind kind = node->parts[0]->type.kind;
    if (node->op == OP_MATCHES)
        compile_pattern(r, node);
    if (node->op == OP_EQUAL || node->op == OP_UNEQUAL)
        node->is_typed = kind == node->parts[1]->type.kind && (kind == EXPR_INT || kind == EXPR_STRING);
    for (size_t i = 0; i < 2 && node->op == OP_COALESCE; i++)
        node->parts[i]->is_after_coalesce = true;
}

static void resolve_leaf(struct resolving *r, struct expr_node *node)
{
    if (node->kind == NODE_NAME) {
        for (const struct variable *v = r->variables; v && node->slot == NO_SLOT; v = v->outer)
            if (sm_slice_equal(v->name, node->text))
                node->slot = v->slot;
    } else if (node->kind == NODE_POINTER && node->text.size > 0 && !sm_slice_is(node->text, "index") && !sm_slice_is(node->text, "acc")) {
        expr_refuse(r->p, node->offset, node->size, "unknown pointer #%.*s", SM_SLICE_ARGS(node->text));
    } else if (node->kind == NODE_MEMBER && node->has_method && expr_is_refused_method(node->parts[1]->text)) {
        expr_refuse(r->p, node->offset, node->size, "the method %.*s is not built", SM_SLICE_ARGS(node->parts[1]->text));
    } else if (node->kind == NODE_BUILTIN && node->count == 1 && node->parts[0]->type.kind == EXPR_LOCATION && sm_slice_is(node->text, "string")) {
        expr_refuse(r->p, node->offset, node->size, "string() of a time zone is not built: its method String() gives its name");
    } else if (node->kind == NODE_BINARY) {
        resolve_binary(r, node);
    }
}

static void resolve(struct resolving *r, struct expr_node *node)
{
    resolve_leaf(r, node);
    if (node->kind == NODE_LET) {
        resolve(r, node->parts[0]);
        if (node->slot == NO_SLOT) /* what stands in the tree twice has one */
            node->slot = r->program->variable_count++;
        const struct variable variable = {.name = node->text, .slot = node->slot, .outer = r->variables};
        r->variables = &variable;
        resolve(r, node->parts[1]);
        r->variables = variable.outer;
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        if (node->parts[i])
            resolve(r, node->parts[i]);
    if (node->map)
        resolve(r, node->map);
}

/* ---- compiling */

static void suggest(struct sm_expr_error *error, const struct sm_expr_environment *environment, const char *word)
{
    enum { CANDIDATES_MAX = 128 };
    const char *candidates[CANDIDATES_MAX];
    size_t count = 0;
    const struct expr_builtin *row;
    for (size_t i = 0; i < environment->field_count && count < CANDIDATES_MAX; i++)
        candidates[count++] = environment->fields[i].name;
    for (size_t i = 0; i < environment->function_count && count < CANDIDATES_MAX; i++)
        candidates[count++] = environment->functions[i].name;
    for (size_t i = 0; count < CANDIDATES_MAX && (row = expr_builtin_at(i)); i++)
        candidates[count++] = row->name;
    const char *nearest = sm_nearest_word(word, candidates, count);
    snprintf(error->suggestion, sizeof(error->suggestion), "%s", nearest ? nearest : "");
}

struct sm_expr_program *sm_expr_compile(struct sm_slice text, const struct sm_expr_environment *environment, struct sm_expr_error *error)
{
    struct sm_expr_program *program = sm_alloc(1, sizeof(*program));
    program->text = sm_arena_copy(&program->arena, text);
    program->environment = environment;
    *error = (struct sm_expr_error){0};
    const struct expr_program_parts parts = {.arena = &program->arena, .text = program->text, .environment = environment, .error = error};
    program->root = expr_parse(&parts);
    bool is_fine = program->root && expr_check(&parts, program->root) && expr_optimize(&parts, &program->root);
    if (is_fine)
        resolve(&(struct resolving){.p = &parts, .program = program}, program->root);
    if (is_fine && error->message[0] == '\0')
        return program;
    if (error->message[0] == '\0')
        snprintf(error->message, sizeof(error->message), "the expression cannot be read");
    sm_expr_free(program);
    return NULL;
}

void sm_expr_free(struct sm_expr_program *program)
{
    if (!program)
        return;
    for (struct literal_regex *literal = program->regexes; literal; literal = literal->next)
        sm_regex_free(literal->regex);
    sm_arena_deinit(&program->arena);
    free(program);
}

/* ---- names that nothing declares */

static bool is_declared(const struct sm_expr_environment *environment, struct sm_slice name)
{
    for (size_t i = 0; i < environment->field_count; i++)
        if (sm_slice_is(name, environment->fields[i].name))
            return true;
    for (size_t i = 0; i < environment->function_count; i++)
        if (sm_slice_is(name, environment->functions[i].name))
            return true;
    return sm_slice_is(name, "$env");
}

static const struct expr_node *find_undeclared(const struct sm_expr_environment *environment, const struct expr_node *node)
{
    const struct expr_node *found = NULL;
    if (node->kind == NODE_NAME && node->slot == NO_SLOT && !is_declared(environment, node->text))
        return node;
    for (size_t i = 0; i < node->count && !found; i++)
        found = node->parts[i] ? find_undeclared(environment, node->parts[i]) : NULL;
    return found || !node->map ? found : find_undeclared(environment, node->map);
}

bool sm_expr_unknown_name(const struct sm_expr_program *program, struct sm_expr_error *warning)
{
    enum { SHOWN_MAX = 60 };
    const struct expr_node *node = find_undeclared(program->environment, program->root);
    if (!node)
        return false;
    *warning = (struct sm_expr_error){.offset = node->offset, .size = node->size};
    char word[SHOWN_MAX + 1];
    snprintf(word, sizeof(word), "%.*s", SM_SLICE_ARGS(node->text));
    snprintf(warning->message, sizeof(warning->message), "nothing has the name %s: the expression fails where it is evaluated", word);
    suggest(warning, program->environment, word);
    return true;
}

/* ---- testing */

enum sm_expr_answer sm_expr_test(const struct sm_expr_program *program, const void *context, struct sm_arena *scratch, struct sm_expr_error *error)
{
    struct expr_value value = expr_run(program, context, scratch, error);
    if (error->message[0])
        return SM_EXPR_FAILED;
    if (value.kind == EXPR_BOOL)
        return value.boolean ? SM_EXPR_YES : SM_EXPR_NO;
    snprintf(error->message, sizeof(error->message), "the expression gives no boolean but %s", expr_kind_name(value.kind));
    return SM_EXPR_FAILED;
}

struct expr_value expr_run(const struct sm_expr_program *program, const void *context, struct sm_arena *scratch, struct sm_expr_error *error)
{
    struct expr_evaluation e = {
        .environment = program->environment, .context = context, .arena = scratch, .error = error, .bytes_before = sm_arena_reserved_bytes(scratch)};
    *error = (struct sm_expr_error){0};
    if (program->variable_count > 0)
        e.variables = sm_arena_zalloc(scratch, (size_t)program->variable_count, sizeof(*e.variables));
    for (int i = 0; i < program->variable_count; i++)
        e.variables[i] = expr_nil();
    struct expr_value value = expr_evaluate(&e, program->root);
    return e.has_failed ? expr_nil() : value;
}
