/* transform.c - the processor transform: OTTL statements, in groups that each go over all the data in their context.
 *
 * Reads and changes what the statements name. State: the compiled groups of the instance's signal.
 * Source: opentelemetry-collector-contrib processor/transformprocessor. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "config/gates.h"
#include "ottl/sequence.h"
#include "pipeline/component.h"
#include "pipeline/delivery.h"
#include "processors/flatten_logs.h"
#include "processors/walk.h"

struct options {
    const char *error_mode;
    const struct sm_node *trace_statements, *metric_statements, *log_statements;
    bool flatten_data;
};

static const struct sm_option option_table[] = {
    SM_OPTION_STRING(struct options, error_mode, .preset.string = "ignore",
                     .help = "What a failing statement does: ignore (log and go on), silent, propagate (refuse the payload)."),
    SM_OPTION_NODE(struct options, trace_statements,
                   .help = "Statements for traces: texts, or groups with context, conditions, statements, error_mode."),
    SM_OPTION_NODE(struct options, metric_statements, .help = "Statements for metrics."),
    SM_OPTION_NODE(struct options, log_statements, .help = "Statements for logs."),
    SM_OPTION_REFUSED("profile_statements", .help = "Profiles are not built."),
    SM_OPTION_BOOL(struct options, flatten_data,
                   .help = "Give every log record a resource and a scope of its own while statements run. Needs the gate transform.flatten.logs."),
    SM_OPTION_END,
};

static const struct signal_row {
    const char *key;
    unsigned contexts;
} signals[SM_SIGNAL_COUNT] = {
    [SM_TRACES] = {"trace_statements", 1u << SM_OTTL_SPAN | 1u << SM_OTTL_SPANEVENT | 1u << SM_OTTL_SCOPE | 1u << SM_OTTL_RESOURCE},
    [SM_METRICS] = {"metric_statements", 1u << SM_OTTL_METRIC | 1u << SM_OTTL_DATAPOINT | 1u << SM_OTTL_SCOPE | 1u << SM_OTTL_RESOURCE},
    [SM_LOGS] = {"log_statements", 1u << SM_OTTL_LOG | 1u << SM_OTTL_SCOPE | 1u << SM_OTTL_RESOURCE},
};
enum { FUNCTIONS = SM_OTTL_CONVERTERS | SM_OTTL_EDITORS | SM_OTTL_FOR_TRANSFORM };

struct group {
    enum sm_ottl_context context;
    enum sm_ottl_error_mode error_mode;
    struct sm_ottl_conditions conditions;
    const struct sm_ottl_statement **statements;
    size_t statement_count;
};

struct state {
    struct sm_ottl_program *program; /* owned: everything below */
    struct group *groups;
    size_t group_count;
};

/* ---- from the options */

struct planning {
    struct state *state;
    enum sm_signal signal;
    struct sm_validation *validation; /* NULL: creating */
    struct sm_error *error;
};

static bool fail(const struct planning *p, const char *message)
{
    if (p->validation)
        sm_validation_error(p->validation, signals[p->signal].key, "%s", message);
    else
        sm_error_set(p->error, SM_ERROR_USAGE, "%s: %s", signals[p->signal].key, message);
    return false;
}

static bool refuse_text(const struct planning *p, const struct sm_node *node, const struct sm_ottl_error *error)
{
    const struct sm_ottl_place place = {.validation = p->validation, .key_path = signals[p->signal].key, .node = node};
    sm_ottl_report(&place, node->string, error);
    if (!p->validation)
        sm_error_set(p->error, SM_ERROR_USAGE, "%s", error->message);
    return false;
}

static bool check_texts(const struct planning *p, const struct sm_node *list)
{
    if (!list || list->kind == SM_NODE_NULL)
        return true;
    if (list->kind != SM_NODE_LIST)
        return fail(p, "statements and conditions must be lists of strings");
    for (size_t i = 0; i < list->list.count; i++)
        if (list->list.items[i]->kind != SM_NODE_STRING)
            return fail(p, "a statement or condition must be a string");
    return true;
}

