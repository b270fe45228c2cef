/* value.h - what an expression evaluates to, and the state of one evaluation. Inside expr only.
 *
 * Nothing here is owned: values point into the program, the data that fields give, or the evaluation's arena. Lists and maps are never changed once
 * they are made, so they are shared. Worker-local. */
#pragma once

#include "base/bytes.h"
#include "expr/tree.h"
#include "ottl/zone.h"

struct expr_value {
    enum expr_kind kind;
    bool is_nil;     /* lists: Go's nil list, which is as good as nil to ?? and contains */
    bool is_pointer; /* ENVIRONMENT, LOCATION: reached through a pointer, which has the methods */
    union {
        bool boolean;
        int64_t integer; /* INT, INT64, UINT8, MONTH, WEEKDAY; DURATION: ns */
        double number;
        struct sm_slice text; /* STRING, BYTES */
        const struct expr_list *list;
        const struct expr_map *map;
        const struct expr_time *time;
        const struct expr_location *location;
        const struct expr_bound *function;
    };
};

struct expr_list {
    size_t count;
    const struct expr_value *items; /* NULL: INTS */
    const int64_t *ints;            /* INTS */
};

struct expr_location {
    const struct sm_ottl_zone *zone; /* NULL: `offset` everywhere */
    const char *name;
    int32_t offset;
};
struct expr_time {
    struct sm_ottl_time at;
    const struct expr_location *location;
};
/* A function as a value: one of the environment, or a method of a value. */
struct expr_bound {
    const struct sm_expr_function *function; /* or NULL */
    const struct expr_method *method;
    struct expr_value receiver;
};

struct expr_scope;

struct expr_evaluation {
    const struct sm_expr_environment *environment;
    const void *context;
    struct sm_arena *arena;
    struct sm_expr_error *error;
    struct expr_value *variables;
    struct expr_scope *scope;     /* of the innermost predicate; NULL: none */
    const struct expr_node *node; /* what is being evaluated: the place of an error */
    size_t steps, elements, bytes_before;
    unsigned value_depth; /* lists and maps that are being compared or hashed */
    bool has_failed;
    bool is_leaving; /* ?. met nil: up to the chain's end */
};

