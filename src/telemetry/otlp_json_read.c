/* otlp_json_read.c - OTLP/JSON to protobuf bytes in one pass, driven by the tables of otlp_schema.c; the bytes are then decoded as any request.
 *
 * A message's length is patched when its end is known; the room for it is guessed from the table, and the content moves when the guess was wrong.
 * Accepted and refused forms: the reference's pdata/internal/json/iterator.go and json-iterator underneath. Fields are written as they come, so that
 * the rules of protobuf (last one counts, messages merge) do the rest. Text behind the request is ignored. */
#include <stdlib.h>

#include "base/hex.h"
#include "telemetry/otlp.h"
#include "telemetry/otlp_schema.h"
#include "telemetry/span.h"
#include "wire/base64.h"
#include "wire/json_scanner.h"
#include "wire/json_text.h"
#include "wire/protobuf.h"

enum { DEPTH_MAX = 4 * SM_OTLP_VALUE_DEPTH_MAX + 16, HEADER_MAX = 10, VARINT_MAX = 10, FIRST_ROOM = 256, COPY_BLOCK = 32 };

struct reader {
    struct sm_json_scanner scanner;
    struct sm_buffer *out; /* owned */
    unsigned depth;
    /* Senders write fields in a fixed order of theirs. By the message's index and the field before (0: none, else its index plus one), the index of
     * the field that came next the last time: where to look first. */
    uint8_t expected[SM_SCHEMA_MESSAGES_MAX][SM_SCHEMA_FIELDS_MAX + 1];
};

/* ---- writing */

/* A buffer with room for `more` bytes in place of the full one; returns where they start, or NULL. */
static __attribute__((noinline)) char *grow(struct reader *reader, size_t more)
{
    struct sm_buffer *out = reader->out;
    size_t needed, capacity;
    if (__builtin_add_overflow(out->size, more, &needed) || __builtin_add_overflow(needed, out->capacity / 2, &capacity))
        return NULL;
    struct sm_buffer *grown = sm_buffer_try_create(capacity);
    if (!grown) {
        sm_json_fail(&reader->scanner, "no memory for the request");
        return NULL;
    }
    memcpy(grown->data, out->data, out->size);
    grown->size = out->size;
    sm_buffer_release(out);
    reader->out = grown;
    return grown->data + grown->size;
}

/* Room for `more` bytes; returns where they start, or NULL. */
static inline char *reserve(struct reader *reader, size_t more)
{
    struct sm_buffer *out = reader->out;
    return __builtin_expect(out->capacity - out->size >= more, 1) ? out->data + out->size : grow(reader, more);
}

static inline char *write_varint(char *to, uint64_t value)
{
    return to + sm_proto_varint_write(to, value);
}

static bool put_varint(struct reader *reader, uint64_t value)
{
    char *to = reserve(reader, VARINT_MAX);
    if (!to)
        return false;
    reader->out->size += (size_t)(write_varint(to, value) - to);
    return true;
}

static bool put_tag(struct reader *reader, uint32_t number, enum sm_wire_type type)
{
    return put_varint(reader, (uint64_t)number << 3 | type);
}

static bool put_fixed(struct reader *reader, const void *bits, size_t size)
{
    char *to = reserve(reader, size);
    if (!to)
        return false;
    memcpy(to, bits, size);
    reader->out->size += size;
    return true;
}

/* Tag and room for the length; the mark is where the content starts. */
static bool begin_message(struct reader *reader, uint32_t number, size_t size_bytes, size_t *mark)
{
    char *to = reserve(reader, HEADER_MAX);
    if (!to)
        return false;
    reader->out->size += (size_t)(write_varint(to, (uint64_t)number << 3 | SM_WIRE_BYTES) - to) + size_bytes;
    *mark = reader->out->size;
    return true;
}

