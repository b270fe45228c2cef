/* otlp_json_write.c - a batch as OTLP/JSON, from its protobuf bytes, driven by the tables of otlp_schema.c.
 *
 * The fields of a message are collected first (of repeated singular ones the last, of a oneof the last member), then written in the table's order.
 * What is zero or empty is left out as the reference does (pdata/internal/generated_proto_*.go, MarshalJSON). Unknown fields are not written. */
#include <assert.h>
#include <math.h>

#include "telemetry/otlp.h"
#include "base/hex.h"
#include "telemetry/otlp_schema.h"
#include "telemetry/otlp_wire.h"
#include "wire/base64.h"
#include "wire/json_text.h"
#include "wire/number.h"

/* What a message has of one field. */
struct slot {
    const char *first; /* start of the first occurrence */
    const char *end;   /* behind the last one */
    uint64_t bits;     /* last occurrence */
    struct sm_slice bytes;
    uint32_t count;
};

static void put_message(struct sm_bytes *out, const struct sm_schema_message *message, struct sm_slice encoded, struct sm_arena *scratch);

static void put_text(struct sm_bytes *out, const char *text, size_t size)
{
    sm_bytes_append(out, text, size);
}

static void put_hex(struct sm_bytes *out, struct sm_slice bytes)
{
    char *to = sm_bytes_reserve(out, 2 * bytes.size + 2);
    *to = '"';
    *sm_hex_write(to + 1, bytes) = '"';
    out->size += 2 * bytes.size + 2;
}

static void put_base64(struct sm_bytes *out, struct sm_slice bytes)
{
    size_t size = sm_base64_encoded_size(bytes.size);
    char *to = sm_bytes_reserve(out, size + 2);
    to[0] = '"';
    sm_base64_encode(bytes, to + 1);
    to[size + 1] = '"';
    out->size += size + 2;
}

static void put_double(struct sm_bytes *out, uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof(number));
    if (isnan(number))
        put_text(out, "\"NaN\"", 5);
    else if (isinf(number))
        sm_bytes_append_text(out, number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    else
        out->size += sm_number_format(number, SM_NUMBER_JSON, sm_bytes_reserve(out, SM_NUMBER_SIZE_MAX));
}

static void put_quoted_uint(struct sm_bytes *out, uint64_t number)
{
    sm_bytes_append_char(out, '"');
    sm_json_put_uint(out, number);
    sm_bytes_append_char(out, '"');
}

static void put_quoted_int(struct sm_bytes *out, int64_t number)
{
    sm_bytes_append_char(out, '"');
    sm_json_put_int(out, number);
    sm_bytes_append_char(out, '"');
}

static int32_t from_zigzag(uint64_t bits)
{
    return (int32_t)((uint32_t)(bits >> 1) ^ (0U - (uint32_t)(bits & 1)));
}

static void put_number(struct sm_bytes *out, enum sm_schema_kind kind, uint64_t bits)
{
    switch (kind) {
    case SM_KIND_BOOL:
        sm_bytes_append_text(out, bits ? "true" : "false");
        break;
    case SM_KIND_INT32:
    case SM_KIND_ENUM:
        sm_json_put_int(out, (int32_t)(uint32_t)bits);
        break;
    case SM_KIND_SINT32:
        sm_json_put_int(out, from_zigzag(bits));
        break;
    case SM_KIND_UINT32:
    case SM_KIND_FIXED32:
        sm_json_put_uint(out, (uint32_t)bits);
        break;
    case SM_KIND_INT64:
    case SM_KIND_SFIXED64:
        put_quoted_int(out, (int64_t)bits);
        break;
    case SM_KIND_UINT64:
    case SM_KIND_FIXED64:
        put_quoted_uint(out, bits);
        break;
    default:
        assert(kind == SM_KIND_DOUBLE);
        put_double(out, bits);
    }
}

static bool is_number(enum sm_schema_kind kind)
{
    return kind >= SM_KIND_BOOL && kind < SM_KIND_MESSAGE;
}

static enum sm_wire_type wire_type(enum sm_schema_kind kind)
{
    if (!is_number(kind))
        return SM_WIRE_BYTES;
    if (kind == SM_KIND_FIXED32)
        return SM_WIRE_FIXED32;
    return kind == SM_KIND_FIXED64 || kind == SM_KIND_SFIXED64 || kind == SM_KIND_DOUBLE ? SM_WIRE_FIXED64 : SM_WIRE_VARINT;
}

/* ---- collecting */

static size_t find_field(const struct sm_schema_message *message, uint32_t number, size_t hint)
{
    if (hint < message->field_count && message->fields[hint].number == number)
        return hint;
    for (size_t i = 0; i < message->field_count; i++)
        if (message->fields[i].number == number)
            return i;
    return SM_SCHEMA_FIELDS_MAX;
}

