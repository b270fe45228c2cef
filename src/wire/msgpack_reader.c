/* msgpack_reader.c - see msgpack_reader.h. The first byte of a value holds its type, and of small values also the number or size:
 *
 *     00-7f fixint   80-8f fixmap   90-9f fixarray   a0-bf fixstr   c0 nil   c2 c3 bool   c4-c6 bin   c7-c9 ext   ca cb float
 *     cc-cf uint     d0-d3 int      d4-d8 fixext     d9-db str      dc dd array   de df map   e0-ff negative fixint */
#include "wire/msgpack_reader.h"

const char SM_MSGPACK_SHORT[] = "msgp: too few bytes left to read object";

static bool take(struct sm_msgpack_cursor *cursor, size_t size, const char **from)
{
    if ((size_t)(cursor->end - cursor->at) < size)
        return sm_msgpack_fail(cursor, SM_MSGPACK_SHORT);
    *from = cursor->at;
    cursor->at += size;
    return true;
}

/* A number of `size` bytes, the highest first. */
static bool take_number(struct sm_msgpack_cursor *cursor, size_t size, uint64_t *number)
{
    const char *from;
    if (!take(cursor, size, &from))
        return false;
    *number = 0;
    for (size_t i = 0; i < size; i++)
        *number = *number << 8 | (uint8_t)from[i];
    return true;
}

static bool take_text(struct sm_msgpack_cursor *cursor, enum sm_msgpack_type type, uint64_t size, struct sm_msgpack_value *value)
{
    const char *from;
    if (!take(cursor, (size_t)size, &from))
        return false;
    *value = (struct sm_msgpack_value){.type = type, .text = sm_slice_make(from, (size_t)size)};
    return true;
}

/* Every value takes a byte at least. */
static bool take_list(struct sm_msgpack_cursor *cursor, enum sm_msgpack_type type, uint64_t count, struct sm_msgpack_value *value)
{
    uint64_t values = type == SM_MSGPACK_MAP ? 2 * count : count;
    if (values > (uint64_t)(cursor->end - cursor->at))
        return sm_msgpack_fail(cursor, SM_MSGPACK_SHORT);
    *value = (struct sm_msgpack_value){.type = type, .count = (uint32_t)count};
    return true;
}

static bool take_float(struct sm_msgpack_cursor *cursor, size_t size, struct sm_msgpack_value *value)
{
    uint64_t bits;
    if (!take_number(cursor, size, &bits))
        return false;
    value->type = size == sizeof(float) ? SM_MSGPACK_FLOAT32 : SM_MSGPACK_FLOAT64;
    if (size == sizeof(float)) {
        float number;
        uint32_t low = (uint32_t)bits;
        memcpy(&number, &low, sizeof(number));
        value->number = (double)number;
    } else {
        memcpy(&value->number, &bits, sizeof(value->number));
    }
    return true;
}

static bool take_signed(struct sm_msgpack_cursor *cursor, size_t size, struct sm_msgpack_value *value)
{
    uint64_t bits;
    if (!take_number(cursor, size, &bits))
        return false;
    unsigned unused = 64 - 8 * (unsigned)size;
    *value = (struct sm_msgpack_value){.type = SM_MSGPACK_INT, .integer = (int64_t)(bits << unused) >> unused};
    return true;
}

static bool take_sized(struct sm_msgpack_cursor *cursor, uint8_t first, struct sm_msgpack_value *value)
{
    uint64_t size;
    if (first >= 0xc4 && first <= 0xc6)
        return take_number(cursor, (size_t)1 << (first - 0xc4), &size) && take_text(cursor, SM_MSGPACK_BYTES, size, value);
    if (first >= 0xc7 && first <= 0xc9)
        return take_number(cursor, (size_t)1 << (first - 0xc7), &size) && take_text(cursor, SM_MSGPACK_EXTENSION, size + 1, value);
    if (first >= 0xd4 && first <= 0xd8)
        return take_text(cursor, SM_MSGPACK_EXTENSION, (UINT64_C(1) << (first - 0xd4)) + 1, value);
    if (first >= 0xd9 && first <= 0xdb)
        return take_number(cursor, (size_t)1 << (first - 0xd9), &size) && take_text(cursor, SM_MSGPACK_TEXT, size, value);
    if (first == 0xdc || first == 0xdd)
        return take_number(cursor, first == 0xdc ? 2 : 4, &size) && take_list(cursor, SM_MSGPACK_ARRAY, size, value);
    if (first == 0xde || first == 0xdf)
        return take_number(cursor, first == 0xde ? 2 : 4, &size) && take_list(cursor, SM_MSGPACK_MAP, size, value);
    return sm_msgpack_fail(cursor, "msgpack: a byte that begins no value");
}

bool sm_msgpack_read(struct sm_msgpack_cursor *cursor, struct sm_msgpack_value *value)
{
    const char *from;
    if (cursor->error || !take(cursor, 1, &from))
        return false;
    uint8_t first = (uint8_t)*from;
    if (first < 0x80) {
        *value = (struct sm_msgpack_value){.type = SM_MSGPACK_UINT, .natural = first};
        return true;
    }
    if (first >= 0xe0) {
        *value = (struct sm_msgpack_value){.type = SM_MSGPACK_INT, .integer = (int8_t)first};
        return true;
    }
    if (first < 0x90)
        return take_list(cursor, SM_MSGPACK_MAP, first & 0x0f, value);
    if (first < 0xa0)
        return take_list(cursor, SM_MSGPACK_ARRAY, first & 0x0f, value);
    if (first < 0xc0)
        return take_text(cursor, SM_MSGPACK_TEXT, first & 0x1f, value);
    if (first == 0xc0) {
        *value = (struct sm_msgpack_value){.type = SM_MSGPACK_NIL};
        return true;
    }
    if (first == 0xc2 || first == 0xc3) {
        *value = (struct sm_msgpack_value){.type = SM_MSGPACK_BOOL, .boolean = first == 0xc3};
        return true;
    }
    if (first == 0xca || first == 0xcb)
        return take_float(cursor, first == 0xca ? sizeof(float) : sizeof(double), value);
    if (first >= 0xcc && first <= 0xcf) {
        value->type = SM_MSGPACK_UINT;
        return take_number(cursor, (size_t)1 << (first - 0xcc), &value->natural);
    }
    if (first >= 0xd0 && first <= 0xd3)
        return take_signed(cursor, (size_t)1 << (first - 0xd0), value);
    return take_sized(cursor, first, value);
}

bool sm_msgpack_skip(struct sm_msgpack_cursor *cursor)
{
    for (uint64_t left = 1; left > 0; left--) {
        struct sm_msgpack_value value;
        if (!sm_msgpack_read(cursor, &value))
            return false;
        if (value.type == SM_MSGPACK_ARRAY)
            left += value.count;
        else if (value.type == SM_MSGPACK_MAP)
            left += 2 * (uint64_t)value.count;
    }
    return true;
}
