/* functions_telemetry.c - functions about a whole metric or span that only some components have.
 *
 * Source: opentelemetry-collector-contrib internal/filter/filterottl/functions.go. */
#include "ottl/compile.h"
#include "telemetry/metric.h"

/* Only the first data point that has the key is asked; what is no string counts as "". */
static bool find_on_points(struct sm_ottl_run *run, struct sm_slice key, const struct sm_slice *wanted)
{
    for (size_t i = 0; i < run->metric->point_count; i++) {
        struct sm_data_point *point = &run->metric->points[i];
        struct sm_value value;
        if (point->dropped || !sm_attributes_find(&point->attributes, key, &value))
            continue;
        return !wanted || sm_slice_equal(value.type == SM_VALUE_STRING ? value.string : (struct sm_slice){0}, *wanted);
    }
    return false;
}

static bool call_has_attr(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    if (run->metric->type == SM_METRIC_NONE)
        return sm_ottl_fail(run, "unknown metric type");
    *out = sm_ottl_bool(find_on_points(run, call->args[0].text, call->args[1].is_set ? &call->args[1].text : NULL));
    return true;
}

const struct sm_ottl_function sm_ottl_telemetry_functions[] = {
    {.name = "HasAttrOnDatapoint",
     .help = "Whether the first data point with the attribute has that value.",
     .set = SM_OTTL_FOR_FILTER,
     .contexts = 1u << SM_OTTL_METRIC,
     .parameters = {{.name = "Key", .type = SM_OTTL_ARG_LITERAL_STRING}, {.name = "ExpectedVal", .type = SM_OTTL_ARG_LITERAL_STRING}},
     .call = call_has_attr},
    {.name = "HasAttrKeyOnDatapoint",
     .help = "Whether a data point has the attribute.",
     .set = SM_OTTL_FOR_FILTER,
     .contexts = 1u << SM_OTTL_METRIC,
     .parameters = {{.name = "Key", .type = SM_OTTL_ARG_LITERAL_STRING}},
     .call = call_has_attr},
    {0},
};
