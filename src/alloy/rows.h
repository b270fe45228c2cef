/* rows.h - what Alloy's components take, and what that is in the Collector's configuration: tables, one row an argument or block.
 *
 * To add a component: give it rows in the rows_*.c of its kind and a line in the table of components there. The names on the Collector's side are
 * those of the component's own option table, which checks the values. */
#pragma once

#include "alloy/convert.h"
#include "pipeline/component.h"

/* Today's Alloy (.alloy), or the Grafana Agent's Flow mode (.river), whose defaults differ. */
enum sm_alloy_flavour { SM_ALLOY_TODAY, SM_ALLOY_RIVER };

enum sm_alloy_row_kind {
    SM_ALLOY_ROW_END,
    SM_ALLOY_ROW_ATTRIBUTE,
    SM_ALLOY_ROW_BLOCK,        /* at most one */
    SM_ALLOY_ROW_BLOCKS,       /* any number: a list */
    SM_ALLOY_ROW_BLOCKS_NAMED, /* any number: a map by their attribute `name` */
    SM_ALLOY_ROW_SHARED,       /* the rows of another table stand here too */
    SM_ALLOY_ROW_OUTPUT,       /* the targets of each signal */
    SM_ALLOY_ROW_RECEIVERS,    /* an attribute: the components that take series, of the prometheus family */
    SM_ALLOY_ROW_PIECES,       /* any number of blocks: each a map of its own beside the settings */
    SM_ALLOY_ROW_PART,         /* conversion only: an attribute whose object is a table of the Collector */
};

/* One accepted text and what the Collector calls it; a list ends with {0}. */
struct sm_alloy_word {
    const char *alloy, *collector;
};

struct sm_alloy_row {
    enum sm_alloy_row_kind kind;
    const char *name;
    unsigned want;            /* ATTRIBUTE: enum sm_alloy_want */
    const char *to;           /* the Collector's key, parts between dots; NULL: the same as `name`. Blocks: "" puts what is inside on this level */
    const char *preset;       /* what it is when left out, as YAML has it, where that is not the Collector's default; NULL: it is */
    const char *river_preset; /* the same for .river; NULL: `preset` */
    bool required;
    bool river_required;               /* in .river only */
    bool is_absent_when_null;          /* an attribute given as null is as if it were not there */
    bool has_no_effect;                /* accepted, and nothing comes of it */
    const char *without;               /* has_no_effect: not NULL: a warning says so, and what is done instead */
    bool is_shaped;                    /* `finish` makes something else of it */
    bool null_is_river_preset;         /* ATTRIBUTE: null is the default in .river, not the type's zero */
    bool has_presets_when_absent;      /* BLOCK: the defaults of its arguments hold without it, too */
    const char *refused;               /* not NULL: not built, and why */
    const struct sm_alloy_row *rows;   /* BLOCK, BLOCKS, SHARED, PART */
    const struct sm_alloy_word *words; /* ATTRIBUTE of texts: those that are accepted */
    double divisor;                    /* ATTRIBUTE of numbers: the Collector counts in larger units; 0: the same */
};

#define SM_ALLOY_ATTRIBUTE(name_, want_, ...)                                                                                                        \
    {                                                                                                                                                \
        .kind = SM_ALLOY_ROW_ATTRIBUTE, .name = (name_), .want = (want_), __VA_ARGS__                                                                \
    }