static bool end_message(struct reader *reader, size_t mark, size_t size_bytes)
{
    size_t size = reader->out->size - mark;
    if (size < 0x80 && size_bytes == 1) { /* nearly always */
        reader->out->data[mark - 1] = (char)size;
        return true;
    }
    size_t needed = sm_proto_varint_size(size);
    if (needed > size_bytes && !reserve(reader, needed - size_bytes))
        return false;
    char *content = reader->out->data + mark;
    if (needed != size_bytes) {
        memmove(content + needed - size_bytes, content, size);
        reader->out->size += needed - size_bytes;
    }
    write_varint(content - size_bytes, size);
    return true;
}

/* ---- scalars */

static bool read_text(struct reader *reader, uint32_t number)
{
    struct sm_slice raw = {0};
    bool has_escapes = false;
    if (sm_json_peek(&reader->scanner) == 'n') {
        if (!sm_json_word(&reader->scanner, "null"))
            return false;
    } else if (!sm_json_raw_string(&reader->scanner, &raw, &has_escapes)) {
        return false;
    }
    char *to = reserve(reader, 2 * HEADER_MAX + raw.size);
    if (!to)
        return false;
    if (!has_escapes) {
        to = write_varint(to, (uint64_t)number << 3 | SM_WIRE_BYTES);
        to = write_varint(to, raw.size);
        if (raw.size)
            memcpy(to, raw.ptr, raw.size);
        reader->out->size = (size_t)(to + raw.size - reader->out->data);
        return true;
    }
    size_t mark, size, size_bytes = sm_proto_varint_size(raw.size);
    if (!begin_message(reader, number, size_bytes, &mark) ||
        !sm_json_decode_string(&reader->scanner, raw, reader->out->data + reader->out->size, &size))
        return false;
    reader->out->size += size;
    return end_message(reader, mark, size_bytes);
}

static bool read_base64(struct reader *reader, uint32_t number)
{
    struct sm_slice text;
    size_t mark, size;
    if (!sm_json_verbatim(&reader->scanner, &text) || !begin_message(reader, number, 1, &mark))
        return false;
    char *to = reserve(reader, sm_base64_decoded_size_max(text.size) + 1);
    if (!to)
        return false;
    if (!sm_base64_decode(text, to, &size))
        return sm_json_fail(&reader->scanner, "bytes that are no base64");
    reader->out->size += size;
    return end_message(reader, mark, 1);
}

static bool read_id(struct reader *reader, uint32_t number, size_t size)
{
    struct sm_slice text;
    if (!sm_json_verbatim(&reader->scanner, &text))
        return false;
    if (text.size != 0 && text.size != 2 * size)
        return sm_json_fail(&reader->scanner, "ID of wrong length");
    char *to = reserve(reader, HEADER_MAX + size);
    if (!to)
        return false;
    to = write_varint(to, (uint64_t)number << 3 | SM_WIRE_BYTES);
    *to++ = (char)(text.size / 2);
    if (!sm_hex_read(text, to))
        return sm_json_fail(&reader->scanner, "ID that is not hexadecimal");
    reader->out->size = (size_t)(to - reader->out->data) + text.size / 2;
    return true;
}

/* The text of a number, which may be a JSON number or a string. */
static bool read_number_text(struct reader *reader, struct sm_slice *text, bool *is_string)
{
    char next = sm_json_peek(&reader->scanner);
    *is_string = next == '"';
    if (*is_string)
        return sm_json_string(&reader->scanner, text);
    if (next != '-' && !(next >= '0' && next <= '9'))
        return sm_json_fail(&reader->scanner, "expected a number");
    return sm_json_number(&reader->scanner, text);
}

static bool read_signed(struct reader *reader, int64_t min, int64_t max, int64_t *number)
{
    struct sm_slice text;
    bool is_string;
    return read_number_text(reader, &text, &is_string) &&
           (sm_parse_int(text, min, max, number) || sm_json_fail(&reader->scanner, "not an integer, or out of range"));
}

static bool read_unsigned(struct reader *reader, uint64_t max, uint64_t *number)
{
    struct sm_slice text;
    bool is_string;
    return read_number_text(reader, &text, &is_string) &&
           (sm_parse_uint(text, max, number) || sm_json_fail(&reader->scanner, "not an unsigned integer, or out of range"));
}

