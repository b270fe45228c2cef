/* protobuf.c - see protobuf.h. Tags, varints, lengths and groups are accepted and refused as the reference's pdata does (pdata/internal/proto):
 * a varint has at most ten bytes, a field number is positive, a group that is skipped may hold nothing but groups. */
#include "wire/protobuf.h"

#include <assert.h>

enum { VARINT_BYTES_MAX = 10 };

bool sm_proto_read_varint(const char **at, const char *end, uint64_t *value)
{
    const char *from = *at;
    uint64_t bits = 0;
    for (unsigned i = 0; i < VARINT_BYTES_MAX && from < end; i++) {
        uint64_t byte = (uint8_t)*from++;
        bits |= (byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *at = from;
            *value = bits;
            return true;
        }
    }
    return false;
}

static bool fail(struct sm_proto_cursor *cursor, const char *reason)
{
    cursor->error = reason;
    return false;
}

static bool read_tag(struct sm_proto_cursor *cursor, struct sm_proto_field *field)
{
    uint64_t tag;
    if (!sm_proto_read_varint(&cursor->at, cursor->end, &tag))
        return fail(cursor, "truncated or too long varint");
    int32_t number = (int32_t)(uint32_t)(tag >> 3);
    if (number <= 0)
        return fail(cursor, "field number out of range");
    field->number = (uint32_t)number;
    field->type = (enum sm_wire_type)(tag & 7);
    return true;
}

/* Groups within groups are all that a skipped group may hold, so a count replaces a stack. */
static bool skip_group(struct sm_proto_cursor *cursor)
{
    struct sm_proto_field inner;
    for (size_t depth = 1; depth > 0;) {
        if (cursor->at >= cursor->end)
            return fail(cursor, "group without end");
        if (!read_tag(cursor, &inner))
            return false;
        if (inner.type == SM_WIRE_GROUP_START)
            depth++;
        else if (inner.type == SM_WIRE_GROUP_END)
            depth--;
        else
            return fail(cursor, "field inside of a group");
    }
    return true;
}

static bool read_fixed(struct sm_proto_cursor *cursor, void *bits, size_t size)
{
    if ((size_t)(cursor->end - cursor->at) < size)
        return fail(cursor, "truncated fixed number");
    memcpy(bits, cursor->at, size);
    cursor->at += size;
    return true;
}

static bool read_content(struct sm_proto_cursor *cursor, struct sm_proto_field *field)
{
    uint32_t bits;
    switch ((int)field->type) {
    case SM_WIRE_VARINT:
        return sm_proto_read_varint(&cursor->at, cursor->end, &field->integer) || fail(cursor, "truncated or too long varint");
    case SM_WIRE_FIXED64:
        return read_fixed(cursor, &field->integer, sizeof(field->integer));
    case SM_WIRE_FIXED32:
        if (!read_fixed(cursor, &bits, sizeof(bits)))
            return false;
        field->integer = bits;
        return true;
    case SM_WIRE_BYTES:
        if (!sm_proto_read_varint(&cursor->at, cursor->end, &field->integer))
            return fail(cursor, "truncated or too long varint");
        if (field->integer > (uint64_t)(cursor->end - cursor->at))
            return fail(cursor, "length beyond the end");
        field->bytes = sm_slice_make(cursor->at, (size_t)field->integer);
        cursor->at += field->bytes.size;
        return true;
    case SM_WIRE_GROUP_START:
        return skip_group(cursor);
    case SM_WIRE_GROUP_END:
        return fail(cursor, "end of a group that did not start");
    default:
        return fail(cursor, "illegal wire type");
    }
}

bool sm_proto_next(struct sm_proto_cursor *cursor, struct sm_proto_field *field)
{
    if (cursor->at >= cursor->end)
        return false;
    const char *start = cursor->at;
    if (!read_tag(cursor, field) || !read_content(cursor, field)) {
        cursor->at = start;
        return false;
    }
    field->whole = sm_slice_make(start, (size_t)(cursor->at - start));
    return true;
}

void sm_proto_put_varint(struct sm_bytes *out, uint64_t value)
{
    char *start = sm_bytes_reserve(out, VARINT_BYTES_MAX);
    out->size += sm_proto_varint_write(start, value);
}

void sm_proto_put_tag(struct sm_bytes *out, uint32_t number, enum sm_wire_type type)
{
    sm_proto_put_varint(out, (uint64_t)number << 3 | type);
}

void sm_proto_put_uint(struct sm_bytes *out, uint32_t number, uint64_t value)
{
    sm_proto_put_tag(out, number, SM_WIRE_VARINT);
    sm_proto_put_varint(out, value);
}

void sm_proto_put_fixed64(struct sm_bytes *out, uint32_t number, uint64_t bits)
{
    sm_proto_put_tag(out, number, SM_WIRE_FIXED64);
    sm_bytes_append(out, &bits, sizeof(bits));
}

void sm_proto_put_fixed32(struct sm_bytes *out, uint32_t number, uint32_t bits)
{
    sm_proto_put_tag(out, number, SM_WIRE_FIXED32);
    sm_bytes_append(out, &bits, sizeof(bits));
}

void sm_proto_put_double(struct sm_bytes *out, uint32_t number, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    sm_proto_put_fixed64(out, number, bits);
}

void sm_proto_put_bytes(struct sm_bytes *out, uint32_t number, struct sm_slice bytes)
{
    sm_proto_put_tag(out, number, SM_WIRE_BYTES);
    sm_proto_put_varint(out, bytes.size);
    sm_bytes_append_slice(out, bytes);
}

/* The length takes one byte in most messages: that byte is left free, and the content moves only when it turned out too small. */
size_t sm_proto_message_begin(struct sm_bytes *out, uint32_t number)
{
    sm_proto_put_tag(out, number, SM_WIRE_BYTES);
    sm_bytes_append_char(out, 0);
    return out->size;
}

void sm_proto_message_end(struct sm_bytes *out, size_t mark)
{
    assert(mark > 0 && mark <= out->size);
    size_t size = out->size - mark, more = sm_proto_varint_size(size) - 1;
    if (more) {
        sm_bytes_reserve(out, more);
        memmove(out->ptr + mark + more, out->ptr + mark, size);
        out->size += more;
    }
    sm_proto_varint_write(out->ptr + mark - 1, size);
}
