/* decode.h - a block's content by the rows of its component: evaluated, checked, and put into the Collector's tree. Main thread only. */
#pragma once

#include "alloy/evaluate.h"
#include "alloy/instance.h"

struct sm_diags;

struct sm_alloy_decoding {
    struct sm_alloy_machine *machine;
    struct sm_diags *diags;
    const struct sm_source *source;
    const struct sm_alloy_scope *scope;
    enum sm_alloy_flavour flavour;
    struct sm_alloy_instance *instance; /* gets `output`; NULL: there is none */
    bool is_server;                     /* authenticators are named for receivers */
    size_t error_count;
};

/* From `start` to `end` in the source. */
struct sm_position sm_alloy_position(const struct sm_source *source, struct sm_alloy_place start, struct sm_alloy_place end);
/* The line of a block up to its brace. */
struct sm_position sm_alloy_block_position(const struct sm_source *source, const struct sm_alloy_statement *block);

/* Adds an error and counts it. */
void sm_alloy_decoding_error(struct sm_alloy_decoding *decoding, struct sm_position position, const char *suggestion, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What machine->fault says, at its place or at `otherwise`. */
void sm_alloy_decoding_fault(struct sm_alloy_decoding *decoding, struct sm_position otherwise);

/* Puts what `block` says into `into`. Errors are told and counted. */
void sm_alloy_decode_block(struct sm_alloy_decoding *decoding, const struct sm_alloy_statement *block, const struct sm_alloy_row *rows,
                           struct sm_node *into);
/* The value of the attribute `name` in `block` as a `want`; NULL when it is not there or wrong (then told). `is_there` may be NULL. */
struct sm_alloy_value *sm_alloy_decode_attribute(struct sm_alloy_decoding *decoding, const struct sm_alloy_statement *block, const char *name,
                                                 unsigned want, const struct sm_alloy_statement **found);
/* A value as a node of the Collector's tree. NULL, told, for what has no form there. */
struct sm_node *sm_alloy_value_node(struct sm_alloy_decoding *decoding, const struct sm_alloy_value *value, unsigned want,
                                    struct sm_position position);