/* ---- evaluate.c */
struct expr_value expr_evaluate(struct expr_evaluation *e, const struct expr_node *node);
/* The same without the pointer: what operators and most builtins see. False: evaluation stops here. */
bool expr_operand(struct expr_evaluation *e, const struct expr_node *node, struct expr_value *value);
/* Fails the evaluation, the first time with its reason. Returns nil. */
struct expr_value expr_fail(struct expr_evaluation *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One operation more, for what walks over values itself. False: too many, or too much memory, and the evaluation has failed. */
bool expr_step(struct expr_evaluation *e);
/* The same for looking through a text of so many bytes, of which many make an operation. */
bool expr_spend(struct expr_evaluation *e, size_t bytes);
/* Into a list or map inside another one; expr_leave undoes it, also when it says false: too deep, and the evaluation has failed. */
bool expr_enter(struct expr_evaluation *e);
void expr_leave(struct expr_evaluation *e);
/* Room for `size` bytes more? Otherwise the evaluation fails. */
bool expr_has_room(struct expr_evaluation *e, size_t size);
/* Counts elements of new lists as expr does. False: failed. */
bool expr_count_elements(struct expr_evaluation *e, size_t count);
/* x[index], x.name */
struct expr_value expr_fetch(struct expr_evaluation *e, struct expr_value from, struct expr_value index);
struct expr_value expr_dereference(struct expr_value value);

/* ---- program.c: what sm_expr_test looks at; nil with `error` filled when it fails */
struct expr_value expr_run(const struct sm_expr_program *program, const void *context, struct sm_arena *scratch, struct sm_expr_error *error);

/* ---- loops.c: builtins with a predicate */
struct expr_value expr_pointer(struct expr_evaluation *e, struct sm_slice name);

/* ---- operators.c */
struct expr_value expr_unary(struct expr_evaluation *e, enum expr_operator op, struct expr_value value);
struct expr_value expr_binary(struct expr_evaluation *e, enum expr_operator op, struct expr_value a, struct expr_value b);
/* a < b. False with the evaluation failed when they have no order. */
bool expr_less(struct expr_evaluation *e, struct expr_value a, struct expr_value b);
/* a == b: numbers and lists of all kinds with each other, everything else as expr_identical. */
bool expr_equal(struct expr_evaluation *e, struct expr_value a, struct expr_value b);
/* The same type and the same content, all the way down (Go's reflect.DeepEqual). */
bool expr_identical(struct expr_evaluation *e, struct expr_value a, struct expr_value b);
bool expr_is_nil(struct expr_value value);
/* Go's conversion of any number to int. False: no number. */
bool expr_to_int(struct expr_value value, int64_t *integer);
bool expr_to_double(struct expr_value value, double *number);
int64_t expr_truncate(double number);
double expr_power(double x, double y);

/* ---- values.c */
size_t expr_length(struct expr_value value);                      /* lists and maps: elements; STRING: bytes */
struct expr_value expr_at(struct expr_value value, size_t index); /* of lists and STRING */
struct expr_value expr_make_list(struct expr_evaluation *e, enum expr_kind kind, const struct expr_value *items, size_t count);
struct expr_value expr_nil_list(enum expr_kind kind);
struct expr_value expr_make_range(struct expr_evaluation *e, int64_t first, int64_t last);
struct expr_value expr_part(struct expr_evaluation *e, struct expr_value list, size_t from, size_t to);

struct expr_entry {
    struct expr_value key, value;
    uint64_t hash;
};
struct expr_map {
    struct expr_entry *entries; /* in the order of insertion */
    size_t count, capacity;
    uint32_t *slots; /* entry + 1, open addressing; 0: empty */
    size_t slot_count;
};
struct expr_map *expr_new_map(struct expr_evaluation *e);
/* NULL: not there, or the evaluation has failed because no map can have such a key. */
struct expr_entry *expr_map_find(struct expr_evaluation *e, const struct expr_map *map, struct expr_value key);
/* The entry with that key, new with a value of the kind EXPR_UNKNOWN when it was not there. NULL: failed. */
struct expr_entry *expr_map_put(struct expr_evaluation *e, struct expr_map *map, struct expr_value key);
/* What a map of that kind gives for a key. NULL: not there, or failed. A text is the only key of EXPR_MAP. */
struct expr_entry *expr_map_get(struct expr_evaluation *e, struct expr_value map, struct expr_value key);

static inline struct expr_value expr_nil(void)
{
    return (struct expr_value){.kind = EXPR_NIL};
}
static inline struct expr_value expr_bool(bool boolean)
{
    return (struct expr_value){.kind = EXPR_BOOL, .boolean = boolean};
}
static inline struct expr_value expr_whole(enum expr_kind kind, int64_t integer)
{
    return (struct expr_value){.kind = kind, .integer = integer};
}
static inline struct expr_value expr_int(int64_t integer)
{
    return expr_whole(EXPR_INT, integer);
}
static inline struct expr_value expr_float(double number)
{
    return (struct expr_value){.kind = EXPR_FLOAT, .number = number};
}
static inline struct expr_value expr_string(struct sm_slice text)
{
    return (struct expr_value){.kind = EXPR_STRING, .text = text};
}
static inline struct expr_value expr_map_value(enum expr_kind kind, const struct expr_map *map)
{
    return (struct expr_value){.kind = kind, .map = map};
}

/* ---- text.c, json.c */
/* As Go's %v. False: failed. */
bool expr_append_text(struct expr_evaluation *e, struct sm_bytes *out, struct expr_value value, unsigned depth);
/* As Go's json.MarshalIndent with two blanks. False: failed. */
bool expr_append_json(struct expr_evaluation *e, struct sm_bytes *out, struct expr_value value, unsigned depth);
struct expr_value expr_read_json(struct expr_evaluation *e, struct sm_slice text);

/* ---- time.c */
struct expr_value expr_time_value(struct expr_evaluation *e, struct sm_ottl_time at, const struct expr_location *location);
bool expr_append_time(struct sm_bytes *out, const struct expr_time *time, const char *layout);
/* NULL with the evaluation failed: unknown. */
const struct expr_location *expr_find_location(struct expr_evaluation *e, struct sm_slice name);
