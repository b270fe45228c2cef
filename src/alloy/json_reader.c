/* json_reader.c - JSON texts as Alloy values, in the two dialects that Alloy's functions have.
 *
 * Containers lie on a stack of their own, so depth costs no C stack. The dialects differ in messages, in what is a number, and in what becomes of
 * large numbers and of wrong characters. Sources: Go's encoding/json; github.com/ohler55/ojg v1.28.2, oj. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "alloy/json_value.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "wire/json_scanner.h"

enum { DEPTH_MAX = 2000, SMALL_OBJECT = 16 };

/* What is expected, which is what a wrong character is told by. */
enum state {
    DOCUMENT,
    FIRST_ELEMENT,
    ELEMENT,
    MEMBER_VALUE,
    FIRST_KEY,
    KEY,
    COLON,
    AFTER_ELEMENT,
    AFTER_MEMBER,
    AFTER_DOCUMENT,
    IN_STRING,
    IN_ESCAPE,
    IN_CODE,
    IN_NUMBER,
    IN_FRACTION,
    IN_EXPONENT,
    STATE_COUNT,
};

static const struct {
    const char *go; /* behind "invalid character 'c' " */
    const char *oj; /* before it */
} wrong[STATE_COUNT] = {
    [DOCUMENT] = {"looking for beginning of value", "unexpected character "},
    [FIRST_ELEMENT] = {"looking for beginning of value", "unexpected character "},
    [ELEMENT] = {"looking for beginning of value", "unexpected character "},
    [MEMBER_VALUE] = {"looking for beginning of value", "unexpected character "},
    [FIRST_KEY] = {"looking for beginning of object key string", "expected a string start or object close, not "},
    [KEY] = {"looking for beginning of object key string", "expected a string start, not "},
    [COLON] = {"after object key", "expected a colon, not "},
    [AFTER_ELEMENT] = {"after array element", "expected a comma or close, not "},
    [AFTER_MEMBER] = {"after object key:value pair", "expected a comma or close, not "},
    [AFTER_DOCUMENT] = {"after top-level value", "extra characters after close, "},
    [IN_STRING] = {"in string literal", "invalid JSON character 0x"},
    [IN_ESCAPE] = {"in string escape code", "invalid JSON escape character "},
    [IN_CODE] = {"in \\u hexadecimal character escape", "invalid JSON unicode character "},
    [IN_NUMBER] = {"in numeric literal", "invalid number"},
    [IN_FRACTION] = {"after decimal point in numeric literal", "invalid number"},
    [IN_EXPONENT] = {"in exponent of numeric literal", "invalid number"},
};

struct frame {
    struct sm_alloy_value *container;
    struct sm_slice key; /* of the member that is being read */
    size_t capacity;     /* of an array */
};

struct reader {
    const char *text;
    size_t size, at;
    enum sm_alloy_json_dialect dialect;
    struct sm_arena *arena;
    const char *error; /* arena */
    size_t line, line_start;
    struct frame *frames;
    size_t depth, capacity;
};

/* ---- errors; all return false */

static bool fail(struct reader *reader, const char *message)
{
    if (!reader->error && reader->dialect == SM_ALLOY_JSON_OJ)
        reader->error = sm_arena_printf(reader->arena, "%s at %zu:%zu", message, reader->line, reader->at - reader->line_start + 1);
    else if (!reader->error)
        reader->error = message;
    return false;
}

/* A byte as Go shows it: the character of its number. */
static const char *quoted_byte(struct reader *reader, unsigned char byte)
{
    static const char letters[] = "abtnvfr";
    char text[SM_UTF8_SIZE_MAX + 1] = "";
    if (byte == '\'' || byte == '\\')
        return sm_arena_printf(reader->arena, "'\\%c'", byte);
    if (byte >= '\a' && byte <= '\r')
        return sm_arena_printf(reader->arena, "'\\%c'", letters[byte - '\a']);
    if (byte < ' ' || byte == 0x7f)
        return sm_arena_printf(reader->arena, "'\\x%02x'", byte);
    if ((byte >= 0x80 && byte <= 0xa0) || byte == 0xad)
        return sm_arena_printf(reader->arena, "'\\u%04x'", byte);
    sm_utf8_write(byte, text);
    return sm_arena_printf(reader->arena, "'%s'", text);
}

