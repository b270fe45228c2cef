/* module.h - the blocks of a file, or of a custom component, evaluated in the order of their references. Main thread only.
 *
 * What a module makes is a list of instances (instance.h) and the settings of `logging`; pipelines.h makes the tree of them. */
#pragma once

#include "alloy/front_end.h"
#include "alloy/instance.h"

enum {
    SM_ALLOY_MODULES_MAX = 1000,    /* custom components, all together */
    SM_ALLOY_MODULE_DEPTH_MAX = 20, /* inside each other */
    SM_ALLOY_INSTANCES_MAX = 10000,
};

struct sm_alloy_loading {
    const struct sm_alloy_options *options;
    struct sm_arena *arena;
    struct sm_diags *diags;
    struct sm_alloy_machine machine;
    struct sm_alloy_instance *first, *last; /* in the order of evaluation */
    size_t instance_count, module_count, error_count;
    struct sm_node *log_settings; /* NULL: no logging block */
};

/* Evaluates the files, which form one module. Errors are told and counted in loading->error_count. */
void sm_alloy_evaluate_files(struct sm_alloy_loading *loading, const struct sm_source *const *sources, size_t source_count);
