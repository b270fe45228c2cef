/* convert.h - Alloy values as the types that arguments have: what is converted on assignment, and what is not. Main thread only. */
#pragma once

#include "alloy/value.h"

enum sm_alloy_want {
    SM_ALLOY_WANT_ANY, /* numbers, texts, lists and objects as they are */
    SM_ALLOY_WANT_STRING,
    SM_ALLOY_WANT_INT,
    SM_ALLOY_WANT_UINT,
    SM_ALLOY_WANT_UINT8,
    SM_ALLOY_WANT_UINT16,
    SM_ALLOY_WANT_UINT32,
    SM_ALLOY_WANT_INT32,
    SM_ALLOY_WANT_DOUBLE,
    SM_ALLOY_WANT_BOOL,
    SM_ALLOY_WANT_DURATION, /* gives an INT of nanoseconds */
    SM_ALLOY_WANT_SIZE,     /* "512KiB": gives an INT of bytes */
    SM_ALLOY_WANT_SECRET,
    SM_ALLOY_WANT_OPTIONAL_SECRET,
    SM_ALLOY_WANT_CONSUMER,
    SM_ALLOY_WANT_METRICS_RECEIVER,
    SM_ALLOY_WANT_AUTH_HANDLER,
    SM_ALLOY_WANT_STORAGE_HANDLER,
    SM_ALLOY_WANT_RELABEL_RULES,
    SM_ALLOY_WANT_ARRAY,  /* any array, as it is */
    SM_ALLOY_WANT_OBJECT, /* any object, as it is */
    SM_ALLOY_WANT_COUNT,
};
/* Added to one of the above. */
enum { SM_ALLOY_LIST_OF = 0x100, SM_ALLOY_MAP_OF = 0x200 };

/* `value` as a `want` (an enum sm_alloy_want, as a list or map of it if so marked). NULL with machine->fault set when it is none. A null gives the
 * type's zero. */
struct sm_alloy_value *sm_alloy_convert(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, unsigned want)
    __attribute__((warn_unused_result));