#define SM_ALLOY_TEXT(name_, ...) SM_ALLOY_ATTRIBUTE(name_, SM_ALLOY_WANT_STRING, __VA_ARGS__)
#define SM_ALLOY_SECRET_TEXT(name_, ...) SM_ALLOY_ATTRIBUTE(name_, SM_ALLOY_WANT_SECRET, __VA_ARGS__)
#define SM_ALLOY_NUMBER_(name_, ...) SM_ALLOY_ATTRIBUTE(name_, SM_ALLOY_WANT_INT, __VA_ARGS__)
#define SM_ALLOY_NUMBER32(name_, ...) SM_ALLOY_ATTRIBUTE(name_, SM_ALLOY_WANT_UINT32, __VA_ARGS__)
#define SM_ALLOY_FRACTION(name_, ...) SM_ALLOY_ATTRIBUTE(name_, SM_ALLOY_WANT_DOUBLE, __VA_ARGS__)
#define SM_ALLOY_SWITCH(name_, ...) SM_ALLOY_ATTRIBUTE(name_, SM_ALLOY_WANT_BOOL, __VA_ARGS__)
#define SM_ALLOY_TIME(name_, ...) SM_ALLOY_ATTRIBUTE(name_, SM_ALLOY_WANT_DURATION, __VA_ARGS__)
#define SM_ALLOY_BYTES(name_, ...) SM_ALLOY_ATTRIBUTE(name_, SM_ALLOY_WANT_SIZE, __VA_ARGS__)
#define SM_ALLOY_TEXTS(name_, ...) SM_ALLOY_ATTRIBUTE(name_, SM_ALLOY_WANT_STRING | SM_ALLOY_LIST_OF, __VA_ARGS__)
#define SM_ALLOY_TEXT_MAP(name_, ...) SM_ALLOY_ATTRIBUTE(name_, SM_ALLOY_WANT_STRING | SM_ALLOY_MAP_OF, __VA_ARGS__)
#define SM_ALLOY_ANY(name_, ...) SM_ALLOY_ATTRIBUTE(name_, SM_ALLOY_WANT_ANY, .is_absent_when_null = true, __VA_ARGS__)
#define SM_ALLOY_BLOCK(name_, rows_, ...)                                                                                                            \
    {                                                                                                                                                \
        .kind = SM_ALLOY_ROW_BLOCK, .name = (name_), .rows = (rows_), __VA_ARGS__                                                                    \
    }
#define SM_ALLOY_BLOCKS(name_, to_, rows_, ...)                                                                                                      \
    {                                                                                                                                                \
        .kind = SM_ALLOY_ROW_BLOCKS, .name = (name_), .to = (to_), .rows = (rows_), __VA_ARGS__                                                      \
    }
#define SM_ALLOY_SHARED(rows_)                                                                                                                       \
    {                                                                                                                                                \
        .kind = SM_ALLOY_ROW_SHARED, .rows = (rows_)                                                                                                 \
    }
#define SM_ALLOY_OUTPUT                                                                                                                              \
    {                                                                                                                                                \
        .kind = SM_ALLOY_ROW_OUTPUT, .name = "output", .required = true                                                                              \
    }
#define SM_ALLOY_END_ROW                                                                                                                             \
    {                                                                                                                                                \
        .kind = SM_ALLOY_ROW_END                                                                                                                     \
    }
/* Authenticators and stores are named by their ids. */
#define SM_ALLOY_AUTH SM_ALLOY_ATTRIBUTE("auth", SM_ALLOY_WANT_AUTH_HANDLER, .to = "auth.authenticator", .is_absent_when_null = true)
#define SM_ALLOY_DEBUG_METRICS SM_ALLOY_BLOCK("debug_metrics", sm_alloy_debug_metrics_rows, .has_no_effect = true)

/* Blocks that several components have. */
extern const struct sm_alloy_row sm_alloy_debug_metrics_rows[], sm_alloy_tls_server_rows[], sm_alloy_tls_client_rows[], sm_alloy_grpc_server_rows[],
    sm_alloy_http_server_rows[], sm_alloy_grpc_client_rows[], sm_alloy_http_client_rows[], sm_alloy_queue_rows[], sm_alloy_retry_rows[];

struct sm_alloy_finish;

struct sm_alloy_component {
    const char *name;            /* "otelcol.processor.batch" */
    enum sm_component_kind kind; /* on the Collector's side */
    const char *type;            /* "batch" */
    const struct sm_alloy_row *rows;
    enum sm_alloy_capsule exports; /* extensions: what `handler` is; METRICS_RECEIVER: one of the prometheus family, which takes series */
    /* Checks and changes what the rows gave: rules of Alloy that the Collector does not have. NULL: none. */
    void (*finish)(struct sm_alloy_finish *finish);
};

/* Each ends with an empty row. */
extern const struct sm_alloy_component sm_alloy_receivers[], sm_alloy_processors[], sm_alloy_connectors[], sm_alloy_exporters[],
    sm_alloy_extensions[], sm_alloy_prometheus[];

/* NULL: there is none of that name. */
const struct sm_alloy_component *sm_alloy_component_find(struct sm_slice name);
/* Calls `visit` for every component. */
void sm_alloy_components_walk(void (*visit)(void *context, const struct sm_alloy_component *component), void *context);
