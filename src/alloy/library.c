/* library.c - finds names of the standard library and calls its functions. Source: Alloy's syntax/internal/stdlib. */
#include "alloy/library.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "alloy/convert.h"

static const struct sm_alloy_function *const tables[] = {
    sm_alloy_string_functions, sm_alloy_array_functions, sm_alloy_encoding_functions, sm_alloy_system_functions, sm_alloy_json_path_functions,
};
enum { TABLE_COUNT = sizeof(tables) / sizeof(tables[0]) };

static struct sm_alloy_value *function_value(struct sm_arena *arena, const struct sm_alloy_function *function)
{
    struct sm_alloy_value *value = sm_alloy_null(arena);
    value->type = SM_ALLOY_TYPE_FUNCTION;
    value->function = function;
    return value;
}

static struct sm_alloy_value *constants(struct sm_arena *arena)
{
    char host[256] = "";
    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = '\0';
#if defined(__x86_64__)
    const char *arch = "amd64";
#elif defined(__aarch64__)
    const char *arch = "arm64";
#else
    const char *arch = "unknown";
#endif
    struct sm_alloy_value *group = sm_alloy_object(arena);
    sm_alloy_object_add(group, arena, SM_SLICE("hostname"), sm_alloy_string(arena, sm_arena_copy(arena, sm_slice_of(host))));
    sm_alloy_object_add(group, arena, SM_SLICE("os"), sm_alloy_string(arena, SM_SLICE("linux")));
    sm_alloy_object_add(group, arena, SM_SLICE("arch"), sm_alloy_string(arena, sm_slice_of(arch)));
    sm_alloy_object_add(group, arena, SM_SLICE("version"), sm_alloy_string(arena, SM_SLICE("v" SPANMILL_VERSION)));
    return group;
}

const struct sm_alloy_value *sm_alloy_library_find(struct sm_arena *arena, struct sm_slice name)
{
    if (sm_slice_is(name, "constants"))
        return constants(arena);
    struct sm_alloy_value *group = NULL;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        for (const struct sm_alloy_function *function = tables[i]; function->name; function++) {
            struct sm_slice rest = sm_slice_of(function->name), first = sm_slice_cut(&rest, '.');
            if ((function->old_name && sm_slice_is(name, function->old_name)) || (rest.size == 0 && sm_slice_equal(first, name)))
                return function_value(arena, function);
            if (rest.size == 0 || !sm_slice_equal(first, name))
                continue;
            group = group ? group : sm_alloy_object(arena);
            sm_alloy_object_add(group, arena, rest, function_value(arena, function));
        }
    return group;
}

static bool check_count(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, size_t count)
{
    const struct sm_alloy_function *function = value->function;
    size_t least = function->parameter_count - (function->is_variadic ? 1 : 0);
    if (function->is_variadic && count < least)
        sm_alloy_fail(machine, value, "expected at least %zu args, got %zu", least, count);
    else if (!function->is_variadic && count != least)
        sm_alloy_fail(machine, value, "expected %zu args, got %zu", least, count);
    else
        return true;
    return false;
}

struct sm_alloy_value *sm_alloy_library_call(struct sm_alloy_machine *machine, const struct sm_alloy_value *function, struct sm_alloy_value **args,
                                             size_t count)
{
    const struct sm_alloy_function *row = function->function;
    struct sm_alloy_call call = {.machine = machine, .function = function, .args = args, .count = count};
    if (row->is_raw)
        return row->call(&call);
    if (!check_count(machine, function, count))
        return NULL;
    call.args = sm_arena_zalloc(machine->arena, count, sizeof(struct sm_alloy_value *));
    for (size_t i = 0; i < count; i++) {
        size_t parameter = i < row->parameter_count ? i : row->parameter_count - 1;
        call.args[i] = sm_alloy_convert(machine, args[i], row->parameters[parameter]);
        if (!call.args[i])
            return sm_alloy_fail_inside(machine, args[i], "");
    }
    return row->call(&call);
}

void *sm_alloy_call_fail(const struct sm_alloy_call *call, const char *reason)
{
    return sm_alloy_fail(call->machine, call->function, "%s", reason);
}
