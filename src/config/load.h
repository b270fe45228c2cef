/* load.h - from the arguments --config and --set to one merged configuration tree. Main thread only. */
#pragma once

#include "config/node.h"

struct sm_diags;

/* Another front-end than YAML: makes the tree of one --config, which is a file or a folder, in `arena`. `format` is that of --config.format, NULL:
 * told by the name. Returns whether the source is its own; `*root` is then NULL after errors, all told to `diags`. */
struct sm_load_front_end {
    bool (*load)(const char *path, const char *format, bool is_sealed, struct sm_arena *arena, struct sm_diags *diags, const struct sm_node **root);
    /* The first key by which a map that was read as YAML, and by its name is no front-end's, is one's all the same, with what to tell of it; NULL: it
     * has none. */
    const struct sm_node_entry *(*find_foreign)(const struct sm_node *root, const char **what_to_do);
    /* What to do about a text that is no map of YAML but seems to be in another language; NULL: it is in none that is known. May be NULL. */
    const char *(*find_language)(const struct sm_source *source);
};

struct sm_load_options {
    const char *const *uris; /* --config, in order: a path, file:…, yaml:…, env:… */
    size_t uri_count;
    const char *const *sets; /* --set, in order: a.b=c; they outrank every --config */
    size_t set_count;
    const struct sm_load_front_end *front_end; /* NULL: YAML only */
    const char *format;                        /* --config.format; NULL: told by the name of each file */
    bool is_sealed;                            /* neither files nor the environment are read */
};

/* The merged tree with everything substituted, in `arena`; an empty map when the sources are empty. NULL after errors, all told to `diags`. */
const struct sm_node *sm_load(const struct sm_load_options *options, struct sm_arena *arena, struct sm_diags *diags)
    __attribute__((warn_unused_result));