static bool fail_at(struct reader *reader, enum state state)
{
    bool is_go = reader->dialect == SM_ALLOY_JSON_GO;
    bool is_at_end = reader->at >= reader->size;
    if (is_at_end && !(is_go && state >= IN_ESCAPE)) /* within a number or an escape Go takes the end as a blank */
        return fail(reader, is_go ? "unexpected end of JSON input" : "incomplete JSON");
    unsigned char byte = (unsigned char)(is_at_end ? ' ' : reader->text[reader->at]);
    if (is_go)
        return fail(reader, sm_arena_printf(reader->arena, "invalid character %s %s", quoted_byte(reader, byte), wrong[state].go));
    if (state >= IN_NUMBER)
        return fail(reader, wrong[state].oj);
    if (state == IN_STRING)
        return fail(reader, sm_arena_printf(reader->arena, "%s%02x", wrong[state].oj, byte));
    char shown[SM_UTF8_SIZE_MAX + 1] = "";
    size_t taken;
    bool is_sound;
    sm_utf8_write(sm_utf8_read(sm_slice_make(reader->text + reader->at, reader->size - reader->at), &taken, &is_sound), shown);
    return fail(reader, sm_arena_printf(reader->arena, "%s'%s%s'", wrong[state].oj, state == IN_ESCAPE ? "\\" : "", shown));
}

/* ---- bytes */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What comes next; NUL at the end, where `reader->at` is the size. */
static char peek(const struct reader *reader)
{
    return reader->at < reader->size ? reader->text[reader->at] : '\0';
}

static void skip_space(struct reader *reader)
{
    for (; reader->at < reader->size && is_space(reader->text[reader->at]); reader->at++)
        if (reader->text[reader->at] == '\n') {
            reader->line++;
            reader->line_start = reader->at + 1;
        }
}

/* ---- strings */

static bool take_code(struct reader *reader, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, reader->at++) {
        int digit = sm_hex_value(peek(reader));
        if (digit < 0)
            return fail_at(reader, IN_CODE);
        *code = *code << 4 | (uint32_t)digit;
    }
    return true;
}

static bool is_surrogate(uint32_t code)
{
    return code >= 0xd800 && code <= 0xdfff;
}

/* Behind "\u". Only Go joins surrogates. */
static bool take_rune(struct reader *reader, struct sm_bytes *text)
{
    uint32_t code, low;
    if (!take_code(reader, &code))
        return false;
    bool is_high = code >= 0xd800 && code <= 0xdbff && reader->dialect == SM_ALLOY_JSON_GO;
    if (is_high && reader->at + 1 < reader->size && reader->text[reader->at] == '\\' && reader->text[reader->at + 1] == 'u') {
        size_t back = reader->at;
        reader->at += 2;
        if (!take_code(reader, &low))
            return false;
        if (low >= 0xdc00 && low <= 0xdfff)
            code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
        else
            reader->at = back;
    }
    text->size += sm_utf8_write(is_surrogate(code) ? SM_RUNE_ERROR : code, sm_bytes_reserve(text, SM_UTF8_SIZE_MAX));
    return true;
}

/* Behind the backslash. */
static bool take_escape(struct reader *reader, struct sm_bytes *text)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    char letter = peek(reader);
    const char *found = letter ? strchr(letters, letter) : NULL;
    if (!found && letter != 'u')
        return fail_at(reader, IN_ESCAPE);
    reader->at++;
    if (!found)
        return take_rune(reader, text);
    sm_bytes_append_char(text, meant[found - letters]);
    return true;
}

/* Go puts U+FFFD in the place of each byte that is no UTF-8; the other reader keeps it. */
static void append_byte(struct reader *reader, struct sm_bytes *text)
{
    unsigned char byte = (unsigned char)reader->text[reader->at];
    if (byte < 0x80 || reader->dialect == SM_ALLOY_JSON_OJ) {
        sm_bytes_append_char(text, (char)byte);
        reader->at++;
        return;
    }
    size_t taken;
    bool is_sound;
    uint32_t rune = sm_utf8_read(sm_slice_make(reader->text + reader->at, reader->size - reader->at), &taken, &is_sound);
    text->size += sm_utf8_write(rune, sm_bytes_reserve(text, SM_UTF8_SIZE_MAX));
    reader->at += taken;
}

/* At the quote. */
static bool take_string(struct reader *reader, struct sm_slice *result)
{
    struct sm_bytes text;
    sm_bytes_init(&text, reader->arena);
    reader->at++;
    while (peek(reader) != '"') {
        if ((unsigned char)peek(reader) < ' ') /* also the end */
            return fail_at(reader, IN_STRING);
        if (peek(reader) != '\\')
            append_byte(reader, &text);
        else if (reader->at++, !take_escape(reader, &text))
            return false;
    }
    reader->at++;
    *result = sm_bytes_slice(&text);
    return true;
}

/* ---- numbers */

