/* library.h - the standard library: functions and constants that every expression can name. Main thread only.
 *
 * To add a function: write it in the library_*.c of its subject and give it a row there. */
#pragma once

#include "alloy/value.h"

enum { SM_ALLOY_PARAMETERS_MAX = 4 };

struct sm_alloy_call {
    struct sm_alloy_machine *machine;
    const struct sm_alloy_value *function; /* for faults */
    struct sm_alloy_value **args;          /* converted, unless the function takes them raw */
    size_t count;
};

struct sm_alloy_function {
    const char *name;                             /* "string.to_upper" */
    const char *old_name;                         /* "to_upper"; NULL: none */
    unsigned parameters[SM_ALLOY_PARAMETERS_MAX]; /* enum sm_alloy_want */
    size_t parameter_count;
    bool is_variadic; /* the last parameter may be there any number of times */
    bool is_raw;      /* arguments are neither counted nor converted */
    struct sm_alloy_value *(*call)(const struct sm_alloy_call *call);
};

/* Each ends with an empty row. */
extern const struct sm_alloy_function sm_alloy_string_functions[], sm_alloy_array_functions[], sm_alloy_encoding_functions[],
    sm_alloy_system_functions[], sm_alloy_json_path_functions[];

/* What `name` stands for when no scope knows it: a function, a constant or a group of them. NULL: nothing. */
const struct sm_alloy_value *sm_alloy_library_find(struct sm_arena *arena, struct sm_slice name);
/* Checks and converts the arguments, then calls. */
struct sm_alloy_value *sm_alloy_library_call(struct sm_alloy_machine *machine, const struct sm_alloy_value *function, struct sm_alloy_value **args,
                                             size_t count) __attribute__((warn_unused_result));
/* "FUNCTION reason". Returns NULL. */
void *sm_alloy_call_fail(const struct sm_alloy_call *call, const char *reason);
