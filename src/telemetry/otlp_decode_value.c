/* otlp_decode_value.c - checks attributes and values of an OTLP request, and reads them afterwards.
 *
 * Checking comes first and once, with all that can be wrong (lengths, wire types, depth); it allocates nothing. Reading (sm_otlp_value,
 * sm_otlp_attribute) relies on it. Of repeated fields the last counts, of a oneof the last member, as in the reference (pdata/internal).
 *
 *     KeyValue   1 key (bytes)  2 value (AnyValue)  3 key index (varint, profiles only)
 *     AnyValue   1 string  2 bool  3 int (varint)  4 double (fixed64)  5 ArrayValue  6 KeyValueList  7 bytes  8 string index (varint, profiles only)
 *     ArrayValue 1 AnyValue...      KeyValueList 1 KeyValue... */
#include "telemetry/otlp_wire.h"

#include <assert.h>

bool sm_otlp_fail(struct sm_otlp_decoder *decoder, const char *at, const char *reason)
{
    /* Joined messages stand elsewhere: no offset for what is wrong in them. */
    bool is_inside = (uintptr_t)at - (uintptr_t)decoder->input.ptr <= decoder->input.size;
    decoder->error->offset = is_inside ? (size_t)(at - decoder->input.ptr) : 0;
    decoder->error->reason = reason;
    return false;
}

bool sm_otlp_read_varint_slow(struct sm_otlp_decoder *decoder, const char **at, const char *end, uint64_t *value)
{
    return sm_proto_read_varint(at, end, value) || sm_otlp_fail(decoder, *at, "truncated or too long varint");
}

static bool is_known(uint32_t number, uint32_t known)
{
    return (number < 32 && (known >> number & 1) != 0) || (number == SM_OTLP_DEPRECATED_SCOPES && (known & SM_KNOWN_DEPRECATED_SCOPES) != 0);
}

bool sm_otlp_skip(struct sm_otlp_decoder *decoder, const char **at, const char *end, uint32_t tag, uint32_t known)
{
    if (is_known(tag >> 3, known))
        return sm_otlp_fail(decoder, *at, "wrong wire type of a known field");
    uint64_t ignored;
    struct sm_slice bytes;
    uint32_t small;
    size_t depth = 0;
    const char *start = *at;
    for (;;) {
        switch (tag & 7) {
        case SM_WIRE_GROUP_START:
            depth++;
            break;
        case SM_WIRE_GROUP_END:
            if (depth == 0)
                return sm_otlp_fail(decoder, start, "end of a group that did not start");
            depth--;
            break;
        case SM_WIRE_VARINT:
            return depth ? sm_otlp_fail(decoder, start, "field inside of a group") : sm_otlp_read_varint(decoder, at, end, &ignored);
        case SM_WIRE_FIXED64:
            return depth ? sm_otlp_fail(decoder, start, "field inside of a group") : sm_otlp_read_fixed64(decoder, at, end, &ignored);
        case SM_WIRE_FIXED32:
            return depth ? sm_otlp_fail(decoder, start, "field inside of a group") : sm_otlp_read_fixed32(decoder, at, end, &small);
        case SM_WIRE_BYTES:
            return depth ? sm_otlp_fail(decoder, start, "field inside of a group") : sm_otlp_read_bytes(decoder, at, end, &bytes);
        default:
            return sm_otlp_fail(decoder, start, "illegal wire type");
        }
        if (depth == 0)
            return true;
        if (*at >= end)
            return sm_otlp_fail(decoder, *at, "group without end");
        if (!sm_otlp_read_tag(decoder, at, end, &tag))
            return false;
    }
}

