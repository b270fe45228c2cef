/* attributes.c - attribute sets: searched and walked in their encoded bytes, decoded to a map on demand; see value.h. The bytes were checked when the
 * batch was decoded, so that only lengths have to be followed here. */
#include "telemetry/value.h"

#include "telemetry/otlp_wire.h"
#include "telemetry/usual_attribute.h"

#include <assert.h>

/* The next KeyValue message of the set's field at or behind `*at`. */
static bool next_encoded(const struct sm_attributes *attributes, const char **at, struct sm_slice *message)
{
    const char *end = attributes->raw.ptr + attributes->raw.size;
    uint8_t tag = (uint8_t)SM_TAG(attributes->field, SM_WIRE_BYTES);
    if (*at == end)
        return false;
    /* The common form: a one-byte tag and a one-byte length. */
    if (end - *at >= 2 && (uint8_t)(*at)[0] == tag && (uint8_t)(*at)[1] < 0x80) {
        size_t size = (uint8_t)(*at)[1];
        assert(size + 2 <= (size_t)(end - *at));
        *message = sm_slice_make(*at + 2, size);
        *at += size + 2;
        return true;
    }
    struct sm_proto_cursor cursor = {.at = *at, .end = end};
    struct sm_proto_field field;
    while (sm_proto_next(&cursor, &field)) {
        if (field.number == attributes->field && field.type == SM_WIRE_BYTES) {
            *message = field.bytes;
            *at = cursor.at;
            return true;
        }
    }
    assert(!cursor.error);
    *at = end;
    return false;
}

bool sm_attributes_next(struct sm_attribute_cursor *cursor, struct sm_attribute *attribute)
{
    const struct sm_map *map = cursor->attributes->_map;
    if (map) {
        if (cursor->index >= map->count)
            return false;
        *attribute = map->entries[cursor->index++];
        return true;
    }
    struct sm_slice message;
    if (!cursor->at)
        return false;
    const struct sm_slice raw = cursor->attributes->raw;
    struct sm_usual_attribute usual = sm_usual_attribute_read(cursor->at, raw.ptr + raw.size, sm_attributes_tag(cursor->attributes));
    if (usual.size && sm_usual_value_read(usual.value, &attribute->value)) {
        attribute->key = usual.key;
        cursor->at += usual.size;
        return true;
    }
    if (!next_encoded(cursor->attributes, &cursor->at, &message))
        return false;
    *attribute = sm_otlp_attribute(message);
    return true;
}

bool sm_attributes_find(const struct sm_attributes *attributes, struct sm_slice key, struct sm_value *value)
{
    if (attributes->_map) {
        const struct sm_value *found = sm_map_find(attributes->_map, key);
        if (found)
            *value = *found;
        return found != NULL;
    }
    if (!sm_attributes_may_have(attributes, key))
        return false;
    const char *at = attributes->raw.ptr, *end = at ? at + attributes->raw.size : NULL;
    char tag = sm_attributes_tag(attributes);
    struct sm_slice message;
    while (at) {
        struct sm_usual_attribute usual = sm_usual_attribute_read(at, end, tag);
        if (usual.size && !sm_slice_equal(usual.key, key)) {
            at += usual.size;
            continue;
        }
        if (!next_encoded(attributes, &at, &message))
            break;
        struct sm_attribute attribute = sm_otlp_attribute(message);
        if (sm_slice_equal(attribute.key, key)) {
            *value = attribute.value;
            return true;
        }
    }
    return false;
}

struct sm_map *sm_attributes_map(struct sm_attributes *attributes, struct sm_arena *arena)
{
    if (attributes->_map)
        return attributes->_map;
    struct sm_map *map = sm_arena_zalloc(arena, 1, sizeof(*map));
    struct sm_slice message;
    for (const char *at = attributes->raw.ptr; at && next_encoded(attributes, &at, &message);)
        map->capacity++;
    map->entries = map->capacity ? sm_arena_alloc(arena, map->capacity * sizeof(*map->entries)) : NULL;
    for (const char *at = attributes->raw.ptr; at && next_encoded(attributes, &at, &message);)
        map->entries[map->count++] = sm_otlp_attribute(message);
    attributes->_map = map;
    return map;
}

struct sm_map *sm_attributes_edit(struct sm_attributes *attributes, struct sm_arena *arena)
{
    attributes->changed = true;
    return sm_attributes_map(attributes, arena);
}

/* The key of a KeyValue message; of the usual form (a short key, then a short value, nothing behind) without reading the value. */
static struct sm_slice key_of(struct sm_slice message)
{
    const uint8_t *bytes = (const uint8_t *)message.ptr;
    if (message.size >= 4 && bytes[0] == 0x0a && bytes[1] < 0x80) {
        size_t value = 2 + (size_t)bytes[1];
        if (value + 2 <= message.size && bytes[value] == 0x12 && bytes[value + 1] < 0x80 && value + 2 + bytes[value + 1] == message.size)
            return sm_slice_make(message.ptr + 2, value - 2);
    }
    return sm_otlp_attribute(message).key;
}

/* Copies the KeyValue fields that `keeps` accepts; no more bytes than there were. */
static size_t copy_kept(const struct sm_attributes *attributes, char *to, sm_key_test *keeps, void *context)
{
    const char *start = to;
    struct sm_slice message;
    for (const char *at = attributes->raw.ptr; next_encoded(attributes, &at, &message);) {
        if (!keeps(context, key_of(message)))
            continue;
        *to++ = (char)(uint8_t)SM_TAG(attributes->field, SM_WIRE_BYTES);
        to += sm_proto_varint_write(to, message.size);
        if (message.size)
            memcpy(to, message.ptr, message.size);
        to += message.size;
    }
    return (size_t)(to - start);
}

void sm_attributes_keep(struct sm_attributes *attributes, struct sm_arena *arena, sm_key_test *keeps, void *context)
{
    if (attributes->_map) {
        attributes->changed = true;
        sm_map_keep(attributes->_map, keeps, context);
        return;
    }
    if (!attributes->raw.ptr)
        return;
    /* Mostly little is kept: put together here first, so that the arena gets no more than that. */
    char small[1024];
    bool is_small = attributes->raw.size <= sizeof(small);
    char *copy = is_small ? small : sm_arena_alloc(arena, attributes->raw.size);
    size_t size = copy_kept(attributes, copy, keeps, context);
    attributes->raw.ptr = is_small ? memcpy(sm_arena_alloc(arena, size), small, size) : copy;
    attributes->raw.size = size;
    attributes->_has_gaps = false;
}
