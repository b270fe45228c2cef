/* json_path_reader.c - see json_path_reader.h. */
#include "alloy/json_path_reader.h"

#include "base/hex.h"
#include "base/utf8.h"

/* ---- errors */

bool sm_json_path_fail_plain(struct sm_json_path_reader *reader, const char *message)
{
    if (!reader->error)
        reader->error = message;
    return false;
}

bool sm_json_path_fail(struct sm_json_path_reader *reader, const char *message)
{
    struct sm_bytes text;
    sm_bytes_init(&text, reader->arena);
    sm_bytes_printf(&text, "%s at %zu in ", message, reader->at + 1);
    sm_bytes_append(&text, reader->text, reader->size);
    return sm_json_path_fail_plain(reader, sm_bytes_cstr(&text));
}

bool sm_json_path_fail_token(struct sm_json_path_reader *reader, struct sm_slice token, const char *what)
{
    return sm_json_path_fail(reader, sm_arena_printf(reader->arena, "'%.*s' is not a %s", SM_SLICE_ARGS(token), what));
}

bool sm_json_path_fail_past_end(struct sm_json_path_reader *reader)
{
    return sm_json_path_fail_plain(
        reader, sm_arena_printf(reader->arena, "runtime error: index out of range [%zu] with length %zu", reader->at, reader->size));
}

bool sm_json_path_fail_unclosed(struct sm_json_path_reader *reader)
{
    return sm_json_path_fail_plain(reader,
                                   sm_arena_printf(reader->arena, "runtime error: slice bounds out of range [%zu:%zu]", reader->at, reader->at - 1));
}

const char *sm_json_path_show_byte(struct sm_json_path_reader *reader, char byte)
{
    char *text = sm_arena_alloc(reader->arena, SM_UTF8_SIZE_MAX + 1);
    text[sm_utf8_write((unsigned char)byte, text)] = '\0';
    return text;
}

static bool fail_byte(struct sm_json_path_reader *reader, char byte, const char *what)
{
    return sm_json_path_fail_plain(
        reader, sm_arena_printf(reader->arena, "0x%02x (%s) is not a valid %s", (unsigned char)byte, sm_json_path_show_byte(reader, byte), what));
}

bool sm_json_path_enter(struct sm_json_path_reader *reader)
{
    return ++reader->depth <= SM_JSON_PATH_NESTING_MAX || sm_json_path_fail(reader, "nested too deeply");
}

/* ---- bytes */

char sm_json_path_take_behind_blanks(struct sm_json_path_reader *reader)
{
    char c = '\0';
    while (!sm_json_path_is_at_end(reader)) {
        c = reader->text[reader->at++];
        if (c != ' ')
            break;
    }
    return c;
}

char sm_json_path_peek_behind_blanks(struct sm_json_path_reader *reader)
{
    while (!sm_json_path_is_at_end(reader) && reader->text[reader->at] == ' ')
        reader->at++;
    return sm_json_path_is_at_end(reader) ? '\0' : reader->text[reader->at];
}

/* ---- texts */

static bool take_hex(struct sm_json_path_reader *reader, char byte, uint32_t *number)
{
    int digit = sm_hex_value(byte);
    if (digit < 0)
        return fail_byte(reader, byte, "hexadecimal character");
    *number = *number << 4 | (uint32_t)digit;
    return true;
}

/* Behind the "x" or "u" that is `letter`. */
static bool take_code(struct sm_json_path_reader *reader, char letter, struct sm_bytes *text)
{
    uint32_t code = 0;
    for (int i = letter == 'x' ? 2 : 4; i > 0; i--) {
        if (sm_json_path_is_at_end(reader))
            return fail_byte(reader, reader->text[reader->at - 1], "escaped character");
        if (!take_hex(reader, reader->text[reader->at++], &code))
            return false;
    }
    if (letter == 'x')
        sm_bytes_append_char(text, (char)code);
    else
        text->size += sm_utf8_write(code >= 0xd800 && code <= 0xdfff ? SM_RUNE_ERROR : code, sm_bytes_reserve(text, SM_UTF8_SIZE_MAX));
    return true;
}

/* Behind a backslash. */
static bool take_escape(struct sm_json_path_reader *reader, struct sm_bytes *text)
{
    static const char letters[] = "btnfr\"'\\", meant[] = "\b\t\n\f\r\"'\\";
    if (sm_json_path_is_at_end(reader))
        return sm_json_path_fail_past_end(reader);
    char letter = reader->text[reader->at++];
    const char *found = letter ? strchr(letters, letter) : NULL;
    if (found)
        sm_bytes_append_char(text, meant[found - letters]);
    else if (letter == 'x' || letter == 'u' || letter == 'U')
        return take_code(reader, letter, text);
    return found || fail_byte(reader, letter, "escaped character");
}

bool sm_json_path_take_text(struct sm_json_path_reader *reader, char quote, struct sm_slice *result)
{
    struct sm_bytes text;
    sm_bytes_init(&text, reader->arena);
    size_t start = reader->at;
    bool has_escapes = false, is_closed = false;
    while (!sm_json_path_is_at_end(reader) && !is_closed) {
        char c = reader->text[reader->at++];
        is_closed = c == quote;
        if (c == '\\' && !take_escape(reader, &text))
            return false;
        has_escapes = has_escapes || c == '\\';
        if (c != '\\' && !is_closed)
            sm_bytes_append_char(&text, c);
    }
    if (reader->at == start)
        return sm_json_path_fail_unclosed(reader);
    if (!is_closed && !has_escapes)
        text.size--;
    *result = sm_bytes_slice(&text);
    return true;
}