static bool read_double(struct reader *reader, uint64_t *bits)
{
    struct sm_slice text;
    bool is_string;
    double number;
    if (!read_number_text(reader, &text, &is_string))
        return false;
    if (!sm_parse_double(text, reader->scanner.scratch, &number))
        return sm_json_fail(&reader->scanner, "not a number, or out of range");
    memcpy(bits, &number, sizeof(*bits));
    return true;
}

static bool read_enum(struct reader *reader, const struct sm_schema_enum *names, int64_t *number)
{
    struct sm_slice text;
    if (sm_json_peek(&reader->scanner) != '"')
        return read_signed(reader, INT32_MIN, INT32_MAX, number);
    if (!sm_json_string(&reader->scanner, &text))
        return false;
    for (; names->name; names++) {
        if (sm_slice_is(text, names->name)) {
            *number = names->value;
            return true;
        }
    }
    return sm_json_fail(&reader->scanner, "unknown name of an enumeration");
}

static bool read_bool(struct reader *reader, uint64_t *bits)
{
    *bits = sm_json_peek(&reader->scanner) == 't';
    return sm_json_word(&reader->scanner, *bits ? "true" : "false");
}

/* The wire type of numbers, and their bits. */
static bool read_number(struct reader *reader, const struct sm_schema_field *field, enum sm_wire_type *type, uint64_t *bits)
{
    int64_t number = 0;
    bool ok;
    *type = SM_WIRE_VARINT;
    switch (field->kind) {
    case SM_KIND_BOOL:
        return read_bool(reader, bits);
    case SM_KIND_FIXED32:
        *type = SM_WIRE_FIXED32;
        return read_unsigned(reader, UINT32_MAX, bits);
    case SM_KIND_UINT32:
        return read_unsigned(reader, UINT32_MAX, bits);
    case SM_KIND_FIXED64:
        *type = SM_WIRE_FIXED64;
        return read_unsigned(reader, UINT64_MAX, bits);
    case SM_KIND_UINT64:
        return read_unsigned(reader, UINT64_MAX, bits);
    case SM_KIND_DOUBLE:
        *type = SM_WIRE_FIXED64;
        return read_double(reader, bits);
    case SM_KIND_ENUM:
        ok = read_enum(reader, field->enums, &number);
        break;
    case SM_KIND_SFIXED64:
        *type = SM_WIRE_FIXED64;
        ok = read_signed(reader, INT64_MIN, INT64_MAX, &number);
        break;
    case SM_KIND_INT64:
        ok = read_signed(reader, INT64_MIN, INT64_MAX, &number);
        break;
    case SM_KIND_SINT32:
        ok = read_signed(reader, INT32_MIN, INT32_MAX, &number);
        *bits = (uint64_t)(uint32_t)((uint32_t)number << 1 ^ (number < 0 ? UINT32_MAX : 0));
        return ok;
    default:
        ok = read_signed(reader, INT32_MIN, INT32_MAX, &number);
    }
    *bits = (uint64_t)number;
    return ok;
}

static bool put_number(struct reader *reader, enum sm_wire_type type, uint64_t bits)
{
    uint32_t small = (uint32_t)bits;
    if (type == SM_WIRE_VARINT)
        return put_varint(reader, bits);
    return type == SM_WIRE_FIXED64 ? put_fixed(reader, &bits, sizeof(bits)) : put_fixed(reader, &small, sizeof(small));
}

/* ---- attributes as nearly every sender writes them
 *
 * Most of a request is {"key":"k","value":{"stringValue":"v"}}, or with an intValue, without escapes and white space. These are known by their form
 * and written at one go, as their lengths are known. What is written in another way, or is wrong, is left to read_message(). */

/* An AnyValue: tag and number, or tag and length of the text behind it. */
struct plain_value {
    char head[1 + VARINT_MAX];
    size_t head_size;
    struct sm_slice text;
};

/* Behind `text`, when it stands at `at`; else, and when `at` is NULL, NULL. */
static inline __attribute__((always_inline)) const char *behind(const char *at, const char *end, struct sm_slice text)
{
    return at && (size_t)(end - at) >= text.size && memcmp(at, text.ptr, text.size) == 0 ? at + text.size : NULL;
}

