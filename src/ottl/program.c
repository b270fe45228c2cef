/* program.c - a set of compiled texts: what owns them, and the entry points that compile and run.
 *
 * State: the program's arena and its regular expressions, freed together. Source: opentelemetry-collector-contrib pkg/ottl/parser.go. */
#include "ottl/ottl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "ottl/compile.h"
#include "pipeline/own_metrics.h"

struct owned_regex {
    struct owned_regex *next;
    struct sm_regex *regex; /* owned */
};

struct sm_ottl_program {
    struct sm_arena arena;       /* owned */
    struct owned_regex *regexes; /* borrowed: arena */
};

struct sm_ottl_condition {
    const struct sm_ottl_expr *expr;
    struct sm_slice text;
};

struct sm_ottl_statement {
    const struct sm_ottl_expr *editor;
    const struct sm_ottl_expr *condition; /* NULL: always */
    struct sm_slice text;
};

struct sm_ottl_program *sm_ottl_program_create(void)
{
    return sm_alloc(1, sizeof(struct sm_ottl_program));
}

void sm_ottl_program_free(struct sm_ottl_program *program)
{
    if (!program)
        return;
    for (struct owned_regex *owned = program->regexes; owned; owned = owned->next)
        sm_regex_free(owned->regex);
    sm_arena_deinit(&program->arena);
    free(program);
}

struct sm_arena *sm_ottl_program_arena(struct sm_ottl_program *program)
{
    return &program->arena;
}

const struct sm_regex *sm_ottl_compile_regex(struct sm_ottl_compiler *compiler, struct sm_slice pattern, const struct sm_ottl_node *node)
{
    struct sm_error error = {0};
    struct sm_regex *regex = sm_regex_compile(pattern, &error);
    if (!regex) {
        sm_ottl_compile_error(compiler, node, "the regex pattern supplied to %.*s is not a valid pattern: %s", SM_SLICE_ARGS(node->name), error.text);
        return NULL;
    }
    struct owned_regex *owned = sm_arena_alloc(compiler->arena, sizeof(*owned));
    *owned = (struct owned_regex){.next = compiler->program->regexes, .regex = regex};
    compiler->program->regexes = owned;
    return regex;
}

bool sm_ottl_compile_error(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, const char *format, ...)
{
    va_list arguments;
    *compiler->error = (struct sm_ottl_error){.offset = node->offset, .size = node->size};
    va_start(arguments, format);
    vsnprintf(compiler->error->message, sizeof(compiler->error->message), format, arguments);
    va_end(arguments);
    return false;
}

static struct sm_ottl_compiler make_compiler(struct sm_ottl_program *program, const struct sm_ottl_language *language, struct sm_ottl_error *error)
{
    return (struct sm_ottl_compiler){.program = program, .arena = &program->arena, .language = language, .error = error};
}

void *sm_ottl_syntax_error(struct sm_ottl_error *error, struct sm_slice text, const char *what)
{
    char message[sizeof(error->message)];
    unsigned line = 1, column = 1;
    memcpy(message, error->message, sizeof(message));
    for (unsigned i = 0; i < error->offset && i < text.size; i++) {
        column = text.ptr[i] == '\n' ? 1 : column + 1;
        line += text.ptr[i] == '\n';
    }
    snprintf(error->message, sizeof(error->message), "%s has invalid syntax: %u:%u: %.200s", what, line, column, message);
    return NULL;
}

const struct sm_ottl_condition *sm_ottl_compile_condition(struct sm_ottl_program *program, const struct sm_ottl_language *language,
                                                          struct sm_slice text, struct sm_ottl_error *error)
{
    struct sm_ottl_compiler compiler = make_compiler(program, language, error);
    struct sm_ottl_tree tree;
    if (!sm_ottl_parse_condition(text, &program->arena, &tree, error))
        return sm_ottl_syntax_error(error, text, "condition");
    struct sm_ottl_condition *condition = sm_arena_zalloc(&program->arena, 1, sizeof(*condition));
    *condition = (struct sm_ottl_condition){.expr = sm_ottl_compile_boolean(&compiler, tree.condition), .text = tree.text};
    return condition->expr ? condition : NULL;
}

