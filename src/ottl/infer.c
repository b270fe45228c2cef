/* infer.c - which context a list of statements and conditions is about.
 *
 * The most specific context that one of the paths names; when it lacks a function or an enum that is used, one of its parts that has them.
 * State: what was collected from the texts. Source: opentelemetry-collector-contrib pkg/ottl/context_inferrer.go. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "config/diags.h"
#include "ottl/compile.h"

struct name_list {
    struct sm_slice *items;
    size_t count, capacity;
};

struct sm_ottl_inference {
    struct sm_arena arena; /* owned */
    struct name_list contexts, functions, enums;
};

struct sm_ottl_inference *sm_ottl_inference_create(void)
{
    return sm_alloc(1, sizeof(struct sm_ottl_inference));
}

void sm_ottl_inference_free(struct sm_ottl_inference *inference)
{
    sm_arena_deinit(&inference->arena);
    free(inference);
}

static void add_name(struct sm_ottl_inference *inference, struct name_list *list, struct sm_slice name)
{
    if (list->count == list->capacity)
        list->items = sm_arena_grow(&inference->arena, list->items, list->count, &list->capacity, list->count + 1, sizeof(*list->items));
    list->items[list->count++] = name;
}

static void collect(struct sm_ottl_inference *inference, const struct sm_ottl_node *node)
{
    if (node->kind == SM_OTTL_NODE_PATH) {
        /* a prefix is a name with a dot behind it: not one that is indexed */
        bool has_prefix = node->field_count > 1 && node->fields[0].key_count == 0;
        add_name(inference, &inference->contexts, has_prefix ? node->fields[0].name : (struct sm_slice){0});
        for (size_t i = 0; i < node->field_count; i++)
            for (size_t k = 0; k < node->fields[i].key_count; k++)
                collect(inference, node->fields[i].keys[k]);
    }
    if (node->kind == SM_OTTL_NODE_CALL)
        add_name(inference, &inference->functions, node->name);
    if (node->kind == SM_OTTL_NODE_ENUM)
        add_name(inference, &inference->enums, node->text);
    for (size_t i = 0; i < node->argument_count; i++)
        if (node->arguments[i].value)
            collect(inference, node->arguments[i].value);
    for (size_t i = 0; i < node->count; i++)
        collect(inference, node->items[i]);
}

bool sm_ottl_inference_add(struct sm_ottl_inference *inference, struct sm_slice text, bool is_statement, struct sm_ottl_error *error)
{
    struct sm_ottl_tree tree;
    text = sm_arena_copy(&inference->arena, text); /* names point into it */
    bool is_parsed = is_statement ? sm_ottl_parse_statement(text, &inference->arena, &tree, error)
                                  : sm_ottl_parse_condition(text, &inference->arena, &tree, error);
    if (!is_parsed)
        return sm_ottl_syntax_error(error, text, is_statement ? "statement" : "condition");
    if (tree.editor)
        collect(inference, tree.editor);
    if (tree.condition)
        collect(inference, tree.condition);
    return true;
}

static bool supports(const struct sm_ottl_inference *inference, enum sm_ottl_context context, unsigned functions, struct sm_ottl_error *error)
{
    const struct sm_ottl_language language = {.context = context, .functions = functions};
    int64_t number;
    for (size_t i = 0; i < inference->functions.count; i++)
        if (!sm_ottl_function_find(inference->functions.items[i], &language))
            return sm_ottl_error_set(error, 0, 0, "inferred context \"%s\" does not support the function \"%.*s\"", sm_ottl_context_name(context),
                                     SM_SLICE_ARGS(inference->functions.items[i]));
    for (size_t i = 0; i < inference->enums.count; i++)
        /* the name of a function, as in FNV, looks like an enum: refused here as in the reference, an explicit context takes it */
        if (!sm_ottl_enum_find(context, inference->enums.items[i], &number))
            return sm_ottl_error_set(error, 0, 0, "inferred context \"%s\" does not support the enum symbol \"%.*s\"", sm_ottl_context_name(context),
                                     SM_SLICE_ARGS(inference->enums.items[i]));
    return true;
}