/* Copies a short text as a block, without a call. `to` has room for a block more; behind `end` nothing may be read. */
static inline char *write_text(char *to, struct sm_slice text, const char *end)
{
    if (text.size <= COPY_BLOCK && end - text.ptr >= COPY_BLOCK)
        memcpy(to, text.ptr, COPY_BLOCK);
    else
        memcpy(to, text.ptr, text.size);
    return to + text.size;
}

/* Behind the text and its quotes, or NULL. */
static inline const char *scan_plain_text(const char *at, const char *end, struct sm_slice *text)
{
    const char *start = behind(at, end, SM_SLICE("\""));
    if (!start)
        return NULL;
    const char *stop = sm_json_skip_plain(start, end);
    *text = sm_slice_make(start, (size_t)(stop - start));
    return behind(stop, end, SM_SLICE("\""));
}

/* Behind an integer, with or without quotes, whose range needs no look; or NULL. */
static const char *scan_plain_int(const char *at, const char *end, uint64_t *bits)
{
    enum { DIGITS_MAX = 18 };
    const char *digits = behind(at, end, SM_SLICE("\""));
    bool has_quotes = digits != NULL;
    digits = has_quotes ? digits : at;
    bool is_negative = digits < end && *digits == '-';
    digits += is_negative;
    const char *stop = digits;
    while (stop < end && stop - digits < DIGITS_MAX && *stop >= '0' && *stop <= '9')
        stop++;
    if (!sm_parse_uint(sm_slice_make(digits, (size_t)(stop - digits)), INT64_MAX, bits) || (*digits == '0' && stop - digits > 1))
        return NULL;
    *bits = is_negative ? 0 - *bits : *bits;
    return has_quotes ? behind(stop, end, SM_SLICE("\"")) : stop;
}

/* Behind the value's object, or NULL. */
static inline const char *scan_plain_value(const char *at, const char *end, struct plain_value *value)
{
    enum { STRING_VALUE = 1, INT_VALUE = 3 };
    const char *content = behind(at, end, SM_SLICE("{\"stringValue\":"));
    uint64_t number;
    if (content) {
        at = scan_plain_text(content, end, &value->text);
        value->head[0] = STRING_VALUE << 3 | SM_WIRE_BYTES;
        number = value->text.size;
    } else {
        content = behind(at, end, SM_SLICE("{\"intValue\":"));
        at = content ? scan_plain_int(content, end, &number) : NULL;
        value->head[0] = INT_VALUE << 3 | SM_WIRE_VARINT;
        value->text = sm_slice_make(end, 0);
    }
    if (!at)
        return NULL;
    value->head_size = (size_t)(write_varint(value->head + 1, number) - value->head);
    return behind(at, end, SM_SLICE("}"));
}

/* False: it is written in another way, or there is no memory; nothing is taken. */
static bool read_plain_attribute(struct reader *reader, uint32_t number)
{
    enum { KEY = 1, VALUE = 2 };
    const char *end = reader->scanner.end;
    struct sm_slice key;
    struct plain_value value;
    const char *at = scan_plain_text(behind(reader->scanner.at, end, SM_SLICE("{\"key\":")), end, &key);
    at = scan_plain_value(behind(at, end, SM_SLICE(",\"value\":")), end, &value);
    at = behind(at, end, SM_SLICE("}"));
    if (!at)
        return false;
    size_t value_size = value.head_size + value.text.size;
    size_t size = 1 + sm_proto_varint_size(key.size) + key.size + 1 + sm_proto_varint_size(value_size) + value_size;
    char *to = reserve(reader, 2 * HEADER_MAX + size + COPY_BLOCK);
    if (!to)
        return false;
    to = write_varint(to, (uint64_t)number << 3 | SM_WIRE_BYTES);
    to = write_varint(to, size);
    *to++ = KEY << 3 | SM_WIRE_BYTES;
    to = write_varint(to, key.size);
    to = write_text(to, key, end);
    *to++ = VALUE << 3 | SM_WIRE_BYTES;
    to = write_varint(to, value_size);
    memcpy(to, value.head, sizeof(value.head));
    to = write_text(to + value.head_size, value.text, end);
    reader->out->size = (size_t)(to - reader->out->data);
    reader->scanner.at = at;
    return true;
}

