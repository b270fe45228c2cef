/* protobuf.h - reading and writing protobuf wire format, without schemas (encoding: protobuf.dev/programming-guides/encoding).
 *
 * A cursor walks the fields of one message and checks every length; it never reads beyond its bytes. Worker-local, allocates nothing. */
#pragma once

#include "base/bytes.h"
#include "base/slice.h"

enum sm_wire_type { SM_WIRE_VARINT = 0, SM_WIRE_FIXED64 = 1, SM_WIRE_BYTES = 2, SM_WIRE_GROUP_START = 3, SM_WIRE_GROUP_END = 4, SM_WIRE_FIXED32 = 5 };

struct sm_proto_cursor {
    const char *at, *end;
    const char *error; /* constant reason once something was wrong */
};

struct sm_proto_field {
    uint32_t number;
    enum sm_wire_type type;
    uint64_t integer;      /* VARINT, FIXED64, FIXED32: the bits */
    struct sm_slice bytes; /* BYTES: the content */
    struct sm_slice whole; /* tag and content */
};

static inline struct sm_proto_cursor sm_proto_begin(struct sm_slice message)
{
    return (struct sm_proto_cursor){.at = message.ptr, .end = message.ptr ? message.ptr + message.size : NULL};
}
/* False at the end and on an error (then cursor->error is set). Groups are skipped over (their content is in `whole`). */
bool sm_proto_next(struct sm_proto_cursor *cursor, struct sm_proto_field *field);
/* One varint; false: truncated or too long. */
bool sm_proto_read_varint(const char **at, const char *end, uint64_t *value);

/* ---- writing */
static inline size_t sm_proto_varint_size(uint64_t value)
{
    return (size_t)(9 * (63 - __builtin_clzll(value | 1)) + 73) / 64;
}
/* Writes to `to`, which has room for the varint (ten bytes at most); returns its size. */
static inline size_t sm_proto_varint_write(char *to, uint64_t value)
{
    char *at = to;
    for (; value >= 0x80; value >>= 7)
        *at++ = (char)(value | 0x80);
    *at++ = (char)value;
    return (size_t)(at - to);
}
void sm_proto_put_varint(struct sm_bytes *out, uint64_t value);
void sm_proto_put_tag(struct sm_bytes *out, uint32_t number, enum sm_wire_type type);
void sm_proto_put_uint(struct sm_bytes *out, uint32_t number, uint64_t value); /* tag and varint */
void sm_proto_put_fixed64(struct sm_bytes *out, uint32_t number, uint64_t bits);
void sm_proto_put_fixed32(struct sm_bytes *out, uint32_t number, uint32_t bits);
void sm_proto_put_double(struct sm_bytes *out, uint32_t number, double value);
void sm_proto_put_bytes(struct sm_bytes *out, uint32_t number, struct sm_slice bytes);
/* A message field whose size is not known before it is written: `begin` returns a mark, `end` puts tag and length in front of what was appended
 * since. */
size_t sm_proto_message_begin(struct sm_bytes *out, uint32_t number);
void sm_proto_message_end(struct sm_bytes *out, size_t mark);
