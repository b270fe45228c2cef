/* front_end.c - see front_end.h. */
#include "alloy/front_end.h"

#include "alloy/module.h"
#include "alloy/pipelines.h"

struct sm_node *sm_alloy_load(const struct sm_source *const *sources, size_t source_count, const struct sm_alloy_options *options,
                              struct sm_arena *arena, struct sm_diags *diags)
{
    struct sm_alloy_loading loading = {.options = options, .arena = arena, .diags = diags, .machine = {.arena = arena}};
    sm_alloy_evaluate_files(&loading, sources, source_count);
    return loading.error_count ? NULL : sm_alloy_make_tree(&loading);
}

bool sm_alloy_is_file_name(struct sm_slice name, enum sm_alloy_flavour *flavour)
{
    *flavour = sm_slice_ends_with(name, SM_SLICE(".river")) ? SM_ALLOY_RIVER : SM_ALLOY_TODAY;
    return *flavour == SM_ALLOY_RIVER || sm_slice_ends_with(name, SM_SLICE(".alloy"));
}
