/* from_collector_rows.h - settings of one component of the Collector as arguments and blocks of Alloy. Main thread only. */
#pragma once

#include "alloy/rows.h"

struct sm_diags;

struct sm_alloy_back {
    struct sm_arena *arena;
    struct sm_diags *diags;
    struct sm_bytes *out;
    const char *(*handler_name)(void *context, const char *id); /* the expression that names an extension; NULL: there is none */
    void *context;
    const struct sm_component_type *type;
    const char *id;
    size_t missing; /* counted: what has no counterpart, told to `diags` */
};

/* `settings` may be NULL. */
void sm_alloy_write_settings(struct sm_alloy_back *back, const struct sm_alloy_component *component, const struct sm_node *settings);
