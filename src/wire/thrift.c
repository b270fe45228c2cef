/* thrift.c - see thrift.h. Reads bytes, keeps nothing. Limits: SM_THRIFT_DEPTH_MAX, SM_THRIFT_SIZE_MAX_BYTES.
 * Source: thrift/doc/specs; apache/thrift lib/go/thrift/{binary,compact}_protocol.go (what is refused, and how numbers are cut). */
#include "wire/thrift.h"

#include <assert.h>

static const char TRUNCATED[] = "truncated";

static bool take(struct sm_thrift_reader *reader, size_t size, const char **bytes)
{
    if (reader->error)
        return false;
    if ((size_t)(reader->end - reader->at) < size)
        return sm_thrift_fail(reader, TRUNCATED);
    *bytes = reader->at;
    reader->at += size;
    return true;
}

static bool read_byte(struct sm_thrift_reader *reader, uint8_t *byte)
{
    const char *bytes;
    if (!take(reader, 1, &bytes))
        return false;
    *byte = (uint8_t)*bytes;
    return true;
}

static bool read_big_endian(struct sm_thrift_reader *reader, size_t size, uint64_t *number)
{
    const char *bytes;
    if (!take(reader, size, &bytes))
        return false;
    *number = 0;
    for (size_t i = 0; i < size; i++)
        *number = *number << 8 | (uint8_t)bytes[i];
    return true;
}

static bool read_varint(struct sm_thrift_reader *reader, uint64_t *number)
{
    enum { VARINT_BYTES_MAX = 10 };
    uint8_t byte;
    *number = 0;
    for (unsigned i = 0; i < VARINT_BYTES_MAX; i++) {
        if (!read_byte(reader, &byte))
            return false;
        *number |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80)
            return true;
    }
    return sm_thrift_fail(reader, "variable-length int over 10 bytes");
}

static bool read_zigzag(struct sm_thrift_reader *reader, int64_t *number)
{
    uint64_t bits;
    if (!read_varint(reader, &bits))
        return false;
    *number = (int64_t)(bits >> 1 ^ (0 - (bits & 1)));
    return true;
}

/* A length or count, cut to 32 bits as it is written. */
static bool read_size(struct sm_thrift_reader *reader, int32_t *size)
{
    uint64_t bits;
    if (reader->protocol == SM_THRIFT_COMPACT ? !read_varint(reader, &bits) : !read_big_endian(reader, 4, &bits))
        return false;
    *size = (int32_t)(uint32_t)bits;
    return true;
}

static bool check_size(struct sm_thrift_reader *reader, int64_t size)
{
    if (size < 0)
        return sm_thrift_fail(reader, "negative size");
    return size <= SM_THRIFT_SIZE_MAX_BYTES || sm_thrift_fail(reader, "size exceeded max allowed");
}

/* ---- types */

/* By the four bits that the compact protocol has for them. */
static const enum sm_thrift_type compact_types[16] = {
    [0] = SM_THRIFT_STOP, [1] = SM_THRIFT_BOOL, [2] = SM_THRIFT_BOOL,    [3] = SM_THRIFT_BYTE,   [4] = SM_THRIFT_I16,
    [5] = SM_THRIFT_I32,  [6] = SM_THRIFT_I64,  [7] = SM_THRIFT_DOUBLE,  [8] = SM_THRIFT_STRING, [9] = SM_THRIFT_LIST,
    [10] = SM_THRIFT_SET, [11] = SM_THRIFT_MAP, [12] = SM_THRIFT_STRUCT, [13] = SM_THRIFT_UUID,
};
enum { COMPACT_TRUE = 1, COMPACT_FALSE = 2, COMPACT_TYPE_MAX = 13 };

static bool compact_type(struct sm_thrift_reader *reader, uint8_t bits, enum sm_thrift_type *type)
{
    if (bits > COMPACT_TYPE_MAX)
        return sm_thrift_fail(reader, "unknown type");
    *type = compact_types[bits];
    return true;
}

/* The least that a value of the type takes; what is unknown takes a byte. */
static uint32_t least_size(const struct sm_thrift_reader *reader, enum sm_thrift_type type)
{
    bool is_compact = reader->protocol == SM_THRIFT_COMPACT;
    switch (type) {
    case SM_THRIFT_DOUBLE:
        return 8;
    case SM_THRIFT_I16:
        return is_compact ? 1 : 2;
    case SM_THRIFT_I64:
        return is_compact ? 1 : 8;
    case SM_THRIFT_I32:
    case SM_THRIFT_STRING:
    case SM_THRIFT_MAP:
    case SM_THRIFT_SET:
    case SM_THRIFT_LIST:
        return is_compact ? 1 : 4;
    case SM_THRIFT_UUID:
        return 16;
    default:
        return 1;
    }
}

