/* option.h - the options of a component as a table of rows.
 *
 * One table decodes, fills defaults, checks types and ranges, names the accepted values, and generates `spanmill components NAME`, the reference docs
 * and the JSON Schema. A row knows the member's place in the component's option struct. Types follow the reference's rules (no conversion between
 * numbers, booleans and strings; `facts` in docs/configuration.md).
 *
 *     struct options { double sampling_percentage; uint64_t wait_ns; struct sm_string_list keys; struct limits limits; struct tls *tls; };
 *     static const struct sm_option option_table[] = {
 *         SM_OPTION_DOUBLE(struct options, sampling_percentage, .preset.number = 10, .min = 0, .max = 100, .unit = "percent", .help = "…"),
 *         SM_OPTION_DURATION(struct options, wait_ns, .key = "wait", .preset.integer = 5 * SM_S, .help = "…"),
 *         SM_OPTION_STRING_LIST(struct options, keys, .help = "…"),
 *         SM_OPTION_TABLE(struct options, limits, limits_table, .help = "…"),           always there, filled with its defaults
 *         SM_OPTION_OPTIONAL(struct options, tls, tls_table, .help = "…"),              pointer: NULL when the key is absent
 *         SM_OPTION_END,
 *     };
 *
 * Members are named as the key; where the member carries a unit (`wait_ns`), `.key` gives the key. Strings and arrays live in the configuration's
 * arena. Tables are constant; decoded structs are never written after start. */
#pragma once

#include "config/node.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sm_option_kind {
    SM_OPTION_KIND_END,
    SM_OPTION_KIND_BOOL,        /* bool */
    SM_OPTION_KIND_INT,         /* int64_t, in [min, max] */
    SM_OPTION_KIND_UINT,        /* uint64_t, in [min, max]; negative numbers are refused as the reference does */
    SM_OPTION_KIND_DOUBLE,      /* double, in [min, max] when one of them is set */
    SM_OPTION_KIND_DURATION,    /* uint64_t ns from Go's text form ("1h30m", "250ms"); an integer is nanoseconds; SIGNED: int64_t, may be negative */
    SM_OPTION_KIND_STRING,      /* const char *, never NULL (default "") */
    SM_OPTION_KIND_SECRET,      /* const char *, never printed or logged */
    SM_OPTION_KIND_ENUM,        /* int, one of `words` (compared without case when `ignore_case`) */
    SM_OPTION_KIND_STRING_LIST, /* struct sm_string_list */
    SM_OPTION_KIND_DOUBLE_LIST, /* struct sm_double_list */
    SM_OPTION_KIND_DURATION_LIST, /* struct sm_duration_list */
    SM_OPTION_KIND_STRING_MAP,    /* struct sm_string_map; `secret` masks the values */
    SM_OPTION_KIND_TABLE,         /* the sub-struct itself, always filled with its defaults */
    SM_OPTION_KIND_OPTIONAL,      /* pointer to the sub-struct; NULL when the key is absent (a null value gives the defaults) */
    SM_OPTION_KIND_TABLE_LIST,    /* struct sm_table_list of sub-structs */
    SM_OPTION_KIND_TABLE_MAP,     /* struct sm_table_map: names chosen by the user to sub-structs */
    SM_OPTION_KIND_NODE,          /* const struct sm_node *, NULL when absent: taken as it is (attribute values of any type) */
    SM_OPTION_KIND_REFUSED,       /* known to the reference, not built here: naming it is an error that says so. No member. */
};

struct sm_string_list {
    const char **items;
    size_t count;
};
struct sm_double_list {
    double *items;
    size_t count;
};
struct sm_duration_list {
    uint64_t *items; /* ns */
    size_t count;
};
struct sm_string_map {
    struct sm_string_map_entry {
        const char *key, *value;
    } * entries; /* in source order */
    size_t count;
};
struct sm_table_list {
    void *items; /* array of the element struct */
    size_t count;
};
struct sm_table_map {
    const char **keys; /* in source order */
    void *items;       /* array of the element struct, parallel to keys */
    size_t count;
};

/* One accepted word of an ENUM; a list ends with {.word = NULL}. */
struct sm_option_word {
    const char *word;
    int value;
};

