/* otlp_wire.h - what the OTLP decoders share (private to telemetry/): reading tags and lengths at full speed, the checks of values and attributes.
 *
 * Every function moves `*at` behind what it read and returns false after filling `decoder->error`. Messages are decoded by a loop over the fields
 * with a switch over whole tags (number and wire type); a tag that no case takes goes to sm_otlp_skip, which refuses known numbers with a wrong wire
 * type. */
#pragma once

#include <assert.h>

#include "telemetry/metric.h"
#include "telemetry/otlp.h"
#include "wire/protobuf.h"

/* Tag of a field as it is read: number and wire type. */
#define SM_TAG(number, type) ((uint32_t)(number) << 3 | (uint32_t)(type))
/* Sets of field numbers below 32, for sm_otlp_skip. */
#define SM_KNOWN(number) (UINT32_C(1) << (number))
/* ResourceSpans and its siblings: field 1000 holds scope groups of before 2021. */
enum { SM_OTLP_DEPRECATED_SCOPES = 1000, SM_KNOWN_DEPRECATED_SCOPES = 1 };

struct sm_otlp_decoder {
    struct sm_slice input; /* for offsets */
    struct sm_arena *arena;
    struct sm_batch *batch;
    struct sm_decode_error *error;
    bool is_checking; /* fills no index: groups and items are decoded into one place and forgotten */
    bool is_outline;  /* points of metrics are only counted: sm_metric_next_point decodes them */
    bool is_trusted;  /* this program wrote the bytes: values may be nested as deep as statements have made them */
};

/* The readers of the innermost loop: a call for each would cost more than what they do. */
#define SM_HOT static inline __attribute__((always_inline))

/* Fills the error; returns false. */
bool sm_otlp_fail(struct sm_otlp_decoder *decoder, const char *at, const char *reason) __attribute__((cold));
bool sm_otlp_read_varint_slow(struct sm_otlp_decoder *decoder, const char **at, const char *end, uint64_t *value);

SM_HOT bool sm_otlp_read_varint(struct sm_otlp_decoder *decoder, const char **at, const char *end, uint64_t *value)
{
    if (__builtin_expect(*at < end && (uint8_t) * *at < 0x80, 1)) {
        *value = (uint8_t) * (*at)++;
        return true;
    }
    if (end - *at >= 2 && (uint8_t)(*at)[1] < 0x80) { /* the length of a span */
        *value = ((uint64_t)(uint8_t)(*at)[0] & 0x7f) | (uint64_t)(uint8_t)(*at)[1] << 7;
        *at += 2;
        return true;
    }
    return sm_otlp_read_varint_slow(decoder, at, end, value);
}

SM_HOT bool sm_otlp_read_tag(struct sm_otlp_decoder *decoder, const char **at, const char *end, uint32_t *tag)
{
    uint64_t bits;
    const char *start = *at;
    if (!sm_otlp_read_varint(decoder, at, end, &bits))
        return false;
    *tag = (uint32_t)bits;
    int32_t number = (int32_t)(uint32_t)(bits >> 3);
    if (__builtin_expect(number <= 0, 0))
        return sm_otlp_fail(decoder, start, "field number out of range");
    /* Numbers of more than 29 bits do not fit beside the wire type; none of them is known. */
    if (__builtin_expect((uint32_t)number > UINT32_MAX >> 3, 0))
        *tag = UINT32_MAX << 3 | (uint32_t)(bits & 7);
    return true;
}

SM_HOT bool sm_otlp_read_bytes(struct sm_otlp_decoder *decoder, const char **at, const char *end, struct sm_slice *bytes)
{
    uint64_t size;
    if (!sm_otlp_read_varint(decoder, at, end, &size))
        return false;
    if (__builtin_expect(size > (uint64_t)(end - *at), 0))
        return sm_otlp_fail(decoder, *at, "length beyond the end of the message");
    *bytes = sm_slice_make(*at, (size_t)size);
    *at += size;
    return true;
}

SM_HOT bool sm_otlp_read_fixed64(struct sm_otlp_decoder *decoder, const char **at, const char *end, uint64_t *bits)
{
    if (__builtin_expect((size_t)(end - *at) < sizeof(*bits), 0))
        return sm_otlp_fail(decoder, *at, "truncated 64-bit number");
    memcpy(bits, *at, sizeof(*bits));
    *at += sizeof(*bits);
    return true;
}

