/* scope.h - what module.c and its parts share: modules, their blocks, and where names of custom components are found. Main thread only. */
#pragma once

#include "alloy/decode.h"
#include "alloy/module.h"

struct sm_alloy_module;

/* A custom component as it was declared. */
struct sm_alloy_declared {
    struct sm_slice name;
    const struct sm_alloy_statement *block;
    const struct sm_source *source;
    struct sm_alloy_registry *registry; /* where names inside are looked up */
    struct sm_alloy_declared *next;
};

/* Custom components that can be named in one place. */
struct sm_alloy_registry {
    struct sm_alloy_registry *parent; /* NULL: none */
    struct sm_alloy_declared *declared;
    struct sm_alloy_imported {
        struct sm_slice name; /* the namespace */
        struct sm_alloy_registry *registry;
        struct sm_alloy_imported *next;
    } * imported;
};

enum sm_alloy_block_state { SM_ALLOY_WAITING, SM_ALLOY_VISITING, SM_ALLOY_DONE, SM_ALLOY_FAILED };

/* One block of a module. */
struct sm_alloy_node {
    const struct sm_alloy_statement *block;
    const struct sm_source *source;
    const char *id; /* "otelcol.processor.batch.default" */
    enum sm_alloy_block_state state;
    void (*evaluate)(struct sm_alloy_module *module, struct sm_alloy_node *node);
    const struct sm_alloy_component *component; /* built-in components */
    const struct sm_alloy_declared *declared;   /* custom ones; found when their turn comes */
};

struct sm_alloy_module {
    struct sm_alloy_loading *loading;
    struct sm_alloy_module *outer; /* NULL: the files */
    const char *prefix;            /* of ids: "" or "tagger.first." */
    struct sm_alloy_registry *registry;
    struct sm_alloy_value *names; /* what expressions can name */
    struct sm_alloy_node *nodes;
    size_t node_count, node_capacity;
    struct sm_alloy_value *exports; /* of a custom component */
    const struct sm_alloy_value *arguments;
    const struct sm_alloy_statement *caller; /* the block that makes this custom component */
    const struct sm_source *caller_source;
    unsigned depth;
};

void sm_alloy_module_error(struct sm_alloy_module *module, struct sm_position position, const char *suggestion, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
struct sm_alloy_decoding sm_alloy_module_decoding(struct sm_alloy_module *module, const struct sm_alloy_node *node,
                                                  const struct sm_alloy_scope *scope);
/* Takes what a decoding counted. */
void sm_alloy_module_finish(struct sm_alloy_module *module, struct sm_alloy_node *node, const struct sm_alloy_decoding *decoding);
/* What `node` gives to those that name it. */
void sm_alloy_module_export(struct sm_alloy_module *module, const struct sm_alloy_node *node, struct sm_alloy_value *exports);

/* "otelcol.exporter.otlp.x" out of "otelcol.exporter.otlp.x.input"; NULL: none of the module's blocks. */
struct sm_alloy_node *sm_alloy_module_find(const struct sm_alloy_module *module, struct sm_slice path);
/* Adds the component of a `declare` block to those that can be named. */
void sm_alloy_declare(struct sm_alloy_module *module, const struct sm_alloy_statement *block, const struct sm_source *source,
                      struct sm_alloy_registry *registry);
const struct sm_alloy_declared *sm_alloy_find_declared(const struct sm_alloy_registry *registry, struct sm_slice name);

/* ---- module.c */
void sm_alloy_module_add_body(struct sm_alloy_module *module, const struct sm_alloy_body *body, const struct sm_source *source);
void sm_alloy_module_run(struct sm_alloy_module *module);
/* Evaluates `node` after everything that it names. */
bool sm_alloy_module_visit(struct sm_alloy_module *module, struct sm_alloy_node *node);

/* ---- component.c */
void sm_alloy_evaluate_component(struct sm_alloy_module *module, struct sm_alloy_node *node);

/* ---- references.c */
/* Evaluates first what `node` names. False when something of it failed, or is not there (then told). */
bool sm_alloy_visit_references(struct sm_alloy_module *module, struct sm_alloy_node *node);

/* ---- custom.c */
void sm_alloy_evaluate_custom(struct sm_alloy_module *module, struct sm_alloy_node *node);
void sm_alloy_evaluate_argument(struct sm_alloy_module *module, struct sm_alloy_node *node);
void sm_alloy_evaluate_export(struct sm_alloy_module *module, struct sm_alloy_node *node);

/* ---- files.c */
void sm_alloy_evaluate_local_file(struct sm_alloy_module *module, struct sm_alloy_node *node);
void sm_alloy_evaluate_import_file(struct sm_alloy_module *module, struct sm_alloy_node *node);
void sm_alloy_evaluate_import_string(struct sm_alloy_module *module, struct sm_alloy_node *node);

/* ---- settings.c */
void sm_alloy_evaluate_logging(struct sm_alloy_module *module, struct sm_alloy_node *node);
void sm_alloy_evaluate_tracing(struct sm_alloy_module *module, struct sm_alloy_node *node);
void sm_alloy_evaluate_ignored(struct sm_alloy_module *module, struct sm_alloy_node *node);
