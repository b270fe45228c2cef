/* settings.c - the blocks logging, tracing, http and livedebugging. */
#include "alloy/scope.h"
#include "config/diags.h"
#include "config/tree.h"

static const struct sm_alloy_word levels[] = {{"debug", "debug"}, {"info", "info"}, {"warn", "warn"}, {"error", "error"}, {0}};
static const struct sm_alloy_word formats[] = {{"logfmt", "console"}, {"json", "json"}, {0}};
static const struct sm_alloy_word destinations[] = {{"stderr", "stderr"}, {"stdout", "stdout"}, {0}};

static const struct sm_alloy_row logging_rows[] = {
    SM_ALLOY_TEXT("level", .words = levels),
    SM_ALLOY_TEXT("format", .to = "encoding", .words = formats),
    SM_ALLOY_TEXT("destination", .words = destinations),
    SM_ALLOY_ATTRIBUTE("write_to", SM_ALLOY_WANT_ARRAY, .has_no_effect = true),
    SM_ALLOY_END_ROW,
};

static bool has_targets(struct sm_alloy_decoding *decoding, const struct sm_alloy_node *node)
{
    const struct sm_alloy_value *targets = sm_alloy_decode_attribute(decoding, node->block, "write_to", SM_ALLOY_WANT_ARRAY, NULL);
    return targets && targets->array.count > 0;
}

void sm_alloy_evaluate_logging(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    struct sm_alloy_scope scope = {.names = module->names};
    struct sm_alloy_decoding decoding = sm_alloy_module_decoding(module, node, &scope);
    struct sm_arena *arena = module->loading->arena;
    struct sm_position position = sm_alloy_block_position(node->source, node->block);
    struct sm_node *settings = sm_tree_map(arena, position);
    sm_alloy_decode_block(&decoding, node->block, logging_rows, settings);
    if (decoding.error_count == 0 && has_targets(&decoding, node))
        sm_alloy_decoding_error(&decoding, position, NULL, "write_to is not built: logs go to standard error");
    struct sm_node *destination = sm_tree_take(settings, "destination");
    if (destination) {
        struct sm_node *list = sm_tree_list(arena, destination->position);
        sm_tree_append(list, arena, destination);
        sm_tree_set(settings, arena, "output_paths", destination->position, list);
    }
    module->loading->log_settings = settings;
    sm_alloy_module_finish(module, node, &decoding);
}

/* ---- tracing: of Alloy itself, which spanmill does not do */

static const struct sm_alloy_row jaeger_remote_rows[] = {
    SM_ALLOY_TEXT("url"),
    SM_ALLOY_NUMBER_("max_operations"),
    SM_ALLOY_TIME("refresh_interval"),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row sampler_rows[] = {
    SM_ALLOY_BLOCK("jaeger_remote", jaeger_remote_rows),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row tracing_rows[] = {
    SM_ALLOY_FRACTION("sampling_fraction"),
    SM_ALLOY_ATTRIBUTE("write_to", SM_ALLOY_WANT_CONSUMER | SM_ALLOY_LIST_OF, .has_no_effect = true),
    SM_ALLOY_SWITCH("send_traceparent"),
    SM_ALLOY_BLOCK("sampler", sampler_rows),
    SM_ALLOY_END_ROW,
};

void sm_alloy_evaluate_tracing(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    struct sm_alloy_scope scope = {.names = module->names};
    struct sm_alloy_decoding decoding = sm_alloy_module_decoding(module, node, &scope);
    struct sm_node scratch = {.kind = SM_NODE_MAP};
    sm_alloy_decode_block(&decoding, node->block, tracing_rows, &scratch);
    if (decoding.error_count == 0 && has_targets(&decoding, node))
        sm_diags_add(module->loading->diags, SM_DIAG_WARNING, sm_alloy_block_position(node->source, node->block), NULL, NULL,
                     "spanmill makes no traces of itself: nothing is written to the targets of tracing");
    sm_alloy_module_finish(module, node, &decoding);
}

void sm_alloy_evaluate_ignored(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    sm_diags_add(module->loading->diags, SM_DIAG_WARNING, sm_alloy_block_position(node->source, node->block), NULL, NULL,
                 "the block %.*s has no effect: spanmill has no such server", SM_SLICE_ARGS(node->block->name));
}
