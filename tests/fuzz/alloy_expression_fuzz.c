/* alloy_expression_fuzz.c - any bytes as an Alloy expression: evaluated with the standard library, and converted to every type that arguments have.
 */
#include <stdint.h>

#include "alloy/convert.h"
#include "alloy/evaluate.h"
#include "alloy/parser.h"
#include "config/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sm_arena arena = SM_ARENA_INIT;
    const struct sm_source source = {.name = "fuzz", .text = sm_slice_make(data, size), .language = SM_SOURCE_ALLOY};
    struct sm_alloy_machine machine = {.arena = &arena};
    struct sm_alloy_value *names = sm_alloy_object(&arena);
    sm_alloy_object_set(names, &arena, SM_SLICE("s"), sm_alloy_secret(&arena, SM_SLICE("hush")));
    sm_alloy_object_set(names, &arena, SM_SLICE("o"), sm_alloy_optional_secret(&arena, SM_SLICE("open"), false));
    const struct sm_alloy_scope scope = {.names = names};
    const struct sm_alloy_expr *expr = sm_alloy_parse_expression(&source, &arena, NULL);
    const struct sm_alloy_value *value = expr ? sm_alloy_evaluate(&machine, expr, &scope) : NULL;
    if (expr && !value)
        (void)sm_alloy_fault_text(&machine.fault, &arena);
    for (unsigned want = SM_ALLOY_WANT_ANY; value && want < SM_ALLOY_WANT_COUNT; want++) {
        if (!sm_alloy_convert(&machine, value, want) || !sm_alloy_convert(&machine, value, want | SM_ALLOY_LIST_OF) ||
            !sm_alloy_convert(&machine, value, want | SM_ALLOY_MAP_OF))
            (void)sm_alloy_fault_text(&machine.fault, &arena);
    }
    sm_arena_deinit(&arena);
    return 0;
}
