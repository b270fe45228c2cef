/* msgpack_reader.h - reading MessagePack (github.com/msgpack/msgpack, spec.md), one value at a time.
 *
 * A cursor never reads beyond its bytes, and no list or map is told to hold more than what the bytes behind it can hold. Texts point into them.
 * Worker-local, allocates nothing. */
#pragma once

#include "base/slice.h"

enum sm_msgpack_type {
    SM_MSGPACK_NIL,
    SM_MSGPACK_BOOL,
    SM_MSGPACK_INT,  /* negative numbers, and those written as signed ones */
    SM_MSGPACK_UINT, /* numbers written as unsigned ones, small ones too */
    SM_MSGPACK_FLOAT32,
    SM_MSGPACK_FLOAT64,
    SM_MSGPACK_TEXT,
    SM_MSGPACK_BYTES,
    SM_MSGPACK_ARRAY, /* `count` values follow */
    SM_MSGPACK_MAP,   /* `count` pairs of values follow */
    SM_MSGPACK_EXTENSION
};

struct sm_msgpack_value {
    enum sm_msgpack_type type;
    union {
        bool boolean;
        int64_t integer;
        uint64_t natural;
        double number;
        struct sm_slice text; /* TEXT, BYTES, EXTENSION */
        uint32_t count;
    };
};

struct sm_msgpack_cursor {
    const char *at, *end;
    const char *error; /* constant reason once something was wrong */
};

/* Why reading stopped where the bytes end too early. */
extern const char SM_MSGPACK_SHORT[];

static inline struct sm_msgpack_cursor sm_msgpack_begin(struct sm_slice bytes)
{
    return (struct sm_msgpack_cursor){.at = bytes.ptr, .end = bytes.ptr ? bytes.ptr + bytes.size : NULL};
}
/* Returns false, for `return sm_msgpack_fail(…)`. The first reason stays. */
static inline bool sm_msgpack_fail(struct sm_msgpack_cursor *cursor, const char *reason)
{
    if (!cursor->error)
        cursor->error = reason;
    return false;
}
/* The next value; of lists and maps only the head. False: there is none, or the cursor has failed before. */
bool sm_msgpack_read(struct sm_msgpack_cursor *cursor, struct sm_msgpack_value *value);
/* One value with all that it holds, however deep. */
bool sm_msgpack_skip(struct sm_msgpack_cursor *cursor);
/* Takes a nil if it comes next. */
static inline bool sm_msgpack_try_nil(struct sm_msgpack_cursor *cursor)
{
    if (cursor->error || cursor->at == cursor->end || (uint8_t)*cursor->at != 0xc0)
        return false;
    cursor->at++;
    return true;
}