static size_t text_count(const struct sm_node *list)
{
    return list && list->kind == SM_NODE_LIST ? list->list.count : 0;
}

static bool add_statements(const struct planning *p, struct group *group, const struct sm_ottl_language *language, const struct sm_node *list)
{
    bool are_fine = true;
    group->statements = sm_arena_zalloc(sm_ottl_program_arena(p->state->program), text_count(list), sizeof(*group->statements));
    for (size_t i = 0; i < text_count(list); i++) {
        struct sm_ottl_error error = {0};
        const struct sm_node *node = list->list.items[i];
        const struct sm_ottl_statement *statement = sm_ottl_compile_statement(p->state->program, language, sm_slice_of(node->string), &error);
        if (statement)
            group->statements[group->statement_count++] = statement;
        else
            are_fine = refuse_text(p, node, &error);
    }
    return are_fine;
}

/* Compiling in the context that the paths name tells a wrong function or enum at its place. */
static bool is_told_by_compiling(const struct planning *p, const struct sm_node *statements, const struct sm_node *conditions, struct group *group,
                                 const struct sm_ottl_language *language)
{
    bool are_fine = true;
    for (size_t i = 0; i < text_count(conditions); i++) {
        const struct sm_node *node = conditions->list.items[i];
        const struct sm_ottl_place place = {.validation = p->validation, .key_path = signals[p->signal].key, .node = node};
        are_fine = sm_ottl_conditions_add(&group->conditions, p->state->program, language, node->string, &place) && are_fine;
    }
    return !(add_statements(p, group, language, statements) && are_fine);
}

/* The context that all statements and conditions of a group together are about. */
static bool infer(const struct planning *p, const struct sm_node *statements, const struct sm_node *conditions, struct group *group,
                  struct sm_ottl_language *language)
{
    struct sm_ottl_inference *inference = sm_ottl_inference_create();
    struct sm_ottl_error error = {0};
    const struct sm_node *node = NULL;
    bool is_fine = true;
    language->context = SM_OTTL_CONTEXT_COUNT;
    for (size_t i = 0; is_fine && i < text_count(statements) + text_count(conditions); i++) {
        bool is_statement = i < text_count(statements);
        node = is_statement ? statements->list.items[i] : conditions->list.items[i - text_count(statements)];
        is_fine = sm_ottl_inference_add(inference, sm_slice_of(node->string), is_statement, &error);
    }
    bool are_read = is_fine;
    is_fine = is_fine && sm_ottl_infer(inference, signals[p->signal].contexts, FUNCTIONS, &language->context, &error);
    sm_ottl_inference_free(inference);
    if (is_fine || (language->context < SM_OTTL_CONTEXT_COUNT && is_told_by_compiling(p, statements, conditions, group, language)))
        return is_fine;
    if (are_read) /* about all of them: shown with the first */
        node = text_count(statements) > 0 ? statements->list.items[0] : conditions->list.items[0];
    return refuse_text(p, node, &error);
}

static bool refuse_context(const struct planning *p, const char *name)
{
    char message[96];
    snprintf(message, sizeof(message), "unknown context %.64s", name);
    return fail(p, message);
}

static bool add_group(const struct planning *p, const struct sm_node *statements, const struct sm_node *conditions, const char *context_name,
                      enum sm_ottl_error_mode mode)
{
    struct group *group = &p->state->groups[p->state->group_count++];
    struct sm_ottl_language language = {.functions = FUNCTIONS, .needs_prefixes = *context_name == '\0'};
    bool are_fine = true;
    *group = (struct group){.error_mode = mode, .conditions.error_mode = mode};
    if (!check_texts(p, statements) || !check_texts(p, conditions))
        return false;
    if (*context_name &&
        (!sm_ottl_context_setting(sm_slice_of(context_name), &language.context) || (signals[p->signal].contexts >> language.context & 1) == 0))
        return refuse_context(p, context_name);
    if (!*context_name && text_count(statements) + text_count(conditions) > 0 && !infer(p, statements, conditions, group, &language))
        return false;
    group->context = language.context;
    for (size_t i = 0; i < text_count(conditions); i++) {
        const struct sm_node *node = conditions->list.items[i];
        const struct sm_ottl_place place = {.validation = p->validation, .key_path = signals[p->signal].key, .node = node};
        are_fine = sm_ottl_conditions_add(&group->conditions, p->state->program, &language, node->string, &place) && are_fine;
    }
    return add_statements(p, group, &language, statements) && are_fine;
}

