/* thrift.h - reading Apache Thrift, binary and compact protocol (thrift/doc/specs/thrift-{binary,compact}-protocol.md).
 *
 * A reader walks through a message and checks every length; it never reads beyond its bytes, and what it skips may nest only so deep. Structs are
 * read by a loop over their fields:
 *
 *     int16_t outer = sm_thrift_begin_struct(&reader);
 *     while (sm_thrift_next_field(&reader, &field))
 *         read by field.id and field.type, or sm_thrift_skip(&reader, field.type);
 *     sm_thrift_end_struct(&reader, outer);
 *
 * After the first error every function returns false (or nothing). Worker-local, allocates nothing. */
#pragma once

#include "base/slice.h"

enum sm_thrift_protocol { SM_THRIFT_BINARY, SM_THRIFT_COMPACT };

enum sm_thrift_type {
    SM_THRIFT_STOP = 0,
    SM_THRIFT_VOID = 1,
    SM_THRIFT_BOOL = 2,
    SM_THRIFT_BYTE = 3,
    SM_THRIFT_DOUBLE = 4,
    SM_THRIFT_I16 = 6,
    SM_THRIFT_I32 = 8,
    SM_THRIFT_I64 = 10,
    SM_THRIFT_STRING = 11,
    SM_THRIFT_STRUCT = 12,
    SM_THRIFT_MAP = 13,
    SM_THRIFT_SET = 14,
    SM_THRIFT_LIST = 15,
    SM_THRIFT_UUID = 16,
};

enum { SM_THRIFT_DEPTH_MAX = 64, SM_THRIFT_SIZE_MAX_BYTES = 100 * 1024 * 1024 }; /* the limits of thrift's own library */

struct sm_thrift_reader {
    const char *at, *end;
    const char *error; /* constant reason once something was wrong; `at` is near it */
    enum sm_thrift_protocol protocol;
    int16_t _last_field;   /* compact: ids are written as steps */
    bool _has_flag, _flag; /* compact: the value of a bool field stands in its head */
};

struct sm_thrift_field {
    enum sm_thrift_type type; /* binary: any byte, so compare with the enumerators only */
    int16_t id;
};

static inline struct sm_thrift_reader sm_thrift_begin(enum sm_thrift_protocol protocol, struct sm_slice bytes)
{
    const char *start = bytes.ptr ? bytes.ptr : "";
    return (struct sm_thrift_reader){.at = start, .end = start + bytes.size, .protocol = protocol};
}

/* Returns false, for `return sm_thrift_fail(…)`. */
static inline bool sm_thrift_fail(struct sm_thrift_reader *reader, const char *reason)
{
    if (!reader->error)
        reader->error = reason;
    return false;
}

/* The head of a call: the name of the method; what follows is the struct of its arguments. */
bool sm_thrift_read_message(struct sm_thrift_reader *reader, struct sm_slice *name);

/* Returns what sm_thrift_end_struct wants back. */
static inline int16_t sm_thrift_begin_struct(struct sm_thrift_reader *reader)
{
    int16_t outer = reader->_last_field;
    reader->_last_field = 0;
    return outer;
}
static inline void sm_thrift_end_struct(struct sm_thrift_reader *reader, int16_t outer)
{
    reader->_last_field = outer;
}
/* False at the end of the struct and on an error. The field's value must be read or skipped before the next. */
bool sm_thrift_next_field(struct sm_thrift_reader *reader, struct sm_thrift_field *field);
/* The head of a list (or set): how many elements follow. Every element takes at least one byte, so that a loop over them ends with the bytes. */
bool sm_thrift_read_list(struct sm_thrift_reader *reader, enum sm_thrift_type *element, uint32_t *count);

bool sm_thrift_read_bool(struct sm_thrift_reader *reader, bool *value);
bool sm_thrift_read_i16(struct sm_thrift_reader *reader, int16_t *value);
bool sm_thrift_read_i32(struct sm_thrift_reader *reader, int32_t *value);
bool sm_thrift_read_i64(struct sm_thrift_reader *reader, int64_t *value);
bool sm_thrift_read_double(struct sm_thrift_reader *reader, double *value);
/* A string or binary; points into the input. */
bool sm_thrift_read_bytes(struct sm_thrift_reader *reader, struct sm_slice *value);
/* One value of that type, whatever is in it. */
bool sm_thrift_skip(struct sm_thrift_reader *reader, enum sm_thrift_type type);
