/* tree.h - an Alloy file as a tree: blocks, attributes, expressions and comments, each with its place. Immutable once parsed; lives in an arena. */
#pragma once

#include "alloy/scanner.h"

enum sm_alloy_expr_kind {
    SM_ALLOY_LITERAL, /* `op` is NUMBER, FLOAT, STRING, BOOL or NULL; `text` as written */
    SM_ALLOY_ARRAY,   /* items */
    SM_ALLOY_OBJECT,  /* fields */
    SM_ALLOY_NAME,    /* text */
    SM_ALLOY_ACCESS,  /* left . text */
    SM_ALLOY_INDEX,   /* left [ right ] */
    SM_ALLOY_CALL,    /* left ( items ) */
    SM_ALLOY_UNARY,   /* op left */
    SM_ALLOY_BINARY,  /* left op right */
    SM_ALLOY_PAREN,   /* ( left ) */
};

struct sm_alloy_expr;

struct sm_alloy_field {
    struct sm_slice name;     /* borrowed: source; without quotes, escapes untouched */
    struct sm_slice spelling; /* as written */
    struct sm_alloy_place place, name_end;
    bool is_quoted;
    struct sm_alloy_expr *value;
};

struct sm_alloy_expr {
    enum sm_alloy_expr_kind kind;
    enum sm_alloy_token op;
    const struct sm_source *source;   /* borrowed */
    struct sm_alloy_place start, end; /* first and last character */
    struct sm_alloy_place at;         /* of the operator, of an access's name, of the opening bracket of an index or call */
    struct sm_alloy_place close;      /* of the closing bracket */
    struct sm_slice text;             /* borrowed: source */
    struct sm_alloy_expr *left, *right;
    struct sm_alloy_expr **items;
    struct sm_alloy_field *fields;
    size_t count;   /* of items or fields */
    unsigned depth; /* expressions inside each other, this one included */
};

struct sm_alloy_statement;

struct sm_alloy_body {
    struct sm_alloy_statement **items;
    size_t count;
};

struct sm_alloy_statement {
    bool is_block;
    struct sm_slice name; /* joined with dots: "otelcol.receiver.otlp" */
    struct sm_alloy_place start, end;
    /* attributes */
    struct sm_alloy_expr *value;
    /* blocks */
    struct sm_slice label; /* without quotes; empty: none */
    struct sm_alloy_place label_place, open, close;
    struct sm_alloy_body body;
};

struct sm_alloy_comment {
    struct sm_alloy_place start, end;
    struct sm_slice text;
};
/* Comments on consecutive lines. */
struct sm_alloy_comment_group {
    struct sm_alloy_comment *items;
    size_t count;
};

struct sm_alloy_file {
    const struct sm_source *source;
    struct sm_alloy_body body;
    struct sm_alloy_comment_group *comments; /* in source order */
    size_t comment_count;
};