static void collect(const struct sm_schema_message *message, struct sm_slice encoded, struct slot *slots)
{
    struct sm_proto_cursor cursor = sm_proto_begin(encoded);
    struct sm_proto_field found;
    size_t index = 0;
    struct slot *chosen = NULL; /* the member of the oneof that was met last */
    while (sm_proto_next(&cursor, &found)) {
        index = find_field(message, found.number, index);
        if (index == SM_SCHEMA_FIELDS_MAX)
            continue;
        const struct sm_schema_field *field = &message->fields[index];
        assert(found.type == wire_type(field->kind) || ((field->flags & SM_SCHEMA_REPEATED) && found.type == SM_WIRE_BYTES));
        struct slot *slot = &slots[index];
        if (field->flags & SM_SCHEMA_ONEOF) {
            if (chosen)
                *chosen = (struct slot){0};
            chosen = slot;
        }
        if (slot->count++ == 0)
            slot->first = found.whole.ptr;
        slot->end = cursor.at;
        if (found.type == SM_WIRE_BYTES)
            slot->bytes = found.bytes;
        else
            slot->bits = found.integer;
    }
    assert(!cursor.error);
}

/* ---- writing */

static bool is_written(const struct sm_schema_field *field, const struct slot *slot)
{
    if (field->flags & SM_SCHEMA_ALWAYS)
        return true;
    if (slot->count == 0)
        return false;
    if (field->flags & (SM_SCHEMA_ONEOF | SM_SCHEMA_OPTIONAL))
        return true;
    if (field->kind == SM_KIND_MESSAGE)
        return true;
    if (field->flags & SM_SCHEMA_REPEATED)
        return !is_number(field->kind) || slot->count > 1 || slot->bytes.size || slot->bytes.ptr == NULL;
    switch (field->kind) {
    case SM_KIND_TRACE_ID:
    case SM_KIND_SPAN_ID:
        return !sm_slice_is_zero(slot->bytes);
    case SM_KIND_STRING:
    case SM_KIND_BYTES:
        return slot->bytes.size > 0;
    case SM_KIND_DOUBLE:
        return slot->bits << 1 != 0; /* neither zero nor negative zero */
    case SM_KIND_INT32:
    case SM_KIND_UINT32:
    case SM_KIND_ENUM:
    case SM_KIND_SINT32:
        return (uint32_t)slot->bits != 0;
    default:
        return slot->bits != 0;
    }
}

static void put_packed(struct sm_bytes *out, enum sm_schema_kind kind, struct sm_slice packed, bool *is_first)
{
    const char *at = packed.ptr, *end = at + packed.size;
    while (at < end) {
        uint64_t bits = 0;
        if (wire_type(kind) == SM_WIRE_VARINT) {
            if (!sm_proto_read_varint(&at, end, &bits))
                break;
        } else {
            memcpy(&bits, at, sizeof(bits));
            at += sizeof(bits);
        }
        if (!*is_first)
            sm_bytes_append_char(out, ',');
        *is_first = false;
        put_number(out, kind, bits);
    }
}

/* Takes a field of bytes; false: another one stands there. */
static bool take_bytes(const char **at, const char *end, uint32_t tag, struct sm_slice *bytes)
{
    uint64_t size;
    if (*at >= end || (uint8_t) * *at != tag)
        return false;
    ++*at;
    if (!sm_proto_read_varint(at, end, &size) || size > (size_t)(end - *at))
        return false;
    *bytes = sm_slice_make(*at, (size_t)size);
    *at += size;
    return true;
}

/* An AnyValue that is a text or an integer and nothing else. */
static bool put_plain_value(struct sm_bytes *out, struct sm_slice encoded)
{
    const char *at = encoded.ptr, *end = at + encoded.size;
    struct sm_slice text;
    uint64_t number;
    if (take_bytes(&at, end, SM_TAG(1, SM_WIRE_BYTES), &text) && at == end) {
        put_text(out, "\"stringValue\":", 14);
        sm_json_put_string(out, text);
        return true;
    }
    at = encoded.ptr;
    if (at >= end || (uint8_t)*at++ != SM_TAG(3, SM_WIRE_VARINT) || !sm_proto_read_varint(&at, end, &number) || at != end)
        return false;
    put_text(out, "\"intValue\":", 11);
    put_quoted_int(out, (int64_t)number);
    return true;
}

/* An attribute of a text or an integer as nearly every sender encodes it, its key first: most of what is written. False: it is another, nothing is
 * written. */