/* ---- messages */

static bool read_message_field(struct reader *reader, uint32_t number, const struct sm_schema_message *message);

static bool read_single(struct reader *reader, const struct sm_schema_field *field)
{
    enum sm_wire_type type;
    uint64_t bits;
    switch (field->kind) {
    case SM_KIND_STRING:
        return read_text(reader, field->number);
    case SM_KIND_MESSAGE:
        return read_message_field(reader, field->number, field->message);
    case SM_KIND_TRACE_ID:
        return read_id(reader, field->number, SM_TRACE_ID_SIZE);
    case SM_KIND_SPAN_ID:
        return read_id(reader, field->number, SM_SPAN_ID_SIZE);
    case SM_KIND_BYTES:
        return read_base64(reader, field->number);
    default:
        return read_number(reader, field, &type, &bits) && put_tag(reader, field->number, type) && put_number(reader, type, bits);
    }
}

/* Elements of a list, each as a field of its own; numbers are packed into one. */
static bool read_list(struct reader *reader, const struct sm_schema_field *field)
{
    struct sm_json_scanner *scanner = &reader->scanner;
    bool is_packed = field->kind != SM_KIND_STRING && field->kind != SM_KIND_MESSAGE;
    enum { PACKED_SIZE_BYTES = 2 };
    size_t mark = 0;
    if (sm_json_peek(scanner) == 'n')
        return sm_json_word(scanner, "null");
    if (!sm_json_try(scanner, '['))
        return sm_json_fail(scanner, "expected a list");
    if (sm_json_try(scanner, ']'))
        return true;
    if (is_packed && !begin_message(reader, field->number, PACKED_SIZE_BYTES, &mark))
        return false;
    bool is_attribute = field->kind == SM_KIND_MESSAGE && field->message == sm_schema_attribute();
    do {
        enum sm_wire_type type;
        uint64_t bits;
        if (is_attribute && sm_json_peek(scanner) == '{' && read_plain_attribute(reader, field->number))
            continue;
        if (!(is_packed ? read_number(reader, field, &type, &bits) && put_number(reader, type, bits) : read_single(reader, field)))
            return false;
    } while (sm_json_try(scanner, ','));
    if (!sm_json_try(scanner, ']'))
        return sm_json_fail(scanner, "expected ',' or ']' in a list");
    return !is_packed || end_message(reader, mark, PACKED_SIZE_BYTES);
}

/* Whether both have the same four or more bytes: memcmp, whose call would take longer than comparing a name does. */
static inline bool is_same(const char *a, const char *b, size_t size)
{
    uint64_t left, right;
    uint32_t short_left, short_right;
    if (size < sizeof(left)) {
        memcpy(&short_left, a, sizeof(short_left));
        memcpy(&short_right, b, sizeof(short_right));
        return short_left == short_right && memcmp(a + size - sizeof(short_left), b + size - sizeof(short_left), sizeof(short_left)) == 0;
    }
    for (size_t i = 0;; i += sizeof(left)) {
        bool is_last = i + sizeof(left) >= size;
        size_t at = is_last ? size - sizeof(left) : i; /* the last eight may overlap those before */
        memcpy(&left, a + at, sizeof(left));
        memcpy(&right, b + at, sizeof(right));
        if (left != right || is_last)
            return left == right;
    }
}

static bool is_name(const char *name, size_t size, struct sm_slice key)
{
    return size == key.size && memcmp(name, key.ptr, size) == 0;
}

/* Takes a name and its colon when they stand there as the specification writes them, which saves looking for the name's end. Returns the field's
 * index; the number of fields when it is no such name: nothing is taken. */