/* ---- heads */

bool sm_thrift_read_message(struct sm_thrift_reader *reader, struct sm_slice *name)
{
    enum { COMPACT_ID = 0x82, COMPACT_VERSION = 1, VERSION_BITS = 0x1f };
    uint8_t id, version;
    uint64_t word, sequence;
    int32_t size;
    const char *bytes;
    if (reader->protocol == SM_THRIFT_COMPACT) {
        if (!read_byte(reader, &id))
            return false;
        if (id != COMPACT_ID)
            return sm_thrift_fail(reader, "not the compact protocol");
        if (!read_byte(reader, &version))
            return false;
        if ((version & VERSION_BITS) != COMPACT_VERSION)
            return sm_thrift_fail(reader, "unknown version of the compact protocol");
        return read_varint(reader, &sequence) && sm_thrift_read_bytes(reader, name);
    }
    if (!read_big_endian(reader, 4, &word))
        return false;
    size = (int32_t)(uint32_t)word;
    if (size < 0) { /* version 1: the first bit is set, the last byte is the type */
        if ((word & 0xffff0000) != 0x80010000)
            return sm_thrift_fail(reader, "unknown version of the binary protocol");
        return sm_thrift_read_bytes(reader, name) && read_big_endian(reader, 4, &sequence);
    }
    if (!take(reader, (size_t)size, &bytes)) /* without a version: the name's length, the name, the type, the number */
        return false;
    *name = sm_slice_make(bytes, (size_t)size);
    return read_byte(reader, &version) && read_big_endian(reader, 4, &sequence);
}

static bool next_compact_field(struct sm_thrift_reader *reader, struct sm_thrift_field *field)
{
    uint8_t head;
    if (!read_byte(reader, &head) || (head & 0x0f) == SM_THRIFT_STOP)
        return false;
    if (head >> 4)
        field->id = (int16_t)(reader->_last_field + (head >> 4));
    else if (!sm_thrift_read_i16(reader, &field->id))
        return false;
    if (!compact_type(reader, head & 0x0f, &field->type))
        return false;
    reader->_last_field = field->id;
    reader->_has_flag = field->type == SM_THRIFT_BOOL;
    reader->_flag = (head & 0x0f) == COMPACT_TRUE;
    return true;
}

bool sm_thrift_next_field(struct sm_thrift_reader *reader, struct sm_thrift_field *field)
{
    uint8_t type;
    if (reader->protocol == SM_THRIFT_COMPACT)
        return next_compact_field(reader, field);
    if (!read_byte(reader, &type) || type == SM_THRIFT_STOP)
        return false;
    field->type = (enum sm_thrift_type)type;
    return sm_thrift_read_i16(reader, &field->id);
}

bool sm_thrift_read_list(struct sm_thrift_reader *reader, enum sm_thrift_type *element, uint32_t *count)
{
    enum { COMPACT_LONG = 15 };
    uint8_t head;
    int32_t size;
    if (!read_byte(reader, &head))
        return false;
    *element = (enum sm_thrift_type)head;
    if (reader->protocol == SM_THRIFT_BINARY) {
        if (!read_size(reader, &size))
            return false;
    } else {
        size = head >> 4;
        if (size == COMPACT_LONG && !read_size(reader, &size))
            return false;
        if (!compact_type(reader, head & 0x0f, element))
            return false;
    }
    if (!check_size(reader, (int64_t)size * least_size(reader, *element)))
        return false;
    *count = (uint32_t)size;
    return true;
}

/* ---- values */

bool sm_thrift_read_bool(struct sm_thrift_reader *reader, bool *value)
{
    uint8_t byte;
    if (reader->_has_flag) {
        reader->_has_flag = false;
        *value = reader->_flag;
        return !reader->error;
    }
    if (!read_byte(reader, &byte))
        return false;
    *value = byte == 1;
    return true;
}

bool sm_thrift_read_i16(struct sm_thrift_reader *reader, int16_t *value)
{
    int32_t number;
    uint64_t bits;
    if (reader->protocol == SM_THRIFT_COMPACT) {
        if (!sm_thrift_read_i32(reader, &number))
            return false;
        *value = (int16_t)number;
        return true;
    }
    if (!read_big_endian(reader, 2, &bits))
        return false;
    *value = (int16_t)(uint16_t)bits;
    return true;
}

bool sm_thrift_read_i32(struct sm_thrift_reader *reader, int32_t *value)
{
    int32_t bits;
    if (!read_size(reader, &bits))
        return false;
    *value = bits;
    if (reader->protocol == SM_THRIFT_COMPACT)
        *value = (int32_t)((uint32_t)bits >> 1 ^ (0 - ((uint32_t)bits & 1)));
    return true;
}

