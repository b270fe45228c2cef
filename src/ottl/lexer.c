/* lexer.c - cuts an OTTL text into tokens.
 *
 * Reads the text only; strings stay quoted until the parser asks for their content.
 * Source: the rules of opentelemetry-collector-contrib pkg/ottl/grammar.go (buildLexer), tried in the same order. */
#include "ottl/lexer.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/hex.h"

struct lexer {
    const char *start, *at, *end;
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t count_while(const struct lexer *lexer, size_t from, int (*accepts)(int))
{
    size_t size = from;
    while (lexer->at + size < lexer->end && accepts((unsigned char)lexer->at[size]))
        size++;
    return size;
}

static char char_at(const struct lexer *lexer, size_t index)
{
    return (size_t)(lexer->end - lexer->at) > index ? lexer->at[index] : '\0';
}

static size_t match_bytes(const struct lexer *lexer)
{
    if (char_at(lexer, 0) != '0' || char_at(lexer, 1) != 'x')
        return 0;
    size_t size = count_while(lexer, 2, isxdigit);
    return size > 2 ? size : 0;
}

static size_t match_float(const struct lexer *lexer)
{
    size_t whole = count_while(lexer, 0, isdigit);
    if (char_at(lexer, whole) != '.')
        return 0;
    size_t size = count_while(lexer, whole + 1, isdigit);
    if (whole == 0 && size == 1)
        return 0;
    if (char_at(lexer, size) == 'e' || char_at(lexer, size) == 'E') {
        size_t digits = size + 1 + (char_at(lexer, size + 1) == '-' || char_at(lexer, size + 1) == '+');
        size_t end = count_while(lexer, digits, isdigit);
        if (end > digits)
            size = end;
    }
    return size;
}

static size_t match_int(const struct lexer *lexer)
{
    return count_while(lexer, 0, isdigit);
}

static size_t match_string(const struct lexer *lexer)
{
    if (char_at(lexer, 0) != '"')
        return 0;
    for (const char *at = lexer->at + 1; at < lexer->end; at++) {
        if (*at == '"')
            return (size_t)(at - lexer->at) + 1;
        if (*at == '\\' && at + 1 < lexer->end && at[1] != '\n')
            at++;
        else if (*at == '\\')
            return 0;
    }
    return 0;
}

static size_t match_word(const struct lexer *lexer, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(lexer->end - lexer->at) < size || memcmp(lexer->at, word, size) != 0 || is_word(char_at(lexer, size)))
        return 0;
    return size;
}

static size_t match_nil(const struct lexer *lexer)
{
    return match_word(lexer, "nil");
}

static size_t match_not(const struct lexer *lexer)
{
    return match_word(lexer, "not");
}

static size_t match_or(const struct lexer *lexer)
{
    return match_word(lexer, "or");
}

static size_t match_and(const struct lexer *lexer)
{
    return match_word(lexer, "and");
}

static size_t match_compare(const struct lexer *lexer)
{
    char first = char_at(lexer, 0), second = char_at(lexer, 1);
    if (second == '=' && (first == '=' || first == '!' || first == '<' || first == '>'))
        return 2;
    return first == '<' || first == '>';
}

static size_t match_arrow(const struct lexer *lexer)
{
    return char_at(lexer, 0) == '=' && char_at(lexer, 1) == '>' ? 2 : 0;
}

static size_t match_one_of(const struct lexer *lexer, const char *characters)
{
    char c = char_at(lexer, 0);
    return c != '\0' && strchr(characters, c) != NULL;
}

static size_t match_operator(const struct lexer *lexer)
{
    return match_one_of(lexer, "+-*/");
}

static size_t match_bool(const struct lexer *lexer)
{
    size_t size = match_word(lexer, "true");
    return size ? size : match_word(lexer, "false");
}

static size_t match_punctuation(const struct lexer *lexer)
{
    return match_one_of(lexer, "=(){}:,.[]");
}

static size_t match_name(const struct lexer *lexer, int (*starts)(int), int (*other)(int))
{
    if (!starts((unsigned char)char_at(lexer, 0)))
        return 0;
    size_t size = 1;
    while (lexer->at + size < lexer->end) {
        char c = lexer->at[size];
        if (!starts((unsigned char)c) && !other((unsigned char)c) && c != '_')
            break;
        size++;
    }
    return size;
}

static size_t match_uppercase(const struct lexer *lexer)
{
    return match_name(lexer, isupper, isdigit);
}

static size_t match_lowercase(const struct lexer *lexer)
{
    return match_name(lexer, islower, isdigit);
}

static size_t match_underscore(const struct lexer *lexer)
{
    return match_word(lexer, "_");
}

/* Order matters: the first rule that matches wins. */
static const struct {
    enum sm_ottl_token_kind kind;
    size_t (*match)(const struct lexer *lexer);
} rules[] = {
    {SM_OTTL_TOKEN_BYTES, match_bytes},
    {SM_OTTL_TOKEN_FLOAT, match_float},
    {SM_OTTL_TOKEN_INT, match_int},
    {SM_OTTL_TOKEN_STRING, match_string},
    {SM_OTTL_TOKEN_NIL, match_nil},
    {SM_OTTL_TOKEN_NOT, match_not},
    {SM_OTTL_TOKEN_OR, match_or},
    {SM_OTTL_TOKEN_AND, match_and},
    {SM_OTTL_TOKEN_COMPARE, match_compare},
    {SM_OTTL_TOKEN_ARROW, match_arrow},
    {SM_OTTL_TOKEN_OPERATOR, match_operator},
    {SM_OTTL_TOKEN_BOOL, match_bool},
    {SM_OTTL_TOKEN_PUNCTUATION, match_punctuation},
    {SM_OTTL_TOKEN_UPPERCASE, match_uppercase},
    {SM_OTTL_TOKEN_LOWERCASE, match_lowercase},
    {SM_OTTL_TOKEN_UNDERSCORE, match_underscore},
};