static inline unsigned take_plain_name(struct sm_json_scanner *scanner, const struct sm_schema_message *message, unsigned expected)
{
    if (sm_json_peek(scanner) != '"')
        return message->field_count;
    size_t left = (size_t)(scanner->end - scanner->at);
    for (unsigned i = 0, index = expected; i < message->field_count; i++) {
        const struct sm_schema_field *field = &message->fields[index];
        if (left > field->token_size && is_same(scanner->at, field->token, field->token_size)) {
            scanner->at += field->token_size;
            return index;
        }
        index = index + 1 < message->field_count ? index + 1 : 0;
    }
    return message->field_count;
}

/* Takes a name in any form, and its colon. `index`: as take_plain_name() has it. */
static bool take_name(struct sm_json_scanner *scanner, const struct sm_schema_message *message, unsigned *index)
{
    enum { TOKEN_MARKS = 3 };
    struct sm_slice key;
    if (!sm_json_string(scanner, &key))
        return false;
    for (*index = 0; *index < message->field_count; ++*index) {
        const struct sm_schema_field *field = &message->fields[*index];
        if (is_name(field->token + 1, field->token_size - TOKEN_MARKS, key) || is_name(field->snake_name, field->snake_size, key))
            break;
    }
    return sm_json_try(scanner, ':') || sm_json_fail(scanner, "expected ':' behind a name");
}

/* `before`: index plus one of the last field that was known, 0 at first. */
static bool read_member(struct reader *reader, const struct sm_schema_message *message, unsigned *before)
{
    struct sm_json_scanner *scanner = &reader->scanner;
    uint8_t *expected = &reader->expected[message->index][*before];
    unsigned index = take_plain_name(scanner, message, *expected);
    if (index == message->field_count && !take_name(scanner, message, &index))
        return false;
    if (index == message->field_count)
        return sm_json_skip(scanner);
    *expected = (uint8_t)index;
    *before = index + 1;
    const struct sm_schema_field *field = &message->fields[index];
    return field->flags & SM_SCHEMA_REPEATED ? read_list(reader, field) : read_single(reader, field);
}

/* An object, or null for an empty one. */
static bool read_message(struct reader *reader, const struct sm_schema_message *message)
{
    struct sm_json_scanner *scanner = &reader->scanner;
    unsigned before = 0;
    if (sm_json_peek(scanner) == 'n')
        return sm_json_word(scanner, "null");
    if (!sm_json_try(scanner, '{'))
        return sm_json_fail(scanner, "expected an object");
    if (sm_json_try(scanner, '}'))
        return true;
    if (reader->depth == DEPTH_MAX)
        return sm_json_fail(scanner, "nested too deeply");
    reader->depth++;
    do {
        if (!read_member(reader, message, &before))
            return false;
    } while (sm_json_try(scanner, ','));
    reader->depth--;
    return sm_json_try(scanner, '}') || sm_json_fail(scanner, "expected ',' or '}' in an object");
}

static bool read_message_field(struct reader *reader, uint32_t number, const struct sm_schema_message *message)
{
    size_t mark;
    return begin_message(reader, number, message->size_bytes, &mark) && read_message(reader, message) &&
           end_message(reader, mark, message->size_bytes);
}

struct sm_batch *sm_otlp_decode_json(enum sm_signal signal, struct sm_slice request, struct sm_decode_error *error)
{
    struct sm_arena scratch = SM_ARENA_INIT;
    struct sm_batch *batch = NULL;
    /* Protobuf takes about half of the room that the same spans take as JSON. */
    struct reader reader = {.out = sm_buffer_try_create(request.size / 8 * 5 + FIRST_ROOM)};
    sm_json_begin(&reader.scanner, request, &scratch);
    if (!reader.out)
        *error = (struct sm_decode_error){.reason = "no memory for the request"};
    else if (read_message(&reader, sm_schema_request(signal)))
        batch = sm_otlp_decode_protobuf(signal, reader.out, error);
    else
        *error = (struct sm_decode_error){.offset = request.size - (size_t)(reader.scanner.end - reader.scanner.at), .reason = reader.scanner.error};
    sm_buffer_release(reader.out);
    sm_arena_deinit(&scratch);
    return batch;
}
