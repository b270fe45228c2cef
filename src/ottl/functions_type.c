/* functions_type.c - converters that ask for a type or change it: IsString, Int, Len, Coalesce, …
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs. */
#include <math.h>

#include "ottl/compile.h"
#include "telemetry/span.h"

/* IsString, IsInt, … : `detail` is the kind asked for. */
static const enum sm_ottl_kind kind_string = SM_OTTL_STRING, kind_int = SM_OTTL_INT, kind_double = SM_OTTL_DOUBLE, kind_bool = SM_OTTL_BOOL,
                               kind_map = SM_OTTL_MAP;

static bool call_is_kind(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_value value;
    if (!sm_ottl_arg_any(&call->args[0], run, &value))
        return false;
    *out = sm_ottl_bool(value.kind == *(const enum sm_ottl_kind *)call->function->detail);
    return true;
}

static bool is_counted_object(const struct sm_ottl_value *value)
{
    return value->kind == SM_OTTL_OBJECT && value->object_kind != SM_OTTL_SPAN_STATUS && value->object_kind != SM_OTTL_BUCKETS;
}

static bool call_is_list(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_value value;
    if (!sm_ottl_arg_any(&call->args[0], run, &value))
        return false;
    bool is_object = is_counted_object(&value) && value.object_kind != SM_OTTL_UINTS;
    *out = sm_ottl_bool(value.kind == SM_OTTL_LIST || is_object);
    return true;
}

static bool call_int(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    int64_t integer;
    bool is_nil;
    if (!sm_ottl_arg_int_like(&call->args[0], run, &integer, &is_nil))
        return false;
    *out = is_nil ? sm_ottl_nil() : sm_ottl_int(integer);
    return true;
}

static bool call_double(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    double number;
    bool is_nil;
    if (!sm_ottl_arg_float_like(&call->args[0], run, &number, &is_nil))
        return false;
    *out = is_nil ? sm_ottl_nil() : sm_ottl_double(number);
    return true;
}

static bool call_bool(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    bool boolean, is_nil;
    if (!sm_ottl_arg_bool_like(&call->args[0], run, &boolean, &is_nil))
        return false;
    *out = is_nil ? sm_ottl_nil() : sm_ottl_bool(boolean);
    return true;
}

static bool call_string(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    bool is_nil;
    if (!sm_ottl_arg_string_like(&call->args[0], run, &text, &is_nil))
        return false;
    *out = is_nil ? sm_ottl_nil() : sm_ottl_string(text);
    return true;
}

static bool call_len(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_value value;
    if (!sm_ottl_arg_any(&call->args[0], run, &value))
        return false;
    if (value.kind == SM_OTTL_STRING || value.kind == SM_OTTL_BYTES)
        *out = sm_ottl_int((int64_t)value.text.size);
    else if (value.kind == SM_OTTL_LIST)
        *out = sm_ottl_int((int64_t)value.list->count);
    else if (value.kind == SM_OTTL_MAP)
        *out = sm_ottl_int((int64_t)value.map->count);
    else if (is_counted_object(&value))
        *out = sm_ottl_int((int64_t)value.count);
    else
        return sm_ottl_fail(run, "Len: unsupported target type %s", sm_ottl_kind_name(&value));
    return true;
}

static bool call_coalesce(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    for (size_t i = 0; i < call->args[0].count; i++) {
        if (!sm_ottl_arg_any(&call->args[0].items[i], run, out))
            return false;
        if (out->kind != SM_OTTL_NIL)
            return true;
    }
    return true;
}

static bool prepare_coalesce(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    return call->args[0].count > 0 || sm_ottl_compile_error(compiler, call->node, "Coalesce requires at least one argument");
}

static bool call_log(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    double number;
    bool is_nil;
    if (!sm_ottl_arg_float_like(&call->args[0], run, &number, &is_nil))
        return false;
    if (is_nil)
        return sm_ottl_fail(run, "invalid input: <nil>");
    if (number <= 0)
        return sm_ottl_fail(run, "invalid input: expected number greater than zero but got %g", number);
    *out = sm_ottl_double(log(number));
    return true;
}

static bool call_is_root_span(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)call;
    bool is_root = true;
    for (size_t i = 0; i < run->span->parent_span_id.size; i++)
        is_root = is_root && run->span->parent_span_id.ptr[i] == 0;
    *out = sm_ottl_bool(is_root);
    return true;
}

#define OF_ANY                                                                                                                                       \
    {                                                                                                                                                \
        {                                                                                                                                            \
            .name = "Target", .type = SM_OTTL_ARG_ANY                                                                                                \
        }                                                                                                                                            \
    }

const struct sm_ottl_function sm_ottl_type_functions[] = {
    {.name = "IsString",
     .help = "Whether the value is a string.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_STRING}},
     .call = call_is_kind,
     .detail = &kind_string},
    {.name = "IsInt",
     .help = "Whether the value is an integer.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_INT}},
     .call = call_is_kind,
     .detail = &kind_int},
    {.name = "IsDouble",
     .help = "Whether the value is a float.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_FLOAT}},
     .call = call_is_kind,
     .detail = &kind_double},
    {.name = "IsBool",
     .help = "Whether the value is a boolean.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_BOOL}},
     .call = call_is_kind,
     .detail = &kind_bool},
    {.name = "IsMap",
     .help = "Whether the value is a map.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_MAP}},
     .call = call_is_kind,
     .detail = &kind_map},
    {.name = "IsList", .help = "Whether the value is a list.", .parameters = OF_ANY, .call = call_is_list},
    {.name = "Int", .help = "The value as an integer.", .parameters = {{.name = "Target", .type = SM_OTTL_ARG_INT_LIKE}}, .call = call_int},
    {.name = "Double", .help = "The value as a float.", .parameters = {{.name = "Target", .type = SM_OTTL_ARG_FLOAT_LIKE}}, .call = call_double},
    {.name = "Bool", .help = "The value as a boolean.", .parameters = {{.name = "Target", .type = SM_OTTL_ARG_BOOL_LIKE}}, .call = call_bool},
    {.name = "String", .help = "The value as a string.", .parameters = {{.name = "Target", .type = SM_OTTL_ARG_STRING_LIKE}}, .call = call_string},
    {.name = "Len", .help = "Bytes of a string, elements of a list or map.", .parameters = OF_ANY, .call = call_len},
    {.name = "Coalesce",
     .help = "The first value that is not nil.",
     .parameters = {{.name = "Values", .type = SM_OTTL_ARG_ANY, .is_list = true}},
     .call = call_coalesce,
     .prepare = prepare_coalesce},
    {.name = "Log", .help = "The natural logarithm.", .parameters = {{.name = "Target", .type = SM_OTTL_ARG_FLOAT_LIKE}}, .call = call_log},
    {.name = "IsRootSpan", .help = "Whether the span has no parent.", .contexts = 1u << SM_OTTL_SPAN, .call = call_is_root_span},
    {0},
};
