/* calls.c - compiling function calls: finding the function, matching arguments with parameters, checking literals.
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/functions.go (newFunctionCall, buildArgs). */
#include <ctype.h>
#include <stdio.h>

#include "ottl/compile.h"

enum { PARAMETER_NAME_MAX = 48 };

static bool eval_call(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct sm_ottl_call *call = (const struct sm_ottl_call *)expr;
    *out = sm_ottl_nil();
    if (!call->function->call(call, run, out))
        return false;
    out->is_constant = out->is_constant || expr->holds_constants;
    return call->key_count == 0 || sm_ottl_index(run, call->keys, call->key_count, out);
}

/* value_path and valuePath are both ValuePath. */
static void to_parameter_name(struct sm_slice written, char name[static PARAMETER_NAME_MAX])
{
    size_t size = 0;
    bool starts_word = true;
    for (size_t i = 0; i < written.size && size + 1 < PARAMETER_NAME_MAX; i++) {
        char c = written.ptr[i];
        if (c == '_') {
            starts_word = true;
            continue;
        }
        name[size++] = starts_word ? (char)toupper((unsigned char)c) : c;
        starts_word = isdigit((unsigned char)c);
    }
    name[size] = '\0';
}

static size_t parameter_count(const struct sm_ottl_function *function, bool only_required)
{
    size_t count = 0;
    for (const struct sm_ottl_parameter *parameter = function->parameters; parameter->type != SM_OTTL_ARG_END; parameter++)
        count += !only_required || !parameter->is_optional;
    return count;
}

static bool find_parameter(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, const struct sm_ottl_function *function,
                           size_t position, size_t *index)
{
    const struct sm_ottl_argument *argument = &node->arguments[position];
    char name[PARAMETER_NAME_MAX];
    *index = position;
    if (argument->name.size == 0)
        return true;
    to_parameter_name(argument->name, name);
    for (*index = 0; function->parameters[*index].type != SM_OTTL_ARG_END; (*index)++)
        if (strcmp(name, function->parameters[*index].name) == 0)
            return true;
    return sm_ottl_compile_error(compiler, node, "%s: no such parameter: %.*s", function->name, SM_SLICE_ARGS(argument->name));
}

static bool check_count(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, const struct sm_ottl_function *function)
{
    bool seen_name = false;
    for (size_t i = 0; i < node->argument_count; i++) {
        if (seen_name && node->arguments[i].name.size == 0)
            return sm_ottl_compile_error(compiler, node, "unnamed argument used after named argument");
        seen_name = seen_name || node->arguments[i].name.size > 0;
    }
    size_t all = parameter_count(function, false), required = parameter_count(function, true);
    if (node->argument_count >= required && node->argument_count <= all)
        return true;
    if (all == 0) /* the reference does not look at what these are given */
        return true;
    return sm_ottl_compile_error(compiler, node, "%s: incorrect number of arguments. Expected: %zu Received: %zu", function->name, all,
                                 node->argument_count);
}

/* ---- one argument */

static bool refuse_argument(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, const struct sm_ottl_parameter *parameter,
                            const char *what)
{
    return sm_ottl_compile_error(compiler, node, "%s: argument %s must be %s", compiler->function->name, parameter->name, what);
}

static bool compile_reference(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, const struct sm_ottl_parameter *parameter,
                              struct sm_ottl_arg *arg)
{
    if (node->kind != SM_OTTL_NODE_PATH)
        return refuse_argument(compiler, node, parameter, "a path");
    arg->ref = sm_ottl_compile_path(compiler, node);
    arg->expr = arg->ref ? &arg->ref->base : NULL;
    return arg->ref != NULL;
}

