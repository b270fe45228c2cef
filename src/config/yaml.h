/* yaml.h - YAML text to a configuration tree with positions, typed as the reference types it (go-yaml v3).
 *
 * Only the first document is read. Aliases share nodes; merge keys are resolved. */
#pragma once

#include "config/node.h"

struct sm_diags;

enum {
    SM_YAML_DEPTH_MAX = 100,                   /* lists and maps inside each other */
    SM_YAML_NODES_MAX = 200000,                /* values, with every alias counted as what it stands for */
    SM_YAML_KEYS_MAX = 10000,                  /* of one map */
    SM_YAML_TEXT_BYTES_MAX = 16 * 1024 * 1024, /* of one source */
};

/* The tree of `source`'s text; a NULL node for an empty text. On an error NULL, told to `diags` (which may be NULL). Nodes live in `arena` and point
 * to `source`. */
struct sm_node *sm_yaml_parse(const struct sm_source *source, struct sm_arena *arena, struct sm_diags *diags) __attribute__((warn_unused_result));

/* Types a plain scalar: fills kind and value of `node` (strings: `text` itself, kept by reference). False for a whole number that does not fit. */
bool sm_yaml_type_scalar(const char *text, struct sm_node *node) __attribute__((warn_unused_result));
