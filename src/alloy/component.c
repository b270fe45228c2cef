/* component.c - a block of a built-in component becomes an instance; others see what it exports. */
#include "alloy/finish.h"
#include "alloy/scope.h"
#include "config/source.h"
#include "config/tree.h"

static struct sm_alloy_instance *make_instance(struct sm_alloy_module *module, struct sm_alloy_node *node, const struct sm_component_type *type)
{
    struct sm_alloy_loading *loading = module->loading;
    struct sm_alloy_instance *instance = sm_arena_zalloc(loading->arena, 1, sizeof(*instance));
    *instance = (struct sm_alloy_instance){
        .component = node->component, .type = type, .name = node->id, .position = sm_alloy_block_position(node->source, node->block)};
    instance->id = sm_arena_printf(loading->arena, "%s/%s%.*s", node->component->type, module->prefix, SM_SLICE_ARGS(node->block->label));
    for (const struct sm_alloy_instance *other = loading->first; other; other = other->next)
        if (other->component->exports != SM_ALLOY_METRICS_RECEIVER && node->component->exports != SM_ALLOY_METRICS_RECEIVER &&
            other->component->kind == node->component->kind && strcmp(other->id, instance->id) == 0)
            instance->id = sm_arena_printf(loading->arena, "%s.%zu", instance->id, loading->instance_count);
    instance->settings = sm_tree_map(loading->arena, instance->position);
    if (loading->last)
        loading->last->next = instance;
    else
        loading->first = instance;
    loading->last = instance;
    loading->instance_count++;
    return instance;
}

/* What others see of a component. */
static struct sm_alloy_value *exports_of(struct sm_arena *arena, struct sm_alloy_instance *instance)
{
    struct sm_alloy_value *exports = sm_alloy_object(arena);
    if (instance->component->exports == SM_ALLOY_METRICS_RECEIVER) {
        sm_alloy_object_set(exports, arena, SM_SLICE("receiver"), sm_alloy_capsule(arena, SM_ALLOY_METRICS_RECEIVER, instance));
        sm_alloy_object_set(exports, arena, SM_SLICE("rules"), sm_alloy_capsule(arena, SM_ALLOY_RELABEL_RULES, instance));
    } else if (instance->component->kind == SM_EXTENSION) {
        sm_alloy_object_set(exports, arena, SM_SLICE("handler"), sm_alloy_capsule(arena, instance->component->exports, instance));
    } else if (instance->component->kind != SM_RECEIVER) {
        sm_alloy_object_set(exports, arena, SM_SLICE("input"), sm_alloy_capsule(arena, SM_ALLOY_CONSUMER, instance));
    }
    return exports;
}

void sm_alloy_evaluate_component(struct sm_alloy_module *module, struct sm_alloy_node *node)
{
    struct sm_alloy_loading *loading = module->loading;
    struct sm_position position = sm_alloy_block_position(node->source, node->block);
    const struct sm_component_type *type = loading->options->find_type(node->component->kind, sm_slice_of(node->component->type));
    node->state = SM_ALLOY_FAILED;
    if (!type) {
        sm_alloy_module_error(module, position, NULL, "component \"%.*s\" is not built in spanmill", SM_SLICE_ARGS(node->block->name));
        return;
    }
    if (loading->instance_count >= SM_ALLOY_INSTANCES_MAX) {
        sm_alloy_module_error(module, position, NULL, "more than %d components", SM_ALLOY_INSTANCES_MAX);
        return;
    }
    node->state = SM_ALLOY_DONE;
    struct sm_alloy_instance *instance = make_instance(module, node, type);
    struct sm_alloy_scope scope = {.names = module->names};
    struct sm_alloy_decoding decoding = sm_alloy_module_decoding(module, node, &scope);
    decoding.instance = instance;
    decoding.is_server = node->component->kind == SM_RECEIVER;
    sm_alloy_decode_block(&decoding, node->block, node->component->rows, instance->settings);
    if (node->component->finish && decoding.error_count == 0) {
        struct sm_alloy_finish finish = {.loading = loading,
                                         .decoding = &decoding,
                                         .instance = instance,
                                         .settings = instance->settings,
                                         .label = sm_arena_printf(loading->arena, "%s%.*s", module->prefix, SM_SLICE_ARGS(node->block->label))};
        node->component->finish(&finish);
    }
    sm_alloy_module_export(module, node, exports_of(loading->arena, instance));
    loading->error_count += decoding.error_count;
}
