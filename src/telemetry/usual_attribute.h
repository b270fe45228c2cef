/* usual_attribute.h - reading encoded attributes of the form that nearly all have, without calls: for components that look at every span's.
 *
 *     struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
 *     struct sm_usual_attribute usual = sm_usual_attribute_read(cursor.at, end, tag);
 *     if (usual.size) { …look at usual.key; cursor.at += usual.size; } else sm_attributes_next(&cursor, &attribute)
 *
 * Only for attributes that are not decoded (no map) and not changed. Any thread. */
#pragma once

#include "telemetry/value.h"

/* Whether `attributes` are walked as encoded bytes; false: only sm_attributes_next sees them. */
static inline bool sm_attributes_are_encoded(const struct sm_attributes *attributes)
{
    return !attributes->_map && !attributes->changed;
}

/* The tag before each of them. */
static inline char sm_attributes_tag(const struct sm_attributes *attributes)
{
    return (char)(attributes->field << 3 | 2);
}

/* A KeyValue field of the usual form: tag, size, the key first, then the value and nothing else, all below 128 bytes. */
struct sm_usual_attribute {
    struct sm_slice key, value; /* AnyValue */
    size_t size;                /* of the field; 0: it has another form and has to be decoded by the book */
};

/* The batch's bytes were checked when it was decoded. */
static inline struct sm_usual_attribute sm_usual_attribute_read(const char *at, const char *end, char tag)
{
    enum { KEY_TAG = 0x0a, VALUE_TAG = 0x12, HEAD = 4 };
    struct sm_usual_attribute usual = {.size = 0};
    /* Both tags with both sizes in one comparison, and the value's tag and size in another: every span's attributes are read several times. */
    uint32_t head;
    uint16_t value_head;
    if (end - at < HEAD + 2)
        return usual;
    memcpy(&head, at, sizeof(head));
    if ((head & UINT32_C(0x80ff80ff)) != ((uint8_t)tag | (uint32_t)KEY_TAG << 16))
        return usual;
    size_t size = head >> 8 & 0x7f, key_size = head >> 24;
    if (size < key_size + HEAD)
        return usual;
    size_t value_size = size - key_size - HEAD;
    memcpy(&value_head, at + HEAD + key_size, sizeof(value_head));
    if (value_head != (VALUE_TAG | value_size << 8))
        return usual;
    usual.key = sm_slice_make(at + HEAD, key_size);
    usual.value = sm_slice_make(at + HEAD + key_size + sizeof(value_head), value_size);
    usual.size = size + 2;
    return usual;
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

/* Strings and integers, the usual values; false for others. A string's members are set one by one: a copy of both at once has to wait until both have
 * left the processor's store buffer. */
static inline bool sm_usual_value_read(struct sm_slice any, struct sm_value *value)
{
    enum { STRING_TAG = 0x0a, INTEGER_TAG = 0x18 };
    if (any.size >= 2 && any.ptr[0] == STRING_TAG && (size_t)any.ptr[1] + 2 == any.size) {
        value->type = SM_VALUE_STRING;
        value->encoded = false;
        value->string.ptr = any.ptr + 2;
        value->string.size = any.size - 2;
        return true;
    }
    if (any.size < 2 || any.size > 10 || any.ptr[0] != INTEGER_TAG || any.ptr[any.size - 1] < 0)
        return false;
    uint64_t integer = 0;
    for (size_t i = 1; i < any.size; i++) {
        if (any.ptr[i] >= 0 && i + 1 < any.size)
            return false; /* something behind the number */
        integer |= (uint64_t)(any.ptr[i] & 0x7f) << (7 * (i - 1));
    }
    *value = sm_value_int((int64_t)integer);
    return true;
}