struct sm_option {
    enum sm_option_kind kind;
    const char *key;    /* NULL: `member` is the key */
    const char *member; /* the struct member's name */
    size_t offset;
    union {
        bool boolean;
        int64_t integer; /* INT, UINT, DURATION, ENUM */
        double number;
        const char *string;
        const char *const *strings; /* STRING_LIST: NULL-terminated */
        const double *numbers;      /* DOUBLE_LIST, with preset_count */
    } preset;
    size_t preset_count;
    double min, max;                    /* both 0: no range */
    const char *unit;                   /* "percent", "bytes", "MiB": for docs */
    const char *help;                   /* one line, a sentence */
    const struct sm_option_word *words; /* ENUM */
    bool ignore_case;                   /* ENUM */
    bool takes_numbers;                 /* ENUM: a number stands for the word of that value (a numeric type in the reference) */
    const char *unknown_word[2];        /* ENUM: the words before and behind an unknown one, as the reference has them; NULL: the engine's own */
    const struct sm_option *table;      /* TABLE, OPTIONAL, TABLE_LIST, TABLE_MAP: rows of the sub-struct */
    size_t element_size;                /* OPTIONAL, TABLE_LIST, TABLE_MAP: size of the sub-struct */
    bool required;                      /* the key must be there and not null */
    bool secret;                        /* STRING_MAP: values are secrets */
    bool is_signed;                     /* DURATION: member is int64_t */
    bool ours;                          /* the reference does not have it */
    bool squash;                        /* TABLE: its keys stand on this level (no `key`) */
    bool ignores_rest;                  /* END: see SM_OPTION_END_IGNORING_REST */
    bool has_no_switch;                 /* OPTIONAL: `enabled` does not switch it off (a pointer in the reference) */
    bool null_is_absent;                /* null is as good as no key (a pointer in the reference, or configoptional.None) */
    bool is_switch;                     /* BOOL: whether a section is there (configoptional): null is no answer */
    bool no_split;                      /* STRING_LIST: one text is not split at its commas (lists of ids) */
    const char *deprecated;             /* not NULL: still taken, with this text as a warning */
    const char *const *old_keys;        /* NULL-terminated: other spellings that are taken */
    size_t set_offset;                  /* not 0: a bool member that tells whether the key was given */

    const char *(*hint)(const struct sm_node_entry *unknown); /* END: see SM_OPTION_END_WITH_HINT */
};

/* Rows from a member's name. The variadic part sets further fields. */
#define SM_OPTION_ROW(row_kind, type, name, ...)                                                                                                     \
    {                                                                                                                                                \
        .kind = (row_kind), .member = #name, .offset = offsetof(type, name), __VA_ARGS__                                                             \
    }
#define SM_OPTION_BOOL(type, name, ...) SM_OPTION_ROW(SM_OPTION_KIND_BOOL, type, name, __VA_ARGS__)
#define SM_OPTION_INT(type, name, ...) SM_OPTION_ROW(SM_OPTION_KIND_INT, type, name, __VA_ARGS__)
#define SM_OPTION_UINT(type, name, ...) SM_OPTION_ROW(SM_OPTION_KIND_UINT, type, name, __VA_ARGS__)
#define SM_OPTION_DOUBLE(type, name, ...) SM_OPTION_ROW(SM_OPTION_KIND_DOUBLE, type, name, __VA_ARGS__)
#define SM_OPTION_DURATION(type, name, ...) SM_OPTION_ROW(SM_OPTION_KIND_DURATION, type, name, __VA_ARGS__)
#define SM_OPTION_STRING(type, name, ...) SM_OPTION_ROW(SM_OPTION_KIND_STRING, type, name, __VA_ARGS__)
#define SM_OPTION_SECRET(type, name, ...) SM_OPTION_ROW(SM_OPTION_KIND_SECRET, type, name, __VA_ARGS__)
#define SM_OPTION_ENUM(type, name, word_list, ...) SM_OPTION_ROW(SM_OPTION_KIND_ENUM, type, name, .words = (word_list), __VA_ARGS__)
#define SM_OPTION_STRING_LIST(type, name, ...) SM_OPTION_ROW(SM_OPTION_KIND_STRING_LIST, type, name, __VA_ARGS__)
#define SM_OPTION_DOUBLE_LIST(type, name, ...) SM_OPTION_ROW(SM_OPTION_KIND_DOUBLE_LIST, type, name, __VA_ARGS__)
#define SM_OPTION_DURATION_LIST(type, name, ...) SM_OPTION_ROW(SM_OPTION_KIND_DURATION_LIST, type, name, __VA_ARGS__)
#define SM_OPTION_STRING_MAP(type, name, ...) SM_OPTION_ROW(SM_OPTION_KIND_STRING_MAP, type, name, __VA_ARGS__)
#define SM_OPTION_NODE(type, name, ...) SM_OPTION_ROW(SM_OPTION_KIND_NODE, type, name, __VA_ARGS__)
#define SM_OPTION_TABLE(type, name, rows, ...)                                                                                                       \
    SM_OPTION_ROW(SM_OPTION_KIND_TABLE, type, name, .table = (rows), .element_size = sizeof(((type *)0)->name), __VA_ARGS__)