static inline bool sm_otlp_read_double(struct sm_otlp_decoder *decoder, const char **at, const char *end, double *number)
{
    static_assert(sizeof(*number) == sizeof(uint64_t), "protobuf's double is 64 bits");
    uint64_t bits;
    if (!sm_otlp_read_fixed64(decoder, at, end, &bits))
        return false;
    memcpy(number, &bits, sizeof(bits));
    return true;
}

static inline bool sm_otlp_read_fixed32(struct sm_otlp_decoder *decoder, const char **at, const char *end, uint32_t *bits)
{
    if (__builtin_expect((size_t)(end - *at) < sizeof(*bits), 0))
        return sm_otlp_fail(decoder, *at, "truncated 32-bit number");
    memcpy(bits, *at, sizeof(*bits));
    *at += sizeof(*bits);
    return true;
}

/* Enums and 32-bit integers: what does not fit is cut off, as the reference does. */
static inline bool sm_otlp_read_uint32(struct sm_otlp_decoder *decoder, const char **at, const char *end, uint32_t *number)
{
    uint64_t bits;
    if (!sm_otlp_read_varint(decoder, at, end, &bits))
        return false;
    *number = (uint32_t)bits;
    return true;
}

static inline bool sm_otlp_read_int32(struct sm_otlp_decoder *decoder, const char **at, const char *end, int32_t *number)
{
    uint32_t bits;
    if (!sm_otlp_read_uint32(decoder, at, end, &bits))
        return false;
    *number = (int32_t)bits;
    return true;
}

/* A trace or span ID: `size` bytes, or none. */
static inline bool sm_otlp_read_id(struct sm_otlp_decoder *decoder, const char **at, const char *end, size_t size, struct sm_slice *id)
{
    const char *start = *at;
    if (!sm_otlp_read_bytes(decoder, at, end, id))
        return false;
    if (__builtin_expect(id->size != size && id->size != 0, 0))
        return sm_otlp_fail(decoder, start, "ID of wrong length");
    /* All zero is the same as none. */
    static const char zeros[16];
    if (__builtin_expect(id->size && memcmp(id->ptr, zeros, size) == 0, 0))
        id->size = 0;
    return true;
}

/* Skips the content of a field that no case took; `known` are the numbers that would be fine with another wire type, which is refused. */
bool sm_otlp_skip(struct sm_otlp_decoder *decoder, const char **at, const char *end, uint32_t tag, uint32_t known) __attribute__((cold));

/* How many fields with `tag` the message holds; stops quietly at the first unsound one (decoding reports it). */
size_t sm_otlp_count(struct sm_slice message, uint32_t tag);

/* Checks one KeyValue / AnyValue message; `depth` counts the lists and maps around it. */
bool sm_otlp_check_key_value(struct sm_otlp_decoder *decoder, struct sm_slice message, unsigned depth);
bool sm_otlp_check_value(struct sm_otlp_decoder *decoder, struct sm_slice message, unsigned depth);

/* The value of an attribute of the usual form, as below: an AnyValue message of two bytes or more. */
SM_HOT bool sm_otlp_is_plain_value(const char *at, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)at;
    if (bytes[0] == 0x0a)
        return (size_t)bytes[1] + 2 == size;
    if (bytes[0] != 0x18 && bytes[0] != 0x10)
        return false;
    size_t last = size - 1;
    for (size_t i = 1; i < last; i++)
        if (bytes[i] < 0x80)
            return false;
    return bytes[last] < 0x80 && last - 1 < 10;
}

/* Does a KeyValue message have the shape that all SDKs write - a short key, then a short value that is a string or a varint - so that its few fixed
 * bytes are all there is to check?
 *     0a K key... 12 V 0a S string...   with S = V - 2
 *     0a K key... 12 V 18 varint        (or 10, a bool)            and nothing behind */
SM_HOT bool sm_otlp_is_plain_attribute(const char *at, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)at;
    if (size < 6 || bytes[0] != 0x0a || bytes[1] > 0x7f)
        return false;
    size_t value = 2 + (size_t)bytes[1];
    if (value + 4 > size || bytes[value] != 0x12 || bytes[value + 1] > 0x7f || value + 2 + bytes[value + 1] != size)
        return false;
    return sm_otlp_is_plain_value(at + value + 2, bytes[value + 1]);
}