const struct sm_ottl_statement *sm_ottl_compile_statement(struct sm_ottl_program *program, const struct sm_ottl_language *language,
                                                          struct sm_slice text, struct sm_ottl_error *error)
{
    struct sm_ottl_compiler compiler = make_compiler(program, language, error);
    struct sm_ottl_tree tree;
    if (!sm_ottl_parse_statement(text, &program->arena, &tree, error))
        return sm_ottl_syntax_error(error, text, "statement");
    struct sm_ottl_statement *statement = sm_arena_zalloc(&program->arena, 1, sizeof(*statement));
    *statement = (struct sm_ottl_statement){.editor = sm_ottl_compile_call(&compiler, tree.editor), .text = tree.text};
    if (!statement->editor)
        return NULL;
    if (tree.condition && !(statement->condition = sm_ottl_compile_boolean(&compiler, tree.condition)))
        return NULL;
    return statement;
}

const struct sm_ottl_expr *sm_ottl_compile_value(struct sm_ottl_program *program, const struct sm_ottl_language *language, struct sm_slice text,
                                                 struct sm_ottl_error *error)
{
    struct sm_ottl_compiler compiler = make_compiler(program, language, error);
    struct sm_ottl_tree tree;
    return sm_ottl_parse_value(text, &program->arena, &tree, error) ? sm_ottl_compile_node(&compiler, tree.value) : NULL;
}

struct sm_slice sm_ottl_condition_text(const struct sm_ottl_condition *condition)
{
    return condition->text;
}

struct sm_slice sm_ottl_statement_text(const struct sm_ottl_statement *statement)
{
    return statement->text;
}

/* ---- running */

bool sm_ottl_fail(struct sm_ottl_run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(run->error, sizeof(run->error), format, arguments);
    va_end(arguments);
    return false;
}

static enum sm_ottl_verdict test(const struct sm_ottl_expr *expr, struct sm_ottl_run *run)
{
    struct sm_ottl_value value;
    if (!sm_ottl_eval(expr, run, &value))
        return SM_OTTL_FAILED;
    return value.boolean ? SM_OTTL_YES : SM_OTTL_NO;
}

enum sm_ottl_verdict sm_ottl_test(const struct sm_ottl_condition *condition, struct sm_ottl_run *run)
{
    return test(condition->expr, run);
}

/* What statements make of one batch: statements that double a text or a map would otherwise take all memory. */
enum { MEMORY_MAX = 256 * 1024 * 1024, MEMORY_PER_ITEM_MAX = 16 * 1024 };

static bool refuse_more(struct sm_ottl_run *run)
{
    static const struct sm_own_metric metric = {.name = "otelcol_ottl_memory_limit_hits",
                                                .help = "Statements that were not run because those before them had made too much of one batch",
                                                .unit = "{statement}",
                                                .kind = SM_OWN_COUNTER,
                                                .level = SM_OWN_LEVEL_BASIC};
    sm_instrument_add(sm_instrument_get(&metric, NULL, 0), 1);
    return sm_ottl_fail(run, "the statements have made more than %d MiB of the batch, and %d KiB an item", MEMORY_MAX / 1024 / 1024,
                        MEMORY_PER_ITEM_MAX / 1024);
}

enum sm_ottl_verdict sm_ottl_execute(const struct sm_ottl_statement *statement, struct sm_ottl_run *run)
{
    struct sm_ottl_value ignored;
    enum sm_ottl_verdict verdict = statement->condition ? test(statement->condition, run) : SM_OTTL_YES;
    if (verdict != SM_OTTL_YES)
        return verdict;
    if (sm_arena_reserved_bytes(run->arena) > MEMORY_MAX && /* the rest only when it is much */
        sm_arena_reserved_bytes(run->arena) - MEMORY_MAX > run->batch->item_count * MEMORY_PER_ITEM_MAX && !refuse_more(run))
        return SM_OTTL_FAILED;
    return sm_ottl_eval(statement->editor, run, &ignored) ? SM_OTTL_YES : SM_OTTL_FAILED;
}

bool sm_ottl_evaluate(const struct sm_ottl_expr *value, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    return sm_ottl_eval(value, run, out);
}