static bool find_mode(const struct planning *p, const char *word, enum sm_ottl_error_mode *mode)
{
    char message[128];
    if (sm_ottl_error_mode_find(word, mode))
        return true;
    snprintf(message, sizeof(message), "unknown error mode %.64s: it must be ignore, silent or propagate", word);
    return fail(p, message);
}

/* A key that is there says something: to the reference no word is a wrong one. */
static bool text_of(const struct planning *p, const struct sm_node *map, const char *key, const char **text)
{
    const struct sm_node *node = sm_node_find(map, key);
    if (!node)
        return true;
    if (node->kind != SM_NODE_STRING || *node->string == '\0')
        return fail(p, "context and error_mode must be strings that are not empty");
    *text = node->string;
    return true;
}

/* A map with statements, conditions, context and error_mode. */
static bool add_map(const struct planning *p, const struct sm_node *map, enum sm_ottl_error_mode mode)
{
    static const char *const keys[] = {"context", "conditions", "statements", "error_mode"};
    const char *context = "", *mode_word = "";
    char message[128];
    if (map->kind != SM_NODE_MAP)
        return fail(p, "an item must be a statement or a group of statements");
    for (size_t i = 0; i < map->map.count; i++) {
        bool is_known = false;
        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
            is_known = is_known || strcmp(map->map.entries[i].key, keys[k]) == 0;
        snprintf(message, sizeof(message), "has invalid keys: %.64s", map->map.entries[i].key);
        if (!is_known)
            return fail(p, message);
    }
    if (!text_of(p, map, "context", &context) || !text_of(p, map, "error_mode", &mode_word) || (*mode_word && !find_mode(p, mode_word, &mode)))
        return false;
    return add_group(p, sm_node_find(map, "statements"), sm_node_find(map, "conditions"), context, mode);
}

static bool add_all(const struct planning *p, const struct sm_node *list, enum sm_ottl_error_mode mode)
{
    size_t texts = 0;
    bool are_fine = true;
    if (!list || list->kind == SM_NODE_NULL)
        return true;
    if (list->kind != SM_NODE_LIST)
        return fail(p, "must be a list of statements or of groups of statements");
    for (size_t i = 0; i < list->list.count; i++)
        texts += list->list.items[i]->kind == SM_NODE_STRING;
    if (texts > 0 && texts < list->list.count)
        return fail(p,
                    "configuring multiple configuration styles is not supported, please use only Basic configuration or only Advanced configuration");
    p->state->groups = sm_arena_zalloc(sm_ottl_program_arena(p->state->program), list->list.count + 1, sizeof(struct group));
    if (texts > 0)
        return add_group(p, list, NULL, "", mode);
    for (size_t i = 0; i < list->list.count; i++)
        are_fine = add_map(p, list->list.items[i], mode) && are_fine;
    return are_fine;
}

static void free_state(struct state *state)
{
    if (!state)
        return;
    sm_ottl_program_free(state->program);
    free(state);
}

static struct state *make_state(const struct options *options, enum sm_signal signal, struct sm_validation *validation, struct sm_error *error)
{
    const struct sm_node *const lists[] = {
        [SM_TRACES] = options->trace_statements, [SM_METRICS] = options->metric_statements, [SM_LOGS] = options->log_statements};
    struct state *state = sm_alloc(1, sizeof(*state));
    const struct planning planning = {.state = state, .signal = signal, .validation = validation, .error = error};
    enum sm_ottl_error_mode mode;
    state->program = sm_ottl_program_create();
    if (find_mode(&planning, options->error_mode, &mode) && add_all(&planning, lists[signal], mode))
        return state;
    free_state(state);
    return NULL;
}