struct number {
    struct sm_slice whole, fraction, exponent; /* digits */
    bool is_negative, has_negative_exponent;
    struct sm_slice text;
    char exponent_letter;
};

static struct sm_slice take_digits(struct reader *reader)
{
    size_t start = reader->at;
    while (peek(reader) >= '0' && peek(reader) <= '9')
        reader->at++;
    return sm_slice_make(reader->text + start, reader->at - start);
}

/* In the reference's way of counting: not all that fits is taken as a whole number. */
static bool is_long(const struct number *number)
{
    uint64_t whole = 0;
    for (size_t i = 0; i < number->whole.size; i++) {
        bool is_full = number->is_negative ? whole > INT64_MAX / 10 : whole >= INT64_MAX / 10;
        if (is_full)
            return true;
        whole = whole * 10 + (uint64_t)(number->whole.ptr[i] - '0');
    }
    return whole > INT64_MAX || number->fraction.size >= 18;
}

static bool take_fraction(struct reader *reader, struct number *number)
{
    if (peek(reader) == '.') {
        reader->at++;
        number->fraction = take_digits(reader);
        bool may_be_missing = reader->dialect == SM_ALLOY_JSON_OJ && !is_long(number);
        if (number->fraction.size == 0 && !may_be_missing)
            return fail_at(reader, IN_FRACTION);
    } else if (reader->dialect == SM_ALLOY_JSON_OJ && sm_slice_is(number->whole, "0")) {
        return true; /* no exponent behind a zero */
    }
    if (peek(reader) != 'e' && peek(reader) != 'E')
        return true;
    number->exponent_letter = reader->text[reader->at++];
    number->has_negative_exponent = peek(reader) == '-';
    reader->at += peek(reader) == '-' || peek(reader) == '+';
    number->exponent = take_digits(reader);
    return number->exponent.size || fail_at(reader, IN_EXPONENT);
}

/* Below 1000 or so; more digits than that make a text of the number. */
static bool is_exponent_long(const struct number *number, uint64_t *exponent)
{
    *exponent = 0;
    for (size_t i = 0; i < number->exponent.size && *exponent <= 1022; i++)
        *exponent = *exponent * 10 + (uint64_t)(number->exponent.ptr[i] - '0');
    return *exponent > 1022;
}

/* A number that the reference keeps as its digits, which makes a string of it. */
static struct sm_alloy_value *digits_of(struct reader *reader, const struct number *number)
{
    struct sm_bytes text;
    sm_bytes_init(&text, reader->arena);
    struct sm_slice exponent = number->exponent, fraction = number->fraction;
    bool was_long = is_long(number);
    if (number->is_negative)
        sm_bytes_append_char(&text, '-');
    sm_bytes_append_slice(&text, number->whole);
    for (size_t i = 0; !was_long && i <= fraction.size; i++)
        if (i == fraction.size)
            fraction.size = 0; /* zeros alone say nothing */
        else if (fraction.ptr[i] != '0')
            break;
    if (fraction.size) {
        sm_bytes_append_char(&text, '.');
        sm_bytes_append_slice(&text, fraction);
    }
    if (exponent.size) {
        sm_bytes_append_char(&text, was_long ? number->exponent_letter : 'e');
        if (number->has_negative_exponent && !was_long)
            sm_bytes_append_char(&text, '-');
        while (!was_long && exponent.size && exponent.ptr[0] == '0')
            exponent = sm_slice_make(exponent.ptr + 1, exponent.size - 1);
        sm_bytes_append_slice(&text, exponent);
    }
    return sm_alloy_string(reader->arena, sm_bytes_slice(&text));
}

static struct sm_alloy_value *number_value(struct reader *reader, const struct number *number)
{
    uint64_t exponent;
    double value = strtod(sm_arena_strdup(reader->arena, number->text), NULL);
    if (reader->dialect == SM_ALLOY_JSON_GO) {
        if (!isinf(value))
            return sm_alloy_double(reader->arena, value);
        fail(reader, sm_arena_printf(reader->arena, "json: cannot unmarshal number %.*s into Go value of type float64", SM_SLICE_ARGS(number->text)));
        return NULL;
    }
    if (is_exponent_long(number, &exponent) || is_long(number))
        return digits_of(reader, number);
    if (number->fraction.size || exponent)
        return sm_alloy_double(reader->arena, value);
    int64_t whole = 0;
    bool is_good = sm_parse_int(number->whole, 0, INT64_MAX, &whole);
    return sm_alloy_int(reader->arena, is_good && number->is_negative ? -whole : whole);
}