size_t sm_otlp_count(struct sm_slice message, uint32_t tag)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    size_t count = 0;
    while (cursor.at < cursor.end) {
        const char *at = cursor.at;
        uint64_t size;
        /* One-byte tag with a length: nearly always. */
        if ((uint8_t)*at < 0x80 && (*at & 7) == SM_WIRE_BYTES) {
            bool counts = (uint8_t)*at == tag;
            at++;
            if (!sm_proto_read_varint(&at, cursor.end, &size) || size > (uint64_t)(cursor.end - at))
                break;
            count += counts;
            /* Each step waits for the length before it: neighbours are about as large, so the lengths to come are fetched already. */
            if (size < (uint64_t)(cursor.end - at) / 4)
                __builtin_prefetch(at + 3 * size);
            cursor.at = at + size;
            continue;
        }
        struct sm_proto_field field;
        if (!sm_proto_next(&cursor, &field))
            break;
        count += SM_TAG(field.number, field.type) == tag;
    }
    return count;
}

/* ArrayValue and KeyValueList: only field 1. */
static bool check_collection(struct sm_otlp_decoder *decoder, struct sm_slice message, unsigned depth,
                             bool (*check)(struct sm_otlp_decoder *decoder, struct sm_slice message, unsigned depth))
{
    const char *at = message.ptr, *end = at + message.size;
    struct sm_slice inner;
    uint32_t tag;
    if (depth > SM_OTLP_VALUE_DEPTH_MAX && !decoder->is_trusted)
        return sm_otlp_fail(decoder, at, "attribute value nested too deeply");
    while (at < end) {
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        if (tag == SM_TAG(1, SM_WIRE_BYTES)) {
            if (!sm_otlp_read_bytes(decoder, &at, end, &inner) || !check(decoder, inner, depth))
                return false;
        } else if (!sm_otlp_skip(decoder, &at, end, tag, SM_KNOWN(1))) {
            return false;
        }
    }
    return true;
}

bool sm_otlp_check_value(struct sm_otlp_decoder *decoder, struct sm_slice message, unsigned depth)
{
    const char *at = message.ptr, *end = at + message.size;
    struct sm_slice bytes;
    uint64_t ignored;
    uint32_t tag;
    while (at < end) {
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(1, SM_WIRE_BYTES):
        case SM_TAG(7, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes);
            break;
        case SM_TAG(2, SM_WIRE_VARINT):
        case SM_TAG(3, SM_WIRE_VARINT):
        case SM_TAG(8, SM_WIRE_VARINT):
            ok = sm_otlp_read_varint(decoder, &at, end, &ignored);
            break;
        case SM_TAG(4, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &ignored);
            break;
        case SM_TAG(5, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes) && check_collection(decoder, bytes, depth + 1, sm_otlp_check_value);
            break;
        case SM_TAG(6, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes) && check_collection(decoder, bytes, depth + 1, sm_otlp_check_key_value);
            break;
        default:
            ok = sm_otlp_skip(decoder, &at, end, tag, 0x1fe);
        }
        if (!ok)
            return false;
    }
    return true;
}

bool sm_otlp_check_key_value(struct sm_otlp_decoder *decoder, struct sm_slice message, unsigned depth)
{
    const char *at = message.ptr, *end = at + message.size;
    struct sm_slice bytes;
    uint64_t ignored;
    uint32_t tag;
    while (at < end) {
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(1, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes);
            break;
        case SM_TAG(2, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes) && sm_otlp_check_value(decoder, bytes, depth);
            break;
        case SM_TAG(3, SM_WIRE_VARINT):
            ok = sm_otlp_read_varint(decoder, &at, end, &ignored);
            break;
        default:
            ok = sm_otlp_skip(decoder, &at, end, tag, SM_KNOWN(1) | SM_KNOWN(2) | SM_KNOWN(3));
        }
        if (!ok)
            return false;
    }
    return true;
}

