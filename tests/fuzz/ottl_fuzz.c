/* ottl_fuzz.c - any bytes as a statement: parsing, printing and parsing again agree; what compiles runs on an empty span. */
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "ottl/ottl.h"
#include "telemetry/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_printing(struct sm_slice text)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_ottl_tree tree;
    struct sm_ottl_error error;
    struct sm_bytes first, second;
    sm_bytes_init(&first, &arena);
    sm_bytes_init(&second, &arena);
    if (sm_ottl_parse_statement(text, &arena, &tree, &error)) {
        sm_ottl_print(&first, &tree);
        if (!sm_ottl_parse_statement(sm_bytes_slice(&first), &arena, &tree, &error))
            abort();
        sm_ottl_print(&second, &tree);
        if (!sm_slice_equal(sm_bytes_slice(&first), sm_bytes_slice(&second)))
            abort();
    }
    sm_arena_deinit(&arena);
}

static void run_statement(const struct sm_ottl_statement *statement)
{
    struct sm_batch *batch = sm_batch_create(SM_TRACES);
    struct sm_resource_group *group = sm_batch_add_resource(batch);
    struct sm_scope_group *scope = sm_batch_add_scope(batch, group);
    scope->spans = sm_arena_zalloc(&batch->arena, 1, sizeof(struct sm_span));
    scope->count = 1;
    struct sm_ottl_run run = {.arena = &batch->arena, .batch = batch, .group = group, .scope = scope, .span = &scope->spans[0]};
    (void)sm_ottl_execute(statement, &run);
    (void)sm_ottl_execute(statement, &run);
    sm_batch_release(batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sm_ottl_language language = {.context = SM_OTTL_SPAN,
                                                     .functions = SM_OTTL_CONVERTERS | SM_OTTL_EDITORS | SM_OTTL_FOR_TRANSFORM};
    struct sm_slice text = sm_slice_make(data, size);
    struct sm_ottl_error error;
    struct sm_ottl_program *program = sm_ottl_program_create();
    check_printing(text);
    const struct sm_ottl_statement *statement = sm_ottl_compile_statement(program, &language, text, &error);
    if (statement)
        run_statement(statement);
    sm_ottl_program_free(program);
    return 0;
}