/* Contexts that also have the paths of `context`, being part of it. */
static bool is_part(enum sm_ottl_context part, enum sm_ottl_context context)
{
    static const unsigned parts[SM_OTTL_CONTEXT_COUNT] = {
        [SM_OTTL_METRIC] = 1u << SM_OTTL_DATAPOINT,
        [SM_OTTL_SPAN] = 1u << SM_OTTL_SPANEVENT,
        [SM_OTTL_SCOPE] = 1u << SM_OTTL_LOG | 1u << SM_OTTL_DATAPOINT | 1u << SM_OTTL_METRIC | 1u << SM_OTTL_SPANEVENT | 1u << SM_OTTL_SPAN,
        [SM_OTTL_RESOURCE] = ~(1u << SM_OTTL_RESOURCE),
    };
    return (parts[context] >> part & 1) != 0;
}

/* The context whose name is nearest to a prefix that is none: "spn." for "span.". */
static void suggest_context(const struct sm_ottl_inference *inference, unsigned contexts, struct sm_ottl_error *error)
{
    const char *names[SM_OTTL_CONTEXT_COUNT];
    size_t count = 0;
    for (unsigned i = 0; i < SM_OTTL_CONTEXT_COUNT; i++)
        if ((contexts >> i & 1) != 0)
            names[count++] = sm_ottl_context_name((enum sm_ottl_context)i);
    for (size_t i = 0; i < inference->contexts.count && !error->suggestion[0]; i++) {
        char word[64];
        snprintf(word, sizeof(word), "%.*s", SM_SLICE_ARGS(inference->contexts.items[i]));
        const char *nearest = *word ? sm_nearest_word(word, names, count) : NULL;
        if (nearest)
            snprintf(error->suggestion, sizeof(error->suggestion), "%s", nearest);
    }
}

/* The other name of "scope" stands in paths, but names no context. */
static bool has_own_name(const struct sm_ottl_inference *inference, enum sm_ottl_context context)
{
    for (size_t i = 0; i < inference->contexts.count; i++)
        if (sm_slice_is(inference->contexts.items[i], sm_ottl_context_name(context)))
            return true;
    return false;
}

bool sm_ottl_infer(const struct sm_ottl_inference *inference, unsigned contexts, unsigned functions, enum sm_ottl_context *context,
                   struct sm_ottl_error *error)
{
    enum sm_ottl_context best = SM_OTTL_CONTEXT_COUNT, candidate;
    struct sm_ottl_error ignored;
    for (size_t i = 0; i < inference->contexts.count; i++)
        if (sm_ottl_context_find(inference->contexts.items[i], &candidate) && candidate < best)
            best = candidate;
    if (best == SM_OTTL_CONTEXT_COUNT) {
        sm_ottl_error_set(error, 0, 0,
                          "unable to infer a valid context from the paths: they should begin with the name of a context, as in span.name");
        suggest_context(inference, contexts, error);
        return false;
    }
    if ((contexts >> best & 1) == 0)
        return sm_ottl_error_set(error, 0, 0, "the context \"%s\" is not one of this signal", sm_ottl_context_name(best));
    if (!has_own_name(inference, best))
        return sm_ottl_error_set(error, 0, 0, "inferred context \"instrumentation_scope\" is not a valid candidate: say \"scope\"");
    *context = best;
    if (supports(inference, best, functions, error))
        return true;
    for (unsigned i = 0; i < SM_OTTL_CONTEXT_COUNT; i++)
        if ((contexts >> i & 1) != 0 && is_part((enum sm_ottl_context)i, best) && supports(inference, (enum sm_ottl_context)i, functions, &ignored)) {
            *context = (enum sm_ottl_context)i;
            return true;
        }
    return false;
}
