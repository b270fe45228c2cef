/* library_json_path.c - json_path: what a JSONPath expression selects from a JSON text. */
#include "alloy/convert.h"
#include "alloy/json_path.h"
#include "alloy/json_value.h"
#include "alloy/library.h"

static struct sm_alloy_value *select_from(const struct sm_alloy_call *call, struct sm_json_path_patterns *patterns)
{
    struct sm_arena *arena = call->machine->arena;
    const char *reason;
    const struct sm_json_path *path = sm_json_path_parse(call->args[1]->text, patterns, arena, &reason);
    struct sm_alloy_value *root = path ? sm_alloy_read_json(call->args[0]->text, SM_ALLOY_JSON_OJ, arena, &reason) : NULL;
    if (!root)
        return sm_alloy_call_fail(call, reason);
    struct sm_json_path_run run = {.patterns = patterns};
    struct sm_json_path_set selected;
    if (!sm_json_path_select(&run, path, root, arena, &selected))
        return sm_alloy_call_fail(call, run.error);
    struct sm_alloy_value *list = sm_alloy_array(arena, selected.count);
    for (size_t i = 0; i < selected.count; i++)
        list->array.items[i] = selected.items[i].value;
    return list;
}

static struct sm_alloy_value *json_path(const struct sm_alloy_call *call)
{
    struct sm_json_path_patterns patterns = {0};
    struct sm_alloy_value *result = select_from(call, &patterns);
    sm_json_path_patterns_deinit(&patterns);
    return result;
}

const struct sm_alloy_function sm_alloy_json_path_functions[] = {
    {.name = "json_path", .parameters = {SM_ALLOY_WANT_STRING, SM_ALLOY_WANT_STRING}, .parameter_count = 2, .call = json_path},
    {0},
};
