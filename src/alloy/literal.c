/* literal.c - see literal.h. */
#include "alloy/literal.h"

#include "base/bytes.h"
#include "base/hex.h"
#include "ottl/go_format.h"
#include "ottl/runes.h"

const char *sm_alloy_quote(struct sm_arena *arena, struct sm_slice text)
{
    struct sm_bytes quoted;
    struct sm_go_output output = {.out = &quoted, .arena = arena};
    sm_bytes_init(&quoted, arena);
    sm_go_format_text(&output, &(struct sm_go_directive){0}, text, 'q');
    return sm_bytes_cstr(&quoted);
}

/* The scanner has checked the digits. */
static size_t unescape_number(struct sm_slice text, size_t at, struct sm_bytes *out)
{
    char kind = text.ptr[at];
    bool is_octal = kind >= '0' && kind <= '7';
    size_t digits = is_octal ? 3 : kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
    size_t start = is_octal ? at : at + 1;
    uint32_t number = 0;
    for (size_t i = start; i < start + digits && i < text.size; i++)
        number = number * (is_octal ? 8 : 16) + (uint32_t)sm_hex_value(text.ptr[i]);
    if (is_octal || kind == 'x')
        sm_bytes_append_char(out, (char)number);
    else
        sm_ottl_rune_append(out, number);
    return start + digits;
}

struct sm_slice sm_alloy_unquote(struct sm_slice literal, struct sm_arena *arena)
{
    struct sm_slice text = literal.size >= 2 ? sm_slice_make(literal.ptr + 1, literal.size - 2) : (struct sm_slice){0};
    bool is_raw = literal.size && literal.ptr[0] == '`';
    if (!memchr(literal.ptr, is_raw ? '\r' : '\\', literal.size))
        return text;
    static const char letters[] = "abfnrtv\\\"", meanings[] = "\a\b\f\n\r\t\v\\\"";
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    for (size_t i = 0; i < text.size;) {
        char c = text.ptr[i++];
        if (is_raw ? c == '\r' : c == '\\') {
            const char *letter = !is_raw && i < text.size && text.ptr[i] ? strchr(letters, text.ptr[i]) : NULL;
            if (letter) {
                sm_bytes_append_char(&out, meanings[letter - letters]);
                i++;
            } else if (!is_raw && i < text.size) {
                i = unescape_number(text, i, &out);
            }
            continue;
        }
        sm_bytes_append_char(&out, c);
    }
    return sm_bytes_slice(&out);
}