static struct sm_alloy_value *take_number(struct reader *reader)
{
    struct number number = {.is_negative = peek(reader) == '-'};
    size_t start = reader->at;
    reader->at += number.is_negative;
    if (peek(reader) == '0') {
        number.whole = sm_slice_make(reader->text + reader->at, 1);
        reader->at++;
    } else {
        number.whole = take_digits(reader);
    }
    if (number.whole.size == 0)
        return fail_at(reader, IN_NUMBER), NULL;
    if (!take_fraction(reader, &number))
        return NULL;
    char c = peek(reader);
    bool is_followed = c == '\0' ? reader->at < reader->size : !is_space(c) && c != ',' && c != ']' && c != '}';
    if (reader->dialect == SM_ALLOY_JSON_OJ && is_followed)
        return fail_at(reader, IN_NUMBER), NULL;
    number.text = sm_slice_make(reader->text + start, reader->at - start);
    return number_value(reader, &number);
}

/* ---- words */

static bool take_word(struct reader *reader, const char *word)
{
    for (size_t i = 0; word[i]; i++, reader->at++) {
        if (peek(reader) == word[i])
            continue;
        bool is_at_end = reader->at >= reader->size;
        if (reader->dialect == SM_ALLOY_JSON_OJ)
            return is_at_end ? fail_at(reader, DOCUMENT) : fail(reader, sm_arena_printf(reader->arena, "expected %s", word));
        const char *shown = quoted_byte(reader, (unsigned char)(is_at_end ? ' ' : peek(reader)));
        return fail(reader, sm_arena_printf(reader->arena, "invalid character %s in literal %s (expecting '%c')", shown, word, word[i]));
    }
    return true;
}

/* ---- containers */

static bool open_container(struct reader *reader, struct sm_alloy_value *container)
{
    if (reader->depth == DEPTH_MAX)
        return fail(reader, "exceeded max depth");
    reader->at++;
    reader->frames = sm_arena_grow(reader->arena, reader->frames, reader->depth, &reader->capacity, reader->depth + 1, sizeof(*reader->frames));
    reader->frames[reader->depth++] = (struct frame){.container = container};
    return true;
}

static void put(struct reader *reader, struct sm_alloy_value *value)
{
    struct frame *frame = &reader->frames[reader->depth - 1];
    struct sm_alloy_value *container = frame->container;
    if (container->type == SM_ALLOY_TYPE_OBJECT) {
        if (container->object.count < SMALL_OBJECT)
            sm_alloy_object_set(container, reader->arena, frame->key, value);
        else /* doubled keys go when it is closed */
            sm_alloy_object_add(container, reader->arena, frame->key, value);
        return;
    }
    size_t count = container->array.count;
    container->array.items = sm_arena_grow(reader->arena, container->array.items, count, &frame->capacity, count + 1, sizeof(value));
    container->array.items[container->array.count++] = value;
}

static int order_by_key(const void *a, const void *b)
{
    const struct sm_alloy_entry *left = *(struct sm_alloy_entry *const *)a, *right = *(struct sm_alloy_entry *const *)b;
    int relation = sm_slice_compare(left->key, right->key);
    return relation ? relation : (left > right) - (left < right);
}