#define SM_OPTION_OPTIONAL(type, name, rows, ...)                                                                                                    \
    SM_OPTION_ROW(SM_OPTION_KIND_OPTIONAL, type, name, .table = (rows), .element_size = sizeof(*((type *)0)->name), __VA_ARGS__)
#define SM_OPTION_TABLE_LIST(type, name, element_type, rows, ...)                                                                                    \
    SM_OPTION_ROW(SM_OPTION_KIND_TABLE_LIST, type, name, .table = (rows), .element_size = sizeof(element_type), __VA_ARGS__)
#define SM_OPTION_TABLE_MAP(type, name, element_type, rows, ...)                                                                                     \
    SM_OPTION_ROW(SM_OPTION_KIND_TABLE_MAP, type, name, .table = (rows), .element_size = sizeof(element_type), __VA_ARGS__)
#define SM_OPTION_REFUSED(refused_key, ...)                                                                                                          \
    {                                                                                                                                                \
        .kind = SM_OPTION_KIND_REFUSED, .key = (refused_key), __VA_ARGS__                                                                            \
    }
#define SM_OPTION_END                                                                                                                                \
    {                                                                                                                                                \
        .kind = SM_OPTION_KIND_END                                                                                                                   \
    }
/* Instead of SM_OPTION_END where the reference ignores keys that it does not know: a warning says so. */
#define SM_OPTION_END_IGNORING_REST                                                                                                                  \
    {                                                                                                                                                \
        .kind = SM_OPTION_KIND_END, .ignores_rest = true                                                                                             \
    }
/* Instead of SM_OPTION_END where keys that nobody knows may be in the wrong place: what to do with such a one, NULL: nothing is known. */
#define SM_OPTION_END_WITH_HINT(function)                                                                                                            \
    {                                                                                                                                                \
        .kind = SM_OPTION_KIND_END, .hint = (function)                                                                                               \
    }

/* Durations in presets. */
#define SM_MS INT64_C(1000000)
#define SM_S (1000 * SM_MS)
#define SM_MIN (60 * SM_S)

static inline const char *sm_option_key(const struct sm_option *option)
{
    return option->key ? option->key : option->member;
}

struct sm_diags;

/* Fills `out` (size of the struct the table describes) from `map` (NULL or a NULL node: all defaults). Every error is added to `diags` under `path`
 * ("exporters::otlp/eu"); returns whether there was none. */
bool sm_options_decode(const struct sm_option *table, void *out, size_t out_size, const struct sm_node *map, const char *path, struct sm_arena *arena,
                       struct sm_diags *diags) __attribute__((warn_unused_result));
/* Only the defaults. */
void sm_options_fill_defaults(const struct sm_option *table, void *out, size_t out_size, struct sm_arena *arena);

/* Where a component's `validate` reports violations between options. */
struct sm_validation {
    struct sm_diags *diags;
    const char *path;           /* "processors::batch" */
    const struct sm_node *node; /* the component's configuration, for positions; may be NULL */
    struct sm_arena *arena;     /* the configuration's: for what validate precomputes */
};
/* `key_path` is relative ("timeout", "histogram::explicit"), "" for the component itself; the message is printed as the reference words it. */
void sm_validation_error(struct sm_validation *validation, const char *key_path, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What is allowed and yet hardly meant; `suggestion` (may be NULL) is what was meant. */
void sm_validation_warning(struct sm_validation *validation, const char *key_path, const char *suggestion, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