uint32_t sm_otlp_key_bits(struct sm_slice message)
{
    enum { ONE_BYTE_SIZE_MAX = 127 };
    const char *at = message.ptr, *end = at + message.size;
    uint64_t size;
    if (message.size < 2 || at[0] != SM_TAG(1, SM_WIRE_BYTES) || (unsigned char)at[1] > ONE_BYTE_SIZE_MAX)
        return UINT32_MAX;
    struct sm_slice key = sm_slice_make(at + 2, (size_t)at[1]);
    at += 2 + key.size;
    /* Behind a value there could be another key, which would count. */
    bool is_usual = at == end || (*at++ == SM_TAG(2, SM_WIRE_BYTES) && sm_proto_read_varint(&at, end, &size) && size == (uint64_t)(end - at));
    return is_usual ? sm_key_bit(key) : UINT32_MAX;
}

struct sm_slice sm_otlp_join(struct sm_arena *arena, struct sm_slice message, uint32_t number)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    char *joined = sm_arena_alloc(arena, message.size);
    size_t size = 0;
    while (sm_proto_next(&cursor, &field)) {
        if (field.number != number || field.bytes.size == 0)
            continue;
        memcpy(joined + size, field.bytes.ptr, field.bytes.size);
        size += field.bytes.size;
    }
    return sm_slice_make(joined, size);
}

static struct sm_value value_of_field(const struct sm_proto_field *field)
{
    struct sm_value value = {0};
    switch (field->number) {
    case 1:
        return sm_value_string(field->bytes);
    case 2:
        return sm_value_bool(field->integer != 0);
    case 3:
        return sm_value_int((int64_t)field->integer);
    case 4:
        value.type = SM_VALUE_DOUBLE;
        memcpy(&value.number, &field->integer, sizeof(value.number));
        return value;
    case 5:
        return (struct sm_value){.type = SM_VALUE_LIST, .encoded = true, .bytes = field->bytes};
    case 6:
        return (struct sm_value){.type = SM_VALUE_MAP, .encoded = true, .bytes = field->bytes};
    case 7:
        return (struct sm_value){.type = SM_VALUE_BYTES, .bytes = field->bytes};
    default:
        return value;
    }
}

struct sm_value sm_otlp_value_merge(struct sm_value value, struct sm_slice message)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    while (sm_proto_next(&cursor, &field))
        if (field.number <= 8)
            value = value_of_field(&field);
    assert(!cursor.error);
    return value;
}

struct sm_value sm_otlp_value(struct sm_slice message)
{
    /* A string that fills the message. */
    if (message.size >= 2 && message.ptr[0] == 0x0a && (size_t)(uint8_t)message.ptr[1] + 2 == message.size && message.size < 0x82)
        return sm_value_string(sm_slice_make(message.ptr + 2, message.size - 2));
    return sm_otlp_value_merge((struct sm_value){0}, message);
}

/* The value of an attribute that sm_otlp_is_plain_attribute accepted: the AnyValue message from `at` to `end`. */
static inline struct sm_value plain_value(const char *at, const char *end)
{
    if (*at == 0x0a)
        return sm_value_string(sm_slice_make(at + 2, (size_t)(end - at) - 2));
    uint64_t bits = 0;
    unsigned shift = 0;
    for (const char *byte = at + 1; byte < end; byte++, shift += 7)
        bits |= (uint64_t)(*byte & 0x7f) << shift;
    return *at == 0x18 ? sm_value_int((int64_t)bits) : sm_value_bool(bits != 0);
}

struct sm_attribute sm_otlp_attribute(struct sm_slice message)
{
    struct sm_attribute attribute = {0};
    const char *at = message.ptr;
    if (sm_otlp_is_plain_attribute(at, message.size)) {
        size_t value = 2 + (size_t)(uint8_t)at[1];
        attribute.key = sm_slice_make(at + 2, (size_t)(uint8_t)at[1]);
        attribute.value = plain_value(at + value + 2, message.ptr + message.size);
        return attribute;
    }
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    while (sm_proto_next(&cursor, &field)) {
        if (field.number == 1)
            attribute.key = field.bytes;
        else if (field.number == 2)
            attribute.value = sm_otlp_value_merge(attribute.value, field.bytes);
    }
    assert(!cursor.error);
    return attribute;
}