static bool next_token(const struct lexer *lexer, struct sm_ottl_token *token)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        size_t size = rules[i].match(lexer);
        if (size > 0) {
            *token =
                (struct sm_ottl_token){.kind = rules[i].kind, .text = sm_slice_make(lexer->at, size), .offset = (unsigned)(lexer->at - lexer->start)};
            return true;
        }
    }
    return false;
}

static bool refuse_character(const struct lexer *lexer, struct sm_ottl_error *error)
{
    unsigned offset = (unsigned)(lexer->at - lexer->start);
    if (*lexer->at == '"')
        return sm_ottl_error_set(error, offset, (unsigned)(lexer->end - lexer->at), "the string is not closed");
    if (isprint((unsigned char)*lexer->at))
        return sm_ottl_error_set(error, offset, 1, "'%c' has no meaning here", *lexer->at);
    return sm_ottl_error_set(error, offset, 1, "byte 0x%02x has no meaning here", (unsigned char)*lexer->at);
}

bool sm_ottl_lex(struct sm_slice text, struct sm_arena *arena, struct sm_ottl_tokens *tokens, struct sm_ottl_error *error)
{
    struct sm_ottl_token *items = NULL;
    size_t count = 0, capacity = 0;
    if (text.size > INT32_MAX)
        return sm_ottl_error_set(error, 0, 0, "the text is too long");
    struct lexer lexer = {.start = text.ptr, .at = text.ptr, .end = text.ptr + text.size};
    while (true) {
        while (lexer.at < lexer.end && isspace((unsigned char)*lexer.at) && *lexer.at != '\v')
            lexer.at++;
        if (count == capacity)
            items = sm_arena_grow(arena, items, count, &capacity, count + 1, sizeof(*items));
        if (lexer.at == lexer.end)
            break;
        if (!next_token(&lexer, &items[count]))
            return refuse_character(&lexer, error);
        lexer.at += items[count++].text.size;
    }
    items[count] = (struct sm_ottl_token){.kind = SM_OTTL_TOKEN_END, .text = sm_slice_make(lexer.at, 0), .offset = (unsigned)text.size};
    *tokens = (struct sm_ottl_tokens){.items = items, .count = count};
    return true;
}

/* ---- strings */

static size_t put_utf8(char *out, uint32_t rune)
{
    if (rune < 0x80) {
        out[0] = (char)rune;
        return 1;
    }
    if (rune < 0x800) {
        out[0] = (char)(0xc0 | rune >> 6);
        out[1] = (char)(0x80 | (rune & 0x3f));
        return 2;
    }
    if (rune < 0x10000) {
        out[0] = (char)(0xe0 | rune >> 12);
        out[1] = (char)(0x80 | (rune >> 6 & 0x3f));
        out[2] = (char)(0x80 | (rune & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | rune >> 18);
    out[1] = (char)(0x80 | (rune >> 12 & 0x3f));
    out[2] = (char)(0x80 | (rune >> 6 & 0x3f));
    out[3] = (char)(0x80 | (rune & 0x3f));
    return 4;
}

static bool take_digits(const char **at, const char *end, unsigned count, unsigned base, uint32_t *number)
{
    *number = 0;
    for (unsigned i = 0; i < count; i++, (*at)++) {
        int digit = *at == end ? -1 : sm_hex_value(**at);
        if (digit < 0 || (unsigned)digit >= base)
            return false;
        *number = *number * base + (unsigned)digit;
    }
    return true;
}

static bool is_rune(uint32_t rune)
{
    return rune <= 0x10ffff && !(rune >= 0xd800 && rune < 0xe000);
}

/* The escape behind the backslash at `*at`; writes up to four bytes. Returns how many, 0: not an escape. */
static size_t take_escape(const char **at, const char *end, char *out)
{
    static const char letters[] = "abfnrtv\\\"", meant[] = "\a\b\f\n\r\t\v\\\"";
    if (*at == end)
        return 0;
    char c = **at;
    const char *letter = c ? strchr(letters, c) : NULL;
    uint32_t number;
    if (letter) {
        (*at)++;
        out[0] = meant[letter - letters];
        return 1;
    }
    if (c >= '0' && c <= '7') {
        if (!take_digits(at, end, 3, 8, &number) || number > 255)
            return 0;
        return put_utf8(out, number); /* a rune, not a byte: "\377" is ÿ */
    }
    (*at)++;
    switch (c) {
    case 'x':
        return take_digits(at, end, 2, 16, &number) ? put_utf8(out, number) : 0;
    case 'u':
        return take_digits(at, end, 4, 16, &number) && is_rune(number) ? put_utf8(out, number) : 0;
    case 'U':
        return take_digits(at, end, 8, 16, &number) && is_rune(number) ? put_utf8(out, number) : 0;
    default:
        return 0;
    }
}

bool sm_ottl_unquote(struct sm_slice token, struct sm_arena *arena, struct sm_slice *content)
{
    const char *at = token.ptr + 1, *end = token.ptr + token.size - 1;
    char *out = sm_arena_alloc(arena, token.size);
    size_t size = 0;
    while (at < end) {
        if (*at != '\\') {
            out[size++] = *at++;
            continue;
        }
        at++;
        size_t written = take_escape(&at, end, out + size);
        if (written == 0)
            return false;
        size += written;
    }
    *content = sm_slice_make(out, size);
    return true;
}

bool sm_ottl_error_set(struct sm_ottl_error *error, unsigned offset, unsigned size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    *error = (struct sm_ottl_error){.offset = offset, .size = size};
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    return false;
}
