/* value.h - what an Alloy expression evaluates to. Immutable once made; lives in an arena. Main thread only. */
#pragma once

#include "alloy/tree.h"
#include "base/bytes.h"

enum sm_alloy_type {
    SM_ALLOY_TYPE_NULL,
    SM_ALLOY_TYPE_NUMBER,
    SM_ALLOY_TYPE_STRING,
    SM_ALLOY_TYPE_BOOL,
    SM_ALLOY_TYPE_ARRAY,
    SM_ALLOY_TYPE_OBJECT,
    SM_ALLOY_TYPE_FUNCTION,
    SM_ALLOY_TYPE_CAPSULE,
};

enum sm_alloy_number { SM_ALLOY_UINT, SM_ALLOY_INT, SM_ALLOY_DOUBLE }; /* in the order in which one gives way to the next */

enum sm_alloy_capsule {
    SM_ALLOY_SECRET,           /* text */
    SM_ALLOY_OPTIONAL_SECRET,  /* text, is_secret */
    SM_ALLOY_CONSUMER,         /* what an otelcol component's `input` is */
    SM_ALLOY_METRICS_RECEIVER, /* what a prometheus component's `receiver` is */
    SM_ALLOY_AUTH_HANDLER,
    SM_ALLOY_STORAGE_HANDLER,
    SM_ALLOY_RELABEL_RULES,
};

struct sm_alloy_value;
struct sm_alloy_function;

struct sm_alloy_entry {
    struct sm_slice key;
    struct sm_alloy_value *value;
};

struct sm_alloy_value {
    enum sm_alloy_type type;
    enum sm_alloy_number number_kind;
    enum sm_alloy_capsule capsule;
    bool is_secret;                     /* OPTIONAL_SECRET */
    bool is_bytes;                      /* ARRAY of numbers that is a string where one is wanted; `text` too */
    const struct sm_alloy_expr *origin; /* where it comes from, for messages; NULL: nowhere in particular */
    struct sm_slice text;               /* STRING, secrets, bytes */
    union {
        bool boolean;
        int64_t integer; /* INT */
        uint64_t whole;  /* UINT */
        double number;   /* DOUBLE */
        struct {
            struct sm_alloy_value **items;
            size_t count;
        } array;
        struct {
            struct sm_alloy_entry *entries; /* keys unique, in source order */
            size_t count, capacity;
        } object;
        const struct sm_alloy_function *function;
        void *target; /* capsules that are no secrets: the component behind it */
    };
};

/* Why something could not be evaluated, as the reference words it. */
struct sm_alloy_fault {
    const struct sm_alloy_expr *node; /* where; NULL: nowhere in particular */
    struct sm_alloy_place start, end; /* used when `has_place`: a part of an expression */
    bool has_place;
    bool is_plain;       /* `message` is whole: no expression is put before it */
    const char *message; /* arena */
    const char *path;    /* arena; "[1].a": what of `node` is meant */
};

/* Evaluation has one arena for everything that it makes. */
/* A reference of which it was told what is wrong with it. */
struct sm_alloy_told {
    struct sm_alloy_told *next;
    const struct sm_alloy_expr *expr;
};

struct sm_alloy_machine {
    struct sm_arena *arena;      /* borrowed */
    struct sm_alloy_fault fault; /* set when something failed */
    struct sm_alloy_told *told;  /* borrowed: arena */
};

const char *sm_alloy_type_name(enum sm_alloy_type type);

struct sm_alloy_value *sm_alloy_null(struct sm_arena *arena);
struct sm_alloy_value *sm_alloy_bool(struct sm_arena *arena, bool boolean);
struct sm_alloy_value *sm_alloy_int(struct sm_arena *arena, int64_t integer);
struct sm_alloy_value *sm_alloy_uint(struct sm_arena *arena, uint64_t whole);
struct sm_alloy_value *sm_alloy_double(struct sm_arena *arena, double number);
struct sm_alloy_value *sm_alloy_string(struct sm_arena *arena, struct sm_slice text);
struct sm_alloy_value *sm_alloy_bytes(struct sm_arena *arena, struct sm_slice bytes);
struct sm_alloy_value *sm_alloy_secret(struct sm_arena *arena, struct sm_slice text);
struct sm_alloy_value *sm_alloy_optional_secret(struct sm_arena *arena, struct sm_slice text, bool is_secret);
struct sm_alloy_value *sm_alloy_capsule(struct sm_arena *arena, enum sm_alloy_capsule kind, void *target);
struct sm_alloy_value *sm_alloy_object(struct sm_arena *arena);
/* An array of `count` items to be filled in. */
struct sm_alloy_value *sm_alloy_array(struct sm_arena *arena, size_t count);
/* A shallow copy with an origin of its own. */
struct sm_alloy_value *sm_alloy_value_copy(struct sm_arena *arena, const struct sm_alloy_value *value);

/* NULL: absent. */
struct sm_alloy_value *sm_alloy_object_find(const struct sm_alloy_value *object, struct sm_slice key);
/* Sets or replaces; `key` is borrowed. */
void sm_alloy_object_set(struct sm_alloy_value *object, struct sm_arena *arena, struct sm_slice key, struct sm_alloy_value *value);

/* Appends a key that is known not to be there. */
void sm_alloy_object_add(struct sm_alloy_value *object, struct sm_arena *arena, struct sm_slice key, struct sm_alloy_value *value);

bool sm_alloy_is_secret(const struct sm_alloy_value *value); /* a capsule with a text in it */
int64_t sm_alloy_number_int(const struct sm_alloy_value *number);
uint64_t sm_alloy_number_uint(const struct sm_alloy_value *number);
double sm_alloy_number_double(const struct sm_alloy_value *number);
bool sm_alloy_equal(const struct sm_alloy_value *a, const struct sm_alloy_value *b);

/* ---- faults; all return NULL, for `return sm_alloy_fail(…)` */
/* "VALUE message". */
void *sm_alloy_fail(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "VALUE should be TYPE, got TYPE". */
void *sm_alloy_fail_type(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, enum sm_alloy_type wanted);
/* The fault lies in a part of `value`: ".key" or "[1]". */
void *sm_alloy_fail_inside(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, const char *part);
/* The whole message, with the expression's text when there is one. */
const char *sm_alloy_fault_text(const struct sm_alloy_fault *fault, struct sm_arena *arena);
void sm_alloy_fault_place(const struct sm_alloy_fault *fault, struct sm_alloy_place *start, struct sm_alloy_place *end);