/* The same of a KeyValue field in as few steps as can be, for all attributes are looked at here: `at` stands behind its tag. Returns what it takes,
 * its length included, and adds its key's bit; 0: it has another shape. */
SM_HOT size_t sm_otlp_plain_attribute(const char *at, const char *end, uint32_t *keys)
{
    uint32_t head, value_head; /* length, key's tag and length; value's tag and length, its member's tag and first byte */
    if (end - at < 8)
        return 0;
    memcpy(&head, at, sizeof(head));
    size_t size = head & 0xff, key_size = head >> 16 & 0xff;
    if ((head & 0xff80) != 0x0a00 || size >= (size_t)(end - at) || size < key_size + 6)
        return 0;
    const char *value = at + 3 + key_size;
    uint32_t value_size = (uint32_t)(size - key_size - 4);
    memcpy(&value_head, value, sizeof(value_head));
    bool is_text = value_head == (UINT32_C(0x000a0012) | value_size << 8 | (value_size - 2) << 24);
    if (!is_text && ((value_head & 0xffff) != (0x12 | value_size << 8) || !sm_otlp_is_plain_value(value + 2, value_size)))
        return 0;
    *keys |= sm_key_bit(sm_slice_make(at + 3, key_size));
    return size + 1;
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

/* Adds the KeyValue fields of number `field` from `start` to `end` to the set's range. */
static inline void sm_otlp_widen(struct sm_attributes *attributes, uint8_t field, const char *start, const char *end)
{
    if (!attributes->raw.ptr) {
        attributes->raw.ptr = start;
        attributes->field = field;
    } else if (attributes->raw.ptr + attributes->raw.size != start) {
        attributes->_has_gaps = true;
    }
    attributes->raw.size = (size_t)(end - attributes->raw.ptr);
}

/* sm_key_bit of a KeyValue message that was found sound; every bit where its key does not stand at the usual place. */
uint32_t sm_otlp_key_bits(struct sm_slice message);

/* Reads and checks a run of KeyValue fields of number `field` (below 16), the first of whose tags starts at `start` (content at `*at`), and widens
 * the set's range by it. */
SM_HOT bool sm_otlp_read_attributes(struct sm_otlp_decoder *decoder, const char *start, const char **at, const char *end, uint8_t field,
                                    struct sm_attributes *attributes)
{
    const char tag = (char)(uint8_t)SM_TAG(field, SM_WIRE_BYTES);
    struct sm_slice message;
    uint32_t keys = 0;
    for (;;) {
        size_t size = sm_otlp_plain_attribute(*at, end, &keys);
        if (__builtin_expect(size != 0, 1)) {
            *at += size;
        } else {
            if (!sm_otlp_read_bytes(decoder, at, end, &message) || !sm_otlp_check_key_value(decoder, message, 0))
                return false;
            keys |= sm_otlp_key_bits(message);
        }
        if (*at >= end || **at != tag)
            break;
        ++*at;
    }
    sm_otlp_widen(attributes, field, start, *at);
    attributes->_keys |= keys;
    return true;
}

/* A message field that occurs more than once merges: the occurrences are joined in the arena (joined encodings are the merged message). */
struct sm_slice sm_otlp_join(struct sm_arena *arena, struct sm_slice message, uint32_t number);

bool sm_otlp_decode_span(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_span *span);
bool sm_otlp_decode_metric(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_metric *metric);
struct sm_data_point;
/* A point of such a metric. */
bool sm_otlp_decode_point(struct sm_otlp_decoder *decoder, enum sm_metric_type type, struct sm_slice message, struct sm_data_point *point);
bool sm_otlp_decode_log_record(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_log_record *record);

/* The content of an AnyValue message that was checked before. Lists and maps stay encoded. */
struct sm_value sm_otlp_value(struct sm_slice message);
/* The same when `value` stood in an earlier occurrence of the field: of the two the last member counts. */
struct sm_value sm_otlp_value_merge(struct sm_value value, struct sm_slice message);
/* Key and value of a KeyValue message that was checked before. */
struct sm_attribute sm_otlp_attribute(struct sm_slice message);
