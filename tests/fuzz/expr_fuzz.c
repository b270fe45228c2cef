/* expr_fuzz.c - any bytes as an expression of the expr language: compiled, and run against a data point's names and labels, one of which is the text
 * itself. Whatever it is, it ends within the limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "expr/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sm_slice get_name(const void *context)
{
    return *(const struct sm_slice *)context;
}

static struct sm_slice get_label(const void *context, struct sm_slice key)
{
    return key.size > 1 ? *(const struct sm_slice *)context : SM_SLICE("{\"a\": [1, 2.5, \"x\", null]}");
}

static bool has_label(const void *context, struct sm_slice key)
{
    (void)context;
    return key.size > 1;
}

static const struct sm_expr_field fields[] = {{.name = "MetricName", .get = get_name}, {.name = "MetricType", .get = get_name}};
static const struct sm_expr_function functions[] = {{.name = "HasLabel", .has = has_label}, {.name = "Label", .get = get_label}};
static const struct sm_expr_environment environment = {
    .type_name = "env", .fields = fields, .field_count = 2, .functions = functions, .function_count = 2};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_expr_error error;
    const struct sm_slice text = sm_slice_make(data, size);
    struct sm_expr_program *program = sm_expr_compile(text, &environment, &error);
    if (!program && error.message[0] == '\0')
        abort();
    if (program) {
        struct expr_value value = expr_run(program, &text, &arena, &error);
        if (error.message[0] && value.kind != EXPR_NIL)
            abort();
        (void)sm_expr_unknown_name(program, &error);
    }
    sm_expr_free(program);
    sm_arena_deinit(&arena);
    return 0;
}
