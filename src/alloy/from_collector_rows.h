/* from_collector_rows.h - settings of one component of the Collector as arguments and blocks of Alloy. Main thread only. */
#pragma once

#include "alloy/rows.h"

struct sm_configured;
struct sm_diags;

struct sm_alloy_back {
    struct sm_arena *arena;
    struct sm_diags *diags;
    struct sm_bytes *out;
    const char *(*handler_name)(void *context, const char *id); /* the expression that names an extension; NULL: there is none */
    /* The extension whose settings are written where it is named; NULL: there is none */
    const struct sm_configured *(*inline_extension)(void *context, const char *id);
    void *context;
    const struct sm_component_type *type;
    const char *id;
    size_t missing; /* counted: what has no counterpart, told to `diags` */
};

/* `settings` may be NULL. */
void sm_alloy_write_settings(struct sm_alloy_back *back, const struct sm_alloy_component *component, const struct sm_node *settings);

/* ---- its steps, for a component that becomes several: from a copy is taken what is written, and the rest is told */

/* NULL gives an empty map. */
struct sm_node *sm_alloy_copy_settings(struct sm_alloy_back *back, const struct sm_node *settings);
/* Writes what stands in `left` for these rows, and defaults that are others in Alloy. `table`: its options; may be NULL. */
void sm_alloy_write_rows(struct sm_alloy_back *back, const struct sm_alloy_row *rows, struct sm_node *left, const struct sm_option *table);
/* Takes what stands at "a.b" out of `left`; maps that become empty go too. NULL: it is not there. */
struct sm_node *sm_alloy_take_setting(struct sm_alloy_back *back, struct sm_node *left, const char *path);
/* The Collector's own default at "a.b" of an option table; NULL: none. */
const struct sm_node *sm_alloy_default_setting(struct sm_alloy_back *back, const struct sm_option *table, const char *path);
/* Each setting that is left has no counterpart. `path`: where they stand, "exporters::x". */
void sm_alloy_report_settings(struct sm_alloy_back *back, const struct sm_node *left, const char *path);

/* ---- from_collector_shapes.c */
/* Changes the settings to what the rows can say. */
void sm_alloy_prepare_settings(struct sm_alloy_back *back, const struct sm_alloy_component *component, struct sm_node *left);