bool sm_thrift_read_i64(struct sm_thrift_reader *reader, int64_t *value)
{
    uint64_t bits;
    if (reader->protocol == SM_THRIFT_COMPACT)
        return read_zigzag(reader, value);
    if (!read_big_endian(reader, 8, &bits))
        return false;
    *value = (int64_t)bits;
    return true;
}

bool sm_thrift_read_double(struct sm_thrift_reader *reader, double *value)
{
    static_assert(sizeof(*value) == sizeof(uint64_t), "thrift's double is 64 bits");
    uint64_t bits;
    if (!read_big_endian(reader, sizeof(bits), &bits))
        return false;
    if (reader->protocol == SM_THRIFT_COMPACT)
        bits = __builtin_bswap64(bits);
    memcpy(value, &bits, sizeof(bits));
    return true;
}

bool sm_thrift_read_bytes(struct sm_thrift_reader *reader, struct sm_slice *value)
{
    int32_t size;
    const char *bytes;
    if (!read_size(reader, &size) || !check_size(reader, size) || !take(reader, (size_t)size, &bytes))
        return false;
    *value = sm_slice_make(bytes, (size_t)size);
    return true;
}

/* ---- skipping */

static bool skip(struct sm_thrift_reader *reader, enum sm_thrift_type type, unsigned depth);

static bool skip_struct(struct sm_thrift_reader *reader, unsigned depth)
{
    struct sm_thrift_field field;
    int16_t outer = sm_thrift_begin_struct(reader);
    while (sm_thrift_next_field(reader, &field))
        if (!skip(reader, field.type, depth - 1))
            return false;
    sm_thrift_end_struct(reader, outer);
    return !reader->error;
}

static bool skip_list(struct sm_thrift_reader *reader, unsigned depth)
{
    enum sm_thrift_type element;
    uint32_t count;
    if (!sm_thrift_read_list(reader, &element, &count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!skip(reader, element, depth - 1))
            return false;
    return true;
}

static bool skip_map(struct sm_thrift_reader *reader, unsigned depth)
{
    uint8_t types = 0, value_type = 0;
    int32_t size;
    enum sm_thrift_type key, value;
    if (reader->protocol == SM_THRIFT_BINARY) {
        if (!read_byte(reader, &types) || !read_byte(reader, &value_type) || !read_size(reader, &size))
            return false;
        key = (enum sm_thrift_type)types;
        value = (enum sm_thrift_type)value_type;
    } else {
        if (!read_size(reader, &size) || (size != 0 && !read_byte(reader, &types)))
            return false;
        if (!compact_type(reader, types >> 4, &key) || !compact_type(reader, types & 0x0f, &value))
            return false;
    }
    if (!check_size(reader, (int64_t)size * (least_size(reader, key) + least_size(reader, value))))
        return false;
    for (int32_t i = 0; i < size; i++)
        if (!skip(reader, key, depth - 1) || !skip(reader, value, depth - 1))
            return false;
    return true;
}

static bool skip_fixed(struct sm_thrift_reader *reader, size_t size)
{
    const char *bytes;
    return take(reader, size, &bytes);
}

static bool skip(struct sm_thrift_reader *reader, enum sm_thrift_type type, unsigned depth)
{
    bool flag;
    int64_t number;
    struct sm_slice bytes;
    if (depth == 0)
        return sm_thrift_fail(reader, "nested too deeply");
    switch (type) {
    case SM_THRIFT_BOOL:
        return sm_thrift_read_bool(reader, &flag);
    case SM_THRIFT_BYTE:
        return skip_fixed(reader, 1);
    case SM_THRIFT_DOUBLE:
        return skip_fixed(reader, 8);
    case SM_THRIFT_UUID:
        return skip_fixed(reader, 16);
    case SM_THRIFT_I16:
        return reader->protocol == SM_THRIFT_COMPACT ? read_zigzag(reader, &number) : skip_fixed(reader, 2);
    case SM_THRIFT_I32:
        return reader->protocol == SM_THRIFT_COMPACT ? read_zigzag(reader, &number) : skip_fixed(reader, 4);
    case SM_THRIFT_I64:
        return sm_thrift_read_i64(reader, &number);
    case SM_THRIFT_STRING:
        return sm_thrift_read_bytes(reader, &bytes);
    case SM_THRIFT_STRUCT:
        return skip_struct(reader, depth);
    case SM_THRIFT_MAP:
        return skip_map(reader, depth);
    case SM_THRIFT_SET:
    case SM_THRIFT_LIST:
        return skip_list(reader, depth);
    default:
        return sm_thrift_fail(reader, "unknown type");
    }
}

bool sm_thrift_skip(struct sm_thrift_reader *reader, enum sm_thrift_type type)
{
    return skip(reader, type, SM_THRIFT_DEPTH_MAX);
}