static bool put_plain_attribute(struct sm_bytes *out, struct sm_slice encoded)
{
    const char *at = encoded.ptr, *end = at + encoded.size;
    size_t size_before = out->size;
    struct sm_slice key, value;
    if (!take_bytes(&at, end, SM_TAG(1, SM_WIRE_BYTES), &key) || key.size == 0 || !take_bytes(&at, end, SM_TAG(2, SM_WIRE_BYTES), &value) ||
        at != end)
        return false;
    put_text(out, "{\"key\":", 7);
    sm_json_put_string(out, key);
    put_text(out, ",\"value\":{", 10);
    if (!put_plain_value(out, value)) {
        out->size = size_before;
        return false;
    }
    put_text(out, "}}", 2);
    return true;
}

static void put_repeated(struct sm_bytes *out, const struct sm_schema_field *field, const struct slot *slot, struct sm_arena *scratch)
{
    struct sm_proto_cursor cursor = {.at = slot->first, .end = slot->end};
    struct sm_proto_field found;
    bool is_first = true, is_attribute = field->kind == SM_KIND_MESSAGE && field->message == sm_schema_attribute();
    sm_bytes_append_char(out, '[');
    while (sm_proto_next(&cursor, &found)) {
        if (found.number != field->number)
            continue;
        if (is_number(field->kind) && found.type == SM_WIRE_BYTES) {
            put_packed(out, field->kind, found.bytes, &is_first);
            continue;
        }
        if (!is_first)
            sm_bytes_append_char(out, ',');
        is_first = false;
        if (is_attribute && put_plain_attribute(out, found.bytes))
            continue;
        if (field->kind == SM_KIND_MESSAGE)
            put_message(out, field->message, found.bytes, scratch);
        else if (field->kind == SM_KIND_STRING)
            sm_json_put_string(out, found.bytes);
        else
            put_number(out, field->kind, found.integer);
    }
    sm_bytes_append_char(out, ']');
}

/* A message field: its occurrences merged, unless it belongs to a oneof. */
static void put_single_message(struct sm_bytes *out, const struct sm_schema_field *field, const struct slot *slot, struct sm_arena *scratch)
{
    struct sm_slice encoded = slot->bytes;
    if (slot->count > 1 && !(field->flags & SM_SCHEMA_ONEOF))
        encoded = sm_otlp_join(scratch, sm_slice_make(slot->first, (size_t)(slot->end - slot->first)), field->number);
    put_message(out, field->message, encoded, scratch);
}

static void put_value(struct sm_bytes *out, const struct sm_schema_field *field, const struct slot *slot, struct sm_arena *scratch)
{
    if (field->flags & SM_SCHEMA_REPEATED) {
        put_repeated(out, field, slot, scratch);
        return;
    }
    switch (field->kind) {
    case SM_KIND_STRING:
        sm_json_put_string(out, slot->bytes);
        break;
    case SM_KIND_BYTES:
        put_base64(out, slot->bytes);
        break;
    case SM_KIND_TRACE_ID:
    case SM_KIND_SPAN_ID:
        put_hex(out, slot->bytes);
        break;
    case SM_KIND_MESSAGE:
        put_single_message(out, field, slot, scratch);
        break;
    default:
        put_number(out, field->kind, slot->bits);
    }
}

static void put_message(struct sm_bytes *out, const struct sm_schema_message *message, struct sm_slice encoded, struct sm_arena *scratch)
{
    struct slot slots[SM_SCHEMA_FIELDS_MAX];
    memset(slots, 0, message->field_count * sizeof(slots[0]));
    collect(message, encoded, slots);
    bool is_first = true;
    sm_bytes_append_char(out, '{');
    for (size_t i = 0; i < message->field_count; i++) {
        const struct sm_schema_field *field = &message->fields[i];
        if (!is_written(field, &slots[i]))
            continue;
        char *to = sm_bytes_reserve(out, 1 + sizeof(field->token));
        if (!is_first)
            *to++ = ',';
        memcpy(to, field->token, sizeof(field->token)); /* whole, without a call */
        out->size = (size_t)(to + field->token_size - out->ptr);
        is_first = false;
        put_value(out, field, &slots[i], scratch);
    }
    sm_bytes_append_char(out, '}');
}

void sm_otlp_encode_json(struct sm_batch *batch, struct sm_bytes *out)
{
    struct sm_arena scratch = SM_ARENA_INIT;
    struct sm_bytes encoded = {0};
    struct sm_slice request = batch->raw;
    if (batch->changed || !batch->raw.ptr) {
        sm_otlp_encode_protobuf_bytes(batch, &encoded);
        request = sm_bytes_slice(&encoded);
    }
    put_message(out, sm_schema_request(batch->signal), request, &scratch);
    sm_bytes_deinit(&encoded);
    sm_arena_deinit(&scratch);
}