static bool compile_literal(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, const struct sm_ottl_parameter *parameter,
                            struct sm_ottl_arg *arg)
{
    static const struct {
        enum sm_ottl_node_kind kind;
        const char *name;
    } wanted[] = {
        [SM_OTTL_ARG_LITERAL_STRING] = {SM_OTTL_NODE_STRING, "a string"},
        [SM_OTTL_ARG_LITERAL_INT] = {SM_OTTL_NODE_INT, "an int"},
        [SM_OTTL_ARG_LITERAL_FLOAT] = {SM_OTTL_NODE_FLOAT, "a float"},
        [SM_OTTL_ARG_LITERAL_BOOL] = {SM_OTTL_NODE_BOOL, "a bool"},
    };
    if (node->kind != wanted[parameter->type].kind)
        return refuse_argument(compiler, node, parameter, wanted[parameter->type].name);
    if (parameter->type == SM_OTTL_ARG_LITERAL_STRING)
        arg->text = node->text;
    else if (parameter->type == SM_OTTL_ARG_LITERAL_INT)
        arg->integer = node->integer;
    else if (parameter->type == SM_OTTL_ARG_LITERAL_FLOAT)
        arg->number = node->number;
    else
        arg->boolean = node->boolean;
    return true;
}

static bool compile_value(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, const struct sm_ottl_parameter *parameter,
                          struct sm_ottl_arg *arg)
{
    struct sm_ottl_run run = {.arena = compiler->arena};
    arg->expr = sm_ottl_compile_node(compiler, node);
    if (!arg->expr)
        return false;
    if (arg->expr->is_literal && !sm_ottl_arg_check(arg, parameter->type, &run))
        return sm_ottl_compile_error(compiler, node, "%s: argument %s: %s", compiler->function->name, parameter->name, run.error);
    return true;
}

static bool compile_one(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, const struct sm_ottl_parameter *parameter,
                        struct sm_ottl_arg *arg)
{
    arg->is_set = true;
    switch (parameter->type) {
    case SM_OTTL_ARG_PATH:
    case SM_OTTL_ARG_MAP_PATH:
    case SM_OTTL_ARG_LIST_PATH:
        return compile_reference(compiler, node, parameter, arg);
    case SM_OTTL_ARG_LITERAL_STRING:
    case SM_OTTL_ARG_LITERAL_INT:
    case SM_OTTL_ARG_LITERAL_FLOAT:
    case SM_OTTL_ARG_LITERAL_BOOL:
        return compile_literal(compiler, node, parameter, arg);
    default:
        return compile_value(compiler, node, parameter, arg);
    }
}

static bool compile_list(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, const struct sm_ottl_parameter *parameter,
                         struct sm_ottl_arg *arg)
{
    if (node->kind != SM_OTTL_NODE_LIST)
        return refuse_argument(compiler, node, parameter, "a list");
    arg->is_set = true;
    arg->count = node->count;
    arg->items = sm_arena_zalloc(compiler->arena, node->count, sizeof(*arg->items));
    for (size_t i = 0; i < node->count; i++)
        if (!compile_one(compiler, node->items[i], parameter, &arg->items[i]))
            return false;
    return true;
}

static bool compile_function_name(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *call, const struct sm_ottl_argument *argument,
                                  struct sm_ottl_arg *arg)
{
    struct sm_slice name = argument->function.size > 0                                     ? argument->function
                           : argument->value && argument->value->kind == SM_OTTL_NODE_ENUM ? argument->value->text
                                                                                           : (struct sm_slice){0};
    if (name.size == 0)
        return sm_ottl_compile_error(compiler, call, "the name of a converter is expected");
    arg->function = sm_ottl_function_find(name, compiler->language);
    arg->is_set = true;
    /* One that takes more than a text fails when it is called, not here. */
    if (arg->function && arg->function->prepare && arg->function->parameters[1].type == SM_OTTL_ARG_END) {
        struct sm_ottl_call prepared = {.function = arg->function, .node = call};
        if (!arg->function->prepare(&prepared, compiler))
            return false;
    }
    return arg->function || sm_ottl_compile_error(compiler, call, "undefined function %.*s", SM_SLICE_ARGS(name));
}

