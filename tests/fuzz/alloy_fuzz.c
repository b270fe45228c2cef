/* alloy_fuzz.c - any bytes as an Alloy file: what parses is formatted, which reads as the same tree and formats to the same text; then all of it is
 * evaluated, with nothing read from outside. */
#include <stdint.h>
#include <stdlib.h>

#include "alloy/front_end.h"
#include "alloy/parser.h"
#include "alloy/printer.h"
#include "base/bytes.h"
#include "config/diags.h"
#include "config/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool are_same(const struct sm_alloy_expr *a, const struct sm_alloy_expr *b)
{
    if (!a || !b)
        return a == b;
    if (a->kind != b->kind || a->op != b->op || a->count != b->count || !sm_slice_equal(a->text, b->text))
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->kind == SM_ALLOY_OBJECT ? !sm_slice_equal(a->fields[i].name, b->fields[i].name) || !are_same(a->fields[i].value, b->fields[i].value)
                                       : !are_same(a->items[i], b->items[i]))
            return false;
    return are_same(a->left, b->left) && are_same(a->right, b->right);
}

static bool are_bodies_same(const struct sm_alloy_body *a, const struct sm_alloy_body *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct sm_alloy_statement *x = a->items[i], *y = b->items[i];
        if (x->is_block != y->is_block || !sm_slice_equal(x->name, y->name) || !sm_slice_equal(x->label, y->label) || !are_same(x->value, y->value) ||
            !are_bodies_same(&x->body, &y->body))
            return false;
    }
    return true;
}

static void check_formatting(const struct sm_source *source, struct sm_arena *arena)
{
    struct sm_alloy_file *file = sm_alloy_parse(source, arena, NULL);
    if (!file)
        return;
    struct sm_bytes first, second;
    sm_bytes_init(&first, arena);
    sm_bytes_init(&second, arena);
    sm_alloy_print_file(file, &first);
    struct sm_source formatted = {.name = "formatted", .text = sm_bytes_slice(&first), .language = SM_SOURCE_ALLOY};
    struct sm_alloy_file *again = sm_alloy_parse(&formatted, arena, NULL);
    if (!again || !are_bodies_same(&file->body, &again->body))
        abort();
    sm_alloy_print_file(again, &second);
    /* Comments inside of expressions may move once more, as in the reference. */
    if (file->comment_count == 0 && !sm_slice_equal(sm_bytes_slice(&first), sm_bytes_slice(&second)))
        abort();
}

/* Every component is there and takes everything: what their own tables say is not of interest here. */
static const struct sm_component_type *find_type(enum sm_component_kind kind, struct sm_slice name)
{
    static const struct sm_option no_options[] = {SM_OPTION_END};
    static const struct sm_component_type type = {
        .name = "any", .signals = SM_SIGNAL_ALL, .gives = {SM_SIGNAL_ALL, SM_SIGNAL_ALL, SM_SIGNAL_ALL}, .options = no_options};
    (void)kind, (void)name;
    return &type;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_diags *diags = sm_diags_create();
    const struct sm_source source = {.name = "fuzz.alloy", .text = sm_slice_make(data, size), .is_quotable = true, .language = SM_SOURCE_ALLOY};
    const struct sm_source *sources[] = {&source};
    const struct sm_alloy_options options = {.find_type = find_type, .is_sealed = true};
    check_formatting(&source, &arena);
    struct sm_node *loaded = sm_alloy_load(sources, 1, &options, &arena, diags);
    (void)loaded;
    sm_diags_free(diags);
    sm_arena_deinit(&arena);
    return 0;
}