static void transform_validate(const void *options, struct sm_validation *validation)
{
    if (((const struct options *)options)->flatten_data && !sm_gate_is_on(SM_GATE_TRANSFORM_FLATTEN_LOGS))
        sm_validation_error(validation, "flatten_data", "'flatten_data' requires the 'transform.flatten.logs' feature gate to be enabled");
    for (int signal = 0; signal < SM_SIGNAL_COUNT; signal++)
        free_state(make_state(options, (enum sm_signal)signal, validation, NULL));
}

static bool transform_create(struct sm_component *component, struct sm_error *error)
{
    component->state = make_state(component->options, component->signal, NULL, error);
    return component->state != NULL;
}

static void transform_free(struct sm_component *component)
{
    free_state(component->state);
    component->state = NULL;
}

/* ---- running */

struct running {
    const struct group *group;
    const struct sm_logger *logger;
    bool has_failed; /* and is to be passed on: nothing more is done */
    char error[256];
};

static void stop(struct running *r, const struct sm_ottl_run *run)
{
    r->has_failed = true;
    memcpy(r->error, run->error, sizeof(r->error));
}

static void run_group(struct running *r, struct sm_ottl_run *run)
{
    const struct group *group = r->group;
    if (r->has_failed)
        return;
    run->cache = (struct sm_map){0};
    enum sm_ottl_verdict verdict = group->conditions.count > 0 ? sm_ottl_conditions_test(&group->conditions, run, r->logger) : SM_OTTL_YES;
    if (verdict == SM_OTTL_FAILED)
        stop(r, run);
    for (size_t i = 0; verdict == SM_OTTL_YES && i < group->statement_count && !r->has_failed; i++) {
        if (sm_ottl_execute(group->statements[i], run) != SM_OTTL_FAILED)
            continue;
        const struct sm_slice text = sm_ottl_statement_text(group->statements[i]);
        if (group->error_mode == SM_OTTL_IGNORE)
            sm_log(SM_LOG_WARN, r->logger, "failed to execute statement", SM_LOG_STR("error", run->error), SM_LOG_SLICE("statement", text));
        if (group->error_mode != SM_OTTL_PROPAGATE)
            continue;
        sm_ottl_explain(run, "failed to execute statement", text);
        stop(r, run);
    }
}

static void visit(struct sm_ottl_run *run, void *context)
{
    run_group(context, run);
}

static void transform_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    const struct state *state = component->state;
    struct running running = {.logger = &component->logger};
    bool is_flat = component->signal == SM_LOGS && ((const struct options *)component->options)->flatten_data;
    if (is_flat)
        sm_flatten_logs(batch);
    for (size_t i = 0; i < state->group_count && !running.has_failed; i++) {
        running.group = &state->groups[i];
        sm_walk_context(batch, running.group->context, visit, &running);
    }
    if (is_flat)
        sm_group_logs(batch);
    if (running.has_failed) {
        sm_log(SM_LOG_ERROR, &component->logger, "failed processing", SM_LOG_STR("error", running.error));
        struct sm_outcome outcome = sm_outcome_retry("%s", running.error);
        sm_batch_finish(batch, worker, &outcome);
        return;
    }
    sm_component_forward(component, worker, batch);
}

const struct sm_component_type sm_processor_transform = {
    .kind = SM_PROCESSOR,
    .name = "transform",
    .help = "Changes telemetry by OTTL statements.",
    .signals = SM_SIGNAL_ALL,
    .stability = {SM_STABILITY_BETA, SM_STABILITY_BETA, SM_STABILITY_BETA},
    .mutates = true,
    .counts_items = true,
    .options = option_table,
    .options_size = sizeof(struct options),
    .validate = transform_validate,
    .create = transform_create,
    .consume = transform_consume,
    .free = transform_free,
};
