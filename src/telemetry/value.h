/* value.h - attribute values and attribute maps (opentelemetry.proto.common.v1: AnyValue, KeyValue), encoded or decoded.
 *
 * A list or a map stays as its encoded bytes until somebody asks for its parts (`encoded` tells). An attribute set is a range of encoded bytes in
 * which KeyValue fields stand, decoded to an array on demand. Everything points into the batch's buffers and its arena; nothing here is owned.
 * Not thread-safe: a batch is touched by one worker at a time. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

enum sm_value_type { SM_VALUE_EMPTY, SM_VALUE_STRING, SM_VALUE_BOOL, SM_VALUE_INT, SM_VALUE_DOUBLE, SM_VALUE_LIST, SM_VALUE_MAP, SM_VALUE_BYTES };

struct sm_list;
struct sm_map;

struct sm_value {
    enum sm_value_type type;
    bool encoded; /* LIST, MAP: `bytes` holds the ArrayValue / KeyValueList message, not yet decoded */
    union {
        struct sm_slice string; /* STRING: any bytes (UTF-8 is not enforced) */
        struct sm_slice bytes;  /* BYTES, and encoded LIST and MAP */
        bool boolean;
        int64_t integer;
        double number;
        struct sm_list *list; /* decoded LIST; borrowed: arena */
        struct sm_map *map;   /* decoded MAP; borrowed: arena */
    };
};

struct sm_list {
    struct sm_value *items; /* borrowed: arena */
    size_t count, capacity;
};

struct sm_attribute {
    struct sm_slice key;
    struct sm_value value;
};

/* Entries in wire order. Keys should be unique; of repeated ones the first is found. */
struct sm_map {
    struct sm_attribute *entries; /* borrowed: arena */
    size_t count, capacity;
};

/* The attributes of a resource, scope, span, … All zero is an empty set. */
struct sm_attributes {
    struct sm_slice raw; /* bytes of a message, from the first KeyValue field to the end of the last; other fields may stand between */
    struct sm_map *_map; /* borrowed: arena; NULL until decoded. Ask sm_attributes_map */
    uint8_t field;       /* number of the KeyValue field in `raw` */
    bool changed;        /* `_map` differs from `raw`: the encoder must write it */
    bool _has_gaps;      /* other fields stand in `raw` */
    uint32_t _keys;      /* sm_key_bit of every key in `raw`, perhaps more bits; 0: not known */
};

/* ---- values */
static inline struct sm_value sm_value_string(struct sm_slice text)
{
    return (struct sm_value){.type = SM_VALUE_STRING, .string = text};
}
static inline struct sm_value sm_value_int(int64_t integer)
{
    return (struct sm_value){.type = SM_VALUE_INT, .integer = integer};
}
static inline struct sm_value sm_value_double(double number)
{
    return (struct sm_value){.type = SM_VALUE_DOUBLE, .number = number};
}
static inline struct sm_value sm_value_bool(bool boolean)
{
    return (struct sm_value){.type = SM_VALUE_BOOL, .boolean = boolean};
}

/* The decoded parts of a LIST / MAP value, decoded into `arena` (one level) at the first call and kept in `value`. The encoded form was validated
 * when the batch was decoded, so this cannot fail. */
struct sm_list *sm_value_list(struct sm_value *value, struct sm_arena *arena);
struct sm_map *sm_value_map(struct sm_value *value, struct sm_arena *arena);

/* Deep copy of what `value` points to into `arena` (encoded parts are copied as bytes). */
struct sm_value sm_value_copy(const struct sm_value *value, struct sm_arena *arena);
/* Same type and same content (maps compare without order; NaN equals nothing). Decodes into `scratch`. */
bool sm_value_equal(const struct sm_value *a, const struct sm_value *b, struct sm_arena *scratch);
/* The value as the reference prints it (pdata AsString): ints and doubles as text, bytes as base64, lists and maps as JSON, empty as "". Strings are
 * returned as they are, others are written into `arena`. */
struct sm_slice sm_value_to_string(const struct sm_value *value, struct sm_arena *arena);

/* The content of `value` as an AnyValue message, in `arena`. */
struct sm_slice sm_value_encode(const struct sm_value *value, struct sm_arena *arena);

/* ---- maps (decoded) */
struct sm_value *sm_map_find(const struct sm_map *map, struct sm_slice key); /* NULL: absent */
/* Sets or appends; `key` and what `value` points to are borrowed and must live as long as the arena. Returns the place of the value. */
struct sm_value *sm_map_set(struct sm_map *map, struct sm_arena *arena, struct sm_slice key, struct sm_value value);
bool sm_map_remove(struct sm_map *map, struct sm_slice key); /* keeps the order of the rest; false: was absent */
/* Takes out the entries whose key `keeps` refuses; asked once for each, in order. */
typedef bool sm_key_test(void *context, struct sm_slice key);
void sm_map_keep(struct sm_map *map, sm_key_test *keeps, void *context);

/* ---- attribute sets */
/* One bit for a key: most keys that a set has not are told by it without a look at the set's bytes, which may long have left the cache. Ten names of
 * OpenTelemetry's conventions leave seven of ten others out. */
static inline uint32_t sm_key_bit(struct sm_slice key)
{
    uint32_t last = key.size ? (uint8_t)key.ptr[key.size - 1] : 0;
    return UINT32_C(1) << (((uint32_t)key.size * 5 + last) & 31);
}
/* False: there is no such key. */
static inline bool sm_attributes_may_have(const struct sm_attributes *attributes, struct sm_slice key)
{
    return attributes->_map || !attributes->_keys || (attributes->_keys & sm_key_bit(key));
}
/* The value of `key`, searched in the encoded bytes without decoding the rest (or in the map once decoded). False: absent. */
bool sm_attributes_find(const struct sm_attributes *attributes, struct sm_slice key, struct sm_value *value);
/* The decoded map, for reading all of it. */
struct sm_map *sm_attributes_map(struct sm_attributes *attributes, struct sm_arena *arena);
/* The decoded map, for changing: marks the set changed. The owner (span, resource, …) must be marked changed as well: see batch.h. */
struct sm_map *sm_attributes_edit(struct sm_attributes *attributes, struct sm_arena *arena);

/* sm_map_keep for a set; one that is not decoded stays so, which is a fraction of the work. The owner must be marked changed as well. */
void sm_attributes_keep(struct sm_attributes *attributes, struct sm_arena *arena, sm_key_test *keeps, void *context);

/* The whole set as KeyValue fields, in `arena`; of number `field`, which must be the number of its `raw`. */
struct sm_slice sm_attributes_encode(const struct sm_attributes *attributes, uint8_t field, struct sm_arena *arena);

/* Walks the attributes in wire order without decoding to an array:
 *     struct sm_attribute_cursor cursor = sm_attributes_begin(&span->attributes);
 *     struct sm_attribute attribute;
 *     while (sm_attributes_next(&cursor, &attribute)) … */
struct sm_attribute_cursor {
    const struct sm_attributes *attributes;
    const char *at;
    size_t index;
};
static inline struct sm_attribute_cursor sm_attributes_begin(const struct sm_attributes *attributes)
{
    return (struct sm_attribute_cursor){.attributes = attributes, .at = attributes->raw.ptr};
}
bool sm_attributes_next(struct sm_attribute_cursor *cursor, struct sm_attribute *attribute);
