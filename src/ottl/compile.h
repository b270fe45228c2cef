/* compile.h - the compiled form, and what paths and functions are made of. Inside ottl/ only.
 *
 * An expression is a struct that begins with its evaluation function; evaluating calls it. Paths and functions are rows of tables by subject. */
#pragma once

#include <time.h>

#include "base/regex.h"
#include "ottl/ottl.h"
#include "ottl/regex_cache.h"

struct sm_ottl_expr {
    bool (*eval)(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out);
    bool is_literal;      /* `literal` is what it evaluates to */
    bool holds_constants; /* the result may point into the program */
    struct sm_ottl_value literal;
};

static inline bool sm_ottl_eval(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    return expr->eval(expr, run, out);
}

/* Fills run->error; returns false. */
bool sm_ottl_fail(struct sm_ottl_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- compiling */
struct sm_ottl_function;
struct sm_ottl_compiler {
    struct sm_ottl_program *program;
    struct sm_arena *arena; /* the program's */
    const struct sm_ottl_language *language;
    struct sm_ottl_error *error;
    const struct sm_ottl_function *function; /* whose arguments are being compiled */
};
const struct sm_ottl_expr *sm_ottl_compile_node(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node);
const struct sm_ottl_expr *sm_ottl_compile_boolean(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node); /* evaluates to BOOL */
const struct sm_ottl_expr *sm_ottl_compile_call(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node);
/* The program frees it. NULL with the error filled. */
const struct sm_regex *sm_ottl_compile_regex(struct sm_ottl_compiler *compiler, struct sm_slice pattern, const struct sm_ottl_node *node);
bool sm_ottl_compile_error(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "statement has invalid syntax: 1:14: " before what the parser said. Returns NULL. */
void *sm_ottl_syntax_error(struct sm_ottl_error *error, struct sm_slice text, const char *what);

/* ---- keys: ["a"], [0], [expression] */
struct sm_ottl_key {
    enum { SM_OTTL_KEY_STRING, SM_OTTL_KEY_INT, SM_OTTL_KEY_EXPR } kind;
    struct sm_slice text;
    int64_t index;
    const struct sm_ottl_expr *expr;
};
const struct sm_ottl_key *sm_ottl_compile_keys(struct sm_ottl_compiler *compiler, struct sm_ottl_node *const *nodes, size_t count);
/* Indexes what a converter returned. */
bool sm_ottl_index(struct sm_ottl_run *run, const struct sm_ottl_key *keys, size_t count, struct sm_ottl_value *value);
bool sm_ottl_key_text(const struct sm_ottl_key *key, struct sm_ottl_run *run, struct sm_slice *text);
/* Follows keys from a list or map; `*slot` is NULL when a key of a map is missing. */
bool sm_ottl_find_slot(struct sm_value *value, struct sm_ottl_run *run, const struct sm_ottl_key *keys, size_t count, struct sm_value **slot);
bool sm_ottl_find_in_map(struct sm_map *map, struct sm_ottl_run *run, const struct sm_ottl_key *keys, size_t count, struct sm_value **slot);
/* Sets what the keys lead to, making maps and lists on the way where there is nothing. */
bool sm_ottl_set_slot(struct sm_value *slot, struct sm_ottl_run *run, const struct sm_ottl_key *keys, size_t count,
                      const struct sm_ottl_value *value);
bool sm_ottl_set_in_map(struct sm_map *map, struct sm_ottl_run *run, const struct sm_ottl_key *keys, size_t count, const struct sm_ottl_value *value);

/* ---- paths */
enum sm_ottl_indexing {
    SM_OTTL_NOT_INDEXED,
    SM_OTTL_INDEXED, /* `get` and `set` look at the keys */
};

struct sm_ottl_ref;

/* Fields of plain structs, read and set by their type and offset. */
enum sm_ottl_field_kind {
    SM_OTTL_FIELD_NONE,
    SM_OTTL_FIELD_TEXT, /* struct sm_slice */
    SM_OTTL_FIELD_INT32,
    SM_OTTL_FIELD_UINT32, /* set: cut to 32 bits */
    SM_OTTL_FIELD_FLAGS,  /* uint32_t; set: refused out of range */
    SM_OTTL_FIELD_UINT64,
    SM_OTTL_FIELD_NANOS,        /* uint64_t ns since 1970, as an integer */
    SM_OTTL_FIELD_TIME,         /* the same as a time */
    SM_OTTL_FIELD_TRACE_ID,     /* struct sm_slice of 0 or 16 bytes */
    SM_OTTL_FIELD_TRACE_ID_HEX, /* the same as text */
    SM_OTTL_FIELD_SPAN_ID,      /* 0 or 8 bytes */
    SM_OTTL_FIELD_SPAN_ID_HEX,
};

struct sm_ottl_path {
    const char *name; /* without the context; NULL ends a table: "status.code" */
    const char *type; /* for docs */
    const char *help;
    enum sm_ottl_indexing indexing;
    bool (*get)(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out);
    bool (*set)(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value);
    void (*compiled)(void); /* told when a text uses the path; NULL: nobody */
    /* Plain fields have these instead of `get` and `set`. */
    enum sm_ottl_field_kind field;
    size_t offset;
    void *(*owner)(struct sm_ottl_run *run);
    /* Attribute sets have this one. */
    struct sm_attributes *(*attributes)(struct sm_ottl_run *run);
    void (*mark)(struct sm_ottl_run *run); /* fields, attribute sets: says that the owner changed */
    /* Other maps and values that can be edited in place: the value, or NULL. */
    struct sm_value *(*slot)(struct sm_ottl_run *run);
};

/* A use of a path in a text. */
struct sm_ottl_ref {
    struct sm_ottl_expr base;
    const struct sm_ottl_path *path;
    const struct sm_ottl_key *keys;
    size_t key_count;
};

/* The path tables of a context's own fields. */
extern const struct sm_ottl_path sm_ottl_resource_paths[], sm_ottl_scope_paths[], sm_ottl_span_paths[], sm_ottl_span_event_paths[],
    sm_ottl_metric_paths[], sm_ottl_data_point_paths[], sm_ottl_log_paths[], sm_ottl_collector_paths[], sm_ottl_cache_paths[];

const struct sm_ottl_ref *sm_ottl_compile_path(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node);
bool sm_ottl_ref_get(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out);
bool sm_ottl_ref_set(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value);
/* The map that the path leads to, for changing in place; marks its owner changed. Fails when it is none. */
bool sm_ottl_ref_edit_map(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_map **map);
/* The same for who only takes entries out, which attributes that are not decoded need not be decoded for. */
struct sm_ottl_entries {
    struct sm_attributes *attributes; /* NULL: a map within a value */
    struct sm_map *map;
};
bool sm_ottl_ref_entries(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_entries *entries);
void sm_ottl_entries_keep(const struct sm_ottl_entries *entries, struct sm_ottl_run *run, sm_key_test *keeps, void *context);

bool sm_ottl_field_get(const struct sm_ottl_path *path, struct sm_ottl_run *run, struct sm_ottl_value *out);
bool sm_ottl_field_set(const struct sm_ottl_path *path, struct sm_ottl_run *run, const struct sm_ottl_value *value);
/* The 2 * size hexadecimal digits of `text` as bytes in the arena; all zero gives the empty slice. */
bool sm_ottl_id_from_hex(struct sm_ottl_run *run, struct sm_slice text, size_t size, struct sm_slice *id);

/* For setters: the value if it has the wanted type, else the reference's error. */
bool sm_ottl_want(struct sm_ottl_run *run, const struct sm_ottl_value *value, enum sm_ottl_kind kind);

/* Marks of owners, for setters. */
void sm_ottl_mark_resource(struct sm_ottl_run *run);
void sm_ottl_mark_scope(struct sm_ottl_run *run);
void sm_ottl_mark_metric(struct sm_ottl_run *run);
void sm_ottl_mark_point(struct sm_ottl_run *run);

/* ---- enums */
bool sm_ottl_enum_find(enum sm_ottl_context context, struct sm_slice symbol, int64_t *number);
const char *sm_ottl_enum_nearest(enum sm_ottl_context context, struct sm_slice symbol);

/* ---- functions */
enum sm_ottl_argument_type {
    SM_OTTL_ARG_END,
    SM_OTTL_ARG_ANY,
    SM_OTTL_ARG_STRING, /* these must have the type … */
    SM_OTTL_ARG_INT,
    SM_OTTL_ARG_FLOAT,
    SM_OTTL_ARG_BOOL,
    SM_OTTL_ARG_MAP,
    SM_OTTL_ARG_LIST,
    SM_OTTL_ARG_TIME,
    SM_OTTL_ARG_DURATION,
    SM_OTTL_ARG_STRING_LIKE, /* … these are converted; nil stays nil */
    SM_OTTL_ARG_INT_LIKE,
    SM_OTTL_ARG_FLOAT_LIKE,
    SM_OTTL_ARG_BOOL_LIKE,
    SM_OTTL_ARG_BYTES_LIKE,
    SM_OTTL_ARG_PATH, /* something that can be set */
    SM_OTTL_ARG_MAP_PATH,
    SM_OTTL_ARG_LIST_PATH,
    SM_OTTL_ARG_LITERAL_STRING,
    SM_OTTL_ARG_LITERAL_INT,
    SM_OTTL_ARG_LITERAL_FLOAT,
    SM_OTTL_ARG_LITERAL_BOOL,
    SM_OTTL_ARG_FUNCTION, /* a converter's name */
};

enum { SM_OTTL_ARGUMENTS_MAX = 6 };

struct sm_ottl_parameter {
    const char *name; /* as the reference's field is called: "ValuePath", written value_path or valuePath */
    enum sm_ottl_argument_type type;
    bool is_optional;
    bool is_list; /* a list literal whose elements have the type */
};

struct sm_ottl_call;
struct sm_ottl_compiler;

struct sm_ottl_function {
    const char *name; /* NULL ends a table */
    const char *help;
    unsigned set;      /* SM_OTTL_… it belongs to; 0: CONVERTERS */
    unsigned contexts; /* bits of those that have it; 0: all */
    struct sm_ottl_parameter parameters[SM_OTTL_ARGUMENTS_MAX + 1];
    bool (*call)(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out);
    /* Checks literals and prepares call->state at start; reports with sm_ottl_compile_error(compiler, call->node, …). NULL: nothing to do. */
    bool (*prepare)(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler);
    const void *detail; /* for rows that share `call` */
};

struct sm_ottl_arg {
    bool is_set;
    const struct sm_ottl_expr *expr;
    const struct sm_ottl_ref *ref;           /* PATH types */
    const struct sm_ottl_function *function; /* FUNCTION */
    union {
        struct sm_slice text;
        int64_t integer;
        double number;
        bool boolean;
    };                         /* LITERAL types */
    struct sm_ottl_arg *items; /* lists */
    size_t count;
};

struct sm_ottl_call {
    struct sm_ottl_expr base;
    const struct sm_ottl_function *function;
    struct sm_ottl_arg args[SM_OTTL_ARGUMENTS_MAX];
    const struct sm_ottl_key *keys;
    size_t key_count;
    const void *state;               /* made by `prepare` */
    const struct sm_ottl_node *node; /* where it stands */
};

const struct sm_ottl_function *sm_ottl_function_find(struct sm_slice name, const struct sm_ottl_language *language);
const char *sm_ottl_function_nearest(struct sm_slice name, const struct sm_ottl_language *language);
extern const struct sm_ottl_function *const sm_ottl_function_tables[];

/* ---- arguments at run time; each fails as the reference does when the type does not fit */
bool sm_ottl_arg_any(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_ottl_value *out);
bool sm_ottl_arg_string(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_slice *out);
bool sm_ottl_arg_int(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, int64_t *out);
bool sm_ottl_arg_map(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_map **out);
bool sm_ottl_arg_list(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_list **out);
/* What is a list of the telemetry, or can become one. */
bool sm_ottl_to_list(struct sm_ottl_value value, struct sm_ottl_run *run, struct sm_list **out);
bool sm_ottl_arg_time(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_ottl_time *out);
/* The time, and its date and clock in its own zone. */
bool sm_ottl_arg_calendar(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_ottl_time *out, struct tm *calendar);
bool sm_ottl_arg_duration(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, int64_t *out);
/* `*is_nil` when the value is nil (or, for integers, a text that is no number). */
bool sm_ottl_arg_string_like(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_slice *out, bool *is_nil);
bool sm_ottl_arg_int_like(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, int64_t *out, bool *is_nil);
bool sm_ottl_arg_float_like(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, double *out, bool *is_nil);
bool sm_ottl_arg_bool_like(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, bool *out, bool *is_nil);
bool sm_ottl_arg_bytes_like(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_slice *out, bool *is_nil);
/* The text of an argument that is a literal. */
bool sm_ottl_arg_literal_text(const struct sm_ottl_arg *arg, struct sm_slice *text);
/* Evaluates with the type's rules; what fails for a literal fails at start. */
bool sm_ottl_arg_check(const struct sm_ottl_arg *arg, enum sm_ottl_argument_type type, struct sm_ottl_run *run);

/* A regular expression argument: compiled at start when it is a literal (`prepare` puts it into call->state), else when it is met first: the thread
 * keeps the last ones (regex_cache.h). */
/* One for a pattern made at run time. False with `run` failed: it is not valid. */
bool sm_ottl_regex_find(struct sm_ottl_run *run, struct sm_slice pattern, struct sm_ottl_regex *regex);
/* `prepare` of what makes digests: OpenSSL has to be there. */
bool sm_ottl_prepare_digest(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler);
bool sm_ottl_prepare_regex(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler, size_t argument);
bool sm_ottl_regex_get(const struct sm_ottl_call *call, size_t argument, struct sm_ottl_run *run, struct sm_ottl_regex *regex);