/* The last of equal keys wins, at the place of the first. */
static void drop_doubled(struct sm_arena *arena, struct sm_alloy_value *object)
{
    size_t count = object->object.count, kept = 0;
    struct sm_alloy_entry *entries = object->object.entries, **sorted = sm_arena_zalloc(arena, count, sizeof(struct sm_alloy_entry *));
    for (size_t i = 0; i < count; i++)
        sorted[i] = &entries[i];
    qsort(sorted, count, sizeof(*sorted), order_by_key);
    for (size_t i = 0, first = 0; i < count; i++) {
        if (!sm_slice_equal(sorted[i]->key, sorted[first]->key))
            first = i;
        if (i == first)
            continue;
        sorted[first]->value = sorted[i]->value;
        sorted[i]->value = NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (entries[i].value)
            entries[kept++] = entries[i];
    object->object.count = kept;
}

static struct sm_alloy_value *close_container(struct reader *reader)
{
    struct sm_alloy_value *container = reader->frames[--reader->depth].container;
    reader->at++;
    if (container->type == SM_ALLOY_TYPE_OBJECT && container->object.count > SMALL_OBJECT)
        drop_doubled(reader->arena, container);
    return container;
}

/* ---- the document */

static bool is_in_object(const struct reader *reader)
{
    return reader->depth && reader->frames[reader->depth - 1].container->type == SM_ALLOY_TYPE_OBJECT;
}

/* A bracket that closes what is not open. */
static bool fail_close(struct reader *reader, enum state state)
{
    char c = peek(reader);
    bool is_told = reader->dialect == SM_ALLOY_JSON_OJ && state != ELEMENT && state < IN_STRING && (c == ']' || c == '}') && state != FIRST_KEY &&
                   state != KEY && state != COLON && state != AFTER_DOCUMENT;
    return is_told ? fail(reader, c == ']' ? "unexpected array close" : "unexpected object close") : fail_at(reader, state);
}

/* A value that is no container, or opens one and leaves `*value` NULL with the state that follows. */
static bool take_value(struct reader *reader, enum state *state, struct sm_alloy_value **value)
{
    struct sm_slice text;
    struct sm_arena *arena = reader->arena;
    *value = NULL;
    char c = peek(reader);
    switch (c) {
    case '{':
        *state = FIRST_KEY;
        return open_container(reader, sm_alloy_object(arena));
    case '[':
        *state = FIRST_ELEMENT;
        return open_container(reader, sm_alloy_array(arena, 0));
    case '"':
        if (take_string(reader, &text))
            *value = sm_alloy_string(arena, text);
        return *value != NULL;
    case 't':
    case 'f':
        *value = sm_alloy_bool(arena, c == 't');
        return take_word(reader, c == 't' ? "true" : "false");
    case 'n':
        *value = sm_alloy_null(arena);
        return take_word(reader, "null");
    }
    if (c != '-' && !(c >= '0' && c <= '9'))
        return fail_close(reader, *state);
    *value = take_number(reader);
    return *value != NULL;
}

static bool take_key(struct reader *reader, enum state *state)
{
    if (peek(reader) != '"')
        return fail_at(reader, *state);
    if (!take_string(reader, &reader->frames[reader->depth - 1].key))
        return false;
    skip_space(reader);
    if (peek(reader) != ':')
        return fail_at(reader, COLON);
    reader->at++;
    *state = MEMBER_VALUE;
    return true;
}

/* Behind a value that is whole: puts it where it belongs, and closes what ends with it. False at the end of the document too, then with `*root`. */
static bool finish_value(struct reader *reader, struct sm_alloy_value *value, enum state *state, struct sm_alloy_value **root)
{
    for (;;) {
        bool is_object = is_in_object(reader), is_number = value->type == SM_ALLOY_TYPE_NUMBER;
        if (reader->depth)
            put(reader, value);
        bool was_number = is_number && peek(reader) == ',';
        skip_space(reader);
        if (reader->depth == 0) {
            *root = reader->at == reader->size ? value : NULL;
            if (!*root && was_number && reader->dialect == SM_ALLOY_JSON_OJ)
                return fail(reader, "unexpected comma");
            return *root ? false : fail_close(reader, AFTER_DOCUMENT);
        }
        char c = peek(reader);
        *state = is_object ? KEY : ELEMENT;
        if (c == ',') {
            reader->at++;
            return true;
        }
        if (c != (is_object ? '}' : ']'))
            return fail_close(reader, is_object ? AFTER_MEMBER : AFTER_ELEMENT);
        value = close_container(reader);
    }
}

static struct sm_alloy_value *read_document(struct reader *reader)
{
    struct sm_alloy_value *root = NULL, *value;
    enum state state = DOCUMENT;
    skip_space(reader);
    if (reader->at == reader->size && reader->dialect == SM_ALLOY_JSON_OJ)
        return sm_alloy_null(reader->arena);
    for (bool goes_on = true; goes_on; skip_space(reader)) {
        bool is_key = state == FIRST_KEY || state == KEY;
        bool is_empty = (state == FIRST_KEY && peek(reader) == '}') || (state == FIRST_ELEMENT && peek(reader) == ']');
        value = is_empty ? close_container(reader) : NULL;
        if (!value)
            goes_on = is_key ? take_key(reader, &state) : take_value(reader, &state, &value);
        if (goes_on && value)
            goes_on = finish_value(reader, value, &state, &root);
    }
    return reader->error ? NULL : root;
}

struct sm_alloy_value *sm_alloy_read_json(struct sm_slice text, enum sm_alloy_json_dialect dialect, struct sm_arena *arena, const char **reason)
{
    struct reader reader = {.text = text.ptr ? text.ptr : "", .size = text.size, .dialect = dialect, .arena = arena, .line = 1};
    bool has_mark = text.size > 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0;
    if (has_mark && dialect == SM_ALLOY_JSON_OJ) {
        reader.text += 3;
        reader.size -= 3;
    }
    struct sm_alloy_value *value = read_document(&reader);
    if (!value)
        *reason = reader.error;
    return value;
}