static bool compile_argument(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, const struct sm_ottl_function *function,
                             size_t position, struct sm_ottl_call *call)
{
    const struct sm_ottl_argument *argument = &node->arguments[position];
    size_t index;
    if (!find_parameter(compiler, node, function, position, &index))
        return false;
    const struct sm_ottl_parameter *parameter = &function->parameters[index];
    if (parameter->type == SM_OTTL_ARG_FUNCTION)
        return compile_function_name(compiler, node, argument, &call->args[index]);
    if (!argument->value)
        return sm_ottl_compile_error(compiler, node, "%.*s is the name of a function; argument %s is a value", SM_SLICE_ARGS(argument->function),
                                     parameter->name);
    return parameter->is_list ? compile_list(compiler, argument->value, parameter, &call->args[index])
                              : compile_one(compiler, argument->value, parameter, &call->args[index]);
}

static bool holds_constants(const struct sm_ottl_arg *arg)
{
    for (size_t i = 0; i < arg->count; i++)
        if (holds_constants(&arg->items[i]))
            return true;
    return arg->is_set && (!arg->expr || arg->expr->holds_constants);
}

static bool check_required(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, const struct sm_ottl_call *call)
{
    for (size_t i = 0; call->function->parameters[i].type != SM_OTTL_ARG_END; i++)
        if (!call->args[i].is_set && !call->function->parameters[i].is_optional)
            return sm_ottl_compile_error(compiler, node, "%s needs the argument %s", call->function->name, call->function->parameters[i].name);
    return true;
}

static const struct sm_ottl_function *find_function(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node)
{
    const struct sm_ottl_function *function = sm_ottl_function_find(node->name, compiler->language);
    if (function)
        return function;
    sm_ottl_compile_error(compiler, node, "undefined function %.*s in the context %s", SM_SLICE_ARGS(node->name),
                          sm_ottl_context_name(compiler->language->context));
    const char *nearest = sm_ottl_function_nearest(node->name, compiler->language);
    if (nearest)
        snprintf(compiler->error->suggestion, sizeof(compiler->error->suggestion), "%s", nearest);
    return NULL;
}

const struct sm_ottl_expr *sm_ottl_compile_call(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node)
{
    const struct sm_ottl_function *function = find_function(compiler, node);
    if (!function || !check_count(compiler, node, function))
        return NULL;
    struct sm_ottl_call *call = sm_arena_zalloc(compiler->arena, 1, sizeof(*call));
    *call = (struct sm_ottl_call){.base.eval = eval_call, .function = function, .node = node, .key_count = node->count};
    const struct sm_ottl_function *outer = compiler->function;
    bool takes_arguments = parameter_count(function, false) > 0;
    for (size_t i = 0; takes_arguments && i < node->argument_count; i++) {
        compiler->function = function;
        if (!compile_argument(compiler, node, function, i, call))
            return NULL;
    }
    compiler->function = outer;
    for (size_t i = 0; i < SM_OTTL_ARGUMENTS_MAX; i++)
        call->base.holds_constants = call->base.holds_constants || holds_constants(&call->args[i]);
    call->keys = sm_ottl_compile_keys(compiler, node->items, node->count);
    if (!call->keys || !check_required(compiler, node, call))
        return NULL;
    return !function->prepare || function->prepare(call, compiler) ? &call->base : NULL;
}

/* ---- regular expressions */

bool sm_ottl_prepare_regex(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler, size_t argument)
{
    struct sm_slice pattern;
    if (!sm_ottl_arg_literal_text(&call->args[argument], &pattern))
        return true;
    call->state = sm_ottl_compile_regex(compiler, pattern, call->node);
    return call->state != NULL;
}

bool sm_ottl_regex_get(const struct sm_ottl_call *call, size_t argument, struct sm_ottl_run *run, struct sm_ottl_regex *regex)
{
    struct sm_slice pattern;
    *regex = (struct sm_ottl_regex){.regex = call->state};
    return regex->regex || (sm_ottl_arg_string(&call->args[argument], run, &pattern) && sm_ottl_regex_find(run, pattern, regex));
}
