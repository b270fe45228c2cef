/* json_path.h - paths into JSON documents: what json_path understands, in its two steps. Main thread only.
 *
 * The dialect is that of github.com/ohler55/ojg v1.28.2, which Alloy v1.18 uses, with its habits: names have no dashes, `!` reaches to the end of its
 * bracket, `..` gives what lies deeper first, and a filter that meets several values asks whether any of them fits. Members of objects come in the
 * order of the document (the reference's order is random). Nesting, results and work are bounded: SM_JSON_PATH_…_MAX. */
#pragma once

#include "alloy/value.h"
#include "base/regex.h"

enum {
    SM_JSON_PATH_NESTING_MAX = 500,           /* brackets, negations and operators of a filter inside one another */
    SM_JSON_PATH_RESULTS_MAX = 100000,        /* values that one step selects */
    SM_JSON_PATH_WORK_MAX = 10 * 1000 * 1000, /* values that are looked at */
    SM_JSON_PATH_PATTERNS_MAX = 100,          /* regular expressions, those taken from the document included */
};

enum sm_json_path_step_kind {
    SM_JSON_PATH_ROOT,
    SM_JSON_PATH_THIS,
    SM_JSON_PATH_CHILD,
    SM_JSON_PATH_INDEX,
    SM_JSON_PATH_ALL,
    SM_JSON_PATH_DESCENT,
    SM_JSON_PATH_UNION, /* of names and indexes */
    SM_JSON_PATH_RANGE,
    SM_JSON_PATH_FILTER,
};

struct sm_json_path_member {
    bool is_name;
    struct sm_slice name;
    int64_t index;
};

struct sm_json_path_step {
    enum sm_json_path_step_kind kind;
    struct sm_json_path_member member;   /* CHILD, INDEX */
    struct sm_json_path_member *members; /* UNION */
    size_t member_count;
    int64_t start, end, step;           /* RANGE */
    struct sm_json_path_filter *filter; /* FILTER */
};

struct sm_json_path {
    struct sm_json_path_step *steps;
    size_t count;
};

enum sm_json_path_operator {
    SM_JSON_PATH_GROUP, /* parentheses that could not be left out */
    SM_JSON_PATH_EQ,
    SM_JSON_PATH_NE,
    SM_JSON_PATH_LT,
    SM_JSON_PATH_GT,
    SM_JSON_PATH_LE,
    SM_JSON_PATH_GE,
    SM_JSON_PATH_OR,
    SM_JSON_PATH_AND,
    SM_JSON_PATH_NOT,
    SM_JSON_PATH_ADD,
    SM_JSON_PATH_SUBTRACT,
    SM_JSON_PATH_MULTIPLY,
    SM_JSON_PATH_DIVIDE,
    SM_JSON_PATH_IN,
    SM_JSON_PATH_EMPTY,
    SM_JSON_PATH_HAS, /* and `exists` */
    SM_JSON_PATH_MATCHES,
    SM_JSON_PATH_LENGTH,
    SM_JSON_PATH_COUNT,
    SM_JSON_PATH_MATCH,
    SM_JSON_PATH_SEARCH,
};

enum sm_json_path_cell_kind {
    SM_JSON_PATH_VALUE,
    SM_JSON_PATH_NOTHING, /* what a path that selects nothing stands for */
    SM_JSON_PATH_OPERATOR,
    SM_JSON_PATH_PATH,
    SM_JSON_PATH_LIST,    /* of cells */
    SM_JSON_PATH_PATTERN, /* a regular expression */
    SM_JSON_PATH_MANY,    /* while a filter is evaluated: what a path selects, several values */
    SM_JSON_PATH_TALLY,   /* while a filter is evaluated: how many values a path selects */
};

struct sm_json_path_item;
struct sm_json_path_cell {
    enum sm_json_path_cell_kind kind;
    bool is_selected; /* VALUE: a path found it, so it holds by itself */
    enum sm_json_path_operator op;
    size_t operand_count;                 /* OPERATOR: 1 or 2 */
    const struct sm_alloy_value *value;   /* VALUE */
    const struct sm_json_path *path;      /* PATH */
    const struct sm_json_path_cell *list; /* LIST */
    const struct sm_json_path_item *many; /* MANY */
    size_t count;                         /* LIST, MANY, TALLY */
    const struct sm_regex *regex;         /* PATTERN; borrowed: the patterns */
};

/* An expression in prefix order: each operator before its operands. */
struct sm_json_path_filter {
    struct sm_json_path_cell *cells;
    size_t count;
};

/* The regular expressions of one call. All zero is an empty set. */
struct sm_json_path_patterns {
    struct sm_json_path_pattern *_first; /* owned */
    size_t _count;
};
void sm_json_path_patterns_deinit(struct sm_json_path_patterns *patterns);
/* NULL when it is none (`error` says why) or there are too many (`*is_full`). Borrowed: the patterns. */
const struct sm_regex *sm_json_path_pattern(struct sm_json_path_patterns *patterns, struct sm_slice text, struct sm_error *error, bool *is_full)
    __attribute__((warn_unused_result));

/* In `arena`; texts are borrowed from `text` where they have no escapes. NULL with `*reason` (arena) as the reference words it. */
struct sm_json_path *sm_json_path_parse(struct sm_slice text, struct sm_json_path_patterns *patterns, struct sm_arena *arena, const char **reason)
    __attribute__((warn_unused_result));

/* In groups: what one step selected from one value. */
struct sm_json_path_set {
    struct sm_json_path_item {
        struct sm_alloy_value *value;
        bool begins_group;
    } * items;
    size_t count, capacity;
    bool is_at_group; /* the next one begins a group */
};

/* One walk through a document. */
struct sm_json_path_run {
    struct sm_json_path_patterns *patterns; /* borrowed */
    size_t work;
    const char *error; /* constant; set when a limit was met or values can't be compared */
};

/* What `path` selects from `data`, in `arena`. False with run->error. */
bool sm_json_path_select(struct sm_json_path_run *run, const struct sm_json_path *path, struct sm_alloy_value *data, struct sm_arena *arena,
                         struct sm_json_path_set *selected) __attribute__((warn_unused_result));
/* ---- between json_path.c and json_path_filter.c */
/* Counts work. False when there was too much of it. */
bool sm_json_path_spend(struct sm_json_path_run *run, size_t work);
bool sm_json_path_add(struct sm_json_path_run *run, struct sm_json_path_set *set, struct sm_alloy_value *value, struct sm_arena *arena);
/* The members of a list or an object; 0 and NULL for anything else. */
size_t sm_json_path_child_count(const struct sm_alloy_value *value);
struct sm_alloy_value *sm_json_path_child(const struct sm_alloy_value *value, size_t index);
/* Adds the members of `data` for which the filter holds. */
bool sm_json_path_filter(struct sm_json_path_run *run, const struct sm_json_path_filter *filter, struct sm_alloy_value *data,
                         struct sm_alloy_value *root, struct sm_arena *arena, struct sm_json_path_set *selected);
